// What the system refuses: calls of the engine that fail, by functions of the same names.
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>

#include <cstdarg>
#include <thread>

#include "test.h"

/// What calls fail with; 0: they are let through. Each is looked at by name.
static std::atomic<int> refuse_membarrier{0}, refuse_rename{0}, refuse_link{0}, refuse_space{0},
    refuse_unlink{0}, refuse_file{0};
/// How many pieces of space are granted before they are refused.
static std::atomic<int> pieces_granted{0};
static std::atomic<int> pieces_asked{0};

/// What happens when a membarrier is refused, when that was, and how many sleeps have begun soon
/// after it.
static std::function<void()> on_refusal;
static std::uint64_t refused_ns = 0;
static int early_sleeps = 0;

template <class Function>
static Function* original(const char* name) {
    return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}
static int fail_with(int code) {
    errno = code;
    return -1;
}

extern "C" long syscall(long number, ...) noexcept {
    va_list list;
    va_start(list, number);
    long a[6];
    for (long& one : a) one = va_arg(list, long);
    va_end(list);
    if (number == SYS_membarrier && a[0] == 2 && refuse_membarrier) {
        refused_ns = detail::monotonic_ns();
        if (on_refusal) on_refusal();
        return fail_with(refuse_membarrier);
    }
    if (number == SYS_futex && a[1] == FUTEX_WAIT && a[3] != 0 && on_refusal && refused_ns != 0 &&
        detail::monotonic_ns() - refused_ns <= 1000000) {
        const auto& time = *reinterpret_cast<const timespec*>(a[3]);
        CHECK(time.tv_sec == 0 && time.tv_nsec <= 1000000);
        ++early_sleeps;
    }
    if (number == SYS_renameat2 && refuse_rename) return fail_with(refuse_rename);
    static auto* const real = original<long(long, ...)>("syscall");
    return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
extern "C" int link(const char* from, const char* to) noexcept {
    if (refuse_link) return fail_with(refuse_link);
    static auto* const real = original<int(const char*, const char*)>("link");
    return real(from, to);
}
extern "C" int unlink(const char* path) noexcept {
    if (refuse_unlink) return fail_with(refuse_unlink);
    static auto* const real = original<int(const char*)>("unlink");
    return real(path);
}
extern "C" int open(const char* path, int flags, ...) {
    va_list list;
    va_start(list, flags);
    const int mode = (flags & O_CREAT) != 0 ? va_arg(list, int) : 0;
    va_end(list);
    if ((flags & O_CREAT) != 0 && refuse_file) return fail_with(refuse_file);
    static auto* const real = original<int(const char*, int, ...)>("open");
    return real(path, flags, mode);
}
extern "C" int statvfs(const char* path, struct statvfs* out) noexcept {
    static auto* const real = original<int(const char*, struct statvfs*)>("statvfs");
    const int result = real(path, out);
    if (refuse_file) out->f_favail = 0;
    return result;
}
extern "C" int posix_fallocate(int fd, off_t at, off_t size) {
    ++pieces_asked;
    if (refuse_space == EINTR && pieces_granted-- > 0) return EINTR;
    if (refuse_space && refuse_space != EINTR && pieces_granted-- <= 0) return refuse_space;
    static auto* const real = original<int(int, off_t, off_t)>("posix_fallocate");
    return real(fd, at, size);
}
static void let_all_through() {
    on_refusal = nullptr;
    refused_ns = 0;
    refuse_membarrier = refuse_rename = refuse_link = refuse_space = refuse_unlink = 0;
    refuse_file = 0;
    pieces_granted = 0;
}

static std::vector<std::string> temporary_files() {
    std::vector<std::string> names;
    DIR* const open = opendir(folder().c_str());
    while (const dirent* entry = readdir(open)) {
        const std::string name = entry->d_name;
        if (name[0] == '.' && name.find(".tmp") != std::string::npos) names.push_back(name);
    }
    closedir(open);
    return names;
}
static Error failure(const std::string& name, Options o = sized(4096)) {
    Error error;
    CHECK(!create_producer(name, o, error));
    return error;
}
static bool says(const Error& error, const std::string& text) {
    return error.message().find(text) != std::string::npos;
}

TEST(a_refused_membarrier_falls_back_to_fences) {
    for (const int code : {EPERM, ENOSYS}) {
        fresh("fences");
        constexpr int kCount = 6000;
        Options o = sized(1024);
        o.spin = 0;
        o.diagnose_wakeups = true;
        std::atomic<std::uint64_t> missed{0};
        auto c = create_consumer("fences", o);
        std::thread sender([&] {
            auto p = create_producer("fences", o);
            std::mt19937 random(seed());
            for (int i = 0; i < kCount; ++i) {
                // Refused after both sides said that they would do it.
                if (i == kCount / 3) refuse_membarrier = code;
                if (random() % 8 == 0) usleep(random() % 100);
                CHECK(p->send(std::string(random() % 100, 'x')));
            }
            missed += p->ring().snapshot().producer.missed_wakeups;
        });
        std::mt19937 random(seed() + 1);
        for (int i = 0; i < kCount; ++i) {
            const ReceivedMessage m = c->receive();
            CHECK(m && m.message_id() == std::uint32_t(i));
            if (random() % 8 == 0) usleep(random() % 100);
        }
        sender.join();
        missed += c->ring().snapshot().consumer.missed_wakeups;
        CHECK_EQ(missed.load(), 0u);
        let_all_through();
        fresh("fences");
    }
}
TEST(every_sleep_soon_after_a_refused_membarrier_is_short) {
    Options o = sized(1024);
    o.spin = 0;
    // Until this thread is fast enough.
    for (early_sleeps = 0; early_sleeps == 0; let_all_through()) {
        fresh("naps");
        auto p = create_producer("naps", o);
        auto c = create_consumer("naps", o);
        refuse_membarrier = EPERM;
        on_refusal = [&] { CHECK(p->send_string("no reason to sleep any more")); };
        CHECK(c->receive());
        CHECK_CODE(c->receive(20).status().code(), Errc::kTimeout);
    }
    fresh("naps");
}
TEST(after_a_refused_membarrier_a_sleeper_says_so) {
    fresh("says");
    auto c = create_consumer("says", 4096);
    const int fd = open(file_of("says").c_str(), O_RDWR);
    void* const address = mmap(nullptr, 4096, PROT_READ, MAP_SHARED, fd, 0);
    const auto control = [&] {
        return detail::atomic_at<std::uint32_t>(static_cast<std::byte*>(address),
                                                ring_header::kConsumerControlOffset)
            .load();
    };
    CHECK_EQ(control(), detail::kCanMembarrier);
    refuse_membarrier = EPERM;
    CHECK_CODE(c->receive(50).status().code(), Errc::kTimeout);
    CHECK_EQ(control(), 0u);
    std::thread receiver([&] { CHECK(c->receive()); });
    eventually([&] { return (control() & detail::kWaiting) != 0; });
    CHECK_EQ(control() & detail::kCanMembarrier, 0u);
    auto p = create_producer("says", 4096);
    CHECK(p->send_string("x"));
    receiver.join();
    let_all_through();
    fresh("says");
}
TEST(a_file_system_without_an_exclusive_rename_or_links_is_named) {
    fresh("nolinks");
    refuse_rename = EINVAL;
    CHECK(create_producer("nolinks", 4096));
    refuse_rename = ENOSYS;
    CHECK(create_producer("nolinks", 4096));
    for (const int rename_code : {EINVAL, ENOSYS, EPERM}) {
        for (const int link_code : {EPERM, ENOTSUP, ENOSYS}) {
            refuse_rename = rename_code;
            refuse_link = link_code;
            const Error error = failure("nolinks");
            CHECK_CODE(error.code(), Errc::kUnsupported);
            CHECK(says(error, folder()) && says(error, "renameat2") && says(error, "hard links"));
            CHECK(temporary_files().empty());
        }
    }
    refuse_link = EACCES;
    CHECK_CODE(failure("nolinks").code(), Errc::kPermissionDenied);
    let_all_through();
    CHECK(temporary_files().empty());
}
TEST(a_lack_of_space_is_named_with_bytes) {
    constexpr std::uint64_t kCapacity = 8 << 20;
    for (const int code : {ENOSPC, EDQUOT, ENOMEM}) {
        fresh("nospace");
        refuse_space = code;
        pieces_granted = 3;
        const Error error = failure("nospace", sized(kCapacity));
        CHECK_CODE(error.code(), Errc::kNoSpace);
        CHECK(error.expected() == kCapacity + ring_header::kSize && error.found() > 0);
        CHECK(says(error, std::to_string(error.expected())));
        CHECK(says(error, std::to_string(error.found())));
        CHECK(says(error, std::generic_category().message(code)));
        CHECK(temporary_files().empty() && !exists("nospace"));
    }
    let_all_through();
}
TEST(a_file_system_without_room_for_a_file_is_named) {
    fresh("nofiles");
    refuse_file = ENOSPC;
    const Error error = failure("nofiles");
    CHECK_CODE(error.code(), Errc::kNoSpace);
    CHECK(says(error, folder()) && says(error, "no room for another file"));
    let_all_through();
}
TEST(a_signal_starves_one_piece_of_the_space_and_not_all) {
    fresh("pieces");
    pieces_asked = 0;
    refuse_space = EINTR;
    pieces_granted = 5;
    auto p = create_producer("pieces", 4 << 20);
    CHECK(p);
    CHECK_EQ(pieces_asked.load(), 4 + 1 + 5);
    let_all_through();
    fresh("pieces");
}
TEST(a_swept_temporary_file_makes_the_creator_start_over) {
    fresh("swept");
    std::atomic<bool> over{false};
    std::atomic<int> swept{0};
    std::thread sweeper([&] {
        // A few in all, so that creating succeeds in the end.
        while (!over && swept < 8) {
            for (const std::string& name : temporary_files()) {
                swept += unlink((folder() + "/" + name).c_str()) == 0;
            }
        }
    });
    const double start = seconds();
    while (swept < 6) {
        CHECK(seconds() - start < kHang);
        auto p = create_producer("swept", 16 << 20);
        CHECK(p && exists("swept"));
        auto c = create_consumer("swept", 16 << 20);
        CHECK(p->send_string("x") && c->skip());
    }
    over = true;
    sweeper.join();
    CHECK(!exists("swept"));
}
TEST(leftovers_of_a_dead_creator_are_removed_at_once) {
    fresh("leftover");
    const std::string prefix = folder() + "/.BitRPC_leftover.";
    const auto make = [](const std::string& path) {
        const int fd = open(path.c_str(), O_RDWR | O_CREAT, 0600);
        CHECK(fd >= 0);
        return fd;
    };
    // The process ids are those of living ones: they say nothing.
    const std::string mine = std::to_string(getpid());
    const std::string dead = prefix + mine + ".0123abcd.tmp", lives = prefix + "1.89abcdef.tmp";
    const std::string other = folder() + "/.BitRPC_leftover.b." + mine + ".0123abcd.tmp";
    close(make(dead));
    close(make(other));
    const int fd = make(lives);
    struct flock range {};
    range.l_type = F_WRLCK;
    range.l_start = off_t{(1LL << 62) + 2};
    range.l_len = 1;
    CHECK(fcntl(fd, F_OFD_SETLK, &range) == 0);
    CHECK(create_producer("leftover", 4096));
    CHECK(access(dead.c_str(), F_OK) != 0);
    CHECK(access(lives.c_str(), F_OK) == 0 && access(other.c_str(), F_OK) == 0);
    close(fd);
    CHECK(create_producer("leftover", 4096));
    CHECK(access(lives.c_str(), F_OK) != 0);
    CHECK(unlink(other.c_str()) == 0);
    // One that is killed at work leaves its file for the next one only.
    const pid_t pid = child([] {
        for (;;) {
            static_cast<void>(remove_ring("leftover"));
            auto p = create_producer("leftover", 8 << 20);
        }
    });
    usleep(20000);
    kill_and_join(pid);
    fresh("leftover");
    CHECK(create_producer("leftover", 4096));
    CHECK(temporary_files().empty());
}
TEST(a_ring_that_may_not_be_removed_is_told_of_and_the_next_start_works) {
    fresh("sticky");
    std::string told;
    set_log_callback([&](LogLevel, std::string_view line) { told += line; });
    for (const bool consumer_last : {true, false}) {
        told.clear();
        auto p = create_producer("sticky", 4096);
        auto c = create_consumer("sticky", 4096);
        CHECK(p && c && p->send_string("x") && c->skip());
        refuse_unlink = EPERM;
        consumer_last ? p->close() : c->close();
        consumer_last ? c->close() : p->close();
        refuse_unlink = 0;
        CHECK(exists("sticky") && told.find("remove") != std::string::npos);
        CHECK(told.find(file_of("sticky")) != std::string::npos);
    }
    set_log_callback(nullptr);
    auto c = create_consumer("sticky", 4096);
    CHECK_CODE(c->receive(120).status().code(), Errc::kTimeout);
    auto p = create_producer("sticky", 4096);
    std::string s;
    CHECK(p->send_string("works") && c->receive_string(s) && s == "works");
    fresh("sticky");
}
TEST(memory_that_is_refused_is_an_error) {
    fresh("refused");
    join(child([] {
        Options o = sized(1 << 20);
        o.max_message_size = std::size_t{1} << 40;
        auto c = create_consumer("refused", o);
        auto p = create_producer("refused", o);
        // What a peer may send is more than this process may have.
        const std::vector<std::uint8_t> large(64 << 20, 7);
        // The thread has its memory before the limit: the allocator maps twice what it keeps for a
        // new thread, and a size that is read meanwhile is too large by 64 MiB.
        std::atomic<bool> has_memory{false}, limited{false};
        std::thread sender([&] {
            std::make_unique<std::atomic<int>>()->store(1);
            has_memory = true;
            while (!limited) std::this_thread::yield();
            CHECK(p->send_fragmented(large));
            CHECK(p->send_string("next"));
        });
        eventually([&] { return has_memory.load(); });
        // As much as it has now, and half of what the message takes.
        std::FILE* const file = std::fopen("/proc/self/statm", "r");
        unsigned long pages = 0;
        CHECK(file != nullptr && std::fscanf(file, "%lu", &pages) == 1);
        std::fclose(file);
        const rlim_t most = pages * std::uint64_t(sysconf(_SC_PAGESIZE)) + large.size() / 2;
        const rlimit little{most, most};
        CHECK(setrlimit(RLIMIT_AS, &little) == 0);
        limited = true;
        CHECK_CODE(c->receive().status().code(), Errc::kNoMemory);
        CHECK(c->last_error().expected() <= large.size());
        std::string s;
        CHECK(c->receive_string(s) && s == "next");
        CHECK_EQ(c->ring().snapshot().receive_errors, 1u);
        sender.join();
        _exit(0);
    }));
    fresh("refused");
}
TEST(the_holder_of_a_role_is_named_even_if_it_has_ended) {
    fresh("holder");
    auto p = create_producer("holder", 4096);
    Error error = failure("holder");
    CHECK_CODE(error.code(), Errc::kRoleTaken);
    CHECK(error.found() == std::uint64_t(getpid()) && says(error, std::to_string(getpid())));
    CHECK(!says(error, "ended"));
    p.reset();
    fresh("holder");
    // A process that forks and dies: its child holds the role.
    int ready[2], go_on[2];
    CHECK(pipe(ready) == 0 && pipe(go_on) == 0);
    const pid_t parent = child([&] {
        create_producer("holder", 4096).release();
        child([&] {
            CHECK(write(ready[1], "x", 1) == 1);
            char word;
            static_cast<void>(read(go_on[0], &word, 1));
        });
    });
    join(parent);
    char word;
    CHECK(read(ready[0], &word, 1) == 1);
    error = failure("holder");
    CHECK_CODE(error.code(), Errc::kRoleTaken);
    CHECK(error.found() == std::uint64_t(parent));
    CHECK(says(error, "process " + std::to_string(parent) + ", which has ended"));
    CHECK(says(error, "a child that it forked may hold the role"));
    CHECK(write(go_on[1], "x", 1) == 1);
    fresh("holder");
}
int main(int argc, char** argv) { return run_all(argc, argv); }

// Every refusal has its own error, which names what was expected and what was found.
#include <sys/stat.h>

#include <fstream>

#include "test.h"

static Errc producer_error(const std::string& name, const Options& o, Error* out = nullptr) {
    Error error;
    auto p = create_producer(name, o, error);
    CHECK(!p);
    CHECK(!error.message().empty());
    if (out) *out = error;
    return error.code();
}
template <class T>
static void patched(const char* name, size_t offset, T value, Errc want) {
    fresh(name);
    make_ring(name, 4096);
    patch(name, offset, &value, sizeof value);
    Options o = sized(4096);
    Error error;
    CHECK_CODE(producer_error(name, o, &error), want);
    fresh(name);
}

TEST(names) {
    for (const char* bad : {"", ".", ".x", "../x", "a/b", "a b", "\xc3\xa4", "x\n"})
        CHECK_CODE(producer_error(bad, {}), Errc::kInvalidName);
    CHECK_CODE(producer_error(std::string("a\0b", 3), {}), Errc::kInvalidName);
    CHECK_CODE(producer_error(std::string(201, 'a'), {}), Errc::kInvalidName);
    const std::string longest(200, 'a');
    fresh(longest);
    auto p = create_producer(longest, 1024);
    CHECK(p);
    fresh(longest);
}
TEST(capacities) {
    for (Capacity bad : {Capacity(0), Capacity(-1), Capacity(INT64_MIN), Capacity(1ULL << 63),
                         Capacity((1ULL << 40) + 1)}) {
        Error error;
        CHECK_CODE(producer_error("cap", sized(bad), &error), Errc::kInvalidCapacity);
        CHECK(error.message().find("1024") != std::string::npos);
    }
    fresh("cap");
    auto p = create_producer("cap", 5000);
    CHECK(p && p->ring().capacity() == 8192);
    Error error;
    CHECK(!create_consumer("cap", sized(4096), error));
    CHECK_CODE(error.code(), Errc::kCapacityMismatch);
    CHECK(error.expected() == 4096 && error.found() == 8192);
    Options any;
    any.mode = Mode::kOpenOnly;
    CHECK(create_consumer("cap", any));
    fresh("cap");
    auto small = create_producer("cap", 1);
    CHECK(small && small->ring().capacity() == 1024);
    fresh("cap");
}
TEST(modes) {
    fresh("modes");
    Options o = sized(4096);
    o.mode = Mode::kOpenOnly;
    CHECK_CODE(producer_error("modes", o), Errc::kNotFound);
    o.mode = Mode::kCreateOnly;
    auto p = create_producer("modes", o);
    CHECK(p);
    Error error;
    CHECK(!create_consumer("modes", o, error));
    CHECK_CODE(error.code(), Errc::kAlreadyExists);
    std::error_code code;
    CHECK(!create_consumer("modes", o, code));
    CHECK(code == Errc::kAlreadyExists && code.message() == "already exists" &&
          last_error().code() == Errc::kAlreadyExists);
#if defined(__cpp_exceptions)
    try {
        auto c = open_consumer("modes", o);
        CHECK(false);
    } catch (const std::system_error& e) {
        CHECK(e.code() == Errc::kAlreadyExists);
    }
#endif
    fresh("modes");
}
TEST(folders_and_kinds) {
    setenv("BITRPC_SHM_DIR", "/dev/shm/no-such-folder", 1);
    CHECK_CODE(producer_error("x", {}), Errc::kFolderMissing);
    unsetenv("BITRPC_SHM_DIR");
    const std::string path = "/dev/shm/" + std::string(kFilePrefix) + "kind";
    unlink(path.c_str());
    rmdir(path.c_str());
    CHECK(mkdir(path.c_str(), 0700) == 0);
    CHECK_CODE(producer_error("kind", {}), Errc::kNotRegularFile);
    rmdir(path.c_str());
    CHECK(symlink("/etc/passwd", path.c_str()) == 0);
    CHECK_CODE(producer_error("kind", {}), Errc::kNotRegularFile);
    unlink(path.c_str());
    CHECK(mkfifo(path.c_str(), 0600) == 0);
    CHECK_CODE(producer_error("kind", {}), Errc::kNotRegularFile);
    unlink(path.c_str());
    make_ring("kind", 4096);
    CHECK(chown(path.c_str(), 12345, 12345) == 0);
    CHECK_CODE(producer_error("kind", sized(4096)), Errc::kWrongOwner);
    Options any = sized(4096);
    any.any_owner = true;
    CHECK(create_producer("kind", any));
    join(child([&] {
        if (setuid(12346) == 0) CHECK_CODE(producer_error("kind", any), Errc::kPermissionDenied);
    }));
    unlink(path.c_str());
}
TEST(permissions_are_not_the_umask) {
    fresh("mode");
    umask(0777);
    auto p = create_producer("mode", 4096);
    struct stat s {};
    CHECK(stat(file_of("mode").c_str(), &s) == 0);
    CHECK_EQ(s.st_mode & 07777, 0600u);
    fresh("mode");
    Options o = sized(4096);
    o.permissions = 0640;
    auto q = create_producer("mode", o);
    CHECK(stat(file_of("mode").c_str(), &s) == 0);
    CHECK_EQ(s.st_mode & 07777, 0640u);
    fresh("mode");
}
TEST(foreign_files) {
    fresh("foreign");
    { std::ofstream(file_of("foreign")) << "hello"; }
    CHECK_CODE(producer_error("foreign", {}), Errc::kTooShort);
    { std::ofstream(file_of("foreign")) << std::string(100000, 'x'); }
    CHECK_CODE(producer_error("foreign", {}), Errc::kBadMagic);
    fresh("foreign");
    make_ring("foreign", 8192);
    CHECK(truncate(file_of("foreign").c_str(), 4096 + 100) == 0);
    CHECK_CODE(producer_error("foreign", sized(8192)), Errc::kTooShort);
    fresh("foreign");
}
TEST(identity) {
    const uint32_t swapped = __builtin_bswap32(kMagic);
    patched("id", ring_header::kMagicOffset, swapped, Errc::kWrongEndianness);
    patched("id", ring_header::kMagicOffset, kMagic + 1, Errc::kBadMagic);
    patched("id", ring_header::kVersionMajorOffset, uint16_t(kVersionMajor + 1),
            Errc::kVersionMismatch);
    patched("id", ring_header::kHeaderSizeOffset, uint32_t(8192), Errc::kHeaderSizeMismatch);
    patched("id", ring_header::kLayoutHashOffset, kLayoutHash + 1, Errc::kLayoutMismatch);
    patched("id", ring_header::kSchemaHashOffset, kSchemaHash + 1, Errc::kSchemaMismatch);
    patched("id", ring_header::kCapacityOffset, uint64_t(8192), Errc::kCapacityMismatch);
    patched("id", ring_header::kCapacityOffset, uint64_t(12345), Errc::kCorrupt);
    patched("id", ring_header::kCapacityOffset, ~uint64_t(0), Errc::kCorrupt);
    patched("id", ring_header::kWritePositionOffset, uint64_t(3), Errc::kCorrupt);
    patched("id", ring_header::kReadPositionOffset, uint64_t(1) << 40, Errc::kCorrupt);
    fresh("id");
    make_ring("id", 4096);
    const uint64_t other = kSchemaHash + 1;
    patch("id", ring_header::kSchemaHashOffset, &other, 8);
    Options o = sized(4096);
    o.any_schema = true;
    auto p = create_producer("id", o);
    CHECK(p && !p->ring().schema_matches());
    p.reset();
    const uint16_t newer = kVersionMinor + 1;
    patch("id", ring_header::kVersionMinorOffset, &newer, 2);
    CHECK(create_producer("id", 4096) && create_consumer("id", 4096));
    Error error;
    CHECK(Monitor::open("id", error));
    fresh("id");
}
TEST(role_taken_names_the_holder) {
    fresh("role");
    int ready[2];
    CHECK(pipe(ready) == 0);
    const pid_t pid = child([&] {
        auto p = create_producer("role", 4096);
        CHECK(p);
        CHECK(write(ready[1], "x", 1) == 1);
        pause();
    });
    char x;
    CHECK(read(ready[0], &x, 1) == 1);
    Error error;
    CHECK_CODE(producer_error("role", sized(4096), &error), Errc::kRoleTaken);
    CHECK_EQ(error.found(), uint64_t(pid));
    kill(pid, SIGSTOP);
    CHECK_CODE(producer_error("role", sized(4096)), Errc::kRoleTaken);
    kill_and_join(pid);
    CHECK(create_producer("role", 4096));
    fresh("role");
}
TEST(no_space) {
    Error error;
    CHECK_CODE(producer_error("huge", sized(1ULL << 40), &error), Errc::kNoSpace);
    CHECK(error.expected() == (1ULL << 40) + 4096 && error.found() < error.expected());
    CHECK(access(file_of("huge").c_str(), F_OK) != 0);
}
TEST(out_of_descriptors) {
    fresh("fds");
    const rlimit none{3, 3};
    CHECK(setrlimit(RLIMIT_NOFILE, &none) == 0);
    Error error;
    CHECK_CODE(producer_error("fds", {}, &error), Errc::kIo);
    CHECK(error.os_error() == EMFILE);
}
TEST(use_after_dispose) {
    fresh("disposed");
    auto p = create_producer("disposed", 4096);
    auto c = create_consumer("disposed", 4096);
    CHECK(p->send_string("one"));
    auto held = c->receive();
    CHECK(held);
    p->close();
    p->close();
    CHECK_CODE(p->send_string("x").code(), Errc::kDisposed);
    CHECK_CODE(p->try_claim(8).status().code(), Errc::kDisposed);
    CHECK_CODE(c->try_receive().status().code(), Errc::kClosed);
    c->close();
    held.release();
    std::string s;
    CHECK_CODE(c->receive_string(s).code(), Errc::kDisposed);
    CHECK_EQ(c->statistics().messages_sent, 1u);
    fresh("disposed");
}
TEST(sizes_and_types) {
    fresh("sizes");
    auto p = create_producer("sizes", 4096);
    auto c = create_consumer("sizes", 4096);
    CHECK_EQ(p->largest_payload(), 2048 - message_header::kSize);
    std::vector<uint8_t> big(p->largest_payload() + 1, 7);
    CHECK_CODE(p->send(big).code(), Errc::kTooLarge);
    CHECK(p->last_error().expected() == big.size() - 1 && p->last_error().found() == big.size());
    big.pop_back();
    CHECK(p->send(big));
    std::vector<uint8_t> got;
    CHECK(c->receive_bytes(got));
    CHECK(got == big);
    CHECK_CODE(p->send("x", 1, static_cast<MessageType>(0)).code(), Errc::kInvalidType);
    CHECK_CODE(p->send_string("\xff").code(), Errc::kInvalidUtf8);
    CHECK(p->send("\xff", 1));
    std::string text;
    CHECK_CODE(c->receive_string(text).code(), Errc::kInvalidUtf8);
    CHECK(c->skip());
    struct Odd {
        char bytes[3];
    } odd{};
    CHECK(p->send_typed(odd));
    TestData data;
    CHECK_CODE(c->receive_typed(data).code(), Errc::kSizeMismatch);
    CHECK(c->last_error().found() == 3 && c->last_error().expected() == 88);
    CHECK(c->skip());
    CHECK(p->send("x", 1, MessageType::CONTROL));
    CHECK_CODE(c->receive_typed(data).code(), Errc::kTypeMismatch);
    CHECK(c->skip());
    fresh("sizes");
}
TEST(a_child_is_refused) {
    fresh("forked");
    auto p = create_producer("forked", 4096);
    auto c = create_consumer("forked", 4096);
    CHECK(p->send_string("mine"));
    join(child([&] {
        CHECK_CODE(p->send_string("no").code(), Errc::kForked);
        CHECK_CODE(p->try_claim(4).status().code(), Errc::kForked);
        CHECK_CODE(c->try_receive().status().code(), Errc::kForked);
        p.reset();
        c.reset();
    }));
    std::string s;
    CHECK(c->receive_string(s) && s == "mine");
    CHECK(p->peer_state() == PeerState::kAlive && c->peer_state() == PeerState::kAlive);
    CHECK_CODE(c->receive(0).status().code(), Errc::kTimeout);
    fresh("forked");
}
TEST(an_error_that_a_call_could_not_tell_is_for_the_next_one) {
    fresh("untold");
    Options o = sized(4096);
    o.max_message_size = 100;
    auto p = create_producer("untold", 4096);
    auto c = create_consumer("untold", o);
    const std::string large(2100, 'x');
    std::vector<SharedMemoryMessage> batch;
    CHECK(p->send_string("before"));
    CHECK(p->send_fragmented(large));
    CHECK(p->send_string("behind"));
    CHECK(c->receive_batch(batch, 10) && batch.size() == 1);
    CHECK_CODE(c->receive_batch(batch, 10).status.code(), Errc::kMessageTooLarge);
    CHECK(c->receive_batch(batch, 10) && batch.size() == 1 && batch[0].text() == "behind");
    CHECK(p->send_fragmented(large));
    CHECK(p->send_string("behind"));
    CHECK(!c->peek());
    CHECK_CODE(c->receive().status().code(), Errc::kMessageTooLarge);
    std::string s;
    CHECK(c->receive_string(s) && s == "behind");
    CHECK_EQ(c->statistics().errors, 2u);
    fresh("untold");
}
TEST(a_read_position_to_which_no_records_lead) {
    for (uint64_t beyond : {8u, 64u, 4096u}) {
        fresh("beyond");
        CHECK(create_producer("beyond", 4096)->send_string("one"));
        const uint64_t read = 24 + beyond;
        patch("beyond", ring_header::kReadPositionOffset, &read, 8);
        Error e;
        CHECK(!create_consumer("beyond", sized(4096), e));
        CHECK_CODE(e.code(), Errc::kCorrupt);
        CHECK(e.found() == read);
        CHECK(!create_producer("beyond", sized(4096), e));
        CHECK_CODE(e.code(), Errc::kCorrupt);
    }
    fresh("beyond");
    // What a producer published and did not count any more leads there.
    CHECK(create_producer("beyond", 4096)->send_string("one"));
    const uint64_t none = 0, read = 24;
    patch("beyond", ring_header::kWritePositionOffset, &none, 8);
    patch("beyond", ring_header::kReadPositionOffset, &read, 8);
    CHECK(create_consumer("beyond", 4096));
    fresh("beyond");
}
TEST(what_was_moved_away_sends_nothing) {
    fresh("moved");
    auto p = create_producer("moved", 4096);
    BatchWriter first = p->batch();
    const BatchWriter second = std::move(first);
    CHECK_CODE(first.push(ByteView("x", 1)).code(), Errc::kDisposed);
    CHECK_CODE(first.try_push(ByteView("x", 1)).code(), Errc::kDisposed);
    CHECK_CODE(first.push_typed(TestData{}).code(), Errc::kDisposed);
    CHECK_EQ(p->statistics().messages_sent, 0u);
    fresh("moved");
}
TEST(what_is_no_ring_is_not_removed) {
    const std::string path = file_of("folder");
    CHECK(mkdir(path.c_str(), 0700) == 0);
    CHECK_CODE(remove_ring("folder").code(), Errc::kNotRegularFile);
    CHECK(rmdir(path.c_str()) == 0);
    CHECK(mkfifo(path.c_str(), 0600) == 0);
    CHECK_CODE(remove_ring("folder").code(), Errc::kNotRegularFile);
    CHECK(unlink(path.c_str()) == 0);
    CHECK_CODE(remove_ring("folder").code(), Errc::kNotFound);
}
TEST(corrupt_words_are_told) {
    for (uint64_t word : {0x00000001FFFFFFFFULL, 0x0000000100000003ULL, 0x0000000100010000ULL,
                          0x0000000000000008ULL, 0x0000000000001000ULL, 0x0000000100000000ULL}) {
        fresh("corrupt");
        auto p = create_producer("corrupt", 4096);
        auto c = create_consumer("corrupt", 4096);
        patch("corrupt", ring_header::kSize, &word, 8);
        CHECK_CODE(c->try_receive().status().code(), Errc::kCorrupt);
        CHECK_CODE(c->receive().status().code(), Errc::kCorrupt);
        CHECK(c->last_error().expected() == 0 && c->last_error().found() == word);
        CHECK_EQ(c->statistics().errors, 1u);
        fresh("corrupt");
    }
    fresh("corrupt");
    auto p = create_producer("corrupt", 1024);
    const uint64_t beyond = 1 << 20;
    patch("corrupt", ring_header::kReadPositionOffset, &beyond, 8);
    Status s;
    for (int i = 0; i < 100 && s; ++i) s = p->try_send(ByteView("12345678", 8));
    CHECK_CODE(s.code(), Errc::kCorrupt);
    fresh("corrupt");
}
int main(int argc, char** argv) { return run_all(argc, argv); }

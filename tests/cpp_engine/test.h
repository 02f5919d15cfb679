// A test framework of one screen: CHECK, TEST, and children that report by their exit code.
#pragma once
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <random>
#include <vector>

#ifndef ENGINE_NAMESPACE
#include "shared_memory_api.h"
#define ENGINE_NAMESPACE bitrpc::shared_memory
#endif

using namespace ENGINE_NAMESPACE;

struct Case {
    const char* name;
    void (*run)();
};
inline std::vector<Case>& cases() {
    static std::vector<Case> all;
    return all;
}
struct Register {
    Register(const char* name, void (*run)()) { cases().push_back({name, run}); }
};
#define TEST(name)                                      \
    static void name();                                 \
    static const Register register_##name(#name, name); \
    static void name()
#define CHECK(...)                                                                         \
    do {                                                                                   \
        if (!(__VA_ARGS__)) {                                                              \
            std::fprintf(stderr, "%s:%d: failed: %s\n", __FILE__, __LINE__, #__VA_ARGS__); \
            std::fflush(stderr);                                                           \
            _exit(1);                                                                      \
        }                                                                                  \
    } while (false)
#define CHECK_EQ(a, b)                                                                             \
    do {                                                                                           \
        const auto va = (a);                                                                       \
        const auto vb = (b);                                                                       \
        if (!(va == vb)) {                                                                         \
            std::fprintf(stderr, "%s:%d: failed: %s == %s (%lld, %lld)\n", __FILE__, __LINE__, #a, \
                         #b, (long long)(va), (long long)(vb));                                    \
            _exit(1);                                                                              \
        }                                                                                          \
    } while (false)
#define CHECK_CODE(status, want)                                                                  \
    do {                                                                                          \
        const Errc code_got = (status);                                                           \
        if (code_got != (want)) {                                                                 \
            std::fprintf(stderr, "%s:%d: %s: got '%s', want '%s'\n", __FILE__, __LINE__, #status, \
                         to_string(code_got), to_string(want));                                   \
            _exit(1);                                                                             \
        }                                                                                         \
    } while (false)

inline std::string folder() {
    const char* f = std::getenv("BITRPC_SHM_DIR");
    return f ? f : "/dev/shm";
}
inline std::string file_of(const std::string& name) {
    return folder() + "/" + std::string(kFilePrefix) + name;
}
/// Overwrites bytes of a ring's file behind everyone's back.
inline void patch(const std::string& name, size_t offset, const void* bytes, size_t size) {
    const int fd = ::open(file_of(name).c_str(), O_RDWR);
    CHECK(fd >= 0);
    CHECK(pwrite(fd, bytes, size, off_t(offset)) == ssize_t(size));
    ::close(fd);
}
inline pid_t child(const std::function<void()>& body) {
    std::fflush(stdout);
    const pid_t pid = fork();
    if (pid == 0) {
        body();
        std::fflush(stdout);
        _exit(0);
    }
    return pid;
}
inline void join(pid_t pid) {
    int status = 0;
    CHECK(waitpid(pid, &status, 0) == pid);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}
inline void kill_and_join(pid_t pid) {
    kill(pid, SIGKILL);
    int status = 0;
    CHECK(waitpid(pid, &status, 0) == pid);
    CHECK(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
}
/// Runs `body` in a child that then kills itself.
inline void in_killed_child(const std::function<void()>& body) {
    const pid_t pid = child([&] {
        body();
        raise(SIGKILL);
    });
    int status = 0;
    CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status));
}
inline Options sized(Capacity c) {
    Options o;
    o.capacity = c;
    return o;
}
/// Makes a ring that stays without anybody: a message is left in it.
inline void make_ring(const std::string& name, Capacity capacity) {
    static_cast<void>(remove_ring(name));
    CHECK(create_producer(name, capacity)->send_string("left"));
}
inline void fresh(const std::string& name) { static_cast<void>(remove_ring(name)); }
inline bool exists(const std::string& name) { return access(file_of(name).c_str(), F_OK) == 0; }
inline double seconds() { return double(detail::monotonic_ns()) * 1e-9; }

/// What takes longer hangs, on the slowest machine.
inline constexpr double kHang = 60;

/// Waits until something is so that another thread brings about.
inline void eventually(const std::function<bool()>& holds) {
    const double start = seconds();
    while (!holds()) {
        CHECK(seconds() - start < kHang);
        usleep(1000);
    }
}

inline unsigned seed() {
    const char* s = std::getenv("SEED");
    static const unsigned value = s ? unsigned(std::atoi(s)) : std::random_device{}();
    return value;
}

inline int run_all(int argc, char** argv) {
    std::printf("seed %u\n", seed());
    int failed = 0, ran = 0;
    for (const Case& c : cases()) {
        if (argc > 1 && std::string(c.name).find(argv[1]) == std::string::npos) continue;
        const double t = seconds();
        const pid_t pid = child([&] {
            setpgid(0, 0);
            alarm(unsigned(5 * kHang));
            c.run();
        });  // every test in a process group of its own
        int status = 0;
        waitpid(pid, &status, 0);
        kill(-pid, SIGKILL);  // children that a failure left behind
        const bool ok = WIFEXITED(status) && WEXITSTATUS(status) == 0;
        std::printf("%-6s %-48s %6.2f s\n", ok ? "ok" : "FAILED", c.name, seconds() - t);
        std::fflush(stdout);
        ++ran;
        failed += !ok;
    }
    std::printf("%d of %d failed\n", failed, ran);
    return failed != 0;
}

// ---------------------------------------------------------------------------------------------
// The system: Linux
// ---------------------------------------------------------------------------------------------

namespace detail {

#if defined(F_OFD_SETLK)
inline int set_lock_command() noexcept { return F_OFD_SETLK; }
inline int get_lock_command() noexcept { return F_OFD_GETLK; }
#else
// The kernel's numbers, for C libraries that show the names only with _GNU_SOURCE.
inline int set_lock_command() noexcept { return 37; }
inline int get_lock_command() noexcept { return 36; }
#endif

/// In pieces: a signal that comes too early undoes one of them, and not all again and again.
inline int File::allocate(std::uint64_t size) noexcept {
    constexpr std::uint64_t kPiece = 1U << 20;
    for (std::uint64_t done = 0; done < size; done += kPiece) {
        const std::uint64_t piece = size - done < kPiece ? size - done : kPiece;
        int failed = EINTR;
        while (failed == EINTR) {
            failed =
                ::posix_fallocate(descriptor_, static_cast<off_t>(done), static_cast<off_t>(piece));
        }
        if (failed != 0) return failed;
    }
    return 0;
}

inline int rename_to_free_name(const char* from, const char* to) noexcept {
    // The kernel's number, for C libraries without the call.
    constexpr unsigned kNoReplace = 1;
    return ::syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, kNoReplace) == 0 ? 0 : errno;
}

/// The folder that rings live in unless BITRPC_SHM_DIR names another.
[[nodiscard]] inline std::string default_folder() { return "/dev/shm"; }

/// Sleeping and waking between processes: a futex on the sequence word, which needs no object of
/// its own.
class WakePoint {
public:
    /// Prepares sleeping and waking on one sequence word of the ring at `path`.
    [[nodiscard]] int open(const std::string&, std::uint64_t, const char*) noexcept { return 0; }

    /// Sleeps while `word` is `seen`, at most `ns`; false if only the time ended it.
    [[nodiscard]] bool wait(std::atomic<std::uint32_t>& word, std::uint32_t seen, std::uint64_t ns,
                            const std::atomic<bool>&) noexcept {
        struct timespec time {};
        time.tv_sec = static_cast<time_t>(ns / 1000000000U);
        time.tv_nsec = static_cast<long>(ns % 1000000000U);
        const long result = ::syscall(SYS_futex, &word, FUTEX_WAIT, seen, &time, nullptr, 0);
        return result == 0 || errno != ETIMEDOUT;
    }

    /// Wakes whoever sleeps on `word`.
    void wake(std::atomic<std::uint32_t>& word) noexcept {
        ::syscall(SYS_futex, &word, FUTEX_WAKE, 0x7FFFFFFF, nullptr, nullptr, 0);
    }
};

/// Makes this process one that fence_peers() of others reaches; false if the kernel cannot.
[[nodiscard]] inline bool register_for_peer_fences() noexcept {
    return ::syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, 0, 0) == 0;
}

/// A full fence on every processor that runs a registered process; false if it is refused.
[[nodiscard]] inline bool fence_peers() noexcept {
    return ::syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL_EXPEDITED, 0, 0) == 0;
}

}  // namespace detail

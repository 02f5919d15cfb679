// ---------------------------------------------------------------------------------------------
// The system: macOS (compiled by a cross compiler; not run)
// ---------------------------------------------------------------------------------------------

namespace detail {

inline int set_lock_command() noexcept { return F_OFD_SETLK; }
inline int get_lock_command() noexcept { return F_OFD_GETLK; }

inline int File::allocate(std::uint64_t size) noexcept {
    fstore_t store{};
    store.fst_flags = F_ALLOCATEALL;
    store.fst_posmode = F_PEOFPOSMODE;
    store.fst_length = static_cast<off_t>(size);
    if (::fcntl(descriptor_, F_PREALLOCATE, &store) != 0) return errno;
    return ::ftruncate(descriptor_, static_cast<off_t>(size)) == 0 ? 0 : errno;
}

inline int rename_to_free_name(const char* from, const char* to) noexcept {
    return ::renamex_np(from, to, RENAME_EXCL) == 0 ? 0 : errno;
}

/// The folder that rings live in unless BITRPC_SHM_DIR names another.
[[nodiscard]] inline std::string default_folder() {
    std::string folder = environment("TMPDIR");
    return folder.empty() ? "/tmp" : folder;
}

/// Sleeping and waking between processes: short sleeps that look at the sequence word, as there
/// is no documented way to sleep on a shared word on every macOS in use.
class WakePoint {
public:
    /// Prepares sleeping and waking on one sequence word of the ring at `path`.
    [[nodiscard]] int open(const std::string&, std::uint64_t, const char*) noexcept { return 0; }

    /// Sleeps while `word` is `seen` and nobody interrupts, at most `ns`; false if only the time
    /// ended it.
    [[nodiscard]] bool wait(std::atomic<std::uint32_t>& word, std::uint32_t seen, std::uint64_t ns,
                            const std::atomic<bool>& interrupted) noexcept {
        const std::uint64_t end = monotonic_ns() + ns;
        std::uint64_t nap = kShortestNap;
        for (;;) {
            if (word.load(std::memory_order_acquire) != seen) return true;
            if (interrupted.load(std::memory_order_relaxed)) return true;
            const std::uint64_t now = monotonic_ns();
            if (now >= end) return false;
            sleep_ns(nap < end - now ? nap : end - now);
            nap = nap * 2 < kLongestNap ? nap * 2 : kLongestNap;
        }
    }

    /// Wakes whoever sleeps on `word`: the changed word is enough.
    void wake(std::atomic<std::uint32_t>&) noexcept {}

private:
    static constexpr std::uint64_t kShortestNap = 50000;
    static constexpr std::uint64_t kLongestNap = 1000000;
};

/// There is no membarrier: wakers fence.
[[nodiscard]] inline bool register_for_peer_fences() noexcept { return false; }

/// Never called: register_for_peer_fences() said so.
[[nodiscard]] inline bool fence_peers() noexcept { return true; }

}  // namespace detail

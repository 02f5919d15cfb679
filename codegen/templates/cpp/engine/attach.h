// ---------------------------------------------------------------------------------------------
// Taking a role
// ---------------------------------------------------------------------------------------------

namespace detail {

/// One side's hold on a ring: the mapping, the role's lock, and the means to sleep and wake.
class Attachment {
public:
    Attachment() noexcept = default;
    Attachment(const Attachment&) = delete;
    Attachment& operator=(const Attachment&) = delete;

    /// Opens or makes the ring and takes the role. The other side does not know yet: announce().
    [[nodiscard]] Error open(std::string_view name, const Options& options, Role role);

    /// Tells the other side that this one is there.
    void announce() noexcept {
        word32(own().epoch).store(epoch(own()) + 1, std::memory_order_relaxed);
        word32(own().pid).store(owner_, std::memory_order_relaxed);
        beat();
        word32(own().control).store(quiet_control(), std::memory_order_relaxed);
        word32(own().state).store(kStateAttached, std::memory_order_release);
        ring_bell();
    }

    /// Tells the other side that this one has gone.
    void announce_closed() noexcept {
        word32(own().control).store(0, std::memory_order_relaxed);
        word32(own().state).store(kStateClosed, std::memory_order_release);
        ring_bell();
    }

    /// Unmaps, gives the role back and closes; removes the file first if asked to.
    void close(bool remove_file) noexcept {
        segment_.unmap();
        if (remove_file && has_its_name()) static_cast<void>(File::remove(path_));
        // A forked child may keep the file open: closing alone would leave the role taken.
        if (!forked()) segment_.file.unlock(own().lock_offset);
        segment_.file.close();
    }

    /// Moves this side's sequence and wakes the other side, whatever it says of itself.
    void ring_bell() noexcept {
        auto& sequence = word32(own().sequence);
        sequence.store(sequence.load(std::memory_order_relaxed) + 1, std::memory_order_release);
        own_point_.wake(sequence);
    }

    /// Stores the time of this side's heartbeat.
    void beat() noexcept {
        word64(own().heartbeat).store(monotonic_ns(), std::memory_order_relaxed);
    }

    /// True while the other side's role is taken by an open file of a live process.
    [[nodiscard]] bool peer_alive() const noexcept {
        return segment_.file.locked_by_other(peer().lock_offset);
    }

    /// Takes the role of a peer that has closed, as soon as it lets go of it: it says so before.
    /// Gives up when `is_closed` no longer holds.
    template <typename IsClosed>
    [[nodiscard]] bool take_over_peer_role(IsClosed is_closed) noexcept {
        return lock(peer(), [&] { return is_closed() ? kTransitionRetryNs : 0; }) == 0;
    }

    /// True once the file has no name any more.
    [[nodiscard]] bool removed() const noexcept {
        FileFacts facts;
        return segment_.file.facts(facts) == 0 && facts.links == 0;
    }

    /// True in a child of the process that attached.
    [[nodiscard]] bool forked() const noexcept {
        return forks.load(std::memory_order_relaxed) != forks_;
    }

    [[nodiscard]] bool is_open() const noexcept { return segment_.base != nullptr; }
    [[nodiscard]] const Side& own() const noexcept { return side_of(role_); }
    [[nodiscard]] const Side& peer() const noexcept { return peer_of(role_); }
    [[nodiscard]] std::byte* base() const noexcept { return segment_.base; }
    [[nodiscard]] std::byte* data() const noexcept { return segment_.base + ring_header::kSize; }
    [[nodiscard]] std::uint64_t capacity() const noexcept { return segment_.capacity; }
    [[nodiscard]] std::uint64_t schema_hash() const noexcept { return segment_.schema_hash; }
    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    [[nodiscard]] const std::string& path() const noexcept { return path_; }
    [[nodiscard]] Role role() const noexcept { return role_; }
    /// True when this process is one that the peers' membarrier reaches.
    [[nodiscard]] bool can_fence() const noexcept { return can_fence_; }
    /// This side's control word while it does not sleep.
    [[nodiscard]] std::uint32_t quiet_control() const noexcept {
        return can_fence_ ? kCanMembarrier : 0;
    }
    [[nodiscard]] std::uint32_t epoch(const Side& side) const noexcept {
        return word32(side.epoch).load(std::memory_order_acquire);
    }
    [[nodiscard]] std::atomic<std::uint32_t>& word32(std::size_t offset) const noexcept {
        return atomic_at<std::uint32_t>(segment_.base, offset);
    }
    [[nodiscard]] std::atomic<std::uint64_t>& word64(std::size_t offset) const noexcept {
        return atomic_at<std::uint64_t>(segment_.base, offset);
    }
    /// Where this side wakes the other one.
    [[nodiscard]] WakePoint& own_point() noexcept { return own_point_; }
    /// Where this side sleeps.
    [[nodiscard]] WakePoint& peer_point() noexcept { return peer_point_; }

private:
    /// How often a lost race with a removal is started over before it counts as a failure.
    static constexpr int kRounds = 1000;
    static constexpr std::uint64_t kRoleRetryNs = 50000000;
    /// The same while the holder does not say that it is attached: it is about to attach, or to
    /// close, or a consumer that tidies up, and will be through soon unless it is paused.
    static constexpr std::uint64_t kTransitionRetryNs = 5000000000;
    static constexpr std::uint64_t kRoleNapNs = 1000000;

    [[nodiscard]] Error open_or_create(const Options& options);
    [[nodiscard]] Error take_role();

    /// Takes a role's lock; while it is taken, tries again for as many nanoseconds as `patience`
    /// then says. EAGAIN: it stayed taken.
    template <typename Patience>
    [[nodiscard]] int lock(const Side& side, Patience patience) noexcept {
        const std::uint64_t start = monotonic_ns();
        for (;;) {
            const int failed = segment_.file.lock(side.lock_offset);
            if (failed != EAGAIN || monotonic_ns() - start >= patience()) return failed;
            sleep_ns(kRoleNapNs);
        }
    }

    /// True while the ring's name still leads to this very file.
    [[nodiscard]] bool has_its_name() const noexcept {
        FileFacts mine;
        FileFacts named;
        return segment_.file.facts(mine) == 0 && File::facts_at(path_, named) == 0 &&
               mine.links != 0 && mine.same_file(named);
    }

    Segment segment_;
    std::string name_;
    std::string path_;
    WakePoint own_point_;
    WakePoint peer_point_;
    Role role_ = Role::kProducer;
    std::uint32_t owner_ = 0;
    std::uint32_t forks_ = 0;
    bool can_fence_ = false;
};

inline Error Attachment::open_or_create(const Options& options) {
    for (int round = 0; round < kRounds; ++round) {
        Error error;
        if (options.mode != Mode::kCreateOnly) {
            error = open_segment(path_, options, true, segment_);
            if (error.code() != Errc::kNotFound || options.mode == Mode::kOpenOnly) return error;
        }
        error = create_segment(name_, options, segment_);
        if (error.code() != Errc::kAlreadyExists || options.mode == Mode::kCreateOnly) return error;
    }
    return {Errc::kIo,
            concat({in_quotes(path_), " is made and removed again faster than it can be opened"})};
}

/// A role found taken is tried again for a while: its holder may be removing a drained ring. No
/// error either when the name leads elsewhere by now: the caller looks.
inline Error Attachment::take_role() {
    const int failed = lock(own(), [this]() -> std::uint64_t {
        if (!has_its_name()) return 0;
        const std::uint32_t state = word32(own().state).load(std::memory_order_relaxed);
        return state == kStateAttached ? kRoleRetryNs : kTransitionRetryNs;
    });
    if (failed == 0 || !has_its_name()) return {};
    if (failed != EAGAIN) return system_failure(failed, "lock", path_);
    const std::uint32_t pid = word32(own().pid).load(std::memory_order_relaxed);
    return {Errc::kRoleTaken,
            concat({in_quotes(path_), ": process ", std::to_string(pid), " is the ", own().name,
                    " already"}),
            0, pid};
}

inline Error Attachment::open(std::string_view name, const Options& options, Role role) {
    if (Error error = check_name(name)) return error;
    if (options.capacity.given()) {
        std::uint64_t asked = 0;
        if (Error error = resolve_capacity(options.capacity, asked)) return error;
    }
    name_ = name;
    path_ = ring_path(name);
    role_ = role;
    owner_ = process_id();
    count_forks();
    forks_ = forks.load(std::memory_order_relaxed);
    can_fence_ = register_for_peer_fences();
    for (int round = 0; round < kRounds; ++round) {
        if (Error error = open_or_create(options)) return error;
        if (Error error = take_role()) return error;
        // Whoever tidies up holds both locks: with the lock taken, a name that leads here stays.
        if (has_its_name()) {
            const char* own_event = role == Role::kProducer ? "data" : "space";
            const char* peer_event = role == Role::kProducer ? "space" : "data";
            const std::uint64_t created =
                word64(ring_header::kCreatedUnixNsOffset).load(std::memory_order_relaxed);
            int failed = own_point_.open(path_, created, own_event);
            if (failed == 0) failed = peer_point_.open(path_, created, peer_event);
            return failed == 0 ? Error() : system_failure(failed, "make the events of", path_);
        }
        segment_ = Segment();
    }
    return {Errc::kRemoved,
            concat({in_quotes(path_), " is removed again and again while it is opened"})};
}

}  // namespace detail

// ---------------------------------------------------------------------------------------------
// Taking and leaving a role
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

    /// Tells the other side that this one has gone, and finds out whether the ring is to be
    /// removed: nothing is left in it, and nobody but this side has a role. True if so; then both
    /// roles are held.
    template <class IsDrained>
    [[nodiscard]] bool take_leave(const IsDrained& is_drained) noexcept;

    /// Unmaps, removes the file if asked to, and gives back what it holds.
    void close(bool remove_file) noexcept;

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

    /// True once the file has lost its name. If it ever has a second one, as a creator leaves it
    /// that is killed at the wrong moment, the number of names does not tell that.
    [[nodiscard]] bool removed() noexcept {
        FileFacts facts;
        if (segment_.file.facts(facts) != 0) return false;
        has_two_names_ = has_two_names_ || facts.links > 1;
        return facts.links == 0 || (has_two_names_ && has_lost_its_name());
    }

    /// True in a child of the process that attached.
    [[nodiscard]] bool forked() const noexcept {
        return forks.load(std::memory_order_relaxed) != forks_;
    }

    /// From now on the other side's wakers have to fence: this one cannot do it for them, or wants
    /// them to look around.
    void stop_fencing() noexcept {
        fences_ = false;
        word32(own().control).store(quiet_control(), std::memory_order_relaxed);
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
    [[nodiscard]] bool is_registered() const noexcept { return is_registered_; }
    /// True while this side fences its peer's processor before it sleeps.
    [[nodiscard]] bool fences() const noexcept { return fences_; }
    /// This side's control word while it does not sleep.
    [[nodiscard]] std::uint32_t quiet_control() const noexcept {
        return fences_ ? kCanMembarrier : 0;
    }
    [[nodiscard]] std::uint32_t epoch(const Side& side) const noexcept {
        return word32(side.epoch).load(std::memory_order_acquire);
    }
    [[nodiscard]] std::uint32_t state(const Side& side) const noexcept {
        return word32(side.state).load(std::memory_order_acquire);
    }
    [[nodiscard]] std::atomic<std::uint32_t>& word32(std::size_t offset) const noexcept {
        return atomic_at<std::uint32_t>(segment_.base, offset);
    }
    [[nodiscard]] std::atomic<std::uint64_t>& word64(std::size_t offset) const noexcept {
        return atomic_at<std::uint64_t>(segment_.base, offset);
    }
    /// Where this side sleeps.
    [[nodiscard]] WakePoint& peer_point() noexcept { return peer_point_; }

private:
    static constexpr std::uint64_t kRoleNapNs = 1000000;

    [[nodiscard]] Error open_or_create(const std::string& folder, const Options& options);
    [[nodiscard]] Error take_role();
    [[nodiscard]] Error role_taken() const;
    [[nodiscard]] Error open_points();

    /// Takes a role's lock; while it is taken, tries again for as many nanoseconds as `patience`
    /// then says. EAGAIN: it stayed taken.
    template <class Patience>
    [[nodiscard]] int lock(const Side& side, const Patience& patience) noexcept {
        const std::uint64_t start = monotonic_ns();
        for (;;) {
            const int failed = segment_.file.lock(side.lock_offset);
            if (failed != EAGAIN || monotonic_ns() - start >= patience()) return failed;
            sleep_ns(kRoleNapNs);
        }
    }

    void unlock(const Side& side) noexcept { segment_.file.unlock(side.lock_offset); }

    /// True while the ring's name still leads to this very file.
    [[nodiscard]] bool has_its_name() const noexcept {
        FileFacts mine;
        FileFacts named;
        return segment_.file.facts(mine) == 0 && File::facts_at(path_, named) == 0 &&
               mine.links != 0 && mine.same_file(named);
    }

    /// True if the ring's name leads to nothing, or to another file.
    [[nodiscard]] bool has_lost_its_name() const noexcept {
        return lost_its_name(segment_.file, path_);
    }

    Segment segment_;
    std::string name_;
    std::string path_;
    WakePoint own_point_;
    WakePoint peer_point_;
    Role role_ = Role::kProducer;
    std::uint32_t owner_ = 0;
    std::uint32_t forks_ = 0;
    bool is_registered_ = false;
    bool fences_ = false;
    bool has_two_names_ = false;
};

/// Both sides may do this at once. Each says that it has closed before it looks whether the other
/// one has, so that one of them sees it; and none waits for a lock while it holds one that the
/// other waits for: a producer gives its own back first, and takes both in the order consumer,
/// producer.
template <class IsDrained>
bool Attachment::take_leave(const IsDrained& is_drained) noexcept {
    word32(own().control).store(0, std::memory_order_relaxed);
    word32(own().state).store(kStateClosed, std::memory_order_release);
    ring_bell();
    full_fence();
    if (!is_drained()) return false;
    const bool is_producer = role_ == Role::kProducer;
    if (is_producer) unlock(own());
    // A holder that says "closed" is closing at the same time. Any other one stays.
    const auto patience = [&] {
        const bool soon = state(peer()) == kStateClosed && is_drained();
        return soon ? kTransitionRetryNs : 0;
    };
    if (lock(peer(), patience) != 0) return false;
    const bool has_both = !is_producer || segment_.file.lock(own().lock_offset) == 0;
    if (has_both && is_drained() && has_its_name()) return true;
    unlock(peer());
    return false;
}

inline void Attachment::close(bool remove_file) noexcept {
    segment_.unmap();
    if (remove_file) {
        const int failed = File::remove(path_);
        if (failed != 0 && failed != ENOENT) {
            detail::attempt([&] {
                const Error error = system_failure(failed, "remove", path_);
                report_line(LogLevel::kWarning, error.message());
            });
        }
    }
    // A forked child may keep the file open: closing alone would leave the roles taken. In that
    // child, unlocking would take the role from its parent.
    if (!forked()) {
        if (remove_file) unlock(peer());
        unlock(own());
    }
    segment_.file.close();
}

inline Error Attachment::open_or_create(const std::string& folder, const Options& options) {
    for (int round = 0; round < kRaces; ++round) {
        Error error;
        if (options.mode != Mode::kCreateOnly) {
            error = open_segment(path_, options, true, segment_);
            if (error.code() != Errc::kNotFound || options.mode == Mode::kOpenOnly) return error;
        }
        error = create_segment(folder, name_, options, segment_);
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
        return state(own()) == kStateAttached ? kRoleRetryNs : kTransitionRetryNs;
    });
    if (failed == 0 || !has_its_name()) return {};
    return failed == EAGAIN ? role_taken() : system_failure(failed, "lock", path_);
}

/// The lock does not say whose it is, and the header names who attached last.
inline Error Attachment::role_taken() const {
    const std::uint32_t pid = word32(own().pid).load(std::memory_order_relaxed);
    const std::string start =
        concat({in_quotes(path_), ": the ", own().name, " role is taken by "});
    if (pid == 0) {
        return {Errc::kRoleTaken, concat({start, "a process that is about to attach"})};
    }
    const char* ended =
        process_exists(pid) ? "" : ", which has ended; a child that it forked may hold the role";
    return {Errc::kRoleTaken, concat({start, "process ", std::to_string(pid), ended}), 0, pid};
}

/// Prepares sleeping and waking.
inline Error Attachment::open_points() {
    const bool is_producer = role_ == Role::kProducer;
    const std::uint64_t created =
        word64(ring_header::kCreatedUnixNsOffset).load(std::memory_order_relaxed);
    int failed = own_point_.open(path_, created, is_producer ? "data" : "space");
    if (failed == 0) failed = peer_point_.open(path_, created, is_producer ? "space" : "data");
    return failed == 0 ? Error() : system_failure(failed, "make the events of", path_);
}

inline Error Attachment::open(std::string_view name, const Options& options, Role role) {
    if (Error error = check_name(name)) return error;
    if (Error error = check_times(options)) return error;
    if (options.capacity.given()) {
        std::uint64_t asked = 0;
        if (Error error = resolve_capacity(options.capacity, asked)) return error;
    }
    const std::string folder = ring_folder(options.directory);
    name_ = name;
    path_ = ring_path(folder, name);
    role_ = role;
    owner_ = process_id();
    count_forks();
    forks_ = forks.load(std::memory_order_relaxed);
    is_registered_ = register_for_peer_fences();
    fences_ = is_registered_;
    for (int round = 0; round < kRaces; ++round) {
        if (Error error = open_or_create(folder, options)) return error;
        if (Error error = take_role()) return error;
        // Whoever tidies up holds both locks: with the lock taken, a name that leads here stays.
        if (has_its_name()) return open_points();
        segment_ = Segment();
    }
    return {Errc::kRemoved,
            concat({in_quotes(path_), " is removed again and again while it is opened"})};
}

}  // namespace detail

// ---------------------------------------------------------------------------------------------
// What both sides have in common
// ---------------------------------------------------------------------------------------------

/// One side of a ring: what a producer and a consumer have in common. Neither is destroyed as one.
class SharedMemorySide {
public:
    SharedMemorySide(const SharedMemorySide&) = delete;
    SharedMemorySide& operator=(const SharedMemorySide&) = delete;

    /// Stores the time of a sign of life for the other side to see; any thread.
    void heartbeat() noexcept { ring_.heartbeat(); }
    /// Ends a wait in another thread with kTimeout, or, if there is none, the next one.
    void interrupt() noexcept { ring_.interrupt(sleeper_); }

    /// The ring: its name, size and counters.
    [[nodiscard]] const RingBuffer& ring() const noexcept { return ring_; }
    /// The ring's name, without folder and prefix.
    [[nodiscard]] const std::string& name() const noexcept { return ring_.name(); }
    /// The ring's file.
    [[nodiscard]] const std::string& path() const noexcept { return ring_.path(); }
    /// Size of the data area in bytes.
    [[nodiscard]] std::uint64_t capacity() const noexcept { return ring_.capacity(); }
    /// False when the ring was made from a spec with other message types or structs.
    [[nodiscard]] bool schema_matches() const noexcept { return ring_.schema_matches(); }
    /// False after close().
    [[nodiscard]] bool is_open() const noexcept { return ring_.is_open(); }
    /// The counters of both sides.
    [[nodiscard]] Statistics statistics() const noexcept { return ring_.statistics(); }
    /// All that the ring's header says.
    [[nodiscard]] Snapshot snapshot() const noexcept { return ring_.snapshot(); }
    /// The other side's life; kStalled when its heartbeat is older than `stall`.
    [[nodiscard]] PeerState peer_state(Timeout stall = kForever) const noexcept {
        return ring_.peer_state(stall);
    }
    /// Largest payload in bytes of one message.
    [[nodiscard]] std::size_t largest_payload() const noexcept { return ring_.largest_payload(); }
    /// The details of the last operation that failed with an error.
    [[nodiscard]] const Error& last_error() const noexcept { return failures_.last(); }

protected:
    SharedMemorySide() noexcept = default;
    ~SharedMemorySide() = default;

    /// Prepares sleeping and waking.
    void start(const Options& options) noexcept {
        options_ = options;
        waker_.start(ring_.attachment_);
        sleeper_.start(ring_.attachment_, options.diagnose_wakeups);
        patience_.start(options);
    }

    /// Takes note of a failure that the caller is told.
    Errc refuse(Errc code, std::uint64_t expected = 0, std::uint64_t found = 0) noexcept {
        failures_.note(ring_.name(), code, expected, found);
        return code;
    }

    /// Waits until a live side is attached on the other end.
    [[nodiscard]] bool await_peer(Timeout timeout) noexcept {
        return detail::wait_for_peer(ring_.attachment_, watch_, sleeper_, timeout);
    }

    Options options_;
    detail::Failures failures_;
    detail::Sleeper sleeper_;
    detail::Patience patience_;
    detail::PeerWatch watch_;
    RingBuffer ring_;
    detail::Waker waker_;
};

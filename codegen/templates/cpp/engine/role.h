// ---------------------------------------------------------------------------------------------
// What one side knows of the other
// ---------------------------------------------------------------------------------------------

namespace detail {

/// How often a blocked or polling side looks whether its peer lives, and the bound of a sleep.
inline constexpr std::uint64_t kLivenessNs = 100000000;

/// A spinning call looks at the clock once in so many looks, plus one.
inline constexpr std::uint32_t kClockMask = 1023;

/// Watches the other side of a ring: whether it has closed, died, or lost the file.
class PeerWatch {
public:
    /// Starts to watch. Nothing is known yet: the first look reads the peer's state.
    void start(Attachment& attachment) noexcept {
        attachment_ = &attachment;
        seen_sequence_ = sequence() - 1;
    }

    /// Cheap look, for every time the ring is found empty (or full): reads the peer's state when
    /// its sequence has moved since the last look. kOk if there is nothing to tell.
    [[nodiscard]] Errc look() noexcept {
        if (removed_) return Errc::kRemoved;
        const std::uint32_t now = sequence();
        if (likely(now == seen_sequence_)) return closed_ ? Errc::kClosed : Errc::kOk;
        seen_sequence_ = now;
        closed_ = state() == kStateClosed;
        return closed_ ? Errc::kClosed : Errc::kOk;
    }

    /// The look that costs system calls: is the lock still held, has the file still a name?
    [[nodiscard]] Errc check_alive() noexcept {
        checked_ns_ = monotonic_ns();
        if (attachment_->removed()) {
            removed_ = true;
            return Errc::kRemoved;
        }
        const std::uint32_t epoch = attachment_->epoch(attachment_->peer());
        if (state() != kStateAttached || attachment_->peer_alive()) return Errc::kOk;
        // Read again, the state first: the peer may have closed just before its lock went, and a
        // new one come, whose epoch is stored before its state.
        if (state() != kStateAttached) return Errc::kOk;
        const bool same = epoch == attachment_->epoch(attachment_->peer());
        if (!same || epoch == reported_epoch_) return Errc::kOk;
        dead_epoch_ = epoch;
        return Errc::kPeerDied;
    }

    /// The same for those who poll: looks at the clock every 4096th time.
    [[nodiscard]] Errc poll() noexcept {
        const Errc cheap = look();
        if (cheap != Errc::kOk || (++polls_ & kPollMask) != 0) return cheap;
        return due() ? check_alive() : Errc::kOk;
    }

    /// True when the last check_alive() is long enough ago.
    [[nodiscard]] bool due() const noexcept { return monotonic_ns() - checked_ns_ >= kLivenessNs; }

    /// A death is told once: called when the caller has been told.
    void told(Errc what) noexcept {
        if (what == Errc::kPeerDied) reported_epoch_ = dead_epoch_;
    }

    /// The caller did not hear of it after all.
    void untold(Errc what) noexcept {
        if (what == Errc::kPeerDied) reported_epoch_ = kNone;
    }

    /// The peer's sequence at the last look: what to sleep on, so that no change is slept over.
    [[nodiscard]] std::uint32_t seen_sequence() const noexcept { return seen_sequence_; }

private:
    static constexpr std::uint32_t kPollMask = 4095;
    static constexpr std::uint64_t kNone = ~0ULL;

    [[nodiscard]] std::uint32_t sequence() const noexcept {
        return attachment_->word32(attachment_->peer().sequence).load(std::memory_order_acquire);
    }
    [[nodiscard]] std::uint32_t state() const noexcept {
        return attachment_->word32(attachment_->peer().state).load(std::memory_order_acquire);
    }

    Attachment* attachment_ = nullptr;
    std::uint64_t checked_ns_ = 0;
    std::uint32_t seen_sequence_ = 0;
    std::uint64_t reported_epoch_ = kNone;
    std::uint32_t dead_epoch_ = 0;
    std::uint32_t polls_ = 0;
    bool closed_ = false;
    bool removed_ = false;
};

}  // namespace detail

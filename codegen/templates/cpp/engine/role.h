// ---------------------------------------------------------------------------------------------
// What one side knows of the other
// ---------------------------------------------------------------------------------------------

namespace detail {

/// Watches the other side of a ring: whether it has closed, died, or lost the file.
///
/// The end of a peer is an event: it is told once for each of them. The loss of the file is a
/// state, and is told before any end.
class PeerWatch {
public:
    /// Starts to watch. An end that lies before is told only to those who have something to read
    /// from before it.
    void start(Attachment& attachment, bool has_something_to_read) noexcept {
        attachment_ = &attachment;
        seen_sequence_ = sequence();
        if (has_something_to_read) {
            has_untold_ = true;
            return;
        }
        const std::uint32_t state = peer_state();
        const bool is_dead = state == kStateAttached && !attachment.peer_alive();
        if (state == kStateClosed || is_dead) told_ = End{state, peer_epoch(), seen_sequence_};
    }

    /// Cheap look, for every time the ring is found empty (or full): reads the peer's state when
    /// its sequence has moved since the last look. kOk if there is nothing to tell.
    [[nodiscard]] Errc look() noexcept {
        if (removed_) return Errc::kRemoved;
        const std::uint32_t now = sequence();
        if (likely(now == seen_sequence_ && !has_untold_)) return Errc::kOk;
        return look_at_state(now);
    }

    /// The look that costs system calls: is the lock still held, has the file still a name?
    [[nodiscard]] Errc check_alive() noexcept {
        checked_ns_ = monotonic_ns();
        if (check_name() == Errc::kRemoved) return Errc::kRemoved;
        const std::uint32_t epoch = peer_epoch();
        if (peer_state() != kStateAttached || attachment_->peer_alive()) return Errc::kOk;
        // Read again, the state first: the peer may have closed just before its lock went, and a
        // new one come, whose epoch is stored before its state.
        if (peer_state() != kStateAttached || epoch != peer_epoch()) return Errc::kOk;
        found_ = End{kStateAttached, epoch, seen_sequence_};
        return is_told(found_) ? Errc::kOk : Errc::kPeerDied;
    }

    /// The same for those who poll: looks at the clock every 4096th time.
    [[nodiscard]] Errc poll() noexcept {
        const Errc cheap = look();
        if (cheap != Errc::kOk || ++polls_ % kPollLooks != 0) return cheap;
        return due(monotonic_ns()) ? check_alive() : Errc::kOk;
    }

    /// For a producer that has room: looks whether the file still has its name, if the last such
    /// look is long enough ago.
    [[nodiscard]] Errc check_name_if_due() noexcept {
        if (removed_) return Errc::kRemoved;
        return monotonic_ns() - named_ns_ < kLivenessNs ? Errc::kOk : check_name();
    }

    /// True when at the time `now` the last check_alive() is long enough ago.
    [[nodiscard]] bool due(std::uint64_t now) const noexcept {
        return now - checked_ns_ >= kLivenessNs;
    }

    /// The caller has been told of an end.
    void told(Errc what) noexcept {
        if (what != Errc::kClosed && what != Errc::kPeerDied) return;
        told_ = found_;
        has_untold_ = false;
    }

    [[nodiscard]] bool is_removed() const noexcept { return removed_; }

    /// The peer's sequence at the last look: what to sleep on, so that no change is slept over.
    [[nodiscard]] std::uint32_t seen_sequence() const noexcept { return seen_sequence_; }

private:
    /// How a peer ended, as the header says it.
    struct End {
        /// Closed, or attached without a lock: died. Never: no end.
        std::uint32_t state = kStateNever;
        std::uint32_t epoch = 0;
        std::uint32_t sequence = 0;
    };

    BITRPC_DETAIL_COLD Errc look_at_state(std::uint32_t now) noexcept {
        seen_sequence_ = now;
        found_ = End{peer_state(), peer_epoch(), now};
        has_untold_ = found_.state == kStateClosed && !is_told(found_);
        if (!has_untold_) return Errc::kOk;
        return check_name() == Errc::kRemoved ? Errc::kRemoved : Errc::kClosed;
    }

    /// An epoch may be counted for a peer that is only about to attach, while the state is still
    /// that of the one before: then the sequence, which moves with each attaching and each closing,
    /// tells the two apart.
    [[nodiscard]] bool is_told(const End& end) const noexcept {
        if (end.state != told_.state || end.epoch != told_.epoch) return false;
        return end.state != kStateClosed || end.sequence - told_.sequence < 2;
    }

    [[nodiscard]] Errc check_name() noexcept {
        named_ns_ = monotonic_ns();
        if (!removed_ && attachment_->removed()) {
            removed_ = true;
            // Its other side looks, too, as soon as it finds that it has to fence.
            attachment_->stop_fencing();
        }
        return removed_ ? Errc::kRemoved : Errc::kOk;
    }

    [[nodiscard]] std::uint32_t sequence() const noexcept {
        return attachment_->word32(attachment_->peer().sequence).load(std::memory_order_acquire);
    }
    [[nodiscard]] std::uint32_t peer_state() const noexcept {
        return attachment_->state(attachment_->peer());
    }
    [[nodiscard]] std::uint32_t peer_epoch() const noexcept {
        return attachment_->epoch(attachment_->peer());
    }

    Attachment* attachment_ = nullptr;
    std::uint64_t checked_ns_ = 0;
    std::uint64_t named_ns_ = 0;
    std::uint32_t seen_sequence_ = 0;
    std::uint32_t polls_ = 0;
    /// The end that was noticed last, and the one that was told last.
    End found_;
    End told_;
    /// The last look found an end that was not told.
    bool has_untold_ = false;
    bool removed_ = false;
};

}  // namespace detail

// ---------------------------------------------------------------------------------------------
// Sleeping and waking
// ---------------------------------------------------------------------------------------------

namespace detail {

/// When a blocking call gives up. Reads the clock only once it is asked.
class Deadline {
public:
    /// -1 never, 0 at once, else so many milliseconds after the first look at the clock.
    explicit Deadline(int timeout_ms) noexcept : timeout_ms_(timeout_ms) {}

    /// True for a call that does not wait.
    [[nodiscard]] bool immediate() const noexcept { return timeout_ms_ == 0; }

    /// Nanoseconds left, at most `limit`; 0 when the time is over.
    [[nodiscard]] std::uint64_t left(std::uint64_t limit) noexcept {
        if (timeout_ms_ < 0) return limit;
        const std::uint64_t now = monotonic_ns();
        if (end_ == 0) end_ = now + static_cast<std::uint64_t>(timeout_ms_) * 1000000U;
        if (now >= end_) return 0;
        return end_ - now < limit ? end_ - now : limit;
    }

private:
    int timeout_ms_;
    std::uint64_t end_ = 0;
};

/// Wakes the other side if it sleeps: what each side does after it has published something.
class Waker {
public:
    void start(Attachment& attachment) noexcept {
        attachment_ = &attachment;
        control_ = &attachment.word32(attachment.peer().control);
        // The value of the low bits that allows to skip the fence and needs no wake; none if this
        // process cannot be fenced by the sleeper.
        quiet_ = attachment.can_fence() ? kCanMembarrier : kNever;
    }

    /// Called after each publication. One load in the steady state: the sleeper's membarrier makes
    /// the fence between the publication and this load needless.
    BITRPC_DETAIL_INLINE void published() noexcept {
        compiler_fence();
        const std::uint32_t control = control_->load(std::memory_order_relaxed);
        if (unlikely((control & (kWaiting | kCanMembarrier)) != quiet_)) wake_if_asleep(control);
    }

private:
    static constexpr std::uint32_t kNever = 4;

    BITRPC_DETAIL_COLD void wake_if_asleep(std::uint32_t control) noexcept {
        if (quiet_ == kNever || (control & kCanMembarrier) == 0) {
            full_fence();
            control = control_->load(std::memory_order_relaxed);
        }
        if ((control & kWaiting) == 0) return;
        // A sleeper that has been woken already, and not run yet, still names the old sequence.
        const auto& sequence = attachment_->word32(attachment_->own().sequence);
        const std::uint32_t current = sequence.load(std::memory_order_relaxed);
        if ((control >> kSequenceShift) != (current << kSequenceShift >> kSequenceShift)) return;
        attachment_->ring_bell();
    }

    Attachment* attachment_ = nullptr;
    std::atomic<std::uint32_t>* control_ = nullptr;
    std::uint32_t quiet_ = kNever;
};

/// Sleeps until the other side publishes something.
class Sleeper {
public:
    void start(Attachment& attachment) noexcept { attachment_ = &attachment; }

    /// Sleeps at most `ns` and never longer than the bound after which peers are checked. Returns
    /// early when `ready()` is true, when the peer's sequence is no longer `seen`, or at a wake.
    template <class Ready>
    void sleep(std::uint32_t seen, std::uint64_t ns, const Ready& ready) noexcept {
        auto& control = attachment_->word32(attachment_->own().control);
        auto& sequence = attachment_->word32(attachment_->peer().sequence);
        const std::uint32_t quiet = attachment_->quiet_control();
        if (sequence.load(std::memory_order_acquire) != seen) return;
        control.store(kWaiting | quiet | seen << kSequenceShift, std::memory_order_relaxed);
        full_fence();
        if (attachment_->can_fence()) fence_peers();
        if (!ready()) {
            const bool woken = attachment_->peer_point().wait(sequence, seen, ns);
            if (!woken && ns >= kLivenessNs && ready()) count_if_missed(sequence, seen);
        }
        control.store(quiet, std::memory_order_relaxed);
    }

    /// Ends a sleep from another thread, without a message.
    void interrupt() noexcept {
        attachment_->peer_point().wake(attachment_->word32(attachment_->peer().sequence));
    }

private:
    static constexpr int kSecondChances = 10;

    /// A sleep that its bound ended although there is something to take: the waker may be between
    /// publishing and waking, so it gets another second before this counts as a missed wake-up.
    BITRPC_DETAIL_COLD void count_if_missed(std::atomic<std::uint32_t>& sequence,
                                            std::uint32_t seen) noexcept {
        for (int chance = 0; chance < kSecondChances; ++chance) {
            if (!attachment_->peer_alive()) return;
            if (attachment_->peer_point().wait(sequence, seen, kLivenessNs)) return;
        }
        auto& missed = attachment_->word64(attachment_->own().missed_wakeups);
        missed.store(missed.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
        log_line(LogLevel::kError, concat({"missed wake-up on ", in_quotes(attachment_->path())}));
    }

    Attachment* attachment_ = nullptr;
};

}  // namespace detail

// ---------------------------------------------------------------------------------------------
// Sleeping and waking
// ---------------------------------------------------------------------------------------------

namespace detail {

/// When a blocking call gives up. It begins with the first look at the clock.
class Deadline {
public:
    explicit Deadline(Timeout timeout) noexcept : timeout_(timeout) {}

    /// True for a call that does not wait.
    [[nodiscard]] bool immediate() const noexcept { return timeout_.ns() == 0; }

    /// Nanoseconds left at the time `now`, at most `limit`; 0 when the time is over.
    [[nodiscard]] std::uint64_t left(std::uint64_t now, std::uint64_t limit) noexcept {
        if (timeout_.is_forever()) return limit;
        if (end_ == 0) end_ = now + timeout_.ns();
        if (now >= end_) return 0;
        return end_ - now < limit ? end_ - now : limit;
    }

private:
    Timeout timeout_;
    std::uint64_t end_ = 0;
};

/// How long a blocking call looks before it sleeps. It begins with the first look at the clock.
class Spin {
public:
    explicit Spin(const Options& options) noexcept
        : longest_(options.wait_strategy == WaitStrategy::kSpin ? kForever : options.spin),
          is_over_(longest_.ns() == 0) {}

    [[nodiscard]] bool is_over() const noexcept { return is_over_; }

    void look(std::uint64_t now) noexcept {
        if (start_ == 0) start_ = now;
        is_over_ = !longest_.is_forever() && now - start_ >= longest_.ns();
    }

private:
    Timeout longest_;
    std::uint64_t start_ = 0;
    bool is_over_;
};

/// Wakes the other side if it sleeps: what each side does after it has published something.
class Waker {
public:
    void start(Attachment& attachment) noexcept {
        attachment_ = &attachment;
        control_ = &attachment.word32(attachment.peer().control);
        // The value of the low bits that allows to skip the fence and needs no wake; none if this
        // process cannot be fenced by the sleeper.
        quiet_ = attachment.is_registered() ? kCanMembarrier : kNever;
    }

    /// Called after each publication. One load in the steady state: the sleeper's membarrier makes
    /// the fence between the publication and this load needless. True if there was reason to look
    /// around: the other side sleeps, is not there, or wants it.
    BITRPC_DETAIL_INLINE bool published() noexcept {
        compiler_fence();
        const std::uint32_t control = control_->load(std::memory_order_relaxed);
        if (likely((control & (kWaiting | kCanMembarrier)) == quiet_)) return false;
        return wake_if_asleep(control);
    }

private:
    static constexpr std::uint32_t kNever = 4;

    BITRPC_DETAIL_COLD bool wake_if_asleep(std::uint32_t control) noexcept {
        // Of those who have to fence always, only a sleeper is news.
        bool is_news = false;
        if (quiet_ == kNever || (control & kCanMembarrier) == 0) {
            is_news = quiet_ != kNever;
            full_fence();
            control = control_->load(std::memory_order_relaxed);
        }
        if ((control & kWaiting) == 0) return is_news;
        // A sleeper that has been woken already, and not run yet, still names the old sequence.
        const auto& sequence = attachment_->word32(attachment_->own().sequence);
        const std::uint32_t current = sequence.load(std::memory_order_relaxed);
        if ((control >> kSequenceShift) == (current << kSequenceShift >> kSequenceShift)) {
            attachment_->ring_bell();
        }
        return true;
    }

    Attachment* attachment_ = nullptr;
    std::atomic<std::uint32_t>* control_ = nullptr;
    std::uint32_t quiet_ = kNever;
};

/// Sleeps until the other side publishes something, or somebody interrupts.
class Sleeper {
public:
    void start(Attachment& attachment, bool diagnoses) noexcept {
        attachment_ = &attachment;
        diagnoses_ = diagnoses;
    }

    /// Sleeps at most `ns` and never longer than the bound after which peers are checked. Returns
    /// early when `ready()` is true, when the peer's sequence is no longer `seen`, or at a wake.
    template <class Ready>
    void sleep(std::uint32_t seen, std::uint64_t ns, const Ready& ready) noexcept {
        auto& control = attachment_->word32(attachment_->own().control);
        auto& sequence = attachment_->word32(attachment_->peer().sequence);
        if (sequence.load(std::memory_order_acquire) != seen) return;
        asleep_.store(true, std::memory_order_relaxed);
        control.store(kWaiting | attachment_->quiet_control() | seen << kSequenceShift,
                      std::memory_order_relaxed);
        full_fence();
        if (attachment_->fences() && !fence_peers()) fence_no_more(control, seen);
        if (unlikely(refused_ns_ != 0)) ns = shortened(ns);
        if (!interrupted_.load(std::memory_order_relaxed) && !ready()) {
            const bool woken = attachment_->peer_point().wait(sequence, seen, ns, interrupted_);
            if (!woken && diagnoses_ && ns >= kLivenessNs && ready()) diagnose(sequence, seen);
        }
        control.store(attachment_->quiet_control(), std::memory_order_relaxed);
        asleep_.store(false, std::memory_order_release);
    }

    /// Ends the wait of the side's own thread, or its next one, from another thread.
    void interrupt() noexcept {
        interrupted_.store(true, std::memory_order_relaxed);
        full_fence();
    }

    /// Wakes a sleeper that an interrupt is meant for, until it is awake: it may have looked for
    /// interrupts already, and not sleep yet.
    void wake_interrupted() noexcept {
        auto& sequence = attachment_->word32(attachment_->peer().sequence);
        while (asleep_.load(std::memory_order_acquire) &&
               interrupted_.load(std::memory_order_relaxed)) {
            attachment_->peer_point().wake(sequence);
            sleep_ns(kWakeNapNs);
        }
    }

    /// True, once, for each interrupt.
    [[nodiscard]] bool take_interrupt() noexcept {
        if (likely(!interrupted_.load(std::memory_order_relaxed))) return false;
        return interrupted_.exchange(false, std::memory_order_acquire);
    }

private:
    static constexpr int kSecondChances = 10;
    static constexpr std::uint64_t kWakeNapNs = 50000;
    /// Long enough for a store of before to be visible everywhere.
    static constexpr std::uint64_t kStaleNs = 1000000;

    /// The kernel takes no membarriers any more: wakers fence from now on.
    BITRPC_DETAIL_COLD void fence_no_more(std::atomic<std::uint32_t>& control,
                                          std::uint32_t seen) noexcept {
        attachment_->stop_fencing();
        control.store(kWaiting | attachment_->quiet_control() | seen << kSequenceShift,
                      std::memory_order_relaxed);
        full_fence();
        refused_ns_ = monotonic_ns();
    }

    /// A waker that had not seen the refusal yet may have published without a fence: a sleep that
    /// begins before that is visible for certain is short, be it the first one or not.
    [[nodiscard]] BITRPC_DETAIL_COLD std::uint64_t shortened(std::uint64_t ns) const noexcept {
        const bool is_recent = monotonic_ns() - refused_ns_ <= kStaleNs;
        return is_recent && ns > kStaleNs ? kStaleNs : ns;
    }

    /// A sleep that its bound ended although there is something to take: the waker may be between
    /// publishing and waking, so it gets another second before this counts as a missed wake-up.
    BITRPC_DETAIL_COLD void diagnose(std::atomic<std::uint32_t>& sequence,
                                     std::uint32_t seen) noexcept {
        for (int chance = 0; chance < kSecondChances; ++chance) {
            if (!attachment_->peer_alive()) return;
            if (interrupted_.load(std::memory_order_relaxed)) return;
            if (attachment_->peer_point().wait(sequence, seen, kLivenessNs, interrupted_)) return;
        }
        auto& missed = attachment_->word64(attachment_->own().missed_wakeups);
        missed.store(missed.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
        detail::attempt([&] {
            log_line(LogLevel::kError,
                     concat({"missed wake-up on ", in_quotes(attachment_->path())}));
        });
    }

    Attachment* attachment_ = nullptr;
    /// When a membarrier was refused; 0: never.
    std::uint64_t refused_ns_ = 0;
    /// Set by other threads.
    std::atomic<bool> interrupted_{false};
    /// True from before the last look for an interrupt to after the sleep.
    std::atomic<bool> asleep_{false};
    bool diagnoses_ = false;
};

/// Waits until a live peer is attached; false if the time is over, the file was removed, or
/// somebody interrupts.
[[nodiscard]] inline bool wait_for_peer(Attachment& attachment, PeerWatch& watch, Sleeper& sleeper,
                                        Timeout timeout) noexcept {
    Deadline deadline(timeout);
    for (;;) {
        const std::uint32_t seen =
            attachment.word32(attachment.peer().sequence).load(std::memory_order_acquire);
        if (attachment.state(attachment.peer()) == kStateAttached && attachment.peer_alive()) {
            return true;
        }
        if (watch.check_name_if_due() != Errc::kOk) return false;
        const std::uint64_t left = deadline.left(monotonic_ns(), kLivenessNs);
        if (left == 0 || sleeper.take_interrupt()) return false;
        // Attaching moves the sequence, and wakes.
        sleeper.sleep(seen, left, [] { return false; });
    }
}

}  // namespace detail

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

    /// True when the time is over.
    [[nodiscard]] bool is_over() noexcept { return left(monotonic_ns(), 1) == 0; }

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

/// Counts missed wake-ups, if Options::diagnose_wakeups asks for it: the bound of every sleep would
/// hide a broken handshake.
class WakeupDiagnosis {
public:
    void start(Attachment& attachment, bool is_wanted) noexcept {
        attachment_ = &attachment;
        is_wanted_ = is_wanted;
    }

    /// To be called after a sleep of `ns` that its bound ended. `ready()` says whether there was a
    /// reason to end it; `sleep_on(ns)` goes on with it, and says whether something woke it.
    template <class Ready, class SleepOn>
    void examine(std::uint64_t ns, const Ready& ready, const SleepOn& sleep_on) const noexcept {
        if (!is_wanted_ || ns < kLivenessNs || !ready()) return;
        if (nobody_wakes(sleep_on)) count();
    }

private:
    /// Tells a waker that is merely between publishing and waking from one that forgot.
    template <class SleepOn>
    [[nodiscard]] bool nobody_wakes(const SleepOn& sleep_on) const noexcept {
        for (int slice = 0; slice < kDiagnosisSlices; ++slice) {
            // A waker that died in between could not wake.
            if (!attachment_->peer_alive() || sleep_on(kLivenessNs)) return false;
        }
        return attachment_->peer_alive();
    }

    void count() const noexcept {
        auto& missed = attachment_->word64(attachment_->own().missed_wakeups);
        missed.store(missed.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
        detail::attempt([&] {
            log_line(LogLevel::kError,
                     concat({"missed wake-up on ", in_quotes(attachment_->path())}));
        });
    }

    Attachment* attachment_ = nullptr;
    bool is_wanted_ = false;
};

/// Sleeps until the other side publishes something, or somebody interrupts.
class Sleeper {
public:
    void start(Attachment& attachment, bool diagnoses) noexcept {
        attachment_ = &attachment;
        diagnosis_.start(attachment, diagnoses);
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
        const auto sleep_on = [&](std::uint64_t most) {
            return interrupted() ||
                   attachment_->peer_point().wait(sequence, seen, most, interrupted_);
        };
        if (!ready() && !sleep_on(ns)) diagnosis_.examine(ns, ready, sleep_on);
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
        while (asleep_.load(std::memory_order_acquire) && interrupted()) {
            attachment_->peer_point().wake(sequence);
            sleep_ns(kWakeNapNs);
        }
    }

    /// True while there is an interrupt that nobody took.
    [[nodiscard]] bool interrupted() const noexcept {
        return interrupted_.load(std::memory_order_relaxed);
    }

    /// True, once, for each interrupt.
    [[nodiscard]] bool take_interrupt() noexcept {
        if (likely(!interrupted())) return false;
        return interrupted_.exchange(false, std::memory_order_acquire);
    }

private:
    static constexpr std::uint64_t kWakeNapNs = 50000;

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
        const bool is_recent = monotonic_ns() - refused_ns_ <= kRefusedNapNs;
        return is_recent && ns > kRefusedNapNs ? kRefusedNapNs : ns;
    }

    Attachment* attachment_ = nullptr;
    /// When a membarrier was refused; 0: never.
    std::uint64_t refused_ns_ = 0;
    /// Set by other threads.
    std::atomic<bool> interrupted_{false};
    /// True from before the last look for an interrupt to after the sleep.
    std::atomic<bool> asleep_{false};
    WakeupDiagnosis diagnosis_;
};

/// How a wait ended.
enum class Waited : std::uint8_t {
    /// What was waited for is there.
    kReady,
    /// It is not, and the time is over, or another thread wanted the wait to end.
    kTimedOut,
    /// It is not, and will not be for now: the other side has ended.
    kEnded,
};

/// How a blocking call waits: looks for a while, then sleeps in the kernel, in slices in which the
/// other side's life is checked.
class Patience {
public:
    void start(const Options& options) noexcept {
        spin_ = options.wait_strategy == WaitStrategy::kSpin ? kForever : options.spin;
    }

    /// Waits until `ready()`, which looks at the ring. All other answers are given only after it
    /// said no once more; `end` then says how the other side ended, if that is the answer.
    template <class Ready>
    [[nodiscard]] Waited wait(Sleeper& sleeper, PeerWatch& watch, Deadline& deadline,
                              const Ready& ready, Errc& end) const noexcept {
        const auto settle = [&ready](Waited otherwise) {
            return ready() ? Waited::kReady : otherwise;
        };
        // The clock is read only after some looks: most waits in a stream are shorter.
        int looks = spin_.ns() == 0 ? 1 : kLooks;
        std::uint64_t start = 0;
        for (;;) {
            for (int look = 0; look < looks; ++look) {
                if (ready()) return Waited::kReady;
                end = watch.look();
                if (end != Errc::kOk) return settle(Waited::kEnded);
                if (looks != 1) cpu_pause();
            }
            const std::uint64_t now = monotonic_ns();
            if (watch.due(now)) end = watch.check_alive();
            if (end != Errc::kOk) return settle(Waited::kEnded);
            const std::uint64_t left = deadline.left(now, kLivenessNs);
            if (left == 0 || sleeper.take_interrupt()) return settle(Waited::kTimedOut);
            if (start == 0) start = now;
            if (spin_.is_forever() || now - start < spin_.ns()) continue;
            looks = 1;
            sleeper.sleep(watch.seen_sequence(), left, ready);
        }
    }

private:
    /// Looks between two looks at the clock.
    static constexpr int kLooks = 64;

    Timeout spin_ = kForever;
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

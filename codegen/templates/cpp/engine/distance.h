// ---------------------------------------------------------------------------------------------
// Distance
// ---------------------------------------------------------------------------------------------

namespace detail {

/// How far a consumer stays behind its producer in a stream.
///
/// A consumer as fast as its producer polls the very line that is being written, and both slow
/// down to a transfer of that line for every message or two. Pausing a little whenever the ring is
/// found empty lets several lines gather. It also makes messages wait. So a pause has to pay, in
/// bytes for each unit of time, or it is not made; whether it does, only a comparison can tell:
/// stretches of the stream with the pause against stretches without it. PROTOCOL.md, section 7,
/// has the rule, which all engines share.
class DistanceRule {
public:
    /// The shortest pause, and the longest.
    static constexpr std::uint64_t kShortestPauseNs = 800;
    static constexpr std::uint64_t kLongestPauseNs = 25600;
    /// With a distance, a run shorter than this (or a quarter of the ring) doubles the pause,
    static constexpr std::uint64_t kShortRun = 64U * 1024U;
    /// and a run longer than this takes a quarter off.
    static constexpr std::uint64_t kLongRun = 256U * 1024U;
    /// So many runs of a single message in a row say that nothing gathers in the pauses.
    static constexpr std::uint32_t kLoneRuns = 3;
    /// Runs between two looks at the clock while there is no distance. A try may begin if these
    /// took no longer than so many nanoseconds.
    static constexpr std::uint32_t kRunsNear = 64;
    static constexpr std::uint64_t kFastNs = 64000;
    /// The pause that is tried is as long as these took, divided by this, but not longer than that.
    static constexpr std::uint64_t kPausePart = 4;
    static constexpr std::uint64_t kLongestTryNs = 6400;
    /// A stretch is at least this long, and so many runs with the pause or a multiple of so many
    /// without it.
    static constexpr std::uint64_t kStretchNs = 16000;
    static constexpr std::uint32_t kRunsWith = 4;
    static constexpr std::uint32_t kRunsWithout = 16;
    /// A stretch without the pause that took longer than this was no part of a busy stream.
    static constexpr std::uint64_t kLongestStretchNs = 64000;
    /// With the pause, a stretch has to carry so many tenths of what the one before it carried.
    static constexpr std::uint64_t kGainTenths = 11;
    /// A try, which leads to the distance, takes so many better stretches before so many worse.
    static constexpr std::uint32_t kTryWins = 6;
    static constexpr std::uint32_t kTryLosses = 2;
    /// A check, which follows now and then, takes so many of each.
    static constexpr std::uint32_t kCheckWins = 4;
    static constexpr std::uint32_t kCheckLosses = 4;
    /// A check begins as long after the last comparison as that one was after the try began, at
    /// most this long.
    static constexpr std::uint64_t kCheckNs = 10000000;
    /// After a failure, no try begins for this many times as long as it took, nor for less than
    /// twice as long as after the last failure, but at most for so long.
    static constexpr std::uint64_t kCost = 100;
    static constexpr std::uint64_t kLongestWaitNs = 1000000000;

    void start(std::uint64_t capacity, std::uint64_t position, Distance distance) noexcept {
        short_run_ = capacity / 4 < kShortRun ? capacity / 4 : kShortRun;
        position_ = position;
        active_ = distance == Distance::kAdaptive;
    }

    /// The ring is empty after `messages` and at `position`: for how many nanoseconds to pause
    /// before the next look. 0 if nothing came since the last time.
    template <class Clock>
    [[nodiscard]] std::uint64_t on_empty(std::uint64_t messages, std::uint64_t position,
                                         const Clock& clock_ns) noexcept {
        const std::uint64_t run = messages - messages_;
        if (run == 0 || !active_) return 0;
        const std::uint64_t bytes = position - position_;
        messages_ = messages;
        position_ = position;
        runs_ += 1;
        lone_runs_ = run == 1 ? lone_runs_ + 1 : 0;
        if (phase_ == Phase::kNear && runs_ != kRunsNear) return 0;
        if (phase_ == Phase::kWithout && runs_ % kRunsWithout != 0) return 0;
        advance(bytes, clock_ns());
        return is_pausing() ? pause_ns_ : 0;
    }

    /// True while the consumer pauses at each empty.
    [[nodiscard]] bool is_far() const noexcept { return phase_ == Phase::kFar; }
    /// The pause of a stretch with one, or of the distance.
    [[nodiscard]] std::uint64_t pause_ns() const noexcept { return pause_ns_; }
    /// How long the last failure put off the next try; 0 if none did since the pause paid.
    [[nodiscard]] std::uint64_t wait_ns() const noexcept { return wait_ns_; }

private:
    /// What the consumer does at each empty.
    enum class Phase : std::uint8_t {
        /// Looks again at once.
        kNear,
        /// The same for a single run, which no stretch contains: in a stream of bursts, the
        /// stretch before it ended with a burst, and it begins with the silence up to the next.
        kBetween,
        /// The same for a stretch, which shows what the stream carries without the pause.
        kWithout,
        /// Pauses for a stretch, which shows what it carries with it.
        kWith,
        /// Pauses.
        kFar,
    };

    [[nodiscard]] bool is_pausing() const noexcept {
        return phase_ == Phase::kWith || phase_ == Phase::kFar;
    }

    BITRPC_DETAIL_COLD void advance(std::uint64_t bytes, std::uint64_t now_ns) noexcept {
        switch (phase_) {
            case Phase::kNear: consider(now_ns); break;
            case Phase::kBetween: enter(Phase::kWithout, now_ns); break;
            case Phase::kWithout: go_on_without(now_ns); break;
            case Phase::kWith: go_on_with(now_ns); break;
            case Phase::kFar: keep(bytes, now_ns); break;
        }
    }

    /// Begins a try if the ring is found empty often enough, and the last failure is long ago.
    void consider(std::uint64_t now_ns) noexcept {
        const std::uint64_t took = now_ns - stretch_ns_;
        if (took > kFastNs || now_ns < due_ns_) return enter(Phase::kNear, now_ns);
        pause_ns_ = took / kPausePart < kLongestTryNs ? took / kPausePart : kLongestTryNs;
        if (pause_ns_ < kShortestPauseNs) pause_ns_ = kShortestPauseNs;
        tried_ns_ = now_ns;
        begin(kTryWins, kTryLosses, now_ns);
    }

    void begin(std::uint32_t wins, std::uint32_t losses, std::uint64_t now_ns) noexcept {
        wins_left_ = wins;
        losses_left_ = losses;
        compared_ns_ = now_ns;
        enter(Phase::kBetween, now_ns);
    }

    void enter(Phase phase, std::uint64_t now_ns) noexcept {
        phase_ = phase;
        stretch_position_ = position_;
        stretch_ns_ = now_ns;
        runs_ = 0;
        lone_runs_ = 0;
    }

    void go_on_without(std::uint64_t now_ns) noexcept {
        const std::uint64_t took = now_ns - stretch_ns_;
        if (took > kLongestStretchNs) return fail(now_ns);
        if (took < kStretchNs) return;
        rate_without_ = rate(took);
        enter(Phase::kWith, now_ns);
    }

    void go_on_with(std::uint64_t now_ns) noexcept {
        if (lone_runs_ == kLoneRuns) return fail(now_ns);
        const std::uint64_t took = now_ns - stretch_ns_;
        if (runs_ < kRunsWith || took < kStretchNs) return;
        const bool is_better = rate(took) * 10 >= rate_without_ * kGainTenths;
        std::uint32_t& left = is_better ? wins_left_ : losses_left_;
        left -= 1;
        if (left != 0) return enter(Phase::kBetween, now_ns);
        if (is_better) return succeed(now_ns);
        fail(now_ns);
    }

    /// Bytes of the stretch for each 1024 ns.
    [[nodiscard]] std::uint64_t rate(std::uint64_t took_ns) const noexcept {
        return (position_ - stretch_position_) * 1024 / took_ns;
    }

    void succeed(std::uint64_t now_ns) noexcept {
        // Not for the first time: it has paid for some time.
        if (compared_ns_ != tried_ns_) wait_ns_ = 0;
        const std::uint64_t since = now_ns - tried_ns_;
        due_ns_ = now_ns + (since < kCheckNs ? since : kCheckNs);
        enter(Phase::kFar, now_ns);
    }

    void fail(std::uint64_t now_ns) noexcept {
        const std::uint64_t cost = (now_ns - compared_ns_) * kCost;
        wait_ns_ = cost > wait_ns_ * 2 ? cost : wait_ns_ * 2;
        if (wait_ns_ > kLongestWaitNs) wait_ns_ = kLongestWaitNs;
        due_ns_ = now_ns + wait_ns_;
        enter(Phase::kNear, now_ns);
    }

    /// Fits the pause to the run that it brought.
    void keep(std::uint64_t bytes, std::uint64_t now_ns) noexcept {
        if (bytes < short_run_) {
            pause_ns_ = pause_ns_ * 2 < kLongestPauseNs ? pause_ns_ * 2 : kLongestPauseNs;
        } else if (bytes > kLongRun) {
            pause_ns_ -= pause_ns_ / 4;
            if (pause_ns_ < kShortestPauseNs) pause_ns_ = kShortestPauseNs;
        }
        if (lone_runs_ == kLoneRuns) {
            enter(Phase::kNear, now_ns);
        } else if (now_ns >= due_ns_) {
            begin(kCheckWins, kCheckLosses, now_ns);
        }
    }

    std::uint64_t short_run_ = 0;
    std::uint64_t pause_ns_ = kShortestPauseNs;
    /// The messages and the position when the ring was last found empty.
    std::uint64_t messages_ = 0;
    std::uint64_t position_ = 0;
    /// Where and when the stretch began, the runs since, and those of a single message at its end.
    std::uint64_t stretch_position_ = 0;
    std::uint64_t stretch_ns_ = 0;
    std::uint32_t runs_ = 0;
    std::uint32_t lone_runs_ = 0;
    /// The comparison: when it began, and how it stands.
    std::uint64_t compared_ns_ = 0;
    std::uint64_t rate_without_ = 0;
    std::uint32_t wins_left_ = 0;
    std::uint32_t losses_left_ = 0;
    /// When the try began that led to the distance.
    std::uint64_t tried_ns_ = 0;
    /// When the next comparison may begin.
    std::uint64_t due_ns_ = 0;
    std::uint64_t wait_ns_ = 0;
    Phase phase_ = Phase::kNear;
    bool active_ = false;
};

/// Waits by the clock, as hints alone cannot: one takes 40 to 140 cycles on x86, and next to
/// nothing on some other processors.
inline void pause_for(std::uint64_t ns) noexcept {
    constexpr int kHints = 4;
    const std::uint64_t start = monotonic_ns();
    while (monotonic_ns() - start < ns) {
        for (int i = 0; i < kHints; ++i) cpu_pause();
    }
}

}  // namespace detail

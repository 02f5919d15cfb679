// ---------------------------------------------------------------------------------------------
// Times
// ---------------------------------------------------------------------------------------------

/// How long a call may wait: any std::chrono::duration, or whole milliseconds, of which -1 is
/// kForever.
///
/// 0 is not at all. A time that is too long to count, from some 285 years on, is without bound. A
/// negative one, and one that is not a number, is refused: the call answers kInvalidArgument.
///
///     consumer->receive(std::chrono::milliseconds(20));
///     consumer->receive(20);
class Timeout {
public:
    /// Without bound.
    constexpr Timeout() noexcept = default;
    /// So many milliseconds; -1 is without bound.
    template <class T, std::enable_if_t<std::is_integral_v<T> && !std::is_same_v<T, bool>, int> = 0>
    constexpr Timeout(T milliseconds) noexcept : ns_(of_milliseconds(milliseconds)) {}
    /// As long as this duration.
    template <class Rep, class Period>
    constexpr Timeout(std::chrono::duration<Rep, Period> time) noexcept : ns_(of_duration(time)) {}

    /// False for a time that calls refuse.
    [[nodiscard]] constexpr bool is_valid() const noexcept { return ns_ != kInvalidNs; }
    /// True if it never ends.
    [[nodiscard]] constexpr bool is_forever() const noexcept { return ns_ == kForeverNs; }
    /// Nanoseconds, of a time that is valid and ends.
    [[nodiscard]] constexpr std::uint64_t ns() const noexcept { return ns_; }

private:
    static constexpr std::uint64_t kForeverNs = ~0ULL;
    static constexpr std::uint64_t kInvalidNs = kForeverNs - 1;
    /// Whatever is longer, in seconds, counts as without bound: its nanoseconds fill 63 bits.
    static constexpr double kLongestSeconds = 9e9;

    template <class T>
    static constexpr std::uint64_t of_milliseconds(T time) noexcept {
        if constexpr (std::is_signed_v<T>) {
            if (time == -1) return kForeverNs;
        }
        return of_duration(std::chrono::duration<T, std::milli>(time));
    }

    template <class Rep, class Period>
    static constexpr std::uint64_t of_duration(std::chrono::duration<Rep, Period> time) noexcept {
        const double seconds = std::chrono::duration<double>(time).count();
        // Not a number compares to nothing.
        if (!(seconds >= 0)) return kInvalidNs;
        if (seconds > kLongestSeconds) return kForeverNs;
        const auto ns = std::chrono::duration_cast<std::chrono::nanoseconds>(time);
        return static_cast<std::uint64_t>(ns.count());
    }

    std::uint64_t ns_ = kForeverNs;
};

/// Without bound.
inline constexpr Timeout kForever{};

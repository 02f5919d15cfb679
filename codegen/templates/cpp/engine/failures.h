// ---------------------------------------------------------------------------------------------
// What failed
// ---------------------------------------------------------------------------------------------

namespace detail {

/// The last failure of one side of a ring, and which of them were logged: each event once, and what
/// goes on, or is the caller's fault, once for all its calls.
class Failures {
public:
    /// Takes note of a failure.
    BITRPC_DETAIL_COLD void note(const std::string& ring, Errc code, std::uint64_t expected,
                                 std::uint64_t found) noexcept {
        const bool same =
            last_.code() == code && last_.expected() == expected && last_.found() == found;
        const bool is_event = code == Errc::kClosed || code == Errc::kPeerDied ||
                              is_dropped(code) || (code == Errc::kCorrupt && !same);
        const std::uint64_t bit = 1ULL << static_cast<unsigned>(code);
        const bool is_new = is_event || (logged_ & bit) == 0;
        if (same && !is_new) return;
        logged_ |= bit;
        const bool described = detail::attempt(
            [&] { last_ = Error(code, describe(code, ring, expected, found), expected, found); });
        // Without memory for words, the numbers still tell.
        if (!described) last_ = Error(code, std::string(), expected, found);
        if (is_new) log_line(LogLevel::kWarning, last_.message());
    }

    [[nodiscard]] const Error& last() const noexcept { return last_; }

private:
    static_assert(static_cast<unsigned>(Errc::kUnsupported) < 64, "each result has a bit");

    Error last_;
    std::uint64_t logged_ = 0;
};

}  // namespace detail

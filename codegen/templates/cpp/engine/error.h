/// Why something failed: a result with its details.
class Error {
public:
    /// No error.
    Error() noexcept = default;
    /// An error that says `message`, with what was expected and what was found where that is a
    /// number, and the system's own error code (0 if none).
    Error(Errc code, std::string message, std::uint64_t expected = 0, std::uint64_t found = 0,
          int os_error = 0)
        : code_(code),
          os_error_(os_error),
          expected_(expected),
          found_(found),
          message_(std::move(message)) {}

    /// True when this is an error.
    [[nodiscard]] explicit operator bool() const noexcept { return code_ != Errc::kOk; }
    /// The kind of error.
    [[nodiscard]] Errc code() const noexcept { return code_; }
    /// A sentence that names what was expected and what was found.
    [[nodiscard]] const std::string& message() const noexcept { return message_; }
    /// The expected number: a size, hash, version or capacity; the largest payload for kTooLarge;
    /// the bytes needed for kNoSpace and kNoMemory; the position for kCorrupt. 0 if there is none.
    [[nodiscard]] std::uint64_t expected() const noexcept { return expected_; }
    /// The found number; the bytes free for kNoSpace, the word for kCorrupt, the holder's process
    /// id for kRoleTaken, the place of the first wrong byte for kInvalidUtf8.
    [[nodiscard]] std::uint64_t found() const noexcept { return found_; }
    /// The system's error code (errno, GetLastError), 0 if none.
    [[nodiscard]] int os_error() const noexcept { return os_error_; }

private:
    Errc code_ = Errc::kOk;
    int os_error_ = 0;
    std::uint64_t expected_ = 0;
    std::uint64_t found_ = 0;
    std::string message_;
};

/// The category of std::error_code values made from an Errc.
[[nodiscard]] inline const std::error_category& error_category() noexcept {
    class Category final : public std::error_category {
    public:
        const char* name() const noexcept override { return kProtocolName.data(); }
        std::string message(int value) const override {
            return to_string(static_cast<Errc>(value));
        }
    };
    static const Category category;
    return category;
}

/// Makes a std::error_code; found by argument-dependent lookup.
[[nodiscard]] inline std::error_code make_error_code(Errc code) noexcept {
    return {static_cast<int>(code), error_category()};
}

namespace detail {

/// Does `work` where nothing may be thrown; false if it threw.
template <class Work>
bool attempt(const Work& work) noexcept {
#if defined(__cpp_exceptions)
    try {
        work();
    } catch (...) {
        return false;
    }
#else
    work();
#endif
    return true;
}

inline Error& last_error_slot() noexcept {
    static thread_local Error error;
    return error;
}

/// One text of many, with one allocation.
[[nodiscard]] inline std::string concat(std::initializer_list<std::string_view> parts) {
    std::size_t size = 0;
    for (const std::string_view part : parts) size += part.size();
    std::string text;
    text.reserve(size);
    for (const std::string_view part : parts) text.append(part);
    return text;
}

[[nodiscard]] inline std::string in_quotes(std::string_view text) {
    return concat({"'", text, "'"});
}

/// True for an error that says that a message was dropped: an event, told once.
[[nodiscard]] constexpr bool is_dropped(Errc code) noexcept {
    return code == Errc::kMessageTooLarge || code == Errc::kNoMemory;
}

/// What a failure without numbers means to a caller.
[[nodiscard]] inline const char* explain(Errc code) noexcept {
    if (code == Errc::kInvalidType) return "message type 0 is reserved for padding";
    if (code == Errc::kClosed) return "the other side has closed";
    if (code == Errc::kPeerDied) return "the other side ended without closing";
    if (code == Errc::kRemoved) return "the file was removed";
    if (code == Errc::kDisposed) return "used after close()";
    if (code == Errc::kForked) return "used in a child of the process that attached";
    if (code == Errc::kBusy) return "a claim is open, or a handler runs";
    if (code == Errc::kInvalidArgument) return "a time is negative or not a number";
    return to_string(code);
}

/// What a failed send or receive says, with the numbers that belong to it.
[[nodiscard]] inline std::string describe(Errc code, const std::string& ring,
                                          std::uint64_t expected, std::uint64_t found) {
    const std::string start = concat({"ring ", in_quotes(ring), ": "});
    const std::string wanted = std::to_string(expected);
    const std::string got = std::to_string(found);
    if (code == Errc::kTooLarge) {
        return concat(
            {start, "a payload of ", got, " bytes exceeds the largest of this ring, ", wanted});
    }
    if (code == Errc::kMessageTooLarge) {
        return concat(
            {start, "a fragmented message of ", got, " bytes exceeds the limit of ", wanted});
    }
    if (code == Errc::kNoMemory) {
        return concat({start, "there is no memory for a message of ", wanted, " bytes"});
    }
    if (code == Errc::kCorrupt) {
        return concat({start, "corrupt ring at ", wanted, ": found ", hex_text(found)});
    }
    if (code == Errc::kTypeMismatch) {
        return concat({start, "expected message type ", wanted, ", found ", got});
    }
    if (code == Errc::kSizeMismatch) {
        return concat({start, "expected a payload of ", wanted, " bytes, found ", got});
    }
    if (code == Errc::kInvalidUtf8) {
        return concat({start, "expected UTF-8, found another byte at ", got});
    }
    return concat({start, explain(code)});
}

}  // namespace detail

/// Why the last factory call of this thread returned null. Untouched by calls that succeed.
[[nodiscard]] inline const Error& last_error() noexcept { return detail::last_error_slot(); }

// ---------------------------------------------------------------------------------------------
// Messages
// ---------------------------------------------------------------------------------------------

class ReceivedMessage;

/// A message that lies in the ring or in the consumer's buffer: free to copy, valid until its
/// owner releases it. The sender's promise not to change a published message is all that keeps
/// its bytes still; take a copy (SharedMemoryMessage) when the sender is not trusted.
class MessageView {
public:
    /// No message.
    MessageView() noexcept = default;
    /// A view of a message that is given back at the end of this very expression.
    MessageView(const ReceivedMessage&&) = delete;
    MessageView& operator=(const ReceivedMessage&&) = delete;
    /// The message with this header and payload; for the consumer.
    MessageView(const std::byte* header, std::uint32_t type, ByteView payload) noexcept
        : header_(header), payload_(payload), type_(static_cast<MessageType>(type)) {}

    /// True when there is a message.
    [[nodiscard]] explicit operator bool() const noexcept { return header_ != nullptr; }
    /// Its type.
    [[nodiscard]] MessageType message_type() const noexcept { return type_; }
    /// Its number: counts up by one for each message of the ring, and wraps.
    [[nodiscard]] std::uint32_t message_id() const noexcept {
        return detail::load_field<std::uint32_t>(header_, message_header::kMessageIdOffset);
    }
    /// Its flags.
    [[nodiscard]] MessageFlags flags() const noexcept {
        return detail::load_field<MessageFlags>(header_, message_header::kFlagsOffset);
    }
    /// When it was sent, in nanoseconds of the monotonic clock; 0 if the protocol stamps no time.
    [[nodiscard]] std::uint64_t timestamp_ns() const noexcept {
        if constexpr (message_header::kHasTimestamp) {
            return detail::load_field<std::uint64_t>(header_, message_header::kTimestampOffset);
        } else {
            return 0;
        }
    }
    /// Its payload.
    [[nodiscard]] ByteView payload() const noexcept { return payload_; }
    /// Its payload as text, whatever it holds: see is_utf8().
    [[nodiscard]] std::string_view text() const noexcept { return payload_.text(); }

    /// Copies its payload into a struct: kTypeMismatch unless the struct's own type or plain data,
    /// kSizeMismatch, kInvalidUtf8. No change to `out` if it fails.
    ///
    /// A payload of the struct's own type that is longer comes from a newer version of the spec:
    /// the part that is known is read. Fields that an older version did not have become zero. Plain
    /// data has the size of some version.
    template <class T>
    [[nodiscard]] Status decode(T& out) const {
        return decode(out, false);
    }
    /// The same, but a payload that is longer than the struct is a kSizeMismatch.
    template <class T>
    [[nodiscard]] Status decode_exact(T& out) const {
        return decode(out, true);
    }
    /// The struct where it lies, for those too large to copy; null unless decode() would read all
    /// of its fields. For structs without a variable tail. Valid as long as the message's bytes
    /// are.
    template <class T>
    [[nodiscard]] const T* as() const noexcept {
        static_assert(!detail::kHasTail<T> && std::is_trivially_copyable_v<T>,
                      "a struct of a fixed size lies in a payload as it is in memory");
        static_assert(alignof(T) <= alignof(std::uint64_t), "payloads are aligned for a word");
        constexpr std::size_t kSize = detail::wire_size<T>();
        const bool fits = type_ == kTypeData || !detail::kIsRecord<T> ? payload_.size() == kSize
                                                                      : payload_.size() >= kSize;
        if (!fits || (type_ != kTypeData && type_ != detail::type_of<T>())) return nullptr;
        return static_cast<const T*>(static_cast<const void*>(payload_.data()));
    }

    /// Its header fields that have no role.
    [[nodiscard]] HeaderFields header() const noexcept { return HeaderFields(header_); }
    /// The header's bytes.
    [[nodiscard]] const std::byte* header_bytes() const noexcept { return header_; }

private:
    friend class SharedMemoryConsumer;

    template <class T>
    [[nodiscard]] Status decode(T& out, bool exact) const {
        static_assert(detail::kIsRecord<T> || std::is_trivially_copyable_v<T>,
                      "a payload is a generated struct or a trivially copyable one");
        if (type_ != kTypeData && type_ != detail::type_of<T>()) return Errc::kTypeMismatch;
        return detail::read_payload(payload_, out, exact || type_ == kTypeData);
    }

    const std::byte* header_ = nullptr;
    ByteView payload_;
    MessageType type_{};
};

/// A message that owns its bytes: to be sent, or copied from the ring.
class SharedMemoryMessage {
public:
    /// Plain data without payload.
    SharedMemoryMessage() = default;
    /// A message with a copy of `payload`.
    explicit SharedMemoryMessage(MessageType type, ByteView payload = {},
                                 MessageFlags flags = MessageFlags{})
        : payload_(payload.begin(), payload.end()), type_(type) {
        set_flags(flags);
    }
    /// A copy of a received message.
    explicit SharedMemoryMessage(const MessageView& message) { assign(message); }

    /// Becomes a copy of a received message; keeps its memory if that is large enough.
    void assign(const MessageView& message) {
        payload_.assign(message.payload().begin(), message.payload().end());
        type_ = message.message_type();
        if (message) std::memcpy(header_.data(), message.header_bytes(), header_.size());
    }

    /// Its type.
    [[nodiscard]] MessageType message_type() const noexcept { return type_; }
    /// Its number in the ring that it came from; ignored when it is sent.
    [[nodiscard]] std::uint32_t message_id() const noexcept { return view().message_id(); }
    /// Its flags.
    [[nodiscard]] MessageFlags flags() const noexcept { return view().flags(); }
    /// When it was sent, in nanoseconds of the monotonic clock; 0 if the protocol stamps no time.
    [[nodiscard]] std::uint64_t timestamp_ns() const noexcept { return view().timestamp_ns(); }
    /// Its payload.
    [[nodiscard]] ByteView payload() const noexcept { return payload_; }
    /// Its payload as text, whatever it holds: see is_utf8().
    [[nodiscard]] std::string_view text() const noexcept { return payload().text(); }
    /// The same as MessageView::decode().
    template <class T>
    [[nodiscard]] Status decode(T& out) const {
        return view().decode(out);
    }
    /// The same as MessageView::decode_exact().
    template <class T>
    [[nodiscard]] Status decode_exact(T& out) const {
        return view().decode_exact(out);
    }
    /// The same as MessageView::as().
    template <class T>
    [[nodiscard]] const T* as() const noexcept {
        return view().template as<T>();
    }

    void set_message_type(MessageType type) noexcept { type_ = type; }
    void set_flags(MessageFlags flags) noexcept {
        detail::store_field(header_.data(), message_header::kFlagsOffset, flags);
    }
    void set_payload(ByteView payload) { payload_.assign(payload.begin(), payload.end()); }

    /// Its header fields that have no role.
    [[nodiscard]] HeaderFields header() const noexcept { return HeaderFields(header_.data()); }
    [[nodiscard]] MutableHeaderFields header() noexcept {
        return MutableHeaderFields(header_.data());
    }
    /// The header's bytes.
    [[nodiscard]] const std::byte* header_bytes() const noexcept { return header_.data(); }
    [[nodiscard]] std::byte* header_bytes() noexcept { return header_.data(); }

private:
    [[nodiscard]] MessageView view() const noexcept {
        return {header_.data(), static_cast<std::uint32_t>(type_), payload()};
    }

    std::vector<std::byte> payload_;
    std::array<std::byte, message_header::kSize> header_{};
    MessageType type_ = kTypeData;
};

/// How far a call on several messages came.
struct [[nodiscard]] BatchResult {
    /// Messages that were sent or received.
    std::size_t count = 0;
    /// Why it stopped; true if nothing was in the way.
    Status status{};

    [[nodiscard]] explicit operator bool() const noexcept { return static_cast<bool>(status); }
};

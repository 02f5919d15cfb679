// ---------------------------------------------------------------------------------------------
// Payloads
// ---------------------------------------------------------------------------------------------

/// The struct of the first example.
///
///     offset size field
///          0    4 id         i32
///          4    4 padding
///          8    8 value      f64
///         16   64 message    char[64], since 1.1
///         80    8 timestamp  u64, since 1.1
///                            88 bytes, aligned to 8
struct TestData {
    /// The message type that this struct travels under.
    static constexpr MessageType kMessageType = static_cast<MessageType>(1001U);
    /// Size of the struct on the wire, in bytes.
    static constexpr std::size_t kWireSize = 88;

    /// A number.
    std::int32_t id{};
    /// Explicit padding: zero.
    std::uint8_t padding_0[4]{};
    /// Another number.
    double value{};
    /// A text in UTF-8, zero padded. Since 1.1: zero when an older sender left it out.
    std::array<char, 64> message{};
    /// When it was sent. Since 1.1: zero when an older sender left it out.
    std::uint64_t timestamp{};

    /// Stores a text; false, and no change, if it is longer than 64 bytes or not UTF-8.
    [[nodiscard]] bool set_message(std::string_view text) noexcept {
        return detail::store_text(message.data(), message.size(), text);
    }
    /// The text up to its first zero; none if it is not UTF-8. Lives as long as this struct.
    [[nodiscard]] std::optional<std::string_view> message_view() const noexcept {
        return detail::load_text(message.data(), message.size());
    }
    /// True for the payload sizes of this struct, those of older versions included.
    [[nodiscard]] static constexpr bool accepts_size(std::size_t size) noexcept {
        return size == kWireSize || size == 16;
    }
};

static_assert(std::is_trivially_copyable_v<TestData> && std::is_standard_layout_v<TestData>);
static_assert(sizeof(TestData) == 88 && alignof(TestData) == 8, "TestData: size differs");
static_assert(offsetof(TestData, id) == 0, "TestData::id");
static_assert(offsetof(TestData, value) == 8, "TestData::value");
static_assert(offsetof(TestData, message) == 16, "TestData::message");
static_assert(offsetof(TestData, timestamp) == 80, "TestData::timestamp");

/// Any message of this protocol, decoded; UnknownMessage for every other one.
using AnyMessage = std::variant<UnknownMessage, TestData>;

/// Decodes a message into the struct that its type stands for.
///
/// `message` is a received one (ReceivedMessage, MessageView or SharedMemoryMessage). The result
/// holds copies: it outlives the message. A type that is not in the spec, or a payload whose size
/// does not fit its type, gives an UnknownMessage that says which.
///
///     std::visit(my_visitor, decode(message));
template <class Message>
[[nodiscard]] AnyMessage decode(const Message& message) {
    switch (static_cast<std::uint32_t>(message.type())) {
        case static_cast<std::uint32_t>(TestData::kMessageType):
            return detail::decode_as<AnyMessage, TestData>(message);
        default:
            return detail::unknown_message(message, Errc::kTypeMismatch);
    }
}

namespace detail {

/// Setters of the message header fields that have no role: this protocol has none.
template <class Claim>
class HeaderFieldSetters {};

/// Getters of the message header fields that have no role: this protocol has none.
template <class Message>
class HeaderFieldGetters {};

}  // namespace detail

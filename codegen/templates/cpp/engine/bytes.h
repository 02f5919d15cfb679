// ---------------------------------------------------------------------------------------------
// Bytes and text
// ---------------------------------------------------------------------------------------------

/// Bytes that belong to someone else: a pointer and a size. Any contiguous container of
/// one-byte elements converts to it. Copy it freely; it never outlives what it points to.
class ByteView {
    template <class C>
    using ElementOf = std::remove_pointer_t<decltype(std::declval<const C&>().data())>;

public:
    /// No bytes.
    constexpr ByteView() noexcept = default;
    /// `size` bytes from `data` on, which may be null when `size` is 0.
    ByteView(const void* data, std::size_t size) noexcept
        : data_(static_cast<const std::byte*>(data)), size_(size) {}
    /// The bytes of a string, vector or array.
    template <class C, std::enable_if_t<sizeof(ElementOf<C>) == 1, int> = 0>
    ByteView(const C& container) noexcept : ByteView(container.data(), container.size()) {}

    [[nodiscard]] const std::byte* data() const noexcept { return data_; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    [[nodiscard]] const std::byte* begin() const noexcept { return data_; }
    [[nodiscard]] const std::byte* end() const noexcept { return data_ + size_; }
    [[nodiscard]] std::byte operator[](std::size_t index) const noexcept { return data_[index]; }
    /// The bytes from `offset` on; none when there are not so many.
    [[nodiscard]] ByteView from(std::size_t offset) const noexcept {
        return offset < size_ ? ByteView(data_ + offset, size_ - offset) : ByteView();
    }
    /// The bytes as text, whatever they hold.
    [[nodiscard]] std::string_view text() const noexcept {
        return {reinterpret_cast<const char*>(data_), size_};
    }

private:
    const std::byte* data_ = nullptr;
    std::size_t size_ = 0;
};

/// Bytes that may be written: a pointer and a size.
class ByteSpan {
public:
    /// No bytes.
    constexpr ByteSpan() noexcept = default;
    /// `size` bytes from `data` on.
    constexpr ByteSpan(std::byte* data, std::size_t size) noexcept : data_(data), size_(size) {}

    [[nodiscard]] std::byte* data() const noexcept { return data_; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    [[nodiscard]] std::byte* begin() const noexcept { return data_; }
    [[nodiscard]] std::byte* end() const noexcept { return data_ + size_; }
    [[nodiscard]] std::byte& operator[](std::size_t index) const noexcept { return data_[index]; }

private:
    std::byte* data_ = nullptr;
    std::size_t size_ = 0;
};

/// Bytes at the start of `text` that are well-formed UTF-8: no overlong forms, no surrogates,
/// nothing above U+10FFFF.
[[nodiscard]] inline std::size_t utf8_prefix(std::string_view text) noexcept {
    const auto* const start = reinterpret_cast<const unsigned char*>(text.data());
    const auto* const end = start + text.size();
    const auto* at = start;
    const auto is_tail = [](unsigned char c) { return (c & 0xC0U) == 0x80U; };
    while (at != end) {
        std::uint64_t eight = 0;
        if (end - at >= 8) {
            std::memcpy(&eight, at, sizeof eight);
            if ((eight & 0x8080808080808080ULL) == 0) {
                at += 8;
                continue;
            }
        }
        const unsigned char lead = *at;
        const std::ptrdiff_t more = lead < 0x80U ? 0 : lead >= 0xF0U ? 3 : lead >= 0xE0U ? 2 : 1;
        bool fine = lead < 0x80U || (lead >= 0xC2U && lead <= 0xF4U && end - at > more);
        if (fine && more > 0) {
            const unsigned char next = at[1];
            fine = !(lead == 0xE0U && next < 0xA0U) && !(lead == 0xEDU && next > 0x9FU) &&
                   !(lead == 0xF0U && next < 0x90U) && !(lead == 0xF4U && next > 0x8FU);
        }
        for (std::ptrdiff_t i = 1; fine && i <= more; ++i) fine = is_tail(at[i]);
        if (!fine) break;
        at += more + 1;
    }
    return static_cast<std::size_t>(at - start);
}

/// True when all of `text` is well-formed UTF-8.
[[nodiscard]] inline bool is_utf8(std::string_view text) noexcept {
    return utf8_prefix(text) == text.size();
}

/// A message that decode() could not turn into a struct of this protocol.
struct UnknownMessage {
    /// Its type.
    MessageType type{};
    /// The size of its payload in bytes.
    std::size_t size = 0;
    /// Why: kTypeMismatch (no struct has this type), kSizeMismatch or kInvalidUtf8.
    Errc why = Errc::kTypeMismatch;
};

namespace detail {

[[nodiscard]] inline std::string hex_text(std::uint64_t value) {
    std::string text = "0x";
    for (int shift = 60; shift >= 0; shift -= 4) text += "0123456789ABCDEF"[(value >> shift) & 15U];
    return text;
}

/// The same number, but a riddle to the compiler: GCC makes `rep movs` of a long copy whose length
/// it knows, which starts more slowly than the library's memcpy.
[[nodiscard]] BITRPC_DETAIL_INLINE std::size_t unknown(std::size_t size) noexcept {
#if defined(__GNUC__)
    asm("" : "+r"(size));
#endif
    return size;
}

/// Copies bytes. A copy of a known length up to a cache line becomes a few moves, a longer one a
/// call of the library's memcpy.
BITRPC_DETAIL_INLINE void copy_bytes(void* to, const void* from, std::size_t size) noexcept {
    if (size != 0) std::memcpy(to, from, size <= 64 ? size : unknown(size));
}

/// Fills a char[N] field: zero padded; false, and no change, if too long or not UTF-8.
[[nodiscard]] inline bool store_text(char* field, std::size_t size,
                                     std::string_view text) noexcept {
    if (text.size() > size || !is_utf8(text)) return false;
    std::memset(field, 0, size);
    if (!text.empty()) std::memcpy(field, text.data(), text.size());
    return true;
}

/// Reads a char[N] field up to its first zero; none if that is not UTF-8.
[[nodiscard]] inline std::optional<std::string_view> load_text(const char* field,
                                                               std::size_t size) noexcept {
    const void* zero = std::memchr(field, 0, size);
    const auto length =
        zero == nullptr ? size : static_cast<std::size_t>(static_cast<const char*>(zero) - field);
    const std::string_view text(field, length);
    if (!is_utf8(text)) return std::nullopt;
    return text;
}

/// Reads the text of a `string` tail: kInvalidUtf8.
[[nodiscard]] inline Errc load_tail(ByteView bytes, std::string& out) {
    if (!is_utf8(bytes.text())) return Errc::kInvalidUtf8;
    out.assign(bytes.text());
    return Errc::kOk;
}

/// Reads the elements of a T[] tail: kSizeMismatch unless it is a whole number of them.
template <class T>
[[nodiscard]] Errc load_tail(ByteView bytes, std::vector<T>& out) {
    if (bytes.size() % sizeof(T) != 0) return Errc::kSizeMismatch;
    out.resize(bytes.size() / sizeof(T));
    copy_bytes(static_cast<void*>(out.data()), bytes.data(), bytes.size());
    return Errc::kOk;
}

/// What the engine knows of a struct that the generator made: `accepts`, which says whether a
/// receive reads a payload of some size, and where there is a variable tail, `kTail`, the member
/// that holds it, and `Fixed`, the base without it. It stands outside of the struct, where every
/// name is free for fields. Of structs that the user wrote nothing is known.
template <class T>
struct Wire : std::false_type {};

/// True for the structs that the generator made.
template <class T>
inline constexpr bool kIsRecord = Wire<T>::value;

/// True for generated structs that have a message type of their own.
template <class T, class = void>
inline constexpr bool kHasType = false;
template <class T>
inline constexpr bool kHasType<T, std::void_t<decltype(T::kMessageType)>> = kIsRecord<T>;

/// True for generated structs that end in a part of variable size.
template <class T, class = void>
inline constexpr bool kHasTail = false;
template <class T>
inline constexpr bool kHasTail<T, std::void_t<typename Wire<T>::Fixed>> = true;

/// The text or the elements that a struct ends in.
template <class T>
[[nodiscard]] auto& tail_of(T& value) noexcept {
    return value.*Wire<std::remove_const_t<T>>::kTail;
}

/// Bytes that the end of a struct takes on the wire.
template <class T>
[[nodiscard]] std::size_t tail_size(const T& value) noexcept {
    const auto& tail = detail::tail_of(value);
    return tail.size() * sizeof *tail.data();
}

/// The type that a struct is sent under: its own, or plain data.
template <class T>
[[nodiscard]] constexpr MessageType type_of() noexcept {
    if constexpr (kHasType<T>) {
        return T::kMessageType;
    } else {
        return kTypeData;
    }
}

/// Bytes of a struct on the wire, without its tail.
template <class T>
[[nodiscard]] constexpr std::size_t wire_size() noexcept {
    if constexpr (kIsRecord<T>) {
        return T::kWireSize;
    } else {
        return sizeof(T);
    }
}

/// Bytes that a struct takes on the wire.
template <class T>
[[nodiscard]] std::size_t payload_size(const T& value) noexcept {
    if constexpr (kHasTail<T>) {
        return T::kWireSize + detail::tail_size(value);
    } else {
        static_cast<void>(value);
        return detail::wire_size<T>();
    }
}

/// True where the compiler can zero the padding of a struct that the user wrote: GCC from 11 on,
/// newer clang, Visual C++.
#if defined(__has_builtin)
#if __has_builtin(__builtin_clear_padding)
#define BITRPC_DETAIL_CLEAR_PADDING(pointer) __builtin_clear_padding(pointer)
#endif
#endif
#if !defined(BITRPC_DETAIL_CLEAR_PADDING) && defined(_MSC_VER) && !defined(__clang__)
#define BITRPC_DETAIL_CLEAR_PADDING(pointer) __builtin_zero_non_value_bits(pointer)
#endif
#if !defined(BITRPC_DETAIL_CLEAR_PADDING)
#define BITRPC_DETAIL_CLEAR_PADDING(pointer) static_cast<void>(pointer)
#endif

/// Writes a struct that the user wrote: what its padding holds is not the receiver's business.
template <class T>
BITRPC_DETAIL_INLINE void write_foreign(const T& value, std::byte* out) noexcept {
    if constexpr (std::has_unique_object_representations_v<T> || std::is_scalar_v<T>) {
        copy_bytes(out, static_cast<const void*>(&value), sizeof(T));
    } else if constexpr (alignof(T) <= alignof(std::uint64_t)) {
        copy_bytes(out, static_cast<const void*>(&value), sizeof(T));
        BITRPC_DETAIL_CLEAR_PADDING(static_cast<T*>(static_cast<void*>(out)));
    } else {
        T copy = value;
        BITRPC_DETAIL_CLEAR_PADDING(&copy);
        copy_bytes(out, static_cast<const void*>(&copy), sizeof(T));
    }
}

#undef BITRPC_DETAIL_CLEAR_PADDING

/// Writes a struct into `payload_size(value)` bytes, which are aligned for a word.
template <class T>
void write_payload(const T& value, std::byte* out) noexcept {
    if constexpr (kHasTail<T>) {
        const typename Wire<T>::Fixed& fixed = value;
        copy_bytes(out, static_cast<const void*>(&fixed), T::kWireSize);
        copy_bytes(out + T::kWireSize, detail::tail_of(value).data(), detail::tail_size(value));
    } else if constexpr (kIsRecord<T>) {
        copy_bytes(out, static_cast<const void*>(&value), T::kWireSize);
    } else {
        detail::write_foreign(value, out);
    }
}

/// Reads the fixed part of a struct; fields that an older sender left out become zero.
template <class Fixed>
void read_fixed(ByteView payload, Fixed& out) noexcept {
    constexpr std::size_t kSize = Fixed::kWireSize;
    const std::size_t known = payload.size() < kSize ? payload.size() : kSize;
    auto* const bytes = static_cast<std::byte*>(static_cast<void*>(&out));
    copy_bytes(bytes, payload.data(), known);
    if (known != kSize) std::memset(bytes + known, 0, kSize - known);
}

/// Reads a struct from a payload. What a newer sender added behind it is left alone, or refused if
/// `exact`. No change to `out` if it fails.
template <class T>
[[nodiscard]] Errc read_payload(ByteView payload, T& out, bool exact) {
    if constexpr (!kIsRecord<T>) {
        if (payload.size() != sizeof(T)) return Errc::kSizeMismatch;
        copy_bytes(static_cast<void*>(&out), payload.data(), sizeof(T));
        return Errc::kOk;
    } else if constexpr (kHasTail<T>) {
        if (!Wire<T>::accepts(payload.size())) return Errc::kSizeMismatch;
        const Errc tail = detail::load_tail(payload.from(T::kWireSize), detail::tail_of(out));
        if (tail != Errc::kOk) return tail;
        detail::read_fixed<typename Wire<T>::Fixed>(payload, out);
        return Errc::kOk;
    } else {
        const bool is_longer = payload.size() > T::kWireSize;
        if (!Wire<T>::accepts(payload.size()) || (exact && is_longer)) return Errc::kSizeMismatch;
        detail::read_fixed(payload, out);
        return Errc::kOk;
    }
}

/// What decode() answers for a message that it cannot read.
template <class Message>
[[nodiscard]] UnknownMessage unknown_message(const Message& message, Errc why) noexcept {
    return UnknownMessage{message.message_type(), message.payload().size(), why};
}

/// Bytes of the largest struct that AnyMessage holds in itself.
inline constexpr std::size_t kLargestInline = 16U * 1024U;

/// How AnyMessage holds a struct: one that is large for a stack, in memory of its own.
template <class T>
using Held = std::conditional_t<(sizeof(T) > kLargestInline), std::unique_ptr<T>, T>;

/// Decodes a message whose type is that of `T`.
template <class Any, class T, class Message>
[[nodiscard]] Any decode_as(const Message& message, bool exact) {
    constexpr bool kIsBoxed = !std::is_same_v<Held<T>, T>;
    Held<T> held{};
    Errc result = Errc::kOk;
    if constexpr (kIsBoxed) {
        held = std::make_unique<T>();
        result = detail::read_payload(message.payload(), *held, exact);
    } else {
        result = detail::read_payload(message.payload(), held, exact);
    }
    if (result != Errc::kOk) return detail::unknown_message(message, result);
    return Any(std::in_place_type<Held<T>>, std::move(held));
}

/// What a visitor gives back.
template <class Visitor>
using Visited = std::invoke_result_t<Visitor&, const UnknownMessage&>;

/// Shows a message whose type is that of `T` to a visitor.
template <class T, class Message, class Visitor>
Visited<Visitor> visit_as(const Message& message, Visitor& visitor, bool exact) {
    Held<T> held{};
    T* decoded = nullptr;
    if constexpr (std::is_same_v<Held<T>, T>) {
        decoded = &held;
    } else {
        held = std::make_unique<T>();
        decoded = held.get();
    }
    const Errc result = detail::read_payload(message.payload(), *decoded, exact);
    if (result != Errc::kOk) return visitor(detail::unknown_message(message, result));
    return visitor(std::as_const(*decoded));
}

}  // namespace detail

// ---------------------------------------------------------------------------------------------
// Fields and flags
// ---------------------------------------------------------------------------------------------

/// A bool on the wire: one byte, false when it is 0. A plain `bool` would be undefined behaviour
/// as soon as a peer writes another value than 0 and 1.
class WireBool {
public:
    constexpr WireBool() noexcept = default;
    constexpr WireBool(bool value) noexcept : byte_(value ? 1 : 0) {}
    constexpr operator bool() const noexcept { return byte_ != 0; }

private:
    std::uint8_t byte_ = 0;
};

static_assert(sizeof(WireBool) == 1 && std::is_trivially_copyable_v<WireBool>);

namespace detail {

/// True for the enums whose values are sets of bits.
template <class E>
inline constexpr bool kIsFlags = false;

/// Reads a field at any address.
template <class T>
[[nodiscard]] T load_field(const std::byte* header, std::size_t offset) noexcept {
    T value{};
    std::memcpy(&value, header + offset, sizeof value);
    return value;
}

/// Writes a field at any address.
template <class T>
void store_field(std::byte* header, std::size_t offset, const T& value) noexcept {
    std::memcpy(header + offset, &value, sizeof value);
}

}  // namespace detail

/// Every flag of `a` and `b`.
template <class E, std::enable_if_t<detail::kIsFlags<E>, int> = 0>
[[nodiscard]] constexpr E operator|(E a, E b) noexcept {
    using Bits = std::underlying_type_t<E>;
    return static_cast<E>(static_cast<Bits>(static_cast<Bits>(a) | static_cast<Bits>(b)));
}

/// The flags that `a` and `b` have in common.
template <class E, std::enable_if_t<detail::kIsFlags<E>, int> = 0>
[[nodiscard]] constexpr E operator&(E a, E b) noexcept {
    using Bits = std::underlying_type_t<E>;
    return static_cast<E>(static_cast<Bits>(static_cast<Bits>(a) & static_cast<Bits>(b)));
}

/// Every bit but those of `a`.
template <class E, std::enable_if_t<detail::kIsFlags<E>, int> = 0>
[[nodiscard]] constexpr E operator~(E a) noexcept {
    using Bits = std::underlying_type_t<E>;
    return static_cast<E>(static_cast<Bits>(~static_cast<Bits>(a)));
}

/// True when `set` has every bit of `bits`.
template <class E, std::enable_if_t<detail::kIsFlags<E>, int> = 0>
[[nodiscard]] constexpr bool has(E set, E bits) noexcept {
    return (set & bits) == bits;
}

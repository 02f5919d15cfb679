namespace detail {

/// True for enums whose values are bits that may be combined.
template <class E>
inline constexpr bool kIsFlags = false;

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

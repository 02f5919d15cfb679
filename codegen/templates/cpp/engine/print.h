// ---------------------------------------------------------------------------------------------
// Comparing and printing
// ---------------------------------------------------------------------------------------------

namespace detail {

/// Elements of a list, and sixteenths of a text's bytes, that are printed at most.
inline constexpr std::size_t kMostPrinted = 64;

/// True if two fields are equal, as `==` says it: no NaN is.
template <class T>
[[nodiscard]] bool same(const T& left, const T& right) noexcept {
    return std::equal_to<>()(left, right);
}

/// A number that reads as the same one again, in as few digits as that takes.
template <class T>
[[nodiscard]] std::string print_number(T value) {
    if constexpr (std::is_floating_point_v<T>) {
        std::array<char, 40> digits{};
        int precision = std::numeric_limits<T>::digits10;
        for (; precision <= std::numeric_limits<T>::max_digits10; ++precision) {
            std::snprintf(digits.data(), digits.size(), "%.*g", precision,
                          static_cast<double>(value));
            if (same(static_cast<T>(std::strtod(digits.data(), nullptr)), value)) break;
        }
        return std::string(digits.data());
    } else {
        return std::to_string(value);
    }
}

/// A text in quotes; what is no printable UTF-8 as hexadecimal escapes.
[[nodiscard]] inline std::string print_text(std::string_view text) {
    const std::size_t most = kMostPrinted * 16;
    std::string_view shown = text.substr(0, most);
    std::string printed = "\"";
    while (!shown.empty()) {
        const std::size_t fine = utf8_prefix(shown);
        for (const char c : shown.substr(0, fine)) {
            const auto byte = static_cast<unsigned char>(c);
            if (byte < 0x20U || byte == 0x7FU) {
                printed += "\\x" + hex_text(byte).substr(16);
            } else {
                if (c == '"' || c == '\\') printed += '\\';
                printed += c;
            }
        }
        shown.remove_prefix(fine);
        if (shown.empty()) break;
        printed += "\\x" + hex_text(static_cast<unsigned char>(shown.front())).substr(16);
        shown.remove_prefix(1);
    }
    return printed + (text.size() > most ? "\"..." : "\"");
}

template <class T>
[[nodiscard]] std::string print_value(const T& value);

/// The elements of an array, of which the first tell what the rest is like.
template <class List>
[[nodiscard]] std::string print_list(const List& list) {
    std::string text = "[";
    std::size_t count = 0;
    for (const auto& element : list) {
        if (count != 0) text += ", ";
        if (count++ == kMostPrinted) {
            text += "... " + std::to_string(list.size()) + " in all";
            break;
        }
        text += detail::print_value(element);
    }
    return text + "]";
}

[[nodiscard]] inline std::string print_value(const std::string& text) { return print_text(text); }
template <std::size_t N>
[[nodiscard]] std::string print_value(const std::array<char, N>& text) {
    const std::string_view all(text.data(), text.size());
    return print_text(all.substr(0, all.find('\0')));
}
template <class T, std::size_t N>
[[nodiscard]] std::string print_value(const std::array<T, N>& list) {
    return detail::print_list(list);
}
template <class T>
[[nodiscard]] std::string print_value(const std::vector<T>& list) {
    return detail::print_list(list);
}
/// Whatever else there is: a bool, a number, or what has a to_string() of its own.
template <class T>
[[nodiscard]] std::string print_value(const T& value) {
    if constexpr (std::is_same_v<T, WireBool>) {
        return value ? "true" : "false";
    } else if constexpr (std::is_arithmetic_v<T>) {
        return detail::print_number(value);
    } else {
        return to_string(value);
    }
}

/// Adds `name: value` to what will be `Struct{...}`.
template <class T>
void print_field(std::string& text, const char* name, const T& value) {
    if (text.back() != '{') text += ", ";
    text += std::string(name) + ": " + detail::print_value(value);
}

/// A value of an enum, and how it is printed.
template <class Value>
struct Named {
    const char* name;
    Value value;
};

/// The name of a value; its number if it has none.
template <class Value>
[[nodiscard]] std::string print_name(Value value, std::initializer_list<Named<Value>> names) {
    for (const Named<Value>& known : names) {
        if (known.value == value) return known.name;
    }
    return std::to_string(static_cast<std::underlying_type_t<Value>>(value));
}

/// The names of all bits that are set, and the rest as a number; `none` if there are none.
template <class Flags>
[[nodiscard]] std::string print_flags(Flags flags, const char* none,
                                      std::initializer_list<Named<Flags>> names) {
    using Bits = std::underlying_type_t<Flags>;
    auto rest = static_cast<std::uint64_t>(static_cast<Bits>(flags));
    std::string text;
    for (const auto& [name, mask] : names) {
        const auto bits = static_cast<std::uint64_t>(static_cast<Bits>(mask));
        if ((static_cast<std::uint64_t>(static_cast<Bits>(flags)) & bits) != bits) continue;
        if (!text.empty()) text += " | ";
        text += name;
        rest &= ~bits;
    }
    if (rest == 0) return text.empty() ? none : text;
    const std::string digits = hex_text(rest);
    const std::size_t first = digits.find_first_not_of('0', 2);
    return text + (text.empty() ? "0x" : " | 0x") + digits.substr(first);
}

}  // namespace detail

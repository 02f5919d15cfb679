// What message number `index` is: the same in every language, so that both sides know it.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace peer {

using Bytes = std::vector<std::uint8_t>;

inline constexpr std::array<std::string_view, 6> kTexts = {
    "",
    "a",
    "Hello, ring!",
    "\xE6\x95\xB0\xE6\x8D\xAE\xE7\x8E\xAF \xC2\xA5",
    "\xF0\x9F\x9A\x80\xF0\x9F\x9B\xB0\xEF\xB8\x8F",
    "na\xC3\xAFve \xE2\x80\x93 \xE2\x80\x9Cquotes\xE2\x80\x9D",
};

/// Longest payload that the script asks for, bytes.
inline constexpr std::size_t kLongest = 65536;

/// SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA 2014).
class Rng {
public:
    Rng(std::uint64_t seed, std::uint64_t index) : state_(seed ^ (index * 0xD1342543DE82EF95ULL)) {}

    std::uint64_t next() {
        state_ += 0x9E3779B97F4A7C15ULL;
        std::uint64_t z = state_;
        z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9ULL;
        z = (z ^ (z >> 27U)) * 0x94D049BB133111EBULL;
        return z ^ (z >> 31U);
    }

    template <class T>
    T integer() {
        const std::uint64_t v = next();
        switch (v >> 61U) {
            case 0: return 0;
            case 1: return std::numeric_limits<T>::min();
            case 2: return std::numeric_limits<T>::max();
            default: return static_cast<T>(v);
        }
    }

    bool boolean() { return (next() & 1U) == 1U; }

    float f32() {
        const std::uint64_t v = next();
        constexpr std::array<std::uint32_t, 4> kEdges = {0, 0x80000000U, 0x7FC00000U, 0x7F800000U};
        const std::uint64_t edge = v >> 61U;
        const std::uint32_t bits =
            edge < 4 ? kEdges[edge] : static_cast<std::uint32_t>(v) & 0xFF7FFFFFU;
        float value = 0;
        std::memcpy(&value, &bits, sizeof value);
        return value;
    }

    double f64() {
        const std::uint64_t v = next();
        constexpr std::array<std::uint64_t, 4> kEdges = {
            0, 0x8000000000000000ULL, 0x7FF8000000000000ULL, 0x7FF0000000000000ULL};
        const std::uint64_t edge = v >> 61U;
        const std::uint64_t bits = edge < 4 ? kEdges[edge] : v & 0xFFEFFFFFFFFFFFFFULL;
        double value = 0;
        std::memcpy(&value, &bits, sizeof value);
        return value;
    }

    template <std::size_t N>
    void text(std::array<char, N>& field) {
        const std::string_view text = kTexts[next() % kTexts.size()];
        field.fill('\0');
        if (text.size() <= N) std::copy(text.begin(), text.end(), field.begin());
    }

    void fill(std::uint8_t* bytes, std::size_t size) {
        for (std::size_t at = 0; at < size; at += 8) {
            const std::uint64_t v = next();
            std::memcpy(bytes + at, &v, std::min<std::size_t>(8, size - at));
        }
    }

    Bytes raw(std::size_t size) {
        Bytes bytes(size);
        fill(bytes.data(), size);
        return bytes;
    }

    std::string tail_text(std::size_t room) {
        const std::uint64_t v = next();
        std::string text;
        for (std::uint64_t n = (v >> 32U) % 5; n > 0; --n) text += kTexts[v % kTexts.size()];
        return text.size() > room ? std::string() : text;
    }

    std::size_t tail_count(std::size_t most) {
        const std::uint64_t v = next();
        switch (v >> 61U) {
            case 0: return 0;
            case 1: return std::min<std::size_t>(most, 1);
            case 2: return most;
            default: return std::min<std::size_t>(most, v % 17);
        }
    }

private:
    std::uint64_t state_;
};

enum class Plan {
    /// Every kind of message, also in batches and fragments.
    kMixed,
    /// One record a message, so that a restarted producer knows where it was.
    kRecords,
    /// Raw messages of one size.
    kStream,
};

enum class Kind { kText, kRaw, kTyped, kFragmented };

/// One message as both sides expect it.
struct Planned {
    Kind kind = Kind::kRaw;
    /// Number of the struct when the kind is typed.
    std::size_t number = 0;
    std::uint32_t type = 0;
    std::uint32_t flags = 0;
    Bytes payload;
    /// How the producer sends it: plain, claimed or in a batch.
    std::uint64_t route = 0;
};

/// Decides what each message is.
struct Script {
    std::uint64_t seed = 1;
    Plan plan = Plan::kMixed;
    std::size_t size = 64;

    /// Whether message number `index` goes in pieces.
    [[nodiscard]] bool is_fragmented(std::uint64_t index) const {
        return plan == Plan::kMixed && index % 97 == 96;
    }

    /// The generator of a typed message's fields, behind the draw that chose the message.
    [[nodiscard]] Rng fields(std::uint64_t index) const {
        Rng rng(seed, index);
        rng.next();
        return rng;
    }

    /// Message number `index` on a ring whose largest payload is `max_payload` bytes.
    [[nodiscard]] Planned message(std::uint64_t index, std::size_t max_payload) const;

private:
    [[nodiscard]] Planned stream_message(std::uint64_t index) const;
};

}  // namespace peer

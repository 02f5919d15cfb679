// ---------------------------------------------------------------------------------------------
// Going on after another one
// ---------------------------------------------------------------------------------------------

namespace detail {

/// No position: a walk to it goes as far as records are published.
inline constexpr std::uint64_t kNowhere = ~0ULL;

/// Where a walk over published records ended, and why.
struct Walk {
    std::uint64_t position = 0;
    /// The word that starts no record; 0 if the walk ended at a word of zero or at its target.
    std::uint64_t bad_word = 0;
    std::uint32_t last_id = 0;
    bool found_messages = false;
};

/// Walks over published records, each checked as a consumer would, from `start` to the first word
/// of zero or to `target`; more than a lap of them is not sound. Shows `visit` the position and the
/// word of each message.
template <class Visit>
[[nodiscard]] Walk walk_records(std::byte* data, std::uint64_t capacity, std::uint64_t start,
                                std::uint64_t target, const Visit& visit) noexcept {
    Walk walk;
    walk.position = start;
    while (walk.position != target) {
        const std::uint64_t offset = walk.position & (capacity - 1);
        const std::uint64_t rest = capacity - offset;
        const std::uint64_t word =
            atomic_at<std::uint64_t>(data, offset).load(std::memory_order_acquire);
        if (word == 0) break;
        const std::uint64_t frame = frame_length_of(word);
        const bool padding = message_type_of(word) == 0;
        const bool fits = padding ? frame == rest && rest <= capacity / 2
                                  : frame >= message_header::kSize && stride_of(frame) <= rest;
        if (!fits || walk.position + stride_of(frame) - start > capacity) {
            walk.bad_word = word;
            break;
        }
        if (!padding) {
            walk.found_messages = true;
            walk.last_id =
                load_field<std::uint32_t>(data + offset, message_header::kMessageIdOffset);
            visit(walk.position, word);
        }
        walk.position += stride_of(frame);
    }
    return walk;
}

/// The same, for those who only want to know where it ends.
[[nodiscard]] inline Walk walk_records(std::byte* data, std::uint64_t capacity, std::uint64_t start,
                                       std::uint64_t target) noexcept {
    return walk_records(data, capacity, start, target, [](std::uint64_t, std::uint64_t) {});
}

/// The error for a position in the header that is no place where records start.
[[nodiscard]] inline Error misaligned(const std::string& path, const char* what, std::size_t offset,
                                      std::uint64_t position) {
    return {Errc::kCorrupt,
            concat({in_quotes(path), ": the ", what, " position ", std::to_string(position),
                    " is not a multiple of ", std::to_string(kWord)}),
            offset, position};
}

/// The error for two positions of which one cannot be.
[[nodiscard]] inline Error unfit_positions(const std::string& path, std::uint64_t read,
                                           std::uint64_t write) {
    return {Errc::kCorrupt,
            concat({in_quotes(path), ": the read position ", std::to_string(read),
                    " does not fit the write position ", std::to_string(write)}),
            ring_header::kReadPositionOffset, read};
}

}  // namespace detail

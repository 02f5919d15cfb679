// ---------------------------------------------------------------------------------------------
// Consumer: dropping what is there
// ---------------------------------------------------------------------------------------------

/// Drops the messages before position `end`, at most a lap of them, and says how many those were.
/// Of a message in pieces that ends behind it, the rest is dropped when it comes.
inline std::size_t SharedMemoryConsumer::discard(std::uint64_t end) noexcept {
    bool is_inside = assembler_.collecting();
    std::size_t dropped = assembler_.ready() ? 1 : 0;
    const std::uint64_t start = reader_.position();
    Release release(*this);
    detail::Record record;
    while (reader_.position() < end && reader_.position() - start < reader_.capacity()) {
        if (reader_.look(record) != Errc::kOk || reader_.position() >= end) break;
        is_inside = has(record.flags(), kFlagFragment) && !has(record.flags(), kFlagLastFragment);
        if (!is_inside) ++dropped;
        reader_.take(record);
        release.add(record.end, record.payload_size());
    }
    if (is_inside) {
        assembler_.skip_rest();
    } else {
        assembler_.clear();
    }
    // An error that is still to be told stays so.
    if (due_ != detail::Due::kError) settle();
    return dropped;
}

/// Where the last message in the ring that is complete begins; kNowhere if there is none.
inline std::uint64_t SharedMemoryConsumer::start_of_latest() const noexcept {
    std::uint64_t latest = detail::kNowhere;
    std::uint64_t first_piece = reader_.position();
    bool is_inside = assembler_.collecting();
    reader_.walk_ahead([&](const detail::Record& record) {
        const std::uint64_t position = record.end - detail::stride_of(record.frame_length);
        const bool is_piece = has(record.flags(), kFlagFragment);
        const bool is_first = is_piece && detail::FragmentPrefix::of(record).index == 0;
        if (!is_piece || is_first) first_piece = position;
        is_inside = is_first || (is_inside && is_piece);
        const bool is_last = has(record.flags(), kFlagLastFragment);
        if (!is_piece || (is_inside && is_last)) latest = first_piece;
        if (is_last) is_inside = false;
    });
    return latest;
}

inline std::size_t SharedMemoryConsumer::clear() noexcept {
    if (const Errc wrong = check_use(); wrong != Errc::kOk) {
        refuse(wrong);
        return 0;
    }
    return discard(~0ULL);
}

inline std::size_t SharedMemoryConsumer::skip_to_latest() noexcept {
    if (const Errc wrong = check_use(); wrong != Errc::kOk) {
        refuse(wrong);
        return 0;
    }
    const std::uint64_t latest = start_of_latest();
    const bool is_next = latest == reader_.position() && !assembler_.ready();
    return latest == detail::kNowhere || is_next ? 0 : discard(latest);
}

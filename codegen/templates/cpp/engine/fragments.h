// ---------------------------------------------------------------------------------------------
// Messages in pieces
// ---------------------------------------------------------------------------------------------

namespace detail {

/// What every piece starts with: it tells the rest of a message whose sender died from the start
/// of a new one.
struct FragmentPrefix {
    std::uint32_t index = 0;
    std::uint32_t count = 0;

    /// The prefix of a piece; one that cannot be, if there is no room for it.
    [[nodiscard]] static FragmentPrefix of(const Record& record) noexcept {
        FragmentPrefix prefix;
        if (record.payload_size() < sizeof prefix) return prefix;
        std::memcpy(&prefix, record.header + message_header::kSize, sizeof prefix);
        return prefix;
    }
};

static_assert(sizeof(FragmentPrefix) == kPrefixSize);

/// Memory for a message that is put together: its header, and its payload behind it. It can be
/// refused, as what a peer sends must not end this process.
class Block {
public:
    Block() noexcept = default;
    Block(const Block&) = delete;
    Block& operator=(const Block&) = delete;
    ~Block() { free(data_); }

    /// Gives back the memory that release() handed out.
    static void free(const std::byte* data) noexcept { std::free(const_cast<std::byte*>(data)); }

    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] const std::byte* data() const noexcept { return data_; }
    void clear() noexcept { size_ = 0; }

    /// False if there is no memory for it.
    [[nodiscard]] bool append(ByteView bytes) noexcept {
        if (bytes.size() > capacity_ - size_ && !grow(size_ + bytes.size())) return false;
        copy_bytes(data_ + size_, bytes.data(), bytes.size());
        size_ += bytes.size();
        return true;
    }

    /// Hands the memory out.
    [[nodiscard]] const std::byte* release() noexcept {
        size_ = 0;
        capacity_ = 0;
        return std::exchange(data_, nullptr);
    }

private:
    [[nodiscard]] bool grow(std::size_t needed) noexcept {
        std::size_t capacity = needed < 2 * capacity_ ? 2 * capacity_ : needed;
        void* data = std::realloc(data_, capacity);
        if (data == nullptr) {
            capacity = needed;
            data = std::realloc(data_, capacity);
        }
        if (data == nullptr) return false;
        data_ = static_cast<std::byte*>(data);
        capacity_ = capacity;
        return true;
    }

    std::byte* data_ = nullptr;
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
};

/// Puts messages in pieces together. Memory is taken as pieces come, never as they promise.
class Assembler {
public:
    /// What a piece came to.
    enum class Step : std::uint8_t { kMore, kDone, kTooLarge, kNoMemory };

    void start(std::size_t limit) noexcept { limit_ = limit; }

    /// True when neither a part nor the whole of a message is here: the usual case.
    [[nodiscard]] bool idle() const noexcept { return state_ == State::kIdle; }
    /// True when a whole message is here.
    [[nodiscard]] bool ready() const noexcept { return state_ == State::kReady; }
    /// True when the first pieces of a message are here.
    [[nodiscard]] bool collecting() const noexcept { return state_ == State::kCollecting; }

    /// Adds a piece. kTooLarge is told once for a message that exceeds the limit, kNoMemory for one
    /// for which there is none; its other pieces are dropped as kMore.
    [[nodiscard]] Step add(const Record& record) noexcept {
        const ByteView payload(record.header + message_header::kSize, record.payload_size());
        const FragmentPrefix prefix = FragmentPrefix::of(record);
        const bool last = has(record.flags(), kFlagLastFragment);
        if (prefix.index >= prefix.count || last != (prefix.index + 1 == prefix.count)) {
            return give_up(last);
        }
        if (prefix.index == 0) {
            if (state_ == State::kCollecting) broken_ = true;
            begin(record, prefix.count);
        } else if (state_ == State::kSkipping) {
            if (last) clear();
            return Step::kMore;
        } else if (state_ != State::kCollecting || prefix.index != next_ ||
                   prefix.count != count_ || record.type != type_) {
            return give_up(last);
        }
        return append(payload.from(sizeof prefix), last);
    }

    /// True, once, if the last piece showed that a message cannot be completed any more.
    [[nodiscard]] bool take_broken() noexcept { return std::exchange(broken_, false); }

    /// A record that is no piece has come, or nothing will: true if that broke a message.
    [[nodiscard]] bool interrupt() noexcept {
        const bool broken = state_ == State::kCollecting;
        if (!ready()) clear();
        return broken;
    }

    /// The whole message, until the next piece is added.
    [[nodiscard]] MessageView view() const noexcept {
        const std::byte* const header = block_.data();
        return {header, type_,
                ByteView(header + message_header::kSize, block_.size() - message_header::kSize)};
    }
    /// Forgets the whole message; its memory stays for the next one.
    void clear() noexcept { state_ = State::kIdle; }
    /// Forgets the whole message, whose memory is the caller's now.
    void release() noexcept {
        static_cast<void>(block_.release());
        clear();
    }
    /// Drops what is here, and what else comes of the same message, without calling it broken.
    void skip_rest() noexcept { state_ = State::kSkipping; }

    /// Bytes that the last message would have had at least which was refused, and the limit.
    [[nodiscard]] std::uint64_t refused() const noexcept { return refused_; }
    [[nodiscard]] std::uint64_t limit() const noexcept { return limit_; }

private:
    enum class State : std::uint8_t { kIdle, kCollecting, kSkipping, kReady };

    void begin(const Record& record, std::uint32_t count) noexcept {
        std::memcpy(header_.data(), record.header, header_.size());
        const MessageFlags flags = record.flags() & ~(kFlagFragment | kFlagLastFragment);
        store_field(header_.data(), message_header::kFlagsOffset, flags);
        block_.clear();
        type_ = record.type;
        count_ = count;
        next_ = 0;
        state_ = State::kCollecting;
    }

    [[nodiscard]] Step append(ByteView piece, bool last) noexcept {
        const std::size_t header = next_ == 0 ? 0 : header_.size();
        const std::size_t before = block_.size() - header;
        if (piece.size() > limit_ || before > limit_ - piece.size()) {
            return refuse(Step::kTooLarge, before + piece.size(), last);
        }
        const bool starts = next_ != 0 || block_.append(ByteView(header_));
        if (!starts || !block_.append(piece)) {
            return refuse(Step::kNoMemory, before + piece.size(), last);
        }
        ++next_;
        if (!last) return Step::kMore;
        state_ = State::kReady;
        return Step::kDone;
    }

    [[nodiscard]] Step refuse(Step why, std::uint64_t size, bool last) noexcept {
        refused_ = size;
        state_ = last ? State::kIdle : State::kSkipping;
        return why;
    }

    /// Drops what is here; a row of pieces that belong to no message counts once.
    [[nodiscard]] Step give_up(bool last) noexcept {
        broken_ = state_ != State::kSkipping;
        state_ = last ? State::kIdle : State::kSkipping;
        return Step::kMore;
    }

    Block block_;
    std::array<std::byte, message_header::kSize> header_{};
    std::size_t limit_ = 0;
    std::uint64_t refused_ = 0;
    std::uint32_t type_ = 0;
    std::uint32_t count_ = 0;
    std::uint32_t next_ = 0;
    State state_ = State::kIdle;
    bool broken_ = false;
};

}  // namespace detail

/// Bytes of a piece, its prefix included: two of them always fit the ring, so that one can be
/// written while the other is read.
inline std::size_t SharedMemoryProducer::piece_size() const noexcept {
    const std::size_t most =
        largest_payload_ / 2 > detail::kMinPiece ? largest_payload_ / 2 : detail::kMinPiece;
    const std::size_t asked = options_.fragment_size == 0 ? most : options_.fragment_size;
    if (asked < detail::kMinPiece) return detail::kMinPiece;
    return asked < most ? asked : most;
}

inline Status SharedMemoryProducer::send_fragmented(ByteView payload, MessageType type,
                                                    MessageFlags flags) noexcept {
    const std::size_t size = piece_size();
    if (payload.size() <= size) return send(payload, type, flags);
    const std::size_t each = size - sizeof(detail::FragmentPrefix);
    const std::uint64_t count = (std::uint64_t{payload.size()} + each - 1) / each;
    if (count > 0xFFFFFFFFU) return refuse(Errc::kTooLarge, 0xFFFFFFFFU * each, payload.size());
    detail::Deadline deadline(options_.send_timeout);
    for (std::uint64_t index = 0; index < count; ++index) {
        const ByteView rest = payload.from(index * each);
        const ByteView piece(rest.data(), rest.size() < each ? rest.size() : each);
        const detail::FragmentPrefix prefix{static_cast<std::uint32_t>(index),
                                            static_cast<std::uint32_t>(count)};
        const std::size_t bytes = sizeof prefix + piece.size();
        const MessageFlags end = index + 1 == count ? kFlagLastFragment : MessageFlags{};
        const detail::Room room = acquire(deadline, bytes, type);
        if (room.code != Errc::kOk) return room.code;
        write(room.slot, bytes, type, user_flags(flags) | kFlagFragment | end, nullptr,
              [&prefix, piece, bytes](const detail::Slot& slot) {
                  detail::RingWriter::pad_payload(slot, bytes);
                  std::memcpy(slot.payload(), &prefix, sizeof prefix);
                  std::memcpy(slot.payload() + sizeof prefix, piece.data(), piece.size());
              });
    }
    return {};
}

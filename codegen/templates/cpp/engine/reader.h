// ---------------------------------------------------------------------------------------------
// Reading records
// ---------------------------------------------------------------------------------------------

namespace detail {

/// One published record, its length checked against the ring.
struct Record {
    const std::byte* header = nullptr;
    std::uint64_t end = 0;
    std::uint32_t frame_length = 0;
    std::uint32_t type = 0;

    [[nodiscard]] std::size_t payload_size() const noexcept {
        return frame_length - message_header::kSize;
    }
    [[nodiscard]] MessageFlags flags() const noexcept {
        return load_field<MessageFlags>(header, message_header::kFlagsOffset);
    }
};

/// The consumer's half of the ring algorithm: memory only, no system call. One thread.
class RingReader {
public:
    /// Resumes at the first message that was not released.
    [[nodiscard]] Error start(Attachment& attachment, Distance distance);

    /// Looks at the next record; false for everything but a message: then look() says what it is.
    [[nodiscard]] BITRPC_DETAIL_INLINE bool look_fast(Record& record) const noexcept {
        const std::uint64_t offset = read_ & mask_;
        const std::byte* header = data_ + offset;
        const std::uint64_t word =
            atomic_at<std::uint64_t>(data_, offset).load(std::memory_order_acquire);
        const std::uint32_t frame = frame_length_of(word);
        const std::uint64_t stride = stride_of(frame);
        record.header = header;
        record.end = read_ + stride;
        record.frame_length = frame;
        record.type = message_type_of(word);
        return record.type != 0 && frame >= message_header::kSize && stride <= capacity_ - offset;
    }

    /// Looks at the next record without taking it: kOk, kEmpty, or kCorrupt. Skips padding, which
    /// is shorter than the record that did not fit, hence never more than half a ring: so two in a
    /// row, which could go on for ever, are refused.
    [[nodiscard]] Errc look(Record& record) noexcept {
        for (;;) {
            if (look_fast(record)) return Errc::kOk;
            const std::uint64_t word =
                atomic_at<std::uint64_t>(data_, read_ & mask_).load(std::memory_order_acquire);
            if (word == 0) return Errc::kEmpty;
            const std::uint64_t rest = capacity_ - (read_ & mask_);
            if (message_type_of(word) == 0) {
                if (frame_length_of(word) != rest || rest > capacity_ / 2) return note_bad(word);
                read_ += rest;
            } else if (!look_fast(record)) {
                return note_bad(word);
            }
        }
    }

    /// Called when the ring was found empty: keeps the distance, then looks until something is
    /// there, which is true, or this takes too long.
    [[nodiscard]] BITRPC_DETAIL_COLD bool look_for_a_while() noexcept {
        static_cast<void>(keep_distance());
        for (int look = 0; look < kShortWait; ++look) {
            if (has_record()) return true;
            cpu_pause();
        }
        return false;
    }

    /// Called when the ring was found empty: true if it is worth another look, after a pause.
    [[nodiscard]] bool keep_distance() noexcept {
        const std::uint64_t ns = distance_.on_empty(taken_, read_, monotonic_ns);
        if (ns != 0) pause_for(ns);
        return ns != 0;
    }

    /// Takes the record that look() found; release() gives its room back.
    BITRPC_DETAIL_INLINE void take(const Record& record) noexcept {
        const auto id = load_field<std::uint32_t>(record.header, message_header::kMessageIdOffset);
        if (unlikely(id != static_cast<std::uint32_t>(taken_ + first_id_))) note_gap(id);
        read_ = record.end;
        taken_ += 1;
    }

    /// Gives back the room of `count` taken records, of which the first has this index, and which
    /// end at `end` and carry `bytes`. False if the producer gets it later: what is given back out
    /// of order waits until all that was taken is.
    BITRPC_DETAIL_INLINE bool release(std::uint64_t index, std::uint64_t count, std::uint64_t end,
                                      std::uint64_t bytes) noexcept {
        if (unlikely(index != next_release_)) return release_late(count, bytes);
        next_release_ = index + count;
        store_counters(end, index + count, bytes);
        return true;
    }

    /// The mapping goes: from now on nothing is given back.
    void stop() noexcept {
        base_ = nullptr;
        next_release_ = kNoIndex;
    }

    /// Records taken since the start: the index of the next one.
    [[nodiscard]] std::uint64_t taken() const noexcept { return taken_; }

    /// True if all that was taken is given back, and nothing more is there.
    [[nodiscard]] bool is_drained() const noexcept {
        return next_release_ == taken_ && !has_record();
    }

    void count_error() noexcept {
        auto& errors = atomic_at<std::uint64_t>(base_, ring_header::kReceiveErrorsOffset);
        errors.store(errors.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    }

    /// True if something is published at the present position, whatever it is.
    [[nodiscard]] bool has_record() const noexcept {
        return atomic_at<std::uint64_t>(data_, read_ & mask_).load(std::memory_order_acquire) != 0;
    }

    /// Shows `visit` the records that are there, and takes none.
    template <class Visit>
    void walk_ahead(const Visit& visit) const noexcept {
        const auto show = [&](std::uint64_t position, std::uint64_t word) {
            Record record;
            record.header = data_ + (position & mask_);
            record.frame_length = frame_length_of(word);
            record.type = message_type_of(word);
            record.end = position + stride_of(record.frame_length);
            visit(record);
        };
        static_cast<void>(detail::walk_records(data_, capacity_, read_, kNowhere, show));
    }

    [[nodiscard]] std::uint64_t position() const noexcept { return read_; }
    [[nodiscard]] std::uint64_t capacity() const noexcept { return capacity_; }
    [[nodiscard]] std::uint64_t bad_word() const noexcept { return bad_word_; }

private:
    [[nodiscard]] Error check_start(const std::string& path) const;

    /// That of no record.
    static constexpr std::uint64_t kNoIndex = ~0ULL;

    BITRPC_DETAIL_COLD bool release_late(std::uint64_t count, std::uint64_t bytes) noexcept {
        if (base_ == nullptr) return false;
        if (next_release_ != kNoIndex) released_ = std::exchange(next_release_, kNoIndex);
        released_ += count;
        late_bytes_ += bytes;
        if (released_ != taken_) return false;
        next_release_ = taken_;
        store_counters(read_, taken_, std::exchange(late_bytes_, 0));
        return true;
    }

    /// Stores that `released` records up to `end` are given back since the start, with `bytes` more
    /// than last time: the release store that the producer's acquire load of the position pairs
    /// with.
    BITRPC_DETAIL_INLINE void store_counters(std::uint64_t end, std::uint64_t released,
                                             std::uint64_t bytes) noexcept {
        std::byte* const base = base_;
        const std::uint64_t received = received_before_ + released;
        const std::uint64_t sum = bytes_ + bytes;
        bytes_ = sum;
        atomic_at<std::uint64_t>(base, ring_header::kMessagesReceivedOffset)
            .store(received, std::memory_order_relaxed);
        atomic_at<std::uint64_t>(base, ring_header::kBytesReceivedOffset)
            .store(sum, std::memory_order_relaxed);
        atomic_at<std::uint64_t>(base, ring_header::kReadPositionOffset)
            .store(end, std::memory_order_release);
    }

    /// Counted once, however often it is looked at.
    [[nodiscard]] Errc note_bad(std::uint64_t word) noexcept {
        if (bad_word_ == 0 || bad_position_ != read_) count_error();
        bad_word_ = word;
        bad_position_ = read_;
        return Errc::kCorrupt;
    }

    /// Another id than the expected one: messages are missing, unless this is the first.
    BITRPC_DETAIL_COLD void note_gap(std::uint32_t id) noexcept {
        if (taken_ != 0) count_error();
        first_id_ = id - static_cast<std::uint32_t>(taken_);
    }

    std::byte* data_ = nullptr;
    std::byte* base_ = nullptr;
    std::uint64_t mask_ = 0;
    std::uint64_t capacity_ = 0;
    // What changes with each message, no two neighbours at a time: GCC would change both in one
    // vector register, and the next message would wait until that has come back through memory.
    std::uint64_t read_ = 0;
    std::uint64_t bad_word_ = 0;
    std::uint64_t taken_ = 0;
    std::uint64_t bad_position_ = 0;
    std::uint64_t bytes_ = 0;
    /// Counted when this reader started.
    std::uint64_t received_before_ = 0;
    /// Index of the record whose room is given back next; kNoIndex while one that came later has
    /// been given back already, and after stop().
    std::uint64_t next_release_ = 0;
    /// In the meantime, how many were given back since the start, and the bytes that wait.
    std::uint64_t released_ = 0;
    std::uint64_t late_bytes_ = 0;
    /// The id that the first record taken had, or would have had if none were missing since.
    std::uint32_t first_id_ = 0;
    DistanceRule distance_;
};

inline Error RingReader::start(Attachment& attachment, Distance distance) {
    base_ = attachment.base();
    data_ = attachment.data();
    capacity_ = attachment.capacity();
    mask_ = capacity_ - 1;
    read_ = read64(base_, ring_header::kReadPositionOffset);
    received_before_ = read64(base_, ring_header::kMessagesReceivedOffset);
    bytes_ = read64(base_, ring_header::kBytesReceivedOffset);
    if (read_ % kWord != 0) {
        return misaligned(attachment.path(), "read", ring_header::kReadPositionOffset, read_);
    }
    if (Error error = check_start(attachment.path())) return error;
    distance_.start(capacity_, read_, distance);
    return {};
}

/// A producer that died may have published more than it counted, and its consumer taken it: then
/// published records lead from the write position to the read position.
inline Error RingReader::check_start(const std::string& path) const {
    std::uint64_t write = 0;
    for (int look = 0; look < kStartLooks; ++look) {
        write = read64(base_, ring_header::kWritePositionOffset);
        if (write % kWord != 0) {
            return misaligned(path, "write", ring_header::kWritePositionOffset, write);
        }
        if (write >= read_ && write - read_ <= capacity_) return {};
        if (write >= read_ || read_ - write > capacity_) break;
        if (walk_records(data_, capacity_, write, read_).position == read_) return {};
        // A live producer may be writing over what the walk read: look again.
        std::this_thread::yield();
    }
    return unfit_positions(path, read_, write);
}

}  // namespace detail

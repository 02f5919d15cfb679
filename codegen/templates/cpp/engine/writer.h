// ---------------------------------------------------------------------------------------------
// Writing records
// ---------------------------------------------------------------------------------------------

namespace detail {

/// Room for one record: not published, so nobody else looks at it.
struct Slot {
    std::uint64_t position = 0;
    std::byte* header = nullptr;
    /// Bytes of padding record before it; 0 if it does not cross the end of the lap.
    std::uint64_t padding = 0;

    [[nodiscard]] std::byte* payload() const noexcept { return header + message_header::kSize; }
};

/// A slot, or why there is none. Returned by value, so that the fast path's slot stays in
/// registers.
struct Room {
    Room(Errc why_not) noexcept : code(why_not) {}
    Room(const Slot& found) noexcept : slot(found) {}

    Slot slot{};
    Errc code = Errc::kOk;
};

/// Fills a slot with a copy of bytes. A type with a call that is always inlined, which no lambda
/// of C++17 has: a size that the compiler knows at the call then decides there how to copy.
struct FillBytes {
    ByteView payload;

    BITRPC_DETAIL_INLINE void operator()(const Slot& slot) const noexcept;
};

/// Fills a slot with a struct of so many bytes.
template <class T>
struct FillStruct {
    const T* value;
    std::size_t size;

    BITRPC_DETAIL_INLINE void operator()(const Slot& slot) const noexcept;
};

/// The producer's half of the ring algorithm: memory only, no system call. One thread.
class RingWriter {
public:
    /// Resumes where the last producer was: walks over what it published but did not count.
    [[nodiscard]] Error start(Attachment& attachment);

    /// Finds room for a record without looking at the consumer's position; false if that may
    /// help, if the record would cross the end of the lap, or while block() is on.
    [[nodiscard]] BITRPC_DETAIL_INLINE bool reserve_fast(std::uint64_t stride,
                                                         Slot& slot) const noexcept {
        const std::uint64_t offset = write_ & mask_;
        slot.position = write_;
        slot.header = data_ + offset;
        slot.padding = 0;
        return write_ + stride + kWord <= limit_ && stride <= capacity_ - offset;
    }

    /// Finds room for a record: kOk, kFull, or kCorrupt if the consumer's position is impossible.
    [[nodiscard]] Room reserve(std::uint64_t stride) noexcept {
        const std::uint64_t skip = skip_before(stride);
        const Errc room = make_room(skip + stride + kWord);
        if (room != Errc::kOk) return room;
        const std::uint64_t position = write_ + skip;
        return Slot{position, data_ + (position & mask_), skip};
    }

    /// Checks for room against the consumer's position as it is now.
    [[nodiscard]] Errc make_room(std::uint64_t need) noexcept {
        if (write_ + need <= room_limit_) return Errc::kOk;
        const Errc code = reload();
        if (code != Errc::kOk) return code;
        return write_ + need <= room_limit_ ? Errc::kOk : Errc::kFull;
    }

    /// Reads the consumer's position anew: kOk, or kCorrupt if it is impossible.
    Errc reload() noexcept {
        const std::uint64_t read = atomic_at<std::uint64_t>(base_, ring_header::kReadPositionOffset)
                                       .load(std::memory_order_acquire);
        if (read > write_ || write_ - read > capacity_ || read % kWord != 0) {
            bad_position_ = read;
            return Errc::kCorrupt;
        }
        set_room_limit(read + capacity_);
        return Errc::kOk;
    }

    /// True if there is hardly any room: producer and consumer are at each other's heels.
    [[nodiscard]] bool is_tight() const noexcept {
        const std::uint64_t quarter = capacity_ / 4;
        return room_limit_ - write_ < (quarter < kTightRoom ? quarter : kTightRoom);
    }

    /// Asks for the lines that records of a stream will be written to soon, as many as this one
    /// takes: what the consumer has read last lies in its caches, and takes a while to come.
    BITRPC_DETAIL_INLINE void prefetch(const Slot& slot, std::uint64_t frame) const noexcept {
        if (waited_for_ == kWaitedFor) return;
        const std::uint64_t ahead = slot.position + prefetch_distance_;
        const std::uint64_t size = frame < kPrefetchDistance ? frame : kPrefetchDistance;
        if (frame >= kManyLines && frame == size && ahead + size <= room_limit_) {
            for (std::uint64_t at = 0; at < size; at += kLine) {
                atomic_at<std::uint64_t>(data_, (ahead + at) & mask_)
                    .store(0, std::memory_order_relaxed);
            }
            return;
        }
        for (std::uint64_t at = 0; at < size; at += kLine) {
            prefetch_for_write(data_ + ((ahead + at) & mask_));
        }
    }

    /// To be called after a record was published: if the consumer waits for each, stores into the
    /// lines that the next record will be written to. The consumer's prefetcher has brought them
    /// over there; they come back while nobody waits, and not when the record is being written.
    /// (In a stream, which the consumer follows, it would take them again before they are used.)
    BITRPC_DETAIL_INLINE void prepare_next(std::uint64_t stride) const noexcept {
        if (waited_for_ != kWaitedFor) return;
        const std::uint64_t length = stride < kPrefetchDistance ? stride : kPrefetchDistance;
        const std::uint64_t end = write_ + length + kBeyond;
        if (end > room_limit_) return;
        // The lines that start within a record's length of that end; free all of them, because
        // they lie behind the zero word.
        for (std::uint64_t at = (end - length + kLine - 1) & ~(kLine - 1); at < end; at += kLine) {
            word_at(at).store(0, std::memory_order_relaxed);
        }
    }

    /// Writes the header but for its first word; `fields` are those without a role, or null.
    BITRPC_DETAIL_INLINE void fill_header(std::byte* header, MessageFlags flags,
                                          const std::byte* fields) const noexcept {
        std::array<std::byte, message_header::kSize> words{};
        if (fields != nullptr) std::memcpy(words.data(), fields, words.size());
        store_field(words.data(), message_header::kMessageIdOffset,
                    static_cast<std::uint32_t>(sent_));
        store_field(words.data(), message_header::kFlagsOffset, flags);
        if constexpr (message_header::kHasTimestamp) {
            store_field(words.data(), message_header::kTimestampOffset, monotonic_ns());
        }
        std::memcpy(header + kWord, words.data() + kWord, words.size() - kWord);
    }

    /// Zeroes the last word of a payload that does not fill it: the padding is part of the record.
    static BITRPC_DETAIL_INLINE void pad_payload(const Slot& slot, std::size_t size) noexcept {
        if (size % kWord != 0) {
            const std::uint64_t zero = 0;
            std::memcpy(slot.payload() + (size & ~(kWord - 1)), &zero, kWord);
        }
    }

    /// Copies a payload and zeroes its padding. Small ones without a call, as two halves that
    /// overlap.
    static BITRPC_DETAIL_INLINE void copy_payload(const Slot& slot, ByteView payload) noexcept {
        std::byte* const to = slot.payload();
        const std::byte* const from = payload.data();
        const std::size_t size = payload.size();
        pad_payload(slot, size);
        if (size - kWord <= kWord) {
            copy_ends<kWord>(to, from, size);
        } else if (size - 2 * kWord <= 2 * kWord) {
            copy_ends<2 * kWord>(to, from, size);
        } else if (size - 4 * kWord <= 4 * kWord) {
            copy_ends<4 * kWord>(to, from, size);
        } else {
            copy_bytes(to, from, size);
        }
    }

    /// Publishes one record: the release store that the consumer's acquire load pairs with.
    BITRPC_DETAIL_INLINE void publish(const Slot& slot, std::uint64_t word, std::uint64_t stride,
                                      std::size_t payload) noexcept {
        const std::uint64_t end = close_record(slot, word, stride);
        // Copies: as far as the compiler knows, a store into the ring may change the members.
        const std::uint64_t sent = sent_ + 1;
        const std::uint64_t bytes = bytes_ + payload;
        sent_ = sent;
        bytes_ = bytes;
        write_ = end;
        start_of(slot).store(first_word(slot, word), std::memory_order_release);
        store_counters(sent, bytes, end);
    }

    /// Adds a record to the pending batch: the consumer sees none of it before flush().
    void append(const Slot& slot, std::uint64_t word, std::uint64_t stride,
                std::size_t payload) noexcept {
        const std::uint64_t end = close_record(slot, word, stride);
        if (pending_ == 0) {
            pending_ = first_word(slot, word);
            pending_position_ = write_;
            pending_sent_ = sent_;
            pending_bytes_ = bytes_;
            block(true);
        } else {
            start_of(slot).store(first_word(slot, word), std::memory_order_relaxed);
        }
        sent_ += 1;
        bytes_ += payload;
        write_ = end;
    }

    /// Publishes the pending batch with one release; false if there was none.
    bool flush() noexcept {
        if (pending_ == 0) return false;
        word_at(pending_position_).store(pending_, std::memory_order_release);
        pending_ = 0;
        block(false);
        store_counters(sent_, bytes_, write_);
        return true;
    }

    /// Drops the pending batch: none of it was ever visible.
    void discard() noexcept {
        if (pending_ == 0) return;
        pending_ = 0;
        write_ = pending_position_;
        sent_ = pending_sent_;
        bytes_ = pending_bytes_;
        block(false);
    }

    /// Makes every reserve_fast() fail, at no cost to it.
    void block(bool blocked) noexcept {
        blocked_ = blocked;
        set_limit();
    }

    /// Lets reserve_fast() go on for a stretch: at its end it fails, so that a producer that has
    /// room looks around all the same. `stride` is that of the next record.
    void begin_stretch(std::uint64_t stride) noexcept {
        stretch_end_ = write_ + (capacity_ / 8 < kStretch ? capacity_ / 8 : kStretch);
        set_limit();
        const std::uint64_t left = write_ - read64(base_, ring_header::kReadPositionOffset);
        waited_for_ = (waited_for_ << 1 | (left <= stride ? 1U : 0U)) & kWaitedFor;
    }

    /// False when it is time to look around.
    [[nodiscard]] bool in_stretch() const noexcept { return write_ < stretch_end_; }

    /// Ends the stretch now: the next reserve_fast() fails.
    void end_stretch() noexcept {
        stretch_end_ = 0;
        limit_ = 0;
    }

    /// True if a record fits as far as it is known without looking at the consumer's position.
    [[nodiscard]] bool has_known_room(std::uint64_t stride) const noexcept {
        return write_ + skip_before(stride) + stride + kWord <= room_limit_;
    }

    /// Bytes of the largest record, header included, that fits now at any rate.
    [[nodiscard]] std::uint64_t free_bytes() noexcept {
        if (reload() != Errc::kOk) return 0;
        const std::uint64_t room = room_limit_ - write_;
        if (room <= kWord) return 0;
        const std::uint64_t rest = capacity_ - (write_ & mask_);
        const std::uint64_t here = room - kWord < rest ? room - kWord : rest;
        const std::uint64_t next_lap = room - kWord > rest ? room - kWord - rest : 0;
        const std::uint64_t most = here < next_lap ? next_lap : here;
        const std::uint64_t largest = message_header::kSize + detail::largest_payload(capacity_);
        return most < largest ? most : largest;
    }

    /// True if the consumer has released everything, and nobody has published anything since.
    [[nodiscard]] bool is_drained() const noexcept {
        return read64(base_, ring_header::kReadPositionOffset) == write_ &&
               word_at(write_).load(std::memory_order_acquire) == 0;
    }

    void count_failure() noexcept {
        auto& failures = atomic_at<std::uint64_t>(base_, ring_header::kSendFailuresOffset);
        failures.store(failures.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    }

    [[nodiscard]] bool has_pending() const noexcept { return pending_ != 0; }
    [[nodiscard]] std::uint64_t bad_position() const noexcept { return bad_position_; }

private:
    /// From this frame up to the distance, lines that are known to be free are fetched by storing
    /// to them: hints for so many lines were found to have no effect. (A larger record reaches
    /// into those lines itself.)
    static constexpr std::uint64_t kManyLines = 128;

    [[nodiscard]] Error recover(const std::string& path);

    /// Copies `kHalf` to twice as many bytes.
    template <std::size_t kHalf>
    static BITRPC_DETAIL_INLINE void copy_ends(std::byte* to, const std::byte* from,
                                               std::size_t size) noexcept {
        std::array<std::byte, kHalf> first;
        std::array<std::byte, kHalf> last;
        std::memcpy(first.data(), from, kHalf);
        std::memcpy(last.data(), from + (size - kHalf), kHalf);
        std::memcpy(to, first.data(), kHalf);
        std::memcpy(to + (size - kHalf), last.data(), kHalf);
    }

    [[nodiscard]] BITRPC_DETAIL_INLINE std::atomic<std::uint64_t>& word_at(
        std::uint64_t position) const noexcept {
        return atomic_at<std::uint64_t>(data_, position & mask_);
    }

    /// Where the record starts, or the padding before it.
    [[nodiscard]] BITRPC_DETAIL_INLINE std::atomic<std::uint64_t>& start_of(
        const Slot& slot) const noexcept {
        return slot.padding == 0 ? atomic_at<std::uint64_t>(slot.header, 0)
                                 : word_at(slot.position - slot.padding);
    }

    /// The word that is stored there: that of the record, or of the padding.
    [[nodiscard]] static BITRPC_DETAIL_INLINE std::uint64_t first_word(
        const Slot& slot, std::uint64_t word) noexcept {
        return slot.padding == 0 ? word
                                 : publication_word(static_cast<std::uint32_t>(slot.padding), 0);
    }

    /// Ends a record: zeroes the word after it, so that the consumer stops there, and stores the
    /// record's own word if padding before it is what publishes it.
    BITRPC_DETAIL_INLINE std::uint64_t close_record(const Slot& slot, std::uint64_t word,
                                                    std::uint64_t stride) noexcept {
        const std::uint64_t end = slot.position + stride;
        word_at(end).store(0, std::memory_order_relaxed);
        if (slot.padding != 0) {
            word_at(slot.position).store(word, std::memory_order_relaxed);
        }
        return end;
    }

    /// In this order, for recovery: nothing is counted before it is published, and a position is
    /// never newer than the count of messages.
    BITRPC_DETAIL_INLINE void store_counters(std::uint64_t sent, std::uint64_t bytes,
                                             std::uint64_t position) const noexcept {
        std::byte* const base = base_;
        compiler_fence();
        atomic_at<std::uint64_t>(base, ring_header::kMessagesSentOffset)
            .store(sent, std::memory_order_relaxed);
        atomic_at<std::uint64_t>(base, ring_header::kBytesSentOffset)
            .store(bytes, std::memory_order_relaxed);
        atomic_at<std::uint64_t>(base, ring_header::kWritePositionOffset)
            .store(position, std::memory_order_release);
    }

    /// Bytes of padding before a record here.
    [[nodiscard]] std::uint64_t skip_before(std::uint64_t stride) const noexcept {
        const std::uint64_t rest = capacity_ - (write_ & mask_);
        return stride <= rest ? 0 : rest;
    }

    void set_room_limit(std::uint64_t limit) noexcept {
        room_limit_ = limit;
        set_limit();
    }

    void set_limit() noexcept {
        const std::uint64_t limit = room_limit_ < stretch_end_ ? room_limit_ : stretch_end_;
        limit_ = blocked_ ? 0 : limit;
    }

    std::byte* data_ = nullptr;
    std::byte* base_ = nullptr;
    std::uint64_t mask_ = 0;
    std::uint64_t capacity_ = 0;
    /// Less in a small ring, where that far ahead is what the consumer reads now.
    std::uint64_t prefetch_distance_ = 0;
    // What changes with each message, no two neighbours at a time: GCC would change both in one
    // vector register, and the next message would wait until that has come back through memory.
    std::uint64_t write_ = 0;
    std::uint64_t limit_ = 0;
    std::uint64_t sent_ = 0;
    std::uint64_t room_limit_ = 0;
    std::uint64_t bytes_ = 0;
    std::uint64_t pending_ = 0;
    std::uint64_t pending_position_ = 0;
    std::uint64_t pending_sent_ = 0;
    std::uint64_t pending_bytes_ = 0;
    std::uint64_t bad_position_ = 0;
    std::uint64_t stretch_end_ = 0;
    /// Whether the consumer had taken everything but one when each of the last stretches began.
    std::uint32_t waited_for_ = kWaitedFor;
    bool blocked_ = false;
};

BITRPC_DETAIL_INLINE void FillBytes::operator()(const Slot& slot) const noexcept {
    RingWriter::copy_payload(slot, payload);
}

template <class T>
BITRPC_DETAIL_INLINE void FillStruct<T>::operator()(const Slot& slot) const noexcept {
    RingWriter::pad_payload(slot, size);
    detail::write_payload(*value, slot.payload());
}

inline Error RingWriter::start(Attachment& attachment) {
    base_ = attachment.base();
    data_ = attachment.data();
    capacity_ = attachment.capacity();
    mask_ = capacity_ - 1;
    prefetch_distance_ = capacity_ / 16 < kPrefetchDistance ? capacity_ / 16 : kPrefetchDistance;
    bytes_ = read64(base_, ring_header::kBytesSentOffset);
    return recover(attachment.path());
}

/// The dead producer may have published records that it did not count: they are part of the
/// stream.
inline Error RingWriter::recover(const std::string& path) {
    const std::uint64_t start = read64(base_, ring_header::kWritePositionOffset);
    sent_ = read64(base_, ring_header::kMessagesSentOffset);
    if (start % kWord != 0) {
        return misaligned(path, "write", ring_header::kWritePositionOffset, start);
    }
    const Walk end = walk_records(data_, capacity_, start, kNowhere);
    if (end.bad_word != 0) {
        return {Errc::kCorrupt,
                concat({in_quotes(path), ": the word ", hex_text(end.bad_word), " at position ",
                        std::to_string(end.position), " starts no record"}),
                end.position, end.bad_word};
    }
    write_ = end.position;
    if (end.found_messages) sent_ += end.last_id + 1U - static_cast<std::uint32_t>(sent_);
    // After the walk, because a consumer may have received what it found.
    const std::uint64_t read = read64(base_, ring_header::kReadPositionOffset);
    if (read > write_ || write_ - read > capacity_ || read % kWord != 0) {
        return unfit_positions(path, read, write_);
    }
    if (write_ != start) store_counters(sent_, bytes_, write_);
    set_room_limit(read + capacity_);
    return {};
}

}  // namespace detail

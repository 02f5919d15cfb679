// ---------------------------------------------------------------------------------------------
// Producer
// ---------------------------------------------------------------------------------------------

/// The sending side of a ring.
///
/// Threads: one at a time; interrupt() from any. Blocking: sends and claims wait for room up to
/// Options::send_timeout_ms; try_ operations never wait. Forking: a child must not use it, and
/// gets kForked. A false Status says why; error() has the details.
///
///     auto producer = create_producer("prices", 1 << 20);
///     if (!producer) return fail(last_error().message());
///     producer->send_string("hello");
class SharedMemoryProducer {
public:
    /// Attaches as the producer of ring `name`; null and an error if that fails. Waits up to
    /// 50 ms for the role.
    [[nodiscard]] static std::unique_ptr<SharedMemoryProducer> create(std::string_view name,
                                                                      const Options& options,
                                                                      Error& error);
    SharedMemoryProducer(const SharedMemoryProducer&) = delete;
    SharedMemoryProducer& operator=(const SharedMemoryProducer&) = delete;
    ~SharedMemoryProducer() { dispose(); }

    /// Sends bytes. Not only full may end it: see Errc.
    BITRPC_DETAIL_INLINE Status send(ByteView payload, MessageType type = kTypeData,
                                     MessageFlags flags = MessageFlags{}) noexcept {
        return send_for(options_.send_timeout_ms, payload, type, flags);
    }
    /// Sends `size` bytes from `data` on.
    BITRPC_DETAIL_INLINE Status send(const void* data, std::size_t size,
                                     MessageType type = kTypeData,
                                     MessageFlags flags = MessageFlags{}) noexcept {
        return send(ByteView(data, size), type, flags);
    }
    /// Sends text as plain data; kInvalidUtf8 if it is not UTF-8.
    Status send_string(std::string_view text, MessageFlags flags = MessageFlags{}) noexcept {
        if (!is_utf8(text)) return refuse(Errc::kInvalidUtf8, 0, utf8_prefix(text));
        return send(ByteView(text), kTypeData, flags);
    }
    /// Sends a struct: a generated one under its own type, any other trivially copyable one as
    /// plain data.
    template <class T>
    Status send_typed(const T& value, MessageFlags flags = MessageFlags{}) noexcept {
        return send_typed_for(options_.send_timeout_ms, value, flags);
    }
    /// Sends a message with its type, flags and header fields.
    Status send_message(const SharedMemoryMessage& message) noexcept {
        return send_message_for(options_.send_timeout_ms, message);
    }
    /// Sends bytes if there is room now, else kFull.
    [[nodiscard]] BITRPC_DETAIL_INLINE Status
    try_send(ByteView payload, MessageType type = kTypeData,
             MessageFlags flags = MessageFlags{}) noexcept {
        return send_for(0, payload, type, flags);
    }
    /// Sends text if there is room now, else kFull.
    [[nodiscard]] Status try_send_string(std::string_view text,
                                         MessageFlags flags = MessageFlags{}) noexcept {
        if (!is_utf8(text)) return refuse(Errc::kInvalidUtf8, 0, utf8_prefix(text));
        return try_send(ByteView(text), kTypeData, flags);
    }
    /// Sends a struct if there is room now, else kFull.
    template <class T>
    [[nodiscard]] Status try_send_typed(const T& value,
                                        MessageFlags flags = MessageFlags{}) noexcept {
        return send_typed_for(0, value, flags);
    }
    /// Sends a message if there is room now, else kFull.
    [[nodiscard]] Status try_send_message(const SharedMemoryMessage& message) noexcept {
        return send_message_for(0, message);
    }

    /// Sends every element of a container, of things that convert to ByteView: as few
    /// publications as the ring's size allows. The result says how many were sent.
    template <class Payloads>
    BatchResult send_batch(const Payloads& payloads, MessageType type = kTypeData,
                           MessageFlags flags = MessageFlags{}) noexcept {
        return batch_for(options_.send_timeout_ms, payloads, type, flags);
    }
    /// Sends as many of the first elements as there is room for now, with one publication.
    template <class Payloads>
    [[nodiscard]] BatchResult try_send_batch(const Payloads& payloads, MessageType type = kTypeData,
                                             MessageFlags flags = MessageFlags{}) noexcept {
        return batch_for(0, payloads, type, flags);
    }
    /// Starts a batch to which messages are added one by one. It must not outlive the producer.
    [[nodiscard]] BatchWriter batch() noexcept { return BatchWriter(*this); }

    /// Claims room for a payload of `size` bytes, to be filled in place.
    [[nodiscard]] Claim claim(std::size_t size, MessageType type = kTypeData) noexcept {
        return claim_for(options_.send_timeout_ms, size, type);
    }
    /// Claims room if there is some now, else the claim is empty and its status kFull.
    [[nodiscard]] Claim try_claim(std::size_t size, MessageType type = kTypeData) noexcept {
        return claim_for(0, size, type);
    }

    /// Sends a message of any size in pieces, which the receiver puts together. Each piece waits
    /// for room by itself; after a failure the receiver drops what has come.
    Status send_fragmented(ByteView payload, MessageType type = kTypeData,
                           MessageFlags flags = MessageFlags{}) noexcept;

    /// Stores the time of a sign of life for the consumer to see; any thread.
    void heartbeat() noexcept {
        if (ring_.is_open()) ring_.attachment_.beat();
    }
    /// Ends a wait for room in another thread with kTimeout.
    void interrupt() noexcept {
        interrupted_.store(true, std::memory_order_release);
        if (ring_.is_open()) sleeper_.interrupt();
    }
    /// Closes: what was sent stays readable, the consumer is told. Again: no effect.
    void dispose() noexcept;

    /// The ring: its name, size and counters.
    [[nodiscard]] const RingBuffer& ring() const noexcept { return ring_; }
    /// The counters of both sides.
    [[nodiscard]] Statistics statistics() const noexcept { return ring_.statistics(); }
    /// The consumer's life.
    [[nodiscard]] PeerState peer_state() const noexcept { return ring_.peer_state(); }
    /// Largest payload in bytes of one message.
    [[nodiscard]] std::size_t largest_payload() const noexcept { return largest_payload_; }
    /// The details of the last operation that failed with an error.
    [[nodiscard]] const Error& error() const noexcept { return error_; }

private:
    friend class Claim;
    friend class BatchWriter;

    /// So long that a fast consumer makes room for hundreds of messages.
    static constexpr std::uint64_t kStepBackNs = 1500;

    SharedMemoryProducer() noexcept = default;

    BITRPC_DETAIL_INLINE Status send_for(int timeout_ms, ByteView payload, MessageType type,
                                         MessageFlags flags) noexcept {
        return emit(timeout_ms, payload.size(), type, user_flags(flags), nullptr,
                    detail::FillBytes{payload});
    }

    template <class T>
    Status send_typed_for(int timeout_ms, const T& value, MessageFlags flags) noexcept {
        static_assert(detail::kIsRecord<T> || std::is_trivially_copyable_v<T>,
                      "a payload is a generated struct or a trivially copyable one");
        const std::size_t size = detail::payload_size(value);
        return emit(timeout_ms, size, detail::type_of<T>(), user_flags(flags), nullptr,
                    detail::FillStruct<T>{&value, size});
    }

    Status send_message_for(int timeout_ms, const SharedMemoryMessage& message) noexcept {
        const ByteView payload = message.payload();
        return emit(timeout_ms, payload.size(), message.type(), user_flags(message.flags()),
                    message.header_bytes(), detail::FillBytes{payload});
    }

    /// Sends one message: `fill` writes the payload and its padding into the slot.
    template <class Fill>
    BITRPC_DETAIL_INLINE Status emit(int timeout_ms, std::size_t size, MessageType type,
                                     MessageFlags flags, const std::byte* fields,
                                     Fill fill) noexcept {
        detail::Slot slot;
        const std::uint64_t stride = detail::stride_of(message_header::kSize + size);
        const bool fine = size <= largest_payload_ && type != MessageType{} && !is_forked();
        if (detail::unlikely(!fine || !writer_.reserve_fast(stride, slot))) {
            return emit_slow(timeout_ms, size, type, flags, fields, fill);
        }
        write(slot, size, type, flags, fields, fill);
        return {};
    }

    /// The same when the fast way to a slot failed. It shares no code with the fast one, which so
    /// stays straight, and keeps in registers what this one would have to be told by address.
    template <class Fill>
    BITRPC_DETAIL_COLD Status emit_slow(int timeout_ms, std::size_t size, MessageType type,
                                        MessageFlags flags, const std::byte* fields,
                                        Fill fill) noexcept {
        const detail::Room room = acquire(timeout_ms, size, type);
        if (room.code != Errc::kOk) return room.code;
        write(room.slot, size, type, flags, fields, fill);
        return {};
    }

    /// Writes a message into its slot and publishes it.
    template <class Fill>
    BITRPC_DETAIL_INLINE void write(const detail::Slot& slot, std::size_t size, MessageType type,
                                    MessageFlags flags, const std::byte* fields,
                                    Fill fill) noexcept {
        const std::uint64_t frame = message_header::kSize + size;
        writer_.prefetch(slot, frame);
        writer_.fill_header(slot.header, flags, fields);
        fill(slot);
        writer_.publish(slot, word_of(frame, type), detail::stride_of(frame), size);
        waker_.published();
    }

    /// Publishes the batch that is being written, if any.
    void flush() noexcept {
        if (writer_.flush()) waker_.published();
    }

    /// Adds one message to the pending batch.
    template <class Fill>
    Status append(int timeout_ms, std::size_t size, MessageType type, MessageFlags flags,
                  Fill fill) noexcept {
        const std::uint64_t frame = message_header::kSize + size;
        const detail::Room room = acquire_for_batch(timeout_ms, size, type);
        if (room.code != Errc::kOk) return room.code;
        writer_.prefetch(room.slot, frame);
        writer_.fill_header(room.slot.header, user_flags(flags), nullptr);
        fill(room.slot);
        writer_.append(room.slot, word_of(frame, type), detail::stride_of(frame), size);
        if ((flags & kFlagUrgent) != MessageFlags{}) flush();
        return {};
    }

    template <class Payloads>
    BatchResult batch_for(int timeout_ms, const Payloads& payloads, MessageType type,
                          MessageFlags flags) noexcept {
        BatchResult result;
        for (const ByteView payload : payloads) {
            result.status = append_bytes(timeout_ms, payload, type, flags);
            if (!result.status) break;
            ++result.count;
        }
        flush();
        return result;
    }

    Status append_bytes(int timeout_ms, ByteView payload, MessageType type,
                        MessageFlags flags) noexcept {
        return append(timeout_ms, payload.size(), type, flags, detail::FillBytes{payload});
    }

    [[nodiscard]] BITRPC_DETAIL_INLINE bool is_forked() const noexcept {
        return ring_.attachment_.forked();
    }

    /// The flags that a caller may set: those of pieces are the engine's.
    [[nodiscard]] static constexpr MessageFlags user_flags(MessageFlags flags) noexcept {
        return flags & ~(kFlagFragment | kFlagLastFragment);
    }

    [[nodiscard]] static std::uint64_t word_of(std::uint64_t frame, MessageType type) noexcept {
        return detail::publication_word(static_cast<std::uint32_t>(frame),
                                        static_cast<std::uint32_t>(type));
    }

    [[nodiscard]] Claim claim_for(int timeout_ms, std::size_t size, MessageType type) noexcept;
    Status commit(Claim& claim, std::size_t size) noexcept;
    void abandon(Claim& claim) noexcept;

    [[nodiscard]] Errc check(std::size_t size, MessageType type) noexcept;
    BITRPC_DETAIL_COLD detail::Room acquire(int timeout_ms, std::size_t size,
                                            MessageType type) noexcept;
    [[nodiscard]] detail::Room acquire_for_batch(int timeout_ms, std::size_t size,
                                                 MessageType type) noexcept;
    [[nodiscard]] detail::Room wait_for_room(int timeout_ms, std::uint64_t stride) noexcept;
    void step_back() noexcept;
    detail::Room settle(const detail::Room& room) noexcept;
    [[nodiscard]] detail::Room verdict(Errc peer, std::uint64_t stride) noexcept;
    [[nodiscard]] std::size_t piece_size() const noexcept;
    BITRPC_DETAIL_COLD Errc refuse(Errc code, std::uint64_t expected = 0,
                                   std::uint64_t found = 0) noexcept;

    detail::RingWriter writer_;
    detail::Waker waker_;
    std::size_t largest_payload_ = 0;
    Options options_;
    detail::Sleeper sleeper_;
    detail::PeerWatch watch_;
    RingBuffer ring_;
    Error error_;
    std::atomic<bool> interrupted_{false};
    bool claimed_ = false;
};

inline std::unique_ptr<SharedMemoryProducer> SharedMemoryProducer::create(std::string_view name,
                                                                          const Options& options,
                                                                          Error& error) {
    std::unique_ptr<SharedMemoryProducer> producer(new (std::nothrow) SharedMemoryProducer());
    if (!producer) {
        error = Error(Errc::kNoSpace, "out of memory");
        return nullptr;
    }
    detail::Attachment& attachment = producer->ring_.attachment_;
    Error failed = attachment.open(name, options, detail::Role::kProducer);
    if (!failed) failed = producer->writer_.start(attachment);
    if (failed) {
        attachment.close(false);
        error = std::move(failed);
        return nullptr;
    }
    producer->options_ = options;
    producer->largest_payload_ = detail::largest_payload(attachment.capacity());
    producer->waker_.start(attachment);
    producer->sleeper_.start(attachment);
    producer->watch_.start(attachment);
    attachment.announce();
    return producer;
}

inline void SharedMemoryProducer::dispose() noexcept {
    if (!ring_.is_open()) return;
    if (!is_forked()) ring_.attachment_.announce_closed();
    writer_.discard();
    writer_.block(true);
    ring_.close(false);
}

/// The refusals that waiting cannot mend.
inline Errc SharedMemoryProducer::check(std::size_t size, MessageType type) noexcept {
    if (!ring_.is_open()) return refuse(Errc::kDisposed);
    if (is_forked()) return refuse(Errc::kForked);
    if (type == MessageType{}) return refuse(Errc::kInvalidType);
    if (size > largest_payload_) return refuse(Errc::kTooLarge, largest_payload_, size);
    return claimed_ ? refuse(Errc::kBusy) : Errc::kOk;
}

/// The way to a slot when the fast one failed, whatever the reason.
inline detail::Room SharedMemoryProducer::acquire(int timeout_ms, std::size_t size,
                                                  MessageType type) noexcept {
    const Errc wrong = check(size, type);
    if (wrong != Errc::kOk) return wrong;
    flush();
    return wait_for_room(timeout_ms, detail::stride_of(message_header::kSize + size));
}

inline detail::Room SharedMemoryProducer::acquire_for_batch(int timeout_ms, std::size_t size,
                                                            MessageType type) noexcept {
    const Errc wrong = check(size, type);
    if (wrong != Errc::kOk) return wrong;
    const std::uint64_t stride = detail::stride_of(message_header::kSize + size);
    const detail::Room room = writer_.reserve(stride);
    if (room.code == Errc::kOk) return room;
    if (room.code == Errc::kFull && timeout_ms == 0 && writer_.has_pending()) {
        writer_.count_failure();
        return room;
    }
    flush();
    return wait_for_room(timeout_ms, stride);
}

inline detail::Room SharedMemoryProducer::wait_for_room(int timeout_ms,
                                                        std::uint64_t stride) noexcept {
    detail::Deadline deadline(timeout_ms);
    const bool spin_only = options_.wait_strategy == WaitStrategy::kSpin;
    if (!deadline.immediate()) step_back();
    for (std::uint32_t looks = 1;; ++looks) {
        detail::Room room = writer_.reserve(stride);
        if (room.code != Errc::kFull) return settle(room);
        room = verdict(deadline.immediate() ? watch_.poll() : watch_.look(), stride);
        if (room.code != Errc::kFull) return room;
        const bool spin = spin_only || looks < options_.spin_budget;
        const bool look_at_clock = !spin || (looks & detail::kClockMask) == 0;
        std::uint64_t left = deadline.immediate() ? 0 : 1;
        if (left != 0 && look_at_clock) left = deadline.left(detail::kLivenessNs);
        if (left == 0 || interrupted_.exchange(false, std::memory_order_acquire)) {
            writer_.count_failure();
            return deadline.immediate() ? Errc::kFull : Errc::kTimeout;
        }
        if (spin) {
            detail::cpu_pause();
        } else {
            sleeper_.sleep(watch_.seen_sequence(), left, [this, stride] {
                return writer_.reserve(stride).code != Errc::kFull ||
                       interrupted_.load(std::memory_order_acquire);
            });
        }
        if (look_at_clock && watch_.due()) {
            room = verdict(watch_.check_alive(), stride);
            if (room.code != Errc::kFull) return room;
        }
    }
}

/// Pauses when the ring is as good as full. A producer that takes each bit of room as soon as it is
/// there reads the consumer's position for each message, and so slows down the consumer, who writes
/// it: the stream would stay in that state.
inline void SharedMemoryProducer::step_back() noexcept {
    if (writer_.reload() != Errc::kOk || !writer_.is_tight()) return;
    detail::pause_for(kStepBackNs);
    // Whatever is wrong with it now, the caller's own look finds it too.
    static_cast<void>(writer_.reload());
}

inline detail::Room SharedMemoryProducer::settle(const detail::Room& room) noexcept {
    if (room.code == Errc::kCorrupt) {
        refuse(Errc::kCorrupt, ring_header::kReadPositionOffset, writer_.bad_position());
    }
    return room;
}

/// What the consumer's state means for a producer that found the ring full: kFull to go on
/// waiting, a slot if there is room after all, else an error that the caller is told.
inline detail::Room SharedMemoryProducer::verdict(Errc peer, std::uint64_t stride) noexcept {
    if (peer == Errc::kOk) return Errc::kFull;
    const detail::Room room = writer_.reserve(stride);
    if (room.code != Errc::kFull) return settle(room);
    watch_.told(peer);
    return refuse(peer);
}

inline Claim SharedMemoryProducer::claim_for(int timeout_ms, std::size_t size,
                                             MessageType type) noexcept {
    detail::Slot slot;
    const std::uint64_t stride = detail::stride_of(message_header::kSize + size);
    const bool fine = size <= largest_payload_ && type != MessageType{} && !is_forked();
    if (!fine || !writer_.reserve_fast(stride, slot)) {
        const detail::Room room = acquire(timeout_ms, size, type);
        if (room.code != Errc::kOk) return Claim(room.code);
        slot = room.slot;
    }
    writer_.prefetch(slot, message_header::kSize + size);
    writer_.fill_header(slot.header, MessageFlags{}, nullptr);
    writer_.block(true);
    claimed_ = true;
    return Claim(*this, slot, size, type);
}

inline Status SharedMemoryProducer::commit(Claim& claim, std::size_t size) noexcept {
    if (!ring_.is_open()) return refuse(Errc::kDisposed);
    if (size > claim.size_) return refuse(Errc::kTooLarge, claim.size_, size);
    claimed_ = false;
    writer_.block(false);
    const std::uint64_t frame = message_header::kSize + size;
    writer_.fill_header(claim.slot_.header, user_flags(claim.flags_), claim.slot_.header);
    const std::uint64_t stride = detail::stride_of(frame);
    if (stride != frame) {
        std::memset(claim.slot_.header + frame, 0, stride - frame);
    }
    writer_.publish(claim.slot_, word_of(frame, claim.type_), stride, size);
    waker_.published();
    return {};
}

inline void SharedMemoryProducer::abandon(Claim&) noexcept {
    claimed_ = false;
    if (ring_.is_open()) writer_.block(false);
}

inline Status Claim::commit(std::size_t size) noexcept {
    if (producer_ == nullptr) return Errc::kDisposed;
    const Status status = producer_->commit(*this, size);
    if (status) producer_ = nullptr;
    return status;
}

inline void Claim::abandon() noexcept {
    if (producer_ != nullptr) std::exchange(producer_, nullptr)->abandon(*this);
}

inline Status BatchWriter::push(ByteView payload, MessageType type, MessageFlags flags) noexcept {
    if (producer_ == nullptr) return Errc::kDisposed;
    return producer_->append_bytes(producer_->options_.send_timeout_ms, payload, type, flags);
}

inline Status BatchWriter::try_push(ByteView payload, MessageType type,
                                    MessageFlags flags) noexcept {
    if (producer_ == nullptr) return Errc::kDisposed;
    return producer_->append_bytes(0, payload, type, flags);
}

template <class T>
Status BatchWriter::push_typed(const T& value, MessageFlags flags) noexcept {
    if (producer_ == nullptr) return Errc::kDisposed;
    const std::size_t size = detail::payload_size(value);
    return producer_->append(producer_->options_.send_timeout_ms, size, detail::type_of<T>(), flags,
                             detail::FillStruct<T>{&value, size});
}

inline void BatchWriter::commit() noexcept {
    if (producer_ != nullptr) producer_->flush();
}

inline void BatchWriter::discard() noexcept {
    if (producer_ != nullptr && producer_->ring_.is_open()) producer_->writer_.discard();
}

inline Errc SharedMemoryProducer::refuse(Errc code, std::uint64_t expected,
                                         std::uint64_t found) noexcept {
    error_ = Error(code, detail::describe(code, ring_.name(), expected, found), expected, found);
    detail::log_line(LogLevel::kWarning, error_.message());
    return code;
}

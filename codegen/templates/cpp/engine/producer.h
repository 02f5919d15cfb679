// ---------------------------------------------------------------------------------------------
// Producer
// ---------------------------------------------------------------------------------------------

/// The sending side of a ring.
///
/// Threads: one at a time; interrupt(), heartbeat(), statistics() and peer_state() from any.
/// Blocking: sends and claims wait for room up to Options::send_timeout; try_ operations never
/// wait. Forking: a child must not use it, and gets kForked. A false Status says why; last_error()
/// has the details.
///
/// Full may stop being so at any time. kClosed and kPeerDied are told once for each consumer, by a
/// send that finds the ring full; the next one waits for a successor. kRemoved is told by every
/// send from when it was noticed on: within 100 ms, or some hundred messages.
///
///     auto producer = create_producer("prices", 1 << 20);
///     if (!producer) return fail(last_error().message());
///     if (Status status = producer->send_string("hello"); !status) return fail(status.name());
class SharedMemoryProducer : public SharedMemorySide {
public:
    /// Attaches as the producer of ring `name`; null and an error if that fails. Waits up to
    /// 50 ms for the role, or 5 s for one whose holder is about to go.
    [[nodiscard]] static std::unique_ptr<SharedMemoryProducer> create(std::string_view name,
                                                                      const Options& options,
                                                                      Error& error);
    ~SharedMemoryProducer() { close(); }

    /// Sends bytes. Not only full may end it: see Errc.
    BITRPC_DETAIL_INLINE Status send(ByteView payload, MessageType type = kTypeData,
                                     MessageFlags flags = MessageFlags{}) noexcept {
        return send_for(options_.send_timeout, payload, type, flags);
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
        return send_typed_for(options_.send_timeout, value, flags);
    }
    /// Sends a message with its type, flags and header fields.
    Status send_message(const SharedMemoryMessage& message) noexcept {
        return send_message_for(options_.send_timeout, message);
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
        return batch_for(options_.send_timeout, payloads, type, flags);
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
    [[nodiscard]] BITRPC_DETAIL_INLINE Claim claim(std::size_t size,
                                                   MessageType type = kTypeData) noexcept {
        return claim_for(options_.send_timeout, size, type);
    }
    /// Claims room if there is some now, else the claim is empty and its status kFull.
    [[nodiscard]] BITRPC_DETAIL_INLINE Claim try_claim(std::size_t size,
                                                       MessageType type = kTypeData) noexcept {
        return claim_for(0, size, type);
    }

    /// Sends a message of any size in pieces, which the receiver puts together. The time holds for
    /// all of them; after a failure the receiver drops what has come.
    Status send_fragmented(ByteView payload, MessageType type = kTypeData,
                           MessageFlags flags = MessageFlags{}) noexcept;

    /// Bytes of the largest message, its header included, that can be sent now without waiting.
    /// Room may come at any time, and goes only by what this producer sends.
    [[nodiscard]] std::size_t free_bytes() noexcept {
        return is_attached() && !is_forked() ? writer_.free_bytes() : 0;
    }
    /// Changes how long sends and claims wait for room; kInvalidArgument for a time that is none.
    Status set_send_timeout(Timeout timeout) noexcept {
        if (const Errc wrong = check_open(timeout); wrong != Errc::kOk) return wrong;
        options_.send_timeout = timeout;
        return {};
    }
    /// Waits until a live consumer is attached: true. False if the time is over, the file was
    /// removed, this was interrupted or is closed.
    [[nodiscard]] bool wait_for_peer(Timeout timeout = kForever) noexcept {
        if (const Errc wrong = check_open(timeout); wrong != Errc::kOk) return false;
        return await_peer(timeout);
    }
    /// Closes: what was sent stays readable, the consumer is told. Removes the ring if all was read
    /// and the consumer has gone; waits for up to 5 s for one that is about to let go of it. Again:
    /// no effect.
    void close() noexcept;
    /// The same as close().
    void dispose() noexcept { close(); }

private:
    friend class Claim;
    friend class BatchWriter;
    friend class detail::ManagerCore;

    SharedMemoryProducer() noexcept = default;

    BITRPC_DETAIL_INLINE Status send_for(Timeout timeout, ByteView payload, MessageType type,
                                         MessageFlags flags) noexcept {
        return send_record(timeout, payload.size(), type, user_flags(flags), nullptr,
                           detail::FillBytes{payload});
    }

    template <class T>
    Status send_typed_for(Timeout timeout, const T& value, MessageFlags flags) noexcept {
        static_assert(detail::kIsRecord<T> || std::is_trivially_copyable_v<T>,
                      "a payload is a generated struct or a trivially copyable one");
        const std::size_t size = detail::payload_size(value);
        return send_record(timeout, size, detail::type_of<T>(), user_flags(flags), nullptr,
                           detail::FillStruct<T>{&value, size});
    }

    Status send_message_for(Timeout timeout, const SharedMemoryMessage& message) noexcept {
        const ByteView payload = message.payload();
        return send_record(timeout, payload.size(), message.message_type(),
                           user_flags(message.flags()), message.header_bytes(),
                           detail::FillBytes{payload});
    }

    /// Sends one message: `fill` writes the payload and its padding into the slot.
    template <class Fill>
    BITRPC_DETAIL_INLINE Status send_record(Timeout timeout, std::size_t size, MessageType type,
                                            MessageFlags flags, const std::byte* fields,
                                            Fill fill) noexcept {
        detail::Slot slot;
        const std::uint64_t stride = detail::stride_of(message_header::kSize + size);
        const bool fine = size <= largest_payload_ && type != MessageType{} && !is_forked();
        if (detail::unlikely(!fine || !writer_.reserve_fast(stride, slot))) {
            return send_slowly(timeout, size, type, flags, fields, fill);
        }
        write(slot, size, type, flags, fields, fill);
        return {};
    }

    /// The same when the fast way to a slot failed. It shares no code with the fast one, which so
    /// stays straight, and keeps in registers what this one would have to be told by address.
    template <class Fill>
    BITRPC_DETAIL_COLD Status send_slowly(Timeout timeout, std::size_t size, MessageType type,
                                          MessageFlags flags, const std::byte* fields,
                                          Fill fill) noexcept {
        detail::Deadline deadline(timeout);
        const detail::Room room = acquire(deadline, size, type);
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
        const std::uint64_t stride = detail::stride_of(frame);
        writer_.publish(slot, word_of(frame, type), stride, size);
        wake();
        writer_.prepare_next(stride);
    }

    /// Wakes the consumer if it sleeps. If there was reason to, the next send looks around first.
    BITRPC_DETAIL_INLINE void wake() noexcept {
        if (detail::unlikely(waker_.published())) writer_.end_stretch();
    }

    /// Publishes the batch that is being written, if any.
    void flush() noexcept {
        if (writer_.flush()) wake();
    }

    /// Adds one message to the pending batch.
    template <class Fill>
    Status append(detail::Deadline& deadline, std::size_t size, MessageType type,
                  MessageFlags flags, Fill fill) noexcept {
        const std::uint64_t frame = message_header::kSize + size;
        const detail::Room room = acquire_for_batch(deadline, size, type);
        if (room.code != Errc::kOk) return room.code;
        writer_.prefetch(room.slot, frame);
        writer_.fill_header(room.slot.header, user_flags(flags), nullptr);
        fill(room.slot);
        writer_.append(room.slot, word_of(frame, type), detail::stride_of(frame), size);
        if ((flags & kFlagUrgent) != MessageFlags{}) flush();
        return {};
    }

    template <class Payloads>
    BatchResult batch_for(Timeout timeout, const Payloads& payloads, MessageType type,
                          MessageFlags flags) noexcept {
        BatchResult result;
        detail::Deadline deadline(timeout);
        for (const ByteView payload : payloads) {
            result.status =
                append(deadline, payload.size(), type, flags, detail::FillBytes{payload});
            if (!result.status) break;
            ++result.count;
        }
        flush();
        return result;
    }

    Status push_for(Timeout timeout, ByteView payload, MessageType type,
                    MessageFlags flags) noexcept {
        detail::Deadline deadline(timeout);
        return append(deadline, payload.size(), type, flags, detail::FillBytes{payload});
    }

    [[nodiscard]] bool is_attached() const noexcept { return ring_.attachment_.is_open(); }
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

    [[nodiscard]] BITRPC_DETAIL_INLINE Claim claim_for(Timeout timeout, std::size_t size,
                                                       MessageType type) noexcept;
    BITRPC_DETAIL_COLD detail::Room acquire_for_claim(Timeout timeout, std::size_t size,
                                                      MessageType type) noexcept;
    BITRPC_DETAIL_INLINE Status commit(Claim& claim, std::size_t size) noexcept;
    void abandon() noexcept;

    [[nodiscard]] Errc check_open(Timeout timeout) noexcept;
    [[nodiscard]] Errc check_message(std::size_t size, MessageType type) noexcept;
    BITRPC_DETAIL_COLD detail::Room acquire(detail::Deadline& deadline, std::size_t size,
                                            MessageType type) noexcept;
    [[nodiscard]] detail::Room acquire_for_batch(detail::Deadline& deadline, std::size_t size,
                                                 MessageType type) noexcept;
    [[nodiscard]] Errc look_around(std::uint64_t stride) noexcept;
    [[nodiscard]] detail::Room wait_for_room(detail::Deadline& deadline,
                                             std::uint64_t stride) noexcept;
    [[nodiscard]] Errc wait_for_consumer(detail::Deadline& deadline, std::uint64_t stride) noexcept;
    Errc ended(Errc end) noexcept;
    void step_back() noexcept;
    [[nodiscard]] std::size_t piece_size() const noexcept;

    detail::RingWriter writer_;
    /// That of the ring, close at hand.
    std::size_t largest_payload_ = 0;
    bool claimed_ = false;
};

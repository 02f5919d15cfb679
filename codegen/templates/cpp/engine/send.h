// ---------------------------------------------------------------------------------------------
// Producer: finding room
// ---------------------------------------------------------------------------------------------

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
    producer->start(options);
    producer->largest_payload_ = producer->largest_payload();
    producer->watch_.start(attachment, false);
    attachment.announce();
    return producer;
}

inline void SharedMemoryProducer::close() noexcept {
    if (!is_attached()) return;
    writer_.discard();
    writer_.block(true);
    ring_.leave([this] { return writer_.is_drained(); });
}

inline Errc SharedMemoryProducer::check_open(Timeout timeout) noexcept {
    if (!is_attached()) return refuse(Errc::kDisposed);
    if (is_forked()) return refuse(Errc::kForked);
    return timeout.is_valid() ? Errc::kOk : refuse(Errc::kInvalidArgument);
}

/// The refusals that waiting cannot mend.
inline Errc SharedMemoryProducer::check_message(std::size_t size, MessageType type) noexcept {
    if (const Errc wrong = check_open(kForever); wrong != Errc::kOk) return wrong;
    if (type == MessageType{}) return refuse(Errc::kInvalidType);
    if (size > largest_payload_) return refuse(Errc::kTooLarge, largest_payload_, size);
    return claimed_ ? refuse(Errc::kBusy) : Errc::kOk;
}

/// The way to a slot when the fast one failed, whatever the reason.
inline detail::Room SharedMemoryProducer::acquire(detail::Deadline& deadline, std::size_t size,
                                                  MessageType type) noexcept {
    const Errc wrong = check_message(size, type);
    if (wrong != Errc::kOk) return wrong;
    flush();
    const std::uint64_t stride = detail::stride_of(message_header::kSize + size);
    if (const Errc gone = look_around(stride); gone != Errc::kOk) return gone;
    if (writer_.has_known_room(stride)) return writer_.reserve(stride);
    return wait_for_room(deadline, stride);
}

inline detail::Room SharedMemoryProducer::acquire_for_batch(detail::Deadline& deadline,
                                                            std::size_t size,
                                                            MessageType type) noexcept {
    const Errc wrong = check_message(size, type);
    if (wrong != Errc::kOk) return wrong;
    const std::uint64_t stride = detail::stride_of(message_header::kSize + size);
    if (const Errc gone = look_around(stride); gone != Errc::kOk) return gone;
    const detail::Room room = writer_.reserve(stride);
    if (room.code == Errc::kOk) return room;
    if (room.code == Errc::kFull && deadline.immediate() && writer_.has_pending()) {
        writer_.count_failure();
        return room;
    }
    flush();
    return wait_for_room(deadline, stride);
}

/// At the end of each stretch, looks whether the file still has its name: nobody could come to what
/// is written into one without.
inline Errc SharedMemoryProducer::look_around(std::uint64_t stride) noexcept {
    if (writer_.in_stretch()) return Errc::kOk;
    if (watch_.check_name_if_due() == Errc::kRemoved) return refuse(Errc::kRemoved);
    writer_.begin_stretch(stride);
    return Errc::kOk;
}

/// Waits for room, or says why there is none; one more look at the ring comes before any reason but
/// that its file was removed, after which nothing is written.
inline detail::Room SharedMemoryProducer::wait_for_room(detail::Deadline& deadline,
                                                        std::uint64_t stride) noexcept {
    if (!deadline.immediate()) step_back();
    detail::Room room = writer_.reserve(stride);
    Errc end = Errc::kOk;
    if (room.code == Errc::kFull) {
        end = deadline.immediate() ? watch_.poll() : wait_for_consumer(deadline, stride);
        if (watch_.is_removed()) return ended(Errc::kRemoved);
        room = writer_.reserve(stride);
    }
    if (room.code == Errc::kCorrupt) {
        return refuse(Errc::kCorrupt, ring_header::kReadPositionOffset, writer_.bad_position());
    }
    if (room.code != Errc::kFull) return room;
    if (end != Errc::kOk) return ended(end);
    writer_.count_failure();
    return deadline.immediate() ? Errc::kFull : Errc::kTimeout;
}

/// Waits until there is room; how the consumer ended, if that came first.
inline Errc SharedMemoryProducer::wait_for_consumer(detail::Deadline& deadline,
                                                    std::uint64_t stride) noexcept {
    const auto has_room = [this, stride] { return writer_.reserve(stride).code != Errc::kFull; };
    Errc end = Errc::kOk;
    const auto waited = patience_.wait(sleeper_, watch_, deadline, has_room, end);
    return waited == detail::Waited::kEnded ? end : Errc::kOk;
}

/// Says how the consumer ended to a send that it leaves without room.
inline Errc SharedMemoryProducer::ended(Errc end) noexcept {
    if (end == Errc::kRemoved) writer_.end_stretch();
    watch_.told(end);
    writer_.count_failure();
    return refuse(end);
}

/// Pauses when the ring is as good as full. A producer that takes each bit of room as soon as it is
/// there reads the consumer's position for each message, and so slows down the consumer, who writes
/// it: the stream would stay in that state.
inline void SharedMemoryProducer::step_back() noexcept {
    if (writer_.reload() != Errc::kOk || !writer_.is_tight()) return;
    detail::pause_for(detail::kStepBackNs);
    // Whatever is wrong with it now, the caller's own look finds it too.
    static_cast<void>(writer_.reload());
}

inline detail::Room SharedMemoryProducer::acquire_for_claim(Timeout timeout, std::size_t size,
                                                            MessageType type) noexcept {
    detail::Deadline deadline(timeout);
    return acquire(deadline, size, type);
}

BITRPC_DETAIL_INLINE Claim SharedMemoryProducer::claim_for(Timeout timeout, std::size_t size,
                                                           MessageType type) noexcept {
    detail::Slot slot;
    const std::uint64_t stride = detail::stride_of(message_header::kSize + size);
    const bool fine = size <= largest_payload_ && type != MessageType{} && !is_forked();
    if (detail::unlikely(!fine || !writer_.reserve_fast(stride, slot))) {
        const detail::Room room = acquire_for_claim(timeout, size, type);
        if (room.code != Errc::kOk) return Claim(room.code);
        slot = room.slot;
    }
    writer_.prefetch(slot, message_header::kSize + size);
    writer_.block(true);
    claimed_ = true;
    return Claim(*this, slot, size, type);
}

BITRPC_DETAIL_INLINE Status SharedMemoryProducer::commit(Claim& claim, std::size_t size) noexcept {
    if (!is_attached()) return refuse(Errc::kDisposed);
    if (size > claim.size_) return refuse(Errc::kTooLarge, claim.size_, size);
    claimed_ = false;
    writer_.block(false);
    const std::uint64_t frame = message_header::kSize + size;
    std::byte* const header = claim.slot_.header;
    writer_.fill_header(header, user_flags(claim.flags_), claim.has_fields_ ? header : nullptr);
    const std::uint64_t stride = detail::stride_of(frame);
    if (stride != frame) {
        std::memset(header + frame, 0, stride - frame);
    }
    writer_.publish(claim.slot_, word_of(frame, claim.type_), stride, size);
    wake();
    writer_.prepare_next(stride);
    return {};
}

inline void SharedMemoryProducer::abandon() noexcept {
    claimed_ = false;
    if (is_attached()) writer_.block(false);
}

BITRPC_DETAIL_INLINE Status Claim::commit(std::size_t size) noexcept {
    if (producer_ == nullptr) return Errc::kDisposed;
    const Status status = producer_->commit(*this, size);
    if (status) producer_ = nullptr;
    return status;
}

BITRPC_DETAIL_INLINE void Claim::abandon() noexcept {
    if (producer_ != nullptr) std::exchange(producer_, nullptr)->abandon();
}

inline Status BatchWriter::push(ByteView payload, MessageType type, MessageFlags flags) noexcept {
    if (producer_ == nullptr) return Errc::kDisposed;
    return producer_->push_for(producer_->options_.send_timeout, payload, type, flags);
}

inline Status BatchWriter::try_push(ByteView payload, MessageType type,
                                    MessageFlags flags) noexcept {
    if (producer_ == nullptr) return Errc::kDisposed;
    return producer_->push_for(0, payload, type, flags);
}

template <class T>
Status BatchWriter::push_typed(const T& value, MessageFlags flags) noexcept {
    if (producer_ == nullptr) return Errc::kDisposed;
    const std::size_t size = detail::payload_size(value);
    detail::Deadline deadline(producer_->options_.send_timeout);
    return producer_->append(deadline, size, detail::type_of<T>(), flags,
                             detail::FillStruct<T>{&value, size});
}

inline void BatchWriter::commit() noexcept {
    if (producer_ != nullptr) producer_->flush();
}

inline void BatchWriter::discard() noexcept {
    if (producer_ != nullptr && producer_->is_attached()) producer_->writer_.discard();
}

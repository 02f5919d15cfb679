// ---------------------------------------------------------------------------------------------
// Consumer: finding and waiting
// ---------------------------------------------------------------------------------------------

BITRPC_DETAIL_INLINE void ReceivedMessage::give_back() noexcept {
    if (detail::likely(consumer_ != nullptr)) {
        consumer_->give_back(index_, 1, end_, payload().size());
    } else if (header_bytes() != nullptr) {
        detail::Block::free(header_bytes());
    }
}

inline std::unique_ptr<SharedMemoryConsumer> SharedMemoryConsumer::create(std::string_view name,
                                                                          const Options& options,
                                                                          Error& error) {
    std::unique_ptr<SharedMemoryConsumer> consumer(new (std::nothrow) SharedMemoryConsumer());
    if (!consumer) {
        error = Error(Errc::kNoSpace, "out of memory");
        return nullptr;
    }
    detail::Attachment& attachment = consumer->ring_.attachment_;
    Error failed = attachment.open(name, options, detail::Role::kConsumer);
    if (!failed) failed = consumer->reader_.start(attachment, options.distance);
    if (failed) {
        attachment.close(false);
        error = std::move(failed);
        return nullptr;
    }
    consumer->start(options);
    consumer->assembler_.start(options.max_message_size);
    consumer->due_ = detail::Due::kNothing;
    if (options.start == Start::kNewest) consumer->clear();
    consumer->watch_.start(attachment, consumer->reader_.has_record());
    attachment.announce();
    return consumer;
}

inline void SharedMemoryConsumer::close() noexcept {
    if (due_ == detail::Due::kClosed) return;
    close_wanted_ = due_ == detail::Due::kHandler;
    if (close_wanted_) return;
    ring_.leave([this] { return reader_.is_drained(); });
    reader_.stop();
    due_ = detail::Due::kClosed;
}

inline bool SharedMemoryConsumer::wait_for_peer(Timeout timeout) noexcept {
    const Errc wrong = timeout.is_valid() ? check_use() : Errc::kInvalidArgument;
    if (wrong != Errc::kOk) {
        refuse(wrong);
        return false;
    }
    return await_peer(timeout);
}

inline detail::Taken SharedMemoryConsumer::receive_slowly(Timeout timeout) noexcept {
    detail::Found found;
    const Errc code = poll_or_wait(timeout, found);
    return hand_out(code, found);
}

inline detail::Taken SharedMemoryConsumer::try_receive_slowly() noexcept {
    detail::Found found;
    const Errc code = poll_or_idle(found);
    return hand_out(code, found);
}

/// Looks for a message; pieces of larger ones are gathered on the way. kEmpty if there is none; an
/// error is not told yet.
inline Errc SharedMemoryConsumer::poll(detail::Found& found) noexcept {
    if (const Errc wrong = check_use(); wrong != Errc::kOk) return wrong;
    if (due_ == detail::Due::kError) {
        settle();
        return withheld_;
    }
    return gather(found);
}

/// Copies pieces out of the ring until a message is whole, one comes that is no piece, nothing is
/// left, or a lap is done: hostile pieces may lead round and round.
inline Errc SharedMemoryConsumer::gather(detail::Found& found) noexcept {
    const std::uint64_t start = reader_.position();
    while (due_ != detail::Due::kMessage) {
        if (reader_.position() - start >= reader_.capacity()) return Errc::kEmpty;
        const Errc code = reader_.look(found.record);
        if (code != Errc::kOk) return code;
        if (!has(found.record.flags(), kFlagFragment)) {
            if (assembler_.interrupt()) reader_.count_error();
            settle();
            found.view = view_of(found.record);
            return Errc::kOk;
        }
        const Errc dropped = add_piece(found.record);
        if (dropped != Errc::kOk) return dropped;
    }
    found = {assembler_.view(), detail::Record()};
    return Errc::kOk;
}

/// Takes a piece; an error if its message is dropped.
inline Errc SharedMemoryConsumer::add_piece(const detail::Record& record) noexcept {
    const detail::Assembler::Step step = assembler_.add(record);
    reader_.take(record);
    give_back(reader_.taken() - 1, 1, record.end, record.payload_size());
    settle();
    if (assembler_.take_broken()) reader_.count_error();
    const bool fits = step != detail::Assembler::Step::kTooLarge;
    if (fits && step != detail::Assembler::Step::kNoMemory) return Errc::kOk;
    reader_.count_error();
    return fits ? Errc::kNoMemory : Errc::kMessageTooLarge;
}

inline Errc SharedMemoryConsumer::poll_or_wait(Timeout timeout, detail::Found& found) noexcept {
    if (!timeout.is_valid()) return refuse(Errc::kInvalidArgument);
    const Errc code = poll(found);
    return code == Errc::kEmpty ? tell(wait(timeout, found)) : tell(code);
}

inline Errc SharedMemoryConsumer::poll_or_idle(detail::Found& found) noexcept {
    const Errc code = poll(found);
    return code == Errc::kEmpty ? tell(idle(found)) : tell(code);
}

/// Looks for a message, and once more if keeping the distance pays. Why there is none is for the
/// next call to tell.
inline bool SharedMemoryConsumer::poll_twice(detail::Found& found) noexcept {
    Errc code = poll(found);
    if (code == Errc::kEmpty && reader_.keep_distance()) code = poll(found);
    withhold(code);
    return code == Errc::kOk;
}

/// Nothing was there: keeps the distance, looks again, and asks after the producer.
inline Errc SharedMemoryConsumer::idle(detail::Found& found) noexcept {
    Errc code = reader_.keep_distance() ? poll(found) : Errc::kEmpty;
    if (code != Errc::kEmpty) return code;
    const Errc end = watch_.poll();
    if (end == Errc::kOk) return Errc::kEmpty;
    code = poll(found);
    return code == Errc::kEmpty ? ended(end) : code;
}

/// Waits for a message.
inline Errc SharedMemoryConsumer::wait(Timeout timeout, detail::Found& found) noexcept {
    Errc code = idle(found);
    detail::Deadline deadline(timeout);
    if (code == Errc::kEmpty && deadline.immediate()) return Errc::kTimeout;
    while (code == Errc::kEmpty) {
        const auto ready = [this] { return reader_.has_record(); };
        Errc end = Errc::kOk;
        const auto waited = patience_.wait(sleeper_, watch_, deadline, ready, end);
        // Also after an end, or the end of the time: the last word is the ring's.
        code = poll(found);
        if (code == Errc::kEmpty && waited == detail::Waited::kEnded) code = ended(end);
        // A producer that sends only broken pieces must not keep this call beyond its time.
        const bool is_late = waited == detail::Waited::kTimedOut || deadline.is_over();
        if (code == Errc::kEmpty && is_late) return Errc::kTimeout;
    }
    return code;
}

/// The producer ended, and with it a message whose rest will not come. Something may be left all
/// the same, if a lap of pieces held no message.
inline Errc SharedMemoryConsumer::ended(Errc end) noexcept {
    if (reader_.has_record()) return Errc::kEmpty;
    if (assembler_.interrupt()) reader_.count_error();
    settle();
    watch_.told(end);
    return end;
}

/// What comes next is what the assembler has.
inline void SharedMemoryConsumer::settle() noexcept {
    const detail::Due unfinished =
        assembler_.ready() ? detail::Due::kMessage : detail::Due::kPieces;
    due_ = assembler_.idle() ? detail::Due::kNothing : unfinished;
}

/// An error was not passed on to the caller: one that is said once is for the next call.
inline void SharedMemoryConsumer::withhold(Errc code) noexcept {
    if (!detail::is_dropped(code)) return;
    withheld_ = code;
    due_ = detail::Due::kError;
}

/// Takes note of what the caller is told instead of a message.
inline Errc SharedMemoryConsumer::tell(Errc code) noexcept {
    if (code == Errc::kOk || code == Errc::kEmpty || code == Errc::kTimeout) return code;
    if (code == Errc::kCorrupt) return refuse(code, reader_.position(), reader_.bad_word());
    if (code == Errc::kNoMemory) return refuse(code, assembler_.refused());
    if (code != Errc::kMessageTooLarge) return refuse(code);
    return refuse(code, assembler_.limit(), assembler_.refused());
}

/// Says what is wrong with a message that is not what it was received as.
inline Errc SharedMemoryConsumer::refuse_view(Errc code, const MessageView& view,
                                              std::size_t size_wanted,
                                              MessageType type_wanted) noexcept {
    if (code == Errc::kSizeMismatch) return refuse(code, size_wanted, view.payload().size());
    if (code == Errc::kInvalidUtf8) return refuse(code, 0, utf8_prefix(view.text()));
    return refuse(code, static_cast<std::uint32_t>(type_wanted),
                  static_cast<std::uint32_t>(view.message_type()));
}

/// True if the handler wants more.
template <class Handler>
bool SharedMemoryConsumer::handle(Handler& handler, const MessageView& view) {
    const Handling handling(*this);
    if constexpr (std::is_convertible_v<decltype(handler(view)), bool>) {
        return handler(view);
    } else {
        handler(view);
        return true;
    }
}

template <class Handler>
BatchResult SharedMemoryConsumer::drain(Handler&& handler, std::size_t max) {
    BatchResult result;
    Release release(*this);
    detail::Found found;
    while (result.count < max) {
        if (detail::likely(glance(found.record))) {
            found.view = view_of(found.record);
        } else {
            release.now();
            if (result.count == 0) {
                result.status = poll_or_idle(found);
            } else if (!poll_twice(found)) {
                result.status = Errc::kEmpty;
            }
            if (!result.status) break;
        }
        const bool more = handle(handler, found.view);
        // Only now: what is given back may be overwritten at once, and a message whose handler
        // throws comes again.
        if (found.is_assembled()) {
            forget_assembled();
        } else {
            reader_.take(found.record);
            release.add(found.record.end, found.record.payload_size());
        }
        ++result.count;
        if (close_wanted_) result.status = Errc::kDisposed;
        if (!more || close_wanted_) break;
    }
    return result;
}

inline BatchResult SharedMemoryConsumer::receive_batch(std::vector<SharedMemoryMessage>& messages,
                                                       std::size_t max, Timeout timeout) {
    BatchResult result;
    if (max != 0) {
        detail::Found found;
        const Errc code = poll_or_wait(timeout, found);
        if (code != Errc::kOk) {
            messages.clear();
            result.status = code;
            return result;
        }
    }
    const auto copy = [&messages, &result](const MessageView& view) {
        if (result.count == messages.size()) messages.emplace_back();
        messages[result.count++].assign(view);
    };
    static_cast<void>(drain(copy, max));
    messages.resize(result.count);
    return result;
}

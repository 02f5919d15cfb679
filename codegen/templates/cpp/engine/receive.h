// ---------------------------------------------------------------------------------------------
// Consumer: finding and waiting
// ---------------------------------------------------------------------------------------------

BITRPC_DETAIL_INLINE void ReceivedMessage::give_back() noexcept {
    if (detail::likely(consumer_ != nullptr)) {
        consumer_->release_taken(index_, end_, payload().size());
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
    consumer->options_ = options;
    consumer->assembler_.start(options.max_message_size);
    consumer->waker_.start(attachment);
    consumer->sleeper_.start(attachment, options.diagnose_wakeups);
    consumer->plain_ = true;
    if (options.start == Start::kNewest) consumer->clear();
    consumer->watch_.start(attachment, consumer->reader_.has_record());
    attachment.announce();
    return consumer;
}

/// True if nothing is left for the next consumer.
inline bool SharedMemoryConsumer::is_drained() const noexcept {
    return next_release_ == reader_.taken() && !reader_.has_record();
}

inline void SharedMemoryConsumer::close() noexcept {
    if (!ring_.attachment_.is_open()) return;
    close_wanted_ = draining_;
    if (draining_) return;
    ring_.leave([this] { return is_drained(); });
    plain_ = false;
    next_release_ = kNotInRing;
}

inline bool SharedMemoryConsumer::wait_for_peer(Timeout timeout) noexcept {
    const Errc wrong = timeout.is_valid() ? check_use() : Errc::kInvalidArgument;
    if (wrong != Errc::kOk) {
        refuse(wrong);
        return false;
    }
    return detail::wait_for_peer(ring_.attachment_, watch_, sleeper_, timeout);
}

inline Errc SharedMemoryConsumer::find_slow(MessageView& view, detail::Record& record) noexcept {
    if (const Errc wrong = check_use(); wrong != Errc::kOk) return wrong;
    if (detail::unlikely(untold_ != Errc::kOk)) {
        plain_ = assembler_.idle();
        return std::exchange(untold_, Errc::kOk);
    }
    const std::uint64_t start = reader_.position();
    lapped_ = false;
    while (!assembler_.ready()) {
        // Hostile pieces may lead round and round: a call takes no more than a lap of them.
        lapped_ = reader_.position() - start >= reader_.capacity();
        const Errc code = lapped_ ? Errc::kEmpty : reader_.look(record);
        if (code != Errc::kOk) return code;
        if (!has(record.flags(), kFlagFragment)) {
            if (assembler_.interrupt()) reader_.count_error();
            plain_ = true;
            view = view_of(record);
            return Errc::kOk;
        }
        const detail::Assembler::Step step = assembler_.add(record);
        plain_ = assembler_.idle();
        reader_.take(record);
        release_taken(reader_.taken() - 1, record.end, record.payload_size());
        if (assembler_.take_broken()) reader_.count_error();
        if (step == detail::Assembler::Step::kTooLarge ||
            step == detail::Assembler::Step::kNoMemory) {
            reader_.count_error();
            const bool fits = step == detail::Assembler::Step::kNoMemory;
            return fits ? Errc::kNoMemory : Errc::kMessageTooLarge;
        }
    }
    view = assembler_.view();
    record.header = nullptr;
    return Errc::kOk;
}

inline detail::Taken SharedMemoryConsumer::receive_slow(Timeout timeout) noexcept {
    MessageView view;
    detail::Record record;
    const Errc code = find_or_wait(timeout, view, record);
    return hand_out(code, view, record);
}

inline detail::Taken SharedMemoryConsumer::try_receive_slow() noexcept {
    MessageView view;
    detail::Record record;
    Errc code = find_slow(view, record);
    if (code != Errc::kOk) code = poll(code, view, record);
    return hand_out(code, view, record);
}

inline Errc SharedMemoryConsumer::find_or_wait(Timeout timeout, MessageView& view,
                                               detail::Record& record) noexcept {
    if (!timeout.is_valid()) return refuse(Errc::kInvalidArgument);
    const Errc code = find_slow(view, record);
    return code == Errc::kOk ? code : wait(code, timeout, view, record);
}

/// Room that is given back out of order waits until all that was taken is given back.
inline void SharedMemoryConsumer::release_late(std::uint64_t messages,
                                               std::uint64_t bytes) noexcept {
    if (!ring_.attachment_.is_open()) return;
    if (next_release_ != kNotInRing) released_ = std::exchange(next_release_, kNotInRing);
    late_messages_ += messages;
    late_bytes_ += bytes;
    if (released_ + late_messages_ != reader_.taken()) return;
    late_messages_ = 0;
    next_release_ = reader_.taken();
    reader_.release(reader_.position(), next_release_, std::exchange(late_bytes_, 0));
    waker_.published();
}

/// Looks once more when the ring was found empty and the distance rule says that it is worth it.
inline Errc SharedMemoryConsumer::find_patiently(Errc code, MessageView& view,
                                                 detail::Record& record) noexcept {
    if (code != Errc::kEmpty || !reader_.keep_distance()) return code;
    return find(view, record);
}

/// The answer of try_ operations to a ring that was found empty.
inline Errc SharedMemoryConsumer::poll(Errc code, MessageView& view,
                                       detail::Record& record) noexcept {
    for (;;) {
        code = find_patiently(code, view, record);
        if (code == Errc::kOk) return code;
        if (code != Errc::kEmpty) return verdict(code);
        if (std::exchange(lapped_, false)) return Errc::kEmpty;
        const Errc peer = verdict(watch_.poll());
        if (peer != Errc::kOk) return peer;
        code = find(view, record);
    }
}

/// Looks once more when a call that has messages to tell of finds no other one. Why there is none
/// is for the next call to tell.
inline Errc SharedMemoryConsumer::find_again(Errc code, MessageView& view,
                                             detail::Record& record) noexcept {
    code = find_patiently(code, view, record);
    if (code == Errc::kOk) return code;
    lapped_ = false;
    withhold(code);
    return Errc::kEmpty;
}

inline Errc SharedMemoryConsumer::wait(Errc code, Timeout timeout, MessageView& view,
                                       detail::Record& record) noexcept {
    detail::Deadline deadline(timeout);
    detail::Spin spin(options_);
    for (std::uint32_t looks = 1;; ++looks) {
        code = find_patiently(code, view, record);
        if (code == Errc::kOk) return code;
        if (code != Errc::kEmpty) return verdict(code);
        const bool lapped = std::exchange(lapped_, false);
        if (!lapped) {
            code = verdict(deadline.immediate() ? watch_.poll() : watch_.look());
            if (code != Errc::kEmpty && code != Errc::kOk) return code;
            if (code == Errc::kOk) {
                code = find(view, record);
                continue;
            }
        }
        const bool look_at_clock = lapped || spin.is_over() || (looks & detail::kClockMask) == 0;
        std::uint64_t left = deadline.immediate() ? 0 : 1;
        if (left != 0 && look_at_clock) {
            const std::uint64_t now = detail::monotonic_ns();
            left = deadline.left(now, detail::kLivenessNs);
            spin.look(now);
        }
        if (left == 0 || sleeper_.take_interrupt()) return Errc::kTimeout;
        if (!spin.is_over()) {
            detail::cpu_pause();
        } else {
            sleeper_.sleep(watch_.seen_sequence(), left, [this] { return reader_.has_record(); });
        }
        if (look_at_clock && watch_.due()) {
            code = verdict(watch_.check_alive());
            if (code != Errc::kEmpty && code != Errc::kOk) return code;
        }
        code = find(view, record);
    }
}

/// What the ring or the producer's state means for a consumer that found nothing: kEmpty to go on,
/// kOk if there is something after all, else an error that the caller is told.
inline Errc SharedMemoryConsumer::verdict(Errc found) noexcept {
    if (found == Errc::kOk) return Errc::kEmpty;
    if (found == Errc::kCorrupt) return refuse(found, reader_.position(), reader_.bad_word());
    if (detail::is_dropped(found)) {
        const bool fits = found == Errc::kNoMemory;
        return refuse(found, fits ? assembler_.refused() : assembler_.limit(),
                      fits ? 0 : assembler_.refused());
    }
    const bool is_end =
        found == Errc::kClosed || found == Errc::kPeerDied || found == Errc::kRemoved;
    if (!is_end) return refuse(found);
    if (reader_.has_record()) return Errc::kOk;
    if (assembler_.interrupt()) reader_.count_error();
    plain_ = true;
    watch_.told(found);
    return refuse(found);
}

/// What is told once was found by a call that cannot tell it: it is for the next one.
inline void SharedMemoryConsumer::withhold(Errc code) noexcept {
    if (!detail::is_dropped(code)) return;
    untold_ = code;
    plain_ = false;
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
    MessageView view;
    detail::Record record;
    while (result.count < max) {
        Errc code = find(view, record);
        if (detail::unlikely(code != Errc::kOk)) {
            release.now();
            code = result.count == 0 ? poll(code, view, record) : find_again(code, view, record);
            if (code != Errc::kOk) {
                result.status = code;
                break;
            }
        }
        const std::size_t size = view.payload().size();
        const bool more = handle(handler, view);
        // Only now: what is given back may be overwritten at once, and a message whose handler
        // throws comes again.
        const std::uint64_t index = take(record);
        if (index != kNotInRing) release.add(record.end, size);
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
        MessageView view;
        detail::Record record;
        const Errc code = find_or_wait(timeout, view, record);
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

// ---------------------------------------------------------------------------------------------
// Consumer
// ---------------------------------------------------------------------------------------------

class SharedMemoryConsumer;

namespace detail {

/// What a ReceivedMessage is made of. The slow ways to a message return this, and not the message:
/// as they are told no address of it, the message itself stays in registers.
struct Taken {
    MessageView view;
    /// Null if there is no room in the ring to give back.
    SharedMemoryConsumer* consumer = nullptr;
    std::uint64_t end = 0;
    std::uint64_t index = 0;
    Errc code = Errc::kOk;
};

}  // namespace detail

/// A message received in place: its bytes lie in the ring until it is released.
///
/// Move-only; the destructor releases it, which gives its room back to the producer. Release
/// messages in the order in which they came: the room of a later one stays taken until then. It
/// must not outlive its consumer. A message that came in pieces lies in the consumer's own buffer,
/// and is valid until the next receive.
///
///     while (auto message = consumer->receive()) handle(message.payload());
class ReceivedMessage : public MessageView {
public:
    /// No message, and why.
    explicit ReceivedMessage(Status why_not) noexcept : status_(why_not) {}
    ReceivedMessage(ReceivedMessage&& other) noexcept
        : MessageView(other),
          end_(other.end_),
          consumer_(std::exchange(other.consumer_, nullptr)),
          index_(other.index_),
          status_(other.status_) {
        other.forget();
    }
    ReceivedMessage& operator=(ReceivedMessage&& other) noexcept {
        if (this != &other) {
            release();
            MessageView::operator=(other);
            consumer_ = std::exchange(other.consumer_, nullptr);
            end_ = other.end_;
            index_ = other.index_;
            status_ = other.status_;
            other.forget();
        }
        return *this;
    }
    ReceivedMessage(const ReceivedMessage&) = delete;
    ReceivedMessage& operator=(const ReceivedMessage&) = delete;
    BITRPC_DETAIL_INLINE ~ReceivedMessage() { give_back(); }

    /// Why there is no message; true if there is or was one.
    [[nodiscard]] Status status() const noexcept { return status_; }
    /// Gives the room back now; the bytes must not be used any more.
    void release() noexcept {
        give_back();
        consumer_ = nullptr;
        forget();
    }

private:
    friend class SharedMemoryConsumer;

    explicit BITRPC_DETAIL_INLINE ReceivedMessage(const detail::Taken& taken) noexcept
        // Part by part: GCC would copy the view as a block, for which it has to lie in memory.
        : MessageView(taken.view.header_bytes(), static_cast<std::uint32_t>(taken.view.type()),
                      taken.view.payload()),
          end_(taken.end),
          consumer_(taken.consumer),
          index_(taken.index),
          status_(taken.code) {}

    void forget() noexcept { MessageView::operator=(MessageView()); }
    BITRPC_DETAIL_INLINE void give_back() noexcept;

    std::uint64_t end_ = 0;
    SharedMemoryConsumer* consumer_ = nullptr;
    std::uint64_t index_ = 0;
    Status status_{};
};

/// The receiving side of a ring.
///
/// Threads: one at a time; interrupt() from any. Blocking: every receive takes a timeout in
/// milliseconds, -1 (the default) waits until a message comes, the producer closes (kClosed, once
/// all is read) or dies (kPeerDied, told once; the next call waits for its successor). try_
/// operations never wait, but for some microseconds in a stream (Distance). Forking: a child must
/// not use it.
///
///     auto consumer = create_consumer("prices", 1 << 20);
///     std::string text;
///     while (consumer->receive_string(text)) std::cout << text << '\n';
class SharedMemoryConsumer {
public:
    /// Attaches as the consumer of ring `name`; null and an error if that fails. Waits up to
    /// 50 ms for the role.
    [[nodiscard]] static std::unique_ptr<SharedMemoryConsumer> create(std::string_view name,
                                                                      const Options& options,
                                                                      Error& error);
    SharedMemoryConsumer(const SharedMemoryConsumer&) = delete;
    SharedMemoryConsumer& operator=(const SharedMemoryConsumer&) = delete;
    ~SharedMemoryConsumer() { dispose(); }

    /// Receives the next message in place, without a copy.
    [[nodiscard]] BITRPC_DETAIL_INLINE ReceivedMessage receive(int timeout_ms = -1) noexcept {
        detail::Record record;
        if (detail::likely(find_fast(record))) return ReceivedMessage(take_fast(record));
        return ReceivedMessage(receive_slow(timeout_ms));
    }
    /// Receives the next message in place if there is one, else kEmpty.
    [[nodiscard]] BITRPC_DETAIL_INLINE ReceivedMessage try_receive() noexcept {
        detail::Record record;
        if (detail::likely(find_fast(record))) return ReceivedMessage(take_fast(record));
        return ReceivedMessage(try_receive_slow());
    }
    /// Shows the next message and leaves it in the ring; empty if there is none, and why is told
    /// by the next receive. Valid until the next call.
    [[nodiscard]] MessageView peek() noexcept {
        MessageView view;
        detail::Record record;
        Errc code = find(view, record);
        if (code != Errc::kOk) code = poll(code, view, record);
        if (code == Errc::kOk) return view;
        withhold(code);
        return {};
    }

    /// Receives a copy of the next message.
    Status receive_message(SharedMemoryMessage& message, int timeout_ms = -1) {
        return receive_into(timeout_ms, [&message](const MessageView& view) -> Status {
            message.assign(view);
            return {};
        });
    }
    /// Receives a copy of the next payload into a vector of one-byte elements.
    template <class Byte>
    Status receive_bytes(std::vector<Byte>& payload, int timeout_ms = -1) {
        static_assert(sizeof(Byte) == 1, "a payload is a sequence of bytes");
        return receive_into(timeout_ms, [&payload](const MessageView& view) -> Status {
            const auto* data = reinterpret_cast<const Byte*>(view.payload().data());
            payload.assign(data, data + view.payload().size());
            return {};
        });
    }
    /// Receives the next payload as text, of whatever type; kInvalidUtf8, and the message stays in
    /// the ring, if it is not UTF-8.
    Status receive_string(std::string& text, int timeout_ms = -1) {
        return receive_into(timeout_ms, [&text](const MessageView& view) -> Status {
            if (!is_utf8(view.text())) return Errc::kInvalidUtf8;
            text.assign(view.text());
            return {};
        });
    }
    /// Receives a struct: a message of its own type, or plain data. Any other type (kTypeMismatch)
    /// or size (kSizeMismatch) stays in the ring.
    template <class T>
    Status receive_typed(T& value, int timeout_ms = -1) {
        return receive_into(
            timeout_ms, [&value](const MessageView& view) -> Status { return view.get(value); },
            detail::wire_size<T>(), detail::type_of<T>());
    }
    /// Receives copies of up to `max` messages into `messages`, which is resized: waits for the
    /// first one only. The room of all is given back at once. What came behind them instead of
    /// another message is told by the next call.
    BatchResult receive_batch(std::vector<SharedMemoryMessage>& messages, std::size_t max,
                              int timeout_ms = -1);

    /// Hands every message that is there, at most `max`, to `handler(const MessageView&)`, in
    /// place, and gives their room back together. Does not wait. A handler that returns false
    /// stops it after that message. The result's status is kEmpty when all was read.
    template <class Handler>
    BatchResult drain(Handler&& handler, std::size_t max = static_cast<std::size_t>(-1));

    /// Drops the next message, if there is one: for those that a typed receive refused.
    Status skip() noexcept { return try_receive().status(); }

    /// Stores the time of a sign of life for the producer to see; any thread.
    void heartbeat() noexcept {
        if (ring_.is_open()) ring_.attachment_.beat();
    }
    /// Ends a blocking receive in another thread with kTimeout.
    void interrupt() noexcept {
        interrupted_.store(true, std::memory_order_release);
        if (ring_.is_open()) sleeper_.interrupt();
    }
    /// Closes. Removes the ring if all was read and the producer has closed; waits for up to 5 s if
    /// that one is still about to let go of it. Again: no effect.
    void dispose() noexcept;

    /// The ring: its name, size and counters.
    [[nodiscard]] const RingBuffer& ring() const noexcept { return ring_; }
    /// The counters of both sides.
    [[nodiscard]] Statistics statistics() const noexcept { return ring_.statistics(); }
    /// The producer's life.
    [[nodiscard]] PeerState peer_state() const noexcept { return ring_.peer_state(); }
    /// The details of the last operation that failed with an error.
    [[nodiscard]] const Error& error() const noexcept { return error_; }

private:
    friend class ReceivedMessage;
    friend class SharedMemoryManager;

    /// Marks a message that does not lie in the ring.
    static constexpr std::uint64_t kNotInRing = ~0ULL;

    SharedMemoryConsumer() noexcept = default;

    /// Looks for a message that lies in the ring in one piece, while none is put together.
    [[nodiscard]] BITRPC_DETAIL_INLINE bool find_fast(detail::Record& record) const noexcept {
        const bool usual = plain_ && !ring_.attachment_.forked();
        return usual && reader_.look_fast(record) && !has(record.flags(), kFlagFragment);
    }

    /// Looks for the next whole message. The record is that of a message in the ring; a message in
    /// pieces has none.
    [[nodiscard]] Errc find(MessageView& view, detail::Record& record) noexcept {
        if (detail::likely(find_fast(record))) {
            view = view_of(record);
            return Errc::kOk;
        }
        return find_slow(view, record);
    }

    [[nodiscard]] static BITRPC_DETAIL_INLINE MessageView
    view_of(const detail::Record& record) noexcept {
        return {record.header, record.type,
                ByteView(record.header + message_header::kSize, record.payload_size())};
    }

    /// Takes the found message out of the ring; its index is what release_taken() wants back.
    std::uint64_t take(const detail::Record& record) noexcept {
        if (detail::unlikely(record.header == nullptr)) {
            assembler_.clear();
            plain_ = true;
            return kNotInRing;
        }
        reader_.take(record);
        return reader_.taken() - 1;
    }

    [[nodiscard]] BITRPC_DETAIL_INLINE detail::Taken take_fast(
        const detail::Record& record) noexcept {
        reader_.take(record);
        return {view_of(record), this, record.end, reader_.taken() - 1, Errc::kOk};
    }

    [[nodiscard]] detail::Taken hand_out(Errc code, const MessageView& view,
                                         const detail::Record& record) noexcept {
        if (code != Errc::kOk) return {MessageView(), nullptr, 0, 0, code};
        const std::uint64_t index = take(record);
        return {view, index == kNotInRing ? nullptr : this, record.end, index, code};
    }

    /// Gives the room of a taken message back, in the order in which they were taken.
    BITRPC_DETAIL_INLINE void release_taken(std::uint64_t index, std::uint64_t end,
                                            std::size_t bytes) noexcept {
        if (detail::unlikely(index != next_release_)) return release_late(1, bytes);
        next_release_ = index + 1;
        reader_.release(end, index + 1, bytes);
        waker_.published();
    }

    /// Waits for a message, and takes it out of the ring if `use(view)` likes it. The expected size
    /// and type are for the error if it does not.
    template <class Use>
    Status receive_into(int timeout_ms, const Use& use, std::size_t size_wanted = 0,
                        MessageType type_wanted = kTypeData) {
        MessageView view;
        detail::Record record;
        if (detail::likely(find_fast(record))) {
            view = view_of(record);
        } else if (const Errc code = find_or_wait(timeout_ms, view, record); code != Errc::kOk) {
            return code;
        }
        const Status used = use(view);
        if (detail::unlikely(!used)) {
            return refuse_view(used.code(), view, size_wanted, type_wanted);
        }
        const std::size_t size = view.payload().size();
        const std::uint64_t index = take(record);
        if (index != kNotInRing) release_taken(index, record.end, size);
        return used;
    }

    /// Gives the room of several messages back together: at its end, and whenever that room is an
    /// eighth of the ring, so that the producer is not kept waiting.
    class Release {
    public:
        explicit Release(SharedMemoryConsumer& consumer) noexcept : consumer_(consumer) {}
        Release(const Release&) = delete;
        Release& operator=(const Release&) = delete;
        ~Release() { now(); }

        void add(std::uint64_t end, std::size_t bytes) noexcept {
            // An empty one starts where the last message began, whatever padding lies between.
            if (messages_ == 0) start_ = end - bytes;
            end_ = end;
            messages_ += 1;
            bytes_ += bytes;
            if (end_ - start_ >= consumer_.reader_.capacity() / 8) now();
        }
        void now() noexcept {
            if (messages_ == 0) return;
            consumer_.release_many(std::exchange(messages_, 0), end_, std::exchange(bytes_, 0));
        }

    private:
        SharedMemoryConsumer& consumer_;
        std::uint64_t start_ = 0;
        std::uint64_t end_ = 0;
        std::uint64_t messages_ = 0;
        std::uint64_t bytes_ = 0;
    };

    /// Gives back the last `messages` that were taken.
    void release_many(std::uint64_t messages, std::uint64_t end, std::uint64_t bytes) noexcept {
        if (next_release_ + messages != reader_.taken()) return release_late(messages, bytes);
        next_release_ += messages;
        reader_.release(end, next_release_, bytes);
        waker_.published();
    }

    BITRPC_DETAIL_COLD detail::Taken receive_slow(int timeout_ms) noexcept;
    BITRPC_DETAIL_COLD detail::Taken try_receive_slow() noexcept;
    [[nodiscard]] Errc find_slow(MessageView& view, detail::Record& record) noexcept;
    [[nodiscard]] Errc find_or_wait(int timeout_ms, MessageView& view,
                                    detail::Record& record) noexcept;
    BITRPC_DETAIL_COLD void release_late(std::uint64_t messages, std::uint64_t bytes) noexcept;
    [[nodiscard]] Errc find_patiently(Errc code, MessageView& view,
                                      detail::Record& record) noexcept;
    Errc poll(Errc code, MessageView& view, detail::Record& record) noexcept;
    Errc wait(Errc code, int timeout_ms, MessageView& view, detail::Record& record) noexcept;
    [[nodiscard]] Errc verdict(Errc found) noexcept;
    void withhold(Errc code) noexcept;
    [[nodiscard]] bool is_spent() noexcept;
    BITRPC_DETAIL_COLD Errc refuse_view(Errc code, const MessageView& view, std::size_t size_wanted,
                                        MessageType type_wanted) noexcept;
    BITRPC_DETAIL_COLD Errc refuse(Errc code, std::uint64_t expected = 0,
                                   std::uint64_t found = 0) noexcept;

    detail::RingReader reader_;
    detail::Waker waker_;
    /// Index of the message whose room is given back next; kNotInRing while one that came later
    /// has been given back already, and after dispose().
    std::uint64_t next_release_ = 0;
    std::uint64_t released_ = 0;
    std::uint64_t late_messages_ = 0;
    std::uint64_t late_bytes_ = 0;
    detail::Assembler assembler_;
    detail::Sleeper sleeper_;
    detail::PeerWatch watch_;
    RingBuffer ring_;
    Options options_;
    Error error_;
    std::atomic<bool> interrupted_{false};
    /// True while the ring is open, no message in pieces is at hand, and no error untold: the usual
    /// case.
    bool plain_ = false;
    /// An error that is told once, and was found by a call that could not tell it.
    Errc untold_ = Errc::kOk;
    /// The last look took a whole lap of pieces and found no message: time to look at the clock.
    bool lapped_ = false;
};

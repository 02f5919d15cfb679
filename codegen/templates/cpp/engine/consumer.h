// ---------------------------------------------------------------------------------------------
// Consumer
// ---------------------------------------------------------------------------------------------

class SharedMemoryConsumer;

namespace detail {

/// What comes before anything in the ring.
enum class Due : std::uint8_t {
    /// Nothing: the usual case.
    kNothing,
    /// The rest of a message whose first pieces came.
    kPieces,
    /// The message in the assembler, which nobody took yet.
    kMessage,
    /// An error that is said once, and was found by a call that had something else to say.
    kError,
    /// The end of a handler of drain(), to which the consumer belongs meanwhile.
    kHandler,
    /// Nothing, ever: the consumer is not open.
    kClosed,
};

/// What a look found.
struct Found {
    MessageView view;
    /// Its record, still in the ring; one without a header if the message is in the assembler.
    Record record;

    [[nodiscard]] bool is_assembled() const noexcept { return record.header == nullptr; }
};

/// What a ReceivedMessage is made of. The slow ways to a message return this, and not the message:
/// as they are told no address of it, the message itself stays in registers.
struct Taken {
    MessageView view;
    /// Null if there is no room in the ring to give back: the view, if any, is of a Block's memory.
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
/// must not outlive its consumer. A message that came in pieces has memory of its own.
///
/// If this process dies first, the message comes again to the next consumer; one that came in
/// pieces does not, as its room was given back while it was put together.
///
///     while (auto message = consumer->receive()) handle(message.payload());
class [[nodiscard]] ReceivedMessage : public MessageView {
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

    /// Its payload.
    [[nodiscard]] ByteView payload() const& noexcept { return MessageView::payload(); }
    /// Not of a message that is given back at the end of this very expression.
    ByteView payload() const&& = delete;
    /// Its payload as text, whatever it holds: see is_utf8().
    [[nodiscard]] std::string_view text() const& noexcept { return MessageView::text(); }
    std::string_view text() const&& = delete;

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
        : MessageView(taken.view.header_bytes(),
                      static_cast<std::uint32_t>(taken.view.message_type()), taken.view.payload()),
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
/// Threads: one at a time; interrupt(), heartbeat(), statistics() and peer_state() from any.
/// Blocking: every receive takes a Timeout, by default kForever: it waits until a message comes,
/// the producer closes (kClosed, once all is read) or dies (kPeerDied), or the ring's file is
/// removed (kRemoved). An end is told once for each producer; the next call waits for its
/// successor. kRemoved is told by every call that finds the ring empty. try_ operations never wait,
/// but for some microseconds in a stream (Distance). Forking: a child must not use it.
///
/// Delivery: a call that copies takes its message out of the ring when it has the copy. If this
/// process dies before, the message comes again to the next consumer; afterwards it does not.
///
///     auto consumer = create_consumer("prices", 1 << 20);
///     std::string text;
///     while (consumer->receive_string(text)) std::cout << text << '\n';
class SharedMemoryConsumer : public SharedMemorySide {
public:
    /// Attaches as the consumer of ring `name`; null and an error if that fails. Waits up to
    /// 50 ms for the role, or 5 s for one whose holder is about to go.
    [[nodiscard]] static std::unique_ptr<SharedMemoryConsumer> create(std::string_view name,
                                                                      const Options& options,
                                                                      Error& error);
    ~SharedMemoryConsumer() { close(); }

    /// Receives the next message in place, without a copy.
    [[nodiscard]] BITRPC_DETAIL_INLINE ReceivedMessage
    receive(Timeout timeout = kForever) noexcept {
        detail::Record record;
        const bool usual = timeout.is_valid() && glance_for_a_while(timeout, record);
        if (detail::likely(usual)) return ReceivedMessage(take(record));
        return ReceivedMessage(receive_slowly(timeout));
    }
    /// Receives the next message in place if there is one, else kEmpty.
    [[nodiscard]] BITRPC_DETAIL_INLINE ReceivedMessage try_receive() noexcept {
        detail::Record record;
        if (detail::likely(glance(record))) return ReceivedMessage(take(record));
        return ReceivedMessage(try_receive_slowly());
    }
    /// True if there is a message: a receive would not wait for it.
    [[nodiscard]] bool has_message() noexcept {
        detail::Found found;
        if (detail::likely(glance(found.record))) return true;
        const Errc code = poll(found);
        withhold(code);
        return code == Errc::kOk;
    }
    /// Shows the next message and leaves it in the ring; empty if there is none, and why is told
    /// by the next receive. Valid until the next call.
    [[nodiscard]] MessageView peek() noexcept {
        detail::Found found;
        return poll_twice(found) ? found.view : MessageView();
    }

    /// Receives a copy of the next message.
    Status receive_message(SharedMemoryMessage& message, Timeout timeout = kForever) {
        return receive_into(timeout, [&message](const MessageView& view) -> Status {
            message.assign(view);
            return {};
        });
    }
    /// Receives a copy of the next message if there is one, else kEmpty.
    [[nodiscard]] Status try_receive_message(SharedMemoryMessage& message) {
        return at_once(receive_message(message, 0));
    }
    /// Receives a copy of the next payload into a vector of one-byte elements.
    template <class Byte>
    Status receive_bytes(std::vector<Byte>& payload, Timeout timeout = kForever) {
        static_assert(sizeof(Byte) == 1, "a payload is a sequence of bytes");
        return receive_into(timeout, [&payload](const MessageView& view) -> Status {
            const auto* data = reinterpret_cast<const Byte*>(view.payload().data());
            payload.assign(data, data + view.payload().size());
            return {};
        });
    }
    /// Receives the next payload as text, of whatever type; kInvalidUtf8, and the message stays in
    /// the ring, if it is not UTF-8.
    Status receive_string(std::string& text, Timeout timeout = kForever) {
        return receive_into(timeout, [&text](const MessageView& view) -> Status {
            if (!is_utf8(view.text())) return Errc::kInvalidUtf8;
            text.assign(view.text());
            return {};
        });
    }
    /// Receives the next payload as text if there is one, else kEmpty.
    [[nodiscard]] Status try_receive_string(std::string& text) {
        return at_once(receive_string(text, 0));
    }
    /// Receives a struct: a message of its own type, or plain data; see MessageView::decode(). What
    /// is no such struct (kTypeMismatch, kSizeMismatch, kInvalidUtf8) stays in the ring, and skip()
    /// drops it:
    ///
    ///     while (Status status = consumer->receive_typed(value)) { ... }
    ///     // ... ends at the first message of another kind: consumer->skip()
    template <class T>
    Status receive_typed(T& value, Timeout timeout = kForever) {
        const bool exact = options_.exact_size;
        return receive_into(
            timeout,
            [&value, exact](const MessageView& view) -> Status {
                return view.decode(value, exact);
            },
            detail::wire_size<T>(), detail::type_of<T>());
    }
    /// Receives a struct if there is a message, else kEmpty.
    template <class T>
    [[nodiscard]] Status try_receive_typed(T& value) {
        return at_once(receive_typed(value, 0));
    }
    /// Receives copies of up to `max` messages into `messages`, which is resized: waits for the
    /// first one only. What came behind them instead of another message is told by the next call.
    /// Room is given back as drain() does, before this returns: what was given back is lost if this
    /// process dies in this call, and the rest comes again.
    BatchResult receive_batch(std::vector<SharedMemoryMessage>& messages, std::size_t max,
                              Timeout timeout = kForever);

    /// Hands every message that is there, at most `max`, to `handler(const MessageView&)`, in
    /// place, and gives their room back together. Does not wait. A handler that returns false
    /// stops it after that message, which counts as received; one that throws leaves it in the
    /// ring. It may close() the consumer, which ends the call after it, and gets kBusy from all
    /// else. The result's status is kEmpty when all was read; what came behind it instead of
    /// another message is told by the next call. If this process dies, up to an eighth of the ring
    /// comes again.
    template <class Handler>
    BatchResult drain(Handler&& handler, std::size_t max = static_cast<std::size_t>(-1));

    /// Drops the next message, if there is one: for those that a typed receive refused.
    Status skip() noexcept {
        const ReceivedMessage dropped = try_receive();
        return dropped.status();
    }
    /// Drops all messages but the last one that is complete: for states, of which the newest is all
    /// that matters. How many were dropped.
    std::size_t skip_to_latest() noexcept;
    /// Drops all messages that are there. How many were dropped.
    std::size_t clear() noexcept;

    /// Waits until a live producer is attached: true. False if the time is over, the file was
    /// removed, this was interrupted or is closed.
    [[nodiscard]] bool wait_for_peer(Timeout timeout = kForever) noexcept;
    /// Closes. Removes the ring if all was read and the producer has gone; waits for up to 5 s for
    /// one that is about to let go of it. Inside a handler of drain() it takes effect behind that
    /// handler. Again: no effect.
    void close() noexcept;
    /// The same as close().
    void dispose() noexcept { close(); }

private:
    friend class ReceivedMessage;
    friend class detail::ManagerCore;

    SharedMemoryConsumer() noexcept = default;

    /// What a receive that waits for no time came to, in the words of one that does not wait.
    [[nodiscard]] static Status at_once(Status status) noexcept {
        return status == Errc::kTimeout ? Status(Errc::kEmpty) : status;
    }

    /// Looks for a message in the common case: whole, and nothing before it. False says that poll()
    /// knows better.
    [[nodiscard]] BITRPC_DETAIL_INLINE bool glance(detail::Record& record) const noexcept {
        const bool usual = due_ == detail::Due::kNothing && !ring_.attachment_.forked();
        return usual && reader_.look_fast(record) && !has(record.flags(), kFlagFragment);
    }

    /// The same, for a while if the call may wait: most waits of exchanges and streams are short,
    /// and end where they began.
    [[nodiscard]] BITRPC_DETAIL_INLINE bool glance_for_a_while(Timeout timeout,
                                                               detail::Record& record) noexcept {
        if (detail::likely(glance(record))) return true;
        const bool may_look =
            due_ == detail::Due::kNothing && timeout.ns() != 0 && !ring_.attachment_.forked();
        return may_look && reader_.look_for_a_while() && glance(record);
    }

    [[nodiscard]] static BITRPC_DETAIL_INLINE MessageView
    view_of(const detail::Record& record) noexcept {
        return {record.header, record.type,
                ByteView(record.header + message_header::kSize, record.payload_size())};
    }

    /// Takes a record; the message gives its room back.
    [[nodiscard]] BITRPC_DETAIL_INLINE detail::Taken take(const detail::Record& record) noexcept {
        reader_.take(record);
        return {view_of(record), this, record.end, reader_.taken() - 1, Errc::kOk};
    }

    /// A message that was put together takes its memory along: the next one that is must not
    /// change it.
    [[nodiscard]] detail::Taken hand_out(Errc code, const detail::Found& found) noexcept {
        if (code != Errc::kOk) return {MessageView(), nullptr, 0, 0, code};
        if (!found.is_assembled()) return take(found.record);
        assembler_.release();
        settle();
        return {found.view, nullptr, 0, 0, code};
    }

    /// Takes the message that was found, and gives its room back.
    void consume(const detail::Found& found) noexcept {
        if (detail::unlikely(found.is_assembled())) return forget_assembled();
        reader_.take(found.record);
        give_back(reader_.taken() - 1, 1, found.record.end, found.record.payload_size());
    }

    void forget_assembled() noexcept {
        assembler_.clear();
        settle();
    }

    /// Gives back the room of `count` records from the one with this index on.
    BITRPC_DETAIL_INLINE void give_back(std::uint64_t index, std::uint64_t count, std::uint64_t end,
                                        std::uint64_t bytes) noexcept {
        if (detail::likely(reader_.release(index, count, end, bytes))) waker_.published();
    }

    /// Waits for a message, and takes it out of the ring if `use(view)` likes it. The expected size
    /// and type are for the error if it does not.
    template <class Use>
    Status receive_into(Timeout timeout, const Use& use, std::size_t size_wanted = 0,
                        MessageType type_wanted = kTypeData) {
        detail::Found found;
        const bool usual = timeout.is_valid() && glance_for_a_while(timeout, found.record);
        if (detail::likely(usual)) {
            found.view = view_of(found.record);
        } else if (const Errc code = poll_or_wait(timeout, found); code != Errc::kOk) {
            return code;
        }
        const Status used = use(found.view);
        if (detail::unlikely(!used)) {
            return refuse_view(used.code(), found.view, size_wanted, type_wanted);
        }
        consume(found);
        return used;
    }

    /// Gives the room of several messages back together: at its end, and whenever that room is an
    /// eighth of the ring, so that the producer is not kept waiting.
    class Release {
    public:
        explicit Release(SharedMemoryConsumer& consumer) noexcept : consumer_(consumer) {}
        Release(const Release&) = delete;
        Release& operator=(const Release&) = delete;
        ~Release() {
            now();
            if (consumer_.close_wanted_) consumer_.close();
        }

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
            const std::uint64_t count = std::exchange(messages_, 0);
            const std::uint64_t first = consumer_.reader_.taken() - count;
            consumer_.give_back(first, count, end_, std::exchange(bytes_, 0));
        }

    private:
        SharedMemoryConsumer& consumer_;
        std::uint64_t start_ = 0;
        std::uint64_t end_ = 0;
        std::uint64_t messages_ = 0;
        std::uint64_t bytes_ = 0;
    };

    /// While a handler runs, the consumer is its caller's: it must not be used, and is closed
    /// later.
    class Handling {
    public:
        explicit Handling(SharedMemoryConsumer& consumer) noexcept
            : consumer_(consumer), due_(std::exchange(consumer.due_, detail::Due::kHandler)) {}
        Handling(const Handling&) = delete;
        Handling& operator=(const Handling&) = delete;
        ~Handling() { consumer_.due_ = due_; }

    private:
        SharedMemoryConsumer& consumer_;
        detail::Due due_;
    };

    /// Whether this may be used, here and now.
    [[nodiscard]] Errc check_use() const noexcept {
        if (due_ == detail::Due::kClosed) return Errc::kDisposed;
        if (ring_.attachment_.forked()) return Errc::kForked;
        return due_ == detail::Due::kHandler ? Errc::kBusy : Errc::kOk;
    }

    BITRPC_DETAIL_COLD detail::Taken receive_slowly(Timeout timeout) noexcept;
    BITRPC_DETAIL_COLD detail::Taken try_receive_slowly() noexcept;
    [[nodiscard]] Errc poll(detail::Found& found) noexcept;
    [[nodiscard]] Errc gather(detail::Found& found) noexcept;
    [[nodiscard]] Errc add_piece(const detail::Record& record) noexcept;
    [[nodiscard]] Errc poll_or_wait(Timeout timeout, detail::Found& found) noexcept;
    [[nodiscard]] Errc poll_or_idle(detail::Found& found) noexcept;
    [[nodiscard]] bool poll_twice(detail::Found& found) noexcept;
    [[nodiscard]] Errc idle(detail::Found& found) noexcept;
    [[nodiscard]] Errc wait(Timeout timeout, detail::Found& found) noexcept;
    [[nodiscard]] Errc ended(Errc end) noexcept;
    void settle() noexcept;
    void withhold(Errc code) noexcept;
    Errc tell(Errc code) noexcept;
    template <class Handler>
    bool handle(Handler& handler, const MessageView& view);
    std::size_t discard(std::uint64_t end) noexcept;
    [[nodiscard]] std::uint64_t start_of_latest() const noexcept;
    BITRPC_DETAIL_COLD Errc refuse_view(Errc code, const MessageView& view, std::size_t size_wanted,
                                        MessageType type_wanted) noexcept;

    detail::RingReader reader_;
    detail::Assembler assembler_;
    detail::Due due_ = detail::Due::kClosed;
    /// The error that is due.
    Errc withheld_ = Errc::kOk;
    /// A handler of drain() wants the consumer to be closed behind it.
    bool close_wanted_ = false;
};

class SharedMemoryProducer;

/// Room for one message in the ring, to be filled in place: no copy is made.
///
/// Move-only. commit() publishes it; without that, the destructor gives the room back and nobody
/// ever sees it. While it lives, its producer sends nothing else (kBusy). It must not outlive its
/// producer, nor its bytes be touched after the producer's close().
///
///     if (auto claim = producer->claim(64)) {
///         fill(claim.data(), claim.size());
///         if (Status status = claim.commit(); !status) report(status.name());
///     }
class [[nodiscard]] Claim {
public:
    Claim(Claim&& other) noexcept
        : producer_(std::exchange(other.producer_, nullptr)),
          slot_(other.slot_),
          size_(other.size_),
          type_(other.type_),
          flags_(other.flags_),
          has_fields_(other.has_fields_),
          status_(other.status_) {}
    Claim& operator=(Claim&& other) noexcept {
        if (this != &other) {
            abandon();
            producer_ = std::exchange(other.producer_, nullptr);
            slot_ = other.slot_;
            size_ = other.size_;
            type_ = other.type_;
            flags_ = other.flags_;
            has_fields_ = other.has_fields_;
            status_ = other.status_;
        }
        return *this;
    }
    Claim(const Claim&) = delete;
    Claim& operator=(const Claim&) = delete;
    BITRPC_DETAIL_INLINE ~Claim() { abandon(); }

    /// True while there is room to fill.
    [[nodiscard]] explicit operator bool() const noexcept { return producer_ != nullptr; }
    /// Why there is none.
    [[nodiscard]] Status status() const noexcept { return status_; }
    /// Where the payload goes; aligned to 8 bytes. Holds whatever was there before.
    [[nodiscard]] std::byte* data() const noexcept { return slot_.payload(); }
    /// Bytes that were claimed.
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    /// Both as one.
    [[nodiscard]] ByteSpan payload() const noexcept { return {data(), size_}; }
    /// Sets the flags that the message will have.
    void set_flags(MessageFlags flags) noexcept { flags_ = flags; }

    /// Publishes the message.
    BITRPC_DETAIL_INLINE Status commit() noexcept { return commit(size_); }
    /// Publishes its first `size` bytes; kTooLarge if that is more than was claimed.
    BITRPC_DETAIL_INLINE Status commit(std::size_t size) noexcept;
    /// Gives the room back.
    BITRPC_DETAIL_INLINE void abandon() noexcept;

    /// Its header fields that have no role: zero until they are set.
    [[nodiscard]] MutableHeaderFields header() noexcept {
        return MutableHeaderFields(header_bytes());
    }
    /// The header's bytes, of which all but the first word are zero until they are set.
    [[nodiscard]] std::byte* header_bytes() noexcept {
        if (!std::exchange(has_fields_, true)) {
            std::memset(slot_.header + detail::kWord, 0, message_header::kSize - detail::kWord);
        }
        return slot_.header;
    }

private:
    friend class SharedMemoryProducer;

    explicit Claim(Status why_not) noexcept : status_(why_not) {}
    Claim(SharedMemoryProducer& producer, const detail::Slot& slot, std::size_t size,
          MessageType type) noexcept
        : producer_(&producer), slot_(slot), size_(size), type_(type) {}

    SharedMemoryProducer* producer_ = nullptr;
    detail::Slot slot_{};
    std::size_t size_ = 0;
    MessageType type_{};
    MessageFlags flags_{};
    bool has_fields_ = false;
    Status status_{};
};

/// Collects messages that the consumer sees all at once, with one publication.
///
/// commit() publishes them; so does an urgent message for itself and those before it. Without
/// that, the destructor drops what is not published, also when an exception leaves. One at a time
/// for a producer; any other send on it publishes the batch so far, and so does a push that finds
/// the ring full.
///
///     auto batch = producer->batch();
///     for (const auto& tick : ticks) {
///         if (Status status = batch.push_typed(tick); !status) return status;
///     }
///     batch.commit();
class [[nodiscard]] BatchWriter {
public:
    /// An empty batch; see SharedMemoryProducer::batch().
    explicit BatchWriter(SharedMemoryProducer& producer) noexcept : producer_(&producer) {}
    BatchWriter(BatchWriter&& other) noexcept
        : producer_(std::exchange(other.producer_, nullptr)) {}
    BatchWriter& operator=(BatchWriter&&) = delete;
    BatchWriter(const BatchWriter&) = delete;
    BatchWriter& operator=(const BatchWriter&) = delete;
    ~BatchWriter() { discard(); }

    /// Adds a message. When the ring is full it publishes the batch so far and waits for room, up
    /// to Options::send_timeout.
    Status push(ByteView payload, MessageType type = kTypeData,
                MessageFlags flags = MessageFlags{}) noexcept;
    /// Adds a message; kFull, and the batch stays as it is, if there is no room for it.
    [[nodiscard]] Status try_push(ByteView payload, MessageType type = kTypeData,
                                  MessageFlags flags = MessageFlags{}) noexcept;
    /// Adds a struct under its own type. Waits as push() does.
    template <class T>
    Status push_typed(const T& value, MessageFlags flags = MessageFlags{}) noexcept;
    /// Publishes what was added, and wakes the consumer if it sleeps.
    void commit() noexcept;
    /// Drops what was added and not published.
    void discard() noexcept;

private:
    SharedMemoryProducer* producer_;
};

// ---------------------------------------------------------------------------------------------
// Manager
// ---------------------------------------------------------------------------------------------

/// One side of a ring with a thread of its own: heartbeats for either side, and for a consumer the
/// handing out of messages to handlers by their type.
///
/// Threads: every function from any thread. Handlers run in the manager's thread (or the caller's
/// of poll()), one at a time, and may send on other rings, but not use this manager.
///
///     auto manager = create_manager("prices", false, 1 << 20);
///     manager->on(MessageType::DATA, [](const MessageView& m) { show(m.payload()); });
///     manager->start();
class SharedMemoryManager {
public:
    /// Called with each message, in place: the view is valid during the call.
    using Handler = std::function<void(const MessageView&)>;

    /// Attaches as one side of ring `name`; null and an error if that fails.
    [[nodiscard]] static std::unique_ptr<SharedMemoryManager> create(std::string_view name,
                                                                     bool is_producer,
                                                                     const Options& options,
                                                                     Error& error);
    SharedMemoryManager(const SharedMemoryManager&) = delete;
    SharedMemoryManager& operator=(const SharedMemoryManager&) = delete;
    ~SharedMemoryManager() { dispose(); }

    /// True for the sending side.
    [[nodiscard]] bool is_producer() const noexcept { return is_producer_; }

    /// Sets the handler for one type; an empty one takes it back. Before start().
    void on(MessageType type, Handler handler);
    /// Sets the handler for all types without one. Before start().
    void on_any(Handler handler);

    /// Starts the thread; kBusy if it runs. `heartbeat_ms` is the time between two signs of
    /// life, at least 1.
    Status start(std::uint32_t heartbeat_ms = kHeartbeatMs);
    /// Stops the thread and waits for it to end: for at most the handler that runs.
    void stop() noexcept;
    /// Hands out the messages that are there, waiting for the first one; for those who do not
    /// want a thread. kUnsupported on the sending side, kBusy while the thread runs.
    BatchResult poll(int timeout_ms = 0);

    /// Sends bytes; kUnsupported on the receiving side.
    Status send(ByteView payload, MessageType type = kTypeData, MessageFlags flags = {});
    /// Sends text; kUnsupported on the receiving side.
    Status send_string(std::string_view text, MessageFlags flags = {});
    /// Sends a struct; kUnsupported on the receiving side.
    template <class T>
    Status send_typed(const T& value, MessageFlags flags = MessageFlags{}) {
        return with_producer([&](SharedMemoryProducer& p) { return p.send_typed(value, flags); });
    }
    /// Sends a message; kUnsupported on the receiving side.
    Status send_message(const SharedMemoryMessage& message);

    /// The other side's life; kStalled when its last heartbeat is older than three intervals.
    [[nodiscard]] PeerState peer_state() const noexcept;
    /// The counters of both sides.
    [[nodiscard]] Statistics statistics() const noexcept;
    /// All that the ring's header says.
    [[nodiscard]] Snapshot snapshot() const noexcept;
    /// Stops and closes this side.
    void dispose() noexcept;

private:
    static constexpr std::uint32_t kHeartbeatMs = 1000;
    static constexpr std::uint32_t kStalledBeats = 3;
    /// Pause between two looks at a ring whose producer is gone or whose bytes are bad.
    static constexpr std::uint64_t kIdlePauseNs = 10000000;

    SharedMemoryManager() = default;

    template <class Use>
    Status with_producer(const Use& use) {
        const std::lock_guard<std::mutex> lock(mutex_);
        if (!is_producer_) return Errc::kUnsupported;
        sent_.store(true, std::memory_order_relaxed);
        return use(*producer_);
    }
    template <class Use>
    [[nodiscard]] auto with_ring(const Use& use) const noexcept {
        const std::lock_guard<std::mutex> lock(ring_mutex_);
        return use(is_producer_ ? producer_->ring() : consumer_->ring());
    }

    void run(std::uint64_t interval_ns);
    void produce_heartbeat();
    [[nodiscard]] Status consume(std::uint64_t ns);
    void dispatch(const MessageView& message) const;
    void pause(std::uint64_t ns);
    void interrupt() noexcept;

    bool is_producer_ = false;
    std::unique_ptr<SharedMemoryProducer> producer_;
    std::unique_ptr<SharedMemoryConsumer> consumer_;
    std::vector<std::pair<MessageType, Handler>> handlers_;
    Handler any_;
    /// Guards the producer or consumer, and the handlers; held while either waits.
    std::mutex mutex_;
    /// Guards the ring against being unmapped while its header is read; never held for long.
    mutable std::mutex ring_mutex_;
    /// Guards the thread object.
    std::mutex thread_mutex_;
    std::thread thread_;
    /// Guards the two conditions of the thread's life below.
    std::mutex life_mutex_;
    std::condition_variable life_changed_;
    bool stopping_ = false;
    std::atomic<bool> running_{false};
    std::atomic<bool> sent_{false};
    std::atomic<std::uint32_t> heartbeat_ms_{kHeartbeatMs};
};

inline std::unique_ptr<SharedMemoryManager> SharedMemoryManager::create(std::string_view name,
                                                                        bool is_producer,
                                                                        const Options& options,
                                                                        Error& error) {
    std::unique_ptr<SharedMemoryManager> manager(new SharedMemoryManager());
    manager->is_producer_ = is_producer;
    if (is_producer) {
        manager->producer_ = SharedMemoryProducer::create(name, options, error);
        if (!manager->producer_) return nullptr;
    } else {
        manager->consumer_ = SharedMemoryConsumer::create(name, options, error);
        if (!manager->consumer_) return nullptr;
    }
    return manager;
}

inline void SharedMemoryManager::on(MessageType type, Handler handler) {
    const std::lock_guard<std::mutex> lock(mutex_);
    for (auto& known : handlers_) {
        if (known.first == type) {
            known.second = std::move(handler);
            return;
        }
    }
    handlers_.emplace_back(type, std::move(handler));
}

inline void SharedMemoryManager::on_any(Handler handler) {
    const std::lock_guard<std::mutex> lock(mutex_);
    any_ = std::move(handler);
}

inline void SharedMemoryManager::dispatch(const MessageView& message) const {
    for (const auto& known : handlers_) {
        if (known.first != message.type() || !known.second) continue;
        known.second(message);
        return;
    }
    if (any_) any_(message);
}

inline Status SharedMemoryManager::start(std::uint32_t heartbeat_ms) {
    const std::lock_guard<std::mutex> lock(thread_mutex_);
    if (thread_.joinable()) return Errc::kBusy;
    if (with_ring([](const RingBuffer& ring) { return !ring.is_open(); })) return Errc::kDisposed;
    if (heartbeat_ms == 0) heartbeat_ms = 1;
    heartbeat_ms_.store(heartbeat_ms, std::memory_order_relaxed);
    stopping_ = false;
    running_.store(true, std::memory_order_release);
    const std::uint64_t interval_ns = std::uint64_t{heartbeat_ms} * 1000000U;
    thread_ = std::thread([this, interval_ns] { run(interval_ns); });
    return {};
}

inline void SharedMemoryManager::stop() noexcept {
    const std::lock_guard<std::mutex> lock(thread_mutex_);
    if (!thread_.joinable()) return;
    {
        std::unique_lock<std::mutex> life(life_mutex_);
        stopping_ = true;
        life_changed_.notify_all();
        // An interrupt that comes just before the thread falls asleep is lost: hence again.
        while (running_.load(std::memory_order_acquire)) {
            interrupt();
            life_changed_.wait_for(life, std::chrono::milliseconds(1));
        }
    }
    thread_.join();
}

inline void SharedMemoryManager::interrupt() noexcept {
    if (consumer_) consumer_->interrupt();
}

inline void SharedMemoryManager::pause(std::uint64_t ns) {
    std::unique_lock<std::mutex> life(life_mutex_);
    life_changed_.wait_for(life, std::chrono::nanoseconds(ns), [this] { return stopping_; });
}

/// The thread: heartbeats at their times, and messages in between.
inline void SharedMemoryManager::run(std::uint64_t interval_ns) {
    std::uint64_t next_beat = detail::monotonic_ns();
    for (;;) {
        const std::uint64_t now = detail::monotonic_ns();
        if (now >= next_beat) {
            next_beat = now + interval_ns;
            if (is_producer_) {
                produce_heartbeat();
            } else {
                consumer_->heartbeat();
            }
        }
        const std::uint64_t left = next_beat > now ? next_beat - now : 0;
        if (is_producer_) {
            pause(left);
        } else if (const Status status = consume(left); !status && !status.would_block()) {
            pause(left < kIdlePauseNs ? left : kIdlePauseNs);
        }
        const std::lock_guard<std::mutex> life(life_mutex_);
        if (!stopping_) continue;
        running_.store(false, std::memory_order_release);
        life_changed_.notify_all();
        return;
    }
}

/// A sign of life in the header, and a message if nothing else was sent since the last one. Sends
/// that are under way, or a full ring, make the message needless.
inline void SharedMemoryManager::produce_heartbeat() {
    producer_->heartbeat();
    if (sent_.exchange(false, std::memory_order_relaxed)) return;
    const std::unique_lock<std::mutex> lock(mutex_, std::try_to_lock);
    if (lock.owns_lock()) static_cast<void>(producer_->try_send({}, kTypeHeartbeat));
}

/// Hands out messages for at most `ns`, or until there is none any more.
inline Status SharedMemoryManager::consume(std::uint64_t ns) {
    const std::lock_guard<std::mutex> lock(mutex_);
    {
        const std::uint64_t slice = ns < detail::kLivenessNs ? ns : detail::kLivenessNs;
        const ReceivedMessage first = consumer_->receive(static_cast<int>(slice / 1000000U));
        if (!first) return first.status();
        dispatch(first);
    }
    const std::uint64_t end = detail::monotonic_ns() + ns;
    const auto handle = [this, end](const MessageView& message) {
        dispatch(message);
        return detail::monotonic_ns() < end;
    };
    return consumer_->drain(handle).status;
}

inline BatchResult SharedMemoryManager::poll(int timeout_ms) {
    const std::lock_guard<std::mutex> thread_lock(thread_mutex_);
    if (thread_.joinable()) return {0, Errc::kBusy};
    const std::lock_guard<std::mutex> lock(mutex_);
    if (is_producer_) return {0, Errc::kUnsupported};
    {
        const ReceivedMessage first = consumer_->receive(timeout_ms);
        if (!first) return {0, first.status()};
        dispatch(first);
    }
    BatchResult rest = consumer_->drain([this](const MessageView& m) { dispatch(m); });
    return {rest.count + 1, Status()};
}

inline Status SharedMemoryManager::send(ByteView payload, MessageType type, MessageFlags flags) {
    return with_producer([&](SharedMemoryProducer& p) { return p.send(payload, type, flags); });
}

inline Status SharedMemoryManager::send_string(std::string_view text, MessageFlags flags) {
    return with_producer([&](SharedMemoryProducer& p) { return p.send_string(text, flags); });
}

inline Status SharedMemoryManager::send_message(const SharedMemoryMessage& message) {
    return with_producer([&](SharedMemoryProducer& p) { return p.send_message(message); });
}

inline PeerState SharedMemoryManager::peer_state() const noexcept {
    const std::uint32_t stall_ms = heartbeat_ms_.load(std::memory_order_relaxed) * kStalledBeats;
    return with_ring([stall_ms](const RingBuffer& ring) { return ring.peer_state(stall_ms); });
}

inline Statistics SharedMemoryManager::statistics() const noexcept {
    return with_ring([](const RingBuffer& ring) { return ring.statistics(); });
}

inline Snapshot SharedMemoryManager::snapshot() const noexcept {
    return with_ring([](const RingBuffer& ring) { return ring.snapshot(); });
}

inline void SharedMemoryManager::dispose() noexcept {
    stop();
    if (producer_) producer_->interrupt();
    const std::lock_guard<std::mutex> lock(mutex_);
    const std::lock_guard<std::mutex> ring_lock(ring_mutex_);
    if (producer_) producer_->dispose();
    if (consumer_) consumer_->dispose();
}

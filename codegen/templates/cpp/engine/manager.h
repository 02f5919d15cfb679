// ---------------------------------------------------------------------------------------------
// Manager
// ---------------------------------------------------------------------------------------------

/// One side of a ring with a thread of its own: heartbeats for either side, and for a consumer the
/// handing out of messages to handlers by their type.
///
/// Threads: every function from any thread. Handlers run in the manager's thread (or the caller's
/// of poll()), one at a time, and may send on other rings, but not use this manager. What they
/// throw ends the program in the manager's thread, and comes through from poll(). Forking: a child
/// must not use it, and gets kForked.
///
///     auto manager = create_manager("prices", false, 1 << 20);
///     manager->on(MessageType::DATA, [](const MessageView& m) { show(m.payload()); });
///     manager->start();
class SharedMemoryManager {
public:
    /// Called with each message, in place: the view is valid during the call.
    using Handler = std::function<void(const MessageView&)>;
    /// Called with why receiving failed.
    using ErrorHandler = std::function<void(const Error&)>;

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
    /// Sets what is called, once for each, when receiving in the thread fails: the producer closed
    /// or died, the ring is corrupt, a message was dropped. The thread goes on, and waits for the
    /// next producer. Before start().
    void on_error(ErrorHandler handler);

    /// Starts the thread; kBusy if it runs. `heartbeat_ms` is the time between two signs of
    /// life, at least 1.
    Status start(std::uint32_t heartbeat_ms = kHeartbeatMs);
    /// Stops the thread and waits for it to end: for at most the handler that runs.
    void stop() noexcept;
    /// Hands out the messages that are there, waiting for the first one; for those who do not
    /// want a thread. kUnsupported on the sending side, kBusy while the thread runs. The result
    /// says what came behind the messages, if that is more than that there are no more.
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
    /// Stops and closes this side. Ends calls of other threads that wait.
    void dispose() noexcept;

private:
    static constexpr std::uint32_t kHeartbeatMs = 1000;
    static constexpr std::uint32_t kStalledBeats = 3;
    /// Pause between two looks at a ring whose producer is gone or whose bytes are bad.
    static constexpr std::uint64_t kIdlePauseNs = 10000000;

    SharedMemoryManager() = default;

    /// What the thread and those who stop it share.
    struct Life {
        std::thread thread;
        std::mutex mutex;
        std::condition_variable changed;
        /// Guarded by the mutex.
        bool stopping = false;
        std::atomic<bool> running{false};
    };

    template <class Use>
    Status with_producer(const Use& use) {
        if (!is_producer_) return Errc::kUnsupported;
        if (is_forked()) return Errc::kForked;
        const std::lock_guard<std::mutex> lock(mutex_);
        if (closing_.load(std::memory_order_relaxed)) return Errc::kDisposed;
        sent_.store(true, std::memory_order_relaxed);
        return use(*producer_);
    }
    template <class Use>
    [[nodiscard]] auto with_ring(const Use& use) const noexcept {
        const std::lock_guard<std::mutex> lock(ring_mutex_);
        return use(is_producer_ ? producer_->ring() : consumer_->ring());
    }

    /// True in a child of the process that made this: there the locks may be held for ever, by
    /// threads that only the parent has.
    [[nodiscard]] bool is_forked() const noexcept {
        const RingBuffer& ring = is_producer_ ? producer_->ring() : consumer_->ring();
        return ring.attachment_.forked();
    }

    void run(std::uint64_t interval_ns);
    void produce_heartbeat();
    [[nodiscard]] Status consume(std::uint64_t ns, bool& received);
    void dispatch(const MessageView& message) const;
    void pause(std::uint64_t ns);
    void interrupt() noexcept;
    void close_side() noexcept;

    bool is_producer_ = false;
    std::unique_ptr<SharedMemoryProducer> producer_;
    std::unique_ptr<SharedMemoryConsumer> consumer_;
    std::vector<std::pair<MessageType, Handler>> handlers_;
    Handler any_;
    ErrorHandler on_error_;
    /// Guards the producer or consumer, and the handlers; held while either waits.
    std::mutex mutex_;
    /// Guards the ring against being unmapped while its header is read; never held for long.
    mutable std::mutex ring_mutex_;
    /// Guards the thread object.
    std::mutex thread_mutex_;
    std::unique_ptr<Life> life_{new Life()};
    std::atomic<bool> closing_{false};
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

inline void SharedMemoryManager::on_error(ErrorHandler handler) {
    const std::lock_guard<std::mutex> lock(mutex_);
    on_error_ = std::move(handler);
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
    if (is_forked()) return Errc::kForked;
    const std::lock_guard<std::mutex> lock(thread_mutex_);
    if (life_->thread.joinable()) return Errc::kBusy;
    if (with_ring([](const RingBuffer& ring) { return !ring.is_open(); })) return Errc::kDisposed;
    if (heartbeat_ms == 0) heartbeat_ms = 1;
    heartbeat_ms_.store(heartbeat_ms, std::memory_order_relaxed);
    life_->stopping = false;
    life_->running.store(true, std::memory_order_release);
    const std::uint64_t interval_ns = std::uint64_t{heartbeat_ms} * 1000000U;
    life_->thread = std::thread([this, interval_ns] { run(interval_ns); });
    return {};
}

inline void SharedMemoryManager::stop() noexcept {
    if (is_forked()) return;
    const std::lock_guard<std::mutex> lock(thread_mutex_);
    if (!life_->thread.joinable()) return;
    {
        std::unique_lock<std::mutex> life(life_->mutex);
        life_->stopping = true;
        life_->changed.notify_all();
        // An interrupt that comes just before the thread falls asleep is lost: hence again.
        while (life_->running.load(std::memory_order_acquire)) {
            if (consumer_) consumer_->interrupt();
            life_->changed.wait_for(life, std::chrono::milliseconds(1));
        }
    }
    life_->thread.join();
    // The last interrupt may have found the thread awake; it is not for the next call that waits.
    if (consumer_) consumer_->interrupted_.store(false, std::memory_order_relaxed);
}

inline void SharedMemoryManager::interrupt() noexcept {
    if (producer_) producer_->interrupt();
    if (consumer_) consumer_->interrupt();
}

inline void SharedMemoryManager::pause(std::uint64_t ns) {
    std::unique_lock<std::mutex> life(life_->mutex);
    life_->changed.wait_for(life, std::chrono::nanoseconds(ns), [this] { return life_->stopping; });
}

/// The thread: heartbeats at their times, and messages in between.
inline void SharedMemoryManager::run(std::uint64_t interval_ns) {
    std::uint64_t next_beat = detail::monotonic_ns();
    Errc told = Errc::kOk;
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
        } else {
            bool received = false;
            const Status status = consume(left, received);
            const bool failed = !status && !status.would_block();
            if (received || !failed) told = Errc::kOk;
            if (failed) {
                // Told once by the ring itself; all else it says until something changes.
                const bool once = status == Errc::kPeerDied || status == Errc::kMessageTooLarge;
                if (on_error_ && (once || status != told)) on_error_(consumer_->error());
                told = status.code();
                if (!once) pause(left < kIdlePauseNs ? left : kIdlePauseNs);
            }
        }
        const std::lock_guard<std::mutex> life(life_->mutex);
        if (!life_->stopping) continue;
        life_->running.store(false, std::memory_order_release);
        life_->changed.notify_all();
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

/// Hands out messages for at most `ns`, or until there is none any more; `received` says whether
/// there was one.
inline Status SharedMemoryManager::consume(std::uint64_t ns, bool& received) {
    const std::lock_guard<std::mutex> lock(mutex_);
    {
        const std::uint64_t slice = ns < detail::kLivenessNs ? ns : detail::kLivenessNs;
        const ReceivedMessage first = consumer_->receive(static_cast<int>(slice / 1000000U));
        if (!first) return first.status();
        received = true;
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
    if (is_producer_) return {0, Errc::kUnsupported};
    if (is_forked()) return {0, Errc::kForked};
    {
        const std::lock_guard<std::mutex> thread_lock(thread_mutex_);
        if (life_->thread.joinable()) return {0, Errc::kBusy};
    }
    const std::lock_guard<std::mutex> lock(mutex_);
    if (closing_.load(std::memory_order_relaxed)) return {0, Errc::kDisposed};
    {
        const ReceivedMessage first = consumer_->receive(timeout_ms);
        if (!first) return {0, first.status()};
        dispatch(first);
    }
    BatchResult rest = consumer_->drain([this](const MessageView& m) { dispatch(m); });
    return {rest.count + 1, rest.status.would_block() ? Status() : rest.status};
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
    if (is_forked()) {
        // Destroying a condition waits for those who wait for it: here they are the parent's.
        static_cast<void>(life_.release());
        return close_side();
    }
    closing_.store(true, std::memory_order_relaxed);
    stop();
    // Whoever has the lock may wait for room or for a message.
    while (!mutex_.try_lock()) {
        interrupt();
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    const std::lock_guard<std::mutex> lock(mutex_, std::adopt_lock);
    close_side();
}

inline void SharedMemoryManager::close_side() noexcept {
    const std::lock_guard<std::mutex> ring_lock(ring_mutex_);
    if (producer_) producer_->dispose();
    if (consumer_) consumer_->dispose();
}

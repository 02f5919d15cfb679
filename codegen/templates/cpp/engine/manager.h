// ---------------------------------------------------------------------------------------------
// Manager
// ---------------------------------------------------------------------------------------------

/// One side of a ring with a thread of its own: heartbeats in the ring's header for either side,
/// and for a consumer the handing out of messages to handlers by their type.
///
/// Threads: every function from any thread, also inside of handlers, where stop() and close() take
/// effect behind the handler, on() with the next message, and start(), poll() and sends of this
/// manager answer kBusy. Handlers run in the manager's thread (or the caller's of poll()), one at a
/// time. What they throw comes through from poll(); the thread hands it to on_error(), or if there
/// is none to the log, or without one to the standard error output, and goes on with the next
/// message. If this process dies while a handler runs, its message, and up to an eighth of the ring
/// before it, comes again to the next consumer. Forking: a child must not use it, and gets kForked.
///
///     auto manager = create_manager("prices", false, 1 << 20);
///     manager->on(MessageType::DATA, [](const MessageView& m) { show(m.payload()); });
///     if (Status status = manager->start(); !status) return fail(status.name());
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
                                                                     Error& error) {
        auto core = std::make_shared<detail::ManagerCore>();
        if (is_producer) {
            core->producer = SharedMemoryProducer::create(name, options, error);
            if (!core->producer) return nullptr;
        } else {
            core->consumer = SharedMemoryConsumer::create(name, options, error);
            if (!core->consumer) return nullptr;
        }
        return std::unique_ptr<SharedMemoryManager>(new SharedMemoryManager(std::move(core)));
    }
    SharedMemoryManager(const SharedMemoryManager&) = delete;
    SharedMemoryManager& operator=(const SharedMemoryManager&) = delete;
    ~SharedMemoryManager();

    /// True for the sending side.
    [[nodiscard]] bool is_producer() const noexcept { return core_->producer != nullptr; }

    /// True while the thread runs.
    [[nodiscard]] bool is_running() const noexcept { return core_->is_running(); }

    /// Sets the handler for one type; an empty one takes it back.
    void on(MessageType type, Handler handler) {
        core_->set_handlers([&](detail::Handlers& handlers) {
            for (auto& known : handlers.by_type) {
                if (known.first != type) continue;
                known.second = std::move(handler);
                return;
            }
            handlers.by_type.emplace_back(type, std::move(handler));
        });
    }
    /// Sets the handler for all types without one.
    void on_any(Handler handler) {
        core_->set_handlers([&](detail::Handlers& handlers) { handlers.any = std::move(handler); });
    }
    /// Sets what the thread calls, once for each, when receiving fails: the producer closed or
    /// died, the file was removed, the ring is corrupt, a message was dropped, a handler threw. The
    /// thread goes on, and waits for the next producer.
    void on_error(ErrorHandler handler) {
        core_->set_handlers(
            [&](detail::Handlers& handlers) { handlers.failed = std::move(handler); });
    }

    /// Starts the thread; kBusy if it runs. `heartbeat` is the time between two signs of life, at
    /// least a millisecond.
    Status start(Timeout heartbeat = std::chrono::seconds(1)) {
        // A handler may destroy this manager before this returns.
        const std::shared_ptr<detail::ManagerCore> core = core_;
        return core->start(core, heartbeat);
    }
    /// Stops the thread and waits for it to end: for at most the handler that runs.
    void stop() noexcept { core_->stop(); }
    /// Hands out the messages that are there, waiting for the first one; for those who do not
    /// want a thread. kUnsupported on the sending side, kBusy while the thread runs. What came
    /// behind the messages is told by the next call.
    BatchResult poll(Timeout timeout = 0) {
        // A handler may destroy this manager.
        const std::shared_ptr<detail::ManagerCore> core = core_;
        return core->poll(timeout);
    }

    /// Sends bytes; kUnsupported on the receiving side.
    Status send(ByteView payload, MessageType type = kTypeData, MessageFlags flags = {}) {
        return with_producer([&](SharedMemoryProducer& p) { return p.send(payload, type, flags); });
    }
    /// Sends text; kUnsupported on the receiving side.
    Status send_string(std::string_view text, MessageFlags flags = {}) {
        return with_producer([&](SharedMemoryProducer& p) { return p.send_string(text, flags); });
    }
    /// Sends a struct; kUnsupported on the receiving side.
    template <class T>
    Status send_typed(const T& value, MessageFlags flags = MessageFlags{}) {
        return with_producer([&](SharedMemoryProducer& p) { return p.send_typed(value, flags); });
    }
    /// Sends a message; kUnsupported on the receiving side.
    Status send_message(const SharedMemoryMessage& message) {
        return with_producer([&](SharedMemoryProducer& p) { return p.send_message(message); });
    }

    /// The other side's life; kStalled when its last heartbeat is older than three intervals.
    [[nodiscard]] PeerState peer_state() const noexcept {
        return core_->ring().peer_state(core_->stall());
    }
    /// The counters of both sides.
    [[nodiscard]] Statistics statistics() const noexcept { return core_->ring().statistics(); }
    /// All that the ring's header says.
    [[nodiscard]] Snapshot snapshot() const noexcept { return core_->ring().snapshot(); }
    /// Stops and closes this side. Ends calls of other threads that wait.
    void close() noexcept { core_->close(); }
    /// The same as close().
    void dispose() noexcept { close(); }

private:
    explicit SharedMemoryManager(std::shared_ptr<detail::ManagerCore> core) noexcept
        : core_(std::move(core)) {}

    template <class Use>
    Status with_producer(const Use& use) {
        if (!core_->producer) return Errc::kUnsupported;
        if (core_->is_forked()) return Errc::kForked;
        if (core_->is_my_turn()) return Errc::kBusy;
        const std::shared_ptr<detail::ManagerCore> core = core_;
        const detail::ManagerCore::Turn turn(*core);
        if (core->is_closing()) return Errc::kDisposed;
        return use(*core->producer);
    }

    std::shared_ptr<detail::ManagerCore> core_;
};

inline SharedMemoryManager::~SharedMemoryManager() {
    const bool is_forked = core_->is_forked();
    core_->abandon();
    if (!is_forked) return;
    // Destroying what threads wait for, and threads, would wait for those: they are the parent's.
    static_cast<void>(new (std::nothrow) std::shared_ptr<detail::ManagerCore>(core_));
}

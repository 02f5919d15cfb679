// ---------------------------------------------------------------------------------------------
// Manager: what its thread shares with those who use it
// ---------------------------------------------------------------------------------------------

namespace detail {

/// What a manager calls, and for what.
struct Handlers {
    std::vector<std::pair<MessageType, std::function<void(const MessageView&)>>> by_type;
    std::function<void(const MessageView&)> any;
    std::function<void(const Error&)> failed;

    /// The one for a message; null if nobody wants it.
    [[nodiscard]] const std::function<void(const MessageView&)>* of(MessageType type) const {
        for (const auto& known : by_type) {
            if (known.first == type && known.second) return &known.second;
        }
        return any ? &any : nullptr;
    }
};

/// One side of a ring, the handlers, and the thread that a manager may have. The thread holds it,
/// too: a handler may destroy its manager.
class ManagerCore {
public:
    /// The time in which somebody uses the side. Whoever closes the manager in it, by a handler or
    /// a log callback, does so at its end.
    class Turn {
    public:
        explicit Turn(ManagerCore& core) : core_(core), lock_(core.turn_mutex_) {
            core_.turn_.store(std::this_thread::get_id(), std::memory_order_relaxed);
        }
        Turn(const Turn&) = delete;
        Turn& operator=(const Turn&) = delete;
        ~Turn() {
            if (core_.close_wanted_) core_.close_side();
            core_.turn_.store(std::thread::id(), std::memory_order_relaxed);
        }

    private:
        ManagerCore& core_;
        std::lock_guard<std::mutex> lock_;
    };

    ManagerCore() = default;
    ManagerCore(const ManagerCore&) = delete;
    ManagerCore& operator=(const ManagerCore&) = delete;
    ~ManagerCore() = default;

    [[nodiscard]] RingBuffer& ring() const noexcept {
        return producer ? producer->ring_ : consumer->ring_;
    }
    /// True in a child of the process that made this: there the locks may be held for ever, by
    /// threads that only the parent has.
    [[nodiscard]] bool is_running() const noexcept {
        return running_.load(std::memory_order_acquire);
    }
    [[nodiscard]] bool is_forked() const noexcept { return ring().attachment_.forked(); }
    /// True in what a handler or a log callback calls.
    [[nodiscard]] bool is_my_turn() const noexcept {
        return turn_.load(std::memory_order_relaxed) == std::this_thread::get_id();
    }
    [[nodiscard]] bool is_my_thread() const noexcept {
        return thread_id_.load(std::memory_order_relaxed) == std::this_thread::get_id();
    }
    [[nodiscard]] bool is_closing() const noexcept {
        return closing_.load(std::memory_order_relaxed);
    }

    /// Changes the handlers for the messages from the next one on.
    template <class Change>
    void set_handlers(const Change& change) {
        const std::lock_guard<std::mutex> lock(handlers_mutex_);
        auto next = std::make_shared<Handlers>(*handlers_);
        change(*next);
        handlers_ = std::move(next);
        generation_.fetch_add(1, std::memory_order_release);
    }

    [[nodiscard]] Status start(const std::shared_ptr<ManagerCore>& self, Timeout heartbeat);
    void stop() noexcept;
    void close() noexcept;
    /// The same for the last one that knows of it: does not leave the thread behind.
    void abandon() noexcept;
    /// Hands out messages in the caller's thread.
    [[nodiscard]] BatchResult poll(Timeout timeout);

    /// How old the other side's last heartbeat may be.
    [[nodiscard]] Timeout stall() const noexcept {
        const std::uint64_t ns = stall_ns_.load(std::memory_order_relaxed);
        return std::chrono::duration<std::uint64_t, std::nano>(ns);
    }

    /// Exactly one is there.
    std::unique_ptr<SharedMemoryProducer> producer;
    std::unique_ptr<SharedMemoryConsumer> consumer;

private:
    static constexpr std::uint64_t kShortestHeartbeatNs = 1000000;
    /// No sleep of the thread is longer: what is added to a clock must not overflow.
    static constexpr std::uint64_t kLongestNapNs = 3600000000000;

    void run(std::uint64_t interval_ns) noexcept;
    [[nodiscard]] Status consume(std::uint64_t ns) noexcept;
    void dispatch(const MessageView& message);
    void dispatch_guarded(const MessageView& message) noexcept;
    void tell(const Error& error) noexcept;
    void refresh_handlers() noexcept;
    void request_stop() noexcept;
    /// Sleeps; true if the thread is to end.
    bool rest(std::uint64_t ns) noexcept;

    void close_side() noexcept {
        close_wanted_ = false;
        if (producer) producer->close();
        if (consumer) consumer->close();
    }

    /// Guards the side; held while it waits, and while a handler runs.
    std::mutex turn_mutex_;
    std::atomic<std::thread::id> turn_{};
    /// Set and read by whose turn it is.
    bool close_wanted_ = false;
    std::atomic<bool> closing_{false};

    /// Guards the handlers that are set; those in use are a copy of whose turn it is.
    std::mutex handlers_mutex_;
    std::shared_ptr<const Handlers> handlers_ = std::make_shared<const Handlers>();
    std::atomic<std::uint64_t> generation_{0};
    std::shared_ptr<const Handlers> in_use_ = handlers_;
    std::uint64_t generation_in_use_ = 0;

    /// Guards the thread object.
    std::mutex thread_mutex_;
    std::thread thread_;
    std::atomic<std::thread::id> thread_id_{};
    std::atomic<bool> running_{false};
    /// For those who wait for the flag to be set, which is set under it.
    std::mutex stop_mutex_;
    std::condition_variable stop_changed_;
    std::atomic<bool> stopping_{false};
    std::atomic<std::uint64_t> stall_ns_{kHeartbeatNs * kStalledBeats};
};

inline void ManagerCore::refresh_handlers() noexcept {
    if (generation_.load(std::memory_order_acquire) == generation_in_use_) return;
    const std::lock_guard<std::mutex> lock(handlers_mutex_);
    generation_in_use_ = generation_.load(std::memory_order_relaxed);
    in_use_ = handlers_;
}

inline void ManagerCore::dispatch(const MessageView& message) {
    refresh_handlers();
    // The call may set other handlers, which take over with the next message.
    const auto* const handler = in_use_->of(message.message_type());
    if (handler != nullptr) (*handler)(message);
}

/// A handler that throws has had its message: the thread tells of it and goes on with the next.
inline void ManagerCore::dispatch_guarded(const MessageView& message) noexcept {
#if defined(__cpp_exceptions)
    std::string what = "something that is no std::exception";
    try {
        return dispatch(message);
    } catch (const std::exception& exception) {
        detail::attempt([&] { what = exception.what(); });
    } catch (...) {
    }
    detail::attempt([&] {
        tell(Error(Errc::kHandlerFailed,
                   concat({"ring ", in_quotes(ring().name()), ": a handler threw: ", what})));
    });
#else
    dispatch(message);
#endif
}

/// Tells of what the thread came upon. Nobody sees it otherwise, so what no handler takes goes to
/// the log, or to the standard error output.
inline void ManagerCore::tell(const Error& error) noexcept {
    refresh_handlers();
    if (!in_use_->failed) {
        if (error.code() == Errc::kHandlerFailed) report_line(LogLevel::kError, error.message());
        return;
    }
    if (!detail::attempt([&] { in_use_->failed(error); })) {
        report_line(LogLevel::kError, "the error handler of a manager threw");
    }
}

inline void ManagerCore::request_stop() noexcept {
    const std::lock_guard<std::mutex> lock(stop_mutex_);
    stopping_ = true;
    stop_changed_.notify_all();
}

inline bool ManagerCore::rest(std::uint64_t ns) noexcept {
    const auto nap = std::chrono::nanoseconds(ns < kLongestNapNs ? ns : kLongestNapNs);
    std::unique_lock<std::mutex> lock(stop_mutex_);
    if (ns != 0) stop_changed_.wait_for(lock, nap, [this] { return stopping_.load(); });
    return stopping_;
}

inline Status ManagerCore::start(const std::shared_ptr<ManagerCore>& self, Timeout heartbeat) {
    if (is_forked()) return Errc::kForked;
    if (!heartbeat.is_valid()) return Errc::kInvalidArgument;
    if (is_my_thread() || is_my_turn()) return Errc::kBusy;
    const std::lock_guard<std::mutex> lock(thread_mutex_);
    if (is_closing()) return Errc::kDisposed;
    // One that was stopped by a handler of its own has ended, or is about to.
    if (running_.load(std::memory_order_acquire)) return Errc::kBusy;
    if (thread_.joinable()) thread_.join();
    std::uint64_t interval_ns = heartbeat.ns();
    if (interval_ns < kShortestHeartbeatNs) interval_ns = kShortestHeartbeatNs;
    stall_ns_.store(
        interval_ns / kStalledBeats < kLongestNapNs ? interval_ns * kStalledBeats : interval_ns,
        std::memory_order_relaxed);
    stopping_ = false;
    running_.store(true, std::memory_order_relaxed);
    const bool started = detail::attempt(
        [&] { thread_ = std::thread([self, interval_ns] { self->run(interval_ns); }); });
    if (started) return {};
    running_.store(false, std::memory_order_relaxed);
    return Errc::kIo;
}

inline void ManagerCore::stop() noexcept {
    if (is_forked()) return;
    request_stop();
    // In a handler: the thread ends behind it.
    if (is_my_thread()) return;
    if (consumer) consumer->interrupt();
    const std::lock_guard<std::mutex> lock(thread_mutex_);
    if (thread_.joinable()) thread_.join();
    // Found awake, the thread left the interrupt over; it is not for the next call that waits.
    if (consumer && !is_my_turn()) static_cast<void>(consumer->sleeper_.take_interrupt());
}

inline void ManagerCore::close() noexcept {
    closing_.store(true, std::memory_order_relaxed);
    if (is_forked()) return close_side();
    if (is_my_turn()) {
        close_wanted_ = true;
        return request_stop();
    }
    stop();
    // Whoever's turn it is may wait for room or for a message.
    if (producer) producer->interrupt();
    if (consumer) consumer->interrupt();
    const Turn turn(*this);
    close_side();
}

inline void ManagerCore::abandon() noexcept {
    close();
    if (is_forked() || !is_my_thread()) return;
    // Nobody joins the thread in which this runs; whoever started it may not be through yet.
    const std::lock_guard<std::mutex> lock(thread_mutex_);
    if (thread_.joinable()) thread_.detach();
}

/// The thread: heartbeats at their times, and messages in between.
inline void ManagerCore::run(std::uint64_t interval_ns) noexcept {
    thread_id_.store(std::this_thread::get_id(), std::memory_order_relaxed);
    std::uint64_t next_beat = 0;
    Errc told = Errc::kOk;
    for (std::uint64_t nap = 0; !rest(nap);) {
        const std::uint64_t now = monotonic_ns();
        if (now >= next_beat) {
            next_beat = now + (interval_ns < ~0ULL - now ? interval_ns : ~0ULL - now);
            ring().heartbeat();
        }
        const std::uint64_t left = next_beat - now;
        nap = producer ? left : 0;
        if (producer) continue;
        const Status status = consume(left);
        const bool failed = !status && !status.would_block();
        // An end and a message that was dropped are events; all else says the same till it changes.
        const bool is_event =
            status == Errc::kClosed || status == Errc::kPeerDied || is_dropped(status.code());
        if (failed && (is_event || status != told)) tell(consumer->last_error());
        told = status.code();
        if (failed && !is_event) nap = left < kLivenessNs ? left : kLivenessNs;
    }
    thread_id_.store(std::thread::id(), std::memory_order_relaxed);
    running_.store(false, std::memory_order_release);
}

/// Hands out messages for at most `ns`, or until there is none any more.
inline Status ManagerCore::consume(std::uint64_t ns) noexcept {
    const Turn turn(*this);
    if (is_closing()) return Errc::kDisposed;
    const std::chrono::duration<std::uint64_t, std::nano> time(ns);
    {
        const ReceivedMessage first = consumer->receive(time);
        if (!first) return first.status();
        dispatch_guarded(first);
    }
    if (stopping_.load(std::memory_order_relaxed)) return {};
    const std::uint64_t end = monotonic_ns() + (ns < kLongestNapNs ? ns : kLongestNapNs);
    const auto handle = [this, end](const MessageView& message) noexcept {
        dispatch_guarded(message);
        return !stopping_.load(std::memory_order_relaxed) && monotonic_ns() < end;
    };
    return consumer->drain(handle).status;
}

inline BatchResult ManagerCore::poll(Timeout timeout) {
    if (producer) return {0, Errc::kUnsupported};
    if (is_forked()) return {0, Errc::kForked};
    if (is_my_turn() || running_.load(std::memory_order_acquire)) return {0, Errc::kBusy};
    const Turn turn(*this);
    if (is_closing()) return {0, Errc::kDisposed};
    {
        const ReceivedMessage first = consumer->receive(timeout);
        if (!first) return {0, first.status()};
        dispatch(first);
    }
    BatchResult result{1, {}};
#if defined(__cpp_exceptions)
    std::exception_ptr thrown;
#endif
    const auto handle = [&](const MessageView& message) {
        ++result.count;
#if defined(__cpp_exceptions)
        try {
            dispatch(message);
        } catch (...) {
            // It has had its message, as in the thread.
            thrown = std::current_exception();
            return false;
        }
#else
        dispatch(message);
#endif
        return !close_wanted_;
    };
    if (!close_wanted_) static_cast<void>(consumer->drain(handle));
#if defined(__cpp_exceptions)
    if (thrown) std::rethrow_exception(thrown);
#endif
    return result;
}

}  // namespace detail

// ---------------------------------------------------------------------------------------------
// The ring
// ---------------------------------------------------------------------------------------------

/// Counters of a ring, both sides together, since it was made.
struct Statistics {
    /// Messages published.
    std::uint64_t messages_sent{0};
    /// Messages released by the consumer.
    std::uint64_t messages_received{0};
    /// Payload bytes published.
    std::uint64_t bytes_sent{0};
    /// Payload bytes released by the consumer.
    std::uint64_t bytes_received{0};
    /// Sends that found the ring full, and messages found missing, incomplete or corrupt.
    std::uint64_t errors{0};
    /// Payload bytes per message of the side that has handled more; 0 without messages.
    double avg_message_size{0.0};
};

/// Life of one side of a ring.
enum class PeerState : std::uint8_t {
    /// Nobody has had this role yet.
    kNever,
    /// The role's lock is held.
    kAlive,
    /// The lock is held, but the heartbeat is older than three intervals.
    kStalled,
    /// The last one has closed.
    kClosed,
    /// The last one ended without closing.
    kDied,
};

/// The name of a state in English.
[[nodiscard]] constexpr const char* to_string(PeerState state) noexcept {
    switch (state) {
        case PeerState::kNever: return "never";
        case PeerState::kAlive: return "alive";
        case PeerState::kStalled: return "stalled";
        case PeerState::kClosed: return "closed";
        case PeerState::kDied: return "died";
    }
    return "unknown";
}

/// What a ring's header says of one side.
struct SideSnapshot {
    PeerState state = PeerState::kNever;
    /// Process id of the last holder; 0 if there was none.
    std::uint32_t pid = 0;
    /// Counts the holders.
    std::uint32_t epoch = 0;
    /// Monotonic clock of the last heartbeat, in nanoseconds.
    std::uint64_t heartbeat_ns = 0;
    /// Sleeps that no wake-up ended although there was something to do: 0 unless broken.
    std::uint64_t missed_wakeups = 0;
};

/// Everything that a ring's header says, read field by field: the numbers may be some messages
/// apart while the ring is in use.
struct Snapshot {
    Statistics statistics{};
    /// Size of the data area in bytes.
    std::uint64_t capacity = 0;
    /// Bytes between the two positions, padding included.
    std::uint64_t used_bytes = 0;
    std::uint64_t send_failures = 0;
    std::uint64_t receive_errors = 0;
    std::uint64_t created_unix_ns = 0;
    SideSnapshot producer{};
    SideSnapshot consumer{};
};

namespace detail {

class ManagerCore;

[[nodiscard]] inline std::uint64_t read64(std::byte* base, std::size_t offset) noexcept {
    return atomic_at<std::uint64_t>(base, offset).load(std::memory_order_acquire);
}

[[nodiscard]] inline std::uint32_t read32(std::byte* base, std::size_t offset) noexcept {
    return atomic_at<std::uint32_t>(base, offset).load(std::memory_order_acquire);
}

[[nodiscard]] inline Statistics read_statistics(std::byte* base) noexcept {
    Statistics s;
    s.messages_sent = read64(base, ring_header::kMessagesSentOffset);
    s.messages_received = read64(base, ring_header::kMessagesReceivedOffset);
    s.bytes_sent = read64(base, ring_header::kBytesSentOffset);
    s.bytes_received = read64(base, ring_header::kBytesReceivedOffset);
    s.errors = read64(base, ring_header::kSendFailuresOffset) +
               read64(base, ring_header::kReceiveErrorsOffset);
    const bool sender = s.messages_sent >= s.messages_received;
    const std::uint64_t messages = sender ? s.messages_sent : s.messages_received;
    const std::uint64_t bytes = sender ? s.bytes_sent : s.bytes_received;
    if (messages != 0) {
        s.avg_message_size = static_cast<double>(bytes) / static_cast<double>(messages);
    }
    return s;
}

/// The life of one side, whose lock `is_held` asks for; `stall_ns` 0 leaves heartbeats out.
template <class IsHeld>
[[nodiscard]] PeerState read_state(std::byte* base, const Side& side, const IsHeld& is_held,
                                   std::uint64_t stall_ns) noexcept {
    // Each round more takes another attaching or closing while the lock is asked for.
    constexpr int kRounds = 8;
    std::uint32_t state = read32(base, side.state);
    std::uint32_t epoch = read32(base, side.epoch);
    bool alive = false;
    for (int round = 0; round < kRounds; ++round) {
        alive = is_held(side);
        const std::uint32_t before = std::exchange(state, read32(base, side.state));
        const std::uint32_t counted = std::exchange(epoch, read32(base, side.epoch));
        if (before == state && counted == epoch) break;
    }
    if (state == kStateNever) return PeerState::kNever;
    if (state != kStateAttached) return PeerState::kClosed;
    if (!alive) return PeerState::kDied;
    const std::uint64_t beat = read64(base, side.heartbeat);
    const std::uint64_t now = monotonic_ns();
    const bool stalled = stall_ns != 0 && now > beat && now - beat > stall_ns;
    return stalled ? PeerState::kStalled : PeerState::kAlive;
}

template <class IsHeld>
[[nodiscard]] SideSnapshot read_side(std::byte* base, const Side& side,
                                     const IsHeld& is_held) noexcept {
    SideSnapshot s;
    s.state = read_state(base, side, is_held, 0);
    s.pid = read32(base, side.pid);
    s.epoch = read32(base, side.epoch);
    s.heartbeat_ns = read64(base, side.heartbeat);
    s.missed_wakeups = read64(base, side.missed_wakeups);
    return s;
}

template <class IsHeld>
[[nodiscard]] Snapshot read_snapshot(std::byte* base, std::uint64_t capacity,
                                     const IsHeld& is_held) noexcept {
    Snapshot s;
    s.statistics = read_statistics(base);
    s.capacity = capacity;
    const std::uint64_t read = read64(base, ring_header::kReadPositionOffset);
    const std::uint64_t write = read64(base, ring_header::kWritePositionOffset);
    s.used_bytes = write > read && write - read <= capacity ? write - read : 0;
    s.send_failures = read64(base, ring_header::kSendFailuresOffset);
    s.receive_errors = read64(base, ring_header::kReceiveErrorsOffset);
    s.created_unix_ns = read64(base, ring_header::kCreatedUnixNsOffset);
    s.producer = read_side(base, kProducerSide, is_held);
    s.consumer = read_side(base, kConsumerSide, is_held);
    return s;
}

}  // namespace detail

/// A ring that this process is attached to, as a producer or consumer shows it: what it is called,
/// how large it is, and how it is doing. Threads: any.
class RingBuffer {
public:
    RingBuffer() noexcept = default;
    RingBuffer(const RingBuffer&) = delete;
    RingBuffer& operator=(const RingBuffer&) = delete;

    /// The ring's name, without folder and prefix.
    [[nodiscard]] const std::string& name() const noexcept { return attachment_.name(); }
    /// The ring's file.
    [[nodiscard]] const std::string& path() const noexcept { return attachment_.path(); }
    /// Size of the data area in bytes.
    [[nodiscard]] std::uint64_t capacity() const noexcept { return attachment_.capacity(); }
    /// Largest payload in bytes that one message can carry.
    [[nodiscard]] std::uint64_t largest_payload() const noexcept {
        return detail::largest_payload(attachment_.capacity());
    }
    /// False when the ring was made from a spec with other message types or structs.
    [[nodiscard]] bool schema_matches() const noexcept {
        return attachment_.schema_hash() == kSchemaHash;
    }
    /// False after close().
    [[nodiscard]] bool is_open() const noexcept {
        const Hold hold(*this);
        return attachment_.is_open();
    }
    /// The counters of both sides; those of the moment of closing after close().
    [[nodiscard]] Statistics statistics() const noexcept {
        const Hold hold(*this);
        return attachment_.is_open() ? detail::read_statistics(attachment_.base())
                                     : last_.statistics;
    }
    /// All that the header says; what it said at the moment of closing after close().
    [[nodiscard]] Snapshot snapshot() const noexcept {
        const Hold hold(*this);
        return look();
    }
    /// The other side's life; kStalled when its heartbeat is older than `stall`. Only a side with a
    /// manager has one.
    [[nodiscard]] PeerState peer_state(Timeout stall = kForever) const noexcept {
        const Hold hold(*this);
        if (!attachment_.is_open()) {
            const bool is_producer = attachment_.role() == detail::Role::kProducer;
            return is_producer ? last_.consumer.state : last_.producer.state;
        }
        const bool counts = stall.is_valid() && !stall.is_forever();
        return detail::read_state(attachment_.base(), attachment_.peer(), IsHeld{attachment_},
                                  counts ? stall.ns() : 0);
    }

private:
    friend class SharedMemorySide;
    friend class SharedMemoryProducer;
    friend class SharedMemoryConsumer;
    friend class detail::ManagerCore;

    /// Keeps the ring mapped while another thread looks at its header. A forked child is alone, and
    /// its copy of the mutex may be locked for ever by a thread that only the parent has.
    class Hold {
    public:
        explicit Hold(const RingBuffer& ring) noexcept
            : mutex_(ring.attachment_.forked() ? nullptr : &ring.mutex_) {
            if (mutex_ != nullptr) mutex_->lock();
        }
        Hold(const Hold&) = delete;
        Hold& operator=(const Hold&) = delete;
        ~Hold() {
            if (mutex_ != nullptr) mutex_->unlock();
        }

    private:
        std::mutex* mutex_;
    };

    /// Whether a side's role is held; its own is.
    struct IsHeld {
        const detail::Attachment& attachment;

        [[nodiscard]] bool operator()(const detail::Side& side) const noexcept {
            return &side != &attachment.peer() || attachment.peer_alive();
        }
    };

    [[nodiscard]] Snapshot look() const noexcept {
        if (!attachment_.is_open()) return last_;
        return detail::read_snapshot(attachment_.base(), capacity(), IsHeld{attachment_});
    }

    void heartbeat() noexcept {
        const Hold hold(*this);
        if (attachment_.is_open()) attachment_.beat();
    }

    void interrupt(detail::Sleeper& sleeper) noexcept {
        sleeper.interrupt();
        const Hold hold(*this);
        if (attachment_.is_open()) sleeper.wake_interrupted();
    }

    /// Closes this side, and removes the ring if it is the last one out and all was read.
    template <class IsDrained>
    void leave(const IsDrained& is_drained) noexcept {
        // A child has no role to leave.
        const bool removes = !attachment_.forked() && attachment_.take_leave(is_drained);
        const Hold hold(*this);
        last_ = look();
        attachment_.close(removes);
    }

    detail::Attachment attachment_;
    Snapshot last_{};
    mutable std::mutex mutex_;
};

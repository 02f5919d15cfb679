// ---------------------------------------------------------------------------------------------
// The engine's view of the layout
// ---------------------------------------------------------------------------------------------

namespace detail {

/// Which end of the ring.
enum class Role : std::uint8_t { kProducer, kConsumer };

/// Where one side keeps what it writes, and the byte whose lock stands for its life.
struct Side {
    const char* name;
    std::uint64_t lock_offset;
    std::size_t state;
    std::size_t epoch;
    std::size_t pid;
    std::size_t heartbeat;
    std::size_t missed_wakeups;
    std::size_t control;
    std::size_t sequence;
};

inline constexpr Side kProducerSide = {
    "producer",
    kProducerLock,
    ring_header::kProducerStateOffset,
    ring_header::kProducerEpochOffset,
    ring_header::kProducerPidOffset,
    ring_header::kProducerHeartbeatNsOffset,
    ring_header::kProducerMissedWakeupsOffset,
    ring_header::kProducerControlOffset,
    ring_header::kDataSequenceOffset,
};

inline constexpr Side kConsumerSide = {
    "consumer",
    kConsumerLock,
    ring_header::kConsumerStateOffset,
    ring_header::kConsumerEpochOffset,
    ring_header::kConsumerPidOffset,
    ring_header::kConsumerHeartbeatNsOffset,
    ring_header::kConsumerMissedWakeupsOffset,
    ring_header::kConsumerControlOffset,
    ring_header::kSpaceSequenceOffset,
};

[[nodiscard]] constexpr const Side& side_of(Role role) noexcept {
    return role == Role::kProducer ? kProducerSide : kConsumerSide;
}

[[nodiscard]] constexpr const Side& peer_of(Role role) noexcept {
    return role == Role::kProducer ? kConsumerSide : kProducerSide;
}

/// Largest payload of a ring: it fits at any position once the ring is empty.
[[nodiscard]] constexpr std::uint64_t largest_payload(std::uint64_t capacity) noexcept {
    const std::uint64_t frame = capacity / 2 < kMaxFrame ? capacity / 2 : kMaxFrame;
    return frame - message_header::kSize;
}

/// Bytes from one record to the next.
[[nodiscard]] constexpr std::uint64_t stride_of(std::uint64_t frame_length) noexcept {
    return (frame_length + (kWord - 1)) & ~(std::uint64_t{kWord} - 1);
}

/// The first word of a record: storing it publishes the record.
[[nodiscard]] constexpr std::uint64_t publication_word(std::uint32_t frame_length,
                                                       std::uint32_t type) noexcept {
    return static_cast<std::uint64_t>(frame_length) << (8 * message_header::kFrameLengthOffset) |
           static_cast<std::uint64_t>(type) << (8 * message_header::kMessageTypeOffset);
}

[[nodiscard]] constexpr std::uint32_t frame_length_of(std::uint64_t word) noexcept {
    return static_cast<std::uint32_t>(word >> (8 * message_header::kFrameLengthOffset));
}

[[nodiscard]] constexpr std::uint32_t message_type_of(std::uint64_t word) noexcept {
    return static_cast<std::uint32_t>(word >> (8 * message_header::kMessageTypeOffset));
}

static_assert(kWord == sizeof(std::uint64_t));
static_assert(message_header::kSize % kWord == 0, "payloads start on a word");
static_assert(ring_header::kSize % kWord == 0, "records start on a word");
static_assert(message_header::kFrameLengthOffset + message_header::kMessageTypeOffset == 4,
              "length and type are the two halves of the publication word");

}  // namespace detail

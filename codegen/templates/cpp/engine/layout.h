// ---------------------------------------------------------------------------------------------
// The engine's view of the layout
// ---------------------------------------------------------------------------------------------

namespace detail {

/// Words, strides and positions are multiples of this.
inline constexpr std::size_t kWord = sizeof(std::uint64_t);

inline constexpr std::uint64_t kMinCapacity = 1ULL << 10;
inline constexpr std::uint64_t kMaxCapacity = 1ULL << 40;
/// No record is longer, so that its length fits the header's 32 bits with room to spare.
inline constexpr std::uint64_t kMaxFrame = 1ULL << 31;
inline constexpr std::size_t kMaxNameLength = 200;

/// Which end of the ring.
enum class Role : std::uint8_t { kProducer, kConsumer };

inline constexpr std::uint32_t kStateNever = 0;
inline constexpr std::uint32_t kStateAttached = 1;
inline constexpr std::uint32_t kStateClosed = 2;

/// Control word of a sleeper: bit 0 sleeping, bit 1 fences its waker's processor by membarrier,
/// the rest are the low 30 bits of the sequence that it sleeps on.
inline constexpr std::uint32_t kWaiting = 1;
inline constexpr std::uint32_t kCanMembarrier = 2;
inline constexpr std::uint32_t kSequenceShift = 2;

/// Where one side keeps what it writes, and the byte whose lock stands for its life: far beyond
/// the data, so that mandatory locks block nothing.
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
    1ULL << 62,
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
    (1ULL << 62) + 1,
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

static_assert(message_header::kSize % kWord == 0, "payloads start on a word");
static_assert(ring_header::kSize % kWord == 0, "records start on a word");
static_assert(message_header::kFrameLengthOffset + message_header::kMessageTypeOffset == 4,
              "length and type are the two halves of the publication word");

}  // namespace detail

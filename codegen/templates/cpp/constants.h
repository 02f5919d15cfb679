// ---------------------------------------------------------------------------------------------
// Constants of the protocol
// ---------------------------------------------------------------------------------------------

/// Name of the protocol.
inline constexpr std::string_view kProtocolName = "bitrpc";

/// Version of the protocol as the spec writes it.
inline constexpr std::string_view kProtocolVersion = "1.1";

/// Major version in the ring header: another one is refused.
inline constexpr std::uint16_t kVersionMajor = 1;

/// Minor version in the ring header: newer and older ones are accepted.
inline constexpr std::uint16_t kVersionMinor = 1;

/// First bytes of every ring.
inline constexpr std::uint32_t kMagic = 0x42525446U;

/// Hash of the resolved layout of both headers, framing and flags: another one is refused.
inline constexpr std::uint64_t kLayoutHash = 0x0123456789ABCDEFULL;

/// Hash of message types and payload structs: another one is reported, refused in strict mode.
inline constexpr std::uint64_t kSchemaHash = 0xFEDCBA9876543210ULL;

/// A ring called `name` is the file with this prefix before its name.
inline constexpr std::string_view kFilePrefix = "BitRPC_";

/// Capacity of a new ring when none is asked for, in bytes.
inline constexpr std::uint64_t kDefaultCapacity = 1048576ULL;

/// Interval between two heartbeats of a manager, in milliseconds.
inline constexpr std::uint32_t kDefaultHeartbeatMs = 1000U;

/// The header at the start of every ring, as it lies in memory. The engine never forms a
/// reference to one: every field is read and written through an atomic at its offset.
struct RingHeader {
    /// Marks the file as a ring of this protocol.
    std::uint32_t magic;
    /// Major version of the protocol.
    std::uint16_t version_major;
    /// Minor version of the protocol.
    std::uint16_t version_minor;
    /// Hash of the layout.
    std::uint64_t layout_hash;
    /// Hash of the message types and payload structs.
    std::uint64_t schema_hash;
    /// Size of the data area in bytes, a power of two.
    std::uint64_t capacity;
    /// Where the data area starts, in bytes.
    std::uint32_t header_size;
    /// Explicit padding: zero.
    std::uint8_t padding_0[4];
    /// When the ring was made, nanoseconds since 1970.
    std::uint64_t created_unix_ns;
    /// Explicit padding: zero.
    std::uint8_t padding_1[80];
    /// Bytes written since the ring was made, padding included.
    std::uint64_t write_position;
    /// Messages sent since the ring was made.
    std::uint64_t messages_sent;
    /// Payload bytes sent since the ring was made.
    std::uint64_t bytes_sent;
    /// Sends that found the ring full.
    std::uint64_t send_failures;
    /// Monotonic clock of the producer's last heartbeat, in nanoseconds.
    std::uint64_t producer_heartbeat_ns;
    /// Sleeps of the producer that no wake-up ended although there was room.
    std::uint64_t producer_missed_wakeups;
    /// Process id of the producer.
    std::uint32_t producer_pid;
    /// State of the producer: 0 never attached, 1 attached, 2 closed.
    std::uint32_t producer_state;
    /// Counts the producers that have attached.
    std::uint32_t producer_epoch;
    /// Explicit padding: zero.
    std::uint8_t padding_2[68];
    /// Bytes released since the ring was made, padding included.
    std::uint64_t read_position;
    /// Messages received since the ring was made.
    std::uint64_t messages_received;
    /// Payload bytes received since the ring was made.
    std::uint64_t bytes_received;
    /// Messages found missing, incomplete or corrupt.
    std::uint64_t receive_errors;
    /// Monotonic clock of the consumer's last heartbeat, in nanoseconds.
    std::uint64_t consumer_heartbeat_ns;
    /// Sleeps of the consumer that no wake-up ended although there was a message.
    std::uint64_t consumer_missed_wakeups;
    /// Process id of the consumer.
    std::uint32_t consumer_pid;
    /// State of the consumer: 0 never attached, 1 attached, 2 closed.
    std::uint32_t consumer_state;
    /// Counts the consumers that have attached.
    std::uint32_t consumer_epoch;
    /// Explicit padding: zero.
    std::uint8_t padding_3[68];
    /// Written by the consumer: how it sleeps.
    std::uint32_t consumer_control;
    /// Written by the producer: moves when the consumer is to look again.
    std::uint32_t data_sequence;
    /// Explicit padding: zero.
    std::uint8_t padding_4[120];
    /// Written by the producer: how it sleeps.
    std::uint32_t producer_control;
    /// Written by the consumer: moves when the producer is to look again.
    std::uint32_t space_sequence;
    /// Explicit padding: zero.
    std::uint8_t padding_5[3576];
};

static_assert(sizeof(RingHeader) == 4096, "RingHeader: size differs from the spec");
static_assert(offsetof(RingHeader, magic) == 0, "RingHeader::magic");
static_assert(offsetof(RingHeader, version_major) == 4, "RingHeader::version_major");
static_assert(offsetof(RingHeader, version_minor) == 6, "RingHeader::version_minor");
static_assert(offsetof(RingHeader, layout_hash) == 8, "RingHeader::layout_hash");
static_assert(offsetof(RingHeader, schema_hash) == 16, "RingHeader::schema_hash");
static_assert(offsetof(RingHeader, capacity) == 24, "RingHeader::capacity");
static_assert(offsetof(RingHeader, header_size) == 32, "RingHeader::header_size");
static_assert(offsetof(RingHeader, created_unix_ns) == 40, "RingHeader::created_unix_ns");
static_assert(offsetof(RingHeader, write_position) == 128, "RingHeader::write_position");
static_assert(offsetof(RingHeader, messages_sent) == 136, "RingHeader::messages_sent");
static_assert(offsetof(RingHeader, bytes_sent) == 144, "RingHeader::bytes_sent");
static_assert(offsetof(RingHeader, send_failures) == 152, "RingHeader::send_failures");
static_assert(offsetof(RingHeader, producer_heartbeat_ns) == 160, "producer_heartbeat_ns");
static_assert(offsetof(RingHeader, producer_missed_wakeups) == 168, "producer_missed_wakeups");
static_assert(offsetof(RingHeader, producer_pid) == 176, "RingHeader::producer_pid");
static_assert(offsetof(RingHeader, producer_state) == 180, "RingHeader::producer_state");
static_assert(offsetof(RingHeader, producer_epoch) == 184, "RingHeader::producer_epoch");
static_assert(offsetof(RingHeader, read_position) == 256, "RingHeader::read_position");
static_assert(offsetof(RingHeader, messages_received) == 264, "RingHeader::messages_received");
static_assert(offsetof(RingHeader, bytes_received) == 272, "RingHeader::bytes_received");
static_assert(offsetof(RingHeader, receive_errors) == 280, "RingHeader::receive_errors");
static_assert(offsetof(RingHeader, consumer_heartbeat_ns) == 288, "consumer_heartbeat_ns");
static_assert(offsetof(RingHeader, consumer_missed_wakeups) == 296, "consumer_missed_wakeups");
static_assert(offsetof(RingHeader, consumer_pid) == 304, "RingHeader::consumer_pid");
static_assert(offsetof(RingHeader, consumer_state) == 308, "RingHeader::consumer_state");
static_assert(offsetof(RingHeader, consumer_epoch) == 312, "RingHeader::consumer_epoch");
static_assert(offsetof(RingHeader, consumer_control) == 384, "RingHeader::consumer_control");
static_assert(offsetof(RingHeader, data_sequence) == 388, "RingHeader::data_sequence");
static_assert(offsetof(RingHeader, producer_control) == 512, "RingHeader::producer_control");
static_assert(offsetof(RingHeader, space_sequence) == 516, "RingHeader::space_sequence");

/// Where the engine finds each role of the ring header, in bytes from its start.
namespace ring_header {

/// Size of the header: where the data area starts.
inline constexpr std::size_t kSize = 4096;
inline constexpr std::size_t kMagicOffset = offsetof(RingHeader, magic);
inline constexpr std::size_t kVersionMajorOffset = offsetof(RingHeader, version_major);
inline constexpr std::size_t kVersionMinorOffset = offsetof(RingHeader, version_minor);
inline constexpr std::size_t kLayoutHashOffset = offsetof(RingHeader, layout_hash);
inline constexpr std::size_t kSchemaHashOffset = offsetof(RingHeader, schema_hash);
inline constexpr std::size_t kCapacityOffset = offsetof(RingHeader, capacity);
inline constexpr std::size_t kHeaderSizeOffset = offsetof(RingHeader, header_size);
inline constexpr std::size_t kCreatedUnixNsOffset = offsetof(RingHeader, created_unix_ns);
inline constexpr std::size_t kWritePositionOffset = offsetof(RingHeader, write_position);
inline constexpr std::size_t kMessagesSentOffset = offsetof(RingHeader, messages_sent);
inline constexpr std::size_t kBytesSentOffset = offsetof(RingHeader, bytes_sent);
inline constexpr std::size_t kSendFailuresOffset = offsetof(RingHeader, send_failures);
inline constexpr std::size_t kProducerHeartbeatNsOffset =
    offsetof(RingHeader, producer_heartbeat_ns);
inline constexpr std::size_t kProducerMissedWakeupsOffset =
    offsetof(RingHeader, producer_missed_wakeups);
inline constexpr std::size_t kProducerPidOffset = offsetof(RingHeader, producer_pid);
inline constexpr std::size_t kProducerStateOffset = offsetof(RingHeader, producer_state);
inline constexpr std::size_t kProducerEpochOffset = offsetof(RingHeader, producer_epoch);
inline constexpr std::size_t kReadPositionOffset = offsetof(RingHeader, read_position);
inline constexpr std::size_t kMessagesReceivedOffset = offsetof(RingHeader, messages_received);
inline constexpr std::size_t kBytesReceivedOffset = offsetof(RingHeader, bytes_received);
inline constexpr std::size_t kReceiveErrorsOffset = offsetof(RingHeader, receive_errors);
inline constexpr std::size_t kConsumerHeartbeatNsOffset =
    offsetof(RingHeader, consumer_heartbeat_ns);
inline constexpr std::size_t kConsumerMissedWakeupsOffset =
    offsetof(RingHeader, consumer_missed_wakeups);
inline constexpr std::size_t kConsumerPidOffset = offsetof(RingHeader, consumer_pid);
inline constexpr std::size_t kConsumerStateOffset = offsetof(RingHeader, consumer_state);
inline constexpr std::size_t kConsumerEpochOffset = offsetof(RingHeader, consumer_epoch);
inline constexpr std::size_t kConsumerControlOffset = offsetof(RingHeader, consumer_control);
inline constexpr std::size_t kDataSequenceOffset = offsetof(RingHeader, data_sequence);
inline constexpr std::size_t kProducerControlOffset = offsetof(RingHeader, producer_control);
inline constexpr std::size_t kSpaceSequenceOffset = offsetof(RingHeader, space_sequence);

}  // namespace ring_header

/// What each message is about. Open: a value that is not listed is carried, not refused.
enum class MessageType : std::uint32_t {
    /// Bytes, text or a user's own struct.
    DATA = 1,
    /// Control messages of the application.
    CONTROL = 2,
    /// Sent by managers when there was nothing else to send.
    HEARTBEAT = 3,
    /// Errors of the application.
    ERROR = 4,
    /// The same as ERROR, for code in which ERROR is a macro.
    ERROR_ = 4,
    /// First value free for users.
    CUSTOM_MIN = 1000,
};

/// Flags of a message. Open: a bit that is not listed is carried, not refused.
enum class MessageFlags : std::uint8_t {
    /// No flag.
    NONE = 0,
    /// Publishes a pending batch and wakes the consumer at once.
    URGENT = 0x01,
    /// The payload is compressed.
    COMPRESSED = 0x02,
    /// The payload is encrypted.
    ENCRYPTED = 0x04,
    /// The last piece of a message sent in pieces.
    LAST_FRAGMENT = 0x08,
    /// A piece of a message sent in pieces.
    FRAGMENT = 0x10,
};

/// Every flag of `a` and `b`.
[[nodiscard]] constexpr MessageFlags operator|(MessageFlags a, MessageFlags b) noexcept {
    using Bits = std::uint8_t;
    return static_cast<MessageFlags>(static_cast<Bits>(static_cast<Bits>(a) | static_cast<Bits>(b)));
}

/// The flags that `a` and `b` have in common.
[[nodiscard]] constexpr MessageFlags operator&(MessageFlags a, MessageFlags b) noexcept {
    using Bits = std::uint8_t;
    return static_cast<MessageFlags>(static_cast<Bits>(static_cast<Bits>(a) & static_cast<Bits>(b)));
}

/// Every bit but those of `a`.
[[nodiscard]] constexpr MessageFlags operator~(MessageFlags a) noexcept {
    using Bits = std::uint8_t;
    return static_cast<MessageFlags>(static_cast<Bits>(~static_cast<Bits>(a)));
}

/// True when `set` has every bit of `bits`.
[[nodiscard]] constexpr bool has(MessageFlags set, MessageFlags bits) noexcept {
    return (set & bits) == bits;
}

/// The header before every payload, as it lies in memory.
struct MessageHeader {
    /// Header and payload without the padding after them, in bytes; 0 is not published.
    std::uint32_t frame_length;
    /// A MessageType; 0 is a padding record.
    std::uint32_t message_type;
    /// Counts up by one for each message, and wraps.
    std::uint32_t message_id;
    /// A set of MessageFlags.
    std::uint8_t flags;
    /// Always zero.
    std::uint8_t reserved[3];
};

static_assert(sizeof(MessageHeader) == 16, "MessageHeader: size differs from the spec");
static_assert(offsetof(MessageHeader, frame_length) == 0, "MessageHeader::frame_length");
static_assert(offsetof(MessageHeader, message_type) == 4, "MessageHeader::message_type");
static_assert(offsetof(MessageHeader, message_id) == 8, "MessageHeader::message_id");
static_assert(offsetof(MessageHeader, flags) == 12, "MessageHeader::flags");
static_assert(offsetof(MessageHeader, reserved) == 13, "MessageHeader::reserved");

/// Where the engine finds each role of the message header, in bytes from its start.
namespace message_header {

/// Size of the header: where the payload starts.
inline constexpr std::size_t kSize = 16;
inline constexpr std::size_t kFrameLengthOffset = offsetof(MessageHeader, frame_length);
inline constexpr std::size_t kMessageTypeOffset = offsetof(MessageHeader, message_type);
inline constexpr std::size_t kMessageIdOffset = offsetof(MessageHeader, message_id);
inline constexpr std::size_t kFlagsOffset = offsetof(MessageHeader, flags);
/// This protocol stamps no time on its messages.
inline constexpr bool kHasTimestamp = false;
inline constexpr std::size_t kTimestampOffset = 0;

}  // namespace message_header

/// The message types and flags that the engine itself uses.
inline constexpr MessageType kTypeData = MessageType::DATA;
inline constexpr MessageType kTypeHeartbeat = MessageType::HEARTBEAT;
inline constexpr MessageFlags kFlagUrgent = MessageFlags::URGENT;
inline constexpr MessageFlags kFlagFragment = MessageFlags::FRAGMENT;
inline constexpr MessageFlags kFlagLastFragment = MessageFlags::LAST_FRAGMENT;

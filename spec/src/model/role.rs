//! Roles: what the engine uses a header field for.
//!
//! A spec may move, rename and add header fields as it likes; the role says which field is which.
//! The type of each role is fixed, because the engine of every language is written against it.

use super::types::Scalar;

/// The side that stores into a field while the ring is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Writer {
    /// Whoever creates the ring, once, before anybody else sees it.
    Creator,
    /// The sending side.
    Producer,
    /// The receiving side.
    Consumer,
}

macro_rules! ring_roles {
    ($($variant:ident $name:literal $scalar:ident $writer:ident $doc:literal,)*) => {
        /// What the engine uses a field of the ring header for. Every role occurs exactly once.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum RingRole {
            $(#[doc = $doc] $variant,)*
        }

        impl RingRole {
            /// All roles, in the order of the default header.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The role's name in a spec, e.g. `write_position`.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The one type that a field of this role has.
            pub const fn scalar(self) -> Scalar {
                match self { $(Self::$variant => Scalar::$scalar,)* }
            }

            /// The side that writes the field.
            pub const fn writer(self) -> Writer {
                match self { $(Self::$variant => Writer::$writer,)* }
            }

            /// What the field holds, in one sentence.
            pub const fn doc(self) -> &'static str {
                match self { $(Self::$variant => $doc,)* }
            }
        }
    };
}

ring_roles! {
    Magic "magic" U32 Creator "First four bytes of every ring of the protocol.",
    VersionMajor "version_major" U16 Creator "Major wire version; another one refuses the attach.",
    VersionMinor "version_minor" U16 Creator "Minor wire version.",
    LayoutHash "layout_hash" U64 Creator "Identity of headers, framing and flags.",
    SchemaHash "schema_hash" U64 Creator "Identity of message types and payload structs.",
    Capacity "capacity" U64 Creator "Bytes in the data area; a power of two.",
    HeaderSize "header_size" U32 Creator "Bytes before the data area.",
    CreatedUnixNs "created_unix_ns" U64 Creator
        "Creation time in nanoseconds since 1970-01-01 UTC.",
    WritePosition "write_position" U64 Producer
        "Bytes ever published; for recovery and monitors.",
    MessagesSent "messages_sent" U64 Producer "Messages ever sent.",
    BytesSent "bytes_sent" U64 Producer "Payload bytes ever sent.",
    SendFailures "send_failures" U64 Producer "Sends that found the ring full.",
    ProducerHeartbeatNs "producer_heartbeat_ns" U64 Producer
        "Monotonic clock in nanoseconds when the producer last reported.",
    ProducerMissedWakeups "producer_missed_wakeups" U64 Producer
        "Sleeps of the producer that ended by their bound although there was room.",
    ProducerPid "producer_pid" U32 Producer "Process id of the last producer.",
    ProducerState "producer_state" U32 Producer "0 never, 1 attached, 2 closed.",
    ProducerEpoch "producer_epoch" U32 Producer "Counts the producers that ever attached.",
    ReadPosition "read_position" U64 Consumer "Bytes ever released.",
    MessagesReceived "messages_received" U64 Consumer "Messages ever received.",
    BytesReceived "bytes_received" U64 Consumer "Payload bytes ever received.",
    ReceiveErrors "receive_errors" U64 Consumer "Gaps in ids and incomplete messages.",
    ConsumerHeartbeatNs "consumer_heartbeat_ns" U64 Consumer
        "Monotonic clock in nanoseconds when the consumer last reported.",
    ConsumerMissedWakeups "consumer_missed_wakeups" U64 Consumer
        "Sleeps of the consumer that ended by their bound although a message was there.",
    ConsumerPid "consumer_pid" U32 Consumer "Process id of the last consumer.",
    ConsumerState "consumer_state" U32 Consumer "0 never, 1 attached, 2 closed.",
    ConsumerEpoch "consumer_epoch" U32 Consumer "Counts the consumers that ever attached.",
    ConsumerControl "consumer_control" U32 Consumer
        "Whether, and on which sequence, the consumer sleeps.",
    DataSequence "data_sequence" U32 Producer "Counts wake-ups of the consumer; its futex word.",
    ProducerControl "producer_control" U32 Producer
        "Whether, and on which sequence, the producer sleeps.",
    SpaceSequence "space_sequence" U32 Consumer "Counts wake-ups of the producer; its futex word.",
}

impl RingRole {
    /// The other word of the same wake pair: these two may share a cache line although different
    /// sides write them, because both are touched only around a sleep.
    pub const fn wake_partner(self) -> Option<Self> {
        match self {
            Self::ConsumerControl => Some(Self::DataSequence),
            Self::DataSequence => Some(Self::ConsumerControl),
            Self::ProducerControl => Some(Self::SpaceSequence),
            Self::SpaceSequence => Some(Self::ProducerControl),
            _ => None,
        }
    }
}

/// What the engine uses a field of the message header for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MessageRole {
    /// Header and payload in bytes, unpadded; 0 while the record is not published.
    FrameLength,
    /// What the payload is; 0 is a padding record.
    MessageType,
    /// Counts up by one per message and wraps.
    MessageId,
    /// Message flags, of the type that the `flags` section states.
    Flags,
    /// `CLOCK_MONOTONIC` in nanoseconds, stamped by the sender. The one role that may be absent.
    Timestamp,
}

impl MessageRole {
    /// All roles, in the order of the default header.
    pub const ALL: &'static [Self] =
        &[Self::FrameLength, Self::MessageType, Self::MessageId, Self::Flags, Self::Timestamp];

    /// The role's name in a spec, e.g. `frame_length`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::FrameLength => "frame_length",
            Self::MessageType => "message_type",
            Self::MessageId => "message_id",
            Self::Flags => "flags",
            Self::Timestamp => "timestamp",
        }
    }

    /// The one type that a field of this role has; `None` for [`MessageRole::Flags`], whose type
    /// is [`Flags::scalar`](super::Flags::scalar).
    pub const fn scalar(self) -> Option<Scalar> {
        match self {
            Self::FrameLength | Self::MessageType | Self::MessageId => Some(Scalar::U32),
            Self::Flags => None,
            Self::Timestamp => Some(Scalar::U64),
        }
    }

    /// The side that writes the field: always the sender.
    pub const fn writer(self) -> Writer {
        Writer::Producer
    }

    /// Whether a header may do without the role.
    pub const fn is_optional(self) -> bool {
        matches!(self, Self::Timestamp)
    }
}

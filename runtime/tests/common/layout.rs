//! The default protocol's layout, written by hand: what generated code provides in real programs.
//!
//! A test of the whole repository compares it with the specification.

use bitrpc_shm::{FlagMasks, Layout, MessageHeaderLayout, RingHeaderLayout, TypeIds};

/// The default protocol.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Default;

/// Offsets of the default ring header.
pub(crate) const RING_HEADER: RingHeaderLayout = RingHeaderLayout {
    magic: 0,
    version_major: 4,
    version_minor: 6,
    layout_hash: 8,
    schema_hash: 16,
    capacity: 24,
    header_size: 32,
    created_unix_ns: 40,
    write_position: 128,
    messages_sent: 136,
    bytes_sent: 144,
    send_failures: 152,
    producer_heartbeat_ns: 160,
    producer_missed_wakeups: 168,
    producer_pid: 176,
    producer_state: 180,
    producer_epoch: 184,
    read_position: 256,
    messages_received: 264,
    bytes_received: 272,
    receive_errors: 280,
    consumer_heartbeat_ns: 288,
    consumer_missed_wakeups: 296,
    consumer_pid: 304,
    consumer_state: 308,
    consumer_epoch: 312,
    consumer_control: 384,
    data_sequence: 388,
    producer_control: 512,
    space_sequence: 516,
    size: 4096,
};

impl Layout for Default {
    const NAME: &'static str = "bitrpc";
    const FILE_PREFIX: &'static str = "BitRPC_";
    const DEFAULT_CAPACITY: u64 = 1 << 20;
    const MAGIC: u32 = 0x4252_5446;
    const VERSION_MAJOR: u16 = 1;
    const VERSION_MINOR: u16 = 1;
    const LAYOUT_HASH: u64 = 0x1111_2222_3333_4444;
    const SCHEMA_HASH: u64 = 0x5555_6666_7777_8888;
    const RING_HEADER: RingHeaderLayout = RING_HEADER;
    const MESSAGE_HEADER: MessageHeaderLayout = MessageHeaderLayout {
        frame_length: 0,
        message_type: 4,
        message_id: 8,
        flags: 12,
        flags_size: 1,
        timestamp: None,
        size: 16,
    };
    const FLAGS: FlagMasks = FlagMasks { urgent: 0x01, fragment: 0x10, last_fragment: 0x08 };
    const TYPES: TypeIds = TypeIds { data: 1, heartbeat: 3 };
}

//! A layout that has nothing in common with the default one, to find whatever the engine takes for
//! granted.

use bitrpc_shm::{FlagMasks, Layout, MessageHeaderLayout, RingHeaderLayout, TypeIds};

use crate::layout::RING_HEADER;

/// A protocol with everything moved: type before length, a timestamp, a field without a role,
/// wide flags, a longer header.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moved;

impl Layout for Moved {
    const NAME: &'static str = "moved";
    const FILE_PREFIX: &'static str = "Moved_";
    const DEFAULT_CAPACITY: u64 = 1 << 16;
    const MAGIC: u32 = 0x4D4F_5645;
    const VERSION_MAJOR: u16 = 3;
    const VERSION_MINOR: u16 = 0;
    const LAYOUT_HASH: u64 = 77;
    const SCHEMA_HASH: u64 = 78;
    const RING_HEADER: RingHeaderLayout = RingHeaderLayout {
        magic: 64,
        consumer_control: 640,
        data_sequence: 768,
        producer_control: 896,
        space_sequence: 1024,
        size: 8192,
        ..RING_HEADER
    };
    const MESSAGE_HEADER: MessageHeaderLayout = MessageHeaderLayout {
        frame_length: 4,
        message_type: 0,
        message_id: 20,
        flags: 16,
        flags_size: 2,
        timestamp: Some(8),
        size: 32,
    };
    const FLAGS: FlagMasks = FlagMasks { urgent: 0x100, fragment: 0x200, last_fragment: 0x400 };
    const TYPES: TypeIds = TypeIds { data: 10, heartbeat: 11 };
}

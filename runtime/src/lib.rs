//! Single-producer single-consumer rings in shared memory.
#[cfg(all(test, loom))]
extern crate self as bitrpc_shm;

mod batch;
mod claim;
mod consumer;
mod error;
mod fragment;
mod layout;
mod manager;
mod message;
mod monitor;
mod options;
mod payload;
mod peer;
mod platform;
mod producer;
mod ring;
mod ring_buffer;
mod role;
mod segment;
mod stats;
mod wait;

pub use batch::Batch;
pub use claim::Claim;
pub use consumer::Consumer;
pub use error::{Corrupt, DecodeError, Error, RecvError, SendError};
pub use layout::{
    Decode, Encode, FlagMasks, HeaderField, Layout, MessageHeaderLayout, RingHeaderLayout, TypeIds,
};
pub use manager::Manager;
pub use message::{Message, MessageInfo};
pub use monitor::Monitor;
pub use options::{Distance, Mode, Options, WaitStrategy};
pub use payload::{
    Bool, Fixed, Padding, Text, TextTooLong, split_fixed, tail_bytes, tail_elements, tail_text,
};
pub use producer::Producer;
pub use ring_buffer::RingBuffer;
pub use role::Role;
pub use segment::{path, remove};
pub use stats::{PeerState, SideSnapshot, Snapshot, Statistics};

/// The byte conversions that generated structs derive; re-exported so that they need no dependency of
/// their own.
pub use zerocopy;

//! Rings in shared memory: one process sends, another receives, and nothing is copied on the way
//! that does not have to be.
//!
//! A ring is a file that two processes map. It carries messages from one producer to one consumer,
//! in order, whatever their languages: this crate is the reference engine of a protocol whose
//! layout is generated from a YAML specification, and which the generated C++, C# and Python speak
//! as well. The protocol is written down in `spec/PROTOCOL.md` of the repository.
//!
//! Everything is generic over a layout. Generated code implements [`Layout`]: programs use it
//! through the generated crate's `Producer`, `Consumer`, and so on, which are these types with the
//! layout filled in. A tool that learns a layout while it runs makes an [`AnyLayout`] of it.
//!
//! ```no_run
//! # use bitrpc_shm::Layout;
//! # fn f<Protocol: Layout>() -> Result<(), Box<dyn std::error::Error>> {
//! use bitrpc_shm::{Consumer, Options, Producer};
//!
//! // One process:
//! let mut producer = Producer::<Protocol>::create("prices", &Options::new())?;
//! producer.send(1000u32, b"any bytes")?;
//! producer.send_string("text")?;
//!
//! // Another one, started before or after it:
//! let mut consumer = Consumer::<Protocol>::open("prices", &Options::new())?;
//! while let Some(message) = consumer.receive(None)? {
//!     println!("{} {:?}", message.message_type(), message.payload());
//! } // each message is released when it is dropped
//! # Ok(())
//! # }
//! ```
//!
//! # What to use
//!
//! | for | use |
//! | --- | --- |
//! | sending | [`Producer`]: `send`, `send_typed`, `send_batch`, `claim`, `send_fragmented` |
//! | receiving | [`Consumer`]: `receive`, `try_receive`, `drain`, `peek`, `receive_bytes` |
//! | handlers, heartbeats, the peer's state | [`Manager`] |
//! | both sides in one program | [`RingBuffer`] |
//! | looking on from a third process | [`Monitor`] |
//! | any ring, by the numbers of its specification | [`AnyLayout`] |
//!
//! # Promises
//!
//! - **Nothing is lost, repeated or reordered** between two live processes. If the producer dies,
//!   everything that it published is received, and its successor goes on from there. If the
//!   consumer dies, its successor starts with the first message that was not released.
//! - **The peer cannot break this process.** What comes out of shared memory is checked before it
//!   is used; a bad ring is an error ([`Corrupt`]), never a crash or an access outside the mapping.
//!   One thing is trusted: that the bytes of a published message stay until it is released.
//! - **Waiting costs nothing.** A blocked side sleeps in the kernel and is woken; a side that sends
//!   to one that is awake makes no system call.
//! - **Roles are exclusive** and end with their process, however it ends.
//!
//! # Platforms
//!
//! Linux on 64-bit processors is what the tests run on. macOS and Windows are written and not run
//! here. 32-bit and big-endian machines are not supported. What a program that forks has to know is
//! said at [`Producer`](Producer#forking).

#![warn(missing_debug_implementations)]

#[cfg(test)]
extern crate self as bitrpc_shm;

#[macro_use]
mod notice;

mod attachment;
mod batch;
mod claim;
mod constants;
mod consumer;
mod error;
mod fragment;
mod interrupt;
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
mod serialize;
mod side;
mod stats;
#[cfg(test)]
#[path = "../tests/common/layout.rs"]
mod test_layout;
mod wait;

pub use batch::Batch;
pub use claim::Claim;
pub use consumer::{Consumer, DrainFlow};
pub use error::{Corrupt, DecodeError, Error, Lack, ReceiveError, SendError};
pub use interrupt::Interrupter;
pub use layout::{
    AnyLayout, Decode, DecodeOwned, Encode, FlagMasks, HeaderField, Layout, LayoutError,
    LayoutNumbers, LayoutSource, MessageHeaderLayout, RingHeaderLayout, TypeIds,
};
pub use manager::{Manager, ManagerError};
pub use message::{Message, MessageInfo};
pub use monitor::Monitor;
pub use options::{Distance, Mode, Options, Start, WaitStrategy};
pub use payload::{
    Bool, Fixed, FlagNames, Padding, Text, TextTooLong, decode_boxed, split_fixed,
    split_fixed_boxed, tail_bytes, tail_elements, tail_text,
};
pub use producer::Producer;
pub use ring_buffer::RingBuffer;
pub use role::Role;
pub use segment::{remove_ring, ring_path};
pub use stats::{PeerState, SideSnapshot, Snapshot, Statistics};

/// For generated structs; re-exported so that they need no dependency of their own.
#[cfg(feature = "serde")]
pub use serde;
#[cfg(feature = "serde")]
#[doc(hidden)]
pub use serialize::SerdeArray;

/// The byte conversions that generated structs derive; re-exported so that they need no dependency
/// of their own.
pub use zerocopy;

//! A layout that only the running program knows.

use core::fmt;
use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use super::check::LayoutError;
use super::source::{LayoutSource, Numbers, Sealed};
use super::{FlagMasks, Layout, MessageHeaderLayout, RingHeaderLayout, TypeIds};
use crate::consumer::Consumer;
use crate::error::Error;
use crate::manager::Manager;
use crate::monitor::Monitor;
use crate::options::Options;
use crate::producer::Producer;
use crate::ring_buffer::RingBuffer;
use crate::role::Role;
use crate::segment;

/// Every number of a protocol that the engine works with: what a [`Layout`] has as constants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayoutNumbers {
    /// Protocol name, for messages to people.
    pub name: Cow<'static, str>,
    /// What file names of this protocol's rings start with.
    pub file_prefix: Cow<'static, str>,
    /// Bytes in the data area of a ring whose creator asked for no particular capacity.
    pub default_capacity: u64,
    /// Value of the `magic` field.
    pub magic: u32,
    /// Value of the `version_major` field.
    pub version_major: u16,
    /// Value of the `version_minor` field.
    pub version_minor: u16,
    /// Hash over both headers, the framing and the flags.
    pub layout_hash: u64,
    /// Hash over message types and payload structs.
    pub schema_hash: u64,
    /// Where the ring header's fields are.
    pub ring_header: RingHeaderLayout,
    /// Where the message header's fields are.
    pub message_header: MessageHeaderLayout,
    /// Values of the flags that the engine uses.
    pub flags: FlagMasks,
    /// Values of the message types that the engine uses.
    pub types: TypeIds,
}

impl LayoutNumbers {
    /// The numbers of a protocol that was known when the program was compiled.
    #[must_use]
    pub const fn of<L: Layout>() -> Self {
        Self {
            name: Cow::Borrowed(L::NAME),
            file_prefix: Cow::Borrowed(L::FILE_PREFIX),
            default_capacity: L::DEFAULT_CAPACITY,
            magic: L::MAGIC,
            version_major: L::VERSION_MAJOR,
            version_minor: L::VERSION_MINOR,
            layout_hash: L::LAYOUT_HASH,
            schema_hash: L::SCHEMA_HASH,
            ring_header: L::RING_HEADER,
            message_header: L::MESSAGE_HEADER,
            flags: L::FLAGS,
            types: L::TYPES,
        }
    }
}

/// A layout whose numbers the running program found out, from a specification that it read for
/// example; they were checked when it was made. The one door to rings of such a layout.
///
/// What comes through it are the same types that generated code has under short names,
/// `Producer<AnyLayout>` for [`Producer`]; they do the same, and cost a little more for each
/// message. Sides of one ring that know the layout in different ways understand each other.
/// Payloads are bytes with the number of a message type; structs of generated code can be sent and
/// received as well, since they belong to no layout.
///
/// A copy costs nothing, and any thread may use it. The numbers stay in memory until the process
/// ends, equal ones once: a program makes a layout for each protocol, not for each ring.
///
/// ```no_run
/// # use bitrpc_shm::{AnyLayout, LayoutNumbers, Options};
/// # fn f(numbers: LayoutNumbers) -> Result<(), Box<dyn std::error::Error>> {
/// let layout = AnyLayout::new(numbers)?;
/// let mut consumer = layout.consumer("prices", &Options::new())?;
/// while let Some(message) = consumer.receive(None)? {
///     println!("{} {:?}", message.message_type(), message.payload());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy)]
pub struct AnyLayout(&'static LayoutNumbers);

impl AnyLayout {
    /// Checks the numbers as the compiler checks those of generated code.
    ///
    /// # Errors
    ///
    /// [`LayoutError`] names the first number that no ring can have.
    pub fn new(numbers: LayoutNumbers) -> Result<Self, LayoutError> {
        static KNOWN: Mutex<Vec<&LayoutNumbers>> = Mutex::new(Vec::new());
        numbers.check()?;
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(same) = known.iter().find(|same| ***same == numbers) {
            return Ok(Self(same));
        }
        let numbers: &'static LayoutNumbers = Box::leak(Box::new(numbers));
        known.push(numbers);
        Ok(Self(numbers))
    }

    /// The numbers that it was made of.
    #[must_use]
    pub const fn numbers(self) -> &'static LayoutNumbers {
        self.0
    }

    /// Attaches as the producer of the ring `name`; see [`Producer::create`].
    ///
    /// # Errors
    ///
    /// As for [`Producer::create`].
    pub fn producer(self, name: &str, options: &Options) -> Result<Producer<Self>, Error> {
        Producer::create_in(self, name, options)
    }

    /// Attaches as the consumer of the ring `name`; see [`Consumer::open`].
    ///
    /// # Errors
    ///
    /// As for [`Consumer::open`].
    pub fn consumer(self, name: &str, options: &Options) -> Result<Consumer<Self>, Error> {
        Consumer::open_in(self, name, options)
    }

    /// A manager for either side of the ring `name`; see [`Manager::create`].
    ///
    /// # Errors
    ///
    /// As for [`Manager::create`].
    pub fn manager(
        self,
        name: &str,
        role: Role,
        options: &Options,
    ) -> Result<Manager<Self>, Error> {
        Manager::create_in(self, name, role, options)
    }

    /// Creates or opens the ring `name`, as [`Options::mode`] says, without a role; see
    /// [`RingBuffer::create`].
    ///
    /// # Errors
    ///
    /// As for [`RingBuffer::create`].
    pub fn ring_buffer(self, name: &str, options: &Options) -> Result<RingBuffer<Self>, Error> {
        RingBuffer::create_in(self, name, options)
    }

    /// Opens the ring `name` for looking on; see [`Monitor::open`].
    ///
    /// # Errors
    ///
    /// As for [`Monitor::open`].
    pub fn monitor(self, name: &str, options: &Options) -> Result<Monitor<Self>, Error> {
        Monitor::open_in(self, name, options)
    }

    /// Removes the file of the ring `name`; see [`remove_ring`](crate::remove_ring).
    ///
    /// # Errors
    ///
    /// As for [`remove_ring`](crate::remove_ring).
    pub fn remove_ring(self, name: &str, options: &Options) -> Result<bool, Error> {
        segment::remove_in(self.0, name, options)
    }

    /// The file that a ring of this name has, or would have; see [`ring_path`](crate::ring_path).
    ///
    /// # Errors
    ///
    /// As for [`ring_path`](crate::ring_path).
    pub fn ring_path(self, name: &str, options: &Options) -> Result<PathBuf, Error> {
        segment::path_in(self.0, name, options)
    }
}

impl fmt::Debug for AnyLayout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnyLayout")
            .field("name", &self.0.name)
            .field("layout_hash", &format_args!("{:#018x}", self.0.layout_hash))
            .finish_non_exhaustive()
    }
}

impl Sealed for AnyLayout {}

impl LayoutSource for AnyLayout {
    type Numbers = Self;
}

impl Numbers for AnyLayout {
    #[inline(always)]
    fn get(self) -> &'static LayoutNumbers {
        self.0
    }
}

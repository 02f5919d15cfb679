//! A ring without a role: the place where both sides of one program come from.

use core::fmt;
use std::path::Path;

use crate::consumer::Consumer;
use crate::error::Error;
use crate::layout::{Constants, Layout, LayoutSource};
use crate::options::{Mode, Options};
use crate::producer::Producer;
use crate::ring::largest_payload;
use crate::role::Role;
use crate::segment::Segment;
use crate::stats::{self, Snapshot, Statistics};

/// A ring that is mapped and checked, but has no role: creates it ahead of time, makes both sides
/// in one program, or shows its statistics.
///
/// One producer and one consumer may live in the same process, in different threads or in the
/// same one.
///
/// ```no_run
/// # use bitrpc_shm::{Layout, Options, RingBuffer};
/// # fn f<L: Layout>() -> Result<(), Box<dyn std::error::Error>> {
/// let ring = RingBuffer::<L>::create("prices", &Options::new())?;
/// let (mut producer, mut consumer) = (ring.producer()?, ring.consumer()?);
/// producer.send(1u32, b"hello")?;
/// assert_eq!(consumer.try_receive()?.unwrap().payload(), b"hello");
/// # Ok(())
/// # }
/// ```
pub struct RingBuffer<L: LayoutSource> {
    segment: Segment<L>,
    options: Options,
}

impl<L: Layout> RingBuffer<L> {
    /// Creates or opens the ring as [`Options::mode`] says.
    ///
    /// # Errors
    ///
    /// As for [`Producer::create`], without those about roles.
    pub fn create(name: &str, options: &Options) -> Result<Self, Error> {
        Self::create_in(Constants::HERE, name, options)
    }

    /// Opens the ring, which has to exist.
    ///
    /// # Errors
    ///
    /// As for [`RingBuffer::create`]; [`Error::NotFound`].
    pub fn open(name: &str, options: &Options) -> Result<Self, Error> {
        Self::create(name, &options.clone().mode(Mode::OpenOnly))
    }
}

impl<L: LayoutSource> RingBuffer<L> {
    /// [`RingBuffer::create`] for a ring whose numbers these are.
    pub(crate) fn create_in(
        numbers: L::Numbers,
        name: &str,
        options: &Options,
    ) -> Result<Self, Error> {
        let segment = Segment::attach(numbers, name, options, None)?;
        Ok(Self { segment, options: options.clone() })
    }

    /// Takes the producer's role of this very ring.
    ///
    /// # Errors
    ///
    /// As for [`Producer::create`]; [`Error::Removed`] if the name leads elsewhere by now.
    pub fn producer(&self) -> Result<Producer<L>, Error> {
        let segment = self.segment.reattach(&self.options, Role::Producer)?;
        Producer::attach(segment, &self.options)
    }

    /// Takes the consumer's role of this very ring.
    ///
    /// # Errors
    ///
    /// As for [`Consumer::open`]; [`Error::Removed`] if the name leads elsewhere by now.
    pub fn consumer(&self) -> Result<Consumer<L>, Error> {
        let segment = self.segment.reattach(&self.options, Role::Consumer)?;
        Consumer::attach(segment, &self.options)
    }

    /// Counters of both sides.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        stats::statistics(&self.segment.mapped())
    }

    /// Counters, positions and states of both sides.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        stats::snapshot(&self.segment, None, stats::DEFAULT_STALL)
    }

    /// Bytes in the ring's data area.
    #[must_use]
    pub fn capacity(&self) -> u64 {
        self.segment.capacity()
    }

    /// Whether the ring's file was removed: nobody can join this ring any more.
    #[must_use]
    pub fn is_removed(&self) -> bool {
        !self.segment.file().is_current()
    }

    /// Most payload bytes of one message that is not fragmented.
    #[must_use]
    pub fn largest_payload(&self) -> usize {
        largest_payload(&self.segment.layout().message_header, self.capacity()) as usize
    }

    /// Whether the ring's creator had the same message types and structs as this program.
    #[must_use]
    pub fn schema_matches(&self) -> bool {
        self.segment.schema_matches()
    }

    /// The ring's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.segment.file().name()
    }

    /// The ring's file.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.segment.file().path()
    }
}

impl<L: LayoutSource> fmt::Debug for RingBuffer<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RingBuffer").field("path", &self.path()).finish_non_exhaustive()
    }
}

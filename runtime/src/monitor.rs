//! A third process that only looks.

use core::fmt;
use std::path::Path;

use crate::error::Error;
use crate::layout::{Constants, Layout, LayoutSource};
use crate::options::Options;
use crate::segment::Segment;
use crate::stats::{self, Snapshot, Statistics};

/// A read-only view of a ring's counters and states, from any process that may read the file.
///
/// It takes no role, writes nothing, and disturbs nobody; any number may exist.
///
/// ```no_run
/// # use bitrpc_shm::{Layout, Monitor, Options};
/// # fn f<L: Layout>() -> Result<(), bitrpc_shm::Error> {
/// let monitor = Monitor::<L>::open("prices", &Options::new())?;
/// println!("{:?}", monitor.snapshot());
/// # Ok(())
/// # }
/// ```
pub struct Monitor<L: LayoutSource> {
    segment: Segment<L>,
}

impl<L: Layout> Monitor<L> {
    /// Opens an existing ring for reading; [`Options::mode`](Options::mode) does not matter.
    ///
    /// # Errors
    ///
    /// As for [`Consumer::open`](crate::Consumer::open), without those about roles.
    pub fn open(name: &str, options: &Options) -> Result<Self, Error> {
        Self::open_in(Constants::HERE, name, options)
    }
}

impl<L: LayoutSource> Monitor<L> {
    /// [`Monitor::open`] for a ring whose numbers these are.
    pub(crate) fn open_in(
        numbers: L::Numbers,
        name: &str,
        options: &Options,
    ) -> Result<Self, Error> {
        Ok(Self { segment: Segment::observe(numbers, name, options)? })
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

    /// Whether the ring's file was removed: nobody can join this ring any more.
    #[must_use]
    pub fn is_removed(&self) -> bool {
        !self.segment.file().is_current()
    }

    /// Bytes in the ring's data area.
    #[must_use]
    pub fn capacity(&self) -> u64 {
        self.segment.capacity()
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

impl<L: LayoutSource> fmt::Debug for Monitor<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Monitor").field("path", &self.path()).finish()
    }
}

//! One side of a ring: what a producer and a consumer have in common.

use std::sync::Arc;

use crate::attachment::Attachment;
use crate::error::Error;
use crate::interrupt::Interrupter;
use crate::layout::LayoutSource;
use crate::options::Options;
use crate::peer::Peer;
use crate::segment::Segment;
use crate::stats::{self, PeerState, Snapshot, Statistics};
use crate::wait::Patience;

/// The role that this process holds, what it knows of its peer, and how it waits for it.
#[derive(Debug)]
pub(crate) struct Side<L: LayoutSource> {
    pub(crate) peer: Peer<L>,
    pub(crate) attachment: Attachment<L>,
    pub(crate) patience: Patience,
}

impl<L: LayoutSource> Side<L> {
    /// Announces the role that `attachment` prepared, and takes a first look at the peer: at an
    /// end that lies before, if it has [`left`](Peer::new) something.
    pub(crate) fn announce(
        attachment: Attachment<L>,
        options: &Options,
        left: impl FnOnce() -> bool,
    ) -> Self {
        attachment.announce();
        let peer = Peer::new(attachment.segment(), attachment.role().peer(), left);
        Self { peer, attachment, patience: Patience::new(options) }
    }

    /// The ring.
    pub(crate) fn segment(&self) -> &Arc<Segment<L>> {
        self.attachment.segment()
    }

    /// Whether this is a child of the process that attached. Costs a load.
    #[inline(always)]
    pub(crate) fn is_forked(&self) -> bool {
        self.attachment.is_forked()
    }

    /// Counters of both sides.
    pub(crate) fn statistics(&self) -> Statistics {
        stats::statistics(&self.segment().mapped())
    }

    /// Counters, positions and states of both sides.
    pub(crate) fn snapshot(&self) -> Snapshot {
        stats::snapshot(self.segment(), Some(self.attachment.role()), stats::DEFAULT_STALL)
    }

    /// What the peer is doing.
    pub(crate) fn peer_state(&self) -> PeerState {
        stats::state(self.segment(), self.attachment.role().peer(), stats::DEFAULT_STALL)
    }

    /// Stores the time as a sign of life. A forked child has none to give.
    pub(crate) fn heartbeat(&mut self) {
        if !self.is_forked() {
            self.attachment.heartbeat();
        }
    }

    /// A handle with which other threads end this side's waits.
    pub(crate) fn interrupter(&self) -> Interrupter<L> {
        self.attachment.interrupter()
    }

    /// Ends the role; `is_drained` says whether nothing is left in the ring.
    ///
    /// # Errors
    ///
    /// The ring was to be removed and could not be.
    pub(crate) fn end(&mut self, mut is_drained: impl FnMut() -> bool) -> Result<(), Error> {
        self.attachment.end(&mut is_drained)
    }
}

/// Tells somebody of an end that no caller asked for.
pub(crate) fn tell_dropped(end: Result<(), Error>) {
    if let Err(error) = end {
        notice!("closing: {error}");
    }
}

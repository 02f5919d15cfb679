//! The sending side.

mod place;

use core::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use zerocopy::{Immutable, IntoBytes};

use crate::attachment::Attachment;
use crate::batch::Batch;
use crate::claim::Claim;
use crate::constants::{MIN_PIECE, PREFIX_SIZE};
use crate::error::{Error, SendError};
use crate::interrupt::Interrupter;
use crate::layout::{Constants, Encode, Layout, LayoutNumbers, LayoutSource};
use crate::options::Options;
use crate::ring::{Mapped, Memory, Writer, producer_position};
use crate::role::Role;
use crate::segment::Segment;
use crate::side::{Side, tell_dropped};
use crate::stats::{PeerState, Snapshot, Statistics};
use crate::wait::Deadline;

/// The sending side of a ring.
///
/// At most one exists for each ring, in whatever process. It may move between threads; each call
/// takes it mutably. Dropping it marks the producer closed: what was sent stays readable, and
/// another producer may go on from there. If no consumer is attached and nothing is left to
/// receive, the ring's file is removed.
///
/// # Forking
///
/// The role belongs to the process that attached. A forked child gets [`SendError::Forked`] from
/// every call; it may attach to other rings of its own. A child that outlives its parent keeps the
/// parent's role taken until it exits or executes another program, because it inherits the open
/// file: programs that fork without exec should do so before attaching.
///
/// ```no_run
/// # use bitrpc_shm::{Layout, Options, Producer};
/// # fn f<L: Layout>() -> Result<(), Box<dyn std::error::Error>> {
/// let mut producer = Producer::<L>::create("prices", &Options::new())?;
/// producer.send(1u32, b"hello")?;
/// # Ok(())
/// # }
/// ```
pub struct Producer<L: LayoutSource> {
    pub(crate) writer: Writer<Mapped<L>>,
    send_timeout: Option<Duration>,
    fragment_size: usize,
    side: Side<L>,
}

impl<L: Layout> Producer<L> {
    /// Attaches as the producer of the ring `name`, creating the ring if the options allow it.
    ///
    /// After a producer that died, the new one goes on behind the last published message. Blocks
    /// for at most 50 ms (a taken role is tried again that long).
    ///
    /// # Errors
    ///
    /// All of [`Error`]'s that concern files, identity and roles; [`Error::Corrupt`] if the ring's
    /// positions are impossible.
    pub fn create(name: &str, options: &Options) -> Result<Self, Error> {
        Self::create_in(Constants::HERE, name, options)
    }

    /// The same as [`Producer::create`]: whether a ring may or must be created is
    /// [`Options::mode`]'s business.
    ///
    /// # Errors
    ///
    /// As for [`Producer::create`].
    pub fn open(name: &str, options: &Options) -> Result<Self, Error> {
        Self::create(name, options)
    }
}

impl<L: LayoutSource> Producer<L> {
    /// [`Producer::create`] for a ring whose numbers these are.
    pub(crate) fn create_in(
        numbers: L::Numbers,
        name: &str,
        options: &Options,
    ) -> Result<Self, Error> {
        Self::attach(Segment::attach(numbers, name, options, Some(Role::Producer))?, options)
    }

    /// Takes up the role whose lock `segment` holds.
    pub(crate) fn attach(segment: Segment<L>, options: &Options) -> Result<Self, Error> {
        let (memory, capacity) = (segment.mapped(), segment.capacity());
        let (position, sent) = producer_position(&memory, capacity)?;
        let attachment = Attachment::new(segment, Role::Producer);
        let writer = Writer::new(memory, capacity, position, sent, attachment.waker());
        let side = Side::announce(attachment, options, || false);
        let largest_piece = writer.largest() as usize / 2;
        Ok(Self {
            writer,
            send_timeout: options.send_timeout,
            fragment_size: options
                .fragment_size
                .unwrap_or(usize::MAX)
                .max(MIN_PIECE)
                .min(largest_piece),
            side,
        })
    }

    /// Sends a message, waiting for room up to [`Options::send_timeout`].
    ///
    /// # Errors
    ///
    /// [`SendError`]; nothing of the message is visible then.
    #[inline]
    pub fn send(&mut self, message_type: impl Into<u32>, payload: &[u8]) -> Result<(), SendError> {
        self.put(message_type.into(), 0, payload)
    }

    /// Sends a message with flags, waiting for room up to [`Options::send_timeout`].
    ///
    /// The fragment bits are the engine's and are ignored.
    ///
    /// # Errors
    ///
    /// As for [`Producer::send`].
    #[inline]
    pub fn send_with(
        &mut self,
        message_type: impl Into<u32>,
        flags: impl Into<u32>,
        payload: &[u8],
    ) -> Result<(), SendError> {
        self.put(message_type.into(), user_flags(self.layout(), flags.into()), payload)
    }

    /// Sends text as a `data` message.
    ///
    /// # Errors
    ///
    /// As for [`Producer::send`].
    pub fn send_string(&mut self, text: &str) -> Result<(), SendError> {
        self.put(self.layout().types.data, 0, text.as_bytes())
    }

    /// Sends one of the specification's structs, encoded in place.
    ///
    /// # Errors
    ///
    /// As for [`Producer::send`].
    pub fn send_typed<T: Encode>(&mut self, value: &T) -> Result<(), SendError> {
        let message_type = T::MESSAGE_TYPE.unwrap_or(self.layout().types.data);
        let mut claim = self.claim(message_type, value.encoded_len())?;
        value.encode_into(&mut claim);
        claim.commit();
        Ok(())
    }

    /// Sends a plain struct of the caller's own as a `data` message.
    ///
    /// # Errors
    ///
    /// As for [`Producer::send`].
    pub fn send_plain<T: IntoBytes + Immutable>(&mut self, value: &T) -> Result<(), SendError> {
        self.put(self.layout().types.data, 0, value.as_bytes())
    }

    /// Sends a message if there is room now. Never waits.
    ///
    /// # Errors
    ///
    /// [`SendError::Full`] if there is no room: this may change at any moment, because the
    /// consumer releases concurrently. Otherwise as for [`Producer::send`].
    #[inline]
    pub fn try_send(
        &mut self,
        message_type: impl Into<u32>,
        payload: &[u8],
    ) -> Result<(), SendError> {
        self.try_put(message_type.into(), 0, payload)
    }

    /// Sends a message with flags if there is room now. Never waits.
    ///
    /// # Errors
    ///
    /// As for [`Producer::try_send`].
    #[inline]
    pub fn try_send_with(
        &mut self,
        message_type: impl Into<u32>,
        flags: impl Into<u32>,
        payload: &[u8],
    ) -> Result<(), SendError> {
        self.try_put(message_type.into(), user_flags(self.layout(), flags.into()), payload)
    }

    /// Sends text as a `data` message if there is room now. Never waits.
    ///
    /// # Errors
    ///
    /// As for [`Producer::try_send`].
    pub fn try_send_string(&mut self, text: &str) -> Result<(), SendError> {
        self.try_put(self.layout().types.data, 0, text.as_bytes())
    }

    /// Sends one of the specification's structs if there is room now. Never waits.
    ///
    /// # Errors
    ///
    /// As for [`Producer::try_send`].
    pub fn try_send_typed<T: Encode>(&mut self, value: &T) -> Result<(), SendError> {
        let message_type = T::MESSAGE_TYPE.unwrap_or(self.layout().types.data);
        let mut claim = self.try_claim(message_type, value.encoded_len())?;
        value.encode_into(&mut claim);
        claim.commit();
        Ok(())
    }

    /// Sends many messages with one publication, waiting for room up to
    /// [`Options::send_timeout`] in all; a batch that does not fit is published in parts.
    ///
    /// Returns how many were sent: all of them, or those before the first that could not be.
    ///
    /// # Errors
    ///
    /// As for [`Producer::send`], and only if none was sent: otherwise the next call says it.
    pub fn send_batch<T, P>(
        &mut self,
        messages: impl IntoIterator<Item = (T, P)>,
    ) -> Result<usize, SendError>
    where
        T: Into<u32>,
        P: AsRef<[u8]>,
    {
        let mut deadline = None;
        self.batch().extend_with(messages, |batch, message_type, payload| {
            batch.push_before(&mut deadline, message_type.into(), 0, payload)
        })
    }

    /// Sends as many of the messages as there is room for now, with one publication. Never waits.
    ///
    /// Returns how many were sent: a prefix.
    ///
    /// # Errors
    ///
    /// As for [`Producer::try_send`], and only if none was sent.
    pub fn try_send_batch<T, P>(
        &mut self,
        messages: impl IntoIterator<Item = (T, P)>,
    ) -> Result<usize, SendError>
    where
        T: Into<u32>,
        P: AsRef<[u8]>,
    {
        self.batch().extend_with(messages, Batch::try_push)
    }

    /// Starts a batch: its messages become visible together when it is committed.
    #[inline]
    pub fn batch(&mut self) -> Batch<'_, L> {
        Batch::new(self)
    }

    /// Reserves room for a payload of `len` bytes to be written in place, waiting for room up to
    /// [`Options::send_timeout`].
    ///
    /// # Errors
    ///
    /// As for [`Producer::send`].
    #[inline]
    pub fn claim(
        &mut self,
        message_type: impl Into<u32>,
        len: usize,
    ) -> Result<Claim<'_, L>, SendError> {
        self.claim_before(&mut None, message_type.into(), len)
    }

    /// As [`Producer::claim`], with a deadline that several claims may have in common.
    #[inline(always)]
    fn claim_before(
        &mut self,
        deadline: &mut Option<Deadline>,
        message_type: u32,
        len: usize,
    ) -> Result<Claim<'_, L>, SendError> {
        self.admit(message_type, len as u64)?;
        let mut staged = self.writer.stage();
        let place = match self.writer.place_known(&staged, len as u64) {
            Some(place) => place,
            None => self.place_or_wait(&mut staged, len as u64, deadline)?,
        };
        Ok(Claim::new(self, place, message_type, len))
    }

    /// Reserves room for a payload of `len` bytes if there is any now. Never waits.
    ///
    /// # Errors
    ///
    /// As for [`Producer::try_send`].
    #[inline]
    pub fn try_claim(
        &mut self,
        message_type: impl Into<u32>,
        len: usize,
    ) -> Result<Claim<'_, L>, SendError> {
        let message_type = message_type.into();
        self.admit(message_type, len as u64)?;
        let staged = self.writer.stage();
        let place = match self.writer.place_known(&staged, len as u64) {
            Some(place) => place,
            None => self.place_or_refuse(&staged, len as u64)?,
        };
        Ok(Claim::new(self, place, message_type, len))
    }

    /// Sends a message of any size, cut into pieces where one record is too small; the receiver
    /// puts them together up to its [`Options::max_message_size`]. Waits for room up to
    /// [`Options::send_timeout`] for all pieces together.
    ///
    /// # Errors
    ///
    /// As for [`Producer::send`]. If some pieces were sent before the error, the receiver drops
    /// them and counts an error.
    pub fn send_fragmented(
        &mut self,
        message_type: impl Into<u32>,
        payload: &[u8],
    ) -> Result<(), SendError> {
        let message_type = message_type.into();
        if payload.len() <= self.fragment_size {
            return self.put(message_type, 0, payload);
        }
        let pieces = crate::fragment::pieces(payload, self.fragment_size);
        let count = pieces.len() as u32;
        let mut deadline = Some(Deadline::after(self.send_timeout));
        for (index, piece) in pieces.enumerate() {
            let last = index + 1 == count as usize;
            let len = PREFIX_SIZE + piece.len();
            let mut claim = self.claim_before(&mut deadline, message_type, len)?;
            crate::fragment::write_piece(&mut claim, index as u32, count, piece);
            claim.commit_fragment(last);
        }
        Ok(())
    }

    /// How long `send` and `claim` wait for room from now on; `None`: as long as it takes.
    pub fn set_send_timeout(&mut self, timeout: Option<Duration>) {
        self.send_timeout = timeout;
    }

    /// Most payload bytes of one message that is not fragmented.
    #[must_use]
    pub fn largest_payload(&self) -> usize {
        self.writer.largest() as usize
    }

    /// Bytes in the ring's data area.
    #[must_use]
    pub fn capacity(&self) -> u64 {
        self.writer.capacity()
    }

    /// The ring's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.side.segment().file().name()
    }

    /// The ring's file.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.side.segment().file().path()
    }

    /// Whether the ring's creator had the same message types and structs as this program.
    #[must_use]
    pub fn schema_matches(&self) -> bool {
        self.side.segment().schema_matches()
    }

    /// Counters of both sides.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        self.side.statistics()
    }

    /// Counters, positions and states of both sides.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.side.snapshot()
    }

    /// What the consumer is doing.
    #[must_use]
    pub fn peer_state(&self) -> PeerState {
        self.side.peer_state()
    }

    /// Stores the time as this side's heartbeat, which others see in [`Snapshot`]. A
    /// [`Manager`](crate::Manager) does it regularly.
    pub fn heartbeat(&mut self) {
        self.side.heartbeat();
    }

    /// Bytes that one message, its header included, may take to be sent now without waiting.
    ///
    /// Costs a look at the consumer's position. It may be more at any moment, because the consumer
    /// releases concurrently, and is less only after a send.
    #[must_use]
    pub fn free_bytes(&self) -> u64 {
        self.writer.free_bytes()
    }

    /// Waits up to `timeout` until a consumer is attached and lives; `None` waits as long as it
    /// takes. Returns whether one is: `false` also says that the wait was
    /// [interrupted](Producer::interrupter), or that the ring's file was removed.
    #[must_use = "false says that there is no consumer"]
    pub fn wait_for_peer(&mut self, timeout: Option<Duration>) -> bool {
        self.side.wait_for_peer(timeout)
    }

    /// A handle with which another thread ends a wait of this side.
    #[must_use]
    pub fn interrupter(&self) -> Interrupter<L> {
        self.side.interrupter()
    }

    /// Closes, as dropping does, and says what dropping can only log.
    ///
    /// If this is the last side and everything was received, the ring is removed. That waits for up
    /// to 5 s for a consumer that is just closing.
    ///
    /// # Errors
    ///
    /// [`Error::PermissionDenied`] or [`Error::Io`] if the ring's file could not be removed. The
    /// producer is closed all the same, and the ring stays.
    pub fn close(mut self) -> Result<(), Error> {
        self.end()
    }

    fn end(&mut self) -> Result<(), Error> {
        let Self { side, writer, .. } = self;
        side.end(|| writer.is_drained())
    }

    #[inline(always)]
    pub(crate) fn layout(&self) -> &'static LayoutNumbers {
        self.writer.memory.layout()
    }

    pub(crate) fn segment(&self) -> &Arc<Segment<L>> {
        self.side.segment()
    }
}

/// The flags that a caller may set: the fragment bits are the engine's.
#[inline(always)]
pub(crate) fn user_flags(layout: &LayoutNumbers, flags: u32) -> u32 {
    flags & !(layout.flags.fragment | layout.flags.last_fragment)
}

impl<L: LayoutSource> Drop for Producer<L> {
    fn drop(&mut self) {
        tell_dropped(self.end());
    }
}

impl<L: LayoutSource> fmt::Debug for Producer<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Producer").field("path", &self.path()).finish_non_exhaustive()
    }
}

//! The receiving side.

mod flow;
mod look;
mod stale;

use core::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

pub use self::flow::DrainFlow;
use self::look::{Due, Found};
use crate::attachment::Attachment;
use crate::error::{DecodeError, Error, ReceiveError};
use crate::fragment::Assembler;
use crate::interrupt::Interrupter;
use crate::layout::{Constants, DecodeOwned, Layout, LayoutNumbers, LayoutSource};
use crate::message::{Message, MessageInfo};
use crate::options::{Options, Start};
use crate::payload::{self, Fixed};
use crate::ring::{Mapped, Memory, Pace, Reader, consumer_position, largest_payload};
use crate::role::Role;
use crate::segment::Segment;
use crate::side::{Side, tell_dropped};
use crate::stats::{PeerState, Snapshot, Statistics};

/// The receiving side of a ring.
///
/// At most one exists for each ring, in whatever process. It may move between threads; each call
/// takes it mutably. Dropping it marks the consumer closed; if no producer is attached and nothing
/// is left to receive, the ring's file is removed.
///
/// A forked child gets [`ReceiveError::Forked`] from every call; see
/// [`Producer`](crate::Producer#forking).
///
/// ```no_run
/// # use bitrpc_shm::{Consumer, Layout, Options};
/// # fn f<L: Layout>() -> Result<(), Box<dyn std::error::Error>> {
/// let mut consumer = Consumer::<L>::open("prices", &Options::new())?;
/// while let Some(message) = consumer.receive(None)? {
///     println!("{}: {:?}", message.message_type(), message.payload());
/// }
/// # Ok(())
/// # }
/// ```
pub struct Consumer<L: LayoutSource> {
    reader: Reader<Mapped<L>>,
    pace: Pace,
    assembler: Assembler,
    max_message_size: usize,
    exact_size: bool,
    due: Due,
    side: Side<L>,
}

impl<L: Layout> Consumer<L> {
    /// Attaches as the consumer of the ring `name`, creating the ring if the options allow it.
    ///
    /// After a consumer that died, the new one starts with the first message that was not
    /// released. Blocks for at most 50 ms (a taken role is tried again that long).
    ///
    /// # Errors
    ///
    /// All of [`Error`]'s that concern files, identity and roles; [`Error::Corrupt`] if the ring's
    /// positions are impossible.
    pub fn open(name: &str, options: &Options) -> Result<Self, Error> {
        Self::open_in(Constants::HERE, name, options)
    }

    /// The same as [`Consumer::open`]: whether a ring may or must be created is
    /// [`Options::mode`]'s business.
    ///
    /// # Errors
    ///
    /// As for [`Consumer::open`].
    pub fn create(name: &str, options: &Options) -> Result<Self, Error> {
        Self::open(name, options)
    }
}

impl<L: LayoutSource> Consumer<L> {
    /// [`Consumer::open`] for a ring whose numbers these are.
    pub(crate) fn open_in(
        numbers: L::Numbers,
        name: &str,
        options: &Options,
    ) -> Result<Self, Error> {
        Self::attach(Segment::attach(numbers, name, options, Some(Role::Consumer))?, options)
    }

    /// Takes up the role whose lock `segment` holds.
    pub(crate) fn attach(segment: Segment<L>, options: &Options) -> Result<Self, Error> {
        let (memory, capacity) = (segment.mapped(), segment.capacity());
        let position = consumer_position(&memory, capacity)?;
        let attachment = Attachment::new(segment, Role::Consumer);
        let reader = Reader::new(memory, capacity, position, attachment.waker());
        let wants_newest = options.start == Start::Newest;
        let side = Side::announce(attachment, options, || !wants_newest && reader.ready());
        let mut consumer = Self {
            pace: Pace::new(options.distance, capacity, reader.received(), position),
            reader,
            assembler: Assembler::new(options.max_message_size),
            max_message_size: options.max_message_size,
            exact_size: options.exact_size,
            due: Due::Nothing,
            side,
        };
        if wants_newest {
            // What cannot be dropped is for the first receive to tell.
            let _ = consumer.clear();
        }
        Ok(consumer)
    }

    /// Receives the next message in place, waiting up to `timeout`; `None` waits until a message
    /// comes, the producer closes, or dies.
    ///
    /// `Ok(None)` says that the time is over, or that another thread
    /// [interrupted](Consumer::interrupter) the wait. The message is released when it is dropped:
    /// if this process is killed before, it comes again. Pieces of a larger message are released
    /// when they are put together: if this process is killed then, that message is lost.
    ///
    /// # Errors
    ///
    /// [`ReceiveError`]. Closed, died and removed are said only when everything was received.
    #[inline(always)]
    pub fn receive(
        &mut self,
        timeout: Option<Duration>,
    ) -> Result<Option<Message<'_, L>>, ReceiveError> {
        let found = match self.glance_for_a_while(timeout) {
            Some(record) => Some(Found::Record(record)),
            None => self.poll_or_wait(timeout)?,
        };
        Ok(found.map(|found| self.hand_out(found)))
    }

    /// Receives the next message in place if there is one. Never sleeps.
    ///
    /// "None" may stop being so at any moment; a message that is there stays. In a stream the call
    /// may pause for some microseconds before it says "none": see
    /// [`Distance`](crate::Distance). What a kill repeats or loses is as for
    /// [`Consumer::receive`].
    ///
    /// # Errors
    ///
    /// As for [`Consumer::receive`].
    #[inline(always)]
    pub fn try_receive(&mut self) -> Result<Option<Message<'_, L>>, ReceiveError> {
        let found = match self.glance() {
            Some(record) => Some(Found::Record(record)),
            None => self.poll_or_idle()?,
        };
        Ok(found.map(|found| self.hand_out(found)))
    }

    /// Shows the next message without receiving it, if there is one. Never sleeps.
    ///
    /// # Errors
    ///
    /// As for [`Consumer::receive`].
    pub fn peek(&mut self) -> Result<Option<Message<'_, L>>, ReceiveError> {
        Ok(self.poll_or_idle()?.map(|found| self.lend(found)))
    }

    /// Hands up to `max` messages to `f`, and releases them together. Never sleeps. Returns how
    /// many there were.
    ///
    /// `f` may return nothing, or a [`ControlFlow`](core::ops::ControlFlow): a break ends the call,
    /// and its message counts as taken.
    ///
    /// Releases are stored once for each quarter of the ring, not once for each message: those of
    /// the last quarter come again if this process is killed. If `f` panics, its message is not
    /// received and comes again.
    ///
    /// # Errors
    ///
    /// As for [`Consumer::receive`], and only if there was no message before: otherwise the next
    /// call says it.
    #[inline]
    pub fn drain<F: DrainFlow>(
        &mut self,
        max: usize,
        mut f: impl FnMut(&Message<'_, L>) -> F,
    ) -> Result<usize, ReceiveError> {
        let quarter = self.reader.capacity() / 4;
        let mut flushed = self.reader.position();
        let mut count = 0;
        let mut stops = false;
        while count < max && !stops {
            if let Some(record) = self.glance() {
                stops = f(&self.lend(Found::Record(record))).stops();
                self.reader.take(&record);
            } else {
                let found = match self.poll() {
                    Ok(None) if count == 0 => self.idle()?,
                    Err(error) if count == 0 => return Err(error),
                    Err(error) => {
                        self.withhold(error);
                        None
                    }
                    Ok(found) => found,
                };
                let Some(found) = found else { break };
                stops = f(&self.lend(found)).stops();
                match found {
                    Found::Record(record) => self.reader.take(&record),
                    Found::Assembled => self.due = Due::Nothing,
                }
            }
            count += 1;
            if self.reader.position().wrapping_sub(flushed) >= quarter {
                self.reader.flush();
                flushed = self.reader.position();
            }
        }
        if self.reader.position() != flushed {
            self.reader.flush();
        }
        Ok(count)
    }

    /// Receives the next message by copying its payload into `out`, replacing what was there; for
    /// programs that do not trust the peer to leave a message alone while it is read. Waits as
    /// [`Consumer::receive`] does. The message is released before this returns: one that is being
    /// handled when this process is killed does not come again.
    ///
    /// # Errors
    ///
    /// As for [`Consumer::receive`]; [`ReceiveError::NoMemory`], and the message stays.
    pub fn receive_bytes(
        &mut self,
        out: &mut Vec<u8>,
        timeout: Option<Duration>,
    ) -> Result<Option<MessageInfo>, ReceiveError> {
        let found = match self.glance_for_a_while(timeout) {
            Some(record) => Some(Found::Record(record)),
            None => self.poll_or_wait(timeout)?,
        };
        let Some(found) = found else { return Ok(None) };
        out.clear();
        match found {
            Found::Assembled => {
                let (header, payload) = self.assembler.message();
                reserve(out, payload.len())?;
                out.extend_from_slice(payload);
                self.due = Due::Nothing;
                Ok(Some(header.info))
            }
            Found::Record(record) => {
                let header = &self.layout().message_header;
                let len = record.payload_len(header);
                reserve(out, len)?;
                let from = self.reader.memory.at(record.payload_position(header));
                // SAFETY: the checked record lies inside the data area, so `len` bytes are
                // readable from here; `out` has room for `len`, and is no part of the mapping.
                // No reference to the shared bytes is formed.
                unsafe {
                    core::ptr::copy_nonoverlapping(from, out.as_mut_ptr(), len);
                    out.set_len(len);
                }
                let info = self.info(&record);
                self.reader.take(&record);
                self.reader.flush();
                Ok(Some(info))
            }
        }
    }

    /// Receives the next message as text. Waits as [`Consumer::receive`] does. What a kill repeats
    /// or loses is as for [`Consumer::receive_bytes`].
    ///
    /// # Errors
    ///
    /// As for [`Consumer::receive`]; [`Error::Decode`] if the payload is not UTF-8, or there is no
    /// memory for it. That message stays in the ring, and every call finds it again: receive it in
    /// another way, or drop it with [`Consumer::skip`].
    pub fn receive_string(&mut self, timeout: Option<Duration>) -> Result<Option<String>, Error> {
        self.receive_as(timeout, |message, _| payload::copy_text(message.payload()))
    }

    /// Receives the next message as text if there is one. Never sleeps.
    ///
    /// # Errors
    ///
    /// As for [`Consumer::receive_string`].
    pub fn try_receive_string(&mut self) -> Result<Option<String>, Error> {
        self.receive_string(Some(Duration::ZERO))
    }

    /// Receives the next message as one of the specification's structs. Waits as
    /// [`Consumer::receive`] does. What a kill repeats or loses is as for
    /// [`Consumer::receive_bytes`].
    ///
    /// Of a newer version's message, the known part is read, unless
    /// [`Options::exact_size`](Options::exact_size) is set. A struct with a tail is received as
    /// its owned form, `Note<'static>` for example.
    ///
    /// # Errors
    ///
    /// As for [`Consumer::receive`]; [`Error::Decode`] if the message is of another type, or no
    /// version of the struct. That message stays in the ring, and every call finds it again:
    /// receive it in another way, or drop it with [`Consumer::skip`].
    pub fn receive_typed<T: DecodeOwned>(
        &mut self,
        timeout: Option<Duration>,
    ) -> Result<Option<T>, Error> {
        self.receive_as(timeout, |message, exact| message.decode_owned(exact))
    }

    /// Receives the next message as one of the specification's structs if there is one. Never
    /// sleeps.
    ///
    /// # Errors
    ///
    /// As for [`Consumer::receive_typed`].
    pub fn try_receive_typed<T: DecodeOwned>(&mut self) -> Result<Option<T>, Error> {
        self.receive_typed(Some(Duration::ZERO))
    }

    /// As [`Consumer::receive_typed`], for a struct without a tail that is too large for the stack.
    ///
    /// # Errors
    ///
    /// As for [`Consumer::receive_typed`].
    pub fn receive_boxed<T: Fixed>(
        &mut self,
        timeout: Option<Duration>,
    ) -> Result<Option<Box<T>>, Error> {
        self.receive_as(timeout, |message, exact| {
            if exact {
                payload::refuse_more::<T>(message.payload())?;
            }
            message.decode_boxed()
        })
    }

    /// Receives what `read` makes of the next message. One that it refuses is not received.
    fn receive_as<R>(
        &mut self,
        timeout: Option<Duration>,
        read: impl FnOnce(&Message<'_, L>, bool) -> Result<R, DecodeError>,
    ) -> Result<Option<R>, Error> {
        let found = match self.glance_for_a_while(timeout) {
            Some(record) => Some(Found::Record(record)),
            None => self.poll_or_wait(timeout)?,
        };
        let Some(found) = found else { return Ok(None) };
        let value = read(&self.lend(found), self.exact_size)?;
        drop(self.hand_out(found));
        Ok(Some(value))
    }

    /// Bytes in the ring's data area.
    #[must_use]
    pub fn capacity(&self) -> u64 {
        self.reader.capacity()
    }

    /// Most payload bytes of one message that is not fragmented.
    #[must_use]
    pub fn largest_payload(&self) -> usize {
        largest_payload(&self.layout().message_header, self.capacity()) as usize
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

    /// What the producer is doing.
    #[must_use]
    pub fn peer_state(&self) -> PeerState {
        self.side.peer_state()
    }

    /// Stores the time as this side's heartbeat, which others see in [`Snapshot`]. A
    /// [`Manager`](crate::Manager) does it regularly.
    pub fn heartbeat(&mut self) {
        self.side.heartbeat();
    }

    /// Waits up to `timeout` until a producer is attached and lives; `None` waits as long as it
    /// takes. Returns whether one is: `false` also says that the wait was
    /// [interrupted](Consumer::interrupter), or that the ring's file was removed.
    #[must_use = "false says that there is no producer"]
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
    /// to 5 s for a producer that is just closing.
    ///
    /// # Errors
    ///
    /// [`Error::PermissionDenied`] or [`Error::Io`] if the ring's file could not be removed. The
    /// consumer is closed all the same, and the ring stays.
    pub fn close(mut self) -> Result<(), Error> {
        self.end()
    }

    /// Whether waits also end when another thread [wants](Interrupter::want) this side.
    pub(crate) fn set_yields(&mut self, yields: bool) {
        self.side.attachment.yields = yields;
    }

    fn end(&mut self) -> Result<(), Error> {
        let Self { side, reader, .. } = self;
        if side.attachment.is_open() {
            // A drain whose callback panicked may have left something taken but not released.
            reader.flush();
        }
        side.end(|| matches!(reader.look(), Ok(None)))
    }

    #[inline(always)]
    pub(crate) fn layout(&self) -> &'static LayoutNumbers {
        self.reader.memory.layout()
    }

    pub(crate) fn segment(&self) -> &Arc<Segment<L>> {
        self.side.segment()
    }
}

/// Makes room in `out`, which may have been a peer's wish.
fn reserve(out: &mut Vec<u8>, len: usize) -> Result<(), ReceiveError> {
    out.try_reserve(len).map_err(|_| ReceiveError::NoMemory { size: len as u64 })
}

impl<L: LayoutSource> Drop for Consumer<L> {
    fn drop(&mut self) {
        tell_dropped(self.end());
    }
}

impl<L: LayoutSource> fmt::Debug for Consumer<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consumer").field("path", &self.path()).finish_non_exhaustive()
    }
}

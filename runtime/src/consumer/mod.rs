//! The receiving side.

mod look;

use core::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use self::look::{Due, Found};
use crate::error::{DecodeError, Error, RecvError};
use crate::fragment::Assembler;
use crate::layout::{Decode, Layout};
use crate::message::{Message, MessageInfo};
use crate::options::Options;
use crate::peer::Peer;
use crate::ring::{Mapped, Pace, Reader, consumer_position, largest_payload};
use crate::role::{Attachment, Origin, Role};
use crate::segment::Segment;
use crate::stats::{self, PeerState, Snapshot, Statistics};
use crate::wait::Patience;

/// The receiving side of a ring.
///
/// At most one exists for each ring, in whatever process. It may move between threads; each call
/// takes it mutably. Dropping it marks the consumer closed; if the ring is drained and its
/// producer has closed, the ring's file is removed.
///
/// A forked child gets [`RecvError::Forked`] from every call; see
/// [`Producer`](crate::Producer#forking).
///
/// ```no_run
/// # use bitrpc_shm::{Consumer, Layout, Options};
/// # fn f<L: Layout>() -> Result<(), Box<dyn std::error::Error>> {
/// let mut consumer = Consumer::<L>::open("prices", &Options::new())?;
/// while let Some(message) = consumer.recv(None)? {
///     println!("{}: {:?}", message.message_type(), message.payload());
/// }
/// # Ok(())
/// # }
/// ```
pub struct Consumer<L: Layout> {
    reader: Reader<L, Mapped<L>>,
    pace: Pace,
    peer: Peer<L>,
    patience: Patience,
    assembler: Assembler,
    max_message_size: usize,
    due: Due,
    origin: Origin,
    attachment: Attachment<L>,
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
        Self::attach(Segment::attach(name, options, Some(Role::Consumer))?, options)
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

    /// Takes up the role whose lock `segment` holds.
    pub(crate) fn attach(segment: Segment<L>, options: &Options) -> Result<Self, Error> {
        let (memory, capacity) = (segment.mapped(), segment.capacity());
        let position = consumer_position::<L, _>(&memory, capacity)?;
        let segment = Arc::new(segment);
        let attachment = Attachment::new(Arc::clone(&segment), Role::Consumer);
        let reader = Reader::new(memory, capacity, position, attachment.waker());
        let peer = Peer::new(segment, Role::Producer);
        attachment.announce();
        Ok(Self {
            pace: Pace::new(options.distance, capacity, reader.received(), position),
            reader,
            peer,
            patience: Patience::new(options),
            assembler: Assembler::new(options.max_message_size),
            max_message_size: options.max_message_size,
            due: Due::Nothing,
            origin: Origin::here(),
            attachment,
        })
    }

    /// Receives the next message in place, waiting up to `timeout`; `None` waits until a message
    /// comes, the producer closes, or dies.
    ///
    /// `Ok(None)` says that the time is over. The message is released when it is dropped.
    ///
    /// # Errors
    ///
    /// [`RecvError`]. Closed, died and removed are said only when everything was received.
    #[inline(always)]
    pub fn recv(&mut self, timeout: Option<Duration>) -> Result<Option<Message<'_, L>>, RecvError> {
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
    /// [`Distance`](crate::Distance).
    ///
    /// # Errors
    ///
    /// As for [`Consumer::recv`].
    #[inline(always)]
    pub fn try_recv(&mut self) -> Result<Option<Message<'_, L>>, RecvError> {
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
    /// As for [`Consumer::recv`].
    pub fn peek(&mut self) -> Result<Option<Message<'_, L>>, RecvError> {
        Ok(self.poll_or_idle()?.map(|found| self.lend(found)))
    }

    /// Hands up to `max` messages to `f`, and releases them together. Never sleeps. Returns how
    /// many there were.
    ///
    /// Releases are stored once for each quarter of the ring, not once for each message. If `f`
    /// panics, its message is not received and comes again.
    ///
    /// # Errors
    ///
    /// As for [`Consumer::recv`], and only if there was no message before: otherwise the next call
    /// says it.
    #[inline]
    pub fn drain(
        &mut self,
        max: usize,
        mut f: impl FnMut(&Message<'_, L>),
    ) -> Result<usize, RecvError> {
        let quarter = self.reader.capacity() / 4;
        let mut flushed = self.reader.position();
        let mut count = 0;
        while count < max {
            if let Some(record) = self.glance() {
                f(&self.lend(Found::Record(record)));
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
                f(&self.lend(found));
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
    /// [`Consumer::recv`] does.
    ///
    /// # Errors
    ///
    /// As for [`Consumer::recv`].
    pub fn recv_into(
        &mut self,
        out: &mut Vec<u8>,
        timeout: Option<Duration>,
    ) -> Result<Option<MessageInfo>, RecvError> {
        let found = match self.glance_for_a_while(timeout) {
            Some(record) => Some(Found::Record(record)),
            None => self.poll_or_wait(timeout)?,
        };
        let Some(found) = found else { return Ok(None) };
        out.clear();
        match found {
            Found::Assembled => {
                self.due = Due::Nothing;
                let (header, payload) = self.assembler.message();
                out.extend_from_slice(payload);
                Ok(Some(header.info))
            }
            Found::Record(record) => {
                let len = record.payload_len::<L>();
                out.reserve(len);
                let from = self.reader.memory.at(record.payload_position::<L>());
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

    /// Receives the next message as text. Waits as [`Consumer::recv`] does.
    ///
    /// # Errors
    ///
    /// As for [`Consumer::recv`]; [`Error::Decode`] if the payload is not UTF-8. That message stays
    /// in the ring: receive it in another way, or drop it with [`Consumer::skip`].
    pub fn recv_string(&mut self, timeout: Option<Duration>) -> Result<Option<String>, Error> {
        self.recv_as(timeout, |message| message.as_str().map(str::to_owned))
    }

    /// Receives the next message as one of the specification's structs. Waits as
    /// [`Consumer::recv`] does.
    ///
    /// # Errors
    ///
    /// As for [`Consumer::recv`]; [`Error::Decode`] if the message is of another type or size. That
    /// message stays in the ring: receive it in another way, or drop it with [`Consumer::skip`].
    pub fn recv_typed<T>(&mut self, timeout: Option<Duration>) -> Result<Option<T>, Error>
    where
        T: for<'m> Decode<'m>,
    {
        self.recv_as(timeout, |message| message.decode())
    }

    /// Drops the next message, if there is one; says whether there was. Never sleeps.
    ///
    /// # Errors
    ///
    /// As for [`Consumer::recv`].
    pub fn skip(&mut self) -> Result<bool, RecvError> {
        Ok(self.try_recv()?.is_some())
    }

    /// Receives what `read` makes of the next message. One that it refuses is not received.
    fn recv_as<R>(
        &mut self,
        timeout: Option<Duration>,
        read: impl FnOnce(&Message<'_, L>) -> Result<R, DecodeError>,
    ) -> Result<Option<R>, Error> {
        let found = match self.glance_for_a_while(timeout) {
            Some(record) => Some(Found::Record(record)),
            None => self.poll_or_wait(timeout)?,
        };
        let Some(found) = found else { return Ok(None) };
        let value = read(&self.lend(found))?;
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
    pub fn max_payload(&self) -> usize {
        largest_payload::<L>(self.capacity()) as usize
    }

    /// The ring's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.segment().name()
    }

    /// The ring's file.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.segment().path()
    }

    /// Whether the ring's creator had the same message types and structs as this program.
    #[must_use]
    pub fn schema_matches(&self) -> bool {
        self.segment().schema_matches()
    }

    /// Counters of both sides.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        stats::statistics(&self.segment().mapped())
    }

    /// Counters, positions and states of both sides.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        stats::snapshot(self.segment(), Some(Role::Consumer), stats::DEFAULT_STALL)
    }

    /// What the producer is doing.
    #[must_use]
    pub fn peer_state(&self) -> PeerState {
        stats::state(self.segment(), Role::Producer, stats::DEFAULT_STALL)
    }

    /// Stores the time as this side's heartbeat, which others see in [`Snapshot`]. A
    /// [`Manager`](crate::Manager) does it regularly.
    pub fn heartbeat(&mut self) {
        if !self.origin.is_forked() {
            self.attachment.heartbeat();
        }
    }

    /// Closes: the same as dropping. Removes the ring if all was received and the producer has
    /// closed; waits for up to 5 s if that one is still about to let go of it.
    pub fn close(self) {}

    pub(crate) fn segment(&self) -> &Arc<Segment<L>> {
        self.attachment.segment()
    }
}

impl<L: Layout> Drop for Consumer<L> {
    fn drop(&mut self) {
        if !self.origin.is_forked() {
            // A drain whose callback panicked may have left something taken but not released.
            self.reader.flush();
            self.tidy_up();
        }
    }
}

impl<L: Layout> fmt::Debug for Consumer<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consumer").field("path", &self.path()).finish_non_exhaustive()
    }
}

//! The receiving side.

use core::fmt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::error::{Error, RecvError};
use crate::fragment::{Assembler, Piece, Step};
use crate::layout::{Decode, Layout};
use crate::message::{Header, Message, MessageInfo, Source};
use crate::options::Options;
use crate::peer::{Ended, Peer};
use crate::ring::{
    Mapped, Memory, Pace, Reader, Record, consumer_position, largest_payload, read_header,
};
use crate::role::{Attachment, CLOSED, Origin, Role};
use crate::segment::Segment;
use crate::stats::{self, PeerState, Snapshot, Statistics};
use crate::wait::{Deadline, Patience, Waited};

/// What a look found.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Found {
    /// A record, still in the ring.
    Record(Record),
    /// A message put together from pieces, in the assembler.
    Assembled,
}

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
    pub(crate) reader: Reader<L, Mapped<L>>,
    pace: Pace,
    peer: Peer<L>,
    patience: Patience,
    assembler: Assembler,
    max_message_size: usize,
    /// The assembler holds a message that nobody took yet.
    assembled: bool,
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
            assembled: false,
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
        let found = match self.glance() {
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
    /// As for [`Consumer::recv`], and only if there was no message before.
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
                    result => result.unwrap_or(None),
                };
                let Some(found) = found else { break };
                f(&self.lend(found));
                match found {
                    Found::Record(record) => self.reader.take(&record),
                    Found::Assembled => self.assembled = false,
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
        let found = self.poll_or_wait(timeout)?;
        let Some(found) = found else { return Ok(None) };
        out.clear();
        match found {
            Found::Assembled => {
                self.assembled = false;
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
                let info = self.copy_header(&record).info;
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
    /// As for [`Consumer::recv`]; [`Error::Decode`] if the payload is not UTF-8 (the message is
    /// received all the same).
    pub fn recv_string(&mut self, timeout: Option<Duration>) -> Result<Option<String>, Error> {
        let Some(message) = self.recv(timeout)? else { return Ok(None) };
        Ok(Some(message.as_str()?.to_owned()))
    }

    /// Receives the next message as one of the specification's structs. Waits as
    /// [`Consumer::recv`] does.
    ///
    /// # Errors
    ///
    /// As for [`Consumer::recv`]; [`Error::Decode`] if the message is of another type or size (it
    /// is received all the same).
    pub fn recv_typed<T>(&mut self, timeout: Option<Duration>) -> Result<Option<T>, Error>
    where
        T: for<'m> Decode<'m>,
    {
        let Some(message) = self.recv(timeout)? else { return Ok(None) };
        Ok(Some(message.decode::<T>()?))
    }

    /// Looks for a message in the common case: whole, and nothing gathered before it. `None` says
    /// that [`Consumer::poll`] knows better.
    ///
    /// What it returns stays in registers. Passing it through memory, as results with reasons in
    /// them are, costs more than all the rest of receiving a small message.
    #[inline(always)]
    fn glance(&self) -> Option<Record> {
        if self.origin.is_forked() || self.assembled || self.assembler.is_gathering() {
            return None;
        }
        let record = self.reader.glance()?;
        (self.flags(&record) & L::FLAGS.fragment == 0).then_some(record)
    }

    /// Looks for a message; pieces of larger ones are gathered on the way.
    fn poll(&mut self) -> Result<Option<Found>, RecvError> {
        if self.origin.is_forked() {
            return Err(RecvError::Forked);
        }
        if self.assembled {
            return Ok(Some(Found::Assembled));
        }
        let Some(record) = self.reader.look()? else { return Ok(None) };
        if self.flags(&record) & L::FLAGS.fragment != 0 || self.assembler.is_gathering() {
            return self.gather(record);
        }
        Ok(Some(Found::Record(record)))
    }

    #[cold]
    #[inline(never)]
    fn poll_or_wait(&mut self, timeout: Option<Duration>) -> Result<Option<Found>, RecvError> {
        match self.poll()? {
            None => self.wait(timeout, &|| false),
            found => Ok(found),
        }
    }

    #[cold]
    #[inline(never)]
    fn poll_or_idle(&mut self) -> Result<Option<Found>, RecvError> {
        match self.poll()? {
            None => self.idle(),
            found => Ok(found),
        }
    }

    #[inline(always)]
    fn flags(&self, record: &Record) -> u32 {
        let (at, width) = (L::MESSAGE_HEADER.flags, L::MESSAGE_HEADER.flags_size);
        read_header(&self.reader.memory, record.position, at, width) as u32
    }

    /// Copies pieces out of the ring until a message is complete or nothing is left.
    fn gather(&mut self, first: Record) -> Result<Option<Found>, RecvError> {
        let mut record = first;
        loop {
            let flags = self.flags(&record);
            if flags & L::FLAGS.fragment == 0 {
                for _ in 0..self.assembler.interrupt() {
                    self.reader.count_error();
                }
                return Ok(Some(Found::Record(record)));
            }
            let header = self.copy_header(&record);
            let piece = Piece {
                message_type: record.message_type,
                last: flags & L::FLAGS.last_fragment != 0,
                payload: payload(&self.reader.memory, &record),
            };
            let (step, broken) = self.assembler.add(piece, || header);
            for _ in 0..broken {
                self.reader.count_error();
            }
            self.reader.take(&record);
            self.reader.flush();
            match step {
                Step::Complete => {
                    self.assembled = true;
                    return Ok(Some(Found::Assembled));
                }
                Step::TooLarge { size } => {
                    let max = self.max_message_size as u64;
                    return Err(RecvError::MessageTooLarge { size, max });
                }
                Step::More => {}
            }
            match self.reader.look()? {
                Some(next) => record = next,
                None => return Ok(None),
            }
        }
    }

    fn copy_header(&self, record: &Record) -> Header {
        let memory = &self.reader.memory;
        let mut words = [0; 32];
        for (i, word) in words.iter_mut().enumerate().take(L::MESSAGE_HEADER.size / 8) {
            *word = memory.read_plain(record.position.wrapping_add(8 * i as u64));
        }
        let id = read_header(memory, record.position, L::MESSAGE_HEADER.message_id, 4) as u32;
        let flags = self.flags(record) & !(L::FLAGS.fragment | L::FLAGS.last_fragment);
        let timestamp =
            L::MESSAGE_HEADER.timestamp.map(|at| read_header(memory, record.position, at, 8));
        let info = MessageInfo { message_type: record.message_type, id, flags, timestamp };
        Header { info, words }
    }

    /// Nothing was there: keeps the distance, looks again, and asks after the producer.
    #[inline(never)]
    fn idle(&mut self) -> Result<Option<Found>, RecvError> {
        let pause = self.pace.on_empty(self.reader.received(), self.reader.position());
        if pause > 0 {
            for _ in 0..pause {
                core::hint::spin_loop();
            }
            if let Some(found) = self.poll()? {
                return Ok(Some(found));
            }
        }
        match self.peer.look() {
            None => Ok(None),
            Some(ended) => self.poll()?.map_or(Err(recv_ended(ended)), |found| Ok(Some(found))),
        }
    }

    /// Waits for a message, or until `stop` says so.
    #[inline(never)]
    pub(crate) fn wait(
        &mut self,
        timeout: Option<Duration>,
        stop: &dyn Fn() -> bool,
    ) -> Result<Option<Found>, RecvError> {
        if let Some(found) = self.idle()? {
            return Ok(Some(found));
        }
        if timeout == Some(Duration::ZERO) {
            return Ok(None);
        }
        let deadline = Deadline::after(timeout);
        loop {
            let Self { reader, peer, patience, attachment, .. } = self;
            let waited = patience.wait(attachment, peer, deadline, || reader.ready() || stop());
            // Also after "ended" and "timed out": the last word is the ring's.
            if let Some(found) = self.poll()? {
                return Ok(Some(found));
            }
            match waited {
                Waited::Ready if stop() => return Ok(None),
                Waited::Ready => {}
                Waited::TimedOut => return Ok(None),
                Waited::Ended(ended) => return Err(recv_ended(ended)),
            }
        }
    }

    /// Looks for a message and, without one, waits until `stop` says so.
    pub(crate) fn recv_until(
        &mut self,
        timeout: Duration,
        stop: &dyn Fn() -> bool,
    ) -> Result<Option<Message<'_, L>>, RecvError> {
        let found = match self.poll()? {
            None => self.wait(Some(timeout), stop)?,
            found => found,
        };
        Ok(found.map(|found| self.hand_out(found)))
    }

    /// Sleeps until a producer attaches or closes, at most `bound`, or until `stop` says so.
    pub(crate) fn wait_for_producer(&mut self, bound: Duration, stop: &dyn Fn() -> bool) {
        let sequence = self.peer.sequence();
        if self.peer.has_moved(sequence) {
            return;
        }
        let Self { reader, attachment, .. } = self;
        let mut ready = || stop() || reader.ready();
        attachment.sleeper().sleep(&reader.memory, sequence, bound, &mut ready, |_| {});
    }

    #[inline(always)]
    fn hand_out(&mut self, found: Found) -> Message<'_, L> {
        match found {
            Found::Record(record) => Message {
                payload: payload(&self.reader.memory, &record),
                message_type: record.message_type,
                source: Source::Taken(&mut self.reader, record),
            },
            Found::Assembled => {
                self.assembled = false;
                self.lend(found)
            }
        }
    }

    #[inline(always)]
    fn lend(&self, found: Found) -> Message<'_, L> {
        match found {
            Found::Record(record) => Message {
                payload: payload(&self.reader.memory, &record),
                message_type: record.message_type,
                source: Source::Lent(&self.reader.memory, record),
            },
            Found::Assembled => {
                let (header, payload) = self.assembler.message();
                let message_type = header.info.message_type;
                Message { payload, message_type, source: Source::Assembled(header) }
            }
        }
    }

    /// Most payload bytes of one message that is not fragmented.
    #[must_use]
    pub fn max_payload(&self) -> usize {
        largest_payload::<L>(self.capacity()) as usize
    }

    /// Bytes in the ring's data area.
    #[must_use]
    pub fn capacity(&self) -> u64 {
        self.reader.capacity()
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

    /// Closes: the same as dropping.
    pub fn close(self) {}

    pub(crate) fn segment(&self) -> &Arc<Segment<L>> {
        self.attachment.segment()
    }

    /// Removes the file of a ring that nobody needs any more: drained, and its producer closed.
    ///
    /// Both role locks are held meanwhile, so that nobody attaches in between; whoever waits for
    /// one finds the name gone, and starts over.
    fn tidy_up(&mut self) {
        if !self.is_finished() {
            return;
        }
        let segment = Arc::clone(self.segment());
        if !segment.try_lock(Role::Producer).unwrap_or(false) {
            return;
        }
        // A producer may have come and gone before the lock was ours.
        if self.is_finished() && segment.is_current() {
            match segment.unlink() {
                Ok(()) => log::debug!("removed {}", segment.path().display()),
                Err(error) => log::warn!("{} stays: {error}", segment.path().display()),
            }
        }
        segment.unlock(Role::Producer);
    }

    fn is_finished(&mut self) -> bool {
        let field = L::RING_HEADER.producer_state;
        // Acquire: pairs with the release store in `Attachment::drop`: what the producer sent
        // before it closed is visible to the look that follows.
        self.reader.memory.load_u32(field, Ordering::Acquire) == CLOSED
            && matches!(self.reader.look(), Ok(None))
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

/// A record's payload in place.
#[inline(always)]
fn payload<'a, L: Layout>(memory: &Mapped<L>, record: &Record) -> &'a [u8] {
    let start = memory.at(record.payload_position::<L>());
    // SAFETY: the record was checked to lie inside the data area, payload included, which is
    // mapped for as long as the consumer lives; callers choose `'a` within a borrow of it. The
    // bytes were published before the record was seen, and the protocol leaves them unchanged
    // until this consumer releases them, which only happens after the borrow.
    unsafe { core::slice::from_raw_parts(start, record.payload_len::<L>()) }
}

fn recv_ended(ended: Ended) -> RecvError {
    match ended {
        Ended::Closed => RecvError::Closed,
        Ended::Died => RecvError::PeerDied,
        Ended::Removed => RecvError::Removed,
    }
}

impl<L: Layout> fmt::Debug for Consumer<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consumer").field("path", &self.path()).finish_non_exhaustive()
    }
}

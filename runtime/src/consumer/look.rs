//! Looking for messages: at once, after keeping a distance, or asleep.

use core::hint::spin_loop;
use std::time::Duration;

use super::Consumer;
use crate::constants::SHORT_WAIT;
use crate::error::ReceiveError;
use crate::fragment::{Piece, Step};
use crate::layout::LayoutSource;
use crate::message::{Header, Message, MessageInfo, Source};
use crate::peer::Ended;
use crate::platform;
use crate::producer::user_flags;
use crate::ring::{Mapped, Memory, Record, message_id, pause, read_header};
use crate::wait::{Deadline, Waited};

/// What a look found.
#[derive(Clone, Copy, Debug)]
pub(super) enum Found {
    /// A record, still in the ring.
    Record(Record),
    /// A message put together from pieces, in the assembler.
    Assembled,
}

/// What comes before anything in the ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// Nothing: the usual case.
    Nothing,
    /// The message in the assembler, which nobody took yet.
    Message,
    /// An error that is said once, and was found by a call that had something else to say.
    Error(ReceiveError),
}

impl<L: LayoutSource> Consumer<L> {
    /// Looks for a message in the common case: whole, and nothing gathered before it. `None` says
    /// that [`Consumer::poll`] knows better.
    ///
    /// What it returns stays in registers. Passing it through memory, as results with reasons in
    /// them are, costs more than all the rest of receiving a small message.
    #[inline(always)]
    pub(super) fn glance(&self) -> Option<Record> {
        if self.side.is_forked()
            || !matches!(self.due, Due::Nothing)
            || self.assembler.is_gathering()
        {
            return None;
        }
        let record = self.reader.glance()?;
        (self.flags(&record) & self.layout().flags.fragment == 0).then_some(record)
    }

    /// The same, for a while if that one may wait: most waits of exchanges and streams are short,
    /// and end where they began.
    #[inline(always)]
    pub(super) fn glance_for_a_while(&mut self, timeout: Option<Duration>) -> Option<Record> {
        match self.glance() {
            None if timeout == Some(Duration::ZERO) => None,
            None => {
                self.look_for_a_while();
                self.glance()
            }
            found => found,
        }
    }

    /// Keeps the distance, then looks until something is there or this takes too long.
    #[inline(never)]
    fn look_for_a_while(&mut self) {
        self.keep_distance();
        for _ in 0..SHORT_WAIT {
            if self.reader.ready() || !matches!(self.due, Due::Nothing) {
                return;
            }
            spin_loop();
        }
    }

    /// The ring was found empty: pauses if that pays; whether it did.
    #[inline]
    fn keep_distance(&mut self) -> bool {
        let (received, position) = (self.reader.received(), self.reader.position());
        let pause_ns = self.pace.on_empty(received, position, platform::now_ns);
        if pause_ns > 0 {
            pause(pause_ns);
        }
        pause_ns > 0
    }

    /// Looks for a message; pieces of larger ones are gathered on the way.
    pub(super) fn poll(&mut self) -> Result<Option<Found>, ReceiveError> {
        if self.side.is_forked() {
            return Err(ReceiveError::Forked);
        }
        match self.due {
            Due::Nothing => {}
            Due::Message => return Ok(Some(Found::Assembled)),
            Due::Error(error) => {
                self.due = Due::Nothing;
                return Err(error);
            }
        }
        let Some(record) = self.reader.look()? else { return Ok(None) };
        if self.flags(&record) & self.layout().flags.fragment != 0 || self.assembler.is_gathering()
        {
            return self.gather(record);
        }
        Ok(Some(Found::Record(record)))
    }

    #[cold]
    #[inline(never)]
    pub(super) fn poll_or_wait(
        &mut self,
        timeout: Option<Duration>,
    ) -> Result<Option<Found>, ReceiveError> {
        match self.poll()? {
            None => self.wait(timeout),
            found => Ok(found),
        }
    }

    #[cold]
    #[inline(never)]
    pub(super) fn poll_or_idle(&mut self) -> Result<Option<Found>, ReceiveError> {
        match self.poll()? {
            None => self.idle(),
            found => Ok(found),
        }
    }

    #[inline(always)]
    pub(super) fn flags(&self, record: &Record) -> u32 {
        let header = &self.layout().message_header;
        read_header(&self.reader.memory, record.position, header.flags, header.flags_size) as u32
    }

    /// Copies pieces out of the ring until a message is whole, nothing is left, or a lap is done.
    fn gather(&mut self, first: Record) -> Result<Option<Found>, ReceiveError> {
        let mut record = first;
        loop {
            if record.position.wrapping_sub(first.position) >= self.reader.capacity() {
                return Ok(None);
            }
            let flags = self.flags(&record);
            if flags & self.layout().flags.fragment == 0 {
                for _ in 0..self.assembler.interrupt() {
                    self.reader.count_error();
                }
                return Ok(Some(Found::Record(record)));
            }
            let header = self.copy_header(&record);
            let piece = Piece {
                message_type: record.message_type,
                last: flags & self.layout().flags.last_fragment != 0,
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
                    self.due = Due::Message;
                    return Ok(Some(Found::Assembled));
                }
                Step::TooLarge { size } => {
                    let max = self.max_message_size as u64;
                    return Err(ReceiveError::MessageTooLarge { size, max });
                }
                Step::NoMemory { size } => return Err(ReceiveError::NoMemory { size }),
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
        for (i, word) in words.iter_mut().enumerate().take(self.layout().message_header.size / 8) {
            *word = memory.read_plain(record.position.wrapping_add(8 * i as u64));
        }
        Header { info: self.info(record), words }
    }

    pub(super) fn info(&self, record: &Record) -> MessageInfo {
        let memory = &self.reader.memory;
        let message_id = message_id(memory, record.position);
        let flags = user_flags(self.layout(), self.flags(record));
        let timestamp = self.layout().message_header.timestamp;
        let timestamp_ns = timestamp.map(|at| read_header(memory, record.position, at, 8));
        MessageInfo { message_type: record.message_type, message_id, flags, timestamp_ns }
    }

    /// Nothing was there: keeps the distance, looks again, and asks after the producer.
    #[inline(never)]
    pub(super) fn idle(&mut self) -> Result<Option<Found>, ReceiveError> {
        if self.keep_distance()
            && let Some(found) = self.poll()?
        {
            return Ok(Some(found));
        }
        match self.side.peer.look() {
            None => Ok(None),
            Some(ended) => match self.poll()? {
                None => Err(self.ended(ended)),
                found => Ok(found),
            },
        }
    }

    /// Lets the look at the producer that follows an empty ring check whether it lives; whether a
    /// message was found after it.
    #[cfg(test)]
    pub(crate) fn idle_as_liveness_is_due(&mut self) -> Result<bool, ReceiveError> {
        self.side.peer.make_due();
        self.idle().map(|found| found.is_some())
    }

    /// Says how the producer ended, and with it a message whose rest will not come.
    fn ended(&mut self, ended: Ended) -> ReceiveError {
        for _ in 0..self.assembler.interrupt() {
            self.reader.count_error();
        }
        self.side.peer.told(ended);
        match ended {
            Ended::Closed => ReceiveError::Closed,
            Ended::Died => ReceiveError::PeerDied,
            Ended::Removed => {
                // The producer does not notice by itself while it has room.
                self.side.attachment.tell_removed();
                ReceiveError::Removed
            }
        }
    }

    /// An error was not passed on to the caller: one that is said once is for the next call.
    pub(super) fn withhold(&mut self, error: ReceiveError) {
        if matches!(error, ReceiveError::MessageTooLarge { .. } | ReceiveError::NoMemory { .. }) {
            self.due = Due::Error(error);
        }
    }

    /// Waits for a message.
    #[inline(never)]
    fn wait(&mut self, timeout: Option<Duration>) -> Result<Option<Found>, ReceiveError> {
        if let Some(found) = self.idle()? {
            return Ok(Some(found));
        }
        if timeout == Some(Duration::ZERO) {
            return Ok(None);
        }
        let deadline = Deadline::after(timeout);
        loop {
            let Self { reader, side, .. } = self;
            let waited = side.wait(deadline, || reader.ready());
            // Also after "ended" and "timed out": the last word is the ring's.
            if let Some(found) = self.poll()? {
                return Ok(Some(found));
            }
            match waited {
                // A peer that sends only broken pieces must not keep this call beyond its time.
                Waited::Ready if deadline.is_over() => return Ok(None),
                Waited::Ready => {}
                Waited::TimedOut | Waited::Interrupted => return Ok(None),
                Waited::Ended(ended) => return Err(self.ended(ended)),
            }
        }
    }

    #[inline(always)]
    pub(super) fn hand_out(&mut self, found: Found) -> Message<'_, L> {
        match found {
            Found::Record(record) => Message {
                payload: payload(&self.reader.memory, &record),
                message_type: record.message_type,
                numbers: self.reader.memory.numbers(),
                source: Source::Taken(&mut self.reader, record),
            },
            Found::Assembled => {
                self.due = Due::Nothing;
                self.lend(found)
            }
        }
    }

    #[inline(always)]
    pub(super) fn lend(&self, found: Found) -> Message<'_, L> {
        match found {
            Found::Record(record) => Message {
                payload: payload(&self.reader.memory, &record),
                message_type: record.message_type,
                numbers: self.reader.memory.numbers(),
                source: Source::Lent(&self.reader.memory, record),
            },
            Found::Assembled => {
                let (header, payload) = self.assembler.message();
                let message_type = header.info.message_type;
                let numbers = self.reader.memory.numbers();
                Message { payload, message_type, numbers, source: Source::Assembled(header) }
            }
        }
    }
}

/// A record's payload in place.
#[inline(always)]
fn payload<'a, L: LayoutSource>(memory: &Mapped<L>, record: &Record) -> &'a [u8] {
    let header = memory.message_header();
    let start = memory.at(record.payload_position(header));
    // SAFETY: the record was checked to lie inside the data area, payload included, which is
    // mapped for as long as the consumer lives; callers choose `'a` within a borrow of it. The
    // bytes were published before the record was seen, and the protocol leaves them unchanged
    // until this consumer releases them, which only happens after the borrow.
    unsafe { core::slice::from_raw_parts(start, record.payload_len(header)) }
}

//! Dropping messages that are too old to be of use.

use super::Consumer;
use super::look::{Due, Found};
use crate::error::ReceiveError;
use crate::layout::LayoutSource;
use crate::ring::{Memory, Published, Record};

impl<L: LayoutSource> Consumer<L> {
    /// Whether a receive would find a message now. Never waits, and does not ask after the
    /// producer.
    ///
    /// "No" may stop being so at any moment; a message that is there stays.
    ///
    /// # Errors
    ///
    /// As for [`Consumer::receive`], without those about the producer.
    pub fn has_message(&mut self) -> Result<bool, ReceiveError> {
        Ok(self.glance().is_some() || self.poll()?.is_some())
    }

    /// Drops the next message, if there is one; says whether there was. Never sleeps.
    ///
    /// This is how to go on behind a message that [`Consumer::receive_typed`] or
    /// [`Consumer::receive_string`] refuses.
    ///
    /// # Errors
    ///
    /// As for [`Consumer::receive`].
    pub fn skip(&mut self) -> Result<bool, ReceiveError> {
        Ok(self.try_receive()?.is_some())
    }

    /// Drops every message that is there now, and returns how many. Never waits.
    ///
    /// They count as received. A message of which only some pieces are there is dropped, too, with
    /// the pieces that are still to come.
    ///
    /// # Errors
    ///
    /// As for [`Consumer::receive`], without those about the producer, and only if nothing was
    /// dropped.
    pub fn clear(&mut self) -> Result<u64, ReceiveError> {
        let dropped = self.drop_before(self.lap_ahead())?;
        Ok(dropped + u64::from(self.assembler.forget()))
    }

    /// Drops all messages that are there now but the last whole one, and returns how many were
    /// dropped. Never waits.
    ///
    /// They count as received. Pieces behind the last whole message stay.
    ///
    /// # Errors
    ///
    /// As for [`Consumer::clear`].
    pub fn skip_to_latest(&mut self) -> Result<u64, ReceiveError> {
        match self.last_start() {
            Some(start) => self.drop_before(start),
            None => Ok(0),
        }
    }

    /// The end of what can have been there when the call began.
    fn lap_ahead(&self) -> u64 {
        self.reader.position().wrapping_add(self.reader.capacity())
    }

    /// Drops whole messages that start before the position `end`.
    fn drop_before(&mut self, end: u64) -> Result<u64, ReceiveError> {
        let mut dropped = 0;
        while matches!(self.due, Due::Message) || self.reader.position() < end {
            match self.poll() {
                Ok(Some(Found::Record(record))) if record.position < end => {
                    self.reader.take(&record);
                }
                Ok(Some(Found::Assembled)) if self.reader.position() <= end => {
                    self.due = Due::Nothing;
                }
                // There is no more, or the next one is to stay.
                Ok(_) => break,
                // Dropped as well, before it was whole.
                Err(ReceiveError::MessageTooLarge { .. } | ReceiveError::NoMemory { .. }) => {}
                Err(error) if dropped == 0 => return Err(error),
                Err(_) => break,
            }
            dropped += 1;
        }
        self.reader.flush();
        Ok(dropped)
    }

    /// Where the last whole message starts that is there now.
    fn last_start(&self) -> Option<u64> {
        let (mut position, end) = (self.reader.position(), self.lap_ahead());
        let mut last = None;
        // Where the message starts whose pieces come next.
        let mut start = self.assembler.is_gathering().then_some(position);
        while position < end {
            let record = match self.reader.published(position) {
                Some(Published::Message(record)) => record,
                Some(Published::Padding(rest)) => {
                    position = position.wrapping_add(rest);
                    continue;
                }
                None => break,
            };
            let flags = self.flags(&record);
            if flags & self.layout().flags.fragment == 0 {
                last = Some(position);
                start = None;
            } else if self.is_first_piece(&record) {
                start = Some(position);
            }
            if flags & self.layout().flags.last_fragment != 0 {
                last = start.take().or(last);
            }
            position = record.end();
        }
        last
    }

    fn is_first_piece(&self, record: &Record) -> bool {
        let header = &self.layout().message_header;
        let at = record.payload_position(header);
        // The index is the first half of the prefix.
        record.payload_len(header) >= 8 && self.reader.memory.read_plain(at) as u32 == 0
    }
}

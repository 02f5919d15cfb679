//! Many messages, one publication.

use core::{fmt, mem};

use crate::error::SendError;
use crate::layout::{Encode, LayoutSource};
use crate::producer::{Producer, user_flags};
use crate::ring::{Place, Staged};
use crate::wait::Deadline;

/// Messages that become visible together.
///
/// One release of the first message publishes all of them, which is cheaper than one each. Nothing
/// is visible before [`Batch::commit`]; a batch that is dropped instead leaves no trace of what was
/// not published yet.
///
/// ```no_run
/// # use bitrpc_shm::{Layout, Producer};
/// # fn f<L: Layout>(producer: &mut Producer<L>) -> Result<(), bitrpc_shm::SendError> {
/// let mut batch = producer.batch();
/// for price in [101u64, 102, 103] {
///     batch.push(1000u32, &price.to_le_bytes())?;
/// }
/// batch.commit();
/// # Ok(())
/// # }
/// ```
#[must_use = "a batch that is not committed sends nothing"]
pub struct Batch<'a, L: LayoutSource> {
    producer: &'a mut Producer<L>,
    staged: Staged,
    /// The struct that was added last, as bytes.
    encoded: Vec<u8>,
}

impl<'a, L: LayoutSource> Batch<'a, L> {
    pub(crate) fn new(producer: &'a mut Producer<L>) -> Self {
        let staged = producer.writer.stage();
        Self { producer, staged, encoded: Vec::new() }
    }

    /// Adds a message. If there is no room for it, publishes what is pending and waits up to
    /// [`Options::send_timeout`](crate::Options::send_timeout).
    ///
    /// # Errors
    ///
    /// As for [`Producer::send`]; what is pending stays so, or was published.
    #[inline]
    pub fn push(&mut self, message_type: impl Into<u32>, payload: &[u8]) -> Result<(), SendError> {
        self.push_with(message_type, 0u32, payload)
    }

    /// Adds a message with flags. The urgent flag publishes everything pending, this message
    /// included, and wakes the consumer at once. Waits as [`Batch::push`] does.
    ///
    /// # Errors
    ///
    /// As for [`Batch::push`].
    #[inline]
    pub fn push_with(
        &mut self,
        message_type: impl Into<u32>,
        flags: impl Into<u32>,
        payload: &[u8],
    ) -> Result<(), SendError> {
        self.push_before(&mut None, message_type.into(), flags.into(), payload)
    }

    /// Adds one of the specification's structs. Waits as [`Batch::push`] does.
    ///
    /// # Errors
    ///
    /// As for [`Batch::push`].
    pub fn push_typed<T: Encode>(&mut self, value: &T) -> Result<(), SendError> {
        let mut bytes = mem::take(&mut self.encoded);
        bytes.clear();
        bytes.resize(value.encoded_len(), 0);
        value.encode_into(&mut bytes);
        let pushed =
            self.push(T::MESSAGE_TYPE.unwrap_or(self.producer.layout().types.data), &bytes);
        self.encoded = bytes;
        pushed
    }

    /// As [`Batch::push_with`], with a deadline that several messages may have in common.
    #[inline]
    pub(crate) fn push_before(
        &mut self,
        deadline: &mut Option<Deadline>,
        message_type: u32,
        flags: u32,
        payload: &[u8],
    ) -> Result<(), SendError> {
        let len = payload.len() as u64;
        self.producer.admit(message_type, len)?;
        let place = match self.producer.writer.place_known(&self.staged, len) {
            Some(place) => place,
            None => self.producer.place_or_wait(&mut self.staged, len, deadline)?,
        };
        self.add(&place, message_type, flags, payload);
        Ok(())
    }

    /// Adds a message if there is room for it behind what is pending. Never waits, never
    /// publishes.
    ///
    /// # Errors
    ///
    /// [`SendError::Full`] if there is no room; committing may help, because the consumer releases
    /// only what it sees. Otherwise as for [`Producer::try_send`].
    #[inline]
    pub fn try_push(
        &mut self,
        message_type: impl Into<u32>,
        payload: &[u8],
    ) -> Result<(), SendError> {
        let message_type = message_type.into();
        let len = payload.len() as u64;
        self.producer.admit(message_type, len)?;
        let place = match self.producer.writer.place_known(&self.staged, len) {
            Some(place) => place,
            None => self.producer.place_or_refuse(&self.staged, len)?,
        };
        self.add(&place, message_type, 0, payload);
        Ok(())
    }

    #[inline(always)]
    fn add(&mut self, place: &Place, message_type: u32, flags: u32, payload: &[u8]) {
        let layout = self.producer.layout();
        let writer = &mut self.producer.writer;
        writer.fill(&self.staged, place, user_flags(layout, flags), payload);
        writer.seal(&mut self.staged, place, message_type);
        if flags & layout.flags.urgent != 0 {
            self.flush();
        }
    }

    /// Messages that are pending.
    #[must_use]
    pub fn len(&self) -> usize {
        self.staged.messages as usize
    }

    /// Whether nothing is pending.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Publishes what is pending, and goes on with an empty batch.
    pub fn flush(&mut self) {
        self.producer.publish(&self.staged);
        self.staged = self.producer.writer.stage();
    }

    /// Publishes what is pending, and wakes the consumer if it sleeps.
    pub fn commit(mut self) {
        self.flush();
    }

    /// Adds messages until one fails, publishes, and says how many there were.
    pub(crate) fn extend_with<T, P>(
        mut self,
        messages: impl IntoIterator<Item = (T, P)>,
        mut push: impl FnMut(&mut Self, T, &[u8]) -> Result<(), SendError>,
    ) -> Result<usize, SendError>
    where
        P: AsRef<[u8]>,
    {
        let mut sent = 0;
        for (message_type, payload) in messages {
            match push(&mut self, message_type, payload.as_ref()) {
                Ok(()) => sent += 1,
                Err(error) if sent == 0 => return Err(error),
                Err(error) => {
                    self.producer.withhold(error);
                    break;
                }
            }
        }
        self.commit();
        Ok(sent)
    }
}

impl<L: LayoutSource> fmt::Debug for Batch<'_, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch").field("pending", &self.len()).finish_non_exhaustive()
    }
}

//! Finding room for messages: at once, or after waiting for it.

use std::time::Duration;

use super::Producer;
use crate::constants::STEP_BACK_NS;
use crate::error::SendError;
use crate::layout::LayoutSource;
use crate::peer::Ended;
use crate::ring::{Place, Staged, pause};
use crate::wait::{Deadline, Waited};

impl<L: LayoutSource> Producer<L> {
    // The slow halves start over, so that the fast ones stay straight code with constants in it.

    #[inline(always)]
    pub(super) fn put(
        &mut self,
        message_type: u32,
        flags: u32,
        payload: &[u8],
    ) -> Result<(), SendError> {
        self.put_or(message_type, flags, payload, Self::put_slow)
    }

    #[inline(always)]
    pub(super) fn try_put(
        &mut self,
        message_type: u32,
        flags: u32,
        payload: &[u8],
    ) -> Result<(), SendError> {
        self.put_or(message_type, flags, payload, Self::try_put_slow)
    }

    /// Sends at once where there is room as far as this side knows; else `slow` does.
    #[inline(always)]
    fn put_or(
        &mut self,
        message_type: u32,
        flags: u32,
        payload: &[u8],
        slow: impl FnOnce(&mut Self, u32, u32, &[u8]) -> Result<(), SendError>,
    ) -> Result<(), SendError> {
        self.admit(message_type, payload.len() as u64)?;
        let staged = self.writer.stage();
        match self.writer.place_known(&staged, payload.len() as u64) {
            Some(place) => self.finish(staged, &place, message_type, flags, payload),
            None => return slow(self, message_type, flags, payload),
        }
        Ok(())
    }

    #[cold]
    #[inline(never)]
    fn put_slow(&mut self, message_type: u32, flags: u32, payload: &[u8]) -> Result<(), SendError> {
        let mut staged = self.writer.stage();
        let place = self.place_or_wait(&mut staged, payload.len() as u64, &mut None)?;
        self.finish(staged, &place, message_type, flags, payload);
        Ok(())
    }

    #[cold]
    #[inline(never)]
    fn try_put_slow(
        &mut self,
        message_type: u32,
        flags: u32,
        payload: &[u8],
    ) -> Result<(), SendError> {
        let staged = self.writer.stage();
        let place = self.place_or_refuse(&staged, payload.len() as u64)?;
        self.finish(staged, &place, message_type, flags, payload);
        Ok(())
    }

    #[inline(always)]
    fn finish(
        &mut self,
        mut staged: Staged,
        place: &Place,
        message_type: u32,
        flags: u32,
        payload: &[u8],
    ) {
        self.writer.fill(&staged, place, flags, payload);
        self.writer.seal(&mut staged, place, message_type);
        self.writer.publish(&staged);
        self.writer.prepare_next(place);
    }

    /// Refuses what can never be sent.
    #[inline(always)]
    pub(crate) fn admit(&self, message_type: u32, payload: u64) -> Result<(), SendError> {
        if message_type == 0 || payload > self.writer.largest() || self.side.is_forked() {
            return Err(self.refusal(message_type, payload));
        }
        Ok(())
    }

    #[cold]
    fn refusal(&self, message_type: u32, payload: u64) -> SendError {
        if self.side.is_forked() {
            SendError::Forked
        } else if message_type == 0 {
            SendError::InvalidType
        } else {
            SendError::TooLarge { size: payload, max: self.writer.largest() }
        }
    }

    /// Finds room, or says why there is none, without waiting.
    #[cold]
    #[inline(never)]
    pub(crate) fn place_or_refuse(
        &mut self,
        staged: &Staged,
        payload: u64,
    ) -> Result<Place, SendError> {
        self.look_around()?;
        if let Some(place) = self.writer.place(staged, payload)? {
            return Ok(place);
        }
        self.writer.count_failure();
        match self.side.peer.look() {
            Some(ended) if ended == Ended::Removed || !self.writer.has_room(staged, payload) => {
                Err(self.ended(ended))
            }
            _ => Err(SendError::Full),
        }
    }

    /// Finds room, waiting for it. What is staged is published first: the consumer could not make
    /// room for it otherwise.
    ///
    /// A call that needs room several times keeps its `deadline`, which is set when it is first
    /// needed.
    #[cold]
    #[inline(never)]
    pub(crate) fn place_or_wait(
        &mut self,
        staged: &mut Staged,
        payload: u64,
        deadline: &mut Option<Deadline>,
    ) -> Result<Place, SendError> {
        self.look_around()?;
        if let Some(place) = self.writer.grant(staged, payload) {
            return Ok(place);
        }
        self.writer.reload()?;
        if self.writer.is_tight(staged) {
            // A producer that takes each bit of room as soon as it is there reads the consumer's
            // position for each message, and so slows down the consumer, who writes it: the stream
            // would stay in that state.
            pause(STEP_BACK_NS);
            self.writer.reload()?;
        }
        if let Some(place) = self.writer.grant(staged, payload) {
            return Ok(place);
        }
        self.writer.publish(staged);
        *staged = self.writer.stage();
        let deadline = *deadline.get_or_insert_with(|| Deadline::after(self.send_timeout));
        self.wait_for_room(staged, payload, deadline)
    }

    fn wait_for_room(
        &mut self,
        staged: &Staged,
        payload: u64,
        deadline: Deadline,
    ) -> Result<Place, SendError> {
        loop {
            let Self { writer, side, .. } = self;
            let waited = side.wait(deadline, || writer.has_room(staged, payload));
            let failure = match waited {
                _ if self.side.peer.is_removed() => self.ended(Ended::Removed),
                Waited::Ended(ended) => self.ended(ended),
                Waited::TimedOut | Waited::Interrupted => self.out_of_time(),
                Waited::Ready => match self.writer.place(staged, payload)? {
                    Some(place) => return Ok(place),
                    // Only a peer whose position goes back and forth leads here.
                    None if deadline.is_over() => self.out_of_time(),
                    None => continue,
                },
            };
            self.writer.count_failure();
            return Err(failure);
        }
    }

    /// Whoever sends into a file that has lost its name sends to nobody. The usual send does not
    /// come here; one in each stretch does, and each one whose consumer needed attention.
    fn look_around(&mut self) -> Result<(), SendError> {
        match self.side.peer.is_removed_by_now() {
            true => Err(self.ended(Ended::Removed)),
            false => Ok(()),
        }
    }

    /// A call that was not to wait found the ring full; any other one is out of time.
    fn out_of_time(&self) -> SendError {
        match self.send_timeout {
            Some(Duration::ZERO) => SendError::Full,
            _ => SendError::Timeout,
        }
    }

    /// Says how the consumer ended.
    fn ended(&mut self, ended: Ended) -> SendError {
        self.side.peer.told(ended);
        match ended {
            Ended::Closed => SendError::Closed,
            Ended::Died => SendError::PeerDied,
            Ended::Removed => {
                // From now on every send comes to the slow half, and is told.
                self.writer.end_stretch();
                SendError::Removed
            }
        }
    }

    /// An error was not passed on to the caller: what is told once is to be told again.
    pub(crate) fn withhold(&mut self, error: SendError) {
        if matches!(error, SendError::PeerDied | SendError::Closed) {
            self.side.peer.untold();
        }
    }

    /// Publishes what is staged, unless nobody could receive it any more.
    pub(crate) fn publish(&mut self, staged: &Staged) {
        if !self.side.peer.is_removed() {
            self.writer.publish(staged);
        }
    }
}

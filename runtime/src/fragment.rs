//! Messages that are larger than a record: cut on one side, put together on the other.
//!
//! Each piece starts with its index and the number of pieces, so that a receiver can tell the rest
//! of a message whose sender died from the start of the next one.

use crate::constants::PREFIX_SIZE;
use crate::message::Header;

/// Cuts a payload into pieces whose records carry at most `size` bytes, prefix included.
pub(crate) fn pieces(payload: &[u8], size: usize) -> core::slice::Chunks<'_, u8> {
    payload.chunks(size - PREFIX_SIZE)
}

/// Writes one piece and its prefix into a record's payload.
pub(crate) fn write_piece(out: &mut [u8], index: u32, count: u32, piece: &[u8]) {
    out[..4].copy_from_slice(&index.to_le_bytes());
    out[4..PREFIX_SIZE].copy_from_slice(&count.to_le_bytes());
    out[PREFIX_SIZE..].copy_from_slice(piece);
}

/// What became of a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// More are to come, or it belongs to a message that is being dropped.
    More,
    /// The message is complete.
    Complete,
    /// The message exceeds the limit and is being dropped.
    TooLarge {
        /// Bytes so far.
        size: u64,
    },
    /// There is no memory for the message, which is being dropped.
    NoMemory {
        /// Bytes so far.
        size: u64,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Between messages.
    Idle,
    /// Some pieces are here.
    Gathering,
    /// The rest of a message is being dropped.
    Dropping,
}

/// A piece as it lies in the ring.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Piece<'a> {
    pub(crate) message_type: u32,
    pub(crate) last: bool,
    pub(crate) payload: &'a [u8],
}

/// Puts the pieces of one message together.
#[derive(Debug)]
pub(crate) struct Assembler {
    buffer: Vec<u8>,
    message_type: u32,
    /// Of the first piece.
    header: Header,
    next: u32,
    count: u32,
    state: State,
    max: usize,
}

impl Assembler {
    /// An assembler for messages of at most `max` bytes.
    pub(crate) fn new(max: usize) -> Self {
        Self {
            buffer: Vec::new(),
            message_type: 0,
            header: Header::default(),
            next: 0,
            count: 0,
            state: State::Idle,
            max,
        }
    }

    /// Whether a record that is no piece would break a message off.
    #[inline(always)]
    pub(crate) fn is_gathering(&self) -> bool {
        self.state != State::Idle
    }

    /// A whole message came: drops what was gathered. Returns how many errors that is.
    pub(crate) fn interrupt(&mut self) -> u32 {
        let lost = u32::from(self.state == State::Gathering);
        self.state = State::Idle;
        lost
    }

    /// Drops what was gathered, and what is still to come of it; whether there was something.
    pub(crate) fn forget(&mut self) -> bool {
        let is_lost = self.state == State::Gathering;
        if is_lost {
            self.state = State::Dropping;
        }
        is_lost
    }

    /// Adds a piece; `header` copies its record's header if it is a first one. Also returns how
    /// many messages were found broken.
    pub(crate) fn add(&mut self, piece: Piece<'_>, header: impl FnOnce() -> Header) -> (Step, u32) {
        let Some((prefix, bytes)) = piece.payload.split_first_chunk::<PREFIX_SIZE>() else {
            self.interrupt();
            return (Step::More, 1);
        };
        let [i0, i1, i2, i3, c0, c1, c2, c3] = *prefix;
        let index = u32::from_le_bytes([i0, i1, i2, i3]);
        let count = u32::from_le_bytes([c0, c1, c2, c3]);
        let mut broken = 0;
        if index == 0 {
            broken += self.interrupt();
            self.buffer.clear();
            self.message_type = piece.message_type;
            self.header = header();
            (self.next, self.count, self.state) = (0, count, State::Gathering);
        }
        let continues = self.state == State::Gathering
            && index == self.next
            && count == self.count
            && piece.message_type == self.message_type
            && piece.last == (u64::from(index) + 1 == u64::from(count));
        if !continues {
            // The rest of a message is counted once, not once for each piece.
            broken += u32::from(self.state != State::Dropping);
            self.state = if piece.last { State::Idle } else { State::Dropping };
            return (Step::More, broken);
        }
        let size = self.buffer.len() + bytes.len();
        let (is_too_large, size) = (size > self.max, size as u64);
        // What a message may come to is the sender's wish.
        if is_too_large || self.buffer.try_reserve(bytes.len()).is_err() {
            self.buffer = Vec::new();
            self.state = if piece.last { State::Idle } else { State::Dropping };
            let step = match is_too_large {
                true => Step::TooLarge { size },
                false => Step::NoMemory { size },
            };
            return (step, broken + 1);
        }
        self.buffer.extend_from_slice(bytes);
        self.next += 1;
        if piece.last {
            self.state = State::Idle;
            return (Step::Complete, broken);
        }
        (Step::More, broken)
    }

    /// The message that was completed last.
    pub(crate) fn message(&self) -> (&Header, &[u8]) {
        (&self.header, &self.buffer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(index: u32, count: u32, bytes: &[u8]) -> Vec<u8> {
        let mut out = vec![0; PREFIX_SIZE + bytes.len()];
        write_piece(&mut out, index, count, bytes);
        out
    }

    fn add(
        assembler: &mut Assembler,
        message_type: u32,
        last: bool,
        payload: &[u8],
    ) -> (Step, u32) {
        assembler.add(Piece { message_type, last, payload }, Header::default)
    }

    #[test]
    fn pieces_come_together_in_order() {
        let payload: Vec<u8> = (0..100).collect();
        let mut assembler = Assembler::new(100);
        let all: Vec<_> = pieces(&payload, 32).collect();
        let count = all.len() as u32;
        for (index, bytes) in (0..).zip(&all) {
            let last = index + 1 == count;
            let (step, broken) = add(&mut assembler, 5, last, &piece(index, count, bytes));
            assert_eq!(broken, 0);
            assert_eq!(step == Step::Complete, last);
        }
        assert_eq!(assembler.message().1, payload);
    }

    #[test]
    fn a_message_whose_rest_never_came_is_one_error() {
        let mut assembler = Assembler::new(100);
        assert_eq!(add(&mut assembler, 5, false, &piece(0, 3, b"a")), (Step::More, 0));
        assert_eq!(add(&mut assembler, 5, false, &piece(0, 2, b"b")), (Step::More, 1));
        assert_eq!(add(&mut assembler, 5, true, &piece(1, 2, b"c")), (Step::Complete, 0));
        assert_eq!(assembler.message().1, b"bc");
        add(&mut assembler, 5, false, &piece(0, 2, b"d"));
        assert_eq!(assembler.interrupt(), 1);
        assert_eq!(assembler.interrupt(), 0);
    }

    #[test]
    fn the_rest_of_a_message_that_was_never_begun_is_one_error() {
        let mut assembler = Assembler::new(100);
        assert_eq!(add(&mut assembler, 5, false, &piece(7, 10, b"x")), (Step::More, 1));
        assert_eq!(add(&mut assembler, 5, false, &piece(8, 10, b"x")), (Step::More, 0));
        assert_eq!(add(&mut assembler, 5, true, &piece(9, 10, b"x")), (Step::More, 0));
        assert!(!assembler.is_gathering());
    }

    #[test]
    fn hostile_prefixes_are_dropped() {
        let mut assembler = Assembler::new(100);
        for (last, payload) in [
            (true, vec![]),
            (false, vec![1; 7]),
            (true, piece(0, 0, b"x")),
            (true, piece(0, 2, b"x")),
            (false, piece(0, 1, b"x")),
            (true, piece(u32::MAX, u32::MAX, b"x")),
        ] {
            let (step, broken) = add(&mut assembler, 5, last, &payload);
            assert_eq!((step, broken > 0), (Step::More, true), "{payload:?}");
            assembler.interrupt();
        }
    }

    #[test]
    fn a_message_beyond_the_limit_is_dropped_to_its_end() {
        let mut assembler = Assembler::new(10);
        assert_eq!(add(&mut assembler, 5, false, &piece(0, 3, &[1; 8])), (Step::More, 0));
        let (step, broken) = add(&mut assembler, 5, false, &piece(1, 3, &[1; 8]));
        assert_eq!((step, broken), (Step::TooLarge { size: 16 }, 1));
        assert_eq!(add(&mut assembler, 5, true, &piece(2, 3, &[1; 8])), (Step::More, 0));
        assert_eq!(add(&mut assembler, 5, true, &piece(0, 1, &[1; 10])), (Step::Complete, 0));
    }
}

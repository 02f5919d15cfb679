//! How far a consumer lets itself fall behind in a stream.
//!
//! A consumer as fast as its producer polls the line that is being written, and both slow down to
//! a cache-line transfer or two for each message. Pausing a little whenever the ring is found
//! empty lets several lines gather, which then move at the speed of the prefetcher. The pause
//! adapts: it stays at 0 for request and response, and grows while the runs between two empties
//! are short.

use crate::options::Distance;

/// Longest pause, in spin-loop hints: some ten microseconds.
const LONGEST: u32 = 1024;
/// First pause that is tried.
const FIRST: u32 = 8;
/// How many empties lie between two tries while there is no pause.
const TRY_EVERY: u32 = 64;
/// A run shorter than this (or a quarter of the ring) asks for a longer pause.
const SHORT_RUN: u64 = 64 << 10;
/// A run longer than this asks for a shorter pause.
const LONG_RUN: u64 = 256 << 10;

/// The adaptive pause of one consumer.
#[derive(Debug)]
pub(crate) struct Pace {
    adaptive: bool,
    short_run: u64,
    pause: u32,
    empties: u32,
    mark_messages: u64,
    mark_position: u64,
}

impl Pace {
    /// A pace for a ring of this capacity, starting without a pause.
    pub(crate) fn new(distance: Distance, capacity: u64, messages: u64, position: u64) -> Self {
        Self {
            adaptive: distance == Distance::Adaptive,
            short_run: SHORT_RUN.min(capacity / 4),
            pause: 0,
            empties: 0,
            mark_messages: messages,
            mark_position: position,
        }
    }

    /// The ring was found empty, after this many messages and bytes in all. Returns how many
    /// spin-loop hints to wait before looking again: 0 if nothing came since the last time.
    #[inline]
    pub(crate) fn on_empty(&mut self, messages: u64, position: u64) -> u32 {
        let run = messages.wrapping_sub(self.mark_messages);
        if run == 0 || !self.adaptive {
            return 0;
        }
        let bytes = position.wrapping_sub(self.mark_position);
        self.mark_messages = messages;
        self.mark_position = position;
        if self.pause == 0 {
            self.empties += 1;
            if self.empties >= TRY_EVERY {
                self.empties = 0;
                self.pause = FIRST;
            }
        } else if run < 2 {
            self.pause = 0;
        } else if bytes < self.short_run {
            self.pause = (self.pause * 2).min(LONGEST);
        } else if bytes > LONG_RUN {
            self.pause -= self.pause / 4;
        }
        self.pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ping_pong_pays_one_try_in_sixty_four() {
        let mut pace = Pace::new(Distance::Adaptive, 1 << 20, 0, 0);
        let paused = (1..=6400u64).filter(|&i| pace.on_empty(i, i * 24) > 0).count();
        assert!(paused <= 100, "{paused} of 6400");
    }

    #[test]
    fn short_runs_double_the_pause_up_to_the_longest_and_long_ones_shrink_it() {
        let mut pace = Pace::new(Distance::Adaptive, 1 << 20, 0, 0);
        let mut messages = 0;
        let longest = (0..100).map(|_| {
            messages += 4;
            pace.on_empty(messages, messages * 24)
        });
        assert_eq!(longest.max(), Some(LONGEST));
        messages += 100_000;
        assert_eq!(pace.on_empty(messages, messages * 24), LONGEST - LONGEST / 4);
        assert_eq!(pace.on_empty(messages, messages * 24), 0, "nothing came: no further pause");
    }

    #[test]
    fn latency_never_pauses() {
        let mut pace = Pace::new(Distance::Latency, 1 << 20, 0, 0);
        assert!((1..1000u64).all(|i| pace.on_empty(i * 4, i * 96) == 0));
    }
}

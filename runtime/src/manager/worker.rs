//! The manager's thread, and what it shares with its owner.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::handlers::Handlers;
use crate::consumer::Consumer;
use crate::error::{Error, ReceiveError};
use crate::layout::Layout;
use crate::producer::Producer;
use crate::ring::Memory;
use crate::role::{Origin, Role, RoleFields};
use crate::segment::Segment;

/// Messages received before others get a chance to use the consumer.
const BURST: usize = 64;
/// How long an owner that stops the thread waits before it wakes it once more.
const NUDGE: Duration = Duration::from_millis(1);
/// How long the thread waits after an error that only time can mend.
const PAUSE: Duration = Duration::from_millis(100);

/// The side that a manager owns.
#[expect(clippy::large_enum_variant, reason = "there is one for each manager")]
pub(super) enum Side<L: Layout> {
    Producer(Producer<L>),
    Consumer(Consumer<L>),
}

/// What the manager and its thread share.
pub(super) struct Shared<L: Layout> {
    pub(super) segment: Arc<Segment<L>>,
    pub(super) role: Role,
    pub(super) handlers: Mutex<Handlers<L>>,
    pub(super) stop: AtomicBool,
    pub(super) origin: Origin,
    side: Mutex<Side<L>>,
    /// Guards nothing; sleeps that stopping has to end are slept here.
    gate: Mutex<()>,
    bell: Condvar,
}

impl<L: Layout> Shared<L> {
    pub(super) fn new(segment: Arc<Segment<L>>, role: Role, side: Side<L>) -> Self {
        Self {
            segment,
            role,
            handlers: Mutex::default(),
            stop: AtomicBool::new(false),
            origin: Origin::here(),
            side: Mutex::new(side),
            gate: Mutex::new(()),
            bell: Condvar::new(),
        }
    }

    pub(super) fn with_producer<R>(
        &self,
        f: impl FnOnce(&mut Producer<L>) -> R,
    ) -> Result<R, Error> {
        self.check_fork()?;
        match &mut *self.side.lock().unwrap_or_else(PoisonError::into_inner) {
            Side::Producer(producer) => Ok(f(producer)),
            Side::Consumer(_) => Err(Error::Unsupported { what: "sending as the consumer" }),
        }
    }

    pub(super) fn with_consumer<R>(
        &self,
        f: impl FnOnce(&mut Consumer<L>) -> R,
    ) -> Result<R, Error> {
        self.check_fork()?;
        match &mut *self.side.lock().unwrap_or_else(PoisonError::into_inner) {
            Side::Consumer(consumer) => Ok(f(consumer)),
            Side::Producer(_) => Err(Error::Unsupported { what: "receiving as the producer" }),
        }
    }

    /// A forked child has no thread that would ever give the lock back.
    fn check_fork(&self) -> Result<(), Error> {
        if self.origin.is_forked() { Err(Error::Forked) } else { Ok(()) }
    }

    /// The thread's whole life.
    pub(super) fn run(&self, interval: Duration) {
        match self.role {
            Role::Producer => self.run_producer(interval),
            Role::Consumer => self.run_consumer(interval),
        }
    }

    fn run_producer(&self, interval: Duration) {
        let memory = self.segment.mapped();
        let sent = || memory.load_u64(L::RING_HEADER.messages_sent, Ordering::Relaxed);
        let mut before = sent();
        self.heartbeat();
        while !self.pause(interval) {
            self.heartbeat();
            // A sender that holds the lock is sending: that says "still here" well enough.
            if sent() == before
                && let Ok(mut side) = self.side.try_lock()
                && let Side::Producer(producer) = &mut *side
                && let Err(error) = producer.try_send(L::TYPES.heartbeat, &[])
            {
                log::debug!("no heartbeat message: {error}");
            }
            before = sent();
        }
    }

    fn run_consumer(&self, interval: Duration) {
        let mut next = Instant::now();
        let mut reported = None;
        while !self.is_stopping() {
            let now = Instant::now();
            if now >= next {
                self.heartbeat();
                next = now + interval;
            }
            let mut received = false;
            let result =
                self.with_consumer(|consumer| self.receive(consumer, next - now, &mut received));
            if received {
                reported = None;
            }
            match result {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    // Said once by the ring itself; all else it says until something changes.
                    let once = matches!(
                        error,
                        ReceiveError::PeerDied | ReceiveError::MessageTooLarge { .. }
                    );
                    if once || reported != Some(error) {
                        self.handlers().report(error);
                    }
                    reported = Some(error);
                    self.wait_for_change(error);
                }
                // The role says consumer, and so does the side.
                Err(_) => return,
            }
        }
    }

    /// Receives for a while and hands out; `received` says whether there was a message, also if
    /// an error follows it.
    fn receive(
        &self,
        consumer: &mut Consumer<L>,
        timeout: Duration,
        received: &mut bool,
    ) -> Result<(), ReceiveError> {
        let stop = || self.is_stopping();
        let Some(message) = consumer.receive_until(timeout, &stop)? else { return Ok(()) };
        *received = true;
        let mut handlers = self.handlers();
        handlers.dispatch(&message);
        drop(message);
        for _ in 1..BURST {
            if self.is_stopping() {
                break;
            }
            let Some(message) = consumer.try_receive()? else { break };
            handlers.dispatch(&message);
        }
        Ok(())
    }

    /// After an error: sleeps until a new producer attaches, or for a moment.
    fn wait_for_change(&self, error: ReceiveError) {
        let waited = match error {
            ReceiveError::Closed | ReceiveError::PeerDied => self.with_consumer(|consumer| {
                consumer.wait_for_producer(PAUSE, &|| self.is_stopping());
            }),
            ReceiveError::MessageTooLarge { .. } => return,
            _ => {
                self.pause(PAUSE);
                return;
            }
        };
        debug_assert!(waited.is_ok(), "only a consumer's manager receives");
    }

    fn handlers(&self) -> std::sync::MutexGuard<'_, Handlers<L>> {
        self.handlers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn heartbeat(&self) {
        let field = RoleFields::of::<L>(self.role).heartbeat_ns;
        // Relaxed: information on its own. The thread of the role's holder stores it.
        self.segment.mapped().store_u64(field, crate::platform::now_ns(), Ordering::Relaxed);
    }

    fn is_stopping(&self) -> bool {
        // Acquire: pairs with the release store in `interrupt`.
        self.stop.load(Ordering::Acquire)
    }

    /// Waits, at most `timeout`; whether the thread is to stop.
    fn pause(&self, timeout: Duration) -> bool {
        let gate = self.gate.lock().unwrap_or_else(PoisonError::into_inner);
        let result = self.bell.wait_timeout_while(gate, timeout, |()| !self.is_stopping());
        drop(result);
        self.is_stopping()
    }

    /// Tells the thread to stop, and wakes it from whatever it sleeps on until it has.
    pub(super) fn interrupt(&self, is_finished: impl Fn() -> bool) {
        let mut gate = self.gate.lock().unwrap_or_else(PoisonError::into_inner);
        // Release: pairs with the acquire load in `is_stopping`.
        self.stop.store(true, Ordering::Release);
        self.bell.notify_all();
        let memory = self.segment.mapped();
        let sequence = RoleFields::of::<L>(self.role).sleeps.sequence;
        while !is_finished() {
            // The thread may have looked at `stop` just before and be about to sleep on the
            // peer's sequence, which is not ours to move: so wake until it is gone.
            memory.wake(sequence);
            gate = match self.bell.wait_timeout(gate, NUDGE) {
                Ok((gate, _)) => gate,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
    }
}

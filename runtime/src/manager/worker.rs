//! The manager's thread, and what it shares with its owner.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::handlers::{Handlers, ManagerError};
use crate::consumer::Consumer;
use crate::error::{Error, ReceiveError};
use crate::interrupt::Interrupter;
use crate::layout::LayoutSource;
use crate::producer::Producer;
use crate::ring::Memory;
use crate::role::{Origin, Role, RoleFields};
use crate::segment::Segment;

/// Messages received before others get a chance to use the consumer.
const BURST: usize = 64;
/// How long the thread waits after an error that only time can mend.
const PAUSE: Duration = Duration::from_millis(100);
/// How long the thread leaves the side to others that want it.
const YIELD: Duration = Duration::from_micros(100);
/// Nobody.
const NOBODY: usize = 0;

/// The side that a manager owns.
#[expect(clippy::large_enum_variant, reason = "there is one for each manager")]
pub(super) enum Side<L: LayoutSource> {
    Producer(Producer<L>),
    Consumer(Consumer<L>),
}

/// What the manager and its threads share.
pub(super) struct Shared<L: LayoutSource> {
    pub(super) segment: Arc<Segment<L>>,
    pub(super) role: Role,
    pub(super) handlers: Handlers<L>,
    pub(super) origin: Origin,
    pub(super) interrupter: Interrupter<L>,
    side: Mutex<Side<L>>,
    /// The thread that uses the side.
    user: AtomicUsize,
}

/// Tells one run of the thread to stop.
#[derive(Default)]
pub(super) struct Stop {
    is_set: Mutex<bool>,
    bell: Condvar,
}

/// The use of a side by one thread.
struct Use<'a, L: LayoutSource> {
    side: MutexGuard<'a, Side<L>>,
    user: &'a AtomicUsize,
}

impl<L: LayoutSource> Drop for Use<'_, L> {
    fn drop(&mut self) {
        // Relaxed: only ever compared with the own thread's number, which it alone stores.
        self.user.store(NOBODY, Ordering::Relaxed);
    }
}

impl<L: LayoutSource> Shared<L> {
    pub(super) fn new(side: Side<L>) -> Self {
        let (segment, role, interrupter) = match &side {
            Side::Producer(producer) => {
                (producer.segment(), Role::Producer, producer.interrupter())
            }
            Side::Consumer(consumer) => {
                (consumer.segment(), Role::Consumer, consumer.interrupter())
            }
        };
        Self {
            segment: Arc::clone(segment),
            role,
            handlers: Handlers::default(),
            origin: Origin::here(),
            interrupter,
            side: Mutex::new(side),
            user: AtomicUsize::new(NOBODY),
        }
    }

    pub(super) fn with_producer<R>(
        &self,
        f: impl FnOnce(&mut Producer<L>) -> R,
    ) -> Result<R, Error> {
        match &mut *self.take_side()?.side {
            Side::Producer(producer) => Ok(f(producer)),
            Side::Consumer(_) => Err(Error::Unsupported { what: "sending as the consumer" }),
        }
    }

    /// Runs `f` with the consumer as soon as the manager's thread lets go of it.
    pub(super) fn with_consumer<R>(
        &self,
        f: impl FnOnce(&mut Consumer<L>) -> R,
    ) -> Result<R, Error> {
        self.refuse_user()?;
        let want = self.interrupter.want();
        let mut side = self.take_side()?;
        drop(want);
        match &mut *side.side {
            Side::Consumer(consumer) => {
                consumer.set_yields(false);
                Ok(f(consumer))
            }
            Side::Producer(_) => Err(Error::Unsupported { what: "receiving as the producer" }),
        }
    }

    fn take_side(&self) -> Result<Use<'_, L>, Error> {
        self.refuse_user()?;
        let side = self.side.lock().unwrap_or_else(PoisonError::into_inner);
        // Relaxed: as in `Use::drop`.
        self.user.store(thread_number(), Ordering::Relaxed);
        Ok(Use { side, user: &self.user })
    }

    /// A thread that uses the side already would wait for itself; and a forked child has no thread
    /// that would ever give the lock back.
    fn refuse_user(&self) -> Result<(), Error> {
        if self.origin.is_forked() {
            return Err(Error::Forked);
        }
        // Relaxed: as in `Use::drop`.
        match self.user.load(Ordering::Relaxed) == thread_number() {
            true => Err(Error::Busy),
            false => Ok(()),
        }
    }

    /// The thread's whole life.
    pub(super) fn run(&self, stop: &Stop, interval: Duration) {
        match self.role {
            Role::Producer => self.run_producer(stop, interval),
            Role::Consumer => self.run_consumer(stop, interval),
        }
    }

    fn run_producer(&self, stop: &Stop, interval: Duration) {
        loop {
            self.heartbeat();
            if stop.wait(interval) {
                return;
            }
        }
    }

    fn run_consumer(&self, stop: &Stop, interval: Duration) {
        // `None` once it is too far away for the clock.
        let mut next = Some(Instant::now());
        let mut reported = None;
        while !stop.is_set() {
            let now = Instant::now();
            if next.is_some_and(|next| now >= next) {
                self.heartbeat();
                next = now.checked_add(interval);
            }
            self.let_others();
            let timeout = next.map(|next| next.saturating_duration_since(now));
            let mut received = false;
            let result = self.receive(stop, timeout, &mut received);
            if received {
                reported = None;
            }
            let Err(error) = result else { continue };
            // Told until something changes, by a call that does not wait.
            let lasts = matches!(error, ReceiveError::Corrupt(_) | ReceiveError::Removed);
            if !lasts || reported != Some(error) {
                self.handlers.report(ManagerError::Receive(error));
            }
            reported = Some(error);
            if lasts {
                stop.wait(PAUSE);
            }
        }
    }

    /// Whoever wants the side gets a chance before the thread takes it again.
    fn let_others(&self) {
        if self.interrupter.is_wanted() {
            std::thread::sleep(YIELD);
        }
    }

    /// Receives for a while and hands out; `received` says whether there was a message, also if
    /// an error follows it.
    fn receive(
        &self,
        stop: &Stop,
        timeout: Option<Duration>,
        received: &mut bool,
    ) -> Result<(), ReceiveError> {
        let mut side = self.take_side().map_err(|_| ReceiveError::Forked)?;
        let Side::Consumer(consumer) = &mut *side.side else { return Ok(()) };
        // A stop that was called for before the lock was taken has not interrupted anything.
        if stop.is_set() {
            return Ok(());
        }
        consumer.set_yields(true);
        let Some(message) = consumer.receive(timeout)? else { return Ok(()) };
        *received = true;
        self.handlers.dispatch_or_report(&message);
        drop(message);
        for _ in 1..BURST {
            if stop.is_set() || self.interrupter.is_wanted() {
                break;
            }
            let Some(message) = consumer.try_receive()? else { break };
            self.handlers.dispatch_or_report(&message);
        }
        Ok(())
    }

    fn heartbeat(&self) {
        let field = RoleFields::of(self.role, &self.segment.layout().ring_header).heartbeat_ns;
        // Relaxed: information on its own. The thread of the role's holder stores it.
        self.segment.mapped().store_u64(field, crate::platform::now_ns(), Ordering::Relaxed);
    }
}

impl Stop {
    pub(super) fn set(&self) {
        *self.lock() = true;
        self.bell.notify_all();
    }

    fn is_set(&self) -> bool {
        *self.lock()
    }

    /// Waits, at most `timeout`; whether the thread is to stop.
    fn wait(&self, timeout: Duration) -> bool {
        let waited = self.bell.wait_timeout_while(self.lock(), timeout, |is_set| !*is_set);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }

    fn lock(&self) -> MutexGuard<'_, bool> {
        self.is_set.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A number that no other living thread has, and that is not [`NOBODY`].
fn thread_number() -> usize {
    thread_local!(static PLACE: Cell<u8> = const { Cell::new(0) });
    PLACE.with(|place| core::ptr::from_ref(place).addr())
}

//! One side of a ring with what long-lived programs want around it: handlers by message type, a
//! thread that receives, heartbeats, and the peer's state.

mod handlers;
mod worker;

use core::fmt;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use self::handlers::Handlers;
use self::worker::{Shared, Side};
use crate::consumer::Consumer;
use crate::error::{Error, ReceiveError};
use crate::layout::{Encode, Layout};
use crate::message::Message;
use crate::options::Options;
use crate::producer::Producer;
use crate::role::Role;
use crate::stats::{self, PeerState, Snapshot, Statistics};

/// Heartbeat interval unless [`Manager::set_heartbeat`] says otherwise.
const DEFAULT_INTERVAL: Duration = Duration::from_millis(1000);
/// How many intervals late a heartbeat may be before its side counts as stalled.
const STALLED_AFTER: u32 = 3;

/// One side of a ring behind a lock, with handlers, heartbeats and the peer's state.
///
/// A consumer's manager receives and calls the handler of each message's type, either in a thread
/// of its own ([`Manager::start`]) or by hand ([`Manager::poll`]). A producer's manager sends from
/// any thread. Both store heartbeats while the thread runs; a producer that sent nothing else in
/// an interval also sends an empty heartbeat message, if there is room.
///
/// Dropping stops the thread and closes the side. A forked child gets [`Error::Forked`] from every
/// call that sends or receives; dropping its copy leaves the parent's thread and side alone.
///
/// ```no_run
/// # use bitrpc_shm::{Layout, Manager, Options};
/// # fn f<L: Layout>() -> Result<(), bitrpc_shm::Error> {
/// let mut manager = Manager::<L>::consumer("prices", &Options::new())?;
/// manager.on(1000u32, |message| println!("{:?}", message.payload()));
/// manager.on_default(|message| println!("type {}", message.message_type()));
/// manager.start()?;
/// # Ok(())
/// # }
/// ```
pub struct Manager<L: Layout> {
    shared: Arc<Shared<L>>,
    thread: Option<JoinHandle<()>>,
    interval: Duration,
}

impl<L: Layout> Manager<L> {
    /// A manager for the sending side.
    ///
    /// # Errors
    ///
    /// As for [`Producer::create`].
    pub fn producer(name: &str, options: &Options) -> Result<Self, Error> {
        let producer = Producer::create(name, options)?;
        let segment = Arc::clone(producer.segment());
        Ok(Self::new(Shared::new(segment, Role::Producer, Side::Producer(producer))))
    }

    /// A manager for the receiving side.
    ///
    /// # Errors
    ///
    /// As for [`Consumer::open`].
    pub fn consumer(name: &str, options: &Options) -> Result<Self, Error> {
        let consumer = Consumer::open(name, options)?;
        let segment = Arc::clone(consumer.segment());
        Ok(Self::new(Shared::new(segment, Role::Consumer, Side::Consumer(consumer))))
    }

    /// A manager for either side.
    ///
    /// # Errors
    ///
    /// As for [`Manager::producer`] and [`Manager::consumer`].
    pub fn create(name: &str, role: Role, options: &Options) -> Result<Self, Error> {
        match role {
            Role::Producer => Self::producer(name, options),
            Role::Consumer => Self::consumer(name, options),
        }
    }

    fn new(shared: Shared<L>) -> Self {
        Self { shared: Arc::new(shared), thread: None, interval: DEFAULT_INTERVAL }
    }

    /// Sets how often heartbeats are stored. Takes effect with the next [`Manager::start`].
    /// Default: one second.
    pub fn set_heartbeat(&mut self, interval: Duration) {
        self.interval = interval.max(Duration::from_millis(1));
    }

    /// Calls `handler` for messages of one type; replaces an earlier handler of this type.
    ///
    /// Handlers run in the receiving thread, one at a time. A handler that calls back into this
    /// manager waits for itself forever.
    pub fn on(
        &self,
        message_type: impl Into<u32>,
        handler: impl FnMut(&Message<'_, L>) + Send + 'static,
    ) {
        self.handlers().by_type.insert(message_type.into(), Box::new(handler));
    }

    /// Calls `handler` for messages whose type has no handler of its own.
    pub fn on_default(&self, handler: impl FnMut(&Message<'_, L>) + Send + 'static) {
        self.handlers().default = Some(Box::new(handler));
    }

    /// Calls `handler` when receiving in the thread fails: the producer closed or died, the ring
    /// is corrupt, a message was dropped. Each is told once. Without a handler, errors are logged.
    /// The thread goes on and waits for the next producer.
    pub fn on_error(&self, handler: impl FnMut(ReceiveError) + Send + 'static) {
        self.handlers().error = Some(Box::new(handler));
    }

    fn handlers(&self) -> std::sync::MutexGuard<'_, Handlers<L>> {
        self.shared.handlers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts the thread; nothing happens if it runs already.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if the system gives no thread.
    pub fn start(&mut self) -> Result<(), Error> {
        if self.thread.is_some() {
            return Ok(());
        }
        // Relaxed: spawning the thread orders it.
        self.shared.stop.store(false, Ordering::Relaxed);
        let (shared, interval) = (Arc::clone(&self.shared), self.interval);
        let thread = std::thread::Builder::new()
            .name(format!("bitrpc {}", self.shared.segment.name()))
            .spawn(move || shared.run(interval))
            .map_err(|source| Error::Io {
                operation: "start a thread for",
                path: self.shared.segment.path().to_path_buf(),
                source,
            })?;
        self.thread = Some(thread);
        Ok(())
    }

    /// Stops the thread and waits for its end: for a handler that is running, not for messages.
    /// The side stays attached; [`Manager::start`] may be called again.
    pub fn stop(&mut self) {
        let Some(thread) = self.thread.take() else { return };
        if self.shared.origin.is_forked() {
            // The thread is the parent's: there is none here to wait for, nor to let go.
            core::mem::forget(thread);
            return;
        }
        self.shared.interrupt(|| thread.is_finished());
        if thread.join().is_err() {
            log::error!("{}: a handler panicked", self.shared.segment.path().display());
        }
    }

    /// Whether the thread runs.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.thread.as_ref().is_some_and(|thread| !thread.is_finished())
    }

    /// Receives one message, waiting up to `timeout`, and calls its handler; stores a heartbeat.
    /// Returns whether there was one. `None` waits as [`Consumer::receive`] does.
    ///
    /// # Errors
    ///
    /// As for [`Consumer::receive`]; [`Error::Unsupported`] for a producer's manager.
    ///
    /// # Panics
    ///
    /// If the thread runs: it receives.
    pub fn poll(&mut self, timeout: Option<Duration>) -> Result<bool, Error> {
        assert!(self.thread.is_none(), "poll() while the manager's thread receives");
        self.shared.with_consumer(|consumer| {
            consumer.heartbeat();
            let Some(message) = consumer.receive(timeout)? else { return Ok(false) };
            self.handlers().dispatch(&message);
            Ok(true)
        })?
    }

    /// Sends a message. Waits for room as [`Producer::send`] does, and for other senders.
    ///
    /// # Errors
    ///
    /// As for [`Producer::send`]; [`Error::Unsupported`] for a consumer's manager.
    pub fn send(&self, message_type: impl Into<u32>, payload: &[u8]) -> Result<(), Error> {
        Ok(self.with_producer(|producer| producer.send(message_type, payload))??)
    }

    /// Sends text as a `data` message.
    ///
    /// # Errors
    ///
    /// As for [`Manager::send`].
    pub fn send_string(&self, text: &str) -> Result<(), Error> {
        Ok(self.with_producer(|producer| producer.send_string(text))??)
    }

    /// Sends one of the specification's structs.
    ///
    /// # Errors
    ///
    /// As for [`Manager::send`].
    pub fn send_typed<T: Encode>(&self, value: &T) -> Result<(), Error> {
        Ok(self.with_producer(|producer| producer.send_typed(value))??)
    }

    /// Runs `f` with the producer, while no other thread uses it.
    ///
    /// # Errors
    ///
    /// [`Error::Unsupported`] for a consumer's manager.
    pub fn with_producer<R>(&self, f: impl FnOnce(&mut Producer<L>) -> R) -> Result<R, Error> {
        self.shared.with_producer(f)
    }

    /// Runs `f` with the consumer, while no other thread uses it. Waits for the manager's thread
    /// to pause between two messages.
    ///
    /// # Errors
    ///
    /// [`Error::Unsupported`] for a producer's manager.
    pub fn with_consumer<R>(&self, f: impl FnOnce(&mut Consumer<L>) -> R) -> Result<R, Error> {
        self.shared.with_consumer(f)
    }

    /// Which side this is.
    #[must_use]
    pub fn role(&self) -> Role {
        self.shared.role
    }

    /// What the other side is doing. It counts as stalled when its heartbeat is later than three
    /// of this manager's intervals.
    #[must_use]
    pub fn peer_state(&self) -> PeerState {
        stats::state(&self.shared.segment, self.shared.role.peer(), self.stall())
    }

    /// Counters of both sides. Waits for nobody.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        stats::statistics(&self.shared.segment.mapped())
    }

    /// Counters, positions and states of both sides. Waits for nobody.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        stats::snapshot(&self.shared.segment, Some(self.shared.role), self.stall())
    }

    fn stall(&self) -> Duration {
        self.interval.saturating_mul(STALLED_AFTER)
    }
}

impl<L: Layout> Drop for Manager<L> {
    fn drop(&mut self) {
        self.stop();
    }
}

impl<L: Layout> fmt::Debug for Manager<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Manager")
            .field("path", &self.shared.segment.path())
            .field("role", &self.shared.role)
            .field("running", &self.is_running())
            .finish_non_exhaustive()
    }
}

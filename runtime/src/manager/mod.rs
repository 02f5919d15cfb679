//! One side of a ring with what long-lived programs want around it: handlers by message type, a
//! thread that receives, heartbeats, and the peer's state.

mod handlers;
mod worker;

use core::fmt;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

pub use self::handlers::ManagerError;
use self::worker::{Shared, Side, Stop};
use crate::constants::{HEARTBEAT_NS, STALLED_BEATS};
use crate::consumer::Consumer;
use crate::error::Error;
use crate::layout::{Constants, Encode, Layout, LayoutSource};
use crate::message::Message;
use crate::options::Options;
use crate::producer::Producer;
use crate::role::Role;
use crate::stats::{self, PeerState, Snapshot, Statistics};

/// Heartbeat interval unless [`Manager::set_heartbeat`] says otherwise.
const DEFAULT_INTERVAL: Duration = Duration::from_nanos(HEARTBEAT_NS);
/// Shortest interval.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(1);

/// One side of a ring behind a lock, with handlers, heartbeats and the peer's state.
///
/// A consumer's manager receives and calls the handler of each message's type, either in a thread
/// of its own ([`Manager::start`]) or by hand ([`Manager::poll`]). A producer's manager sends from
/// any thread. Both store heartbeats in the ring's header while the thread runs, and send no
/// messages for it.
///
/// Handlers run in the receiving thread, one at a time, and may call everything of their manager
/// but what would use the consumer that they are called by: that is [`Error::Busy`]. One that
/// panics is told to [`Manager::on_error`], or on standard error, and the thread goes on with the
/// next message. A message is released when its handler has returned: if this process is killed
/// before, it comes again to the next consumer, but for one that was put together from pieces.
///
/// Dropping stops the thread and closes the side; in a handler, the side closes when the handler
/// has returned. A forked child gets [`Error::Forked`] from every call that sends or receives;
/// dropping its copy leaves the parent's thread and side alone.
///
/// ```no_run
/// # use bitrpc_shm::{Layout, Manager, Options};
/// # fn f<L: Layout>() -> Result<(), bitrpc_shm::Error> {
/// let mut manager = Manager::<L>::consumer("prices", &Options::new())?;
/// manager.on(1000u32, |message| println!("{:?}", message.payload()));
/// manager.on_any(|message| println!("type {}", message.message_type()));
/// manager.start()?;
/// # Ok(())
/// # }
/// ```
pub struct Manager<L: LayoutSource> {
    shared: Arc<Shared<L>>,
    run: Option<Run>,
    interval: Duration,
}

/// A thread that runs, or has run.
struct Run {
    thread: JoinHandle<()>,
    stop: Arc<Stop>,
}

impl<L: Layout> Manager<L> {
    /// A manager for the sending side.
    ///
    /// # Errors
    ///
    /// As for [`Producer::create`].
    pub fn producer(name: &str, options: &Options) -> Result<Self, Error> {
        Self::create(name, Role::Producer, options)
    }

    /// A manager for the receiving side.
    ///
    /// # Errors
    ///
    /// As for [`Consumer::open`].
    pub fn consumer(name: &str, options: &Options) -> Result<Self, Error> {
        Self::create(name, Role::Consumer, options)
    }

    /// A manager for either side.
    ///
    /// # Errors
    ///
    /// As for [`Manager::producer`] and [`Manager::consumer`].
    pub fn create(name: &str, role: Role, options: &Options) -> Result<Self, Error> {
        Self::create_in(Constants::HERE, name, role, options)
    }
}

impl<L: LayoutSource> Manager<L> {
    /// [`Manager::create`] for a ring whose numbers these are.
    pub(crate) fn create_in(
        numbers: L::Numbers,
        name: &str,
        role: Role,
        options: &Options,
    ) -> Result<Self, Error> {
        Ok(Self::new(match role {
            Role::Producer => Side::Producer(Producer::create_in(numbers, name, options)?),
            Role::Consumer => Side::Consumer(Consumer::open_in(numbers, name, options)?),
        }))
    }

    fn new(side: Side<L>) -> Self {
        Self { shared: Arc::new(Shared::new(side)), run: None, interval: DEFAULT_INTERVAL }
    }

    /// Sets how often heartbeats are stored, a millisecond at least. Takes effect with the next
    /// [`Manager::start`]. Default: one second.
    pub fn set_heartbeat(&mut self, interval: Duration) {
        self.interval = interval.max(SHORTEST_INTERVAL);
    }

    /// Calls `handler` for messages of one type; replaces an earlier handler of this type.
    pub fn on(
        &self,
        message_type: impl Into<u32>,
        handler: impl FnMut(&Message<'_, L>) + Send + 'static,
    ) {
        self.shared.handlers.set(message_type.into(), handler);
    }

    /// Calls `handler` for messages whose type has no handler of its own. Without it, such messages
    /// are dropped, and the first of each type is logged.
    pub fn on_any(&self, handler: impl FnMut(&Message<'_, L>) + Send + 'static) {
        self.shared.handlers.set_any(handler);
    }

    /// Calls `handler` when something goes wrong in the thread: the producer closed or died, the
    /// ring is corrupt, a message was dropped, a handler panicked. Each is told once. Without a
    /// handler, the life of producers is logged, and everything else is an error of the program's
    /// log or, where it has none, a line on standard error. The thread goes on.
    pub fn on_error(&self, handler: impl FnMut(ManagerError) + Send + 'static) {
        self.shared.handlers.set_error(handler);
    }

    /// Starts the thread; nothing happens if it runs already.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if the system gives no thread.
    pub fn start(&mut self) -> Result<(), Error> {
        if self.run.is_some() {
            return Ok(());
        }
        let (shared, interval) = (Arc::clone(&self.shared), self.interval);
        let stop = Arc::<Stop>::default();
        let heard = Arc::clone(&stop);
        let thread = std::thread::Builder::new()
            .name(format!("bitrpc {}", self.shared.segment.file().name()))
            .spawn(move || shared.run(&heard, interval))
            .map_err(|source| Error::Io {
                operation: "start a thread for",
                path: self.shared.segment.file().path().to_path_buf(),
                source,
            })?;
        self.run = Some(Run { thread, stop });
        Ok(())
    }

    /// Stops the thread and waits for its end: for a handler that is running, not for messages. In
    /// a handler it returns at once, and the thread ends when the handler has returned. The side
    /// stays attached; [`Manager::start`] may be called again.
    pub fn stop(&mut self) {
        let Some(Run { thread, stop }) = self.run.take() else { return };
        if self.shared.origin.is_forked() {
            // The thread is the parent's: there is none here to wait for, nor to let go.
            core::mem::forget(thread);
            return;
        }
        stop.set();
        if thread.thread().id() == std::thread::current().id() {
            return;
        }
        let want = self.shared.interrupter.want();
        if thread.join().is_err() {
            notice!(
                "{}: the manager's thread panicked",
                self.shared.segment.file().path().display()
            );
        }
        drop(want);
    }

    /// Whether the thread runs.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.run.as_ref().is_some_and(|run| !run.thread.is_finished())
    }

    /// Receives one message, waiting up to `timeout`, and calls its handler; stores a heartbeat.
    /// Returns whether there was one. `None` waits as [`Consumer::receive`] does. A handler that
    /// panics does so through this call.
    ///
    /// # Errors
    ///
    /// As for [`Consumer::receive`]; [`Error::Busy`] while the thread runs, because it receives;
    /// [`Error::Unsupported`] for a producer's manager.
    pub fn poll(&mut self, timeout: Option<Duration>) -> Result<bool, Error> {
        if self.is_running() {
            return Err(Error::Busy);
        }
        self.shared.with_consumer(|consumer| {
            consumer.heartbeat();
            let Some(message) = consumer.receive(timeout)? else { return Ok(false) };
            self.shared.handlers.dispatch(&message);
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
    /// [`Error::Unsupported`] for a consumer's manager; [`Error::Busy`] inside of another `f`.
    pub fn with_producer<R>(&self, f: impl FnOnce(&mut Producer<L>) -> R) -> Result<R, Error> {
        self.shared.with_producer(f)
    }

    /// Runs `f` with the consumer, while no other thread uses it. The manager's thread lets go of
    /// it between two messages, and as soon as there is none.
    ///
    /// # Errors
    ///
    /// [`Error::Unsupported`] for a producer's manager; [`Error::Busy`] inside of a handler or of
    /// another `f`.
    pub fn with_consumer<R>(&self, f: impl FnOnce(&mut Consumer<L>) -> R) -> Result<R, Error> {
        self.shared.with_consumer(f)
    }

    /// Whether this is the sending side.
    #[must_use]
    pub fn is_producer(&self) -> bool {
        self.shared.role == Role::Producer
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
        self.interval.saturating_mul(STALLED_BEATS)
    }
}

impl<L: LayoutSource> Drop for Manager<L> {
    fn drop(&mut self) {
        self.stop();
    }
}

impl<L: LayoutSource> fmt::Debug for Manager<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Manager")
            .field("path", &self.shared.segment.file().path())
            .field("role", &self.shared.role)
            .field("running", &self.is_running())
            .finish_non_exhaustive()
    }
}

//! What a caller may choose when attaching to a ring.

use std::path::{Path, PathBuf};
use std::time::Duration;

/// Whether attaching may or must create the ring.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Opens the ring, or creates it: either side may start first.
    #[default]
    CreateOrOpen,
    /// Creates the ring; an existing one is an error.
    CreateOnly,
    /// Opens the ring; a missing one is an error.
    OpenOnly,
}

/// How a blocking call waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WaitStrategy {
    /// Looks again for the spin budget, then sleeps in the kernel until woken.
    #[default]
    Adaptive,
    /// Never sleeps: lowest latency for a whole processor.
    Spin,
}

/// Whether a consumer keeps a distance to its producer in streams.
///
/// A consumer that polls the very cache line that is being written slows both sides down. Pauses,
/// at most 26 microseconds each, let a few lines gather. The consumer makes them only while it
/// finds that they let at least a tenth more bytes through; an exchange of requests and answers, or
/// a stream that leaves it time, does not pay for them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Distance {
    /// Pauses while that carries more bytes.
    #[default]
    Adaptive,
    /// Never pauses.
    Latency,
}

/// Where a consumer starts that attaches to a ring with messages in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Start {
    /// With the oldest: nothing is lost.
    #[default]
    Oldest,
    /// With the first message that is sent after it attached: what was there is dropped. For
    /// commands and measurements, which nobody wants late.
    Newest,
}

/// Options of attaching; the default suits most programs.
///
/// ```
/// use bitrpc_shm::{Mode, Options};
/// use std::time::Duration;
///
/// let options = Options::new()
///     .capacity(1 << 20)
///     .mode(Mode::CreateOnly)
///     .send_timeout(Some(Duration::from_millis(500)));
/// # let _ = options;
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Options {
    pub(crate) capacity: Option<u64>,
    pub(crate) mode: Mode,
    pub(crate) directory: Option<PathBuf>,
    pub(crate) any_schema: bool,
    pub(crate) any_owner: bool,
    pub(crate) permissions: u32,
    pub(crate) wait_strategy: WaitStrategy,
    pub(crate) distance: Distance,
    pub(crate) spin: Duration,
    pub(crate) send_timeout: Option<Duration>,
    pub(crate) max_message_size: usize,
    pub(crate) fragment_size: Option<usize>,
    pub(crate) start: Start,
    pub(crate) exact_size: bool,
    pub(crate) diagnose_wakeups: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            capacity: None,
            mode: Mode::default(),
            directory: None,
            any_schema: false,
            any_owner: false,
            permissions: 0o600,
            wait_strategy: WaitStrategy::default(),
            distance: Distance::default(),
            spin: Duration::from_micros(20),
            send_timeout: None,
            max_message_size: 64 << 20,
            fragment_size: None,
            start: Start::default(),
            exact_size: false,
            diagnose_wakeups: false,
        }
    }
}

impl Options {
    /// The default options.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks for a data area of this many bytes, rounded up to a power of two (1 KiB to 1 TiB).
    ///
    /// Opening a ring of another capacity is an error. A caller that does not ask takes an existing
    /// ring as it is and creates one with the protocol's default.
    pub fn capacity(mut self, bytes: u64) -> Self {
        self.capacity = Some(bytes);
        self
    }

    /// Says whether attaching may or must create the ring. Default: [`Mode::CreateOrOpen`].
    pub fn mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// Puts the ring's file into this folder: overrides `BITRPC_SHM_DIR` and the system's default.
    pub fn directory(mut self, folder: impl AsRef<Path>) -> Self {
        self.directory = Some(folder.as_ref().to_path_buf());
        self
    }

    /// Accepts a ring of the same version whose message types or structs differ. Default: refused,
    /// because the two programs would misread each other. Of two minor versions, a difference is
    /// what is to be expected, and accepted.
    pub fn any_schema(mut self, any: bool) -> Self {
        self.any_schema = any;
        self
    }

    /// Accepts a file that belongs to another user. Default: refused, because whoever can write
    /// the file can write anything into the ring.
    pub fn any_owner(mut self, any: bool) -> Self {
        self.any_owner = any;
        self
    }

    /// Permission bits of a created file (Unix). Default: `0o600`.
    pub fn permissions(mut self, mode: u32) -> Self {
        self.permissions = mode;
        self
    }

    /// How blocking calls wait. Default: [`WaitStrategy::Adaptive`].
    pub fn wait_strategy(mut self, strategy: WaitStrategy) -> Self {
        self.wait_strategy = strategy;
        self
    }

    /// Whether the consumer keeps a distance in streams. Default: [`Distance::Adaptive`].
    pub fn distance(mut self, distance: Distance) -> Self {
        self.distance = distance;
        self
    }

    /// How long an adaptive wait looks again before it sleeps. Default: 20 microseconds.
    pub fn spin(mut self, budget: Duration) -> Self {
        self.spin = budget;
        self
    }

    /// How long `send` and `claim` wait for room. Default: `None`, as long as it takes.
    pub fn send_timeout(mut self, timeout: Option<Duration>) -> Self {
        self.send_timeout = timeout;
        self
    }

    /// Most bytes of a fragmented message that a consumer puts together. Default: 64 MiB.
    pub fn max_message_size(mut self, bytes: usize) -> Self {
        self.max_message_size = bytes;
        self
    }

    /// Most payload bytes of one piece of a fragmented message, its 8-byte prefix included.
    ///
    /// Default and upper limit: what keeps two pieces in the ring, half of the largest payload.
    /// Values below 64 count as 64.
    pub fn fragment_size(mut self, bytes: usize) -> Self {
        self.fragment_size = Some(bytes);
        self
    }

    /// Where a consumer starts. Default: [`Start::Oldest`].
    pub fn start(mut self, start: Start) -> Self {
        self.start = start;
        self
    }

    /// Makes typed receives refuse a payload that is longer than the struct. Default: it comes from
    /// a newer version, which appended fields; it is read as far as the struct is known.
    pub fn exact_size(mut self, exact: bool) -> Self {
        self.exact_size = exact;
        self
    }

    /// Looks into each sleep that ended by its time limit although what it waited for was there:
    /// sleeps on for up to a second, and counts the missed wake-up if still nobody ends it. For
    /// tests of an implementation: such a receive or send is late. Default: it returns at once, and
    /// nothing is counted.
    pub fn diagnose_wakeups(mut self, diagnose: bool) -> Self {
        self.diagnose_wakeups = diagnose;
        self
    }
}

//! Runs peers as processes over one ring, in a folder that nobody else sees.
//!
//! A peer that hangs is killed at the deadline; the ring's folder and every process are gone when
//! the values of this module are dropped, also after a failure.

use std::fmt;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use super::probe::{Probe, wait_until};
use super::toolchain::Program;
pub use super::verdict::Verdict;
use bitrpc_spec::layout::Layout;
use bitrpc_spec::model::role::RingRole;

/// How often a wait looks around, at most.
const TICK: Duration = Duration::from_millis(50);

/// The side of the ring that a peer takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Sends.
    Producer,
    /// Receives and verifies.
    Consumer,
}

impl Role {
    /// The peer's word for it.
    pub fn verb(self) -> &'static str {
        match self {
            Self::Producer => "produce",
            Self::Consumer => "consume",
        }
    }

    /// The field that counts how often the role was taken.
    fn epoch(self) -> RingRole {
        match self {
            Self::Producer => RingRole::ProducerEpoch,
            Self::Consumer => RingRole::ConsumerEpoch,
        }
    }
}

/// Which side is started first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Both at once.
    Together,
    /// The consumer when the producer has attached.
    ProducerFirst,
    /// The producer when the consumer has attached.
    ConsumerFirst,
}

/// What a pair does; see the peer's own `--help` for the words.
#[derive(Debug, Clone)]
pub struct Task {
    /// Messages to exchange.
    pub count: u64,
    /// Capacity of the ring in bytes.
    pub capacity: u64,
    /// Seed of the messages.
    pub seed: u64,
    /// What the messages are: `mixed`, `records` or `stream`.
    pub plan: &'static str,
    /// Bytes of each message of the plan `stream`.
    pub size: u64,
    /// Longest random gap between two messages, microseconds.
    pub gap_us: u64,
    /// The waiting strategy of both sides, `adaptive` or `spin`.
    pub wait: &'static str,
    /// After how many messages the producer pauses; 0: never.
    pub slow_producer: u64,
    /// After how many messages the consumer pauses; 0: never.
    pub slow_consumer: u64,
    /// Which side is started first.
    pub order: Order,
    /// When both must have ended.
    pub limit: Duration,
}

impl Default for Task {
    fn default() -> Self {
        Self {
            count: 1000,
            capacity: 65536,
            seed: 1,
            plan: "mixed",
            size: 64,
            gap_us: 0,
            wait: "adaptive",
            slow_producer: 0,
            slow_consumer: 0,
            order: Order::Together,
            limit: Duration::from_secs(120),
        }
    }
}

impl Task {
    fn arguments(&self, role: Role) -> Vec<String> {
        let slow = match role {
            Role::Producer => self.slow_producer,
            Role::Consumer => self.slow_consumer,
        };
        let options = [
            ("--count", self.count.to_string()),
            ("--capacity", self.capacity.to_string()),
            ("--seed", self.seed.to_string()),
            ("--plan", self.plan.to_owned()),
            ("--size", self.size.to_string()),
            ("--gap-us", self.gap_us.to_string()),
            ("--wait", self.wait.to_owned()),
            ("--slow-every", slow.to_string()),
            ("--timeout-ms", self.limit.as_millis().to_string()),
        ];
        options.into_iter().flat_map(|(name, value)| [name.to_owned(), value]).collect()
    }
}

/// What a pair did, both sides verified.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// What the producer says.
    pub producer: Verdict,
    /// What the consumer says.
    pub consumer: Verdict,
}

/// Why a pair failed.
#[derive(Debug)]
pub struct Failure(String);

impl Failure {
    /// A failure for this reason.
    pub fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}

impl From<String> for Failure {
    fn from(reason: String) -> Self {
        Self(reason)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self(error.to_string())
    }
}

/// A folder for one ring, removed with everything in it when dropped.
#[derive(Debug)]
pub struct Arena {
    folder: tempfile::TempDir,
}

/// The name of the ring in every [`Arena`].
pub const RING: &str = "pair";

impl Arena {
    /// A new empty folder, in memory where the machine has such a place.
    ///
    /// # Errors
    ///
    /// When no folder can be made.
    pub fn new() -> io::Result<Self> {
        let memory = Path::new("/dev/shm");
        let place = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let folder = tempfile::Builder::new().prefix("bitrpc-arena-").tempdir_in(place)?;
        Ok(Self { folder })
    }

    /// Where the folder is.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Looks at the header of the arena's ring from outside.
    pub fn probe<'a>(&self, layout: &'a Layout) -> Probe<'a> {
        Probe::new(layout, self.ring_file(layout))
    }

    /// The file of the arena's ring, whether it is there or not.
    pub fn ring_file(&self, layout: &Layout) -> PathBuf {
        self.folder().join(format!("{}{RING}", layout.file_prefix))
    }

    /// Starts `program` in `role` on the arena's ring.
    ///
    /// # Errors
    ///
    /// When the program cannot be started.
    pub fn start(
        &self,
        program: &Program,
        role: Role,
        arguments: &[String],
    ) -> io::Result<Running> {
        let mut command = program.command();
        self.spawn(role.verb(), command.arg(role.verb()).args(["--name", RING]).args(arguments))
    }

    /// Starts `command` so that its rings lie in the arena; failures call it `label`.
    ///
    /// # Errors
    ///
    /// When the program cannot be started.
    pub fn spawn(&self, label: &str, command: &mut Command) -> io::Result<Running> {
        command.env("BITRPC_SHM_DIR", self.folder());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let output = collect(stdout, stderr);
        Ok(Running { child, label: label.to_owned(), output, finished: None })
    }
}

/// Reads both streams to their ends on a thread of their own, which is when the process ends.
fn collect(stdout: Option<ChildStdout>, stderr: Option<ChildStderr>) -> Receiver<[String; 2]> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let errors = thread::spawn(move || read_all(stderr));
        let text = read_all(stdout);
        let errors = errors.join().unwrap_or_default();
        // Nobody listens any more when the peer was dropped.
        let _ = sender.send([text, errors]);
    });
    receiver
}

fn read_all(stream: Option<impl Read>) -> String {
    let mut bytes = Vec::new();
    if let Some(mut stream) = stream {
        // What came before an error is still worth showing.
        let _ = stream.read_to_end(&mut bytes);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A peer process; killed when dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    label: String,
    output: Receiver<[String; 2]>,
    finished: Option<Finished>,
}

/// A peer that has ended.
#[derive(Debug, Clone)]
pub struct Finished {
    /// How it ended.
    pub status: ExitStatus,
    /// What it said, when it said something.
    pub verdict: Option<Verdict>,
    /// Everything that it printed.
    pub text: String,
}

impl Finished {
    /// The verdict, when the peer says and its exit code shows that everything was right.
    pub fn verified(&self) -> Option<&Verdict> {
        self.verdict.as_ref().filter(|verdict| verdict.ok && self.status.success())
    }
}

impl Running {
    /// What failures call it.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// Process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits up to `limit` for the end; `None` while the peer runs.
    pub fn wait(&mut self, limit: Duration) -> Option<&Finished> {
        if self.finished.is_none() {
            let [stdout, stderr] = self.output.recv_timeout(limit).ok()?;
            let status = self.child.wait().ok()?;
            let verdict = Verdict::parse(&stdout);
            self.finished = Some(Finished { status, verdict, text: stdout + &stderr });
        }
        self.finished.as_ref()
    }

    /// Ends the process at once (`SIGKILL`), unless it has ended already.
    pub fn kill(&mut self) -> io::Result<()> {
        self.child.kill()
    }

    /// What went wrong, if this peer has ended and was not verified.
    pub fn failure(&mut self) -> Option<String> {
        let end = self.wait(Duration::ZERO)?;
        let reason = match (end.verified(), &end.verdict) {
            (Some(_), _) => return None,
            (None, Some(Verdict { error: Some(error), .. })) => error.clone(),
            _ => format!("{}\n{}", end.status, end.text.trim_end()),
        };
        Some(format!("{}: {reason}", self.label))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.finished.is_none() {
            // It may have ended by itself, which is as good.
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// Runs `from` and `to` as producer and consumer over a new ring and holds what they say against
/// the task. `tick` is called now and then with the number of messages released so far; the pair is
/// stopped when it returns `false`.
///
/// Blocks until both have ended or [`Task::limit`] has passed.
///
/// # Errors
///
/// When a peer fails or hangs, when the two do not agree, or when a wake-up was missed.
pub fn run_pair(
    layout: &Layout,
    from: &Program,
    to: &Program,
    task: &Task,
    tick: &mut dyn FnMut(u64) -> bool,
) -> Result<Outcome, Failure> {
    run_pair_in(&Arena::new()?, layout, [from, to], task, tick)
}

/// The same in an arena of the caller's, who may look on from outside.
///
/// # Errors
///
/// As for [`run_pair`].
pub fn run_pair_in(
    arena: &Arena,
    layout: &Layout,
    [from, to]: [&Program; 2],
    task: &Task,
    tick: &mut dyn FnMut(u64) -> bool,
) -> Result<Outcome, Failure> {
    let deadline = Instant::now() + task.limit;
    let probe = arena.probe(layout);
    let [mut producer, mut consumer] = start_both(arena, &probe, [from, to], task, deadline)?;
    loop {
        let sent = producer.wait(TICK).map(|end| end.verified().cloned());
        let received = consumer.wait(TICK).map(|end| end.verified().cloned());
        match (sent, received) {
            (Some(Some(producer)), Some(Some(consumer))) => {
                return Outcome { producer, consumer }.judged(task);
            }
            (Some(None), _) | (_, Some(None)) => break,
            _ if Instant::now() >= deadline => break,
            _ => {}
        }
        if !tick(probe.read(RingRole::MessagesReceived).unwrap_or(0)) {
            return Err(Failure::new("interrupted"));
        }
    }
    // The side that failed explains more than the one that was still waiting for it.
    let failures: Vec<_> = [producer.failure(), consumer.failure()].into_iter().flatten().collect();
    match failures.is_empty() {
        true => Err(Failure(format!("no end after {:?}; both sides killed", task.limit))),
        false => Err(Failure(failures.join("\n"))),
    }
}

fn start_both(
    arena: &Arena,
    probe: &Probe,
    [from, to]: [&Program; 2],
    task: &Task,
    deadline: Instant,
) -> io::Result<[Running; 2]> {
    let start = |role, program| arena.start(program, role, &task.arguments(role));
    let start_first = |role: Role, program| -> io::Result<Running> {
        let mut peer = start(role, program)?;
        wait_until(deadline, || {
            peer.wait(Duration::ZERO).is_some() || probe.read(role.epoch()) > Some(0)
        });
        Ok(peer)
    };
    Ok(match task.order {
        Order::Together => [start(Role::Producer, from)?, start(Role::Consumer, to)?],
        Order::ProducerFirst => [start_first(Role::Producer, from)?, start(Role::Consumer, to)?],
        Order::ConsumerFirst => {
            let consumer = start_first(Role::Consumer, to)?;
            [start(Role::Producer, from)?, consumer]
        }
    })
}

impl Outcome {
    /// Holds both verdicts against the task and each other.
    fn judged(self, task: &Task) -> Result<Self, Failure> {
        let Self { producer, consumer } = &self;
        let facts = [
            ("messages sent", producer.messages, task.count),
            ("messages received", consumer.messages, task.count),
            ("bytes received", consumer.bytes, producer.bytes),
            ("wake-ups missed by the producer", producer.missed_wakeups, 0),
            ("wake-ups missed by the consumer", consumer.missed_wakeups, 0),
            ("errors counted by the consumer", consumer.errors, 0),
        ];
        match facts.iter().find(|(_, found, expected)| found != expected) {
            None => Ok(self),
            Some((what, found, expected)) => {
                Err(Failure(format!("{what}: {found}, expected {expected}")))
            }
        }
    }
}

#[cfg(all(test, unix))]
mod tests;

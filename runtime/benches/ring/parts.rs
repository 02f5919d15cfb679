//! The two halves of each measurement.

use std::hint::black_box;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use bitrpc_shm::{Consumer, Distance, Message, Options, Producer, WaitStrategy};

use crate::bare::Bare;
use crate::layout::Default as Protocol;
use crate::pinned::pin;

/// Longest wait for anything: only a hang takes longer.
const PATIENCE: Option<Duration> = Some(Duration::from_secs(60));
/// Messages in one batch.
const BATCH: u64 = 64;
/// The message type that is sent.
const TYPE: u32 = 1000;

/// How messages are sent and received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `send`, and `recv` in place with the adaptive distance.
    Send,
    /// `send`, and `recv` in place without a distance.
    SendLatency,
    /// `send`, and `drain`.
    Drain,
    /// `send_batch`, and `drain`.
    Batch,
    /// A round trip, both sides spinning.
    Spin,
    /// A round trip, both sides sleeping at once.
    Blocking,
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case {
    kind: Kind,
    size: usize,
    count: u64,
}

impl Case {
    pub(crate) const fn stream(kind: Kind, size: usize, count: u64) -> Self {
        Self { kind, size, count }
    }

    pub(crate) const fn round_trip(kind: Kind, size: usize, count: u64) -> Self {
        Self { kind, size, count }
    }

    fn is_round_trip(&self) -> bool {
        matches!(self.kind, Kind::Spin | Kind::Blocking)
    }

    /// The case as the table names it.
    pub(crate) fn name(&self) -> String {
        format!("{:?} {} B", self.kind, self.size)
    }

    /// The same with fewer messages.
    pub(crate) fn shorter(&self, times: u64) -> Self {
        Self { count: (self.count / times).max(1), ..*self }
    }

    /// The table's row for `ns` nanoseconds a message (or round trip).
    pub(crate) fn row(&self, ns: f64, best_ns: f64, bare: &Bare) -> String {
        let name = self.name();
        if self.is_round_trip() {
            let bare = if self.kind == Kind::Blocking { bare.futex_ns } else { bare.line_ns };
            let time = format!("{ns:.0} ns [{best_ns:.0}]");
            return format!("{name:<18} {time:>30} {:>9} {:>15.2}x", "", ns / bare);
        }
        let (rate, best) = (1e3 / ns, 1e3 / best_ns);
        let gigabytes = self.size as f64 / ns;
        let ratio = gigabytes / bare.copy_gb;
        let rate = format!("{rate:.1} [{best:.1}]");
        format!("{name:<18} {rate:>30} {gigabytes:>9.2} {ratio:>15.3}x")
    }

    fn options(&self, folder: &str) -> Options {
        let options = Options::new().directory(folder).capacity(1 << 20);
        match self.kind {
            Kind::Blocking => options.spin(Duration::ZERO),
            Kind::SendLatency => {
                options.wait_strategy(WaitStrategy::Spin).distance(Distance::Latency)
            }
            _ => options.wait_strategy(WaitStrategy::Spin),
        }
    }
}

/// Measures one case once: nanoseconds for each message or round trip.
pub(crate) fn measure(case: &Case) -> f64 {
    let folder = folder();
    let path = folder.path().to_str().expect("a temporary folder's name is text");
    let mut child = spawn(case, path);
    // In a thread of its own: the next child would inherit this one's processor.
    let result = std::thread::scope(|scope| {
        let half = scope.spawn(|| {
            pin(0);
            if case.is_round_trip() { ask(case, path) } else { produce(case, path) }
        });
        half.join().expect("no panic")
    });
    let mut line = String::new();
    let output = child.stdout.take().expect("the child's output is a pipe");
    BufReader::new(output).read_line(&mut line).expect("the child's output can be read");
    assert!(child.wait().expect("the child can be waited for").success());
    let total = result.unwrap_or_else(|| line.trim().parse().expect("the child says a number"));
    total / case.count as f64
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a temporary folder")
}

fn spawn(case: &Case, folder: &str) -> Child {
    let program = std::env::current_exe().expect("this program has a path");
    let kind = format!("{:?}", case.kind);
    Command::new(program)
        .args(["part", &kind, &case.size.to_string(), &case.count.to_string(), folder])
        .stdout(Stdio::piped())
        .spawn()
        .expect("this program starts again")
}

/// The second process.
pub(crate) fn child(args: &[String]) {
    let [kind, size, count, folder] = args else { panic!("part KIND SIZE COUNT FOLDER") };
    let kinds =
        [Kind::Send, Kind::SendLatency, Kind::Drain, Kind::Batch, Kind::Spin, Kind::Blocking];
    let kind = kinds.into_iter().find(|k| format!("{k:?}") == *kind).expect("a kind");
    let number = |text: &String| text.parse::<u64>().expect("a number");
    let case = Case { kind, size: number(size) as usize, count: number(count) };
    pin(1);
    if case.is_round_trip() {
        answer(&case, folder);
    } else {
        println!("{}", consume(&case, folder));
    }
}

/// Sends; the receiver takes the time.
fn produce(case: &Case, folder: &str) -> Option<f64> {
    let options = case.options(folder).send_timeout(PATIENCE);
    let mut producer = Producer::<Protocol>::create("stream", &options).expect("a producer");
    match case.size {
        // With the size known, the copy is a few moves, as it is for a struct.
        8 => produce_sized::<8>(case, &mut producer),
        64 => produce_sized::<64>(case, &mut producer),
        1024 => produce_sized::<1024>(case, &mut producer),
        _ => {
            let payload = vec![7u8; case.size];
            for _ in 0..=case.count {
                producer.send(TYPE, &payload).expect("room");
            }
        }
    }
    None
}

fn produce_sized<const N: usize>(case: &Case, producer: &mut Producer<Protocol>) {
    let mut payload = [7u8; N];
    // The first message starts the clock.
    producer.send(TYPE, &payload).expect("room");
    let mut sent = 0;
    while sent < case.count {
        payload[0] = sent as u8;
        if case.kind == Kind::Batch {
            let batch = (case.count - sent).min(BATCH);
            let messages = (0..batch).map(|_| (TYPE, &payload));
            sent += producer.send_batch(messages).expect("room") as u64;
        } else {
            producer.send(TYPE, &payload).expect("room");
            sent += 1;
        }
    }
}

/// Receives everything; nanoseconds from the first message to the last.
fn consume(case: &Case, folder: &str) -> f64 {
    let mut consumer =
        Consumer::<Protocol>::open("stream", &case.options(folder)).expect("a consumer");
    drop(consumer.recv(PATIENCE).expect("a message").expect("in time"));
    let start = Instant::now();
    let mut received = 0;
    let mut sum = 0u64;
    let touch = |message: &Message<'_, Protocol>| u64::from(message.payload()[0]);
    while received < case.count {
        if matches!(case.kind, Kind::Drain | Kind::Batch) {
            let drained = consumer.drain(usize::MAX, |message| sum += touch(message));
            received += drained.expect("messages") as u64;
        } else {
            let message = consumer.recv(PATIENCE).expect("a message").expect("in time");
            sum += touch(&message);
            received += 1;
        }
    }
    black_box(sum);
    start.elapsed().as_nanos() as f64
}

/// Asks and waits for the answer, over two rings; nanoseconds in all.
fn ask(case: &Case, folder: &str) -> Option<f64> {
    let options = case.options(folder);
    let mut producer = Producer::<Protocol>::create("ask", &options).expect("a producer");
    let mut consumer = Consumer::<Protocol>::open("answer", &options).expect("a consumer");
    let payload = [7u8; 64];
    let mut round = || {
        producer.send(TYPE, &payload).expect("room");
        drop(black_box(consumer.recv(PATIENCE).expect("an answer").expect("in time")));
    };
    round();
    let start = Instant::now();
    for _ in 0..case.count {
        round();
    }
    Some(start.elapsed().as_nanos() as f64)
}

fn answer(case: &Case, folder: &str) {
    let options = case.options(folder);
    let mut consumer = Consumer::<Protocol>::open("ask", &options).expect("a consumer");
    let mut producer = Producer::<Protocol>::create("answer", &options).expect("a producer");
    for _ in 0..=case.count {
        let message = consumer.recv(PATIENCE).expect("a question").expect("in time");
        let payload: [u8; 64] = message.payload().try_into().expect("64 bytes");
        drop(message);
        producer.send(TYPE, &payload).expect("room");
    }
}

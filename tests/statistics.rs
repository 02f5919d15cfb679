//! Every language reads the same numbers from one ring: those that the Rust runtime reads, and
//! those that the messages sent and received make.

use std::process::ExitCode;
use std::time::Duration;

use bitrpc_conform::runner::{Arena, Failure, RING};
use bitrpc_conform::toolchain::run;
use bitrpc_shm::{Options, SendError};
use bitrpc_tests::harness;
use bitrpc_tests::matrix::{Member, Subject, members, subjects};
use serde_json::{Value, json};

use self::protocol::{Consumer, MessageType, Monitor, Producer, RingBuffer};

/// The default spec's own Rust code. Included, so that no formatter comes by.
#[allow(dead_code, unreachable_pub)]
mod protocol {
    include!("../generated/rust/src/protocol.rs");
}

/// What is done to a ring before it is read; returns what has to stay attached meanwhile.
type Story = fn(&Options) -> Result<Sides, Box<dyn std::error::Error>>;

type Sides = (Option<Producer>, Option<Consumer>);

const STORIES: &[(&str, Story)] = &[
    ("new_ring", new_ring),
    ("some_received", some_received),
    ("full_ring", full_ring),
    ("producer_gone", producer_gone),
    ("gap_counted", gap_counted),
];

fn main() -> ExitCode {
    let subject = subjects().first().expect("the default spec comes first");
    let mut trials = Vec::new();
    for member in members() {
        for (name, story) in STORIES {
            let name = format!("{name}/{}", member.id());
            trials.push(match &member.found {
                Err(missing) => harness::skipped(name, missing),
                Ok(_) => harness::trial(name, move || compare(subject, member, *story)),
            });
        }
    }
    harness::run(trials)
}

fn compare(subject: &Subject, member: &Member, story: Story) -> Result<(), Failure> {
    let arena = Arena::new()?;
    let options = Options::new().directory(arena.folder()).capacity(4096);
    let sides = story(&options).map_err(|error| Failure::new(error.to_string()))?;
    let expected = by_runtime(&options)?;
    let mut command = subject.peer(member)?.command();
    command.args(["statistics", "--name", RING]).env("BITRPC_SHM_DIR", arena.folder());
    let text = run(&mut command).map_err(|error| Failure::new(error.to_string()))?;
    drop(sides);
    let found: Value = serde_json::from_str(text.trim_end())
        .map_err(|error| Failure::new(format!("{error}: {text}")))?;
    for (name, expected) in expected.as_object().into_iter().flatten() {
        if found[name] != *expected {
            let found = &found[name];
            return Err(Failure::new(format!("{name}: {found}, expected {expected}")));
        }
    }
    Ok(())
}

/// The numbers as the Rust runtime reads them.
fn by_runtime(options: &Options) -> Result<Value, Failure> {
    let monitor = Monitor::open(RING, options).map_err(|error| Failure::new(error.to_string()))?;
    let snapshot = monitor.snapshot();
    let statistics = snapshot.statistics;
    let average: f64 = format!("{:.6}", statistics.avg_message_size).parse().unwrap_or_default();
    Ok(json!({
        "ok": true,
        "messages_sent": statistics.messages_sent,
        "messages_received": statistics.messages_received,
        "bytes_sent": statistics.bytes_sent,
        "bytes_received": statistics.bytes_received,
        "errors": statistics.errors,
        "avg_message_size": average,
        "send_failures": snapshot.send_failures,
        "receive_errors": snapshot.receive_errors,
        "producer_missed_wakeups": snapshot.producer.missed_wakeups,
        "consumer_missed_wakeups": snapshot.consumer.missed_wakeups,
        "used": snapshot.used_bytes,
        "capacity": snapshot.capacity,
        "producer_state": state(snapshot.producer.state),
        "consumer_state": state(snapshot.consumer.state),
    }))
}

fn state(state: bitrpc_shm::PeerState) -> &'static str {
    match state {
        bitrpc_shm::PeerState::Never => "never",
        bitrpc_shm::PeerState::Closed => "closed",
        _ => "attached",
    }
}

fn new_ring(options: &Options) -> Result<Sides, Box<dyn std::error::Error>> {
    drop(RingBuffer::create(RING, options)?);
    Ok((None, None))
}

/// 7 messages of 10 to 70 bytes sent, 3 of them received.
fn some_received(options: &Options) -> Result<Sides, Box<dyn std::error::Error>> {
    let mut producer = Producer::create(RING, options)?;
    let mut consumer = Consumer::open(RING, options)?;
    for size in 1..=7 {
        producer.send(MessageType::DATA, &vec![1; 10 * size])?;
    }
    for _ in 0..3 {
        drop(consumer.receive(Some(Duration::ZERO))?.ok_or("a message is there")?);
    }
    let statistics = producer.statistics();
    let counted = (statistics.messages_sent, statistics.bytes_sent, statistics.bytes_received);
    if counted != (7, 280, 60) {
        return Err(format!("{statistics:?}").into());
    }
    Ok((Some(producer), Some(consumer)))
}

/// Sends that find no room are counted.
fn full_ring(options: &Options) -> Result<Sides, Box<dyn std::error::Error>> {
    let mut producer = Producer::create(RING, options)?;
    while producer.try_send(MessageType::DATA, &[1; 100]) != Err(SendError::Full) {}
    let again = producer.try_send(MessageType::DATA, &[1; 100]);
    match (again, producer.snapshot().send_failures) {
        (Err(SendError::Full), 2) => Ok((Some(producer), None)),
        other => Err(format!("{other:?}").into()),
    }
}

fn producer_gone(options: &Options) -> Result<Sides, Box<dyn std::error::Error>> {
    let (producer, consumer) = some_received(options)?;
    drop(producer);
    Ok((None, consumer))
}

/// A message whose id is not the next one is delivered and counted.
fn gap_counted(options: &Options) -> Result<Sides, Box<dyn std::error::Error>> {
    use std::os::unix::fs::FileExt;

    use bitrpc_shm::Layout as _;

    let mut producer = Producer::create(RING, options)?;
    let mut consumer = Consumer::open(RING, options)?;
    producer.send(MessageType::DATA, b"first")?;
    drop(consumer.receive(Some(Duration::ZERO))?);
    producer.send(MessageType::DATA, b"second")?;
    let (header, message) = (protocol::Protocol::RING_HEADER, protocol::Protocol::MESSAGE_HEADER);
    let second = (header.size + 24 + message.message_id) as u64;
    let file = std::fs::File::options().write(true).open(producer.path())?;
    file.write_all_at(&77u32.to_le_bytes(), second)?;
    drop(consumer.receive(Some(Duration::ZERO))?);
    match producer.snapshot().receive_errors {
        1 => Ok((Some(producer), Some(consumer))),
        other => Err(format!("{other} errors counted").into()),
    }
}

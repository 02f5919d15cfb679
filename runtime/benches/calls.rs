//! What each call costs by itself: both sides in one thread, so that no cache line moves.
//!
//! `cargo bench -p bitrpc-shm [-- FILTER]` prints nanoseconds for each message that is sent and
//! received, the least of many rounds. It suits profilers and small changes; how fast messages go
//! from one process to another is measured by `cargo xtask bench`.

#[path = "../tests/common/layout.rs"]
mod layout;

use std::hint::black_box;
use std::time::Instant;

use bitrpc_shm::{Consumer, Message, Options, Producer};

use crate::layout::Default as Protocol;

/// Messages that are sent before they are received.
const RUN: usize = 64;
/// Rounds of [`RUN`] messages, of which the fastest counts.
const ROUNDS: usize = 20_000;
/// The message type that is sent.
const TYPE: u32 = 1000;

/// Both sides of one ring.
struct Ring {
    producer: Producer<Protocol>,
    consumer: Consumer<Protocol>,
}

fn main() {
    let filter = std::env::args().skip(1).find(|arg| !arg.starts_with("--")).unwrap_or_default();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let options = Options::new().directory(folder.path()).capacity(1 << 20);
    let mut ring = Ring {
        producer: Producer::create("calls", &options).expect("a producer"),
        consumer: Consumer::open("calls", &options).expect("a consumer"),
    };
    measure_size::<8>(&mut ring, &filter);
    measure_size::<64>(&mut ring, &filter);
    measure_size::<1024>(&mut ring, &filter);
}

/// Sends and receives [`RUN`] messages.
type Way<const N: usize> = fn(&mut Ring, &[u8; N]);

fn measure_size<const N: usize>(ring: &mut Ring, filter: &str) {
    let ways: [(&str, Way<N>); 5] = [
        ("send, receive", send_and_receive),
        ("try_send, try_receive", try_send_and_try_receive),
        ("claim, receive", claim_and_receive),
        ("send_batch, drain", batch_and_drain),
        ("send, receive_bytes", send_and_receive_bytes),
    ];
    for (name, way) in ways {
        let name = format!("{name}, {N} B");
        if name.contains(filter) {
            println!("{name:<28} {:>8.2} ns", least(ring, way));
        }
    }
    let name = format!("rtrb push, pop, {N} B");
    if name.contains(filter) {
        let (mut producer, mut consumer) = rtrb::RingBuffer::new((1 << 20) / N);
        let ns = least(ring, |_, payload: &[u8; N]| {
            for _ in 0..RUN {
                producer.push(*black_box(payload)).expect("room");
            }
            for _ in 0..RUN {
                black_box(consumer.pop().expect("a message"));
            }
        });
        println!("{name:<28} {ns:>8.2} ns");
    }
}

/// Nanoseconds for each message in the fastest round.
fn least<const N: usize>(ring: &mut Ring, mut way: impl FnMut(&mut Ring, &[u8; N])) -> f64 {
    let payload = [7; N];
    let round = |_| {
        let start = Instant::now();
        way(ring, &payload);
        start.elapsed().as_nanos() as f64 / RUN as f64
    };
    (0..ROUNDS).map(round).fold(f64::INFINITY, f64::min)
}

fn touch(message: &Message<'_, Protocol>) {
    black_box(message.payload());
}

fn send_and_receive<const N: usize>(ring: &mut Ring, payload: &[u8; N]) {
    for _ in 0..RUN {
        ring.producer.send(TYPE, black_box(payload)).expect("room");
    }
    for _ in 0..RUN {
        touch(&ring.consumer.receive(None).expect("a message").expect("in time"));
    }
}

fn try_send_and_try_receive<const N: usize>(ring: &mut Ring, payload: &[u8; N]) {
    for _ in 0..RUN {
        ring.producer.try_send(TYPE, black_box(payload)).expect("room");
    }
    for _ in 0..RUN {
        touch(&ring.consumer.try_receive().expect("a message").expect("in time"));
    }
}

fn claim_and_receive<const N: usize>(ring: &mut Ring, payload: &[u8; N]) {
    for _ in 0..RUN {
        let mut claim = ring.producer.claim(TYPE, N).expect("room");
        claim.copy_from_slice(black_box(payload));
        claim.commit();
    }
    for _ in 0..RUN {
        touch(&ring.consumer.receive(None).expect("a message").expect("in time"));
    }
}

fn batch_and_drain<const N: usize>(ring: &mut Ring, payload: &[u8; N]) {
    let batch = (0..RUN).map(|_| (TYPE, black_box(payload)));
    assert_eq!(ring.producer.send_batch(batch).expect("room"), RUN);
    assert_eq!(ring.consumer.drain(RUN, touch).expect("messages"), RUN);
}

fn send_and_receive_bytes<const N: usize>(ring: &mut Ring, payload: &[u8; N]) {
    let mut bytes = Vec::with_capacity(N);
    for _ in 0..RUN {
        ring.producer.send(TYPE, black_box(payload)).expect("room");
    }
    for _ in 0..RUN {
        ring.consumer.receive_bytes(&mut bytes, None).expect("a message").expect("in time");
        black_box(&bytes);
    }
}

//! What each call costs by itself: both sides in one thread, so that no cache line moves.
//!
//! `cargo bench -p bitrpc-shm [-- FILTER]` prints nanoseconds for each message that is sent and
//! received, the least of many rounds: of a layout that the compiler knows, and of the same one as
//! a value. It suits profilers and small changes; how fast messages go
//! from one process to another is measured by `cargo xtask bench`.

#[path = "../tests/common/layout.rs"]
mod layout;

use std::hint::black_box;
use std::time::Instant;

use bitrpc_shm::{AnyLayout, Consumer, LayoutNumbers, LayoutSource, Message, Options, Producer};

use crate::layout::Default as Protocol;

/// Messages that are sent before they are received.
const RUN: usize = 64;
/// Rounds of [`RUN`] messages, of which the fastest counts.
const ROUNDS: usize = 20_000;
/// The message type that is sent.
const TYPE: u32 = 1000;

/// Both sides of one ring.
struct Ring<L: LayoutSource> {
    producer: Producer<L>,
    consumer: Consumer<L>,
}

fn main() {
    let filter = std::env::args().skip(1).find(|arg| !arg.starts_with("--")).unwrap_or_default();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let options = Options::new().directory(folder.path()).capacity(1 << 20);
    let layout = AnyLayout::new(LayoutNumbers::of::<Protocol>()).expect("a sound layout");
    let mut rings = Rings {
        known: Ring {
            producer: Producer::create("known", &options).expect("a producer"),
            consumer: Consumer::open("known", &options).expect("a consumer"),
        },
        any: Ring {
            producer: layout.producer("any", &options).expect("a producer"),
            consumer: layout.consumer("any", &options).expect("a consumer"),
        },
    };
    measure_size::<8>(&mut rings, &filter);
    measure_size::<64>(&mut rings, &filter);
    measure_size::<1024>(&mut rings, &filter);
}

/// A ring of a layout that the compiler knows, and one of the same layout as a value.
struct Rings {
    known: Ring<Protocol>,
    any: Ring<AnyLayout>,
}

/// Sends and receives [`RUN`] messages.
type Way<L, const N: usize> = fn(&mut Ring<L>, &[u8; N]);

fn ways<L: LayoutSource, const N: usize>() -> [(&'static str, Way<L, N>); 5] {
    [
        ("send, receive", send_and_receive),
        ("try_send, try_receive", try_send_and_try_receive),
        ("claim, receive", claim_and_receive),
        ("send_batch, drain", batch_and_drain),
        ("send, receive_bytes", send_and_receive_bytes),
    ]
}

fn measure_size<const N: usize>(rings: &mut Rings, filter: &str) {
    for ((name, known), (_, any)) in ways::<_, N>().into_iter().zip(ways::<_, N>()) {
        let name = format!("{name}, {N} B");
        if name.contains(filter) {
            let (known, any) = (least(&mut rings.known, known), least(&mut rings.any, any));
            println!("{name:<28} {known:>8.2} ns  AnyLayout {any:>8.2} ns");
        }
    }
    let name = format!("rtrb push, pop, {N} B");
    if name.contains(filter) {
        let mut queue = rtrb::RingBuffer::new((1 << 20) / N);
        let ns = least(&mut queue, |(producer, consumer), payload: &[u8; N]| {
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
fn least<R, const N: usize>(ring: &mut R, mut way: impl FnMut(&mut R, &[u8; N])) -> f64 {
    let payload = [7; N];
    let round = |_| {
        let start = Instant::now();
        way(ring, &payload);
        start.elapsed().as_nanos() as f64 / RUN as f64
    };
    (0..ROUNDS).map(round).fold(f64::INFINITY, f64::min)
}

fn touch<L: LayoutSource>(message: &Message<'_, L>) {
    black_box(message.payload());
}

fn send_and_receive<L: LayoutSource, const N: usize>(ring: &mut Ring<L>, payload: &[u8; N]) {
    for _ in 0..RUN {
        ring.producer.send(TYPE, black_box(payload)).expect("room");
    }
    for _ in 0..RUN {
        touch(&ring.consumer.receive(None).expect("a message").expect("in time"));
    }
}

fn try_send_and_try_receive<L: LayoutSource, const N: usize>(
    ring: &mut Ring<L>,
    payload: &[u8; N],
) {
    for _ in 0..RUN {
        ring.producer.try_send(TYPE, black_box(payload)).expect("room");
    }
    for _ in 0..RUN {
        touch(&ring.consumer.try_receive().expect("a message").expect("in time"));
    }
}

fn claim_and_receive<L: LayoutSource, const N: usize>(ring: &mut Ring<L>, payload: &[u8; N]) {
    for _ in 0..RUN {
        let mut claim = ring.producer.claim(TYPE, N).expect("room");
        claim.copy_from_slice(black_box(payload));
        claim.commit();
    }
    for _ in 0..RUN {
        touch(&ring.consumer.receive(None).expect("a message").expect("in time"));
    }
}

fn batch_and_drain<L: LayoutSource, const N: usize>(ring: &mut Ring<L>, payload: &[u8; N]) {
    let batch = (0..RUN).map(|_| (TYPE, black_box(payload)));
    assert_eq!(ring.producer.send_batch(batch).expect("room"), RUN);
    assert_eq!(ring.consumer.drain(RUN, touch).expect("messages"), RUN);
}

fn send_and_receive_bytes<L: LayoutSource, const N: usize>(ring: &mut Ring<L>, payload: &[u8; N]) {
    let mut bytes = Vec::with_capacity(N);
    for _ in 0..RUN {
        ring.producer.send(TYPE, black_box(payload)).expect("room");
    }
    for _ in 0..RUN {
        ring.consumer.receive_bytes(&mut bytes, None).expect("a message").expect("in time");
        black_box(&bytes);
    }
}

//! The ring under the model checker: every interleaving and every stale read that the memory
//! model allows, within a bound on preemptions.
//!
//! ```text
//! RUSTFLAGS="--cfg loom" cargo test -p bitrpc-shm --release --lib loom
//! ```
//!
//! The tests run the very code that runs over mapped files; only [`Memory`](super::Memory) is
//! another one (see [`memory`]). The asymmetric fence is modelled as a full fence on both sides:
//! stronger than `membarrier`, which makes the waker execute a full barrier between any two of its
//! instructions while the sleeper's call lasts, but the strongest that loom can express. Without
//! membarrier the light fence is nothing here, as it is on a real machine.

mod memory;
mod waking;

use core::sync::atomic::Ordering;
use std::sync::Arc;

use loom::thread;

use self::memory::{Barriers, Dying, Model};
use super::record::{Record, pack};
use super::{Memory, Reader, Waker, Writer, consumer_position, producer_position};
use crate::layout::Layout;
use crate::test_layout::Default as Protocol;

/// Data area: eight words, which hold two small records and the spare word.
const CAPACITY: u64 = 64;
/// The message type that is sent.
const TYPE: u32 = 7;

/// Explores with at most this many preemptions: more find nothing new and take hours.
fn explore(preemptions: usize, f: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.max_branches = 20_000;
    builder.check(f);
}

fn writer<M: Memory + Clone>(memory: M, registered: bool) -> Writer<M> {
    let (position, sent) = producer_position(&memory, CAPACITY).expect("sound");
    Writer::new(memory, CAPACITY, position, sent, Waker::new(registered))
}

fn reader<M: Memory + Clone>(memory: M, registered: bool) -> Reader<M> {
    let position = consumer_position(&memory, CAPACITY).expect("sound");
    Reader::new(memory, CAPACITY, position, Waker::new(registered))
}

/// What message number `n` says: eight bytes that no header or zero equals.
fn payload(n: u64) -> [u8; 8] {
    (0xA0A0_A0A0_0000_0000 | n).to_le_bytes()
}

/// Sends messages `from..to` as one batch; `false` if there is no room for all of them.
fn send<M: Memory + Clone>(writer: &mut Writer<M>, from: u64, to: u64) -> bool {
    let mut staged = writer.stage();
    for n in from..to {
        let Some(place) = writer.place(&staged, 8).expect("a sound position") else { return false };
        writer.fill(&staged, &place, 0, &payload(n));
        writer.seal(&mut staged, &place, TYPE);
    }
    writer.publish(&staged);
    true
}

/// Looks as a consumer does: at a glance, and if that shows nothing, properly.
fn look<M: Memory + Clone>(reader: &mut Reader<M>) -> Option<Record> {
    reader.glance().or_else(|| reader.look().expect("a sound record"))
}

/// Receives one message, checks that it is number `n`, and releases it; `false` if there is none.
fn receive<M: Memory + Clone>(reader: &mut Reader<M>, n: u64) -> bool {
    let Some(record) = look(reader) else { return false };
    assert_eq!((record.frame, record.message_type), (24, TYPE));
    let at = record.payload_position(&Protocol::MESSAGE_HEADER);
    assert_eq!(reader.memory.read_plain(at).to_le_bytes(), payload(n));
    reader.take(&record);
    reader.flush();
    true
}

/// Receives messages `from..to`, yielding to the model while there is none.
fn receive_all<M: Memory + Clone>(reader: &mut Reader<M>, from: u64, to: u64) {
    for n in from..to {
        while !receive(reader, n) {
            thread::yield_now();
        }
    }
}

#[test]
fn loom_what_is_published_is_seen_whole() {
    explore(3, || {
        let memory = Arc::new(Model::new(CAPACITY, Barriers::Issued));
        let other = Arc::clone(&memory);
        let sender = thread::spawn(move || {
            let mut writer = writer(other, true);
            assert!(send(&mut writer, 0, 1) && send(&mut writer, 1, 2));
        });
        receive_all(&mut reader(memory, true), 0, 2);
        sender.join().unwrap();
    });
}

#[test]
fn loom_a_batch_is_seen_in_order() {
    explore(3, || {
        let memory = Arc::new(Model::new(2 * CAPACITY, Barriers::Issued));
        let other = Arc::clone(&memory);
        let sender = thread::spawn(move || {
            let (position, sent) = producer_position(&other, 2 * CAPACITY).expect("sound");
            let waker = Waker::new(true);
            let mut writer = Writer::new(other, 2 * CAPACITY, position, sent, waker);
            assert!(send(&mut writer, 0, 3) && send(&mut writer, 3, 4));
        });
        let mut reader = Reader::new(memory, 2 * CAPACITY, 0, Waker::new(true));
        receive_all(&mut reader, 0, 4);
        sender.join().unwrap();
    });
}

/// Five records of three words in eight: padding, a second lap, and a full ring.
#[test]
fn loom_laps_wrap_and_a_full_ring_is_not_written_over() {
    explore(2, || {
        let memory = Arc::new(Model::new(CAPACITY, Barriers::Issued));
        let other = Arc::clone(&memory);
        let sender = thread::spawn(move || {
            let mut writer = writer(other, true);
            for n in 0..5 {
                while !send(&mut writer, n, n + 1) {
                    thread::yield_now();
                }
            }
        });
        receive_all(&mut reader(memory, true), 0, 5);
        sender.join().unwrap();
    });
}

/// Records of a line each in a ring of four: the lines that the producer prepares for the next ones
/// are free, also in a second lap.
#[test]
fn loom_lines_that_are_prepared_are_nobody_elses() {
    const SIZE: u64 = 4 * CAPACITY;
    const CONTENT: [u8; 48] = [0xA0; 48];
    explore(2, || {
        let memory = Arc::new(Model::new(SIZE, Barriers::Issued));
        let other = Arc::clone(&memory);
        let sender = thread::spawn(move || {
            let mut writer = Writer::new(other, SIZE, 0, 0, Waker::new(true));
            for _ in 0..6 {
                let place = loop {
                    match writer.place(&writer.stage(), 48).expect("a sound position") {
                        Some(place) => break place,
                        None => thread::yield_now(),
                    }
                };
                let mut staged = writer.stage();
                writer.fill(&staged, &place, 0, &CONTENT);
                writer.seal(&mut staged, &place, TYPE);
                writer.publish(&staged);
                writer.prepare_next(&place);
            }
        });
        let mut reader = Reader::new(memory, SIZE, 0, Waker::new(true));
        for _ in 0..6 {
            let record = loop {
                match look(&mut reader) {
                    Some(record) => break record,
                    None => thread::yield_now(),
                }
            };
            let at = record.payload_position(&Protocol::MESSAGE_HEADER);
            for word in 0..6 {
                let found = reader.memory.read_plain(at + 8 * word).to_le_bytes();
                assert_eq!(found, CONTENT[..8]);
            }
            reader.take(&record);
            reader.flush();
        }
        sender.join().unwrap();
    });
}

/// Another implementation may publish padding on its own, before the record behind it.
#[test]
fn loom_padding_may_be_published_first() {
    explore(2, || {
        let memory = Arc::new(Model::new(CAPACITY, Barriers::Issued));
        let other = Arc::clone(&memory);
        let sender = thread::spawn(move || {
            let mut first = writer(Arc::clone(&other), true);
            assert!(send(&mut first, 0, 1) && send(&mut first, 1, 2));
            // The third record does not fit behind the second.
            let waker = Waker::new(true);
            let mut second = Writer::new(Arc::clone(&other), CAPACITY, 64, 2, waker);
            while !second.has_room(&second.stage(), 8) {
                thread::yield_now();
            }
            other.store_word(64, 0, Ordering::Relaxed);
            other.store_word(48, pack(&Protocol::MESSAGE_HEADER, 16, 0), Ordering::Release);
            assert!(send(&mut second, 2, 3));
        });
        receive_all(&mut reader(memory, true), 0, 3);
        sender.join().unwrap();
    });
}

/// Two records read, one release: the producer writes over the second right after it.
#[test]
fn loom_a_drain_releases_what_it_has_read() {
    explore(2, || {
        let memory = Arc::new(Model::new(CAPACITY, Barriers::None));
        let other = Arc::clone(&memory);
        let sender = thread::spawn(move || {
            let mut writer = writer(other, false);
            for n in 0..4 {
                while !send(&mut writer, n, n + 1) {
                    thread::yield_now();
                }
            }
        });
        let mut reader = reader(memory, false);
        let mut n = 0;
        while n < 4 {
            let before = n;
            while let Some(record) = look(&mut reader) {
                let at = record.payload_position(&Protocol::MESSAGE_HEADER);
                assert_eq!(reader.memory.read_plain(at).to_le_bytes(), payload(n));
                reader.take(&record);
                n += 1;
            }
            if n > before {
                reader.flush();
            }
            thread::yield_now();
        }
        sender.join().unwrap();
    });
}

/// A producer dies before its `stores`-th store, while a consumer receives; another one goes on.
/// Whatever was published comes out, once and in order, and ids go on without a gap.
fn producer_dies(stores: usize) {
    explore(2, move || {
        let memory = Arc::new(Model::new(CAPACITY, Barriers::Issued));
        let other = Arc::clone(&memory);
        let receiver = thread::spawn(move || {
            let mut reader = reader(Arc::clone(&other), true);
            let mut n = 0;
            loop {
                if receive(&mut reader, n) {
                    n += 1;
                } else if other.is_finished() {
                    // Finished was said after the last publication: one more look settles it.
                    if !receive(&mut reader, n) {
                        break;
                    }
                    n += 1;
                } else {
                    thread::yield_now();
                }
            }
            let errors = Protocol::RING_HEADER.receive_errors;
            assert_eq!(other.load_u64(errors, Ordering::Relaxed), 0);
            n
        });
        let dying = Dying::new(Arc::clone(&memory), stores);
        let mut first = writer(&dying, true);
        // Two batches of one, then as much of a third message as there is room for.
        let _ = send(&mut first, 0, 1) && send(&mut first, 1, 2) && send(&mut first, 2, 3);
        let (_, sent) = producer_position(&memory, CAPACITY).expect("sound");
        let mut second = writer(Arc::clone(&memory), true);
        while !send(&mut second, sent, sent + 1) {
            thread::yield_now();
        }
        memory.finish();
        assert_eq!(receiver.join().unwrap(), sent + 1);
    });
}

#[test]
fn loom_a_producer_may_die_before_any_store() {
    for stores in 0..28 {
        producer_dies(stores);
    }
}

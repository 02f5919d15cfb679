//! Waits: how long they take, what ends them, and what does not.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use bitrpc_shm::{Consumer, Layout, Manager, Producer, ReceiveError, SendError};

use crate::layout::Default as Protocol;
use crate::processes::{CAPACITY, Part};
use crate::rings::{Mapping, PATIENCE, folder, options, pair, pair_with};

/// A record of type 7 whose payload is 8 bytes, and which nobody will be woken for.
fn slip_in(mapping: &Mapping, position: u64) {
    let (ring, message) = (Protocol::RING_HEADER, Protocol::MESSAGE_HEADER);
    let at = ring.size + position as usize;
    let frame = message.size as u64 + 8;
    mapping.store_u32(at + message.message_id, position as u32 / 24);
    mapping.store_u64(at + message.size, position);
    mapping.store_u64(at + 24, 0);
    mapping.store_u64(at, frame | 7 << 32);
}

/// Slips messages in whenever the consumer says that it sleeps, until `missed` wake-ups are
/// counted; returns how many messages that took.
fn slip_in_while_asleep(diagnoses: bool, enough: impl Fn(u64, u64) -> bool) -> u64 {
    let change = |o: bitrpc_shm::Options| o.spin(Duration::ZERO).diagnose_wakeups(diagnoses);
    let (producer, mut consumer, _folder) = pair_with::<Protocol>(change, 1 << 16);
    let mapping = Mapping::of(producer.path());
    let (seen, received) = channel();
    let mut messages = 0;
    std::thread::scope(|scope| {
        scope.spawn(move || {
            while let Ok(Some(message)) = consumer.receive(PATIENCE) {
                let payload: [u8; 8] = message.payload().try_into().unwrap();
                seen.send(u64::from_ne_bytes(payload)).unwrap();
            }
        });
        loop {
            while mapping.load_u32(Protocol::RING_HEADER.consumer_control) & 1 == 0 {
                std::thread::yield_now();
            }
            // It sleeps, or is about to.
            slip_in(&mapping, 24 * messages);
            assert_eq!(received.recv().unwrap(), 24 * messages);
            messages += 1;
            if enough(messages, producer.snapshot().consumer.missed_wakeups) {
                // Ends the receiver: nothing is there, and the producer closed.
                drop(producer);
                break;
            }
        }
    });
    messages
}

#[test]
fn a_message_found_after_the_bound_is_returned_at_once() {
    slip_in_while_asleep(false, |messages, missed| {
        assert_eq!(missed, 0, "not looked into");
        messages == 5
    });
}

#[test]
fn a_missed_wake_up_is_counted_where_that_is_asked_for() {
    slip_in_while_asleep(true, |_, missed| missed > 0);
}

#[test]
fn an_interrupt_is_never_lost() {
    const INTERRUPTS: u32 = 5000;
    let (producer, mut consumer, _folder) =
        pair_with::<Protocol>(|o| o.spin(Duration::from_micros(1)), 1024);
    let interrupter = consumer.interrupter();
    let ended = AtomicU32::new(0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..INTERRUPTS {
                assert!(consumer.receive(None).unwrap().is_none());
                // Release: pairs with the acquire load below.
                ended.fetch_add(1, Ordering::Release);
            }
        });
        for number in 0..INTERRUPTS {
            interrupter.interrupt();
            // Acquire: pairs with the release above.
            while ended.load(Ordering::Acquire) == number {
                std::thread::yield_now();
            }
        }
    });
    assert_eq!(producer.snapshot().consumer.missed_wakeups, 0);
}

#[test]
fn an_interrupt_that_nobody_waits_for_ends_the_next_wait() {
    let (mut producer, mut consumer, _folder) = pair::<Protocol>(1024);
    let interrupter = consumer.interrupter();
    interrupter.interrupt();
    interrupter.clone().interrupt();
    producer.send(7u32, b"one").unwrap();
    assert!(consumer.receive(None).unwrap().is_some(), "no wait");
    assert!(consumer.try_receive().unwrap().is_none(), "no wait either");
    assert!(consumer.receive(None).unwrap().is_none(), "this one is ended");
    assert!(consumer.receive(Some(Duration::from_millis(1))).unwrap().is_none());
    producer.send(7u32, b"two").unwrap();
    assert!(consumer.receive(None).unwrap().is_some());
    drop(consumer);
    interrupter.interrupt();
}

#[test]
fn an_interrupted_send_says_timeout() {
    let (mut producer, _consumer, _folder) = pair_with::<Protocol>(|o| o.send_timeout(None), 1024);
    let interrupter = producer.interrupter();
    interrupter.interrupt();
    while producer.try_send(7u32, &[0; 100]).is_ok() {}
    assert_eq!(producer.send(7u32, &[0; 100]), Err(SendError::Timeout));
    std::thread::scope(|scope| {
        let (begun, begin) = channel();
        scope.spawn(move || {
            begin.recv().unwrap();
            interrupter.interrupt();
        });
        begun.send(()).unwrap();
        assert_eq!(producer.send(7u32, &[0; 100]), Err(SendError::Timeout));
    });
    assert_eq!(producer.snapshot().producer.missed_wakeups, 0);
}

#[test]
fn wait_for_peer_is_true_once_a_live_peer_is_attached() {
    let folder = folder();
    let options = options(&folder, CAPACITY);
    let mut consumer = Consumer::<Protocol>::open("ring", &options).unwrap();
    assert!(!consumer.wait_for_peer(Some(Duration::ZERO)));
    assert!(!consumer.wait_for_peer(Some(Duration::from_millis(1))), "in time");
    let interrupter = consumer.interrupter();
    interrupter.interrupt();
    assert!(!consumer.wait_for_peer(None), "interrupted");
    let producer = std::thread::scope(|scope| {
        scope.spawn(|| assert!(consumer.wait_for_peer(PATIENCE)));
        let mut producer = Producer::<Protocol>::create("ring", &options).unwrap();
        assert!(producer.wait_for_peer(PATIENCE));
        producer.send(7u32, b"hello").unwrap();
        producer
    });
    drop(producer);
    assert!(!consumer.wait_for_peer(Some(Duration::from_millis(1))), "it closed");
    assert!(consumer.skip().unwrap());
    let part = Part::start("hold", folder.path(), "producer");
    assert!(consumer.wait_for_peer(Some(Duration::ZERO)));
    part.kill();
    assert!(!consumer.wait_for_peer(Some(Duration::from_millis(1))), "it died");
    assert_eq!(consumer.receive(PATIENCE).unwrap_err(), ReceiveError::PeerDied, "still to be told");
}

#[test]
fn a_send_that_is_out_of_time_says_timeout_and_counts_once() {
    let (mut producer, _consumer, _folder) =
        pair_with::<Protocol>(|o| o.send_timeout(Some(Duration::from_millis(120))), 1024);
    let mut failures = 1;
    while producer.try_send(7u32, &[0; 100]).is_ok() {}
    let mut check = |producer: &mut Producer<Protocol>, error, expected| {
        failures += 1;
        assert_eq!((error, producer.snapshot().send_failures), (expected, failures));
    };
    let error = producer.send(7u32, &[0; 100]).unwrap_err();
    check(&mut producer, error, SendError::Timeout);
    let error = producer.claim(7u32, 100).unwrap_err();
    check(&mut producer, error, SendError::Timeout);
    let error = producer.send_fragmented(7u32, &[0; 1000]).unwrap_err();
    check(&mut producer, error, SendError::Timeout);
    let error = producer.send_batch([(7u32, [0; 100]), (7u32, [0; 100])]).unwrap_err();
    check(&mut producer, error, SendError::Timeout);
    let error = producer.try_send(7u32, &[0; 100]).unwrap_err();
    check(&mut producer, error, SendError::Full);
    let error = producer.try_send_batch([(7u32, [0; 100]), (7u32, [0; 100])]).unwrap_err();
    check(&mut producer, error, SendError::Full);
    producer.set_send_timeout(Some(Duration::ZERO));
    let error = producer.send(7u32, &[0; 100]).unwrap_err();
    check(&mut producer, error, SendError::Full);
}

/// A consumer that makes room for a piece shortly before the time is over would keep a sender that
/// counts the time anew for each piece until all of them are sent.
#[test]
fn one_deadline_holds_for_all_pieces_and_for_a_whole_batch() {
    for fragmented in [true, false] {
        let change = |o: bitrpc_shm::Options| {
            o.fragment_size(112).send_timeout(Some(Duration::from_millis(300)))
        };
        let (mut producer, mut consumer, _folder) = pair_with::<Protocol>(change, 1024);
        let interrupter = consumer.interrupter();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                // Every 50 ms a piece, or a message, until it is interrupted or told of the end.
                while let Ok(Some(_)) | Err(ReceiveError::MessageTooLarge { .. }) =
                    consumer.receive(PATIENCE)
                {
                    std::thread::sleep(Duration::from_millis(50));
                }
            });
            let result = match fragmented {
                true => {
                    for _ in 0..7 {
                        producer.send(7u32, &[0; 112]).unwrap();
                    }
                    producer.send_fragmented(7u32, &[0; 100 * 104])
                }
                false => producer.send_batch((0..100).map(|_| (7u32, [0u8; 112]))).map(drop),
            };
            let sent = producer.statistics().messages_sent;
            assert!(sent < 100, "{sent} messages in 300 ms");
            if fragmented {
                assert_eq!(result, Err(SendError::Timeout));
            }
            drop(producer);
            interrupter.interrupt();
        });
    }
}

/// Everything that takes a time, with the longest and the shortest there are.
#[test]
fn extreme_times_wait_or_are_refused() {
    let change =
        |o: bitrpc_shm::Options| o.send_timeout(Some(Duration::MAX)).spin(Duration::from_micros(1));
    let (mut producer, mut consumer, folder) = pair_with::<Protocol>(change, 1024);
    assert!(consumer.receive(Some(Duration::ZERO)).unwrap().is_none());
    assert!(consumer.receive_bytes(&mut Vec::new(), Some(Duration::ZERO)).unwrap().is_none());
    assert!(consumer.receive_string(Some(Duration::ZERO)).unwrap().is_none());
    let interrupter = consumer.interrupter();
    let mut waits = |wait: &mut dyn FnMut(&mut Consumer<Protocol>)| {
        std::thread::scope(|scope| {
            let (begun, begin) = channel();
            let interrupter = interrupter.clone();
            scope.spawn(move || {
                begin.recv().unwrap();
                interrupter.interrupt();
            });
            begun.send(()).unwrap();
            wait(&mut consumer);
        });
    };
    waits(&mut |consumer| assert!(consumer.receive(Some(Duration::MAX)).unwrap().is_none()));
    waits(&mut |consumer| {
        let received = consumer.receive_bytes(&mut Vec::new(), Some(Duration::MAX));
        assert!(received.unwrap().is_none());
    });
    waits(&mut |consumer| {
        assert!(consumer.receive_string(Some(Duration::MAX)).unwrap().is_none());
    });
    assert!(consumer.wait_for_peer(Some(Duration::MAX)));
    while producer.try_send(7u32, &[0; 100]).is_ok() {}
    let interrupter = producer.interrupter();
    interrupter.interrupt();
    assert_eq!(producer.send(7u32, &[0; 100]), Err(SendError::Timeout));
    producer.set_send_timeout(Some(Duration::ZERO));
    assert_eq!(producer.send(7u32, &[0; 100]), Err(SendError::Full));
    drop((producer, consumer));

    for spin in [Duration::ZERO, Duration::MAX] {
        let options = options(&folder, 1024).spin(spin);
        let mut manager = Manager::<Protocol>::consumer("another", &options).unwrap();
        for interval in [Duration::ZERO, Duration::MAX] {
            manager.set_heartbeat(interval);
            manager.start().unwrap();
            assert!(manager.is_running());
            let _ = manager.peer_state();
            manager.stop();
        }
        assert!(!manager.poll(Some(Duration::ZERO)).unwrap());
    }
}

#[test]
fn a_refused_membarrier_falls_back_to_fences() {
    let folder = folder();
    let options = options(&folder, CAPACITY).spin(Duration::ZERO);
    let part = Part::start("sandboxed consumer", folder.path(), "");
    let mut producer = Producer::<Protocol>::create("ring", &options).unwrap();
    for number in 0..crate::processes::SANDBOXED {
        let until = Instant::now() + Duration::from_micros(u64::from(number % 64));
        while Instant::now() < until {
            std::hint::spin_loop();
        }
        producer.send(7u32, &number.to_le_bytes()).unwrap();
    }
    let (said, errors) = part.finish();
    assert!(said.starts_with("missed 0"), "{said}{errors}");
    assert_eq!(producer.snapshot().producer.missed_wakeups, 0);
    drop(producer);

    let part = Part::start("sandboxed producer", folder.path(), "");
    let mut consumer = Consumer::<Protocol>::open("ring", &options).unwrap();
    for number in 0..crate::processes::SANDBOXED {
        let message = consumer.receive(PATIENCE).unwrap().expect("in time");
        assert_eq!(message.payload()[..4], number.to_le_bytes());
    }
    let (said, errors) = part.finish();
    assert!(said.starts_with("missed 0"), "{said}{errors}");
    assert_eq!(consumer.snapshot().consumer.missed_wakeups, 0);
}

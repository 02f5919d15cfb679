//! Beginnings and ends: what each side is told of the other one's, and what becomes of the file.

use std::fs;
use std::sync::Barrier;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use bitrpc_shm::{Consumer, Layout, Producer, ReceiveError, SendError};

use crate::layout::Default as Protocol;
use crate::processes::{CAPACITY, Part};
use crate::rings::{PATIENCE, files, folder, options, pair, pair_with};

/// A message of which an eighth of a small ring holds one: taking one makes room for one.
const MESSAGE: [u8; 112] = [0; 112];

/// Long enough for a wait that has no reason to end, short enough for a test.
const MOMENT: Option<Duration> = Some(Duration::from_millis(2));

#[test]
fn closed_is_told_once_and_then_the_consumer_waits_for_the_next_producer() {
    let (producer, mut consumer, folder) = pair::<Protocol>(1024);
    drop(producer);
    for number in 0..3u32 {
        assert_eq!(consumer.receive(PATIENCE).unwrap_err(), ReceiveError::Closed);
        for _ in 0..3 {
            assert!(consumer.receive(MOMENT).unwrap().is_none(), "told once");
            assert!(consumer.try_receive().unwrap().is_none());
            assert!(consumer.peek().unwrap().is_none());
            assert_eq!(consumer.drain(1, |_| {}).unwrap(), 0);
        }
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let message = consumer.receive(PATIENCE).unwrap().expect("the next one sends");
                assert_eq!(message.payload(), number.to_le_bytes());
            });
            let options = options(&folder, 1024);
            let mut next = Producer::<Protocol>::create("ring", &options).unwrap();
            next.send(7u32, &number.to_le_bytes()).unwrap();
        });
    }
}

#[test]
fn closed_is_told_once_and_then_the_producer_waits_for_the_next_consumer() {
    let (mut producer, consumer, folder) = pair::<Protocol>(1024);
    while producer.try_send(7u32, &MESSAGE).is_ok() {}
    drop(consumer);
    for _ in 0..3 {
        producer.set_send_timeout(PATIENCE);
        assert_eq!(producer.send(7u32, &MESSAGE), Err(SendError::Closed));
        producer.set_send_timeout(MOMENT);
        for _ in 0..3 {
            assert_eq!(producer.send(7u32, &MESSAGE), Err(SendError::Timeout), "told once");
            assert_eq!(producer.try_send(7u32, &MESSAGE), Err(SendError::Full));
        }
        producer.set_send_timeout(PATIENCE);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let mut next = Consumer::<Protocol>::open("ring", &options(&folder, 1024)).unwrap();
                assert!(next.skip().unwrap());
            });
            producer.send(7u32, &MESSAGE).unwrap();
        });
    }
}

#[test]
fn a_side_that_starts_after_a_closed_pair_waits() {
    for consumer_first in [false, true] {
        let (producer, consumer, folder) = pair::<Protocol>(1024);
        let options = options(&folder, 1024);
        if consumer_first {
            drop(consumer);
            drop(producer);
        } else {
            drop(producer);
            drop(consumer);
        }
        let mut consumer = Consumer::<Protocol>::open("ring", &options).unwrap();
        assert!(consumer.receive(MOMENT).unwrap().is_none());
        drop(consumer);
        let mut producer =
            Producer::<Protocol>::create("ring", &options.send_timeout(MOMENT)).unwrap();
        while producer.try_send(7u32, &[0; 100]).is_ok() {}
        assert_eq!(producer.send(7u32, &[0; 100]), Err(SendError::Timeout));
    }
}

#[test]
fn an_end_before_the_start_is_told_to_nobody() {
    // Drained, its producer closed; it is still there because its consumer is killed.
    let folder = folder();
    let options = options(&folder, CAPACITY).send_timeout(MOMENT);
    let consumer = Part::start("hold", folder.path(), "consumer");
    drop(Producer::<Protocol>::create("ring", &options).unwrap());
    consumer.kill();
    let mut consumer = Consumer::<Protocol>::open("ring", &options).unwrap();
    assert!(consumer.receive(MOMENT).unwrap().is_none());
    drop(consumer);

    // Full, its consumer closed, its producer killed.
    let producer = Part::start("send", folder.path(), "1000");
    drop(Consumer::<Protocol>::open("ring", &options).unwrap());
    producer.kill();
    let mut producer = Producer::<Protocol>::create("ring", &options).unwrap();
    assert_eq!(producer.send(7u32, &[0; 100]), Err(SendError::Timeout));
    assert_eq!(producer.try_send(7u32, &[0; 100]), Err(SendError::Full));
}

#[test]
fn what_was_left_is_read_and_then_closed_is_told() {
    let folder = folder();
    for killed in [false, true] {
        let producer = Part::start("send", folder.path(), "2");
        if killed {
            producer.kill();
        } else {
            producer.finish();
        }
        let options = options(&folder, CAPACITY);
        let mut consumer = Consumer::<Protocol>::open("ring", &options).unwrap();
        for number in 0..2u64 {
            let message = consumer.receive(PATIENCE).unwrap().unwrap();
            assert_eq!(message.payload()[..8], number.to_le_bytes());
        }
        let end = if killed { ReceiveError::PeerDied } else { ReceiveError::Closed };
        assert_eq!(consumer.receive(PATIENCE).unwrap_err(), end);
        assert!(consumer.receive(MOMENT).unwrap().is_none());
        drop(consumer);
        assert!(files(folder.path()).is_empty(), "nobody is left");
    }
}

#[test]
fn an_end_that_a_count_came_before_is_told_by_the_next_call() {
    let (mut producer, mut consumer, folder) = pair::<Protocol>(1024);
    producer.send(7u32, b"one").unwrap();
    drop(producer);
    assert_eq!(consumer.drain(10, |_| {}), Ok(1));
    assert_eq!(consumer.drain(10, |_| {}), Err(ReceiveError::Closed));
    assert_eq!(consumer.drain(10, |_| {}), Ok(0));
    let mut producer = Producer::<Protocol>::create("ring", &options(&folder, 1024)).unwrap();
    drop(consumer);
    let sent = producer.send_batch((0..100).map(|_| (7u32, [0u8; 100]))).unwrap();
    assert!((1..100).contains(&sent), "as many as the ring holds: {sent}");
    assert_eq!(producer.send(7u32, &[0; 100]), Err(SendError::Closed));
}

#[test]
fn the_last_one_out_removes_the_file_whichever_it_is() {
    for consumer_first in [false, true] {
        let (mut producer, mut consumer, folder) = pair::<Protocol>(1024);
        producer.send(7u32, b"read").unwrap();
        assert!(consumer.skip().unwrap());
        if consumer_first {
            consumer.close().unwrap();
            assert_eq!(files(folder.path()), ["BitRPC_ring"], "a producer is there");
            producer.close().unwrap();
        } else {
            producer.close().unwrap();
            assert_eq!(files(folder.path()), ["BitRPC_ring"], "a consumer is there");
            consumer.close().unwrap();
        }
        assert!(files(folder.path()).is_empty(), "consumer first: {consumer_first}");
    }
}

#[test]
fn a_ring_that_is_not_drained_stays() {
    for consumer_first in [false, true] {
        let (mut producer, consumer, folder) = pair::<Protocol>(1024);
        producer.send(7u32, b"unread").unwrap();
        if consumer_first {
            drop(consumer);
            drop(producer);
        } else {
            drop(producer);
            drop(consumer);
        }
        assert_eq!(files(folder.path()), ["BitRPC_ring"]);
        let mut consumer = Consumer::<Protocol>::open("ring", &options(&folder, 1024)).unwrap();
        assert_eq!(consumer.try_receive().unwrap().unwrap().payload(), b"unread");
    }
}

#[test]
fn of_two_that_close_at_once_one_removes_the_file() {
    let folder = folder();
    let options = options(&folder, 1024);
    for _ in 0..300 {
        let producer = Producer::<Protocol>::create("ring", &options).unwrap();
        let consumer = Consumer::<Protocol>::open("ring", &options).unwrap();
        let gate = Barrier::new(2);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                gate.wait();
                producer.close().unwrap();
            });
            gate.wait();
            consumer.close().unwrap();
        });
        assert!(files(folder.path()).is_empty());
    }
}

/// The rest of a test that removed the ring of a producer with room: at most a thousand sends go
/// into the file once the producer may look again.
fn notices_removal(producer: &mut Producer<Protocol>, removed: Instant, mut between: impl FnMut()) {
    let mut late = 0;
    loop {
        let is_due = removed.elapsed() > Duration::from_millis(100);
        match producer.try_send(7u32, &[0; 8]) {
            Ok(()) => late += u32::from(is_due),
            // As fast as it goes, the ring may be full before the producer looks again.
            Err(SendError::Full) => late += u32::from(is_due),
            Err(error) => break assert_eq!(error, SendError::Removed),
        }
        between();
    }
    assert!(late <= 1000, "{late}");
    let sent = producer.statistics().messages_sent;
    for _ in 0..3 {
        assert_eq!(producer.send(7u32, &[0; 8]), Err(SendError::Removed), "for ever");
        assert_eq!(producer.try_send(7u32, &[0; 8]), Err(SendError::Removed));
        assert_eq!(producer.claim(7u32, 8).unwrap_err(), SendError::Removed);
        assert_eq!(producer.send_batch([(7u32, [0u8; 8])]), Err(SendError::Removed));
    }
    assert_eq!(producer.statistics().messages_sent, sent, "nothing is written");
}

#[test]
fn a_removed_file_is_noticed_by_a_producer_with_room_whose_consumer_waits() {
    let (mut producer, mut consumer, _folder) =
        pair_with::<Protocol>(|o| o.spin(Duration::ZERO), 1 << 20);
    fs::remove_file(producer.path()).unwrap();
    let (seen, received) = channel();
    let receiver = std::thread::spawn(move || {
        loop {
            match consumer.receive(PATIENCE) {
                Ok(message) => seen.send(message.is_some()).unwrap(),
                Err(error) => return error,
            }
        }
    });
    notices_removal(&mut producer, Instant::now(), || {
        // Slowly: each message is received before the next one is sent. Or the consumer knows.
        let _ = received.recv();
    });
    assert_eq!(receiver.join().unwrap(), ReceiveError::Removed);
}

#[test]
fn a_removed_file_is_noticed_by_a_producer_with_room_that_is_alone_or_ignored() {
    for ignored in [false, true] {
        let folder = folder();
        let options = options(&folder, 16 << 20);
        let mut producer = Producer::<Protocol>::create("ring", &options).unwrap();
        let consumer = ignored.then(|| Consumer::<Protocol>::open("ring", &options).unwrap());
        producer.send(7u32, b"before").unwrap();
        fs::remove_file(producer.path()).unwrap();
        notices_removal(&mut producer, Instant::now(), std::thread::yield_now);
        drop(consumer);
    }
}

#[test]
fn removed_is_told_before_closed_and_for_ever() {
    let (mut producer, mut consumer, _folder) = pair::<Protocol>(1024);
    producer.send(7u32, b"still here").unwrap();
    fs::remove_file(producer.path()).unwrap();
    drop(producer);
    assert_eq!(consumer.receive(PATIENCE).unwrap().unwrap().payload(), b"still here");
    for _ in 0..3 {
        assert_eq!(consumer.receive(PATIENCE).unwrap_err(), ReceiveError::Removed);
        assert_eq!(consumer.try_receive().unwrap_err(), ReceiveError::Removed);
        assert_eq!(consumer.drain(1, |_| {}).unwrap_err(), ReceiveError::Removed);
        assert!(!consumer.wait_for_peer(PATIENCE));
    }

    let (mut producer, consumer, _folder) = pair::<Protocol>(1024);
    while producer.try_send(7u32, &[0; 100]).is_ok() {}
    fs::remove_file(producer.path()).unwrap();
    drop(consumer);
    for _ in 0..3 {
        assert_eq!(producer.send(7u32, &[0; 100]), Err(SendError::Removed));
        assert_eq!(producer.try_send(7u32, &[0; 100]), Err(SendError::Removed));
        assert!(!producer.wait_for_peer(PATIENCE));
    }
}

#[test]
fn further_names_of_the_file_do_not_hide_that_its_own_is_gone() {
    for replaced in [false, true] {
        let (producer, mut consumer, folder) = pair::<Protocol>(1024);
        let (path, other) = (producer.path().to_owned(), folder.path().join("other"));
        fs::hard_link(&path, &other).unwrap();
        fs::hard_link(&path, folder.path().join("another")).unwrap();
        assert!(consumer.receive(Some(Duration::from_millis(150))).unwrap().is_none());
        fs::remove_file(&path).unwrap();
        if replaced {
            fs::write(&path, b"something else").unwrap();
        }
        assert_eq!(consumer.receive(PATIENCE).unwrap_err(), ReceiveError::Removed);
        drop(producer);
        drop(consumer);
        assert_eq!(path.exists(), replaced, "nobody removes what is not this ring");
    }
}

#[test]
fn a_consumer_of_a_removed_ring_asks_its_producer_to_look() {
    let (producer, mut consumer, _folder) = pair::<Protocol>(1024);
    let control = Protocol::RING_HEADER.consumer_control;
    let path = producer.path().to_owned();
    let file = fs::File::open(&path).unwrap();
    let word = || {
        use std::os::unix::fs::FileExt;
        let mut word = [0; 4];
        file.read_exact_at(&mut word, control as u64).unwrap();
        u32::from_le_bytes(word)
    };
    fs::remove_file(&path).unwrap();
    assert_eq!(consumer.receive(PATIENCE).unwrap_err(), ReceiveError::Removed);
    assert_eq!(word() & 2, 0, "it does not say that it issues membarriers");
    drop(producer);
}

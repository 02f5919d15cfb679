//! Messages that nobody wants any more.

use std::time::Duration;

use bitrpc_shm::{Consumer, Producer, ReceiveError, Start};

use crate::layout::Default as Protocol;
use crate::rings::{PATIENCE, folder, options, pair, pair_with};

#[test]
fn start_newest_skips_what_was_there() {
    let folder = folder();
    let options = options(&folder, 4096);
    let newest = options.clone().start(Start::Newest);
    let mut producer = Producer::<Protocol>::create("ring", &options).unwrap();
    for _ in 0..10 {
        producer.send(7u32, b"stale").unwrap();
    }
    producer.send_fragmented(7u32, &[0; 2100]).unwrap();
    let mut consumer = Consumer::<Protocol>::open("ring", &newest).unwrap();
    assert!(consumer.try_receive().unwrap().is_none());
    producer.send(7u32, b"fresh").unwrap();
    assert_eq!(consumer.receive(PATIENCE).unwrap().unwrap().payload(), b"fresh");
    let statistics = consumer.statistics();
    assert_eq!(statistics.messages_received, statistics.messages_sent, "counted as received");
    assert_eq!(statistics.errors, 0);

    // What a closed producer left is dropped, and its end is nobody's business then.
    producer.send(7u32, b"left").unwrap();
    drop(consumer);
    drop(producer);
    let mut consumer = Consumer::<Protocol>::open("ring", &newest).unwrap();
    assert!(consumer.receive(Some(Duration::from_millis(2))).unwrap().is_none());
    drop(consumer);
}

#[test]
fn start_newest_in_the_middle_of_a_message_is_no_error() {
    let (mut producer, consumer, folder) =
        pair_with::<Protocol>(|o| o.fragment_size(64).send_timeout(Some(Duration::ZERO)), 1024);
    drop(consumer);
    // Stops at the full ring: more pieces were to come.
    assert!(producer.send_fragmented(7u32, &[1; 5000]).is_err());
    let newest = options(&folder, 1024).start(Start::Newest);
    let mut consumer = Consumer::<Protocol>::open("ring", &newest).unwrap();
    producer.send(7u32, b"fresh").unwrap();
    assert_eq!(consumer.receive(PATIENCE).unwrap().unwrap().payload(), b"fresh");
    assert_eq!(consumer.snapshot().receive_errors, 0);
}

#[test]
fn skip_to_latest_keeps_the_last_whole_message() {
    let (mut producer, mut consumer, _folder) = pair::<Protocol>(1 << 16);
    assert_eq!(consumer.skip_to_latest().unwrap(), 0);
    for i in 0..5u8 {
        producer.send(7u32, &[i]).unwrap();
    }
    assert_eq!(consumer.skip_to_latest().unwrap(), 4);
    assert_eq!(consumer.skip_to_latest().unwrap(), 0, "there is but one");
    assert_eq!(consumer.try_receive().unwrap().unwrap().payload(), [4]);
    assert!(consumer.try_receive().unwrap().is_none());

    // The last one in pieces, behind others in pieces.
    producer.send_fragmented(7u32, &[1; 17_000]).unwrap();
    producer.send(7u32, b"whole").unwrap();
    producer.send_fragmented(7u32, &[2; 17_000]).unwrap();
    assert_eq!(consumer.skip_to_latest().unwrap(), 2);
    assert_eq!(consumer.try_receive().unwrap().unwrap().payload(), [2; 17_000]);

    // A whole one behind some in pieces, of which one is put together already.
    producer.send_fragmented(7u32, &[3; 17_000]).unwrap();
    assert_eq!(consumer.peek().unwrap().unwrap().payload(), [3; 17_000]);
    assert_eq!(consumer.skip_to_latest().unwrap(), 0);
    producer.send_fragmented(7u32, &[4; 17_000]).unwrap();
    producer.send(7u32, b"last").unwrap();
    assert_eq!(consumer.skip_to_latest().unwrap(), 2);
    assert_eq!(consumer.try_receive().unwrap().unwrap().payload(), b"last");
    assert_eq!(consumer.snapshot().receive_errors, 0);
}

#[test]
fn skip_to_latest_keeps_the_last_whole_message_before_half_a_one() {
    let (mut producer, mut consumer, _folder) =
        pair_with::<Protocol>(|o| o.fragment_size(64).send_timeout(Some(Duration::ZERO)), 1024);
    producer.send(7u32, b"first").unwrap();
    producer.send(7u32, b"second").unwrap();
    assert!(producer.send_fragmented(7u32, &[1; 5000]).is_err(), "the ring is full before its end");
    assert_eq!(consumer.skip_to_latest().unwrap(), 1);
    assert_eq!(consumer.try_receive().unwrap().unwrap().payload(), b"second");
    assert!(consumer.try_receive().unwrap().is_none(), "pieces only");
    producer.send(7u32, b"third").unwrap();
    assert_eq!(consumer.skip_to_latest().unwrap(), 0);
    assert_eq!(consumer.try_receive().unwrap().unwrap().payload(), b"third");
    assert_eq!(consumer.snapshot().receive_errors, 1, "the one that was given up");
}

#[test]
fn clear_discards_all() {
    let (mut producer, mut consumer, _folder) = pair::<Protocol>(1 << 16);
    assert_eq!(consumer.clear().unwrap(), 0);
    for lap in 0..10 {
        for i in 0..5u8 {
            producer.send(7u32, &[i; 3000]).unwrap();
        }
        producer.send_fragmented(7u32, &[1; 17_000]).unwrap();
        if lap % 2 == 0 {
            assert!(consumer.skip().unwrap());
            assert_eq!(consumer.clear().unwrap(), 5);
        } else {
            assert_eq!(consumer.clear().unwrap(), 6);
        }
        assert!(!consumer.has_message().unwrap());
        let statistics = consumer.statistics();
        assert_eq!(statistics.messages_received, statistics.messages_sent);
        assert_eq!(producer.free_bytes(), 1 << 15, "the largest message fits");
    }
    assert_eq!(consumer.snapshot().receive_errors, 0);
}

#[test]
fn clear_discards_what_is_still_to_come_of_half_a_message() {
    let (mut producer, mut consumer, _folder) =
        pair_with::<Protocol>(|o| o.fragment_size(64).send_timeout(PATIENCE), 1024);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            producer.send_fragmented(7u32, &[1; 5000]).unwrap();
            producer.send(8u32, b"behind").unwrap();
        });
        while consumer.statistics().messages_sent < 3 {
            std::thread::yield_now();
        }
        assert_eq!(consumer.clear().unwrap(), 1);
        let message = consumer.receive(PATIENCE).unwrap().unwrap();
        assert_eq!((message.message_type(), message.payload()), (8, &b"behind"[..]));
    });
    assert_eq!(consumer.snapshot().receive_errors, 0);
}

#[test]
fn has_message_tells_what_a_receive_would_find() {
    let (mut producer, mut consumer, _folder) =
        pair_with::<Protocol>(|o| o.fragment_size(64).send_timeout(Some(Duration::ZERO)), 1024);
    assert!(!consumer.has_message().unwrap());
    producer.send(7u32, b"here").unwrap();
    assert!(consumer.has_message().unwrap() && consumer.has_message().unwrap());
    assert!(consumer.skip().unwrap());
    assert!(producer.send_fragmented(7u32, &[1; 5000]).is_err());
    assert!(!consumer.has_message().unwrap(), "pieces are no message");
    drop(producer);
    assert!(!consumer.has_message().unwrap(), "the end is not told here");
    assert_eq!(consumer.receive(PATIENCE).unwrap_err(), ReceiveError::Closed);
}

#[test]
fn free_bytes_can_be_sent_without_waiting() {
    let (mut producer, mut consumer, _folder) = pair::<Protocol>(4096);
    let header = 16;
    for step in 0..500u64 {
        let free = producer.free_bytes();
        if step % 3 == 0 && free > header {
            let payload = vec![1; (free - header) as usize];
            producer.try_send(7u32, &payload).expect("as much as it says");
            assert!(producer.free_bytes() <= 4096 - free);
        } else {
            let _ = producer.try_send(7u32, &vec![1; (step % 90) as usize]);
        }
        if step % 2 == 0 {
            assert!(consumer.skip().unwrap());
        }
    }
}

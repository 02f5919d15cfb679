//! Messages larger than the ring.

use std::time::Duration;

use bitrpc_shm::{Error, Layout, ReceiveError, SendError};

use crate::layout::Default as Protocol;
use crate::moved::Moved;
use crate::rings::{PATIENCE, Random, options, pair, pair_with};

#[test]
fn messages_of_any_size_arrive_whole() {
    any_size::<Protocol>();
    any_size::<Moved>();
}

fn any_size<L: Layout>() {
    let mut random = Random::new("any_size");
    let (mut producer, mut consumer, _folder) = pair::<L>(4096);
    let sizes: Vec<usize> = (0..200).map(|_| random.below(20_000) as usize).collect();
    let sent = sizes.clone();
    let sender = std::thread::spawn(move || {
        for size in sent {
            producer.send_fragmented(7u32, &vec![size as u8; size]).unwrap();
            producer.send(8u32, b"between").unwrap();
        }
        producer
    });
    for size in sizes {
        let message = consumer.receive(PATIENCE).unwrap().unwrap();
        assert_eq!((message.message_type(), message.payload().len()), (7, size));
        assert!(message.payload().iter().all(|byte| *byte == size as u8));
        assert_eq!(message.flags() & (L::FLAGS.fragment | L::FLAGS.last_fragment), 0);
        drop(message);
        assert_eq!(consumer.receive(PATIENCE).unwrap().unwrap().payload(), b"between");
    }
    assert_eq!(sender.join().unwrap().statistics().errors, 0);
}

#[test]
fn a_gathered_message_can_be_peeked_drained_and_copied() {
    let (mut producer, mut consumer, _folder) = pair::<Protocol>(65536);
    for i in 0..3u8 {
        producer.send_fragmented(7u32, &[i; 17_000]).unwrap();
    }
    for _ in 0..2 {
        assert_eq!(consumer.peek().unwrap().unwrap().payload(), [0; 17_000]);
    }
    assert_eq!(consumer.drain(1, |m| assert_eq!(m.payload(), [0; 17_000])).unwrap(), 1);
    let mut out = Vec::new();
    let info = consumer.receive_bytes(&mut out, PATIENCE).unwrap().unwrap();
    assert_eq!((info.message_type, out), (7, vec![1; 17_000]));
    assert_eq!(consumer.try_receive().unwrap().unwrap().payload(), [2; 17_000]);
    assert!(consumer.try_receive().unwrap().is_none());
}

#[test]
fn a_message_beyond_the_receivers_limit_is_an_error_and_dropped() {
    let (mut producer, mut consumer, _folder) =
        pair_with::<Protocol>(|o| o.max_message_size(10_000), 65536);
    producer.send_fragmented(7u32, &[1; 30_000]).unwrap();
    producer.send(8u32, b"next").unwrap();
    let error = consumer.receive(PATIENCE).unwrap_err();
    assert!(matches!(error, ReceiveError::MessageTooLarge { size, max: 10_000 } if size > 10_000));
    assert!(matches!(Error::from(error), Error::MessageTooLarge { max: 10_000, .. }));
    assert_eq!(consumer.receive(PATIENCE).unwrap().unwrap().payload(), b"next");
    assert_eq!(consumer.snapshot().receive_errors, 1);
}

#[test]
fn the_rest_of_a_message_whose_sender_gave_up_is_dropped() {
    let (mut producer, mut consumer, folder) = pair_with::<Protocol>(|o| o.fragment_size(64), 1024);
    producer.set_send_timeout(Some(Duration::ZERO));
    assert!(producer.send_fragmented(7u32, &[1; 5000]).is_err(), "the ring is too small");
    assert!(consumer.try_receive().unwrap().is_none(), "only pieces");
    producer.send(8u32, b"whole").unwrap();
    assert_eq!(consumer.receive(PATIENCE).unwrap().unwrap().payload(), b"whole");
    assert_eq!(consumer.snapshot().receive_errors, 1);

    producer.send_fragmented(7u32, &[1; 500]).unwrap();
    drop(consumer.try_receive().unwrap());
    assert!(producer.send_fragmented(7u32, &[2; 5000]).is_err());
    drop(consumer);
    let options = options(&folder, 1024);
    let mut consumer = bitrpc_shm::Consumer::<Protocol>::open("ring", &options).unwrap();
    assert!(consumer.try_receive().unwrap().is_none());
    producer.send_fragmented(7u32, &[3; 500]).unwrap();
    assert_eq!(consumer.receive(PATIENCE).unwrap().unwrap().payload(), [3; 500]);
    assert_eq!(consumer.snapshot().receive_errors, 2);
}

#[test]
fn a_message_too_large_behind_others_is_told_by_the_next_drain() {
    let (mut producer, mut consumer, _folder) =
        pair_with::<Protocol>(|o| o.max_message_size(100), 4096);
    producer.send(7u32, b"before").unwrap();
    producer.send_fragmented(8u32, &[1; 2100]).unwrap();
    producer.send(7u32, b"behind").unwrap();
    let mut got = Vec::new();
    assert_eq!(consumer.drain(10, |m| got.push(m.payload().to_vec())), Ok(1));
    let told = consumer.drain(10, |m| got.push(m.payload().to_vec()));
    assert!(matches!(told, Err(ReceiveError::MessageTooLarge { max: 100, .. })), "{told:?}");
    assert_eq!(consumer.drain(10, |m| got.push(m.payload().to_vec())), Ok(1));
    assert_eq!(got, [b"before", b"behind"]);
    assert_eq!(consumer.snapshot().receive_errors, 1);
}

#[test]
fn a_message_whose_producer_closed_before_its_end_counts_as_lost() {
    let (mut producer, mut consumer, _folder) =
        pair_with::<Protocol>(|o| o.send_timeout(Some(Duration::ZERO)), 4096);
    assert_eq!(producer.send_fragmented(7u32, &[1; 10_000]), Err(SendError::Full));
    drop(producer);
    assert_eq!(consumer.receive(PATIENCE).map(|m| m.is_some()), Err(ReceiveError::Closed));
    assert_eq!(consumer.snapshot().receive_errors, 1);
}

//! Messages go in on one side and come out on the other: every way of sending and receiving.

use std::time::Duration;

use bitrpc_shm::{
    Decode, DecodeError, DecodeOwned, Encode, Error, HeaderField, Layout, ReceiveError, RingBuffer,
    SendError,
};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use crate::layout::Default as Protocol;
use crate::moved::Moved;
use crate::rings::{PATIENCE, folder, options, pair};

const TRACE: HeaderField<u64> = HeaderField::new(24);

#[derive(Clone, Copy, Debug, PartialEq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
struct Plain {
    id: u64,
    value: f64,
}

#[derive(Debug, PartialEq)]
struct Typed(u32);

impl Encode for Typed {
    const MESSAGE_TYPE: Option<u32> = Some(1001);

    fn encoded_len(&self) -> usize {
        4
    }

    fn encode_into(&self, out: &mut [u8]) {
        out.copy_from_slice(&self.0.to_le_bytes());
    }
}

impl Decode<'_> for Typed {
    const MESSAGE_TYPE: Option<u32> = Some(1001);

    fn decode(payload: &[u8]) -> Result<Self, DecodeError> {
        Self::decode_owned(payload)
    }
}

impl DecodeOwned for Typed {
    const MESSAGE_TYPE: Option<u32> = Some(1001);

    fn decode_owned(payload: &[u8]) -> Result<Self, DecodeError> {
        let bytes = payload
            .try_into()
            .map_err(|_| DecodeError::SizeMismatch { expected: 4, found: payload.len() })?;
        Ok(Self(u32::from_le_bytes(bytes)))
    }
}

#[test]
fn every_kind_of_message_arrives_as_it_was_sent() {
    every_kind::<Protocol>();
    every_kind::<Moved>();
}

fn every_kind<L: Layout>() {
    let (mut producer, mut consumer, _folder) = pair::<L>(4096);
    producer.send(7u32, b"").unwrap();
    producer.send(8u32, b"abc").unwrap();
    producer.send_string("grüße 你好 🚀").unwrap();
    producer.send_with(9u32, 0xA5u32, b"flags").unwrap();
    producer.send_typed(&Typed(77)).unwrap();
    let plain = Plain { id: 5, value: -0.5 };
    producer.send_plain(&plain).unwrap();
    let mut claim = producer.claim(10u32, 100).unwrap();
    claim.fill(3);
    claim.truncate(33);
    claim.commit();

    let mut ids = 0..;
    let mut next = |expected_type: u32| {
        let message = consumer.receive(PATIENCE).unwrap().unwrap();
        assert_eq!(message.message_type(), expected_type);
        assert_eq!(Some(message.message_id()), ids.next());
        (message.flags(), message.payload().to_vec())
    };
    assert_eq!(next(7), (0, vec![]));
    assert_eq!(next(8), (0, b"abc".to_vec()));
    assert_eq!(next(L::TYPES.data), (0, "grüße 你好 🚀".as_bytes().to_vec()));
    let fragment_bits = L::FLAGS.fragment | L::FLAGS.last_fragment;
    assert_eq!(next(9), (0xA5 & !fragment_bits, b"flags".to_vec()));
    {
        let message = consumer.peek().unwrap().unwrap();
        assert_eq!(message.decode::<Typed>().unwrap(), Typed(77));
    }
    assert_eq!(consumer.receive_typed::<Typed>(PATIENCE).unwrap(), Some(Typed(77)));
    {
        let message = consumer.try_receive().unwrap().unwrap();
        assert_eq!(message.plain::<Plain>().unwrap(), &plain);
        assert_eq!(message.timestamp_ns().is_some(), L::MESSAGE_HEADER.timestamp.is_some());
    }
    let mut copy = vec![9; 9];
    let info = consumer.receive_bytes(&mut copy, PATIENCE).unwrap().unwrap();
    assert_eq!((info.message_type, info.message_id, copy), (10, 6, vec![3; 33]));
    assert!(consumer.try_receive().unwrap().is_none());
}

#[test]
fn bytes_behind_a_payload_are_zero_and_older_messages_do_not_shine_through() {
    let (mut producer, mut consumer, _folder) = pair::<Protocol>(1024);
    for len in 0..200usize {
        producer.send(7u32, &[0xFF; 240]).unwrap();
        drop(consumer.try_receive().unwrap().unwrap());
        if len % 2 == 0 {
            producer.send(7u32, &vec![1; len]).unwrap();
        } else {
            let mut claim = producer.claim(7u32, len + 5).unwrap();
            claim.fill(1);
            claim.truncate(len);
            claim.commit();
        }
        let message = consumer.try_receive().unwrap().unwrap();
        assert_eq!(message.payload(), vec![1; len]);
        let unused = len.next_multiple_of(8) - len;
        let end = message.payload().as_ptr().wrapping_add(len);
        for i in 0..unused {
            // SAFETY: the record's padding lies in the same eight aligned bytes as the end of its
            // payload, inside the mapping.
            assert_eq!(unsafe { end.add(i).read() }, 0, "length {len}");
        }
    }
}

#[test]
fn header_fields_without_a_role_are_carried_and_zero_unless_set() {
    let (mut producer, mut consumer, _folder) = pair::<Moved>(4096);
    for lap in 0..200u64 {
        let mut claim = producer.claim(7u32, 8).unwrap();
        claim.set_header(TRACE, 0xDEAD_BEEF_0000_0000 + lap);
        claim.set_flags(3u32);
        claim.commit();
        producer.send(7u32, b"untraced").unwrap();
        let message = consumer.try_receive().unwrap().unwrap();
        assert_eq!(message.header(TRACE), 0xDEAD_BEEF_0000_0000 + lap);
        assert_eq!((message.flags(), message.message_id()), (3, 2 * lap as u32));
        assert!(message.timestamp_ns().unwrap() > 0);
        drop(message);
        assert_eq!(consumer.try_receive().unwrap().unwrap().header(TRACE), 0);
    }
}

#[test]
fn a_claim_or_batch_that_is_dropped_leaves_no_trace() {
    let (mut producer, mut consumer, _folder) = pair::<Protocol>(1024);
    for i in 0..100u32 {
        let mut claim = producer.claim(7u32, 100).unwrap();
        claim.fill(0xEE);
        drop(claim);
        let mut batch = producer.batch();
        batch.push(7u32, &[0xDD; 50]).unwrap();
        batch.push(7u32, &[0xDD; 50]).unwrap();
        drop(batch);
        assert!(consumer.try_receive().unwrap().is_none());
        producer.send(7u32, &i.to_le_bytes()).unwrap();
        let message = consumer.try_receive().unwrap().unwrap();
        assert_eq!((message.message_id(), message.payload()), (i, &i.to_le_bytes()[..]));
    }
    assert_eq!(consumer.statistics().errors, 0);
}

#[test]
fn a_batch_is_invisible_until_committed_and_urgent_commits_it() {
    let (mut producer, mut consumer, _folder) = pair::<Protocol>(4096);
    let mut batch = producer.batch();
    batch.push(1u32, b"a").unwrap();
    batch.push(2u32, b"b").unwrap();
    assert_eq!(batch.len(), 2);
    assert!(consumer.try_receive().unwrap().is_none());
    batch.push_with(3u32, Protocol::FLAGS.urgent, b"c").unwrap();
    assert!(batch.is_empty());
    assert_eq!(consumer.drain(10, |_| {}).unwrap(), 3);
    batch.push(4u32, b"d").unwrap();
    assert!(consumer.try_receive().unwrap().is_none());
    batch.commit();
    assert_eq!(consumer.drain(10, |message| assert_eq!(message.payload(), b"d")).unwrap(), 1);
}

#[test]
fn batches_send_all_or_say_how_many() {
    let (mut producer, mut consumer, _folder) = pair::<Protocol>(1024);
    let messages: Vec<_> = (1..=100u32).map(|i| (i, vec![i as u8; 20])).collect();
    let sent = producer.try_send_batch(messages.clone()).unwrap();
    // 40 bytes a record, 8 bytes spare.
    assert_eq!(sent, (1024 - 8) / 40);
    assert_eq!(producer.try_send(1u32, &[0; 20]), Err(SendError::Full));
    assert_eq!(producer.try_send_batch(messages.clone()), Err(SendError::Full));
    let mut got = Vec::new();
    consumer.drain(usize::MAX, |m| got.push((m.message_type(), m.payload().to_vec()))).unwrap();
    assert_eq!(got, messages[..sent]);

    let rest = messages[sent..].to_vec();
    let sender = std::thread::spawn(move || (producer.send_batch(rest), producer));
    for expected in &messages[sent..] {
        let message = consumer.receive(PATIENCE).unwrap().unwrap();
        assert_eq!((message.message_type(), message.payload()), (expected.0, &expected.1[..]));
    }
    let (result, mut producer) = sender.join().unwrap();
    assert_eq!(result, Ok(messages.len() - sent));
    let odd = [(1u32, vec![0; 10]), (1u32, vec![0; 1000]), (1u32, vec![0; 10])];
    assert_eq!(producer.send_batch(odd), Ok(1), "stops at the one that can never be sent");
}

#[test]
fn the_largest_payload_fits_at_every_position_and_one_more_byte_does_not() {
    let (mut producer, mut consumer, _folder) = pair::<Protocol>(1024);
    let max = producer.largest_payload();
    assert_eq!(max, 512 - 16);
    for step in 0..300usize {
        producer.try_send(7u32, &vec![1; step % 64]).unwrap();
        drop(consumer.try_receive().unwrap().unwrap());
        producer.try_send(7u32, &vec![2; max]).unwrap();
        assert_eq!(consumer.try_receive().unwrap().unwrap().payload().len(), max);
    }
    let too_large = SendError::TooLarge { size: max as u64 + 1, max: max as u64 };
    assert_eq!(producer.try_send(7u32, &vec![2; max + 1]), Err(too_large));
    assert_eq!(
        producer.claim(7u32, usize::MAX).err().map(|e| matches!(e, SendError::TooLarge { .. })),
        Some(true)
    );
}

#[test]
fn message_type_0_is_refused() {
    let (mut producer, mut consumer, _folder) = pair::<Protocol>(1024);
    assert_eq!(producer.send(0u32, b"x"), Err(SendError::InvalidType));
    assert_eq!(producer.claim(0u32, 1).unwrap_err(), SendError::InvalidType);
    assert!(consumer.try_receive().unwrap().is_none());
}

#[test]
fn full_and_timeout_are_told_and_counted() {
    let (mut producer, consumer, _folder) = pair::<Protocol>(1024);
    producer.set_send_timeout(Some(Duration::from_millis(30)));
    while producer.try_send(7u32, &[0; 100]).is_ok() {}
    let start = std::time::Instant::now();
    assert_eq!(producer.send(7u32, &[0; 100]), Err(SendError::Timeout));
    assert!(start.elapsed() >= Duration::from_millis(30));
    assert_eq!(producer.snapshot().send_failures, 2);
    assert_eq!(consumer.statistics().errors, 2);
}

#[test]
fn a_receive_that_finds_nothing_ends_in_time() {
    let (_producer, mut consumer, _folder) = pair::<Protocol>(1024);
    assert!(consumer.receive(Some(Duration::ZERO)).unwrap().is_none());
    let start = std::time::Instant::now();
    assert!(consumer.receive(Some(Duration::from_millis(30))).unwrap().is_none());
    assert!(start.elapsed() >= Duration::from_millis(30));
}

#[test]
fn typed_receives_refuse_other_types_sizes_and_text() {
    let (mut producer, mut consumer, _folder) = pair::<Protocol>(1024);
    producer.send(1002u32, &[0; 4]).unwrap();
    producer.send(Protocol::TYPES.data, &[0; 5]).unwrap();
    producer.send(Protocol::TYPES.data, &7u32.to_le_bytes()).unwrap();
    producer.send(7u32, &[b'o', b'k', 0xFF]).unwrap();
    let mismatch = DecodeError::TypeMismatch { expected: 1001, found: 1002 };
    let decode = |result: Result<Option<Typed>, Error>| match result {
        Err(Error::Decode(error)) => Err(error),
        other => Ok(other.unwrap()),
    };
    for _ in 0..2 {
        assert_eq!(decode(consumer.receive_typed(PATIENCE)), Err(mismatch), "it stays");
    }
    assert!(consumer.skip().unwrap());
    let mismatch = DecodeError::SizeMismatch { expected: 4, found: 5 };
    assert_eq!(decode(consumer.receive_typed(PATIENCE)), Err(mismatch));
    assert!(consumer.skip().unwrap());
    assert_eq!(decode(consumer.receive_typed(PATIENCE)), Ok(Some(Typed(7))), "data is untyped");
    let text = consumer.receive_string(PATIENCE).unwrap_err();
    assert!(matches!(text, Error::Decode(DecodeError::InvalidUtf8 { valid_up_to: 2 })));
    let message = consumer.receive(PATIENCE).unwrap();
    assert_eq!(message.unwrap().payload(), [b'o', b'k', 0xFF], "nothing is lost");
    assert!(!consumer.skip().unwrap());
}

#[test]
fn peek_shows_and_receive_takes() {
    let (mut producer, mut consumer, _folder) = pair::<Protocol>(1024);
    assert!(consumer.peek().unwrap().is_none());
    producer.send(7u32, b"one").unwrap();
    producer.send(7u32, b"two").unwrap();
    for _ in 0..3 {
        assert_eq!(consumer.peek().unwrap().unwrap().payload(), b"one");
    }
    assert_eq!(consumer.statistics().messages_received, 0);
    assert_eq!(consumer.receive(None).unwrap().unwrap().payload(), b"one");
    std::mem::forget(consumer.receive(None).unwrap().unwrap());
    assert_eq!(consumer.receive(None).unwrap().unwrap().payload(), b"two", "leaked: comes again");
}

#[test]
fn drain_takes_at_most_max_and_survives_a_panic() {
    let (mut producer, mut consumer, _folder) = pair::<Protocol>(1024);
    for i in 0..10u8 {
        producer.send(7u32, &[i]).unwrap();
    }
    let mut seen = Vec::new();
    assert_eq!(consumer.drain(3, |m| seen.push(m.payload()[0])).unwrap(), 3);
    let none = consumer.drain(0, |_| -> () { panic!("none was asked for") });
    assert_eq!(none.unwrap(), 0);
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        consumer.drain(10, |m| assert!(m.payload()[0] < 5, "on purpose"))
    }));
    assert!(panicked.is_err());
    assert_eq!(consumer.drain(10, |m| seen.push(m.payload()[0])).unwrap(), 5);
    assert_eq!(seen, [0, 1, 2, 5, 6, 7, 8, 9]);
    assert_eq!(consumer.drain(10, |_| {}).unwrap(), 0);
    assert_eq!(consumer.statistics().messages_received, 10);
}

#[test]
fn what_a_closed_producer_sent_stays_readable() {
    let (mut producer, mut consumer, folder) = pair::<Protocol>(1024);
    producer.send(7u32, b"last words").unwrap();
    producer.close().unwrap();
    assert_eq!(consumer.receive(None).unwrap().unwrap().payload(), b"last words");
    assert_eq!(consumer.receive(None).unwrap_err(), ReceiveError::Closed);
    let mut next =
        bitrpc_shm::Producer::<Protocol>::create("ring", &options(&folder, 1024)).unwrap();
    assert!(consumer.try_receive().unwrap().is_none(), "a new producer is there");
    next.send(7u32, b"hello again").unwrap();
    let message = consumer.receive(None).unwrap().unwrap();
    assert_eq!((message.message_id(), message.payload()), (1, &b"hello again"[..]));
}

#[test]
fn a_full_ring_whose_consumer_closed_says_so() {
    let (mut producer, consumer, folder) = pair::<Protocol>(1024);
    while producer.try_send(7u32, &[0; 100]).is_ok() {}
    drop(consumer);
    assert_eq!(producer.send(7u32, &[0; 100]), Err(SendError::Closed));
    assert_eq!(producer.try_send(7u32, &[0; 100]), Err(SendError::Full), "told once");
    let mut next = bitrpc_shm::Consumer::<Protocol>::open("ring", &options(&folder, 1024)).unwrap();
    assert_eq!(producer.try_send(7u32, &[0; 100]), Err(SendError::Full));
    assert!(next.drain(usize::MAX, |_| {}).unwrap() > 0);
    producer.try_send(7u32, &[0; 100]).unwrap();
}

#[test]
fn one_ring_gives_both_sides_in_one_thread() {
    let folder = folder();
    let ring = RingBuffer::<Protocol>::create("both", &options(&folder, 1024)).unwrap();
    let (mut producer, mut consumer) = (ring.producer().unwrap(), ring.consumer().unwrap());
    assert!(
        matches!(ring.producer(), Err(Error::RoleTaken { pid, .. }) if pid == std::process::id())
    );
    for i in 0..1000u32 {
        producer.send(7u32, &i.to_le_bytes()).unwrap();
        assert_eq!(consumer.try_receive().unwrap().unwrap().payload(), i.to_le_bytes());
    }
    let statistics = ring.statistics();
    assert_eq!((statistics.messages_sent, statistics.bytes_received), (1000, 4000));
    assert!((statistics.avg_message_size - 4.0).abs() < 1e-9);
    std::fs::remove_file(ring.path()).unwrap();
    assert!(matches!(ring.consumer(), Err(Error::NotFound { .. })));
}

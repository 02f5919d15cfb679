//! A peer that writes anything anywhere: no panic, no hang, nothing outside the mapping.

use std::time::Duration;

use bitrpc_shm::{Consumer, Error, Layout, Monitor, Producer};

use crate::layout::Default as Protocol;
use crate::moved::Moved;
use crate::rings::{Mapping, Random, folder, options};

/// Mutations in all. Each round tries a few and starts with a fresh ring.
const ROUNDS: u64 = 3000;

#[test]
fn random_bytes_in_header_and_data_do_no_harm() {
    disturb::<Protocol>("disturb");
    disturb::<Moved>("disturb moved");
}

fn disturb<L: Layout>(test: &str) {
    let mut random = Random::new(test);
    let folder = folder();
    let options = options(&folder, 1024).send_timeout(Some(Duration::ZERO)).max_message_size(5000);
    for _ in 0..ROUNDS {
        let mut producer = Producer::<L>::create("ring", &options).expect("a fresh ring");
        let mut consumer = Consumer::<L>::open("ring", &options).expect("a fresh ring");
        let map = Mapping::of(producer.path());
        for _ in 0..random.below(12) {
            use_both(&mut producer, &mut consumer, &mut random);
            mutate::<L>(&map, &mut random);
        }
        use_both(&mut producer, &mut consumer, &mut random);
        let _ = Monitor::<L>::open("ring", &options).map(|monitor| monitor.snapshot());
        if random.below(2) == 0 {
            drop(producer);
            attach_again(Producer::<L>::create("ring", &options).map(drop));
        } else {
            drop(consumer);
            attach_again(Consumer::<L>::open("ring", &options).map(drop));
        }
        let _ = bitrpc_shm::remove_ring::<L>("ring", &options);
    }
}

/// Any error is fine, as long as it is one of the bytes.
fn attach_again(result: Result<(), Error>) {
    let Err(error) = result else { return };
    let of_bytes = matches!(
        error,
        Error::Corrupt(_)
            | Error::BadMagic { .. }
            | Error::WrongEndianness { .. }
            | Error::VersionMismatch { .. }
            | Error::HeaderSizeMismatch { .. }
            | Error::LayoutMismatch { .. }
            | Error::CapacityMismatch { .. }
            | Error::TooShort { .. }
    );
    assert!(of_bytes, "{error}");
}

/// Overwrites an aligned word somewhere, with something that could be meant.
fn mutate<L: Layout>(map: &Mapping, random: &mut Random) {
    let h = L::RING_HEADER;
    let header = [
        h.write_position,
        h.messages_sent,
        h.read_position,
        h.messages_received,
        h.consumer_control,
        h.producer_control,
        h.producer_state & !7,
        h.consumer_state & !7,
        h.capacity,
        h.magic,
    ];
    let at = match random.below(4) {
        0 => header[random.below(header.len() as u64) as usize],
        _ => h.size + 8 * random.below(1024 / 8) as usize,
    };
    let value = match random.below(8) {
        0 => 0,
        1 => u64::MAX,
        2 => random.below(4096),
        3 => random.below(64) * 8,
        4 => random.below(600) | 7 << 32,
        5 => random.below(600) << 32 | 7,
        6 => u64::from(u32::MAX - random.below(40) as u32) | 9 << 32,
        _ => random.next(),
    };
    map.store_u64(at, value);
}

fn use_both<L: Layout>(
    producer: &mut Producer<L>,
    consumer: &mut Consumer<L>,
    random: &mut Random,
) {
    // Whatever the calls answer is fine, as long as they answer.
    for _ in 0..random.below(8) {
        if random.below(2) == 0 {
            send_somehow(producer, random);
        } else {
            receive_somehow(consumer, random);
        }
    }
    let _ = (producer.snapshot(), consumer.statistics());
}

fn send_somehow<L: Layout>(producer: &mut Producer<L>, random: &mut Random) {
    let payload = vec![1; random.below(600) as usize];
    let quarter = &payload[..payload.len() / 4];
    let _ = match random.below(5) {
        0 => producer.try_send(7u32, &payload),
        1 => producer.send(7u32, &payload),
        2 => producer.try_send_batch((1..5u32).map(|t| (t, quarter))).map(|_| ()),
        3 => producer.send_fragmented(7u32, &payload),
        _ => producer.try_claim(7u32, payload.len()).map(|mut claim| {
            claim.fill(2);
            claim.commit();
        }),
    };
}

fn receive_somehow<L: Layout>(consumer: &mut Consumer<L>, random: &mut Random) {
    let bytes = |payload: &[u8]| payload.iter().map(|byte| u64::from(*byte)).sum::<u64>();
    let _ = match random.below(5) {
        0 => consumer.try_receive().map(|m| m.map_or(0, |m| bytes(m.payload()))),
        1 => consumer.peek().map(|m| m.map_or(0, |m| u64::from(m.text().is_ok()))),
        2 => consumer.receive_bytes(&mut Vec::new(), Some(Duration::ZERO)).map(|_| 0),
        3 => {
            // Seldom long enough to fall asleep.
            let wait = if random.below(16) == 0 { 50 } else { 5 };
            let wait = Some(Duration::from_micros(wait));
            consumer.receive(wait).map(|m| m.map_or(0, |m| bytes(m.payload())))
        }
        _ => {
            let mut sum = 0;
            consumer.drain(5, |m| sum += bytes(m.payload())).map(|_| sum)
        }
    };
}

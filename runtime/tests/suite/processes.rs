//! What the second processes do. `part` is a test that does nothing when run as one.

use std::io::{Read, Write};
use std::time::Duration;

use bitrpc_shm::{Consumer, Options, Producer};

use crate::layout::Default as Protocol;
use crate::rings::{PATIENCE, Random};

/// Capacity of the rings that parts use.
pub(crate) const CAPACITY: u64 = 4096;

#[test]
fn part() {
    let Ok(part) = std::env::var("BITRPC_TEST_PART") else { return };
    let folder = std::env::var_os("BITRPC_TEST_FOLDER").expect("a folder");
    let argument = std::env::var("BITRPC_TEST_ARGUMENT").expect("an argument");
    let options = Options::new().directory(folder).capacity(CAPACITY).send_timeout(PATIENCE);
    match part.as_str() {
        "hold" => hold(&options, &argument),
        "number" => number(&options, &argument),
        "record" => record(&options),
        other => panic!("no such part: {other}"),
    }
}

/// Takes a role, says so, and keeps it until its input ends.
fn hold(options: &Options, role: &str) {
    let held: Box<dyn std::fmt::Debug> = match role {
        "producer" => Box::new(Producer::<Protocol>::create("ring", options).expect("a producer")),
        _ => Box::new(Consumer::<Protocol>::open("ring", options).expect("a consumer")),
    };
    say(b"!");
    let _ = std::io::stdin().read(&mut [0]);
    drop(held);
}

/// Sends messages that carry their own number, from where the ring is, until killed.
fn number(options: &Options, seed: &str) {
    let mut random = Random::new(&format!("number {seed}"));
    let mut producer = Producer::<Protocol>::create("ring", options).expect("a producer");
    say(b"!");
    let mut number = producer.statistics().messages_sent;
    let mut payload = [0u8; 512];
    loop {
        let messages = if random.below(3) == 0 { random.below(6) + 1 } else { 1 };
        let mut batch = producer.batch();
        for _ in 0..messages {
            let len = 8 + random.below(500) as usize;
            payload[..8].copy_from_slice(&number.to_le_bytes());
            payload[8..len].fill(number as u8);
            batch.push(7u32, &payload[..len]).expect("room");
            number += 1;
        }
        batch.commit();
    }
}

/// Writes the number in each message to its output before it releases the message, until killed.
fn record(options: &Options) {
    let mut consumer = Consumer::<Protocol>::open("ring", options).expect("a consumer");
    say(b"!");
    loop {
        let Some(message) = consumer.receive(Some(Duration::from_secs(60))).expect("no error")
        else {
            return;
        };
        say(&message.payload()[..8]);
        drop(message);
    }
}

fn say(bytes: &[u8]) {
    let mut out = std::io::stdout().lock();
    out.write_all(bytes).and_then(|()| out.flush()).expect("somebody listens");
}

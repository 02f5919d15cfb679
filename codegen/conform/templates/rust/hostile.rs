//! A peer that writes anything anywhere: whatever the calls answer, they answer.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::time::Duration;

use bitrpc_shm::{Error, Layout, Mode, Options};

use crate::protocol::Protocol;
use crate::ring::{self, Consumer, Monitor, Producer};
use crate::rng::Rng;
use crate::samples;
use crate::Failure;

/// Bytes in the data area: small, so that every place in it matters.
const CAPACITY: u64 = 4096;

/// Most mutations that one ring gets.
const MUTATIONS_A_RING: u32 = 64;

/// How long a call waits that waits.
const BRIEF: Duration = Duration::from_micros(50);

/// What the state of a side says that is there, and of one that has closed.
const ATTACHED: u32 = 1;
const CLOSED: u32 = 2;

/// Most errors in a row before a ring counts as useless.
const USELESS: u32 = 24;

/// What was done, for the verdict.
#[derive(Default)]
struct Tally {
    mutations: u64,
    calls: u64,
    errors: u64,
}

/// Overwrites words of live rings until `mutations` are done.
pub fn run(name: &str, mutations: u64, seed: u64) -> Result<(), Failure> {
    let mut rng = Rng::new(seed, 0);
    let mut tally = Tally::default();
    march(name)?;
    while tally.mutations < mutations {
        let most = (mutations - tally.mutations).min(u64::from(MUTATIONS_A_RING)) as u32;
        disturb(name, most, &mut rng, &mut tally)?;
    }
    let Tally {
        mutations,
        calls,
        errors,
    } = tally;
    bitrpc_shm::remove_ring::<Protocol>(name, &Options::new())?;
    println!("{{\"ok\":true,\"mutations\":{mutations},\"calls\":{calls},\"errors\":{errors}}}");
    Ok(())
}

fn options() -> Options {
    Options::new()
        .capacity(CAPACITY)
        .send_timeout(Some(BRIEF))
        .spin(Duration::from_micros(5))
        .max_message_size(64 << 10)
        .diagnose_wakeups(true)
}

/// Ends laps with padding of every size: a ring that nobody overwrites, read to its last byte, where
/// the mapping ends.
fn march(name: &str) -> Result<(), Failure> {
    bitrpc_shm::remove_ring::<Protocol>(name, &Options::new())?;
    let mut producer = ring::producer(name, &options().mode(Mode::CreateOnly))?;
    let mut consumer = ring::consumer(name, &options())?;
    let header = <Protocol as Layout>::MESSAGE_HEADER.size;
    for size in 0..=64 {
        let payload = vec![1; size];
        for _ in 0..CAPACITY as usize / header {
            producer.try_send(7u32, &payload)?;
            producer.try_send(7u32, &payload)?;
            if consumer.skip_to_latest()? != 1 || !consumer.skip()? {
                return Err("of two messages not one is skipped".into());
            }
        }
    }
    Ok(())
}

/// One ring, from a sound start to its removal.
fn disturb(name: &str, mutations: u32, rng: &mut Rng, tally: &mut Tally) -> Result<(), Failure> {
    bitrpc_shm::remove_ring::<Protocol>(name, &Options::new())?;
    let producer = ring::producer(name, &options().mode(Mode::CreateOnly))?;
    let file = File::options()
        .read(true)
        .write(true)
        .open(producer.path())?;
    let mut victims = Victims {
        producer,
        consumer: ring::consumer(name, &options())?,
        monitor: ring::monitor(name, &Options::new())?,
    };
    let mut useless = 0;
    for _ in 0..mutations {
        let undo = mutate(&file, rng)?;
        tally.mutations += 1;
        for _ in 0..1 + rng.next() % 3 {
            tally.calls += 1;
            let fine = victims.call(rng).is_ok();
            useless = if fine { 0 } else { useless + 1 };
            tally.errors += u64::from(!fine);
        }
        if useless > USELESS {
            break;
        }
        if rng.next() & 1 == 0 {
            // Else most rings are of no use after a few mutations.
            undo.apply(&file)?;
        }
    }
    let_close(&file)?;
    drop(victims);
    if rng.next().is_multiple_of(8) {
        attach_again(name, rng, tally);
    }
    Ok(())
}

/// Who closes waits up to 5 s for another side that seems to be closing, too: here nobody is.
fn let_close(file: &File) -> std::io::Result<()> {
    let header = <Protocol as Layout>::RING_HEADER;
    for at in [header.producer_state, header.consumer_state] {
        if read(file, at as u64)? as u32 == CLOSED {
            file.write_all_at(&ATTACHED.to_le_bytes(), at as u64)?;
        }
    }
    Ok(())
}

/// Attaches to a ring in whatever state it is; any refusal is fine. What can be attached to is used.
fn attach_again(name: &str, rng: &mut Rng, tally: &mut Tally) {
    let options = options().mode(Mode::OpenOnly);
    tally.calls += 3;
    let monitor = ring::monitor(name, &options);
    let producer = ring::producer(name, &options);
    let consumer = ring::consumer(name, &options);
    let (Ok(monitor), Ok(producer), Ok(consumer)) = (monitor, producer, consumer) else {
        tally.errors += 1;
        return;
    };
    let mut victims = Victims {
        producer,
        consumer,
        monitor,
    };
    for _ in 0..16 {
        tally.calls += 1;
        tally.errors += u64::from(victims.call(rng).is_err());
    }
}

/// What a word was before it was overwritten.
struct Undo {
    at: u64,
    old: [u8; 8],
    width: usize,
}

impl Undo {
    fn apply(&self, file: &File) -> std::io::Result<()> {
        file.write_all_at(&self.old[..self.width], self.at)
    }
}

/// Overwrites an aligned word somewhere with something that could be meant.
fn mutate(file: &File, rng: &mut Rng) -> std::io::Result<Undo> {
    let read_position = read(file, <Protocol as Layout>::RING_HEADER.read_position as u64)?;
    let width = if rng.next() & 1 == 0 { 4 } else { 8 };
    let at = place(rng, read_position) / width as u64 * width as u64;
    let old = read(file, at)?;
    let value = match rng.next() % 9 {
        0 => 0,
        1 => 1,
        2 => u64::MAX,
        3 => rng.next() % 64,
        4 => (CAPACITY - 32).wrapping_add(rng.next() % 64),
        5 => old ^ (1 << (rng.next() % 64)),
        6 => read(file, place(rng, read_position) / 8 * 8)?,
        7 => (rng.next() % 600) | ((rng.next() % 3) << 32),
        _ => rng.next(),
    };
    file.write_all_at(&value.to_le_bytes()[..width], at)?;
    Ok(Undo {
        at,
        old: old.to_le_bytes(),
        width,
    })
}

fn read(file: &File, at: u64) -> std::io::Result<u64> {
    let mut bytes = [0; 8];
    // The last aligned word of 4 bytes has nothing behind it.
    let count = file.read_at(&mut bytes, at)?;
    debug_assert!(count >= 4);
    Ok(u64::from_le_bytes(bytes))
}

/// Half of the places are fields of the header, the other half lies in the data area, with a
/// preference for the record that is read next.
fn place(rng: &mut Rng, read_position: u64) -> u64 {
    let header = <Protocol as Layout>::RING_HEADER.size as u64;
    match rng.next() % 8 {
        0..=3 => FIELDS[rng.pick(FIELDS.len())] as u64,
        4 => header + read_position.wrapping_add(rng.next() % 16) % CAPACITY,
        _ => header + rng.next() % CAPACITY,
    }
}

/// The fields of the ring header that some code reads.
const FIELDS: [usize; 30] = {
    let h = <Protocol as Layout>::RING_HEADER;
    [
        h.magic,
        h.version_major,
        h.version_minor,
        h.layout_hash,
        h.schema_hash,
        h.capacity,
        h.header_size,
        h.created_unix_ns,
        h.write_position,
        h.messages_sent,
        h.bytes_sent,
        h.send_failures,
        h.producer_heartbeat_ns,
        h.producer_missed_wakeups,
        h.producer_pid,
        h.producer_state,
        h.producer_epoch,
        h.read_position,
        h.messages_received,
        h.bytes_received,
        h.receive_errors,
        h.consumer_heartbeat_ns,
        h.consumer_missed_wakeups,
        h.consumer_pid,
        h.consumer_state,
        h.consumer_epoch,
        h.consumer_control,
        h.data_sequence,
        h.producer_control,
        h.space_sequence,
    ]
};

/// Everyone who has the ring mapped.
struct Victims {
    producer: Producer,
    consumer: Consumer,
    monitor: Monitor,
}

impl Victims {
    /// Any call. A ring that is full is as it should be.
    fn call(&mut self, rng: &mut Rng) -> Result<(), Error> {
        match self.any_call(rng) {
            Err(Error::Full | Error::Timeout) => Ok(()),
            result => result,
        }
    }

    fn any_call(&mut self, rng: &mut Rng) -> Result<(), Error> {
        match rng.next() % 20 {
            0..=7 => self.send(rng),
            8..=15 => self.receive(rng),
            16 => {
                let is_clear = rng.next() & 1 == 0;
                let dropped = match is_clear {
                    true => self.consumer.clear()?,
                    false => self.consumer.skip_to_latest()?,
                };
                std::hint::black_box(dropped);
                Ok(())
            }
            17 => {
                self.producer.heartbeat();
                self.consumer.heartbeat();
                Ok(())
            }
            18 => {
                let states = (self.producer.peer_state(), self.consumer.peer_state());
                std::hint::black_box(states);
                Ok(())
            }
            _ => {
                let both = (self.producer.snapshot(), self.consumer.statistics());
                std::hint::black_box((both, self.monitor.snapshot()));
                Ok(())
            }
        }
    }

    fn send(&mut self, rng: &mut Rng) -> Result<(), Error> {
        let producer = &mut self.producer;
        let payload = vec![1; (rng.next() % 700) as usize];
        let ty = 7u32;
        match rng.next() % 6 {
            0 | 1 => producer.try_send(ty, &payload)?,
            2 => producer.send(ty, &payload)?,
            3 => {
                let part = &payload[..payload.len() / 4];
                producer.send_batch((0..4).map(|_| (ty, part))).map(drop)?;
            }
            4 => producer.send_fragmented(ty, &payload.repeat(6))?,
            _ => {
                let mut claim = producer.claim(ty, payload.len())?;
                claim.fill(2);
                if rng.next() & 1 == 0 {
                    claim.commit();
                }
            }
        }
        Ok(())
    }

    fn receive(&mut self, rng: &mut Rng) -> Result<(), Error> {
        let consumer = &mut self.consumer;
        let is_patient = rng.next().is_multiple_of(16);
        let timeout = if is_patient { BRIEF } else { Duration::ZERO };
        // Reading every byte is what finds one that is not there.
        let sum = match rng.next() % 8 {
            0 | 1 => consumer.receive(Some(timeout))?.map(|m| sum(m.payload())),
            2 => consumer.peek()?.map(|m| sum(m.payload())),
            3 => {
                let mut total = 0;
                let count = consumer.drain(8, |m| total += sum(m.payload()))?;
                Some(total + count as u64)
            }
            4 => {
                let mut bytes = Vec::new();
                let info = consumer.receive_bytes(&mut bytes, Some(timeout))?;
                info.map(|_| sum(&bytes))
            }
            5 => consumer
                .receive_string(Some(timeout))?
                .map(|text| sum(text.as_bytes())),
            6 if !samples::NAMES.is_empty() => {
                let number = rng.pick(samples::NAMES.len());
                Some(samples::receive(number, consumer, timeout)?.into())
            }
            _ => Some(consumer.skip()?.into()),
        };
        std::hint::black_box(sum);
        Ok(())
    }
}

fn sum(bytes: &[u8]) -> u64 {
    bytes.iter().map(|byte| u64::from(*byte)).sum()
}

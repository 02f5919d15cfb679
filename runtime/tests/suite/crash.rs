//! Processes that die: by SIGKILL, at random moments.

use std::io::Read;
use std::process::ChildStdout;
use std::time::Duration;

use bitrpc_shm::{Consumer, PeerState, Producer, ReceiveError, SendError};

use crate::layout::Default as Protocol;
use crate::processes::{CAPACITY, Part};
use crate::rings::{PATIENCE, Random, files, folder, options};

/// How often each side is killed.
const KILLS: u32 = 40;

#[test]
fn what_a_killed_producer_published_is_neither_lost_nor_repeated() {
    let folder = folder();
    let mut random = Random::new("killed producer");
    let mut consumer = Consumer::<Protocol>::open("ring", &options(&folder, CAPACITY)).unwrap();
    let mut number = 0u64;
    for _ in 0..KILLS {
        let seed = random.below(1 << 30).to_string();
        let child = Part::start("number", folder.path(), &seed);
        let until = number + random.below(3000);
        while number < until {
            number = take(&mut consumer, number);
        }
        child.kill();
        loop {
            match consumer.receive(PATIENCE) {
                Ok(Some(message)) => number = check(message.payload(), number),
                Ok(None) => panic!("nothing for a minute, and no word of the death"),
                Err(error) => break assert_eq!(error, ReceiveError::PeerDied),
            }
        }
        assert_eq!(consumer.peer_state(), PeerState::Died);
        assert!(consumer.receive(Some(Duration::ZERO)).unwrap().is_none(), "said once");
    }
    let snapshot = consumer.snapshot();
    assert_eq!((snapshot.receive_errors, snapshot.producer.missed_wakeups), (0, 0));
    assert_eq!(snapshot.consumer.missed_wakeups, 0);
    assert_eq!(snapshot.producer.epoch, KILLS);
}

fn take(consumer: &mut Consumer<Protocol>, number: u64) -> u64 {
    let message = consumer.receive(PATIENCE).unwrap().expect("the producer sends without end");
    check(message.payload(), number)
}

fn check(payload: &[u8], number: u64) -> u64 {
    assert_eq!(payload[..8], number.to_le_bytes(), "in order, without gap or repetition");
    assert!(payload[8..].iter().all(|byte| *byte == number as u8), "whole");
    number + 1
}

#[test]
fn a_killed_consumer_repeats_at_most_the_message_that_it_had_not_released() {
    let folder = folder();
    let mut random = Random::new("killed consumer");
    let options = options(&folder, CAPACITY);
    let mut producer = Producer::<Protocol>::create("ring", &options).unwrap();
    let (mut sent, mut expected) = (0u64, 0u64);
    for round in 0..KILLS {
        let child = Part::launch("record", folder.path(), "");
        let until = sent + random.below(3000);
        while sent < until {
            match producer.send(7u32, &sent.to_le_bytes()) {
                Ok(()) => sent += 1,
                // The last one's death, noticed before the next one attached.
                Err(error) => assert_eq!(error, SendError::PeerDied),
            }
        }
        let numbers = recorded(child.kill());
        if let Some(first) = numbers.first() {
            assert!(*first == expected || *first + 1 == expected, "{first} after {expected}");
            for pair in numbers.windows(2) {
                assert_eq!(pair[0] + 1, pair[1]);
            }
            expected = numbers[numbers.len() - 1] + 1;
        }
        assert!(expected <= sent, "round {round}");
    }
    // What nobody received is still there.
    let mut consumer = Consumer::<Protocol>::open("ring", &options).unwrap();
    let first = consumer
        .receive(Some(Duration::ZERO))
        .unwrap()
        .map_or(sent, |message| u64::from_le_bytes(message.payload().try_into().unwrap()));
    assert!(first == expected || first + 1 == expected, "{first} after {expected}");
    assert_eq!(producer.snapshot().producer.missed_wakeups, 0);
}

/// The numbers that a killed part wrote: behind its mark, whole ones only.
fn recorded(mut output: ChildStdout) -> Vec<u64> {
    let mut bytes = Vec::new();
    output.read_to_end(&mut bytes).expect("a pipe");
    let Some(mark) = bytes.iter().position(|byte| *byte == b'!') else { return Vec::new() };
    bytes[mark + 1..].chunks_exact(8).map(|c| u64::from_le_bytes(c.try_into().unwrap())).collect()
}

#[test]
fn a_full_ring_whose_consumer_was_killed_says_so_once() {
    let folder = folder();
    let options = options(&folder, CAPACITY);
    let child = Part::start("hold", folder.path(), "consumer");
    let mut producer = Producer::<Protocol>::create("ring", &options).unwrap();
    while producer.try_send(7u32, &[0; 100]).is_ok() {}
    child.kill();
    assert_eq!(producer.send(7u32, &[0; 100]), Err(SendError::PeerDied));
    producer.set_send_timeout(Some(Duration::from_millis(1)));
    assert_eq!(producer.send(7u32, &[0; 100]), Err(SendError::Timeout));
    drop(Consumer::<Protocol>::open("ring", &options).unwrap());
    assert_eq!(producer.send(7u32, &[0; 100]), Err(SendError::Closed));
}

#[test]
fn a_batch_that_a_death_cut_short_leaves_the_death_to_the_next_call() {
    let folder = folder();
    let options = options(&folder, CAPACITY);
    let child = Part::start("hold", folder.path(), "consumer");
    let mut producer = Producer::<Protocol>::create("ring", &options).unwrap();
    child.kill();
    let sent = producer.send_batch((0..100).map(|_| (7u32, [0u8; 100]))).unwrap();
    assert!((1..100).contains(&sent), "as many as the ring holds: {sent}");
    assert_eq!(producer.send(7u32, &[0; 100]), Err(SendError::PeerDied));
}

#[cfg(target_os = "linux")]
#[test]
fn a_paused_process_keeps_its_role() {
    let folder = folder();
    let options = options(&folder, CAPACITY);
    let child = Part::start("hold", folder.path(), "producer");
    let pid = child.id() as i32;
    let mut status = 0;
    // SAFETY: the process is this one's child and not yet waited for; `status` is writable.
    unsafe {
        assert_eq!(libc::kill(pid, libc::SIGSTOP), 0);
        assert_eq!(libc::waitpid(pid, &mut status, libc::WUNTRACED), pid);
    }
    let error = Producer::<Protocol>::create("ring", &options).unwrap_err();
    assert!(matches!(error, bitrpc_shm::Error::RoleTaken { pid: p, .. } if p == child.id()));
    // SAFETY: as above.
    assert_eq!(unsafe { libc::kill(pid, libc::SIGCONT) }, 0);
    child.finish();
    assert!(files(folder.path()).is_empty(), "it was alone, and the ring was empty");
}

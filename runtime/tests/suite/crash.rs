//! Processes that die: by SIGKILL, at random moments.

use std::io::{Read, Write};
use std::process::{Child, ChildStdout};
use std::time::Duration;

use bitrpc_shm::{Consumer, PeerState, Producer, ReceiveError, SendError};

use crate::layout::Default as Protocol;
use crate::processes::CAPACITY;
use crate::rings::{PATIENCE, Random, files, folder, options, start};

/// How often each side is killed.
const KILLS: u32 = 40;

/// Waits until a part says that it is attached.
fn wait_for_start(child: &mut Child) -> ChildStdout {
    let mut output = child.stdout.take().expect("a pipe");
    let mut said = [0];
    while said != *b"!" {
        output.read_exact(&mut said).expect("the part lives");
    }
    output
}

fn kill(mut child: Child) {
    child.kill().expect("it is there");
    child.wait().expect("it is ours");
}

#[test]
fn what_a_killed_producer_published_is_neither_lost_nor_repeated() {
    let folder = folder();
    let mut random = Random::new("killed producer");
    let mut consumer = Consumer::<Protocol>::open("ring", &options(&folder, CAPACITY)).unwrap();
    let mut number = 0u64;
    for _ in 0..KILLS {
        let mut child = start("number", folder.path(), &random.below(1 << 30).to_string());
        let _output = wait_for_start(&mut child);
        let until = number + random.below(3000);
        while number < until {
            number = take(&mut consumer, number);
        }
        kill(child);
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
        let mut child = start("record", folder.path(), "");
        let output = child.stdout.take().expect("a pipe");
        let until = sent + random.below(3000);
        while sent < until {
            match producer.send(7u32, &sent.to_le_bytes()) {
                Ok(()) => sent += 1,
                // The last one's death, noticed before the next one attached.
                Err(error) => assert_eq!(error, SendError::PeerDied),
            }
        }
        kill(child);
        let numbers = recorded(output);
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
    let mut child = start("hold", folder.path(), "consumer");
    let _output = wait_for_start(&mut child);
    let mut producer = Producer::<Protocol>::create("ring", &options).unwrap();
    while producer.try_send(7u32, &[0; 100]).is_ok() {}
    kill(child);
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
    let mut child = start("hold", folder.path(), "consumer");
    let _output = wait_for_start(&mut child);
    let mut producer = Producer::<Protocol>::create("ring", &options).unwrap();
    kill(child);
    let sent = producer.send_batch((0..100).map(|_| (7u32, [0u8; 100]))).unwrap();
    assert!((1..100).contains(&sent), "as many as the ring holds: {sent}");
    assert_eq!(producer.send(7u32, &[0; 100]), Err(SendError::PeerDied));
}

#[cfg(target_os = "linux")]
#[test]
fn a_paused_process_keeps_its_role() {
    let folder = folder();
    let options = options(&folder, CAPACITY);
    let mut child = start("hold", folder.path(), "producer");
    let _output = wait_for_start(&mut child);
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
    child.stdin.take().unwrap().write_all(b"x").unwrap();
    assert!(child.wait().unwrap().success());
    assert!(files(folder.path()).is_empty(), "it was alone, and the ring was empty");
}

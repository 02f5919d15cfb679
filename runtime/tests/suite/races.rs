//! Creating, opening and tidying up at the same time.

use std::sync::Barrier;
use std::sync::atomic::{AtomicU32, Ordering};

use bitrpc_shm::{Consumer, Error, Mode, Producer, ReceiveError};

use crate::layout::Default as Protocol;
use crate::rings::{PATIENCE, Random, files, folder, options};

#[test]
fn many_creators_make_one_ring() {
    let folder = folder();
    let options = options(&folder, 1024);
    for round in 0..50 {
        let name = format!("ring{round}");
        let gate = Barrier::new(8);
        let (producers, consumers) = (AtomicU32::new(0), AtomicU32::new(0));
        std::thread::scope(|scope| {
            for thread in 0..8 {
                let (name, gate, options) = (&name, &gate, &options);
                let (producers, consumers) = (&producers, &consumers);
                scope.spawn(move || {
                    gate.wait();
                    // Relaxed: read after all threads are joined.
                    if thread % 2 == 0 {
                        match Producer::<Protocol>::create(name, options) {
                            Ok(producer) => {
                                producers.fetch_add(1, Ordering::Relaxed);
                                gate.wait();
                                drop(producer);
                                return;
                            }
                            Err(error) => {
                                assert!(matches!(error, Error::RoleTaken { .. }), "{error}")
                            }
                        }
                    } else {
                        match Consumer::<Protocol>::open(name, options) {
                            Ok(consumer) => {
                                consumers.fetch_add(1, Ordering::Relaxed);
                                gate.wait();
                                drop(consumer);
                                return;
                            }
                            Err(error) => {
                                assert!(matches!(error, Error::RoleTaken { .. }), "{error}")
                            }
                        }
                    }
                    gate.wait();
                });
            }
        });
        assert_eq!((producers.into_inner(), consumers.into_inner()), (1, 1));
    }
    assert!(files(folder.path()).iter().all(|name| !name.ends_with(".tmp")));
}

#[test]
fn of_many_exclusive_creators_one_succeeds() {
    let folder = folder();
    let options = options(&folder, 1024).mode(Mode::CreateOnly);
    for round in 0..50 {
        let name = format!("ring{round}");
        let made = AtomicU32::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| match bitrpc_shm::RingBuffer::<Protocol>::create(&name, &options) {
                    // Relaxed: read after all threads are joined.
                    Ok(_) => drop(made.fetch_add(1, Ordering::Relaxed)),
                    Err(error) => assert!(matches!(error, Error::AlreadyExists { .. }), "{error}"),
                });
            }
        });
        assert_eq!(made.into_inner(), 1);
    }
}

#[test]
fn either_side_may_start_first() {
    // Often: the consumer also closes while the producer that it saw closed still holds its role.
    for consumer_first in [false, true].repeat(100) {
        let folder = folder();
        let options = options(&folder, 1024);
        let send = || {
            let mut producer = Producer::<Protocol>::create("ring", &options).unwrap();
            for i in 0..1000u32 {
                producer.send(7u32, &i.to_le_bytes()).unwrap();
            }
        };
        let receive = |ready: &Barrier| {
            let mut consumer = Consumer::<Protocol>::open("ring", &options).unwrap();
            ready.wait();
            for i in 0..1000u32 {
                assert_eq!(consumer.receive(PATIENCE).unwrap().unwrap().payload(), i.to_le_bytes());
            }
            assert_eq!(consumer.receive(PATIENCE).unwrap_err(), ReceiveError::Closed);
        };
        let ready = Barrier::new(2);
        std::thread::scope(|scope| {
            scope.spawn(|| receive(&ready));
            if consumer_first {
                ready.wait();
                send();
            } else {
                // Starts while the consumer attaches, or before.
                send_after(&ready, send);
            }
        });
        assert!(files(folder.path()).is_empty(), "drained, both closed: removed");
    }
}

fn send_after(ready: &Barrier, send: impl FnOnce()) {
    send_then_wait(send, || {
        ready.wait();
    });
}

fn send_then_wait(send: impl FnOnce(), wait: impl FnOnce() + Send) {
    std::thread::scope(|scope| {
        scope.spawn(wait);
        send();
    });
}

/// Producers and consumers come and go on one name; the consumers remove the ring whenever it is
/// drained and closed. Every message is received, exactly once, by whatever ring it went through.
#[test]
fn nothing_is_lost_while_rings_are_tidied_up() {
    const ROUNDS: u64 = 300;
    let folder = folder();
    let options = options(&folder, 1024);
    let mut random = Random::new("tidy");
    let counts: Vec<u64> = (0..ROUNDS).map(|_| random.below(5)).collect();
    let total: u64 = counts.iter().sum();
    std::thread::scope(|scope| {
        let options = &options;
        let sender = scope.spawn(move || {
            let mut number = 0u64;
            for count in counts {
                let mut producer = Producer::<Protocol>::create("ring", options).unwrap();
                for _ in 0..count {
                    // Full, and the consumer is between two openings.
                    while let Err(error) = producer.send(7u32, &number.to_le_bytes()) {
                        assert_eq!(error, bitrpc_shm::SendError::Closed);
                        std::thread::yield_now();
                    }
                    number += 1;
                }
            }
        });
        let mut expected = 0u64;
        while expected < total {
            let mut consumer = Consumer::<Protocol>::open("ring", options).unwrap();
            loop {
                // Asked before the look: what a producer that is gone has sent is there.
                let finished = sender.is_finished();
                match consumer.try_receive() {
                    Ok(Some(message)) => {
                        assert_eq!(message.payload(), expected.to_le_bytes());
                        expected += 1;
                    }
                    // A ring of this consumer's own making: the producer may be about to come,
                    // or be gone for good.
                    Ok(None) if finished => {
                        assert_eq!(expected, total, "the producer is gone");
                        break;
                    }
                    Ok(None) => std::thread::yield_now(),
                    Err(error) => {
                        assert_eq!(error, ReceiveError::Closed);
                        break;
                    }
                }
            }
        }
    });
}

#[test]
fn a_removed_file_is_noticed_by_those_who_wait() {
    let (mut producer, mut consumer, folder) = crate::rings::pair::<Protocol>(1024);
    producer.send(7u32, b"still here").unwrap();
    let options = options(&folder, 1024);
    assert!(bitrpc_shm::remove_ring::<Protocol>("ring", &options).unwrap());
    assert!(!bitrpc_shm::remove_ring::<Protocol>("ring", &options).unwrap());
    assert_eq!(consumer.receive(PATIENCE).unwrap().unwrap().payload(), b"still here");
    assert_eq!(consumer.receive(PATIENCE).unwrap_err(), ReceiveError::Removed);
    while producer.try_send(7u32, &[0; 100]).is_ok() {}
    assert_eq!(producer.send(7u32, &[0; 100]), Err(bitrpc_shm::SendError::Removed));
    drop(Producer::<Protocol>::create("ring", &options).expect("the name is free again"));
}

//! Sleeping and waking.

use std::time::{Duration, Instant};

use bitrpc_shm::{ReceiveError, SendError, WaitStrategy};

use crate::layout::Default as Protocol;
use crate::rings::{PATIENCE, Random, pair_with};

#[cfg(target_os = "linux")]
#[test]
fn an_idle_receiver_uses_less_than_a_hundredth_of_a_processor() {
    let (_producer, mut consumer, _folder) = pair_with::<Protocol>(|o| o, 1024);
    std::thread::spawn(move || {
        let before = thread_time();
        let start = Instant::now();
        assert!(consumer.receive(Some(Duration::from_secs(2))).unwrap().is_none());
        let (used, passed) = (thread_time() - before, start.elapsed());
        assert!(passed >= Duration::from_secs(2));
        assert!(used < passed / 100, "{used:?} of {passed:?}");
    })
    .join()
    .unwrap();
}

#[cfg(target_os = "linux")]
fn thread_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is writable, and every thread has this clock.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Random gaps around the time that falling asleep takes, so that messages come before, while and
/// after the other side goes to sleep.
fn gaps(random: &mut Random) {
    let until = Instant::now() + Duration::from_nanos(random.below(60_000));
    while Instant::now() < until {
        std::hint::spin_loop();
    }
}

#[test]
fn no_wake_up_of_a_consumer_is_missed() {
    const MESSAGES: u32 = 20_000;
    let (mut producer, mut consumer, _folder) =
        pair_with::<Protocol>(|o| o.spin(Duration::ZERO), 1 << 16);
    let mut random = Random::new("consumer wake-ups");
    let start = Instant::now();
    let sender = std::thread::spawn(move || {
        for i in 0..MESSAGES {
            gaps(&mut random);
            producer.send(7u32, &i.to_le_bytes()).unwrap();
        }
        producer
    });
    for i in 0..MESSAGES {
        let message = consumer.receive(PATIENCE).unwrap().expect("in time");
        assert_eq!(message.payload(), i.to_le_bytes());
    }
    let producer = sender.join().unwrap();
    println!("{:?} for {MESSAGES} messages", start.elapsed());
    assert_eq!(consumer.snapshot().consumer.missed_wakeups, 0);
    drop(producer);
}

#[test]
fn no_wake_up_of_a_producer_is_missed() {
    const MESSAGES: u32 = 20_000;
    let (mut producer, mut consumer, _folder) =
        pair_with::<Protocol>(|o| o.spin(Duration::ZERO), 1024);
    let mut random = Random::new("producer wake-ups");
    let sender = std::thread::spawn(move || {
        for i in 0..MESSAGES {
            producer.send(7u32, &[i as u8; 200]).unwrap();
        }
        producer
    });
    for i in 0..MESSAGES {
        gaps(&mut random);
        let message = consumer.receive(PATIENCE).unwrap().expect("in time");
        assert_eq!(message.payload(), [i as u8; 200]);
    }
    let producer = sender.join().unwrap();
    assert_eq!(producer.snapshot().producer.missed_wakeups, 0);
    assert_eq!(producer.statistics().errors, 0);
}

#[test]
fn closing_wakes_the_sleeper_on_either_side() {
    for strategy in [WaitStrategy::Adaptive, WaitStrategy::Spin] {
        let (producer, mut consumer, _folder) =
            pair_with::<Protocol>(|o| o.wait_strategy(strategy).spin(Duration::ZERO), 1024);
        let receiver = std::thread::spawn(move || consumer.receive(None).map(|m| m.is_some()));
        drop(producer);
        assert_eq!(receiver.join().unwrap(), Err(ReceiveError::Closed));

        let (mut producer, consumer, _folder) = pair_with::<Protocol>(
            |o| o.wait_strategy(strategy).spin(Duration::ZERO).send_timeout(None),
            1024,
        );
        while producer.try_send(7u32, &[0; 100]).is_ok() {}
        let sender = std::thread::spawn(move || producer.send(7u32, &[0; 100]));
        drop(consumer);
        assert_eq!(sender.join().unwrap(), Err(SendError::Closed));
    }
}

#[test]
fn a_receiver_waits_for_a_producer_that_never_was() {
    let folder = crate::rings::folder();
    let options = crate::rings::options(&folder, 1024);
    let mut consumer = bitrpc_shm::Consumer::<Protocol>::open("ring", &options).unwrap();
    assert!(consumer.receive(Some(Duration::from_millis(150))).unwrap().is_none());
    let receiver = std::thread::spawn(move || {
        consumer.receive(PATIENCE).map(|m| m.map(|m| m.payload().to_vec()))
    });
    let mut producer = bitrpc_shm::Producer::<Protocol>::create("ring", &options).unwrap();
    producer.send(7u32, b"late").unwrap();
    assert_eq!(receiver.join().unwrap(), Ok(Some(b"late".to_vec())));
}

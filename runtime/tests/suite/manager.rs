//! Handlers, heartbeats, states.

use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

#[cfg(target_os = "linux")]
use bitrpc_shm::Options;
use bitrpc_shm::{Consumer, Error, Manager, ManagerError, PeerState, Producer, ReceiveError, Role};

use crate::layout::Default as Protocol;
#[cfg(target_os = "linux")]
use crate::processes::{Part, say};
use crate::rings::{PATIENCE, folder, options};

#[test]
fn messages_go_to_the_handler_of_their_type() {
    let folder = folder();
    let options = options(&folder, 4096);
    let mut receiving = Manager::<Protocol>::consumer("ring", &options).unwrap();
    let (sender, received) = channel();
    let other = sender.clone();
    receiving.on(7u32, move |message| sender.send((7, message.payload().to_vec())).unwrap());
    receiving.on_any(move |message| {
        other.send((message.message_type(), message.payload().to_vec())).unwrap();
    });
    receiving.start().unwrap();
    receiving.start().unwrap();
    assert!(receiving.is_running());
    let sending = Manager::<Protocol>::create("ring", Role::Producer, &options).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..250).for_each(|_| sending.send(7u32, b"seven").unwrap()));
        }
    });
    sending.send_string("text").unwrap();
    for _ in 0..1000 {
        assert_eq!(received.recv_timeout(PATIENCE.unwrap()).unwrap(), (7, b"seven".to_vec()));
    }
    assert_eq!(received.recv_timeout(PATIENCE.unwrap()).unwrap(), (1, b"text".to_vec()));
    receiving.stop();
    assert!(!receiving.is_running());
    assert_eq!(receiving.statistics().messages_received, 1001);
    sending.send(8u32, b"by hand").unwrap();
    assert!(receiving.poll(PATIENCE).unwrap());
    assert_eq!(received.recv().unwrap().0, 8);
    assert!(!receiving.poll(Some(Duration::ZERO)).unwrap());
}

#[test]
fn each_manager_has_one_side() {
    let folder = folder();
    let options = options(&folder, 4096);
    let mut sending = Manager::<Protocol>::producer("ring", &options).unwrap();
    let receiving = Manager::<Protocol>::consumer("ring", &options).unwrap();
    assert!(matches!(receiving.send(7u32, b"x"), Err(Error::Unsupported { .. })));
    assert!(matches!(sending.poll(None), Err(Error::Unsupported { .. })));
    assert!(matches!(sending.with_consumer(|_| ()), Err(Error::Unsupported { .. })));
    assert_eq!(sending.with_producer(|producer| producer.largest_payload()).unwrap(), 2048 - 16);
    assert!(sending.is_producer() && !receiving.is_producer());
}

#[cfg(target_os = "linux")]
#[test]
fn idle_managers_use_less_than_three_thousandths_of_a_processor_each() {
    let folder = folder();
    // In a process that does nothing else.
    let (said, errors) = Part::start("idle managers", folder.path(), "").finish();
    let millionths: u32 = said.split_whitespace().next().and_then(|n| n.parse().ok()).unwrap();
    assert!(millionths < 3000, "{said}{errors}");
}

/// Starts managers, and says how many millionths of a processor each of them uses.
#[cfg(target_os = "linux")]
pub(crate) fn stay_idle(options: &Options) {
    let mut managers = Vec::new();
    for name in ["first", "second", "third", "fourth"] {
        for role in [Role::Producer, Role::Consumer] {
            let mut manager = Manager::<Protocol>::create(name, role, options).unwrap();
            manager.start().unwrap();
            managers.push(manager);
        }
    }
    say(b"!");
    let (start, before) = (Instant::now(), processor_time());
    std::thread::sleep(Duration::from_secs(3));
    let share = (processor_time() - before).as_secs_f64() / start.elapsed().as_secs_f64();
    say(format!("{:.0} ", share / managers.len() as f64 * 1e6).as_bytes());
}

/// What all threads of this process have used.
#[cfg(target_os = "linux")]
fn processor_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is writable, and every process has this clock.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) };
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

#[test]
fn stopping_does_not_wait_for_messages_or_intervals() {
    let folder = folder();
    let options = options(&folder, 4096).spin(Duration::ZERO);
    for _ in 0..100 {
        let mut receiving = Manager::<Protocol>::consumer("ring", &options).unwrap();
        let mut sending = Manager::<Protocol>::producer("ring", &options).unwrap();
        receiving.set_heartbeat(Duration::from_secs(3600));
        sending.set_heartbeat(Duration::from_secs(3600));
        receiving.start().unwrap();
        sending.start().unwrap();
        drop(sending);
        drop(receiving);
    }
}

#[test]
fn a_manager_sends_no_heartbeat_messages() {
    let folder = folder();
    let options = options(&folder, 4096);
    let mut sending = Manager::<Protocol>::producer("ring", &options).unwrap();
    let mut consumer = Consumer::<Protocol>::open("ring", &options).unwrap();
    sending.set_heartbeat(Duration::ZERO); // as short as it gets
    sending.start().unwrap();
    let start = Instant::now();
    let mut last = consumer.snapshot().producer.heartbeat_ns;
    let mut beats = 0;
    while beats < 5 {
        assert!(start.elapsed() < PATIENCE.unwrap(), "no heartbeat is stored");
        let beat = consumer.snapshot().producer.heartbeat_ns;
        beats += u32::from(beat != last);
        last = beat;
    }
    drop(sending);
    assert_eq!(consumer.statistics().messages_sent, 0);
    assert_eq!(consumer.receive(PATIENCE).unwrap_err(), ReceiveError::Closed);
}

#[test]
fn states_tell_never_alive_stalled_and_closed_apart() {
    let folder = folder();
    let options = options(&folder, 4096);
    let mut sending = Manager::<Protocol>::producer("ring", &options).unwrap();
    assert_eq!(sending.peer_state(), PeerState::Never);
    let consumer = Consumer::<Protocol>::open("ring", &options).unwrap();
    assert_eq!(sending.peer_state(), PeerState::Alive);
    sending.set_heartbeat(Duration::from_millis(1));
    let start = Instant::now();
    while sending.peer_state() != PeerState::Stalled {
        assert!(start.elapsed() < PATIENCE.unwrap(), "no heartbeat: stalled after three intervals");
        std::thread::yield_now();
    }
    drop(consumer);
    assert_eq!(sending.peer_state(), PeerState::Closed);
}

#[test]
fn the_thread_tells_of_the_end_and_goes_on_with_the_next_producer() {
    let folder = folder();
    let options = options(&folder, 4096);
    let mut receiving = Manager::<Protocol>::consumer("ring", &options).unwrap();
    let (errors, told) = channel();
    let (messages, received) = channel();
    receiving.on_error(move |error| errors.send(error).unwrap());
    receiving.on(7u32, move |message| messages.send(message.payload()[0]).unwrap());
    receiving.start().unwrap();
    for round in 0..5 {
        let mut producer = Producer::<Protocol>::create("ring", &options).unwrap();
        producer.send(7u32, &[round]).unwrap();
        drop(producer);
        assert_eq!(received.recv_timeout(PATIENCE.unwrap()), Ok(round));
        assert_eq!(
            told.recv_timeout(PATIENCE.unwrap()),
            Ok(ManagerError::Receive(ReceiveError::Closed))
        );
    }
}

#[test]
fn a_panicking_handler_is_seen_and_the_thread_goes_on() {
    let folder = folder();
    let options = options(&folder, 4096);
    let mut receiving = Manager::<Protocol>::consumer("ring", &options).unwrap();
    let (seen, received) = channel();
    let (errors, told) = channel();
    receiving.on(7u32, |_| panic!("on purpose"));
    receiving.on(8u32, move |message| seen.send(message.payload()[0]).unwrap());
    receiving.on_error(move |error| errors.send(error).unwrap());
    receiving.start().unwrap();
    let mut producer = Producer::<Protocol>::create("ring", &options).unwrap();
    for round in 0..3 {
        producer.send(7u32, b"boom").unwrap();
        producer.send(8u32, &[round]).unwrap();
        let expected = ManagerError::Panic { message_type: 7, what: "on purpose".to_owned() };
        assert_eq!(told.recv_timeout(PATIENCE.unwrap()), Ok(expected));
        assert_eq!(received.recv_timeout(PATIENCE.unwrap()), Ok(round));
    }
    // An error handler that panics, too, ends nothing either.
    receiving.on_error(|_| panic!("on purpose"));
    producer.send(7u32, b"boom").unwrap();
    producer.send(8u32, &[9]).unwrap();
    assert_eq!(received.recv_timeout(PATIENCE.unwrap()), Ok(9));
    assert!(receiving.is_running());
    receiving.stop();
    producer.send(7u32, b"boom").unwrap();
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| receiving.poll(PATIENCE)));
    assert!(panic.is_err(), "by hand, it is the caller's");
    producer.send(8u32, &[10]).unwrap();
    assert!(receiving.poll(PATIENCE).unwrap());
    assert_eq!(received.recv_timeout(PATIENCE.unwrap()), Ok(10));
}

#[test]
fn stop_inside_a_handler_returns_and_ends_the_thread() {
    let folder = folder();
    let options = options(&folder, 4096);
    let receiving = Manager::<Protocol>::consumer("ring", &options).unwrap();
    let slot = Arc::new(Mutex::new(Some(receiving)));
    let (seen, received) = channel();
    let stop = Arc::clone(&slot);
    let tell = seen.clone();
    slot.lock().unwrap().as_ref().unwrap().on(7u32, move |_| {
        let mut slot = stop.lock().unwrap();
        let manager = slot.as_mut().unwrap();
        manager.stop();
        manager.stop();
        tell.send(manager.is_running()).unwrap();
    });
    let drops = Arc::clone(&slot);
    slot.lock().unwrap().as_ref().unwrap().on(8u32, move |_| {
        drop(drops.lock().unwrap().take());
        seen.send(true).unwrap();
    });
    slot.lock().unwrap().as_mut().unwrap().start().unwrap();
    let mut producer = Producer::<Protocol>::create("ring", &options).unwrap();
    for _ in 0..20 {
        producer.send(7u32, b"stop").unwrap();
        assert_eq!(received.recv_timeout(PATIENCE.unwrap()), Ok(false));
        slot.lock().unwrap().as_mut().unwrap().start().unwrap();
    }
    producer.send(8u32, b"drop").unwrap();
    assert_eq!(received.recv_timeout(PATIENCE.unwrap()), Ok(true));
    // The side closes when the handler has returned: another one can have the role.
    drop(Consumer::<Protocol>::open("ring", &options).unwrap());
}

#[test]
fn a_handler_may_call_its_manager() {
    let folder = folder();
    let options = options(&folder, 4096);
    let receiving = Arc::new(Mutex::new(Manager::<Protocol>::consumer("ring", &options).unwrap()));
    let (seen, received) = channel();
    let (within, other) = (Arc::clone(&receiving), seen.clone());
    receiving.lock().unwrap().on(7u32, move |_| {
        let mut manager = within.lock().unwrap();
        assert!(matches!(manager.with_consumer(|_| ()), Err(Error::Busy)), "it is in use here");
        assert!(matches!(manager.poll(PATIENCE), Err(Error::Busy)));
        assert_eq!(manager.statistics().messages_sent, 1);
        let other = other.clone();
        manager.on(8u32, move |message| other.send(message.message_type()).unwrap());
        seen.send(7).unwrap();
    });
    receiving.lock().unwrap().start().unwrap();
    let mut producer = Producer::<Protocol>::create("ring", &options).unwrap();
    producer.send(7u32, b"first").unwrap();
    assert_eq!(received.recv_timeout(PATIENCE.unwrap()), Ok(7));
    producer.send(8u32, b"second").unwrap();
    assert_eq!(received.recv_timeout(PATIENCE.unwrap()), Ok(8));
    let sending = Manager::<Protocol>::producer("other", &options).unwrap();
    let nested = sending.with_producer(|_| sending.send(7u32, b"x"));
    assert!(matches!(nested, Ok(Err(Error::Busy))));
}

/// Sleeps of the threads of this process that have this name.
#[cfg(target_os = "linux")]
fn sleeps(name: &str) -> u64 {
    let mut sleeps = 0;
    for thread in std::fs::read_dir("/proc/self/task").unwrap() {
        let folder = thread.unwrap().path();
        // A thread of another test may end meanwhile.
        let read = |file| std::fs::read_to_string(folder.join(file)).unwrap_or_default();
        let status = read("status");
        let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        if read("comm").trim() == name {
            sleeps += line.map_or(0, |count| count.trim().parse::<u64>().unwrap());
        }
    }
    sleeps
}

/// Ten looks a second after the peer, and a heartbeat: a few ten microseconds each.
#[cfg(target_os = "linux")]
#[test]
fn an_idle_manager_hardly_wakes_up() {
    let folder = folder();
    let options = options(&folder, 4096);
    let mut receiving = Manager::<Protocol>::consumer("idle", &options).unwrap();
    let mut sending = Manager::<Protocol>::producer("idle", &options).unwrap();
    receiving.start().unwrap();
    sending.start().unwrap();
    let start = Instant::now();
    std::thread::sleep(Duration::from_millis(1000));
    let before = sleeps("bitrpc idle");
    assert!(before > 0, "the threads are found");
    std::thread::sleep(Duration::from_millis(2000));
    let (woken, passed) = (sleeps("bitrpc idle") - before, start.elapsed());
    assert!(woken < 2 * 15 * passed.as_secs().max(2), "{woken} times in {passed:?}");
}

#[test]
fn a_manager_that_waits_lets_go_of_its_consumer() {
    let folder = folder();
    let options = options(&folder, 4096);
    let mut receiving = Manager::<Protocol>::consumer("ring", &options).unwrap();
    receiving.set_heartbeat(Duration::MAX);
    receiving.start().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                for _ in 0..100 {
                    receiving.with_consumer(|consumer| consumer.heartbeat()).unwrap();
                }
            });
        }
    });
}

#[cfg(target_os = "linux")]
#[test]
fn a_forked_childs_copy_of_a_running_manager_neither_works_nor_hangs() {
    let folder = folder();
    let options = options(&folder, 4096);
    let mut receiving = Manager::<Protocol>::consumer("ring", &options).unwrap();
    receiving.start().unwrap();
    // SAFETY: the child calls nothing that allocates (a manager refuses before that), and ends with
    // _exit.
    let child = unsafe { libc::fork() };
    if child == 0 {
        // SAFETY: ends the child if it hangs.
        unsafe { libc::alarm(60) };
        let refused = matches!(receiving.with_consumer(|_| ()), Err(Error::Forked));
        drop(receiving);
        // SAFETY: ends the child without running the parent's exit handlers.
        unsafe { libc::_exit(i32::from(!refused)) };
    }
    let mut status = 0;
    // SAFETY: `status` is writable, `child` is this process's own.
    assert_eq!(unsafe { libc::waitpid(child, &mut status, 0) }, child);
    assert_eq!(status, 0, "the child was refused");
    assert!(receiving.is_running());
}

//! Handlers, heartbeats, states.

use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use bitrpc_shm::{Consumer, Error, Manager, PeerState, Producer, ReceiveError, Role};

use crate::layout::Default as Protocol;
use crate::rings::{PATIENCE, folder, options};

#[test]
fn messages_go_to_the_handler_of_their_type() {
    let folder = folder();
    let options = options(&folder, 4096);
    let mut receiving = Manager::<Protocol>::consumer("ring", &options).unwrap();
    let (sender, received) = channel();
    let other = sender.clone();
    receiving.on(7u32, move |message| sender.send((7, message.payload().to_vec())).unwrap());
    receiving.on_default(move |message| {
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
    assert_eq!(sending.with_producer(|producer| producer.max_payload()).unwrap(), 2048 - 16);
    assert_eq!((sending.role(), receiving.role()), (Role::Producer, Role::Consumer));
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
fn an_idle_producer_sends_heartbeats_and_both_sides_store_them() {
    let folder = folder();
    let options = options(&folder, 4096);
    let mut sending = Manager::<Protocol>::producer("ring", &options).unwrap();
    sending.set_heartbeat(Duration::from_millis(5));
    sending.start().unwrap();
    let mut consumer = Consumer::<Protocol>::open("ring", &options).unwrap();
    for _ in 0..3 {
        let message = consumer.receive(PATIENCE).unwrap().unwrap();
        assert_eq!((message.message_type(), message.payload()), (3, &b""[..]));
    }
    assert_eq!(consumer.peer_state(), PeerState::Alive);
    assert!(consumer.snapshot().producer.heartbeat_age < Duration::from_secs(60));
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
        assert_eq!(told.recv_timeout(PATIENCE.unwrap()), Ok(ReceiveError::Closed));
    }
}

#[test]
fn a_handler_that_panics_ends_the_thread_and_nothing_else() {
    let folder = folder();
    let options = options(&folder, 4096);
    let mut receiving = Manager::<Protocol>::consumer("ring", &options).unwrap();
    receiving.on(7u32, |_| panic!("on purpose"));
    receiving.start().unwrap();
    let mut producer = Producer::<Protocol>::create("ring", &options).unwrap();
    producer.send(7u32, b"boom").unwrap();
    let start = Instant::now();
    while receiving.is_running() {
        assert!(start.elapsed() < PATIENCE.unwrap());
        std::thread::yield_now();
    }
    receiving.stop();
    let (sender, received) = channel();
    receiving.on(7u32, move |message| sender.send(message.id()).unwrap());
    producer.send(7u32, b"fine").unwrap();
    while received.try_recv() != Ok(1) {
        assert!(receiving.poll(PATIENCE).unwrap());
    }
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

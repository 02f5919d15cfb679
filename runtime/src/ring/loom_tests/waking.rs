//! Sleeping and waking: a lost wake-up is a deadlock of the model.
//!
//! What is broken on purpose has to be found: the model would be worth little otherwise.

use core::sync::atomic::Ordering;
use std::sync::Arc;
use std::time::Duration;

use loom::thread;

use super::memory::{Barriers, Model};
use super::{CAPACITY, explore, reader, receive, receive_all, send, writer};
use crate::interrupt::Flag;
use crate::layout::Layout;
use crate::ring::{Direction, Fenced, Memory, Sleeper, Waker, Writer};
use crate::test_layout::Default as Protocol;

/// Data area in which several records are sent before a producer looks around by itself.
const ROOMY: u64 = 1024;

fn sleeper(memory: &Model, direction: Direction, registered: bool) -> Sleeper {
    let sleeper = Sleeper { direction, registered };
    memory.store_u32(direction.control, sleeper.awake(), Ordering::Relaxed);
    sleeper
}

/// Sleeps until it is woken, unless there is a reason not to.
fn sleep(sleeper: &mut Sleeper, memory: &Model, mut ready: impl FnMut() -> bool) {
    let field = sleeper.direction.sequence;
    let sequence = memory.load_u32(field, Ordering::Acquire);
    if ready() {
        return;
    }
    assert_eq!(sleeper.lie_down(memory, sequence), Fenced::Done);
    if !ready() {
        memory.wait(field, sequence, Duration::MAX);
    }
    sleeper.get_up(memory);
}

/// A consumer that sleeps whenever the ring is empty.
fn consumer_sleeps(barriers: Barriers) {
    let registered = barriers == Barriers::Issued;
    explore(3, move || {
        let memory = Arc::new(Model::new(CAPACITY, barriers));
        let other = Arc::clone(&memory);
        let sender = thread::spawn(move || {
            let mut writer = writer(other, registered);
            assert!(send(&mut writer, 0, 1) && send(&mut writer, 1, 2));
        });
        let mut sleeper = sleeper(&memory, Direction::data(&Protocol::RING_HEADER), registered);
        let mut reader = reader(Arc::clone(&memory), registered);
        for n in 0..2 {
            while !receive(&mut reader, n) {
                sleep(&mut sleeper, &memory, || reader.ready());
            }
        }
        sender.join().unwrap();
    });
}

#[test]
fn loom_no_wake_up_of_a_consumer_is_lost_with_membarrier() {
    consumer_sleeps(Barriers::Issued);
}

#[test]
fn loom_no_wake_up_of_a_consumer_is_lost_with_fences() {
    consumer_sleeps(Barriers::None);
}

/// A producer that sleeps whenever the ring is full.
fn producer_sleeps(barriers: Barriers) {
    let registered = barriers == Barriers::Issued;
    explore(2, move || {
        let memory = Arc::new(Model::new(CAPACITY, barriers));
        let other = Arc::clone(&memory);
        let receiver = thread::spawn(move || {
            receive_all(&mut reader(other, registered), 0, 4);
        });
        let mut sleeper = sleeper(&memory, Direction::space(&Protocol::RING_HEADER), registered);
        let mut writer = writer(Arc::clone(&memory), registered);
        for n in 0..4 {
            while !send(&mut writer, n, n + 1) {
                let staged = writer.stage();
                sleep(&mut sleeper, &memory, || writer.has_room(&staged, 8));
            }
        }
        receiver.join().unwrap();
    });
}

#[test]
fn loom_no_wake_up_of_a_producer_is_lost_with_membarrier() {
    producer_sleeps(Barriers::Issued);
}

#[test]
fn loom_no_wake_up_of_a_producer_is_lost_with_fences() {
    producer_sleeps(Barriers::None);
}

/// When a consumer whose membarriers are refused sleeps only shortly.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Naps {
    /// The first time that it sleeps after the refusal.
    First,
    /// Broken: if it sleeps at once, and not if it finds a reason to look around first.
    AtOnce,
    /// Broken.
    Never,
}

/// Both sides believe in membarriers, and the kernel refuses them.
fn membarrier_is_refused(naps: Naps) {
    explore(3, move || {
        let memory = Arc::new(Model::new(CAPACITY, Barriers::Refused));
        let mut sleeper = sleeper(&memory, Direction::data(&Protocol::RING_HEADER), true);
        let other = Arc::clone(&memory);
        let sender = thread::spawn(move || {
            let mut writer = writer(other, true);
            assert!(send(&mut writer, 0, 1) && send(&mut writer, 1, 2));
        });
        let mut reader = reader(Arc::clone(&memory), true);
        let mut owes_nap = false;
        for n in 0..2 {
            while !receive(&mut reader, n) {
                let field = sleeper.direction.sequence;
                let sequence = memory.load_u32(field, Ordering::Acquire);
                let is_refused = sleeper.lie_down(&*memory, sequence) == Fenced::Refused;
                owes_nap = is_refused && naps != Naps::Never || owes_nap && naps == Naps::First;
                if reader.ready() {
                } else if core::mem::take(&mut owes_nap) {
                    memory.nap();
                } else {
                    memory.wait(field, sequence, Duration::MAX);
                }
                sleeper.get_up(&*memory);
            }
        }
        sender.join().unwrap();
    });
}

#[test]
fn loom_no_wake_up_is_lost_when_membarrier_is_refused() {
    membarrier_is_refused(Naps::First);
}

#[test]
#[should_panic]
fn loom_a_refusal_without_a_nap_is_found() {
    membarrier_is_refused(Naps::Never);
}

#[test]
#[should_panic]
fn loom_a_refusal_whose_nap_is_forgotten_is_found() {
    membarrier_is_refused(Naps::AtOnce);
}

/// A consumer waits for nothing but an interrupt, of which `wakes` calls wake it.
fn interrupted(wakes: usize) {
    explore(3, move || {
        let memory = Arc::new(Model::new(CAPACITY, Barriers::None));
        let flag = Arc::new(Flag::default());
        let (other, its_memory) = (Arc::clone(&flag), Arc::clone(&memory));
        let mut sleeper = sleeper(&memory, Direction::data(&Protocol::RING_HEADER), false);
        let field = sleeper.direction.sequence;
        let interrupter = thread::spawn(move || {
            let mut left = wakes;
            other.raise(|| {
                if left > 0 {
                    its_memory.wake(field);
                }
                left = left.saturating_sub(1);
            });
        });
        while !flag.is_raised() {
            let sequence = memory.load_u32(field, Ordering::Acquire);
            flag.set_asleep(true);
            sleeper.lie_down(&*memory, sequence);
            if !flag.is_raised() {
                memory.wait(field, sequence, Duration::MAX);
            }
            sleeper.get_up(&*memory);
            flag.set_asleep(false);
        }
        flag.take_down();
        interrupter.join().unwrap();
        assert!(!flag.is_raised());
    });
}

#[test]
fn loom_no_interrupt_is_lost() {
    interrupted(usize::MAX);
}

/// The one wake-up may come before the sleeper sleeps.
#[test]
#[should_panic]
fn loom_an_interrupt_that_wakes_only_once_is_found() {
    interrupted(1);
}

/// A consumer that has found the file removed, and a producer that has room and would not look at
/// the file for a while.
fn removal(is_told: bool) {
    explore(3, move || {
        let memory = Arc::new(Model::new(ROOMY, Barriers::Issued));
        let mut sleeper = sleeper(&memory, Direction::data(&Protocol::RING_HEADER), true);
        let other = Arc::clone(&memory);
        let sender = thread::spawn(move || {
            let memory = Arc::clone(&other);
            let mut writer = Writer::new(other, ROOMY, 0, 0, Waker::new(true));
            assert!(send(&mut writer, 0, 1));
            while !memory.is_finished() {
                thread::yield_now();
            }
            assert!(send(&mut writer, 1, 2));
            let known = writer.place_known(&writer.stage(), 8);
            assert!(known.is_none(), "the next send looks around");
        });
        sleeper.registered = !is_told;
        sleeper.get_up(&*memory);
        memory.finish();
        sender.join().unwrap();
    });
}

#[test]
fn loom_a_removal_that_a_consumer_tells_of_makes_the_producer_look() {
    removal(true);
}

#[test]
#[should_panic]
fn loom_a_removal_that_a_consumer_keeps_to_itself_is_found() {
    removal(false);
}

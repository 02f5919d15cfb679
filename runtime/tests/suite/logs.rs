//! What a program hears of without asking: once for each event, and never in silence.

use std::sync::Mutex;
use std::time::Duration;

use bitrpc_shm::{Consumer, Manager, Options, Producer};

use crate::layout::Default as Protocol;
use crate::processes::{Part, say};
use crate::rings::folder;

/// Collects lines.
struct Lines(Mutex<Vec<String>>);

static LINES: Lines = Lines(Mutex::new(Vec::new()));

impl log::Log for Lines {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        self.0.lock().unwrap().push(format!("{} {}", record.level(), record.args()));
    }

    fn flush(&self) {}
}

#[test]
fn log_lines_are_one_for_each_event() {
    let folder = folder();
    let (said, errors) = Part::start("logged", folder.path(), "").finish();
    assert!(said.starts_with("few lines"), "{said}{errors}");
    assert_eq!(errors, "", "with a logger, nothing goes elsewhere");
}

/// What [`Part`] `logged` does: thousands of calls on rings that something happened to, once.
pub(crate) fn logged(options: &Options) {
    log::set_logger(&LINES).expect("the first logger");
    log::set_max_level(log::LevelFilter::Trace);
    say(b"!");
    let lines = || LINES.0.lock().unwrap().len();
    let few = |what: &str, most: usize, call: &mut dyn FnMut()| {
        let before = lines();
        for _ in 0..1000 {
            call();
        }
        let after = lines();
        assert!(after - before <= most, "{what}: {:#?}", &LINES.0.lock().unwrap()[before..after]);
    };

    let mut consumer = Consumer::<Protocol>::open("ring", options).unwrap();
    let mut producer = Producer::<Protocol>::create("ring", options).unwrap();
    while producer.try_send(7u32, &[0; 100]).is_ok() {}
    few("full", 0, &mut || assert!(producer.try_send(7u32, &[0; 100]).is_err()));
    assert!(consumer.clear().unwrap() > 0);
    drop(producer);
    let mut closed = 0;
    few("closed", 1, &mut || closed += u32::from(consumer.try_receive().is_err()));
    assert_eq!(closed, 1);
    std::fs::remove_file(consumer.path()).unwrap();
    while consumer.receive(Some(Duration::from_millis(1))).is_ok() {}
    few("removed", 1, &mut || assert!(consumer.try_receive().is_err()));
    drop(consumer);

    let mut manager = Manager::<Protocol>::consumer("ring", options).unwrap();
    let mut producer = Producer::<Protocol>::create("ring", options).unwrap();
    few("without a handler", 2, &mut || {
        producer.send(8u32, b"x").unwrap();
        producer.send(9u32, b"x").unwrap();
        assert!(manager.poll(None).unwrap() && manager.poll(None).unwrap());
    });
    manager.start().unwrap();
    let before = lines();
    std::fs::remove_file(producer.path()).unwrap();
    // The manager's thread finds out, tells it once, and finds it out again and again.
    std::thread::sleep(Duration::from_millis(700));
    assert!(lines() - before <= 1, "{:#?}", LINES.0.lock().unwrap());
    say(b"few lines");
}

#[test]
fn a_panicking_handler_leaves_a_trace_without_a_logger() {
    let folder = folder();
    let (said, errors) = Part::start("panics", folder.path(), "").finish();
    assert!(said.starts_with("went on"), "{said}{errors}");
    let expected = "bitrpc: receiving: the handler of message type 7 panicked: on purpose";
    assert!(errors.contains(expected), "{errors}");
}

/// What [`Part`] `panics` does.
pub(crate) fn panics(options: &Options) {
    say(b"!");
    let mut manager = Manager::<Protocol>::consumer("ring", options).unwrap();
    let (seen, received) = std::sync::mpsc::channel();
    manager.on(7u32, |_| panic!("on purpose"));
    manager.on(8u32, move |_| seen.send(()).unwrap());
    manager.start().unwrap();
    let mut producer = Producer::<Protocol>::create("ring", options).unwrap();
    producer.send(7u32, b"").unwrap();
    producer.send(8u32, b"").unwrap();
    received.recv().unwrap();
    say(b"went on");
}

/// In a folder where only a file's owner may remove it, the consumer of another user's ring.
#[cfg(target_os = "linux")]
#[test]
fn a_consumer_that_may_not_unlink_says_so_and_the_next_start_works() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder();
    let options = crate::rings::options(&folder, crate::processes::CAPACITY).permissions(0o666);
    let mut producer = Producer::<Protocol>::create("ring", &options).unwrap();
    // For root, the sticky bit does it; for others, that the folder is not to be written to.
    // SAFETY: geteuid has no preconditions.
    let is_root = unsafe { libc::geteuid() } == 0;
    let set_mode = |mode| {
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(mode)).unwrap();
    };
    set_mode(if is_root { 0o1777 } else { 0o555 });
    for how in ["close", "drop"] {
        producer.send(7u32, b"hello").unwrap();
        let part = Part::start("other user", folder.path(), how);
        drop(producer);
        let (said, errors) = part.finish();
        let path = folder.path().join("BitRPC_ring");
        let expected = format!("permission denied: remove {}", path.display());
        match how {
            "close" => assert!(said.starts_with(&expected), "{said}{errors}"),
            _ => assert!(errors.contains(&format!("bitrpc: closing: {expected}")), "{errors}"),
        }
        producer = Producer::<Protocol>::create("ring", &options).unwrap();
    }
    set_mode(0o755);
    drop(producer);
    assert!(crate::rings::files(folder.path()).is_empty());
}

/// What [`Part`] `other user` does: receives all that there is, and closes as the last one.
#[cfg(target_os = "linux")]
pub(crate) fn other_user(options: &Options, how: &str) {
    // SAFETY: takes a number only; without the privilege it fails, and nothing changes.
    unsafe { libc::setuid(4242) };
    let options = options.clone().any_owner(true);
    let mut consumer = Consumer::<Protocol>::open("ring", &options).unwrap();
    say(b"!");
    assert_eq!(consumer.receive(None).unwrap().unwrap().payload(), b"hello");
    assert_eq!(consumer.receive(None).unwrap_err(), bitrpc_shm::ReceiveError::Closed);
    match how {
        "close" => say(consumer.close().unwrap_err().to_string().as_bytes()),
        _ => drop(consumer),
    }
}

//! What the second processes do. `part` is a test that does nothing when run as one.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use bitrpc_shm::{Consumer, Options, Producer};

use crate::layout::Default as Protocol;
use crate::logs;
use crate::rings::{PATIENCE, Random};
#[cfg(target_os = "linux")]
use crate::sandbox::{self, Denial};

/// Capacity of the rings that parts use.
pub(crate) const CAPACITY: u64 = 4096;

/// This test program, started again as one of its parts.
pub(crate) struct Part {
    child: Child,
    /// What it says after its mark.
    pub(crate) output: ChildStdout,
    pub(crate) errors: ChildStderr,
}

impl Part {
    /// Starts a part, and waits until it says that it has begun.
    pub(crate) fn start(part: &str, folder: &Path, argument: &str) -> Self {
        let mut part = Self::launch(part, folder, argument);
        let mut said = [0];
        while said != *b"!" {
            part.output.read_exact(&mut said).expect("the part lives");
        }
        part
    }

    /// Starts a part.
    pub(crate) fn launch(part: &str, folder: &Path, argument: &str) -> Self {
        let program = std::env::current_exe().expect("this program has a path");
        let mut child = Command::new(program)
            .args(["--exact", "processes::part", "--nocapture", "--test-threads=1"])
            .env("BITRPC_TEST_PART", part)
            .env("BITRPC_TEST_FOLDER", folder)
            .env("BITRPC_TEST_ARGUMENT", argument)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("this program starts again");
        let output = child.stdout.take().expect("a pipe");
        let errors = child.stderr.take().expect("a pipe");
        Self { child, output, errors }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it waits for the end of.
    pub(crate) fn take_input(&mut self) -> ChildStdin {
        self.child.stdin.take().expect("a pipe")
    }

    /// Ends it as nothing else does.
    pub(crate) fn kill(mut self) -> ChildStdout {
        self.child.kill().expect("it is there");
        self.child.wait().expect("it is ours");
        self.output
    }

    /// Lets it come to its end, which has to be a good one; what it said after its mark, and on
    /// its standard error.
    pub(crate) fn finish(mut self) -> (String, String) {
        drop(self.child.stdin.take());
        let (mut said, mut errors) = (String::new(), String::new());
        self.output.read_to_string(&mut said).expect("text");
        self.errors.read_to_string(&mut errors).expect("text");
        assert!(self.child.wait().expect("it is ours").success(), "{said}{errors}");
        (said, errors)
    }
}

#[test]
fn part() {
    let Ok(part) = std::env::var("BITRPC_TEST_PART") else { return };
    let folder = std::env::var_os("BITRPC_TEST_FOLDER").expect("a folder");
    let argument = std::env::var("BITRPC_TEST_ARGUMENT").expect("an argument");
    let options = Options::new()
        .directory(folder)
        .capacity(CAPACITY)
        .send_timeout(PATIENCE)
        .diagnose_wakeups(true);
    match part.as_str() {
        "hold" => hold(&options, &argument),
        #[cfg(target_os = "linux")]
        "fork" => fork(&options),
        #[cfg(target_os = "linux")]
        "create" => create(&options, &argument),
        #[cfg(target_os = "linux")]
        "sandboxed consumer" => sandboxed_consumer(&options),
        #[cfg(target_os = "linux")]
        "sandboxed producer" => sandboxed_producer(&options),
        #[cfg(target_os = "linux")]
        "starved" => {
            say(b"!");
            crate::decoding::starve(&options);
            say(b"went on");
        }
        #[cfg(target_os = "linux")]
        "other user" => logs::other_user(&options, &argument),
        "logged" => logs::logged(&options),
        "panics" => logs::panics(&options),
        "send" => send(&options, argument.parse().expect("a number")),
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
    wait_for_end();
    drop(held);
}

/// Takes the producer's role and leaves it to a forked child, which keeps it until its input ends.
#[cfg(target_os = "linux")]
fn fork(options: &Options) {
    let producer = Producer::<Protocol>::create("ring", options).expect("a producer");
    // SAFETY: the child calls nothing that allocates or locks, and ends with _exit.
    if unsafe { libc::fork() } == 0 {
        // SAFETY: reads into a byte of its own, and ends without running exit handlers.
        unsafe {
            let mut byte = 0u8;
            libc::read(0, (&raw mut byte).cast(), 1);
            libc::_exit(0);
        }
    }
    say(b"!");
    wait_for_end();
    drop(producer);
}

/// Makes a ring where something is lacking, says what came of it, and closes it.
#[cfg(target_os = "linux")]
fn create(options: &Options, lack: &str) {
    let rename = |error| Denial::of(libc::SYS_renameat2, error);
    let allocate = |error| Denial::of(libc::SYS_fallocate, error);
    sandbox::enter(&match lack {
        "naming" => vec![
            rename(libc::EINVAL),
            Denial::of(libc::SYS_linkat, libc::EPERM),
            #[cfg(target_arch = "x86_64")]
            Denial::of(libc::SYS_link, libc::EPERM),
        ],
        // A timer interrupts what takes long, again and again.
        "time" => vec![Denial {
            call: libc::SYS_fallocate,
            bits: Some((3, u32::MAX << 21)),
            error: libc::EINTR,
        }],
        "memory" => vec![allocate(libc::ENOMEM)],
        "bytes" => vec![allocate(libc::ENOSPC)],
        "quota" => vec![allocate(libc::EDQUOT)],
        "files" => vec![Denial {
            call: libc::SYS_openat,
            bits: Some((2, libc::O_CREAT as u32)),
            error: libc::ENOSPC,
        }],
        "no renameat2" => vec![rename(libc::ENOSYS)],
        "renameat2 denied" => vec![rename(libc::EPERM)],
        "renameat2 refused" => vec![rename(libc::EACCES)],
        _ => vec![rename(libc::EINVAL)],
    });
    say(b"!");
    // SAFETY: ends this process if it hangs.
    unsafe { libc::alarm(60) };
    let capacity = if lack == "time" { 16 << 20 } else { CAPACITY };
    match Producer::<Protocol>::create("ring", &options.clone().capacity(capacity)) {
        Ok(producer) => {
            say(b"created");
            drop(producer);
        }
        Err(error) => say(error.to_string().as_bytes()),
    }
}

/// How many messages go through a sandbox.
pub(crate) const SANDBOXED: u32 = 3000;

/// From now on, the kernel refuses membarriers.
#[cfg(target_os = "linux")]
fn refuse_membarrier() {
    sandbox::enter(&[Denial::of(libc::SYS_membarrier, libc::EPERM)]);
    say(b"!");
}

/// Receives numbers in a sandbox that it entered after attaching, falling asleep for each.
#[cfg(target_os = "linux")]
fn sandboxed_consumer(options: &Options) {
    let options = options.clone().spin(Duration::ZERO);
    let mut consumer = Consumer::<Protocol>::open("ring", &options).expect("a consumer");
    refuse_membarrier();
    for number in 0..SANDBOXED {
        let message = consumer.receive(PATIENCE).expect("no error").expect("in time");
        assert_eq!(message.payload(), number.to_le_bytes());
    }
    say(format!("missed {}", consumer.snapshot().consumer.missed_wakeups).as_bytes());
}

/// Sends numbers from such a sandbox, falling asleep for room.
#[cfg(target_os = "linux")]
fn sandboxed_producer(options: &Options) {
    let options = options.clone().spin(Duration::ZERO);
    let mut producer = Producer::<Protocol>::create("ring", &options).expect("a producer");
    refuse_membarrier();
    for number in 0..SANDBOXED {
        let mut payload = [0; 1500];
        payload[..4].copy_from_slice(&number.to_le_bytes());
        producer.send(7u32, &payload).expect("room");
    }
    say(format!("missed {}", producer.snapshot().producer.missed_wakeups).as_bytes());
}

/// Sends so many messages of 100 bytes, or as many as there is room for, and keeps its role.
fn send(options: &Options, count: u64) {
    let mut producer = Producer::<Protocol>::create("ring", options).expect("a producer");
    for number in 0..count {
        let mut payload = [0; 100];
        payload[..8].copy_from_slice(&number.to_le_bytes());
        if producer.try_send(7u32, &payload).is_err() {
            break;
        }
    }
    say(b"!");
    wait_for_end();
}

/// Returns when whoever started this part wants it to end.
fn wait_for_end() {
    let _ = std::io::stdin().read(&mut [0]);
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

pub(crate) fn say(bytes: &[u8]) {
    let mut out = std::io::stdout().lock();
    out.write_all(bytes).and_then(|()| out.flush()).expect("somebody listens");
}

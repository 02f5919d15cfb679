//! Peers killed or paused at random moments.
//!
//! Nothing that was published is lost, and nothing appears twice except what was received and not
//! released: the consumer's ledger, written before each release, tells them apart. A paused process
//! keeps its role, however long it is paused: a rival is refused with its process id.
//!
//! `BITRPC_KILLS` sets the kills of all pairs and sides together; `BITRPC_SEED` repeats a run.

use std::cell::Cell;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use bitrpc_conform::runner::{Arena, Failure, RING, Role, Running};
use bitrpc_conform::toolchain::Program;
use bitrpc_conform::{Probe, wait_until};
use bitrpc_spec::layout::Layout;
use bitrpc_spec::model::RingRole;
use bitrpc_tests::matrix::{Member, Subject, engines, subjects};
use bitrpc_tests::random::{Random, SEED, seed};
use bitrpc_tests::{harness, tally};
use libtest_mimic::Trial;

/// Messages of one ring, of the slower of both; when they are all through, the next ring is made.
fn count(members: [&Member; 2]) -> u64 {
    let of = |member: &Member| match member.toolchain.language().id() {
        "rust" | "cpp" => 200_000,
        "csharp" => 100_000,
        _ => 20_000,
    };
    members.map(of).into_iter().min().unwrap_or_default()
}

/// A process that takes longer hangs.
const HANG: Duration = Duration::from_secs(60);

/// The longest time that a process lives after it has attached.
const LIFE: Duration = Duration::from_millis(30);

/// The longest time that a process is paused: longer than the other side waits between two looks
/// at whether it lives.
const PAUSE: Duration = Duration::from_millis(250);
/// A sleeper gives a waker this long, and its own bound, before it counts a wake-up as missed: a
/// rival that starts slowly keeps the victim stopped for longer.
const GRACE: Duration = Duration::from_secs(1);

/// Rings that may pass without a single kill before the test gives up.
const IDLE_RINGS: u32 = 50;

fn main() -> ExitCode {
    let seed = seed();
    println!("{SEED}={seed}");
    let subject = subjects().first().expect("the default spec comes first");
    let mut pairs = Vec::new();
    for from in engines() {
        for to in engines() {
            pairs.push((from, to));
        }
    }
    let kills = kills_of_each(pairs.len() as u64);
    let mut trials = Vec::new();
    for (number, (from, to)) in pairs.into_iter().enumerate() {
        for (side, victim) in [("producer", Role::Producer), ("consumer", Role::Consumer)] {
            let name = format!("killed_{side}/{}_to_{}", from.id(), to.id());
            trials.push(match (&from.found, &to.found) {
                (Err(missing), _) | (_, Err(missing)) => harness::skipped(name, missing),
                _ => harness::trial(name, move || {
                    let random =
                        Random::new(seed, number as u64 * 2 + u64::from(side == "producer"));
                    kill_many(subject, [from, to], victim, kills, random)
                }),
            });
        }
    }
    for member in engines() {
        trials.extend(paused(subject, member));
    }
    harness::run(trials)
}

/// The kills of each pair and side.
fn kills_of_each(pairs: u64) -> u64 {
    harness::amount("BITRPC_KILLS", 160, 3_200).div_ceil(2 * pairs)
}

fn kill_many(
    subject: &Subject,
    [from, to]: [&Member; 2],
    victim: Role,
    kills: u64,
    mut random: Random,
) -> Result<(), Failure> {
    let peers = [subject.peer(from)?, subject.peer(to)?];
    let (mut done, mut idle_rings) = (0, 0);
    while done < kills {
        let ring = Ring::new(subject.layout()?, peers, victim, count([from, to]))?;
        let killed = ring.run(kills - done, &mut random).map_err(|failure| {
            Failure::new(format!(
                "{failure}
{}",
                ring.state()
            ))
        })?;
        idle_rings = if killed == 0 { idle_rings + 1 } else { 0 };
        if idle_rings > IDLE_RINGS {
            return Err(Failure::new("the processes end before they can be killed"));
        }
        tally::add("kills", killed);
        tally::add("messages", ring.received());
        done += killed;
    }
    Ok(())
}

/// One ring whose victim is killed and restarted until all messages are through.
struct Ring<'a> {
    arena: Arena,
    probe: Probe<'a>,
    peers: [&'a Program; 2],
    victim: Role,
    count: u64,
    /// How often the victim was stopped for so long that a sleeper whom it was about to wake may
    /// count that as a missed wake-up.
    long_pauses: Cell<u64>,
}

impl<'a> Ring<'a> {
    fn new(
        layout: &'a Layout,
        peers: [&'a Program; 2],
        victim: Role,
        count: u64,
    ) -> Result<Self, Failure> {
        let arena = Arena::new()?;
        let probe = arena.probe(layout);
        Ok(Self { arena, probe, peers, victim, count, long_pauses: Cell::new(0) })
    }

    /// Kills at most `most` times and says how often it did.
    fn run(&self, most: u64, random: &mut Random) -> Result<u64, Failure> {
        let other = match self.victim {
            Role::Producer => Role::Consumer,
            Role::Consumer => Role::Producer,
        };
        let mut bystander = self.start(other)?;
        let mut killed = 0;
        let mut victim = self.start(self.victim)?;
        while killed < most && self.let_live(&mut victim, random) {
            if random.bits().is_multiple_of(4) {
                self.pause(&mut victim, random)?;
            }
            victim.kill()?;
            victim.wait(HANG).ok_or_else(|| Failure::new("survived SIGKILL"))?;
            killed += 1;
            if let Some(failure) = bystander.failure() {
                return Err(Failure::new(failure));
            }
            if self.all_received() {
                // It had done its work; another one would find a new, empty ring.
                verified(&mut bystander, self.long_pauses.get())?;
                return Ok(killed);
            }
            victim = self.start(self.victim)?;
        }
        match self.victim {
            Role::Producer => self.finish(victim, bystander)?,
            Role::Consumer => self.finish(bystander, victim)?,
        }
        Ok(killed)
    }

    fn start(&self, role: Role) -> Result<Running, Failure> {
        let program = self.peers[usize::from(role == Role::Consumer)];
        let count = self.count.to_string();
        let mut options = vec!["--plan", "records", "--capacity", "65536", "--count", &count];
        // A side that waits in vain says so before it counts as hung.
        options.extend(["--timeout-ms", "30000"]);
        let ledger = self.ledger().display().to_string();
        if role == Role::Consumer {
            options.extend(["--ledger", &ledger]);
        }
        let options: Vec<_> = options.into_iter().map(str::to_owned).collect();
        Ok(self.arena.start(program, role, &options)?)
    }

    /// What the ring's header says, for failures.
    fn state(&self) -> String {
        let field = |role: &RingRole| match self.probe.read(*role) {
            Some(value) => format!("{}={value}", role.name()),
            None => format!("{}=?", role.name()),
        };
        let ledger = fs::read(self.ledger()).unwrap_or_default();
        let fields: Vec<_> = RingRole::ALL.iter().map(field).collect();
        format!("ledger={ledger:?} {}", fields.join(" "))
    }

    fn ledger(&self) -> PathBuf {
        self.arena.folder().join("ledger")
    }

    fn all_received(&self) -> bool {
        self.received() == self.count
    }

    /// How many messages the ledger says were received.
    fn received(&self) -> u64 {
        let bytes = fs::read(self.ledger()).unwrap_or_default();
        bytes.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
    }

    /// Lets the victim live for a random time; `false` when it has ended by itself.
    ///
    /// Three of four victims have attached when their time begins to run, so that most kills hit
    /// running rings; the others die while they start.
    fn let_live(&self, victim: &mut Running, random: &mut Random) -> bool {
        if !random.bits().is_multiple_of(4) {
            let pid = match self.victim {
                Role::Producer => RingRole::ProducerPid,
                Role::Consumer => RingRole::ConsumerPid,
            };
            let id = u64::from(victim.id());
            wait_until(Instant::now() + HANG, || {
                self.probe.read(pid) == Some(id) || victim.wait(Duration::ZERO).is_some()
            });
        }
        victim.wait(random.moment(LIFE)).is_none()
    }

    /// Stops the victim for a while and lets it go on. Nobody takes its role meanwhile.
    fn pause(&self, victim: &mut Running, random: &mut Random) -> Result<(), Failure> {
        let start = Instant::now();
        stop(victim)?;
        if self.holds_its_role(victim) {
            let rival = self.rival()?;
            let is_refused =
                rival.contains("RoleTaken") && rival.contains(&victim.id().to_string());
            // It may have been on its way out of the role when it was stopped.
            if !is_refused && self.holds_its_role(victim) {
                signal(victim, libc::SIGCONT)?;
                return Err(Failure::new(format!("a paused process lost its role: {rival}")));
            }
            victim.wait(random.moment(PAUSE));
        }
        signal(victim, libc::SIGCONT)?;
        if start.elapsed() >= GRACE {
            self.long_pauses.set(self.long_pauses.get() + 1);
        }
        victim.wait(random.moment(LIFE));
        Ok(())
    }

    /// Whether the header says that `peer` has its role.
    fn holds_its_role(&self, peer: &Running) -> bool {
        let (pid, state) = match self.victim {
            Role::Producer => (RingRole::ProducerPid, RingRole::ProducerState),
            Role::Consumer => (RingRole::ConsumerPid, RingRole::ConsumerState),
        };
        self.probe.read(pid) == Some(peer.id().into()) && self.probe.read(state) == Some(1)
    }

    /// What another process says that tries to take the victim's role.
    fn rival(&self) -> Result<String, Failure> {
        let program = self.peers[usize::from(self.victim == Role::Consumer)];
        let role = match self.victim {
            Role::Producer => "producer",
            Role::Consumer => "consumer",
        };
        let mut command = program.command();
        command.args(["attempt", "attach", "--name", RING, "--role", role, "--mode", "open_only"]);
        let mut rival = self.arena.spawn("rival", &mut command)?;
        let end = rival.wait(HANG).ok_or_else(|| Failure::new("the rival hangs"))?;
        Ok(end.text.clone())
    }

    /// Both sides come to their ends, verified.
    fn finish(&self, mut producer: Running, mut consumer: Running) -> Result<(), Failure> {
        wait_until(Instant::now() + HANG, || {
            consumer.wait(Duration::ZERO).is_some() || producer.failure().is_some()
        });
        if let Some(failure) = producer.failure() {
            return Err(Failure::new(failure));
        }
        verified(&mut consumer, self.long_pauses.get())?;
        let is_new_ring = || {
            self.probe.read(RingRole::ConsumerEpoch) == Some(0)
                && self.probe.read(RingRole::ProducerEpoch) == Some(1)
        };
        let mut is_over = false;
        wait_until(Instant::now() + HANG, || {
            is_over = producer.wait(Duration::ZERO).is_some();
            is_over || is_new_ring()
        });
        if is_over { verified(&mut producer, self.long_pauses.get()) } else { Ok(()) }
    }
}

/// The peer ends by itself, and neither lost, repeated nor missed anything; but `excused` wake-ups,
/// whose waker was stopped.
fn verified(peer: &mut Running, excused: u64) -> Result<(), Failure> {
    if peer.wait(HANG).is_none() {
        return Err(Failure::new(format!("{} hangs", peer.label())));
    }
    if let Some(failure) = peer.failure() {
        return Err(Failure::new(failure));
    }
    let verdict = peer.wait(HANG).and_then(|end| end.verified());
    match verdict.map(|verdict| verdict.missed_wakeups) {
        Some(missed) if missed <= excused => Ok(()),
        missed => Err(Failure::new(format!("missed wake-ups: {missed:?}"))),
    }
}

/// A stopped process is not a dead one: its role is taken until it ends.
fn paused(subject: &'static Subject, member: &'static Member) -> Vec<Trial> {
    let sides = [("producer", Role::Producer), ("consumer", Role::Consumer)];
    let trial = |(side, role)| {
        let name = format!("paused_{side}_keeps_its_role/{}", member.id());
        match &member.found {
            Err(missing) => harness::skipped(name, missing),
            Ok(_) => harness::trial(name, move || keeps_role(subject, member, role)),
        }
    };
    sides.into_iter().map(trial).collect()
}

fn keeps_role(subject: &Subject, member: &Member, role: Role) -> Result<(), Failure> {
    let program = subject.peer(member)?;
    let ring = Ring::new(subject.layout()?, [program; 2], role, count([member; 2]))?;
    let pid = match role {
        Role::Producer => RingRole::ProducerPid,
        Role::Consumer => RingRole::ConsumerPid,
    };
    let mut holder = ring.start(role)?;
    let id = u64::from(holder.id());
    if !wait_until(Instant::now() + HANG, || ring.probe.read(pid) == Some(id)) {
        return Err(Failure::new("the holder does not attach"));
    }
    stop(&holder)?;
    let refusal = ring.rival()?;
    signal(&holder, libc::SIGCONT)?;
    if !refusal.contains("RoleTaken") || !refusal.contains(&id.to_string()) {
        return Err(Failure::new(format!("not refused with the holder's pid: {refusal}")));
    }
    let other = if role == Role::Producer { Role::Consumer } else { Role::Producer };
    let mut partner = ring.start(other)?;
    verified(&mut partner, 0)?;
    verified(&mut holder, 0)
}

/// Stops the process, and returns when it has stopped or ended.
fn stop(peer: &Running) -> Result<(), Failure> {
    signal(peer, libc::SIGSTOP)?;
    let file = format!("/proc/{}/stat", peer.id());
    let is_still = || {
        let text = fs::read_to_string(&file).unwrap_or_default();
        let state = text.rsplit(") ").next().and_then(|rest| rest.chars().next());
        !matches!(state, Some('R' | 'S' | 'D'))
    };
    match wait_until(Instant::now() + HANG, is_still) {
        true => Ok(()),
        false => Err(Failure::new(format!("{} does not stop", peer.label()))),
    }
}

fn signal(peer: &Running, signal: libc::c_int) -> Result<(), Failure> {
    let id = libc::pid_t::try_from(peer.id()).map_err(|error| Failure::new(error.to_string()))?;
    // SAFETY: kill(2) touches no memory of this process; the child has not been waited for, so its
    // id belongs to no other process.
    match unsafe { libc::kill(id, signal) } {
        0 => Ok(()),
        _ => Err(std::io::Error::last_os_error().into()),
    }
}

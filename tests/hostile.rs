//! Rings whose bytes are overwritten at random: nothing crashes, hangs past its timeout, or leaves
//! the mapping.
//!
//! In one process (`peer hostile`), where each mutation is followed by calls of every kind, for C++
//! under the sanitizers too; and between two live peers, whose ring is overwritten from here while
//! they use it.
//!
//! `BITRPC_MUTATIONS` sets the mutations of each process; `BITRPC_SEED` repeats a run.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use bitrpc_conform::runner::{Arena, Failure, Role, Running};
use bitrpc_conform::toolchain::Program;
use bitrpc_conform::wait_until;
use bitrpc_spec::layout::Layout;
use bitrpc_spec::model::RingRole;
use bitrpc_spec::names::Language;
use bitrpc_tests::matrix::{Member, Subject, engines, subjects};
use bitrpc_tests::random::{Random, SEED, seed};
use bitrpc_tests::tools::GXX;
use bitrpc_tests::{harness, repo, tally};

/// Mutations of the languages that are compiled to machine code, and of the others.
const NATIVE: (u64, u64) = (20_000, 1_000_000);
const MANAGED: (u64, u64) = (3_000, 20_000);

/// Rings that two live peers lose, in the normal run and in the long one.
const RINGS: (u64, u64) = (10, 300);

/// A process that does not end by then hangs.
const HANG: Duration = Duration::from_secs(60);

/// The most that a mutation and its calls take: each waits for 50 microseconds, or little more.
const MUTATION: Duration = Duration::from_millis(20);

const SANITIZED: &[&str] =
    &["-std=c++17", "-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover"];

fn main() -> ExitCode {
    let seed = seed();
    println!("{SEED}={seed}");
    let mut trials = Vec::new();
    for (number, subject) in subjects().iter().enumerate() {
        for member in engines() {
            let name = format!("alone/{}/{}", subject.name, member.id());
            trials.push(harness::needs(&member.found, name, move || {
                // Other specs move the fields about, and share everything else.
                let mutations = mutations(member) / if number == 0 { 1 } else { 10 };
                run_alone(subject.peer(member)?, mutations, seed)
            }));
        }
    }
    let subject = &subjects()[0];
    trials.push(match GXX.find() {
        Err(missing) => harness::skipped("alone/bitrpc/cpp-sanitized", &missing),
        Ok(_) => harness::trial("alone/bitrpc/cpp-sanitized", move || {
            let mutations = harness::amount("BITRPC_MUTATIONS", NATIVE.0, NATIVE.1);
            run_alone(&sanitized(subject)?, mutations, seed)
        }),
    });
    for (number, member) in engines().iter().enumerate() {
        let name = format!("between_two/{}", member.id());
        trials.push(harness::needs(&member.found, name, move || {
            let mut random = Random::new(seed, number as u64);
            let rings = if harness::is_long() { RINGS.1 } else { RINGS.0 };
            let mut found = 0;
            for _ in 0..rings {
                let ring = sabotage(subject.layout()?, subject.peer(member)?, &mut random)?;
                found += u64::from(ring);
            }
            match found {
                0 => Err(Failure::new(format!("nothing was found wrong in {rings} rings"))),
                _ => Ok(()),
            }
        }));
    }
    harness::run(trials)
}

fn mutations(member: &Member) -> u64 {
    let (short, long) = match member.toolchain.language().id() {
        "rust" | "cpp" => NATIVE,
        _ => MANAGED,
    };
    harness::amount("BITRPC_MUTATIONS", short, long)
}

/// The C++ peer with every access checked.
fn sanitized(subject: &Subject) -> Result<Program, Failure> {
    let job = subject.job(Language::CPP)?;
    let folder = repo::cache().join("hostile");
    std::fs::create_dir_all(&folder)?;
    let binary: PathBuf = folder.join("cpp-sanitized");
    let mut command = Command::new(GXX.program);
    command.args(SANITIZED).arg("-I").arg(&job.library).arg(job.peer.join("main.cpp"));
    command.args(["-pthread", "-o"]).arg(&binary);
    let built = bitrpc_conform::toolchain::run(&mut command);
    built.map_err(|error| Failure::new(error.to_string()))?;
    Ok(Program::new(binary))
}

/// Lets one process overwrite its own rings.
fn run_alone(peer: &Program, mutations: u64, seed: u64) -> Result<(), Failure> {
    let arena = Arena::new()?;
    let (count, seed) = (mutations.to_string(), seed.to_string());
    let mut command = peer.command();
    command.args(["hostile", "--name", "hostile", "--mutations", &count, "--seed", &seed]);
    let mut running = arena.spawn("hostile", &mut command)?;
    let limit = HANG + MUTATION * u32::try_from(mutations).unwrap_or(u32::MAX);
    let end = running.wait(limit).ok_or_else(|| Failure::new("it hangs"))?;
    let last = end.text.lines().rfind(|line| line.starts_with('{')).unwrap_or_default();
    let json: serde_json::Value = serde_json::from_str(last).unwrap_or_default();
    let (done, calls) = (json["mutations"].as_u64(), json["calls"].as_u64());
    let errors = json["errors"].as_u64().unwrap_or(0);
    tally::add("mutations", done.unwrap_or(0));
    tally::add("calls", calls.unwrap_or(0));
    tally::add("errors of calls", errors);
    // Without errors nothing was hit, and without anything else nothing was left to hit.
    let is_sound = done >= Some(mutations) && errors > 0 && calls > Some(errors);
    match end.status.success() && is_sound {
        true => Ok(()),
        false => Err(Failure::new(format!("{}\n{}", end.status, end.text))),
    }
}

/// Overwrites the ring of two live peers until one of them gives up, who would go on for ever
/// otherwise: both have to end by themselves, with a verdict. `true` if one of them found something
/// wrong; else they may have ended because they were slow.
fn sabotage(layout: &Layout, peer: &Program, random: &mut Random) -> Result<bool, Failure> {
    let arena = Arena::new()?;
    let (mut pair, file) = start(&arena, layout, peer)?;
    let end = Instant::now() + HANG;
    while !has_ended(&mut pair) {
        if Instant::now() > end {
            return Err(Failure::new("nothing that is overwritten makes a side give up"));
        }
        for _ in 0..16 {
            mutate(&file, layout, random)?;
        }
    }
    tally::add("rings of two live peers", 1);
    let mut finds_something = false;
    for peer in &mut pair {
        let label = peer.label().to_owned();
        let end = peer.wait(HANG).ok_or_else(|| Failure::new(format!("{label} hangs")))?;
        // What it says of its messages may be anything; that it says so is the point.
        let (Some(verdict), Some(0 | 1)) = (&end.verdict, end.status.code()) else {
            return Err(Failure::new(format!("{label}: {}\n{}", end.status, end.text)));
        };
        finds_something |= verdict.error.as_ref().is_some_and(|error| error.contains("corrupt"));
    }
    Ok(finds_something)
}

/// A pair that exchanges messages, and its ring. One whose sides are so slow that they give each
/// other up before is started again.
fn start(arena: &Arena, layout: &Layout, peer: &Program) -> Result<([Running; 2], File), Failure> {
    let words = ["--capacity", "4096", "--count", "1000000000", "--timeout-ms", "1000"];
    let words = words.map(str::to_owned);
    let probe = arena.probe(layout);
    let end = Instant::now() + HANG;
    while Instant::now() < end {
        let mut pair = [
            arena.start(peer, Role::Producer, &words)?,
            arena.start(peer, Role::Consumer, &words)?,
        ];
        let is_under_way = || probe.read(RingRole::MessagesReceived) > Some(0);
        let is_begun = wait_until(end, || is_under_way() || has_ended(&mut pair));
        let file = File::options().read(true).write(true).open(arena.ring_file(layout));
        // The file is that of both as long as they are there.
        if let (true, Ok(file), false) = (is_begun, file, has_ended(&mut pair)) {
            return Ok((pair, file));
        }
    }
    Err(Failure::new("the pair does not start"))
}

fn has_ended(peers: &mut [Running]) -> bool {
    peers.iter_mut().any(|peer| peer.wait(Duration::ZERO).is_some())
}

/// Overwrites an aligned word somewhere with something that could be meant.
fn mutate(file: &File, layout: &Layout, random: &mut Random) -> Result<(), Failure> {
    let header = layout.ring_header.size;
    let roles = RingRole::ALL;
    let at = match random.bits() % 2 {
        0 => {
            let role = roles[(random.bits() % roles.len() as u64) as usize];
            layout.ring_header.role(role).map_or(0, |field| field.offset)
        }
        _ => header + random.bits() % 4096,
    };
    let width = if random.bits().is_multiple_of(2) { 4 } else { 8 };
    let at = at / width * width;
    let mut old = [0; 8];
    // The last aligned word of 4 bytes has nothing behind it.
    file.read_at(&mut old, at)?;
    let value = match random.bits() % 6 {
        0 => 0,
        1 => u64::MAX,
        2 => random.bits() % 4200,
        3 => (random.bits() % 600) | ((random.bits() % 3) << 32),
        4 => u64::from_le_bytes(old) ^ (1 << (random.bits() % 64)),
        _ => random.bits(),
    };
    Ok(file.write_all_at(&value.to_le_bytes()[..width as usize], at)?)
}

//! The conformance peer: sends or receives every kind of message of the spec and verifies them.
//!
//! Two peers of any two languages on one ring prove that both agree on every byte.

mod attempt;
mod consume;
mod describe;
mod facts;
mod hostile;
mod measure;
mod pace;
mod produce;
#[allow(dead_code)] // the peer needs only a part of what users may need
mod protocol;
mod ring;
mod rng;
// Tables of the spec look odd where a type has one value or is 64 bits wide.
#[allow(clippy::unnecessary_cast, clippy::match_single_binding)]
#[allow(clippy::modulo_one)]
mod samples;
mod script;
mod statistics;
mod text;

use std::io::BufRead;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use script::Script;

const USAGE: &str = "usage: peer layout | golden | check-golden | recode
       peer produce|consume --name NAME [--capacity BYTES] [--count N] [--seed S]
            [--plan mixed|records|stream] [--size BYTES] [--slow-every K]
            [--gap-us G] [--wait adaptive|spin] [--ledger FILE] [--timeout-ms T]
       peer statistics --name NAME
       peer attempt ACTION --name NAME|--name-hex HEX [--role producer|consumer|monitor]
            [--mode create_or_open|create_only|open_only] [--capacity BYTES]
            [--any-schema] [--size BYTES] [--exhaust-descriptors]
            ACTION: attach | send | receive | receive-text | receive-typed | send-closed
            | receive-closed
       peer hostile --name NAME --mutations N [--seed S]";

/// What went wrong, as text: the peer only reports it.
type Failure = Box<dyn std::error::Error>;

/// The options of every verb that uses a ring, but `attempt`.
pub struct Args {
    pub name: String,
    pub capacity: u64,
    pub count: u64,
    pub script: Script,
    pub slow_every: u64,
    /// Longest gap between two messages.
    pub gap: Duration,
    pub mutations: u64,
    pub spin: bool,
    pub ledger: Option<PathBuf>,
    pub timeout: Duration,
}

impl Args {
    fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, Failure> {
        let mut args = Self {
            name: String::new(),
            capacity: 65_536,
            count: 1_000,
            script: Script::default(),
            slow_every: 0,
            gap: Duration::ZERO,
            mutations: 10_000,
            spin: false,
            ledger: None,
            timeout: Duration::from_secs(60),
        };
        while let Some(option) = words.next() {
            let value = words
                .next()
                .ok_or_else(|| format!("{option} needs a value"))?;
            match option.as_str() {
                "--name" => args.name = value,
                "--capacity" => args.capacity = value.parse()?,
                "--count" => args.count = value.parse()?,
                "--seed" => args.script.seed = value.parse()?,
                "--plan" => args.script.plan = value.parse()?,
                "--size" => args.script.size = value.parse()?,
                "--slow-every" => args.slow_every = value.parse()?,
                "--gap-us" => args.gap = Duration::from_micros(value.parse()?),
                "--mutations" => args.mutations = value.parse()?,
                "--wait" => args.spin = value == "spin",
                "--ledger" => args.ledger = Some(value.into()),
                "--timeout-ms" => args.timeout = Duration::from_millis(value.parse()?),
                _ => return Err(format!("unknown option {option}\n{USAGE}").into()),
            }
        }
        if args.name.is_empty() {
            return Err(format!("--name is missing\n{USAGE}").into());
        }
        Ok(args)
    }

    /// The options of the ring that this run asks for.
    pub fn ring_options(&self) -> bitrpc_shm::Options {
        let wait = if self.spin {
            bitrpc_shm::WaitStrategy::Spin
        } else {
            bitrpc_shm::WaitStrategy::Adaptive
        };
        bitrpc_shm::Options::new()
            .capacity(self.capacity)
            .wait_strategy(wait)
            .send_timeout(Some(self.timeout))
            .diagnose_wakeups(true)
    }

    /// Makes this side the slow one, every so many messages.
    pub fn slow_down(&self, index: u64) {
        if self.slow_every > 0 && index % self.slow_every == self.slow_every - 1 {
            std::thread::sleep(Duration::from_micros(200));
        }
    }
}

/// What one side did, for the verdict on standard output.
#[derive(Default)]
pub struct Report {
    pub messages: u64,
    pub bytes: u64,
    pub seconds: f64,
    /// Sleeps of the receiving thread; `None` where nobody counts.
    pub sleeps: Option<u64>,
    pub missed_wakeups: u64,
    pub errors: u64,
}

fn main() -> ExitCode {
    match run(std::env::args().skip(1)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

/// Does what the command line says; `false` if that came out as it should not.
fn run(mut words: impl Iterator<Item = String>) -> Result<bool, Failure> {
    let verb = words.next().unwrap_or_default();
    match verb.as_str() {
        "layout" => println!("{}", describe::json()),
        "golden" => print_golden(),
        "check-golden" => check_golden()?,
        "recode" => recode()?,
        "attempt" => return attempt::run(words),
        "statistics" => statistics::print(&Args::parse(words)?.name)?,
        "hostile" => {
            let args = Args::parse(words)?;
            hostile::run(&args.name, args.mutations, args.script.seed)?;
        }
        "produce" => report(
            "producer",
            Args::parse(words).and_then(|a| produce::run(&a)),
        )?,
        "consume" => report(
            "consumer",
            Args::parse(words).and_then(|a| consume::run(&a)),
        )?,
        _ => return Err(USAGE.into()),
    }
    Ok(true)
}

fn report(role: &str, result: Result<Report, Failure>) -> Result<(), Failure> {
    match result {
        Ok(Report {
            messages,
            bytes,
            seconds,
            sleeps,
            missed_wakeups,
            errors,
        }) => {
            let sleeps = sleeps.map_or("null".to_owned(), |sleeps| sleeps.to_string());
            println!(
                "{{\"ok\":true,\"role\":\"{role}\",\"messages\":{messages},\"bytes\":{bytes},\
                 \"seconds\":{seconds},\"sleeps\":{sleeps},\"missed_wakeups\":{missed_wakeups},\
                 \"errors\":{errors}}}"
            );
            Ok(())
        }
        Err(failure) => {
            let reason = text::json(&failure.to_string());
            println!("{{\"ok\":false,\"error\":{reason}}}");
            Err(failure)
        }
    }
}

fn print_golden() {
    for number in 0..samples::NAMES.len() {
        for k in 0..4 {
            let hex = text::to_hex(&samples::encoded(number, k));
            println!("{} {k} {hex}", samples::NAMES[number]);
        }
    }
}

/// Reads payloads, of whatever version, and writes them as this version has them.
fn recode() -> Result<(), Failure> {
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let (name, hex) = line.split_once(' ').unwrap_or((&line, ""));
        let number = samples::NAMES.iter().position(|known| *known == name);
        let number = number.ok_or_else(|| format!("no struct {name} in this spec"))?;
        match samples::recoded(number, &text::from_hex(hex)?) {
            Ok(bytes) => println!("{name} {}", text::to_hex(&bytes)),
            Err(_) => println!("{name} refused"),
        }
    }
    Ok(())
}

fn check_golden() -> Result<(), Failure> {
    let mut checked = 0;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let mut words = line.split(' ');
        let (name, k) = (
            words.next().unwrap_or_default(),
            words.next().unwrap_or_default(),
        );
        let bytes = text::from_hex(words.next().unwrap_or_default())?;
        let number = samples::NAMES.iter().position(|known| *known == name);
        let number = number.ok_or_else(|| format!("no struct {name} in this spec"))?;
        if bytes != samples::encoded(number, k.parse()?) {
            return Err(format!("{name} {k}: another encoding than this language's").into());
        }
        if samples::recoded(number, &bytes)? != bytes {
            return Err(format!("{name} {k}: decoding and encoding changes the bytes").into());
        }
        checked += 1;
    }
    println!("{checked} checked");
    Ok(())
}

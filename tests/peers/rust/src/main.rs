//! One side of the cross-language test: `../README.md` says what both sides do.

use std::fmt::Display;
use std::process::ExitCode;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bitrpc_messages::{Consumer, MessageType, Producer, TestData};
use bitrpc_shm::{Options, ReceiveError};

const USAGE: &str = "\
usage: cross_language_test --mode producer|consumer --name NAME [--count N] [--size BYTES]
                           [--capacity BYTES] [--timeout-ms T] [--json]";

/// Rounds that a producer sends when none are asked for.
const DEFAULT_COUNT: u32 = 10;

/// What one round's `id` is multiplied with.
#[expect(clippy::approx_constant, reason = "all languages send this very number")]
const FACTOR: f64 = 3.14159;

/// The command line.
struct Args {
    mode: String,
    name: String,
    count: Option<u32>,
    size: usize,
    capacity: u64,
    timeout: Duration,
    json: bool,
}

impl Args {
    fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut args = Self {
            mode: String::new(),
            name: String::new(),
            count: None,
            size: 0,
            capacity: 1 << 20,
            timeout: Duration::from_secs(30),
            json: false,
        };
        while let Some(option) = words.next() {
            if option == "--json" {
                args.json = true;
                continue;
            }
            let value = words.next().ok_or_else(|| format!("{option} needs a value"))?;
            match option.as_str() {
                "--mode" => args.mode = value,
                "--name" => args.name = value,
                "--count" => args.count = Some(number(&option, &value)?),
                "--size" => args.size = number(&option, &value)?,
                "--capacity" => args.capacity = number(&option, &value)?,
                "--timeout-ms" => args.timeout = Duration::from_millis(number(&option, &value)?),
                _ => return Err(format!("unknown option {option}")),
            }
        }
        if args.mode != "producer" && args.mode != "consumer" {
            return Err("--mode must be producer or consumer".to_owned());
        }
        if args.name.is_empty() {
            return Err("--name is missing".to_owned());
        }
        Ok(args)
    }

    fn options(&self) -> Options {
        Options::new()
            .capacity(self.capacity)
            .send_timeout(Some(self.timeout))
            .diagnose_wakeups(true)
    }

    fn say(&self, line: impl Display) {
        if !self.json {
            println!("{line}");
        }
    }
}

fn number<T: FromStr>(option: &str, text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("{option} needs a number, not '{text}'"))
}

/// What went wrong, as text: this program only reports it.
type Failure = Box<dyn std::error::Error>;

/// What was sent or received.
#[derive(Debug, Default)]
struct Tally {
    texts: u32,
    test_data: u32,
    heartbeats: u32,
    bytes: u64,
}

fn main() -> ExitCode {
    let args = match Args::parse(std::env::args().skip(1)) {
        Ok(args) => args,
        Err(error) => {
            eprintln!("{error}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let result = if args.mode == "producer" { produce(&args) } else { consume(&args) };
    let mode = &args.mode;
    match result {
        Ok(tally) => {
            if args.json {
                println!("{}", tally.json(mode));
            } else {
                let Tally { texts, test_data, heartbeats, .. } = tally;
                println!("{mode}: {texts} texts, {test_data} TestData, {heartbeats} heartbeats");
            }
            ExitCode::SUCCESS
        }
        Err(failure) => {
            if args.json {
                let text = failure.to_string().replace('\\', "\\\\").replace('"', "\\\"");
                println!("{{\"ok\":false,\"mode\":\"{mode}\",\"error\":\"{text}\"}}");
            }
            eprintln!("{mode}: {failure}");
            ExitCode::FAILURE
        }
    }
}

impl Tally {
    fn json(&self, mode: &str) -> String {
        let Self { texts, test_data, heartbeats, bytes } = self;
        format!(
            "{{\"ok\":true,\"mode\":\"{mode}\",\"texts\":{texts},\"test_data\":{test_data},\
             \"heartbeats\":{heartbeats},\"bytes\":{bytes}}}"
        )
    }
}

fn produce(args: &Args) -> Result<Tally, Failure> {
    let mut producer = Producer::create(&args.name, &args.options())?;
    let mut tally = Tally::default();
    for round in 0..args.count.unwrap_or(DEFAULT_COUNT) {
        let text = format!("Hello from Rust! #{round}");
        let text = format!("{text:.<size$}", size = args.size);
        producer.send_string(&text)?;
        args.say(format_args!("sent text: {text}"));
        tally.texts += 1;

        let data = test_data(round)?;
        producer.send_typed(&data)?;
        args.say(format_args!("sent TestData: id={} value={}", data.id, data.value));
        tally.test_data += 1;

        producer.send(MessageType::HEARTBEAT, &[])?;
        args.say("sent heartbeat");
        tally.heartbeats += 1;
        tally.bytes += (text.len() + size_of::<TestData>()) as u64;
    }
    producer.close()?;
    Ok(tally)
}

fn test_data(round: u32) -> Result<TestData, Failure> {
    Ok(TestData {
        id: i32::try_from(round)?,
        value: f64::from(round) * FACTOR,
        message: format!("TestData {round} from Rust").as_str().try_into()?,
        timestamp: SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos() as u64,
        ..TestData::default()
    })
}

fn consume(args: &Args) -> Result<Tally, Failure> {
    let mut consumer = Consumer::open(&args.name, &args.options())?;
    let mut tally = Tally::default();
    loop {
        let message = match consumer.receive(Some(args.timeout)) {
            Err(ReceiveError::Closed) => break,
            received => received?.ok_or("the producer sent nothing in time")?,
        };
        let round = tally.heartbeats;
        let expect = |ty: MessageType| match message.message_type() == ty.into() {
            true => Ok(()),
            false => Err(format!("expected {ty:?}, got type {}", message.message_type())),
        };
        if tally.texts == round {
            expect(MessageType::DATA)?;
            check_text(&message.text()?, round, args.size)?;
            args.say(format_args!("received text: {}", message.text()?));
            tally.texts += 1;
        } else if tally.test_data == round {
            let data: TestData = message.decode()?;
            check_test_data(&data, round)?;
            args.say(format_args!("received TestData: id={} value={}", data.id, data.value));
            tally.test_data += 1;
        } else {
            expect(MessageType::HEARTBEAT)?;
            args.say("received heartbeat");
            tally.heartbeats += 1;
        }
        tally.bytes += message.payload().len() as u64;
    }
    consumer.close()?;
    if tally.heartbeats == 0 || tally.texts != tally.heartbeats {
        return Err(format!("the producer closed in the middle: {tally:?}").into());
    }
    match args.count {
        Some(count) if count != tally.texts => {
            Err(format!("expected {count} rounds, got {}", tally.texts).into())
        }
        _ => Ok(tally),
    }
}

fn check_text(text: &str, round: u32, size: usize) -> Result<(), Failure> {
    let number = text.strip_prefix("Hello from ").and_then(|rest| rest.split_once("! #"));
    let number = number.map(|(_, number)| number.trim_end_matches('.'));
    if number != Some(round.to_string().as_str()) || text.len() < size {
        return Err(format!("round {round}: unexpected text: {text}").into());
    }
    Ok(())
}

fn check_test_data(data: &TestData, round: u32) -> Result<(), Failure> {
    let is_right = data.id == i32::try_from(round)?
        && data.value == f64::from(round) * FACTOR
        && data.message.text()?.starts_with(&format!("TestData {round} from "))
        && data.timestamp != 0;
    if is_right { Ok(()) } else { Err(format!("round {round}: unexpected {data:?}").into()) }
}

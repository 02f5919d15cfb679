//! One call that a test expects to fail, and what the library says of it.

use std::fs::File;
use std::time::Duration;

use bitrpc_shm::{DecodeError, Error, Mode, Options};

use crate::protocol::Protocol;
use crate::ring::{self, Consumer};
use crate::{samples, text, Failure};

/// How long a receive waits.
const TIMEOUT: Duration = Duration::from_secs(2);

/// What the command line asks for.
struct Attempt {
    action: String,
    name: String,
    role: String,
    options: Options,
    /// Bytes to send.
    size: usize,
    exhaust_descriptors: bool,
    /// A capacity that `u64` cannot hold.
    impossible_capacity: Option<String>,
}

/// Why it failed: the kind of error, and the library's message.
struct Refusal {
    kind: &'static str,
    message: String,
}

/// Does it and prints what came of it; `true` if nothing failed.
pub fn run(words: impl Iterator<Item = String>) -> Result<bool, Failure> {
    let attempt = Attempt::parse(words)?;
    // Held until the end, so that the library finds no descriptor free.
    let held = if attempt.exhaust_descriptors {
        exhaust_descriptors()
    } else {
        Vec::new()
    };
    let result = attempt.act();
    drop(held);
    match &result {
        Ok(members) => println!("{{\"ok\":true{members}}}"),
        Err(Refusal { kind, message }) => {
            let message = text::json(message);
            println!("{{\"ok\":false,\"kind\":\"{kind}\",\"error\":{message}}}");
        }
    }
    Ok(result.is_ok())
}

fn exhaust_descriptors() -> Vec<File> {
    std::iter::repeat_with(|| File::open("/dev/null"))
        .map_while(Result::ok)
        .collect()
}

impl Attempt {
    fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, Failure> {
        let mut attempt = Self {
            action: words.next().ok_or("attempt what?")?,
            name: String::new(),
            role: "producer".to_owned(),
            options: Options::new().diagnose_wakeups(true),
            size: 8,
            exhaust_descriptors: false,
            impossible_capacity: None,
        };
        while let Some(option) = words.next() {
            let mut value = || {
                let value = words.next();
                value.ok_or_else(|| format!("{option} needs a value"))
            };
            let options = attempt.options.clone();
            match option.as_str() {
                "--name" => attempt.name = value()?,
                "--name-hex" => attempt.name = String::from_utf8(text::from_hex(&value()?)?)?,
                "--role" => attempt.role = value()?,
                "--mode" => attempt.options = options.mode(mode(&value()?)?),
                "--capacity" => match value()? {
                    text if text.parse::<u64>().is_err() => {
                        attempt.impossible_capacity = Some(text)
                    }
                    text => attempt.options = options.capacity(text.parse()?),
                },
                "--any-schema" => attempt.options = options.any_schema(true),
                "--size" => attempt.size = value()?.parse()?,
                "--exhaust-descriptors" => attempt.exhaust_descriptors = true,
                _ => return Err(format!("unknown option {option}").into()),
            }
        }
        Ok(attempt)
    }

    /// What is there to say when nothing failed is further members of the JSON object.
    fn act(&self) -> Result<&'static str, Refusal> {
        if let Some(capacity) = &self.impossible_capacity {
            return Err(inexpressible(format!("{capacity} is no u64")));
        }
        match self.action.as_str() {
            "attach" => self.attach(),
            "send" => self.send(),
            "receive" => self.receive(|consumer| {
                let received = consumer.receive_bytes(&mut Vec::new(), Some(TIMEOUT))?;
                Ok(received.is_some())
            }),
            "receive-text" => {
                self.receive(|consumer| Ok(consumer.receive_string(Some(TIMEOUT))?.is_some()))
            }
            "receive-typed" => match samples::MESSAGES.first() {
                Some(first) => {
                    self.receive(|consumer| samples::receive(first.number, consumer, TIMEOUT))
                }
                None => Err(inexpressible("no struct of this spec is a message")),
            },
            "send-closed" | "receive-closed" => Err(inexpressible(
                "closing takes the object: using it afterwards does not compile",
            )),
            other => Err(inexpressible(format!("no action is called {other}"))),
        }
    }

    fn attach(&self) -> Result<&'static str, Refusal> {
        match self.role.as_str() {
            "producer" => ring::producer(&self.name, &self.options).map(drop)?,
            "consumer" => ring::consumer(&self.name, &self.options).map(drop)?,
            _ => ring::monitor(&self.name, &self.options).map(drop)?,
        }
        Ok("")
    }

    fn send(&self) -> Result<&'static str, Refusal> {
        let mut producer = ring::producer(&self.name, &self.options)?;
        let data = <Protocol as bitrpc_shm::Layout>::TYPES.data;
        match producer.try_send(data, &vec![0; self.size]) {
            Ok(()) => Ok(""),
            Err(bitrpc_shm::SendError::Full) => Ok(",\"full\":true"),
            Err(error) => Err(Error::from(error).into()),
        }
    }

    fn receive(
        &self,
        receive: impl FnOnce(&mut Consumer) -> Result<bool, Error>,
    ) -> Result<&'static str, Refusal> {
        let mut consumer = ring::consumer(&self.name, &self.options)?;
        Ok(match receive(&mut consumer)? {
            true => ",\"messages\":1",
            false => ",\"empty\":true",
        })
    }
}

fn mode(text: &str) -> Result<Mode, Failure> {
    match text {
        "create_or_open" => Ok(Mode::CreateOrOpen),
        "create_only" => Ok(Mode::CreateOnly),
        "open_only" => Ok(Mode::OpenOnly),
        _ => Err(format!("no mode is called {text}").into()),
    }
}

/// What this language's types leave no way to say.
fn inexpressible(message: impl Into<String>) -> Refusal {
    Refusal {
        kind: "Inexpressible",
        message: message.into(),
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self {
            kind: kind(&error),
            message: error.to_string(),
        }
    }
}

/// The word that all languages have for an error.
fn kind(error: &Error) -> &'static str {
    match error {
        Error::InvalidName { .. } => "InvalidName",
        Error::InvalidCapacity { .. } => "InvalidCapacity",
        Error::CapacityMismatch { .. } => "CapacityMismatch",
        Error::NotFound { .. } => "NotFound",
        Error::AlreadyExists { .. } => "AlreadyExists",
        Error::FolderMissing { .. } => "FolderMissing",
        Error::NotRegularFile { .. } => "NotRegularFile",
        Error::WrongOwner { .. } => "WrongOwner",
        Error::PermissionDenied { .. } => "PermissionDenied",
        Error::TooShort { .. } => "TooShort",
        Error::BadMagic { .. } => "BadMagic",
        Error::WrongEndianness { .. } => "WrongEndianness",
        Error::VersionMismatch { .. } => "VersionMismatch",
        Error::HeaderSizeMismatch { .. } => "HeaderSizeMismatch",
        Error::LayoutMismatch { .. } => "LayoutMismatch",
        Error::SchemaMismatch { .. } => "SchemaMismatch",
        Error::NoSpace { .. } => "NoSpace",
        Error::RoleTaken { .. } => "RoleTaken",
        Error::Removed { .. } => "Removed",
        Error::Closed => "Closed",
        Error::PeerDied => "PeerDied",
        Error::TooLarge { .. } => "TooLarge",
        Error::MessageTooLarge { .. } => "MessageTooLarge",
        Error::InvalidType => "InvalidType",
        Error::Corrupt(_) => "Corrupt",
        Error::Decode(DecodeError::TypeMismatch { .. }) => "TypeMismatch",
        Error::Decode(DecodeError::InvalidUtf8 { .. }) => "InvalidUtf8",
        Error::Decode(_) => "SizeMismatch",
        Error::Timeout => "Timeout",
        Error::Busy => "Busy",
        Error::Forked => "Forked",
        Error::Io { .. } => "Io",
        Error::Unsupported { .. } => "Unsupported",
        _ => "Unknown",
    }
}

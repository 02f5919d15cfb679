//! The receiving side: every message is compared with what the script says it has to be.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::time::Instant;

use bitrpc_shm::ReceiveError;

use crate::protocol::{Consumer, Message};
use crate::pace;
use crate::samples;
use crate::script::{Kind, Plan, Planned};
use crate::{Args, Failure, Report};

pub fn run(args: &Args) -> Result<Report, Failure> {
    let mut consumer = Consumer::open(&args.name, &args.ring_options())?;
    let mut run = Run {
        args,
        next: 0,
        report: Report::default(),
        started: None,
        sleeps_before: None,
    };
    match args.script.plan {
        Plan::Records => run.records(&mut consumer)?,
        Plan::Mixed => run.mixed(&mut consumer)?,
        Plan::Stream => run.stream(&mut consumer)?,
    }
    let snapshot = consumer.snapshot();
    let report = &mut run.report;
    report.seconds = run
        .started
        .map_or(0.0, |start| start.elapsed().as_secs_f64());
    report.missed_wakeups = snapshot.consumer.missed_wakeups;
    report.errors = snapshot.receive_errors;
    if report.errors != 0 && args.script.plan != Plan::Records {
        return Err(format!("{} receive errors were counted", report.errors).into());
    }
    consumer.close()?;
    Ok(run.report)
}

struct Run<'a> {
    args: &'a Args,
    /// Number of the message that has to come next.
    next: u64,
    report: Report,
    started: Option<Instant>,
    sleeps_before: Option<u64>,
}

impl Run<'_> {
    /// Receives in every way there is, in turn.
    fn mixed(&mut self, consumer: &mut Consumer) -> Result<(), Failure> {
        while self.next < self.args.count {
            match self.next % 4 {
                0 => self.drain(consumer)?,
                1 => self.copied(consumer)?,
                2 => self.peeked(consumer)?,
                _ => self.borrowed(consumer)?,
            }
        }
        self.closed(consumer)
    }

    fn stream(&mut self, consumer: &mut Consumer) -> Result<(), Failure> {
        while self.next < self.args.count {
            self.borrowed(consumer)?;
        }
        self.closed(consumer)
    }

    fn borrowed(&mut self, consumer: &mut Consumer) -> Result<(), Failure> {
        let largest_payload = consumer.largest_payload();
        let message = consumer.receive(Some(self.args.timeout))?;
        let message = message.ok_or_else(|| self.late())?;
        self.verify(largest_payload, &message)
    }

    fn copied(&mut self, consumer: &mut Consumer) -> Result<(), Failure> {
        let largest_payload = consumer.largest_payload();
        let mut buffer = Vec::new();
        let received = consumer.receive_bytes(&mut buffer, Some(self.args.timeout))?;
        let received = received.ok_or_else(|| self.late())?;
        self.check(
            largest_payload,
            received.message_type,
            received.flags,
            &buffer,
        )
    }

    fn peeked(&mut self, consumer: &mut Consumer) -> Result<(), Failure> {
        let ahead = consumer.peek()?.map(|message| message.payload().to_vec());
        let largest_payload = consumer.largest_payload();
        let message = consumer.receive(Some(self.args.timeout))?;
        let message = message.ok_or_else(|| self.late())?;
        if ahead.is_some_and(|ahead| ahead != message.payload()) {
            return Err(format!("message {}: peek showed another payload", self.next).into());
        }
        self.verify(largest_payload, &message)
    }

    fn drain(&mut self, consumer: &mut Consumer) -> Result<(), Failure> {
        let largest_payload = consumer.largest_payload();
        let mut verdict = Ok(());
        let drained = consumer.drain(16, |message| {
            if verdict.is_ok() {
                verdict = self.verify(largest_payload, message);
            }
        })?;
        verdict?;
        if drained == 0 {
            self.borrowed(consumer)
        } else {
            Ok(())
        }
    }

    /// After the last message the producer closes: anything else is an error.
    fn closed(&mut self, consumer: &mut Consumer) -> Result<(), Failure> {
        match consumer.receive(Some(self.args.timeout)) {
            Err(ReceiveError::Closed) => Ok(()),
            Err(error) => Err(error.into()),
            Ok(None) => Err("the producer did not close".into()),
            Ok(Some(message)) => {
                Err(format!("message {} after the last", message.message_id()).into())
            }
        }
    }

    /// One record a message; the ledger tells what an earlier run of this side has received.
    fn records(&mut self, consumer: &mut Consumer) -> Result<(), Failure> {
        let ledger = self.args.ledger.as_ref().map(|path| {
            File::options()
                .create(true)
                .read(true)
                .write(true)
                .truncate(false)
                .open(path)
        });
        let ledger = ledger.transpose()?;
        let mut known = ledger.as_ref().map(read_ledger).transpose()?;
        let largest_payload = consumer.largest_payload();
        while self.next < self.args.count {
            // An earlier run of this side had received all, and was killed before it ended.
            if known == Some(self.args.count) && !consumer.has_message()? {
                break;
            }
            let message = match consumer.receive(Some(self.args.timeout)) {
                // The next producer goes on where this one died, or has nothing left to send.
                Err(ReceiveError::PeerDied | ReceiveError::Closed) => continue,
                received => received?.ok_or_else(|| self.late())?,
            };
            if self.started.is_none() {
                self.next = u64::from(message.message_id());
                if let Some(known) = known.take() {
                    check_resume(self.next, known)?;
                }
            }
            self.verify(largest_payload, &message)?;
            if let Some(ledger) = &ledger {
                ledger.write_all_at(&self.next.to_le_bytes(), 0)?;
            }
        }
        Ok(())
    }

    fn verify(&mut self, largest_payload: usize, message: &Message) -> Result<(), Failure> {
        if message.message_id() != self.record_id() && self.args.script.plan != Plan::Mixed {
            return Err(
                format!("message {}: its id is {}", self.next, message.message_id()).into(),
            );
        }
        self.check(
            largest_payload,
            message.message_type(),
            message.flags(),
            message.payload(),
        )
    }

    /// The id that the next message has when every message is one record.
    fn record_id(&self) -> u32 {
        self.next as u32
    }

    fn check(
        &mut self,
        largest_payload: usize,
        ty: u32,
        flags: u32,
        payload: &[u8],
    ) -> Result<(), Failure> {
        let index = self.next;
        let wanted = self.args.script.message(index, largest_payload);
        let differs = |what: &str, found: u32, expected: u32| -> Result<(), Failure> {
            if found == expected {
                return Ok(());
            }
            Err(format!("message {index}: {what} {found}, expected {expected}").into())
        };
        differs("type", ty, wanted.message_type)?;
        differs("flags", flags, wanted.flags)?;
        differs("length", payload.len() as u32, wanted.payload.len() as u32)?;
        if payload != wanted.payload {
            return Err(format!("message {index}: another payload").into());
        }
        self.check_decoding(payload, &wanted)?;
        if self.started.is_none() {
            self.started = Some(Instant::now());
            self.sleeps_before = pace::sleeps();
        }
        self.next += 1;
        if self.next == self.args.count {
            let before = self.sleeps_before;
            self.report.sleeps = pace::sleeps().zip(before).map(|(now, then)| now - then);
        }
        self.report.messages += 1;
        self.report.bytes += payload.len() as u64;
        self.args.slow_down(index);
        Ok(())
    }

    fn check_decoding(&self, payload: &[u8], wanted: &Planned) -> Result<(), Failure> {
        match wanted.kind {
            Kind::Typed(number) if samples::recoded(number, payload)? != payload => {
                let name = samples::NAMES[number];
                Err(format!("message {}: decoding {name} changes it", self.next).into())
            }
            Kind::Text(text) if std::str::from_utf8(payload)? != text => {
                Err(format!("message {}: another text", self.next).into())
            }
            _ => Ok(()),
        }
    }

    fn late(&self) -> Failure {
        format!(
            "message {}: nothing came within {:?}",
            self.next, self.args.timeout
        )
        .into()
    }
}

fn read_ledger(file: &File) -> std::io::Result<u64> {
    let mut bytes = [0; 8];
    match file.read_exact_at(&mut bytes, 0) {
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Ok(0),
        result => result.map(|()| u64::from_le_bytes(bytes)),
    }
}

/// A restarted consumer begins right after what it had released.
fn check_resume(first: u64, known: u64) -> Result<(), Failure> {
    if first > known {
        return Err(format!("lost: message {known} never came, {first} did").into());
    }
    if first + 1 < known {
        return Err(format!("repeated: message {first} was released before {known}").into());
    }
    Ok(())
}

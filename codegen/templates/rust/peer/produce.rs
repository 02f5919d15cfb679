//! The sending side.

use std::time::Instant;

use bitrpc_shm::{Encode, SendError};

use crate::protocol::Producer;
use crate::pace::Gaps;
use crate::samples::{self, Visit};
use crate::script::{Kind, Plan, Planned};
use crate::{Args, Failure, Report};

/// Most messages in one batch.
const BATCH: u64 = 4;

pub fn run(args: &Args) -> Result<Report, Failure> {
    let mut producer = Producer::create(&args.name, &args.ring_options())?;
    let resumes = args.script.plan == Plan::Records;
    let first = if resumes {
        producer.statistics().messages_sent
    } else {
        0
    };
    let mut report = Report::default();
    let mut gaps = Gaps::new(args.script.seed, args.gap);
    let start = Instant::now();
    let mut index = first;
    while index < args.count {
        let message = args.script.message(index, producer.largest_payload());
        args.slow_down(index);
        gaps.pass();
        let batched = message.route == 2 && !args.script.is_fragmented(index);
        let sent = if args.script.plan == Plan::Mixed && batched {
            send_batch(args, &mut producer, index, &mut report)?
        } else {
            match send_one(args, &mut producer, index, &message) {
                // The next consumer goes on where this one died.
                Err(SendError::PeerDied) if resumes => continue,
                sent => sent?,
            }
            report.bytes += message.payload.len() as u64;
            1
        };
        index += sent;
        report.messages += sent;
    }
    report.seconds = start.elapsed().as_secs_f64();
    report.missed_wakeups = producer.snapshot().producer.missed_wakeups;
    producer.close()?;
    Ok(report)
}

/// Sends the message in the way that its plan names.
fn send_one(
    args: &Args,
    producer: &mut Producer,
    index: u64,
    message: &Planned,
) -> Result<(), SendError> {
    let Planned {
        message_type,
        flags,
        payload,
        route,
        ..
    } = message;
    match message.kind {
        Kind::Fragmented => return producer.send_fragmented(*message_type, payload),
        _ if *route == 1 => {
            let mut claim = producer.claim(*message_type, payload.len())?;
            claim.set_flags(*flags);
            claim.copy_from_slice(payload);
            claim.commit();
        }
        Kind::Text(text) => producer.send_string(text)?,
        Kind::Raw => producer.send_with(*message_type, *flags, payload)?,
        Kind::Typed(number) => {
            let mut send = SendTyped {
                result: Ok(()),
                most: producer.largest_payload(),
                producer,
            };
            let most = send.most.min(65_536);
            samples::visit(number, &mut args.script.fields(index), most, &mut send);
            send.result?;
        }
    }
    Ok(())
}

struct SendTyped<'a> {
    producer: &'a mut Producer,
    most: usize,
    result: Result<(), SendError>,
}

impl Visit for SendTyped<'_> {
    fn visit<T: Encode>(&mut self, message: &T) {
        self.result = self.producer.send_typed(message);
    }
}

/// Sends message `index` together with those after it and says how many that were.
fn send_batch(
    args: &Args,
    producer: &mut Producer,
    index: u64,
    report: &mut Report,
) -> Result<u64, SendError> {
    let most = producer.largest_payload();
    let mut batch = producer.batch();
    let mut next = index;
    while next < args.count.min(index + BATCH) && !args.script.is_fragmented(next) {
        let message = args.script.message(next, most);
        batch.push_with(message.message_type, message.flags, &message.payload)?;
        report.bytes += message.payload.len() as u64;
        next += 1;
    }
    batch.commit();
    Ok(next - index)
}

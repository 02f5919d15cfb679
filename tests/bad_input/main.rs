//! Everything that can be wrong with a ring, a name, a file or a message: every language gives the
//! same error, whose message names what was found and what was expected, and nothing is lost or
//! left half-written.
//!
//! The cases are one table ([`cases`]), run over all languages. Each language's peer tries one call
//! in a folder that was prepared by the Rust runtime; what the folder holds afterwards is compared
//! with what it held before.

mod cases;
mod place;
mod setup;

/// The default spec's own Rust code, to prepare rings with. Included: no formatter comes by.
#[allow(dead_code, unreachable_pub)]
mod protocol {
    include!("../../generated/rust/src/protocol.rs");
}

use std::process::ExitCode;

use bitrpc_conform::runner::Failure;
use bitrpc_tests::harness;
use bitrpc_tests::matrix::{Member, Subject, engines, subjects};
use libtest_mimic::Trial;

use crate::cases::{After, Case};
use crate::place::{Place, Verdict};

fn main() -> ExitCode {
    let subject = subjects().first().expect("the default spec comes first");
    let mut trials = Vec::new();
    for member in engines() {
        for case in cases::all() {
            trials.push(trial(subject, member, case));
        }
        let name = format!("what_dead_creators_left_is_swept/{}", member.id());
        trials.push(match &member.found {
            Err(missing) => harness::skipped(name, missing),
            Ok(_) => harness::trial(name, move || sweeps(subject, member)),
        });
    }
    harness::run(trials)
}

fn trial(subject: &'static Subject, member: &'static Member, case: Case) -> Trial {
    let name = format!("{}/{}", case.name, member.id());
    match (&member.found, case.impossible()) {
        (Err(missing), _) => harness::skipped(name, missing),
        (_, Some(missing)) => harness::skipped(name, &missing),
        _ => harness::trial(name, move || check(subject, member, &case)),
    }
}

fn check(subject: &'static Subject, member: &'static Member, case: &Case) -> Result<(), Failure> {
    let place = Place::new(subject, member)?;
    let held = (case.set_up)(&place)?;
    let before = place.contents()?;
    let verdict = place.attempt(&case.words, &case.launch)?;
    case.judge(&place, &verdict)?;
    let after = place.contents()?;
    match case.after {
        After::Anything => {}
        After::Untouched => after.must_be(&before)?,
        After::MessagesKept => after.must_hold_the_messages_of(&before, &place)?,
        After::MessageReceivable => {
            after.must_hold_the_messages_of(&before, &place)?;
            drop(held);
            return receives(&place);
        }
    }
    drop(held);
    Ok(())
}

/// The message that the attempt refused is still there.
fn receives(place: &Place) -> Result<(), Failure> {
    match place.attempt(&["receive".to_owned()], &place::Launch::Plain)? {
        Verdict { ok: true, messages: 1, .. } => Ok(()),
        lost => Err(Failure::new(format!("the message is lost: {lost:?}"))),
    }
}

/// A creator that was killed half-way leaves a file behind, which the next one removes at once; a
/// file that somebody holds the lock of, and those of other rings, stay.
fn sweeps(subject: &'static Subject, member: &'static Member) -> Result<(), Failure> {
    let place = Place::new(subject, member)?;
    let dead = place.id_of_a_dead_process()?;
    let swept = [place.temporary("pair", dead, 1)?];
    let (in_the_making, other) =
        (place.temporary("pair", dead, 2)?, place.temporary("pair2", dead, 1)?);
    let _maker = place::lock_as_a_maker(&in_the_making)?;
    let kept = [in_the_making, other];
    let verdict = place.attempt(&["attach".to_owned()], &place::Launch::Plain)?;
    if !verdict.ok {
        return Err(Failure::new(format!("{verdict:?}")));
    }
    if let Some(stale) = swept.iter().find(|path| path.exists()) {
        return Err(Failure::new(format!("{} is still there", stale.display())));
    }
    match kept.iter().find(|path| !path.exists()) {
        Some(lost) => Err(Failure::new(format!("{} is gone", lost.display()))),
        None => Ok(()),
    }
}

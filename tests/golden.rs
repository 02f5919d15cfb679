//! The bytes of every struct and of both headers, committed as `golden/<spec>.hex`: written by
//! each language and read by each, and by tools that know the layout alone.
//!
//! `BITRPC_GOLDEN=update` writes the files anew. Without it a missing file is a failure.

use std::env;
use std::fs;
use std::io::Write as _;
use std::ops::Range;
use std::path::PathBuf;
use std::process::{ExitCode, Stdio};
use std::time::Duration;

use bitrpc_conform::runner::{Arena, RING, Role};
use bitrpc_conform::toolchain::{Program, run};
use bitrpc_spec::layout::{FieldLayout, HeaderLayout};
use bitrpc_spec::model::{MessageRole, RingRole};
use bitrpc_spec::value::{self, ValueError};
use bitrpc_tests::hex::{self, Section};
use bitrpc_tests::matrix::{Member, Subject, engines, members, subjects};
use bitrpc_tests::{harness, repo};

const UPDATE: &str = "BITRPC_GOLDEN=update cargo test -p bitrpc-tests --test golden";

/// Header fields that differ from run to run.
const VOLATILE: [RingRole; 3] =
    [RingRole::CreatedUnixNs, RingRole::ProducerPid, RingRole::ProducerHeartbeatNs];

/// Capacity of the ring whose headers are committed.
const RING_CAPACITY: u64 = 4096;

type Test = fn(&Subject, &Member) -> Result<(), String>;

const TESTS: [(&str, Test); 3] =
    [("written_by", written_by), ("read_by", read_by), ("ring_read_by", ring_read_by)];

fn main() -> ExitCode {
    if env::var("BITRPC_GOLDEN").is_ok_and(|value| value == "update") {
        for subject in subjects() {
            if let Err(error) = update(subject) {
                eprintln!("{}: {error}", subject.name);
                return ExitCode::FAILURE;
            }
        }
    }
    let mut trials = vec![harness::trial("every_file_belongs_to_a_spec", no_other_files)];
    for subject in subjects() {
        let name = format!("{}/values", subject.name);
        trials.push(harness::trial(name, || values(subject)));
        for member in engines() {
            for (verb, test) in TESTS {
                let name = format!("{}/{verb}_{}", subject.name, member.id());
                trials.push(match &member.found {
                    Err(missing) => harness::skipped(name, missing),
                    Ok(_) => harness::trial(name, move || test(subject, member)),
                });
            }
        }
    }
    harness::run(trials)
}

fn file_of(subject: &Subject) -> PathBuf {
    repo::root().join("tests/golden").join(format!("{}.hex", subject.name))
}

fn update(subject: &Subject) -> Result<(), String> {
    let member = members().iter().find(|member| member.found.is_ok());
    let text = dump(subject, member.ok_or("no toolchain to write with")?)?;
    let file = file_of(subject);
    fs::write(&file, text).map_err(|error| format!("{}: {error}", file.display()))
}

fn committed(subject: &Subject) -> Result<String, String> {
    let file = file_of(subject);
    fs::read_to_string(&file)
        .map_err(|error| format!("{}: {error}; write it with: {UPDATE}", file.display()))
}

fn written_by(subject: &Subject, member: &Member) -> Result<(), String> {
    let (expected, found) = (committed(subject)?, dump(subject, member)?);
    if found == expected {
        return Ok(());
    }
    let mut section = "";
    for (expected, found) in expected.lines().zip(found.lines()) {
        if !expected.starts_with(' ') && !expected.is_empty() {
            section = expected;
        }
        if expected != found {
            return Err(format!(
                "{section}:\nexpected {expected}\nfound    {found}\nIf that is wanted: {UPDATE}"
            ));
        }
    }
    Err(format!("another number of lines. If that is wanted: {UPDATE}"))
}

fn read_by(subject: &Subject, member: &Member) -> Result<(), String> {
    let mut lines = Vec::new();
    for section in hex::parse(&committed(subject)?)? {
        if !section.title.ends_with("_header") {
            let digits = section.digits().ok_or("a masked byte in a struct")?;
            lines.push(format!("{} {digits}\n", section.title));
        }
    }
    let peer = subject.peer(member)?;
    let output = check(peer, &lines.concat()).map_err(|error| error.to_string())?;
    if output != format!("{} checked\n", lines.len()) {
        return Err(format!("expected {} checked samples, the peer says: {output}", lines.len()));
    }
    Ok(())
}

/// What every language writes comes back to the byte, by way of a value and of its JSON.
fn values(subject: &Subject) -> Result<(), String> {
    let layout = subject.layout()?;
    for section in hex::parse(&committed(subject)?)? {
        let title = &section.title;
        if title.ends_with("_header") {
            continue;
        }
        let bytes = hex::bytes(&section.digits().ok_or("a masked byte in a struct")?)?;
        let name = title.split(' ').next().unwrap_or_default();
        let item = layout.structs.iter().find(|item| item.name == name);
        let item = item.ok_or_else(|| format!("{title}: no such struct"))?;
        let problem = |error: ValueError| format!("{title}: {error}");
        let value = value::decode(layout, item, &bytes).map_err(problem)?;
        if value::encode(layout, item, &value).map_err(problem)? != bytes {
            return Err(format!("{title}: its value has other bytes"));
        }
        let text = value.to_json().to_string();
        let json = serde_json::from_str(&text).map_err(|error| format!("{title}: {error}"))?;
        let again = value::from_json(layout, item, &json).map_err(problem)?;
        // JSON does not say which NaN a float was.
        let is_same =
            text.contains("NaN") || value::encode(layout, item, &again).map_err(problem)? == bytes;
        if !is_same || again.to_json() != json {
            return Err(format!("{title}: its JSON has other bytes: {text}"));
        }
    }
    Ok(())
}

/// A ring put together from the committed headers holds its message for whoever attaches.
fn ring_read_by(subject: &Subject, member: &Member) -> Result<(), String> {
    let sections = hex::parse(&committed(subject)?)?;
    let mut bytes = Vec::new();
    for title in ["ring_header", "message_header"] {
        let section = sections.iter().find(|section| section.title == title);
        let section = section.ok_or_else(|| format!("no section {title}"))?;
        bytes.extend(section.bytes.iter().map(|byte| byte.unwrap_or(0)));
    }
    let layout = subject.layout()?;
    // The message's payload, the end of what is published, and the rest of the data area are zero.
    bytes.resize(length(layout.ring_header.size + RING_CAPACITY), 0);
    let arena = Arena::new().map_err(|error| error.to_string())?;
    fs::write(arena.ring_file(layout), bytes).map_err(|error| error.to_string())?;
    let mut command = subject.peer(member)?.command();
    command.args(["attempt", "receive", "--name", RING, "--mode", "open_only"]);
    command.args(["--capacity", &RING_CAPACITY.to_string()]);
    let text = run(command.env("BITRPC_SHM_DIR", arena.folder())).map_err(|e| e.to_string())?;
    let verdict: serde_json::Value = serde_json::from_str(text.trim_end()).unwrap_or_default();
    match verdict["messages"].as_u64() {
        Some(1) => Ok(()),
        _ => Err(format!("the message is not found: {text}")),
    }
}

/// What `peer check-golden` says about `lines`.
fn check(peer: &Program, lines: &str) -> std::io::Result<String> {
    let mut input = tempfile::tempfile()?;
    input.write_all(lines.as_bytes())?;
    std::io::Seek::rewind(&mut input)?;
    let output = peer.command().arg("check-golden").stdin(Stdio::from(input)).output()?;
    let text = [output.stdout, output.stderr].concat();
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// Everything that one language writes for the spec.
fn dump(subject: &Subject, member: &Member) -> Result<String, String> {
    let peer = subject.peer(member)?;
    let mut sections = headers(subject, peer)?;
    let text = run(peer.command().arg("golden")).map_err(|error| error.to_string())?;
    for line in text.lines() {
        let (title, digits) = line.rsplit_once(' ').ok_or(format!("not a sample: {line}"))?;
        sections.push(Section::new(title, &hex::bytes(digits)?));
    }
    let spec = subject.path.strip_prefix(repo::root()).unwrap_or(&subject.path).display();
    Ok(format!(
        "# Bytes of {spec} as every language writes them; `..` differs from run to run, rows of \
         zeros are left out.\n# Written by: {UPDATE}\n{}",
        hex::render(&sections)
    ))
}

/// Both headers as they are after one message of 8 bytes was sent into a fresh ring.
fn headers(subject: &Subject, peer: &Program) -> Result<Vec<Section>, String> {
    let layout = subject.layout()?;
    let capacity = RING_CAPACITY.to_string();
    let options = ["--capacity", &capacity, "--count", "1", "--plan", "stream", "--size", "8"];
    let ring = one_message(subject, peer, &options.map(str::to_owned))?;
    let (start, size) = (length(layout.ring_header.size), length(layout.message_header.size));
    let part = |range: Range<usize>| ring.get(range).ok_or("the file is shorter than its header");

    let mut ring_header = Section::new("ring_header", part(0..start)?);
    for role in VOLATILE {
        mask(&mut ring_header, &layout.ring_header, role)?;
    }
    let mut message_header = Section::new("message_header", part(start..start + size)?);
    if layout.message_header.role(MessageRole::Timestamp).is_some() {
        mask(&mut message_header, &layout.message_header, MessageRole::Timestamp)?;
    }
    Ok(vec![ring_header, message_header])
}

fn one_message(subject: &Subject, peer: &Program, options: &[String]) -> Result<Vec<u8>, String> {
    let arena = Arena::new().map_err(|error| error.to_string())?;
    let mut producer =
        arena.start(peer, Role::Producer, options).map_err(|error| error.to_string())?;
    let end = producer.wait(Duration::from_secs(60)).ok_or("the producer hangs")?;
    if end.verified().is_none() {
        return Err(end.text.clone());
    }
    fs::read(arena.ring_file(subject.layout()?)).map_err(|error| error.to_string())
}

fn mask<R: PartialEq + Copy + std::fmt::Debug>(
    section: &mut Section,
    header: &HeaderLayout<R>,
    role: R,
) -> Result<(), String> {
    let field: &FieldLayout<R> = header.role(role).ok_or(format!("no field for {role:?}"))?;
    section.mask(length(field.offset)..length(field.offset + field.size));
    Ok(())
}

fn length(bytes: u64) -> usize {
    usize::try_from(bytes).expect("headers are small")
}

fn no_other_files() -> Result<(), String> {
    let known: Vec<_> = subjects().iter().map(file_of).collect();
    let folder = repo::root().join("tests/golden");
    let files = fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for file in files {
        let path = file.map_err(|error| error.to_string())?.path();
        if !known.contains(&path) {
            return Err(format!("{} belongs to no spec: remove it", path.display()));
        }
    }
    Ok(())
}

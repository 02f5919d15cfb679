//! What `bitrpc diff` promises is so: random edits that it calls compatible, or a matter of names,
//! are made; then the records of each version are read by the programs of the other one, in every
//! language, and rings of the two versions are attached to. Of versions that it says cannot share a
//! ring, each side refuses the other's.
//!
//! One pair of specs holds many edits, so that they cost two compilations a language.
//! `BITRPC_LONG=1` makes it 200 edits, in several pairs.

use std::fmt::Write as _;
use std::io::{Seek as _, Write as _};
use std::path::PathBuf;
use std::process::{ExitCode, Stdio};
use std::sync::OnceLock;

use bitrpc_codegen::backend::{Input, Origin};
use bitrpc_conform::Stage;
use bitrpc_conform::runner::{Arena, RING};
use bitrpc_conform::toolchain::{Program, run};
use bitrpc_spec::diff::{Class, Diff};
use bitrpc_spec::layout::{FieldLayout, Layout, StructLayout};
use bitrpc_spec::model::Spec;
use bitrpc_spec::source::Memory;
use bitrpc_spec::testing::{Choices, RandomSpec};
use bitrpc_tests::matrix::{Member, engines};
use bitrpc_tests::{harness, hex, repo};
use libtest_mimic::Trial;

/// Edits of a pair of specs, and structs that there are for them.
const EDITS: usize = 24;
const STRUCTS: usize = 14;

/// Pairs of the usual run and of the long one.
const PAIRS: u64 = 1;
const LONG_PAIRS: u64 = 9;

fn main() -> ExitCode {
    let pairs = harness::amount("BITRPC_PAIRS", PAIRS, LONG_PAIRS);
    let mut trials = Vec::new();
    for seed in 0..pairs {
        let pair: &'static Pair = Box::leak(Box::new(Pair::new(seed)));
        trials.push(harness::trial(format!("{seed}/the_verdict"), move || pair.verdict()));
        trials.extend(engines().iter().map(|member| trial(pair, member)));
    }
    harness::run(trials)
}

fn trial(pair: &'static Pair, member: &'static Member) -> Trial {
    let name = format!("{}/{}", pair.seed, member.id());
    match &member.found {
        Err(missing) => harness::skipped(name, missing),
        Ok(_) => harness::trial(name, move || pair.check(member)),
    }
}

/// A version with its generated code.
struct Version {
    spec: Spec,
    layout: Layout,
    stage: OnceLock<Result<Stage, String>>,
    folder: PathBuf,
}

impl Version {
    fn new(spec: &RandomSpec, name: &str) -> Self {
        let text = spec.yaml();
        let files = Memory::new().with("spec.yaml", text.clone());
        let spec = Spec::load("spec.yaml", &files);
        let spec = spec.unwrap_or_else(|findings| panic!("{findings}\n{text}"));
        let layout = Layout::of(&spec);
        let folder = repo::cache().join("changes").join(name);
        Self { spec, layout, stage: OnceLock::new(), folder }
    }

    fn peer(&self, member: &Member) -> Result<Program, String> {
        let write = || {
            let origin = Origin::new(&self.folder.join("spec.yaml"), &self.spec.sources().digest());
            let input = Input { layout: &self.layout, origin: &origin };
            Stage::write(&self.folder, &input).map_err(|error| error.to_string())
        };
        let stage = self.stage.get_or_init(write).as_ref().map_err(Clone::clone)?;
        let found = member.found.as_ref().map_err(ToString::to_string)?;
        stage.build(member.toolchain, found).map_err(|error| error.to_string())
    }
}

/// Two versions that understand each other, and one that shares no ring with them.
struct Pair {
    seed: u64,
    /// The edits, for messages.
    edits: String,
    old: Version,
    new: Version,
    stranger: Version,
}

impl Pair {
    fn new(seed: u64) -> Self {
        let spec = RandomSpec::new(seed, STRUCTS);
        let edited = spec.edited(&mut Choices::new(seed), EDITS, Class::Source);
        let mut stranger = RandomSpec::new(seed, 0);
        stranger.name = format!("{}_b", edited.old.name);
        Self {
            seed,
            edits: format!("{:#?}", edited.edits),
            old: Version::new(&edited.old, &format!("{seed}_old")),
            new: Version::new(&edited.new, &format!("{seed}_new")),
            stranger: Version::new(&stranger, &format!("{seed}_stranger")),
        }
    }

    /// What is executed is what the comparison promises.
    fn verdict(&self) -> Result<(), String> {
        let diff = Diff::of(&self.old.spec, &self.new.spec);
        if diff.class() > Some(Class::Source) || diff.version_finding().is_some() {
            return Err(format!("{}\n{}", self.edits, diff.all()));
        }
        let diff = Diff::of(&self.old.spec, &self.stranger.spec);
        match diff.class() {
            Some(Class::Attach) => Ok(()),
            class => Err(format!("{class:?} of another protocol")),
        }
    }

    fn check(&self, member: &Member) -> Result<(), String> {
        let peers = [&self.old, &self.new, &self.stranger].map(|version| version.peer(member));
        let [old, new, stranger] = peers;
        let (old, new, stranger) = (old?, new?, stranger?);
        self.read(&old, &self.old.layout, &new, &self.new.layout)?;
        self.read(&new, &self.new.layout, &old, &self.old.layout)?;
        for (maker, guest, is_let_in) in [
            (&old, &new, true),
            (&new, &old, true),
            (&old, &stranger, false),
            (&stranger, &new, false),
        ] {
            self.attach(maker, guest, is_let_in)?;
        }
        Ok(())
    }

    /// Records of the one version, read by the other.
    fn read(
        &self,
        writer: &Program,
        from: &Layout,
        reader: &Program,
        to: &Layout,
    ) -> Result<(), String> {
        let written = run(writer.command().arg("golden")).map_err(|error| error.to_string())?;
        let (mut lines, mut records) = (String::new(), Vec::new());
        for line in written.lines() {
            let words: Vec<_> = line.split(' ').collect();
            let [name, _, digits] = words[..] else { return Err(format!("no sample: {line}")) };
            if let Some((sent, read)) = same_message(from, to, name) {
                let _ = writeln!(lines, "{} {digits}", read.name);
                records.push((sent, read, hex::bytes(digits)?));
            }
        }
        let read = recoded(reader, &lines).map_err(|error| error.to_string())?;
        let read: Vec<_> = read.lines().collect();
        if read.len() != records.len() || records.is_empty() {
            return Err(format!("{} records, {} read", records.len(), read.len()));
        }
        for ((sent, reads, bytes), line) in records.iter().zip(read) {
            let (name, digits) = line.split_once(' ').unwrap_or_default();
            let found = hex::bytes(digits).map_err(|_| {
                format!("{name}: {digits} from {} bytes\n{}", bytes.len(), self.edits)
            })?;
            as_expected(sent, reads, bytes, &found)
                .map_err(|why| format!("{name}: {why}\n{}", self.edits))?;
        }
        Ok(())
    }

    /// A ring that one version made, and a program of another one.
    fn attach(&self, maker: &Program, guest: &Program, is_let_in: bool) -> Result<(), String> {
        let arena = Arena::new().map_err(|error| error.to_string())?;
        let attempt = |program: &Program, words: &[&str]| {
            let mut command = program.command();
            command.arg("attempt").args(words).args(["--name", RING]);
            let output = command.env("BITRPC_SHM_DIR", arena.folder()).output();
            let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
            let text = text.map_err(|error| error.to_string())?;
            serde_json::from_str::<serde_json::Value>(text.trim_end())
                .map_err(|error| format!("{error}: {text}"))
        };
        let sent = attempt(maker, &["send", "--mode", "create_only"])?;
        let found = attempt(guest, &["receive", "--mode", "open_only"])?;
        let expected =
            if is_let_in { found["ok"] == true } else { found["kind"] == "LayoutMismatch" };
        if sent["ok"] == true && expected {
            return Ok(());
        }
        Err(format!("let in is {is_let_in}: {sent}, then {found}"))
    }
}

/// What the peer reads, as its version has it.
fn recoded(peer: &Program, lines: &str) -> std::io::Result<String> {
    let mut input = tempfile::tempfile()?;
    input.write_all(lines.as_bytes())?;
    input.rewind()?;
    let output = peer.command().arg("recode").stdin(Stdio::from(input)).output()?;
    let text = [output.stdout, output.stderr].concat();
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// A message in both versions: ids stay when names do not.
fn same_message<'a>(
    from: &'a Layout,
    to: &'a Layout,
    name: &str,
) -> Option<(&'a StructLayout, &'a StructLayout)> {
    let sent = from.structs.iter().find(|item| item.name == name)?;
    let read = to.structs.iter().find(|item| item.id.is_some() && item.id == sent.id)?;
    Some((sent, read))
}

/// Each field that both versions have is as it was sent, each other one is zero, and so is what
/// lies between them.
fn as_expected(
    sent: &StructLayout,
    read: &StructLayout,
    bytes: &[u8],
    found: &[u8],
) -> Result<(), String> {
    let both_have_tails = sent.tail.is_some() && read.tail.is_some();
    let tail = if both_have_tails { &bytes[index(sent.size)..] } else { &[] };
    let range = |field: &FieldLayout| index(field.offset)..index(field.offset + field.size);
    let mut expected = vec![0; index(read.size)];
    for field in &read.fields {
        if sent.fields.iter().any(|other| other.offset == field.offset) {
            expected[range(field)].copy_from_slice(&bytes[range(field)]);
        }
    }
    expected.extend_from_slice(tail);
    if found.len() != expected.len() {
        return Err(format!("{} bytes and not {}", found.len(), expected.len()));
    }
    let field_differs = |field: &&FieldLayout| expected[range(field)] != found[range(field)];
    if let Some(field) = read.fields.iter().find(field_differs) {
        return Err(format!("`{}` is read as something else", field.name));
    }
    let tails = (&expected[index(read.size)..], &found[index(read.size)..]);
    if tails.0 == tails.1 { Ok(()) } else { Err("another tail".to_owned()) }
}

fn index(bytes: u64) -> usize {
    usize::try_from(bytes).expect("payloads are small")
}

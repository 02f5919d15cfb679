//! A folder with one ring, and one language's peer to try things with.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use bitrpc_conform::runner::{Arena, Failure, RING, Role, Running};
use bitrpc_conform::toolchain::Program;
use bitrpc_shm::Options;
use bitrpc_spec::layout::Layout;
use bitrpc_spec::model::RingRole;
use bitrpc_tests::matrix::{Member, Subject};
use serde_json::Value;

use crate::protocol::{Consumer, Producer};

/// Capacity of every ring that is prepared here.
pub(crate) const CAPACITY: u64 = 4096;

/// An attempt that takes longer hangs.
const HANG: Duration = Duration::from_secs(60);

/// How the peer is started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Launch {
    /// As it is.
    Plain,
    /// By a shell that does this first.
    Shell(&'static str),
    /// The same, and what it mounts is there for the peer alone.
    OwnMounts(&'static str),
    /// Without the superuser's right to open what the permissions forbid.
    Unprivileged,
}

/// What an attempt came to.
#[derive(Debug, Clone)]
pub(crate) struct Verdict {
    pub(crate) ok: bool,
    /// The kind of error, when it failed.
    pub(crate) kind: String,
    /// The library's message, when it failed.
    pub(crate) error: String,
    /// Messages received.
    pub(crate) messages: u64,
}

/// Where everything happens.
pub(crate) struct Place {
    pub(crate) arena: Arena,
    pub(crate) layout: &'static Layout,
    pub(crate) peer: &'static Program,
}

impl Place {
    pub(crate) fn new(subject: &'static Subject, member: &'static Member) -> Result<Self, Failure> {
        let (layout, peer) = (subject.layout()?, subject.peer(member)?);
        Ok(Self { arena: Arena::new()?, layout, peer })
    }

    pub(crate) fn folder(&self) -> &Path {
        self.arena.folder()
    }

    /// The ring's file.
    pub(crate) fn path(&self) -> PathBuf {
        self.arena.ring_file(self.layout)
    }

    fn options(&self) -> Options {
        Options::new().directory(self.folder()).capacity(CAPACITY)
    }

    /// Attaches the harness itself as the producer.
    pub(crate) fn producer(&self) -> Result<Producer, Failure> {
        Producer::create(RING, &self.options()).map_err(|error| Failure::new(error.to_string()))
    }

    /// Attaches the harness itself as the consumer.
    pub(crate) fn consumer(&self) -> Result<Consumer, Failure> {
        Consumer::open(RING, &self.options()).map_err(|error| Failure::new(error.to_string()))
    }

    /// Makes the ring and puts one message into it.
    pub(crate) fn send(&self, message_type: u32, payload: &[u8]) -> Result<(), Failure> {
        let sent = self.producer()?.send(message_type, payload);
        sent.map_err(|error| Failure::new(error.to_string()))
    }

    /// Starts the peer in a role, as a process that stays until it is dropped.
    pub(crate) fn start(&self, role: Role, words: &[&str]) -> Result<Running, Failure> {
        let words: Vec<_> = words.iter().map(|word| (*word).to_owned()).collect();
        Ok(self.arena.start(self.peer, role, &words)?)
    }

    /// Overwrites bytes of the ring's file.
    pub(crate) fn patch(&self, at: u64, bytes: &[u8]) -> Result<(), Failure> {
        Ok(File::options().write(true).open(self.path())?.write_all_at(bytes, at)?)
    }

    /// Overwrites a field of the ring's header.
    pub(crate) fn patch_field(&self, role: RingRole, value: u64) -> Result<(), Failure> {
        let field = self.layout.ring_header.role(role).ok_or("no such field".to_owned())?;
        let size = usize::try_from(field.size).expect("a field of 8 bytes at most");
        self.patch(field.offset, &value.to_le_bytes()[..size])
    }

    /// Where the data area begins.
    pub(crate) fn data(&self) -> u64 {
        self.layout.ring_header.size
    }

    /// The largest payload of a ring of [`CAPACITY`].
    pub(crate) fn largest(&self) -> u64 {
        CAPACITY / 2 - self.layout.message_header.size
    }

    /// Lets the peer try what `words` say; placeholders in them are filled in.
    pub(crate) fn attempt(&self, words: &[String], launch: &Launch) -> Result<Verdict, Failure> {
        let mut command = match launch {
            Launch::Shell(script) => through(Command::new("sh"), script, &self.peer.command()),
            Launch::OwnMounts(script) => through(own_mounts(), script, &self.peer.command()),
            _ => self.peer.command(),
        };
        if *launch == Launch::Unprivileged {
            // SAFETY: the closure makes system calls only, as is right between fork and exec.
            unsafe { command.pre_exec(drop_override) };
        }
        command.arg("attempt").args(words.iter().map(|word| self.filled(word)));
        if !words.iter().any(|word| word == "--name" || word == "--name-hex") {
            command.args(["--name", RING]);
        }
        let mut running = self.arena.spawn("attempt", &mut command)?;
        let end = running.wait(HANG).ok_or_else(|| Failure::new("the attempt hangs"))?;
        let unclear = || Failure::new(format!("{}\n{}", end.status, end.text));
        let last = end.text.lines().rfind(|line| line.starts_with('{')).ok_or_else(unclear)?;
        let json: Value = serde_json::from_str(last).map_err(|_| unclear())?;
        let text = |key: &str| json[key].as_str().unwrap_or_default().to_owned();
        let ok = json["ok"].as_bool().ok_or_else(unclear)?;
        if end.status.code() != Some(if ok { 0 } else { 1 }) {
            return Err(unclear());
        }
        let messages = json["messages"].as_u64().unwrap_or(0);
        Ok(Verdict { ok, kind: text("kind"), error: text("error"), messages })
    }

    /// `text` with what only this place knows.
    pub(crate) fn filled(&self, text: &str) -> String {
        let id = self.layout.structs.iter().find_map(|item| item.id).unwrap_or_default();
        let facts = [
            ("{path}", self.path().display().to_string()),
            ("{folder}", self.folder().display().to_string()),
            ("{pid}", std::process::id().to_string()),
            ("{header}", self.data().to_string()),
            ("{file}", (self.data() + CAPACITY).to_string()),
            ("{cut}", (self.data() + CAPACITY - 1).to_string()),
            ("{tebibyte}", ((1u64 << 40) + self.data()).to_string()),
            ("{largest}", self.largest().to_string()),
            ("{too_large}", (self.largest() + 1).to_string()),
            ("{magic}", format!("{:x}", self.layout.magic)),
            ("{swapped}", format!("{:x}", self.layout.magic.swap_bytes())),
            ("{layout_hash}", format!("{:x}", self.layout.layout_hash)),
            ("{schema_hash}", format!("{:x}", self.layout.schema_hash)),
            ("{first_id}", id.to_string()),
        ];
        facts.iter().fold(text.to_owned(), |text, (key, value)| text.replace(key, value))
    }

    /// Everything that the folder holds.
    pub(crate) fn contents(&self) -> Result<Contents, Failure> {
        let mut files = BTreeMap::new();
        for entry in fs::read_dir(self.folder())? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let meta = entry.path().symlink_metadata()?;
            let bytes = if meta.is_file() { fs::read(entry.path())? } else { Vec::new() };
            files.insert(name, (format!("{:?}", meta.file_type()), bytes));
        }
        Ok(Contents { files })
    }

    /// The id of a process that has ended.
    pub(crate) fn id_of_a_dead_process(&self) -> io::Result<u32> {
        let mut child = Command::new("true").spawn()?;
        child.wait()?;
        Ok(child.id())
    }

    /// A ring in the making that nobody finished.
    pub(crate) fn temporary(&self, ring: &str, creator: u32, nonce: u32) -> io::Result<PathBuf> {
        let name = format!(".{}{ring}.{creator}.{nonce:08x}.tmp", self.layout.file_prefix);
        let path = self.folder().join(name);
        File::create(&path)?;
        Ok(path)
    }
}

/// Locks the file as its creator does for as long as it makes the ring.
pub(crate) fn lock_as_a_maker(path: &Path) -> io::Result<File> {
    let file = File::options().read(true).write(true).open(path)?;
    // SAFETY: the structure is made of integers, for which 0 is a value.
    let mut lock: libc::flock = unsafe { std::mem::zeroed() };
    lock.l_type = libc::F_WRLCK as libc::c_short;
    lock.l_start = (1 << 62) + 2;
    lock.l_len = 1;
    // SAFETY: the descriptor is open, and the structure outlives the call.
    match unsafe { libc::fcntl(file.as_raw_fd(), libc::F_OFD_SETLK, &lock) } {
        0 => Ok(file),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Files of the folder, by name: what kind each is, and its bytes.
#[derive(PartialEq, Eq)]
pub(crate) struct Contents {
    files: BTreeMap<String, (String, Vec<u8>)>,
}

impl Contents {
    /// Nothing was added, removed or changed.
    pub(crate) fn must_be(&self, before: &Self) -> Result<(), Failure> {
        self.must_have_the_files_of(before)?;
        match self.files.iter().find(|(name, file)| before.files.get(*name) != Some(file)) {
            Some((name, _)) => Err(Failure::new(format!("{name} was changed"))),
            None => Ok(()),
        }
    }

    fn must_have_the_files_of(&self, before: &Self) -> Result<(), Failure> {
        let names = |contents: &Self| contents.files.keys().cloned().collect::<Vec<_>>();
        let (found, expected) = (names(self), names(before));
        match found == expected {
            true => Ok(()),
            false => Err(Failure::new(format!("the folder holds {found:?}, held {expected:?}"))),
        }
    }

    /// No message was added, received or changed; the side that attached has left its traces.
    pub(crate) fn must_hold_the_messages_of(
        &self,
        before: &Self,
        place: &Place,
    ) -> Result<(), Failure> {
        self.must_have_the_files_of(before)?;
        let data = usize::try_from(place.data()).expect("a header is small");
        for (name, (_, bytes)) in &self.files {
            let old = &before.files[name].1;
            if bytes.get(data..) != old.get(data..) {
                return Err(Failure::new(format!("the data area of {name} was changed")));
            }
            for role in [RingRole::WritePosition, RingRole::ReadPosition, RingRole::MessagesSent] {
                let field = place.layout.ring_header.role(role).expect("every role is there");
                let at = usize::try_from(field.offset).expect("a header is small");
                if bytes.get(at..at + 8) != old.get(at..at + 8) {
                    return Err(Failure::new(format!("{} of {name} moved", role.name())));
                }
            }
        }
        Ok(())
    }
}

/// A command that runs `script` in a shell and then becomes `peer`.
fn through(mut shell: Command, script: &str, peer: &Command) -> Command {
    shell.args(["-c", &format!("{script} exec \"$@\""), "sh"]);
    shell.arg(peer.get_program()).args(peer.get_args());
    shell
}

/// A shell whose mounts nobody else sees.
fn own_mounts() -> Command {
    let mut shell = Command::new("unshare");
    shell.args(["--mount", "sh"]);
    shell
}

/// Whether this user may mount something where nobody else sees it.
pub(crate) fn can_mount() -> bool {
    static CAN: OnceLock<bool> = OnceLock::new();
    *CAN.get_or_init(|| {
        let mut mount = own_mounts();
        mount.args(["-c", "mount -t tmpfs tmpfs /tmp"]);
        mount.output().is_ok_and(|output| output.status.success())
    })
}

/// Takes the right away with which the superuser opens any file.
fn drop_override() -> io::Result<()> {
    /// `CAP_DAC_OVERRIDE` and `CAP_DAC_READ_SEARCH` of `linux/capability.h`.
    const OVERRIDES: [libc::c_ulong; 2] = [1, 2];
    for capability in OVERRIDES {
        // SAFETY: prctl(PR_CAPBSET_DROP) takes a number and touches no memory. It fails for a
        // process that is not the superuser's, which has no such right anyway.
        unsafe { libc::prctl(libc::PR_CAPBSET_DROP, capability, 0, 0, 0) };
    }
    Ok(())
}

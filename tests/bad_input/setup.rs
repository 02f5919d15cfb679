//! How things come to be wrong.

use std::any::Any;
use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::time::{Duration, Instant};

use bitrpc_conform::runner::{Failure, Role};
use bitrpc_conform::wait_until;
use bitrpc_shm::Layout as _;
use bitrpc_spec::model::RingRole;

use crate::place::{CAPACITY, Place};
use crate::protocol::Protocol;

/// What is kept until the attempt is over: holders of roles.
pub(crate) type Held = Box<dyn Any>;

/// Does something to a ring.
pub(crate) type Change = fn(&Place) -> Result<(), Failure>;

/// What may be wrong with a file: name, kind of error, what the message names, what does it.
pub(crate) const DAMAGE: &[(&str, &[&str], &[&str], Change)] = &[
    ("empty_file", &["TooShort"], &["{header}", "0"], |p| cut(p, 0)),
    ("file_shorter_than_a_header", &["TooShort"], &["{header}", "100"], |p| cut(p, 100)),
    ("file_shorter_than_it_says", &["TooShort"], &["{file}", "{cut}"], |p| {
        cut(p, p.data() + CAPACITY - 1)
    }),
    ("another_magic", &["BadMagic"], &["{magic}", "deadbeef"], |p| {
        p.patch_field(RingRole::Magic, 0xDEAD_BEEF)
    }),
    ("another_endianness", &["WrongEndianness"], &["{magic}", "{swapped}"], |p| {
        p.patch_field(RingRole::Magic, p.layout.magic.swap_bytes().into())
    }),
    ("another_version", &["VersionMismatch"], &["777", "1"], |p| {
        p.patch_field(RingRole::VersionMajor, 777)
    }),
    ("another_header_size", &["HeaderSizeMismatch"], &["12288", "{header}"], |p| {
        p.patch_field(RingRole::HeaderSize, 12288)
    }),
    ("another_layout", &["LayoutMismatch"], &["{layout_hash}", "1122334455667788"], |p| {
        p.patch_field(RingRole::LayoutHash, 0x1122_3344_5566_7788)
    }),
    ("capacity_that_cannot_be", &["Corrupt"], &["5000|1388"], |p| {
        p.patch_field(RingRole::Capacity, 5000)
    }),
    ("capacity_beyond_the_file", &["TooShort"], &["{file}"], |p| {
        p.patch_field(RingRole::Capacity, 1 << 40)
    }),
];

pub(crate) fn cut(place: &Place, len: u64) -> Result<(), Failure> {
    Ok(File::options().write(true).open(place.path())?.set_len(len)?)
}

pub(crate) fn nothing() -> Result<Held, Failure> {
    Ok(Box::new(()))
}

/// What the state of a side that closed is.
const CLOSED: u64 = 2;

/// An empty ring that nobody is attached to.
pub(crate) fn ring(place: &Place) -> Result<Held, Failure> {
    // The last side out would take the file along.
    let (producer, kept) = (place.producer()?, place.folder().join("kept"));
    fs::copy(place.path(), &kept)?;
    drop(producer);
    fs::rename(kept, place.path())?;
    place.patch_field(RingRole::ProducerState, CLOSED)?;
    nothing()
}

/// What else may have the ring's name, and what the message calls it.
pub(crate) const IN_ITS_PLACE: &[(&str, &str, Change)] = &[
    ("directory", "a directory", |p| Ok(fs::create_dir(p.path())?)),
    ("fifo", "a FIFO|a pipe", |p| {
        let path = std::ffi::CString::new(p.path().display().to_string()).expect("no NUL");
        // SAFETY: `path` is NUL-terminated and outlives the call.
        match unsafe { libc::mkfifo(path.as_ptr(), 0o600) } {
            0 => Ok(()),
            _ => Err(std::io::Error::last_os_error().into()),
        }
    }),
    ("link", "a symbolic link", |p| {
        ring(p)?;
        let elsewhere = p.folder().join("elsewhere");
        fs::rename(p.path(), &elsewhere)?;
        Ok(symlink(elsewhere, p.path())?)
    }),
    ("link_to_nothing", "a symbolic link", |p| Ok(symlink("/nowhere", p.path())?)),
    ("socket", "a socket", |p| Ok(UnixListener::bind(p.path()).map(drop)?)),
];

pub(crate) fn set_mode(path: &std::path::Path, mode: u32) -> Result<(), Failure> {
    Ok(fs::set_permissions(path, fs::Permissions::from_mode(mode))?)
}

/// A process that has the role until it is dropped, paused so that nothing that happens to the
/// ring reaches it.
pub(crate) fn held_by_peer(place: &Place, role: Role) -> Result<Held, Failure> {
    let capacity = CAPACITY.to_string();
    let words = ["--plan", "stream", "--capacity", &capacity, "--count", "1000000"];
    let peer = place.start(role, &words)?;
    let pid = match role {
        Role::Producer => RingRole::ProducerPid,
        Role::Consumer => RingRole::ConsumerPid,
    };
    let probe = place.arena.probe(place.layout);
    let limit = Instant::now() + Duration::from_secs(60);
    if !wait_until(limit, || probe.read(pid) == Some(peer.id().into())) {
        return Err(Failure::new("the holder does not attach"));
    }
    let id = libc::pid_t::try_from(peer.id()).expect("ids are small");
    // SAFETY: kill(2) touches no memory of this process; the child was not waited for, so its id
    // belongs to no other process.
    unsafe { libc::kill(id, libc::SIGSTOP) };
    // The signal is on its way when the call returns; the process has stopped when it says so.
    let state = || fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    wait_until(limit, || state().rsplit(')').next().is_some_and(|rest| rest.starts_with(" T")));
    Ok(Box::new(peer))
}

/// Where the second of two messages of 8 bytes begins.
pub(crate) const SECOND: u64 = 24;

/// Leaves the second of two messages in the ring and gives it another publication word.
pub(crate) fn bad_word(place: &Place, word: u64) -> Result<(), Failure> {
    let mut producer = place.producer()?;
    let mut consumer = place.consumer()?;
    let failed = |error: &dyn std::error::Error| Failure::new(error.to_string());
    for _ in 0..2 {
        producer.send(Protocol::TYPES.data, &[0; 8]).map_err(|error| failed(&error))?;
    }
    consumer.skip().map_err(|error| failed(&error))?;
    drop((producer, consumer));
    place.patch(place.data() + SECOND, &word.to_le_bytes())
}

//! Making a ring's file: what can come in between, and what a system may lack.

use std::fs::{self, File};
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicBool, Ordering};

use bitrpc_shm::{Consumer, Producer, RingBuffer};

use crate::layout::Default as Protocol;
use crate::processes::Part;
use crate::rings::{files, folder, options};

/// The byte that is locked while a ring is being made.
const MAKING: i64 = (1 << 62) + 2;

fn lock(file: &File) {
    // SAFETY: all-zero bytes are a value of this plain structure.
    let mut record: libc::flock = unsafe { std::mem::zeroed() };
    record.l_type = libc::F_WRLCK as _;
    record.l_whence = libc::SEEK_SET as _;
    record.l_start = MAKING;
    record.l_len = 1;
    // SAFETY: the descriptor is open, and the record is what the command takes.
    assert_eq!(unsafe { libc::fcntl(file.as_raw_fd(), libc::F_OFD_SETLK, &raw mut record) }, 0);
}

#[test]
fn leftovers_of_dead_creators_are_removed_at_once() {
    let folder = folder();
    let file = |name: &str| File::create(folder.path().join(name)).unwrap();
    drop(file(".BitRPC_ring.1.00000001.tmp"));
    let busy = file(".BitRPC_ring.2.00000002.tmp");
    lock(&busy);
    drop(file(".BitRPC_other.3.00000003.tmp"));
    drop(file(".BitRPC_ring.note.tmp"));
    drop(RingBuffer::<Protocol>::create("ring", &options(&folder, 1024)).unwrap());
    let mut left = files(folder.path());
    left.sort();
    let kept = [
        ".BitRPC_other.3.00000003.tmp",
        ".BitRPC_ring.2.00000002.tmp",
        ".BitRPC_ring.note.tmp",
        "BitRPC_ring",
    ];
    assert_eq!(left, kept, "others' rings, one that is being made, and what is none");
}

/// A container whose processes cannot see the creator's lock, or an impatient cleaner.
#[test]
fn a_swept_temporary_file_makes_the_creator_start_over() {
    let folder = folder();
    let options = options(&folder, 1 << 20);
    let (done, swept) = (AtomicBool::new(false), AtomicBool::new(false));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            // Acquire: pairs with the release store below.
            while !done.load(Ordering::Acquire) {
                for name in files(folder.path()).iter().filter(|name| name.ends_with(".tmp")) {
                    let removed = fs::remove_file(folder.path().join(name));
                    // Relaxed: read again after it was seen set, or after the thread was joined.
                    swept.fetch_or(removed.is_ok(), Ordering::Relaxed);
                }
            }
        });
        // Relaxed: see above.
        while !swept.load(Ordering::Relaxed) {
            let ring = RingBuffer::<Protocol>::create("ring", &options).unwrap();
            fs::remove_file(ring.path()).unwrap();
        }
        // Release: pairs with the acquire load above.
        done.store(true, Ordering::Release);
    });
}

#[test]
fn what_a_folder_lacks_is_said() {
    for (lack, expected) in [
        (
            "naming",
            "not supported here: giving a file its name without replacing another one: \
                    the folder's file system knows neither renameat2 with RENAME_NOREPLACE nor \
                    link",
        ),
        ("memory", "no space for the ring, a memory limit is lower: 8192 bytes needed, "),
        ("bytes", "no space for the ring: 8192 bytes needed, "),
        ("quota", "no space for the ring: 8192 bytes needed, "),
        (
            "files",
            "no space for the ring, the file system has no room for another file: 8192 \
                   bytes needed, ",
        ),
    ] {
        let folder = folder();
        let (said, errors) = Part::start("create", folder.path(), lack).finish();
        assert!(said.starts_with(expected), "{lack}: {said}{errors}");
        assert!(files(folder.path()).is_empty(), "{lack}: nothing half-made is left");
    }
}

#[test]
fn a_folder_without_renameat2_is_linked_in() {
    for lack in [
        "no renameat2",
        "renameat2 denied",
        "renameat2 refused",
        "renameat2 of another file system",
    ] {
        let folder = folder();
        let (said, errors) = Part::start("create", folder.path(), lack).finish();
        assert!(said.starts_with("created"), "{lack}: {said}{errors}");
        assert!(files(folder.path()).is_empty(), "{lack}: one name, and that was removed");
    }
}

/// A profiler's timer interrupts the call that reserves the bytes, which then starts over: older
/// kernels would never come to the end of a large one.
#[test]
fn a_timer_does_not_keep_a_large_ring_from_being_made() {
    let folder = folder();
    let (said, errors) = Part::start("create", folder.path(), "time").finish();
    assert!(said.starts_with("created"), "{said}{errors}");
}

#[test]
fn the_permissions_are_those_asked_for_whatever_the_umask() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder();
    let options = options(&folder, 1024).permissions(0o666);
    let ring = RingBuffer::<Protocol>::create("ring", &options).unwrap();
    assert_eq!(fs::metadata(ring.path()).unwrap().permissions().mode() & 0o7777, 0o666);
    drop(Producer::<Protocol>::create("ring", &options).unwrap());
    assert!(Consumer::<Protocol>::open("ring", &options).is_ok(), "made anew");
}

//! Every way in which attaching is refused, each with an error of its own.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

use bitrpc_shm::{
    Consumer, Error, Lack, Layout, Mode, Monitor, Options, Producer, Role, SendError,
};

use crate::layout::{Default as Protocol, RING_HEADER};
use crate::processes::{CAPACITY, Part};
use crate::rings::{files, folder, options};

/// The default protocol with another schema, in this minor version.
#[derive(Clone, Copy, Debug)]
struct OtherSchema<const MINOR: u16>;

/// The minor version that all others have.
const MINOR: u16 = Protocol::VERSION_MINOR;

impl<const MINOR: u16> Layout for OtherSchema<MINOR> {
    const NAME: &'static str = Protocol::NAME;
    const FILE_PREFIX: &'static str = Protocol::FILE_PREFIX;
    const DEFAULT_CAPACITY: u64 = Protocol::DEFAULT_CAPACITY;
    const MAGIC: u32 = Protocol::MAGIC;
    const VERSION_MAJOR: u16 = Protocol::VERSION_MAJOR;
    const VERSION_MINOR: u16 = MINOR;
    const LAYOUT_HASH: u64 = Protocol::LAYOUT_HASH;
    const SCHEMA_HASH: u64 = 99;
    const RING_HEADER: bitrpc_shm::RingHeaderLayout = Protocol::RING_HEADER;
    const MESSAGE_HEADER: bitrpc_shm::MessageHeaderLayout = Protocol::MESSAGE_HEADER;
    const FLAGS: bitrpc_shm::FlagMasks = Protocol::FLAGS;
    const TYPES: bitrpc_shm::TypeIds = Protocol::TYPES;
}

/// Header bytes, where they are, and whether an error is the right one.
type Case = (usize, Vec<u8>, fn(&Error) -> bool);
/// What stands where a ring should be, and how to put it there.
type Obstacle = (&'static str, fn(&Path));

fn open(options: &Options) -> Error {
    Consumer::<Protocol>::open("ring", options).expect_err("refused")
}

/// A ring's file with some header bytes replaced.
fn ring_with(folder: &tempfile::TempDir, at: usize, bytes: &[u8]) -> Options {
    let options = options(folder, 1024);
    // A ring without a role stays.
    drop(bitrpc_shm::RingBuffer::<Protocol>::create("ring", &options).expect("a ring"));
    let path = folder.path().join("BitRPC_ring");
    let mut file = OpenOptions::new().write(true).open(path).expect("the file");
    file.seek(SeekFrom::Start(at as u64)).expect("a position");
    file.write_all(bytes).expect("room");
    options
}

#[test]
fn a_fresh_ring_is_as_the_header_says_and_private() {
    let folder = folder();
    let options = options(&folder, 5000);
    let producer = Producer::<Protocol>::create("ring", &options).unwrap();
    assert_eq!((producer.capacity(), producer.name()), (8192, "ring"));
    assert!(producer.schema_matches());
    assert_eq!(files(folder.path()), ["BitRPC_ring"], "no temporary file is left");
    let mut bytes = Vec::new();
    File::open(producer.path()).unwrap().read_to_end(&mut bytes).unwrap();
    assert_eq!(bytes.len(), 4096 + 8192);
    assert_eq!(bytes[..4], 0x4252_5446u32.to_le_bytes());
    assert_eq!(bytes[24..32], 8192u64.to_le_bytes());
    assert_eq!(bytes[32..36], 4096u32.to_le_bytes());
    assert_eq!(bytes[176..180], std::process::id().to_le_bytes());
    assert!(bytes[4096..].iter().all(|byte| *byte == 0));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(producer.path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o600);
    }
}

#[test]
fn names_and_capacities_are_checked_before_any_file_is_touched() {
    let folder = folder();
    for name in ["", "../x", "a/b", ".hidden", "nul\0", &"x".repeat(201)] {
        let error = Producer::<Protocol>::create(name, &options(&folder, 1024)).unwrap_err();
        assert!(matches!(error, Error::InvalidName { .. }), "{error}");
    }
    for capacity in [0, (1 << 40) + 1, 1 << 63] {
        for mode in [Mode::CreateOrOpen, Mode::CreateOnly, Mode::OpenOnly] {
            let error = open(&options(&folder, capacity).mode(mode));
            assert!(matches!(error, Error::InvalidCapacity { asked, .. } if asked == capacity));
        }
    }
    assert!(files(folder.path()).is_empty());
}

#[test]
fn modes_say_whether_the_ring_may_or_must_exist() {
    let folder = folder();
    let options = options(&folder, 1024);
    assert!(matches!(open(&options.clone().mode(Mode::OpenOnly)), Error::NotFound { .. }));
    let create = options.clone().mode(Mode::CreateOnly);
    let first = Producer::<Protocol>::create("ring", &create).unwrap();
    assert!(matches!(open(&create), Error::AlreadyExists { .. }));
    let other = open(&options.clone().capacity(2048));
    assert!(matches!(other, Error::CapacityMismatch { asked: 2048, found: 1024 }), "{other}");
    let any = Options::new().directory(folder.path());
    for mode in [Mode::OpenOnly, Mode::CreateOrOpen] {
        let consumer = Consumer::<Protocol>::open("ring", &any.clone().mode(mode)).unwrap();
        assert_eq!(consumer.capacity(), 1024, "a capacity that was not asked for is not compared");
    }
    drop(first);
    let missing = Options::new().directory(folder.path().join("missing"));
    assert!(matches!(open(&missing), Error::FolderMissing { .. }));
    assert!(matches!(open(&missing.mode(Mode::CreateOnly)), Error::FolderMissing { .. }));
}

#[test]
fn a_ring_of_another_kind_is_refused_with_what_was_found() {
    let header = RING_HEADER;
    let swapped = 0x4654_5242u32;
    let cases: [Case; 7] = [
        (header.magic, vec![1, 2, 3, 4], |e| {
            matches!(e, Error::BadMagic { expected: 0x4252_5446, found: 0x0403_0201 })
        }),
        (header.magic, swapped.to_le_bytes().into(), |e| {
            matches!(e, Error::WrongEndianness { found: 0x4654_5242, .. })
        }),
        (header.version_major, vec![9, 0], |e| {
            matches!(e, Error::VersionMismatch { expected: (1, 1), found: (9, 1) })
        }),
        (header.header_size, 8192u32.to_le_bytes().into(), |e| {
            matches!(e, Error::HeaderSizeMismatch { expected: 4096, found: 8192 })
        }),
        (header.layout_hash, vec![0; 8], |e| matches!(e, Error::LayoutMismatch { found: 0, .. })),
        (
            header.capacity,
            1000u64.to_le_bytes().into(),
            |e| matches!(e, Error::Corrupt(c) if c.value == 1000),
        ),
        (header.capacity, (1u64 << 39).to_le_bytes().into(), |e| {
            matches!(e, Error::TooShort { found: 5120, .. })
        }),
    ];
    for (at, bytes, is_expected) in cases {
        let folder = folder();
        let error = open(&ring_with(&folder, at, &bytes));
        assert!(is_expected(&error), "{error}");
        assert!(!error.to_string().is_empty());
    }
}

#[test]
fn another_schema_of_the_same_version_is_refused() {
    let folder = folder();
    let options = options(&folder, 1024);
    let producer = Producer::<Protocol>::create("ring", &options).unwrap();
    let error = Consumer::<OtherSchema<MINOR>>::open("ring", &options).unwrap_err();
    assert!(matches!(error, Error::SchemaMismatch { expected: 99, .. }), "{error}");
    let error = Monitor::<OtherSchema<MINOR>>::open("ring", &options).unwrap_err();
    assert!(matches!(error, Error::SchemaMismatch { expected: 99, .. }), "{error}");
    let any = options.clone().any_schema(true);
    let allowed = Consumer::<OtherSchema<MINOR>>::open("ring", &any).unwrap();
    assert!(!allowed.schema_matches());
    drop(allowed);
    let newer = Consumer::<OtherSchema<{ MINOR + 1 }>>::open("ring", &options).unwrap();
    assert!(!newer.schema_matches());
    drop((producer, newer));
}

#[test]
fn impossible_positions_are_corrupt() {
    let (write, read) = (RING_HEADER.write_position, RING_HEADER.read_position);
    for (at, value) in [
        (read, 4),
        (read, 1 << 40),
        (read, 64),
        (read, u64::MAX - 7),
        (write, 1 << 40),
        (write, 12),
    ] {
        for role in [Role::Producer, Role::Consumer] {
            let folder = folder();
            let options = ring_with(&folder, at, &value.to_le_bytes());
            let error = match role {
                Role::Producer => Producer::<Protocol>::create("ring", &options).unwrap_err(),
                Role::Consumer => open(&options),
            };
            assert!(matches!(error, Error::Corrupt(_)), "{role} {at} {value}: {error}");
        }
    }
}

#[test]
fn a_consumer_that_moves_its_position_away_is_corrupt_to_the_producer() {
    for value in [4u64, 1 << 40, u64::MAX - 7] {
        let (mut producer, consumer, folder) = crate::rings::pair::<Protocol>(1024);
        while producer.try_send(7u32, &[0; 100]).is_ok() {}
        let path = folder.path().join("BitRPC_ring");
        let mut file = OpenOptions::new().write(true).open(path).unwrap();
        file.seek(SeekFrom::Start(RING_HEADER.read_position as u64)).unwrap();
        file.write_all(&value.to_le_bytes()).unwrap();
        let error = producer.try_send(7u32, &[0; 100]).unwrap_err();
        assert!(matches!(error, SendError::Corrupt(c) if c.value == value), "{error}");
        assert!(matches!(producer.send(7u32, &[0; 100]), Err(SendError::Corrupt(_))));
        drop(consumer);
    }
}

#[test]
fn files_that_are_too_short_are_refused_before_they_are_mapped() {
    for len in [0, 100, 4095, 4096, 4096 + 1023] {
        let folder = folder();
        let options = ring_with(&folder, 0, &[]);
        let file = OpenOptions::new().write(true).open(folder.path().join("BitRPC_ring")).unwrap();
        file.set_len(len).unwrap();
        let error = open(&options);
        assert!(matches!(error, Error::TooShort { found, .. } if found == len), "{len}: {error}");
    }
}

#[cfg(unix)]
#[test]
fn only_regular_files_are_rings() {
    let put: [Obstacle; 5] = [
        ("a directory", |path| fs::create_dir(path).unwrap()),
        ("a symbolic link", |path| {
            fs::write(path.with_extension("target"), [0; 8192]).unwrap();
            std::os::unix::fs::symlink(path.with_extension("target"), path).unwrap();
        }),
        ("a symbolic link", |path| std::os::unix::fs::symlink("nowhere", path).unwrap()),
        ("a FIFO", |path| {
            use std::os::unix::ffi::OsStrExt;
            let path = std::ffi::CString::new(path.as_os_str().as_bytes()).unwrap();
            // SAFETY: the path is a NUL-terminated string.
            assert_eq!(unsafe { libc::mkfifo(path.as_ptr(), 0o600) }, 0);
        }),
        ("a socket", |path| drop(std::os::unix::net::UnixListener::bind(path).unwrap())),
    ];
    for (kind, put) in put {
        let folder = folder();
        put(&folder.path().join("BitRPC_ring"));
        for mode in [Mode::CreateOrOpen, Mode::CreateOnly, Mode::OpenOnly] {
            let error = open(&options(&folder, 1024).mode(mode));
            assert!(
                matches!(error, Error::NotRegularFile { found, .. } if found == kind),
                "{error}"
            );
        }
        let error =
            bitrpc_shm::remove_ring::<Protocol>("ring", &options(&folder, 1024)).unwrap_err();
        assert!(matches!(error, Error::NotRegularFile { .. }), "{error}");
    }
}

#[cfg(unix)]
#[test]
fn other_users_files_are_refused_unless_allowed() {
    let folder = folder();
    let options = ring_with(&folder, 0, &[]);
    let path = folder.path().join("BitRPC_ring");
    if std::os::unix::fs::chown(&path, Some(4242), None).is_err() {
        // Only root can give a file away. Then the refusal of access is what there is to test.
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o000)).unwrap();
        assert!(matches!(open(&options), Error::PermissionDenied { .. }));
        return;
    }
    let error = open(&options);
    assert!(matches!(error, Error::WrongOwner { found: 4242, .. }), "{error}");
    drop(Consumer::<Protocol>::open("ring", &options.any_owner(true)).unwrap());
}

#[test]
fn a_ring_larger_than_the_free_space_names_both() {
    let folder = folder();
    let error = open(&options(&folder, 1 << 40));
    let needed = (1 << 40) + 4096;
    let Error::NoSpace { needed: asked, free, lack: Lack::Bytes } = error else {
        panic!("{error}");
    };
    assert!(asked == needed && free < needed, "{asked} {free}");
    assert!(files(folder.path()).is_empty(), "nothing half-made is left");
}

#[test]
fn role_taken_names_the_holder() {
    let folder = folder();
    let options = options(&folder, CAPACITY);
    for role in ["producer", "consumer"] {
        let holder = Part::start("hold", folder.path(), role);
        let error = match role {
            "producer" => Producer::<Protocol>::create("ring", &options).unwrap_err(),
            _ => open(&options),
        };
        let expected = format!("the ring's {role} role is taken by process {}", holder.id());
        assert_eq!(error.to_string(), expected);
        holder.finish();
    }
    drop(Producer::<Protocol>::create("ring", &options).unwrap());
}

#[cfg(target_os = "linux")]
#[test]
fn role_taken_tells_of_a_forked_child_that_outlived_the_holder() {
    let folder = folder();
    let options = options(&folder, CAPACITY);
    let mut holder = Part::start("fork", folder.path(), "");
    let (pid, input) = (holder.id(), holder.take_input());
    holder.kill();
    let error = Producer::<Protocol>::create("ring", &options).unwrap_err();
    let expected = format!(
        "the ring's producer role is taken by process {pid}, which has ended; a child that it \
         forked may hold the role"
    );
    assert_eq!(error.to_string(), expected);
    drop(input);
    // The child goes by itself.
    let start = std::time::Instant::now();
    while let Err(error) = Producer::<Protocol>::create("ring", &options) {
        assert!(matches!(error, Error::RoleTaken { has_ended: true, .. }), "{error}");
        assert!(start.elapsed() < crate::rings::PATIENCE.unwrap());
    }
}

#[test]
fn a_monitor_reads_and_writes_nothing() {
    let (mut producer, mut consumer, folder) = crate::rings::pair::<Protocol>(1024);
    let monitor = Monitor::<Protocol>::open("ring", &options(&folder, 1024)).unwrap();
    producer.send(7u32, b"12345").unwrap();
    producer.send(7u32, b"123").unwrap();
    drop(consumer.try_receive().unwrap());
    let snapshot = monitor.snapshot();
    assert_eq!(snapshot.statistics, producer.statistics());
    assert_eq!((snapshot.statistics.messages_sent, snapshot.statistics.bytes_sent), (2, 8));
    assert_eq!((snapshot.used_bytes, snapshot.capacity), (24, 1024));
    assert_eq!(snapshot.producer.state, bitrpc_shm::PeerState::Alive);
    assert_eq!(snapshot.consumer.pid, std::process::id());
    drop((producer, consumer));
    assert_eq!(monitor.snapshot().producer.state, bitrpc_shm::PeerState::Closed);
    assert!(!monitor.is_removed(), "one message is left, so the ring stays");
}

#[cfg(target_os = "linux")]
#[test]
fn a_forked_child_is_refused_and_leaves_the_parent_alone() {
    let (mut producer, mut consumer, _folder) = crate::rings::pair::<Protocol>(1024);
    producer.send(7u32, b"before").unwrap();
    // SAFETY: the child calls nothing that allocates or locks (attached sides refuse before that),
    // and ends with _exit.
    let child = unsafe { libc::fork() };
    if child == 0 {
        let send = producer.send(7u32, b"x") == Err(SendError::Forked);
        let claim = matches!(producer.try_claim(7u32, 1), Err(SendError::Forked));
        let receive = matches!(consumer.try_receive(), Err(bitrpc_shm::ReceiveError::Forked));
        drop(producer);
        drop(consumer);
        // SAFETY: ends the child without running the parent's exit handlers.
        unsafe { libc::_exit(i32::from(!(send && claim && receive))) };
    }
    let mut status = 0;
    // SAFETY: `status` is writable, `child` is this process's own.
    assert_eq!(unsafe { libc::waitpid(child, &mut status, 0) }, child);
    assert_eq!(status, 0, "the child was refused");
    assert_eq!(consumer.receive(None).unwrap().unwrap().payload(), b"before");
    producer.send(7u32, b"after").unwrap();
    assert_eq!(consumer.receive(None).unwrap().unwrap().payload(), b"after");
}

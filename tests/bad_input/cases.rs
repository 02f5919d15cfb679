//! The table of cases.

use bitrpc_conform::runner::{Failure, Role};
use bitrpc_conform::toolchain::Missing;
use bitrpc_shm::Layout as _;
use bitrpc_spec::model::RingRole;

use crate::place::{CAPACITY, Launch, Place, Verdict, can_mount};
use crate::protocol::Protocol;
use crate::setup::{
    DAMAGE, Held, IN_ITS_PLACE, SECOND, bad_word, cut, held_by_peer, nothing, ring, set_mode,
};

type SetUp = Box<dyn Fn(&Place) -> Result<Held, Failure> + Send>;

/// What an attempt leaves behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum After {
    /// Every file as it was, byte for byte.
    Untouched,
    /// The messages in the ring as they were.
    MessagesKept,
    /// The same, and the next message can still be received.
    MessageReceivable,
    /// What succeeds may change everything.
    Anything,
}

/// One situation, one call, and what has to come of it.
pub(crate) struct Case {
    pub(crate) name: String,
    /// Prepares the folder.
    pub(crate) set_up: SetUp,
    /// The words after `peer attempt`.
    pub(crate) words: Vec<String>,
    /// How the peer is started.
    pub(crate) launch: Launch,
    /// The kinds of error that are right; none when the call succeeds.
    kinds: &'static [&'static str],
    /// What the message has to name; `a|b` is either.
    needles: Vec<String>,
    /// What has to be there afterwards.
    pub(crate) after: After,
    only_root: bool,
}

/// A call in an empty folder that fails with `kinds`; its words are separated by spaces.
fn case(name: impl Into<String>, words: &str, kinds: &'static [&'static str]) -> Case {
    Case {
        name: name.into(),
        set_up: Box::new(|_| nothing()),
        words: words.split(' ').map(str::to_owned).collect(),
        launch: Launch::Plain,
        kinds,
        needles: Vec::new(),
        after: After::Untouched,
        only_root: false,
    }
}

impl Case {
    fn on(self, set_up: impl Fn(&Place) -> Result<Held, Failure> + Send + 'static) -> Self {
        Self { set_up: Box::new(set_up), ..self }
    }

    /// The ring is there and something in it was changed.
    fn on_ring(self, change: impl Fn(&Place) -> Result<(), Failure> + Send + 'static) -> Self {
        self.on(move |place| {
            ring(place)?;
            change(place)?;
            nothing()
        })
    }

    fn names(mut self, needles: &[&str]) -> Self {
        self.needles = needles.iter().map(|needle| (*needle).to_owned()).collect();
        self
    }

    fn leaves(self, after: After) -> Self {
        Self { after, ..self }
    }

    /// What the folder holds afterwards does not matter: the call is there to show that the others
    /// do not fail for a reason of their own.
    fn free(self) -> Self {
        self.leaves(After::Anything)
    }

    fn launched(self, launch: Launch) -> Self {
        Self { launch, ..self }
    }

    fn only_root(self) -> Self {
        Self { only_root: true, ..self }
    }

    /// Why this user cannot set it up.
    pub(crate) fn impossible(&self) -> Option<Missing> {
        // SAFETY: geteuid has no preconditions and cannot fail (POSIX).
        let is_root = unsafe { libc::geteuid() } == 0;
        let reason = match self.launch {
            _ if self.only_root && !is_root => "only root may give files away",
            Launch::OwnMounts(_) if !can_mount() => "this user may not mount a file system",
            _ => return None,
        };
        Some(Missing { reason: reason.to_owned(), install: "run as root".to_owned() })
    }

    /// Compares what came of the call with what has to.
    pub(crate) fn judge(&self, place: &Place, verdict: &Verdict) -> Result<(), Failure> {
        let wrong = |what: String| Err(Failure::new(format!("{what}: {verdict:?}")));
        if verdict.ok != self.kinds.is_empty() {
            return wrong(format!("expected {:?}", self.kinds));
        }
        if !verdict.ok && !self.kinds.contains(&verdict.kind.as_str()) {
            return wrong(format!("expected {:?}", self.kinds));
        }
        if verdict.kind == "Inexpressible" {
            return Ok(());
        }
        let message = verdict.error.to_lowercase();
        let is_named = |needle: &str| message.contains(&place.filled(needle).to_lowercase());
        match self.needles.iter().find(|needle| !needle.split('|').any(is_named)) {
            Some(needle) => wrong(format!("the message does not name {}", place.filled(needle))),
            None => Ok(()),
        }
    }
}

/// Every case.
pub(crate) fn all() -> Vec<Case> {
    let groups = [
        names(),
        capacities(),
        identity(),
        places(),
        permissions(),
        roles(),
        messages(),
        corrupt(),
        descriptors(),
    ];
    groups.into_iter().flatten().collect()
}

fn names() -> Vec<Case> {
    let long = "6e".repeat(201);
    let bad = [
        ("leads_out", "2e2e2f78"),
        ("is_empty", ""),
        ("has_a_nul", "610062"),
        ("has_a_slash", "612f62"),
        ("starts_with_a_dot", "2e61"),
        ("has_a_space", "612062"),
        ("is_not_ascii", "c3a9"),
        ("is_too_long", &long),
    ];
    let mut cases = Vec::new();
    for role in ["producer", "consumer", "monitor"] {
        cases.extend(bad.map(|(what, hex)| {
            let words = format!("attach --role {role} --name-hex {hex}");
            case(format!("name_that_{what}/{role}"), &words, &["InvalidName"])
                .names(&["1 to 200 of A-Z a-z 0-9"])
        }));
    }
    cases
}

fn capacities() -> Vec<Case> {
    const LIMITS: [&str; 2] = ["1024", "1099511627776"];
    let impossible: &[_] = &["InvalidCapacity", "Inexpressible"];
    let bad = [
        ("zero", "0", &["InvalidCapacity"][..]),
        ("negative", "-1", impossible),
        ("of_two_to_the_63", "9223372036854775808", impossible),
        ("beyond_a_tebibyte", "1099511627777", &["InvalidCapacity"]),
    ];
    let mut cases = Vec::new();
    for (what, asked, kinds) in bad {
        let words = format!("attach --capacity {asked}");
        let needles = [asked, LIMITS[0], LIMITS[1]];
        cases.push(case(format!("capacity_{what}"), &words, kinds).names(&needles));
        let name = format!("capacity_{what}_of_a_ring_that_is_there");
        cases.push(case(name, &words, kinds).names(&needles).on(ring));
    }
    for role in ["producer", "consumer"] {
        let words = format!("attach --role {role} --capacity 8192");
        cases.push(
            case(format!("another_capacity/{role}"), &words, &["CapacityMismatch"])
                .names(&["8192", "4096"])
                .on(ring),
        );
    }
    cases.push(case("rounded_capacity", "attach --capacity 4095", &[]).on(ring).free());
    cases
}

fn identity() -> Vec<Case> {
    let mut cases = Vec::new();
    for role in ["producer", "consumer", "monitor"] {
        let words = format!("attach --role {role}");
        for (what, kinds, needles, change) in DAMAGE {
            let case = case(format!("{what}/{role}"), &words, kinds);
            cases.push(case.names(needles).on_ring(change));
        }
    }
    let other_schema = |p: &Place| p.patch_field(RingRole::SchemaHash, 0x1122_3344_5566_7788);
    let other_minor = |p: &Place| {
        p.patch_field(RingRole::VersionMinor, 0x7FFF)?;
        p.patch_field(RingRole::SchemaHash, 0x1122_3344_5566_7788)
    };
    for role in ["producer", "consumer"] {
        let words = format!("attach --role {role}");
        cases.push(
            case(format!("another_schema/{role}"), &words, &["SchemaMismatch"])
                .names(&["expected schema hash 0x", "{schema_hash}, found 0x1122334455667788"])
                .on_ring(other_schema),
        );
        let any = format!("{words} --any-schema");
        cases.push(case(format!("any_schema/{role}"), &any, &[]).on_ring(other_schema).free());
        let name = format!("another_minor_version/{role}");
        cases.push(case(name, &words, &[]).on_ring(other_minor).free());
    }
    // Only those who have it mapped would be hit by a signal; whoever attaches gets an error.
    cases.push(
        case("truncated_while_mapped", "attach --role consumer", &["TooShort"])
            .names(&["{file}", "{header}"])
            .on(|place| {
                let holder = held_by_peer(place, Role::Producer)?;
                cut(place, place.data())?;
                Ok(holder)
            })
            .leaves(After::Anything),
    );
    cases
}

fn places() -> Vec<Case> {
    let mut cases = Vec::new();
    for (what, found, make) in IN_ITS_PLACE {
        let calls = [
            ("producer", "attach --role producer"),
            ("consumer", "attach --role consumer"),
            ("monitor", "attach --role monitor"),
            ("create_only", "attach --mode create_only"),
            ("open_only", "attach --mode open_only"),
        ];
        for (call, words) in calls {
            let case = case(format!("{what}_in_its_place/{call}"), words, &["NotRegularFile"]);
            cases.push(case.names(&["regular file", found, "{path}"]).on(|place| {
                make(place)?;
                nothing()
            }));
        }
    }
    let missing = Launch::Shell("BITRPC_SHM_DIR=\"$BITRPC_SHM_DIR/missing\"");
    for role in ["producer", "consumer", "monitor"] {
        let words = format!("attach --role {role}");
        let missing_folder = case(format!("missing_folder/{role}"), &words, &["FolderMissing"]);
        cases.push(missing_folder.names(&["{folder}/missing"]).launched(missing.clone()));
        let words = format!("attach --role {role} --mode open_only");
        let no_ring = case(format!("no_such_ring/{role}"), &words, &["NotFound"]);
        cases.push(no_ring.names(&["{path}"]));
    }
    cases.push(
        case("there_already", "attach --mode create_only", &["AlreadyExists"])
            .names(&["{path}"])
            .on(ring),
    );
    cases.push(case("full_file_system", "attach --capacity 1099511627776", &["NoSpace"]).names(&[
        "no space for the ring: ",
        "{tebibyte}",
        " bytes needed, ",
        " free",
    ]));
    // A file system of its own, which is full in two ways: of bytes, and of names.
    let small = "mount -t tmpfs -o size=64k tmpfs \"$BITRPC_SHM_DIR\" &&";
    cases.push(
        case("small_file_system", "attach --capacity 65536", &["NoSpace"])
            .names(&["no space for the ring: ", " bytes needed, ", " free"])
            .launched(Launch::OwnMounts(small)),
    );
    let nameless = "mount -t tmpfs -o size=1m,nr_inodes=1 tmpfs \"$BITRPC_SHM_DIR\" &&";
    cases.push(
        case("file_system_without_names", "attach --capacity 4096", &["NoSpace"])
            .launched(Launch::OwnMounts(nameless)),
    );
    cases
}

fn permissions() -> Vec<Case> {
    let mut cases = Vec::new();
    for role in ["producer", "consumer", "monitor"] {
        let words = format!("attach --role {role}");
        cases.push(
            case(format!("file_of_another_user/{role}"), &words, &["WrongOwner"])
                .names(&["65534", "0"])
                .on_ring(|place| Ok(std::os::unix::fs::chown(place.path(), Some(65534), None)?))
                .only_root(),
        );
        cases.push(
            case(format!("file_without_permission/{role}"), &words, &["PermissionDenied"])
                .names(&["{path}"])
                .on_ring(|place| set_mode(&place.path(), 0o000))
                .launched(Launch::Unprivileged)
                .leaves(After::Anything),
        );
    }
    cases.push(
        case("folder_without_permission", "attach", &["PermissionDenied"])
            .names(&["{folder}"])
            .on(|place| {
                set_mode(place.folder(), 0o500)?;
                nothing()
            })
            .launched(Launch::Unprivileged),
    );
    cases
}

fn roles() -> Vec<Case> {
    let mut cases = Vec::new();
    for role in ["producer", "consumer"] {
        let words = format!("attach --role {role}");
        cases.push(
            case(format!("role_taken/{role}"), &words, &["RoleTaken"])
                .names(&[&format!("{role} role is taken by process {{pid}}")])
                .on(move |place| match role {
                    "producer" => Ok(Box::new(place.producer()?)),
                    _ => Ok(Box::new(place.consumer()?)),
                }),
        );
        cases.push(
            case(format!("role_of_a_paused_process/{role}"), &words, &["RoleTaken"])
                .names(&[role])
                .on(move |place| match role {
                    "producer" => held_by_peer(place, Role::Producer),
                    _ => held_by_peer(place, Role::Consumer),
                }),
        );
    }
    cases.push(case("use_after_close/send", "send-closed", CLOSED).free());
    cases.push(case("use_after_close/receive", "receive-closed", CLOSED).free());
    cases.push(case("free_role", "attach", &[]).on(ring).free());
    cases
}

/// Where closing takes the object, a call after it does not compile.
const CLOSED: &[&str] = &["Disposed", "Inexpressible"];

fn messages() -> Vec<Case> {
    let data = Protocol::TYPES.data;
    let waiting = move |payload: Vec<u8>, message_type: u32| {
        move |place: &Place| {
            place.send(message_type, &payload)?;
            nothing()
        }
    };
    let broken_text = [&[b'a'; 123][..], b"\xFF rest"].concat();
    vec![
        case("payload_too_large", "send --size {too_large}", &["TooLarge"])
            .names(&["a payload of {too_large} bytes exceeds the largest of this ring, {largest}"])
            .on(waiting(b"first".to_vec(), data))
            .leaves(After::MessageReceivable),
        case("payload_that_just_fits", "send --size {largest}", &[]).on(ring).free(),
        case("text_that_is_not_utf8", "receive-text", &["InvalidUtf8"])
            .names(&["123"])
            .on(waiting(broken_text, data))
            .leaves(After::MessageReceivable),
        case("struct_of_another_size", "receive-typed", &["SizeMismatch"])
            .names(&["expected a payload of ", " bytes, found 3"])
            .on(waiting(vec![0; 3], data))
            .leaves(After::MessageReceivable),
        case("struct_of_another_type", "receive-typed", &["TypeMismatch"])
            .names(&["expected message type {first_id}, found 1879048193"])
            .on(waiting(vec![0; 16], 0x7000_0001))
            .leaves(After::MessageReceivable),
    ]
}

fn corrupt() -> Vec<Case> {
    let data = u64::from(Protocol::TYPES.data) << 32;
    let words = [
        ("length_of_all_ones", data | 0xFFFF_FFFF),
        ("length_beyond_the_lap", data | (CAPACITY - SECOND + 1)),
        ("length_below_a_header", data | 9),
        ("padding_of_another_length", 16),
    ];
    let mut cases = Vec::new();
    for (what, word) in words {
        for action in ["receive", "receive-text", "receive-typed"] {
            cases.push(
                case(format!("{what}/{action}"), action, &["Corrupt"])
                    .names(&["24", &format!("{word:x}")])
                    .on(move |place| {
                        bad_word(place, word)?;
                        nothing()
                    })
                    .leaves(After::MessagesKept),
            );
        }
    }
    for field in [RingRole::ReadPosition, RingRole::WritePosition] {
        for role in ["producer", "consumer"] {
            let name = format!("{}_off_by_laps/{role}", field.name());
            let words = format!("attach --role {role}");
            // Which of the two is wrong nobody can know.
            let case = case(name, &words, &["Corrupt"]).names(&["read_position|read position"]);
            cases.push(case.on_ring(move |place| place.patch_field(field, 1 << 32)));
        }
    }
    for role in ["producer", "consumer"] {
        // Within a lap, and so near that published records might lead there: none do.
        let name = format!("read_position_beyond_write_position/{role}");
        let words = format!("attach --role {role}");
        let case = case(name, &words, &["Corrupt"]).names(&["read_position|read position"]);
        cases.push(case.on_ring(move |place| place.patch_field(RingRole::ReadPosition, SECOND)));
    }
    let misaligned = [
        ("misaligned_read_position", "consumer", RingRole::ReadPosition),
        ("misaligned_read_position_of_a_peer", "producer", RingRole::ReadPosition),
        ("misaligned_write_position", "producer", RingRole::WritePosition),
        ("misaligned_write_position_of_a_peer", "consumer", RingRole::WritePosition),
    ];
    for (what, role, field) in misaligned {
        let words = format!("attach --role {role}");
        let case = case(what, &words, &["Corrupt"]).names(&["1003|3eb"]);
        cases.push(case.on_ring(move |place| place.patch_field(field, 1003)));
    }
    cases
}

fn descriptors() -> Vec<Case> {
    // Enough for a runtime to start with.
    let few = Launch::Shell("ulimit -n 256;");
    let mut cases = Vec::new();
    for role in ["producer", "consumer", "monitor"] {
        let words = format!("attach --role {role} --exhaust-descriptors");
        cases.push(
            case(format!("no_file_descriptors_left/{role}"), &words, &["Io"])
                .names(&["too many open files|descriptor"])
                .on(ring)
                .launched(few.clone()),
        );
    }
    let words = "attach --exhaust-descriptors";
    let create = case("no_file_descriptors_left/create", words, &["Io"]);
    cases.push(create.names(&["too many open files|descriptor"]).launched(few));
    cases
}

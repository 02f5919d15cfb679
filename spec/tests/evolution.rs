//! Edits that real formats went through, and what the comparison says of each: messages of a flight
//! stack between four of its releases, and the shared memory of a racing simulator between five
//! versions.
//!
//! A spec has the fields that the edit is about, and others around them so that the offsets are
//! those of the original.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use bitrpc_spec::diff::{Class, Diff};
use bitrpc_spec::layout::Layout;
use bitrpc_spec::model::Spec;
use bitrpc_spec::source::Memory;

/// One version of a spec.
#[derive(Default)]
struct Version<'a> {
    number: &'a str,
    /// Sections besides the structs.
    head: &'a str,
    structs: &'a [Struct<'a>],
}

/// A struct, with its id if it is a message.
#[derive(Clone, Copy)]
struct Struct<'a> {
    name: &'a str,
    id: Option<u32>,
    /// The size that is stated, where the fields named here do not make it.
    size: Option<u64>,
    /// `type name`, then keys.
    fields: &'a [&'a str],
}

const fn message<'a>(name: &'a str, fields: &'a [&'a str]) -> Struct<'a> {
    Struct { name, id: Some(1001), size: None, fields }
}

impl Struct<'_> {
    const fn sized(self, size: u64) -> Self {
        Self { size: Some(size), ..self }
    }
}

impl Version<'_> {
    fn text(&self) -> String {
        let mut text = format!("bitrpc: 1\nname: evolution\nversion: \"{}\"\n", self.number);
        text += self.head;
        text += if self.structs.is_empty() { "" } else { "structs:\n" };
        for item in self.structs {
            let _ = writeln!(text, "  - name: {}", item.name);
            for (key, value) in [("id", item.id.map(u64::from)), ("size", item.size)] {
                let _ = value.map(|value| writeln!(text, "    {key}: {value}"));
            }
            text += "    fields:\n";
            for field in item.fields {
                let mut words = field.splitn(3, ' ');
                let (ty, name) = (words.next().unwrap(), words.next().unwrap());
                let more = words.next().map(|more| format!(", {more}")).unwrap_or_default();
                let _ = writeln!(text, "      - {{ name: {name}, type: \"{ty}\"{more} }}");
            }
        }
        text
    }

    fn spec(&self) -> Spec {
        let text = self.text();
        let files = Memory::new().with("evolution.yaml", text.clone());
        Spec::load("evolution.yaml", &files).unwrap_or_else(|found| panic!("{found}\n{text}"))
    }
}

/// What two versions are to each other.
struct Compared {
    diff: Diff,
    layouts: [Layout; 2],
}

impl Compared {
    fn new(old: &Version, new: &Version) -> Self {
        let (old, new) = (old.spec(), new.spec());
        let diff = Diff::of(&old, &new);
        // The hashes move if and only if something says so.
        let moves = |moves: fn(&bitrpc_spec::diff::Change) -> bool| diff.changes.iter().any(moves);
        assert_eq!(diff.old.schema_hash != diff.new.schema_hash, moves(|c| c.moves_schema));
        assert_eq!(diff.old.layout_hash != diff.new.layout_hash, moves(|c| c.moves_layout));
        Self { diff, layouts: [Layout::of(&old), Layout::of(&new)] }
    }

    /// One struct in both versions.
    fn one(old: Struct, new: Struct, versions: [&str; 2]) -> Self {
        let version = |number, item| Self::version(number, item);
        let (old, new) = ([old], [new]);
        Self::new(&version(versions[0], &old), &version(versions[1], &new))
    }

    fn version<'a>(number: &'a str, structs: &'a [Struct<'a>]) -> Version<'a> {
        Version { number, head: "", structs }
    }

    /// A break: the major version says so.
    fn breaking(old: Struct, new: Struct) -> Self {
        Self::one(old, new, ["1.0", "2.0"])
    }

    #[track_caller]
    fn sizes(self, name: &str, old: u64, new: u64) -> Self {
        let of = |layout: &Layout| layout.structs.iter().find(|s| s.name == name).map(|s| s.size);
        assert_eq!(self.layouts.each_ref().map(of), [Some(old), Some(new)]);
        self
    }

    /// A field's offset, where it is in a version.
    #[track_caller]
    fn offset(self, field: &str, old: Option<u64>, new: Option<u64>) -> Self {
        let of = |layout: &Layout| {
            let mut fields = layout.structs.iter().flat_map(|item| &item.fields);
            fields.find(|found| found.name == field).map(|found| found.offset)
        };
        assert_eq!(self.layouts.each_ref().map(of), [old, new], "{field}");
        self
    }

    /// The class of it all, and the rules, each once.
    #[track_caller]
    fn is(self, class: Class, rules: &[&str]) -> Self {
        let found: BTreeSet<_> = self.diff.changes.iter().map(|c| c.finding.rule.id).collect();
        assert_eq!(found, rules.iter().copied().collect(), "{}", self.diff.all());
        assert_eq!(self.diff.class(), Some(class));
        assert!(self.diff.version_finding().is_none());
        self
    }

    /// Words of the report.
    #[track_caller]
    fn says(self, words: &[&str]) -> Self {
        let text = self.diff.all().to_string();
        for word in words {
            assert!(text.contains(word), "no `{word}` in\n{text}");
        }
        self
    }

    #[track_caller]
    fn silent(self, silent: bool) -> Self {
        assert_eq!(self.diff.all().to_string().contains(": silent,"), silent);
        self
    }
}

#[test]
fn row_1_a_field_removed_before_the_last_is_misread_in_silence() {
    let head = ["u64 timestamp", "u64 sample", "f32 indicated", "f32 true_airspeed"];
    let old: Vec<_> = [&head[..], &["f32 air_temperature_celsius", "f32 confidence"]].concat();
    let new: Vec<_> = [&head[..], &["f32 confidence"]].concat();
    Compared::breaking(message("Airspeed", &old), message("Airspeed", &new))
        .sizes("Airspeed", 32, 32)
        .offset("air_temperature_celsius", Some(24), None)
        .offset("confidence", Some(28), Some(24))
        .is(Class::Wire, &["B110"])
        .silent(true)
        .says(&["moves `confidence` from 28 to 24", "the size stays 32 bytes"]);
}

#[test]
fn row_2_two_removed_fields_are_two_edits() {
    let old = [
        "u64 timestamp",
        "f32 voltage_v",
        "f32 voltage_filtered_v",
        "f32 current_a",
        "f32 current_filtered_a",
        "f32[36] others",
    ];
    let new = ["u64 timestamp", "f32 voltage_v", "f32 current_a", "f32[36] others"];
    let (old, new) = (message("BatteryStatus", &old), message("BatteryStatus", &new));
    let compared = Compared::breaking(old.sized(168), new.sized(168))
        .sizes("BatteryStatus", 168, 168)
        .offset("voltage_filtered_v", Some(12), None)
        .is(Class::Wire, &["B110"])
        .silent(true)
        .says(&["moves `current_a` from 16 to 12", "moves `others` from 24 to 16"]);
    assert_eq!(compared.diff.changes.len(), 2);
}

#[test]
fn row_3_the_last_element_of_a_shorter_array_becomes_padding() {
    let old = message("ActuatorControlsStatus", &["u64 timestamp", "f32[4] control_power"]);
    let new = message("ActuatorControlsStatus", &["u64 timestamp", "f32[3] control_power"]);
    Compared::breaking(old, new)
        .sizes("ActuatorControlsStatus", 24, 24)
        .offset("control_power", Some(8), Some(8))
        .is(Class::Wire, &["B115"])
        .silent(true)
        .says(&["is a f32[3] and was a f32[4]"]);
}

#[test]
fn row_4_a_last_byte_removed_is_sent_by_old_programs_unless_it_is_reserved() {
    let old = message("ActuatorArmed", &["u64 timestamp", "bool[7] others", "bool soft_stop"]);
    let new = message("ActuatorArmed", &["u64 timestamp", "bool[7] others"]);
    Compared::breaking(old, new)
        .sizes("ActuatorArmed", 16, 16)
        .offset("soft_stop", Some(15), None)
        .is(Class::Wire, &["B110"])
        .silent(true)
        .says(&["reserved: { names: [ActuatorArmed.soft_stop] }"]);
    let head = "reserved: { names: [ActuatorArmed.soft_stop] }\n";
    Compared::new(
        &Version { number: "1.0", structs: &[old], ..Version::default() },
        &Version { number: "1.1", head, structs: &[new] },
    )
    .is(Class::Source, &["B202"]);
}

#[test]
fn row_5_and_6_a_field_with_since_may_fill_padding() {
    let rows = [
        ("DistanceSensor", "bytes[47] others", "u8 mode", 55, 56),
        ("EstimatorGpsStatus", "bytes[31] others", "bool check_fail_spoofed_gps", 39, 40),
    ];
    for (name, others, added, offset, size) in rows {
        let with = format!("{added} since: \"1.1\"");
        let field = added.split(' ').nth(1).unwrap();
        let (old, new) = (["u64 timestamp", others], ["u64 timestamp", others, &with]);
        Compared::one(message(name, &old), message(name, &new), ["1.0", "1.1"])
            .sizes(name, size, size)
            .offset(field, None, Some(offset))
            .is(Class::Compatible, &["B302"])
            .says(&["fills padding at the end with version 1.1", "it reads as 0"]);
        let without = ["u64 timestamp", others, added];
        Compared::breaking(message(name, &old), message(name, &without))
            .is(Class::Wire, &["B116"])
            .says(&["without `since`"]);
    }
}

#[test]
fn row_7_a_longer_array_moves_what_follows() {
    let fields = |control| ["u64 timestamp", "u64 sample", control, "u16 reversible_flags"];
    let (old, new) = (fields("f32[8] control"), fields("f32[12] control"));
    Compared::breaking(message("ActuatorMotors", &old), message("ActuatorMotors", &new))
        .sizes("ActuatorMotors", 56, 72)
        .is(Class::Wire, &["B115"])
        .silent(false)
        .says(&["moves `reversible_flags` from 48 to 64"]);
}

#[test]
fn row_8_a_struct_that_holds_one_that_grew_names_the_cause() {
    let head = [
        "u64 timestamp",
        "u32 esc_errorcount",
        "i32 esc_rpm",
        "f32 esc_voltage",
        "f32 esc_current",
        "f32 esc_temperature",
        "u16 failures",
        "u8 esc_address",
    ];
    let old: Vec<_> = [&head[..], &["u8 esc_state"]].concat();
    let new: Vec<_> = [&head[..], &["u8 esc_cmdcount", "u8 esc_state"]].concat();
    let report = |fields| Struct { id: None, ..message("EscReport", fields) };
    let status = message("EscStatus", &["u64 timestamp", "bytes[8] others", "EscReport[8] esc"]);
    let compared = Compared::new(
        &Compared::version("1.0", &[report(&old), status]),
        &Compared::version("2.0", &[report(&new), status]),
    )
    .sizes("EscReport", 32, 40)
    .sizes("EscStatus", 272, 336)
    .offset("esc_cmdcount", None, Some(31))
    .is(Class::Wire, &["B114", "B116"])
    .says(&[
        "moves `esc_state` from 31 to 32",
        "it is part of `EscStatus`",
        "`EscStatus` changes with `EscReport`, which takes 40 bytes instead of 32",
    ]);
    assert_eq!(compared.diff.changes.len(), 2);
}

#[test]
fn row_9_another_type_and_another_order_are_told_apart() {
    let before = ["u64 timestamp", "u64 sample", "f32[3] drag", "u32 control_mode_flags"];
    let now = ["u64 timestamp", "u64 sample", "u64 control_mode_flags", "f32[3] drag"];
    let old: Vec<_> = [&before[..], &["bytes[80] others"]].concat();
    let new: Vec<_> = [&now[..], &["bytes[80] others"]].concat();
    Compared::breaking(message("EstimatorStatus", &old), message("EstimatorStatus", &new))
        .sizes("EstimatorStatus", 112, 120)
        .offset("control_mode_flags", Some(28), Some(16))
        .is(Class::Wire, &["B114", "B115"])
        .says(&[
            "is a u64 and was a u32, and lies at 16 and not at 28",
            "`drag` lies at 24 and lay at 16",
        ]);
}

#[test]
fn row_10_a_wider_element_is_another_type() {
    let fields = |observation| ["u64 timestamp", "u64 sample", observation, "f32[2] innovation"];
    let (old, new) = (fields("f32[2] observation"), fields("f64[2] observation"));
    let name = "EstimatorAidSource2d";
    Compared::breaking(message(name, &old).sized(72), message(name, &new).sized(96))
        .sizes(name, 72, 96)
        .is(Class::Wire, &["B115"])
        .says(&["moves `innovation` from 24 to 32"]);
}

#[test]
fn row_11_fields_inserted_in_front_move_the_others_in_silence() {
    let flags = ["bool roll", "bool pitch", "bool alt", "bool ext", "bool arm", "bool battery"];
    let old: Vec<_> = [&["u64 timestamp"][..], &flags, &["bool[4] others"]].concat();
    let front = ["u64 timestamp", "bool motor", "bool propeller"];
    let new: Vec<_> = [&front[..], &flags, &["bool[4] others"]].concat();
    let name = "FailureDetectorStatus";
    Compared::breaking(message(name, &old), message(name, &new))
        .sizes(name, 24, 24)
        .offset("roll", Some(8), Some(10))
        .is(Class::Wire, &["B116"])
        .silent(true)
        .says(&["moves `roll` from 8 to 10, `pitch` from 9 to 11", "and 3 more"]);
}

#[test]
fn row_12_a_counter_removed_in_the_middle_moves_what_follows() {
    let old = ["u64 timestamp", "u64 sample", "u32 information", "u32 warning", "bool[24] events"];
    let new = ["u64 timestamp", "u64 sample", "u32 information", "bool[16] events"];
    Compared::breaking(message("EstimatorEventFlags", &old), message("EstimatorEventFlags", &new))
        .sizes("EstimatorEventFlags", 48, 40)
        .is(Class::Wire, &["B110", "B115"]);
    let new = ["u64 timestamp", "u64 sample", "u32 information", "bool[24] events"];
    let name = "EstimatorEventFlags";
    Compared::breaking(message(name, &old).sized(56), message(name, &new).sized(48))
        .is(Class::Wire, &["B110"])
        .says(&["moves `events` from 24 to 20"]);
}

#[test]
fn row_13_and_14_fields_appended_with_since_are_compatible() {
    let first = ["f32[5165] others"];
    let second = ["f32[5165] others", "i32 driver since: \"1.1\"", "i32 mode since: \"1.1\""];
    let more = [
        "i32 yellow since: \"1.2\"",
        "bool launch since: \"1.2\"",
        "f32 left since: \"1.2\"",
        "f32 right since: \"1.2\"",
        "bool green since: \"1.2\"",
    ];
    let third: Vec<_> = [&second[..], &more].concat();
    let name = "Shared";
    Compared::one(message(name, &first), message(name, &second), ["1.0", "1.1"])
        .sizes(name, 20660, 20668)
        .is(Class::Compatible, &["B301"]);
    Compared::one(message(name, &second), message(name, &third), ["1.1", "1.2"])
        .sizes(name, 20668, 20688)
        .is(Class::Compatible, &["B301"]);
    Compared::one(message(name, &first), message(name, &third), ["1.0", "1.2"])
        .is(Class::Compatible, &["B301"]);
}

#[test]
fn row_15_bytes_with_another_meaning_are_misread_unless_they_were_free() {
    const BEHIND: &str = "f32[152] behind";
    const APPENDED: &str = "u32[3314] appended since: \"1.1\"";
    let name = "Shared";
    let old = message(name, &["f32[1677] front", "f32 unknown", BEHIND]);
    let new = message(name, &["f32[1677] front", "i32 num_sectors", BEHIND, APPENDED]);
    Compared::breaking(old, message(name, &["f32[1677] front", "i32 num_sectors", BEHIND]))
        .is(Class::Wire, &["B115"])
        .silent(true);
    Compared::breaking(old, new)
        .sizes(name, 7320, 20576)
        .offset("num_sectors", None, Some(6708))
        .is(Class::Wire, &["B115", "B301"])
        .says(&["`num_sectors`, a i32, lies where `unknown`, a f32, was"]);
    let free = message(name, &["f32[1677] front", "f32[152] behind offset: 6712"]);
    let head = "reserved: { names: [Shared.unknown] }\n";
    Compared::new(
        &Version { number: "1.0", head, structs: &[free] },
        &Version { number: "1.1", head, structs: &[new] },
    )
    .sizes(name, 7320, 20576)
    .is(Class::Compatible, &["B301", "B302"]);
}

#[test]
fn row_16_a_sign_is_another_type() {
    let old = message("Shared", &["bytes[96] others", "u32 current_sector"]);
    let new = message("Shared", &["bytes[96] others", "i32 current_sector"]);
    Compared::breaking(old, new)
        .sizes("Shared", 100, 100)
        .offset("current_sector", Some(96), Some(96))
        .is(Class::Wire, &["B115"])
        .silent(true);
}

#[test]
fn row_18_a_message_with_another_id_is_another_message() {
    let old = message("Vehicle", &["u64 timestamp"]);
    Compared::breaking(old, Struct { id: Some(1002), ..old })
        .is(Class::Wire, &["B109"])
        .silent(false)
        .says(&["`Vehicle` has the id 1002 and had 1001"]);
}

#[test]
fn row_19_a_message_with_another_name_is_the_same_to_running_programs() {
    let old = message("Vehicle", &["u64 timestamp", "f32 speed"]);
    Compared::one(old, Struct { name: "Car", ..old }, ["1.0", "1.1"])
        .is(Class::Source, &["B201"])
        .says(&["`Vehicle` is called `Car`"]);
}

#[test]
fn row_20_values_of_an_enum_are_added_changed_and_removed() {
    let values = |number, head| Version { number, head, structs: &[] };
    let head = "enums:\n  - name: State\n    type: u8\n    values:\n      \
                - { name: open, value: 0 }\n      - { name: paid, value: 1 }\n";
    let old = values("1.0", head);
    let added = format!("{head}      - {{ name: sent, value: 2 }}\n");
    Compared::new(&old, &values("1.1", &added)).is(Class::Compatible, &["B301"]);
    let changed = head.replace("paid, value: 1", "paid, value: 2");
    Compared::new(&old, &values("2.0", &changed)).is(Class::Wire, &["B109"]);
    let removed = head.replace("      - { name: paid, value: 1 }\n", "");
    Compared::new(&old, &values("2.0", &removed))
        .is(Class::Wire, &["B110"])
        .says(&["reserved: { names: [State.paid] }"]);
    let reserved = format!("reserved: {{ names: [State.paid] }}\n{removed}");
    Compared::new(&old, &values("1.1", &reserved)).is(Class::Source, &["B202"]);
}

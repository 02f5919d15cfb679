//! The numbers of the default protocol: what PROTOCOL.md promises is what the spec comes to.

use bitrpc_spec::layout::{Layout, to_json, to_text};
use bitrpc_spec::model::{MessageRole, RingRole, Spec};
use bitrpc_spec::source::Files;

fn layout() -> Layout {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/bitrpc.yaml");
    let spec = Spec::load(path, &Files).unwrap_or_else(|findings| panic!("{findings}"));
    Layout::of(&spec)
}

#[test]
fn ring_header_fields_stand_where_they_always_stood() {
    let offsets = [
        (RingRole::Magic, 0),
        (RingRole::VersionMajor, 4),
        (RingRole::VersionMinor, 6),
        (RingRole::LayoutHash, 8),
        (RingRole::SchemaHash, 16),
        (RingRole::Capacity, 24),
        (RingRole::HeaderSize, 32),
        (RingRole::CreatedUnixNs, 40),
        (RingRole::WritePosition, 128),
        (RingRole::MessagesSent, 136),
        (RingRole::BytesSent, 144),
        (RingRole::SendFailures, 152),
        (RingRole::ProducerHeartbeatNs, 160),
        (RingRole::ProducerMissedWakeups, 168),
        (RingRole::ProducerPid, 176),
        (RingRole::ProducerState, 180),
        (RingRole::ProducerEpoch, 184),
        (RingRole::ReadPosition, 256),
        (RingRole::MessagesReceived, 264),
        (RingRole::BytesReceived, 272),
        (RingRole::ReceiveErrors, 280),
        (RingRole::ConsumerHeartbeatNs, 288),
        (RingRole::ConsumerMissedWakeups, 296),
        (RingRole::ConsumerPid, 304),
        (RingRole::ConsumerState, 308),
        (RingRole::ConsumerEpoch, 312),
        (RingRole::ConsumerControl, 384),
        (RingRole::DataSequence, 388),
        (RingRole::ProducerControl, 512),
        (RingRole::SpaceSequence, 516),
    ];
    let header = layout().ring_header;
    assert_eq!(offsets.len(), RingRole::ALL.len());
    for (role, offset) in offsets {
        assert_eq!(header.role(role).unwrap().offset, offset, "{}", role.name());
    }
    assert_eq!((header.size, header.line), (4096, 128));
}

#[test]
fn message_header_is_sixteen_bytes() {
    let header = layout().message_header;
    for (role, offset) in [
        (MessageRole::FrameLength, 0),
        (MessageRole::MessageType, 4),
        (MessageRole::MessageId, 8),
        (MessageRole::Flags, 12),
    ] {
        assert_eq!(header.role(role).unwrap().offset, offset, "{}", role.name());
    }
    assert!(header.role(MessageRole::Timestamp).is_none());
    assert_eq!((header.size, header.align, header.padding_after), (16, 8, 3));
}

#[test]
fn names_and_numbers_of_the_protocol_are_those_of_its_origin() {
    let layout = layout();
    assert_eq!(layout.magic, 0x4252_5446);
    assert_eq!(layout.version, (1, 2));
    assert_eq!((layout.file_prefix.as_str(), layout.default_capacity), ("BitRPC_", 1 << 20));
    let types: Vec<_> =
        layout.message_types.iter().map(|value| (value.name.as_str(), value.value)).collect();
    let expected =
        [("data", 1), ("control", 2), ("heartbeat", 3), ("error", 4), ("custom_min", 1000)];
    assert_eq!(types, expected);
    let flags: Vec<_> =
        layout.flags.bits.iter().map(|bit| (bit.name.as_str(), bit.value)).collect();
    let expected = [
        ("urgent", 1),
        ("compressed", 2),
        ("encrypted", 4),
        ("last_fragment", 8),
        ("fragment", 16),
    ];
    assert_eq!(flags, expected);
}

#[test]
fn test_data_still_takes_its_first_version() {
    let layout = layout();
    let [data] = &layout.structs[..] else { panic!("one struct") };
    assert_eq!((data.name.as_str(), data.id), ("TestData", Some(1001)));
    let offsets: Vec<_> = data.fields.iter().map(|field| field.offset).collect();
    assert_eq!(offsets, [0, 8, 16, 80]);
    assert_eq!((data.size, data.align, data.min_size), (88, 8, 16));
    assert_eq!(data.older_sizes, [16]);
}

#[test]
fn the_layout_is_printed_for_people_and_machines() {
    let layout = layout();
    insta::assert_snapshot!("default_layout_text", to_text(&layout));
    insta::assert_json_snapshot!("default_layout_json", to_json(&layout));
}

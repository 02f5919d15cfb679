//! A layout that comes while the program runs: checked once, and then as good as a constant one.

use bitrpc_shm::{
    AnyLayout, Consumer, Error, Layout, LayoutError, LayoutNumbers, LayoutSource,
    MessageHeaderLayout, Options, Producer, RingHeaderLayout, Role,
};
use proptest::prelude::*;

use crate::layout::Default as Protocol;
use crate::moved::Moved;
use crate::rings::{PATIENCE, files, folder, options, pair};

fn numbers() -> LayoutNumbers {
    LayoutNumbers::of::<Protocol>()
}

/// The error of the default numbers with one change.
fn refusal(change: impl FnOnce(&mut LayoutNumbers)) -> LayoutError {
    let mut numbers = numbers();
    change(&mut numbers);
    AnyLayout::new(numbers).expect_err("refused")
}

#[test]
fn sides_that_know_a_layout_as_a_value_and_as_constants_share_a_ring() {
    shared_by_both::<Protocol>();
    shared_by_both::<Moved>();
}

fn shared_by_both<L: Layout>() {
    let layout = AnyLayout::new(LayoutNumbers::of::<L>()).unwrap();
    let folder = folder();
    let options = options(&folder, 4096);
    let mut consumer = Consumer::<L>::open("ring", &options).unwrap();
    exchange(&mut layout.producer("ring", &options).unwrap(), &mut consumer);
    drop(consumer);
    let mut consumer = layout.consumer("ring", &options).unwrap();
    exchange(&mut Producer::<L>::create("ring", &options).unwrap(), &mut consumer);
    exchange(&mut layout.producer("ring", &options).unwrap(), &mut consumer);
}

/// Some laps of the ring, with everything that depends on a number.
fn exchange<P, C>(producer: &mut Producer<P>, consumer: &mut Consumer<C>)
where
    P: LayoutSource,
    C: LayoutSource,
{
    let large = vec![7; 3 * producer.largest_payload()];
    assert_eq!(producer.largest_payload(), consumer.largest_payload());
    for index in 0..200u32 {
        let payload = vec![index as u8; index as usize];
        producer.send_with(1000 + index, 1u32, &payload).unwrap();
        let mut claim = producer.claim(9u32, 3).unwrap();
        claim.copy_from_slice(b"abc");
        claim.commit();
        let message = consumer.receive(PATIENCE).unwrap().unwrap();
        assert_eq!((message.message_type(), message.flags()), (1000 + index, 1));
        assert_eq!(message.payload(), payload);
        let first = message.message_id();
        drop(message);
        let message = consumer.receive(PATIENCE).unwrap().unwrap();
        assert_eq!((message.message_id(), message.payload()), (first + 1, &b"abc"[..]));
    }
    producer.send_string("text").unwrap();
    assert_eq!(consumer.receive_string(PATIENCE).unwrap().unwrap(), "text");
    std::thread::scope(|scope| {
        scope.spawn(|| producer.send_fragmented(11u32, &large).unwrap());
        let message = consumer.receive(PATIENCE).unwrap().unwrap();
        assert_eq!((message.message_type(), message.payload()), (11, &large[..]));
    });
    assert_eq!(consumer.statistics().errors, 0);
}

#[test]
fn every_object_comes_through_the_one_door() {
    let layout = AnyLayout::new(numbers()).unwrap();
    let folder = folder();
    let options = options(&folder, 1024);
    let ring = layout.ring_buffer("ring", &options).unwrap();
    assert_eq!(layout.ring_path("ring", &options).unwrap(), ring.path());
    assert_eq!(files(folder.path()), ["BitRPC_ring"]);
    let sender = layout.manager("ring", Role::Producer, &options).unwrap();
    let mut receiver = layout.manager("ring", Role::Consumer, &options).unwrap();
    sender.send(5u32, b"managed").unwrap();
    assert!(receiver.poll(PATIENCE).unwrap());
    let monitor = layout.monitor("ring", &options).unwrap();
    assert_eq!(monitor.statistics().messages_received, 1);
    assert!(layout.remove_ring("ring", &options).unwrap());
    assert!(!layout.remove_ring("ring", &options).unwrap());
}

#[test]
fn equal_numbers_are_kept_once() {
    let kept = || AnyLayout::new(numbers()).unwrap().numbers();
    assert!(core::ptr::eq(kept(), kept()));
    let other = AnyLayout::new(LayoutNumbers { layout_hash: 5, ..numbers() }).unwrap();
    assert_eq!(other.numbers().layout_hash, 5);
}

#[test]
fn a_ring_of_another_layout_is_refused() {
    type Case = (fn(&mut LayoutNumbers), fn(&Error) -> bool);
    let cases: [Case; 6] = [
        (|n| n.magic = 7, |e| matches!(e, Error::BadMagic { expected: 7, .. })),
        (
            |n| n.magic = n.magic.swap_bytes(),
            |e| matches!(e, Error::WrongEndianness { expected: 0x4654_5242, .. }),
        ),
        (
            |n| n.version_major = 9,
            |e| matches!(e, Error::VersionMismatch { expected: (9, 1), found: (1, 1) }),
        ),
        (
            |n| n.ring_header.size = 8192,
            |e| matches!(e, Error::HeaderSizeMismatch { expected: 8192, found: 4096 }),
        ),
        (|n| n.layout_hash = 7, |e| matches!(e, Error::LayoutMismatch { expected: 7, .. })),
        (|n| n.schema_hash = 7, |e| matches!(e, Error::SchemaMismatch { expected: 7, .. })),
    ];
    let (_producer, _consumer, folder) = pair::<Protocol>(8192);
    let options = Options::new().directory(folder.path());
    for (change, is_right) in cases {
        let mut other = numbers();
        change(&mut other);
        let error = AnyLayout::new(other).unwrap().monitor("ring", &options).unwrap_err();
        assert!(is_right(&error), "{error}");
    }
    let mut newer = numbers();
    (newer.version_minor, newer.schema_hash) = (9, 7);
    assert!(AnyLayout::new(newer).unwrap().monitor("ring", &options).is_ok());
}

#[test]
fn fields_that_do_not_fit_their_header_are_refused_by_name() {
    use LayoutError::{Misaligned, Outside, Overlap, PublicationWord};
    let field = "ring_header.write_position";
    let error = refusal(|n| n.ring_header.write_position = 132);
    assert_eq!(error, Misaligned { field, found: 132, expected: 8 });
    for found in [4096, usize::MAX & !7] {
        let error = refusal(|n| n.ring_header.write_position = found);
        assert_eq!(error, Outside { field, found, expected: 4088 });
    }
    let (field, other) = ("ring_header.space_sequence", "ring_header.read_position");
    let error = refusal(|n| n.ring_header.space_sequence = 260);
    assert_eq!(error, Overlap { field, found: 260, other });
    assert_eq!(
        error.to_string(),
        "ring_header.space_sequence is at offset 260: expected no byte of \
         ring_header.read_position"
    );
    let (field, other) = ("message_header.flags", "message_header.message_id");
    let error = refusal(|n| n.message_header.flags = 8);
    assert_eq!(error, Overlap { field, found: 8, other });
    let error = refusal(|n| n.message_header.flags = 16);
    assert_eq!(error, Outside { field, found: 16, expected: 15 });
    let (field, other) = ("message_header.timestamp", "message_header.message_id");
    let error = refusal(|n| n.message_header.timestamp = Some(8));
    assert_eq!(error, Overlap { field, found: 8, other });
    let field = "message_header.message_type";
    let error = refusal(|n| n.message_header.message_type = 8);
    assert_eq!(error, PublicationWord { field, found: 8 });
    let field = "message_header.frame_length";
    let error = refusal(|n| n.message_header.frame_length = 8);
    assert_eq!(error, PublicationWord { field, found: 8 });
}

#[test]
fn numbers_that_no_ring_can_have_are_refused_by_name() {
    type Case = (&'static str, u64, fn(&mut LayoutNumbers));
    let cases: [Case; 16] = [
        ("magic", 0, |n| n.magic = 0),
        ("default_capacity", 0, |n| n.default_capacity = 0),
        ("default_capacity", (1 << 40) + 1, |n| n.default_capacity = (1 << 40) + 1),
        ("ring_header.size", 0, |n| n.ring_header.size = 0),
        ("ring_header.size", 5000, |n| n.ring_header.size = 5000),
        ("ring_header.size", 2 << 20, |n| n.ring_header.size = 2 << 20),
        ("message_header.size", 8, |n| n.message_header.size = 8),
        ("message_header.size", 20, |n| n.message_header.size = 20),
        ("message_header.size", 264, |n| n.message_header.size = 264),
        ("message_header.flags_size", 0, |n| n.message_header.flags_size = 0),
        ("message_header.flags_size", 8, |n| n.message_header.flags_size = 8),
        ("flags.urgent", 0, |n| n.flags.urgent = 0),
        ("flags.fragment", 0x100, |n| n.flags.fragment = 0x100),
        ("flags.last_fragment", 0, |n| n.flags.last_fragment = 0),
        ("types.data", 0, |n| n.types.data = 0),
        ("types.heartbeat", 0, |n| n.types.heartbeat = 0),
    ];
    for (name, value, change) in cases {
        let error = refusal(change);
        let is_right = matches!(
            error,
            LayoutError::OutOfRange { field, found, .. } if (field, found) == (name, value)
        );
        assert!(is_right, "{name} = {value}: {error}");
    }
    let error = refusal(|n| n.flags.fragment = 0x81);
    let (field, other) = ("flags.fragment", "flags.urgent");
    assert_eq!(error, LayoutError::SharedBits { field, found: 0x81, other });
}

#[test]
fn a_file_prefix_cannot_lead_elsewhere() {
    let long = "x".repeat(33);
    for bad in ["", "../", "a/", ".a", "a b", "a\0", "ä", &long] {
        let error = refusal(|n| n.file_prefix = bad.to_owned().into());
        assert_eq!(error, LayoutError::FilePrefix, "{bad:?}");
    }
}

/// The offset of each field of the ring header and its width.
fn ring_fields(header: &mut RingHeaderLayout) -> [(&mut usize, usize); 30] {
    [
        (&mut header.magic, 4),
        (&mut header.version_major, 2),
        (&mut header.version_minor, 2),
        (&mut header.layout_hash, 8),
        (&mut header.schema_hash, 8),
        (&mut header.capacity, 8),
        (&mut header.header_size, 4),
        (&mut header.created_unix_ns, 8),
        (&mut header.write_position, 8),
        (&mut header.messages_sent, 8),
        (&mut header.bytes_sent, 8),
        (&mut header.send_failures, 8),
        (&mut header.producer_heartbeat_ns, 8),
        (&mut header.producer_missed_wakeups, 8),
        (&mut header.producer_pid, 4),
        (&mut header.producer_state, 4),
        (&mut header.producer_epoch, 4),
        (&mut header.read_position, 8),
        (&mut header.messages_received, 8),
        (&mut header.bytes_received, 8),
        (&mut header.receive_errors, 8),
        (&mut header.consumer_heartbeat_ns, 8),
        (&mut header.consumer_missed_wakeups, 8),
        (&mut header.consumer_pid, 4),
        (&mut header.consumer_state, 4),
        (&mut header.consumer_epoch, 4),
        (&mut header.consumer_control, 4),
        (&mut header.data_sequence, 4),
        (&mut header.producer_control, 4),
        (&mut header.space_sequence, 4),
    ]
}

/// The offset of each field of the message header and its width.
fn message_fields(header: &mut MessageHeaderLayout) -> Vec<(&mut usize, usize)> {
    let width = header.flags_size;
    let mut fields = vec![
        (&mut header.frame_length, 4),
        (&mut header.message_type, 4),
        (&mut header.message_id, 4),
        (&mut header.flags, width),
    ];
    fields.extend(header.timestamp.as_mut().map(|timestamp| (timestamp, 8)));
    fields
}

/// Whether every field has aligned bytes of its own: counted one by one.
fn has_sound_places(fields: &[(&mut usize, usize)], size: usize) -> bool {
    let mut taken = vec![false; size];
    fields.iter().all(|(offset, width)| {
        let bytes = (**offset..).take(*width);
        **offset % width == 0
            && bytes
                .into_iter()
                .all(|at| taken.get_mut(at).is_some_and(|taken| !core::mem::replace(taken, true)))
    })
}

/// Exchanges the offsets of two fields; if it is a `tame` one, of fields of the same width only.
fn swap(fields: &mut [(&mut usize, usize)], from: usize, to: usize, tame: bool) {
    let (from, to) = (from % fields.len(), to % fields.len());
    if from != to && (!tame || fields[from].1 == fields[to].1) {
        let [from, to] = fields.get_disjoint_mut([from, to]).expect("they differ");
        core::mem::swap(&mut *from.0, &mut *to.0);
    }
}

/// Whether each field has a place of its own, and the engine can store it.
fn is_sound(mut numbers: LayoutNumbers) -> bool {
    let message = &mut numbers.message_header;
    let word = [message.frame_length, message.message_type];
    let (size, flags_size) = (message.size, message.flags_size);
    (word == [0, 4] || word == [4, 0])
        && flags_size != 3
        && has_sound_places(&message_fields(message), size)
        && has_sound_places(&ring_fields(&mut numbers.ring_header), 4096)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Swaps of offsets, offsets out of nowhere and other hashes: what is accepted is sound, byte
    /// by byte, and carries messages; nothing panics.
    #[test]
    fn a_permuted_layout_is_refused_or_works(
        is_tame_ring in any::<bool>(),
        ring in prop::collection::vec((0usize..30, 0usize..30), 40),
        (is_tame, message) in (any::<bool>(), prop::collection::vec((0usize..5, 0usize..5), 0..4)),
        stray in prop::option::weighted(0.2, (0usize..30, 0usize..4100)),
        timestamp in prop::option::of(prop::sample::select(vec![8usize, 16, 20, 24])),
        flags_size in 1usize..5,
        (layout_hash, schema_hash) in any::<(u64, u64)>(),
    ) {
        let mut numbers = LayoutNumbers { layout_hash, schema_hash, ..numbers() };
        let header = &mut numbers.ring_header;
        for (from, to) in ring {
            swap(&mut ring_fields(header), from, to, is_tame_ring);
        }
        if let Some((field, offset)) = stray {
            *ring_fields(header)[field].0 = offset;
        }
        let header = &mut numbers.message_header;
        (header.timestamp, header.flags_size, header.size) = (timestamp, flags_size, 32);
        for (from, to) in message {
            // Those of the publication word have no other place.
            let (from, to) = if is_tame { (from % 2, to % 2) } else { (from, to) };
            swap(&mut message_fields(header), from, to, is_tame);
        }
        let result = AnyLayout::new(numbers.clone());
        prop_assert_eq!(result.is_ok(), is_sound(numbers), "{:?}", result);
        if let Ok(layout) = result {
            let folder = folder();
            let options = options(&folder, 4096);
            let mut producer = layout.producer("ring", &options).unwrap();
            exchange(&mut producer, &mut layout.consumer("ring", &options).unwrap());
        }
    }
}

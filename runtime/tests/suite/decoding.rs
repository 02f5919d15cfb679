//! From payloads to structs: versions, sizes, text that an enemy changes, and too little memory.

use std::borrow::Cow;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

use bitrpc_shm::{
    Decode, DecodeError, DecodeOwned, Encode, Error, Fixed, Layout, ReceiveError, Text,
    split_fixed, tail_text,
};
use zerocopy::{FromBytes, FromZeros, Immutable, IntoBytes, KnownLayout};

use crate::layout::Default as Protocol;
use crate::processes::Part;
use crate::rings::{Mapping, PATIENCE, folder, pair, pair_with};

/// Version 1.0 of a struct, and what it grew to.
#[derive(Clone, Copy, Debug, PartialEq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
struct Old {
    id: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
struct New {
    id: u64,
    since: u64,
}

impl Fixed for Old {
    const MESSAGE_TYPE: Option<u32> = Some(1001);
    const OLDER_SIZES: &'static [usize] = &[];
}

impl Fixed for New {
    const MESSAGE_TYPE: Option<u32> = Some(1001);
    const OLDER_SIZES: &'static [usize] = &[8];
}

/// The same with a tail, as generated code has it.
#[derive(Clone, Debug, PartialEq)]
struct Newest<'a> {
    fixed: New,
    remark: Cow<'a, str>,
}

impl Encode for Newest<'_> {
    const MESSAGE_TYPE: Option<u32> = Some(1001);

    fn encoded_len(&self) -> usize {
        size_of::<New>() + self.remark.len()
    }

    fn encode_into(&self, out: &mut [u8]) {
        let (fixed, tail) = out.split_at_mut(size_of::<New>());
        fixed.copy_from_slice(self.fixed.as_bytes());
        tail.copy_from_slice(self.remark.as_bytes());
    }
}

impl<'a> Decode<'a> for Newest<'a> {
    const MESSAGE_TYPE: Option<u32> = Some(1001);

    fn decode(payload: &'a [u8]) -> Result<Self, DecodeError> {
        let (fixed, tail) = split_fixed(payload)?;
        Ok(Self { fixed, remark: tail_text(tail)? })
    }
}

impl DecodeOwned for Newest<'static> {
    const MESSAGE_TYPE: Option<u32> = Some(1001);

    fn decode_owned(payload: &[u8]) -> Result<Self, DecodeError> {
        let Newest { fixed, remark } = Newest::decode(payload)?;
        Ok(Self { fixed, remark: Cow::Owned(remark.into_owned()) })
    }
}

#[test]
fn an_older_reader_reads_the_known_part_of_a_newer_message() {
    let (mut producer, mut consumer, _folder) = pair::<Protocol>(4096);
    let new = New { id: 7, since: 8 };
    producer.send_typed(&new).unwrap();
    producer.send_typed(&Newest { fixed: new, remark: "with a tail".into() }).unwrap();
    producer.send_typed(&new).unwrap();
    producer.send_typed(&Old { id: 7 }).unwrap();
    assert_eq!(consumer.receive_typed(PATIENCE).unwrap(), Some(Old { id: 7 }));
    assert_eq!(consumer.receive_typed(PATIENCE).unwrap(), Some(Old { id: 7 }));
    assert_eq!(consumer.receive_boxed(PATIENCE).unwrap(), Some(Box::new(Old { id: 7 })));
    let newer = consumer.receive_typed::<New>(PATIENCE).unwrap();
    assert_eq!(newer, Some(New { id: 7, since: 0 }), "a newer reader, of an older message");
}

#[test]
fn exact_size_refuses_a_newer_message() {
    let (mut producer, mut consumer, _folder) = pair_with::<Protocol>(|o| o.exact_size(true), 4096);
    producer.send_typed(&New { id: 7, since: 8 }).unwrap();
    let mismatch = DecodeError::SizeMismatch { expected: 8, found: 16 };
    let refused = |result: Result<(), Error>| match result {
        Err(Error::Decode(error)) => assert_eq!(error, mismatch),
        other => panic!("{other:?}"),
    };
    refused(consumer.receive_typed::<Old>(PATIENCE).map(drop));
    refused(consumer.receive_boxed::<Old>(PATIENCE).map(drop));
    let message = consumer.try_receive().unwrap().unwrap();
    assert_eq!(message.decode::<Old>(), Ok(Old { id: 7 }), "a message is asked for either");
    assert_eq!(message.decode_exact::<Old>(), Err(mismatch));
    assert_eq!(message.view::<Old>(), Ok(&Old { id: 7 }));
}

#[test]
fn a_message_that_does_not_fit_is_skipped_by_skip() {
    let (mut producer, mut consumer, _folder) = pair::<Protocol>(4096);
    producer.send(1001u32, &[1; 7]).unwrap();
    producer.send(1002u32, &[1; 8]).unwrap();
    producer.send_typed(&Old { id: 9 }).unwrap();
    // A loop over typed receives that skips what it cannot use comes to an end.
    let mut skipped = 0;
    let received = loop {
        match consumer.receive_typed::<Old>(PATIENCE) {
            Ok(received) => break received,
            Err(Error::Decode(_)) => assert!(consumer.skip().unwrap()),
            Err(error) => panic!("{error}"),
        }
        skipped += 1;
    };
    assert_eq!((received, skipped), (Some(Old { id: 9 }), 2));
}

#[test]
fn a_struct_with_a_tail_has_an_owned_form() {
    let (mut producer, mut consumer, _folder) = pair::<Protocol>(4096);
    let sent = Newest { fixed: New { id: 1, since: 2 }, remark: "grüße".into() };
    producer.send_typed(&sent).unwrap();
    producer.send(1001u32, &[[0; 16], [0xFF; 16]].concat()).unwrap();
    let (sender, channel) = std::sync::mpsc::channel();
    sender.send(consumer.receive_typed::<Newest>(PATIENCE).unwrap().unwrap()).unwrap();
    let received = std::thread::spawn(move || channel.recv().unwrap()).join().unwrap();
    assert_eq!(received, sent);
    let error = consumer.receive_typed::<Newest>(PATIENCE).unwrap_err();
    assert!(matches!(error, Error::Decode(DecodeError::InvalidUtf8 { valid_up_to: 0 })));
}

/// Text that changes while it is looked at is one or the other, and always text.
#[test]
fn text_is_checked_on_the_copy_that_is_handed_out() {
    const LEN: usize = 1 << 16;
    let (mut producer, mut consumer, _folder) = pair::<Protocol>(1 << 18);
    let mapping = Mapping::of(producer.path());
    let payload = Protocol::RING_HEADER.size + Protocol::MESSAGE_HEADER.size;
    producer.send(Protocol::TYPES.data, &[b'a'; LEN]).unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            // Relaxed: nothing hangs on when it is seen.
            while !done.load(Ordering::Relaxed) {
                for word in [u64::MAX, u64::from_ne_bytes([b'a'; 8])] {
                    for at in (0..LEN).step_by(8) {
                        mapping.store_u64(payload + at, word);
                    }
                }
            }
        });
        for _ in 0..200 {
            let message = consumer.peek().unwrap().unwrap();
            let Ok(text) = message.text() else { continue };
            let own = message.payload().as_ptr_range();
            assert!(!own.contains(&text.as_ptr()), "it is a copy");
            assert!(std::str::from_utf8(text.as_bytes()).is_ok());
        }
        // Relaxed: see above.
        done.store(true, Ordering::Relaxed);
    });
}

#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
struct Large {
    name: Text<64>,
    first: [u8; 4 << 20],
    second: [u8; 4 << 20],
}

impl Fixed for Large {
    const MESSAGE_TYPE: Option<u32> = Some(1003);
    const OLDER_SIZES: &'static [usize] = &[];
}

#[test]
fn a_large_struct_goes_in_a_box_or_in_place_on_a_small_stack() {
    let thread = std::thread::Builder::new().stack_size(256 << 10);
    let exchange = || {
        let (mut producer, mut consumer, _folder) = pair::<Protocol>(32 << 20);
        let mut large = Large::new_box_zeroed().unwrap();
        large.name = "eight megabytes".try_into().unwrap();
        large.second[(4 << 20) - 1] = 7;
        producer.send_typed(&*large).unwrap();
        producer.send_typed(&*large).unwrap();
        let received = consumer.receive_boxed::<Large>(PATIENCE).unwrap().unwrap();
        assert_eq!(received.name.text().unwrap(), "eight megabytes");
        assert_eq!(received.second[(4 << 20) - 1], 7);
        let message = consumer.receive(PATIENCE).unwrap().unwrap();
        assert_eq!(message.view::<Large>().unwrap().name.text().unwrap(), "eight megabytes");
        assert_eq!(message.decode_boxed::<Large>().unwrap().second[(4 << 20) - 1], 7);
    };
    thread.spawn(exchange).unwrap().join().unwrap();
}

#[test]
fn drain_stops_when_its_handler_says_so() {
    let (mut producer, mut consumer, _folder) = pair::<Protocol>(1024);
    for i in 0..6u8 {
        producer.send(7u32, &[i]).unwrap();
    }
    let mut seen = Vec::new();
    let drained = consumer.drain(10, |message| {
        seen.push(message.payload()[0]);
        if seen.len() == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert_eq!((drained, &seen[..]), (Ok(3), &[0, 1, 2][..]), "the third one is taken");
    assert_eq!(consumer.statistics().messages_received, 3);
    assert_eq!(consumer.try_receive().unwrap().unwrap().payload(), [3]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_message_that_there_is_no_memory_for_is_an_error() {
    let folder = folder();
    let (said, errors) = Part::start("starved", folder.path(), "").finish();
    assert!(said.starts_with("went on"), "{said}{errors}");
}

/// What [`Part`] `starved` does: 64 MiB in pieces, with less memory than that.
#[cfg(target_os = "linux")]
pub(crate) fn starve(options: &bitrpc_shm::Options) {
    const SIZE: usize = 64 << 20;
    let options = options.clone().capacity(1 << 20);
    let mut consumer = bitrpc_shm::Consumer::<Protocol>::open("ring", &options).unwrap();
    let mut producer = bitrpc_shm::Producer::<Protocol>::create("ring", &options).unwrap();
    let payload = vec![1; SIZE];
    // The thread has its memory before the limit: the allocator maps twice what it keeps for a new
    // thread, and a size that is read meanwhile is too large by 64 MiB.
    let (begin, begun) = std::sync::mpsc::channel();
    let (has_memory, ready) = std::sync::mpsc::channel();
    let sender = std::thread::spawn(move || {
        has_memory.send(std::hint::black_box(vec![0u8; 64])).unwrap();
        begun.recv().unwrap();
        producer.send_fragmented(7u32, &payload).unwrap();
        producer.send(7u32, b"next").unwrap();
        producer
    });
    drop(ready.recv().unwrap());
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: u64 = statm.split(' ').next().unwrap().parse().unwrap();
    let most = pages * 4096 + (16 << 20);
    let limit = libc::rlimit { rlim_cur: most, rlim_max: most };
    // SAFETY: `limit` outlives the call.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_AS, &raw const limit) }, 0);
    begin.send(()).unwrap();
    let error = consumer.receive(PATIENCE).unwrap_err();
    assert!(matches!(error, ReceiveError::NoMemory { size } if size < SIZE as u64), "{error}");
    assert_eq!(consumer.receive(PATIENCE).unwrap().unwrap().payload(), b"next");
    assert_eq!(consumer.snapshot().receive_errors, 1);
    drop(sender.join().unwrap());
}

#[test]
fn a_try_takes_what_is_there_or_returns_none() {
    let (mut producer, mut consumer, _folder) = pair::<Protocol>(4096);
    producer.try_send_string("one").unwrap();
    let mut batch = producer.batch();
    batch.push_typed(&Old { id: 7 }).unwrap();
    batch.commit();
    assert_eq!(consumer.try_receive_string().unwrap().as_deref(), Some("one"));
    assert_eq!(consumer.try_receive_typed::<Old>().unwrap(), Some(Old { id: 7 }));
    assert_eq!(consumer.try_receive_string().unwrap(), None);
    assert_eq!(consumer.try_receive_typed::<Old>().unwrap(), None);
}

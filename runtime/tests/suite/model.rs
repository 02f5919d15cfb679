//! The ring against a queue: random operations, sizes and capacities.

use std::collections::VecDeque;

use bitrpc_shm::{Consumer, Layout, Options, Producer, SendError};
use proptest::prelude::*;

use crate::layout::Default as Protocol;
use crate::moved::Moved;
use crate::rings::folder;

#[derive(Clone, Debug)]
enum Step {
    Send(u32, usize),
    Claim(u32, usize, usize),
    Batch(Vec<usize>),
    Receive,
    Copy,
    Peek,
    Drain(usize),
    NewProducer,
    NewConsumer,
}

fn step() -> impl Strategy<Value = Step> {
    let size = prop_oneof![0usize..40, 0usize..1200];
    prop_oneof![
        6 => (1u32..2000, size.clone()).prop_map(|(t, n)| Step::Send(t, n)),
        3 => (1u32..2000, size.clone(), 0usize..50).prop_map(|(t, n, cut)| Step::Claim(t, n, cut)),
        2 => proptest::collection::vec(size, 0..6).prop_map(Step::Batch),
        6 => Just(Step::Receive),
        2 => Just(Step::Copy),
        2 => Just(Step::Peek),
        3 => (0usize..8).prop_map(Step::Drain),
        1 => Just(Step::NewProducer),
        1 => Just(Step::NewConsumer),
    ]
}

/// The ring, and what should be in it.
struct Model<L: Layout> {
    producer: Option<Producer<L>>,
    consumer: Option<Consumer<L>>,
    queue: VecDeque<(u32, u32, Vec<u8>)>,
    next_id: u32,
    options: Options,
}

impl<L: Layout> Model<L> {
    fn payload(&self, len: usize) -> Vec<u8> {
        (0..len).map(|i| (i as u32 ^ self.next_id) as u8).collect()
    }

    fn sent(&mut self, message_type: u32, payload: Vec<u8>) {
        self.queue.push_back((message_type, self.next_id, payload));
        self.next_id = self.next_id.wrapping_add(1);
    }

    fn apply(&mut self, step: Step) {
        match step {
            Step::Send(message_type, len) => {
                let payload = self.payload(len);
                let producer = self.producer.as_mut().unwrap();
                let result = producer.try_send(message_type, &payload);
                self.check_sent(result, message_type, payload);
            }
            Step::Claim(message_type, len, cut) => {
                let payload = self.payload(len.saturating_sub(cut));
                let producer = self.producer.as_mut().unwrap();
                let result = producer.try_claim(message_type, len).map(|mut claim| {
                    claim[..payload.len()].copy_from_slice(&payload);
                    claim.truncate(payload.len());
                    claim.commit();
                });
                if matches!(result, Err(SendError::TooLarge { .. })) {
                    return;
                }
                self.check_sent(result, message_type, payload);
            }
            Step::Batch(sizes) => {
                let payloads: Vec<_> = sizes.iter().map(|n| vec![*n as u8; *n]).collect();
                let producer = self.producer.as_mut().unwrap();
                let sent = producer.try_send_batch(payloads.iter().map(|p| (5u32, p))).unwrap_or(0);
                for payload in payloads.into_iter().take(sent) {
                    self.sent(5, payload);
                }
            }
            Step::Receive => {
                let expected = self.queue.pop_front();
                let message = self.consumer.as_mut().unwrap().try_receive().unwrap();
                let got = message.map(|m| (m.message_type(), m.message_id(), m.payload().to_vec()));
                assert_eq!(got, expected);
            }
            Step::Copy => {
                let expected = self.queue.pop_front();
                let mut out = Vec::new();
                let consumer = self.consumer.as_mut().unwrap();
                let info =
                    consumer.receive_bytes(&mut out, Some(std::time::Duration::ZERO)).unwrap();
                assert_eq!(info.map(|info| (info.message_type, info.message_id, out)), expected);
            }
            Step::Peek => {
                let message = self.consumer.as_mut().unwrap().peek().unwrap();
                let got = message.map(|m| (m.message_type(), m.message_id(), m.payload().to_vec()));
                assert_eq!(got.as_ref(), self.queue.front());
            }
            Step::Drain(max) => {
                let queue = &mut self.queue;
                let count = queue.len().min(max);
                let drained = self.consumer.as_mut().unwrap().drain(max, |m| {
                    let got = (m.message_type(), m.message_id(), m.payload().to_vec());
                    assert_eq!(Some(got), queue.pop_front());
                });
                assert_eq!(drained.unwrap(), count);
            }
            Step::NewProducer => {
                // The consumer is there, so the ring stays.
                self.producer = None;
                self.producer = Some(Producer::create("ring", &self.options).unwrap());
            }
            Step::NewConsumer => {
                self.consumer = None;
                self.consumer = Some(Consumer::open("ring", &self.options).unwrap());
            }
        }
    }

    fn check_sent(&mut self, result: Result<(), SendError>, message_type: u32, payload: Vec<u8>) {
        let producer = self.producer.as_ref().unwrap();
        match result {
            Ok(()) => self.sent(message_type, payload),
            Err(SendError::TooLarge { .. }) => assert!(payload.len() > producer.largest_payload()),
            Err(SendError::Full) => assert!(!self.queue.is_empty(), "an empty ring has room"),
            Err(error) => panic!("{error}"),
        }
    }
}

fn run<L: Layout>(capacity: u64, steps: Vec<Step>) {
    let folder = folder();
    let options = Options::new().directory(folder.path()).capacity(capacity);
    let mut model = Model::<L> {
        producer: Some(Producer::create("ring", &options).unwrap()),
        consumer: Some(Consumer::open("ring", &options).unwrap()),
        queue: VecDeque::new(),
        next_id: 0,
        options,
    };
    for step in steps {
        model.apply(step);
    }
    let statistics = model.producer.as_ref().unwrap().statistics();
    assert_eq!(statistics.messages_sent as u32, model.next_id);
    let waiting = statistics.messages_sent - statistics.messages_received;
    assert_eq!(waiting, model.queue.len() as u64);
    assert_eq!(model.consumer.as_ref().unwrap().snapshot().receive_errors, 0);
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 200,
        failure_persistence: None,
        ..Default::default()
    })]

    #[test]
    fn a_ring_is_a_queue(
        capacity in 10u32..14,
        steps in proptest::collection::vec(step(), 0..300),
    ) {
        run::<Protocol>(1 << capacity, steps);
    }

    #[test]
    fn a_ring_with_moved_headers_is_a_queue(
        capacity in 10u32..14,
        steps in proptest::collection::vec(step(), 0..300),
    ) {
        run::<Moved>(1 << capacity, steps);
    }
}

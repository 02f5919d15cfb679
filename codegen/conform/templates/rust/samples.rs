//! Test values of every struct of the spec.

use bitrpc_shm::{Decode, DecodeError, Encode};

use crate::protocol::messages;
use crate::ring::Consumer;
use crate::rng::Rng;

/// A struct that is a message.
pub struct MessageSample {
    /// Its number among all structs.
    pub number: usize,
    pub message_type: u32,
    /// Bytes of its fixed part.
    pub size: usize,
}

/// All structs, in the order of the spec.
#[rustfmt::skip]
pub const NAMES: &[&str] = &[
{%- for item in view.structs %}
    "{{ item.raw_name }}",
{%- endfor %}
];

/// The structs that are messages, in the order of the spec.
#[rustfmt::skip]
pub const MESSAGES: &[MessageSample] = &[
{%- for item in view.structs %}{% if let Some(id) = item.id %}
    MessageSample { number: {{ loop.index0 }}, message_type: {{ id }}, size: {{ item.size }} },
{%- endif %}{% endfor %}
];

/// Takes a struct, whichever it is.
pub trait Visit {
    fn visit<T: Encode>(&mut self, message: &T);
}

/// Index into [`MESSAGES`]; past its end when there are none.
pub fn pick_message(draw: u64) -> usize {
    draw.checked_rem(MESSAGES.len() as u64).unwrap_or(0) as usize
}

/// Draws struct `number`, its tail filling at most what `most` bytes of payload leave.
#[rustfmt::skip]
pub fn visit(number: usize, rng: &mut Rng, most: usize, visitor: &mut impl Visit) {
    match number {
{%- for item in view.structs %}
        {{ loop.index0 }} => {
{%- if let Some(tail) = item.tail %}
            let fixed = {{ item.sampler }}(rng);
            let room = most.saturating_sub(size_of_val(&fixed));
            let tail = {{ tail.sample }};
{%- if item.is_large %}
            let fixed = Box::new(fixed);
{%- endif %}
            visitor.visit(&messages::{{ item.name }} { {{ tail.fixed }}{% if tail.fixed != "fixed" %}: fixed{% endif %}, {{ tail.name }}: (&*tail).into() });
{%- else %}
            visitor.visit(&{{ item.sampler }}(rng));
{%- endif %}
        }
{%- endfor %}
        _ => panic!("no struct has number {number} ({most} bytes of room)"),
    }
}

/// Decodes struct `number` and encodes it again.
#[rustfmt::skip]
pub fn recoded(number: usize, payload: &[u8]) -> Result<Vec<u8>, DecodeError> {
    match number {
{%- for item in view.structs %}
        {{ loop.index0 }} => messages::{{ item.name }}::decode(payload).map(|item| encode(&item)),
{%- endfor %}
        _ => panic!("no struct has number {number}"),
    }
}

struct Encoded(Vec<u8>);

impl Visit for Encoded {
    fn visit<T: Encode>(&mut self, message: &T) {
        self.0 = encode(message);
    }
}

fn encode<T: Encode>(message: &T) -> Vec<u8> {
    let mut bytes = vec![0xEE; message.encoded_len()];
    message.encode_into(&mut bytes);
    bytes
}

/// The payload that [`visit`] draws.
pub fn payload(number: usize, rng: &mut Rng, most: usize) -> Vec<u8> {
    let mut encoded = Encoded(Vec::new());
    visit(number, rng, most, &mut encoded);
    encoded.0
}

/// Golden sample `k` of struct `number`: a tail takes at most 64 bytes.
pub fn encoded(number: usize, k: u64) -> Vec<u8> {
    #[rustfmt::skip]
    const SIZES: &[usize] = &[
{%- for item in view.structs %}
        {{ item.size }},
{%- endfor %}
    ];
    payload(number, &mut Rng::new(7, k), SIZES[number] + 64)
}
{%- for item in view.enums %}

fn {{ item.sampler }}(rng: &mut Rng) -> messages::{{ item.name }} {
    let v = rng.next();
{%- if item.is_flags %}
    messages::{{ item.name }}(v as {{ item.ty }})
{%- else %}
    if v >> 61 == 7 {
        return messages::{{ item.name }}(v as {{ item.ty }}); // a value that the spec does not name is legal
    }
    match v % {{ item.values.len() }} {
{%- for value in item.values %}
{%- if loop.last %}
        _ => messages::{{ item.name }}::{{ value }},
{%- else %}
        {{ loop.index0 }} => messages::{{ item.name }}::{{ value }},
{%- endif %}
{%- endfor %}
    }
{%- endif %}
}
{%- endfor %}
{%- for item in view.structs %}

#[rustfmt::skip]
fn {{ item.sampler }}({% if item.draws.is_empty() %}_{% else %}rng{% endif %}: &mut Rng) -> messages::{{ item.fixed }} {
    messages::{{ item.fixed }} {
{%- for field in item.draws %}
        {{ field.name }}: {{ field.sample }},
{%- endfor %}
    }
}
{%- endfor %}

/// Receives struct `number`, waiting up to `timeout`; `false` if nothing came.
#[rustfmt::skip]
pub fn receive(
    number: usize,
    consumer: &mut Consumer,
    timeout: std::time::Duration,
) -> Result<bool, bitrpc_shm::Error> {
    match number {
{%- for item in view.structs %}
{%- if item.is_large && item.tail.is_none() %}
        {{ loop.index0 }} => Ok(consumer.receive_boxed::<messages::{{ item.name }}>(Some(timeout))?.is_some()),
{%- else %}
        {{ loop.index0 }} => Ok(consumer.receive_typed::<messages::{{ item.name }}>(Some(timeout))?.is_some()),
{%- endif %}
{%- endfor %}
        _ => panic!("no struct has number {number}"),
    }
}

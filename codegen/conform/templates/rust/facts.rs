//! The structs of the spec, for the compiler to measure.

use crate::measure::Facts;
use crate::protocol::{self, messages};

pub fn ring_header() -> Facts {
    crate::facts! {
        "ring_header" protocol::RingHeader:
{%- for field in view.ring_header %}
        "{{ field.raw_name }}" {{ field.name }},
{%- endfor %}
    }
}

pub fn message_header() -> Facts {
    crate::facts! {
        "message_header" protocol::MessageHeader:
{%- for field in view.message_header %}
        "{{ field.raw_name }}" {{ field.name }},
{%- endfor %}
    }
}

#[rustfmt::skip]
pub fn structs() -> Vec<Facts> {
    vec![
{%- for item in view.structs %}
        crate::facts! {
            "{{ item.raw_name }}" messages::{{ item.fixed }}:
{%- for field in item.fields %}
            "{{ field.raw_name }}" {{ field.name }},
{%- endfor %}
        },
{%- endfor %}
    ]
}

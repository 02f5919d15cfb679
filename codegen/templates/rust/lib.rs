{% for line in view.banner %}// {{ line }}
{% endfor %}
#![doc = include_str!("../README.md")]

mod protocol;

pub use protocol::*;

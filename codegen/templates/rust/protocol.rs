{% for line in view.banner %}// {{ line }}
{% endfor %}
use bitrpc_shm::zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

#[cfg(target_endian = "big")]
compile_error!("the segment is little-endian; this target is big-endian");

{% include "layout.rs" %}

{% include "message_types.rs" %}

{% include "headers.rs" %}

/// The constants, enums and structs of the spec, with the names that they have there. Those names
/// that nothing else beside this module has stand there, too.
pub mod messages {
{{ messages }}}

#[allow(unused_imports)] // a private module, which this file may be, need not use them
pub use self::messages::*;

{% include "any_message.rs" %}

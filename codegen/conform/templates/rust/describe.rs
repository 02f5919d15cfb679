//! Prints the layout as the compiler sees it.

use crate::facts;
use crate::measure::Facts;
use crate::protocol::Protocol;

pub fn json() -> String {
    let structs: Vec<_> = facts::structs().iter().map(Facts::json).collect();
    format!(
        "{{\"language\":\"rust\",\"layout_hash\":\"0x{:016x}\",\"schema_hash\":\"0x{:016x}\",\
         \"ring_header\":{},\"message_header\":{},\"structs\":[{}]}}",
        <Protocol as bitrpc_shm::Layout>::LAYOUT_HASH,
        <Protocol as bitrpc_shm::Layout>::SCHEMA_HASH,
        facts::ring_header().json(),
        facts::message_header().json(),
        structs.join(",")
    )
}

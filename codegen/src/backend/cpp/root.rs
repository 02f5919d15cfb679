//! What the generated header declares beside the namespace `messages`.

use super::structs::Struct;
use super::view::{Constant, Enum};

/// Types and constants of the header itself. A spec's name that is one of them stands in `messages`
/// alone; where one is missing here, the header does not compile.
const OWN: [&str; 54] = [
    "AnyMessage",
    "BatchResult",
    "BatchWriter",
    "ByteSpan",
    "ByteView",
    "Capacity",
    "Claim",
    "Distance",
    "Errc",
    "Error",
    "HeaderFields",
    "LogCallback",
    "LogLevel",
    "MessageFlags",
    "MessageHeader",
    "MessageType",
    "MessageView",
    "Mode",
    "Monitor",
    "MutableHeaderFields",
    "Options",
    "PeerState",
    "ReceivedMessage",
    "RingBuffer",
    "RingHeader",
    "SharedMemoryConsumer",
    "SharedMemoryManager",
    "SharedMemoryMessage",
    "SharedMemoryProducer",
    "SharedMemorySide",
    "SideSnapshot",
    "Snapshot",
    "Start",
    "Statistics",
    "Status",
    "Timeout",
    "UnknownMessage",
    "WaitStrategy",
    "WireBool",
    "kDefaultCapacity",
    "kFilePrefix",
    "kFlagFragment",
    "kFlagLastFragment",
    "kFlagUrgent",
    "kForever",
    "kLayoutHash",
    "kMagic",
    "kProtocolName",
    "kProtocolVersion",
    "kSchemaHash",
    "kTypeData",
    "kTypeHeartbeat",
    "kVersionMajor",
    "kVersionMinor",
];

/// Names of `messages` that can stand beside those of the header, too.
pub(super) fn exports(constants: &[Constant], enums: &[Enum], structs: &[Struct]) -> Vec<String> {
    let constants = constants.iter().map(|constant| &constant.name);
    let enums = enums.iter().map(|item| &item.name);
    let fixed = structs.iter().filter(|item| item.tail.is_some()).map(|item| &item.fixed);
    let types = enums.chain(fixed).chain(structs.iter().map(|item| &item.name));
    let mut names: Vec<_> = constants.chain(types.clone()).cloned().collect();
    names.retain(|name| !OWN.contains(&name.as_str()));
    if types.count() > 0 {
        names.push("to_string".to_owned());
    }
    names
}

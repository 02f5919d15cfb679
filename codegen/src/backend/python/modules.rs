//! The modules that are the same for every spec, and what they export.

/// Name and text of each module.
macro_rules! engine {
    ($($name:literal)*) => {
        &[$(($name, include_str!(concat!("../../../templates/python/engine/", $name)))),*]
    };
}

/// The modules of the engine, in a package within the package.
pub(super) const ENGINE: &[(&str, &str)] = engine! {
    "__init__.py"
    "_attach.py" "_attachment.py" "_batch.py" "_claim.py" "_closing.py" "_consumer.py" "_core.py"
    "_course.py" "_create.py" "_discard.py" "_drain.py" "_endpoint.py" "_enums.py" "_errors.py"
    "_factory.py" "_files.py" "_fragments.py" "_linux.py" "_log.py" "_macos.py" "_manager.py"
    "_memory.py" "_message.py" "_monitor.py" "_naps.py" "_options.py" "_payload.py" "_platform.py"
    "_posix.py" "_producer.py" "_reader.py" "_receiver.py" "_record.py" "_recover.py" "_roles.py"
    "_segment.py" "_sender.py" "_sleeper.py" "_statistics.py" "_threads.py" "_tidy.py" "_times.py"
    "_typing.py" "_view.py" "_wait.py" "_watch.py" "_windows.py" "_writer.py"
};

/// Public names of the engine, beside which those of the spec are exported.
pub(super) const EXPORTS: &[&str] = &[
    "AlreadyExists",
    "AnyMessage",
    "AttachError",
    "BadMagic",
    "BatchWriter",
    "Busy",
    "CapacityMismatch",
    "Claim",
    "Closed",
    "Corrupt",
    "DEFAULT_CAPACITY",
    "Disposed",
    "Distance",
    "FolderMissing",
    "Forked",
    "HeaderSizeMismatch",
    "InvalidCapacity",
    "InvalidName",
    "InvalidType",
    "InvalidUtf8",
    "Io",
    "LAYOUT_HASH",
    "LayoutMismatch",
    "MessageError",
    "MessageFlags",
    "MessageTooLarge",
    "MessageType",
    "Mode",
    "Monitor",
    "NoSpace",
    "NotFound",
    "NotRegularFile",
    "Options",
    "PROTOCOL_NAME",
    "Payload",
    "PeerDied",
    "PeerError",
    "PeerState",
    "PermissionDenied",
    "ReceivedMessage",
    "Removed",
    "RingBuffer",
    "RingError",
    "RoleTaken",
    "SCHEMA_HASH",
    "STRUCTS",
    "SchemaMismatch",
    "SharedMemoryConsumer",
    "SharedMemoryManager",
    "SharedMemoryMessage",
    "SharedMemoryProducer",
    "SideSnapshot",
    "SizeMismatch",
    "Snapshot",
    "Start",
    "Statistics",
    "Timeout",
    "TooLarge",
    "TooShort",
    "TypeMismatch",
    "Unsupported",
    "UsageError",
    "VERSION_MAJOR",
    "VERSION_MINOR",
    "VersionMismatch",
    "WaitStrategy",
    "WrongEndianness",
    "WrongOwner",
    "asdict",
    "create_consumer",
    "create_manager",
    "create_producer",
    "decode",
    "last_error",
    "messages",
    "remove_ring",
    "ring_path",
];

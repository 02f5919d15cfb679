{% for line in view.opening %}{{ line }}
{% endfor %}
One ring is one file that a producer and a consumer map; either may start first. This package
needs nothing but the standard library, and may be copied anywhere. Send::

    from {{ view.module }} import SharedMemoryProducer

    with SharedMemoryProducer("telemetry", 1 << 20) as producer:
        producer.send_string("hello")

Receive::

    from {{ view.module }} import SharedMemoryConsumer

    with SharedMemoryConsumer("telemetry", 1 << 20) as consumer:
        for message in consumer:
            print(message.message_type, message.payload)

Errors are classes under `RingError`; that a ring is full, or has nothing to read, is a result and
no error. The spec's structs, enums and constants are in the module `messages`, and here, but for
those that have a name of the engine.
"""

from __future__ import annotations

from . import messages
from ._engine._batch import BatchWriter
from ._engine._claim import Claim
from ._engine._consumer import SharedMemoryConsumer
from ._engine._errors import (
    AlreadyExists,
    AttachError,
    BadMagic,
    Busy,
    CapacityMismatch,
    Closed,
    Corrupt,
    Disposed,
    FolderMissing,
    Forked,
    HeaderSizeMismatch,
    InvalidCapacity,
    InvalidName,
    InvalidType,
    InvalidUtf8,
    Io,
    LayoutMismatch,
    MessageError,
    MessageTooLarge,
    NoSpace,
    NotFound,
    NotRegularFile,
    PeerDied,
    PeerError,
    PermissionDenied,
    Removed,
    RingError,
    RoleTaken,
    SchemaMismatch,
    SizeMismatch,
    Timeout,
    TooLarge,
    TooShort,
    TypeMismatch,
    Unsupported,
    UsageError,
    VersionMismatch,
    WrongEndianness,
    WrongOwner,
)
from ._engine._factory import create_consumer, create_manager, create_producer, last_error
from ._engine._manager import SharedMemoryManager
from ._engine._message import ReceivedMessage, SharedMemoryMessage
from ._engine._monitor import Monitor, RingBuffer
from ._engine._options import Distance, Mode, Options, Start, WaitStrategy
from ._engine._payload import Payload, asdict
from ._engine._producer import SharedMemoryProducer
from ._engine._record import check_layout
from ._engine._segment import remove_ring, ring_path
from ._engine._statistics import PeerState, SideSnapshot, Snapshot, Statistics
from ._layout import (
    DEFAULT_CAPACITY,
    LAYOUT_HASH,
    PROTOCOL_NAME,
    SCHEMA_HASH,
    VERSION_MAJOR,
    VERSION_MINOR,
)
from ._protocol import STRUCTS, AnyMessage, MessageFlags, MessageType, decode
{%- for name in view.imports %}{% if loop.first %}
from .messages import (
{%- endif %}
    {{ name }},
{%- if loop.last %}
)
{%- endif %}
{%- endfor %}

check_layout()

__all__ = [
{%- for name in view.exports %}
    "{{ name }}",
{%- endfor %}
]

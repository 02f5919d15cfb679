"""The sending side."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from failure import Failure
from protocol import PeerDied, SharedMemoryMessage, SharedMemoryProducer, layout

if TYPE_CHECKING:
    from arguments import Arguments, Report
    from script import Planned

_BATCH = 4
"""Most messages in one batch."""
_CLAIMED = 1
_BATCHED = 2


def run(arguments: Arguments, report: Report) -> None:
    """Sends what the script says, and closes."""
    script = arguments.script
    with SharedMemoryProducer(arguments.name, options=arguments.ring_options()) as producer:
        resumes = script.plan == "records"
        index = producer.statistics().messages_sent if resumes else 0
        start = time.perf_counter()
        while index < arguments.count:
            message = script.message(index, producer.largest_payload)
            arguments.slow_down(index)
            arguments.leave_gap()
            batched = message.route == _BATCHED and not message.is_fragmented
            if script.plan == "mixed" and batched:
                sent = _batch(arguments, producer, index)
                done = producer.send_batch([_outgoing(each) for each in sent]) == len(sent)
            else:
                sent = [message]
                try:
                    done = _send(producer, message)
                except PeerDied:
                    if not resumes:
                        raise
                    # Another consumer will come; nothing of the message is visible.
                    continue
            if not done:
                text = f"message {index}: no room within {arguments.timeout_ms} ms"
                raise Failure(text)
            index += len(sent)
            report.messages += len(sent)
            report.bytes += sum(len(each.payload) for each in sent)
        report.seconds = time.perf_counter() - start
        report.missed_wakeups = producer.snapshot().producer.missed_wakeups


def _batch(arguments: Arguments, producer: SharedMemoryProducer, index: int) -> list[Planned]:
    """Message `index` and those after it that go together."""
    script = arguments.script
    batch = []
    for each in range(index, min(arguments.count, index + _BATCH)):
        if script.is_fragmented(each):
            break
        batch.append(script.message(each, producer.largest_payload))
    return batch


def _outgoing(message: Planned) -> bytes | SharedMemoryMessage:
    if message.message_type == layout.TYPE_DATA and not message.flags:
        return message.payload
    return SharedMemoryMessage(message.message_type, message.payload, message.flags)


def _send(producer: SharedMemoryProducer, message: Planned) -> bool:
    """Sends the message in the way that its plan names."""
    if message.is_fragmented:
        return producer.send_fragmented(message.payload, message.message_type)
    if message.route == _CLAIMED:
        claim = producer.claim(len(message.payload), message.message_type)
        claim.set_flags(message.flags)
        with claim as room:
            room[:] = message.payload
        return True
    if message.text is not None:
        return producer.send_string(message.text)
    if message.value is not None:
        return producer.send_typed(message.value)
    return producer.send(message.payload, message.message_type, message.flags)

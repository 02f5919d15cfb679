{% include "csharp/head.cs" %}

using System;
using System.Runtime.CompilerServices;

namespace {{ view.namespace }}
{
    /// <content>How records get into the ring.</content>
    public sealed unsafe partial class SharedMemoryProducer
    {
        /// <summary>So long that a fast consumer makes room for many messages.</summary>
        private const ulong StepBackNs = 1500;

        internal static InvalidOperationException StaleClaim() =>
            new InvalidOperationException(
                "the claim was committed, abandoned or taken back already");

        /// <summary>Whether a claim is the one that is open.</summary>
        internal bool IsCurrent(ulong serial) => serial == _serial && (serial & 1) != 0;

        internal void Commit(byte* record, uint type, int length, MessageFlags flags)
        {
            EndClaim();
            for (int at = length; at % Record.Word != 0; at++)
            {
                record[MessageHeaderLayout.Size + at] = 0; // padding is part of the record
            }

            _writer.AmendHeader(record, flags & ~Layout.EngineFlags);
            _writer.Publish(record, type, length);
            _waker.Published();
            GC.KeepAlive(this);
        }

        internal void Abandon(ulong serial)
        {
            if (IsCurrent(serial))
            {
                EndClaim();
            }
        }

        private Status Claim(MessageType type, int length, out Claim claim, bool mayWait)
        {
            if (length < 0)
            {
                throw new ArgumentOutOfRangeException(nameof(length), length, "negative");
            }

            byte* record = Acquire(type, length, mayWait);
            if (record == null)
            {
                claim = default(Claim);
                return _failure;
            }

            _serial++;
            _writer.Block();
            _writer.WriteHeader(record, default(MessageFlags));
            claim = new Claim(this, record, _serial, (uint)type, length);
            return ErrorCode.Ok;
        }

        private void EndClaim()
        {
            _serial++;
            _writer.Unblock();
        }

        private Status SendString(string text, MessageFlags flags, bool mayWait)
        {
            int size = RingUtf8.CountBytes(text ?? throw new ArgumentNullException(nameof(text)));
            if (size < 0)
            {
                return Refuse(ErrorCode.InvalidUtf8, 0, RingUtf8.FirstBad(text));
            }

            byte* record = Acquire(Layout.TypeData, size, mayWait);
            if (record == null)
            {
                return _failure;
            }

            RingWriter.ClearTail(record, size);
            _ = RingUtf8.Write(text, new Span<byte>(record + MessageHeaderLayout.Size, size));
            return Finish(record, Layout.TypeData, size, flags);
        }

        // By value: a call through the interface on an "in" parameter would copy it each time.
        private Status SendTyped<T>(T value, MessageFlags flags, bool mayWait)
            where T : struct, IPayload
        {
            int size = value.PayloadSize;
            MessageType type = value.PayloadType;
            byte* record = Acquire(type, size, mayWait);
            if (record == null)
            {
                return _failure;
            }

            RingWriter.ClearTail(record, size);
            value.WriteTo(new Span<byte>(record + MessageHeaderLayout.Size, size));
            return Finish(record, type, size, flags);
        }

        private Status SendMessage(SharedMemoryMessage message, bool mayWait)
        {
            if (message == null)
            {
                throw new ArgumentNullException(nameof(message));
            }

            int length = message.Payload.Length;
            byte* record = Acquire(message.MessageType, length, mayWait);
            if (record == null)
            {
                return _failure;
            }

            Fill(record, message);
            _writer.Publish(record, (uint)message.MessageType, length);
            _waker.Published();
            GC.KeepAlive(this);
            return ErrorCode.Ok;
        }

        /// <summary>Writes all of a message but the first word of its record.</summary>
        private void Fill(byte* record, SharedMemoryMessage message)
        {
            RingWriter.ClearTail(record, message.Payload.Length);
            RingBytes.Copy(record + MessageHeaderLayout.Size, message.Payload);
            _writer.WriteHeader(record, message.Flags & ~Layout.EngineFlags);
            message.CopyHeaderFieldsTo(record);
        }

        /// <summary>Writes and publishes a record for which room was found.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private Status Emit(
            byte* record, MessageType type, ReadOnlySpan<byte> payload, MessageFlags flags)
        {
            RingWriter.ClearTail(record, payload.Length);
            RingBytes.Copy(record + MessageHeaderLayout.Size, payload);
            return Finish(record, type, payload.Length, flags);
        }

        /// <summary>Writes the header and publishes a record whose payload is written.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private Status Finish(byte* record, MessageType type, int length, MessageFlags flags)
        {
            _writer.WriteHeader(record, flags & ~Layout.EngineFlags);
            _writer.Publish(record, (uint)type, length);
            _waker.Published();
            GC.KeepAlive(this); // the bytes stay mapped up to here
            return ErrorCode.Ok;
        }

        /// <summary>Sends where the fast path found no room.</summary>
        /// <remarks>
        /// All of it, and not only finding room: so nothing of the fast path lives across a call,
        /// and it stays in registers.
        /// </remarks>
        [MethodImpl(MethodImplOptions.NoInlining)]
        private Status SendSlowly(
            MessageType type, ReadOnlySpan<byte> payload, MessageFlags flags, bool mayWait)
        {
            byte* record = AcquireSlowly(type, payload.Length, mayWait);
            return record != null ? Emit(record, type, payload, flags) : (Status)_failure;
        }

        /// <summary>
        /// Finds room for one record; null if there is none, for the reason that is in _failure.
        /// </summary>
        private byte* Acquire(MessageType type, int length, bool mayWait)
        {
            byte* record = TryAcquire(type, length);
            return record != null ? record : AcquireSlowly(type, length, mayWait);
        }

        /// <summary>The fast path: null for everything that is not plain to see.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private byte* TryAcquire(MessageType type, int length)
        {
            ulong stride = Record.Stride((ulong)(MessageHeaderLayout.Size + (long)length));
            return (uint)length <= _largest && type != 0 ? _writer.TryReserve(stride) : null;
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        private byte* AcquireSlowly(MessageType type, int length, bool mayWait)
        {
            if (Admit(type, length) != ErrorCode.Ok)
            {
                return null;
            }

            Flush();
            int timeoutMs = mayWait ? _options.SendTimeout : 0;
            if (timeoutMs != 0)
            {
                StepBack();
            }

            ulong stride = Record.Stride((ulong)(MessageHeaderLayout.Size + (long)length));
            ErrorCode code = _writer.Reserve(stride, out byte* record);
            if (code != ErrorCode.Ok)
            {
                code = NoRoom(code, stride, timeoutMs, out record);
            }

            return code == ErrorCode.Ok ? record : null;
        }

        /// <summary>Pauses when the ring is as good as full.</summary>
        /// <remarks>
        /// A producer that takes each bit of room as soon as it is there reads the consumer's
        /// position for each message, and so slows down the consumer, who writes it: the stream
        /// would stay in that state.
        /// </remarks>
        private void StepBack()
        {
            if (_writer.Reload() == ErrorCode.Ok && _writer.IsTight)
            {
                RingDistance.Pause(StepBackNs);
                _ = _writer.Reload(); // what is wrong with it now, the caller's look finds too
            }
        }

        /// <summary>
        /// Refuses what waiting cannot mend, and takes back the room of an open claim.
        /// </summary>
        private ErrorCode Admit(MessageType type, int length)
        {
            if (!_attachment.IsOpen)
            {
                throw new ObjectDisposedException(nameof(SharedMemoryProducer));
            }

            if (type == 0)
            {
                return Refuse(ErrorCode.InvalidType);
            }

            if ((uint)length > _largest)
            {
                return Refuse(ErrorCode.TooLarge, _largest, (ulong)length);
            }

            if ((_serial & 1) != 0)
            {
                EndClaim();
            }

            return ErrorCode.Ok;
        }

        /// <summary>There is no room: waits for some, or says why not.</summary>
        private ErrorCode NoRoom(ErrorCode code, ulong stride, int timeoutMs, out byte* record)
        {
            record = null;
            if (code == ErrorCode.Full && _attachment.IsForked)
            {
                return Refuse(ErrorCode.Forked);
            }

            if (code == ErrorCode.Full)
            {
                code = timeoutMs == 0 ? FullOrEnded(stride) : WaitForRoom(stride, timeoutMs);
            }

            if (code == ErrorCode.Ok)
            {
                code = _writer.Reserve(stride, out record);
            }

            switch (code)
            {
                case ErrorCode.Ok:
                    return code;
                case ErrorCode.Corrupt:
                    return Refuse(code, RingHeaderLayout.ReadPosition, _writer.BadPosition);
                default:
                    _writer.CountFailure();
                    return Refuse(code);
            }
        }

        /// <summary>Full, unless the consumer is gone for good.</summary>
        private ErrorCode FullOrEnded(ulong stride)
        {
            ErrorCode why = _watch.Look();
            if (why == ErrorCode.Ok)
            {
                return ErrorCode.Full;
            }

            ErrorCode code = _writer.Reserve(stride, out _);
            if (code == ErrorCode.Full)
            {
                _watch.Told(why);
                return why;
            }

            return code;
        }

        private ErrorCode WaitForRoom(ulong stride, int timeoutMs)
        {
            _awaitedStride = stride;
            var deadline = new RingDeadline(timeoutMs);
            switch (_waiter.Wait(this, _watch, ref deadline, out ErrorCode why))
            {
                case RingWaited.TimedOut:
                    return ErrorCode.Timeout;
                case RingWaited.Ended:
                    return why;
                default:
                    return ErrorCode.Ok;
            }
        }

        private ErrorCode Refuse(ErrorCode code, ulong expected = 0, ulong found = 0)
        {
            _failure = code;
            _failureExpected = expected;
            _failureFound = found;
            return code;
        }
    }

    /// <summary>The words for failures of attached rings.</summary>
    internal static class RingFailure
    {
        internal static SharedMemoryException Describe(
            ErrorCode code, string ring, ulong expected, ulong found)
        {
            string text = "ring '" + ring + "': " + Status.Describe(code);
            switch (code)
            {
                case ErrorCode.TooLarge:
                case ErrorCode.MessageTooLarge:
                    text += ": " + RingText.Of(found)
                        + " bytes, at most " + RingText.Of(expected) + " are possible";
                    break;
                case ErrorCode.InvalidUtf8:
                    text += " at " + RingText.Of(found);
                    break;
                case ErrorCode.SizeMismatch:
                    text += ": " + RingText.Of(found) + " bytes, expected " + RingText.Of(expected);
                    break;
                case ErrorCode.TypeMismatch:
                    text += ": type " + RingText.Of(found) + ", expected " + RingText.Of(expected);
                    break;
                case ErrorCode.Corrupt:
                    text += " at " + RingText.Of(expected) + ": found " + RingText.Hex(found, 1);
                    break;
                default:
                    break;
            }

            return new SharedMemoryException(code, text, expected, found);
        }
    }
}

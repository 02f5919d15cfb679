{% include "csharp/head.cs" %}

using System;
using System.Runtime.CompilerServices;

namespace {{ view.namespace }}
{
    /// <content>How records get into the ring.</content>
    public sealed unsafe partial class SharedMemoryProducer
    {
        /// <summary>
        /// About a microsecond, in which a fast consumer makes room for many messages.
        /// </summary>
        private const int StepBackPauses = 64;

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

        private Status Claim(MessageType type, int length, int timeoutMs, out Claim claim)
        {
            if (length < 0)
            {
                throw new ArgumentOutOfRangeException(nameof(length), length, "negative");
            }

            ErrorCode code = Acquire(type, length, timeoutMs, out byte* record);
            if (code != ErrorCode.Ok)
            {
                claim = default(Claim);
                return code;
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

        private Status SendString(string text, MessageFlags flags, int timeoutMs)
        {
            int size = RingUtf8.CountBytes(text ?? throw new ArgumentNullException(nameof(text)));
            if (size < 0)
            {
                return Refuse(ErrorCode.InvalidUtf8, 0, RingUtf8.FirstBad(text));
            }

            ErrorCode code = Acquire(Layout.TypeData, size, timeoutMs, out byte* record);
            if (code != ErrorCode.Ok)
            {
                return code;
            }

            RingWriter.ClearTail(record, size);
            _ = RingUtf8.Write(text, new Span<byte>(record + MessageHeaderLayout.Size, size));
            return Finish(record, Layout.TypeData, size, flags);
        }

        // By value: a call through the interface on an "in" parameter would copy it each time.
        private Status SendTyped<T>(T value, MessageFlags flags, int timeoutMs)
            where T : struct, IPayload
        {
            int size = value.PayloadSize;
            MessageType type = value.PayloadType;
            ErrorCode code = Acquire(type, size, timeoutMs, out byte* record);
            if (code != ErrorCode.Ok)
            {
                return code;
            }

            RingWriter.ClearTail(record, size);
            value.WriteTo(new Span<byte>(record + MessageHeaderLayout.Size, size));
            return Finish(record, type, size, flags);
        }

        private Status SendMessage(SharedMemoryMessage message, int timeoutMs)
        {
            if (message == null)
            {
                throw new ArgumentNullException(nameof(message));
            }

            int length = message.Payload.Length;
            ErrorCode code = Acquire(message.MessageType, length, timeoutMs, out byte* record);
            if (code != ErrorCode.Ok)
            {
                return code;
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

        /// <summary>Finds room for one record.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private ErrorCode Acquire(MessageType type, int length, int timeoutMs, out byte* record)
        {
            ulong stride = Record.Stride((ulong)(MessageHeaderLayout.Size + (long)length));
            return (uint)length <= _largest && type != 0 && _writer.TryReserve(stride, out record)
                ? ErrorCode.Ok
                : AcquireSlowly(type, length, timeoutMs, out record);
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        private ErrorCode AcquireSlowly(
            MessageType type, int length, int timeoutMs, out byte* record)
        {
            record = null;
            ErrorCode code = Admit(type, length);
            if (code != ErrorCode.Ok)
            {
                return code;
            }

            Flush();
            if (timeoutMs != 0)
            {
                StepBack();
            }

            ulong stride = Record.Stride((ulong)(MessageHeaderLayout.Size + (long)length));
            code = _writer.Reserve(stride, out record);
            return code == ErrorCode.Ok ? code : NoRoom(code, stride, timeoutMs, out record);
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
                RingCpu.Pause(StepBackPauses);
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

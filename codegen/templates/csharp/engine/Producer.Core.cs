{% include "csharp/engine_head.cs" %}

using System;
using System.Runtime.CompilerServices;
using System.Threading;

namespace {{ view.namespace }}
{
    /// <summary>What a call does that finds no room.</summary>
    internal enum RingWish
    {
        /// <summary>Waits for some.</summary>
        Wait,

        /// <summary>Says so, and counts it.</summary>
        Try,

        /// <summary>Says so: the call that looks goes on looking.</summary>
        Look,
    }

    /// <content>How records get into the ring.</content>
    public sealed unsafe partial class SharedMemoryProducer
    {
        internal static InvalidOperationException StaleClaim() =>
            new InvalidOperationException(
                "the claim was committed, abandoned or taken back already");

        /// <summary>Whether a claim is the one that is open.</summary>
        internal bool IsCurrent(ulong serial) => serial == _serial && (serial & 1) != 0;

        internal void Commit(byte* record, uint type, int length, MessageFlags flags)
        {
            EndClaim();
            for (int at = length; at % RingConstants.Word != 0; at++)
            {
                record[MessageHeaderLayout.Size + at] = 0; // padding is part of the record
            }

            _writer.AmendHeader(record, flags & ~Layout.EngineFlags);
            _writer.Publish(record, type, length);
            Wake();
            GC.KeepAlive(this);
        }

        internal void Abandon(ulong serial)
        {
            if (IsCurrent(serial))
            {
                TakeBack();
            }
        }

        private void EndClaim()
        {
            _serial++;
            _writer.Unblock();
        }

        /// <summary>Takes back the room of an open claim.</summary>
        private void TakeBack()
        {
            if ((_serial & 1) != 0)
            {
                EndClaim();
            }
        }

        private ErrorCode SendString(string text, MessageFlags flags, RingWish wish)
        {
            int size = RingUtf8.CountBytes(text ?? throw new ArgumentNullException(nameof(text)));
            if (size < 0)
            {
                return Refuse(ErrorCode.InvalidUtf8, 0, RingUtf8.FirstBad(text));
            }

            byte* record = Acquire(Layout.TypeData, size, wish);
            if (record == null)
            {
                return _failure;
            }

            RingWriter.ClearTail(record, size);
            _ = RingUtf8.Write(text, new Span<byte>(record + MessageHeaderLayout.Size, size));
            return Finish(record, Layout.TypeData, size, flags);
        }

        /// <summary>Sends a struct that lies in a box, where calls do not copy it.</summary>
        private ErrorCode SendTyped<T>(RingBox<T> box, MessageFlags flags, RingWish wish)
            where T : struct, IPayload
        {
            int size = box.Value.PayloadSize;
            MessageType type = box.Value.PayloadType;
            byte* record = Acquire(type, size, wish);
            if (record == null)
            {
                return _failure;
            }

            RingWriter.ClearTail(record, size);
            box.Value.WriteTo(new Span<byte>(record + MessageHeaderLayout.Size, size));
            return Finish(record, type, size, flags);
        }

        private ErrorCode SendBoxed(IPayload value, MessageFlags flags, RingWish wish)
        {
            if (value == null)
            {
                throw new ArgumentNullException(nameof(value));
            }

            int size = value.PayloadSize;
            MessageType type = value.PayloadType;
            byte* record = Acquire(type, size, wish);
            if (record == null)
            {
                return _failure;
            }

            RingWriter.ClearTail(record, size);
            value.WriteTo(new Span<byte>(record + MessageHeaderLayout.Size, size));
            return Finish(record, type, size, flags);
        }

        /// <summary>
        /// A place for a copy of a struct: calls through its interface would copy an "in" parameter
        /// each time. It is not on the stack, where a large one has no room, and made once for all
        /// structs of a kind that are sent behind each other.
        /// </summary>
        private RingBox<T> BoxFor<T>()
            where T : struct
        {
            var box = _box as RingBox<T>;
            if (box == null)
            {
                box = new RingBox<T>();
                _box = box;
            }

            return box;
        }

        private ErrorCode SendPlain<T>(in T value, MessageFlags flags, RingWish wish)
            where T : struct
        {
            int size = RingPlain<T>.Size;
            byte* record = Acquire(Layout.TypeData, size, wish);
            if (record == null)
            {
                return _failure;
            }

            RingWriter.ClearTail(record, size);
            RingPlain<T>.Write(in value, new Span<byte>(record + MessageHeaderLayout.Size, size));
            return Finish(record, Layout.TypeData, size, flags);
        }

        private ErrorCode SendMessage(SharedMemoryMessage message, RingWish wish)
        {
            if (message == null)
            {
                throw new ArgumentNullException(nameof(message));
            }

            int length = message.Payload.Length;
            byte* record = Acquire(message.MessageType, length, wish);
            if (record == null)
            {
                return _failure;
            }

            Fill(record, message);
            _writer.Publish(record, (uint)message.MessageType, length);
            Wake();
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
        private ErrorCode Emit(
            byte* record, MessageType type, ReadOnlySpan<byte> payload, MessageFlags flags)
        {
            RingWriter.ClearTail(record, payload.Length);
            RingBytes.Copy(record + MessageHeaderLayout.Size, payload);
            return Finish(record, type, payload.Length, flags);
        }

        /// <summary>Writes the header and publishes a record whose payload is written.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private ErrorCode Finish(byte* record, MessageType type, int length, MessageFlags flags)
        {
            _writer.WriteHeader(record, flags & ~Layout.EngineFlags);
            _writer.Publish(record, (uint)type, length);
            Wake();
            GC.KeepAlive(this); // the bytes stay mapped up to here
            return ErrorCode.Ok;
        }

        /// <summary>To be called after each publication.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private void Wake()
        {
            if (!_waker.IsQuiet)
            {
                WakeSlowly();
            }
        }

        /// <summary>
        /// What a consumer has to say that is not there all the time, or no more, may be that the
        /// ring was removed: the next send looks around.
        /// </summary>
        [MethodImpl(MethodImplOptions.NoInlining)]
        private void WakeSlowly()
        {
            _waker.WakeIfAsleep();
            _writer.EndStretch();
        }

        /// <summary>Sends where the fast path found no room.</summary>
        /// <remarks>
        /// All of it, and not only finding room: so nothing of the fast path lives across a call,
        /// and it stays in registers.
        /// </remarks>
        [MethodImpl(MethodImplOptions.NoInlining)]
        private ErrorCode SendSlowly(
            MessageType type, ReadOnlySpan<byte> payload, MessageFlags flags, RingWish wish)
        {
            byte* record = AcquireSlowly(type, payload.Length, wish);
            return record != null ? Emit(record, type, payload, flags) : _failure;
        }

        /// <summary>
        /// Finds room for one record; null if there is none, for the reason that is in _failure.
        /// </summary>
        private byte* Acquire(MessageType type, int length, RingWish wish)
        {
            byte* record = TryAcquire(type, length);
            return record != null ? record : AcquireSlowly(type, length, wish);
        }

        /// <summary>The fast path: null for everything that is not plain to see.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private byte* TryAcquire(MessageType type, int length)
        {
            ulong stride = StrideOf(length);
            return unchecked((uint)length) <= _largest && type != 0
                ? _writer.TryReserve(stride)
                : null;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static ulong StrideOf(int length) =>
            Record.Stride(unchecked((ulong)(MessageHeaderLayout.Size + (long)length)));

        [MethodImpl(MethodImplOptions.NoInlining)]
        private byte* AcquireSlowly(MessageType type, int length, RingWish wish)
        {
            var deadline = new RingDeadline(_sendTimeoutNs);
            return AcquireSlowly(type, length, wish, ref deadline);
        }

        private byte* AcquireSlowly(
            MessageType type, int length, RingWish wish, ref RingDeadline deadline)
        {
            CheckFree();
            TakeBack();
            Flush(); // what a batch holds comes first
            ulong stride = StrideOf(length);
            if (Admit(type, length, stride) != ErrorCode.Ok)
            {
                return null;
            }

            byte* record = _writer.TryReserve(stride);
            if (record != null)
            {
                return record;
            }

            bool waits = wish == RingWish.Wait && _sendTimeoutNs != 0;
            if (waits)
            {
                StepBack();
            }

            _awaitedStride = stride;
            ErrorCode code = _writer.Reserve(stride, out record);
            if (code != ErrorCode.Ok)
            {
                code = NoRoom(code, stride, wish, ref deadline, out record);
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
                RingDistance.Pause(RingConstants.StepBackNs);
                _ = _writer.Reload(); // what is wrong with it now, the caller's look finds too
            }
        }

        /// <summary>
        /// Refuses what waiting cannot mend; looks around if it is time to.
        /// </summary>
        private ErrorCode Admit(MessageType type, int length, ulong stride)
        {
            if (type == 0)
            {
                return Refuse(ErrorCode.InvalidType);
            }

            if (unchecked((uint)length) > _largest)
            {
                return Refuse(ErrorCode.TooLarge, _largest, unchecked((ulong)length));
            }

            if (_writer.IsStretchOver(stride))
            {
                if (_watch.CheckNameIfDue(Platform.Current.MonotonicNs()) != ErrorCode.Ok)
                {
                    return Refuse(ErrorCode.Removed);
                }

                _writer.StartStretch(stride);
            }

            return ErrorCode.Ok;
        }

        /// <summary>There is no room: waits for some, or says why not.</summary>
        private ErrorCode NoRoom(
            ErrorCode code,
            ulong stride,
            RingWish wish,
            ref RingDeadline deadline,
            out byte* record)
        {
            record = null;
            if (code == ErrorCode.Full && _attachment.IsForked)
            {
                return Refuse(ErrorCode.Forked);
            }

            if (code == ErrorCode.Full)
            {
                bool waits = wish == RingWish.Wait && _sendTimeoutNs != 0;
                code = waits ? WaitForRoom(stride, ref deadline) : FullOrEnded(stride);
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
                    if (wish != RingWish.Look || code != ErrorCode.Full)
                    {
                        _writer.CountFailure();
                    }

                    if (code == ErrorCode.Removed)
                    {
                        _writer.EndStretch(); // every later send is to find out
                    }

                    return Refuse(code);
            }
        }

        /// <summary>Full, unless the consumer is gone.</summary>
        private ErrorCode FullOrEnded(ulong stride)
        {
            if (_watch.Look() == ErrorCode.Ok)
            {
                return ErrorCode.Full;
            }

            ErrorCode code = _writer.Reserve(stride, out _);
            return code == ErrorCode.Full ? _watch.Tell() : code;
        }

        private ErrorCode WaitForRoom(ulong stride, ref RingDeadline deadline)
        {
            RingWaited waited = Wait(ref deadline, out ErrorCode end);
            return waited == RingWaited.TimedOut ? ErrorCode.Timeout : end;
        }

        internal override bool IsAnswer(ErrorCode code) =>
            code == ErrorCode.Ok || code == ErrorCode.Timeout || code == ErrorCode.Full;

        internal override void NoteTimeout()
        {
            _writer.CountFailure();
            _ = Refuse(ErrorCode.Timeout);
        }

        internal override void OnCallChanged()
        {
            if (_call == null)
            {
                _writer.Unblock();
            }
            else
            {
                _writer.Block();
            }
        }
    }
}

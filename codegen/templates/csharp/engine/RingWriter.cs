{% include "csharp/engine_head.cs" %}

using System;
using System.Runtime.CompilerServices;
using System.Threading;

namespace {{ view.namespace }}
{
    /// <summary>Records: what both sides of the algorithm and recovery know of them.</summary>
    internal static unsafe class Record
    {
        private const int FrameShift = 8 * MessageHeaderLayout.FrameLength;
        private const int TypeShift = 8 * MessageHeaderLayout.MessageType;

        /// <summary>Largest payload: a record that fits at any position of an empty ring.</summary>
        internal static int LargestPayload(ulong capacity) =>
            (int)(Math.Min(capacity / 2, RingConstants.MaxFrame) - MessageHeaderLayout.Size);

        /// <summary>The publication word of a record.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        internal static ulong Pack(uint frame, uint type) =>
            ((ulong)frame << FrameShift) | ((ulong)type << TypeShift);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        internal static uint FrameOf(ulong word) => unchecked((uint)(word >> FrameShift));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        internal static uint TypeOf(ulong word) => unchecked((uint)(word >> TypeShift));

        /// <summary>Bytes from a record's start to the next one's.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        internal static ulong Stride(ulong frame) =>
            (frame + (RingConstants.Word - 1)) & ~(ulong)(RingConstants.Word - 1);

        /// <summary>Whether a nonzero word starts a record that lies inside the lap.</summary>
        internal static bool IsMessage(ulong word, ulong rest)
        {
            uint frame = FrameOf(word);
            return TypeOf(word) != 0
                && frame >= MessageHeaderLayout.Size
                && frame <= RingConstants.MaxFrame
                && Stride(frame) <= rest;
        }

        /// <summary>
        /// Whether a word is padding. It reaches exactly to the end of the lap, and no producer
        /// needs more than half a lap of it; so two never follow each other, and nobody is kept
        /// busy by them.
        /// </summary>
        internal static bool IsPadding(ulong word, ulong rest, ulong capacity) =>
            TypeOf(word) == 0 && FrameOf(word) == rest && rest <= capacity / 2;
    }

    /// <summary>
    /// The producer's half of the ring algorithm: memory only, no system call. One thread.
    /// </summary>
    internal unsafe struct RingWriter
    {
        private readonly byte* _base;
        private readonly byte* _data;
        private readonly ulong _mask;
        private readonly ulong _capacity;

        /// <summary>How far ahead ReachAhead goes: less in a small ring.</summary>
        private readonly ulong _reach;

        /// <summary>
        /// End of what is written; behind it, what is published may lag by a batch.
        /// </summary>
        private ulong _write;

        /// <summary>
        /// Up to where the fast path may write: the end of the room, or of the present stretch; 0
        /// while it must not write at all.
        /// </summary>
        private ulong _limit;

        /// <summary>
        /// Where the producer looks around, however much room there is: whether the ring's file
        /// still has its name.
        /// </summary>
        private ulong _stretchEnd;
        private readonly ulong _stretch;

        /// <summary>
        /// Whether the consumer had taken everything but one when each of the last stretches began.
        /// </summary>
        private uint _waitedFor;

        private bool _isBlocked;
        private ulong _sent;
        private ulong _bytes;

        /// <summary>
        /// The consumer's position as it was last read, plus a lap: never less room.
        /// </summary>
        private ulong _roomLimit;

        /// <summary>The batch's first publication word; 0 while there is none.</summary>
        private ulong _pending;

        /// <summary>What position and counters were before it.</summary>
        private ulong _pendingPosition;
        private ulong _pendingSent;
        private ulong _pendingBytes;

        /// <summary>
        /// Goes on where the last producer stopped, which may have died anywhere.
        /// </summary>
        /// <exception cref="SharedMemoryException">Corrupt.</exception>
        internal RingWriter(RingAttachment attachment)
        {
            _base = attachment.Base;
            _data = _base + RingHeaderLayout.Size;
            _capacity = attachment.Segment.Identity.Capacity;
            _mask = _capacity - 1;
            _reach = Math.Min(RingConstants.PrefetchDistance, _capacity / 16);
            _stretch = Math.Min(RingConstants.Stretch, _capacity / 8);
            _waitedFor = RingConstants.WaitedFor;
            _isBlocked = false;
            _pending = 0;
            _pendingPosition = 0;
            _pendingSent = 0;
            _pendingBytes = 0;
            RingRecovery.FindProducerPosition(_base, _capacity, out _write, out _sent);
            _bytes = *(ulong*)(_base + RingHeaderLayout.BytesSent);
            // As if the ring were full: the first send looks at the consumer's position.
            _roomLimit = _write;
            _stretchEnd = _write;
            _limit = _write;
            BadPosition = 0;
        }

        /// <summary>The consumer's position when it was impossible.</summary>
        internal ulong BadPosition { get; private set; }

        internal bool HasPending => _pending != 0;

        /// <summary>Whether it is time to look around before such a record.</summary>
        internal bool IsStretchOver(ulong stride) =>
            _write + stride + RingConstants.Word > _stretchEnd;

        /// <summary>Whether nothing that was published is left, nor came from another one.</summary>
        internal bool IsDrained =>
            Volatile.Read(ref *(ulong*)(_base + RingHeaderLayout.ReadPosition)) == _write
                && Volatile.Read(ref *(ulong*)(_data + (_write & _mask))) == 0;

        /// <summary>
        /// Bytes of a record that fits now, wherever the lap ends: of all that is free, what lies
        /// before or behind the end of the data area.
        /// </summary>
        internal ulong FreeBytes
        {
            get
            {
                ulong used = _write + _capacity - _roomLimit;
                ulong free = _capacity - Math.Min(used + RingConstants.Word, _capacity);
                ulong before = Math.Min(_capacity - (_write & _mask), free);
                return Math.Max(before, free - before);
            }
        }

        /// <summary>
        /// Whether there is hardly any room: producer and consumer are at each other's heels.
        /// </summary>
        internal bool IsTight =>
            _roomLimit - _write < Math.Min(RingConstants.TightRoom, _capacity / 4);

        /// <summary>
        /// Finds room for a record without looking at the consumer's position; null if that may
        /// help, if the record would cross the end of the lap, or while the fast path is blocked.
        /// </summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        internal byte* TryReserve(ulong stride)
        {
            ulong write = _write;
            ulong offset = write & _mask;
            return write + stride + RingConstants.Word <= _limit && stride <= _capacity - offset
                ? _data + offset
                : null;
        }

        /// <summary>
        /// Finds room for a record: Ok, Full, or Corrupt if the consumer's position is.
        /// </summary>
        internal ErrorCode Reserve(ulong stride, out byte* record)
        {
            ulong rest = _capacity - (_write & _mask);
            ulong skip = stride <= rest ? 0 : rest;
            record = _data + ((_write + skip) & _mask);
            return MakeRoom(skip + stride + RingConstants.Word);
        }

        /// <summary>
        /// Reads the consumer's position anew: Ok, or Corrupt if it is impossible.
        /// </summary>
        internal ErrorCode Reload()
        {
            // Pairs with the consumer's store in RingReader.Release: its reads of the records are
            // over before these bytes are written again.
            ulong read = Volatile.Read(ref *(ulong*)(_base + RingHeaderLayout.ReadPosition));
            if (unchecked(_write - read) > _capacity || read % RingConstants.Word != 0)
            {
                BadPosition = read;
                return ErrorCode.Corrupt;
            }

            _roomLimit = read + _capacity;
            SetLimit();
            return ErrorCode.Ok;
        }

        private ErrorCode MakeRoom(ulong need)
        {
            if (_write + need <= _roomLimit)
            {
                return ErrorCode.Ok;
            }

            ErrorCode code = Reload();
            return code == ErrorCode.Ok && _write + need > _roomLimit ? ErrorCode.Full : code;
        }

        /// <summary>
        /// Zeroes the last word of a record that does not fill it: padding is part of the record.
        /// To be called before the payload is written.
        /// </summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        internal static void ClearTail(byte* record, int payload)
        {
            if (payload % RingConstants.Word != 0)
            {
                byte* start = record + MessageHeaderLayout.Size;
                *(ulong*)(start + (payload & ~(RingConstants.Word - 1))) = 0;
            }
        }

        /// <summary>Writes the header of a reserved record, all but its first word.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        internal void WriteHeader(byte* record, MessageFlags flags) =>
            MessageHeaderLayout.Write(record, unchecked((uint)_sent), flags);

        /// <summary>
        /// The same, but keeps the bytes of fields that the engine does not know.
        /// </summary>
        internal void AmendHeader(byte* record, MessageFlags flags) =>
            MessageHeaderLayout.Amend(record, unchecked((uint)_sent), flags);

        /// <summary>Publishes one record, with the padding before it if there is some.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        internal void Publish(byte* record, uint type, int payload)
        {
            ulong first = Close(record, type, payload, out byte* start, out ulong end);
            ulong sent = unchecked(_sent + 1);
            ulong bytes = unchecked(_bytes + (ulong)payload);
            _write = end;
            _sent = sent;
            _bytes = bytes;
            // Pairs with the consumer's read in RingReader.TryLook. This store publishes.
            Volatile.Write(ref *(ulong*)start, first);
            StoreCounters(sent, bytes, end);
            ulong frame = (ulong)(MessageHeaderLayout.Size + (long)payload);
            if (_waitedFor == RingConstants.WaitedFor)
            {
                PrepareNext(end, Math.Min(Record.Stride(frame), RingConstants.PrefetchDistance));
            }
            else
            {
                ReachAhead(end, frame);
            }
        }

        /// <summary>Adds one record to the pending batch: nobody sees it before Flush.</summary>
        internal void Append(byte* record, uint type, int payload)
        {
            ulong first = Close(record, type, payload, out byte* start, out ulong end);
            if (_pending == 0)
            {
                _pending = first;
                _pendingPosition = _write;
                _pendingSent = _sent;
                _pendingBytes = _bytes;
                Block();
            }
            else
            {
                *(ulong*)start = first; // nobody looks here before the batch's first word is there
            }

            _write = end;
            _sent = unchecked(_sent + 1);
            _bytes = unchecked(_bytes + (ulong)payload);
        }

        /// <summary>Publishes the pending batch with one store.</summary>
        internal void Flush()
        {
            // Pairs with the consumer's read in RingReader.TryLook.
            Volatile.Write(ref *(ulong*)(_data + (_pendingPosition & _mask)), _pending);
            _pending = 0;
            Unblock();
            StoreCounters(_sent, _bytes, _write);
        }

        /// <summary>Forgets the pending batch: its room is free again.</summary>
        internal void Drop()
        {
            if (_pending != 0)
            {
                _pending = 0;
                _write = _pendingPosition;
                _sent = _pendingSent;
                _bytes = _pendingBytes;
                Unblock();
            }
        }

        /// <summary>Makes the fast path fail, at no cost to it.</summary>
        internal void Block()
        {
            _isBlocked = true;
            SetLimit();
        }

        /// <summary>Opens the fast path again.</summary>
        internal void Unblock()
        {
            _isBlocked = false;
            SetLimit();
        }

        /// <summary>Lets the next send look around.</summary>
        internal void EndStretch()
        {
            _stretchEnd = _write;
            SetLimit();
        }

        /// <summary>
        /// The producer has looked around, before a record of so many bytes: the fast path may go
        /// on for a while.
        /// </summary>
        internal void StartStretch(ulong stride)
        {
            _stretchEnd = _write + _stretch;
            SetLimit();
            ulong read = Volatile.Read(ref *(ulong*)(_base + RingHeaderLayout.ReadPosition));
            uint hadAll = unchecked(_write - read) <= stride ? 1U : 0U;
            _waitedFor = ((_waitedFor << 1) | hadAll) & RingConstants.WaitedFor;
        }

        private void SetLimit() => _limit = _isBlocked ? 0 : Math.Min(_roomLimit, _stretchEnd);

        internal void CountFailure()
        {
            ref ulong failures = ref *(ulong*)(_base + RingHeaderLayout.SendFailures);
            failures = unchecked(failures + 1);
        }

        /// <summary>
        /// Ends a record before anything makes it visible: zeroes the word behind it, which may
        /// hold an old payload. Returns the word that makes it visible, which belongs at the
        /// present position: the record's own, or that of the padding before it.
        /// </summary>
        /// <remarks>
        /// Works on copies of the fields: a store into the ring could, as far as the compiler
        /// knows, change them, and each use after it would load them again.
        /// </remarks>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private ulong Close(
            byte* record, uint type, int payload, out byte* start, out ulong end)
        {
            byte* data = _data;
            ulong mask = _mask;
            ulong write = _write;
            uint frame = (uint)(MessageHeaderLayout.Size + payload);
            ulong word = Record.Pack(frame, type);
            start = data + (write & mask);
            end = write + Record.Stride(frame);
            if (record != start)
            {
                ulong rest = mask + 1 - (write & mask);
                *(ulong*)record = word; // nobody looks here before the padding is published
                word = Record.Pack((uint)rest, 0);
                end += rest;
            }

            *(ulong*)(data + (end & mask)) = 0;
            return word;
        }

        /// <summary>
        /// If the consumer waits for each record: stores into the lines that the next one will be
        /// written to. The consumer's prefetcher has brought them over there; they come back while
        /// nobody waits, and not when the record is being written. (In a stream, which the consumer
        /// follows, it would take them again before they are used.)
        /// </summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private void PrepareNext(ulong end, ulong length)
        {
            ulong stop = end + length + RingConstants.Beyond;
            if (stop > _roomLimit)
            {
                return;
            }

            // The lines that start within a record's length of that end; free all of them, because
            // they lie behind the zero word.
            ulong at = (stop - length + (RingConstants.Line - 1)) & ~(RingConstants.Line - 1);
            for (; at < stop; at += RingConstants.Line)
            {
                _data[at & _mask] = 0;
            }
        }

        /// <summary>
        /// Stores into the lines that records of a stream will be written to soon, as many as this
        /// one took, if they are free: what the consumer has read last lies in its caches, and
        /// takes a while to come. (.NET has no call for the processor's prefetch for writing.)
        /// </summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private void ReachAhead(ulong end, ulong frame)
        {
            ulong ahead = end + _reach;
            if (((ahead ^ (ahead - frame)) & ~(RingConstants.Line - 1)) == 0)
            {
                return; // a small record, in a line that the one before it has reached
            }

            ulong stop = ahead + Math.Min(frame, RingConstants.PrefetchDistance);
            if (stop > _roomLimit)
            {
                return;
            }

            for (; ahead < stop; ahead += RingConstants.Line)
            {
                _data[ahead & _mask] = 0;
            }
        }

        /// <summary>
        /// In this order, for recovery: with the position stored, the count of messages must be
        /// right.
        /// </summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private void StoreCounters(ulong sent, ulong bytes, ulong position)
        {
            byte* header = _base;
            Volatile.Write(ref *(ulong*)(header + RingHeaderLayout.MessagesSent), sent);
            Volatile.Write(ref *(ulong*)(header + RingHeaderLayout.BytesSent), bytes);
            Volatile.Write(ref *(ulong*)(header + RingHeaderLayout.WritePosition), position);
        }
    }
}

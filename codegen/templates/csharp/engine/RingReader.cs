{% include "csharp/engine_head.cs" %}

using System;
using System.Runtime.CompilerServices;
using System.Threading;

namespace {{ view.namespace }}
{
    /// <summary>
    /// The consumer's half of the ring algorithm: memory only, no system call. One thread.
    /// </summary>
    internal unsafe struct RingReader
    {
        private readonly byte* _base;
        private readonly byte* _data;
        private readonly ulong _mask;
        private readonly ulong _capacity;

        /// <summary>End of what was taken; read_position may lag until Release.</summary>
        private ulong _read;
        private ulong _received;
        private ulong _bytes;

        /// <summary>
        /// The id that the next message should have; above 32 bits before the first.
        /// </summary>
        private ulong _expectedId;
        private ulong _corruptAt;

        /// <summary>Whether something was taken that was not given back yet.</summary>
        private bool _hasTaken;
        private RingDistance _distance;

        /// <summary>Goes on at the first message that was not released.</summary>
        /// <exception cref="SharedMemoryException">Corrupt.</exception>
        internal RingReader(RingAttachment attachment, Distance distance)
        {
            _base = attachment.Base;
            _data = _base + RingHeaderLayout.Size;
            _capacity = attachment.Segment.Identity.Capacity;
            _mask = _capacity - 1;
            _read = RingRecovery.FindConsumerPosition(_base, _capacity);
            _received = *(ulong*)(_base + RingHeaderLayout.MessagesReceived);
            _bytes = *(ulong*)(_base + RingHeaderLayout.BytesReceived);
            _expectedId = ulong.MaxValue;
            _corruptAt = ulong.MaxValue;
            _hasTaken = false;
            _distance = new RingDistance(distance, _capacity, _received, _read);
            BadWord = 0;
        }

        /// <summary>The word that starts no record.</summary>
        internal ulong BadWord { get; private set; }

        internal ulong Position => _read;

        /// <summary>Whether a quarter of the ring was taken and not released.</summary>
        internal bool HasMuchToRelease =>
            unchecked(_read - *(ulong*)(_base + RingHeaderLayout.ReadPosition)) >= _capacity / 4;

        /// <summary>
        /// Looks at the next record without taking it; false if there is none that is plain to see.
        /// </summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        internal bool TryLook(out byte* record, out uint type, out uint frame)
        {
            ulong offset = _read & _mask;
            record = _data + offset;
            // Pairs with the producer's store in RingWriter.Publish: the record's bytes, and the
            // zero word behind it, are visible once its word is.
            ulong word = Volatile.Read(ref *(ulong*)record);
            frame = Record.FrameOf(word);
            type = Record.TypeOf(word);
            return type != 0
                && frame >= MessageHeaderLayout.Size
                && frame <= RingConstants.MaxFrame
                && Record.Stride(frame) <= _capacity - offset;
        }

        /// <summary>
        /// Why TryLook said no: Empty, Corrupt, or Ok when padding was skipped: look again.
        /// </summary>
        internal ErrorCode Judge()
        {
            ulong word = Volatile.Read(ref *(ulong*)(_data + (_read & _mask)));
            ulong rest = _capacity - (_read & _mask);
            if (word == 0)
            {
                return ErrorCode.Empty;
            }

            if (Record.IsMessage(word, rest))
            {
                return ErrorCode.Ok; // it came between the two looks
            }

            if (Record.IsPadding(word, rest, _capacity))
            {
                _read += rest;
                return ErrorCode.Ok;
            }

            BadWord = word;
            if (_corruptAt != _read)
            {
                _corruptAt = _read; // counted once, however often it is looked at
                CountError();
            }

            return ErrorCode.Corrupt;
        }

        /// <summary>
        /// Whether anything is published at the present position, whatever it is.
        /// </summary>
        internal bool HasWord() => Volatile.Read(ref *(ulong*)(_data + (_read & _mask))) != 0;

        /// <summary>
        /// Takes the record that TryLook found; it stays this side's until Release.
        /// </summary>
        internal void Take(byte* record, uint frame)
        {
            uint id = MessageHeaderLayout.ReadId(record);
            if (id != _expectedId && _expectedId != ulong.MaxValue)
            {
                CountError(); // messages are missing
            }

            Advance(id, frame);
        }

        /// <summary>The same, if the record has the id that the next message should have.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        internal bool TryTake(byte* record, uint frame)
        {
            uint id = MessageHeaderLayout.ReadId(record);
            if (id != _expectedId)
            {
                return false;
            }

            Advance(id, frame);
            return true;
        }

        /// <summary>
        /// Takes the record at the present position, which was found to be a message.
        /// </summary>
        internal void TakeNext(int payload) =>
            Take(_data + (_read & _mask), (uint)(MessageHeaderLayout.Size + payload));

        /// <summary>
        /// Gives all that was taken back to the producer; false if there was nothing.
        /// </summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        internal bool Release()
        {
            if (!_hasTaken)
            {
                return false;
            }

            _hasTaken = false;
            byte* header = _base; // a copy, as in RingWriter.Close
            ulong bytes = _bytes;
            ulong read = _read;
            Volatile.Write(ref *(ulong*)(header + RingHeaderLayout.MessagesReceived), _received);
            Volatile.Write(ref *(ulong*)(header + RingHeaderLayout.BytesReceived), bytes);
            // Pairs with the producer's read in RingWriter.Reload.
            Volatile.Write(ref *(ulong*)(header + RingHeaderLayout.ReadPosition), read);
            return true;
        }

        /// <summary>The ring was found empty: pauses if that pays; false if it does not.</summary>
        internal bool KeepDistance()
        {
            if (!_distance.OnEmpty(_received, _read))
            {
                return false;
            }

            ulong pauseNs = _distance.Advance(Platform.Current.MonotonicNs());
            if (pauseNs != 0)
            {
                RingDistance.Pause(pauseNs);
            }

            return pauseNs != 0;
        }

        /// <summary>Where what is published now ends, or is no record.</summary>
        internal ulong FindEnd()
        {
            ulong position = _read;
            while (Step(ref position, out _, out _, out _))
            {
            }

            return position;
        }

        /// <summary>
        /// Where the last whole message starts that is published now; if there is none, where the
        /// one does that this side has already. Pieces that were taken already go before.
        /// </summary>
        internal ulong FindLatest(ulong latest, RingFragmentWalk pieces)
        {
            ulong position = _read;
            ulong start = _read;
            while (Step(ref position, out byte* record, out uint type, out uint frame))
            {
                // Padding may end the mapping where a header would go on: it has no flags to read.
                if (type != 0)
                {
                    int length = (int)(frame - MessageHeaderLayout.Size);
                    if ((MessageHeaderLayout.ReadFlags(record) & Layout.FlagFragment) == 0)
                    {
                        latest = start;
                    }
                    else if (pieces.Add(start, record, type, length))
                    {
                        latest = pieces.Start;
                    }
                }

                start = position;
            }

            return latest;
        }

        /// <summary>
        /// Goes over one record, or padding (of type 0), without taking it; false at the end of
        /// what is published, and at what is no record.
        /// </summary>
        private bool Step(ref ulong position, out byte* record, out uint type, out uint frame)
        {
            ulong rest = _capacity - (position & _mask);
            record = _data + (position & _mask);
            ulong word = Volatile.Read(ref *(ulong*)record);
            frame = Record.FrameOf(word);
            type = Record.TypeOf(word);
            bool isRecord = word != 0
                && (Record.IsMessage(word, rest) || Record.IsPadding(word, rest, _capacity));
            if (!isRecord || position - _read >= _capacity)
            {
                return false;
            }

            position += Record.Stride(frame);
            return true;
        }

        internal void CountError()
        {
            ref ulong errors = ref *(ulong*)(_base + RingHeaderLayout.ReceiveErrors);
            errors = unchecked(errors + 1);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private void Advance(uint id, uint frame)
        {
            unchecked
            {
                _expectedId = id + 1;
                _received++;
                _bytes += frame - MessageHeaderLayout.Size;
            }

            _read += Record.Stride(frame);
            _hasTaken = true;
        }
    }
}

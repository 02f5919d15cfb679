{% include "csharp/engine_head.cs" %}

using System;

namespace {{ view.namespace }}
{
    /// <summary>What a piece of a message starts with: its index and how many there are.</summary>
    internal static unsafe class RingFragment
    {
        internal static void WritePrefix(byte* to, uint index, uint count)
        {
            ((uint*)to)[0] = index;
            ((uint*)to)[1] = count;
        }

        internal static uint IndexOf(byte* payload) => ((uint*)payload)[0];

        internal static uint CountOf(byte* payload) => ((uint*)payload)[1];
    }

    /// <summary>What a piece did to the message that is being put together.</summary>
    internal enum RingAssembled
    {
        /// <summary>More pieces are to come.</summary>
        Partly,

        /// <summary>The message is whole.</summary>
        Whole,

        /// <summary>The message exceeds the limit; it is dropped.</summary>
        TooLarge,
    }

    /// <summary>
    /// Puts messages together from pieces, in memory of its own. A piece that does not go on where
    /// the last one ended belongs to a message whose sender died: what has come of it is dropped
    /// and counted.
    /// </summary>
    internal sealed unsafe class RingReassembler
    {
        private const int FirstCapacity = 4096;

        /// <summary>Longest array of bytes that a runtime makes.</summary>
        private const int LongestArray = 0x7FFFFFC7;

        private readonly int _limit;

        /// <summary>
        /// The header of the first piece, for what the message says besides its bytes, and the
        /// bytes. The collector's, so that a message that somebody still looks at stays readable.
        /// </summary>
        private byte[] _buffer = Array.Empty<byte>();
        private State _state;
        private uint _next;
        private uint _count;
        private int _length;
        private uint _type;

        internal RingReassembler(int limit)
        {
            _limit = Math.Min(limit, LongestArray - MessageHeaderLayout.Size);
        }

        /// <summary>Whether a record that is no piece would break a message off.</summary>
        internal bool IsUnderWay => _state != State.Idle;

        /// <summary>Where in the ring the first piece was.</summary>
        internal ulong Start { get; private set; }

        /// <summary>
        /// How large a message was that exceeded the limit, as far as it was seen.
        /// </summary>
        internal ulong Excess { get; private set; }

        /// <summary>The message that is whole.</summary>
        internal ReceivedMessage Message => new ReceivedMessage(
            new ReadOnlySpan<byte>(_buffer, MessageHeaderLayout.Size, _length), _type);

        /// <summary>Where a walk over what is published goes on.</summary>
        internal RingFragmentWalk Walk => _state == State.Collecting
            ? new RingFragmentWalk(Start, _next, _count, _type)
            : default(RingFragmentWalk);

        /// <summary>
        /// Expects no piece any more; true if a message is lost that was not given up before.
        /// </summary>
        internal bool Drop()
        {
            bool wasKept = _state == State.Collecting;
            _state = State.Idle;
            return wasKept;
        }

        /// <summary>The rest of the message under way, if there is one, is of no interest.</summary>
        internal void Discard() =>
            _state = _state == State.Idle ? State.Idle : State.Discarding;

        /// <summary>
        /// Adds a piece. <paramref name="lost"/> counts the messages that are found broken with
        /// it, each once however many of its pieces come.
        /// </summary>
        internal RingAssembled Add(
            ulong position, byte* record, uint type, int length, out int lost)
        {
            lost = 0;
            if (length < RingConstants.PrefixSize)
            {
                _ = Drop();
                lost = 1;
                return RingAssembled.Partly;
            }

            byte* payload = record + MessageHeaderLayout.Size;
            uint index = RingFragment.IndexOf(payload);
            uint count = RingFragment.CountOf(payload);
            bool isLast = (MessageHeaderLayout.ReadFlags(record) & Layout.FlagLastFragment) != 0;
            if (index == 0)
            {
                lost += Drop() ? 1 : 0;
                Begin(position, record, type, count);
            }

            bool goesOn = _state == State.Collecting
                && index == _next && count == _count && type == _type
                && isLast == (index + 1UL == count);
            if (!goesOn)
            {
                lost += _state == State.Discarding ? 0 : 1;
                _state = isLast ? State.Idle : State.Discarding;
                return RingAssembled.Partly;
            }

            byte* bytes = payload + RingConstants.PrefixSize;
            return Append(bytes, length - RingConstants.PrefixSize, isLast, ref lost);
        }

        private void Begin(ulong position, byte* record, uint type, uint count)
        {
            Grow(FirstCapacity);
            new ReadOnlySpan<byte>(record, MessageHeaderLayout.Size).CopyTo(_buffer);
            fixed (byte* header = _buffer)
            {
                MessageHeaderLayout.ClearFlags(header, Layout.EngineFlags);
            }

            Start = position;
            _state = State.Collecting;
            _next = 0;
            _count = count;
            _type = type;
            _length = 0;
        }

        private RingAssembled Append(byte* bytes, int length, bool isLast, ref int lost)
        {
            long size = (long)_length + length;
            if (size > _limit)
            {
                Excess = (ulong)size;
                lost++;
                _state = isLast ? State.Idle : State.Discarding;
                return RingAssembled.TooLarge;
            }

            Grow(size);
            new ReadOnlySpan<byte>(bytes, length).CopyTo(
                new Span<byte>(_buffer, MessageHeaderLayout.Size + _length, length));
            _length = (int)size;
            _next = unchecked(_next + 1); // only now: without memory for it, this piece is missing
            _state = isLast ? State.Idle : State.Collecting;
            return isLast ? RingAssembled.Whole : RingAssembled.Partly;
        }

        private void Grow(long length)
        {
            long needed = length + MessageHeaderLayout.Size;
            if (needed > _buffer.Length)
            {
                // Doubled, so that a message of many pieces is not moved for each; but no longer
                // than a message may be.
                long doubled = Math.Min(2L * _buffer.Length, (long)_limit + MessageHeaderLayout.Size);
                Array.Resize(ref _buffer, (int)Math.Max(needed, doubled));
            }
        }

        private enum State
        {
            /// <summary>No piece is expected.</summary>
            Idle,

            /// <summary>The pieces are kept.</summary>
            Collecting,

            /// <summary>The rest of a message that is lost already.</summary>
            Discarding,
        }
    }

    /// <summary>
    /// Finds out which pieces make a whole message, without taking them.
    /// </summary>
    internal unsafe struct RingFragmentWalk
    {
        private readonly uint _count;
        private readonly uint _type;
        private uint _next;

        internal RingFragmentWalk(ulong start, uint next, uint count, uint type)
        {
            Start = start;
            _next = next;
            _count = count;
            _type = type;
        }

        /// <summary>Where the first piece is.</summary>
        internal ulong Start { get; }

        /// <summary>
        /// Goes on with a piece; true if the message that starts at <see cref="Start"/> is whole
        /// with it.
        /// </summary>
        internal bool Add(ulong position, byte* record, uint type, int length)
        {
            if (length < RingConstants.PrefixSize)
            {
                this = default(RingFragmentWalk);
                return false;
            }

            byte* payload = record + MessageHeaderLayout.Size;
            uint index = RingFragment.IndexOf(payload);
            uint count = RingFragment.CountOf(payload);
            if (index == 0)
            {
                this = new RingFragmentWalk(position, 0, count, type);
            }

            if (index != _next || count != _count || type != _type)
            {
                this = default(RingFragmentWalk);
                return false;
            }

            _next = unchecked(_next + 1);
            bool isLast = (MessageHeaderLayout.ReadFlags(record) & Layout.FlagLastFragment) != 0;
            return isLast && _next == _count;
        }
    }
}

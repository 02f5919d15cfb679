{% include "csharp/head.cs" %}

using System;
using System.Runtime.InteropServices;

namespace {{ view.namespace }}
{
    /// <summary>What a piece of a message starts with: its index and how many there are.</summary>
    internal static unsafe class RingFragment
    {
        internal const int PrefixSize = 2 * sizeof(uint);

        /// <summary>Smallest size that a piece may be asked to have.</summary>
        internal const int LeastSize = 64;

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
    internal sealed unsafe class RingReassembler : SafeHandle
    {
        private const int FirstCapacity = 4096;

        private readonly int _limit;
        private State _state;
        private int _capacity;
        private uint _next;
        private uint _count;

        internal RingReassembler(int limit)
            : base(IntPtr.Zero, ownsHandle: true)
        {
            _limit = limit;
        }

        public override bool IsInvalid => handle == IntPtr.Zero;

        /// <summary>
        /// The header of the first piece, for what the message says besides its bytes.
        /// </summary>
        internal byte* Header => (byte*)handle;

        internal byte* Payload => Header + MessageHeaderLayout.Size;

        internal int Length { get; private set; }

        internal uint Type { get; private set; }

        /// <summary>Whether some but not all pieces have come.</summary>
        internal bool IsUnderWay => _state == State.Collecting;

        /// <summary>
        /// How large a message was that exceeded the limit, as far as it was seen.
        /// </summary>
        internal ulong Excess { get; private set; }

        /// <summary>Drops what has come; true if that was something.</summary>
        internal bool Drop()
        {
            bool wasUnderWay = IsUnderWay;
            _state = State.Idle;
            return wasUnderWay;
        }

        /// <summary>
        /// Adds a piece. <paramref name="lost"/> counts the messages that are lost with it: one
        /// under way that it does not continue, and the one that it belongs to; each once.
        /// </summary>
        internal RingAssembled Add(byte* record, uint type, byte* payload, int length, out int lost)
        {
            lost = 0;
            bool hasPrefix = length >= RingFragment.PrefixSize;
            uint index = hasPrefix ? RingFragment.IndexOf(payload) : 0;
            uint count = hasPrefix ? RingFragment.CountOf(payload) : 0;
            bool isLast = (MessageHeaderLayout.ReadFlags(record) & Layout.FlagLastFragment) != 0;
            bool isSound = hasPrefix && index < count && isLast == (index == count - 1);
            bool goesOn = isSound && _state != State.Idle
                && index == _next && count == _count && type == Type;
            if (!goesOn)
            {
                lost += Drop() ? 1 : 0;
                if (!isSound)
                {
                    lost++;
                    return RingAssembled.Partly;
                }

                lost += index != 0 ? 1 : 0; // the rest of a message whose start is lost
                Start(record, type, index, count);
            }

            _next++;
            byte* bytes = payload + RingFragment.PrefixSize;
            return Append(bytes, length - RingFragment.PrefixSize, isLast, ref lost);
        }

        protected override bool ReleaseHandle()
        {
            Marshal.FreeHGlobal(handle);
            return true;
        }

        private void Start(byte* record, uint type, uint index, uint count)
        {
            Grow(FirstCapacity);
            RingBytes.Copy(Header, record, MessageHeaderLayout.Size);
            MessageHeaderLayout.ClearFlags(Header, Layout.EngineFlags);
            _state = index == 0 ? State.Collecting : State.Discarding;
            _next = index;
            _count = count;
            Type = type;
            Length = 0;
        }

        private RingAssembled Append(byte* bytes, int length, bool isLast, ref int lost)
        {
            State before = _state;
            _state = isLast ? State.Idle : before;
            if (before == State.Discarding)
            {
                return RingAssembled.Partly;
            }

            long size = (long)Length + length;
            if (size > _limit)
            {
                Excess = (ulong)size;
                lost++;
                _state = isLast ? State.Idle : State.Discarding;
                return RingAssembled.TooLarge;
            }

            Grow((int)size);
            RingBytes.Copy(Payload + Length, bytes, length);
            Length = (int)size;
            return isLast ? RingAssembled.Whole : RingAssembled.Partly;
        }

        private void Grow(int length)
        {
            if (length <= _capacity && !IsInvalid)
            {
                return;
            }

            // Doubled, so that a message of many pieces is not moved for each.
            long capacity = Math.Min(Math.Max(length, 2L * _capacity), int.MaxValue);
            var size = (IntPtr)(capacity + MessageHeaderLayout.Size);
            SetHandle(
                IsInvalid ? Marshal.AllocHGlobal(size) : Marshal.ReAllocHGlobal(handle, size));
            _capacity = (int)capacity;
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
}

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

        /// <summary>Whether a record that is no piece would break a message off.</summary>
        internal bool IsUnderWay => _state != State.Idle;

        /// <summary>
        /// How large a message was that exceeded the limit, as far as it was seen.
        /// </summary>
        internal ulong Excess { get; private set; }

        /// <summary>
        /// Expects no piece any more; true if a message is lost that was not given up before.
        /// </summary>
        internal bool Drop()
        {
            bool wasKept = _state == State.Collecting;
            _state = State.Idle;
            return wasKept;
        }

        /// <summary>
        /// Adds a piece. <paramref name="lost"/> counts the messages that are found broken with
        /// it, each once however many of its pieces come.
        /// </summary>
        internal RingAssembled Add(byte* record, uint type, byte* payload, int length, out int lost)
        {
            lost = 0;
            if (length < RingFragment.PrefixSize)
            {
                _ = Drop();
                lost = 1;
                return RingAssembled.Partly;
            }

            uint index = RingFragment.IndexOf(payload);
            uint count = RingFragment.CountOf(payload);
            bool isLast = (MessageHeaderLayout.ReadFlags(record) & Layout.FlagLastFragment) != 0;
            if (index == 0)
            {
                lost += Drop() ? 1 : 0;
                Start(record, type, count);
            }

            bool goesOn = _state == State.Collecting
                && index == _next && count == _count && type == Type
                && isLast == (index + 1UL == count);
            if (!goesOn)
            {
                lost += _state == State.Discarding ? 0 : 1;
                _state = isLast ? State.Idle : State.Discarding;
                return RingAssembled.Partly;
            }

            byte* bytes = payload + RingFragment.PrefixSize;
            return Append(bytes, length - RingFragment.PrefixSize, isLast, ref lost);
        }

        protected override bool ReleaseHandle()
        {
            Marshal.FreeHGlobal(handle);
            return true;
        }

        private void Start(byte* record, uint type, uint count)
        {
            Grow(FirstCapacity);
            RingBytes.Copy(Header, record, MessageHeaderLayout.Size);
            MessageHeaderLayout.ClearFlags(Header, Layout.EngineFlags);
            _state = State.Collecting;
            _next = 0;
            _count = count;
            Type = type;
            Length = 0;
        }

        private RingAssembled Append(byte* bytes, int length, bool isLast, ref int lost)
        {
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
            _next++; // only now: without memory for it, this piece is missing
            _state = isLast ? State.Idle : State.Collecting;
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

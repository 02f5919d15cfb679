{% include "csharp/engine_head.cs" %}

using System;
using System.Threading;

namespace {{ view.namespace }}
{
    /// <summary>
    /// Where a side goes on after another one of its role, which may have died anywhere.
    /// </summary>
    internal static unsafe class RingRecovery
    {
        /// <summary>
        /// Where a new producer goes on, and how many messages were sent before. The dead one may
        /// have published records that it did not count any more: the walk finds them. What it
        /// wrote without publishing lies behind a zero word and is overwritten. The result is
        /// stored, the counter first, so that dying here changes nothing either.
        /// </summary>
        /// <exception cref="SharedMemoryException">Corrupt.</exception>
        internal static void FindProducerPosition(
            byte* header, ulong capacity, out ulong position, out ulong sent)
        {
            ulong start = Volatile.Read(ref *(ulong*)(header + RingHeaderLayout.WritePosition));
            sent = Volatile.Read(ref *(ulong*)(header + RingHeaderLayout.MessagesSent));
            CheckPosition(RingHeaderLayout.WritePosition, start);
            var walk = new Walk(header, capacity, start);
            position = walk.Go(ulong.MaxValue);
            if (walk.FoundMessages)
            {
                // In 32 bits, then added in 64.
                sent = unchecked(sent + (walk.LastId + 1 - (uint)sent));
            }

            // After the walk, because a consumer may have received what it found.
            ulong read = Volatile.Read(ref *(ulong*)(header + RingHeaderLayout.ReadPosition));
            if (unchecked(position - read) > capacity || read % RingConstants.Word != 0)
            {
                throw Corrupt(
                    RingHeaderLayout.ReadPosition,
                    read,
                    "read_position is not within a lap behind write_position");
            }

            if (position != start)
            {
                Volatile.Write(ref *(ulong*)(header + RingHeaderLayout.MessagesSent), sent);
                Volatile.Write(ref *(ulong*)(header + RingHeaderLayout.WritePosition), position);
            }
        }

        /// <summary>
        /// Where a new consumer goes on: at read_position, if records start there.
        /// </summary>
        /// <exception cref="SharedMemoryException">Corrupt.</exception>
        internal static ulong FindConsumerPosition(byte* header, ulong capacity)
        {
            ulong read = Volatile.Read(ref *(ulong*)(header + RingHeaderLayout.ReadPosition));
            CheckPosition(RingHeaderLayout.ReadPosition, read);
            SharedMemoryException why = null;
            for (int attempt = 0; attempt < RingConstants.StartLooks; attempt++)
            {
                ulong write = Volatile.Read(ref *(ulong*)(header + RingHeaderLayout.WritePosition));
                CheckPosition(RingHeaderLayout.WritePosition, write);
                if (unchecked(write - read) <= capacity)
                {
                    return read;
                }

                if (unchecked(read - write) > capacity)
                {
                    throw Corrupt(
                        RingHeaderLayout.ReadPosition, read, "read_position is off by laps");
                }

                // The last consumer had received what the producer has not counted yet, or died
                // before counting: then published records lead from there to here.
                try
                {
                    if (new Walk(header, capacity, write).Go(read) == read)
                    {
                        return read;
                    }

                    why = Corrupt(
                        RingHeaderLayout.ReadPosition,
                        read,
                        "read_position is beyond write_position");
                }
                catch (SharedMemoryException corrupt)
                {
                    why = corrupt;
                }

                // A live producer may be writing over what the walk read: look again.
                Thread.Yield();
            }

            throw why;
        }

        internal static SharedMemoryException Corrupt(ulong position, ulong value, string why) =>
            new SharedMemoryException(
                ErrorCode.Corrupt,
                "corrupt ring at " + RingText.Of(position) + ": found "
                    + RingText.Hex(value, 1) + ": " + why,
                position,
                value);

        private static void CheckPosition(int field, ulong value)
        {
            if (value % RingConstants.Word != 0)
            {
                throw Corrupt((ulong)field, value, "a position is not a multiple of 8");
            }

            if (value > long.MaxValue)
            {
                throw Corrupt((ulong)field, value, "a position that no ring reaches");
            }
        }

        /// <summary>A walk over published records, each checked as a consumer would.</summary>
        private struct Walk
        {
            private readonly byte* _data;
            private readonly ulong _capacity;
            private readonly ulong _start;

            internal Walk(byte* header, ulong capacity, ulong start)
            {
                _data = header + RingHeaderLayout.Size;
                _capacity = capacity;
                _start = start;
                FoundMessages = false;
                LastId = 0;
            }

            internal bool FoundMessages { get; private set; }

            internal uint LastId { get; private set; }

            /// <summary>
            /// Walks to the first zero word or to a position; returns where it ended.
            /// </summary>
            internal ulong Go(ulong target)
            {
                ulong position = _start;
                while (position != target)
                {
                    ulong offset = position & (_capacity - 1);
                    ulong rest = _capacity - offset;
                    // Pairs with the producer's store in RingWriter.Publish.
                    ulong word = Volatile.Read(ref *(ulong*)(_data + offset));
                    if (word == 0)
                    {
                        break;
                    }

                    if (position - _start >= _capacity)
                    {
                        throw Corrupt(position, word, "published records exceed a lap");
                    }

                    if (Record.IsMessage(word, rest))
                    {
                        FoundMessages = true;
                        LastId = MessageHeaderLayout.ReadId(_data + offset);
                        position += Record.Stride(Record.FrameOf(word));
                    }
                    else if (Record.IsPadding(word, rest, _capacity))
                    {
                        position += rest;
                    }
                    else
                    {
                        throw Corrupt(position, word, "no record starts here");
                    }
                }

                return position;
            }
        }
    }
}

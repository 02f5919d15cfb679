{% include "csharp/engine_head.cs" %}

using System;
using System.Collections.Generic;
using System.Runtime.ConstrainedExecution;
using System.Threading;

namespace {{ view.namespace }}
{
    /// <summary>
    /// Mapped bytes of a file. Their addresses can be read and written for as long as the process
    /// runs, whatever becomes of the ring.
    /// </summary>
    /// <remarks>
    /// <para>A span of a received message or of a claim is nothing but an address and a length.
    /// Nobody knows who still holds one when a ring is closed, perhaps by another thread while this
    /// one reads. So closing takes away the file, but never the addresses: memory of this process
    /// takes its place, which reads as zero, costs nothing unless it is written to, and belongs to
    /// nobody else.</para>
    /// <para>When no object leads to the mapping any more its addresses are used for another ring
    /// of the same size. So there are never more of them than rings were open at the same
    /// time.</para>
    /// </remarks>
    internal sealed unsafe class RingMapping : CriticalFinalizerObject
    {
        private readonly ulong _size;
        private int _isVacated;

        internal RingMapping(byte* address, ulong size)
        {
            Address = address;
            _size = size;
        }

        ~RingMapping()
        {
            Vacate();
            Platform.Current.GiveBack(Address, _size);
        }

        internal byte* Address { get; }

        /// <summary>
        /// Puts memory of this process in place of the file's. Again: no effect.
        /// </summary>
        internal void Vacate()
        {
            if (Interlocked.Exchange(ref _isVacated, 1) == 0)
            {
                Platform.Current.Vacate(Address, _size);
            }
        }
    }

    /// <summary>Addresses of mappings that are no longer in use, by size.</summary>
    internal static class RingAddresses
    {
        private static readonly Dictionary<ulong, Stack<IntPtr>> Free =
            new Dictionary<ulong, Stack<IntPtr>>();

        /// <summary>Takes a range of this size; null if there is none.</summary>
        internal static IntPtr? Take(ulong size)
        {
            lock (Free)
            {
                bool isThere = Free.TryGetValue(size, out Stack<IntPtr> ranges);
                return isThere && ranges.Count > 0 ? ranges.Pop() : (IntPtr?)null;
            }
        }

        internal static void Add(IntPtr address, ulong size)
        {
            lock (Free)
            {
                if (!Free.TryGetValue(size, out Stack<IntPtr> ranges))
                {
                    ranges = new Stack<IntPtr>();
                    Free.Add(size, ranges);
                }

                ranges.Push(address);
            }
        }
    }
}

{% include "csharp/head.cs" %}

using System;
using System.Runtime.InteropServices;

namespace {{ view.namespace }}
{
    /// <summary>Plain structs as bytes, without unsafe code in generic methods.</summary>
    /// <typeparam name="T">A struct without references.</typeparam>
    internal static class RingPlain<T>
        where T : struct
    {
        /// <summary>Bytes of the struct; refuses one with references.</summary>
        internal static int Size { get; } = MemoryMarshal.AsBytes<T>(new T[1]).Length;

        internal static void Write(T value, Span<byte> to) => MemoryMarshal.Write(to, ref value);

        internal static bool TryRead(ReadOnlySpan<byte> from, out T value)
        {
            value = default(T);
            if (from.Length != Size)
            {
                return false;
            }

            value = MemoryMarshal.Read<T>(from);
            return true;
        }
    }
}

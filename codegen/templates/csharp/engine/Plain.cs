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
        internal static int Size { get; } = MemoryMarshal.AsBytes(new Span<T>(new T[1])).Length;

        internal static void Write(ref T value, Span<byte> to)
        {
#if NET8_0_OR_GREATER
            MemoryMarshal.Write(to, in value);
#else
            MemoryMarshal.Write(to, ref value);
#endif
        }

        /// <summary>Reads a struct; what a payload of an older sender lacks becomes zero.</summary>
        internal static void Read(ReadOnlySpan<byte> from, out T value)
        {
            if (from.Length >= Size)
            {
                value = MemoryMarshal.Read<T>(from);
                return;
            }

            var whole = new T[1];
            from.CopyTo(MemoryMarshal.AsBytes(new Span<T>(whole)));
            value = whole[0];
        }

        internal static bool TryRead(ReadOnlySpan<byte> from, out T value)
        {
            bool fits = from.Length == Size;
            value = fits ? MemoryMarshal.Read<T>(from) : default(T);
            return fits;
        }
    }
}

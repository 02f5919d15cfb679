{% include "csharp/engine_head.cs" %}

using System;
using System.Runtime.InteropServices;

namespace {{ view.namespace }}
{
    /// <summary>
    /// A struct of its own on the heap. Not an array: the elements of one are at most 65,535 bytes
    /// large.
    /// </summary>
    /// <typeparam name="T">The struct.</typeparam>
    internal sealed class RingBox<T>
        where T : struct
    {
        internal T Value;
    }

    /// <summary>Plain structs as bytes, without unsafe code in generic methods.</summary>
    /// <typeparam name="T">A struct without references.</typeparam>
    internal static class RingPlain<T>
        where T : struct
    {
        /// <summary>Bytes of the struct; refuses one with references.</summary>
        internal static int Size { get; } = Measure();

        internal static void Write(in T value, Span<byte> to)
        {
#if NET8_0_OR_GREATER
            MemoryMarshal.Write(to, in value);
#else
            T copy = value;
            MemoryMarshal.Write(to, ref copy);
#endif
        }

        internal static bool TryRead(ReadOnlySpan<byte> from, out T value)
        {
            bool fits = from.Length == Size;
            value = fits ? MemoryMarshal.Read<T>(from) : default(T);
            return fits;
        }

        private static int Measure()
        {
#if NETSTANDARD2_1_OR_GREATER || NETCOREAPP3_0_OR_GREATER
            var box = new RingBox<T>();
            return MemoryMarshal.AsBytes(MemoryMarshal.CreateSpan(ref box.Value, 1)).Length;
#else
            return MemoryMarshal.AsBytes(new Span<T>(new T[1])).Length;
#endif
        }
    }
}

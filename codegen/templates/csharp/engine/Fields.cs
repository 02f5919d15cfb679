{% include "csharp/engine_head.cs" %}

using System;
using System.Collections.Generic;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace {{ view.namespace }}
{
    /// <summary>What the generated array and text fields share.</summary>
    internal static unsafe class RingField
    {
        internal static void CheckIndex(int index, int length)
        {
            if (index < 0 || index >= length)
            {
                throw new ArgumentOutOfRangeException(
                    nameof(index), index, "there is no such element");
            }
        }

        internal static void CheckCount(int elements, int length)
        {
            if (elements > length)
            {
                throw new ArgumentOutOfRangeException(
                    nameof(elements), elements, "at most " + RingText.Of(length) + " elements fit");
            }
        }

        /// <summary>Writes a struct that lies in memory.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        internal static void Write(byte* from, int size, Span<byte> to)
        {
            if (to.Length < size)
            {
                throw new ArgumentException(
                    "a payload of " + RingText.Of(size) + " bytes does not fit", nameof(to));
            }

            fixed (byte* start = &MemoryMarshal.GetReference(to))
            {
                RingBytes.Copy(start, from, size);
            }
        }

        /// <summary>
        /// Reads a struct in place: what the payload of an older sender lacks becomes zero, what a
        /// newer one has behind it is left out.
        /// </summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        internal static void Read(ReadOnlySpan<byte> from, byte* to, int size)
        {
            int length = Math.Min(from.Length, size);
            fixed (byte* start = &MemoryMarshal.GetReference(from))
            {
                RingBytes.Copy(to, start, length);
            }

            if (length < size)
            {
                new Span<byte>(to + length, size - length).Clear();
            }
        }

        internal static int HashOf(ReadOnlySpan<byte> bytes)
        {
            int hash = 0;
            foreach (byte one in bytes)
            {
                hash = unchecked((hash * 31) + one);
            }

            return hash;
        }

        /// <summary>A text's bytes, up to its first zero.</summary>
        internal static ReadOnlySpan<byte> TextOf(byte* start, int length)
        {
            int count = 0;
            while (count < length && start[count] != 0)
            {
                count++;
            }

            return new ReadOnlySpan<byte>(start, count);
        }

        internal static void SetText(byte* start, int length, string text)
        {
            int size = RingUtf8.CountBytes(text ?? string.Empty);
            if (size < 0)
            {
                throw new ArgumentException("the text holds half a surrogate pair", nameof(text));
            }

            if (size > length)
            {
                throw new ArgumentException(
                    "the text has " + RingText.Of(size)
                        + " bytes, but the field at most " + RingText.Of(length),
                    nameof(text));
            }

            var field = new Span<byte>(start, length);
            field.Clear();
            _ = RingUtf8.Write(text ?? string.Empty, field);
        }
    }

    /// <summary>The variable part at the end of some payloads.</summary>
    internal static unsafe class RingTail
    {
        /// <summary>Bytes of a payload that ends in elements; at most what an int can say.</summary>
        internal static int SizeWith<T>(int fixedSize, T[] elements, int elementSize)
        {
            long size = elements == null ? 0 : (long)elements.Length * elementSize;
            return (int)Math.Min(fixedSize + size, int.MaxValue);
        }

        /// <summary>Bytes of a payload that ends in a text; -1 if it is no text.</summary>
        internal static int SizeWith(int fixedSize, string text)
        {
            int size = RingUtf8.CountBytes(text ?? string.Empty);
            return size < 0 ? size : (int)Math.Min((long)fixedSize + size, int.MaxValue);
        }

        internal static bool SameText(string left, string right) =>
            string.Equals(left ?? string.Empty, right ?? string.Empty, StringComparison.Ordinal);

        internal static bool SameElements<T>(T[] left, T[] right)
        {
            EqualityComparer<T> comparer = EqualityComparer<T>.Default;
            int count = left == null ? 0 : left.Length;
            bool areSame = count == (right == null ? 0 : right.Length);
            for (int i = 0; areSame && i < count; i++)
            {
                areSame = comparer.Equals(left[i], right[i]);
            }

            return areSame;
        }

        internal static int HashOfText(string text)
        {
            int hash = 0;
            foreach (char c in text ?? string.Empty)
            {
                hash = unchecked((hash * 31) + c);
            }

            return hash;
        }

        internal static int HashOfElements<T>(T[] elements)
        {
            int hash = 0;
            foreach (T element in elements ?? Array.Empty<T>())
            {
                hash = unchecked((hash * 31) + element.GetHashCode());
            }

            return hash;
        }

        internal static string ShowText(string text) => text ?? string.Empty;

        internal static string ShowElements<T>(T[] elements)
        {
            var text = new StringBuilder();
            int length = elements == null ? 0 : elements.Length;
            for (int i = 0; i < length && RingText.BeginElement(text, i); i++)
            {
                object element = elements[i];
                _ = text.Append(element is IFormattable number
                    ? number.ToString(null, CultureInfo.InvariantCulture)
                    : element.ToString());
            }

            return RingText.EndElements(text, length);
        }

        internal static void Write(string text, Span<byte> to) =>
            _ = RingUtf8.Write(text ?? string.Empty, to);

        internal static void Write<T>(T[] elements, Span<byte> to)
            where T : struct
            => MemoryMarshal.AsBytes(new Span<T>(elements)).CopyTo(to);

        internal static void WriteBools(bool[] elements, Span<byte> to)
        {
            for (int i = 0; i < to.Length; i++)
            {
                to[i] = elements[i] ? (byte)1 : (byte)0;
            }
        }

        internal static Status Read(ReadOnlySpan<byte> from, out string text)
        {
            text = RingUtf8.Read(from);
            return text != null ? ErrorCode.Ok : ErrorCode.InvalidUtf8;
        }

        internal static Status Read<T>(ReadOnlySpan<byte> from, int elementSize, out T[] elements)
            where T : struct
        {
            elements = Array.Empty<T>();
            if (from.Length % elementSize != 0)
            {
                return ErrorCode.SizeMismatch;
            }

            if (from.Length > 0)
            {
                elements = new T[from.Length / elementSize];
                from.CopyTo(MemoryMarshal.AsBytes(new Span<T>(elements)));
            }

            return ErrorCode.Ok;
        }

        internal static Status ReadBools(ReadOnlySpan<byte> from, out bool[] elements)
        {
            elements = new bool[from.Length];
            for (int i = 0; i < from.Length; i++)
            {
                elements[i] = from[i] != 0;
            }

            return ErrorCode.Ok;
        }
    }
}

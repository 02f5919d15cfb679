{% include "csharp/engine_head.cs" %}

using System;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace {{ view.namespace }}
{
    /// <summary>Copies of bytes, the short ones without a call.</summary>
    internal static unsafe class RingBytes
    {
        /// <summary>Copies a span to where it fits.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        internal static void Copy(byte* to, ReadOnlySpan<byte> from)
        {
            fixed (byte* source = &MemoryMarshal.GetReference(from))
            {
                Copy(to, source, from.Length);
            }
        }

        /// <summary>
        /// Copies bytes that do not overlap. Two moves that may meet in the middle cover every
        /// length between a power of two and its double; a call costs more than all of a short
        /// copy.
        /// </summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        internal static void Copy(byte* to, byte* from, int length)
        {
            if (length > 64)
            {
                Buffer.MemoryCopy(from, to, length, length);
            }
            else if (length >= 32)
            {
                *(Block32*)to = *(Block32*)from;
                *(Block32*)(to + length - 32) = *(Block32*)(from + length - 32);
            }
            else
            {
                CopyShort(to, from, length);
            }
        }

        private static void CopyShort(byte* to, byte* from, int length)
        {
            if (length >= 16)
            {
                *(Block16*)to = *(Block16*)from;
                *(Block16*)(to + length - 16) = *(Block16*)(from + length - 16);
            }
            else if (length >= 8)
            {
                *(ulong*)to = *(ulong*)from;
                *(ulong*)(to + length - 8) = *(ulong*)(from + length - 8);
            }
            else if (length >= 4)
            {
                *(uint*)to = *(uint*)from;
                *(uint*)(to + length - 4) = *(uint*)(from + length - 4);
            }
            else
            {
                for (int i = 0; i < length; i++)
                {
                    to[i] = from[i];
                }
            }
        }

        [StructLayout(LayoutKind.Sequential, Size = 16)]
        private struct Block16
        {
            internal ulong A;
            internal ulong B;
        }

        [StructLayout(LayoutKind.Sequential, Size = 32)]
        private struct Block32
        {
            internal ulong A;
            internal ulong B;
            internal ulong C;
            internal ulong D;
        }
    }

    /// <summary>UTF-8 as the protocol wants it: well-formed, or refused.</summary>
    internal static unsafe class RingUtf8
    {
        private static readonly UTF8Encoding Strict = new UTF8Encoding(false, true);

        private static readonly UTF8Encoding Lenient = new UTF8Encoding(false, false);

        /// <summary>Bytes of a text in UTF-8; -1 if it holds half a surrogate pair.</summary>
        internal static int CountBytes(string text)
        {
            try
            {
                return Strict.GetByteCount(text);
            }
            catch (EncoderFallbackException)
            {
                return -1;
            }
        }

        /// <summary>Writes a text whose bytes were counted.</summary>
        internal static int Write(string text, Span<byte> to)
        {
            fixed (char* from = &MemoryMarshal.GetReference(text.AsSpan()))
            fixed (byte* start = &MemoryMarshal.GetReference(to))
            {
                return text.Length == 0 ? 0 : Strict.GetBytes(from, text.Length, start, to.Length);
            }
        }

        /// <summary>A path as libc takes it: with a zero at its end.</summary>
        internal static byte[] ZeroTerminated(string text)
        {
            byte[] bytes = new byte[Lenient.GetByteCount(text) + 1];
            _ = Lenient.GetBytes(text, 0, text.Length, bytes, 0);
            return bytes;
        }

        /// <summary>Reads a text; null if the bytes are not UTF-8.</summary>
        internal static string Read(ReadOnlySpan<byte> bytes)
        {
            try
            {
                return Read(Strict, bytes);
            }
            catch (DecoderFallbackException)
            {
                return null;
            }
        }

        /// <summary>Where the first byte is that is not UTF-8.</summary>
        /// <remarks>The exceptions of decoders name one place on Mono, another on .NET.</remarks>
        internal static ulong FirstBad(ReadOnlySpan<byte> bytes)
        {
            int at = 0;
            while (at < bytes.Length)
            {
                int length = SequenceLength(bytes.Slice(at));
                if (length == 0)
                {
                    break;
                }

                at += length;
            }

            return (ulong)at;
        }

        /// <summary>Where the first half of a surrogate pair stands alone.</summary>
        internal static ulong FirstBad(string text)
        {
            try
            {
                return (ulong)Strict.GetByteCount(text);
            }
            catch (EncoderFallbackException e)
            {
                return (ulong)Math.Max(e.Index, 0);
            }
        }

        /// <summary>Reads a text for display: what is not UTF-8 becomes U+FFFD.</summary>
        internal static string Show(ReadOnlySpan<byte> bytes) => Read(Lenient, bytes);

        /// <summary>Bytes of the character that a text begins with; 0 if it is none.</summary>
        private static int SequenceLength(ReadOnlySpan<byte> bytes)
        {
            byte lead = bytes[0];
            if (lead < 0x80)
            {
                return 1;
            }

            int length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
            if (lead < 0xC2 || lead > 0xF4 || bytes.Length < length)
            {
                return 0;
            }

            byte next = bytes[1];
            bool isWrong = (lead == 0xE0 && next < 0xA0) || (lead == 0xED && next > 0x9F)
                || (lead == 0xF0 && next < 0x90) || (lead == 0xF4 && next > 0x8F);
            for (int i = 1; i < length; i++)
            {
                isWrong |= (bytes[i] & 0xC0) != 0x80;
            }

            return isWrong ? 0 : length;
        }

        private static string Read(UTF8Encoding encoding, ReadOnlySpan<byte> bytes)
        {
            fixed (byte* start = &MemoryMarshal.GetReference(bytes))
            {
                return bytes.Length == 0 ? string.Empty : encoding.GetString(start, bytes.Length);
            }
        }
    }

    /// <summary>Numbers and lists as text, the same in every culture.</summary>
    internal static class RingText
    {
        /// <summary>Elements of a list that are shown.</summary>
        private const int MostElements = 16;

        internal static string Of(long value) => value.ToString(CultureInfo.InvariantCulture);

        internal static string Of(ulong value) => value.ToString(CultureInfo.InvariantCulture);

        internal static string Of(double value) =>
            value.ToString("R", CultureInfo.InvariantCulture);

        internal static string Of(float value) =>
            value.ToString("R", CultureInfo.InvariantCulture);

        internal static string Of(bool value) => value ? "true" : "false";

        /// <summary>
        /// Begins element <paramref name="index"/> of a list; false if that is more than one wants
        /// to read.
        /// </summary>
        internal static bool BeginElement(StringBuilder text, int index)
        {
            if (index < MostElements)
            {
                _ = text.Append(index == 0 ? "[" : ", ");
            }

            return index < MostElements;
        }

        /// <summary>Ends a list of so many elements, of which some may be left out.</summary>
        internal static string EndElements(StringBuilder text, int length)
        {
            string end = length > MostElements ? ", ... of " + Of(length) + "]" : "]";
            return length == 0 ? "[]" : text.Append(end).ToString();
        }

        internal static string Hex(ulong value, int digits, bool prefix = true)
        {
            string format = "x" + Of(digits);
            string number = value.ToString(format, CultureInfo.InvariantCulture);
            return prefix ? "0x" + number : number;
        }
    }
}

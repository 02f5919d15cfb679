{% include "csharp/engine_head.cs" %}

using System;

namespace {{ view.namespace }}
{
    /// <summary>
    /// The constant part of a ring's header: written before the ring has a name, checked by
    /// everyone who opens it.
    /// </summary>
    internal sealed unsafe class RingIdentity
    {
        private RingIdentity(ulong capacity, ulong schemaHash, ulong createdUnixNs)
        {
            Capacity = capacity;
            SchemaHash = schemaHash;
            CreatedUnixNs = createdUnixNs;
        }

        /// <summary>Bytes in the data area: a power of two within the limits.</summary>
        internal ulong Capacity { get; }

        internal ulong SchemaHash { get; }

        internal ulong CreatedUnixNs { get; }

        internal ulong FileSize => RingHeaderLayout.Size + Capacity;

        /// <summary>The identity of a ring that is made now.</summary>
        /// <exception cref="SharedMemoryException">InvalidCapacity.</exception>
        internal static RingIdentity ForNew(SharedMemoryOptions options)
        {
            long asked = options.Capacity ?? Layout.DefaultCapacity;
            return new RingIdentity(RoundCapacity(asked), Layout.SchemaHash, Platform.UnixNs());
        }

        /// <summary>The power of two that an asked capacity stands for.</summary>
        /// <exception cref="SharedMemoryException">InvalidCapacity.</exception>
        internal static ulong RoundCapacity(long asked)
        {
            if (asked <= 0 || asked > (long)RingConstants.MaxCapacity)
            {
                string text = "capacity " + RingText.Of(asked) + " asked; at least "
                    + RingText.Of(RingConstants.MinCapacity) + " and at most "
                    + RingText.Of(RingConstants.MaxCapacity)
                    + " bytes are possible";
                throw new SharedMemoryException(
                    ErrorCode.InvalidCapacity,
                    text,
                    RingConstants.MaxCapacity,
                    unchecked((ulong)asked));
            }

            ulong capacity = RingConstants.MinCapacity;
            while (capacity < (ulong)asked)
            {
                capacity *= 2;
            }

            return capacity;
        }

        /// <summary>Writes the identity into the header of a new ring, which is all zero.</summary>
        internal void Write(byte* header)
        {
            *(uint*)(header + RingHeaderLayout.Magic) = Layout.Magic;
            *(ushort*)(header + RingHeaderLayout.VersionMajor) = Layout.VersionMajor;
            *(ushort*)(header + RingHeaderLayout.VersionMinor) = Layout.VersionMinor;
            *(ulong*)(header + RingHeaderLayout.LayoutHash) = Layout.LayoutHash;
            *(ulong*)(header + RingHeaderLayout.SchemaHash) = SchemaHash;
            *(ulong*)(header + RingHeaderLayout.Capacity) = Capacity;
            *(uint*)(header + RingHeaderLayout.HeaderSize) = RingHeaderLayout.Size;
            *(ulong*)(header + RingHeaderLayout.CreatedUnixNs) = CreatedUnixNs;
        }

        /// <summary>Checks an existing ring's header, of which nothing is believed.</summary>
        /// <exception cref="SharedMemoryException">What does not match, expected and
        /// found.</exception>
        internal static RingIdentity Check(
            byte[] bytes, string path, ulong fileSize, SharedMemoryOptions options)
        {
            fixed (byte* header = bytes)
            {
                uint magic = *(uint*)(header + RingHeaderLayout.Magic);
                if (magic != Layout.Magic)
                {
                    throw WrongMagic(path, magic);
                }

                ushort major = *(ushort*)(header + RingHeaderLayout.VersionMajor);
                ushort minor = *(ushort*)(header + RingHeaderLayout.VersionMinor);
                if (major != Layout.VersionMajor)
                {
                    throw WrongVersion(path, major, minor);
                }

                uint size = *(uint*)(header + RingHeaderLayout.HeaderSize);
                if (size != RingHeaderLayout.Size)
                {
                    throw Mismatch(
                        ErrorCode.HeaderSizeMismatch,
                        path,
                        "header size",
                        RingHeaderLayout.Size,
                        size);
                }

                ulong layout = *(ulong*)(header + RingHeaderLayout.LayoutHash);
                if (layout != Layout.LayoutHash)
                {
                    throw HashMismatch(
                        ErrorCode.LayoutMismatch,
                        path,
                        "layout hash",
                        Layout.LayoutHash,
                        layout);
                }

                ulong capacity = *(ulong*)(header + RingHeaderLayout.Capacity);
                CheckCapacity(path, capacity, fileSize, options);
                ulong schema = *(ulong*)(header + RingHeaderLayout.SchemaHash);
                CheckSchema(path, minor, schema, options);
                return new RingIdentity(
                    capacity, schema, *(ulong*)(header + RingHeaderLayout.CreatedUnixNs));
            }
        }

        internal static SharedMemoryException Mismatch(
            ErrorCode code, string path, string what, ulong expected, ulong found)
        {
            string text = "'" + path + "': expected " + what + " " + RingText.Of(expected)
                + ", found " + RingText.Of(found);
            return new SharedMemoryException(code, text, expected, found);
        }

        private static SharedMemoryException HashMismatch(
            ErrorCode code, string path, string what, ulong expected, ulong found)
        {
            string text = "'" + path + "': expected " + what + " " + RingText.Hex(expected, 16)
                + ", found " + RingText.Hex(found, 16);
            return new SharedMemoryException(code, text, expected, found);
        }

        private static SharedMemoryException WrongMagic(string path, uint magic)
        {
            uint swapped =
                (magic >> 24) | ((magic >> 8) & 0xFF00) | ((magic << 8) & 0xFF0000) | (magic << 24);
            bool isSwapped = swapped == Layout.Magic;
            string what = isSwapped ? "a ring of the other byte order" : "no ring of this protocol";
            string text = "'" + path + "' is " + what + ": expected magic "
                + RingText.Hex(Layout.Magic, 8) + ", found " + RingText.Hex(magic, 8);
            ErrorCode code = isSwapped ? ErrorCode.WrongEndianness : ErrorCode.BadMagic;
            return new SharedMemoryException(code, text, Layout.Magic, magic);
        }

        private static SharedMemoryException WrongVersion(string path, ushort major, ushort minor)
        {
            string found = RingText.Of(major) + "." + RingText.Of(minor);
            string text = "'" + path + "': expected version "
                + RingText.Of(Layout.VersionMajor) + "." + RingText.Of(Layout.VersionMinor)
                + ", found " + found;
            return new SharedMemoryException(
                ErrorCode.VersionMismatch, text, Layout.VersionMajor, major);
        }

        private static void CheckCapacity(
            string path, ulong found, ulong fileSize, SharedMemoryOptions options)
        {
            if (found < RingConstants.MinCapacity || found > RingConstants.MaxCapacity
                || (found & (found - 1)) != 0)
            {
                string text = "'" + path + "': the header says capacity " + RingText.Of(found)
                    + ", which is no power of two from "
                    + RingText.Of(RingConstants.MinCapacity) + " to "
                    + RingText.Of(RingConstants.MaxCapacity);
                throw new SharedMemoryException(
                    ErrorCode.Corrupt, text, RingHeaderLayout.Capacity, found);
            }

            ulong needed = RingHeaderLayout.Size + found;
            if (fileSize < needed)
            {
                throw Mismatch(ErrorCode.TooShort, path, "the file size", needed, fileSize);
            }

            ulong asked = options.Capacity.HasValue ? RoundCapacity(options.Capacity.Value) : found;
            if (asked != found)
            {
                throw Mismatch(ErrorCode.CapacityMismatch, path, "the capacity", asked, found);
            }
        }

        /// <summary>
        /// Of one version there is one schema; another minor version brings another one.
        /// </summary>
        private static void CheckSchema(
            string path, ushort minor, ulong found, SharedMemoryOptions options)
        {
            if (found == Layout.SchemaHash || minor != Layout.VersionMinor)
            {
                return;
            }

            SharedMemoryException error = HashMismatch(
                ErrorCode.SchemaMismatch, path, "schema hash", Layout.SchemaHash, found);
            if (!options.AnySchema)
            {
                throw error;
            }

            SharedMemoryLog.Write(LogLevel.Warning, error.Message);
        }
    }
}

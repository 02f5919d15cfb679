{% include "csharp/engine_head.cs" %}

#pragma warning disable CA5392 // the runtimes find the system's own library without a search

using System;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Threading;

namespace {{ view.namespace }}
{
    /// <summary>
    /// macOS (x86_64 and arm64): locks of open files, bounded naps instead of a futex. Not run by
    /// the project's tests.
    /// </summary>
    internal sealed unsafe class RingMacOSPlatform : RingUnixPlatform
    {
        private const int NonBlocking = 0x4;
        private const int NoFollow = 0x100;
        private const int Create = 0x200;
        private const int Exclusive = 0x800;
        private const int CloseOnExec = 0x1000000;
        private const int Preallocate = 42;
        private const int SetOpenFileLock = 90;
        private const int GetOpenFileLock = 92;
        private const int MonotonicClock = 6;

        // On arm64, Apple passes variadic arguments on the stack, also those that would fit
        // registers. Six arguments in between fill the registers.
        private static readonly bool IsArm =
            RuntimeInformation.ProcessArchitecture == Architecture.Arm64;

        protected override int OpenFlags => CloseOnExec | NonBlocking | NoFollow;

        protected override int CreateFlags => Create | Exclusive;

        protected override int AnonymousFlags => 0x1000 | 0x40; // MAP_ANON, MAP_NORESERVE

        protected override int OpenDescriptor(byte* path, int flags, uint mode) => IsArm
            ? NativeMethods.OpenOnArm(path, flags, 0, 0, 0, 0, 0, 0, mode)
            : NativeMethods.open(path, flags, mode);

        protected override bool IsTaken(int error) => error == 35 || error == 13; // EAGAIN, EACCES

        protected override int LockCommand(
            int descriptor, bool set, LockKind kind, long offset, out bool locked)
        {
            var range = new Flock
            {
                Kind = (short)(kind == LockKind.Read ? 1 : kind == LockKind.Write ? 3 : 2),
                Start = offset,
                Length = 1,
            };
            int error;
            do
            {
                error = Control(descriptor, set ? SetOpenFileLock : GetOpenFileLock, &range);
            }
            while (error == 4); // EINTR
            locked = range.Kind != 2;
            return error;
        }

        private static int Control(int descriptor, int command, void* argument)
        {
            int result = IsArm
                ? NativeMethods.FcntlOnArm(descriptor, command, 0, 0, 0, 0, 0, 0, argument)
                : NativeMethods.fcntl(descriptor, command, argument);
            return result == -1 ? LastError() : 0;
        }

        internal override int Allocate(RingFile file, ulong size)
        {
            // All or nothing, from the file's end.
            var store = new Store { Flags = 4, Mode = 3, Length = (long)size };
            int error = Control((int)file.Raw, Preallocate, &store);
            if (error != 0)
            {
                return error;
            }

            return NativeMethods.ftruncate((int)file.Raw, (long)size) == 0 ? 0 : LastError();
        }

        protected override int Rename(byte* from, byte* to)
        {
            const uint NoReplace = 4;
            return NativeMethods.renamex_np(from, to, NoReplace) == 0 ? 0 : LastError();
        }

        internal override string MissingToPublish(int error) =>
            error == 1 || error == 45 ? "renamex_np with RENAME_EXCL, nor link" : null;

        internal override ulong? FreeBytes(string folder)
        {
            var space = default(Statfs);
            fixed (byte* path = RingUtf8.ZeroTerminated(folder))
            {
                return NativeMethods.statfs(path, &space) == 0
                    ? space.AvailableBlocks * space.BlockSize
                    : (ulong?)null;
            }
        }

        internal override int GetFacts(RingFile file, out RingFileFacts facts)
        {
            var status = default(Stat);
            facts = default(RingFileFacts);
            int result = NativeMethods.fstat((int)file.Raw, &status);
            return result == 0 ? Fill(in status, out facts) : LastError();
        }

        protected override int GetFactsAt(byte* path, out RingFileFacts facts)
        {
            var status = default(Stat);
            facts = default(RingFileFacts);
            int result = NativeMethods.lstat(path, &status);
            return result == 0 ? Fill(in status, out facts) : LastError();
        }

        private static int Fill(in Stat status, out RingFileFacts facts)
        {
            facts = new RingFileFacts
            {
                NotRegular = NotRegular(status.Mode),
                Owner = status.Owner,
                Size = (ulong)status.Size,
                Links = status.Links,
                Device = (uint)status.Device,
                Number = status.Number,
            };
            return 0;
        }

        internal override ErrorCode Classify(int error)
        {
            switch (error)
            {
                case 2: // ENOENT
                    return ErrorCode.NotFound;
                case 17: // EEXIST
                    return ErrorCode.AlreadyExists;
                case 1: // EPERM
                case 13: // EACCES
                case 30: // EROFS
                    return ErrorCode.PermissionDenied;
                case 62: // ELOOP
                case 21: // EISDIR
                case 6: // ENXIO
                    return ErrorCode.NotRegularFile;
                case 28: // ENOSPC
                case 69: // EDQUOT
                    return ErrorCode.NoSpace;
                default:
                    return ErrorCode.Io;
            }
        }

        internal override string DefaultFolder()
        {
            string folder = Environment.GetEnvironmentVariable("TMPDIR");
            return string.IsNullOrEmpty(folder) ? "/tmp" : folder;
        }

        /// <summary>There is no membarrier: wakers fence.</summary>
        internal override bool RegisterMembarrier() => false;

        /// <summary>Never called: <see cref="RegisterMembarrier"/> said so.</summary>
        internal override bool Membarrier() => false;

        // The runtimes' own clock stops while the machine sleeps, the protocol's does not.
        internal override ulong MonotonicNs() =>
            NativeMethods.clock_gettime_nsec_np(MonotonicClock);

        internal override RingWakePoints OpenWakePoints(string fileName, ulong createdUnixNs) =>
            new Naps();

        internal override RingWakePoints OwnWakePoints() => new Naps();

        protected override void Nap(ulong ns) =>
            _ = NativeMethods.usleep((uint)(Math.Min(ns, 999999000) / 1000) + 1);

        /// <summary>
        /// Naps that double from 50 microseconds to a millisecond: an idle receiver costs next to
        /// nothing, a busy one wakes soon.
        /// </summary>
        private sealed class Naps : RingWakePoints
        {
            private const ulong Shortest = 50000;
            private const ulong Longest = 1000000;

            /// <summary>
            /// Counts the calls of Wake: an interruption moves no sequence, and is noticed by this.
            /// </summary>
            private int _wakes;

            internal override bool Wait(uint* sequence, bool isSpace, uint seen, ulong boundNs)
            {
                ulong end = Current.MonotonicNs() + boundNs;
                ulong nap = Shortest;
                int wakes = Volatile.Read(ref _wakes);
                while (Volatile.Read(ref *sequence) == seen && Volatile.Read(ref _wakes) == wakes)
                {
                    ulong now = Current.MonotonicNs();
                    if (now >= end)
                    {
                        return false;
                    }

                    _ = NativeMethods.usleep((uint)(Math.Min(nap, end - now) / 1000) + 1);
                    nap = Math.Min(nap * 2, Longest);
                }

                return true;
            }

            internal override void Wake(uint* sequence, bool isSpace) =>
                _ = Interlocked.Increment(ref _wakes);
        }

        [StructLayout(LayoutKind.Explicit, Size = 24)]
        private struct Flock
        {
            [FieldOffset(0)]
            internal long Start;
            [FieldOffset(8)]
            internal long Length;
            [FieldOffset(20)]
            internal short Kind;
        }

        [StructLayout(LayoutKind.Explicit, Size = 32)]
        private struct Store
        {
            [FieldOffset(0)]
            internal uint Flags;
            [FieldOffset(4)]
            internal int Mode;
            [FieldOffset(16)]
            internal long Length;
        }

        [StructLayout(LayoutKind.Explicit, Size = 144)]
        private struct Stat
        {
            [FieldOffset(0)]
            internal int Device;
            [FieldOffset(4)]
            internal ushort Mode;
            [FieldOffset(6)]
            internal ushort Links;
            [FieldOffset(8)]
            internal ulong Number;
            [FieldOffset(16)]
            internal uint Owner;
            [FieldOffset(96)]
            internal long Size;
        }

        [StructLayout(LayoutKind.Explicit, Size = 2168)]
        private struct Statfs
        {
            [FieldOffset(0)]
            internal uint BlockSize;
            [FieldOffset(24)]
            internal ulong AvailableBlocks;
        }

        private static class NativeMethods
        {
            [DllImport("libc", SetLastError = true)]
            internal static extern int open(byte* path, int flags, uint mode);

            [DllImport("libc", EntryPoint = "open", SetLastError = true)]
            internal static extern int OpenOnArm(
                byte* path, int flags, long a, long b, long c, long d, long e, long f, uint mode);

            [DllImport("libc", SetLastError = true)]
            internal static extern int fcntl(int descriptor, int command, void* argument);

            [DllImport("libc", EntryPoint = "fcntl", SetLastError = true)]
            internal static extern int FcntlOnArm(
                int descriptor, int command, long a, long b, long c, long d, long e, long f,
                void* argument);

            [DllImport("libc", SetLastError = true)]
            internal static extern int renamex_np(byte* from, byte* to, uint flags);

            [DllImport("libc", SetLastError = true)]
            internal static extern int ftruncate(int descriptor, long size);

            [DllImport("libc", SetLastError = true)]
            internal static extern int statfs(byte* path, Statfs* space);

            [DllImport("libc", SetLastError = true)]
            internal static extern int fstat(int descriptor, Stat* status);

            [DllImport("libc", SetLastError = true)]
            internal static extern int lstat(byte* path, Stat* status);

            [DllImport("libc")]
            internal static extern ulong clock_gettime_nsec_np(int clock);

            [DllImport("libc")]
            internal static extern int usleep(uint microseconds);
        }
    }
}

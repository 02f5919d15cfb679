{% include "csharp/engine_head.cs" %}

#pragma warning disable CA5392 // the runtimes find the system's own library without a search

using System;
using System.Runtime.InteropServices;
using System.Threading;

namespace {{ view.namespace }}
{
    /// <summary>Linux (x86_64 and aarch64): futexes, membarrier, fallocate, /dev/shm.</summary>
    internal sealed unsafe class RingLinuxPlatform : RingUnixPlatform
    {
        private const int CloseOnExec = 0x80000;
        private const int NonBlocking = 0x800;
        private const int Create = 0x40;
        private const int Exclusive = 0x80;
        private const int GetOpenFileLock = 36;
        private const int SetOpenFileLock = 37;
        private const int RegisterGlobalExpedited = 1 << 2;
        private const int GlobalExpedited = 1 << 1;

        /// <summary>Most words that one call waits for.</summary>
        private const int MostWords = 128;

        private static readonly bool IsArm =
            RuntimeInformation.ProcessArchitecture == Architecture.Arm64;

        private static readonly Lazy<bool> Registered = new Lazy<bool>(Register);

        /// <summary>Whether the kernel was found not to wait for several words.</summary>
        private bool _hasNoWaitAny;

        protected override int OpenFlags =>
            CloseOnExec | NonBlocking | (IsArm ? 0x8000 : 0x20000); // the latter: O_NOFOLLOW

        protected override int CreateFlags => Create | Exclusive;

        protected override int AnonymousFlags => 0x20 | 0x4000; // MAP_ANONYMOUS, MAP_NORESERVE

        private static long StatxCall => IsArm ? 291 : 332;

        private static long MembarrierCall => IsArm ? 283 : 324;

        private static long RenameCall => IsArm ? 276 : 316;

        /// <summary>
        /// Refuses a processor on which the numbers of system calls are not known.
        /// </summary>
        /// <exception cref="SharedMemoryException">Unsupported.</exception>
        internal static void CheckProcessor(Architecture processor)
        {
            if (processor != Architecture.X64 && processor != Architecture.Arm64)
            {
                throw new SharedMemoryException(
                    ErrorCode.Unsupported,
                    "the numbers of system calls are known for x64 and arm64, not for "
                        + processor.ToString());
            }
        }

        protected override int OpenDescriptor(byte* path, int flags, uint mode) =>
            NativeMethods.open(path, flags, mode);

        protected override bool IsTaken(int error) => error == 11 || error == 13; // EAGAIN, EACCES

        protected override int LockCommand(
            int descriptor, bool set, LockKind kind, long offset, out bool locked)
        {
            var range = new Flock
            {
                Kind = (short)(kind == LockKind.Read ? 0 : kind == LockKind.Write ? 1 : 2),
                Start = offset,
                Length = 1,
            };
            int error;
            do
            {
                int command = set ? SetOpenFileLock : GetOpenFileLock;
                error = NativeMethods.fcntl(descriptor, command, &range) == 0 ? 0 : LastError();
            }
            while (error == 4); // EINTR
            locked = range.Kind != 2;
            return error;
        }

        internal override int Allocate(RingFile file, ulong size)
        {
            const ulong Piece = 1 << 20;
            int error = 0;
            for (ulong at = 0; at < size && error == 0; at += Piece)
            {
                long length = (long)Math.Min(size - at, Piece);
                do
                {
                    // Returns its error instead of setting errno.
                    error = NativeMethods.posix_fallocate((int)file.Raw, (long)at, length);
                }
                while (error == 4); // EINTR
            }

            return error;
        }

        protected override int Rename(byte* from, byte* to)
        {
            const int Here = -100; // AT_FDCWD
            const int NoReplace = 1;
            long result = NativeMethods.syscall(
                RenameCall, Here, (long)from, Here, (long)to, NoReplace, 0);
            return result == 0 ? 0 : LastError();
        }

        internal override string MissingToPublish(int error) =>
            error == 1 || error == 95 ? "renameat2 with RENAME_NOREPLACE, nor link" : null;

        internal override ulong? FreeBytes(string folder)
        {
            var space = default(Statvfs);
            fixed (byte* path = RingUtf8.ZeroTerminated(folder))
            {
                return NativeMethods.statvfs(path, &space) == 0
                    ? space.AvailableBlocks * space.FragmentSize
                    : (ulong?)null;
            }
        }

        internal override int GetFacts(RingFile file, out RingFileFacts facts)
        {
            byte none = 0;
            return Status((int)file.Raw, &none, 0x1000, out facts); // AT_EMPTY_PATH
        }

        protected override int GetFactsAt(byte* path, out RingFileFacts facts) =>
            Status(-100, path, 0x100, out facts); // AT_FDCWD, AT_SYMLINK_NOFOLLOW

        /// <summary>statx: unlike stat's, its structure is the same on every machine.</summary>
        private static int Status(int folder, byte* path, int flags, out RingFileFacts facts)
        {
            const long BasicFields = 0x7FF;
            var status = default(Statx);
            facts = default(RingFileFacts);
            long result = NativeMethods.syscall(
                StatxCall, folder, (long)path, flags, BasicFields, (long)&status, 0);
            if (result != 0)
            {
                return LastError();
            }

            facts.NotRegular = NotRegular(status.Mode);
            facts.Owner = status.Owner;
            facts.Size = status.Size;
            facts.Links = status.Links;
            facts.Device = ((ulong)status.DeviceMajor << 32) | status.DeviceMinor;
            facts.Number = status.Number;
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
                case 40: // ELOOP
                case 21: // EISDIR
                case 6: // ENXIO
                    return ErrorCode.NotRegularFile;
                case 12: // ENOMEM, of a memory limit
                case 28: // ENOSPC
                case 122: // EDQUOT
                    return ErrorCode.NoSpace;
                default:
                    return ErrorCode.Io;
            }
        }

        internal override string DefaultFolder() => "/dev/shm";

        internal override bool RegisterMembarrier() => Registered.Value;

        internal override bool Membarrier() => Barrier(GlobalExpedited) == 0;

        private static bool Register()
        {
            const int Query = 0;
            const int Wanted = GlobalExpedited | RegisterGlobalExpedited;
            long supported = Barrier(Query);
            return supported >= 0
                && (supported & Wanted) == Wanted
                && Barrier(RegisterGlobalExpedited) == 0;
        }

        private static long Barrier(int command) =>
            NativeMethods.syscall(MembarrierCall, command, 0, 0, 0, 0, 0);

        internal override RingWakePoints OpenWakePoints(string fileName, ulong createdUnixNs) =>
            new Futex();

        internal override RingWakePoints OwnWakePoints() => new Futex();

        internal override void WaitAny(RingWord[] words, int count, ulong boundNs)
        {
            const long WaitCall = 449; // futex_waitv, since Linux 5.16
            const int ClockMonotonic = 1;
            const int Refused = 1;
            const int Unknown = 38;
            if (_hasNoWaitAny || count > MostWords)
            {
                base.WaitAny(words, count, boundNs);
                return;
            }

            WaitedWord* waited = stackalloc WaitedWord[MostWords];
            for (int i = 0; i < count; i++)
            {
                waited[i] = new WaitedWord
                {
                    Seen = words[i].Seen,
                    Address = (ulong)words[i].Address,
                    Flags = 2, // 32 bits, shared
                };
            }

            ulong end = MonotonicNs() + boundNs;
            var bound = new Timespec
            {
                Seconds = (long)(end / 1000000000),
                Nanoseconds = (long)(end % 1000000000),
            };
            long result = NativeMethods.syscall(
                WaitCall, (long)waited, count, 0, (long)&bound, ClockMonotonic, 0);
            int error = result < 0 ? LastError() : 0;
            if (error == Refused || error == Unknown)
            {
                _hasNoWaitAny = true;
                base.WaitAny(words, count, boundNs);
            }
        }

        /// <summary>Sleeps on the mapped word itself: nothing to open or close.</summary>
        private sealed class Futex : RingWakePoints
        {
            private const int WaitCommand = 0;
            private const int WakeCommand = 1;
            private const int TimedOut = 110;

            private static long FutexCall => IsArm ? 98 : 202;

            internal override bool Wait(uint* sequence, bool isSpace, uint seen, ulong boundNs)
            {
                var bound = new Timespec
                {
                    Seconds = (long)(boundNs / 1000000000),
                    Nanoseconds = (long)(boundNs % 1000000000),
                };
                // Not "private": the kernel finds the word by the file behind the mapping, so that
                // this works between processes.
                long result = NativeMethods.syscall(
                    FutexCall, (long)sequence, WaitCommand, seen, (long)&bound, 0, 0);
                return result == 0 || LastError() != TimedOut;
            }

            internal override void Wake(uint* sequence, bool isSpace) =>
                _ = NativeMethods.syscall(
                    FutexCall, (long)sequence, WakeCommand, int.MaxValue, 0, 0, 0);
        }

        [StructLayout(LayoutKind.Sequential)]
        private struct Timespec
        {
            internal long Seconds;
            internal long Nanoseconds;
        }

        [StructLayout(LayoutKind.Explicit, Size = 24)]
        private struct WaitedWord
        {
            [FieldOffset(0)]
            internal ulong Seen;
            [FieldOffset(8)]
            internal ulong Address;
            [FieldOffset(16)]
            internal uint Flags;
        }

        [StructLayout(LayoutKind.Explicit, Size = 32)]
        private struct Flock
        {
            [FieldOffset(0)]
            internal short Kind;
            [FieldOffset(8)]
            internal long Start;
            [FieldOffset(16)]
            internal long Length;
        }

        [StructLayout(LayoutKind.Explicit, Size = 256)]
        private struct Statx
        {
            [FieldOffset(16)]
            internal uint Links;
            [FieldOffset(20)]
            internal uint Owner;
            [FieldOffset(28)]
            internal ushort Mode;
            [FieldOffset(32)]
            internal ulong Number;
            [FieldOffset(40)]
            internal ulong Size;
            [FieldOffset(136)]
            internal uint DeviceMajor;
            [FieldOffset(140)]
            internal uint DeviceMinor;
        }

        [StructLayout(LayoutKind.Explicit, Size = 256)]
        private struct Statvfs
        {
            [FieldOffset(8)]
            internal ulong FragmentSize;
            [FieldOffset(32)]
            internal ulong AvailableBlocks;
        }

        private static class NativeMethods
        {
            [DllImport("libc", SetLastError = true)]
            internal static extern int open(byte* path, int flags, uint mode);

            [DllImport("libc", SetLastError = true)]
            internal static extern int fcntl(int descriptor, int command, Flock* range);

            [DllImport("libc")]
            internal static extern int posix_fallocate(int descriptor, long at, long size);

            [DllImport("libc", SetLastError = true)]
            internal static extern int statvfs(byte* path, Statvfs* space);

            [DllImport("libc", SetLastError = true)]
            internal static extern long syscall(
                long number, long a, long b, long c, long d, long e, long f);
        }
    }
}

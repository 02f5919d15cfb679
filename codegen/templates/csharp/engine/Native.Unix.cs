{% include "csharp/engine_head.cs" %}

#pragma warning disable CA5392 // the runtimes find the system's own library without a search

using System;
using System.Runtime.InteropServices;

namespace {{ view.namespace }}
{
    /// <summary>Files, maps and locks as Linux and macOS share them, straight from libc.</summary>
    internal abstract unsafe class RingUnixPlatform : Platform
    {
        private const int ReadOnly = 0;
        private const int ReadWrite = 2;
        private const int ProtectRead = 1;
        private const int ProtectWrite = 2;
        private const int MapShared = 1;
        private const int MapPrivate = 2;
        private const int MapFixed = 16;
        private const int Interrupted = 4;
        private const int FileExists = 17;
        private const int NoSuchFile = 2;
        private const int NoSuchProcess = 3;
        private const uint OwnerMayRead = 256;

        internal override uint? UserId => NativeMethods.geteuid();

        internal override uint ProcessId => (uint)NativeMethods.getpid();

        internal override bool ProcessExists(uint id) =>
            NativeMethods.kill(unchecked((int)id), 0) == 0 || LastError() != NoSuchProcess;

        /// <summary>Flags of open() that refuse links, pipes' waits and inheritance.</summary>
        protected abstract int OpenFlags { get; }

        /// <summary>Flags of open() that add making a new file.</summary>
        protected abstract int CreateFlags { get; }

        /// <summary>Flags of mmap() for memory without a file that is not paid for.</summary>
        protected abstract int AnonymousFlags { get; }

        /// <summary>Whether a lock could not be had because another open file has it.</summary>
        protected abstract bool IsTaken(int error);

        /// <summary>
        /// open() with a mode: variadic, which some systems pass in their own way.
        /// </summary>
        protected abstract int OpenDescriptor(byte* path, int flags, uint mode);

        /// <summary>fcntl() for locks of open files: 0, or the error code.</summary>
        protected abstract int LockCommand(
            int descriptor, bool set, LockKind kind, long offset, out bool locked);

        /// <summary>Sets errno's value aside: after a failed call only.</summary>
        protected static int LastError() => Marshal.GetLastWin32Error();

        internal override int Open(string path, bool writable, out RingFile file) =>
            Adopt(path, OpenFlags | (writable ? ReadWrite : ReadOnly), 0, out file);

        internal override int CreateNew(string path, int permissions, out RingFile file)
        {
            int error = Adopt(path, OpenFlags | CreateFlags | ReadWrite, OwnerMayRead, out file);
            if (error == 0 && NativeMethods.fchmod((int)file.Raw, (uint)permissions) != 0)
            {
                error = LastError();
                file.Dispose();
                _ = Remove(path);
            }

            return error;
        }

        private int Adopt(string path, int flags, uint mode, out RingFile file)
        {
            int descriptor;
            int error = 0;
            do
            {
                fixed (byte* name = RingUtf8.ZeroTerminated(path))
                {
                    descriptor = OpenDescriptor(name, flags, mode);
                    error = descriptor < 0 ? LastError() : 0;
                }
            }
            while (error == Interrupted);
            file = error == 0 ? new RingFile((IntPtr)descriptor) : null;
            return error;
        }

        internal override int GetFacts(RingTarget target, out RingFileFacts facts)
        {
            fixed (byte* path = target.PathBytes)
            {
                return GetFactsAt(path, out facts);
            }
        }

        internal override int GetFacts(string path, out RingFileFacts facts)
        {
            fixed (byte* name = RingUtf8.ZeroTerminated(path))
            {
                return GetFactsAt(name, out facts);
            }
        }

        /// <summary>Facts of whatever has this path, a link not followed.</summary>
        protected abstract int GetFactsAt(byte* path, out RingFileFacts facts);

        internal override bool CloseFile(IntPtr handle) => NativeMethods.close((int)handle) == 0;

        internal override int ReadStart(RingFile file, byte[] buffer, out int done)
        {
            done = 0;
            fixed (byte* start = buffer)
            {
                while (done < buffer.Length)
                {
                    var left = (UIntPtr)(buffer.Length - done);
                    long got = (long)NativeMethods.pread((int)file.Raw, start + done, left, done);
                    if (got < 0 && LastError() != Interrupted)
                    {
                        return LastError();
                    }

                    if (got == 0)
                    {
                        break;
                    }

                    done += got > 0 ? (int)got : 0;
                }
            }

            return 0;
        }

        internal override int Map(RingFile file, ulong size, bool writable, out RingMapping mapping)
        {
            int access = writable ? ProtectRead | ProtectWrite : ProtectRead;
            IntPtr? used = RingAddresses.Take(size);
            int flags = used.HasValue ? MapShared | MapFixed : MapShared;
            IntPtr address = NativeMethods.mmap(
                used ?? IntPtr.Zero, (UIntPtr)size, access, flags, (int)file.Raw, 0);
            bool failed = address == new IntPtr(-1);
            int error = failed ? LastError() : 0;
            mapping = failed ? null : new RingMapping((byte*)address, size);
            if (failed && used.HasValue)
            {
                Vacate((byte*)used.Value, size);
                RingAddresses.Add(used.Value, size);
            }

            return error;
        }

        internal override void Vacate(byte* address, ulong size)
        {
            // If the system refuses, the file's bytes stay where they are.
            const int Access = ProtectRead | ProtectWrite;
            int flags = MapPrivate | MapFixed | AnonymousFlags;
            _ = NativeMethods.mmap((IntPtr)address, (UIntPtr)size, Access, flags, -1, 0);
        }

        internal override void GiveBack(byte* address, ulong size) =>
            RingAddresses.Add((IntPtr)address, size);

        internal override int TryLock(RingFile file, long offset, out bool taken)
        {
            int error = LockCommand((int)file.Raw, true, LockKind.Write, offset, out _);
            taken = IsTaken(error);
            return taken ? 0 : error;
        }

        internal override void Unlock(RingFile file, long offset) =>
            _ = LockCommand((int)file.Raw, true, LockKind.None, offset, out _);

        internal override bool IsLocked(RingFile file, long offset)
        {
            // Asking for a read lock, which a write lock excludes, is open to read-only files too.
            int error = LockCommand((int)file.Raw, false, LockKind.Read, offset, out bool locked);
            return error != 0 || locked;
        }

        internal override int Publish(string temporary, string path)
        {
            fixed (byte* from = RingUtf8.ZeroTerminated(temporary), to = RingUtf8.ZeroTerminated(path))
            {
                int error = Rename(from, to);
                if (error == 0 || error == FileExists || error == NoSuchFile)
                {
                    return error;
                }

                // The kernel, the file system, a sandbox: there are many ways to say no.
                error = NativeMethods.link(from, to) == 0 ? 0 : LastError();
                if (error == 0)
                {
                    _ = NativeMethods.unlink(from); // somebody else may have been faster
                }

                return error;
            }
        }

        /// <summary>Renames without replacing anything.</summary>
        protected abstract int Rename(byte* from, byte* to);

        internal override int Remove(string path)
        {
            fixed (byte* name = RingUtf8.ZeroTerminated(path))
            {
                return NativeMethods.unlink(name) == 0 ? 0 : LastError();
            }
        }

        internal override string ErrorText(int error)
        {
            string text = Marshal.PtrToStringAnsi(NativeMethods.strerror(error));
            return text + " (errno " + RingText.Of(error) + ")";
        }

        /// <summary>
        /// What kind of file the mode bits of a status say; null for a regular one.
        /// </summary>
        protected static string NotRegular(uint mode)
        {
            // The values of S_IFMT are the same on all Unix systems.
            switch ((mode >> 12) & 15)
            {
                case 8: return null;
                case 4: return "a directory";
                case 10: return "a symbolic link";
                case 1: return "a FIFO";
                case 12: return "a socket";
                default: return "a device";
            }
        }

        /// <summary>
        /// Kinds of lock, numbered by this library; each system has its own values.
        /// </summary>
        protected enum LockKind
        {
            None,
            Read,
            Write,
        }

        private static class NativeMethods
        {
            [DllImport("libc")]
            internal static extern uint geteuid();

            [DllImport("libc")]
            internal static extern int getpid();

            [DllImport("libc", SetLastError = true)]
            internal static extern int kill(int process, int signal);

            [DllImport("libc", SetLastError = true)]
            internal static extern int fchmod(int descriptor, uint mode);

            [DllImport("libc")]
            internal static extern int close(int descriptor);

            [DllImport("libc", SetLastError = true)]
            internal static extern IntPtr pread(
                int descriptor, byte* buffer, UIntPtr size, long at);

            [DllImport("libc", SetLastError = true)]
            internal static extern IntPtr mmap(
                IntPtr address, UIntPtr size, int access, int flags, int descriptor, long at);

            [DllImport("libc", SetLastError = true)]
            internal static extern int link(byte* from, byte* to);

            [DllImport("libc", SetLastError = true)]
            internal static extern int unlink(byte* path);

            [DllImport("libc")]
            internal static extern IntPtr strerror(int error);
        }
    }
}

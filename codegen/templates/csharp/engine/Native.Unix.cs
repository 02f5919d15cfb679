{% include "csharp/head.cs" %}

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
        private const int Interrupted = 4;
        private const int NoSuchProcess = 3;
        private const uint OwnerMayRead = 256;

        internal override uint? UserId => NativeMethods.geteuid();

        internal override uint ProcessId => (uint)NativeMethods.getpid();

        internal override bool ProcessExists(uint id) =>
            NativeMethods.kill((int)id, 0) == 0 || LastError() != NoSuchProcess;

        /// <summary>Flags of open() that refuse links, pipes' waits and inheritance.</summary>
        protected abstract int OpenFlags { get; }

        /// <summary>Flags of open() that add making a new file.</summary>
        protected abstract int CreateFlags { get; }

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
                fixed (byte* name = ZeroTerminated(path))
                {
                    descriptor = OpenDescriptor(name, flags, mode);
                    error = descriptor < 0 ? LastError() : 0;
                }
            }
            while (error == Interrupted);
            file = error == 0 ? new RingFile((IntPtr)descriptor) : null;
            return error;
        }

        /// <summary>A path as libc takes it: UTF-8, with a zero at its end.</summary>
        protected static byte[] ZeroTerminated(string text)
        {
            byte[] bytes = new byte[RingUtf8.CountBytes(text) + 1];
            _ = RingUtf8.Write(text, bytes);
            return bytes;
        }

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
            IntPtr address = NativeMethods.mmap(
                IntPtr.Zero, (UIntPtr)size, access, MapShared, (int)file.Raw, 0);
            bool failed = address == new IntPtr(-1);
            int error = failed ? LastError() : 0;
            mapping = failed ? null : new RingMapping((byte*)address, size);
            return error;
        }

        internal override bool Unmap(byte* address, ulong size) =>
            NativeMethods.munmap((IntPtr)address, (UIntPtr)size) == 0;

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
            fixed (byte* from = ZeroTerminated(temporary), to = ZeroTerminated(path))
            {
                int error = NativeMethods.link(from, to) == 0 ? 0 : LastError();
                _ = NativeMethods.unlink(from);
                return error;
            }
        }

        internal override int Remove(string path)
        {
            fixed (byte* name = ZeroTerminated(path))
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

            [DllImport("libc")]
            internal static extern int munmap(IntPtr address, UIntPtr size);

            [DllImport("libc", SetLastError = true)]
            internal static extern int link(byte* from, byte* to);

            [DllImport("libc", SetLastError = true)]
            internal static extern int unlink(byte* path);

            [DllImport("libc")]
            internal static extern IntPtr strerror(int error);
        }
    }
}

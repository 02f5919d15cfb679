{% include "csharp/engine_head.cs" %}

#pragma warning disable CA5392 // the runtimes find the system's own library without a search

using System;
using System.ComponentModel;
using System.IO;
using System.Runtime.InteropServices;
using System.Threading;

namespace {{ view.namespace }}
{
    /// <summary>
    /// Windows (x64 and arm64): LockFileEx, named auto-reset events, QueryPerformanceCounter. Not
    /// run by the project's tests.
    /// </summary>
    internal sealed unsafe class RingWindowsPlatform : Platform
    {
        private const uint GenericRead = 0x80000000;
        private const uint GenericWrite = 0x40000000;
        private const uint ReadAttributes = 0x80;
        private const uint ShareAll = 7;
        private const uint CreateNewFile = 1;
        private const uint OpenExisting = 3;
        private const uint OpenReparsePoint = 0x00200000;
        private const uint BackupSemantics = 0x02000000;
        private const int LockViolation = 33;
        private const int IoPending = 997;

        internal override uint? UserId => null;

        internal override uint ProcessId => NativeMethods.GetCurrentProcessId();

        internal override bool ProcessExists(uint id) => true;

        internal override int Open(string path, bool writable, out RingFile file) =>
            Adopt(path, GenericRead | (writable ? GenericWrite : 0), OpenExisting, out file);

        internal override int CreateNew(string path, int permissions, out RingFile file) =>
            Adopt(path, GenericRead | GenericWrite, CreateNewFile, out file);

        private static int Adopt(string path, uint access, uint disposition, out RingFile file)
        {
            // A link is opened itself, and a folder can be opened: both are refused by their kind.
            IntPtr handle = NativeMethods.CreateFileW(
                path, access, ShareAll, IntPtr.Zero, disposition,
                OpenReparsePoint | BackupSemantics, IntPtr.Zero);
            bool failed = handle == new IntPtr(-1);
            int error = failed ? Marshal.GetLastWin32Error() : 0;
            file = failed ? null : new RingFile(handle);
            return error;
        }

        internal override bool CloseFile(IntPtr handle) => NativeMethods.CloseHandle(handle) != 0;

        internal override int Allocate(RingFile file, ulong size)
        {
            // FileAllocationInfo, then FileEndOfFileInfo: both are one 64-bit number.
            long bytes = (long)size;
            bool done = NativeMethods.SetFileInformationByHandle(
                file.Raw, 5, &bytes, sizeof(long)) != 0
                && NativeMethods.SetFileInformationByHandle(file.Raw, 6, &bytes, sizeof(long)) != 0;
            return done ? 0 : Marshal.GetLastWin32Error();
        }

        internal override ulong? FreeBytes(string folder)
        {
            int done = NativeMethods.GetDiskFreeSpaceExW(
                folder, out ulong free, IntPtr.Zero, IntPtr.Zero);
            return done != 0 ? free : (ulong?)null;
        }

        internal override int GetFacts(RingFile file, out RingFileFacts facts)
        {
            facts = default(RingFileFacts);
            FileInformation info;
            StandardInformation standard;
            if (NativeMethods.GetFileInformationByHandle(file.Raw, &info) == 0
                || NativeMethods.GetFileInformationByHandleEx(
                    file.Raw, 1, &standard, (uint)sizeof(StandardInformation)) == 0)
            {
                return Marshal.GetLastWin32Error();
            }

            bool isLink = (info.Attributes & 0x400) != 0;
            bool isFolder = (info.Attributes & 0x10) != 0;
            facts.NotRegular = isLink ? "a symbolic link" : isFolder ? "a directory" : null;
            facts.Size = ((ulong)info.SizeHigh << 32) | info.SizeLow;
            facts.Links = standard.DeletePending != 0 ? 0 : info.Links;
            facts.Device = info.Volume;
            facts.Number = ((ulong)info.NumberHigh << 32) | info.NumberLow;
            return 0;
        }

        internal override int GetFacts(string path, out RingFileFacts facts)
        {
            facts = default(RingFileFacts);
            int error = Adopt(path, ReadAttributes, OpenExisting, out RingFile file);
            if (error != 0)
            {
                return error;
            }

            using (file)
            {
                return GetFacts(file, out facts);
            }
        }

        internal override int ReadStart(RingFile file, byte[] buffer, out int done)
        {
            done = 0;
            fixed (byte* start = buffer)
            {
                while (done < buffer.Length)
                {
                    var at = new Overlapped { Offset = (uint)done };
                    uint left = (uint)(buffer.Length - done);
                    byte* to = start + done;
                    int read = NativeMethods.ReadFile(file.Raw, to, left, out uint got, &at);
                    if (read == 0)
                    {
                        const int EndOfFile = 38;
                        int error = Marshal.GetLastWin32Error();
                        return error == EndOfFile ? 0 : error;
                    }

                    if (got == 0)
                    {
                        break;
                    }

                    done += (int)got;
                }
            }

            return 0;
        }

        internal override int Map(RingFile file, ulong size, bool writable, out RingMapping mapping)
        {
            mapping = null;
            IntPtr section = NativeMethods.CreateFileMappingW(
                file.Raw, IntPtr.Zero, writable ? 4u : 2u, High(size), Low(size), IntPtr.Zero);
            if (section == IntPtr.Zero)
            {
                return Marshal.GetLastWin32Error();
            }

            byte* address = NativeMethods.MapViewOfFile(
                section, writable ? 6u : 4u, 0, 0, (UIntPtr)size);
            int error = address == null ? Marshal.GetLastWin32Error() : 0;
            _ = NativeMethods.CloseHandle(section); // the view keeps the section
            mapping = address == null ? null : new RingMapping(address, size);
            return error;
        }

        internal override bool MapsKeepNames => true;

        internal override void Vacate(byte* address, ulong size)
        {
            // There is no call that replaces a view in one step: a thread that reads between these
            // two finds nothing.
            const uint ReserveAndCommit = 0x3000;
            const uint ReadWrite = 4;
            _ = NativeMethods.UnmapViewOfFile(address);
            _ = NativeMethods.VirtualAlloc(address, (UIntPtr)size, ReserveAndCommit, ReadWrite);
        }

        internal override void GiveBack(byte* address, ulong size) =>
            _ = NativeMethods.VirtualFree(address, UIntPtr.Zero, 0x8000); // release

        internal override int TryLock(RingFile file, long offset, out bool taken) =>
            Lock(file, offset, exclusive: true, taken: out taken);

        private static int Lock(RingFile file, long offset, bool exclusive, out bool taken)
        {
            var at = new Overlapped { Offset = Low((ulong)offset), OffsetHigh = High((ulong)offset) };
            uint flags = exclusive ? 3u : 1u; // fail at once; exclusive
            taken = false;
            if (NativeMethods.LockFileEx(file.Raw, flags, 0, 1, 0, &at) != 0)
            {
                return 0;
            }

            int error = Marshal.GetLastWin32Error();
            taken = error == LockViolation || error == IoPending;
            return taken ? 0 : error;
        }

        private static uint Low(ulong number) => unchecked((uint)number);

        private static uint High(ulong number) => (uint)(number >> 32);

        internal override void Unlock(RingFile file, long offset)
        {
            var at = new Overlapped { Offset = Low((ulong)offset), OffsetHigh = High((ulong)offset) };
            _ = NativeMethods.UnlockFileEx(file.Raw, 0, 1, 0, &at);
        }

        internal override bool IsLocked(RingFile file, long offset)
        {
            // Windows has no query, so the lock is taken shared for a moment. A side that claims
            // its role in this moment tries again, as every claim does for a while.
            int error = Lock(file, offset, exclusive: false, taken: out bool taken);
            if (error == 0 && !taken)
            {
                Unlock(file, offset);
                return false;
            }

            return true;
        }

        internal override int Publish(string temporary, string path) =>
            NativeMethods.MoveFileExW(temporary, path, 0) != 0 ? 0 : Marshal.GetLastWin32Error();

        internal override int Remove(string path) =>
            NativeMethods.DeleteFileW(path) != 0 ? 0 : Marshal.GetLastWin32Error();

        internal override ErrorCode Classify(int error)
        {
            switch (error)
            {
                case 2: // ERROR_FILE_NOT_FOUND
                case 3: // ERROR_PATH_NOT_FOUND
                    return ErrorCode.NotFound;
                case 80: // ERROR_FILE_EXISTS
                case 183: // ERROR_ALREADY_EXISTS
                    return ErrorCode.AlreadyExists;
                case 5: // ERROR_ACCESS_DENIED
                case 32: // ERROR_SHARING_VIOLATION
                    return ErrorCode.PermissionDenied;
                case 39: // ERROR_HANDLE_DISK_FULL
                case 112: // ERROR_DISK_FULL
                    return ErrorCode.NoSpace;
                default:
                    return ErrorCode.Io;
            }
        }

        internal override string ErrorText(int error) =>
            new Win32Exception(error).Message + " (error " + RingText.Of(error) + ")";

        internal override string DefaultFolder()
        {
            string local = Environment.GetEnvironmentVariable("LOCALAPPDATA");
            if (string.IsNullOrEmpty(local))
            {
                return null;
            }

            string folder = Path.Combine(local, "BitRPC");
            _ = Directory.CreateDirectory(folder);
            return folder;
        }

        /// <summary>There is no barrier across processes: wakers fence.</summary>
        internal override bool RegisterMembarrier() => false;

        /// <summary>Never called: <see cref="RegisterMembarrier"/> said so.</summary>
        internal override bool Membarrier() => false;

        internal override RingWakePoints OpenWakePoints(string fileName, ulong createdUnixNs) =>
            new Events(fileName, createdUnixNs);

        internal override RingWakePoints OwnWakePoints() => new Events();

        internal override void WaitAny(RingWord[] words, int count, ulong boundNs)
        {
            const int MostHandles = 64;
            if (count > MostHandles)
            {
                base.WaitAny(words, count, boundNs);
                return;
            }

            var handles = new WaitHandle[count];
            for (int i = 0; i < count; i++)
            {
                handles[i] = ((Events)words[i].Points).Of(words[i].IsSpace);
                if (Volatile.Read(ref *words[i].Address) != words[i].Seen)
                {
                    return;
                }
            }

            _ = WaitHandle.WaitAny(handles, (int)((boundNs + 999999) / 1000000));
        }

        /// <summary>
        /// Two named auto-reset events: one that data came, one that space was freed.
        /// </summary>
        private sealed class Events : RingWakePoints
        {
            private readonly EventWaitHandle _data;
            private readonly EventWaitHandle _space;

            internal Events(string fileName, ulong createdUnixNs)
            {
                string name =
                    "Local\\" + fileName + "." + RingText.Hex(createdUnixNs, 16, prefix: false);
                _data = new EventWaitHandle(false, EventResetMode.AutoReset, name + ".data");
                _space = new EventWaitHandle(false, EventResetMode.AutoReset, name + ".space");
            }

            internal Events()
            {
                _data = new EventWaitHandle(false, EventResetMode.AutoReset);
                _space = _data;
            }

            internal override bool Wait(uint* sequence, bool isSpace, uint seen, ulong boundNs)
            {
                // A waker that moves the sequence after this look signals afterwards, and the
                // signal is kept.
                if (Volatile.Read(ref *sequence) != seen)
                {
                    return true;
                }

                int bound = (int)Math.Min((boundNs + 999999) / 1000000, int.MaxValue);
                return Of(isSpace).WaitOne(bound);
            }

            internal override void Wake(uint* sequence, bool isSpace) => _ = Of(isSpace).Set();

            /// <summary>
            /// One of the events. Nobody closes them but the collector: a thread that interrupts a
            /// wait may be about to set one.
            /// </summary>
            internal EventWaitHandle Of(bool isSpace) => isSpace ? _space : _data;
        }

        [StructLayout(LayoutKind.Explicit, Size = 32)]
        private struct Overlapped
        {
            [FieldOffset(16)]
            internal uint Offset;
            [FieldOffset(20)]
            internal uint OffsetHigh;
        }

        [StructLayout(LayoutKind.Explicit, Size = 52)]
        private struct FileInformation
        {
            [FieldOffset(0)]
            internal uint Attributes;
            [FieldOffset(28)]
            internal uint Volume;
            [FieldOffset(32)]
            internal uint SizeHigh;
            [FieldOffset(36)]
            internal uint SizeLow;
            [FieldOffset(40)]
            internal uint Links;
            [FieldOffset(44)]
            internal uint NumberHigh;
            [FieldOffset(48)]
            internal uint NumberLow;
        }

        [StructLayout(LayoutKind.Explicit, Size = 24)]
        private struct StandardInformation
        {
            [FieldOffset(20)]
            internal byte DeletePending;
        }

        private static class NativeMethods
        {
            [DllImport("kernel32")]
            internal static extern uint GetCurrentProcessId();

            [DllImport(
                "kernel32", CharSet = CharSet.Unicode, ExactSpelling = true, SetLastError = true)]
            internal static extern IntPtr CreateFileW(
                string path, uint access, uint share, IntPtr security, uint disposition, uint flags,
                IntPtr template);

            [DllImport("kernel32")]
            internal static extern int CloseHandle(IntPtr handle);

            [DllImport("kernel32", SetLastError = true)]
            internal static extern int SetFileInformationByHandle(
                IntPtr file, int kind, void* information, uint size);

            [DllImport("kernel32", CharSet = CharSet.Unicode, ExactSpelling = true)]
            internal static extern int GetDiskFreeSpaceExW(
                string folder, out ulong free, IntPtr total, IntPtr totalFree);

            [DllImport("kernel32", SetLastError = true)]
            internal static extern int GetFileInformationByHandle(
                IntPtr file, FileInformation* information);

            [DllImport("kernel32", SetLastError = true)]
            internal static extern int GetFileInformationByHandleEx(
                IntPtr file, int kind, void* information, uint size);

            [DllImport("kernel32", SetLastError = true)]
            internal static extern int ReadFile(
                IntPtr file, byte* buffer, uint size, out uint done, Overlapped* at);

            [DllImport("kernel32", SetLastError = true)]
            internal static extern IntPtr CreateFileMappingW(
                IntPtr file, IntPtr security, uint protection, uint sizeHigh, uint sizeLow,
                IntPtr name);

            [DllImport("kernel32", SetLastError = true)]
            internal static extern byte* MapViewOfFile(
                IntPtr section, uint access, uint offsetHigh, uint offsetLow, UIntPtr size);

            [DllImport("kernel32")]
            internal static extern int UnmapViewOfFile(byte* address);

            [DllImport("kernel32")]
            internal static extern byte* VirtualAlloc(
                byte* address, UIntPtr size, uint kind, uint protection);

            [DllImport("kernel32")]
            internal static extern int VirtualFree(byte* address, UIntPtr size, uint kind);

            [DllImport("kernel32", SetLastError = true)]
            internal static extern int LockFileEx(
                IntPtr file, uint flags, uint reserved, uint sizeLow, uint sizeHigh,
                Overlapped* at);

            [DllImport("kernel32", SetLastError = true)]
            internal static extern int UnlockFileEx(
                IntPtr file, uint reserved, uint sizeLow, uint sizeHigh, Overlapped* at);

            [DllImport(
                "kernel32", CharSet = CharSet.Unicode, ExactSpelling = true, SetLastError = true)]
            internal static extern int MoveFileExW(string from, string to, uint flags);

            [DllImport(
                "kernel32", CharSet = CharSet.Unicode, ExactSpelling = true, SetLastError = true)]
            internal static extern int DeleteFileW(string path);
        }
    }
}

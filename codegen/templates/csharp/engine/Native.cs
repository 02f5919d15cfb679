{% include "csharp/engine_head.cs" %}

using System;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Threading;

namespace {{ view.namespace }}
{
    /// <summary>What the operating system says about a file.</summary>
    internal struct RingFileFacts
    {
        /// <summary>What it is if not a regular file, as in "a directory"; else null.</summary>
        internal string NotRegular;

        /// <summary>The user that the file belongs to; 0 where files have no owner id.</summary>
        internal uint Owner;

        /// <summary>Bytes.</summary>
        internal ulong Size;

        /// <summary>Names that lead to the file; 0 once it was removed.</summary>
        internal ulong Links;

        /// <summary>Together with <see cref="Number"/> equal exactly for the same file.</summary>
        internal ulong Device;

        /// <summary>The file's number on its device.</summary>
        internal ulong Number;

        internal bool IsSameFile(in RingFileFacts other) =>
            Device == other.Device && Number == other.Number;
    }

    /// <summary>
    /// An open file; closing it gives its role locks back, however the process ends.
    /// </summary>
    internal sealed class RingFile : SafeHandle
    {
        internal RingFile(IntPtr handle)
            : base(new IntPtr(-1), ownsHandle: true)
        {
            SetHandle(handle);
        }

        public override bool IsInvalid => handle == new IntPtr(-1);

        /// <summary>
        /// The system's handle. Callers keep this object alive while they use it.
        /// </summary>
        internal IntPtr Raw => handle;

        protected override bool ReleaseHandle() => Platform.Current.CloseFile(handle);
    }

    /// <summary>
    /// Everything that differs between operating systems. Operations that can fail return the
    /// system's error code, 0 for done; <see cref="Classify"/> says what a code means.
    /// </summary>
    /// <remarks>
    /// Role lock: F_OFD_SETLK (Linux, macOS), LockFileEx (Windows). Sleep: shared futex (Linux),
    /// bounded naps (macOS), named events (Windows). Only Linux has membarrier. The macOS and
    /// Windows classes are written, but not run by the project's tests.
    /// </remarks>
    internal abstract unsafe class Platform
    {
        internal static readonly Platform Current = Create();

        private static readonly double TicksToNs = 1e9 / Stopwatch.Frequency;

        private static readonly bool TicksAreNs = Stopwatch.Frequency == 1000000000;

        /// <summary>
        /// The user that this process's files belong to; null where files have none.
        /// </summary>
        internal abstract uint? UserId { get; }

        internal abstract uint ProcessId { get; }

        /// <summary>Whether a process has this id here; in doubt it has.</summary>
        internal abstract bool ProcessExists(uint id);

        /// <summary>
        /// Opens without following a link, waiting for a pipe, or passing it to a child.
        /// </summary>
        internal abstract int Open(string path, bool writable, out RingFile file);

        /// <summary>Makes a file that must not exist, with exactly these permissions.</summary>
        internal abstract int CreateNew(string path, int permissions, out RingFile file);

        internal abstract bool CloseFile(IntPtr handle);

        /// <summary>
        /// Reserves the file's bytes, so that no later write meets a full file system. In pieces: a
        /// signal interrupts one of them, and one that comes again and again must not starve the
        /// whole.
        /// </summary>
        internal abstract int Allocate(RingFile file, ulong size);

        /// <summary>Bytes that this user may still write to the folder's file system.</summary>
        internal abstract ulong? FreeBytes(string folder);

        internal abstract int GetFacts(RingFile file, out RingFileFacts facts);

        /// <summary>Facts of whatever has this path; a link is not followed.</summary>
        internal abstract int GetFacts(string path, out RingFileFacts facts);

        /// <summary>The same of a ring's path, without making anything for it.</summary>
        internal virtual int GetFacts(RingTarget target, out RingFileFacts facts) =>
            GetFacts(target.FilePath, out facts);

        /// <summary>
        /// Reads from the file's start; <paramref name="done"/> may be less than asked.
        /// </summary>
        internal abstract int ReadStart(RingFile file, byte[] buffer, out int done);

        internal abstract int Map(
            RingFile file, ulong size, bool writable, out RingMapping mapping);

        /// <summary>
        /// Replaces a mapping by memory of this process, which is zero and free of cost.
        /// </summary>
        internal abstract void Vacate(byte* address, ulong size);

        /// <summary>Takes back the addresses of a mapping that was vacated.</summary>
        internal abstract void GiveBack(byte* address, ulong size);

        /// <summary>
        /// Takes the lock on one byte for this open file, or says who is in the way.
        /// </summary>
        internal abstract int TryLock(RingFile file, long offset, out bool taken);

        internal abstract void Unlock(RingFile file, long offset);

        /// <summary>Whether another open file holds the lock on one byte; true in doubt.</summary>
        internal abstract bool IsLocked(RingFile file, long offset);

        /// <summary>
        /// Gives a finished file its name, unless that is taken, and takes the temporary name away.
        /// </summary>
        internal abstract int Publish(string temporary, string path);

        /// <summary>
        /// What the file system of the temporary file would have to know, if that is what an error
        /// of <see cref="Publish"/> says; else null.
        /// </summary>
        internal virtual string MissingToPublish(int error) => null;

        /// <summary>Whether a file must not be mapped while its name is removed.</summary>
        internal virtual bool MapsKeepNames => false;

        internal abstract int Remove(string path);

        /// <summary>What an error code means: NotFound, AlreadyExists, PermissionDenied,
        /// NotRegularFile, NoSpace or Io.</summary>
        internal abstract ErrorCode Classify(int error);

        /// <summary>An error code in words.</summary>
        internal abstract string ErrorText(int error);

        /// <summary>Where rings live unless the caller or the environment says otherwise.</summary>
        internal abstract string DefaultFolder();

        /// <summary>Makes peers' membarriers reach this process; false if they cannot.</summary>
        internal abstract bool RegisterMembarrier();

        /// <summary>
        /// A full barrier on every processor that runs a registered process; false if the system
        /// refuses it.
        /// </summary>
        internal abstract bool Membarrier();

        /// <summary>What sleeping and waking on a ring's sequences needs.</summary>
        internal abstract RingWakePoints OpenWakePoints(string fileName, ulong createdUnixNs);

        /// <summary>The same for a word of this process alone.</summary>
        internal abstract RingWakePoints OwnWakePoints();

        /// <summary>
        /// Sleeps while all words are what was seen of them, at most so long. May end early.
        /// </summary>
        /// <remarks>
        /// Where no call waits for several words, this takes naps that double from 50 microseconds
        /// to 5 milliseconds.
        /// </remarks>
        internal virtual void WaitAny(RingWord[] words, int count, ulong boundNs)
        {
            const ulong Shortest = 50000;
            const ulong Longest = 5000000;
            ulong end = MonotonicNs() + boundNs;
            ulong nap = Shortest;
            for (ulong now = MonotonicNs(); now < end && AllAreSame(words, count);)
            {
                Nap(Math.Min(nap, end - now));
                nap = Math.Min(nap * 2, Longest);
                now = MonotonicNs();
            }
        }

        /// <summary>Sleeps about so long.</summary>
        protected virtual void Nap(ulong ns) => Thread.Sleep((int)(ns / 1000000) + 1);

        private static bool AllAreSame(RingWord[] words, int count)
        {
            bool isSame = true;
            for (int i = 0; i < count; i++)
            {
                isSame &= Volatile.Read(ref *words[i].Address) == words[i].Seen;
            }

            return isSame;
        }

        /// <summary>
        /// Nanoseconds of the host's monotonic clock, the same for all processes.
        /// </summary>
        internal virtual ulong MonotonicNs()
        {
            // On Linux and Windows the runtimes read the very clock that the protocol names.
            long ticks = Stopwatch.GetTimestamp();
            return TicksAreNs ? (ulong)ticks : (ulong)(ticks * TicksToNs);
        }

        /// <summary>Nanoseconds since 1970.</summary>
        internal static ulong UnixNs()
        {
            var epoch = new DateTime(1970, 1, 1, 0, 0, 0, DateTimeKind.Utc);
            return (ulong)(DateTime.UtcNow - epoch).Ticks * 100;
        }

        private static Platform Create()
        {
            if (!BitConverter.IsLittleEndian || IntPtr.Size != 8)
            {
                throw new SharedMemoryException(
                    ErrorCode.Unsupported,
                    "rings need a 64-bit little-endian process");
            }

            if (RuntimeInformation.IsOSPlatform(OSPlatform.Windows))
            {
                return new RingWindowsPlatform();
            }

            if (RuntimeInformation.IsOSPlatform(OSPlatform.OSX))
            {
                return new RingMacOSPlatform();
            }

            RingLinuxPlatform.CheckProcessor(RuntimeInformation.ProcessArchitecture);
            return new RingLinuxPlatform();
        }
    }

    /// <summary>A word that somebody waits for, and what it was.</summary>
    internal unsafe struct RingWord
    {
        internal uint* Address;
        internal uint Seen;

        /// <summary>What the word is waited for with, and which of its two.</summary>
        internal RingWakePoints Points;
        internal bool IsSpace;
    }

    /// <summary>How one open ring sleeps and wakes.</summary>
    internal abstract unsafe class RingWakePoints
    {
        /// <summary>
        /// Sleeps while the sequence is <paramref name="seen"/>, at most so long; false if only the
        /// bound ended it. May end early.
        /// </summary>
        internal abstract bool Wait(uint* sequence, bool isSpace, uint seen, ulong boundNs);

        /// <summary>Wakes whoever sleeps on the sequence.</summary>
        internal abstract void Wake(uint* sequence, bool isSpace);
    }
}

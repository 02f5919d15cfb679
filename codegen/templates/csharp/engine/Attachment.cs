{% include "csharp/engine_head.cs" %}

using System;
using System.Threading;

namespace {{ view.namespace }}
{
    /// <summary>
    /// One side's hold on a ring: the mapping, the role's lock, and the means to sleep and wake.
    /// </summary>
    internal sealed unsafe partial class RingAttachment
    {
        private readonly uint _processId;
        private int _isClosed;
        private ulong _napsUntil;

        private RingAttachment(Segment segment, Role role)
        {
            Segment = segment;
            Role = role;
            Base = segment.Base;
            IsRegistered = Platform.Current.RegisterMembarrier();
            QuietControl = IsRegistered ? RingConstants.CanMembarrier : 0;
            _processId = Platform.Current.ProcessId;
        }

        internal Segment Segment { get; }

        internal Role Role { get; }

        /// <summary>
        /// The first byte of the header; once closed, of memory that nobody else sees.
        /// </summary>
        internal byte* Base { get; }

        /// <summary>Whether peers' membarriers reach this process.</summary>
        internal bool IsRegistered { get; }

        internal bool IsOpen => Volatile.Read(ref _isClosed) == 0;

        /// <summary>Whether this is a forked child of the process that attached.</summary>
        internal bool IsForked => _processId != Platform.Current.ProcessId;

        /// <summary>
        /// This side's control word while it does not sleep: whether its own membarriers make the
        /// waker's fence unnecessary.
        /// </summary>
        internal uint QuietControl { get; private set; }

        /// <summary>
        /// Opens or makes the ring and takes the role; the peer does not know yet.
        /// </summary>
        /// <exception cref="SharedMemoryException">All that concerns names, files, identities and
        /// roles.</exception>
        internal static RingAttachment Open(string name, SharedMemoryOptions options, Role role)
        {
            RingLayoutChecks.Run();
            var target = new RingTarget(name, options);
            for (int round = 0; round < RingConstants.Races; round++)
            {
                Segment segment = OpenOrCreate(target, options);
                try
                {
                    // Whoever tidies up holds both locks: with the lock taken, a name that leads
                    // here stays.
                    if (TakeRole(segment, role) && segment.HasItsName())
                    {
                        return new RingAttachment(segment, role);
                    }
                }
                catch
                {
                    segment.Dispose();
                    throw;
                }

                segment.Dispose();
            }

            throw new SharedMemoryException(
                ErrorCode.Removed,
                "'" + target.FilePath + "' is removed again and again while it is opened");
        }

        /// <summary>Tells the peer that this side is there.</summary>
        internal void Announce()
        {
            // This side alone writes its fields, and the role lock orders them after the last
            // holder.
            ref uint epoch = ref Word32(Role.Epoch);
            epoch = unchecked(epoch + 1);
            Word32(Role.Pid) = _processId;
            Beat();
            Volatile.Write(ref Word32(Role.Control), QuietControl);
            // Pairs with the reads of the state in RingPeerWatch: epoch and pid are there.
            Volatile.Write(ref Word32(Role.State), RingConstants.StateAttached);
            RingBell();
        }

        /// <summary>
        /// Moves this side's sequence and wakes the peer, whatever it says of itself.
        /// </summary>
        internal void RingBell()
        {
            uint* sequence = (uint*)(Base + Role.Sequence);
            // Pairs with the peer's read of the sequence: it then sees a changed state too.
            Volatile.Write(ref *sequence, unchecked(*sequence + 1));
            Segment.WakePoints.Wake(sequence, isSpace: !Role.IsProducer);
        }

        /// <summary>
        /// Says that this side is about to sleep on a sequence. A full fence has to follow, then
        /// <see cref="FenceWaker"/>, then one more look at what is waited for.
        /// </summary>
        internal void AnnounceSleep(uint seen) =>
            Volatile.Write(
                ref Word32(Role.Control),
                RingConstants.Waiting | QuietControl | (seen << RingConstants.SequenceShift));

        /// <summary>Executes the waker's fence for it, or has it fence by itself.</summary>
        internal void FenceWaker()
        {
            if (QuietControl != 0 && !Platform.Current.Membarrier())
            {
                MembarrierRefused();
            }
        }

        /// <summary>
        /// From now on this side issues no membarriers. A waker that has loaded the old word has
        /// its publication visible within the time that a store takes; every later look of it finds
        /// that it has to fence. So sleeps are short for a moment.
        /// </summary>
        internal void MembarrierRefused()
        {
            QuietControl = 0;
            ref uint control = ref Word32(Role.Control);
            Volatile.Write(ref control, control & ~RingConstants.CanMembarrier);
            Interlocked.MemoryBarrier();
            _napsUntil = Platform.Current.MonotonicNs() + RingConstants.RefusedNapNs;
        }

        /// <summary>How long a sleep may last that begins now and would last so long.</summary>
        internal ulong Shorten(ulong boundNs)
        {
            bool naps = _napsUntil != 0 && Platform.Current.MonotonicNs() <= _napsUntil;
            return naps ? Math.Min(boundNs, RingConstants.RefusedNapNs) : boundNs;
        }

        /// <summary>Says that this side does not sleep.</summary>
        internal void AnnounceAwake() => Volatile.Write(ref Word32(Role.Control), QuietControl);

        /// <summary>
        /// Says that this side issues no membarriers any more: from its next look on the peer
        /// fences by itself, and looks around.
        /// </summary>
        internal void Unregister()
        {
            QuietControl = 0;
            AnnounceAwake();
        }

        /// <summary>Stores the time of this side's heartbeat.</summary>
        internal void Beat() =>
            Volatile.Write(ref Word64(Role.Heartbeat), Platform.Current.MonotonicNs());

        /// <summary>Whether the peer's role is held by an open file of a live process.</summary>
        internal bool IsPeerAlive() =>
            Platform.Current.IsLocked(Segment.File, Role.Peer.LockOffset);

        internal ref uint Word32(int offset) => ref *(uint*)(Base + offset);

        internal ref ulong Word64(int offset) => ref *(ulong*)(Base + offset);

        private static Segment OpenOrCreate(RingTarget target, SharedMemoryOptions options)
        {
            for (int round = 0; round < RingConstants.Races; round++)
            {
                if (options.Mode != CreateMode.CreateOnly)
                {
                    try
                    {
                        return Segment.Open(target, options, writable: true);
                    }
                    catch (SharedMemoryException error) when (
                        error.Code == ErrorCode.NotFound && options.Mode == CreateMode.CreateOrOpen)
                    {
                        // Made below.
                    }
                }

                try
                {
                    return Segment.Create(target, options);
                }
                catch (SharedMemoryException error) when (
                    error.Code == ErrorCode.AlreadyExists
                        && options.Mode == CreateMode.CreateOrOpen)
                {
                    // Another process was faster: opened in the next round.
                }
            }

            throw new SharedMemoryException(
                ErrorCode.Removed,
                "'" + target.FilePath + "' is made and removed again faster than it can be opened");
        }
    }
}

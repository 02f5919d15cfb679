{% include "csharp/head.cs" %}

using System;
using System.Threading;

namespace {{ view.namespace }}
{
    /// <summary>
    /// One side of a ring: where its fields are, so that code for both sides is written once.
    /// </summary>
    internal sealed class Role
    {
        internal static readonly Role Producer = new Role(isProducer: true);

        internal static readonly Role Consumer = new Role(isProducer: false);

        private Role(bool isProducer)
        {
            IsProducer = isProducer;
            Name = isProducer ? "producer" : "consumer";
            LockOffset = Platform.LockBase + (isProducer ? 0 : 1);
            Pid = isProducer ? RingHeaderLayout.ProducerPid : RingHeaderLayout.ConsumerPid;
            State = isProducer ? RingHeaderLayout.ProducerState : RingHeaderLayout.ConsumerState;
            Epoch = isProducer ? RingHeaderLayout.ProducerEpoch : RingHeaderLayout.ConsumerEpoch;
            Heartbeat = isProducer
                ? RingHeaderLayout.ProducerHeartbeatNs
                : RingHeaderLayout.ConsumerHeartbeatNs;
            MissedWakeups = isProducer
                ? RingHeaderLayout.ProducerMissedWakeups
                : RingHeaderLayout.ConsumerMissedWakeups;
            Control = isProducer
                ? RingHeaderLayout.ProducerControl
                : RingHeaderLayout.ConsumerControl;
            Sequence = isProducer ? RingHeaderLayout.DataSequence : RingHeaderLayout.SpaceSequence;
        }

        internal bool IsProducer { get; }

        internal string Name { get; }

        /// <summary>The byte of the file whose lock is the role.</summary>
        internal long LockOffset { get; }

        internal int Pid { get; }

        internal int State { get; }

        internal int Epoch { get; }

        internal int Heartbeat { get; }

        internal int MissedWakeups { get; }

        /// <summary>What this side writes to say that it sleeps.</summary>
        internal int Control { get; }

        /// <summary>What this side moves on to wake its peer.</summary>
        internal int Sequence { get; }

        internal Role Peer => IsProducer ? Consumer : Producer;
    }

    /// <summary>What a side's state field says.</summary>
    internal static class RingState
    {
        /// <summary>Nobody ever had the role.</summary>
        internal const uint Never = 0;

        /// <summary>Attached, or died without saying so.</summary>
        internal const uint Attached = 1;

        /// <summary>Closed in good order.</summary>
        internal const uint Closed = 2;
    }

    /// <summary>
    /// One side's hold on a ring: the mapping, the role's lock, and the means to sleep and wake.
    /// </summary>
    internal sealed unsafe class RingAttachment
    {
        /// <summary>Control word: its owner is about to sleep, or sleeps.</summary>
        internal const uint Waiting = 1;

        /// <summary>Control word: its owner issues a membarrier before it sleeps.</summary>
        internal const uint CanMembarrier = 2;

        /// <summary>
        /// Where the control word holds the low 30 bits of the sequence slept on.
        /// </summary>
        internal const int SequenceShift = 2;

        /// <summary>
        /// A role found taken is tried again so long: its holder may be tidying up.
        /// </summary>
        private const ulong RoleRetryMs = 50;

        /// <summary>
        /// The same while its holder does not say that it is attached: it is about to attach, or
        /// closing, or tidies up, and will be through soon unless it is paused.
        /// </summary>
        private const ulong TransitionRetryMs = 5000;

        /// <summary>How often a lost race with a removal is started over.</summary>
        private const int Rounds = 1000;

        private readonly uint _processId;

        private RingAttachment(Segment segment, Role role)
        {
            Segment = segment;
            Role = role;
            Base = segment.Base;
            IsRegistered = Platform.Current.RegisterMembarrier();
            _processId = Platform.Current.ProcessId;
        }

        internal Segment Segment { get; }

        internal Role Role { get; }

        /// <summary>The first byte of the header; null once closed.</summary>
        internal byte* Base { get; private set; }

        /// <summary>
        /// Whether peers' membarriers reach this process, and its own reach theirs.
        /// </summary>
        internal bool IsRegistered { get; }

        internal bool IsOpen => Base != null;

        /// <summary>Whether this is a forked child of the process that attached.</summary>
        internal bool IsForked => _processId != Platform.Current.ProcessId;

        /// <summary>This side's control word while it does not sleep.</summary>
        internal uint QuietControl => IsRegistered ? CanMembarrier : 0;

        /// <summary>
        /// Opens or makes the ring and takes the role; the peer does not know yet.
        /// </summary>
        /// <exception cref="SharedMemoryException">All that concerns names, files, identities and
        /// roles.</exception>
        internal static RingAttachment Open(string name, SharedMemoryOptions options, Role role)
        {
            RingLayoutChecks.Run();
            var target = new RingTarget(name, options);
            for (int round = 0; round < Rounds; round++)
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
            *(uint*)(Base + Role.Epoch) += 1;
            *(uint*)(Base + Role.Pid) = _processId;
            Beat();
            Volatile.Write(ref Word32(Role.Control), QuietControl);
            // Pairs with the reads of the state in RingPeerWatch: epoch and pid are there.
            Volatile.Write(ref Word32(Role.State), RingState.Attached);
            RingBell();
        }

        /// <summary>Tells the peer that this side has gone.</summary>
        internal void AnnounceClosed()
        {
            Volatile.Write(ref Word32(Role.Control), 0);
            // Whoever reads "closed" sees everything that this side published before.
            Volatile.Write(ref Word32(Role.State), RingState.Closed);
            RingBell();
        }

        /// <summary>
        /// Unmaps and closes, which gives the role back; removes the file first if asked to, while
        /// the caller holds both roles.
        /// </summary>
        internal void Close(bool removeFile)
        {
            if (removeFile && Segment.HasItsName())
            {
                _ = Platform.Current.Remove(Segment.Target.FilePath);
            }

            if (!IsForked)
            {
                // A child that is being started may have the file open for a moment longer.
                Platform.Current.Unlock(Segment.File, Role.LockOffset);
            }

            Base = null;
            Segment.Dispose();
        }

        /// <summary>
        /// Moves this side's sequence and wakes the peer, whatever it says of itself.
        /// </summary>
        internal void RingBell()
        {
            uint* sequence = (uint*)(Base + Role.Sequence);
            // Pairs with the peer's read of the sequence: it then sees a changed state too.
            Volatile.Write(ref *sequence, *sequence + 1);
            Segment.WakePoints.Wake(sequence, isSpace: !Role.IsProducer);
        }

        /// <summary>Stores the time of this side's heartbeat.</summary>
        internal void Beat() =>
            Volatile.Write(ref Word64(Role.Heartbeat), Platform.Current.MonotonicNs());

        /// <summary>Whether the peer's role is held by an open file of a live process.</summary>
        internal bool IsPeerAlive() =>
            Platform.Current.IsLocked(Segment.File, Role.Peer.LockOffset);

        /// <summary>
        /// Takes the role of a peer that has closed, as soon as it lets go of it: it says so
        /// before. Gives up when <paramref name="isClosed"/> no longer holds.
        /// </summary>
        internal bool TakeOverPeerRole(Func<bool> isClosed)
        {
            int error = Lock(
                Segment, Role.Peer, () => isClosed() ? TransitionRetryMs : 0, out bool isTaken);
            return error == 0 && !isTaken;
        }

        internal ref uint Word32(int offset) => ref *(uint*)(Base + offset);

        internal ref ulong Word64(int offset) => ref *(ulong*)(Base + offset);

        private static Segment OpenOrCreate(RingTarget target, SharedMemoryOptions options)
        {
            for (int round = 0; round < Rounds; round++)
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

        private static bool TakeRole(Segment segment, Role role)
        {
            int error = Lock(segment, role, () => Patience(segment, role), out bool isTaken);
            if (error != 0)
            {
                throw Segment.Failed("lock", segment.Target.FilePath, error);
            }

            if (!isTaken || !segment.HasItsName())
            {
                return !isTaken;
            }

            uint pid = Volatile.Read(ref *(uint*)(segment.Base + role.Pid));
            string text = "'" + segment.Target.FilePath
                + "': process " + RingText.Of(pid) + " is the " + role.Name;
            throw new SharedMemoryException(ErrorCode.RoleTaken, text + " already", 0, pid);
        }

        /// <summary>How long a role that is taken is tried again, in milliseconds.</summary>
        private static ulong Patience(Segment segment, Role role)
        {
            bool isAttached =
                Volatile.Read(ref *(uint*)(segment.Base + role.State)) == RingState.Attached;
            return !segment.HasItsName() ? 0 : isAttached ? RoleRetryMs : TransitionRetryMs;
        }

        /// <summary>
        /// Takes a role's lock; while it is taken, tries again for as many milliseconds as
        /// <paramref name="patience"/> then says.
        /// </summary>
        private static int Lock(
            Segment segment, Role role, Func<ulong> patience, out bool isTaken)
        {
            ulong start = Platform.Current.MonotonicNs();
            while (true)
            {
                int error = Platform.Current.TryLock(segment.File, role.LockOffset, out isTaken);
                ulong waited = Platform.Current.MonotonicNs() - start;
                if (error != 0 || !isTaken || waited >= patience() * 1000000)
                {
                    return error;
                }

                Thread.Sleep(1);
            }
        }
    }
}

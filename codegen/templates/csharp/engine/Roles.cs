{% include "csharp/engine_head.cs" %}

using System;
using System.Threading;

namespace {{ view.namespace }}
{
    /// <content>Taking a role, giving it back, and tidying up.</content>
    internal sealed unsafe partial class RingAttachment
    {
        /// <summary>
        /// Closes: tells the peer, removes the file if this is the last side out of a ring in which
        /// nothing is left, and gives the role back.
        /// </summary>
        /// <param name="isDrained">Whether nothing is left, as far as this side sees.</param>
        internal void Close(Func<bool> isDrained)
        {
            if (!IsForked)
            {
                AnnounceClosed();
                bool isLast = isDrained() && (Role.IsProducer
                    ? TakeBothRoles(isDrained)
                    : TakeRoleOfPeer(isDrained));
                if (isLast && isDrained() && Segment.HasItsName())
                {
                    RemoveFile();
                }
            }

            Drop();
        }

        /// <summary>
        /// Lets go of everything without telling the peer. No store of this side reaches the ring
        /// any more when its role can be had.
        /// </summary>
        internal void Drop()
        {
            Volatile.Write(ref _isClosed, 1);
            Segment.Mapping.Vacate();
            if (!IsForked)
            {
                // A child that is being started may have the file open for a moment longer.
                Platform.Current.Unlock(Segment.File, Role.LockOffset);
                Platform.Current.Unlock(Segment.File, Role.Peer.LockOffset);
            }

            Segment.Dispose();
        }

        /// <summary>Tells the peer that this side has gone.</summary>
        private void AnnounceClosed()
        {
            Volatile.Write(ref Word32(Role.Control), 0);
            // Whoever reads "closed" sees everything that this side published before.
            Volatile.Write(ref Word32(Role.State), RingConstants.StateClosed);
            RingBell();
            // Of two sides that close at once, one sees that the other does.
            Interlocked.MemoryBarrier();
        }

        /// <summary>A consumer's way to be the last: it has its own role from closing on.</summary>
        private bool TakeRoleOfPeer(Func<bool> isDrained)
        {
            int error = Lock(Segment, Role.Peer, () => PatienceWithPeer(isDrained), out bool isTaken);
            return error == 0 && !isTaken;
        }

        /// <summary>
        /// A producer's way: its own role, given back for as long as it waits for the consumer's,
        /// comes second, so that two sides that close at once do not wait for each other.
        /// </summary>
        private bool TakeBothRoles(Func<bool> isDrained)
        {
            Platform.Current.Unlock(Segment.File, Role.LockOffset);
            if (!TakeRoleOfPeer(isDrained))
            {
                return false;
            }

            // A producer that has come meanwhile is not waited for.
            int error = Platform.Current.TryLock(Segment.File, Role.LockOffset, out bool isTaken);
            return error == 0 && !isTaken;
        }

        /// <summary>
        /// How long the role of a peer is waited for, in nanoseconds: not at all unless it says
        /// that it is closing, too.
        /// </summary>
        private ulong PatienceWithPeer(Func<bool> isDrained)
        {
            bool isClosing = Volatile.Read(ref Word32(Role.Peer.State)) == RingConstants.StateClosed;
            return isClosing && isDrained() ? RingConstants.TransitionRetryNs : 0;
        }

        private void RemoveFile()
        {
            if (Platform.Current.MapsKeepNames)
            {
                Segment.Mapping.Vacate();
            }

            int error = Platform.Current.Remove(Segment.Target.FilePath);
            if (error != 0 && Platform.Current.Classify(error) != ErrorCode.NotFound)
            {
                // It is empty, and whoever comes next uses it.
                SharedMemoryException why = Segment.Failed("remove", Segment.Target.FilePath, error);
                SharedMemoryLog.Tell(LogLevel.Warning, "the ring stays: " + why.Message);
            }
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
            throw new SharedMemoryException(
                ErrorCode.RoleTaken,
                "'" + segment.Target.FilePath + "': the " + role.Name + " role is taken by "
                    + HolderOf(pid),
                0,
                pid);
        }

        /// <summary>Who holds a role that is taken; the header names whoever attached last.</summary>
        private static string HolderOf(uint pid)
        {
            if (pid == 0)
            {
                return "a process that is about to attach";
            }

            string process = "process " + RingText.Of(pid);
            return Platform.Current.ProcessExists(pid)
                ? process
                : process + ", which has ended; a child that it forked may hold the role";
        }

        /// <summary>How long a role that is taken is tried again, in nanoseconds.</summary>
        private static ulong Patience(Segment segment, Role role)
        {
            bool isAttached =
                Volatile.Read(ref *(uint*)(segment.Base + role.State)) == RingConstants.StateAttached;
            ulong patience = isAttached
                ? RingConstants.RoleRetryNs
                : RingConstants.TransitionRetryNs;
            return segment.HasItsName() ? patience : 0;
        }

        /// <summary>
        /// Takes a role's lock; while it is taken, tries again for as many nanoseconds as
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
                if (error != 0 || !isTaken || waited >= patience())
                {
                    return error;
                }

                Thread.Sleep(1);
            }
        }
    }
}

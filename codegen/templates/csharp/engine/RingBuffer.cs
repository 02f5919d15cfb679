{% include "csharp/engine_head.cs" %}

using System;
using System.Threading;

namespace {{ view.namespace }}
{
    /// <summary>Counters of a ring, both sides together, since it was made.</summary>
    public sealed class Statistics
    {
        internal unsafe Statistics(byte* header)
        {
            MessagesSent = Snapshot.Read64(header, RingHeaderLayout.MessagesSent);
            MessagesReceived = Snapshot.Read64(header, RingHeaderLayout.MessagesReceived);
            BytesSent = Snapshot.Read64(header, RingHeaderLayout.BytesSent);
            BytesReceived = Snapshot.Read64(header, RingHeaderLayout.BytesReceived);
            Errors = unchecked(
                Snapshot.Read64(header, RingHeaderLayout.SendFailures)
                + Snapshot.Read64(header, RingHeaderLayout.ReceiveErrors));
        }

        /// <summary>Messages published.</summary>
        public ulong MessagesSent { get; }

        /// <summary>Messages released by the consumer.</summary>
        public ulong MessagesReceived { get; }

        /// <summary>Payload bytes published.</summary>
        public ulong BytesSent { get; }

        /// <summary>Payload bytes released by the consumer.</summary>
        public ulong BytesReceived { get; }

        /// <summary>
        /// Sends that ended without room, and messages found missing or broken.
        /// </summary>
        public ulong Errors { get; }

        /// <summary>
        /// Payload bytes per message of the side that has handled more; 0 without messages.
        /// </summary>
        public double AvgMessageSize
        {
            get
            {
                bool isSender = MessagesSent >= MessagesReceived;
                ulong messages = isSender ? MessagesSent : MessagesReceived;
                ulong bytes = isSender ? BytesSent : BytesReceived;
                return messages == 0 ? 0 : (double)bytes / messages;
            }
        }
    }

    /// <summary>Life of one side of a ring.</summary>
    public enum PeerState : byte
    {
        /// <summary>Nobody has had this role yet.</summary>
        Never,

        /// <summary>The role's lock is held.</summary>
        Alive,

        /// <summary>The lock is held, but the heartbeat is too old.</summary>
        Stalled,

        /// <summary>The last one has closed.</summary>
        Closed,

        /// <summary>The last one ended without closing.</summary>
        Died,
    }

    /// <summary>What a ring's header says of one side.</summary>
    public sealed class SideSnapshot
    {
        internal unsafe SideSnapshot(byte* header, Role role, Func<Role, bool> isHeld)
        {
            State = Snapshot.ReadState(header, role, isHeld, ulong.MaxValue);
            Pid = Snapshot.Read32(header, role.Pid);
            Epoch = Snapshot.Read32(header, role.Epoch);
            HeartbeatNs = Snapshot.Read64(header, role.Heartbeat);
            MissedWakeups = Snapshot.Read64(header, role.MissedWakeups);
        }

        /// <summary>Its life.</summary>
        public PeerState State { get; }

        /// <summary>Process id of the last holder; 0 if there was none.</summary>
        public uint Pid { get; }

        /// <summary>Counts the holders.</summary>
        public uint Epoch { get; }

        /// <summary>Monotonic clock of the last heartbeat, in nanoseconds.</summary>
        public ulong HeartbeatNs { get; }

        /// <summary>
        /// Sleeps that nobody ended although there was a reason: 0 unless broken. Counted with the
        /// option <see cref="SharedMemoryOptions.DiagnoseWakeups"/> only.
        /// </summary>
        public ulong MissedWakeups { get; }
    }

    /// <summary>
    /// All that a ring's header says, read field by field: the numbers may be some messages apart
    /// while the ring is in use.
    /// </summary>
    public sealed class Snapshot
    {
        internal unsafe Snapshot(byte* header, ulong capacity, Func<Role, bool> isHeld)
        {
            Statistics = new Statistics(header);
            Capacity = capacity;
            ulong read = Read64(header, RingHeaderLayout.ReadPosition);
            ulong write = Read64(header, RingHeaderLayout.WritePosition);
            ulong used = unchecked(write - read);
            UsedBytes = used <= capacity ? used : 0;
            SendFailures = Read64(header, RingHeaderLayout.SendFailures);
            ReceiveErrors = Read64(header, RingHeaderLayout.ReceiveErrors);
            CreatedUnixNs = Read64(header, RingHeaderLayout.CreatedUnixNs);
            Producer = new SideSnapshot(header, Role.Producer, isHeld);
            Consumer = new SideSnapshot(header, Role.Consumer, isHeld);
        }

        /// <summary>The counters of both sides.</summary>
        public Statistics Statistics { get; }

        /// <summary>Size of the data area in bytes.</summary>
        public ulong Capacity { get; }

        /// <summary>Bytes between the two positions, padding included.</summary>
        public ulong UsedBytes { get; }

        /// <summary>Sends that ended without room: calls, not looks.</summary>
        public ulong SendFailures { get; }

        /// <summary>Messages found missing, incomplete or corrupt.</summary>
        public ulong ReceiveErrors { get; }

        /// <summary>When the ring was made, nanoseconds since 1970.</summary>
        public ulong CreatedUnixNs { get; }

        /// <summary>The sending side.</summary>
        public SideSnapshot Producer { get; }

        /// <summary>The receiving side.</summary>
        public SideSnapshot Consumer { get; }

        internal static unsafe ulong Read64(byte* header, int offset) =>
            Volatile.Read(ref *(ulong*)(header + offset));

        internal static unsafe uint Read32(byte* header, int offset) =>
            Volatile.Read(ref *(uint*)(header + offset));

        /// <summary>The life of one side, stalled if its heartbeat is older than that.</summary>
        internal static unsafe PeerState ReadState(
            byte* header, Role role, Func<Role, bool> isHeld, ulong stallNs)
        {
            // Each round more takes another attaching or closing while the lock is asked for.
            const int Rounds = 8;
            uint state = Read32(header, role.State);
            uint epoch = Read32(header, role.Epoch);
            bool held = false;
            for (int round = 0; round < Rounds; round++)
            {
                held = isHeld(role);
                uint before = state;
                uint counted = epoch;
                state = Read32(header, role.State);
                epoch = Read32(header, role.Epoch);
                if (before == state && counted == epoch)
                {
                    break;
                }
            }

            if (state != RingConstants.StateAttached)
            {
                return state == RingConstants.StateNever ? PeerState.Never : PeerState.Closed;
            }

            ulong beat = Read64(header, role.Heartbeat);
            ulong now = Platform.Current.MonotonicNs();
            bool isStalled = now > beat && now - beat > stallNs;
            return !held ? PeerState.Died : isStalled ? PeerState.Stalled : PeerState.Alive;
        }
    }

    /// <summary>
    /// A ring that this process is attached to, as a producer or consumer shows it: what it is
    /// called, how large it is, and how it is doing. After its side was closed, the numbers of that
    /// moment stay readable. Any thread.
    /// </summary>
    public sealed unsafe class RingBuffer
    {
        private readonly RingAttachment _attachment;
        private readonly Segment _segment;

        /// <summary>Held while the header is read, which is gone once there is a last one.</summary>
        private readonly object _lock = new object();
        private Snapshot _last;

        internal RingBuffer(RingAttachment attachment)
        {
            _attachment = attachment;
            _segment = attachment.Segment;
        }

        /// <summary>The ring's name, without folder and prefix.</summary>
        public string Name => _segment.Target.Name;

        /// <summary>The ring's file.</summary>
        public string Path => _segment.Target.FilePath;

        /// <summary>Size of the data area in bytes.</summary>
        public ulong Capacity => _segment.Identity.Capacity;

        /// <summary>Largest payload that one message can carry, in bytes.</summary>
        public int LargestPayload => Record.LargestPayload(Capacity);

        /// <summary>
        /// False if the ring was made from a spec with other message types or structs.
        /// </summary>
        public bool SchemaMatches => _segment.Identity.SchemaHash == Layout.SchemaHash;

        /// <summary>Whether the side that shows this is still open.</summary>
        public bool IsOpen => _attachment.IsOpen;

        /// <summary>The counters of both sides.</summary>
        public Statistics Statistics
        {
            get
            {
                lock (_lock)
                {
                    return _last != null ? _last.Statistics : new Statistics(_attachment.Base);
                }
            }
        }

        /// <summary>All that the header says.</summary>
        public Snapshot Snapshot
        {
            get
            {
                lock (_lock)
                {
                    return _last ?? Take();
                }
            }
        }

        internal PeerState GetPeerState(long stallNs)
        {
            Role peer = _attachment.Role.Peer;
            lock (_lock)
            {
                return _last != null
                    ? (peer.IsProducer ? _last.Producer : _last.Consumer).State
                    : Snapshot.ReadState(
                        _attachment.Base, peer, IsHeld, RingTime.AsAge(stallNs));
            }
        }

        /// <summary>Keeps the numbers of this moment: the memory is about to go.</summary>
        internal void Freeze()
        {
            lock (_lock)
            {
                _last = Take();
            }
        }

        private Snapshot Take() => new Snapshot(_attachment.Base, Capacity, IsHeld);

        /// <summary>Whether a side's role is held; its own is.</summary>
        private bool IsHeld(Role role) =>
            role == _attachment.Role || _attachment.IsPeerAlive();
    }
}

{% include "csharp/engine_head.cs" %}

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
            LockOffset = isProducer
                ? RingConstants.ProducerLock
                : RingConstants.ConsumerLock;
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
}

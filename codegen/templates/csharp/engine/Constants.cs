{% include "csharp/engine_head.cs" %}

namespace {{ view.namespace }}
{
    /// <summary>
    /// Numbers of the protocol that are no layout, with the same names in all engines.
    /// </summary>
    internal static class RingConstants
    {
        // Sizes.

        /// <summary>Words, strides and positions are multiples of this.</summary>
        internal const int Word = 8;

        /// <summary>The smallest data area, in bytes.</summary>
        internal const ulong MinCapacity = 1UL << 10;

        /// <summary>The largest data area.</summary>
        internal const ulong MaxCapacity = 1UL << 40;

        /// <summary>
        /// No record is longer, so that its length fits 32 bits with room to spare.
        /// </summary>
        internal const ulong MaxFrame = 1UL << 31;

        /// <summary>The longest name of a ring.</summary>
        internal const int MaxNameLength = 200;

        /// <summary>What a piece of a message starts with: its index and their count.</summary>
        internal const int PrefixSize = 8;

        /// <summary>The smallest piece that is worth its header.</summary>
        internal const int MinPiece = 64;

        // Bytes whose locks tell that somebody lives: far beyond the data, so that
        // mandatory locks block nothing.

        /// <summary>The producer's role.</summary>
        internal const long ProducerLock = 1L << 62;

        /// <summary>The consumer's role.</summary>
        internal const long ConsumerLock = (1L << 62) + 1;

        /// <summary>A temporary file that is being made into a ring.</summary>
        internal const long MakingLock = (1L << 62) + 2;

        // What a side's state field says.

        /// <summary>Nobody ever had the role.</summary>
        internal const uint StateNever = 0;

        /// <summary>Attached, or died without saying so.</summary>
        internal const uint StateAttached = 1;

        /// <summary>Closed in good order.</summary>
        internal const uint StateClosed = 2;

        // The control word of a sleeper.

        /// <summary>Its owner sleeps, or is about to.</summary>
        internal const uint Waiting = 1;

        /// <summary>Its owner issues a membarrier before it sleeps.</summary>
        internal const uint CanMembarrier = 2;

        /// <summary>Where the low 30 bits of the sequence stand that is slept on.</summary>
        internal const int SequenceShift = 2;

        // Times, in nanoseconds, and how often.

        /// <summary>How often the peer's life is checked, and the bound of every sleep.</summary>
        internal const ulong LivenessNs = 100000000;

        /// <summary>Looks in vain between two looks at the clock of a side that polls.</summary>
        internal const uint PollLooks = 4096;

        /// <summary>
        /// A role found taken is tried again so long: its holder may be tidying up.
        /// </summary>
        internal const ulong RoleRetryNs = 50000000;

        /// <summary>
        /// The same while its holder does not say that it is attached: it is about to attach, or to
        /// close, or tidies up, and will be through soon unless it is paused.
        /// </summary>
        internal const ulong TransitionRetryNs = 5000000000;

        /// <summary>
        /// How long a sleep lasts at most that begins so soon after a membarrier was refused.
        /// </summary>
        internal const ulong RefusedNapNs = 1000000;

        /// <summary>
        /// How often a sleep goes on that is looked into, for as long as peers are checked after.
        /// </summary>
        internal const int DiagnosisSlices = 10;

        /// <summary>
        /// Time between two heartbeats of a manager, unless it is told another one.
        /// </summary>
        internal const long HeartbeatNs = 1000000000;

        /// <summary>So many heartbeats late, a peer is stalled.</summary>
        internal const long StalledBeats = 3;

        /// <summary>
        /// Looks of a short wait, before anything else is thought of: a microsecond or two.
        /// </summary>
        internal const int ShortWait = 64;

        /// <summary>
        /// How often positions that do not fit are looked at again by who attaches.
        /// </summary>
        internal const int StartLooks = 64;

        /// <summary>
        /// How often a lost race with others who make or remove the ring is started over.
        /// </summary>
        internal const int Races = 1000;

        // How a producer writes: policy, no part of the wire format.

        /// <summary>
        /// A pause before a full ring, so long that a fast consumer makes room for many messages.
        /// </summary>
        internal const ulong StepBackNs = 1500;

        /// <summary>Less room than this, or a quarter of the ring, is tight.</summary>
        internal const ulong TightRoom = 16 << 10;

        /// <summary>
        /// Bytes, or an eighth of the ring, that are published before a producer looks around.
        /// </summary>
        internal const ulong Stretch = 16 << 10;

        /// <summary>Bytes that come into a cache at a time.</summary>
        internal const ulong Line = 64;

        /// <summary>
        /// How far ahead of the record being written lines are asked for, at most.
        /// </summary>
        internal const ulong PrefetchDistance = 2048;

        /// <summary>
        /// How far beyond the end of the next record, if that is as large as this one, a producer
        /// prepares lines that is waited for.
        /// </summary>
        internal const ulong Beyond = 64;

        /// <summary>
        /// A producer is waited for if the consumer had taken everything, but for one record that
        /// it may be reading, when the last four stretches began: one bit for each.
        /// </summary>
        internal const uint WaitedFor = 15;
    }
}

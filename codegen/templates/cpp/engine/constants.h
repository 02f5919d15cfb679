// ---------------------------------------------------------------------------------------------
// Numbers of the protocol that are no layout, with the same names in all engines
// ---------------------------------------------------------------------------------------------

namespace detail {

// Sizes.

/// Words, strides and positions are multiples of this.
inline constexpr std::size_t kWord = 8;
/// The smallest data area, in bytes.
inline constexpr std::uint64_t kMinCapacity = 1ULL << 10;
/// The largest data area.
inline constexpr std::uint64_t kMaxCapacity = 1ULL << 40;
/// No record is longer, so that its length fits 32 bits with room to spare.
inline constexpr std::uint64_t kMaxFrame = 1ULL << 31;
/// The longest name of a ring.
inline constexpr std::size_t kMaxNameLength = 200;
/// What a piece of a message starts with: its index and their count.
inline constexpr std::size_t kPrefixSize = 8;
/// The smallest piece that is worth its header.
inline constexpr std::size_t kMinPiece = 64;

// Bytes whose locks tell that somebody lives: far beyond the data, so that mandatory locks block
// nothing.

/// The producer's role.
inline constexpr std::uint64_t kProducerLock = 1ULL << 62;
/// The consumer's role.
inline constexpr std::uint64_t kConsumerLock = (1ULL << 62) + 1;
/// A temporary file that is being made into a ring.
inline constexpr std::uint64_t kMakingLock = (1ULL << 62) + 2;

// What a side's state field says.

/// Nobody ever had the role.
inline constexpr std::uint32_t kStateNever = 0;
/// Attached, or died without saying so.
inline constexpr std::uint32_t kStateAttached = 1;
/// Closed in good order.
inline constexpr std::uint32_t kStateClosed = 2;

// The control word of a sleeper.

/// Its owner sleeps, or is about to.
inline constexpr std::uint32_t kWaiting = 1;
/// Its owner issues a membarrier before it sleeps.
inline constexpr std::uint32_t kCanMembarrier = 2;
/// Where the low 30 bits of the sequence stand that is slept on.
inline constexpr std::uint32_t kSequenceShift = 2;

// Times, in nanoseconds, and how often.

/// How often the peer's life is checked, and the bound of every sleep.
inline constexpr std::uint64_t kLivenessNs = 100000000;
/// Looks in vain between two looks at the clock of a side that polls.
inline constexpr std::uint32_t kPollLooks = 4096;
/// A role found taken is tried again so long: its holder may be tidying up.
inline constexpr std::uint64_t kRoleRetryNs = 50000000;
/// The same while its holder does not say that it is attached: it is about to attach, or to close,
/// or tidies up, and will be through soon unless it is paused.
inline constexpr std::uint64_t kTransitionRetryNs = 5000000000;
/// How long a sleep lasts at most that begins so soon after a membarrier was refused.
inline constexpr std::uint64_t kRefusedNapNs = 1000000;
/// How often a sleep goes on that is looked into, for as long as peers are checked after.
inline constexpr int kDiagnosisSlices = 10;
/// Time between two heartbeats of a manager, unless it is told another one.
inline constexpr std::uint64_t kHeartbeatNs = 1000000000;
/// So many heartbeats late, a peer is stalled.
inline constexpr std::uint64_t kStalledBeats = 3;
/// Looks of a short wait, before anything else is thought of: a microsecond or two.
inline constexpr int kShortWait = 64;
/// How often positions that do not fit are looked at again by who attaches.
inline constexpr int kStartLooks = 64;
/// How often a lost race with others who make or remove the ring is started over.
inline constexpr int kRaces = 1000;

// How a producer writes: policy, no part of the wire format.

/// A pause before a full ring, so long that a fast consumer makes room for many messages.
inline constexpr std::uint64_t kStepBackNs = 1500;
/// Less room than this, or a quarter of the ring, is tight.
inline constexpr std::uint64_t kTightRoom = 16 << 10;
/// Bytes, or an eighth of the ring, that are published before a producer looks around.
inline constexpr std::uint64_t kStretch = 16 << 10;
/// Bytes that come into a cache at a time.
inline constexpr std::uint64_t kLine = 64;
/// How far ahead of the record being written lines are asked for, at most.
inline constexpr std::uint64_t kPrefetchDistance = 2048;
/// How far beyond the end of the next record, if that is as large as this one, a producer prepares
/// lines that is waited for.
inline constexpr std::uint64_t kBeyond = 64;
/// A producer is waited for if the consumer had taken everything, but for one record that it may
/// be reading, when the last four stretches began: one bit for each.
inline constexpr std::uint32_t kWaitedFor = 15;

}  // namespace detail

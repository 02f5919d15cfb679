{% include "csharp/engine_head.cs" %}

using System;
using System.Threading;

namespace {{ view.namespace }}
{
    /// <summary>How to come by a ring.</summary>
    public enum CreateMode : byte
    {
        /// <summary>Open it, or make it if it is not there: either side may start first.</summary>
        CreateOrOpen,

        /// <summary>Make it; <see cref="ErrorCode.AlreadyExists"/> if it is there.</summary>
        CreateOnly,

        /// <summary>Open it; <see cref="ErrorCode.NotFound"/> if it is not there.</summary>
        OpenOnly,
    }

    /// <summary>How to wait for the other side.</summary>
    public enum WaitStrategy : byte
    {
        /// <summary>Look for a while, then sleep in the kernel until woken.</summary>
        Adaptive,

        /// <summary>Look all the time: the shortest delay, at the price of a processor.</summary>
        Spin,
    }

    /// <summary>Whether a consumer in a stream lets its producer get ahead.</summary>
    /// <remarks>
    /// A consumer that polls the very cache line that is being written slows both sides down.
    /// Pauses, at most 26 microseconds each, let a few lines gather. The consumer makes them only
    /// while it finds that they let at least a tenth more bytes through; an exchange of requests
    /// and answers, or a stream that leaves it time, does not pay for them.
    /// </remarks>
    public enum Distance : byte
    {
        /// <summary>Pause while that carries more bytes.</summary>
        Adaptive,

        /// <summary>Look again at once, always.</summary>
        Latency,
    }

    /// <summary>Where a consumer starts that finds messages when it attaches.</summary>
    public enum StartAt : byte
    {
        /// <summary>At the oldest: nothing is lost.</summary>
        Oldest,

        /// <summary>
        /// Behind them: they are discarded. For commands and states, of which an old one is worse
        /// than none.
        /// </summary>
        Newest,
    }

    /// <summary>How important a log line is.</summary>
    public enum LogLevel : byte
    {
        /// <summary>For those who search for a mistake.</summary>
        Debug,

        /// <summary>Something that is worth to know.</summary>
        Information,

        /// <summary>Something that may be wrong.</summary>
        Warning,

        /// <summary>Something that is wrong.</summary>
        Error,
    }

    /// <summary>
    /// How a producer, consumer or monitor attaches and behaves. Objects take a copy when they are
    /// made; later changes have no effect on them.
    /// </summary>
    /// <remarks>
    /// Times are not negative, or -1 ms (<c>Timeout.InfiniteTimeSpan</c>), which is without bound;
    /// attaching refuses others with an <see cref="ArgumentOutOfRangeException"/>.
    /// </remarks>
    /// <example>
    /// <code>
    /// var options = new SharedMemoryOptions
    /// {
    ///     Capacity = 1 &lt;&lt; 20,
    ///     SendTimeout = TimeSpan.FromSeconds(5),
    /// };
    /// using (var producer = new SharedMemoryProducer("prices", options)) { ... }
    /// </code>
    /// </example>
    public sealed class SharedMemoryOptions
    {
        private const long TicksPerMicrosecond = 10;

        /// <summary>
        /// Bytes in the data area, rounded up to a power of two from 1 KiB to 1 TiB. Opening a ring
        /// of another capacity is an error. Not set (null): the protocol's default for a new ring,
        /// whatever it has for an existing one.
        /// </summary>
        public long? Capacity { get; set; }

        /// <summary>Make the ring, open it, or either (the default).</summary>
        public CreateMode Mode { get; set; }

        /// <summary>
        /// The folder of the ring's file; null (the default) takes BITRPC_SHM_DIR, else the
        /// system's.
        /// </summary>
        public string Directory { get; set; }

        /// <summary>
        /// Accept a ring of the same version whose message types or structs differ. Default: false,
        /// because two such sides may take each other's numbers for something else. (Rings of
        /// another minor version are always accepted: there a difference is what is to be
        /// expected.)
        /// </summary>
        public bool AnySchema { get; set; }

        /// <summary>
        /// Accept a ring that belongs to another user. Default: false, because whoever can write
        /// the file can write anything into the ring.
        /// </summary>
        public bool AnyOwner { get; set; }

        /// <summary>Permission bits of a new ring's file (Unix). Default: octal 600.</summary>
        public int Permissions { get; set; } = 6 << 6;

        /// <summary>
        /// How blocking calls wait. Default: <see cref="WaitStrategy.Adaptive"/>.
        /// </summary>
        public WaitStrategy WaitStrategy { get; set; }

        /// <summary>The consumer's distance to the producer. Default: adaptive.</summary>
        public Distance Distance { get; set; }

        /// <summary>
        /// How long an adaptive wait looks before it sleeps. Default: 20 microseconds.
        /// </summary>
        public TimeSpan Spin { get; set; } = TimeSpan.FromTicks(20 * TicksPerMicrosecond);

        /// <summary>
        /// How long sends and claims wait for room: the whole call, also one that sends pieces.
        /// Zero: not at all. Default: without bound.
        /// </summary>
        public TimeSpan SendTimeout { get; set; } = Timeout.InfiniteTimeSpan;

        /// <summary>
        /// Largest message in pieces that a consumer puts together, in bytes. Default: 64 MiB.
        /// </summary>
        public int MaxMessageSize { get; set; } = 64 << 20;

        /// <summary>
        /// Largest piece of a message sent in pieces, in bytes, the prefix included. Default (0)
        /// and upper limit: what keeps two pieces in the ring. Values below 64 count as 64.
        /// </summary>
        public int FragmentSize { get; set; }

        /// <summary>Where a consumer starts. Default: at the oldest message.</summary>
        public StartAt Start { get; set; }

        /// <summary>
        /// Typed receives refuse a payload that is longer than the struct. Default: false, it comes
        /// from a newer version, and what is known of it is read.
        /// </summary>
        public bool ExactSize { get; set; }

        /// <summary>
        /// For tests: a sleep that ends by its bound although there is a reason to wake is
        /// continued, at most a second, to tell a waker that is slow from one that forgot; the
        /// latter is counted as a missed wake-up. Default: false.
        /// </summary>
        public bool DiagnoseWakeups { get; set; }

        /// <summary>A copy that nobody changes any more.</summary>
        /// <exception cref="ArgumentOutOfRangeException">A time or size that cannot be.</exception>
        internal SharedMemoryOptions Checked()
        {
            _ = RingTime.Of(Spin);
            _ = RingTime.Of(SendTimeout);
            CheckSize(MaxMessageSize, nameof(MaxMessageSize));
            CheckSize(FragmentSize, nameof(FragmentSize));
            return (SharedMemoryOptions)MemberwiseClone();
        }

        private static void CheckSize(int size, string name)
        {
            if (size < 0)
            {
                throw new ArgumentOutOfRangeException(name, size, "negative");
            }
        }
    }

    /// <summary>Where this library's log lines go; nowhere at first.</summary>
    public static class SharedMemoryLog
    {
        /// <summary>
        /// Receives this process's log lines: called from any thread, under no lock, never from the
        /// fast path, once for each event. Null (the default) switches logging off; only what
        /// nothing else tells then goes to the standard error output. It must not throw.
        /// </summary>
        public static Action<LogLevel, string> Sink { get; set; }

        internal static void Write(LogLevel level, string line) => Sink?.Invoke(level, line);

        /// <summary>Writes a line that must be seen: nothing else tells what it says.</summary>
        internal static void Tell(LogLevel level, string line)
        {
            Action<LogLevel, string> sink = Sink;
            if (sink != null)
            {
                sink(level, line);
            }
            else
            {
                Console.Error.WriteLine(line);
            }
        }
    }
}

{% include "csharp/head.cs" %}

using System;

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
    /// <example>
    /// <code>
    /// var options = new SharedMemoryOptions { Capacity = 1 &lt;&lt; 20, SendTimeout = 500 };
    /// using (var producer = new SharedMemoryProducer("prices", options)) { ... }
    /// </code>
    /// </example>
    public sealed class SharedMemoryOptions
    {
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
        /// Refuse a ring whose message types or structs differ, instead of only reporting it.
        /// Default: false.
        /// </summary>
        public bool StrictSchema { get; set; }

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
        /// How long sends and claims wait for room, in milliseconds: -1 (the default) without
        /// bound, 0 not at all.
        /// </summary>
        public int SendTimeout { get; set; } = -1;

        /// <summary>
        /// Largest message in pieces that a consumer puts together, in bytes. Default: 64 MiB.
        /// </summary>
        public int MaxMessageSize { get; set; } = 64 << 20;

        /// <summary>
        /// Largest piece of a message sent in pieces, in bytes, the prefix included. Default (0)
        /// and upper limit: what keeps two pieces in the ring. Values below 64 count as 64.
        /// </summary>
        public int FragmentSize { get; set; }

        /// <summary>
        /// How long an adaptive wait looks before it sleeps, in microseconds. Default: 20.
        /// </summary>
        public int SpinMicroseconds { get; set; } = 20;

        internal SharedMemoryOptions Copy() => (SharedMemoryOptions)MemberwiseClone();
    }

    /// <summary>Where this library's log lines go; nowhere at first.</summary>
    public static class SharedMemoryLog
    {
        /// <summary>
        /// Receives this process's log lines: called from any thread, never from the fast path.
        /// Null (the default) switches logging off. It must not throw.
        /// </summary>
        public static Action<LogLevel, string> Sink { get; set; }

        internal static void Write(LogLevel level, string line) => Sink?.Invoke(level, line);
    }
}

{% include "csharp/head.cs" %}

using System;
using System.Runtime.CompilerServices;
using System.Threading;

namespace {{ view.namespace }}
{
    /// <summary>Takes a message that lies in the ring: valid for the call only.</summary>
    /// <param name="message">The message.</param>
    public delegate void MessageHandler(in ReceivedMessage message);

    /// <summary>The same, and says whether to go on.</summary>
    /// <param name="message">The message.</param>
    /// <returns>False to stop; this message counts as taken.</returns>
    public delegate bool MessageVisitor(in ReceivedMessage message);

    /// <summary>The receiving side of a ring.</summary>
    /// <remarks>
    /// <para>Threads: one at a time; only <see cref="Interrupt"/>, <see cref="Heartbeat"/>,
    /// <see cref="Statistics"/>, <see cref="Ring"/> and <see cref="Close"/> may be used while
    /// another call runs. At most one consumer exists for each ring, in whatever process.</para>
    /// <para>Blocking: receives wait up to their timeout, without bound unless one is given; zero
    /// does not wait. Times are not negative, or -1 ms, which is without bound; others are an
    /// <see cref="ArgumentOutOfRangeException"/>. Calls whose name begins with Try never wait
    /// unless a time is given.</para>
    /// <para>Errors: a receive is a condition. It is false when the time was over or the wait was
    /// interrupted (Timeout), and when all was received and the producer has closed (Closed):
    /// its result, or <see cref="LastStatus"/>, says which. Everything else is thrown as a
    /// <see cref="SharedMemoryException"/>: PeerDied, Removed, Corrupt, MessageTooLarge, Forked,
    /// and of typed and text receives TypeMismatch, SizeMismatch and InvalidUtf8. Try calls throw
    /// none of these; their result says what they came to.</para>
    /// <para>Ends: Closed and PeerDied are told once for each producer, when all messages were
    /// received; afterwards receives wait for the next producer. Removed is told for ever.</para>
    /// <para>Deliveries: a message is received when its room is given back, which the next call
    /// does, or <see cref="Release"/>. One that a killed process had received and not given back
    /// comes again to the next consumer; a copying receive gives it back before it returns, and an
    /// asynchronous one before its task is done, so that a kill right behind it loses that message.
    /// So does a kill while one is handled that came in pieces, which are given back as they are
    /// put together.</para>
    /// </remarks>
    /// <example>
    /// <code>
    /// using (var consumer = new SharedMemoryConsumer("prices"))
    /// {
    ///     ReceivedMessage message;
    ///     while (consumer.Receive(out message)) // until the producer closes
    ///     {
    ///         Console.WriteLine(message.MessageType + ": " + message.Payload.Length);
    ///     }
    /// }
    /// </code>
    /// </example>
    public sealed unsafe partial class SharedMemoryConsumer : IDisposable
    {
        private readonly RingAttachment _attachment;
        private readonly SharedMemoryOptions _options;
        private readonly RingWaiter _waiter;
        private readonly RingPeerWatch _watch;
        private readonly RingWaker _waker;

        /// <summary>Held by a thread that waits, and by the one that closes.</summary>
        private readonly object _gate = new object();
        private RingReader _reader;

        /// <summary>Whether a record was handed out that was not released yet.</summary>
        private bool _isHeld;
        private int _isClosing;
        private ErrorCode _failure;
        private ulong _failureExpected;
        private ulong _failureFound;

        /// <summary>Attaches as the consumer of a ring, which is made if it is not there.</summary>
        /// <param name="name">1 to 200 of A-Z a-z 0-9 . _ -, not starting with a dot.</param>
        /// <exception cref="SharedMemoryException">The ring cannot be made or opened, or another
        /// consumer has it.</exception>
        public SharedMemoryConsumer(string name)
            : this(name, new SharedMemoryOptions())
        {
        }

        /// <summary>
        /// Attaches as the consumer of a ring, at the first message that was not released: one that
        /// an earlier consumer received but did not release comes again. Blocks for at most 50 ms,
        /// or 5 s while another one is about to attach or to close: a taken role is tried again
        /// that long.
        /// </summary>
        /// <param name="name">1 to 200 of A-Z a-z 0-9 . _ -, not starting with a dot.</param>
        /// <param name="options">How to attach and behave.</param>
        /// <exception cref="ArgumentNullException">No options.</exception>
        /// <exception cref="ArgumentOutOfRangeException">A time or size that cannot
        /// be.</exception>
        /// <exception cref="SharedMemoryException">The ring cannot be made or opened, or another
        /// consumer has it.</exception>
        public SharedMemoryConsumer(string name, SharedMemoryOptions options)
        {
            _options = (options ?? throw new ArgumentNullException(nameof(options))).Checked();
            _attachment = RingAttachment.Open(name, _options, Role.Consumer);
            try
            {
                _reader = new RingReader(_attachment, _options.Distance);
            }
            catch
            {
                _attachment.Drop();
                throw;
            }

            Ring = new RingBuffer(_attachment);
            _waiter = new RingWaiter(_attachment, _options);
            _waker = new RingWaker(_attachment);
            if (_options.Start == StartAt.Newest)
            {
                _ = DropPublished();
            }

            _watch = new RingPeerWatch(_attachment, heedsEarlierEnds: _reader.HasWord());
            _attachment.Announce();
        }

        /// <summary>The ring: its name, size and counters. Any thread.</summary>
        public RingBuffer Ring { get; }

        /// <summary>The ring's name, without folder and prefix. Any thread.</summary>
        public string Name => Ring.Name;

        /// <summary>The ring's file. Any thread.</summary>
        public string Path => Ring.Path;

        /// <summary>Size of the data area in bytes. Any thread.</summary>
        public ulong Capacity => Ring.Capacity;

        /// <summary>
        /// False if the ring was made from a spec with other message types or structs. Any thread.
        /// </summary>
        public bool SchemaMatches => Ring.SchemaMatches;

        /// <summary>Whether this side was not closed yet. Any thread.</summary>
        public bool IsOpen => Ring.IsOpen;

        /// <summary>All that the ring's header says. Any thread.</summary>
        public Snapshot Snapshot => Ring.Snapshot;

        /// <summary>The producer's life: heartbeats do not count. Any thread.</summary>
        public PeerState PeerState => Ring.GetPeerState(RingTime.Forever);

        /// <summary>Largest payload of one message, in bytes. Any thread.</summary>
        public int LargestPayload => Ring.LargestPayload;

        /// <summary>The counters of both sides. Any thread.</summary>
        public Statistics Statistics => Ring.Statistics;

        /// <summary>
        /// What the last call came to that had nothing to give: Timeout, Empty, Closed, or why it
        /// failed. A call that had keeps it as it is.
        /// </summary>
        public Status LastStatus { get; private set; }

        /// <summary>
        /// Why the last call that failed did so, with what was expected and found; null if none
        /// has.
        /// </summary>
        public SharedMemoryException LastError => _failure == ErrorCode.Ok
            ? null
            : RingFailure.Describe(_failure, Ring.Name, _failureExpected, _failureFound);

        /// <summary>
        /// Whether a receive would not have to wait: there is a message, or a piece of one, or a
        /// reason to fail. One load from memory.
        /// </summary>
        /// <exception cref="ObjectDisposedException">The consumer was closed.</exception>
        public bool HasMessage
        {
            get
            {
                CheckOpen();
                return _hasAssembled || _untold != ErrorCode.Ok || HasNext();
            }
        }

        /// <summary>
        /// Receives a message in place, without a copy. It stays valid until this consumer's next
        /// call, which also gives its room back, or until <see cref="Release"/>.
        /// </summary>
        /// <param name="message">The message; an empty one unless true.</param>
        /// <param name="timeoutMs">How long to wait, in milliseconds; -1 without bound.</param>
        /// <returns>True; false for Timeout and Closed.</returns>
        /// <exception cref="SharedMemoryException">The producer died, the file was removed, the
        /// ring is corrupt, or a message was dropped.</exception>
        /// <exception cref="ObjectDisposedException">The consumer was closed.</exception>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Status Receive(out ReceivedMessage message, int timeoutMs = -1)
        {
            RingTime.Check(timeoutMs);
            if (TryTakeSoon(RingTime.OfMs(timeoutMs), out message))
            {
                return ErrorCode.Ok;
            }

            message = TakeSlowly(RingTime.OfMs(timeoutMs));
            return Require(_slowCode);
        }

        /// <summary>Receives a message in place, without a copy.</summary>
        /// <param name="message">The message; an empty one unless true.</param>
        /// <param name="timeout">How long to wait.</param>
        /// <returns>As <see cref="Receive(out ReceivedMessage, int)"/>.</returns>
        /// <exception cref="SharedMemoryException">The producer died, the file was removed, the
        /// ring is corrupt, or a message was dropped.</exception>
        /// <exception cref="ObjectDisposedException">The consumer was closed.</exception>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Status Receive(out ReceivedMessage message, TimeSpan timeout)
        {
            RingTime.Check(timeout);
            if (TryTakeSoon(RingTime.Of(timeout), out message))
            {
                return ErrorCode.Ok;
            }

            message = TakeSlowly(RingTime.Of(timeout));
            return Require(_slowCode);
        }

        /// <summary>Receives a message in place if there is one. Never waits.</summary>
        /// <param name="message">The message; an empty one unless Ok.</param>
        /// <returns>Ok; Empty, which may change at any moment; Closed, PeerDied or Removed once all
        /// was received; MessageTooLarge for a dropped message in pieces; Corrupt;
        /// Forked.</returns>
        /// <exception cref="ObjectDisposedException">The consumer was closed.</exception>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Status TryReceive(out ReceivedMessage message)
        {
            if (TryTake(out message))
            {
                return ErrorCode.Ok;
            }

            message = TakeSlowly(RingTime.Never);
            return _slowCode;
        }

        /// <summary>
        /// Receives a message in place, waiting for it if need be; throws nothing that the ring
        /// says.
        /// </summary>
        /// <param name="message">The message; an empty one unless Ok.</param>
        /// <param name="timeout">How long to wait.</param>
        /// <returns>As <see cref="TryReceive(out ReceivedMessage)"/>, Timeout instead of
        /// Empty.</returns>
        /// <exception cref="ObjectDisposedException">The consumer was closed.</exception>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Status TryReceive(out ReceivedMessage message, TimeSpan timeout)
        {
            RingTime.Check(timeout);
            if (TryTakeSoon(RingTime.Of(timeout), out message))
            {
                return ErrorCode.Ok;
            }

            message = TakeSlowly(RingTime.Of(timeout));
            return _slowCode;
        }

        /// <summary>Shows the next message without taking it. Never waits.</summary>
        /// <param name="message">The message, valid until this consumer's next call.</param>
        /// <returns>True; false for Empty and Closed.</returns>
        /// <exception cref="SharedMemoryException">As for Receive.</exception>
        /// <exception cref="ObjectDisposedException">The consumer was closed.</exception>
        public Status Peek(out ReceivedMessage message) =>
            Require(FindWithin(RingTime.Never, out message));

        /// <summary>
        /// Gives the room of the message that was received last back, if it was not yet.
        /// </summary>
        public void Release()
        {
            if (_isHeld)
            {
                _isHeld = false;
                _reader.Release();
                if (!_waker.IsQuiet)
                {
                    _waker.WakeIfAsleep();
                }

                GC.KeepAlive(this);
            }
        }

        /// <summary>
        /// Waits until a live producer is attached.
        /// </summary>
        /// <param name="timeoutMs">How long to wait, in milliseconds; -1 without bound.</param>
        /// <returns>Whether there is one; false when the time was over or the wait was
        /// interrupted.</returns>
        /// <exception cref="SharedMemoryException">The file was removed: nobody can come.
        /// Forked.</exception>
        /// <exception cref="ObjectDisposedException">The consumer was closed.</exception>
        public bool WaitForPeer(int timeoutMs = -1) => AwaitPeer(RingTime.OfMs(timeoutMs));

        /// <summary>Waits until a live producer is attached.</summary>
        /// <param name="timeout">How long to wait.</param>
        /// <returns>Whether there is one; false when the time was over or the wait was
        /// interrupted.</returns>
        /// <exception cref="SharedMemoryException">The file was removed: nobody can come.
        /// Forked.</exception>
        /// <exception cref="ObjectDisposedException">The consumer was closed.</exception>
        public bool WaitForPeer(TimeSpan timeout) => AwaitPeer(RingTime.Of(timeout));

        /// <summary>
        /// Ends a wait in another thread with Timeout; if none is under way, the next call that
        /// would have to wait. Any thread.
        /// </summary>
        public void Interrupt()
        {
            _waiter.Interrupt();
            RingPatience.Kick(Volatile.Read(ref _call));
        }

        /// <summary>
        /// Stores the time as a sign of life, which a manager's peer looks at. Any thread.
        /// </summary>
        public void Heartbeat() => _attachment.Beat();

        /// <summary>The producer's life.</summary>
        /// <param name="stallAfter">How old a heartbeat may be before the producer counts as
        /// stalled. A side beats when it attaches, and by its manager or <see cref="Heartbeat"/>
        /// only.</param>
        /// <returns>What is known.</returns>
        public PeerState PeerStateAfter(TimeSpan stallAfter) =>
            Ring.GetPeerState(RingTime.Of(stallAfter));

        /// <summary>
        /// Closes: releases the last message and tells the producer; ends waits of other threads
        /// and asynchronous ones with an <see cref="ObjectDisposedException"/>. The last side that
        /// closes a ring in which nothing is left removes its file; this waits for up to 5 s for a
        /// producer that is about to let go of it. Again: no effect. Any thread.
        /// </summary>
        public void Close()
        {
            BeginClose();
            lock (_gate)
            {
                if (_attachment.IsOpen)
                {
                    FinishClose();
                }
            }
        }

        /// <summary>The same as <see cref="Close"/>.</summary>
        public void Dispose() => Close();

        /// <summary>Ends waits, and refuses calls from now on.</summary>
        internal void BeginClose()
        {
            if (Interlocked.Exchange(ref _isClosing, 1) == 0)
            {
                _waiter.InterruptForEver();
            }
        }

        /// <summary>The rest of closing; whoever waited has left.</summary>
        private void FinishClose()
        {
            AbandonCall();
            if (!_attachment.IsForked)
            {
                Release();
            }

            _mustLook = true;
            Ring.Freeze();
            _attachment.Close(() => !_reader.HasWord());
        }

        bool IRingAwaited.IsReady() => _reader.HasWord();
    }
}

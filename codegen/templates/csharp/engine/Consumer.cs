{% include "csharp/engine_head.cs" %}

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
    /// <para>Threads: one at a time; only <c>Interrupt</c>, <c>Heartbeat</c>,
    /// <c>Statistics</c>, <c>Ring</c> and <c>Close</c> may be used while
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
    public sealed unsafe partial class SharedMemoryConsumer : SharedMemorySide, IDisposable
    {
        private RingReader _reader;


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
            : base(name, options, Role.Consumer)
        {
            try
            {
                _reader = new RingReader(_attachment, _options.Distance);
            }
            catch
            {
                _attachment.Drop();
                throw;
            }

            if (_options.Start == StartAt.Newest)
            {
                _ = DropPublished();
            }

            Start(heedsEarlierEnds: _reader.HasWord());
        }

        /// <summary>
        /// What the last call came to that had nothing to give: Timeout, Empty, Closed, or why it
        /// failed. A call that had keeps it as it is.
        /// </summary>
        public Status LastStatus { get; private set; }

        internal override string CallName => "receive";

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
                return _due == RingDue.Message || _due == RingDue.Error || HasNext();
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
            return Require(StatusOf(in message).Code);
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
            return Require(StatusOf(in message).Code);
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
            return StatusOf(in message);
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
            return StatusOf(in message);
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
            if (_reader.Release())
            {
                if (!_waker.IsQuiet)
                {
                    _waker.WakeIfAsleep();
                }

                GC.KeepAlive(this);
            }
        }

        /// <summary>The same as <see cref="SharedMemorySide.Close"/>.</summary>
        public void Dispose() => Close();

        internal override void FinishClose()
        {
            if (!_attachment.IsForked)
            {
                Release();
            }

            _due = RingDue.Closed;
            Ring.Freeze();
            _attachment.Close(() => !_reader.HasWord());
        }

        internal override bool IsReady() => _reader.HasWord();
    }
}

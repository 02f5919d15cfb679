{% include "csharp/head.cs" %}

using System;
using System.Runtime.CompilerServices;

namespace {{ view.namespace }}
{
    /// <summary>The sending side of a ring.</summary>
    /// <remarks>
    /// <para>Threads: one at a time; only <see cref="Interrupt"/>, <see cref="Heartbeat"/> and
    /// <see cref="Statistics"/> may be used while another call runs, and none of them while or
    /// after <see cref="Dispose"/> runs. At most one producer exists for each ring, in whatever
    /// process.</para>
    /// <para>Blocking: sends and claims wait for room up to
    /// <see cref="SharedMemoryOptions.SendTimeout"/>; Try operations never wait.</para>
    /// <para>Errors: the <see cref="Status"/> of each call says what it came to, and
    /// <see cref="LastError"/> why it failed. Only misuse throws.</para>
    /// </remarks>
    /// <example>
    /// <code>
    /// using (var producer = new SharedMemoryProducer("prices"))
    /// {
    ///     producer.SendString("hello");
    /// }
    /// </code>
    /// </example>
    public sealed unsafe partial class SharedMemoryProducer : IDisposable, IRingAwaited
    {
        private readonly RingAttachment _attachment;
        private readonly SharedMemoryOptions _options;
        private readonly RingWaiter _waiter;
        private readonly RingPeerWatch _watch;
        private readonly RingWaker _waker;
        private readonly uint _largest;
        private RingWriter _writer;

        /// <summary>
        /// Counts claims: a claim of another number is a stale one. Even while none is open.
        /// </summary>
        private ulong _serial;
        private ulong _awaitedStride;
        private ErrorCode _failure;
        private ulong _failureExpected;
        private ulong _failureFound;

        /// <summary>Attaches as the producer of a ring, which is made if it is not there.</summary>
        /// <param name="name">1 to 200 of A-Z a-z 0-9 . _ -, not starting with a dot.</param>
        /// <exception cref="SharedMemoryException">The ring cannot be made or opened, or another
        /// producer has it.</exception>
        public SharedMemoryProducer(string name)
            : this(name, new SharedMemoryOptions())
        {
        }

        /// <summary>
        /// Attaches as the producer of a ring. After a producer that died, this one goes on behind
        /// the last published message. Blocks for at most 50 ms, or 5 s while another one is about to
        /// attach or to close: a taken role is tried again that long.
        /// </summary>
        /// <param name="name">1 to 200 of A-Z a-z 0-9 . _ -, not starting with a dot.</param>
        /// <param name="options">How to attach and behave.</param>
        /// <exception cref="ArgumentNullException">No options.</exception>
        /// <exception cref="SharedMemoryException">The ring cannot be made or opened, or another
        /// producer has it.</exception>
        public SharedMemoryProducer(string name, SharedMemoryOptions options)
        {
            _options = (options ?? throw new ArgumentNullException(nameof(options))).Copy();
            _attachment = RingAttachment.Open(name, _options, Role.Producer);
            try
            {
                _writer = new RingWriter(_attachment);
            }
            catch
            {
                _attachment.Close(removeFile: false);
                throw;
            }

            Ring = new RingBuffer(_attachment);
            _largest = (uint)Ring.LargestPayload;
            _waiter = new RingWaiter(_attachment, _options);
            _watch = new RingPeerWatch(_attachment);
            _waker = new RingWaker(_attachment);
            _attachment.Announce();
        }

        /// <summary>The ring: its name, size and counters.</summary>
        public RingBuffer Ring { get; }

        /// <summary>Largest payload of one message, in bytes.</summary>
        public int LargestPayload => (int)_largest;

        /// <summary>The counters of both sides.</summary>
        public Statistics Statistics => Ring.Statistics;

        /// <summary>
        /// Why the last call that failed did so, with what was expected and found; null if none
        /// has.
        /// </summary>
        public SharedMemoryException LastError => _failure == ErrorCode.Ok
            ? null
            : RingFailure.Describe(_failure, Ring.Name, _failureExpected, _failureFound);

        /// <summary>Sends plain data, waiting for room if need be.</summary>
        /// <param name="payload">The bytes.</param>
        /// <returns>As the <c>Send</c> that takes a message type.</returns>
        public Status Send(ReadOnlySpan<byte> payload) =>
            Send(Layout.TypeData, payload, default(MessageFlags));

        /// <summary>Sends a message, waiting for room if need be.</summary>
        /// <param name="messageType">What it is: not 0.</param>
        /// <param name="payload">Its bytes, at most <see cref="LargestPayload"/>.</param>
        /// <param name="flags">How it is to be treated. The fragment flags are the
        /// engine's.</param>
        /// <returns>Ok; Timeout or, without waiting, Full; Closed or PeerDied if there is no room
        /// and the consumer has closed or died; TooLarge; InvalidType for type 0; Corrupt;
        /// Removed; Forked. Nothing of the message is visible unless Ok.</returns>
        /// <exception cref="ObjectDisposedException">The producer was closed.</exception>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Status Send(
            MessageType messageType,
            ReadOnlySpan<byte> payload,
            MessageFlags flags = default(MessageFlags))
        {
            byte* record = TryAcquire(messageType, payload.Length);
            return record != null
                ? Emit(record, messageType, payload, flags)
                : SendSlowly(messageType, payload, flags, mayWait: true);
        }

        /// <summary>Sends plain data if there is room now. Never waits.</summary>
        /// <param name="payload">The bytes.</param>
        /// <returns>As the <c>TrySend</c> that takes a message type.</returns>
        public Status TrySend(ReadOnlySpan<byte> payload) =>
            TrySend(Layout.TypeData, payload, default(MessageFlags));

        /// <summary>Sends a message if there is room now. Never waits.</summary>
        /// <param name="messageType">What it is: not 0.</param>
        /// <param name="payload">Its bytes, at most <see cref="LargestPayload"/>.</param>
        /// <param name="flags">How it is to be treated. The fragment flags are the
        /// engine's.</param>
        /// <returns>Ok; Full, which may change at any moment; else as Send.</returns>
        /// <exception cref="ObjectDisposedException">The producer was closed.</exception>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Status TrySend(
            MessageType messageType,
            ReadOnlySpan<byte> payload,
            MessageFlags flags = default(MessageFlags))
        {
            byte* record = TryAcquire(messageType, payload.Length);
            return record != null
                ? Emit(record, messageType, payload, flags)
                : SendSlowly(messageType, payload, flags, mayWait: false);
        }

        /// <summary>Sends text as plain data in UTF-8.</summary>
        /// <param name="text">The text.</param>
        /// <param name="flags">How it is to be treated.</param>
        /// <returns>As Send; InvalidUtf8 if the text holds half a surrogate pair.</returns>
        /// <exception cref="ArgumentNullException">No text.</exception>
        /// <exception cref="ObjectDisposedException">The producer was closed.</exception>
        public Status SendString(string text, MessageFlags flags = default(MessageFlags)) =>
            SendString(text, flags, mayWait: true);

        /// <summary>Sends text as plain data if there is room now. Never waits.</summary>
        /// <param name="text">The text.</param>
        /// <param name="flags">How it is to be treated.</param>
        /// <returns>As TrySend; InvalidUtf8 if the text holds half a surrogate pair.</returns>
        /// <exception cref="ArgumentNullException">No text.</exception>
        /// <exception cref="ObjectDisposedException">The producer was closed.</exception>
        public Status TrySendString(string text, MessageFlags flags = default(MessageFlags)) =>
            SendString(text, flags, mayWait: false);

        /// <summary>Sends a struct under its own type, written in place.</summary>
        /// <typeparam name="T">The struct.</typeparam>
        /// <param name="value">The struct.</param>
        /// <param name="flags">How it is to be treated.</param>
        /// <returns>As Send.</returns>
        /// <exception cref="ObjectDisposedException">The producer was closed.</exception>
        public Status SendTyped<T>(in T value, MessageFlags flags = default(MessageFlags))
            where T : struct, IPayload
            => SendTyped(value, flags, mayWait: true);

        /// <summary>Sends a struct if there is room now. Never waits.</summary>
        /// <typeparam name="T">The struct.</typeparam>
        /// <param name="value">The struct.</param>
        /// <param name="flags">How it is to be treated.</param>
        /// <returns>As TrySend.</returns>
        /// <exception cref="ObjectDisposedException">The producer was closed.</exception>
        public Status TrySendTyped<T>(in T value, MessageFlags flags = default(MessageFlags))
            where T : struct, IPayload
            => SendTyped(value, flags, mayWait: false);

        /// <summary>Sends a plain struct of your own as plain data, byte for byte.</summary>
        /// <typeparam name="T">A struct without references; its layout is yours to fix.</typeparam>
        /// <param name="value">The struct.</param>
        /// <param name="flags">How it is to be treated.</param>
        /// <returns>As Send.</returns>
        /// <exception cref="ArgumentException">The struct holds references.</exception>
        /// <exception cref="ObjectDisposedException">The producer was closed.</exception>
        public Status SendPlain<T>(T value, MessageFlags flags = default(MessageFlags))
            where T : struct
        {
            int size = RingPlain<T>.Size;
            byte* record = Acquire(Layout.TypeData, size, mayWait: true);
            if (record == null)
            {
                return _failure;
            }

            RingWriter.ClearTail(record, size);
            RingPlain<T>.Write(ref value, new Span<byte>(record + MessageHeaderLayout.Size, size));
            return Finish(record, Layout.TypeData, size, flags);
        }

        /// <summary>Sends a message with its type, flags and header fields.</summary>
        /// <param name="message">The message.</param>
        /// <returns>As Send.</returns>
        /// <exception cref="ArgumentNullException">No message.</exception>
        /// <exception cref="ObjectDisposedException">The producer was closed.</exception>
        public Status SendMessage(SharedMemoryMessage message) =>
            SendMessage(message, mayWait: true);

        /// <summary>Sends a message if there is room now. Never waits.</summary>
        /// <param name="message">The message.</param>
        /// <returns>As TrySend.</returns>
        /// <exception cref="ArgumentNullException">No message.</exception>
        /// <exception cref="ObjectDisposedException">The producer was closed.</exception>
        public Status TrySendMessage(SharedMemoryMessage message) =>
            SendMessage(message, mayWait: false);

        /// <summary>
        /// Claims room for a payload to be written in place, waiting for it if need be.
        /// </summary>
        /// <param name="messageType">What the message is: not 0.</param>
        /// <param name="length">Bytes of payload, at most <see cref="LargestPayload"/>.</param>
        /// <param name="claim">The room; an empty claim unless Ok.</param>
        /// <returns>As Send.</returns>
        /// <exception cref="ObjectDisposedException">The producer was closed.</exception>
        public Status Claim(MessageType messageType, int length, out Claim claim) =>
            Claim(messageType, length, out claim, mayWait: true);

        /// <summary>Claims room for a payload if there is some now. Never waits.</summary>
        /// <param name="messageType">What the message is: not 0.</param>
        /// <param name="length">Bytes of payload, at most <see cref="LargestPayload"/>.</param>
        /// <param name="claim">The room; an empty claim unless Ok.</param>
        /// <returns>As TrySend.</returns>
        /// <exception cref="ObjectDisposedException">The producer was closed.</exception>
        public Status TryClaim(MessageType messageType, int length, out Claim claim) =>
            Claim(messageType, length, out claim, mayWait: false);

        /// <summary>
        /// Ends a wait for room in another thread, or the next one, with Timeout.
        /// </summary>
        public void Interrupt() => _waiter.Interrupt();

        /// <summary>Stores the time as a sign of life, which a manager's peer looks at.</summary>
        public void Heartbeat()
        {
            if (_attachment.IsOpen)
            {
                _attachment.Beat();
            }
        }

        /// <summary>The consumer's life.</summary>
        /// <param name="stallMs">How old a heartbeat may be before the consumer counts as stalled,
        /// in milliseconds; 0: heartbeats do not count.</param>
        /// <returns>What is known.</returns>
        public PeerState GetPeerState(int stallMs = 0) => Ring.GetPeerState(stallMs);

        /// <summary>
        /// Closes: publishes a pending batch and tells the consumer. What was sent stays readable,
        /// and another producer may go on from there. Again: no effect.
        /// </summary>
        public void Dispose()
        {
            if (!_attachment.IsOpen)
            {
                return;
            }

            if (!_attachment.IsForked)
            {
                Flush();
                _attachment.AnnounceClosed();
            }

            _writer.Block();
            _serial = (_serial | 1) + 1;
            Ring.Freeze();
            _attachment.Close(removeFile: false);
        }

        bool IRingAwaited.IsReady() => _writer.Reserve(_awaitedStride, out _) != ErrorCode.Full;
    }
}

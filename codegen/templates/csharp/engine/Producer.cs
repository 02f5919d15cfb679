{% include "csharp/engine_head.cs" %}

using System;
using System.Runtime.CompilerServices;
using System.Threading;

namespace {{ view.namespace }}
{
    /// <summary>The sending side of a ring.</summary>
    /// <remarks>
    /// <para>Threads: one at a time; only <c>Interrupt</c>, <c>Heartbeat</c>,
    /// <c>Statistics</c>, <c>Ring</c> and <c>Close</c> may be used while
    /// another call runs. At most one producer exists for each ring, in whatever process.</para>
    /// <para>Blocking: sends and claims wait for room up to
    /// <see cref="SharedMemoryOptions.SendTimeout"/>; calls whose name begins with Try never
    /// wait.</para>
    /// <para>Errors: a send is a condition. It is false when the time was over or the wait was
    /// interrupted (Timeout), or when it was not to wait at all (Full); nothing was sent then.
    /// Everything else is thrown as a <see cref="SharedMemoryException"/>: TooLarge, InvalidType,
    /// InvalidUtf8, Closed and PeerDied if there is no room and the consumer has gone, Removed,
    /// Corrupt, Forked. Try calls throw none of these; their result says what they came
    /// to.</para>
    /// <para>Ends: Closed and PeerDied are told once for each consumer; afterwards sends wait for
    /// the next one. Removed is told for ever, also with room in the ring, at most 100 ms and 16
    /// KiB after somebody removed the file; what was sent in between is lost.</para>
    /// <para>Deliveries: what a send has published survives a kill of this process. A message is
    /// never seen in part.</para>
    /// </remarks>
    /// <example>
    /// <code>
    /// using (var producer = new SharedMemoryProducer("prices"))
    /// {
    ///     producer.SendString("hello");
    /// }
    /// </code>
    /// </example>
    public sealed unsafe partial class SharedMemoryProducer : SharedMemorySide, IDisposable
    {
        private long _sendTimeoutNs;
        private readonly uint _largest;
        private RingWriter _writer;

        /// <summary>The struct that was sent last, in a box.</summary>
        private object _box;

        /// <summary>
        /// Counts claims: one of another number is a stale one. Even while none is open.
        /// </summary>
        private ulong _serial;

        /// <summary>Counts batches: one of another number is a stale one.</summary>
        private ulong _batch;
        private ulong _awaitedStride;

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
        /// the last published message. Blocks for at most 50 ms, or 5 s while another one is about
        /// to attach or to close: a taken role is tried again that long.
        /// </summary>
        /// <param name="name">1 to 200 of A-Z a-z 0-9 . _ -, not starting with a dot.</param>
        /// <param name="options">How to attach and behave.</param>
        /// <exception cref="ArgumentNullException">No options.</exception>
        /// <exception cref="ArgumentOutOfRangeException">A time or size that cannot
        /// be.</exception>
        /// <exception cref="SharedMemoryException">The ring cannot be made or opened, or another
        /// producer has it.</exception>
        public SharedMemoryProducer(string name, SharedMemoryOptions options)
            : base(name, options, Role.Producer)
        {
            _sendTimeoutNs = RingTime.Of(_options.SendTimeout);
            _largest = (uint)LargestPayload;
            try
            {
                _writer = new RingWriter(_attachment);
            }
            catch
            {
                _attachment.Drop();
                throw;
            }

            Start(heedsEarlierEnds: false);
        }

        /// <summary>
        /// Bytes that one message may take to be sent now without waiting, its header of
        /// <see cref="HeaderSize"/> bytes included, rounded up to 8. There may be more room, in two
        /// parts.
        /// </summary>
        /// <exception cref="ObjectDisposedException">The producer was closed.</exception>
        public long FreeBytes
        {
            get
            {
                CheckOpen();
                return _writer.Reload() == ErrorCode.Ok ? (long)_writer.FreeBytes : 0;
            }
        }

        /// <summary>Bytes of the header in front of each payload.</summary>
        public static int HeaderSize => MessageHeaderLayout.Size;

        internal override string CallName => "send";

        /// <summary>Sends plain data, waiting for room if need be.</summary>
        /// <param name="payload">The bytes.</param>
        /// <returns>True; false for Timeout, or Full without waiting.</returns>
        /// <exception cref="SharedMemoryException">As for the Send that takes a message
        /// type.</exception>
        /// <exception cref="ObjectDisposedException">The producer was closed.</exception>
        public Status Send(ReadOnlySpan<byte> payload) =>
            Send(Layout.TypeData, payload, default(MessageFlags));

        /// <summary>Sends a message, waiting for room if need be.</summary>
        /// <param name="messageType">What it is: not 0.</param>
        /// <param name="payload">Its bytes, at most <c>LargestPayload</c>.</param>
        /// <param name="flags">How it is to be treated. The fragment flags are the
        /// engine's.</param>
        /// <returns>True; false for Timeout, or Full without waiting. Nothing of the message is
        /// visible then.</returns>
        /// <exception cref="SharedMemoryException">TooLarge; InvalidType for type 0; Closed or
        /// PeerDied if there is no room and the consumer has closed or died; Removed; Corrupt;
        /// Forked. Nothing of the message is visible.</exception>
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
                : Require(SendSlowly(messageType, payload, flags, RingWish.Wait));
        }

        /// <summary>Sends plain data if there is room now. Never waits.</summary>
        /// <param name="payload">The bytes.</param>
        /// <returns>As the <c>TrySend</c> that takes a message type.</returns>
        /// <exception cref="ObjectDisposedException">The producer was closed.</exception>
        public Status TrySend(ReadOnlySpan<byte> payload) =>
            TrySend(Layout.TypeData, payload, default(MessageFlags));

        /// <summary>Sends a message if there is room now. Never waits.</summary>
        /// <param name="messageType">What it is: not 0.</param>
        /// <param name="payload">Its bytes, at most <c>LargestPayload</c>.</param>
        /// <param name="flags">How it is to be treated. The fragment flags are the
        /// engine's.</param>
        /// <returns>Ok; Full, which may change at any moment; or what Send would
        /// throw.</returns>
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
                : (Status)SendSlowly(messageType, payload, flags, RingWish.Try);
        }

        /// <summary>Sends text as plain data in UTF-8.</summary>
        /// <param name="text">The text.</param>
        /// <param name="flags">How it is to be treated.</param>
        /// <returns>True; false for Timeout, or Full without waiting.</returns>
        /// <exception cref="ArgumentNullException">No text.</exception>
        /// <exception cref="SharedMemoryException">As for Send; InvalidUtf8 if the text holds half
        /// a surrogate pair.</exception>
        /// <exception cref="ObjectDisposedException">The producer was closed.</exception>
        public Status SendString(string text, MessageFlags flags = default(MessageFlags)) =>
            Require(SendString(text, flags, RingWish.Wait));

        /// <summary>Sends text as plain data if there is room now. Never waits.</summary>
        /// <param name="text">The text.</param>
        /// <param name="flags">How it is to be treated.</param>
        /// <returns>As TrySend; InvalidUtf8 if the text holds half a surrogate pair.</returns>
        /// <exception cref="ArgumentNullException">No text.</exception>
        /// <exception cref="ObjectDisposedException">The producer was closed.</exception>
        public Status TrySendString(string text, MessageFlags flags = default(MessageFlags)) =>
            SendString(text, flags, RingWish.Try);

        /// <summary>Sends a struct under its own type, written in place.</summary>
        /// <typeparam name="T">The struct.</typeparam>
        /// <param name="value">The struct.</param>
        /// <param name="flags">How it is to be treated.</param>
        /// <returns>True; false for Timeout, or Full without waiting.</returns>
        /// <exception cref="SharedMemoryException">As for Send.</exception>
        /// <exception cref="ObjectDisposedException">The producer was closed.</exception>
        public Status SendTyped<T>(in T value, MessageFlags flags = default(MessageFlags))
            where T : struct, IPayload
        {
            RingBox<T> box = BoxFor<T>();
            box.Value = value;
            return Require(SendTyped(box, flags, RingWish.Wait));
        }

        /// <summary>
        /// Sends a struct that is in a box already: one that is too large for the stack, or for the
        /// compiler of Mono, which passes structs of 10,000 bytes and more in no other way.
        /// </summary>
        /// <param name="value">The struct.</param>
        /// <param name="flags">How it is to be treated.</param>
        /// <returns>True; false for Timeout, or Full without waiting.</returns>
        /// <exception cref="ArgumentNullException">No struct.</exception>
        /// <exception cref="SharedMemoryException">As for Send.</exception>
        /// <exception cref="ObjectDisposedException">The producer was closed.</exception>
        public Status SendTyped(IPayload value, MessageFlags flags = default(MessageFlags)) =>
            Require(SendBoxed(value, flags, RingWish.Wait));

        /// <summary>Sends a struct if there is room now. Never waits.</summary>
        /// <typeparam name="T">The struct.</typeparam>
        /// <param name="value">The struct.</param>
        /// <param name="flags">How it is to be treated.</param>
        /// <returns>As TrySend.</returns>
        /// <exception cref="ObjectDisposedException">The producer was closed.</exception>
        public Status TrySendTyped<T>(in T value, MessageFlags flags = default(MessageFlags))
            where T : struct, IPayload
        {
            RingBox<T> box = BoxFor<T>();
            box.Value = value;
            return SendTyped(box, flags, RingWish.Try);
        }

        /// <summary>Sends a plain struct of your own as plain data, byte for byte.</summary>
        /// <typeparam name="T">A struct without references; its layout is yours to fix.</typeparam>
        /// <param name="value">The struct.</param>
        /// <param name="flags">How it is to be treated.</param>
        /// <returns>True; false for Timeout, or Full without waiting.</returns>
        /// <exception cref="ArgumentException">The struct holds references.</exception>
        /// <exception cref="SharedMemoryException">As for Send.</exception>
        /// <exception cref="ObjectDisposedException">The producer was closed.</exception>
        public Status SendPlain<T>(in T value, MessageFlags flags = default(MessageFlags))
            where T : struct
            => Require(SendPlain(in value, flags, RingWish.Wait));

        /// <summary>Sends a message with its type, flags and header fields.</summary>
        /// <param name="message">The message.</param>
        /// <returns>True; false for Timeout, or Full without waiting.</returns>
        /// <exception cref="ArgumentNullException">No message.</exception>
        /// <exception cref="SharedMemoryException">As for Send.</exception>
        /// <exception cref="ObjectDisposedException">The producer was closed.</exception>
        public Status SendMessage(SharedMemoryMessage message) =>
            Require(SendMessage(message, RingWish.Wait));

        /// <summary>Sends a message if there is room now. Never waits.</summary>
        /// <param name="message">The message.</param>
        /// <returns>As TrySend.</returns>
        /// <exception cref="ArgumentNullException">No message.</exception>
        /// <exception cref="ObjectDisposedException">The producer was closed.</exception>
        public Status TrySendMessage(SharedMemoryMessage message) =>
            SendMessage(message, RingWish.Try);

        /// <summary>
        /// Claims room for a payload to be written in place, waiting for it if need be.
        /// </summary>
        /// <param name="messageType">What the message is: not 0.</param>
        /// <param name="length">Bytes of payload, at most <c>LargestPayload</c>.</param>
        /// <param name="claim">The room; an empty claim unless true.</param>
        /// <returns>True; false for Timeout, or Full without waiting.</returns>
        /// <exception cref="ArgumentOutOfRangeException">A negative length.</exception>
        /// <exception cref="SharedMemoryException">As for Send.</exception>
        /// <exception cref="ObjectDisposedException">The producer was closed.</exception>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Status Claim(MessageType messageType, int length, out Claim claim)
        {
            ErrorCode code = Claim(messageType, length, out claim, RingWish.Wait);
            return code == ErrorCode.Ok ? code : Require(code);
        }

        /// <summary>Claims room for a payload if there is some now. Never waits.</summary>
        /// <param name="messageType">What the message is: not 0.</param>
        /// <param name="length">Bytes of payload, at most <c>LargestPayload</c>.</param>
        /// <param name="claim">The room; an empty claim unless Ok.</param>
        /// <returns>As TrySend.</returns>
        /// <exception cref="ArgumentOutOfRangeException">A negative length.</exception>
        /// <exception cref="ObjectDisposedException">The producer was closed.</exception>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Status TryClaim(MessageType messageType, int length, out Claim claim) =>
            Claim(messageType, length, out claim, RingWish.Try);

        /// <summary>Changes how long sends and claims wait for room.</summary>
        /// <param name="timeout">How long from now on, in place of
        /// <see cref="SharedMemoryOptions.SendTimeout"/>.</param>
        /// <exception cref="ArgumentOutOfRangeException">A time that cannot be.</exception>
        /// <exception cref="ObjectDisposedException">The producer was closed.</exception>
        /// <exception cref="InvalidOperationException">An asynchronous send is under
        /// way.</exception>
        public void SetSendTimeout(TimeSpan timeout)
        {
            CheckFree();
            _sendTimeoutNs = RingTime.Of(timeout);
        }

        /// <summary>The same as <see cref="SharedMemorySide.Close"/>.</summary>
        public void Dispose() => Close();

        internal override void FinishClose()
        {
            _writer.Drop();
            _writer.Block();
            _serial = (_serial | 1) + 1;
            Ring.Freeze();
            _attachment.Close(() => _writer.IsDrained);
        }

        internal override bool IsReady() =>
            _writer.Reserve(_awaitedStride, out _) != ErrorCode.Full;
    }
}

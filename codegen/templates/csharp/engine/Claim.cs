{% include "csharp/engine_head.cs" %}

using System;
using System.Runtime.CompilerServices;

namespace {{ view.namespace }}
{
    /// <summary>
    /// Room for one message in the ring, to be filled in place: no copy is made.
    /// <see cref="Claim.Commit()"/> publishes it; without that nobody ever sees it. Any other send
    /// on the producer, and closing it, takes the room back.
    /// </summary>
    /// <example>
    /// <code>
    /// if (producer.Claim(MessageType.Data, 64, out Claim claim))
    /// {
    ///     Fill(claim.Payload);
    ///     claim.Commit();
    /// }
    /// </code>
    /// </example>
    public readonly unsafe ref partial struct Claim
    {
        private readonly SharedMemoryProducer _producer;
        private readonly byte* _record;
        private readonly ulong _serial;
        private readonly uint _type;
        private readonly int _length;

        internal Claim(
            SharedMemoryProducer producer, byte* record, ulong serial, uint type, int length)
        {
            _producer = producer;
            _record = record;
            _serial = serial;
            _type = type;
            _length = length;
        }

        /// <summary>False for the empty claim that a failed call gives.</summary>
        public bool IsPresent => _producer != null;

        /// <summary>
        /// Where the payload goes, aligned to 8 bytes. It holds whatever was there before: write
        /// all. Not to be used once the claim is committed or the room taken back.
        /// </summary>
        /// <exception cref="InvalidOperationException">The claim was committed or abandoned, or
        /// another send on its producer took the room back.</exception>
        public Span<byte> Payload => new Span<byte>(Start + MessageHeaderLayout.Size, _length);

        /// <summary>
        /// Where the record is; the fields of its header that the engine does not know are there.
        /// </summary>
        internal byte* Start
        {
            [MethodImpl(MethodImplOptions.AggressiveInlining)]
            get
            {
                if (_producer == null || !_producer.IsCurrent(_serial))
                {
                    throw SharedMemoryProducer.StaleClaim();
                }

                return _record;
            }
        }

        /// <summary>Publishes the message without flags.</summary>
        /// <exception cref="InvalidOperationException">The claim was committed or abandoned, or
        /// another send on its producer took the room back.</exception>
        public void Commit() => Commit(_length, default(MessageFlags));

        /// <summary>Publishes the message with flags.</summary>
        /// <param name="flags">How it is to be treated.</param>
        /// <exception cref="InvalidOperationException">The claim was committed or abandoned, or
        /// another send on its producer took the room back.</exception>
        public void Commit(MessageFlags flags) => Commit(_length, flags);

        /// <summary>Publishes the first bytes of what was claimed.</summary>
        /// <param name="length">How many, at most what was claimed.</param>
        /// <param name="flags">How it is to be treated.</param>
        /// <exception cref="ArgumentOutOfRangeException">More than was claimed, or
        /// negative.</exception>
        /// <exception cref="InvalidOperationException">The claim was committed or abandoned, or
        /// another send on its producer took the room back.</exception>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Commit(int length, MessageFlags flags)
        {
            byte* record = Start;
            if (length < 0 || length > _length)
            {
                throw new ArgumentOutOfRangeException(
                    nameof(length), length, "more than was claimed");
            }

            _producer.Commit(record, _type, length, flags);
        }

        /// <summary>Gives the room back. A claim that is gone already stays so.</summary>
        public void Abandon() => _producer?.Abandon(_serial);
    }

    /// <summary>
    /// Messages that the consumer sees all at once: published by <see cref="Commit"/>, by an urgent
    /// one, in parts when the ring is full, or by another send on the producer, which goes behind
    /// them. What was not published is dropped by <see cref="Discard"/>, by the next batch, and
    /// when the producer is closed.
    /// </summary>
    /// <example>
    /// <code>
    /// BatchWriter batch = producer.Batch();
    /// try
    /// {
    ///     foreach (Tick tick in ticks) { batch.PushTyped(in tick); }
    ///     batch.Commit();
    /// }
    /// finally
    /// {
    ///     batch.Dispose(); // drops what an exception has left; "using" from C# 8 on
    /// }
    /// </code>
    /// </example>
    public readonly ref struct BatchWriter
    {
        private readonly SharedMemoryProducer _producer;
        private readonly ulong _serial;

        internal BatchWriter(SharedMemoryProducer producer, ulong serial)
        {
            _producer = producer;
            _serial = serial;
        }

        /// <summary>
        /// Adds a message. If the ring is full, publishes what is pending and waits for room, up to
        /// <see cref="SharedMemoryOptions.SendTimeout"/>.
        /// </summary>
        /// <param name="messageType">What it is.</param>
        /// <param name="payload">Its bytes.</param>
        /// <param name="flags">How it is to be treated. Urgent publishes all that is
        /// pending.</param>
        /// <returns>True; false for Timeout, or Full without waiting.</returns>
        /// <exception cref="SharedMemoryException">As for the producer's Send.</exception>
        /// <exception cref="InvalidOperationException">Another batch has taken the place of this
        /// one.</exception>
        /// <exception cref="ObjectDisposedException">The producer was closed.</exception>
        public Status Push(
            MessageType messageType,
            ReadOnlySpan<byte> payload,
            MessageFlags flags = default(MessageFlags)) =>
            _producer.Require(
                _producer.Append(_serial, messageType, payload, flags, RingWish.Wait));

        /// <summary>
        /// Adds a message if there is room for it behind what is pending; never waits.
        /// </summary>
        /// <param name="messageType">What it is.</param>
        /// <param name="payload">Its bytes.</param>
        /// <param name="flags">How it is to be treated. Urgent publishes all that is
        /// pending.</param>
        /// <returns>Full if there is no room: committing may help, because the consumer releases
        /// only what it sees. Else as the producer's TrySend.</returns>
        /// <exception cref="InvalidOperationException">Another batch has taken the place of this
        /// one.</exception>
        /// <exception cref="ObjectDisposedException">The producer was closed.</exception>
        public Status TryPush(
            MessageType messageType,
            ReadOnlySpan<byte> payload,
            MessageFlags flags = default(MessageFlags)) =>
            _producer.Append(_serial, messageType, payload, flags, RingWish.Try);

        /// <summary>Adds a struct under its own type, waiting for room if need be.</summary>
        /// <typeparam name="T">The struct.</typeparam>
        /// <param name="value">The struct.</param>
        /// <param name="flags">How it is to be treated. Urgent publishes all that is
        /// pending.</param>
        /// <returns>True; false for Timeout, or Full without waiting.</returns>
        /// <exception cref="SharedMemoryException">As for the producer's Send.</exception>
        /// <exception cref="InvalidOperationException">Another batch has taken the place of this
        /// one.</exception>
        /// <exception cref="ObjectDisposedException">The producer was closed.</exception>
        public Status PushTyped<T>(in T value, MessageFlags flags = default(MessageFlags))
            where T : struct, IPayload
            => _producer.Require(_producer.AppendTyped(_serial, in value, flags));

        /// <summary>
        /// Publishes what is pending, and wakes the consumer if it sleeps. The batch can go on.
        /// </summary>
        /// <exception cref="InvalidOperationException">Another batch has taken the place of this
        /// one, and dropped what was pending.</exception>
        /// <exception cref="ObjectDisposedException">The producer was closed.</exception>
        public void Commit() => _producer.CommitBatch(_serial);

        /// <summary>
        /// Drops what is pending, if anything is. The batch can go on.
        /// </summary>
        public void Discard() => _producer?.DiscardBatch(_serial);

        /// <summary>The same, for <c>using</c>, which takes it from C# 8 on.</summary>
        public void Dispose() => Discard();
    }
}

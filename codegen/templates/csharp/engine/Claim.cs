{% include "csharp/head.cs" %}

using System;

namespace {{ view.namespace }}
{
    /// <summary>
    /// Room for one message in the ring, to be filled in place: no copy is made.
    /// <see cref="Claim.Commit()"/> publishes it; without that nobody ever sees it. Any other send
    /// on the producer takes the room back.
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
        public Span<byte> Payload => new Span<byte>(Header + MessageHeaderLayout.Size, _length);

        /// <summary>
        /// The record, for the setters of header fields that the engine does not know.
        /// </summary>
        internal byte* Header
        {
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
        public void Commit(int length, MessageFlags flags)
        {
            byte* record = Header;
            if ((uint)length > (uint)_length)
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
    /// Messages that the consumer sees all at once: published by <see cref="Flush"/>, by an urgent
    /// one, when the ring is full, or by any other send on the producer.
    /// </summary>
    /// <example>
    /// <code>
    /// BatchWriter batch = producer.StartBatch();
    /// foreach (Tick tick in ticks) { batch.SendTyped(in tick); }
    /// batch.Flush();
    /// </code>
    /// </example>
    public readonly ref struct BatchWriter
    {
        private readonly SharedMemoryProducer _producer;

        internal BatchWriter(SharedMemoryProducer producer)
        {
            _producer = producer;
        }

        /// <summary>
        /// Adds a message. If the ring is full, publishes what is pending and waits for room, up to
        /// <see cref="SharedMemoryOptions.SendTimeout"/>.
        /// </summary>
        /// <param name="messageType">What it is.</param>
        /// <param name="payload">Its bytes.</param>
        /// <param name="flags">How it is to be treated. Urgent publishes all that is
        /// pending.</param>
        /// <returns>As <see cref="SharedMemoryProducer.Send(MessageType, ReadOnlySpan{byte},
        /// MessageFlags)"/>.</returns>
        public Status Send(
            MessageType messageType,
            ReadOnlySpan<byte> payload,
            MessageFlags flags = default(MessageFlags)) =>
            _producer.Append(messageType, payload, flags, mayWait: true);

        /// <summary>
        /// Adds a message if there is room for it behind what is pending; never waits.
        /// </summary>
        /// <param name="messageType">What it is.</param>
        /// <param name="payload">Its bytes.</param>
        /// <param name="flags">How it is to be treated. Urgent publishes all that is
        /// pending.</param>
        /// <returns>Full if there is no room: flushing may help, because the consumer releases only
        /// what it sees. Else as the producer's TrySend.</returns>
        public Status TrySend(
            MessageType messageType,
            ReadOnlySpan<byte> payload,
            MessageFlags flags = default(MessageFlags)) =>
            _producer.Append(messageType, payload, flags, mayWait: false);

        /// <summary>Adds a struct under its own type.</summary>
        /// <typeparam name="T">The struct.</typeparam>
        /// <param name="value">The struct.</param>
        /// <param name="flags">How it is to be treated. Urgent publishes all that is
        /// pending.</param>
        /// <returns>As <see cref="Send"/>.</returns>
        public Status SendTyped<T>(in T value, MessageFlags flags = default(MessageFlags))
            where T : struct, IPayload
            => _producer.AppendTyped(in value, flags);

        /// <summary>Publishes what is pending, and wakes the consumer if it sleeps.</summary>
        public void Flush() => _producer.Flush();
    }
}

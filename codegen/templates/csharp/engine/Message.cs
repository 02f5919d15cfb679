{% include "csharp/head.cs" %}

using System;
using System.Runtime.CompilerServices;

namespace {{ view.namespace }}
{
    /// <summary>
    /// A struct that knows how it becomes the bytes of a message. The generated structs are; one of
    /// your own may be, to be sent and received with the typed calls.
    /// </summary>
    public interface IPayload
    {
        /// <summary>The message type that it travels under.</summary>
        MessageType PayloadType { get; }

        /// <summary>Bytes that <see cref="WriteTo"/> writes.</summary>
        int PayloadSize { get; }

        /// <summary>Writes all bytes. Must not call the producer that it is written for.</summary>
        /// <param name="destination">Exactly <see cref="PayloadSize"/> bytes.</param>
        void WriteTo(Span<byte> destination);

        /// <summary>Reads a payload, of which nothing is believed.</summary>
        /// <param name="payload">The bytes.</param>
        /// <returns>Ok; SizeMismatch or InvalidUtf8, and then the struct may be
        /// half-read.</returns>
        Status ReadFrom(ReadOnlySpan<byte> payload);
    }

    /// <summary>
    /// A message that owns its bytes: to be sent, or copied from the ring. Free to keep; one thread
    /// at a time.
    /// </summary>
    /// <example>
    /// <code>
    /// var message = new SharedMemoryMessage(MessageType.Data, bytes);
    /// producer.SendMessage(message);
    /// </code>
    /// </example>
    public sealed partial class SharedMemoryMessage
    {
        /// <summary>A message with this payload, which is not copied.</summary>
        /// <param name="messageType">What it is.</param>
        /// <param name="payload">Its bytes; null counts as none.</param>
        public SharedMemoryMessage(MessageType messageType, byte[] payload)
            : this(messageType, payload, default(MessageFlags))
        {
        }

        /// <summary>A message with this payload, which is not copied, and flags.</summary>
        /// <param name="messageType">What it is.</param>
        /// <param name="payload">Its bytes; null counts as none.</param>
        /// <param name="flags">How it is to be treated.</param>
        public SharedMemoryMessage(MessageType messageType, byte[] payload, MessageFlags flags)
        {
            MessageType = messageType;
            Payload = payload ?? Array.Empty<byte>();
            Flags = flags;
        }

        /// <summary>A copy of a received message.</summary>
        /// <param name="message">The message.</param>
        public SharedMemoryMessage(in ReceivedMessage message)
            : this(message.MessageType, message.Payload.ToArray(), message.Flags)
        {
            MessageId = message.MessageId;
            TimestampNs = message.TimestampNs;
            ReadHeaderFields(in message);
        }

        /// <summary>What it is. Type 0 cannot be sent.</summary>
        public MessageType MessageType { get; set; }

        /// <summary>
        /// How it is to be treated. The fragment flags are the engine's and are not sent.
        /// </summary>
        public MessageFlags Flags { get; set; }

        /// <summary>Its bytes; never null.</summary>
        public byte[] Payload { get; }

        /// <summary>Its number in the ring that it came from; ignored when it is sent.</summary>
        public uint MessageId { get; }

        /// <summary>
        /// When it was sent, in nanoseconds of the host's monotonic clock; 0 if the protocol stamps
        /// no time. Ignored when it is sent.
        /// </summary>
        public ulong TimestampNs { get; }

        /// <summary>The payload as text; null if it is not UTF-8.</summary>
        /// <returns>The text.</returns>
        public string GetText() => RingUtf8.Read(Payload);

        /// <summary>The payload as a struct.</summary>
        /// <typeparam name="T">The struct.</typeparam>
        /// <param name="value">The struct; all zero unless Ok.</param>
        /// <returns>Ok; TypeMismatch unless the message is of the struct's type or plain data;
        /// SizeMismatch; InvalidUtf8.</returns>
        public Status Get<T>(out T value)
            where T : struct, IPayload
            => RingPayload.Read(MessageType, Payload, out value);

        partial void ReadHeaderFields(in ReceivedMessage message);

        internal unsafe void CopyHeaderFieldsTo(byte* record) => WriteHeaderFields(record);

        unsafe partial void WriteHeaderFields(byte* record);
    }

    /// <summary>
    /// A message that lies in the ring, or in the consumer's buffer if it came in pieces: no copy
    /// is made. Valid until the consumer's next call, or its
    /// <see cref="SharedMemoryConsumer.Release"/>.
    /// </summary>
    /// <remarks>
    /// The sender's promise not to change a published message is all that keeps its bytes still;
    /// copy it (<see cref="SharedMemoryMessage"/>) before you check it if the sender is not
    /// trusted. Keep the consumer open for as long as the payload is used.
    /// </remarks>
    public readonly unsafe ref partial struct ReceivedMessage
    {
        private readonly byte* _header;
        private readonly byte* _payload;
        private readonly int _length;
        private readonly uint _type;

        internal ReceivedMessage(byte* header, byte* payload, int length, uint type)
        {
            _header = header;
            _payload = payload;
            _length = length;
            _type = type;
        }

        /// <summary>A record, checked, as it lies in the ring.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        internal static ReceivedMessage At(byte* record, uint type, uint frame) =>
            new ReceivedMessage(
                record,
                record + MessageHeaderLayout.Size,
                (int)(frame - MessageHeaderLayout.Size),
                type);

        /// <summary>False for the empty message that a failed receive gives.</summary>
        public bool IsPresent => _header != null;

        /// <summary>What it is; a value that the enum does not list is carried.</summary>
        public MessageType MessageType => (MessageType)_type;

        /// <summary>Its flags; bits that the enum does not list are carried.</summary>
        public MessageFlags Flags =>
            IsPresent ? MessageHeaderLayout.ReadFlags(_header) : default(MessageFlags);

        /// <summary>Its number: counts up by one for each message of the ring, and wraps.</summary>
        public uint MessageId => IsPresent ? MessageHeaderLayout.ReadId(_header) : 0;

        /// <summary>
        /// When it was sent, in nanoseconds of the host's monotonic clock; 0 if the protocol stamps
        /// no time.
        /// </summary>
        public ulong TimestampNs => IsPresent ? MessageHeaderLayout.ReadTimestamp(_header) : 0;

        /// <summary>Its bytes, in place.</summary>
        public ReadOnlySpan<byte> Payload => new ReadOnlySpan<byte>(_payload, _length);

        /// <summary>The payload as text; null if it is not UTF-8.</summary>
        /// <returns>The text.</returns>
        public string GetText() => RingUtf8.Read(Payload);

        /// <summary>The payload as a struct, by a copy.</summary>
        /// <typeparam name="T">The struct.</typeparam>
        /// <param name="value">The struct; all zero unless Ok.</param>
        /// <returns>Ok; TypeMismatch unless the message is of the struct's type or plain data;
        /// SizeMismatch; InvalidUtf8.</returns>
        public Status Get<T>(out T value)
            where T : struct, IPayload
            => RingPayload.Read(MessageType, Payload, out value);

        /// <summary>A copy that may be kept.</summary>
        /// <returns>The copy.</returns>
        public SharedMemoryMessage ToMessage() => new SharedMemoryMessage(in this);
    }

    /// <summary>How typed receives turn payloads into structs.</summary>
    internal static class RingPayload
    {
        internal static Status Read<T>(MessageType type, ReadOnlySpan<byte> payload, out T value)
            where T : struct, IPayload
        {
            value = default(T);
            if (type != value.PayloadType && type != Layout.TypeData)
            {
                return ErrorCode.TypeMismatch;
            }

            Status status = value.ReadFrom(payload);
            if (!status)
            {
                value = default(T);
            }

            return status;
        }
    }
}

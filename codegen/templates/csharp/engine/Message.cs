{% include "csharp/engine_head.cs" %}

using System;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

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

        /// <summary>
        /// Reads a payload, of which nothing is believed. What is longer than the struct comes from
        /// a newer version: the known part is read.
        /// </summary>
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

        /// <summary>
        /// The payload as a struct. What is longer than the struct comes from a newer version: the
        /// known part is read.
        /// </summary>
        /// <typeparam name="T">The struct.</typeparam>
        /// <param name="value">The struct; all zero unless Ok.</param>
        /// <returns>Ok; TypeMismatch unless the message is of the struct's type or plain data;
        /// SizeMismatch; InvalidUtf8.</returns>
        public Status Decode<T>(out T value)
            where T : struct, IPayload
            => RingPayload.Read(MessageType, Payload, false, out value);

        /// <summary>The same, but a payload that is longer is a SizeMismatch.</summary>
        /// <typeparam name="T">The struct.</typeparam>
        /// <param name="value">The struct; all zero unless Ok.</param>
        /// <returns>As <see cref="Decode{T}(out T)"/>.</returns>
        public Status DecodeExact<T>(out T value)
            where T : struct, IPayload
            => RingPayload.Read(MessageType, Payload, true, out value);

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
    /// trusted. Whoever looks at it later than it is valid sees other bytes, or zeros once the
    /// consumer was closed, and nothing worse.
    /// </remarks>
    public readonly unsafe ref partial struct ReceivedMessage
    {
        /// <summary>
        /// The payload; the header lies in front of it, in the ring and in a buffer.
        /// </summary>
        private readonly ReadOnlySpan<byte> _payload;
        private readonly uint _type;

        internal ReceivedMessage(ReadOnlySpan<byte> payload, uint type)
        {
            _payload = payload;
            _type = type;
        }

        /// <summary>A record, checked, as it lies in the ring.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        internal static ReceivedMessage At(byte* record, uint type, uint frame)
        {
            int length = (int)(frame - MessageHeaderLayout.Size);
            return new ReceivedMessage(
                new ReadOnlySpan<byte>(record + MessageHeaderLayout.Size, length), type);
        }

        /// <summary>False for the empty message that a failed receive gives.</summary>
        public bool IsPresent => _type != 0;

        /// <summary>What it is; a value that the enum does not list is carried.</summary>
        public MessageType MessageType => (MessageType)_type;

        /// <summary>Its flags; bits that the enum does not list are carried.</summary>
        public MessageFlags Flags
        {
            get
            {
                fixed (byte* payload = &MemoryMarshal.GetReference(_payload))
                {
                    return IsPresent
                        ? MessageHeaderLayout.ReadFlags(payload - MessageHeaderLayout.Size)
                        : default(MessageFlags);
                }
            }
        }

        /// <summary>Its number: counts up by one for each message of the ring, and wraps.</summary>
        public uint MessageId
        {
            get
            {
                fixed (byte* payload = &MemoryMarshal.GetReference(_payload))
                {
                    return IsPresent
                        ? MessageHeaderLayout.ReadId(payload - MessageHeaderLayout.Size)
                        : 0;
                }
            }
        }

        /// <summary>
        /// When it was sent, in nanoseconds of the host's monotonic clock; 0 if the protocol stamps
        /// no time.
        /// </summary>
        public ulong TimestampNs
        {
            get
            {
                fixed (byte* payload = &MemoryMarshal.GetReference(_payload))
                {
                    return IsPresent
                        ? MessageHeaderLayout.ReadTimestamp(payload - MessageHeaderLayout.Size)
                        : 0;
                }
            }
        }

        /// <summary>Its bytes, in place.</summary>
        public ReadOnlySpan<byte> Payload => _payload;

        /// <summary>The payload as text; null if it is not UTF-8.</summary>
        /// <returns>The text.</returns>
        public string GetText() => RingUtf8.Read(_payload);

        /// <summary>
        /// The payload as a struct, by a copy. What is longer than the struct comes from a newer
        /// version: the known part is read.
        /// </summary>
        /// <typeparam name="T">The struct.</typeparam>
        /// <param name="value">The struct; all zero unless Ok.</param>
        /// <returns>Ok; TypeMismatch unless the message is of the struct's type or plain data;
        /// SizeMismatch; InvalidUtf8.</returns>
        public Status Decode<T>(out T value)
            where T : struct, IPayload
            => RingPayload.Read(MessageType, _payload, false, out value);

        /// <summary>The same, but a payload that is longer is a SizeMismatch.</summary>
        /// <typeparam name="T">The struct.</typeparam>
        /// <param name="value">The struct; all zero unless Ok.</param>
        /// <returns>As <see cref="Decode{T}(out T)"/>.</returns>
        public Status DecodeExact<T>(out T value)
            where T : struct, IPayload
            => RingPayload.Read(MessageType, _payload, true, out value);

        /// <summary>A copy that may be kept.</summary>
        /// <returns>The copy.</returns>
        public SharedMemoryMessage ToMessage() => new SharedMemoryMessage(in this);
    }

    /// <summary>How typed receives turn payloads into structs.</summary>
    internal static class RingPayload
    {
        /// <summary>
        /// Whether this runtime is Mono, which takes no struct of more than a MiB.
        /// </summary>
        internal static bool IsMono { get; } = Type.GetType("Mono.Runtime") != null;

        internal static Status Read<T>(
            MessageType type, ReadOnlySpan<byte> payload, bool isExact, out T value)
            where T : struct, IPayload
        {
            value = default(T);
            if (type != value.PayloadType && type != Layout.TypeData)
            {
                return ErrorCode.TypeMismatch;
            }

            Status status = value.ReadFrom(payload);
            if (status && isExact && payload.Length > value.PayloadSize)
            {
                status = ErrorCode.SizeMismatch;
            }

            if (!status)
            {
                value = default(T);
            }

            return status;
        }

        /// <summary>
        /// Reads a payload into a new box; null unless Ok. The struct is never on the stack, which
        /// a large one would not fit on.
        /// </summary>
        internal static Status Box<T>(in ReceivedMessage message, out object value)
            where T : struct, IPayload
        {
            value = null;
            var box = (IPayload)Activator.CreateInstance(typeof(T));
            if (message.MessageType != box.PayloadType && message.MessageType != Layout.TypeData)
            {
                return ErrorCode.TypeMismatch;
            }

            Status status = box.ReadFrom(message.Payload);
            value = status ? box : null;
            return status;
        }
    }
}

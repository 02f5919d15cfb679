{% include "csharp/head.cs" %}

using System;

namespace {{ view.namespace }}
{
    /// <content>Batches and messages in pieces.</content>
    public sealed unsafe partial class SharedMemoryProducer
    {
        /// <summary>Starts a batch: its messages become visible together.</summary>
        /// <returns>The batch, to be used up before other sends.</returns>
        public BatchWriter StartBatch() => new BatchWriter(this);

        /// <summary>
        /// Sends messages with as few publications as the ring's size allows, waiting for room if
        /// need be.
        /// </summary>
        /// <param name="messages">The messages.</param>
        /// <param name="sent">How many were sent: all, or those before the first that could not
        /// be.</param>
        /// <returns>As Send, for the first that could not be sent.</returns>
        /// <exception cref="ArgumentException">One of the messages is null; those before it were
        /// sent.</exception>
        /// <exception cref="ObjectDisposedException">The producer was closed.</exception>
        public Status SendBatch(ReadOnlySpan<SharedMemoryMessage> messages, out int sent) =>
            SendBatch(messages, true, out sent);

        /// <summary>
        /// Sends as many of the first messages as there is room for now, with one publication.
        /// Never waits.
        /// </summary>
        /// <param name="messages">The messages.</param>
        /// <param name="sent">How many were sent.</param>
        /// <returns>Ok if all were sent; else as TrySend, for the first that could not
        /// be.</returns>
        /// <exception cref="ArgumentException">One of the messages is null; those before it were
        /// sent.</exception>
        /// <exception cref="ObjectDisposedException">The producer was closed.</exception>
        public Status TrySendBatch(ReadOnlySpan<SharedMemoryMessage> messages, out int sent) =>
            SendBatch(messages, false, out sent);

        /// <summary>Publishes a pending batch, if there is one, and wakes the consumer.</summary>
        public void Flush()
        {
            if (_writer.HasPending)
            {
                _ = _writer.Flush();
                _waker.Published();
            }
        }

        /// <summary>
        /// Sends a message of any size, cut into pieces of
        /// <see cref="SharedMemoryOptions.FragmentSize"/>; the receiver puts them together, up to
        /// its <see cref="SharedMemoryOptions.MaxMessageSize"/>. Each piece waits for room by
        /// itself.
        /// </summary>
        /// <param name="messageType">What it is: not 0.</param>
        /// <param name="payload">Its bytes.</param>
        /// <param name="flags">How it is to be treated.</param>
        /// <returns>As Send. After a failure on the way the receiver drops what has come.</returns>
        /// <exception cref="ObjectDisposedException">The producer was closed.</exception>
        public Status SendFragmented(
            MessageType messageType,
            ReadOnlySpan<byte> payload,
            MessageFlags flags = default(MessageFlags))
        {
            int size = PieceSize();
            if (payload.Length <= size)
            {
                return Send(messageType, payload, flags);
            }

            int room = size - RingFragment.PrefixSize;
            int count = (int)(((long)payload.Length + room - 1) / room);
            for (int index = 0; index < count; index++)
            {
                int from = index * room;
                ReadOnlySpan<byte> part = payload.Slice(
                    from, Math.Min(room, payload.Length - from));
                byte* record = Acquire(
                    messageType, part.Length + RingFragment.PrefixSize, mayWait: true);
                if (record == null)
                {
                    return _failure;
                }

                MessageFlags piece = index == count - 1
                    ? Layout.FlagFragment | Layout.FlagLastFragment
                    : Layout.FlagFragment;
                WritePiece(record, index, count, part);
                _writer.WriteHeader(record, (flags & ~Layout.EngineFlags) | piece);
                _writer.Publish(record, (uint)messageType, part.Length + RingFragment.PrefixSize);
                _waker.Published();
            }

            GC.KeepAlive(this);
            return ErrorCode.Ok;
        }

        internal Status Append(
            MessageType type, ReadOnlySpan<byte> payload, MessageFlags flags, bool mayWait)
        {
            ErrorCode code = AcquireForBatch(type, payload.Length, mayWait, out byte* record);
            if (code != ErrorCode.Ok)
            {
                return code;
            }

            RingWriter.ClearTail(record, payload.Length);
            RingBytes.Copy(record + MessageHeaderLayout.Size, payload);
            _writer.WriteHeader(record, flags & ~Layout.EngineFlags);
            AddToBatch(record, type, payload.Length, flags);
            return ErrorCode.Ok;
        }

        internal Status AppendTyped<T>(in T original, MessageFlags flags)
            where T : struct, IPayload
        {
            T value = original; // calls through the interface would copy it each time
            int size = value.PayloadSize;
            ErrorCode code = AcquireForBatch(value.PayloadType, size, true, out byte* record);
            if (code != ErrorCode.Ok)
            {
                return code;
            }

            RingWriter.ClearTail(record, size);
            value.WriteTo(new Span<byte>(record + MessageHeaderLayout.Size, size));
            _writer.WriteHeader(record, flags & ~Layout.EngineFlags);
            AddToBatch(record, value.PayloadType, size, flags);
            return ErrorCode.Ok;
        }

        private static void WritePiece(byte* record, int index, int count, ReadOnlySpan<byte> part)
        {
            byte* start = record + MessageHeaderLayout.Size;
            RingWriter.ClearTail(record, part.Length + RingFragment.PrefixSize);
            RingFragment.WritePrefix(start, (uint)index, (uint)count);
            RingBytes.Copy(start + RingFragment.PrefixSize, part);
        }

        /// <summary>
        /// Two pieces fit into the ring, so that sending and receiving go on together.
        /// </summary>
        private int PieceSize()
        {
            int most = LargestPayload / 2 & ~(Record.Word - 1);
            int asked = Math.Max(_options.FragmentSize, RingFragment.LeastSize);
            return _options.FragmentSize == 0 ? most : Math.Min(asked, most);
        }

        private Status SendBatch(
            ReadOnlySpan<SharedMemoryMessage> messages, bool mayWait, out int sent)
        {
            ErrorCode code = ErrorCode.Ok;
            for (sent = 0; sent < messages.Length; sent++)
            {
                SharedMemoryMessage message = messages[sent];
                if (message == null)
                {
                    Flush();
                    throw new ArgumentException("a message is null", nameof(messages));
                }

                int length = message.Payload.Length;
                code = AcquireForBatch(message.MessageType, length, mayWait, out byte* record);
                if (code != ErrorCode.Ok)
                {
                    break;
                }

                Fill(record, message);
                AddToBatch(record, message.MessageType, length, message.Flags);
            }

            Flush();
            return code;
        }

        /// <summary>
        /// Finds room behind what is pending, publishing that if waiting is needed.
        /// </summary>
        private ErrorCode AcquireForBatch(
            MessageType type, int length, bool mayWait, out byte* record)
        {
            record = null;
            ErrorCode code = Admit(type, length);
            if (code != ErrorCode.Ok)
            {
                return code;
            }

            ulong stride = Record.Stride((ulong)(MessageHeaderLayout.Size + (long)length));
            code = _writer.Reserve(stride, out record);
            if (code == ErrorCode.Full && mayWait)
            {
                Flush(); // the consumer could not make room for it otherwise
            }

            return code == ErrorCode.Ok
                ? code
                : NoRoom(code, stride, mayWait ? _options.SendTimeout : 0, out record);
        }

        private void AddToBatch(byte* record, MessageType type, int length, MessageFlags flags)
        {
            _writer.Append(record, (uint)type, length);
            if ((flags & Layout.FlagUrgent) != 0)
            {
                Flush();
            }

            GC.KeepAlive(this);
        }
    }
}

{% include "csharp/engine_head.cs" %}

using System;
using System.Runtime.CompilerServices;

namespace {{ view.namespace }}
{
    /// <content>Claims, batches, and messages in pieces.</content>
    public sealed unsafe partial class SharedMemoryProducer
    {
        /// <summary>Starts a batch: its messages become visible together.</summary>
        /// <returns>The batch. Another one takes its place, and drops what was not
        /// committed.</returns>
        /// <exception cref="ObjectDisposedException">The producer was closed.</exception>
        public BatchWriter Batch()
        {
            CheckFree();
            _writer.Drop();
            _batch++;
            return new BatchWriter(this, _batch);
        }

        /// <summary>
        /// Sends messages with as few publications as the ring's size allows, waiting for room if
        /// need be.
        /// </summary>
        /// <param name="messages">The messages.</param>
        /// <param name="sent">How many were sent: all, or those before the first that could not
        /// be.</param>
        /// <returns>True; false for Timeout, or Full without waiting.</returns>
        /// <exception cref="ArgumentException">One of the messages is null: nothing was
        /// sent.</exception>
        /// <exception cref="SharedMemoryException">As for Send, if none was sent; behind some that
        /// were, the result says why.</exception>
        /// <exception cref="ObjectDisposedException">The producer was closed.</exception>
        public Status SendBatch(ReadOnlySpan<SharedMemoryMessage> messages, out int sent)
        {
            ErrorCode code = SendBatch(messages, RingWish.Wait, out sent);
            return sent > 0 ? code : Require(code);
        }

        /// <summary>
        /// Sends as many of the first messages as there is room for now, with one publication.
        /// Never waits.
        /// </summary>
        /// <param name="messages">The messages.</param>
        /// <param name="sent">How many were sent.</param>
        /// <returns>Ok if all were sent; else as TrySend, for the first that could not
        /// be.</returns>
        /// <exception cref="ArgumentException">One of the messages is null: nothing was
        /// sent.</exception>
        /// <exception cref="ObjectDisposedException">The producer was closed.</exception>
        public Status TrySendBatch(ReadOnlySpan<SharedMemoryMessage> messages, out int sent) =>
            SendBatch(messages, RingWish.Try, out sent);

        /// <summary>
        /// Sends a message of any size, cut into pieces of
        /// <see cref="SharedMemoryOptions.FragmentSize"/>; the receiver puts them together, up to
        /// its <see cref="SharedMemoryOptions.MaxMessageSize"/>.
        /// <see cref="SharedMemoryOptions.SendTimeout"/> holds for the whole call.
        /// </summary>
        /// <param name="messageType">What it is: not 0.</param>
        /// <param name="payload">Its bytes.</param>
        /// <param name="flags">How it is to be treated.</param>
        /// <returns>True; false for Timeout, or Full without waiting. After a failure on the way
        /// the receiver drops what has come.</returns>
        /// <exception cref="SharedMemoryException">As for Send.</exception>
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

            var deadline = new RingDeadline(_sendTimeoutNs);
            int room = size - RingConstants.PrefixSize;
            int count = (int)(((long)payload.Length + room - 1) / room);
            for (int index = 0; index < count; index++)
            {
                int from = index * room;
                ReadOnlySpan<byte> part = payload.Slice(
                    from, Math.Min(room, payload.Length - from));
                int length = part.Length + RingConstants.PrefixSize;
                byte* record = AcquireSlowly(messageType, length, RingWish.Wait, ref deadline);
                if (record == null)
                {
                    return Require(_failure);
                }

                MessageFlags piece = index == count - 1
                    ? Layout.FlagFragment | Layout.FlagLastFragment
                    : Layout.FlagFragment;
                WritePiece(record, index, count, part);
                _writer.WriteHeader(record, (flags & ~Layout.EngineFlags) | piece);
                _writer.Publish(record, (uint)messageType, length);
                Wake();
            }

            GC.KeepAlive(this);
            return ErrorCode.Ok;
        }

        internal ErrorCode Append(
            ulong serial,
            MessageType type,
            ReadOnlySpan<byte> payload,
            MessageFlags flags,
            RingWish wish)
        {
            CheckBatch(serial);
            ErrorCode code = AcquireForBatch(type, payload.Length, wish, out byte* record);
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

        internal ErrorCode AppendTyped<T>(ulong serial, in T value, MessageFlags flags)
            where T : struct, IPayload
        {
            CheckBatch(serial);
            RingBox<T> box = BoxFor<T>();
            box.Value = value;
            int size = box.Value.PayloadSize;
            MessageType type = box.Value.PayloadType;
            ErrorCode code = AcquireForBatch(type, size, RingWish.Wait, out byte* record);
            if (code != ErrorCode.Ok)
            {
                return code;
            }

            RingWriter.ClearTail(record, size);
            box.Value.WriteTo(new Span<byte>(record + MessageHeaderLayout.Size, size));
            _writer.WriteHeader(record, flags & ~Layout.EngineFlags);
            AddToBatch(record, type, size, flags);
            return ErrorCode.Ok;
        }

        internal void CommitBatch(ulong serial)
        {
            CheckBatch(serial);
            Flush();
        }

        internal void DiscardBatch(ulong serial)
        {
            if (serial == _batch)
            {
                _writer.Drop();
            }
        }

        private void CheckBatch(ulong serial)
        {
            CheckFree();
            if (serial != _batch)
            {
                throw new InvalidOperationException(
                    "another batch has taken the place of this one");
            }

            TakeBack();
        }

        /// <summary>Publishes what is pending of the batch, which goes on.</summary>
        private void Flush()
        {
            if (_writer.HasPending)
            {
                _writer.Flush();
                Wake();
                GC.KeepAlive(this);
            }
        }

        private static void WritePiece(byte* record, int index, int count, ReadOnlySpan<byte> part)
        {
            byte* start = record + MessageHeaderLayout.Size;
            RingWriter.ClearTail(record, part.Length + RingConstants.PrefixSize);
            RingFragment.WritePrefix(start, (uint)index, (uint)count);
            RingBytes.Copy(start + RingConstants.PrefixSize, part);
        }

        /// <summary>
        /// Two pieces fit into the ring, so that sending and receiving go on together.
        /// </summary>
        private int PieceSize()
        {
            int most = LargestPayload / 2 & ~(RingConstants.Word - 1);
            int asked = Math.Max(_options.FragmentSize, RingConstants.MinPiece);
            return _options.FragmentSize == 0 ? most : Math.Min(asked, most);
        }

        private ErrorCode SendBatch(
            ReadOnlySpan<SharedMemoryMessage> messages, RingWish wish, out int sent)
        {
            sent = 0;
            for (int i = 0; i < messages.Length; i++)
            {
                if (messages[i] == null)
                {
                    throw new ArgumentException("a message is null", nameof(messages));
                }
            }

            CheckFree();
            TakeBack();
            ErrorCode code = ErrorCode.Ok;
            while (sent < messages.Length && code == ErrorCode.Ok)
            {
                SharedMemoryMessage message = messages[sent];
                int length = message.Payload.Length;
                code = AcquireForBatch(message.MessageType, length, wish, out byte* record);
                if (code == ErrorCode.Ok)
                {
                    Fill(record, message);
                    AddToBatch(record, message.MessageType, length, message.Flags);
                    sent++;
                }
            }

            Flush();
            return code;
        }

        /// <summary>
        /// Finds room behind what is pending, publishing that if waiting is needed.
        /// </summary>
        private ErrorCode AcquireForBatch(
            MessageType type, int length, RingWish wish, out byte* record)
        {
            record = null;
            ulong stride = StrideOf(length);
            ErrorCode code = Admit(type, length, stride);
            if (code != ErrorCode.Ok)
            {
                return code;
            }

            _awaitedStride = stride;
            code = _writer.Reserve(stride, out record);
            if (code == ErrorCode.Ok)
            {
                return code;
            }

            if (code == ErrorCode.Full && wish == RingWish.Wait)
            {
                Flush(); // the consumer could not make room for it otherwise
            }

            var deadline = new RingDeadline(_sendTimeoutNs);
            return NoRoom(code, stride, wish, ref deadline, out record);
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

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private ErrorCode Claim(MessageType type, int length, out Claim claim, RingWish wish)
        {
            byte* record = TryAcquire(type, length);
            if (record == null)
            {
                return ClaimSlowly(type, length, out claim, wish);
            }

            claim = Open(record, type, length);
            return ErrorCode.Ok;
        }

        /// <summary>Claims where the fast path found no room.</summary>
        [MethodImpl(MethodImplOptions.NoInlining)]
        private ErrorCode ClaimSlowly(
            MessageType type, int length, out Claim claim, RingWish wish)
        {
            if (length < 0)
            {
                throw new ArgumentOutOfRangeException(nameof(length), length, "negative");
            }

            byte* record = AcquireSlowly(type, length, wish);
            claim = record != null ? Open(record, type, length) : default(Claim);
            return record != null ? ErrorCode.Ok : _failure;
        }

        /// <summary>Makes the claim of a record for which room was found.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private Claim Open(byte* record, MessageType type, int length)
        {
            _serial++;
            _writer.Block();
            _writer.WriteHeader(record, default(MessageFlags));
            return new Claim(this, record, _serial, (uint)type, length);
        }
    }
}

{% include "csharp/engine_head.cs" %}

using System;

namespace {{ view.namespace }}
{
    /// <content>Receiving copies: whole messages, texts and structs.</content>
    public sealed partial class SharedMemoryConsumer
    {
        /// <summary>Receives a message as a copy that may be kept.</summary>
        /// <param name="message">The message; null unless true.</param>
        /// <param name="timeoutMs">How long to wait, in milliseconds; -1 without bound.</param>
        /// <returns>True; false for Timeout and Closed.</returns>
        /// <exception cref="SharedMemoryException">The producer died, the file was removed, the
        /// ring is corrupt, or a message was dropped.</exception>
        /// <exception cref="ObjectDisposedException">The consumer was closed.</exception>
        public Status ReceiveMessage(out SharedMemoryMessage message, int timeoutMs = -1) =>
            Keep(Receive(out ReceivedMessage received, timeoutMs), in received, out message);

        /// <summary>Receives a message as a copy that may be kept.</summary>
        /// <param name="message">The message; null unless true.</param>
        /// <param name="timeout">How long to wait.</param>
        /// <returns>True; false for Timeout and Closed.</returns>
        /// <exception cref="SharedMemoryException">As for Receive.</exception>
        /// <exception cref="ObjectDisposedException">The consumer was closed.</exception>
        public Status ReceiveMessage(out SharedMemoryMessage message, TimeSpan timeout) =>
            Keep(Receive(out ReceivedMessage received, timeout), in received, out message);

        /// <summary>Receives a message as a copy if there is one. Never waits.</summary>
        /// <param name="message">The message; null unless Ok.</param>
        /// <returns>As <see cref="TryReceive(out ReceivedMessage)"/>.</returns>
        /// <exception cref="ObjectDisposedException">The consumer was closed.</exception>
        public Status TryReceiveMessage(out SharedMemoryMessage message) =>
            Keep(TryReceive(out ReceivedMessage received), in received, out message);

        /// <summary>Receives a message as text, of whatever type it is.</summary>
        /// <param name="timeoutMs">How long to wait, in milliseconds; -1 without bound.</param>
        /// <returns>The text; null for Timeout and Closed, which <see cref="LastStatus"/> tells
        /// apart.</returns>
        /// <exception cref="SharedMemoryException">As for Receive; InvalidUtf8, and the message
        /// stays in the ring, to be received in another way or skipped.</exception>
        /// <exception cref="ObjectDisposedException">The consumer was closed.</exception>
        public string ReceiveString(int timeoutMs = -1)
        {
            _ = ReceiveString(out string text, timeoutMs);
            return text;
        }

        /// <summary>Receives a message as text, of whatever type it is.</summary>
        /// <param name="timeout">How long to wait.</param>
        /// <returns>The text; null for Timeout and Closed, which <see cref="LastStatus"/> tells
        /// apart.</returns>
        /// <exception cref="SharedMemoryException">As for Receive; InvalidUtf8, and the message
        /// stays in the ring, to be received in another way or skipped.</exception>
        /// <exception cref="ObjectDisposedException">The consumer was closed.</exception>
        public string ReceiveString(TimeSpan timeout)
        {
            _ = ReceiveString(out string text, timeout);
            return text;
        }

        /// <summary>Receives a message as text, of whatever type it is.</summary>
        /// <param name="text">The text; null unless true.</param>
        /// <param name="timeoutMs">How long to wait, in milliseconds; -1 without bound.</param>
        /// <returns>True; false for Timeout and Closed.</returns>
        /// <exception cref="SharedMemoryException">As for Receive; InvalidUtf8, and the message
        /// stays in the ring, to be received in another way or skipped.</exception>
        /// <exception cref="ObjectDisposedException">The consumer was closed.</exception>
        public Status ReceiveString(out string text, int timeoutMs = -1) =>
            Require(DecodeText(RingTime.OfMs(timeoutMs), out text));

        /// <summary>Receives a message as text, of whatever type it is.</summary>
        /// <param name="text">The text; null unless true.</param>
        /// <param name="timeout">How long to wait.</param>
        /// <returns>True; false for Timeout and Closed.</returns>
        /// <exception cref="SharedMemoryException">As for Receive; InvalidUtf8, and the message
        /// stays in the ring, to be received in another way or skipped.</exception>
        /// <exception cref="ObjectDisposedException">The consumer was closed.</exception>
        public Status ReceiveString(out string text, TimeSpan timeout) =>
            Require(DecodeText(RingTime.Of(timeout), out text));

        /// <summary>Receives a message as text if there is one. Never waits.</summary>
        /// <param name="text">The text; null unless Ok.</param>
        /// <returns>As <see cref="TryReceive(out ReceivedMessage)"/>; InvalidUtf8, and the message
        /// stays in the ring.</returns>
        /// <exception cref="ObjectDisposedException">The consumer was closed.</exception>
        public Status TryReceiveString(out string text) => DecodeText(RingTime.Never, out text);

        /// <summary>
        /// Receives a message as a struct. What is longer than the struct comes from a newer
        /// version: the known part is read, unless <see cref="SharedMemoryOptions.ExactSize"/> was
        /// asked for.
        /// </summary>
        /// <typeparam name="T">The struct.</typeparam>
        /// <param name="value">The struct; all zero unless true. A large one may lie in an array:
        /// it is written in place.</param>
        /// <param name="timeoutMs">How long to wait, in milliseconds; -1 without bound.</param>
        /// <returns>True; false for Timeout and Closed.</returns>
        /// <exception cref="SharedMemoryException">As for Receive; TypeMismatch unless the message
        /// is of the struct's type or plain data, SizeMismatch, InvalidUtf8, and the message stays
        /// in the ring, to be received in another way or skipped.</exception>
        /// <exception cref="ObjectDisposedException">The consumer was closed.</exception>
        public Status ReceiveTyped<T>(out T value, int timeoutMs = -1)
            where T : struct, IPayload
            => Require(Decode(RingTime.OfMs(timeoutMs), out value));

        /// <summary>Receives a message as a struct.</summary>
        /// <typeparam name="T">The struct.</typeparam>
        /// <param name="value">The struct; all zero unless true.</param>
        /// <param name="timeout">How long to wait.</param>
        /// <returns>As <see cref="ReceiveTyped{T}(out T, int)"/>.</returns>
        /// <exception cref="SharedMemoryException">As for Receive; TypeMismatch, SizeMismatch or
        /// InvalidUtf8, and the message stays in the ring.</exception>
        /// <exception cref="ObjectDisposedException">The consumer was closed.</exception>
        public Status ReceiveTyped<T>(out T value, TimeSpan timeout)
            where T : struct, IPayload
            => Require(Decode(RingTime.Of(timeout), out value));

        /// <summary>Receives a message as a struct if there is one. Never waits.</summary>
        /// <typeparam name="T">The struct.</typeparam>
        /// <param name="value">The struct; all zero unless Ok.</param>
        /// <returns>As <see cref="TryReceive(out ReceivedMessage)"/>; TypeMismatch unless the
        /// message is of the struct's type or plain data, SizeMismatch, InvalidUtf8, and the
        /// message stays in the ring.</returns>
        /// <exception cref="ObjectDisposedException">The consumer was closed.</exception>
        public Status TryReceiveTyped<T>(out T value)
            where T : struct, IPayload
            => Decode(RingTime.Never, out value);

        /// <summary>Receives plain data as a struct of your own, byte for byte.</summary>
        /// <typeparam name="T">A struct without references; its layout is yours to fix.</typeparam>
        /// <param name="value">The struct; all zero unless true.</param>
        /// <param name="timeoutMs">How long to wait, in milliseconds; -1 without bound.</param>
        /// <returns>True; false for Timeout and Closed.</returns>
        /// <exception cref="SharedMemoryException">As for Receive; TypeMismatch, or SizeMismatch
        /// unless the payload has the struct's very size, and the message stays in the ring, to be
        /// received in another way or skipped.</exception>
        /// <exception cref="ArgumentException">The struct holds references.</exception>
        /// <exception cref="ObjectDisposedException">The consumer was closed.</exception>
        public Status ReceivePlain<T>(out T value, int timeoutMs = -1)
            where T : struct
            => Require(DecodePlain(RingTime.OfMs(timeoutMs), out value));

        /// <summary>Receives plain data as a struct of your own, byte for byte.</summary>
        /// <typeparam name="T">A struct without references; its layout is yours to fix.</typeparam>
        /// <param name="value">The struct; all zero unless true.</param>
        /// <param name="timeout">How long to wait.</param>
        /// <returns>As <see cref="ReceivePlain{T}(out T, int)"/>.</returns>
        /// <exception cref="SharedMemoryException">As for Receive; TypeMismatch or SizeMismatch,
        /// and the message stays in the ring.</exception>
        /// <exception cref="ArgumentException">The struct holds references.</exception>
        /// <exception cref="ObjectDisposedException">The consumer was closed.</exception>
        public Status ReceivePlain<T>(out T value, TimeSpan timeout)
            where T : struct
            => Require(DecodePlain(RingTime.Of(timeout), out value));

        private Status Keep(
            Status status, in ReceivedMessage received, out SharedMemoryMessage message)
        {
            message = status ? received.ToMessage() : null;
            Release();
            return status;
        }

        private ErrorCode DecodeText(long timeoutNs, out string text)
        {
            text = null;
            ErrorCode code = FindWithin(timeoutNs, out ReceivedMessage message);
            if (code != ErrorCode.Ok)
            {
                return code;
            }

            text = message.GetText();
            if (text == null)
            {
                return Refuse(ErrorCode.InvalidUtf8, 0, RingUtf8.FirstBad(message.Payload));
            }

            Consume(in message);
            return ErrorCode.Ok;
        }

        private ErrorCode Decode<T>(long timeoutNs, out T value)
            where T : struct, IPayload
        {
            value = default(T);
            ErrorCode code = FindWithin(timeoutNs, out ReceivedMessage message);
            if (code != ErrorCode.Ok)
            {
                return code;
            }

            Status status = RingPayload.Read(
                message.MessageType, message.Payload, _options.ExactSize, out value);
            if (status)
            {
                Consume(in message);
                return ErrorCode.Ok;
            }

            bool isType = status == ErrorCode.TypeMismatch;
            ulong expected = isType ? (ulong)value.PayloadType : (ulong)value.PayloadSize;
            ulong found = isType ? (ulong)message.MessageType : (ulong)message.Payload.Length;
            return Refuse(status.Code, expected, found);
        }

        private ErrorCode DecodePlain<T>(long timeoutNs, out T value)
            where T : struct
        {
            value = default(T);
            ErrorCode code = FindWithin(timeoutNs, out ReceivedMessage message);
            if (code != ErrorCode.Ok)
            {
                return code;
            }

            if (message.MessageType != Layout.TypeData)
            {
                return Refuse(
                    ErrorCode.TypeMismatch, (ulong)Layout.TypeData, (ulong)message.MessageType);
            }

            if (!RingPlain<T>.TryRead(message.Payload, out value))
            {
                ulong found = (ulong)message.Payload.Length;
                return Refuse(ErrorCode.SizeMismatch, (ulong)RingPlain<T>.Size, found);
            }

            Consume(in message);
            return ErrorCode.Ok;
        }

        /// <summary>Takes a message that was found and gives its room back.</summary>
        private void Consume(in ReceivedMessage message)
        {
            TakeFound(in message);
            Release();
        }
    }
}

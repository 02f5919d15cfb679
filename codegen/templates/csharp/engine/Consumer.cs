{% include "csharp/head.cs" %}

using System;
using System.Collections.Generic;
using System.Runtime.CompilerServices;

namespace {{ view.namespace }}
{
    /// <summary>Takes a message that lies in the ring: valid for the call only.</summary>
    /// <param name="message">The message.</param>
    public delegate void MessageHandler(in ReceivedMessage message);

    /// <summary>The receiving side of a ring.</summary>
    /// <remarks>
    /// <para>Threads: one at a time; only <see cref="Interrupt"/>, <see cref="Heartbeat"/> and
    /// <see cref="Statistics"/> may be used while another call runs, and none of them while or
    /// after <see cref="Dispose"/> runs. At most one consumer exists for each ring, in whatever
    /// process.</para>
    /// <para>Blocking: receives wait up to their timeout, in milliseconds: -1 (the default) until a
    /// message comes or the producer closes or dies, 0 not at all. Try operations never
    /// wait.</para>
    /// <para>Errors: the <see cref="Status"/> of each call says what it came to, and
    /// <see cref="LastError"/> why it failed. Only misuse throws. Closed, PeerDied and Removed are
    /// told only once all messages were received.</para>
    /// </remarks>
    /// <example>
    /// <code>
    /// using (var consumer = new SharedMemoryConsumer("prices"))
    /// {
    ///     ReceivedMessage message;
    ///     while (consumer.Receive(out message))
    ///     {
    ///         Console.WriteLine(message.MessageType + ": " + message.Payload.Length);
    ///     }
    /// }
    /// </code>
    /// </example>
    public sealed unsafe partial class SharedMemoryConsumer : IDisposable, IRingAwaited
    {
        private readonly RingAttachment _attachment;
        private readonly SharedMemoryOptions _options;
        private readonly RingWaiter _waiter;
        private readonly RingPeerWatch _watch;
        private readonly RingWaker _waker;
        private RingReader _reader;

        /// <summary>Whether a record was handed out that was not released yet.</summary>
        private bool _isHeld;
        private ErrorCode _failure;
        private ulong _failureExpected;
        private ulong _failureFound;

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
        /// <exception cref="SharedMemoryException">The ring cannot be made or opened, or another
        /// consumer has it.</exception>
        public SharedMemoryConsumer(string name, SharedMemoryOptions options)
        {
            _options = (options ?? throw new ArgumentNullException(nameof(options))).Copy();
            _attachment = RingAttachment.Open(name, _options, Role.Consumer);
            try
            {
                _reader = new RingReader(_attachment, _options.Distance);
            }
            catch
            {
                _attachment.Close(removeFile: false);
                throw;
            }

            Ring = new RingBuffer(_attachment);
            _waiter = new RingWaiter(_attachment, _options);
            _watch = new RingPeerWatch(_attachment);
            _waker = new RingWaker(_attachment);
            _attachment.Announce();
        }

        /// <summary>The ring: its name, size and counters.</summary>
        public RingBuffer Ring { get; }

        /// <summary>The counters of both sides.</summary>
        public Statistics Statistics => Ring.Statistics;

        /// <summary>
        /// What the last call came to that returns no status itself, as
        /// <see cref="SharedMemoryConsumer.ReceiveString(int)"/>.
        /// </summary>
        public Status LastStatus { get; private set; }

        /// <summary>
        /// Why the last call that failed did so, with what was expected and found; null if none
        /// has.
        /// </summary>
        public SharedMemoryException LastError => _failure == ErrorCode.Ok
            ? null
            : RingFailure.Describe(_failure, Ring.Name, _failureExpected, _failureFound);

        /// <summary>
        /// Receives a message in place, without a copy. It stays valid until this consumer's next
        /// call, which also gives its room back, or until <see cref="Release"/>.
        /// </summary>
        /// <param name="message">The message; an empty one unless Ok.</param>
        /// <param name="timeoutMs">How long to wait, in milliseconds; -1 without bound.</param>
        /// <returns>Ok; Timeout; Closed, PeerDied or Removed once all messages were received;
        /// MessageTooLarge for a dropped message in pieces; Corrupt; Forked.</returns>
        /// <exception cref="ObjectDisposedException">The consumer was closed.</exception>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Status Receive(out ReceivedMessage message, int timeoutMs = -1)
        {
            if (TryTake(out message))
            {
                return ErrorCode.Ok;
            }

            message = TakeSlowly(timeoutMs);
            return _slowCode;
        }

        /// <summary>Receives a message in place if there is one. Never waits.</summary>
        /// <param name="message">The message; an empty one unless Ok.</param>
        /// <returns>Ok; Empty, which may change at any moment; else as Receive.</returns>
        /// <exception cref="ObjectDisposedException">The consumer was closed.</exception>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Status TryReceive(out ReceivedMessage message) => Receive(out message, Never);

        /// <summary>Shows the next message without taking it. Never waits.</summary>
        /// <param name="message">The message, valid until this consumer's next call.</param>
        /// <returns>As TryReceive.</returns>
        /// <exception cref="ObjectDisposedException">The consumer was closed.</exception>
        public Status Peek(out ReceivedMessage message)
        {
            return FindWithin(Never, out message);
        }

        /// <summary>
        /// Gives the room of the message that was received last back, if it was not yet.
        /// </summary>
        public void Release()
        {
            if (_isHeld)
            {
                _isHeld = false;
                _reader.Release();
                _waker.Published();
                GC.KeepAlive(this);
            }
        }

        /// <summary>
        /// Drops the next message, also one that a typed receive refused. Never waits.
        /// </summary>
        /// <returns>Ok if there was one; else as <see cref="TryReceive"/>.</returns>
        /// <exception cref="ObjectDisposedException">The consumer was closed.</exception>
        public Status Skip()
        {
            Status status = TryReceive(out _);
            Release();
            return status;
        }

        /// <summary>Receives a message as a copy that may be kept.</summary>
        /// <param name="message">The message; null unless Ok.</param>
        /// <param name="timeoutMs">How long to wait, in milliseconds; -1 without bound.</param>
        /// <returns>As <see cref="Receive"/>.</returns>
        /// <exception cref="ObjectDisposedException">The consumer was closed.</exception>
        public Status ReceiveMessage(out SharedMemoryMessage message, int timeoutMs = -1)
        {
            Status status = Receive(out ReceivedMessage received, timeoutMs);
            return Keep(status, in received, out message);
        }

        /// <summary>Receives a message as a copy if there is one. Never waits.</summary>
        /// <param name="message">The message; null unless Ok.</param>
        /// <returns>As <see cref="TryReceive"/>.</returns>
        /// <exception cref="ObjectDisposedException">The consumer was closed.</exception>
        public Status TryReceiveMessage(out SharedMemoryMessage message)
        {
            Status status = TryReceive(out ReceivedMessage received);
            return Keep(status, in received, out message);
        }

        /// <summary>Receives a message as text, of whatever type it is.</summary>
        /// <param name="timeoutMs">How long to wait, in milliseconds; -1 without bound.</param>
        /// <returns>The text; null if there is none, and then <see cref="LastStatus"/> says
        /// why.</returns>
        /// <exception cref="ObjectDisposedException">The consumer was closed.</exception>
        public string ReceiveString(int timeoutMs = -1)
        {
            LastStatus = ReceiveString(out string text, timeoutMs);
            return text;
        }

        /// <summary>Receives a message as text, of whatever type it is.</summary>
        /// <param name="text">The text; null unless Ok.</param>
        /// <param name="timeoutMs">How long to wait, in milliseconds; -1 without bound.</param>
        /// <returns>As <see cref="Receive"/>; InvalidUtf8, and the message stays in the ring, to be
        /// received in another way.</returns>
        /// <exception cref="ObjectDisposedException">The consumer was closed.</exception>
        public Status ReceiveString(out string text, int timeoutMs = -1)
        {
            ErrorCode code = FindWithin(timeoutMs, out ReceivedMessage message);
            text = code == ErrorCode.Ok ? message.GetText() : null;
            if (text == null)
            {
                return code == ErrorCode.Ok
                    ? Refuse(ErrorCode.InvalidUtf8, 0, RingUtf8.FirstBad(message.Payload))
                    : code;
            }

            Consume(in message);
            return ErrorCode.Ok;
        }

        /// <summary>Receives a message as a struct.</summary>
        /// <typeparam name="T">The struct.</typeparam>
        /// <param name="value">The struct; all zero unless Ok.</param>
        /// <param name="timeoutMs">How long to wait, in milliseconds; -1 without bound.</param>
        /// <returns>As <see cref="Receive"/>; TypeMismatch unless the message is of the struct's
        /// type or plain data, SizeMismatch, InvalidUtf8, and the message stays in the ring, to be
        /// received in another way.</returns>
        /// <exception cref="ObjectDisposedException">The consumer was closed.</exception>
        public Status ReceiveTyped<T>(out T value, int timeoutMs = -1)
            where T : struct, IPayload
            => Decode(timeoutMs, out value);

        /// <summary>Receives a message as a struct if there is one. Never waits.</summary>
        /// <typeparam name="T">The struct.</typeparam>
        /// <param name="value">The struct; all zero unless Ok.</param>
        /// <returns>As <see cref="TryReceive"/>; TypeMismatch unless the message is of the struct's
        /// type or plain data, SizeMismatch, InvalidUtf8, and the message stays in the
        /// ring.</returns>
        /// <exception cref="ObjectDisposedException">The consumer was closed.</exception>
        public Status TryReceiveTyped<T>(out T value)
            where T : struct, IPayload
            => Decode(Never, out value);

        /// <summary>Receives plain data as a struct of your own, byte for byte.</summary>
        /// <typeparam name="T">A struct without references; its layout is yours to fix.</typeparam>
        /// <param name="value">The struct; all zero unless Ok.</param>
        /// <param name="timeoutMs">How long to wait, in milliseconds; -1 without bound.</param>
        /// <returns>As <see cref="Receive"/>; TypeMismatch or SizeMismatch, and the message stays
        /// in the ring, to be received in another way.</returns>
        /// <exception cref="ArgumentException">The struct holds references.</exception>
        /// <exception cref="ObjectDisposedException">The consumer was closed.</exception>
        public Status ReceivePlain<T>(out T value, int timeoutMs = -1)
            where T : struct
        {
            value = default(T);
            ErrorCode code = FindWithin(timeoutMs, out ReceivedMessage message);
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

        /// <summary>
        /// Receives what is there, in place, and gives its room back all at once, or a quarter of
        /// the ring at a time. Never waits.
        /// </summary>
        /// <param name="handler">Gets each message, valid until it returns. What it throws comes
        /// through; the message is not received, and comes again.</param>
        /// <param name="count">How many messages were handed out.</param>
        /// <param name="most">How many to hand out at most.</param>
        /// <returns>Ok if there was at least one; else as TryReceive. MessageTooLarge and Corrupt
        /// also behind some that were handed out.</returns>
        /// <exception cref="ArgumentNullException">No handler.</exception>
        /// <exception cref="ObjectDisposedException">The consumer was closed.</exception>
        public Status Drain(MessageHandler handler, out int count, int most = int.MaxValue)
        {
            if (handler == null)
            {
                throw new ArgumentNullException(nameof(handler));
            }

            count = 0;
            Release();
            ErrorCode code = ErrorCode.Ok;
            try
            {
                while (count < most)
                {
                    code = count == 0
                        ? FindWithin(Never, out ReceivedMessage message)
                        : Find(out message);
                    if (code != ErrorCode.Ok)
                    {
                        break;
                    }

                    handler(in message);
                    count++;
                    if (!_attachment.IsOpen)
                    {
                        break; // by the handler, and with it the message was given up
                    }

                    TakeFound(in message);
                    if (_reader.HasMuchToRelease)
                    {
                        Release();
                    }
                }
            }
            finally
            {
                Release();
            }

            return count > 0 && code == ErrorCode.Empty ? ErrorCode.Ok : code;
        }

        /// <summary>
        /// Receives copies of what is there, waiting for the first one if need be.
        /// </summary>
        /// <param name="messages">Takes the messages.</param>
        /// <param name="most">How many to receive at most.</param>
        /// <param name="timeoutMs">How long to wait for the first, in milliseconds; -1 without
        /// bound.</param>
        /// <returns>Ok if there was at least one; else as <see cref="Receive"/>. MessageTooLarge
        /// and Corrupt also behind some that were received.</returns>
        /// <exception cref="ArgumentNullException">No collection.</exception>
        /// <exception cref="ObjectDisposedException">The consumer was closed.</exception>
        public Status ReceiveBatch(
            ICollection<SharedMemoryMessage> messages, int most, int timeoutMs = -1)
        {
            if (messages == null)
            {
                throw new ArgumentNullException(nameof(messages));
            }

            ErrorCode first = FindWithin(timeoutMs, out ReceivedMessage message);
            ErrorCode code = first;
            for (int count = 1; code == ErrorCode.Ok; count++)
            {
                messages.Add(message.ToMessage());
                TakeFound(in message);
                code = count < most ? Find(out message) : ErrorCode.Empty;
            }

            Release();
            return first == ErrorCode.Ok && code == ErrorCode.Empty ? first : code;
        }

        /// <summary>The messages as copies, one by one, until the producer closes.</summary>
        /// <param name="timeoutMs">How long to wait for each, in milliseconds; -1 without bound.
        /// When it is over the sequence ends, and <see cref="LastStatus"/> says Timeout.</param>
        /// <returns>The messages.</returns>
        /// <exception cref="SharedMemoryException">While iterating: the producer died, the ring is
        /// corrupt, or a message was dropped.</exception>
        public IEnumerable<SharedMemoryMessage> Messages(int timeoutMs = -1)
        {
            while (true)
            {
                Status status = ReceiveMessage(out SharedMemoryMessage message, timeoutMs);
                LastStatus = status;
                if (status.WouldBlock || status == ErrorCode.Closed)
                {
                    yield break;
                }

                yield return status ? message : throw LastError;
            }
        }

        /// <summary>Ends a wait in another thread, or the next one, with Timeout.</summary>
        public void Interrupt() => _waiter.Interrupt();

        /// <summary>Stores the time as a sign of life, which a manager's peer looks at.</summary>
        public void Heartbeat()
        {
            if (_attachment.IsOpen)
            {
                _attachment.Beat();
            }
        }

        /// <summary>The producer's life.</summary>
        /// <param name="stallMs">How old a heartbeat may be before the producer counts as stalled,
        /// in milliseconds; 0: heartbeats do not count.</param>
        /// <returns>What is known.</returns>
        public PeerState GetPeerState(int stallMs = 0) => Ring.GetPeerState(stallMs);

        /// <summary>
        /// Closes: releases the last message and tells the producer. Removes the ring's file if its
        /// producer has closed and all was received; waits for up to 5 s if that one is still about
        /// to let go of it. Again: no effect.
        /// </summary>
        public void Dispose()
        {
            if (!_attachment.IsOpen)
            {
                return;
            }

            bool isOurs = !_attachment.IsForked;
            if (isOurs)
            {
                Release();
            }

            // Asked again at the end: a producer may have come and gone before the lock was ours.
            bool isSpent =
                isOurs && IsSpent() && _attachment.TakeOverPeerRole(IsSpent) && IsSpent();
            if (isOurs)
            {
                _attachment.AnnounceClosed();
            }

            Ring.Freeze();
            _reader.Detach();
            _assembler?.Dispose();
            _attachment.Close(removeFile: isSpent);
        }

        bool IRingAwaited.IsReady() => _reader.HasWord();
    }
}

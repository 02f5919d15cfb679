{% include "csharp/engine_head.cs" %}

using System;
using System.Collections.Generic;

namespace {{ view.namespace }}
{
    /// <content>Receiving, and dropping, many messages at once.</content>
    public sealed unsafe partial class SharedMemoryConsumer
    {
        /// <summary>
        /// Receives what is there, in place, and gives its room back all at once, or a quarter of
        /// the ring at a time: what was not given back comes again if this process is killed. Never
        /// waits.
        /// </summary>
        /// <param name="handler">Gets each message, valid until it returns. What it throws comes
        /// through; the message is not received, and comes again.</param>
        /// <param name="count">How many messages were handed out.</param>
        /// <param name="most">How many to hand out at most.</param>
        /// <returns>True if there was at least one; false for Empty and Closed.</returns>
        /// <exception cref="ArgumentNullException">No handler.</exception>
        /// <exception cref="SharedMemoryException">As for Receive, if there was none; behind some
        /// that were handed out, the next call throws it.</exception>
        /// <exception cref="ObjectDisposedException">The consumer was closed.</exception>
        public Status Drain(MessageHandler handler, out int count, int most = int.MaxValue)
        {
            if (handler == null)
            {
                throw new ArgumentNullException(nameof(handler));
            }

            return Require(Drain(handler, null, most, out count));
        }

        /// <summary>
        /// Receives what is there, in place, until the visitor says that it is enough; else as
        /// <see cref="Drain(MessageHandler, out int, int)"/>.
        /// </summary>
        /// <param name="visitor">Gets each message, valid until it returns; false stops, and the
        /// message counts as taken. What it throws comes through; the message is not received, and
        /// comes again.</param>
        /// <param name="count">How many messages were handed out.</param>
        /// <param name="most">How many to hand out at most.</param>
        /// <returns>True if there was at least one; false for Empty and Closed.</returns>
        /// <exception cref="ArgumentNullException">No visitor.</exception>
        /// <exception cref="SharedMemoryException">As for Receive, if there was none; behind some
        /// that were handed out, the next call throws it.</exception>
        /// <exception cref="ObjectDisposedException">The consumer was closed.</exception>
        public Status DrainWhile(MessageVisitor visitor, out int count, int most = int.MaxValue)
        {
            if (visitor == null)
            {
                throw new ArgumentNullException(nameof(visitor));
            }

            return Require(Drain(null, visitor, most, out count));
        }

        /// <summary>
        /// Receives copies of what is there, waiting for the first one if need be. Room is given
        /// back as Drain does, before this returns: what was given back is lost if this process is
        /// killed meanwhile, and the rest comes again.
        /// </summary>
        /// <param name="messages">Takes the messages.</param>
        /// <param name="most">How many to receive at most.</param>
        /// <param name="timeoutMs">How long to wait for the first, in milliseconds; -1 without
        /// bound.</param>
        /// <returns>True if there was at least one; false for Timeout and Closed.</returns>
        /// <exception cref="ArgumentNullException">No collection.</exception>
        /// <exception cref="SharedMemoryException">As for Receive, if there was none; behind some
        /// that were received, the next call throws it.</exception>
        /// <exception cref="ObjectDisposedException">The consumer was closed.</exception>
        public Status ReceiveBatch(
            ICollection<SharedMemoryMessage> messages, int most, int timeoutMs = -1) =>
            Require(Collect(messages, most, RingTime.OfMs(timeoutMs)));

        /// <summary>
        /// Receives copies of what is there, waiting for the first one if need be. Room is given
        /// back as Drain does, before this returns: what was given back is lost if this process is
        /// killed meanwhile, and the rest comes again.
        /// </summary>
        /// <param name="messages">Takes the messages.</param>
        /// <param name="most">How many to receive at most.</param>
        /// <param name="timeout">How long to wait for the first.</param>
        /// <returns>True if there was at least one; false for Timeout and Closed.</returns>
        /// <exception cref="ArgumentNullException">No collection.</exception>
        /// <exception cref="SharedMemoryException">As for Receive, if there was none; behind some
        /// that were received, the next call throws it.</exception>
        /// <exception cref="ObjectDisposedException">The consumer was closed.</exception>
        public Status ReceiveBatch(
            ICollection<SharedMemoryMessage> messages, int most, TimeSpan timeout) =>
            Require(Collect(messages, most, RingTime.Of(timeout)));

        /// <summary>The messages as copies, one by one, until the producer closes.</summary>
        /// <param name="timeoutMs">How long to wait for each, in milliseconds; -1 without bound.
        /// When it is over the sequence ends, and <see cref="LastStatus"/> says Timeout instead of
        /// Closed.</param>
        /// <returns>The messages.</returns>
        /// <exception cref="SharedMemoryException">While iterating: the producer died, the file was
        /// removed, the ring is corrupt, or a message was dropped.</exception>
        public IEnumerable<SharedMemoryMessage> Messages(int timeoutMs = -1)
        {
            RingTime.Check(timeoutMs);
            return Iterate(timeoutMs);
        }

        /// <summary>
        /// Drops the next message, also one that a typed receive refused. Never waits.
        /// </summary>
        /// <returns>True if there was one; false for Empty and Closed.</returns>
        /// <exception cref="SharedMemoryException">As for Receive.</exception>
        /// <exception cref="ObjectDisposedException">The consumer was closed.</exception>
        public Status Skip()
        {
            Status status = TryReceive(out _);
            Release();
            return Require(status.Code);
        }

        /// <summary>
        /// Drops all that is there but the last whole message. What is dropped counts as received.
        /// Never waits.
        /// </summary>
        /// <returns>How many messages were dropped.</returns>
        /// <exception cref="ObjectDisposedException">The consumer was closed.</exception>
        public long SkipToLatest()
        {
            Release();
            CheckFree();
            RingFragmentWalk pieces =
                _assembler != null ? _assembler.Walk : default(RingFragmentWalk);
            ulong first = _due == RingDue.Message ? _assembler.Start : _reader.Position;
            return DropUntil(_reader.FindLatest(first, pieces));
        }

        /// <summary>
        /// Drops all that is there, also what has come of a message in pieces. It counts as
        /// received. Never waits.
        /// </summary>
        /// <returns>How many messages were dropped.</returns>
        /// <exception cref="ObjectDisposedException">The consumer was closed.</exception>
        public long Clear()
        {
            Release();
            CheckFree();
            return DropPublished();
        }

        private IEnumerable<SharedMemoryMessage> Iterate(int timeoutMs)
        {
            SharedMemoryMessage message;
            while (ReceiveMessage(out message, timeoutMs))
            {
                yield return message;
            }
        }

        private ErrorCode Drain(
            MessageHandler handler, MessageVisitor visitor, int most, out int count)
        {
            count = 0;
            ErrorCode code = most > 0 ? ErrorCode.Ok : ErrorCode.Empty;
            try
            {
                for (bool goesOn = true; goesOn && count < most;)
                {
                    code = count == 0
                        ? FindWithin(RingTime.Never, out ReceivedMessage message)
                        : Poll(out message);
                    if (code != ErrorCode.Ok)
                    {
                        break;
                    }

                    handler?.Invoke(in message);
                    goesOn = visitor == null || visitor(in message);
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

            return count > 0 ? Withhold(code) : code;
        }

        private ErrorCode Collect(
            ICollection<SharedMemoryMessage> messages, int most, long timeoutNs)
        {
            if (messages == null)
            {
                throw new ArgumentNullException(nameof(messages));
            }

            if (most <= 0)
            {
                return ErrorCode.Empty;
            }

            ErrorCode code = FindWithin(timeoutNs, out ReceivedMessage message);
            if (code != ErrorCode.Ok)
            {
                return code;
            }

            try
            {
                for (int count = 0; code == ErrorCode.Ok; code = Poll(out message))
                {
                    messages.Add(message.ToMessage());
                    TakeFound(in message);
                    count++;
                    if (count == most)
                    {
                        break;
                    }
                }
            }
            finally
            {
                Release();
            }

            return Withhold(code);
        }

        /// <summary>Takes all that is published now; returns how many messages that was.</summary>
        private long DropPublished()
        {
            long dropped = DropUntil(_reader.FindEnd());
            _assembler?.Discard();
            return dropped;
        }

        /// <summary>
        /// Takes all messages that start before a position; returns how many that were.
        /// </summary>
        private long DropUntil(ulong end)
        {
            long dropped = 0;
            while (_due == RingDue.Message || _reader.Position < end)
            {
                ErrorCode code = Poll(out ReceivedMessage message);
                if (code == ErrorCode.Ok && IsBefore(end))
                {
                    Consume(in message);
                }
                else if (code != ErrorCode.MessageTooLarge) // which is dropped already
                {
                    break;
                }

                dropped++;
            }

            return dropped;
        }

        /// <summary>Whether the message that Poll found starts before a position.</summary>
        private bool IsBefore(ulong position) =>
            (_due == RingDue.Message ? _assembler.Start : _reader.Position) < position;
    }
}

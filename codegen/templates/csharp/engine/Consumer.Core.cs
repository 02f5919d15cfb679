{% include "csharp/head.cs" %}

using System;
using System.Runtime.CompilerServices;
using System.Threading;

namespace {{ view.namespace }}
{
    /// <content>How records get out of the ring.</content>
    public sealed unsafe partial class SharedMemoryConsumer
    {
        /// <summary>As a timeout: does not wait.</summary>
        private const int Never = int.MinValue;

        /// <summary>Puts messages together that come in pieces; made for the first one.</summary>
        private RingReassembler _assembler;

        /// <summary>
        /// Whether the assembler has work under way, or a whole message that was peeked at.
        /// </summary>
        private bool _isAssembling;
        private bool _hasAssembled;

        /// <summary>What the last TakeSlowly came to.</summary>
        private ErrorCode _slowCode;

        /// <summary>
        /// The fast path: takes the next record if it is plain to see, whole, and the one that is
        /// expected; everything else is Find's.
        /// </summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private bool TryTake(out ReceivedMessage message)
        {
            Release();
            if (_reader.TryLook(out byte* record, out uint type, out uint frame)
                && !_isAssembling
                && (MessageHeaderLayout.ReadFlags(record) & Layout.FlagFragment) == 0
                && _reader.TryTake(record, frame))
            {
                _isHeld = true;
                message = ReceivedMessage.At(record, type, frame);
                return true;
            }

            message = default(ReceivedMessage);
            return false;
        }

        /// <summary>
        /// Receives where the fast path found nothing; _slowCode says what it came to.
        /// </summary>
        /// <remarks>
        /// Not by an out parameter: the message that the fast path makes would have to be in
        /// memory, and could not stay in registers.
        /// </remarks>
        [MethodImpl(MethodImplOptions.NoInlining)]
        private ReceivedMessage TakeSlowly(int timeoutMs)
        {
            Spin(timeoutMs);
            _slowCode = ErrorCode.Ok;
            if (!TryTake(out ReceivedMessage message))
            {
                _slowCode = FindOrWait(timeoutMs, out message);
                if (_slowCode == ErrorCode.Ok)
                {
                    TakeFound(in message);
                }
            }

            return message;
        }

        /// <summary>
        /// Finds the next message without taking it, waiting for it if need be. Never: Empty
        /// instead of Timeout.
        /// </summary>
        private ErrorCode FindWithin(int timeoutMs, out ReceivedMessage message)
        {
            Release();
            Spin(timeoutMs);
            return FindOrWait(timeoutMs, out message);
        }

        /// <summary>The same, after what was held is given back and the ring looked at.</summary>
        private ErrorCode FindOrWait(int timeoutMs, out ReceivedMessage message)
        {
            var deadline = new RingDeadline(timeoutMs);
            for (bool isFirst = true; ; isFirst = false)
            {
                ErrorCode code = Find(out message);
                if (code == ErrorCode.Empty)
                {
                    code = EmptyOrEnded(ref message);
                }

                if (code != ErrorCode.Empty || timeoutMs == Never)
                {
                    return code;
                }

                if (_attachment.IsForked)
                {
                    return Refuse(ErrorCode.Forked);
                }

                // What woke this side may have been pieces without end.
                if (!isFirst && deadline.Left(Platform.Current.MonotonicNs(), 1) == 0)
                {
                    return ErrorCode.Timeout;
                }

                if (_waiter.Wait(this, _watch, ref deadline, out code) != RingWaited.Ready)
                {
                    return code == ErrorCode.Ok ? ErrorCode.Timeout : Ended(code);
                }
            }
        }

        /// <summary>Looks at the ring for a moment: most waits in a stream are short.</summary>
        private void Spin(int timeoutMs)
        {
            int looks = timeoutMs == Never ? 0 : 64;
            for (int look = 0; look < looks && !_reader.HasWord(); look++)
            {
                if (look > 0 || !_reader.KeepDistance())
                {
                    RingCpu.Pause(1);
                }
            }
        }

        /// <summary>
        /// Finds the next message without taking it: Ok, Empty, Corrupt, or MessageTooLarge. Pieces
        /// are taken and released on the way. Does not ask about the peer: how it ended is told to
        /// a call that finds nothing else.
        /// </summary>
        private ErrorCode Find(out ReceivedMessage message)
        {
            message = default(ReceivedMessage);
            if (!_attachment.IsOpen)
            {
                throw new ObjectDisposedException(nameof(SharedMemoryConsumer));
            }

            ulong start = _reader.Position;
            while (!_hasAssembled)
            {
                if (_reader.Position - start >= Ring.Capacity)
                {
                    return ErrorCode.Empty; // as much as the ring holds: the time is looked at
                }

                if (!_reader.TryLook(out byte* record, out uint type, out uint frame))
                {
                    ErrorCode code = _reader.Judge();
                    if (code == ErrorCode.Ok)
                    {
                        continue;
                    }

                    return code == ErrorCode.Corrupt
                        ? Refuse(code, _reader.Position, _reader.BadWord)
                        : code;
                }

                if ((MessageHeaderLayout.ReadFlags(record) & Layout.FlagFragment) == 0)
                {
                    DropUnfinished();
                    message = ReceivedMessage.At(record, type, frame);
                    return ErrorCode.Ok;
                }

                if (!AddPiece(record, type, frame))
                {
                    return Refuse(
                        ErrorCode.MessageTooLarge,
                        (ulong)_options.MaxMessageSize,
                        _assembler.Excess);
                }
            }

            message = new ReceivedMessage(
                _assembler.Header, _assembler.Payload, _assembler.Length, _assembler.Type);
            return ErrorCode.Ok;
        }

        /// <summary>Takes the message that Find found.</summary>
        private void TakeFound(in ReceivedMessage message)
        {
            if (_hasAssembled)
            {
                _hasAssembled = false; // its pieces were taken one by one
                _isAssembling = false;
                return;
            }

            _reader.TakeNext(message.Payload.Length);
            _isHeld = true;
        }

        /// <summary>
        /// Takes, copies and releases one piece; false if its message is too large.
        /// </summary>
        private bool AddPiece(byte* record, uint type, uint frame)
        {
            if (_assembler == null)
            {
                _assembler = new RingReassembler(_options.MaxMessageSize);
            }

            byte* payload = record + MessageHeaderLayout.Size;
            int length = (int)(frame - MessageHeaderLayout.Size);
            _reader.Take(record, frame);
            RingAssembled result = _assembler.Add(record, type, payload, length, out int lost);
            for (; lost > 0; lost--)
            {
                _reader.CountError();
            }

            _isHeld = true;
            Release();
            _hasAssembled = result == RingAssembled.Whole;
            _isAssembling = _hasAssembled || _assembler.IsUnderWay;
            return result != RingAssembled.TooLarge;
        }

        /// <summary>A message under way whose sender went on with another one is lost.</summary>
        private void DropUnfinished()
        {
            if (_isAssembling)
            {
                _isAssembling = false;
                if (_assembler.Drop())
                {
                    _reader.CountError();
                }
            }
        }

        /// <summary>
        /// The ring was found empty: pauses if that pays, looks at the peer, and at the ring again.
        /// </summary>
        private ErrorCode EmptyOrEnded(ref ReceivedMessage message)
        {
            if (_reader.KeepDistance() && _reader.HasWord())
            {
                return Find(out message);
            }

            ErrorCode why = _watch.Look();
            if (why == ErrorCode.Ok)
            {
                return ErrorCode.Empty;
            }

            ErrorCode code = Find(out message);
            if (code == ErrorCode.Empty)
            {
                _watch.Told(why);
                return Ended(why);
            }

            return code;
        }

        /// <summary>The producer ended, and with it a message under way.</summary>
        private ErrorCode Ended(ErrorCode why)
        {
            DropUnfinished();
            return Refuse(why);
        }

        internal void ClearInterrupt() => _waiter.ClearInterrupt();

        private Status Keep(
            Status status, in ReceivedMessage received, out SharedMemoryMessage message)
        {
            message = status ? received.ToMessage() : null;
            Release();
            return status;
        }

        private Status Decode<T>(int timeoutMs, out T value)
            where T : struct, IPayload
        {
            value = default(T);
            ErrorCode code = FindWithin(timeoutMs, out ReceivedMessage message);
            if (code != ErrorCode.Ok)
            {
                return code;
            }

            Status status = message.Get(out value);
            if (status)
            {
                Consume(in message);
                return status;
            }

            bool isType = status == ErrorCode.TypeMismatch;
            ulong expected = isType ? (ulong)value.PayloadType : (ulong)value.PayloadSize;
            ulong found = isType ? (ulong)message.MessageType : (ulong)message.Payload.Length;
            return Refuse(status.Code, expected, found);
        }

        /// <summary>Takes a message that was found and gives its room back.</summary>
        private void Consume(in ReceivedMessage message)
        {
            TakeFound(in message);
            Release();
        }

        /// <summary>Whether all was received and the producer has closed.</summary>
        private bool IsSpent()
        {
            bool isClosed =
                Volatile.Read(ref _attachment.Word32(Role.Producer.State)) == RingState.Closed;
            return isClosed && !_reader.HasWord();
        }

        private ErrorCode Refuse(ErrorCode code, ulong expected = 0, ulong found = 0)
        {
            _failure = code;
            _failureExpected = expected;
            _failureFound = found;
            return code;
        }
    }
}

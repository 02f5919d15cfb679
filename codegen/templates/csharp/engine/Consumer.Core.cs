{% include "csharp/engine_head.cs" %}

using System;
using System.Runtime.CompilerServices;
using System.Threading;

namespace {{ view.namespace }}
{
    /// <summary>What comes before anything in the ring.</summary>
    internal enum RingDue
    {
        /// <summary>Nothing: the usual case.</summary>
        Nothing,

        /// <summary>The rest of a message whose first pieces came.</summary>
        Pieces,

        /// <summary>The message in the assembler, which nobody took yet.</summary>
        Message,

        /// <summary>
        /// A message too large that was dropped: said once, and found by a call that had something
        /// else to say.
        /// </summary>
        Error,

        /// <summary>
        /// The end of an asynchronous call, to which the consumer belongs meanwhile.
        /// </summary>
        Call,

        /// <summary>Nothing, ever: the consumer is not open.</summary>
        Closed,
    }

    /// <content>How records get out of the ring.</content>
    public sealed unsafe partial class SharedMemoryConsumer
    {
        /// <summary>Puts messages together that come in pieces; made for the first one.</summary>
        private RingReassembler _assembler;

        /// <summary>The fast path takes what is in the ring only if nothing is.</summary>
        private RingDue _due;

        /// <summary>
        /// The fast path: takes the next record if it is plain to see, whole, and the one that is
        /// expected; everything else is Poll's.
        /// </summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private bool TryTake(out ReceivedMessage message)
        {
            Release();
            if (_reader.TryLook(out byte* record, out uint type, out uint frame)
                && _due == RingDue.Nothing
                && (MessageHeaderLayout.ReadFlags(record) & Layout.FlagFragment) == 0
                && _reader.TryTake(record, frame))
            {
                message = ReceivedMessage.At(record, type, frame);
                return true;
            }

            message = default(ReceivedMessage);
            return false;
        }

        /// <summary>Receives in place, as a manager does.</summary>
        internal Status Take(long timeoutNs, out ReceivedMessage message)
        {
            if (TryTakeSoon(timeoutNs, out message))
            {
                return ErrorCode.Ok;
            }

            message = TakeSlowly(timeoutNs);
            return StatusOf(in message);
        }

        /// <summary>
        /// The fast path, once more after a short wait: most waits in exchanges and streams are
        /// short, and end where they began.
        /// </summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private bool TryTakeSoon(long timeoutNs, out ReceivedMessage message) =>
            TryTake(out message) || (LookForAWhile(timeoutNs) && TryTake(out message));

        /// <summary>
        /// Receives where the fast path found nothing; StatusOf says what it came to.
        /// </summary>
        /// <remarks>
        /// Not by an out parameter: the message that the fast path makes would have to be in
        /// memory, and could not stay in registers.
        /// </remarks>
        [MethodImpl(MethodImplOptions.NoInlining)]
        private ReceivedMessage TakeSlowly(long timeoutNs)
        {
            CheckFree();
            if (PollOrWait(timeoutNs, out ReceivedMessage message) == ErrorCode.Ok)
            {
                TakeFound(in message);
            }

            return message;
        }

        /// <summary>What TakeSlowly came to.</summary>
        private Status StatusOf(in ReceivedMessage message) =>
            message.IsPresent ? ErrorCode.Ok : LastStatus;

        /// <summary>
        /// Finds the next message without taking it, waiting for it if need be. Never: Empty
        /// instead of Timeout.
        /// </summary>
        private ErrorCode FindWithin(long timeoutNs, out ReceivedMessage message)
        {
            Release();
            _ = LookForAWhile(timeoutNs);
            return PollOrWait(timeoutNs, out message);
        }

        /// <summary>The same, after what was held is given back and the ring looked at.</summary>
        private ErrorCode PollOrWait(long timeoutNs, out ReceivedMessage message)
        {
            ErrorCode code = Poll(out message);
            if (code == ErrorCode.Empty)
            {
                code = timeoutNs == RingTime.Never
                    ? Idle(out message)
                    : Wait(timeoutNs, out message);
            }

            return Tell(code);
        }

        /// <summary>Waits for a message.</summary>
        private ErrorCode Wait(long timeoutNs, out ReceivedMessage message)
        {
            var deadline = new RingDeadline(timeoutNs);
            ErrorCode code = Idle(out message);
            while (code == ErrorCode.Empty)
            {
                if (_attachment.IsForked)
                {
                    return ErrorCode.Forked;
                }

                RingWaited waited = Wait(ref deadline, out ErrorCode end);
                if (waited == RingWaited.Ended)
                {
                    return Ended(end);
                }

                code = Poll(out message);
                // A producer that sends only broken pieces must not keep this call beyond its time.
                bool isLate = waited == RingWaited.TimedOut
                    || deadline.Left(Platform.Current.MonotonicNs(), 1) == 0;
                if (code == ErrorCode.Empty && isLate)
                {
                    return ErrorCode.Timeout;
                }
            }

            return code;
        }

        /// <summary>
        /// The ring was found empty: keeps the distance, then looks until there is something, which
        /// is true, or this takes too long.
        /// </summary>
        [MethodImpl(MethodImplOptions.NoInlining)]
        private bool LookForAWhile(long timeoutNs)
        {
            CheckFree();
            int looks = timeoutNs == RingTime.Never ? 0 : RingConstants.ShortWait;
            for (int look = 0; look < looks; look++)
            {
                if (_reader.HasWord())
                {
                    return true;
                }

                if (look > 0 || !_reader.KeepDistance())
                {
                    RingCpu.Pause(1);
                }
            }

            return false;
        }

        /// <summary>
        /// Looks for a message without taking it: Ok, Empty, Corrupt, or MessageTooLarge; an error
        /// is not told yet. Pieces are taken and released on the way. Does not ask about the peer:
        /// how it ended is told to a call that finds nothing else.
        /// </summary>
        private ErrorCode Poll(out ReceivedMessage message)
        {
            message = default(ReceivedMessage);
            CheckOpen();
            if (_due == RingDue.Error)
            {
                Settle();
                return ErrorCode.MessageTooLarge;
            }

            return Gather(ref message);
        }

        /// <summary>
        /// Copies pieces out of the ring until a message is whole, one comes that is no piece,
        /// nothing is left, or a lap is done: hostile pieces may lead round and round.
        /// </summary>
        private ErrorCode Gather(ref ReceivedMessage message)
        {
            ulong start = _reader.Position;
            while (_due != RingDue.Message)
            {
                if (_reader.Position - start >= Ring.Capacity)
                {
                    return ErrorCode.Empty;
                }

                if (!_reader.TryLook(out byte* record, out uint type, out uint frame))
                {
                    ErrorCode code = _reader.Judge();
                    if (code == ErrorCode.Ok)
                    {
                        continue;
                    }

                    return code;
                }

                if ((MessageHeaderLayout.ReadFlags(record) & Layout.FlagFragment) == 0)
                {
                    DropUnfinished();
                    message = ReceivedMessage.At(record, type, frame);
                    return ErrorCode.Ok;
                }

                if (!AddPiece(record, type, frame))
                {
                    return ErrorCode.MessageTooLarge;
                }
            }

            message = _assembler.Message;
            return ErrorCode.Ok;
        }

        /// <summary>Takes the message that Poll found.</summary>
        private void TakeFound(in ReceivedMessage message)
        {
            if (_due == RingDue.Message)
            {
                Settle(); // its pieces were taken one by one
                return;
            }

            _reader.TakeNext(message.Payload.Length);
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

            int length = (int)(frame - MessageHeaderLayout.Size);
            ulong position = _reader.Position;
            _reader.Take(record, frame);
            RingAssembled result = _assembler.Add(position, record, type, length, out int lost);
            for (; lost > 0; lost--)
            {
                _reader.CountError();
            }

            Release();
            Settle();
            if (result == RingAssembled.Whole)
            {
                _due = RingDue.Message;
            }

            return result != RingAssembled.TooLarge;
        }

        /// <summary>A message under way whose sender went on with another one is lost.</summary>
        private void DropUnfinished()
        {
            if (_assembler != null && _assembler.IsUnderWay)
            {
                if (_assembler.Drop())
                {
                    _reader.CountError();
                }

                Settle();
            }
        }

        /// <summary>What comes next is what is under way, if anything is.</summary>
        private void Settle()
        {
            if (_due != RingDue.Closed)
            {
                bool hasPieces = _assembler != null && _assembler.IsUnderWay;
                RingDue own = hasPieces ? RingDue.Pieces : RingDue.Nothing;
                _due = _call != null ? RingDue.Call : own;
            }
        }

        /// <summary>
        /// There were messages, and this is what came behind them: what is said once is for the
        /// next call.
        /// </summary>
        private ErrorCode Withhold(ErrorCode code)
        {
            if (code == ErrorCode.MessageTooLarge)
            {
                _due = RingDue.Error;
            }

            return ErrorCode.Ok;
        }

        /// <summary>
        /// The ring was found empty: pauses if that pays, looks at the peer, and at the ring again.
        /// </summary>
        private ErrorCode Idle(out ReceivedMessage message)
        {
            if (_reader.KeepDistance() && _reader.HasWord())
            {
                return Poll(out message);
            }

            message = default(ReceivedMessage);
            if (_watch.Look() == ErrorCode.Ok)
            {
                return ErrorCode.Empty;
            }

            ErrorCode code = Poll(out message);
            return code == ErrorCode.Empty ? Ended(_watch.Tell()) : code;
        }

        /// <summary>The producer ended, and with it a message under way.</summary>
        private ErrorCode Ended(ErrorCode end)
        {
            DropUnfinished();
            return end;
        }

        /// <summary>Whether there is a record, behind padding if need be.</summary>
        private bool HasNext()
        {
            while (_reader.HasWord())
            {
                if (_reader.TryLook(out _, out _, out _) || _reader.Judge() != ErrorCode.Ok)
                {
                    return true;
                }
            }

            return false;
        }

        internal override bool IsAnswer(ErrorCode code) =>
            code == ErrorCode.Ok || code == ErrorCode.Timeout
                || code == ErrorCode.Empty || code == ErrorCode.Closed;

        internal override void NoteTimeout() => Note(ErrorCode.Timeout);

        internal override void Note(ErrorCode code) => LastStatus = code;

        internal override void OnCallChanged() => Settle();

        /// <summary>Takes note of what the caller is told instead of a message.</summary>
        private ErrorCode Tell(ErrorCode code)
        {
            switch (code)
            {
                case ErrorCode.Ok:
                    return code;
                case ErrorCode.Empty:
                case ErrorCode.Timeout:
                    Note(code);
                    return code;
                case ErrorCode.Corrupt:
                    return Refuse(code, _reader.Position, _reader.BadWord);
                case ErrorCode.MessageTooLarge:
                    return Refuse(code, (ulong)_options.MaxMessageSize, _assembler.Excess);
                default:
                    return Refuse(code);
            }
        }
    }
}

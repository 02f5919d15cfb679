{% include "csharp/head.cs" %}

using System;
using System.Runtime.CompilerServices;
using System.Threading;

namespace {{ view.namespace }}
{
    /// <content>How records get out of the ring.</content>
    public sealed unsafe partial class SharedMemoryConsumer
    {
        /// <summary>
        /// How many looks a short wait takes, before anything else is thought of: a microsecond or
        /// two.
        /// </summary>
        private const int ShortWait = 64;

        /// <summary>Puts messages together that come in pieces; made for the first one.</summary>
        private RingReassembler _assembler;

        /// <summary>Whether the assembler has a whole message that was not taken yet.</summary>
        private bool _hasAssembled;

        /// <summary>
        /// A failure that was not told, because the call had messages to hand out.
        /// </summary>
        private ErrorCode _untold;

        /// <summary>
        /// Whether the fast path must not take anything: a message in pieces is under way, a
        /// failure is to be told, an asynchronous call waits, or this is closed.
        /// </summary>
        private bool _mustLook;

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
                && !_mustLook
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

        /// <summary>Receives in place, as a manager does.</summary>
        internal Status Take(long timeoutNs, out ReceivedMessage message)
        {
            if (TryTakeSoon(timeoutNs, out message))
            {
                return ErrorCode.Ok;
            }

            message = TakeSlowly(timeoutNs);
            return _slowCode;
        }

        /// <summary>
        /// The fast path, once more after a short wait: most waits in exchanges and streams are
        /// short, and end where they began.
        /// </summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private bool TryTakeSoon(long timeoutNs, out ReceivedMessage message) =>
            TryTake(out message) || (LookForAWhile(timeoutNs) && TryTake(out message));

        /// <summary>
        /// Receives where the fast path found nothing; _slowCode says what it came to.
        /// </summary>
        /// <remarks>
        /// Not by an out parameter: the message that the fast path makes would have to be in
        /// memory, and could not stay in registers.
        /// </remarks>
        [MethodImpl(MethodImplOptions.NoInlining)]
        private ReceivedMessage TakeSlowly(long timeoutNs)
        {
            CheckFree();
            _slowCode = FindOrWait(timeoutNs, out ReceivedMessage message);
            if (_slowCode == ErrorCode.Ok)
            {
                TakeFound(in message);
            }

            return message;
        }

        /// <summary>
        /// Finds the next message without taking it, waiting for it if need be. Never: Empty
        /// instead of Timeout.
        /// </summary>
        private ErrorCode FindWithin(long timeoutNs, out ReceivedMessage message)
        {
            Release();
            _ = LookForAWhile(timeoutNs);
            return FindOrWait(timeoutNs, out message);
        }

        /// <summary>The same, after what was held is given back and the ring looked at.</summary>
        private ErrorCode FindOrWait(long timeoutNs, out ReceivedMessage message)
        {
            var deadline = new RingDeadline(timeoutNs);
            for (bool isFirst = true; ; isFirst = false)
            {
                ErrorCode code = Find(out message);
                if (code == ErrorCode.Empty)
                {
                    code = EmptyOrEnded(ref message);
                }

                if (code != ErrorCode.Empty || timeoutNs == RingTime.Never)
                {
                    return Note(code);
                }

                if (_attachment.IsForked)
                {
                    return Refuse(ErrorCode.Forked);
                }

                // What woke this side may have been pieces without end.
                if (!isFirst && deadline.Left(Platform.Current.MonotonicNs(), 1) == 0)
                {
                    return Note(ErrorCode.Timeout);
                }

                RingWaited waited = Wait(ref deadline, out code);
                if (waited != RingWaited.Ready)
                {
                    return waited == RingWaited.Ended ? Ended(code) : Note(ErrorCode.Timeout);
                }
            }
        }

        private RingWaited Wait(ref RingDeadline deadline, out ErrorCode why)
        {
            lock (_gate)
            {
                CheckOpen();
                RingWaited waited = _waiter.Wait(this, _watch, ref deadline, out why);
                CheckOpen();
                return waited;
            }
        }

        private bool AwaitPeer(long timeoutNs)
        {
            CheckFree();
            var deadline = new RingDeadline(timeoutNs);
            lock (_gate)
            {
                while (true)
                {
                    CheckOpen();
                    uint seen = _watch.Sequence;
                    if (_watch.HasLivePeer)
                    {
                        return true;
                    }

                    ErrorCode code = _attachment.IsForked
                        ? ErrorCode.Forked
                        : _watch.CheckNameIfDue(Platform.Current.MonotonicNs());
                    if (code != ErrorCode.Ok)
                    {
                        _ = Refuse(code);
                        throw LastError;
                    }

                    if (!_waiter.AwaitBell(seen, ref deadline))
                    {
                        CheckOpen();
                        LastStatus = ErrorCode.Timeout;
                        return false;
                    }
                }
            }
        }

        /// <summary>
        /// The ring was found empty: keeps the distance, then looks until there is something, which
        /// is true, or this takes too long.
        /// </summary>
        [MethodImpl(MethodImplOptions.NoInlining)]
        private bool LookForAWhile(long timeoutNs)
        {
            CheckFree();
            int looks = timeoutNs == RingTime.Never ? 0 : ShortWait;
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
        /// Finds the next message without taking it: Ok, Empty, Corrupt, or MessageTooLarge. Pieces
        /// are taken and released on the way. Does not ask about the peer: how it ended is told to
        /// a call that finds nothing else.
        /// </summary>
        private ErrorCode Find(out ReceivedMessage message)
        {
            message = default(ReceivedMessage);
            CheckOpen();
            ulong start = _reader.Position;
            while (!_hasAssembled)
            {
                if (_untold != ErrorCode.Ok)
                {
                    return TellUntold();
                }

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
                    _untold = ErrorCode.MessageTooLarge;
                }
            }

            message = _assembler.Message;
            return ErrorCode.Ok;
        }

        private ErrorCode TellUntold()
        {
            ErrorCode code = _untold;
            _untold = ErrorCode.Ok;
            SetMustLook();
            return Refuse(code, (ulong)_options.MaxMessageSize, _assembler.Excess);
        }

        /// <summary>Takes the message that Find found.</summary>
        private void TakeFound(in ReceivedMessage message)
        {
            if (_hasAssembled)
            {
                _hasAssembled = false; // its pieces were taken one by one
                SetMustLook();
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

            int length = (int)(frame - MessageHeaderLayout.Size);
            ulong position = _reader.Position;
            _reader.Take(record, frame);
            RingAssembled result = _assembler.Add(position, record, type, length, out int lost);
            for (; lost > 0; lost--)
            {
                _reader.CountError();
            }

            _isHeld = true;
            Release();
            _hasAssembled = result == RingAssembled.Whole;
            SetMustLook();
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

                SetMustLook();
            }
        }

        private void SetMustLook() =>
            _mustLook = _hasAssembled || _untold != ErrorCode.Ok || _call != null
                || (_assembler != null && _assembler.IsUnderWay);

        /// <summary>
        /// The ring was found empty: pauses if that pays, looks at the peer, and at the ring again.
        /// </summary>
        private ErrorCode EmptyOrEnded(ref ReceivedMessage message)
        {
            if (_reader.KeepDistance() && _reader.HasWord())
            {
                return Find(out message);
            }

            if (_watch.Look() == ErrorCode.Ok)
            {
                return ErrorCode.Empty;
            }

            ErrorCode code = Find(out message);
            return code == ErrorCode.Empty ? Ended(_watch.Tell()) : code;
        }

        /// <summary>The producer ended, and with it a message under way.</summary>
        private ErrorCode Ended(ErrorCode why)
        {
            DropUnfinished();
            return Refuse(why);
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

        internal void ClearInterrupt() => _waiter.ClearInterrupt();

        private void CheckOpen()
        {
            if (Volatile.Read(ref _isClosing) != 0)
            {
                throw new ObjectDisposedException(nameof(SharedMemoryConsumer));
            }
        }

        /// <summary>Refuses a call beside an asynchronous one.</summary>
        private void CheckFree()
        {
            CheckOpen();
            if (_call != null)
            {
                throw new InvalidOperationException("an asynchronous receive is under way");
            }
        }

        /// <summary>Turns what is no answer of a receive into an exception.</summary>
        [MethodImpl(MethodImplOptions.NoInlining)]
        internal Status Require(ErrorCode code) => IsAnswer(code) ? code : throw LastError;

        private static bool IsAnswer(ErrorCode code) =>
            code == ErrorCode.Ok || code == ErrorCode.Timeout
                || code == ErrorCode.Empty || code == ErrorCode.Closed;

        private ErrorCode Refuse(ErrorCode code, ulong expected = 0, ulong found = 0)
        {
            _failure = code;
            _failureExpected = expected;
            _failureFound = found;
            LastStatus = code;
            return code;
        }

        /// <summary>Keeps in mind that a call had nothing to give.</summary>
        private ErrorCode Note(ErrorCode code)
        {
            if (code == ErrorCode.Empty || code == ErrorCode.Timeout)
            {
                LastStatus = code;
            }

            return code;
        }
    }
}

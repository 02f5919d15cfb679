{% include "csharp/engine_head.cs" %}

using System;
using System.Threading;
using System.Threading.Tasks;

namespace {{ view.namespace }}
{
    /// <summary>An asynchronous call that waits for its side of a ring.</summary>
    internal abstract unsafe class RingCall
    {
        private readonly RingAttachment _attachment;
        private readonly RingWaiter _waiter;
        private readonly RingPeerWatch _watch;
        private readonly IRingAwaited _awaited;
        private RingDeadline _deadline;

        /// <summary>The sequence that this side has said it sleeps on; -1 for none.</summary>
        private long _announced = -1;

        protected RingCall(SharedMemorySide caller, long timeoutNs)
        {
            _attachment = caller.Attachment;
            _waiter = caller.Waiter;
            _watch = caller.Watch;
            _awaited = caller;
            _deadline = new RingDeadline(timeoutNs);
        }

        /// <summary>What the call sleeps on.</summary>
        internal RingWord Word => new RingWord
        {
            Address = _waiter.Sequence,
            Seen = unchecked((uint)_announced),
            Points = _attachment.Segment.WakePoints,
            IsSpace = _attachment.Role.IsProducer,
        };

        /// <summary>Whether this side issues membarriers for its waker.</summary>
        internal bool NeedsMembarrier => _attachment.QuietControl != 0;

        /// <summary>Whether the time, or an interruption, ended the wait.</summary>
        protected bool IsTimedOut { get; private set; }

        /// <summary>Whether the call has to go on, for whatever reason.</summary>
        internal bool IsOver(ulong now)
        {
            if (!IsTimedOut && !_awaited.IsReady() && _watch.Look() == ErrorCode.Ok
                && _watch.CheckIfDue(now) == ErrorCode.Ok)
            {
                IsTimedOut = _deadline.Left(now, 1) == 0 || _waiter.TakeInterrupt();
                return IsTimedOut;
            }

            return true;
        }

        /// <summary>How long the call may still sleep, at most so long.</summary>
        internal ulong Left(ulong now, ulong most) => _deadline.Left(now, most);

        /// <summary>
        /// Says that this side sleeps; false if that is said already. A full fence and a membarrier
        /// have to follow, then one more look.
        /// </summary>
        internal bool Announce()
        {
            uint seen = _watch.SeenSequence;
            bool isNew = _announced != seen;
            if (isNew)
            {
                _announced = seen;
                _attachment.AnnounceSleep(seen);
            }

            return isNew;
        }

        /// <summary>As the attachment's.</summary>
        internal void MembarrierRefused() => _attachment.MembarrierRefused();

        /// <summary>As the attachment's.</summary>
        internal ulong Shorten(ulong boundNs) => _attachment.Shorten(boundNs);

        /// <summary>Says that this side does not sleep any more.</summary>
        internal void Retract()
        {
            _announced = -1;
            _attachment.AnnounceAwake();
        }

        /// <summary>
        /// Goes on, on a thread of the pool, when <see cref="IsOver"/> was true.
        /// </summary>
        internal abstract void GoOn();

        /// <summary>Ends the call because its side is being closed.</summary>
        internal abstract void Abandon(Exception why);
    }

    /// <summary>Does what a call is for, if it can be done without waiting.</summary>
    internal delegate Status RingAttempt<T>(out T value);

    /// <summary>What an asynchronous call came to at once, or will come to.</summary>
    internal readonly struct RingOutcome<T>
    {
        internal RingOutcome(T value)
        {
            Value = value;
            Task = null;
        }

        internal RingOutcome(Task<T> task)
        {
            Value = default(T);
            Task = task;
        }

        internal T Value { get; }

        /// <summary>Null if the value is there.</summary>
        internal Task<T> Task { get; }
    }

    /// <summary>An asynchronous call with its result.</summary>
    internal sealed class RingCall<T> : RingCall
    {
        private readonly SharedMemorySide _caller;
        private readonly RingAttempt<T> _attempt;
        private readonly T _valueInTimeout;
        private readonly CancellationToken _token;
        private readonly TaskCompletionSource<T> _source =
            new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);

        private CancellationTokenRegistration _registration;

        internal RingCall(
            SharedMemorySide caller,
            RingAttempt<T> attempt,
            long timeoutNs,
            T valueInTimeout,
            CancellationToken token)
            : base(caller, timeoutNs)
        {
            _caller = caller;
            _attempt = attempt;
            _valueInTimeout = valueInTimeout;
            _token = token;
        }

        internal Task<T> Task => _source.Task;

        /// <summary>Begins to wait.</summary>
        internal void Start()
        {
            _registration = _token.Register(Cancel);
            bool isOpen = false;
            try
            {
                lock (_caller.Gate)
                {
                    _caller.CheckOpen();
                    isOpen = true;
                    Wait();
                }
            }
            finally
            {
                if (!isOpen)
                {
                    _registration.Dispose();
                }
            }
        }

        internal override void GoOn()
        {
            Exception error = null;
            T value = default(T);
            lock (_caller.Gate)
            {
                _caller.SetCall(null);
                try
                {
                    _caller.CheckOpen();
                    Status status = Attempt(out value);
                    if (status.WouldBlock && !IsTimedOut)
                    {
                        Wait(); // for the rest of a message in pieces, for example
                        return;
                    }

                    error = _caller.IsAnswer(status.Code) ? null : _caller.LastError;
                }
                catch (Exception thrown)
                {
                    error = thrown; // also what a struct of the user's throws while it is read
                }
            }

            _registration.Dispose();
            _ = error == null ? _source.TrySetResult(value) : _source.TrySetException(error);
        }

        internal override void Abandon(Exception why)
        {
            _registration.Dispose();
            _ = _source.TrySetException(why);
        }

        private Status Attempt(out T value)
        {
            if (!IsTimedOut)
            {
                return _attempt(out value);
            }

            value = _valueInTimeout;
            _caller.NoteTimeout();
            return ErrorCode.Timeout;
        }

        /// <summary>Waits, or waits on; the gate is held.</summary>
        private void Wait()
        {
            _caller.SetCall(this);
            RingPatience.Add(this);
            if (_token.IsCancellationRequested)
            {
                // The token may have said so before there was anything to take away.
                _ = ThreadPool.QueueUserWorkItem(call => ((RingCall<T>)call).Cancel(), this);
            }
        }

        private void Cancel()
        {
            if (RingPatience.Remove(this))
            {
                lock (_caller.Gate)
                {
                    _caller.SetCall(null);
                }

                _ = _source.TrySetCanceled(_token);
            }
        }
    }

    /// <summary>Outcomes as the tasks that the platform has.</summary>
    internal static class RingTasks
    {
#if NETSTANDARD2_1_OR_GREATER || NETCOREAPP3_0_OR_GREATER
        internal static ValueTask<T> Of<T>(RingOutcome<T> outcome) => outcome.Task == null
            ? new ValueTask<T>(outcome.Value)
            : new ValueTask<T>(outcome.Task);
#else
        internal static Task<T> Of<T>(RingOutcome<T> outcome) =>
            outcome.Task ?? Task.FromResult(outcome.Value);
#endif

        /// <summary>What an attempt came to that needed no waiting.</summary>
        internal static RingOutcome<T> Conclude<T>(
            SharedMemorySide caller, Status status, T value) =>
            caller.IsAnswer(status.Code)
                ? new RingOutcome<T>(value)
                : new RingOutcome<T>(Task.FromException<T>(caller.LastError));
    }
}

{% include "csharp/head.cs" %}

using System;
using System.Runtime.CompilerServices;
using System.Threading;

namespace {{ view.namespace }}
{
    /// <summary>When a blocking call gives up. Reads the clock only once it is asked.</summary>
    internal struct RingDeadline
    {
        private readonly int _timeoutMs;
        private ulong _end;

        /// <summary>
        /// Negative never, 0 at once, else so many milliseconds after the first look.
        /// </summary>
        internal RingDeadline(int timeoutMs)
        {
            _timeoutMs = timeoutMs;
            _end = 0;
        }

        /// <summary>Nanoseconds left, at most so many; 0 when the time is over.</summary>
        internal ulong Left(ulong now, ulong most)
        {
            if (_timeoutMs < 0)
            {
                return most;
            }

            if (_end == 0)
            {
                _end = now + ((ulong)_timeoutMs * 1000000);
            }

            return now >= _end ? 0 : Math.Min(_end - now, most);
        }
    }

    /// <summary>
    /// Wakes the peer if it sleeps: what each side does after it has published something.
    /// </summary>
    /// <remarks>
    /// Each direction has two words: a control word, written by the sleeper alone, and a sequence,
    /// written by the waker alone. The danger is the store-buffer pattern: the sleeper announces
    /// itself and then looks at the ring, the waker publishes and then looks at the announcement;
    /// if both looks overtake the stores before them, both see nothing, and the sleeper sleeps on.
    /// A full fence on each side excludes it. The waker's, for every message, is what costs; so
    /// where both sides can, the sleeper executes it for the waker with membarrier.
    /// </remarks>
    internal readonly unsafe struct RingWaker
    {
        private const uint Never = 4;

        private readonly RingAttachment _attachment;
        private readonly uint* _control;
        private readonly uint _quiet;

        internal RingWaker(RingAttachment attachment)
        {
            _attachment = attachment;
            _control = (uint*)(attachment.Base + attachment.Role.Peer.Control);
            // The bits with which the fence may be skipped and nobody sleeps; none if this process
            // is out of the sleeper's reach.
            _quiet = attachment.IsRegistered ? RingAttachment.CanMembarrier : Never;
        }

        /// <summary>
        /// To be called after each publication. In the steady state this is one load: the order
        /// between the publication and this load is kept by the compiler, because both are
        /// volatile, and made sure of on the processor by the sleeper's membarrier.
        /// </summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        internal void Published()
        {
            const uint Bits = RingAttachment.Waiting | RingAttachment.CanMembarrier;
            if ((Volatile.Read(ref *_control) & Bits) != _quiet)
            {
                WakeIfAsleep();
            }
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        private void WakeIfAsleep()
        {
            uint control = Volatile.Read(ref *_control);
            if (_quiet == Never || (control & RingAttachment.CanMembarrier) == 0)
            {
                // The peer does not fence for this side. Pairs with the fence in Sleeper.Sleep.
                Interlocked.MemoryBarrier();
                control = Volatile.Read(ref *_control);
            }

            if ((control & RingAttachment.Waiting) == 0)
            {
                return;
            }

            // A sleeper that has been woken already, and not run yet, still names the old sequence.
            uint sequence = _attachment.Word32(_attachment.Role.Sequence);
            uint low = sequence << RingAttachment.SequenceShift >> RingAttachment.SequenceShift;
            if (control >> RingAttachment.SequenceShift == low)
            {
                _attachment.RingBell();
            }
        }
    }

    /// <summary>What a wait came to.</summary>
    internal enum RingWaited
    {
        Ready,
        TimedOut,
        Ended,
    }

    /// <summary>Something that a side waits for.</summary>
    internal interface IRingAwaited
    {
        /// <summary>Whether it is there; no side effect that matters.</summary>
        bool IsReady();
    }

    /// <summary>
    /// Waits for the peer: looks for a while, then sleeps in the kernel, in slices in which the
    /// peer's life is checked.
    /// </summary>
    internal sealed unsafe class RingWaiter
    {
        /// <summary>How often the peer's life is checked: also the bound of every sleep.</summary>
        internal const ulong LivenessNs = 100000000;

        private const int LooksPerClock = 32;
        private const int GraceSlices = 10;

        private readonly RingAttachment _attachment;
        private readonly bool _spins;
        private readonly ulong _spinNs;
        private int _interrupted;

        internal RingWaiter(RingAttachment attachment, SharedMemoryOptions options)
        {
            _attachment = attachment;
            _spins = options.WaitStrategy == WaitStrategy.Spin;
            _spinNs = (ulong)Math.Max(options.SpinMicroseconds, 0) * 1000;
        }

        /// <summary>
        /// Ends the wait of another thread, or the next one, as if its time were over.
        /// </summary>
        internal void Interrupt()
        {
            Volatile.Write(ref _interrupted, 1);
            RingAttachment attachment = _attachment;
            if (attachment.IsOpen)
            {
                uint* sequence = (uint*)(attachment.Base + attachment.Role.Peer.Sequence);
                attachment.Segment.WakePoints.Wake(sequence, isSpace: attachment.Role.IsProducer);
            }
        }

        /// <summary>Takes an interruption back that no wait has noticed.</summary>
        internal void ClearInterrupt() => Volatile.Write(ref _interrupted, 0);

        /// <summary>
        /// Waits until the awaited is there. "Timed out" and "ended" are said only after it was not
        /// there once more; <paramref name="why"/> then says how the peer ended.
        /// </summary>
        internal RingWaited Wait(
            IRingAwaited awaited, RingPeerWatch watch, ref RingDeadline deadline, out ErrorCode why)
        {
            ulong start = 0;
            while (true)
            {
                // The clock is read only after a few looks: most waits in a stream are shorter.
                for (int look = 0; look < LooksPerClock; look++)
                {
                    if (awaited.IsReady())
                    {
                        why = ErrorCode.Ok;
                        return RingWaited.Ready;
                    }

                    why = watch.Look();
                    if (why != ErrorCode.Ok)
                    {
                        return Settle(awaited, watch, RingWaited.Ended, why);
                    }

                    RingCpu.Pause(1);
                }

                ulong now = Platform.Current.MonotonicNs();
                start = start == 0 ? now : start;
                why = watch.CheckIfDue(now);
                if (why != ErrorCode.Ok)
                {
                    return Settle(awaited, watch, RingWaited.Ended, why);
                }

                if (deadline.Left(now, LivenessNs) == 0
                    || Interlocked.Exchange(ref _interrupted, 0) != 0)
                {
                    return Settle(awaited, watch, RingWaited.TimedOut, why);
                }

                if (!_spins && now - start >= _spinNs)
                {
                    Sleep(awaited, watch, deadline.Left(now, LivenessNs));
                }
            }
        }

        private static RingWaited Settle(
            IRingAwaited awaited, RingPeerWatch watch, RingWaited otherwise, ErrorCode why)
        {
            if (awaited.IsReady())
            {
                return RingWaited.Ready;
            }

            watch.Told(why);
            return otherwise;
        }

        /// <summary>Sleeps once, unless there is a reason not to.</summary>
        private void Sleep(IRingAwaited awaited, RingPeerWatch watch, ulong boundNs)
        {
            uint* sequence = (uint*)(_attachment.Base + _attachment.Role.Peer.Sequence);
            // The sequence of the last look at the peer's state: whatever the peer has done since
            // moves it on, and the kernel then refuses to sleep.
            uint seen = watch.SeenSequence;
            ref uint control = ref _attachment.Word32(_attachment.Role.Control);
            uint quiet = _attachment.QuietControl;
            uint announced = seen << RingAttachment.SequenceShift;
            Volatile.Write(ref control, RingAttachment.Waiting | quiet | announced);
            // Pairs with the waker's: its own fence, or none because of the membarrier.
            Interlocked.MemoryBarrier();
            if (_attachment.IsRegistered)
            {
                Platform.Current.Membarrier();
            }

            if (!awaited.IsReady() && Volatile.Read(ref _interrupted) == 0)
            {
                bool woken = WaitOn(sequence, seen, boundNs);
                if (!woken && boundNs >= LivenessNs && awaited.IsReady()
                    && NobodyWakes(sequence, seen))
                {
                    _attachment.Word64(_attachment.Role.MissedWakeups) += 1;
                    string path = _attachment.Segment.Target.FilePath;
                    SharedMemoryLog.Write(LogLevel.Error, path + ": a wake-up was missed");
                }
            }

            Volatile.Write(ref control, quiet);
        }

        /// <summary>
        /// After a sleep that ended by its bound although its reason was there: sleeps on, to tell
        /// a waker that was merely between publishing and waking from one that forgot.
        /// </summary>
        private bool NobodyWakes(uint* sequence, uint seen)
        {
            for (int slice = 0; slice < GraceSlices; slice++)
            {
                if (!_attachment.IsPeerAlive() || WaitOn(sequence, seen, LivenessNs))
                {
                    return false; // a waker that died in between could not wake
                }
            }

            return _attachment.IsPeerAlive();
        }

        private bool WaitOn(uint* sequence, uint seen, ulong boundNs) =>
            _attachment.Segment.WakePoints.Wait(
                sequence, _attachment.Role.IsProducer, seen, boundNs);
    }

    /// <summary>
    /// What one side knows of the other: attached, closed, dead, or on a nameless file.
    /// </summary>
    internal sealed unsafe class RingPeerWatch
    {
        private const int LooksPerClock = 4096;

        private readonly RingAttachment _attachment;
        private readonly Role _peer;
        private ulong _checkedNs;
        private int _looks;
        private bool _isClosed;
        private bool _isRemoved;
        private uint _deadEpoch;
        private long _reportedEpoch = -1;

        internal RingPeerWatch(RingAttachment attachment)
        {
            _attachment = attachment;
            _peer = attachment.Role.Peer;
            _checkedNs = Platform.Current.MonotonicNs();
            LookAtState(Sequence);
        }

        /// <summary>The peer's sequence at the last look at its state.</summary>
        internal uint SeenSequence { get; private set; }

        // Pairs with the peer's store in RingAttachment.RingBell.
        private uint Sequence => Volatile.Read(ref _attachment.Word32(_peer.Sequence));

        /// <summary>
        /// To be called after each look at the ring in vain: notices a close at once, and now and
        /// then looks at the clock and checks whether the peer lives. If it says that waiting is
        /// over, the caller looks at the ring once more before it believes it.
        /// </summary>
        internal ErrorCode Look()
        {
            uint sequence = Sequence;
            if (sequence != SeenSequence)
            {
                LookAtState(sequence);
            }

            if (_isClosed || _isRemoved)
            {
                return _isRemoved ? ErrorCode.Removed : ErrorCode.Closed;
            }

            _looks++;
            return _looks % LooksPerClock == 0
                ? CheckIfDue(Platform.Current.MonotonicNs())
                : ErrorCode.Ok;
        }

        /// <summary>Checks liveness if the last check is long enough ago.</summary>
        internal ErrorCode CheckIfDue(ulong now)
        {
            if (now - _checkedNs < RingWaiter.LivenessNs)
            {
                return ErrorCode.Ok;
            }

            _checkedNs = now;
            if (IsDead())
            {
                return ErrorCode.PeerDied;
            }

            _isRemoved = _attachment.Segment.IsRemoved();
            return _isRemoved ? ErrorCode.Removed : ErrorCode.Ok;
        }

        /// <summary>A death is told once: to be called when the caller is told.</summary>
        internal void Told(ErrorCode what)
        {
            if (what == ErrorCode.PeerDied)
            {
                _reportedEpoch = _deadEpoch;
            }
        }

        /// <summary>Whether the peer died and this was not told yet.</summary>
        private bool IsDead()
        {
            uint state = Volatile.Read(ref _attachment.Word32(_peer.State));
            uint epoch = Volatile.Read(ref _attachment.Word32(_peer.Epoch));
            if (state != RingState.Attached || _reportedEpoch == epoch || _attachment.IsPeerAlive())
            {
                return false;
            }

            // The lock is free. Did the peer close, or a new one attach, between the two looks?
            if (Volatile.Read(ref _attachment.Word32(_peer.State)) != RingState.Attached
                || Volatile.Read(ref _attachment.Word32(_peer.Epoch)) != epoch)
            {
                return false;
            }

            _deadEpoch = epoch;
            return true;
        }

        private void LookAtState(uint sequence)
        {
            SeenSequence = sequence;
            // Pairs with RingAttachment.Close: what a closed peer published is visible.
            _isClosed = Volatile.Read(ref _attachment.Word32(_peer.State)) == RingState.Closed;
        }
    }

    /// <summary>Hints to the processor.</summary>
    internal static class RingCpu
    {
        /// <summary>Waits so many turns of a waiting loop: some ten nanoseconds each.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        internal static void Pause(int turns)
        {
#if NET8_0_OR_GREATER
            if (System.Runtime.Intrinsics.X86.X86Base.IsSupported)
            {
                for (int i = 0; i < turns; i++)
                {
                    System.Runtime.Intrinsics.X86.X86Base.Pause();
                }

                return;
            }
#endif
            Thread.SpinWait(turns);
        }
    }
}

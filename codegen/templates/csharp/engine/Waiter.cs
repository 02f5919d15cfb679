{% include "csharp/engine_head.cs" %}

using System;
using System.Runtime.CompilerServices;
using System.Threading;

namespace {{ view.namespace }}
{
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
            _quiet = attachment.IsRegistered ? RingConstants.CanMembarrier : Never;
        }

        /// <summary>
        /// To be called after each publication; false if <see cref="WakeIfAsleep"/> has to follow.
        /// In the steady state this is one load: the order between the publication and this load is
        /// kept by the compiler, because both are volatile, and made sure of on the processor by
        /// the sleeper's membarrier.
        /// </summary>
        internal bool IsQuiet
        {
            [MethodImpl(MethodImplOptions.AggressiveInlining)]
            get
            {
                const uint Bits = RingConstants.Waiting | RingConstants.CanMembarrier;
                return (Volatile.Read(ref *_control) & Bits) == _quiet;
            }
        }

        /// <summary>Looks at the peer's control word again, and wakes the peer.</summary>
        [MethodImpl(MethodImplOptions.NoInlining)]
        internal void WakeIfAsleep()
        {
            uint control = Volatile.Read(ref *_control);
            if (_quiet == Never || (control & RingConstants.CanMembarrier) == 0)
            {
                // The peer does not fence for this side. Pairs with the fence in Sleeper.Sleep.
                Interlocked.MemoryBarrier();
                control = Volatile.Read(ref *_control);
            }

            if ((control & RingConstants.Waiting) == 0)
            {
                return;
            }

            // A sleeper that has been woken already, and not run yet, still names the old sequence.
            uint sequence = _attachment.Word32(_attachment.Role.Sequence);
            uint low = sequence << RingConstants.SequenceShift >> RingConstants.SequenceShift;
            if (control >> RingConstants.SequenceShift == low)
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
        private const int LooksPerClock = 32;

        /// <summary>What was asked of this side's waits: nothing, to end once, or for ever.</summary>
        private const int Go = 0;
        private const int EndOnce = 1;
        private const int EndForEver = 2;

        private readonly RingAttachment _attachment;
        private readonly bool _spins;
        private readonly RingWakeupDiagnosis _diagnosis;
        private readonly ulong _spinNs;
        private int _order;

        /// <summary>Whether a thread is in the kernel for this side, or about to be.</summary>
        private int _isSleeping;

        internal RingWaiter(RingAttachment attachment, SharedMemoryOptions options)
        {
            _attachment = attachment;
            _spins = options.WaitStrategy == WaitStrategy.Spin;
            _diagnosis = new RingWakeupDiagnosis(attachment, options.DiagnoseWakeups);
            _spinNs = RingTime.AsAge(RingTime.Of(options.Spin));
        }

        /// <summary>The peer's sequence, which this side sleeps on.</summary>
        internal uint* Sequence =>
            (uint*)(_attachment.Base + _attachment.Role.Peer.Sequence);

        /// <summary>
        /// Ends the wait of another thread, or the next one, as if its time were over.
        /// </summary>
        internal void Interrupt()
        {
            _ = Interlocked.CompareExchange(ref _order, EndOnce, Go);
            WakeSleeper();
        }

        /// <summary>Ends the wait of another thread, and every later one.</summary>
        internal void InterruptForEver()
        {
            _ = Interlocked.Exchange(ref _order, EndForEver);
            WakeSleeper();
        }

        /// <summary>Takes an interruption back that no wait has noticed.</summary>
        internal void ClearInterrupt() =>
            _ = Interlocked.CompareExchange(ref _order, Go, EndOnce);

        /// <summary>Whether the wait is to end; if so, the interruption is used up.</summary>
        internal bool TakeInterrupt()
        {
            return Volatile.Read(ref _order) != Go
                && Interlocked.CompareExchange(ref _order, Go, EndOnce) != Go;
        }

        /// <summary>Whether there is an interruption that no wait has noticed.</summary>
        internal bool IsInterrupted => Volatile.Read(ref _order) != Go;

        /// <summary>
        /// Waits until the awaited is there. "Timed out" and "ended" are said only after it was not
        /// there once more; <paramref name="why"/> then says what ended it.
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

                    if (watch.Look() != ErrorCode.Ok)
                    {
                        return Settle(awaited, watch, RingWaited.Ended, out why);
                    }

                    RingCpu.Pause(1);
                }

                ulong now = Platform.Current.MonotonicNs();
                start = start == 0 ? now : start;
                if (watch.CheckIfDue(now) != ErrorCode.Ok)
                {
                    return Settle(awaited, watch, RingWaited.Ended, out why);
                }

                if (deadline.Left(now, RingConstants.LivenessNs) == 0 || TakeInterrupt())
                {
                    return Settle(awaited, watch, RingWaited.TimedOut, out why);
                }

                if (!_spins && now - start >= _spinNs)
                {
                    Sleep(awaited, watch, deadline.Left(now, RingConstants.LivenessNs));
                }
            }
        }

        /// <summary>
        /// Sleeps until the peer's sequence is another one than was seen, which it is when the peer
        /// comes or goes; false if the time is over or the wait was interrupted.
        /// </summary>
        internal bool AwaitBell(uint seen, ref RingDeadline deadline)
        {
            ulong left = deadline.Left(Platform.Current.MonotonicNs(), RingConstants.LivenessNs);
            if (left == 0 || TakeInterrupt())
            {
                return false;
            }

            _ = Interlocked.Exchange(ref _isSleeping, 1);
            _ = SleepOn(seen, left);
            Volatile.Write(ref _isSleeping, 0);
            return true;
        }

        private static RingWaited Settle(
            IRingAwaited awaited, RingPeerWatch watch, RingWaited otherwise, out ErrorCode why)
        {
            why = ErrorCode.Ok;
            if (awaited.IsReady())
            {
                return RingWaited.Ready;
            }

            if (otherwise == RingWaited.Ended)
            {
                why = watch.Tell();
            }

            return otherwise;
        }

        /// <summary>
        /// Wakes a sleeper until it has left the kernel: it may have been about to enter it, and
        /// then no wake has an effect yet.
        /// </summary>
        private void WakeSleeper()
        {
            var pause = default(SpinWait);
            while (Volatile.Read(ref _isSleeping) != 0 && IsInterrupted)
            {
                _attachment.Segment.WakePoints.Wake(
                    Sequence, isSpace: _attachment.Role.IsProducer);
                pause.SpinOnce();
            }
        }

        /// <summary>Sleeps once, unless there is a reason not to.</summary>
        private void Sleep(IRingAwaited awaited, RingPeerWatch watch, ulong boundNs)
        {
            // The sequence of the last look at the peer's state: whatever the peer has done since
            // moves it on, and the kernel then refuses to sleep.
            uint seen = watch.SeenSequence;
            Volatile.Write(ref _isSleeping, 1);
            _attachment.AnnounceSleep(seen);
            // Pairs with the waker's: its own fence, or none because of the membarrier.
            Interlocked.MemoryBarrier();
            _attachment.FenceWaker();
            boundNs = _attachment.Shorten(boundNs);
            if (!awaited.IsReady() && !SleepOn(seen, boundNs))
            {
                _diagnosis.Examine(boundNs, awaited, this, seen);
            }

            _attachment.AnnounceAwake();
            Volatile.Write(ref _isSleeping, 0);
        }

        /// <summary>
        /// Sleeps while the peer's sequence is the one that was seen; false if the bound ended it.
        /// </summary>
        internal bool SleepOn(uint seen, ulong boundNs) =>
            IsInterrupted || _attachment.Segment.WakePoints.Wait(
                Sequence, _attachment.Role.IsProducer, seen, boundNs);
    }

    /// <summary>
    /// Counts missed wake-ups, if <see cref="SharedMemoryOptions.DiagnoseWakeups"/> asks for it:
    /// the bound of every sleep would hide a broken handshake.
    /// </summary>
    internal readonly struct RingWakeupDiagnosis
    {
        private readonly RingAttachment _attachment;
        private readonly bool _isWanted;

        internal RingWakeupDiagnosis(RingAttachment attachment, bool isWanted)
        {
            _attachment = attachment;
            _isWanted = isWanted;
        }

        /// <summary>To be called after a sleep that its bound ended.</summary>
        internal void Examine(ulong boundNs, IRingAwaited awaited, RingWaiter waiter, uint seen)
        {
            bool isSuspicious =
                _isWanted && boundNs >= RingConstants.LivenessNs && awaited.IsReady();
            if (isSuspicious && NobodyWakes(waiter, seen))
            {
                Count();
            }
        }

        /// <summary>
        /// Tells a waker that is merely between publishing and waking from one that forgot.
        /// </summary>
        private bool NobodyWakes(RingWaiter waiter, uint seen)
        {
            for (int slice = 0; slice < RingConstants.DiagnosisSlices; slice++)
            {
                if (!_attachment.IsPeerAlive() || waiter.SleepOn(seen, RingConstants.LivenessNs))
                {
                    return false; // a waker that died in between could not wake
                }
            }

            return _attachment.IsPeerAlive();
        }

        private void Count()
        {
            ref ulong missed = ref _attachment.Word64(_attachment.Role.MissedWakeups);
            missed = unchecked(missed + 1);
            string path = _attachment.Segment.Target.FilePath;
            SharedMemoryLog.Write(LogLevel.Error, path + ": a wake-up was missed");
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

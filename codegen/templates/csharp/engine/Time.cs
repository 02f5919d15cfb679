{% include "csharp/engine_head.cs" %}

using System;
using System.Runtime.CompilerServices;
using System.Threading;

namespace {{ view.namespace }}
{
    /// <summary>Times that callers give, as nanoseconds.</summary>
    internal static class RingTime
    {
        /// <summary>Without bound.</summary>
        internal const long Forever = -1;

        /// <summary>Does not wait, and answers Empty or Full instead of Timeout.</summary>
        internal const long Never = -2;

        private const long NsPerMs = 1000000;
        private const long NsPerTick = 100;

        /// <summary>Refuses less than -1, also where nothing has to be waited for.</summary>
        /// <exception cref="ArgumentOutOfRangeException">Less than -1.</exception>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        internal static void Check(int timeoutMs)
        {
            if (timeoutMs < Timeout.Infinite)
            {
                throw OutOfRange(timeoutMs);
            }
        }

        /// <summary>Refuses negative times but -1 ms.</summary>
        /// <exception cref="ArgumentOutOfRangeException">Negative, but not -1 ms.</exception>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        internal static void Check(TimeSpan timeout)
        {
            if (timeout.Ticks < 0 && timeout != Timeout.InfiniteTimeSpan)
            {
                throw OutOfRange(timeout);
            }
        }

        internal static long OfMs(int timeoutMs)
        {
            Check(timeoutMs);
            return timeoutMs < 0 ? Forever : timeoutMs * NsPerMs;
        }

        /// <summary>What a long can not say, 292 years, is without bound.</summary>
        internal static long Of(TimeSpan timeout)
        {
            Check(timeout);
            bool isForever = timeout.Ticks < 0 || timeout.Ticks > long.MaxValue / NsPerTick;
            return isForever ? Forever : timeout.Ticks * NsPerTick;
        }

        private static ArgumentOutOfRangeException OutOfRange(object timeout) =>
            new ArgumentOutOfRangeException(
                nameof(timeout), timeout, "a time is not negative, or -1 ms, which is without bound");

        /// <summary>The same as a number to compare ages with.</summary>
        internal static ulong AsAge(long ns) => ns < 0 ? ulong.MaxValue : (ulong)ns;
    }

    /// <summary>When a blocking call gives up. Reads the clock only once it is asked.</summary>
    internal struct RingDeadline
    {
        private readonly long _ns;
        private ulong _end;

        /// <summary>
        /// Negative never, 0 at once, else so many nanoseconds after the first look.
        /// </summary>
        internal RingDeadline(long ns)
        {
            _ns = ns;
            _end = 0;
        }

        /// <summary>Nanoseconds left, at most so many; 0 when the time is over.</summary>
        internal ulong Left(ulong now, ulong most)
        {
            if (_ns < 0)
            {
                return most;
            }

            if (_end == 0)
            {
                _end = now + (ulong)_ns;
            }

            return now >= _end ? 0 : Math.Min(_end - now, most);
        }
    }
}

// The parts of the grid: streams at a pace, and turns of several messages.
//
// Messages carry the time at which they were sent; the last one carries Last. All parts run for a
// time, not for a count, so that nobody has to find out first how fast they are.
using System;
using System.Diagnostics;

namespace Bench
{
    public static class Pace
    {
        /// <summary>Instead of a time: nothing follows.</summary>
        private const long Last = -1;

        /// <summary>
        /// A stream as fast as it goes tells the time with every so manieth message: reading the
        /// clock for each would slow it down.
        /// </summary>
        private const long Run = 64;

        /// <summary>Sends bursts of messages, one each gap, until the time is over.</summary>
        public static Timing Send<T>(ref T sender, Arguments arguments)
            where T : struct, ISender
        {
            bool isSaturated = arguments.Gap == 0;
            long gap = Ticks(arguments.Gap);
            long burst = isSaturated ? Run : arguments.Burst;
            var message = new byte[arguments.Size];
            long due = Stopwatch.GetTimestamp();
            long end = due + Ticks(TotalNs(arguments));
            while (due < end)
            {
                long now = Stopwatch.GetTimestamp();
                while (now < due)
                {
                    now = Stopwatch.GetTimestamp();
                }

                for (long index = 0; index < burst; index++)
                {
                    if (index == 0 || !isSaturated)
                    {
                        Parts.WriteIndex(message, Stopwatch.GetTimestamp());
                    }

                    sender.Send(message);
                }

                // Who was late by more than a gap does not make up for it.
                due = Math.Max(due + gap, now);
            }

            Parts.WriteIndex(message, Last);
            sender.Send(message);
            return default(Timing);
        }

        /// <summary>Receives them, and works for a while on each.</summary>
        public static Timing Receive<T>(ref T receiver, Arguments arguments)
            where T : struct, IReceiver
        {
            var latencies = new Latencies();
            long work = Ticks(arguments.Work);
            var message = new byte[arguments.Size];
            receiver.Receive(message);
            long last = BitConverter.ToInt64(message, 0);
            long from = Stopwatch.GetTimestamp() + Ticks(arguments.WarmUpUs * 1000);
            long begin = 0;
            long latest = 0;
            long count = 0;
            long counted = 0;
            while (true)
            {
                receiver.Receive(message);
                count++;
                long sent = BitConverter.ToInt64(message, 0);
                if (sent == Last)
                {
                    return latencies.Timing((latest - begin) / (double)Math.Max(counted, 1));
                }

                if (sent != last)
                {
                    last = sent;
                    long now = Stopwatch.GetTimestamp();
                    if (begin != 0)
                    {
                        latencies.Add(now - sent);
                        latest = now;
                        counted = count;
                    }
                    else if (now >= from)
                    {
                        begin = now;
                        latest = now;
                        count = 0;
                    }
                }

                if (work != 0)
                {
                    long until = Stopwatch.GetTimestamp() + work;
                    while (Stopwatch.GetTimestamp() < until)
                    {
                    }
                }
            }
        }

        /// <summary>
        /// Sends so many messages, then waits for as many answers, until the time is over.
        /// </summary>
        public static Timing Ask<TSender, TReceiver>(
            ref TSender sender, ref TReceiver receiver, Arguments arguments)
            where TSender : struct, ISender
            where TReceiver : struct, IReceiver
        {
            var latencies = new Latencies();
            var message = new byte[arguments.Size];
            long now = Stopwatch.GetTimestamp();
            long from = now + Ticks(arguments.WarmUpUs * 1000);
            long end = now + Ticks(TotalNs(arguments));
            long begin = now;
            long turns = 0;
            while (now < end)
            {
                long start = now;
                Parts.WriteIndex(message, start);
                for (long i = 0; i < arguments.Turn; i++)
                {
                    sender.Send(message);
                }

                for (long i = 0; i < arguments.Turn; i++)
                {
                    receiver.Receive(message);
                }

                now = Stopwatch.GetTimestamp();
                Parts.CheckIndex(message, start);
                if (start >= from)
                {
                    latencies.Add(now - start);
                    turns++;
                }
                else
                {
                    begin = now;
                }
            }

            Parts.WriteIndex(message, Last);
            for (long i = 0; i < arguments.Turn; i++)
            {
                sender.Send(message);
            }

            return latencies.Timing((now - begin) / (double)Math.Max(turns, 1));
        }

        /// <summary>Receives so many messages, then sends as many, and so on.</summary>
        public static Timing Answer<TSender, TReceiver>(
            ref TSender sender, ref TReceiver receiver, Arguments arguments)
            where TSender : struct, ISender
            where TReceiver : struct, IReceiver
        {
            var message = new byte[arguments.Size];
            while (true)
            {
                for (long i = 0; i < arguments.Turn; i++)
                {
                    receiver.Receive(message);
                }

                if (BitConverter.ToInt64(message, 0) == Last)
                {
                    return default(Timing);
                }

                for (long i = 0; i < arguments.Turn; i++)
                {
                    sender.Send(message);
                }
            }
        }

        private static long TotalNs(Arguments arguments) =>
            (arguments.WarmUpUs + arguments.TimedUs) * 1000;

        private static long Ticks(long ns) => (long)(ns * (Stopwatch.Frequency / 1e9));

        /// <summary>Ticks, the first of them; their room is touched beforehand.</summary>
        private sealed class Latencies
        {
            private readonly uint[] _ticks = new uint[1 << 19];
            private int _count;

            internal Latencies()
            {
                for (int i = 0; i < _ticks.Length; i++)
                {
                    _ticks[i] = 1;
                }
            }

            internal void Add(long ticks)
            {
                if (_count < _ticks.Length)
                {
                    _ticks[_count++] = (uint)Math.Max(Math.Min(ticks, uint.MaxValue), 0);
                }
            }

            internal Timing Timing(double eachTicks)
            {
                Array.Sort(_ticks, 0, _count);
                return new Timing
                {
                    Each = eachTicks * NsPerTick,
                    P50 = Part(50),
                    P99 = Part(99),
                    HasPercentiles = true,
                    IsTimed = true,
                };
            }

            private static double NsPerTick => 1e9 / Stopwatch.Frequency;

            private double Part(int hundredth)
            {
                int at = (int)((long)_count * hundredth / 100);
                return at < _count ? _ticks[at] * NsPerTick : 0;
            }
        }
    }
}

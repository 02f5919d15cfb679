// The distance rule in a world of virtual time: what it does to streams whose producer is known.
using System;
using BitRPC.SharedMemory;
using static EngineTests.Program;

namespace EngineTests
{
    internal static class DistanceTests
    {
        private const ulong Ms = 1000000;

        internal static void AddTo(Action<string, Action> add)
        {
            add("an_exchange_of_k_messages_never_pays", Exchanges);
            add("a_stream_with_a_message_each_n_ns_never_pays", Streams);
            add("bursts_never_pay", Bursts);
            add("a_saturated_stream_climbs", Saturation);
            add("a_failed_try_waits_a_hundred_times_as_long_doubling_up_to_a_second", Failures);
            add("a_stream_that_is_no_longer_saturated_comes_near_again", Slowing);
            add("an_exchange_after_a_saturated_stream_is_noticed_at_once", ExchangeAfterStream);
            add("latency_never_pauses", Latency);
        }

        private static void Exchanges()
        {
            foreach (ulong turn in new ulong[] { 1, 2, 3, 4, 8, 32, 100 })
            {
                PaysNothing(last => last.Index % turn == 0 ? last.TakenNs + 250 : last.CameNs + 30);
            }
        }

        private static void Streams()
        {
            foreach (ulong gap in new ulong[] { 30, 50, 100, 200, 300, 500, 1000, 3000, 10000 })
            {
                PaysNothing(Each(gap));
            }
        }

        private static void Bursts()
        {
            foreach (ulong near in new ulong[] { 20, 120 })
            {
                PaysNothing(Burst(2, 500, near));
                PaysNothing(Burst(3, 1000, near));
                PaysNothing(Burst(10, 1000, near));
                PaysNothing(Burst(10, 10000, near));
                PaysNothing(Burst(100, 20000, near));
            }
        }

        private static void Saturation()
        {
            var world = new World(Distance.Adaptive);
            world.RunUntilFar();
            ulong before = world.Messages;
            world.Run(50 * Ms, Saturated);
            That(world.Rule.PauseNs > 8 * RingDistance.ShortestPauseNs, "the pause is short");

            // 30 ns near, 12 ns far; the checks take a little.
            That(50.0 * Ms / (world.Messages - before) < 12.5, "the stream is slow");
        }

        private static void Failures()
        {
            var world = new World(Distance.Adaptive);
            ulong known = 0;
            while (known != RingDistance.LongestWaitNs)
            {
                world.Run(1000, Each(100));
                ulong wait = world.Rule.WaitNs;
                if (wait == known)
                {
                    continue;
                }

                // A try takes two stretches of each kind at least.
                That(wait >= 4 * RingDistance.StretchNs * RingDistance.Cost, "the first is short");
                if (known != 0)
                {
                    Is(Math.Min(2 * known, RingDistance.LongestWaitNs), wait, "the next wait");
                }

                known = wait;
                ulong delayed = world.Delayed;
                world.Run(Math.Min(wait, 50 * Ms) - 10000, Each(100));
                Is(delayed, world.Delayed, "messages that were delayed meanwhile");
            }
        }

        private static void Slowing()
        {
            foreach (ulong gap in new ulong[] { 100, 300 })
            {
                var world = new World(Distance.Adaptive);
                world.Run(10 * Ms, Saturated);
                world.RunUntilFar();
                world.Run(2 * RingDistance.CheckNs, last => last.CameNs + gap);
                That(!world.Rule.IsFar, "still far");
            }
        }

        private static void ExchangeAfterStream()
        {
            var world = new World(Distance.Adaptive);
            world.Run(10 * Ms, Saturated);
            world.RunUntilFar();
            ulong before = world.Delayed;
            world.Run(Ms, last => last.TakenNs + 250);
            That(!world.Rule.IsFar, "still far");
            That(world.Delayed - before < 20, "noticed late");
        }

        private static void Latency()
        {
            var world = new World(Distance.Latency);
            world.Run(10 * Ms, Saturated);
            Is(0UL, world.Delayed, "messages that were delayed");
        }

        /// <summary>Of this stream, hardly any message may come in a pause.</summary>
        private static void PaysNothing(Func<Last, ulong> next)
        {
            var world = new World(Distance.Adaptive);
            world.Run(100 * Ms, next);
            That(world.Delayed * 50 < world.Messages, world.Delayed + " of " + world.Messages);
        }

        /// <summary>A message each so many nanoseconds, whatever the consumer does.</summary>
        private static Func<Last, ulong> Each(ulong gap) => last => last.Index * gap;

        /// <summary>Bursts, each so many nanoseconds after the one before.</summary>
        private static Func<Last, ulong> Burst(ulong length, ulong period, ulong near) =>
            last => Math.Max(last.Index / length * period, last.CameNs + near);

        /// <summary>
        /// As fast as it goes, which depends on the consumer: slow if that one looks on.
        /// </summary>
        private static ulong Saturated(Last last)
        {
            ulong far = last.CameNs + 12;
            return far <= last.NowNs ? far : last.CameNs + 30;
        }

        /// <summary>What a producer is asked with: when its next message is there.</summary>
        private struct Last
        {
            /// <summary>When the one before it was there.</summary>
            internal ulong CameNs;

            /// <summary>When the consumer took that one.</summary>
            internal ulong TakenNs;

            internal ulong NowNs;

            /// <summary>The number of the next one.</summary>
            internal ulong Index;
        }

        /// <summary>A consumer that never stops looking.</summary>
        private sealed class World
        {
            private const ulong Record = 80;

            /// <summary>What the consumer spends on each message.</summary>
            private const ulong TakeNs = 4;

            private ulong _nowNs;
            private ulong _lastNs;
            private ulong _takenNs;

            internal World(Distance distance)
            {
                Rule = new RingDistance(distance, 1 << 20, 0, 0);
            }

            internal RingDistance Rule;

            internal ulong Messages { get; private set; }

            /// <summary>Messages that came in a pause.</summary>
            internal ulong Delayed { get; private set; }

            /// <summary>Goes on for this long with this producer.</summary>
            internal void Run(ulong ns, Func<Last, ulong> next)
            {
                ulong until = _nowNs + ns;
                ulong pausedFrom = 0;
                ulong pausedTo = 0;
                while (_nowNs < until)
                {
                    ulong came = next(new Last
                    {
                        CameNs = _lastNs,
                        TakenNs = _takenNs,
                        NowNs = _nowNs,
                        Index = Messages,
                    });
                    if (came > _nowNs)
                    {
                        bool asks = Rule.OnEmpty(Messages, Messages * Record);
                        ulong pause = asks ? Rule.Advance(_nowNs) : 0;
                        if (pause != 0)
                        {
                            pausedFrom = _nowNs;
                            pausedTo = _nowNs += pause;
                            continue;
                        }

                        _nowNs = came;
                    }

                    Delayed += came >= pausedFrom && came < pausedTo ? 1UL : 0;
                    _nowNs += TakeNs;
                    _lastNs = came;
                    _takenNs = _nowNs;
                    Messages++;
                }
            }

            /// <summary>The same until the consumer keeps its distance.</summary>
            internal void RunUntilFar()
            {
                ulong until = _nowNs + Ms;
                while (!Rule.IsFar && _nowNs < until)
                {
                    Run(1000, Saturated);
                }

                That(Rule.IsFar, "a saturated stream does not climb");
            }
        }
    }
}

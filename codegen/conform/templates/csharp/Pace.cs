// Random gaps between messages, and the sleeps that they bring about.
using System;
using System.Diagnostics;
using System.Globalization;
using System.IO;

namespace ConformancePeer
{
    /// <summary>Random times that a producer lets pass between messages, without sleeping.</summary>
    public sealed class Gaps
    {
        /// <summary>Keeps the gaps apart from the messages, which the same seed makes.</summary>
        private const ulong Stream = 0x6761702D7573;

        private readonly Rng _rng;
        private readonly ulong _mostNs;

        public Gaps(ulong seed, ulong mostUs)
        {
            _rng = new Rng(seed ^ Stream, 0);
            _mostNs = mostUs * 1000;
        }

        /// <summary>Spins for 0 to the longest gap.</summary>
        public void Pass()
        {
            if (_mostNs == 0)
            {
                return;
            }

            double ns = _rng.Next() % (_mostNs + 1);
            long end = Stopwatch.GetTimestamp() + (long)(ns * 1e-9 * Stopwatch.Frequency);
            while (Stopwatch.GetTimestamp() < end)
            {
            }
        }
    }

    public static class Sleeps
    {
        private const string Status = "/proc/thread-self/status";
        private const string Label = "voluntary_ctxt_switches:";

        /// <summary>
        /// How often this thread gave up the processor of its own will; null where nobody counts.
        /// </summary>
        public static long? Count()
        {
            if (!File.Exists(Status))
            {
                return null;
            }

            foreach (string line in File.ReadAllLines(Status))
            {
                if (line.StartsWith(Label, StringComparison.Ordinal))
                {
                    return long.Parse(line.Substring(Label.Length), CultureInfo.InvariantCulture);
                }
            }

            return null;
        }
    }
}

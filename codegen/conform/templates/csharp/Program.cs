// The conformance peer: sends or receives every kind of message of the spec and verifies them.
//
// Two peers of any two languages on one ring prove that both agree on every byte. One program for
// .NET and for Mono: language level 7.2 without patterns in switch and without local functions.
using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using {{ view.namespace }};

namespace ConformancePeer
{
    /// <summary>What went wrong, as text: the peer only reports it.</summary>
    public sealed class Failure : Exception
    {
        public Failure(string message)
            : base(message)
        {
        }
    }

    /// <summary>What one side did, for the verdict on standard output.</summary>
    public sealed class Report
    {
        public long Messages { get; set; }

        public long Bytes { get; set; }

        public double Seconds { get; set; }

        /// <summary>Sleeps of the receiving thread; null where nobody counts.</summary>
        public long? Sleeps { get; set; }

        public ulong MissedWakeups { get; set; }

        public ulong Errors { get; set; }
    }

    public static class Program
    {
        private const string Usage = "usage: peer layout | golden | check-golden | recode\n"
            + "       peer produce|consume --name NAME [--capacity BYTES] [--count N] [--seed S]\n"
            + "            [--plan mixed|records|stream] [--size BYTES] [--slow-every K]\n"
            + "            [--gap-us G] [--wait adaptive|spin] [--ledger FILE] [--timeout-ms T]\n"
            + "       peer statistics --name NAME\n"
            + "       peer attempt ACTION --name NAME|--name-hex HEX\n"
            + "            [--role producer|consumer|monitor]\n"
            + "            [--mode create_or_open|create_only|open_only] [--capacity BYTES]\n"
            + "            [--any-schema] [--size BYTES] [--exhaust-descriptors]\n"
            + "            ACTION: attach | send | receive | receive-text | receive-typed\n"
            + "            | send-closed | receive-closed\n"
            + "       peer hostile --name NAME --mutations N [--seed S]";

        public static int Main(string[] words)
        {
            try
            {
                return Run(words) ? 0 : 1;
            }
            catch (Exception failure)
            {
                Console.WriteLine("{\"ok\":false,\"error\":" + Text.Json(failure.Message) + "}");
                Console.Error.WriteLine(failure is Failure ? failure.Message : failure.ToString());
                return 1;
            }
        }

        /// <summary>
        /// Does what the command line says; false if that came out as it should not.
        /// </summary>
        private static bool Run(string[] words)
        {
            switch (words.Length > 0 ? words[0] : string.Empty)
            {
                case "layout":
                    Console.WriteLine(Facts.Json());
                    return true;
                case "golden":
                    PrintGolden();
                    return true;
                case "check-golden":
                    CheckGolden();
                    return true;
                case "recode":
                    Recode();
                    return true;
                case "produce":
                    Print("producer", Producing.Run(Arguments.Parse(words, Usage)));
                    return true;
                case "consume":
                    Print("consumer", Consuming.Run(Arguments.Parse(words, Usage)));
                    return true;
                case "statistics":
                    Console.WriteLine(Observer.Json(Arguments.Parse(words, Usage).Name));
                    return true;
                case "hostile":
                    Arguments arguments = Arguments.Parse(words, Usage);
                    var hostile = new Hostile(arguments.Name, arguments.Script.Seed);
                    Console.WriteLine(hostile.Run(arguments.Mutations));
                    return true;
                case "attempt":
                    bool isFine = new Attempt(words).Run(out string verdict);
                    Console.WriteLine(verdict);
                    return isFine;
                default:
                    throw new Failure(Usage);
            }
        }

        private static void Print(string role, Report report)
        {
            string sleeps = report.Sleeps == null ? "null" : report.Sleeps.ToString();
            Console.WriteLine("{" + string.Format(
                CultureInfo.InvariantCulture,
                "\"ok\":true,\"role\":\"{0}\",\"messages\":{1},\"bytes\":{2},\"seconds\":{3:0.000000},"
                    + "\"sleeps\":{4},\"missed_wakeups\":{5},\"errors\":{6}",
                role,
                report.Messages,
                report.Bytes,
                report.Seconds,
                sleeps,
                report.MissedWakeups,
                report.Errors) + "}");
        }

        private static void PrintGolden()
        {
            for (int number = 0; number < Samples.Names.Length; number++)
            {
                for (int k = 0; k < 4; k++)
                {
                    byte[] bytes = Samples.Encoded(number, k);
                    Console.WriteLine(Samples.Names[number] + " " + k + " " + Text.ToHex(bytes));
                }
            }
        }

        private static void CheckGolden()
        {
            int checkedLines = 0;
            string line;
            while ((line = Console.In.ReadLine()) != null)
            {
                string[] words = line.Split(' ');
                int number = Array.IndexOf(Samples.Names, words[0]);
                if (number < 0 || words.Length < 2)
                {
                    throw new Failure("no struct " + words[0] + " in this spec");
                }

                byte[] bytes = Text.FromHex(words.Length > 2 ? words[2] : string.Empty);
                string what = words[0] + " " + words[1];
                byte[] own = Samples.Encoded(number, int.Parse(words[1], CultureInfo.InvariantCulture));
                if (!Same(bytes, own))
                {
                    throw new Failure(what + ": another encoding than this language's");
                }

                if (!Same(bytes, Samples.Recoded(number, bytes)))
                {
                    throw new Failure(what + ": decoding and encoding changes the bytes");
                }

                checkedLines++;
            }

            Console.WriteLine(checkedLines + " checked");
        }

        /// <summary>
        /// Reads payloads, of whatever version, and writes them as this version has them.
        /// </summary>
        private static void Recode()
        {
            string line;
            while ((line = Console.In.ReadLine()) != null)
            {
                string[] words = line.Split(' ');
                int number = Array.IndexOf(Samples.Names, words[0]);
                if (number < 0)
                {
                    throw new Failure("no struct " + words[0] + " in this spec");
                }

                byte[] bytes = Text.FromHex(words.Length > 1 ? words[1] : string.Empty);
                string result;
                try
                {
                    result = Text.ToHex(Samples.Recoded(number, bytes));
                }
                catch (Failure)
                {
                    result = "refused";
                }

                Console.WriteLine(words[0] + " " + result);
            }
        }

        public static bool Same(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right) =>
            left.SequenceEqual(right);
    }

    /// <summary>The options of every verb that uses a ring, but attempt.</summary>
    public sealed class Arguments
    {
        public string Name { get; private set; } = string.Empty;

        public long Capacity { get; private set; } = 65536;

        public long Count { get; private set; } = 1000;

        public Script Script { get; } = new Script();

        public long SlowEvery { get; private set; }

        /// <summary>Longest gap between two messages.</summary>
        public ulong GapUs { get; private set; }

        public long Mutations { get; private set; } = 10000;

        public bool Spins { get; private set; }

        public string Ledger { get; private set; }

        public int TimeoutMs { get; private set; } = 60000;

        public static Arguments Parse(string[] words, string usage)
        {
            var arguments = new Arguments();
            for (int i = 1; i < words.Length; i += 2)
            {
                if (i + 1 == words.Length)
                {
                    throw new Failure(words[i] + " needs a value");
                }

                arguments.Set(words[i], words[i + 1], usage);
            }

            if (arguments.Name.Length == 0)
            {
                throw new Failure("--name is missing\n" + usage);
            }

            return arguments;
        }

        private void Set(string option, string value, string usage)
        {
            switch (option)
            {
                case "--name":
                    Name = value;
                    break;
                case "--capacity":
                    Capacity = long.Parse(value, CultureInfo.InvariantCulture);
                    break;
                case "--count":
                    Count = long.Parse(value, CultureInfo.InvariantCulture);
                    break;
                case "--seed":
                    Script.Seed = ulong.Parse(value, CultureInfo.InvariantCulture);
                    break;
                case "--plan":
                    Script.Plan = Script.PlanNamed(value);
                    break;
                case "--size":
                    Script.Size = int.Parse(value, CultureInfo.InvariantCulture);
                    break;
                case "--slow-every":
                    SlowEvery = long.Parse(value, CultureInfo.InvariantCulture);
                    break;
                case "--gap-us":
                    GapUs = ulong.Parse(value, CultureInfo.InvariantCulture);
                    break;
                case "--mutations":
                    Mutations = long.Parse(value, CultureInfo.InvariantCulture);
                    break;
                case "--wait":
                    Spins = value == "spin";
                    break;
                case "--ledger":
                    Ledger = value;
                    break;
                case "--timeout-ms":
                    TimeoutMs = int.Parse(value, CultureInfo.InvariantCulture);
                    break;
                default:
                    throw new Failure("unknown option " + option + "\n" + usage);
            }
        }

        /// <summary>The options of the ring that this run asks for.</summary>
        public SharedMemoryOptions RingOptions() => new SharedMemoryOptions
        {
            Capacity = Capacity,
            WaitStrategy = Spins ? WaitStrategy.Spin : WaitStrategy.Adaptive,
            SendTimeout = TimeSpan.FromMilliseconds(TimeoutMs),
            DiagnoseWakeups = true,
        };

        /// <summary>Makes this side the slow one, every so many messages.</summary>
        public void SlowDown(long index)
        {
            if (SlowEvery > 0 && index % SlowEvery == SlowEvery - 1)
            {
                long end = System.Diagnostics.Stopwatch.GetTimestamp()
                    + (System.Diagnostics.Stopwatch.Frequency / 5000);
                while (System.Diagnostics.Stopwatch.GetTimestamp() < end)
                {
                    System.Threading.Thread.Sleep(0);
                }
            }
        }
    }
}

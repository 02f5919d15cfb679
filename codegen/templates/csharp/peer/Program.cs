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

        public ulong MissedWakeups { get; set; }

        public ulong Errors { get; set; }
    }

    public static class Program
    {
        private const string Usage = "usage: peer layout | golden | check-golden\n"
            + "       peer produce|consume --name NAME [--capacity BYTES] [--count N] [--seed S]\n"
            + "            [--plan mixed|records|stream] [--size BYTES] [--slow-every K]\n"
            + "            [--wait adaptive|spin] [--ledger FILE] [--timeout-ms T]";

        public static int Main(string[] words)
        {
            string verb = words.Length > 0 ? words[0] : string.Empty;
            try
            {
                switch (verb)
                {
                    case "layout":
                        Console.WriteLine(Facts.Json());
                        return 0;
                    case "golden":
                        PrintGolden();
                        return 0;
                    case "check-golden":
                        CheckGolden();
                        return 0;
                    case "produce":
                    case "consume":
                        return Run(verb, words);
                    default:
                        Console.Error.WriteLine(Usage);
                        return 1;
                }
            }
            catch (Failure failure)
            {
                Console.Error.WriteLine(failure.Message);
                return 1;
            }
        }

        private static int Run(string verb, string[] words)
        {
            try
            {
                Arguments arguments = Arguments.Parse(words, Usage);
                bool isProducer = verb == "produce";
                Report report = isProducer ? Producing.Run(arguments) : Consuming.Run(arguments);
                Console.WriteLine(string.Format(
                    CultureInfo.InvariantCulture,
                    "[[\"ok\":true,\"role\":\"{0}\",\"messages\":{1},\"bytes\":{2},\"seconds\":{3:0.000000},"
                        + "\"missed_wakeups\":{4},\"errors\":{5}]]",
                    isProducer ? "producer" : "consumer",
                    report.Messages,
                    report.Bytes,
                    report.Seconds,
                    report.MissedWakeups,
                    report.Errors).Replace("[[", "{").Replace("]]", "}"));
                return 0;
            }
            catch (Exception failure)
            {
                string text = failure.Message.Replace("\\", "\\\\").Replace("\"", "\\\"").Replace("\n", " ");
                Console.WriteLine("{\"ok\":false,\"error\":\"" + text + "\"}");
                Console.Error.WriteLine(failure);
                return 1;
            }
        }

        private static void PrintGolden()
        {
            for (int number = 0; number < Samples.Names.Length; number++)
            {
                for (int k = 0; k < 4; k++)
                {
                    byte[] bytes = Samples.Encoded(number, k);
                    Console.WriteLine(Samples.Names[number] + " " + k + " " + ToHex(bytes));
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

                byte[] bytes = FromHex(words.Length > 2 ? words[2] : string.Empty);
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

        public static bool Same(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right) =>
            left.SequenceEqual(right);

        private static string ToHex(byte[] bytes) =>
            BitConverter.ToString(bytes).Replace("-", string.Empty).ToLowerInvariant();

        private static byte[] FromHex(string text)
        {
            byte[] bytes = new byte[text.Length / 2];
            for (int i = 0; i < bytes.Length; i++)
            {
                bytes[i] = Convert.ToByte(text.Substring(2 * i, 2), 16);
            }

            return bytes;
        }
    }

    /// <summary>The options of produce and consume.</summary>
    public sealed class Arguments
    {
        public string Name { get; private set; } = string.Empty;

        public long Capacity { get; private set; } = 65536;

        public long Count { get; private set; } = 1000;

        public Script Script { get; } = new Script();

        public long SlowEvery { get; private set; }

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
            SendTimeout = TimeoutMs,
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

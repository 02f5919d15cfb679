// One side of the cross-language test: ../README.md says what both sides do. One source for .NET
// and for Mono.
using System;
using System.Globalization;
using BitRPC.SharedMemory;
using BitRPC.SharedMemory.Messages;

namespace CrossLanguageTest
{
    /// <summary>The command line cannot be understood.</summary>
    internal sealed class UsageException : Exception
    {
        internal UsageException(string message)
            : base(message)
        {
        }
    }

    /// <summary>The exchange went wrong.</summary>
    internal sealed class Failure : Exception
    {
        internal Failure(string message)
            : base(message)
        {
        }
    }

    /// <summary>The command line.</summary>
    internal sealed class Arguments
    {
        internal const string Usage =
            "usage: cross_language_test --mode producer|consumer --name NAME [--count N]\n"
            + "                           [--size BYTES] [--capacity BYTES] [--timeout-ms T]\n"
            + "                           [--json]";

        internal string Mode { get; private set; } = string.Empty;

        internal string Name { get; private set; } = string.Empty;

        internal int? Count { get; private set; }

        internal int Size { get; private set; }

        internal long Capacity { get; private set; } = 1024 * 1024;

        internal int TimeoutMs { get; private set; } = 30000;

        internal bool Json { get; private set; }

        internal SharedMemoryOptions RingOptions => new SharedMemoryOptions
        {
            Capacity = Capacity,
            SendTimeout = TimeSpan.FromMilliseconds(TimeoutMs),
            DiagnoseWakeups = true,
        };

        internal static Arguments Parse(string[] words)
        {
            var arguments = new Arguments();
            for (int i = 0; i < words.Length; i++)
            {
                if (words[i] == "--json")
                {
                    arguments.Json = true;
                    continue;
                }

                if (i + 1 == words.Length)
                {
                    throw new UsageException(words[i] + " needs a value");
                }

                arguments.Set(words[i], words[i + 1]);
                i++;
            }

            if (arguments.Mode != "producer" && arguments.Mode != "consumer")
            {
                throw new UsageException("--mode must be producer or consumer");
            }

            if (arguments.Name.Length == 0)
            {
                throw new UsageException("--name is missing");
            }

            return arguments;
        }

        internal void Say(string line)
        {
            if (!Json)
            {
                Console.WriteLine(line);
            }
        }

        private static long Number(string option, string text, long most)
        {
            CultureInfo culture = CultureInfo.InvariantCulture;
            if (!long.TryParse(text, NumberStyles.None, culture, out long number))
            {
                throw new UsageException(option + " needs a number, not '" + text + "'");
            }

            return number <= most
                ? number
                : throw new UsageException(option + " is too large: " + text);
        }

        private void Set(string option, string value)
        {
            switch (option)
            {
                case "--mode":
                    Mode = value;
                    break;
                case "--name":
                    Name = value;
                    break;
                case "--count":
                    Count = (int)Number(option, value, int.MaxValue);
                    break;
                case "--size":
                    Size = (int)Number(option, value, int.MaxValue);
                    break;
                case "--capacity":
                    Capacity = Number(option, value, long.MaxValue);
                    break;
                case "--timeout-ms":
                    TimeoutMs = (int)Number(option, value, int.MaxValue);
                    break;
                default:
                    throw new UsageException("unknown option " + option);
            }
        }
    }

    /// <summary>What was sent or received.</summary>
    internal sealed class Tally
    {
        internal int Texts { get; set; }

        internal int TestData { get; set; }

        internal int Heartbeats { get; set; }

        internal long Bytes { get; set; }

        internal string Json(string mode) => string.Format(
            CultureInfo.InvariantCulture,
            "{{\"ok\":true,\"mode\":\"{0}\",\"texts\":{1},\"test_data\":{2},"
                + "\"heartbeats\":{3},\"bytes\":{4}}}",
            mode,
            Texts,
            TestData,
            Heartbeats,
            Bytes);

        internal string Line(string mode) =>
            $"{mode}: {Texts} texts, {TestData} TestData, {Heartbeats} heartbeats";
    }

    internal static class Program
    {
        /// <summary>Rounds that a producer sends when none are asked for.</summary>
        private const int DefaultCount = 10;

        /// <summary>What one round's id is multiplied with.</summary>
        private const double Factor = 3.14159;

        /// <summary>Bytes of a TestData.</summary>
        private const int TestDataSize = 88;

        internal static int Main(string[] words)
        {
            Arguments arguments;
            try
            {
                arguments = Arguments.Parse(words);
            }
            catch (UsageException error)
            {
                Console.Error.WriteLine(error.Message);
                Console.Error.WriteLine(Arguments.Usage);
                return 2;
            }

            string mode = arguments.Mode;
            try
            {
                Tally tally = mode == "producer" ? Produce(arguments) : Consume(arguments);
                Console.WriteLine(arguments.Json ? tally.Json(mode) : tally.Line(mode));
                return 0;
            }
            catch (Exception failure) when (failure is Failure || failure is SharedMemoryException)
            {
                if (arguments.Json)
                {
                    string text = failure.Message.Replace("\\", "\\\\").Replace("\"", "\\\"");
                    string start = "{\"ok\":false,\"mode\":\"" + mode + "\",\"error\":\"";
                    Console.WriteLine(start + text + "\"}");
                }

                Console.Error.WriteLine(mode + ": " + failure.Message);
                return 1;
            }
        }

        private static Tally Produce(Arguments arguments)
        {
            var tally = new Tally();
            using (var producer = new SharedMemoryProducer(arguments.Name, arguments.RingOptions))
            {
                for (int round = 0; round < (arguments.Count ?? DefaultCount); round++)
                {
                    string text = ("Hello from C#! #" + round).PadRight(arguments.Size, '.');
                    Require(producer.SendString(text));
                    arguments.Say("sent text: " + text);
                    tally.Texts++;

                    TestData data = MakeTestData(round);
                    Require(producer.SendTyped(data));
                    arguments.Say("sent " + Describe(data));
                    tally.TestData++;

                    Require(producer.Send(MessageType.Heartbeat, ReadOnlySpan<byte>.Empty));
                    arguments.Say("sent heartbeat");
                    tally.Heartbeats++;
                    tally.Bytes += text.Length + TestDataSize; // the text is plain ASCII
                }
            }

            return tally;
        }

        private static Tally Consume(Arguments arguments)
        {
            var tally = new Tally();
            using (var consumer = new SharedMemoryConsumer(arguments.Name, arguments.RingOptions))
            {
                while (true)
                {
                    int timeoutMs = arguments.TimeoutMs;
                    Status status = consumer.Receive(out ReceivedMessage message, timeoutMs);
                    if (status == ErrorCode.Closed)
                    {
                        break;
                    }

                    Require(status);
                    Take(arguments, in message, tally);
                }
            }

            if (tally.Heartbeats == 0 || tally.Texts != tally.Heartbeats)
            {
                throw new Failure("the producer closed in the middle of round " + tally.Heartbeats);
            }

            if (arguments.Count is int expected && expected != tally.Texts)
            {
                throw new Failure($"expected {expected} rounds, got {tally.Texts}");
            }

            return tally;
        }

        /// <summary>
        /// Checks one message and counts it; what it has to be follows from what came before.
        /// </summary>
        private static void Take(Arguments arguments, in ReceivedMessage message, Tally tally)
        {
            int round = tally.Heartbeats;
            if (tally.Texts == round)
            {
                Expect(MessageType.Data, message.MessageType, round);
                string text = message.GetText();
                CheckText(text, round, arguments.Size);
                arguments.Say("received text: " + text);
                tally.Texts++;
            }
            else if (tally.TestData == round)
            {
                Status status = message.Decode(out TestData data);
                Require(status);
                CheckTestData(data, round);
                arguments.Say("received " + Describe(data));
                tally.TestData++;
            }
            else
            {
                Expect(MessageType.Heartbeat, message.MessageType, round);
                arguments.Say("received heartbeat");
                tally.Heartbeats++;
            }

            tally.Bytes += message.Payload.Length;
        }

        private static TestData MakeTestData(int round)
        {
            var epoch = new DateTime(1970, 1, 1, 0, 0, 0, DateTimeKind.Utc);
            return new TestData
            {
                Id = round,
                Value = round * Factor,
                Message = "TestData " + round + " from C#",
                Timestamp = (ulong)(DateTime.UtcNow - epoch).Ticks * 100,
            };
        }

        private static void CheckText(string text, int round, int size)
        {
            string number = "! #" + round;
            int at = text == null ? -1 : text.IndexOf(number, StringComparison.Ordinal);
            bool isRight = at >= 0
                && text.StartsWith("Hello from ", StringComparison.Ordinal)
                && text.Substring(at + number.Length).Trim('.').Length == 0
                && text.Length >= size;
            if (!isRight)
            {
                throw new Failure($"round {round}: unexpected text: {text}");
            }
        }

        private static void CheckTestData(in TestData data, int round)
        {
            bool isRight = data.Id == round
                && data.Value == round * Factor
                && data.Message.TryGet(out string message)
                && message.StartsWith("TestData " + round + " from ", StringComparison.Ordinal)
                && data.Timestamp != 0;
            if (!isRight)
            {
                throw new Failure($"round {round}: unexpected TestData");
            }
        }

        private static string Describe(in TestData data) => string.Format(
            CultureInfo.InvariantCulture, "TestData: id={0} value={1}", data.Id, data.Value);

        private static void Expect(MessageType expected, MessageType found, int round)
        {
            if (found != expected)
            {
                throw new Failure($"round {round}: unexpected message type {(uint)found}");
            }
        }

        /// <summary>Throws what an operation came to that was not done.</summary>
        private static void Require(Status status)
        {
            if (!status)
            {
                throw new Failure(status.ToString());
            }
        }
    }
}

// One side of a measurement: ../README.md says what both sides do.
using System;
using System.Globalization;

namespace Bench
{
    public static class Program
    {
        public static int Main(string[] words)
        {
            try
            {
                Timing timing = Run(new Arguments(words));
                string times = timing.IsTimed ? ",\"ns\":" + Text(timing.Each) : string.Empty;
                if (timing.HasPercentiles)
                {
                    times += ",\"p50\":" + Text(timing.P50) + ",\"p99\":" + Text(timing.P99);
                }

                Console.WriteLine("{\"ok\":true" + times + "}");
                return 0;
            }
            catch (WrongUsageException wrong)
            {
                Console.Error.WriteLine(wrong.Message);
                Console.Error.WriteLine(Arguments.Usage);
                return 2;
            }
            catch (Exception error)
            {
                string text = error.Message.Replace("\\", "\\\\").Replace("\"", "\\\"");
                Console.WriteLine("{\"ok\":false,\"error\":\"" + text + "\"}");
                return 1;
            }
        }

        private static string Text(double ns) => ns.ToString("F3", CultureInfo.InvariantCulture);

        private static Timing Run(Arguments arguments)
        {
            switch (arguments.Transport)
            {
                case "ring":
                case "ring-latency":
                    return Run<RingSender, RingReceiver>(
                        arguments,
                        name => new RingSender(name, arguments),
                        name => new RingReceiver(name, arguments));
                case "ring-claim":
                    return Run<RingClaimer, RingReceiver>(
                        arguments,
                        name => new RingClaimer(name, arguments),
                        name => new RingReceiver(name, arguments));
                case "named-pipe":
                    return Run<PipeSender, PipeReceiver>(
                        arguments,
                        name => new PipeSender(name, arguments),
                        name => new PipeReceiver(name, arguments));
                default:
                    throw new WrongUsageException("unknown transport " + arguments.Transport);
            }
        }

        /// <summary>Runs the part.</summary>
        private static Timing Run<TSender, TReceiver>(
            Arguments arguments,
            Func<string, TSender> makeSender,
            Func<string, TReceiver> makeReceiver)
            where TSender : struct, ISender
            where TReceiver : struct, IReceiver
        {
            TSender sender = default(TSender);
            TReceiver receiver = default(TReceiver);
            try
            {
                switch (arguments.Part)
                {
                    case "send":
                        sender = makeSender("there");
                        return Parts.Send(ref sender, arguments);
                    case "receive":
                        receiver = makeReceiver("there");
                        return Parts.Receive(ref receiver, arguments);
                    case "ask":
                        sender = makeSender("there");
                        receiver = makeReceiver("back");
                        return Parts.Ask(ref sender, ref receiver, arguments);
                    case "answer":
                        receiver = makeReceiver("there");
                        sender = makeSender("back");
                        return Parts.Answer(ref sender, ref receiver, arguments);
                    case "wake":
                        sender = makeSender("there");
                        return Parts.Wake(ref sender, arguments);
                    case "sleep":
                        receiver = makeReceiver("there");
                        return Parts.Sleep(ref receiver, arguments);
                    case "pace":
                        sender = makeSender("there");
                        return Pace.Send(ref sender, arguments);
                    case "arrive":
                        receiver = makeReceiver("there");
                        return Pace.Receive(ref receiver, arguments);
                    case "turn":
                        sender = makeSender("there");
                        receiver = makeReceiver("back");
                        return Pace.Ask(ref sender, ref receiver, arguments);
                    case "return":
                        receiver = makeReceiver("there");
                        sender = makeSender("back");
                        return Pace.Answer(ref sender, ref receiver, arguments);
                    default:
                        throw new WrongUsageException("unknown part " + arguments.Part);
                }
            }
            finally
            {
                sender.Dispose();
                receiver.Dispose();
            }
        }
    }
}

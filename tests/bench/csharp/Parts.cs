// What the sides of each measurement do, whatever carries the messages.
//
// The content is touched as a user's would be: the sender writes the index into its own buffer and
// sends that; the receiver has the whole message copied into a buffer of its own, and checks the
// index.
using System;
using System.Diagnostics;
using System.IO;
using System.Threading;

namespace Bench
{
    /// <summary>The sending end: a struct, so that calls through it are direct.</summary>
    public interface ISender : IDisposable
    {
        /// <summary>Sends a copy of the message; waits for room.</summary>
        void Send(byte[] message);
    }

    /// <summary>The receiving end.</summary>
    public interface IReceiver : IDisposable
    {
        /// <summary>Waits for the next message and copies it.</summary>
        void Receive(byte[] message);
    }

    /// <summary>What a part found out that takes the time, in nanoseconds.</summary>
    public struct Timing
    {
        /// <summary>Whether the part takes the time at all.</summary>
        public bool IsTimed;

        /// <summary>For each message, round or turn.</summary>
        public double Each;

        /// <summary>Whether the two below are known.</summary>
        public bool HasPercentiles;

        /// <summary>The latency that half of the messages had at most.</summary>
        public double P50;

        /// <summary>The latency that 99 of 100 had at most.</summary>
        public double P99;
    }

    public static class Parts
    {
        /// <summary>Between two wakes: long enough for the other side to fall asleep.</summary>
        private const long GapNs = 200000;

        /// <summary>Sends the stream.</summary>
        public static Timing Send<T>(ref T sender, Arguments arguments)
            where T : struct, ISender
        {
            byte[] message = NewMessage(arguments);
            long total = arguments.WarmUp + arguments.Count;
            for (long index = 0; index < total; index++)
            {
                WriteIndex(message, index);
                sender.Send(message);
            }

            return default(Timing);
        }

        /// <summary>Receives the stream; nanoseconds for each message.</summary>
        public static Timing Receive<T>(ref T receiver, Arguments arguments)
            where T : struct, IReceiver
        {
            byte[] message = NewMessage(arguments);
            ReceiveSome(ref receiver, message, 0, arguments.WarmUp);
            long start = Stopwatch.GetTimestamp();
            ReceiveSome(ref receiver, message, arguments.WarmUp, arguments.Count);
            return Each(start, arguments.Count);
        }

        /// <summary>Asks and waits for the answer; nanoseconds for each round.</summary>
        public static Timing Ask<TSender, TReceiver>(
            ref TSender sender, ref TReceiver receiver, Arguments arguments)
            where TSender : struct, ISender
            where TReceiver : struct, IReceiver
        {
            byte[] question = NewMessage(arguments);
            byte[] answer = NewMessage(arguments);
            long start = 0;
            for (long index = 0; index < arguments.WarmUp + arguments.Count; index++)
            {
                if (index == arguments.WarmUp)
                {
                    start = Stopwatch.GetTimestamp();
                }

                WriteIndex(question, index);
                sender.Send(question);
                receiver.Receive(answer);
                CheckIndex(answer, index);
            }

            return Each(start, arguments.Count);
        }

        /// <summary>Answers each message with a copy of it.</summary>
        public static Timing Answer<TSender, TReceiver>(
            ref TSender sender, ref TReceiver receiver, Arguments arguments)
            where TSender : struct, ISender
            where TReceiver : struct, IReceiver
        {
            byte[] message = NewMessage(arguments);
            for (long index = 0; index < arguments.WarmUp + arguments.Count; index++)
            {
                receiver.Receive(message);
                sender.Send(message);
            }

            return default(Timing);
        }

        /// <summary>
        /// Sends the time, now and then, from when the other side is ready to sleep.
        /// </summary>
        public static Timing Wake<T>(ref T sender, Arguments arguments)
            where T : struct, ISender
        {
            while (!File.Exists(ReadyFile(arguments)))
            {
                Thread.Sleep(1);
            }

            byte[] message = NewMessage(arguments);
            for (long index = 0; index < arguments.WarmUp + arguments.Count; index++)
            {
                long start = NowNs();
                while (NowNs() - start < GapNs)
                {
                }

                WriteIndex(message, NowNs());
                sender.Send(message);
            }

            return default(Timing);
        }

        /// <summary>Receives times of sending; the median of how long ago that was.</summary>
        public static Timing Sleep<T>(ref T receiver, Arguments arguments)
            where T : struct, IReceiver
        {
            byte[] message = NewMessage(arguments);
            var delays = new long[arguments.Count];
            File.WriteAllText(ReadyFile(arguments), string.Empty);
            for (long index = -arguments.WarmUp; index < arguments.Count; index++)
            {
                receiver.Receive(message);
                long delay = NowNs() - BitConverter.ToInt64(message, 0);
                if (index >= 0)
                {
                    delays[index] = delay;
                }
            }

            Array.Sort(delays);
            return Timed(delays.Length == 0 ? 0 : delays[delays.Length / 2]);
        }

        private static void ReceiveSome<T>(ref T receiver, byte[] message, long first, long count)
            where T : struct, IReceiver
        {
            for (long index = first; index < first + count; index++)
            {
                receiver.Receive(message);
                CheckIndex(message, index);
            }
        }

        /// <summary>
        /// Says that the sleeper is there: what is sent before that waits for it.
        /// </summary>
        private static string ReadyFile(Arguments arguments) =>
            Path.Combine(arguments.Folder, "ready");

        private static byte[] NewMessage(Arguments arguments) => new byte[arguments.Size];

        internal static unsafe void WriteIndex(byte[] message, long index)
        {
            fixed (byte* start = message)
            {
                *(long*)start = index;
            }
        }

        internal static void CheckIndex(byte[] message, long index)
        {
            if (BitConverter.ToInt64(message, 0) != index)
            {
                RefuseIndex(message, index);
            }
        }

        private static void RefuseIndex(byte[] message, long index)
        {
            long found = BitConverter.ToInt64(message, 0);
            throw new InvalidOperationException("message " + index + " says that it is " + found);
        }

        private static Timing Each(long start, long count)
        {
            double ns = (Stopwatch.GetTimestamp() - start) * (1e9 / Stopwatch.Frequency);
            return Timed(ns / Math.Max(count, 1));
        }

        private static Timing Timed(double each) => new Timing { IsTimed = true, Each = each };

        /// <summary>The clock that all processes of this host share.</summary>
        private static long NowNs() =>
            (long)(Stopwatch.GetTimestamp() * (1e9 / Stopwatch.Frequency));
    }
}

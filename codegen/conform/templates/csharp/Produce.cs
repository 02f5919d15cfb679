// The sending side.
using System;
using System.Collections.Generic;
using System.Diagnostics;
using {{ view.namespace }};

namespace ConformancePeer
{
    public static class Producing
    {
        /// <summary>Most messages in one batch.</summary>
        private const int MostInBatch = 4;

        public static Report Run(Arguments arguments)
        {
            var report = new Report();
            using (var producer = new SharedMemoryProducer(arguments.Name, arguments.RingOptions()))
            {
                Plan plan = arguments.Script.Plan;
                long index = plan == Plan.Records ? (long)producer.Statistics.MessagesSent : 0;
                var time = Stopwatch.StartNew();
                if (plan == Plan.Stream)
                {
                    Stream(arguments, producer, report);
                }
                else
                {
                    Send(arguments, producer, report, index);
                }

                report.Seconds = time.Elapsed.TotalSeconds;
                report.MissedWakeups = producer.Snapshot.Producer.MissedWakeups;
            }

            return report;
        }

        private static void Send(
            Arguments arguments, SharedMemoryProducer producer, Report report, long index)
        {
            Script script = arguments.Script;
            var gaps = new Gaps(script.Seed, arguments.GapUs);
            while (index < arguments.Count)
            {
                Planned message = script.Message(index, producer.LargestPayload);
                arguments.SlowDown(index);
                gaps.Pass();
                int sent = 1;
                if (script.Plan == Plan.Mixed && message.Kind != Kind.Fragmented && message.Route == 2)
                {
                    sent = SendBatch(arguments, producer, report, index, message);
                }
                else
                {
                    try
                    {
                        Require(SendOne(script, producer, index, message), index);
                    }
                    catch (SharedMemoryException error) when (
                        error.Code == ErrorCode.PeerDied && script.Plan == Plan.Records)
                    {
                        continue; // a consumer that takes its place goes on
                    }

                    report.Bytes += message.Payload.Length;
                }

                index += sent;
                report.Messages += sent;
            }
        }

        /// <summary>A fast path for the plan that measures speed.</summary>
        private static void Stream(Arguments arguments, SharedMemoryProducer producer, Report report)
        {
            Planned message = arguments.Script.Message(0, producer.LargestPayload);
            byte[] payload = message.Payload;
            var gaps = new Gaps(arguments.Script.Seed, arguments.GapUs);
            for (long index = 0; index < arguments.Count; index++)
            {
                arguments.SlowDown(index);
                gaps.Pass();
                for (int i = 0; i < Math.Min(payload.Length, 8); i++)
                {
                    payload[i] = unchecked((byte)((ulong)index >> (8 * i)));
                }

                Status status = producer.Send(message.MessageType, payload);
                if (!status)
                {
                    Require(status, index);
                }
            }

            report.Messages = arguments.Count;
            report.Bytes = arguments.Count * payload.Length;
        }

        /// <summary>Sends the message in the way that its plan names.</summary>
        private static Status SendOne(
            Script script, SharedMemoryProducer producer, long index, Planned message)
        {
            if (message.Kind == Kind.Fragmented)
            {
                return producer.SendFragmented(message.MessageType, message.Payload);
            }

            if (message.Route == 1)
            {
                Status status = producer.Claim(message.MessageType, message.Payload.Length, out Claim claim);
                if (status)
                {
                    message.Payload.CopyTo(claim.Payload);
                    claim.Commit(message.Flags);
                }

                return status;
            }

            switch (message.Kind)
            {
                case Kind.Text:
                    return producer.SendString(message.Text);
                case Kind.Typed:
                    int most = Math.Min(producer.LargestPayload, Script.Longest);
                    return Samples.Send(message.Number, script.Fields(index), most, producer);
                default:
                    return producer.Send(message.MessageType, message.Payload, message.Flags);
            }
        }

        /// <summary>Sends a message together with those after it; returns how many that were.</summary>
        private static int SendBatch(
            Arguments arguments,
            SharedMemoryProducer producer,
            Report report,
            long index,
            Planned first)
        {
            var batch = new List<SharedMemoryMessage>();
            Planned next = first;
            for (long at = index; ; next = arguments.Script.Message(at, producer.LargestPayload))
            {
                batch.Add(new SharedMemoryMessage(next.MessageType, next.Payload, next.Flags));
                report.Bytes += next.Payload.Length;
                at++;
                bool isFull = batch.Count == MostInBatch || at >= arguments.Count;
                if (isFull || arguments.Script.IsFragmented(at))
                {
                    break;
                }
            }

            Require(producer.SendBatch(batch.ToArray(), out int sent), index);
            return sent;
        }

        /// <summary>What is no answer of a send is thrown by the send itself.</summary>
        private static void Require(Status status, long index)
        {
            if (!status)
            {
                throw new Failure("message " + index + ": " + status);
            }
        }
    }
}

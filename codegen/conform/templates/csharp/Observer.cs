// What a third process reads of a ring.
using System.Collections.Generic;
using System.Globalization;
using {{ view.namespace }};

namespace ConformancePeer
{
    public static class Observer
    {
        /// <summary>The counters and states of a ring as JSON.</summary>
        public static string Json(string name)
        {
            using (var monitor = new SharedMemoryMonitor(name))
            {
                Snapshot all = monitor.Snapshot;
                Statistics counters = all.Statistics;
                var members = new List<string>
                {
                    "\"ok\":true",
                    Number("messages_sent", counters.MessagesSent),
                    Number("messages_received", counters.MessagesReceived),
                    Number("bytes_sent", counters.BytesSent),
                    Number("bytes_received", counters.BytesReceived),
                    Number("errors", counters.Errors),
                    Number("send_failures", all.SendFailures),
                    Number("receive_errors", all.ReceiveErrors),
                    Number("producer_missed_wakeups", all.Producer.MissedWakeups),
                    Number("consumer_missed_wakeups", all.Consumer.MissedWakeups),
                    Number("used", all.UsedBytes),
                    Number("capacity", all.Capacity),
                    string.Format(
                        CultureInfo.InvariantCulture,
                        "\"avg_message_size\":{0:0.000000}",
                        counters.AvgMessageSize),
                    "\"producer_state\":" + Text.Json(WordOf(all.Producer.State)),
                    "\"consumer_state\":" + Text.Json(WordOf(all.Consumer.State)),
                };
                return "{" + string.Join(",", members) + "}";
            }
        }

        /// <summary>What the header says of a side, whatever became of its process.</summary>
        private static string WordOf(PeerState state)
        {
            switch (state)
            {
                case PeerState.Never: return "never";
                case PeerState.Closed: return "closed";
                default: return "attached";
            }
        }

        private static string Number(string label, ulong number) =>
            "\"" + label + "\":" + number.ToString(CultureInfo.InvariantCulture);
    }
}

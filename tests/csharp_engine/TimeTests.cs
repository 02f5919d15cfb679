// How long calls take, and the times that they are given.
using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Threading;
using BitRPC.SharedMemory;
using BitRPC.SharedMemory.Messages;
using static EngineTests.Program;

namespace EngineTests
{
    internal static class TimeTests
    {
        internal static void AddTo(Action<string, Action> add)
        {
            add("a_send_that_is_out_of_time_says_timeout_and_counts_once", SendTimeouts);
            add("a_message_in_pieces_keeps_one_deadline", OneDeadline);
            add("a_changed_send_timeout_holds_for_later_sends", ChangedTimeout);
            add("extreme_times_are_refused", Refusals);
            add("extreme_times_wait", Waits);
        }

        private static void Fill(SharedMemoryProducer producer)
        {
            while (producer.TrySend(new byte[100]))
            {
            }
        }

        private static void SendTimeouts()
        {
            var options = Sized(1024);
            options.SendTimeout = TimeSpan.FromMilliseconds(120);
            Both(options, (producer, consumer) =>
            {
                Fill(producer);
                ulong before = producer.Snapshot.SendFailures;
                var time = Stopwatch.StartNew();
                Is((Status)ErrorCode.Timeout, producer.Send(new byte[100]), "send");
                That(time.ElapsedMilliseconds >= 119, "too early");
                Is((Status)ErrorCode.Timeout, producer.SendString(new string('x', 99)), "text");
                Is((Status)ErrorCode.Timeout, producer.Claim(MessageType.Data, 99, out _), "claim");
                Is((Status)ErrorCode.Full, producer.TrySend(new byte[100]), "try");
                Is(before + 4, producer.Snapshot.SendFailures, "calls");
                Is((Status)ErrorCode.Timeout, Begun(SendLater(producer)).Result, "later");
                Is(before + 5, producer.Snapshot.SendFailures, "calls, not looks");
                _ = consumer.Clear();
            });
            options.SendTimeout = TimeSpan.Zero;
            Both(options, (producer, consumer) =>
            {
                Fill(producer);
                ulong before = producer.Snapshot.SendFailures;
                Is((Status)ErrorCode.Full, producer.Send(new byte[100]), "without waiting");
                Is((Status)ErrorCode.Full, Begun(SendLater(producer)).Result, "later");
                Is(before + 2, producer.Snapshot.SendFailures, "calls");
                _ = consumer.Clear();
            });
        }

#if NETCOREAPP3_0_OR_GREATER
        private static System.Threading.Tasks.ValueTask<Status> SendLater(
            SharedMemoryProducer producer) =>
            producer.SendAsync(MessageType.Data, new byte[100]);
#else
        private static System.Threading.Tasks.Task<Status> SendLater(
            SharedMemoryProducer producer) =>
            producer.SendAsync(MessageType.Data, new byte[100]);
#endif

        private static void OneDeadline()
        {
            var options = Sized(1024);
            options.SendTimeout = TimeSpan.FromMilliseconds(300);
            Both(options, (producer, consumer) =>
            {
                bool isOver = false;
                var receiver = new Thread(() =>
                {
                    // Takes a piece each 100 ms: each for itself would be in time.
                    while (!Volatile.Read(ref isOver))
                    {
                        Thread.Sleep(100);
                        _ = consumer.TryReceive(out _);
                    }
                });
                receiver.Start();
                var time = Stopwatch.StartNew();
                Status status = producer.SendFragmented(MessageType.Data, new byte[100000]);
                Volatile.Write(ref isOver, true);
                Is((Status)ErrorCode.Timeout, status, "the whole call");
                That(time.ElapsedMilliseconds >= 299, "too early");
                receiver.Join();
                Is(1UL, producer.Snapshot.SendFailures, "counted");
                _ = consumer.Clear();
            });
        }

        private static void ChangedTimeout() => Both(1024, (producer, consumer) =>
        {
            while (producer.TrySend(new byte[40]))
            {
            }

            producer.SetSendTimeout(TimeSpan.FromMilliseconds(5));
            Is((Status)ErrorCode.Timeout, producer.Send(new byte[40]), "as set");
            Throws<ArgumentOutOfRangeException>(
                () => producer.SetSendTimeout(TimeSpan.FromMilliseconds(-2)), "no time");
            Is((Status)ErrorCode.Timeout, producer.Send(new byte[40]), "as before");
            _ = consumer.Clear();
        });

        private static void Refusals() => Both(4096, (producer, consumer) =>
        {
            var list = new List<SharedMemoryMessage>();
            var calls = new Dictionary<string, Action<int>>
            {
                { "Receive", ms => consumer.Receive(out _, ms) },
                { "ReceiveMessage", ms => consumer.ReceiveMessage(out _, ms) },
                { "ReceiveString", ms => consumer.ReceiveString(ms) },
                { "ReceiveString out", ms => consumer.ReceiveString(out _, ms) },
                { "ReceiveTyped", ms => ReceiveTyped(consumer, ms) },
                { "ReceivePlain", ms => consumer.ReceivePlain(out int _, ms) },
                { "ReceiveBatch", ms => consumer.ReceiveBatch(list, 1, ms) },
                { "Messages", ms => consumer.Messages(ms) },
                { "WaitForPeer", ms => consumer.WaitForPeer(ms) },
                { "the producer's WaitForPeer", ms => producer.WaitForPeer(ms) },
            };
            var spans = new Dictionary<string, Action<TimeSpan>>
            {
                { "Receive", time => consumer.Receive(out _, time) },
                { "TryReceive", time => consumer.TryReceive(out _, time) },
                { "ReceiveMessage", time => consumer.ReceiveMessage(out _, time) },
                { "ReceiveString", time => consumer.ReceiveString(time) },
                { "ReceiveString out", time => consumer.ReceiveString(out _, time) },
                { "ReceiveTyped", time => ReceiveTyped(consumer, time) },
                { "ReceivePlain", time => consumer.ReceivePlain(out int _, time) },
                { "ReceiveBatch", time => consumer.ReceiveBatch(list, 1, time) },
                { "WaitForPeer", time => consumer.WaitForPeer(time) },
                { "the producer's WaitForPeer", time => producer.WaitForPeer(time) },
                { "PeerStateAfter", time => consumer.PeerStateAfter(time) },
                { "Spin", time => Attach(new SharedMemoryOptions { Spin = time }) },
                { "SendTimeout", time => Attach(new SharedMemoryOptions { SendTimeout = time }) },
                { "heartbeat", time => new SharedMemoryManager(NewName(), true, null, time) },
            };
            That(producer.SendString("refused also where nothing has to be waited for"), "send");
            foreach (int ms in new[] { -2, int.MinValue })
            {
                foreach (KeyValuePair<string, Action<int>> call in calls)
                {
                    Throws<ArgumentOutOfRangeException>(
                        () => call.Value(ms), call.Key + " " + ms);
                }

                foreach (KeyValuePair<string, Action<TimeSpan>> call in spans)
                {
                    TimeSpan time = ms == -2 ? TimeSpan.FromMilliseconds(ms) : TimeSpan.MinValue;
                    Throws<ArgumentOutOfRangeException>(
                        () => call.Value(time), call.Key + " " + time);
                }
            }

            Throws<ArgumentOutOfRangeException>(
                () => new SharedMemoryManager(NewName(), true, null, TimeSpan.Zero), "heartbeat 0");
            Throws<ArgumentOutOfRangeException>(
                () => Attach(new SharedMemoryOptions { MaxMessageSize = -1 }), "size");
            Throws<ArgumentOutOfRangeException>(
                () => Attach(new SharedMemoryOptions { FragmentSize = -1 }), "size");
            Is(0UL, consumer.Statistics.MessagesReceived, "nothing was received");
            Is(1L, consumer.Clear(), "it is still there");
        });

        private static void Attach(SharedMemoryOptions options) =>
            new SharedMemoryProducer(NewName(), options).Close();

        private static void ReceiveTyped(SharedMemoryConsumer consumer, int timeoutMs)
        {
            TestData data;
            _ = consumer.ReceiveTyped(out data, timeoutMs);
        }

        private static void ReceiveTyped(SharedMemoryConsumer consumer, TimeSpan timeout)
        {
            TestData data;
            _ = consumer.ReceiveTyped(out data, timeout);
        }

        private static void Waits()
        {
            TimeSpan[] times =
            {
                Timeout.InfiniteTimeSpan, TimeSpan.MaxValue, TimeSpan.FromDays(200000),
                TimeSpan.FromMilliseconds(int.MaxValue), TimeSpan.FromMilliseconds(1L << 31),
            };
            foreach (TimeSpan time in times)
            {
                var options = Sized(1024);
                options.SendTimeout = time;
                options.Spin = TimeSpan.FromTicks(1);
                Both(options, (producer, consumer) =>
                {
                    string text = null;
                    var receiver = new Thread(() => text = consumer.ReceiveString(time));
                    receiver.Start();
                    That(!receiver.Join(30), "it did not wait " + time);
                    That(producer.SendString("here"), "send");
                    receiver.Join();
                    Is("here", text, "receive");
                    Fill(producer);
                    bool isSent = false;
                    var sender = new Thread(() => isSent = producer.Send(new byte[100]));
                    sender.Start();
                    That(!sender.Join(30), "it did not wait " + time);
                    _ = consumer.Clear();
                    sender.Join();
                    That(isSent, "send");
                    _ = consumer.Clear();
                });
                using (var manager = new SharedMemoryManager(NewName(), true, null, time))
                {
                    manager.Start();
                    Is(PeerState.Never, manager.PeerState, "nobody was there");
                }
            }

            Both(1024, (producer, consumer) =>
            {
                var receiver = new Thread(() => consumer.Receive(out _, int.MaxValue));
                receiver.Start();
                That(!receiver.Join(30), "it did not wait");
                consumer.Interrupt();
                receiver.Join();
            });
        }
    }
}

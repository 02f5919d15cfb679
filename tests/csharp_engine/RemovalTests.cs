// Who removes a ring's file, and who notices that it is gone.
using System;
using System.Diagnostics;
using System.IO;
using System.Threading;
using BitRPC.SharedMemory;
using static EngineTests.Program;

namespace EngineTests
{
    internal static class RemovalTests
    {
        private const int Hang = 60000;

        internal static void AddTo(Action<string, Action> add)
        {
            add("the_last_one_out_removes_the_file_whichever_it_is", LastOneOut);
            add("two_that_close_at_once_remove_the_file", BothAtOnce);
            add("a_ring_that_is_not_drained_stays", NotDrained);
            add("a_side_that_is_not_the_last_one_does_not_wait_for_the_other", NotTheLast);
            add("a_close_waits_for_no_peer_that_says_neither_closed_nor_attached", Nonsense);
            add("a_removed_file_is_noticed", Removed);
            add("a_removed_file_is_noticed_by_a_slow_producer_with_room", SlowProducer);
            add("a_removed_file_is_noticed_by_a_fast_producer_without_a_consumer", FastProducer);
            add("removed_is_told_before_closed_and_for_ever", ForEver);
            add("a_second_name_does_not_hide_a_removal", SecondName);
        }

        private static void LastOneOut()
        {
            foreach (bool consumerFirst in new[] { false, true })
            {
                string name = NewName();
                var producer = new SharedMemoryProducer(name, Sized(4096));
                var consumer = new SharedMemoryConsumer(name, Sized(4096));
                That(producer.SendString("x"), "send");
                Is("x", consumer.ReceiveString(0), "receive");
                (consumerFirst ? (IDisposable)consumer : producer).Dispose();
                That(File.Exists(SharedMemoryFactory.RingPath(name)), "one is left");
                (consumerFirst ? (IDisposable)producer : consumer).Dispose();
                That(!File.Exists(SharedMemoryFactory.RingPath(name)), "none is left");
            }

            string alone = NewName();
            new SharedMemoryConsumer(alone, Sized(4096)).Close();
            That(!File.Exists(SharedMemoryFactory.RingPath(alone)), "a consumer alone");
            new SharedMemoryProducer(alone, Sized(4096)).Close();
            That(!File.Exists(SharedMemoryFactory.RingPath(alone)), "a producer alone");
        }

        private static void BothAtOnce()
        {
            for (int round = 0; round < 200; round++)
            {
                string name = NewName();
                var producer = new SharedMemoryProducer(name, Sized(1024));
                var consumer = new SharedMemoryConsumer(name, Sized(1024));
                var other = new Thread(consumer.Close);
                other.Start();
                producer.Close();
                other.Join();
                That(
                    !File.Exists(SharedMemoryFactory.RingPath(name)),
                    "left behind in round " + round);
            }
        }

        private static void NotDrained()
        {
            string name = NewName();
            var producer = new SharedMemoryProducer(name, Sized(4096));
            var consumer = new SharedMemoryConsumer(name, Sized(4096));
            That(producer.SendString("x"), "send");
            producer.Close();
            consumer.Close();
            That(File.Exists(SharedMemoryFactory.RingPath(name)), "a message is left, so it stays");
            using (consumer = new SharedMemoryConsumer(name, Sized(4096)))
            {
                Is("x", consumer.ReceiveString(0), "what was left");
            }

            That(!File.Exists(SharedMemoryFactory.RingPath(name)), "drained, so it goes");
        }

        private static void NotTheLast()
        {
            string name = NewName();
            using (new SharedMemoryProducer(name, Sized(4096)))
            {
                var time = Stopwatch.StartNew();
                for (int i = 0; i < 20; i++)
                {
                    new SharedMemoryConsumer(name, Sized(4096)).Close();
                }

                That(time.ElapsedMilliseconds < 20 * 2500, "it waits for a peer that stays");
            }
        }

        private static void Nonsense()
        {
            var time = Stopwatch.StartNew();
            for (int i = 0; i < 20; i++)
            {
                string name = NewName();
                using (var producer = new SharedMemoryProducer(name, Sized(4096)))
                using (new SharedMemoryConsumer(name, Sized(4096)))
                {
                    Poke(producer.Ring.Path, RingHeaderLayout.ProducerState, 7, sizeof(uint));
                }
            }

            That(time.ElapsedMilliseconds < Hang, "it waits for a peer that stays");
        }

        private static void Removed() => Both(4096, (producer, consumer) =>
        {
            string name = producer.Name;
            That(producer.SendString("last"), "send");
            That(SharedMemoryFactory.RemoveRing(name), "remove");
            That(!SharedMemoryFactory.RemoveRing(name), "there is none any more");
            Is("last", consumer.ReceiveString(Hang), "what was sent");
            Refused(ErrorCode.Removed, () => consumer.Receive(out _, Hang));
        });

        private static void SlowProducer() => Both(65536, (producer, consumer) =>
        {
            var receiver = new Thread(() =>
            {
                SharedMemoryMessage message;
                Refused(ErrorCode.Removed, () =>
                {
                    while (consumer.ReceiveMessage(out message))
                    {
                    }
                });
            });
            receiver.Start();
            That(producer.SendString("before"), "send");
            That(SharedMemoryFactory.RemoveRing(producer.Name), "remove");
            int sent = 0;
            Refused(ErrorCode.Removed, () =>
            {
                while (producer.SendString("into nothing"))
                {
                    sent++;
                    That(sent < 10000, "it goes on and on");
                    Thread.Sleep(1);
                }
            });
            receiver.Join();
            Refused(ErrorCode.Removed, () => producer.SendString("again"));
        });

        private static void FastProducer()
        {
            string name = NewName();
            using (var producer = new SharedMemoryProducer(name))
            {
                That(producer.Send(new byte[8]), "send");
                Thread.Sleep(150); // more than between two looks
                That(SharedMemoryFactory.RemoveRing(name), "remove");
                int sent = 0;
                Status status = ErrorCode.Ok;
                while (status && sent <= 1000)
                {
                    status = producer.TrySend(new byte[8]);
                    sent++;
                }

                Is((Status)ErrorCode.Removed, status, "after " + sent);
                Is((Status)ErrorCode.Removed, producer.TrySend(new byte[8]), "again");
                ulong counted = producer.Statistics.MessagesSent;
                Refused(ErrorCode.Removed, () => producer.Claim(MessageType.Data, 8, out _));
                BatchWriter batch = producer.Batch();
                Is(
                    (Status)ErrorCode.Removed,
                    batch.TryPush(MessageType.Data, new byte[1]),
                    "in a batch");
                Is(counted, producer.Statistics.MessagesSent, "nothing is written");
            }
        }

        private static void ForEver()
        {
            string name = NewName();
            using (var consumer = new SharedMemoryConsumer(name, Sized(4096)))
            {
                var producer = new SharedMemoryProducer(name, Sized(4096));
                That(producer.SendString("last"), "send");
                That(SharedMemoryFactory.RemoveRing(name), "remove");
                producer.Close();
                Is("last", consumer.ReceiveString(), "what is left");
                for (int i = 0; i < 3; i++)
                {
                    Refused(ErrorCode.Removed, () => consumer.Receive(out _, Hang));
                    Is((Status)ErrorCode.Removed, consumer.TryReceive(out _), "try");
                }
            }

            That(!File.Exists(SharedMemoryFactory.RingPath(name)), "nobody makes it anew");
        }

        private static void SecondName() => Both(4096, (producer, consumer) =>
        {
            string path = producer.Path;
            // What a creator leaves that is killed between giving the name and taking the other.
            string second = path + ".second";
            That(MakeLink(path, second) == 0, "link");
            try
            {
                Is((Status)ErrorCode.Timeout, consumer.Receive(out _, 150), "it has its name");
                File.Delete(path);
                Refused(ErrorCode.Removed, () => consumer.Receive(out _, Hang));
            }
            finally
            {
                File.Delete(second);
            }
        });

        [System.Runtime.InteropServices.DllImport(
            "libc", EntryPoint = "link", CharSet = System.Runtime.InteropServices.CharSet.Ansi)]
        private static extern int MakeLink(string from, string to);
    }
}

// Calls that wait without a thread of their own.
using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Threading;
using System.Threading.Tasks;
using BitRPC.SharedMemory;
using BitRPC.SharedMemory.Messages;
using static EngineTests.Program;

namespace EngineTests
{
    internal static class AsyncTests
    {
        private const int Hang = 60000;

        internal static void AddTo(Action<string, Action> add)
        {
            add("asynchronous_receives_wait_and_can_be_cancelled", Receives);
            add("texts_and_structs_are_received_asynchronously", Typed);
            add("many_pending_receives_take_no_thread_of_the_pool", ManyPending);
            add("asynchronous_receives_miss_no_wake_up", Gaps);
            add("asynchronous_waits_without_a_system_call_for_them_nap", Naps);
            add("interrupt_and_close_end_an_asynchronous_receive", Ended);
            add("an_asynchronous_receive_is_told_of_ends", Ends);
            add("a_call_beside_an_asynchronous_one_is_refused", Beside);
            add("asynchronous_sends_wait_for_room", Sends);
            add("an_asynchronous_stream_heeds_both_tokens", Streams);
            add("idle_asynchronous_receives_use_no_processor_time", Idle);
        }

        private static T Result<T>(Task<T> task)
        {
            That(task.Wait(Hang), "the task hangs");
            return task.Result;
        }

        private static TException Fails<TException>(Task task)
            where TException : Exception
        {
            try
            {
                That(task.Wait(Hang), "the task hangs");
            }
            catch (AggregateException error) when (error.InnerException is TException)
            {
                return (TException)error.InnerException;
            }

            throw new Failure("the task did not fail with " + typeof(TException).Name);
        }

        private static void Receives() => Both(4096, (producer, consumer) =>
        {
            Task<SharedMemoryMessage> task = Begun(consumer.ReceiveAsync());
            That(!task.IsCompleted, "nothing is there");
            That(producer.SendString("later"), "send");
            Is("later", Result(task).GetText(), "text");
            That(producer.SendString("at once"), "send");
            task = Begun(consumer.ReceiveAsync());
            That(task.IsCompleted, "it was there");
            Is("at once", Result(task).GetText(), "text");
            for (int i = 0; i < 200; i++)
            {
                var cancel = new CancellationTokenSource();
                task = Begun(consumer.ReceiveAsync(cancel.Token));
                cancel.Cancel();
                _ = Fails<TaskCanceledException>(task);
                That(producer.SendString("behind it"), "send");
                Is("behind it", consumer.ReceiveString(Hang), "after the cancelled one");
            }

            var cancelled = new CancellationToken(true);
            That(Begun(consumer.ReceiveAsync(cancelled)).IsCanceled, "cancelled before");
        });

        private static void Typed() => Both(4096, (producer, consumer) =>
        {
            Task<TestData?> data = Begun(consumer.ReceiveTypedAsync<TestData>());
            That(producer.SendTyped(new TestData { Id = 5 }), "send");
            Is(5, Result(data).Value.Id, "a struct");
            Task<string> text = Begun(consumer.ReceiveStringAsync());
            That(producer.SendString("hello"), "send");
            Is("hello", Result(text), "a text");
            data = Begun(consumer.ReceiveTypedAsync<TestData>());
            That(producer.Send(MessageType.Control, new byte[3]), "send");
            SharedMemoryException error = Fails<SharedMemoryException>(data);
            Is(ErrorCode.TypeMismatch, error.Code, "another type");
            That(consumer.Skip(), "which stays");
            producer.Close();
            That(Result(Begun(consumer.ReceiveTypedAsync<TestData>())) == null, "the end");
            Is((Status)ErrorCode.Closed, consumer.LastStatus, "why");
        });

        private static void ManyPending()
        {
            const int Count = 40;
            var producers = new List<SharedMemoryProducer>();
            var consumers = new List<SharedMemoryConsumer>();
            var tasks = new List<Task<SharedMemoryMessage>>();
            for (int i = 0; i < Count; i++)
            {
                string name = NewName();
                producers.Add(new SharedMemoryProducer(name, Sized(1024)));
                consumers.Add(new SharedMemoryConsumer(name, Sized(1024)));
                tasks.Add(Begun(consumers[i].ReceiveAsync()));
            }

            // A thread of the pool that waited for each of them would not get to this.
            var time = Stopwatch.StartNew();
            for (int i = 0; i < 5; i++)
            {
                That(Task.Delay(1).Wait(Hang), "the pool is taken");
            }

            That(time.ElapsedMilliseconds < 5000, "the pool is slow");
            for (int i = Count - 1; i >= 0; i--)
            {
                That(producers[i].SendString("m" + i), "send");
                Is("m" + i, Result(tasks[i]).GetText(), "receive");
            }

            for (int i = 0; i < Count; i++)
            {
                producers[i].Close();
                consumers[i].Close();
            }
        }

        private static void Exchange(int count)
        {
            var options = new SharedMemoryOptions { Capacity = 4096, DiagnoseWakeups = true };
            Both(options, (producer, consumer) =>
            {
                Task<int> receiver = Task.Run(async () =>
                {
                    int received = 0;
                    while (received < count)
                    {
                        SharedMemoryMessage message = await consumer.ReceiveAsync();
                        received += message.Payload.Length == received % 50 ? 1 : count;
                    }

                    return received;
                });
                var random = new Random(6);
                for (int i = 0; i < count; i++)
                {
                    long gap = random.Next(100) * Stopwatch.Frequency / 1000000;
                    long end = Stopwatch.GetTimestamp() + gap;
                    while (Stopwatch.GetTimestamp() < end)
                    {
                    }

                    That(producer.Send(new byte[i % 50]), "send");
                }

                Is(count, Result(receiver), "received");
                Is(0UL, consumer.Snapshot.Consumer.MissedWakeups, "missed wake-ups");
            });
        }

        private static void Gaps() => Exchange(5000);

        /// <summary>The same where the kernel waits for one word only.</summary>
        private static void Naps()
        {
            if (!Sandbox.IsKnown)
            {
                return;
            }

            var words = new RingWord[2];
            RingWakePoints points = Platform.Current.OwnWakePoints();
            Sandbox.Run(
                () =>
                {
                    unsafe
                    {
                        uint first = 0;
                        uint second = 0;
                        words[0] = new RingWord { Address = &first, Points = points };
                        words[1] = new RingWord { Address = &second, Points = points };
                        var platform = new RingLinuxPlatform();
                        var time = Stopwatch.StartNew();
                        platform.WaitAny(words, 2, 20000000);
                        That(time.ElapsedMilliseconds >= 19, "the bound");
                        second = 1;
                        platform.WaitAny(words, 2, 60000000000);
                    }
                },
                Sandbox.Deny(Sandbox.FutexWaitV, Sandbox.NotImplemented));
        }

        private static void Ended()
        {
            for (int i = 0; i < 300; i++)
            {
                Both(1024, (producer, consumer) =>
                {
                    Task<SharedMemoryMessage> task = Begun(consumer.ReceiveAsync());
                    consumer.Interrupt();
                    That(Result(task) == null, "interrupted");
                    Is((Status)ErrorCode.Timeout, consumer.LastStatus, "why");
                    task = Begun(consumer.ReceiveAsync());
                    consumer.Close();
                    _ = Fails<ObjectDisposedException>(task);
                    Throws<ObjectDisposedException>(() => consumer.ReceiveAsync(), "closed");
                });
            }
        }

        private static void Ends()
        {
            string name = NewName();
            using (var consumer = new SharedMemoryConsumer(name, Sized(4096)))
            {
                var producer = new SharedMemoryProducer(name, Sized(4096));
                Task<SharedMemoryMessage> task = Begun(consumer.ReceiveAsync());
                producer.Close();
                That(Result(task) == null, "the end");
                Is((Status)ErrorCode.Closed, consumer.LastStatus, "why");
                task = Begun(consumer.ReceiveAsync());
                That(!task.Wait(30), "told once");
                using (producer = new SharedMemoryProducer(name, Sized(4096)))
                {
                    That(producer.SendString("of the next one"), "send");
                    Is("of the next one", Result(task).GetText(), "it waits");
                }

                That(Result(Begun(consumer.ReceiveAsync())) == null, "its end");
            }

            name = NewName();
            Process child = StartHolder("producer", name);
            using (var consumer = new SharedMemoryConsumer(name))
            {
                Task<SharedMemoryMessage> task = Begun(consumer.ReceiveAsync());
                child.Kill();
                child.WaitForExit();
                Is(ErrorCode.PeerDied, Fails<SharedMemoryException>(task).Code, "a death");
                task = Begun(consumer.ReceiveAsync());
                That(SharedMemoryFactory.RemoveRing(name), "remove");
                Is(ErrorCode.Removed, Fails<SharedMemoryException>(task).Code, "a removal");
            }
        }

        private static void Beside() => Both(1024, (producer, consumer) =>
        {
            Task<SharedMemoryMessage> task = Begun(consumer.ReceiveAsync());
            Throws<InvalidOperationException>(() => consumer.ReceiveAsync(), "a second one");
            Throws<InvalidOperationException>(() => consumer.TryReceive(out _), "a try");
            Throws<InvalidOperationException>(() => consumer.Clear(), "a clear");
            That(producer.SendString("a"), "send");
            Is("a", Result(task).GetText(), "receive");
            Is((Status)ErrorCode.Empty, consumer.TryReceive(out _), "it is free again");
            while (producer.TrySend(new byte[100]))
            {
            }

            Task<Status> send = Begun(producer.SendAsync(MessageType.Data, new byte[100]));
            That(!send.IsCompleted, "it waits");
            Throws<InvalidOperationException>(() => producer.TrySend(new byte[1]), "a send");
            Throws<InvalidOperationException>(() => producer.Batch(), "a batch");
            That(consumer.Skip() && consumer.Skip(), "make room");
            That(Result(send), "send");
            That(producer.TrySend(new byte[1]), "it is free again");
            _ = consumer.Clear();
        });

        private static void Sends()
        {
            var options = Sized(1024);
            Both(options, (producer, consumer) =>
            {
                const int Count = 3000;
                Task sender = Task.Run(async () =>
                {
                    var data = new TestData { Id = 8 };
                    for (int i = 0; i < Count; i++)
                    {
                        bool isSent =
                            await producer.SendAsync(MessageType.Data, new byte[i % 400])
                            && await producer.SendStringAsync("text")
                            && await producer.SendTypedAsync(data)
                            && await producer.SendMessageAsync(
                                new SharedMemoryMessage(MessageType.Control, new byte[3]));
                        That(isSent, "send");
                    }
                });
                for (int i = 0; i < Count; i++)
                {
                    That(consumer.Receive(out ReceivedMessage message, Hang), "receive");
                    Is(i % 400, message.Payload.Length, "length");
                    Is("text", consumer.ReceiveString(Hang), "text");
                    That(consumer.ReceiveTyped(out TestData data, Hang) && data.Id == 8, "struct");
                    That(consumer.Receive(out message, Hang), "receive");
                    Is(MessageType.Control, message.MessageType, "type");
                }

                That(sender.Wait(Hang), "the sender");
                Is(0UL, producer.Snapshot.SendFailures, "none of them failed");
                Is(
                    ErrorCode.TooLarge,
                    Fails<SharedMemoryException>(
                        Begun(producer.SendAsync(MessageType.Data, new byte[1000]))).Code,
                    "what Send throws");
                while (producer.TrySend(new byte[100]))
                {
                }

                var cancel = new CancellationTokenSource();
                Task<Status> send = Begun(producer.SendAsync(
                    MessageType.Data, new byte[100], default(MessageFlags), cancel.Token));
                cancel.Cancel();
                _ = Fails<TaskCanceledException>(send);
                send = Begun(producer.SendStringAsync(new string('x', 100)));
                producer.Interrupt();
                Is((Status)ErrorCode.Timeout, Result(send), "interrupted");
                send = Begun(producer.SendStringAsync(new string('x', 100)));
                producer.Close();
                _ = Fails<ObjectDisposedException>(send);
                _ = consumer.Clear();
            });
        }

        private static void Streams()
        {
#if NETCOREAPP3_0_OR_GREATER
            Both(4096, (producer, consumer) =>
            {
                for (int which = 0; which < 2; which++)
                {
                    var cancel = new CancellationTokenSource();
                    CancellationToken own = which == 0 ? cancel.Token : CancellationToken.None;
                    CancellationToken other = which == 1 ? cancel.Token : CancellationToken.None;
                    That(producer.SendString("one"), "send");
                    IAsyncEnumerator<SharedMemoryMessage> stream =
                        consumer.MessagesAsync(own).GetAsyncEnumerator(other);
                    That(Result(Begun(stream.MoveNextAsync())), "the first");
                    Is("one", stream.Current.GetText(), "text");
                    Task<bool> next = Begun(stream.MoveNextAsync());
                    cancel.Cancel();
                    _ = Fails<TaskCanceledException>(next);
                    That(stream.DisposeAsync().AsTask().Wait(Hang), "dispose");
                }

                IAsyncEnumerator<SharedMemoryMessage> last =
                    consumer.MessagesAsync().GetAsyncEnumerator(CancellationToken.None);
                producer.Close();
                That(!Result(Begun(last.MoveNextAsync())), "the end");
            });
#endif
        }

        private static void Idle()
        {
            var consumers = new List<SharedMemoryConsumer>();
            for (int i = 0; i < 8; i++)
            {
                consumers.Add(new SharedMemoryConsumer(NewName(), Sized(1024)));
                _ = Begun(consumers[i].ReceiveAsync());
            }

            double best = double.MaxValue;
            for (int attempt = 0; attempt < 10 && best >= 20; attempt++)
            {
                double before = WaitTests.ProcessorMs();
                Thread.Sleep(2000);
                best = Math.Min(best, WaitTests.ProcessorMs() - before);
            }

            foreach (SharedMemoryConsumer consumer in consumers)
            {
                consumer.Close();
            }

            That(best < 20, best + " ms of processor time in 2 s");
        }
    }
}

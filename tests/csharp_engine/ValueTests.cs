// Structs: versions of them, comparing and printing them, and large ones.
using System;
using System.Runtime.InteropServices;
using BitRPC.SharedMemory;
using BitRPC.SharedMemory.Messages;
using static EngineTests.Program;

namespace EngineTests
{
    internal static unsafe class ValueTests
    {
        private const int SizeOfTestData = 88;
        private const int EightMegabytes = 8 << 20;

        internal static void AddTo(Action<string, Action> add)
        {
            add("an_older_or_plain_struct_is_received", OlderStructs);
            add("an_older_reader_reads_the_known_part_of_a_newer_message", NewerStructs);
            add("a_message_that_does_not_fit_is_skipped_by_skip", Misfits);
            add("structs_compare_and_print_their_fields", Compared);
            add("a_struct_of_eight_megabytes_travels_in_every_way", Wide);
            add("eight_megabytes_are_written_and_read_in_place", WideInPlace);
        }

        private struct IntAndDouble
        {
            internal int A;
            internal double B;
        }

        /// <summary>A struct that has no room on the stack.</summary>
        [StructLayout(LayoutKind.Explicit, Size = Bytes)]
        private struct WideStruct : IPayload
        {
#if __MonoCS__
            internal const int Bytes = 1023 << 10; // Mono loads no type of more than 1 MB
#else
            internal const int Bytes = EightMegabytes;
#endif

            [FieldOffset(0)]
            internal long First;
            [FieldOffset(Bytes - 8)]
            internal long Last;

            public MessageType PayloadType => (MessageType)7777;

            public int PayloadSize => Bytes;

            public void WriteTo(Span<byte> destination)
            {
                fixed (long* start = &First)
                {
                    new ReadOnlySpan<byte>(start, Bytes).CopyTo(destination);
                }
            }

            public Status ReadFrom(ReadOnlySpan<byte> payload)
            {
                fixed (long* start = &First)
                {
                    payload.CopyTo(new Span<byte>(start, Bytes));
                }

                return ErrorCode.Ok;
            }
        }

        private static void OlderStructs() => Both(4096, (producer, consumer) =>
        {
            var whole = new TestData { Id = 7, Value = 2.5, Message = "héllo", Timestamp = 99 };
            That(producer.SendTyped(in whole), "send");
            That(consumer.ReceiveTyped(out TestData found, 0), "receive");
            That(found == whole, "all fields");
            Is("héllo", found.Message.ToString(), "text");
            var mine = new IntAndDouble { A = 3, B = 4.5 };
            That(producer.SendPlain(mine) && producer.SendPlain(mine), "send");
            That(consumer.ReceiveTyped(out found, 0), "an older sender's");
            That(found.Id == 3 && found.Value == 4.5 && found.Timestamp == 0, "fields");
            That(consumer.ReceivePlain(out IntAndDouble back, 0) && back.B == 4.5, "plain");
            That(producer.SendTyped(in whole), "send");
            That(consumer.TryReceive(out ReceivedMessage message), "receive");
            That(AnyMessage.Decode(in message, out object boxed) && boxed is TestData, "decode");
        });

        private static void NewerStructs()
        {
            byte[] newer = new byte[SizeOfTestData + 40]; // fields, or a tail, that were appended
            newer[0] = 9;
            newer[SizeOfTestData] = 77;
            Both(4096, (producer, consumer) =>
            {
                for (int length = SizeOfTestData; length < newer.Length; length += 13)
                {
                    That(producer.Send(new ReadOnlySpan<byte>(newer, 0, length)), "send");
                    That(consumer.ReceiveTyped(out TestData data, 0), "receive " + length);
                    Is(9, data.Id, "the known part of " + length);
                }

                That(producer.Send(newer), "send");
                That(consumer.ReceiveMessage(out SharedMemoryMessage message, 0), "receive");
                That(message.Decode(out TestData known) && known.Id == 9, "of a copy");
                Is((Status)ErrorCode.SizeMismatch, message.DecodeExact(out known), "exactly");
                Is(0, known.Id, "all zero");
            });
            var exact = new SharedMemoryOptions { Capacity = 4096, ExactSize = true };
            Both(exact, (producer, consumer) =>
            {
                That(producer.Send(newer), "send");
                TestData data;
                SharedMemoryException error =
                    Refused(ErrorCode.SizeMismatch, () => consumer.ReceiveTyped(out data, 0));
                Is((ulong)newer.Length, error.Found, "found");
                That(consumer.Skip(), "skip");
                That(producer.Send(new ReadOnlySpan<byte>(newer, 0, SizeOfTestData)), "send");
                That(consumer.ReceiveTyped(out data, 0), "the exact size");
            });
        }

        private static void Misfits() => Both(4096, (producer, consumer) =>
        {
            That(producer.Send(new byte[3]), "an impossible size");
            That(producer.Send(MessageType.Control, new byte[SizeOfTestData]), "another type");
            That(producer.Send(new byte[] { 0xFF }), "no text");
            That(producer.SendTyped(new TestData { Id = 4 }), "send");
            TestData data;
            for (int i = 0; i < 3; i++)
            {
                ErrorCode expected = i == 1 ? ErrorCode.TypeMismatch : ErrorCode.SizeMismatch;
                Refused(expected, () => consumer.ReceiveTyped(out data, 0));
                Is((Status)expected, consumer.TryReceiveTyped(out data), "again");
                Is((Status)expected, consumer.LastStatus, "kept");
                That(consumer.Skip(), "skip");
            }

            That(consumer.ReceiveTyped(out data, 0) && data.Id == 4, "what follows");
        });

        private static void Compared()
        {
            var one = new TestData { Id = 1, Value = double.NaN, Message = "x", Timestamp = 2 };
            TestData other = one;
            That(one == other && one.Equals((object)other), "the same");
            Is(one.GetHashCode(), other.GetHashCode(), "hash");
            other.Message.Set("y");
            That(one != other && !one.Equals(other), "another text");
            one.Value = 0.5;
            Is(
                "TestData { Id = 1, Value = 0.5, Message = x, Timestamp = 2 }",
                one.ToString(),
                "printed");
            Is("Data", MessageType.Data.ToString(), "a message type");
        }

        /// <summary>Where a struct lies that is too large for an array.</summary>
        private sealed class Holder
        {
            internal WideStruct Value;
        }

        private static void Wide() => Both(64 << 20, (producer, consumer) =>
        {
            var holder = new Holder();
            holder.Value.First = 5;
            holder.Value.Last = 6;
            IPayload box = holder.Value;
            That(producer.SendTyped(box), "send");
            holder = new Holder();
            That(consumer.ReceiveTyped(out holder.Value, 0), "receive");
            That(holder.Value.First == 5 && holder.Value.Last == 6, "content");
            That(producer.SendTyped(box) && producer.SendTyped(box), "send");
            holder = new Holder();
            That(consumer.Receive(out ReceivedMessage message, 0), "receive");
            That(message.Decode(out holder.Value) && holder.Value.Last == 6, "of a message");
            holder = new Holder();
            That(consumer.TryReceiveTyped(out holder.Value) && holder.Value.First == 5, "a try");
#if !__MonoCS__
            That(producer.SendTyped(in holder.Value), "by reference");
            BatchWriter batch = producer.Batch();
            That(batch.PushTyped(in holder.Value), "add");
            batch.Commit();
            That(Begun(producer.SendTypedAsync(in holder.Value)).Result, "asynchronously");
            Is(3L, consumer.Clear(), "sent");
#endif
        });

        private static void WideInPlace() => Both(32 << 20, (producer, consumer) =>
        {
            That(producer.Claim((MessageType)7777, EightMegabytes, out Claim claim), "claim");
            claim.Payload.Fill(3);
            Span<byte> payload = claim.Payload;
            payload[EightMegabytes - 1] = 4;
            claim.Commit();
            That(consumer.Receive(out ReceivedMessage message, 0), "receive");
            Is(EightMegabytes, message.Payload.Length, "length");
            That(message.Payload[0] == 3 && message.Payload[EightMegabytes - 1] == 4, "content");
        });
    }
}

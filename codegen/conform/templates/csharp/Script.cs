// What message number `index` is: the same in every language, so that both sides know it.
using System;
using System.Text;
using {{ view.namespace }};

namespace ConformancePeer
{
    public enum Plan
    {
        /// <summary>Every kind of message, also in batches and fragments.</summary>
        Mixed,

        /// <summary>One record a message, so that a restarted producer knows where it was.</summary>
        Records,

        /// <summary>Raw messages of one size.</summary>
        Stream,
    }

    public enum Kind
    {
        Text,
        Raw,
        Typed,
        Fragmented,
    }

    /// <summary>One message as both sides expect it.</summary>
    public sealed class Planned
    {
        public Kind Kind { get; set; }

        public string Text { get; set; }

        /// <summary>Number of the struct in Samples.</summary>
        public int Number { get; set; }

        public MessageType MessageType { get; set; }

        public MessageFlags Flags { get; set; }

        public byte[] Payload { get; set; }

        /// <summary>How the producer sends it: plain, claimed or in a batch.</summary>
        public ulong Route { get; set; }
    }

    /// <summary>SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA
    /// 2014), and the values that it draws.</summary>
    public sealed class Rng
    {
        public static readonly string[] Texts =
        {
            "", "a", "Hello, ring!", "\u6570\u636e\u73af \u00a5", "\U0001F680\U0001F6F0\uFE0F",
            "na\u00efve \u2013 \u201cquotes\u201d",
        };

        private ulong _state;

        public Rng(ulong seed, ulong index)
        {
            _state = seed ^ unchecked(index * 0xD1342543DE82EF95);
        }

        public ulong Next()
        {
            unchecked
            {
                _state += 0x9E3779B97F4A7C15;
                ulong z = (_state ^ (_state >> 30)) * 0xBF58476D1CE4E5B9;
                z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
                return z ^ (z >> 31);
            }
        }

        public ulong Integer(ulong min, ulong max)
        {
            ulong v = Next();
            switch (v >> 61)
            {
                case 0: return 0;
                case 1: return min;
                case 2: return max;
                default: return v;
            }
        }

        public bool Bool() => (Next() & 1) == 1;

        public unsafe float F32()
        {
            ulong v = Next();
            uint bits = unchecked((uint)v) & 0xFF7FFFFF;
            switch (v >> 61)
            {
                case 0: bits = 0; break;
                case 1: bits = 0x80000000; break;
                case 2: bits = 0x7FC00000; break;
                case 3: bits = 0x7F800000; break;
            }

            return *(float*)&bits;
        }

        public unsafe double F64()
        {
            ulong v = Next();
            ulong bits = v & 0xFFEFFFFFFFFFFFFF;
            switch (v >> 61)
            {
                case 0: bits = 0; break;
                case 1: bits = 0x8000000000000000; break;
                case 2: bits = 0x7FF8000000000000; break;
                case 3: bits = 0x7FF0000000000000; break;
            }

            return *(double*)&bits;
        }

        public ulong Enum(params ulong[] values)
        {
            ulong v = Next();
            return v >> 61 == 7 ? v : values[v % (ulong)values.Length];
        }

        public string Text(int room)
        {
            string text = Texts[Next() % (ulong)Texts.Length];
            return Encoding.UTF8.GetByteCount(text) <= room ? text : string.Empty;
        }

        public byte[] Bytes(int count)
        {
            var bytes = new byte[count];
            for (int i = 0; i < count; i += 8)
            {
                ulong v = Next();
                for (int j = i; j < Math.Min(i + 8, count); j++)
                {
                    bytes[j] = unchecked((byte)(v >> (8 * (j - i))));
                }
            }

            return bytes;
        }

        public string TailText(int room)
        {
            ulong v = Next();
            string text = string.Empty;
            for (ulong i = (v >> 32) % 5; i > 0; i--)
            {
                text += Texts[v % 6];
            }

            return Encoding.UTF8.GetByteCount(text) <= room ? text : string.Empty;
        }

        public byte[] TailBytes(int room) => Bytes(TailCount(room));

        public T[] TailElements<T>(int room, int elementSize, Func<Rng, T> draw)
        {
            var elements = new T[TailCount(room / elementSize)];
            for (int i = 0; i < elements.Length; i++)
            {
                elements[i] = draw(this);
            }

            return elements;
        }

        private int TailCount(int most)
        {
            ulong v = Next();
            switch (v >> 61)
            {
                case 0: return 0;
                case 1: return Math.Min(most, 1);
                case 2: return most;
                default: return Math.Min(most, (int)(v % 17));
            }
        }
    }

    /// <summary>Decides what each message is.</summary>
    public sealed class Script
    {
        /// <summary>Longest payload that the script asks for, bytes.</summary>
        public const int Longest = 65536;

        public ulong Seed { get; set; } = 1;

        public Plan Plan { get; set; }

        public int Size { get; set; } = 64;

        public static Plan PlanNamed(string text)
        {
            switch (text)
            {
                case "mixed": return Plan.Mixed;
                case "records": return Plan.Records;
                case "stream": return Plan.Stream;
                default: throw new Failure("--plan " + text + ": expected mixed, records or stream");
            }
        }

        /// <summary>Whether message number `index` goes in pieces.</summary>
        public bool IsFragmented(long index) => Plan == Plan.Mixed && index % 97 == 96;

        /// <summary>Message number `index` on a ring of this largest payload.</summary>
        public Planned Message(long index, int largest)
        {
            if (Plan == Plan.Stream)
            {
                return StreamMessage(index);
            }

            int most = Math.Min(largest, Longest);
            var rng = new Rng(Seed, (ulong)index);
            ulong v = rng.Next();
            var message = new Planned
            {
                Kind = Kind.Raw,
                MessageType = Layout.TypeData,
                Route = (v >> 40) % 4,
            };
            if (IsFragmented(index))
            {
                message.Kind = Kind.Fragmented;
                message.Payload = rng.Bytes((most * 2) + (int)(v % 1000));
                return message;
            }

            Fill(message, v, rng, most);
            return message;
        }

        private static void Fill(Planned message, ulong v, Rng rng, int most)
        {
            switch (v % 8)
            {
                case 0:
                    message.Kind = Kind.Text;
                    message.Text = Rng.Texts[(v >> 8) % 6];
                    message.Payload = Encoding.UTF8.GetBytes(message.Text);
                    return;
                case 2:
                    message.MessageType = Layout.TypeHeartbeat;
                    message.Payload = new byte[0];
                    return;
                case 3:
                    message.MessageType = (MessageType)(0x70000000 + ((v >> 8) % 100));
                    message.Flags = v >> 63 == 1 ? Layout.FlagUrgent : 0;
                    message.Payload = rng.Bytes((int)Math.Min((v >> 8) % 65, (ulong)most));
                    return;
                case 1:
                    message.Payload = rng.Bytes(RawSize(v, most));
                    return;
            }

            int count = Samples.Messages.Length;
            int number = count == 0 ? -1 : Samples.Messages[(v >> 8) % (ulong)count];
            if (number < 0 || Samples.Sizes[number] > most)
            {
                message.Payload = rng.Bytes(RawSize(v, most));
                return;
            }

            message.Kind = Kind.Typed;
            message.Number = number;
            message.MessageType = (MessageType)Samples.Ids[number];
            message.Payload = Samples.Payload(number, rng, most);
        }

        private Planned StreamMessage(long index)
        {
            var payload = new byte[Size];
            for (int i = 0; i < Math.Min(Size, 8); i++)
            {
                payload[i] = unchecked((byte)((ulong)index >> (8 * i)));
            }

            return new Planned
            {
                Kind = Kind.Raw,
                MessageType = Layout.TypeData,
                Payload = payload,
            };
        }

        private static int RawSize(ulong v, int most) =>
            v >> 56 == 0 ? most : (int)((v >> 8) % ((ulong)Math.Min(most, 512) + 1));

        /// <summary>The generator of a typed message's fields, behind the draw that chose it.</summary>
        public Rng Fields(long index)
        {
            var rng = new Rng(Seed, (ulong)index);
            _ = rng.Next();
            return rng;
        }
    }
}

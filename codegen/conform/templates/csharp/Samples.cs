// Test values of every struct of the spec.
using System;
using {{ view.namespace }};

namespace ConformancePeer
{
    public static class Samples
    {
        /// <summary>All structs, in the order of the spec.</summary>
        public static readonly string[] Names =
        {
{%- for item in view.structs %}
            "{{ item.raw_name }}",
{%- endfor %}
        };

        /// <summary>Bytes of each struct's fixed part.</summary>
        public static readonly int[] Sizes =
        {
{%- for item in view.structs %}
            {{ item.size }},
{%- endfor %}
        };

        /// <summary>The message type of each struct; 0 without one.</summary>
        public static readonly uint[] Ids =
        {
{%- for item in view.structs %}
            {{ item.id.unwrap_or(0) }},
{%- endfor %}
        };

        /// <summary>Numbers of the structs that are messages.</summary>
        public static readonly int[] Messages =
        {
{%- for item in view.structs %}{% if item.id.is_some() %}
            {{ loop.index0 }},
{%- endif %}{% endfor %}
        };

        /// <summary>Golden sample `k` of a struct: a tail takes at most 64 bytes.</summary>
        public static byte[] Encoded(int number, int k) =>
            Payload(number, new Rng(7, (ulong)k), Sizes[number] + 64);

        /// <summary>Draws a struct, its tail filling at most what `most` bytes leave.</summary>
        public static byte[] Payload(int number, Rng rng, int most)
        {
            switch (number)
            {
{%- for item in view.structs %}
                case {{ loop.index0 }}: return Encode(Draw{{ item.name }}Whole(rng, most));
{%- endfor %}
                default: throw new Failure("there is no struct " + number);
            }
        }

        /// <summary>Draws a struct and sends it as such.</summary>
        public static Status Send(int number, Rng rng, int most, SharedMemoryProducer producer)
        {
            switch (number)
            {
{%- for item in view.structs %}
                case {{ loop.index0 }}: return producer.SendTyped(Draw{{ item.name }}Whole(rng, most));
{%- endfor %}
                default: throw new Failure("there is no struct " + number);
            }
        }

        /// <summary>Receives a struct as such and encodes it again.</summary>
        public static Status Receive(
            int number, SharedMemoryConsumer consumer, TimeSpan timeout, out byte[] bytes)
        {
            switch (number)
            {
{%- for item in view.structs %}
                case {{ loop.index0 }}: return ReceiveAs<{{ item.ty }}>(consumer, timeout, out bytes);
{%- endfor %}
                default: throw new Failure("there is no struct " + number);
            }
        }

        /// <summary>Decodes a struct and encodes it again.</summary>
        public static byte[] Recoded(int number, ReadOnlySpan<byte> payload)
        {
            switch (number)
            {
{%- for item in view.structs %}
                case {{ loop.index0 }}: return Recode<{{ item.ty }}>(payload);
{%- endfor %}
                default: throw new Failure("there is no struct " + number);
            }
        }

        private static byte[] Encode<T>(T value)
            where T : struct, IPayload
        {
            var bytes = new byte[value.PayloadSize];
            new Span<byte>(bytes).Fill(0xEE);
            value.WriteTo(bytes);
            return bytes;
        }

        private static byte[] Recode<T>(ReadOnlySpan<byte> payload)
            where T : struct, IPayload
        {
            T value = default(T);
            Status status = value.ReadFrom(payload);
            if (!status)
            {
                throw new Failure(typeof(T).Name + ": " + status);
            }

            return Encode(value);
        }

        private static Status ReceiveAs<T>(
            SharedMemoryConsumer consumer, TimeSpan timeout, out byte[] bytes)
            where T : struct, IPayload
        {
            Status status = consumer.ReceiveTyped(out T value, timeout);
            bytes = status ? Encode(value) : null;
            return status;
        }
{%- for item in view.structs %}

        private static {{ item.ty }} Draw{{ item.name }}Whole(Rng rng, int most)
        {
{%- if item.has_tail %}
            var whole = default({{ item.ty }});
{%- if item.has_fixed %}
            whole.Fixed = Draw{{ item.name }}(rng);
{%- endif %}
            int room = Math.Max(most - {{ item.size }}, 0);
            {{ item.draw_tail }}
            return whole;
{%- else %}
            return Draw{{ item.name }}(rng);
{%- endif %}
        }
{%- if item.has_part %}

        private static {{ item.fixed_ty }} Draw{{ item.name }}(Rng rng)
        {
            var item = default({{ item.fixed_ty }});
{%- for line in item.draws %}
            {{ line }}
{%- endfor %}
            return item;
        }
{%- endif %}
{%- endfor %}
    }
}

{% include "csharp/head.cs" %}

using System;
using System.Runtime.InteropServices;

namespace {{ view.namespace }}
{
{%- for item in view.enums %}
{%- for line in item.doc %}
    /// {{ line }}
{%- endfor %}
{%- if item.is_flags %}
    [Flags]
{%- endif %}
    public enum {{ item.name }} : {{ item.ty }}
    {
{%- if item.adds_none %}
        /// <summary>No bit.</summary>
        None = 0,
{% endif %}
{%- for value in item.values %}
{%- for line in value.doc %}
        /// {{ line }}
{%- endfor %}
        {{ value.name }} = {{ value.literal }},
{%- if !loop.last %}
{% endif %}
{%- endfor %}
    }
{% endfor %}
{%- for item in view.fixed_structs %}
{%- for line in item.doc %}
    /// {{ line }}
{%- endfor %}
    /// <remarks>
    /// <code>
{%- for line in item.diagram %}
    /// {{ line }}
{%- endfor %}
    /// </code>
    /// </remarks>
    [StructLayout(LayoutKind.Explicit, Size = {{ item.size }})]
    public unsafe struct {{ item.name }}{% if !item.is_part %} : IPayload{% endif %}
    {
{%- include "csharp/fields.cs" %}
{%- if !item.is_part %}

        MessageType IPayload.PayloadType => {{ item.message_type }};

        int IPayload.PayloadSize => {{ item.size }};

        void IPayload.WriteTo(Span<byte> destination)
        {
            fixed (byte* to = &MemoryMarshal.GetReference(destination))
            {
                *({{ item.name }}*)to = this;
            }
        }

        Status IPayload.ReadFrom(ReadOnlySpan<byte> payload)
        {
            switch (payload.Length)
            {
                case {{ item.size }}:
{%- for size in item.older_sizes %}
                case {{ size }}:
{%- endfor %}
                    break;
                default:
                    return ErrorCode.SizeMismatch;
            }

            var read = default({{ item.name }});
            RingBytes.Copy((byte*)&read, payload);
            this = read;
            return ErrorCode.Ok;
        }
{%- endif %}
    }
{% endfor %}
{%- for item in view.tailed_structs %}
{%- for line in item.doc %}
    /// {{ line }}
{%- endfor %}
{%- if !item.has_fixed %}
    /// <remarks>
    /// <code>
{%- for line in item.diagram %}
    /// {{ line }}
{%- endfor %}
    /// </code>
    /// </remarks>
{%- endif %}
    public unsafe struct {{ item.name }} : IPayload
    {
{%- if item.has_fixed %}
        /// <summary>Everything before the tail.</summary>
        public {{ item.fixed }} Fixed;
{% endif %}
{%- if let Some(tail) = item.tail %}
{%- for line in tail.doc %}
        /// {{ line }}
{%- endfor %}
        public {{ tail.ty }} {{ tail.name }};
{% endif %}
        MessageType IPayload.PayloadType => {{ item.message_type }};

        int IPayload.PayloadSize => {{ item.size_of }};

        void IPayload.WriteTo(Span<byte> destination)
        {
{%- if item.has_fixed %}
            fixed (byte* to = &MemoryMarshal.GetReference(destination))
            {
                *({{ item.fixed }}*)to = Fixed;
            }
{% endif %}
{%- if let Some(tail) = item.tail %}
            {{ tail.write }};
{%- endif %}
        }

        Status IPayload.ReadFrom(ReadOnlySpan<byte> payload)
        {
{%- if item.has_fixed %}
            const int Size = {{ item.size }};
            if (payload.Length < Size)
            {
{%- if item.older_sizes.is_empty() %}
                return ErrorCode.SizeMismatch;
{%- else %}
                switch (payload.Length)
                {
{%- for size in item.older_sizes %}
                    case {{ size }}:
{%- endfor %}
                        break;
                    default:
                        return ErrorCode.SizeMismatch;
                }
{%- endif %}
            }

            int length = Math.Min(payload.Length, Size);
            var read = default({{ item.fixed }});
            RingBytes.Copy((byte*)&read, payload.Slice(0, length));
            Fixed = read;
{%- if let Some(tail) = item.tail %}
            return {{ tail.read }};
{%- endif %}
{%- else %}
{%- if let Some(tail) = item.tail %}
            return {{ tail.read }};
{%- endif %}
{%- endif %}
        }
    }
{% endfor %}
    /// <summary>Turns messages into the structs of this protocol.</summary>
    public static class AnyMessage
    {
        /// <summary>
        /// Decodes a message into the struct that its type stands for; for pattern matching, at the
        /// price of a boxed copy. The result may be kept.
        /// </summary>
        /// <example>
        /// <code>
        /// if (AnyMessage.Decode(in message, out object value))
        /// {
        ///     if (value is {{ view.example_struct }} item) { Use(item); }
        /// }
        /// </code>
        /// </example>
        /// <param name="message">The message.</param>
        /// <param name="value">The struct; null unless Ok.</param>
        /// <returns>Ok; TypeMismatch if no struct has this type; SizeMismatch; InvalidUtf8.</returns>
        public static Status Decode(in ReceivedMessage message, out object value)
        {
            value = null;
{%- if view.message_ids.is_empty() %}
            return ErrorCode.TypeMismatch;
{%- else %}
            switch (message.MessageType)
            {
{%- for item in view.message_ids %}
                case MessageIds.{{ item.name }}:
                    return Box<{{ item.raw_name }}>(in message, out value);
{%- endfor %}
                default:
                    return ErrorCode.TypeMismatch;
            }
{%- endif %}
        }
{%- if !view.message_ids.is_empty() %}

        private static Status Box<T>(in ReceivedMessage message, out object value)
            where T : struct, IPayload
        {
            Status status = message.Get(out T item);
            value = status ? (object)item : null;
            return status;
        }
{%- endif %}
    }
}

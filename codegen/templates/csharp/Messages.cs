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
{%- if !item.is_empty %}
            global::{{ view.namespace }}.RingPlain<{{ item.name }}>.Write(ref this, destination);
{%- endif %}
        }

        Status IPayload.ReadFrom(ReadOnlySpan<byte> payload)
        {
            switch (payload.Length)
            {
                case {{ item.size }}:
{%- for size in item.older_sizes %}
                case {{ size }}:
{%- endfor %}
{%- if item.is_empty %}
                    this = default({{ item.name }});
{%- else %}
                    global::{{ view.namespace }}.RingPlain<{{ item.name }}>.Read(payload, out this);
{%- endif %}
                    return global::{{ view.namespace }}.ErrorCode.Ok;
                default:
                    return global::{{ view.namespace }}.ErrorCode.SizeMismatch;
            }
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
    public struct {{ item.name }} : IPayload
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
            global::{{ view.namespace }}.RingPlain<{{ item.fixed }}>.Write(ref Fixed, destination);
{%- endif %}
{%- if let Some(tail) = item.tail %}
            {{ tail.write }};
{%- endif %}
        }

        Status IPayload.ReadFrom(ReadOnlySpan<byte> payload)
        {
{%- if item.has_fixed %}
            int length = payload.Length;
            switch (length)
            {
{%- for size in item.older_sizes %}
                case {{ size }}:
                    break;
{%- endfor %}
                default:
                    if (length < {{ item.size }})
                    {
                        return global::{{ view.namespace }}.ErrorCode.SizeMismatch;
                    }

                    length = {{ item.size }};
                    break;
            }

            global::{{ view.namespace }}.RingPlain<{{ item.fixed }}>.Read(payload.Slice(0, length), out Fixed);
{%- endif %}
{%- if let Some(tail) = item.tail %}
            return {{ tail.read }};
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
        /// if (AnyMessage.Decode(in message, out object value) &amp;&amp; value is {{ view.example_struct }} item)
        /// {
        ///     Use(item);
        /// }
        /// </code>
        /// </example>
        /// <param name="message">The message.</param>
        /// <param name="value">The struct; null unless Ok.</param>
        /// <returns>Ok; TypeMismatch if no struct has this type; SizeMismatch;
        /// InvalidUtf8.</returns>
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
{%- if !view.inline_types.is_empty() %}
{% include "csharp/inline_types.cs" %}
{%- endif %}
}

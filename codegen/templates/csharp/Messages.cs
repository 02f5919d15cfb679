{% include "csharp/head.cs" %}

using System;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

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
    public unsafe struct {{ item.name }} : IEquatable<{{ item.name }}>{% if !item.is_part %}, IPayload{% endif %}
    {
{%- include "csharp/fields.cs" %}
{%- if item.has_fields %}
{% endif %}
        /// <summary>Whether all fields are the same.</summary>
        /// <param name="left">One struct.</param>
        /// <param name="right">The other struct.</param>
        public static bool operator ==(in {{ item.name }} left, in {{ item.name }} right) =>
            {{ item.same }};

        /// <summary>Whether some field differs.</summary>
        /// <param name="left">One struct.</param>
        /// <param name="right">The other struct.</param>
        public static bool operator !=(in {{ item.name }} left, in {{ item.name }} right) => !(left == right);

        /// <inheritdoc/>
        public bool Equals({{ item.name }} other) => this == other;

        /// <inheritdoc/>
        public override bool Equals(object obj) => obj is {{ item.name }} other && this == other;

        /// <inheritdoc/>
        public override int GetHashCode()
        {
            unchecked
            {
                int hash = {{ item.size }};
{%- for line in item.hash %}
                hash = (hash * 31) + {{ line }};
{%- endfor %}
                return hash;
            }
        }

        /// <summary>The fields, as text.</summary>
        public override string ToString() => {{ item.show }};
{%- if !item.is_part %}

        MessageType IPayload.PayloadType => {{ item.message_type }};

        int IPayload.PayloadSize => {{ item.size }};

        void IPayload.WriteTo(Span<byte> destination)
        {
{%- if !item.is_empty %}
            fixed ({{ item.name }}* start = &this)
            {
                global::{{ view.namespace }}.RingField.Write((byte*)start, {{ item.size }}, destination);
            }
{%- endif %}
        }

        Status IPayload.ReadFrom(ReadOnlySpan<byte> payload)
        {
{%- if item.is_empty %}
            this = default({{ item.name }});
            return global::{{ view.namespace }}.ErrorCode.Ok;
{%- else %}
            switch (payload.Length)
            {
{%- for size in item.older_sizes %}
                case {{ size }}:
                    break;
{%- endfor %}
                default:
                    if (payload.Length < {{ item.size }})
                    {
                        return global::{{ view.namespace }}.ErrorCode.SizeMismatch;
                    }

                    break;
            }

            fixed ({{ item.name }}* start = &this)
            {
                global::{{ view.namespace }}.RingField.Read(payload, (byte*)start, {{ item.size }});
            }

            return global::{{ view.namespace }}.ErrorCode.Ok;
{%- endif %}
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
    public {% if item.has_fixed %}unsafe {% endif %}struct {{ item.name }} : IEquatable<{{ item.name }}>, IPayload
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
        /// <summary>Whether all fields are the same.</summary>
        /// <param name="left">One struct.</param>
        /// <param name="right">The other struct.</param>
        public static bool operator ==(in {{ item.name }} left, in {{ item.name }} right) =>
            {{ item.same }};

        /// <summary>Whether some field differs.</summary>
        /// <param name="left">One struct.</param>
        /// <param name="right">The other struct.</param>
        public static bool operator !=(in {{ item.name }} left, in {{ item.name }} right) => !(left == right);

        /// <inheritdoc/>
        public bool Equals({{ item.name }} other) => this == other;

        /// <inheritdoc/>
        public override bool Equals(object obj) => obj is {{ item.name }} other && this == other;

        /// <inheritdoc/>
        public override int GetHashCode()
        {
            unchecked
            {
                int hash = {{ item.size }};
{%- for line in item.hash %}
                hash = (hash * 31) + {{ line }};
{%- endfor %}
                return hash;
            }
        }

        /// <summary>The fields, as text.</summary>
        public override string ToString() => {{ item.show }};

        MessageType IPayload.PayloadType => {{ item.message_type }};

        int IPayload.PayloadSize => {{ item.size_of }};

        void IPayload.WriteTo(Span<byte> destination)
        {
{%- if item.has_fixed %}
            fixed ({{ item.fixed }}* start = &Fixed)
            {
                global::{{ view.namespace }}.RingField.Write((byte*)start, {{ item.size }}, destination);
            }

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

            fixed ({{ item.fixed }}* start = &Fixed)
            {
                global::{{ view.namespace }}.RingField.Read(
                    payload.Slice(0, length), (byte*)start, {{ item.size }});
            }
{% endif %}
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
{%- if item.is_large %}
                    return Box{{ item.raw_name }}(in message, out value);
{%- else %}
                    return RingPayload.Box<{{ item.raw_name }}>(in message, out value);
{%- endif %}
{%- endfor %}
                default:
                    return ErrorCode.TypeMismatch;
            }
{%- endif %}
        }
{%- for item in view.message_ids %}{% if item.is_large %}

        // A call of its own: a runtime that takes no struct of this size must not see it before.
        [MethodImpl(MethodImplOptions.NoInlining)]
        private static Status Box{{ item.raw_name }}(in ReceivedMessage message, out object value) =>
            RingPayload.Box<{{ item.raw_name }}>(in message, out value);
{%- endif %}{% endfor %}
    }
{%- if !view.inline_types.is_empty() %}
{% include "csharp/inline_types.cs" %}
{%- endif %}
}

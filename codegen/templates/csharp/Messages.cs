{% include "csharp/head.cs" %}

// What belongs to the engine or to .NET is written in full: a type of the spec may have its name.
namespace {{ view.namespace }}.Messages
{
{%- for item in view.enums %}
{%- for line in item.doc %}
    /// {{ line }}
{%- endfor %}
{%- if item.is_flags %}
    [global::System.Flags]
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
    [global::System.Runtime.InteropServices.StructLayout(
        global::System.Runtime.InteropServices.LayoutKind.Explicit, Size = {{ item.size }})]
    public unsafe struct {{ item.name }} : global::System.IEquatable<{{ item.name }}>{% if !item.is_part %}, global::{{ view.namespace }}.IPayload{% endif %}
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

        global::{{ view.namespace }}.MessageType global::{{ view.namespace }}.IPayload.PayloadType => {{ item.message_type }};

        int global::{{ view.namespace }}.IPayload.PayloadSize => {{ item.size }};

        void global::{{ view.namespace }}.IPayload.WriteTo(global::System.Span<byte> destination)
        {
{%- if !item.is_empty %}
            fixed ({{ item.name }}* start = &this)
            {
                global::{{ view.namespace }}.RingField.Write((byte*)start, {{ item.size }}, destination);
            }
{%- endif %}
        }

        global::{{ view.namespace }}.Status global::{{ view.namespace }}.IPayload.ReadFrom(global::System.ReadOnlySpan<byte> payload)
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
    public {% if item.has_fixed %}unsafe {% endif %}struct {{ item.name }} : global::System.IEquatable<{{ item.name }}>, global::{{ view.namespace }}.IPayload
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

        global::{{ view.namespace }}.MessageType global::{{ view.namespace }}.IPayload.PayloadType => {{ item.message_type }};

        int global::{{ view.namespace }}.IPayload.PayloadSize => {{ item.size_of }};

        void global::{{ view.namespace }}.IPayload.WriteTo(global::System.Span<byte> destination)
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

        global::{{ view.namespace }}.Status global::{{ view.namespace }}.IPayload.ReadFrom(global::System.ReadOnlySpan<byte> payload)
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
}

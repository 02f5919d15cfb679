{% include "csharp/head.cs" %}

using System;
using System.Runtime.InteropServices;

namespace {{ view.namespace }}
{
{%- let item = view.ring_header %}
    /// <summary>The header of a ring's file, as it lies in memory.</summary>
    /// <remarks>
    /// The engine never reads a whole one: each field is read and written by itself, at its offset.
    /// </remarks>
    [StructLayout(LayoutKind.Explicit, Size = {{ item.size }})]
    public unsafe struct RingHeader
    {
{%- include "csharp/fields.cs" %}
    }
{%- let item = view.message_header %}

    /// <summary>The header in front of each payload, as it lies in memory.</summary>
    /// <remarks>
    /// <code>
{%- for line in item.diagram %}
    /// {{ line }}
{%- endfor %}
    /// </code>
    /// </remarks>
    [StructLayout(LayoutKind.Explicit, Size = {{ item.size }})]
    public unsafe struct MessageHeader
    {
{%- include "csharp/fields.cs" %}
    }
{%- if !view.message_header.extras.is_empty() %}

    /// <content>Header fields of this protocol that the engine does not know.</content>
    public readonly unsafe ref partial struct ReceivedMessage
    {
{%- for item in view.message_header.extras %}
{%- for line in item.doc %}
        /// {{ line }}
{%- endfor %}
        public {{ item.ty }} {{ item.name }}
        {
            get
            {
                fixed (byte* payload = &MemoryMarshal.GetReference(_payload))
                {
                    return {{ item.read }};
                }
            }
        }
{%- if !loop.last %}
{% endif %}
{%- endfor %}
    }

    /// <content>Header fields of this protocol that the engine does not know.</content>
    public readonly unsafe ref partial struct Claim
    {
{%- for item in view.message_header.extras %}
{%- for line in item.doc %}
        /// {{ line }}
{%- endfor %}
        /// <param name="value">The value; zero unless set.</param>
        /// <exception cref="InvalidOperationException">The claim is not open any more.</exception>
        public void {{ item.setter }}({{ item.ty }} value) => *({{ item.wire }}*)(Header + {{ item.offset }}) = {{ item.write }};
{%- if !loop.last %}
{% endif %}
{%- endfor %}
    }

    /// <content>Header fields of this protocol that the engine does not know.</content>
    public sealed partial class SharedMemoryMessage
    {
{%- for item in view.message_header.extras %}
{%- for line in item.doc %}
        /// {{ line }}
{%- endfor %}
        public {{ item.ty }} {{ item.name }} { get; set; }
{% endfor %}
        partial void ReadHeaderFields(in ReceivedMessage message)
        {
{%- for item in view.message_header.extras %}
            {{ item.name }} = message.{{ item.name }};
{%- endfor %}
        }

        unsafe partial void WriteHeaderFields(byte* record)
        {
{%- for item in view.message_header.extras %}
            *({{ item.wire }}*)(record + {{ item.offset }}) = {{ item.write_own }};
{%- endfor %}
        }
    }
{%- endif %}
}

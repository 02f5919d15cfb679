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
    [StructLayout(global::System.Runtime.InteropServices.LayoutKind.Explicit, Size = {{ item.size }})]
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
    [StructLayout(global::System.Runtime.InteropServices.LayoutKind.Explicit, Size = {{ item.size }})]
    public unsafe struct MessageHeader
    {
{%- include "csharp/fields.cs" %}
    }
{%- if let Some(item) = view.header_fields %}

    /// <summary>The fields of the message header that the engine does not know.</summary>
    [StructLayout(global::System.Runtime.InteropServices.LayoutKind.Explicit, Size = {{ item.size }})]
    public unsafe struct HeaderFields
    {
{%- include "csharp/fields.cs" %}
    }

    /// <content>Header fields of this protocol that the engine does not know.</content>
    public readonly unsafe ref partial struct ReceivedMessage
    {
        /// <summary>
        /// The header's fields that are the spec's own; all zero if there is no message.
        /// </summary>
        public HeaderFields Header
        {
            get
            {
                fixed (byte* payload = &MemoryMarshal.GetReference(_payload))
                {
                    return IsPresent
                        ? *(HeaderFields*)(payload - MessageHeaderLayout.Size)
                        : default(HeaderFields);
                }
            }
        }
    }

    /// <content>Header fields of this protocol that the engine does not know.</content>
    public readonly unsafe ref partial struct Claim
    {
        /// <summary>The header's fields that are the spec's own, in place: zero unless set.</summary>
        /// <exception cref="InvalidOperationException">The claim is not open any more.</exception>
        public ref HeaderFields Header => ref *(HeaderFields*)Start;
    }

    /// <content>Header fields of this protocol that the engine does not know.</content>
    public sealed partial class SharedMemoryMessage
    {
        private HeaderFields _header;

        /// <summary>The header's fields that are the spec's own: as received, or to be sent.</summary>
        public ref HeaderFields Header => ref _header;

        partial void ReadHeaderFields(in ReceivedMessage message) => _header = message.Header;

        unsafe partial void WriteHeaderFields(byte* record)
        {
            var header = (HeaderFields*)record;
{%- for field in item.fields %}{% if !field.is_padding %}
            header->{{ field.storage }} = _header.{{ field.storage }};
{%- endif %}{% endfor %}
        }
    }
{%- endif %}
}

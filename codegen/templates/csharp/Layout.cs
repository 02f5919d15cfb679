{% include "csharp/head.cs" %}

using System;

namespace {{ view.namespace }}
{
    /// <summary>The numbers of the protocol that the engine works with.</summary>
    internal static class Layout
    {
        internal const uint Magic = {{ view.protocol.magic }};
        internal const ushort VersionMajor = {{ view.protocol.version_major }};
        internal const ushort VersionMinor = {{ view.protocol.version_minor }};
        internal const ulong LayoutHash = {{ view.protocol.layout_hash }};
        internal const ulong SchemaHash = {{ view.protocol.schema_hash }};
        internal const string FilePrefix = {{ view.protocol.file_prefix }};
        internal const long DefaultCapacity = {{ view.protocol.default_capacity }};
{%- for item in view.protocol.type_ids %}
        internal const MessageType {{ item.name }} = (MessageType){{ item.literal }};
{%- endfor %}
{%- for item in view.protocol.flag_masks %}
        internal const MessageFlags {{ item.name }} = (MessageFlags){{ item.literal }};
{%- endfor %}

        /// <summary>The flags that callers cannot set.</summary>
        internal const MessageFlags EngineFlags = FlagFragment | FlagLastFragment;
    }

    /// <summary>Where each field of the ring header is, in bytes from the file's start.</summary>
    internal static class RingHeaderLayout
    {
        /// <summary>Bytes in the header, and so where the data area starts.</summary>
        internal const int Size = {{ view.ring_header.size }};
{%- for item in view.protocol.ring_roles %}
        internal const int {{ item.name }} = {{ item.literal }};
{%- endfor %}
    }

    /// <summary>Where each field of the message header is, in bytes from its start.</summary>
    internal static unsafe class MessageHeaderLayout
    {
        /// <summary>Bytes in the header, and so where the payload starts.</summary>
        internal const int Size = {{ view.message_header.size }};
{%- for item in view.protocol.message_roles %}
        internal const int {{ item.name }} = {{ item.literal }};
{%- endfor %}

        internal static uint ReadId(byte* record) => *(uint*)(record + MessageId);

        internal static MessageFlags ReadFlags(byte* record) => *(MessageFlags*)(record + Flags);

        internal static ulong ReadTimestamp(byte* record) => {{ view.protocol.read_timestamp }};

        /// <summary>Writes a whole header but its first word; unknown fields become zero.</summary>
        internal static void Write(byte* record, uint id, MessageFlags flags)
        {
{%- for word in view.protocol.header_words %}
            *(ulong*)(record + {{ word.name }}) = {{ word.literal }};
{%- endfor %}
        }

        /// <summary>Writes the fields that the engine knows and keeps all others.</summary>
        internal static void Amend(byte* record, uint id, MessageFlags flags)
        {
            *(uint*)(record + MessageId) = id;
            *(MessageFlags*)(record + Flags) = flags;
{%- if view.protocol.has_timestamp %}
            *(ulong*)(record + Timestamp) = Platform.Current.MonotonicNs();
{%- endif %}
        }

        internal static void ClearFlags(byte* record, MessageFlags flags) =>
            *(MessageFlags*)(record + Flags) &= ~flags;
    }

    /// <summary>Asserts every fact of the layout once, before the first ring is attached.</summary>
    internal static unsafe class RingLayoutChecks
    {
        private static readonly bool AllHold = CheckAll();

        /// <exception cref="InvalidOperationException">This compiler or runtime lays a struct out
        /// in another way than the spec says.</exception>
        internal static void Run()
        {
            if (!AllHold)
            {
                throw new InvalidOperationException("a struct is not laid out as the spec says");
            }
        }

        // The addresses of fields are compared, of structs that are not there: one may be larger than
        // a stack.
        private static bool CheckAll()
        {
            bool all = sizeof(MessageType) == sizeof(uint);
            all &= CheckHeaders();
{%- for item in view.fixed_structs %}{% if !item.is_empty %}
{%- if item.is_large %}
            all &= RingPayload.IsMono || CheckStruct{{ item.name }}();
{%- else %}
            all &= CheckStruct{{ item.name }}();
{%- endif %}
{%- endif %}{% endfor %}
{%- for item in view.inline_types %}
{%- if item.is_large %}
            all &= RingPayload.IsMono || CheckInline{{ item.name }}();
{%- else %}
            all &= sizeof(Inline.{{ item.name }}) == {{ item.size }};
{%- endif %}
{%- endfor %}
            return all;
        }

        private static bool CheckHeaders()
        {
            ulong place = 0;
            byte* start = (byte*)&place;
            var ring = (RingHeader*)start;
            bool all = sizeof(RingHeader) == {{ view.ring_header.size }};
{%- for field in view.ring_header.fields %}{% if !field.is_padding %}
            all &= (byte*)&ring->{{ field.storage }} - start == {{ field.offset }};
{%- endif %}{% endfor %}
            var message = (MessageHeader*)start;
            all &= sizeof(MessageHeader) == {{ view.message_header.size }};
{%- for field in view.message_header.fields %}{% if !field.is_padding %}
            all &= (byte*)&message->{{ field.storage }} - start == {{ field.offset }};
{%- endif %}{% endfor %}
            return all;
        }
{%- for item in view.fixed_structs %}{% if !item.is_empty %}

        private static bool CheckStruct{{ item.name }}()
        {
{%- if item.has_fields %}
            ulong place = 0;
            byte* start = (byte*)&place;
            var item = ({{ item.qualified }}*)start;
{%- endif %}
            bool all = sizeof({{ item.qualified }}) == {{ item.size }};
{%- for field in item.fields %}{% if !field.is_padding %}
            all &= (byte*)&item->{{ field.storage }} - start == {{ field.offset }};
{%- endif %}{% endfor %}
            return all;
        }
{%- endif %}{% endfor %}
{%- for item in view.inline_types %}{% if item.is_large %}

        private static bool CheckInline{{ item.name }}() =>
            sizeof(Inline.{{ item.name }}) == {{ item.size }};
{%- endif %}{% endfor %}
    }
}

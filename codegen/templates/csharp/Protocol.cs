{% include "csharp/head.cs" %}

using System;

namespace {{ view.namespace }}
{
    /// <summary>What the spec says of the protocol as a whole.</summary>
    public static class Protocol
    {
        /// <summary>Name of the protocol.</summary>
        public const string Name = {{ view.protocol.name }};

        /// <summary>Version of the protocol as the spec writes it.</summary>
        public const string Version = {{ view.protocol.version }};

        /// <summary>A ring is the file with this prefix before its name.</summary>
        public const string FilePrefix = Layout.FilePrefix;

        /// <summary>Capacity of a new ring when none is asked for, in bytes.</summary>
        public const long DefaultCapacity = Layout.DefaultCapacity;

        /// <summary>
        /// Hash of the protocol's name, both headers, framing and flags: rings of another one are
        /// refused.
        /// </summary>
        public static ulong LayoutHash => Layout.LayoutHash;

        /// <summary>
        /// Hash of message types and structs: rings of the same version with another one are refused
        /// unless <see cref="SharedMemoryOptions.AnySchema"/> is set.
        /// </summary>
        public static ulong SchemaHash => Layout.SchemaHash;
    }

    /// <summary>
    /// What a message is. Open: a value that is not listed is carried, not refused. 0 marks padding
    /// and is never a message.
    /// </summary>
    public enum MessageType : uint
    {
{%- for item in view.message_types %}
{%- for line in item.doc %}
        /// {{ line }}
{%- endfor %}
        {{ item.name }} = {{ item.literal }},
{%- if !loop.last %}
{% endif %}
{%- endfor %}
    }

    /// <summary>
    /// How a message is to be treated. Open: a bit that is not listed is carried, not refused.
    /// </summary>
    [Flags]
    public enum MessageFlags : {{ view.flags_type }}
    {
{%- if view.adds_no_flag %}
        /// <summary>No flag.</summary>
        None = 0,
{% endif %}
{%- for item in view.flags %}
{%- for line in item.doc %}
        /// {{ line }}
{%- endfor %}
        {{ item.name }} = {{ item.literal }},
{%- if !loop.last %}
{% endif %}
{%- endfor %}
    }
{%- if !view.message_ids.is_empty() %}

    /// <summary>The message types of the structs, for case labels.</summary>
    public static class MessageIds
    {
{%- for item in view.message_ids %}
        /// <summary>The type of <see cref="{{ item.raw_name }}"/>.</summary>
        public const MessageType {{ item.name }} = (MessageType){{ item.literal }};
{%- if !loop.last %}
{% endif %}
{%- endfor %}
    }
{%- endif %}
{%- if !view.constants.is_empty() %}

    /// <summary>The constants of the spec.</summary>
    public static class Constants
    {
{%- for item in view.constants %}
{%- for line in item.doc %}
        /// {{ line }}
{%- endfor %}
        public const {{ item.ty }} {{ item.name }} = {{ item.literal }};
{%- if !loop.last %}
{% endif %}
{%- endfor %}
    }
{%- endif %}
}

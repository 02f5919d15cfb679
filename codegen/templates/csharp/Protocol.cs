{% include "csharp/head.cs" %}

using System;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

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
        /// <summary>The type of <c>{{ item.name }}</c>.</summary>
        public const global::{{ view.namespace }}.MessageType {{ item.name }} =
            (global::{{ view.namespace }}.MessageType){{ item.literal }};
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
                    return RingPayload.Box<{{ item.qualified }}>(in message, out value);
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
            RingPayload.Box<{{ item.qualified }}>(in message, out value);
{%- endif %}{% endfor %}
    }
{%- if !view.inline_types.is_empty() %}
{% include "csharp/inline_types.cs" %}
{%- endif %}
}

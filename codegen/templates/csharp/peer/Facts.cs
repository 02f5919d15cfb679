// The layout as the compiler sees it.
using System;
using System.Collections.Generic;
using {{ view.namespace }};

namespace ConformancePeer
{
    public static unsafe class Facts
    {
        public static string Json()
        {
            var structs = new List<string>
            {
{%- for item in view.fixed_structs %}
                Of{{ item.name }}(),
{%- endfor %}
{%- for item in view.tailed_structs %}{% if !item.has_fixed %}
                Struct("{{ item.raw_name }}", 0, {{ item.align }}),
{%- endif %}{% endfor %}
            };
            return "{\"language\":\"csharp\""
                + ",\"layout_hash\":\"0x" + Protocol.LayoutHash.ToString("x16") + "\""
                + ",\"schema_hash\":\"0x" + Protocol.SchemaHash.ToString("x16") + "\""
                + ",\"ring_header\":" + HeaderOfRing()
                + ",\"message_header\":" + HeaderOfMessages()
                + ",\"structs\":[" + string.Join(",", structs) + "]}";
        }

        private static string Struct(string name, int size, int align, params string[] fields)
        {
            return "{\"name\":\"" + name + "\",\"size\":" + size + ",\"align\":" + align
                + ",\"fields\":[" + string.Join(",", fields) + "]}";
        }

        private static string Field(string name, long offset, int size) =>
            "{\"name\":\"" + name + "\",\"offset\":" + offset + ",\"size\":" + size + "}";

        private static string HeaderOfRing()
        {
            var item = default(RingHeader);
            byte* start = (byte*)&item;
            return Struct(
                "ring_header",
                sizeof(RingHeader),
                {{ view.ring_header.align }}
{%- for field in view.ring_header.fields %}{% if !field.is_padding %},
                Field("{{ field.raw_name }}", (byte*)&item.{{ field.storage }} - start, sizeof({{ field.qualified_wire }}))
{%- endif %}{% endfor %});
        }

        private static string HeaderOfMessages()
        {
            var item = default(MessageHeader);
            byte* start = (byte*)&item;
            return Struct(
                "message_header",
                sizeof(MessageHeader),
                {{ view.message_header.align }}
{%- for field in view.message_header.fields %}{% if !field.is_padding %},
                Field("{{ field.raw_name }}", (byte*)&item.{{ field.storage }} - start, sizeof({{ field.qualified_wire }}))
{%- endif %}{% endfor %});
        }
{%- for item in view.fixed_structs %}

        private static string Of{{ item.name }}()
        {
{%- if item.is_empty %}
            return Struct("{{ item.raw_name }}", 0, {{ item.align }});
{%- else if !item.has_fields %}
            return Struct("{{ item.raw_name }}", sizeof({{ item.qualified }}), {{ item.align }});
{%- else %}
            var item = default({{ item.qualified }});
            byte* start = (byte*)&item;
            return Struct(
                "{{ item.raw_name }}",
                sizeof({{ item.qualified }}),
                {{ item.align }}
{%- for field in item.fields %}{% if !field.is_padding %},
                Field("{{ field.raw_name }}", (byte*)&item.{{ field.storage }} - start, sizeof({{ field.qualified_wire }}))
{%- endif %}{% endfor %});
{%- endif %}
        }
{%- endfor %}
    }
}

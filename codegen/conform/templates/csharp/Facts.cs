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
{%- for item in view.structs %}{% if item.has_part %}
                Of{{ item.fixed }}(),
{%- endif %}{% endfor %}
{%- for item in view.structs %}{% if !item.has_part %}
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
{%- for field in view.ring_header.fields %},
                Field("{{ field.raw_name }}", (byte*)&item.{{ field.storage }} - start, sizeof({{ field.wire }}))
{%- endfor %});
        }

        private static string HeaderOfMessages()
        {
            var item = default(MessageHeader);
            byte* start = (byte*)&item;
            return Struct(
                "message_header",
                sizeof(MessageHeader),
                {{ view.message_header.align }}
{%- for field in view.message_header.fields %},
                Field("{{ field.raw_name }}", (byte*)&item.{{ field.storage }} - start, sizeof({{ field.wire }}))
{%- endfor %});
        }
{%- for item in view.structs %}{% if item.has_part %}

        private static string Of{{ item.fixed }}()
        {
{%- if item.size == 0 %}
            return Struct("{{ item.raw_name }}", 0, {{ item.align }});
{%- else if item.fields.is_empty() %}
            return Struct("{{ item.raw_name }}", sizeof({{ item.fixed_ty }}), {{ item.align }});
{%- else %}
            var item = default({{ item.fixed_ty }});
            byte* start = (byte*)&item;
            return Struct(
                "{{ item.raw_name }}",
                sizeof({{ item.fixed_ty }}),
                {{ item.align }}
{%- for field in item.fields %},
                Field("{{ field.raw_name }}", (byte*)&item.{{ field.storage }} - start, sizeof({{ field.wire }}))
{%- endfor %});
{%- endif %}
        }
{%- endif %}{% endfor %}
    }
}

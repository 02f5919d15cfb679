{%- for field in item.fields %}
{%- if field.is_padding %}
        [global::System.Runtime.InteropServices.FieldOffset({{ field.offset }})]
        private fixed byte {{ field.storage }}[{{ field.size }}];
{%- else if field.is_bool %}
        [global::System.Runtime.InteropServices.FieldOffset({{ field.offset }})]
        internal byte {{ field.storage }};
{%- else %}
{%- for line in field.doc %}
        /// {{ line }}
{%- endfor %}
        [global::System.Runtime.InteropServices.FieldOffset({{ field.offset }})]
        public {{ field.ty }} {{ field.name }};
{%- endif %}
{%- if !loop.last %}
{% endif %}
{%- endfor %}
{%- for field in item.fields %}{% if field.is_bool %}
{% for line in field.doc %}
        /// {{ line }}
{%- endfor %}
        public bool {{ field.name }}
        {
            get => {{ field.storage }} != 0;
            set => {{ field.storage }} = value ? (byte)1 : (byte)0;
        }
{%- endif %}{% endfor %}

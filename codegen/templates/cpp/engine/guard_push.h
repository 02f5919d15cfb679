// System headers define these names as macros; they are put aside until the end of this file.
#pragma push_macro("min")
#pragma push_macro("max")
#undef min
#undef max
{%- for name in view.macros %}
#pragma push_macro("{{ name }}")
#undef {{ name }}
{%- endfor %}

// Headers of Qt, X11, Windows, game engines and kernels define these names as macros; they are put
// aside until the end of this file.
{% for name in view.macros %}#pragma push_macro("{{ name }}")
#undef {{ name }}
{% endfor %}

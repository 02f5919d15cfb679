{% for name in view.macros %}#pragma pop_macro("{{ name }}")
{% endfor %}#pragma pop_macro("max")
#pragma pop_macro("min")

#undef BITRPC_DETAIL_COLD
#undef BITRPC_DETAIL_INLINE

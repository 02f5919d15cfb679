#pragma pop_macro("interface")
#pragma pop_macro("small")
#pragma pop_macro("OUT")
#pragma pop_macro("IN")
#pragma pop_macro("DELETE")
#pragma pop_macro("ERROR")
#pragma pop_macro("max")
#pragma pop_macro("min")

#undef BITRPC_DETAIL_COLD
#undef BITRPC_DETAIL_INLINE

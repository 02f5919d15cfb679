// System headers define these names as macros; they are put aside until the end of this file.
#pragma push_macro("min")
#pragma push_macro("max")
#pragma push_macro("ERROR")
#pragma push_macro("DELETE")
#pragma push_macro("IN")
#pragma push_macro("OUT")
#pragma push_macro("small")
#pragma push_macro("interface")
#undef min
#undef max
#undef ERROR
#undef DELETE
#undef IN
#undef OUT
#undef small
#undef interface

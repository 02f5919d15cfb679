{% for line in view.banner %}// {{ line }}
{% endfor -%}
#pragma once
{% include "prose.h" %}

#if (defined(__SIZEOF_POINTER__) && __SIZEOF_POINTER__ < 8) || (defined(_WIN32) && !defined(_WIN64))
#error "{{ view.header }} needs a 64-bit target: positions, file sizes and mappings take 64 bits"
#endif

{% include "engine/includes.h" %}

{% include "engine/guard_push.h" %}namespace {{ view.namespace }} {

{% include "engine/errc.h" %}

{% include "engine/fields.h" %}

{% include "protocol.h" %}

{% include "engine/bytes.h" %}

{% include "engine/print.h" %}

{% include "header_fields.h" %}

{% include "payloads.h" %}

{% include "engine/error.h" %}

{% include "engine/timeout.h" %}

{% include "engine/options.h" %}

{% include "engine/constants.h" %}

{% include "engine/layout.h" %}

{% include "engine/cpu.h" %}

#if defined(_WIN32)

{% include "engine/platform_windows.h" %}

#else

{% include "engine/platform_posix.h" %}

#if defined(__linux__)

{% include "engine/platform_linux.h" %}

#else

{% include "engine/platform_macos.h" %}

#endif

#endif

{% include "engine/segment.h" %}

{% include "engine/create.h" %}

{% include "engine/attach.h" %}

{% include "engine/failures.h" %}

{% include "engine/role.h" %}

{% include "engine/wait.h" %}

{% include "engine/ring.h" %}

{% include "engine/side.h" %}

{% include "engine/recover.h" %}

{% include "engine/writer.h" %}

{% include "engine/distance.h" %}

{% include "engine/reader.h" %}

{% include "engine/message.h" %}

{% include "engine/claim.h" %}

{% include "engine/producer.h" %}

{% include "engine/send.h" %}

{% include "engine/fragments.h" %}

{% include "engine/consumer.h" %}

{% include "engine/receive.h" %}

{% include "engine/discard.h" %}

{% include "engine/manager_core.h" %}

{% include "engine/manager.h" %}

{% include "engine/monitor.h" %}

{% include "engine/factory.h" %}
{%- if !view.exports.is_empty() %}

// ---------------------------------------------------------------------------------------------
// Names of the spec that nothing above has
// ---------------------------------------------------------------------------------------------

// clang-format off
{%- for name in view.exports %}
using messages::{{ name }};
{%- endfor %}
// clang-format on
{%- endif %}

}  // namespace {{ view.namespace }}

/// Lets std::error_code be made from an Errc.
template <>
struct std::is_error_code_enum<{{ view.namespace }}::Errc> : std::true_type {};

{% include "engine/guard_pop.h" %}

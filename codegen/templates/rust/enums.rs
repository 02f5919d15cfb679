{%- for item in view.enums %}

{% for line in item.doc %}///{% if !line.is_empty() %} {{ line }}{% endif %}
{% endfor -%}
///
{%- if item.is_flags %}
/// Bits that may be combined with `|`; unknown bits are carried as they are.
{%- else %}
/// Values that this spec does not name are carried as they are.
{%- endif %}
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    FromBytes,
    IntoBytes,
    Immutable,
    KnownLayout,
)]
#[zerocopy(crate = "bitrpc_shm::zerocopy")]
#[repr(transparent)]
pub struct {{ item.name }}(pub {{ item.ty }});

impl {{ item.name }} {
{%- for value in item.values %}
{%- if !loop.first %}
{% endif %}
{%- for line in value.doc %}
    ///{% if !line.is_empty() %} {{ line }}{% endif %}
{%- endfor %}
    pub const {{ value.name }}: Self = Self({{ value.literal }});
{%- endfor %}
{%- if item.is_flags %}

    /// Whether every bit of `other` is set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
{%- endif %}
}
{%- if item.is_flags %}

impl core::ops::BitOr for {{ item.name }} {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}
{%- endif %}
{%- endfor %}

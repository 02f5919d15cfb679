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

bitrpc_shm::serde_number!({{ item.name }});

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

impl core::fmt::Debug for {{ item.name }} {
    #[allow(clippy::unnecessary_cast)] // the type may be u64
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let mut names = bitrpc_shm::FlagNames::new(f, self.0 as u64);
{%- for value in item.values %}
        names.add("{{ value.name }}", Self::{{ value.name }}.0 as u64)?;
{%- endfor %}
        names.finish()
    }
}
{%- else %}

impl core::fmt::Debug for {{ item.name }} {
    #[allow(unreachable_patterns)] // where every number has a name
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let name = match *self {
{%- for value in item.values %}
            Self::{{ value.name }} => "{{ value.name }}",
{%- endfor %}
            Self(value) => return write!(f, "{{ item.name }}({value})"),
        };
        f.write_str(name)
    }
}
{%- endif %}
{%- if item.is_flags %}

impl core::ops::BitOr for {{ item.name }} {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}
{%- endif %}
{%- endfor %}

/// What a message is; values that this spec does not name are carried as they are.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageType(pub u32);

bitrpc_shm::serde_number!(MessageType);

impl MessageType {
{%- for ty in view.message_types %}
{%- if !loop.first %}
{% endif %}
{%- for line in ty.doc %}
    ///{% if !line.is_empty() %} {{ line }}{% endif %}
{%- endfor %}
    pub const {{ ty.name }}: Self = Self({{ ty.literal }});
{%- endfor %}
}

impl From<MessageType> for u32 {
    fn from(value: MessageType) -> Self {
        value.0
    }
}

impl core::fmt::Debug for MessageType {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let name = match *self {
{%- for ty in view.message_types %}
            Self::{{ ty.name }} => "{{ ty.name }}",
{%- endfor %}
            Self(value) => return write!(f, "MessageType({value})"),
        };
        f.write_str(name)
    }
}

/// Bits that qualify a message; they may be combined with `|`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct MessageFlags(pub {{ view.flags_type }});

bitrpc_shm::serde_number!(MessageFlags);

impl MessageFlags {
    /// No flag set.
    pub const NONE: Self = Self(0);
{%- for flag in view.flags %}
{% for line in flag.doc %}
    ///{% if !line.is_empty() %} {{ line }}{% endif %}
{%- endfor %}
    pub const {{ flag.name }}: Self = Self({{ flag.literal }});
{%- endfor %}

    /// Whether every bit of `other` is set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl core::fmt::Debug for MessageFlags {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let mut names = bitrpc_shm::FlagNames::new(f, self.0.into());
{%- for flag in view.flags %}
        names.add("{{ flag.name }}", Self::{{ flag.name }}.0.into())?;
{%- endfor %}
        names.finish()
    }
}

impl core::ops::BitOr for MessageFlags {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl From<MessageFlags> for u32 {
    fn from(value: MessageFlags) -> Self {
{%- if view.flags_type == "u32" %}
        value.0
{%- else %}
        Self::from(value.0)
{%- endif %}
    }
}

{%- for item in view.structs %}

{% for line in item.doc %}///{% if !line.is_empty() %} {{ line }}{% endif %}
{% endfor -%}
{%- if item.tail.is_some() %}///
/// This is the fixed part; [`{{ item.name }}`] adds the variable tail behind it.
{% endif -%}
///
/// ```text
{%- for line in item.diagram %}
/// {{ line }}
{%- endfor %}
/// ```
#[derive(Debug, Clone, Copy, PartialEq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[zerocopy(crate = "bitrpc_shm::zerocopy")]
#[repr(C{% if item.force_align %}, align({{ item.align }}){% endif %})]
pub struct {{ item.fixed }} {
{%- if item.fields.is_empty() %}}{% else %}
{%- for field in item.fields %}
{%- if field.is_padding %}
    #[doc(hidden)]
{%- else %}
{%- for line in field.doc %}
    ///{% if !line.is_empty() %} {{ line }}{% endif %}
{%- endfor %}
{%- endif %}
    pub {{ field.name }}: {{ field.ty }},
{%- endfor %}
}
{%- endif %}

bitrpc_shm::assert_layout! {
    {{ item.fixed }}: size {{ item.size }}, align {{ item.align }};
{%- for field in item.fields %}{% if !field.is_padding %}
    {{ field.name }}: {{ field.offset }},
{%- endif %}{% endfor %}
}

impl Default for {{ item.fixed }} {
    fn default() -> Self {
        Self::new_zeroed()
    }
}

impl bitrpc_shm::Fixed for {{ item.fixed }} {
{%- if let Some(id) = item.id %}
    const MESSAGE_TYPE: Option<u32> = Some({{ id }});
{%- else %}
    const MESSAGE_TYPE: Option<u32> = None;
{%- endif %}
    const OLDER_SIZES: &'static [usize] = &[{% for size in item.older_sizes %}{{ size }}{% if !loop.last %}, {% endif %}{% endfor %}];
}
{%- if let Some(tail) = item.tail %}

/// [`{{ item.fixed }}`] with its variable tail.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct {{ item.name }}<'a> {
    /// Everything before the tail.
    pub fixed: {{ item.fixed }},
{%- for line in tail.doc %}
    ///{% if !line.is_empty() %} {{ line }}{% endif %}
{%- endfor %}
    pub {{ tail.name }}: &'a {{ tail.ty }},
}

impl bitrpc_shm::Encode for {{ item.name }}<'_> {
    const MESSAGE_TYPE: Option<u32> = <{{ item.fixed }} as bitrpc_shm::Fixed>::MESSAGE_TYPE;

    fn encoded_len(&self) -> usize {
        size_of_val(&self.fixed) + size_of_val(self.{{ tail.name }})
    }

    fn encode_into(&self, out: &mut [u8]) {
        let (fixed, tail) = out.split_at_mut(size_of_val(&self.fixed));
        fixed.copy_from_slice(self.fixed.as_bytes());
        tail.copy_from_slice(self.{{ tail.name }}.as_bytes());
    }
}

impl<'a> bitrpc_shm::Decode<'a> for {{ item.name }}<'a> {
    const MESSAGE_TYPE: Option<u32> = <{{ item.fixed }} as bitrpc_shm::Fixed>::MESSAGE_TYPE;

    fn decode(payload: &'a [u8]) -> Result<Self, bitrpc_shm::DecodeError> {
        let (fixed, rest_of_payload) = bitrpc_shm::split_fixed(payload)?;
        let rest_of_payload = bitrpc_shm::{{ tail.reader }}(rest_of_payload)?;
        Ok(Self {
            fixed,
            {{ tail.name }}: rest_of_payload,
        })
    }
}
{%- endif %}
{%- endfor %}

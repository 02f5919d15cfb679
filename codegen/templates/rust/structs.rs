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

bitrpc_shm::serde_struct! {
    {{ item.fixed }} {
{%- for field in item.fields %}{% if !field.is_padding %}
        {% if field.is_array %}[{{ field.name }}]{% else %}{{ field.name }}{% endif %},
{%- endif %}{% endfor %}
    }
}

impl Default for {{ item.fixed }} {
    fn default() -> Self {
        bitrpc_shm::zerocopy::FromZeros::new_zeroed()
    }
}

impl bitrpc_shm::Fixed for {{ item.fixed }} {
    const MESSAGE_TYPE: Option<u32> = {{ item.message_type }};
    const OLDER_SIZES: &'static [usize] = &[{% for size in item.older_sizes %}{{ size }}{% if !loop.last %}, {% endif %}{% endfor %}];
}
{%- if let Some(tail) = item.tail %}

/// [`{{ item.fixed }}`] with its variable tail, borrowed or owned.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct {{ item.name }}<'a> {
    /// Everything before the tail.
{%- if item.is_large %}
    pub {{ tail.fixed }}: std::boxed::Box<{{ item.fixed }}>,
{%- else %}
    pub {{ tail.fixed }}: {{ item.fixed }},
{%- endif %}
{%- for line in tail.doc %}
    ///{% if !line.is_empty() %} {{ line }}{% endif %}
{%- endfor %}
    pub {{ tail.name }}: std::borrow::Cow<'a, {{ tail.ty }}>,
}

bitrpc_shm::serde_struct! {
    {{ item.name }}<'a> {
        {{ tail.fixed }},
        {{ tail.name }},
    }
}

impl {{ item.name }}<'_> {
    /// The same with a tail of its own, which outlives the message.
    #[must_use]
    pub fn into_owned(self) -> {{ item.name }}<'static> {
        {{ item.name }} {
            {{ tail.fixed }}: self.{{ tail.fixed }},
            {{ tail.name }}: std::borrow::Cow::Owned(self.{{ tail.name }}.into_owned()),
        }
    }
}

impl bitrpc_shm::Encode for {{ item.name }}<'_> {
    const MESSAGE_TYPE: Option<u32> = {{ item.message_type }};

    fn encoded_len(&self) -> usize {
        size_of::<{{ item.fixed }}>() + size_of_val(&*self.{{ tail.name }})
    }

    fn encode_into(&self, out: &mut [u8]) {
        let (fixed, tail) = out.split_at_mut(size_of::<{{ item.fixed }}>());
        fixed.copy_from_slice(self.{{ tail.fixed }}.as_bytes());
        tail.copy_from_slice(self.{{ tail.name }}.as_bytes());
    }
}

impl<'a> bitrpc_shm::Decode<'a> for {{ item.name }}<'a> {
    const MESSAGE_TYPE: Option<u32> = {{ item.message_type }};

    fn decode(payload: &'a [u8]) -> Result<Self, bitrpc_shm::DecodeError> {
{%- if item.is_large %}
        let (fixed, rest_of_payload) = bitrpc_shm::split_fixed_boxed(payload)?;
{%- else %}
        let (fixed, rest_of_payload) = bitrpc_shm::split_fixed(payload)?;
{%- endif %}
        let rest_of_payload = bitrpc_shm::{{ tail.reader }}(rest_of_payload)?;
        Ok(Self {
            {{ tail.fixed }}{% if tail.fixed != "fixed" %}: fixed{% endif %},
            {{ tail.name }}: rest_of_payload,
        })
    }
}

impl bitrpc_shm::DecodeOwned for {{ item.name }}<'static> {
    const MESSAGE_TYPE: Option<u32> = {{ item.message_type }};

    fn decode_owned(payload: &[u8]) -> Result<Self, bitrpc_shm::DecodeError> {
        let borrowed: {{ item.name }}<'_> = bitrpc_shm::Decode::decode(payload)?;
        Ok(borrowed.into_owned())
    }
}
{%- endif %}
{%- endfor %}

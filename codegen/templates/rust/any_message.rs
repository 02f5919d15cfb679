/// A payload as the struct that its message type names, borrowed or owned.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
#[allow(clippy::large_enum_variant)] // the large ones are in boxes
pub enum AnyMessage<'a> {
{%- for item in view.structs %}{% if item.id.is_some() %}
    /// A [`messages::{{ item.name }}`].
{%- if item.tail.is_some() %}
    {{ item.name }}(messages::{{ item.name }}<'a>),
{%- else if item.is_large %}
    {{ item.name }}(std::boxed::Box<messages::{{ item.name }}>),
{%- else %}
    {{ item.name }}(messages::{{ item.name }}),
{%- endif %}
{%- endif %}{% endfor %}
    /// A message that no struct of this spec describes.
    {{ view.other }} {
        /// What the message is.
        message_type: MessageType,
        /// Its bytes.
        payload: std::borrow::Cow<'a, [u8]>,
    },
}

impl<'a> AnyMessage<'a> {
    /// Reads `message` as the struct that its type names.
    ///
    /// # Errors
    ///
    /// The payload is too short for its struct, or a text in its tail is not UTF-8.
    pub fn decode(message: &'a Message<'_>) -> Result<Self, bitrpc_shm::DecodeError> {
        let payload = message.payload();
        Ok(match message.message_type() {
{%- for item in view.structs %}{% if let Some(id) = item.id %}
{%- if item.tail.is_none() && item.is_large %}
            {{ id }} => Self::{{ item.name }}(bitrpc_shm::decode_boxed(payload)?),
{%- else %}
            {{ id }} => Self::{{ item.name }}(bitrpc_shm::Decode::decode(payload)?),
{%- endif %}
{%- endif %}{% endfor %}
            other => Self::{{ view.other }} {
                message_type: MessageType(other),
                payload: std::borrow::Cow::Borrowed(payload),
            },
        })
    }

    /// The same with tails of its own, which outlives the message.
    #[must_use]
    pub fn into_owned(self) -> AnyMessage<'static> {
        match self {
{%- for item in view.structs %}{% if item.id.is_some() %}
{%- if item.tail.is_some() %}
            Self::{{ item.name }}(message) => AnyMessage::{{ item.name }}(message.into_owned()),
{%- else %}
            Self::{{ item.name }}(message) => AnyMessage::{{ item.name }}(message),
{%- endif %}
{%- endif %}{% endfor %}
            Self::{{ view.other }} {
                message_type,
                payload,
            } => AnyMessage::{{ view.other }} {
                message_type,
                payload: std::borrow::Cow::Owned(payload.into_owned()),
            },
        }
    }
}

/// A payload as the struct that its message type names.
#[derive(Debug, Clone, Copy, PartialEq)]
#[allow(clippy::large_enum_variant)] // a payload is decoded in place, without a heap
pub enum AnyMessage<'a> {
{%- for item in view.structs %}{% if item.id.is_some() %}
    /// A [`{{ item.name }}`].
    {{ item.name }}({{ item.name }}{% if item.tail.is_some() %}<'a>{% endif %}),
{%- endif %}{% endfor %}
    /// A message that no struct of this spec describes.
    Other {
        /// What the message is.
        message_type: MessageType,
        /// Its bytes.
        payload: &'a [u8],
    },
}

impl<'a> AnyMessage<'a> {
    /// Reads `message` as the struct that its type names.
    ///
    /// # Errors
    ///
    /// The payload is not as long as its struct, or a text in its tail is not UTF-8.
    pub fn decode(message: &'a Message<'_>) -> Result<Self, bitrpc_shm::DecodeError> {
        let payload = message.payload();
        Ok(match message.message_type() {
{%- for item in view.structs %}{% if let Some(id) = item.id %}
            {{ id }} => Self::{{ item.name }}(bitrpc_shm::Decode::decode(payload)?),
{%- endif %}{% endfor %}
            other => Self::Other {
                message_type: MessageType(other),
                payload,
            },
        })
    }
}

//! Which function gets which message.

use std::collections::HashMap;

use crate::error::ReceiveError;
use crate::layout::Layout;
use crate::message::Message;

/// Gets messages.
pub(super) type Handler<L> = Box<dyn FnMut(&Message<'_, L>) + Send>;
/// Gets errors.
pub(super) type ErrorHandler = Box<dyn FnMut(ReceiveError) + Send>;

/// The handlers of one manager.
pub(super) struct Handlers<L: Layout> {
    pub(super) by_type: HashMap<u32, Handler<L>>,
    pub(super) default: Option<Handler<L>>,
    pub(super) error: Option<ErrorHandler>,
}

impl<L: Layout> Default for Handlers<L> {
    fn default() -> Self {
        Self { by_type: HashMap::new(), default: None, error: None }
    }
}

impl<L: Layout> Handlers<L> {
    /// Calls the handler of the message's type, else the default one, else nobody.
    pub(super) fn dispatch(&mut self, message: &Message<'_, L>) {
        let handler = self.by_type.get_mut(&message.message_type()).or(self.default.as_mut());
        match handler {
            Some(handler) => handler(message),
            None => log::debug!("no handler for message type {}", message.message_type()),
        }
    }

    /// Tells about an error.
    pub(super) fn report(&mut self, error: ReceiveError) {
        match &mut self.error {
            Some(handler) => handler(error),
            None => log::warn!("receiving: {error}"),
        }
    }
}

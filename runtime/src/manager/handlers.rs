//! Which function gets which message.

use core::fmt;
use std::any::Any;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::ReceiveError;
use crate::layout::LayoutSource;
use crate::message::Message;

/// How many message types without a handler are told of.
const UNHANDLED: usize = 64;

/// Why a message did not reach its handler, or what the handler did with it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ManagerError {
    /// Receiving failed: the producer closed or died, the ring is corrupt, a message was dropped.
    Receive(ReceiveError),
    /// A handler panicked. Its message counts as received.
    Panic {
        /// The message's type.
        message_type: u32,
        /// What the panic said.
        what: String,
    },
}

impl fmt::Display for ManagerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Receive(error) => error.fmt(f),
            Self::Panic { message_type, what } => {
                write!(f, "the handler of message type {message_type} panicked: {what}")
            }
        }
    }
}

impl core::error::Error for ManagerError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Receive(error) => Some(error),
            Self::Panic { .. } => None,
        }
    }
}

/// Gets messages. Shared, so that nothing of the manager is locked while it runs.
type Handler<L> = Arc<Mutex<dyn FnMut(&Message<'_, L>) + Send>>;
/// Gets errors.
type ErrorHandler = Arc<Mutex<dyn FnMut(ManagerError) + Send>>;

/// The handlers of one manager.
pub(super) struct Handlers<L: LayoutSource>(Mutex<Table<L>>);

struct Table<L: LayoutSource> {
    by_type: HashMap<u32, Handler<L>>,
    default: Option<Handler<L>>,
    error: Option<ErrorHandler>,
    /// Types that nobody handles and that were told of.
    unhandled: Vec<u32>,
}

impl<L: LayoutSource> Default for Handlers<L> {
    fn default() -> Self {
        let (by_type, unhandled) = (HashMap::new(), Vec::new());
        Self(Mutex::new(Table { by_type, default: None, error: None, unhandled }))
    }
}

impl<L: LayoutSource> Handlers<L> {
    pub(super) fn set(
        &self,
        message_type: u32,
        handler: impl FnMut(&Message<'_, L>) + Send + 'static,
    ) {
        let earlier = lock(&self.0).by_type.insert(message_type, Arc::new(Mutex::new(handler)));
        // Unlocked: what it holds may call back when it goes.
        drop(earlier);
    }

    pub(super) fn set_any(&self, handler: impl FnMut(&Message<'_, L>) + Send + 'static) {
        let handler: Handler<L> = Arc::new(Mutex::new(handler));
        let earlier = lock(&self.0).default.replace(handler);
        drop(earlier);
    }

    pub(super) fn set_error(&self, handler: impl FnMut(ManagerError) + Send + 'static) {
        let handler: ErrorHandler = Arc::new(Mutex::new(handler));
        let earlier = lock(&self.0).error.replace(handler);
        drop(earlier);
    }

    /// Calls the handler of the message's type, else the default one, else nobody.
    pub(super) fn dispatch(&self, message: &Message<'_, L>) {
        let handler = lock(&self.0).find(message.message_type());
        if let Some(handler) = handler {
            lock(&handler)(message);
        }
    }

    /// As [`Handlers::dispatch`]; a handler that panics is told of.
    pub(super) fn dispatch_or_report(&self, message: &Message<'_, L>) {
        let panic = catch_unwind(AssertUnwindSafe(|| self.dispatch(message))).err();
        if let Some(panic) = panic {
            let message_type = message.message_type();
            self.report(ManagerError::Panic { message_type, what: text_of(&*panic) });
        }
    }

    /// Tells the error handler; without one, or if it panics, somebody else.
    pub(super) fn report(&self, error: ManagerError) {
        let handler = lock(&self.0).error.clone();
        let Some(handler) = handler else {
            return match error {
                // The life of a peer.
                ManagerError::Receive(ReceiveError::Closed | ReceiveError::PeerDied) => {
                    log::warn!("receiving: {error}");
                }
                _ => notice!("receiving: {error}"),
            };
        };
        let panic = catch_unwind(AssertUnwindSafe(|| lock(&handler)(error))).err();
        if let Some(panic) = panic {
            notice!("the error handler panicked: {}", text_of(&*panic));
        }
    }
}

impl<L: LayoutSource> Table<L> {
    fn find(&mut self, message_type: u32) -> Option<Handler<L>> {
        let handler = self.by_type.get(&message_type).or(self.default.as_ref());
        let is_told = self.unhandled.len() == UNHANDLED || self.unhandled.contains(&message_type);
        if handler.is_none() && !is_told {
            log::warn!("no handler for message type {message_type}: dropped");
            self.unhandled.push(message_type);
        }
        handler.cloned()
    }
}

/// A panic in a handler poisons nothing that matters.
fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn text_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("it did not say why").to_owned()
}

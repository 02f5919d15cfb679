//! How the page's script passes a request and takes the answer: through the module's memory.
//!
//! It calls [`room`] with the number of bytes, writes them where that says, calls [`ask`], which
//! returns the number of bytes of the answer, and reads them where [`reply`] says.

use std::sync::{Mutex, PoisonError};

static TEXT: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// Makes room for a request of so many bytes, and says where.
// SAFETY: nothing else in the module or its libraries has this name.
#[unsafe(no_mangle)]
extern "C" fn room(bytes: usize) -> *mut u8 {
    let mut text = TEXT.lock().unwrap_or_else(PoisonError::into_inner);
    *text = vec![0; bytes];
    text.as_mut_ptr()
}

/// Puts the answer in the place of the request, and says how long it is.
// SAFETY: as above.
#[unsafe(no_mangle)]
extern "C" fn ask() -> usize {
    let mut text = TEXT.lock().unwrap_or_else(PoisonError::into_inner);
    *text = crate::answer(&String::from_utf8_lossy(&text)).into_bytes();
    text.len()
}

/// Where the answer is, until the next request.
// SAFETY: as above.
#[unsafe(no_mangle)]
extern "C" fn reply() -> *const u8 {
    TEXT.lock().unwrap_or_else(PoisonError::into_inner).as_ptr()
}

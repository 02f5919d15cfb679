//! Whether a drain goes on.

use core::ops::ControlFlow;

/// What a handler of [`Consumer::drain`] may return: nothing, or whether to go on.
///
/// [`Consumer::drain`]: crate::Consumer::drain
pub trait DrainFlow: sealed::Sealed {
    #[doc(hidden)]
    fn stops(self) -> bool;
}

impl DrainFlow for () {
    #[inline(always)]
    fn stops(self) -> bool {
        false
    }
}

impl DrainFlow for ControlFlow<()> {
    #[inline(always)]
    fn stops(self) -> bool {
        self.is_break()
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for () {}
    impl Sealed for core::ops::ControlFlow<()> {}
}

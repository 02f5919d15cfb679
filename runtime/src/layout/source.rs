//! How the engine comes by a layout's numbers: they are constants, or it holds on to them.

use core::fmt;
use core::marker::PhantomData;

use super::{Layout, LayoutNumbers};

/// Where the numbers of a ring come from: from a protocol that was known when the program was
/// compiled ([`Layout`]), or from one that the running program knows
/// ([`AnyLayout`](crate::AnyLayout)). There is nothing else that implements it.
pub trait LayoutSource: Sealed + 'static {
    #[doc(hidden)]
    type Numbers: Numbers;
}

/// Where to find the numbers, as every object of the engine keeps it: no bytes at all if they are
/// constants.
pub trait Numbers: Copy + fmt::Debug + Send + Sync + 'static {
    /// The numbers, which were checked.
    fn get(self) -> &'static LayoutNumbers;
}

/// Keeps others from implementing [`LayoutSource`]: the engine's pointer arithmetic relies on
/// checked numbers.
pub trait Sealed {}

impl<L: Layout> Sealed for L {}

impl<L: Layout> LayoutSource for L {
    type Numbers = Constants<L>;
}

/// The numbers of a protocol that the compiler knows.
pub struct Constants<L>(PhantomData<fn() -> L>);

impl<L: Layout> Constants<L> {
    pub(crate) const HERE: Self = Self(PhantomData);

    const ALL: &'static LayoutNumbers = &LayoutNumbers::of::<L>();

    /// A protocol with numbers that no ring can have fails the build here.
    const CHECKED: &'static LayoutNumbers = {
        if let Err(error) = Self::ALL.check() {
            panic!("{}", error.rule());
        }
        Self::ALL
    };
}

impl<L: Layout> Numbers for Constants<L> {
    #[inline(always)]
    fn get(self) -> &'static LayoutNumbers {
        Self::CHECKED
    }
}

impl<L> Clone for Constants<L> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<L> Copy for Constants<L> {}

impl<L> fmt::Debug for Constants<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Constants")
    }
}

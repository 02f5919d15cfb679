//! The sides of a ring, as every other file of the peer has them: by the generated constants, or,
//! with the feature `any-layout`, by the same numbers as a value.

pub use door::{consumer, monitor, producer};

pub type Producer = bitrpc_shm::Producer<door::Layout>;
pub type Consumer = bitrpc_shm::Consumer<door::Layout>;
pub type Monitor = bitrpc_shm::Monitor<door::Layout>;
pub type Message<'a> = bitrpc_shm::Message<'a, door::Layout>;

#[cfg(not(feature = "any-layout"))]
mod door {
    use super::{Consumer, Monitor, Producer};
    use bitrpc_shm::{Error, Options};

    pub type Layout = crate::protocol::Protocol;

    pub fn producer(name: &str, options: &Options) -> Result<Producer, Error> {
        Producer::create(name, options)
    }

    pub fn consumer(name: &str, options: &Options) -> Result<Consumer, Error> {
        Consumer::open(name, options)
    }

    pub fn monitor(name: &str, options: &Options) -> Result<Monitor, Error> {
        Monitor::open(name, options)
    }
}

#[cfg(feature = "any-layout")]
mod door {
    use super::{Consumer, Monitor, Producer};
    use bitrpc_shm::{AnyLayout, Error, LayoutNumbers, Options};

    pub type Layout = AnyLayout;

    fn layout() -> AnyLayout {
        AnyLayout::new(LayoutNumbers::of::<crate::protocol::Protocol>())
            .expect("the compiler takes these numbers")
    }

    pub fn producer(name: &str, options: &Options) -> Result<Producer, Error> {
        layout().producer(name, options)
    }

    pub fn consumer(name: &str, options: &Options) -> Result<Consumer, Error> {
        layout().consumer(name, options)
    }

    pub fn monitor(name: &str, options: &Options) -> Result<Monitor, Error> {
        layout().monitor(name, options)
    }
}

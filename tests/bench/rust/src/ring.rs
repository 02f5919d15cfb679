//! This project's ring.

use bitrpc_messages::{Consumer, MessageType, Producer};
use bitrpc_shm::{Distance, Options, WaitStrategy};

use crate::args::Args;
use crate::parts::{Receiver, Result, Sender, Transport};

/// Bytes in the data area, and as near as may be in every other transport.
pub(crate) const CAPACITY: usize = 1 << 20;

pub(crate) struct Ring;

impl<const N: usize> Transport<N> for Ring {
    type Sender = Producer;
    type Receiver = Consumer;

    fn sender(name: &str, args: &Args) -> Result<Producer> {
        Ok(Producer::create(name, &options(args))?)
    }

    fn receiver(name: &str, args: &Args) -> Result<Consumer> {
        Ok(Consumer::open(name, &options(args))?)
    }
}

/// The same, without a distance.
pub(crate) struct LatencyRing;

impl<const N: usize> Transport<N> for LatencyRing {
    type Sender = Producer;
    type Receiver = Consumer;

    fn sender(name: &str, args: &Args) -> Result<Producer> {
        Ok(Producer::create(name, &options(args))?)
    }

    fn receiver(name: &str, args: &Args) -> Result<Consumer> {
        Ok(Consumer::open(name, &options(args).distance(Distance::Latency))?)
    }
}

/// The same, but each message is written in place.
pub(crate) struct ClaimRing;

pub(crate) struct Claimer(Producer);

impl<const N: usize> Transport<N> for ClaimRing {
    type Sender = Claimer;
    type Receiver = Consumer;

    fn sender(name: &str, args: &Args) -> Result<Claimer> {
        Ok(Claimer(Producer::create(name, &options(args))?))
    }

    fn receiver(name: &str, args: &Args) -> Result<Consumer> {
        Ok(Consumer::open(name, &options(args))?)
    }
}

impl<const N: usize> Sender<N> for Claimer {
    #[inline(always)]
    fn send(&mut self, message: &[u8; N]) -> Result<()> {
        let mut claim = self.0.claim(MessageType::DATA, N)?;
        claim.copy_from_slice(message);
        claim.commit();
        Ok(())
    }
}

fn options(args: &Args) -> Options {
    let strategy = if args.polling { WaitStrategy::Spin } else { WaitStrategy::Adaptive };
    Options::new().capacity(CAPACITY as u64).wait_strategy(strategy)
}

impl<const N: usize> Sender<N> for Producer {
    #[inline(always)]
    fn send(&mut self, message: &[u8; N]) -> Result<()> {
        Ok(Producer::send(self, MessageType::DATA, message)?)
    }
}

impl<const N: usize> Receiver<N> for Consumer {
    #[inline(always)]
    fn receive(&mut self, message: &mut [u8; N]) -> Result<()> {
        let received = self.receive(None)?.ok_or("no message")?;
        let payload: &[u8; N] = received.payload().try_into()?;
        *message = *payload;
        Ok(())
    }
}

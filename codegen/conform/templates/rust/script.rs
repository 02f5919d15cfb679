//! What message number `index` is: the same in every language, so that both sides know it.

use std::str::FromStr;

use crate::protocol::Protocol;
use crate::rng::{Rng, TEXTS};
use crate::samples;

const TYPES: bitrpc_shm::TypeIds = <Protocol as bitrpc_shm::Layout>::TYPES;
const FLAGS: bitrpc_shm::FlagMasks = <Protocol as bitrpc_shm::Layout>::FLAGS;

/// Longest payload that the script asks for, bytes.
const LONGEST: usize = 65_536;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Plan {
    /// Every kind of message, also in batches and fragments.
    Mixed,
    /// One record a message, so that a restarted producer knows where it was.
    Records,
    /// Raw messages of one size.
    Stream,
}

impl FromStr for Plan {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "mixed" => Ok(Self::Mixed),
            "records" => Ok(Self::Records),
            "stream" => Ok(Self::Stream),
            _ => Err(format!("--plan {text}: expected mixed, records or stream")),
        }
    }
}

/// Decides what each message is.
pub struct Script {
    pub seed: u64,
    pub plan: Plan,
    pub size: usize,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            seed: 1,
            plan: Plan::Mixed,
            size: 64,
        }
    }
}

pub enum Kind {
    Text(&'static str),
    Raw,
    /// Number of the struct in [`samples`].
    Typed(usize),
    Fragmented,
}

/// One message as both sides expect it.
pub struct Planned {
    pub kind: Kind,
    pub message_type: u32,
    pub flags: u32,
    pub payload: Vec<u8>,
    /// How the producer sends it: plain, claimed or in a batch.
    pub route: u64,
}

impl Script {
    /// Message number `index` on a ring whose largest payload is `largest_payload` bytes.
    pub fn message(&self, index: u64, largest_payload: usize) -> Planned {
        if self.plan == Plan::Stream {
            return self.stream_message(index);
        }
        let most = largest_payload.min(LONGEST);
        let mut rng = Rng::new(self.seed, index);
        let v = rng.next();
        let route = (v >> 40) % 4;
        let message = |kind, message_type, flags, payload| Planned {
            kind,
            message_type,
            flags,
            payload,
            route,
        };
        if self.is_fragmented(index) {
            let payload = rng.raw(most * 2 + (v % 1000) as usize);
            return message(Kind::Fragmented, TYPES.data, 0, payload);
        }
        match v % 8 {
            0 => {
                let text = TEXTS[((v >> 8) % 6) as usize];
                message(Kind::Text(text), TYPES.data, 0, text.as_bytes().to_vec())
            }
            2 => message(Kind::Raw, TYPES.heartbeat, 0, Vec::new()),
            3 => {
                let message_type = 0x7000_0000 + ((v >> 8) % 100) as u32;
                let flags = if v >> 63 == 1 { FLAGS.urgent } else { 0 };
                let size = ((v >> 8) % 65).min(most as u64) as usize;
                message(Kind::Raw, message_type, flags, rng.raw(size))
            }
            4..=7 => match samples::MESSAGES.get(samples::pick_message(v >> 8)) {
                Some(sample) if sample.size <= most => {
                    let payload = samples::payload(sample.number, &mut rng, most);
                    message(Kind::Typed(sample.number), sample.message_type, 0, payload)
                }
                _ => message(Kind::Raw, TYPES.data, 0, rng.raw(raw_size(v, most))),
            },
            _ => message(Kind::Raw, TYPES.data, 0, rng.raw(raw_size(v, most))),
        }
    }

    fn stream_message(&self, index: u64) -> Planned {
        let mut payload = vec![0; self.size];
        let len = self.size.min(8);
        payload[..len].copy_from_slice(&index.to_le_bytes()[..len]);
        Planned {
            kind: Kind::Raw,
            message_type: TYPES.data,
            flags: 0,
            payload,
            route: 0,
        }
    }

    /// Whether message number `index` goes in pieces.
    pub fn is_fragmented(&self, index: u64) -> bool {
        self.plan == Plan::Mixed && index % 97 == 96
    }

    /// The generator of a typed message's fields, behind the draw that chose the message.
    pub fn fields(&self, index: u64) -> Rng {
        let mut rng = Rng::new(self.seed, index);
        rng.next();
        rng
    }
}

fn raw_size(v: u64, most: usize) -> usize {
    if v >> 56 == 0 {
        most
    } else {
        ((v >> 8) % (most.min(512) as u64 + 1)) as usize
    }
}

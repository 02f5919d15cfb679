//! What is measured.

/// One column of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Case {
    /// Messages of so many bytes, as many as go through.
    Stream(usize),
    /// A question and an answer of so many bytes, over two rings.
    RoundTrip(usize),
    /// From sending 8 bytes until a receiver that slept has them.
    WakeUp,
}

impl Case {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Stream(8),
        Self::Stream(64),
        Self::Stream(1024),
        Self::Stream(65536),
        Self::RoundTrip(8),
        Self::RoundTrip(40),
        Self::RoundTrip(64),
        Self::WakeUp,
    ];

    /// The word for it in files and on the command line.
    pub fn id(self) -> String {
        match self {
            Self::Stream(size) => format!("stream-{size}"),
            Self::RoundTrip(size) => format!("round-trip-{size}"),
            Self::WakeUp => "wake-up".to_owned(),
        }
    }

    /// What people call it.
    pub fn title(self) -> String {
        match self {
            Self::Stream(65536) => "64 KiB stream".to_owned(),
            Self::Stream(1024) => "1 KiB stream".to_owned(),
            Self::Stream(size) => format!("{size} B stream"),
            Self::RoundTrip(size) => format!("{size} B round trip"),
            Self::WakeUp => "wake-up".to_owned(),
        }
    }

    /// Bytes of one message.
    pub fn size(self) -> usize {
        match self {
            Self::Stream(size) | Self::RoundTrip(size) => size,
            Self::WakeUp => 8,
        }
    }

    /// The unit of [`Case::figure`].
    pub fn unit(self) -> &'static str {
        match self {
            Self::Stream(65536) => "GB/s",
            Self::Stream(_) => "M msg/s",
            Self::RoundTrip(_) => "ns",
            Self::WakeUp => "us",
        }
    }

    /// `ns` nanoseconds for each message, in [`Case::unit`].
    pub fn figure(self, ns: f64) -> f64 {
        match self {
            Self::Stream(65536) => 65536.0 / ns,
            Self::Stream(_) => 1e3 / ns,
            Self::RoundTrip(_) => ns,
            Self::WakeUp => ns / 1e3,
        }
    }

    /// What the two sides are told to do: first the one that sends first, then the one that
    /// receives first.
    pub(super) fn parts(self) -> [&'static str; 2] {
        match self {
            Self::Stream(_) => ["send", "receive"],
            Self::RoundTrip(_) => ["ask", "answer"],
            Self::WakeUp => ["wake", "sleep"],
        }
    }

    /// What a process that is both sides is told to do.
    pub(super) fn whole(self) -> &'static str {
        match self {
            Self::Stream(_) => "stream",
            Self::RoundTrip(_) => "round-trip",
            Self::WakeUp => "wake-up",
        }
    }
}

/// How a side waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// Looks all the time.
    Polling,
    /// Sleeps in the kernel, in the default way: rings after a while, the kernel's own means at
    /// once.
    Blocking,
}

impl Wait {
    /// The word for it.
    pub fn id(self) -> &'static str {
        match self {
            Self::Polling => "polling",
            Self::Blocking => "blocking",
        }
    }
}

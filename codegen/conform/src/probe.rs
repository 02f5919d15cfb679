//! Reads single header fields of a ring from outside, without attaching to it.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use bitrpc_spec::layout::Layout;
use bitrpc_spec::model::role::RingRole;

/// Pause between two looks at a ring: short beside the life of a process.
const PAUSE: Duration = Duration::from_micros(200);

/// A view of one ring's header. It claims no role and writes nothing.
#[derive(Debug, Clone)]
pub struct Probe<'a> {
    layout: &'a Layout,
    file: PathBuf,
}

impl<'a> Probe<'a> {
    /// Looks at the ring in `file`, which need not exist yet.
    pub fn new(layout: &'a Layout, file: PathBuf) -> Self {
        Self { layout, file }
    }

    /// The field of `role` as it is now; `None` while there is no ring.
    pub fn read(&self, role: RingRole) -> Option<u64> {
        let field = self.layout.ring_header.role(role)?;
        self.read_bytes(field.offset, field.size).ok()
    }

    fn read_bytes(&self, offset: u64, size: u64) -> io::Result<u64> {
        let mut bytes = [0; 8];
        let mut file = File::open(&self.file)?;
        file.seek(SeekFrom::Start(offset))?;
        let size = usize::try_from(size).map_err(io::Error::other)?;
        let room = bytes.get_mut(..size).ok_or(io::ErrorKind::InvalidInput)?;
        file.read_exact(room)?;
        Ok(u64::from_le_bytes(bytes))
    }
}

/// Waits until `condition` holds; `false` when it does not by `deadline`.
pub fn wait_until(deadline: Instant, mut condition: impl FnMut() -> bool) -> bool {
    while !condition() {
        if Instant::now() >= deadline {
            return false;
        }
        thread::sleep(PAUSE);
    }
    true
}

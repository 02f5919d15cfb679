//! What the kernel carries: one write and one read for each message. Both always sleep when they
//! have to wait.

use std::ffi::CString;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::thread;
use std::time::Duration;

use crate::args::Args;
use crate::parts::{Receiver, Result, Sender, Transport};
use crate::ring::CAPACITY;

/// A pipe with a name, so that two programs find it.
pub(crate) struct Pipe;

impl<const N: usize> Transport<N> for Pipe {
    type Sender = Stream<File>;
    type Receiver = Stream<File>;

    fn sender(name: &str, args: &Args) -> Result<Stream<File>> {
        let path = make_fifo(name, args)?;
        let file = OpenOptions::new().write(true).open(path)?;
        // SAFETY: F_SETPIPE_SZ takes a number and touches no memory; a kernel that refuses leaves
        // the pipe as it was.
        unsafe { libc::fcntl(file.as_raw_fd(), libc::F_SETPIPE_SZ, CAPACITY as libc::c_int) };
        Ok(Stream(file))
    }

    fn receiver(name: &str, args: &Args) -> Result<Stream<File>> {
        Ok(Stream(File::open(make_fifo(name, args)?)?))
    }
}

/// Makes the pipe unless the other side was faster.
fn make_fifo(name: &str, args: &Args) -> Result<std::path::PathBuf> {
    let path = args.folder.join(format!("{name}.pipe"));
    let text = CString::new(path.as_os_str().as_bytes())?;
    // SAFETY: `text` is a string with an end, valid for the call.
    if unsafe { libc::mkfifo(text.as_ptr(), 0o600) } != 0 {
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::AlreadyExists {
            return Err(error.into());
        }
    }
    Ok(path)
}

/// A Unix stream socket for each direction.
pub(crate) struct Socket;

impl<const N: usize> Transport<N> for Socket {
    type Sender = Stream<UnixStream>;
    type Receiver = Stream<UnixStream>;

    fn sender(name: &str, args: &Args) -> Result<Stream<UnixStream>> {
        let socket = connect(&args.folder.join(format!("{name}.socket")))?;
        let (size, len) = (CAPACITY as libc::c_int, size_of::<libc::c_int>() as libc::socklen_t);
        // SAFETY: the value is an int that is valid for the call, of the length given; a kernel
        // that refuses leaves the socket as it was.
        unsafe {
            let option = (&raw const size).cast();
            libc::setsockopt(socket.as_raw_fd(), libc::SOL_SOCKET, libc::SO_SNDBUF, option, len);
        }
        Ok(Stream(socket))
    }

    fn receiver(name: &str, args: &Args) -> Result<Stream<UnixStream>> {
        let listener = UnixListener::bind(args.folder.join(format!("{name}.socket")))?;
        Ok(Stream(listener.accept()?.0))
    }
}

/// Connects as soon as the other side listens.
fn connect(path: &Path) -> io::Result<UnixStream> {
    loop {
        match UnixStream::connect(path) {
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused
                ) =>
            {
                thread::sleep(Duration::from_millis(1));
            }
            result => return result,
        }
    }
}

pub(crate) struct Stream<T>(T);

impl<const N: usize, T: Write> Sender<N> for Stream<T> {
    fn send(&mut self, message: &[u8; N]) -> Result<()> {
        Ok(self.0.write_all(message)?)
    }
}

impl<const N: usize, T: Read> Receiver<N> for Stream<T> {
    fn receive(&mut self, message: &mut [u8; N]) -> Result<()> {
        Ok(self.0.read_exact(message)?)
    }
}

//! Where sign-ins come from: a Unix socket or a loopback address, one JSON line each way. Must not
//! know what is in a line. Called by `shadow`.

use std::net::SocketAddr;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, UnixListener, UnixStream};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use super::shadow_line::{Answer, Judge};
use crate::exit_status::Failure;
use crate::output;

/// The socket beside `cutover.toml`.
pub(super) const SOCKET: &str = "shadow.sock";
/// No login and password are longer.
const LONGEST_LINE: usize = 64 * 1024;
/// Processes of the app that are served at a time.
const CONNECTIONS: usize = 256;
/// Owner and group: whoever may connect may ask whether a password is right.
const SOCKET_MODE: u32 = 0o660;

/// An open door.
pub(super) enum Listener {
    Address(TcpListener, SocketAddr),
    Path(UnixListener, PathBuf),
}

impl Listener {
    /// Listens on loopback; passwords come in the clear.
    pub(super) async fn at_address(
        address: SocketAddr,
        has_key: bool,
    ) -> Result<Listener, Failure> {
        if !address.ip().is_loopback() {
            return Err(Failure::usage(format!(
                "--listen {address} is not on this machine, and passwords would come in the clear"
            ))
            .hint("listen on 127.0.0.1 beside the app, or on a socket with --socket"));
        }
        let unable = |error| {
            Failure::usage(format!("could not listen on {address}"))
                .source(error)
                .hint("choose another port; 0 picks a free one")
        };
        let listener = TcpListener::bind(address).await.map_err(unable)?;
        let bound = listener.local_addr().map_err(unable)?;
        if !has_key {
            output::note(
                "warning: whoever has an account on this machine can ask whether a password is right; \
                 use --socket, or set CUTOVER_SHADOW_KEY",
            );
        }
        Ok(Listener::Address(listener, bound))
    }

    /// Listens on a socket, in place of one that a killed shadow has left.
    pub(super) async fn at_path(path: &Path) -> Result<Listener, Failure> {
        let unable = |error| {
            Failure::usage(format!("could not listen on {}", path.display()))
                .source(error)
                .hint(
                    "name a path of at most 100 characters with --socket, in a folder of your own",
                )
        };
        if let Ok(there) = std::fs::symlink_metadata(path) {
            if !there.file_type().is_socket() || UnixStream::connect(path).await.is_ok() {
                return Err(Failure::usage(format!("{} is taken", path.display())).hint(
                    "stop the shadow that listens there, or name another path with --socket",
                ));
            }
            std::fs::remove_file(path).map_err(unable)?;
        }
        let listener = UnixListener::bind(path).map_err(unable)?;
        let mode = std::fs::Permissions::from_mode(SOCKET_MODE);
        std::fs::set_permissions(path, mode).map_err(unable)?;
        Ok(Listener::Path(listener, path.to_owned()))
    }

    /// As `CUTOVER_SHADOW["address"]` takes it.
    pub(super) fn shown(&self) -> String {
        match self {
            Listener::Address(_, address) => address.to_string(),
            Listener::Path(_, path) => {
                let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
                path.display().to_string()
            }
        }
    }

    /// Answers until it is dropped.
    pub(super) async fn serve(&self, judge: Arc<Judge>) {
        let room = Arc::new(Semaphore::new(CONNECTIONS));
        loop {
            let Ok(place) = Arc::clone(&room).acquire_owned().await else {
                return;
            };
            let judge = Arc::clone(&judge);
            let accepted = match self {
                Listener::Address(listener, _) => listener.accept().await.map(|(stream, _)| {
                    tokio::spawn(async move {
                        converse(stream, &judge).await;
                        drop(place);
                    });
                }),
                Listener::Path(listener, _) => listener.accept().await.map(|(stream, _)| {
                    tokio::spawn(async move {
                        converse(stream, &judge).await;
                        drop(place);
                    });
                }),
            };
            if accepted.is_err() {
                // Out of file descriptors, most likely: not for long.
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
        }
    }

    /// Leaves no socket behind.
    pub(super) fn remove(&self) {
        if let Listener::Path(_, path) = self {
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Answers line by line until the other side goes. What was read is wiped.
async fn converse(mut stream: impl AsyncRead + AsyncWrite + Unpin, judge: &Judge) {
    let mut read = Zeroizing::new(Vec::with_capacity(LONGEST_LINE));
    loop {
        let Some(end) = read.iter().position(|byte| *byte == b'\n') else {
            if read.len() >= LONGEST_LINE {
                let error = format!("a line has more than {LONGEST_LINE} bytes");
                let _ = say(&mut stream, &Answer::Error { error }).await;
                return;
            }
            // Never beyond what is reserved: growing would leave a copy behind.
            let room = (LONGEST_LINE - read.len()) as u64;
            match (&mut stream).take(room).read_buf(&mut *read).await {
                Ok(0) | Err(_) => return,
                Ok(_) => continue,
            }
        };
        let line: Zeroizing<Vec<u8>> = Zeroizing::new(read.drain(..=end).collect());
        let answer = judge.answer(&line).await;
        if say(&mut stream, &answer).await.is_err() {
            return;
        }
    }
}

async fn say(stream: &mut (impl AsyncWrite + Unpin), answer: &Answer) -> std::io::Result<()> {
    let mut line = serde_json::to_vec(answer)?;
    line.push(b'\n');
    stream.write_all(&line).await
}

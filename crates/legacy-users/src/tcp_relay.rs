//! TCP without Nagle's algorithm for a driver that leaves it on. Moves bytes, knows no protocol.
//! Called by connections for each new one.
//!
//! sqlx 0.9.0 lost `TCP_NODELAY` (transact-rs/sqlx#4335; #4336 puts it back, not yet released).
//! Two small writes in a row then wait for the server's delayed acknowledgement, 40 ms each on
//! Linux: twice in every TLS handshake, while somebody waits for a cold function. So the driver
//! connects to a Unix socket of this process, and its bytes go on from there. Drop this file with
//! sqlx's next release.

use std::io::{self, copy};
use std::net::Shutdown;
use std::thread;

use tokio::net::{TcpStream, UnixListener, UnixStream};
use uuid::Uuid;

/// A TCP connection in search of its driver.
pub(crate) struct TcpRelay {
    tcp: TcpStream,
    folder: String,
}

impl TcpRelay {
    /// The abstract namespace of sockets is Linux's own, and so are the 40 ms. On a developer's other
    /// machine the driver connects by itself.
    pub(crate) const IS_POSSIBLE: bool = cfg!(target_os = "linux");

    /// Connects.
    pub(crate) async fn connect(host: &str, port: u16) -> io::Result<TcpRelay> {
        let tcp = TcpStream::connect((host.trim_matches(['[', ']']), port)).await?;
        tcp.set_nodelay(true)?;
        // A leading NUL is the abstract namespace: nothing is left in any folder.
        let folder = format!("\0cutover-{}", Uuid::new_v4());
        Ok(TcpRelay { tcp, folder })
    }

    /// The folder of the socket, for drivers that give it a name of their own.
    pub(crate) fn folder(&self) -> &str {
        &self.folder
    }

    /// Lets the driver, and nobody else, connect at this address while `connecting` does so.
    pub(crate) async fn serve<T, E: From<io::Error>>(
        self,
        address: &str,
        connecting: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let listener = UnixListener::bind(address)?;
        let accepting = async move {
            let driver = accept_own(&listener).await?;
            Ok(relay(driver, self.tcp)?)
        };
        let ((), connected) = futures::try_join!(accepting, connecting)?;
        Ok(connected)
    }
}

/// The abstract namespace has no permissions: anybody of this machine might connect.
async fn accept_own(listener: &UnixListener) -> io::Result<UnixStream> {
    loop {
        let (driver, _address) = listener.accept().await?;
        let process = driver.peer_cred()?.pid();
        if process.and_then(|id| u32::try_from(id).ok()) == Some(std::process::id()) {
            return Ok(driver);
        }
    }
}

/// Passes on what either side sends, until one of them ends; that ends the other. On threads of its
/// own: a connection dropped must be closed at once, though nobody runs the caller's tasks.
fn relay(driver: UnixStream, tcp: TcpStream) -> io::Result<()> {
    let (driver, tcp) = (driver.into_std()?, tcp.into_std()?);
    driver.set_nonblocking(false)?;
    tcp.set_nonblocking(false)?;
    let (mut from_driver, mut to_driver) = (driver.try_clone()?, driver);
    let (mut from_server, mut to_server) = (tcp.try_clone()?, tcp);
    let name = || thread::Builder::new().name("database-relay".to_owned());
    // How a side ended, the other's driver or server finds out.
    name().spawn(move || {
        let _ = copy(&mut from_driver, &mut to_server);
        let _ = to_server.shutdown(Shutdown::Both);
    })?;
    name().spawn(move || {
        let _ = copy(&mut from_server, &mut to_driver);
        let _ = to_driver.shutdown(Shutdown::Both);
    })?;
    Ok(())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn bytes_pass_both_ways_and_each_end_ends_the_other() {
        for server_ends in [true, false] {
            let server = TcpListener::bind("127.0.0.1:0").expect("a free port");
            let port = server.local_addr().expect("it is bound").port();
            let relay = TcpRelay::connect("127.0.0.1", port)
                .await
                .expect("it listens");
            assert!(relay.tcp.nodelay().expect("a socket option"));
            let address = format!("{}/driver", relay.folder());
            let driver = relay.serve(&address, UnixStream::connect(&address)).await;
            let driver = driver.expect("it connects").into_std().expect("a socket");
            driver.set_nonblocking(false).expect("a socket option");
            let (mut driver, (mut server, _)) = (driver, server.accept().expect("a connection"));
            // From here on nothing runs this test's tasks.

            let mut buffer = [0; 4];
            driver.write_all(b"ping").expect("it is open");
            server.read_exact(&mut buffer).expect("it arrives");
            assert_eq!(&buffer, b"ping");
            server.write_all(b"pong").expect("it is open");
            let mut rest = Vec::new();
            if server_ends {
                drop(server);
                driver.read_to_end(&mut rest).expect("it ends");
                assert_eq!(rest, b"pong");
            } else {
                driver.read_exact(&mut buffer).expect("it arrives");
                assert_eq!(&buffer, b"pong");
                drop(driver);
                server.read_to_end(&mut rest).expect("it ends");
            }
            // Whoever comes later finds nobody.
            assert!(UnixStream::connect(&address).await.is_err());
        }
    }
}

//! A PostgreSQL server of a test's own, to be stopped and started while something uses it.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::python::emulator_script;

/// A PostgreSQL server in a folder of its own.
pub struct PostgresServer {
    programs: PathBuf,
    folder: tempfile::TempDir,
    port: u16,
    connections: usize,
}

impl PostgresServer {
    /// Makes one that takes so many connections. It does not run yet.
    pub fn make(connections: usize) -> PostgresServer {
        let versions = std::fs::read_dir("/usr/lib/postgresql").expect("PostgreSQL is installed");
        let version = versions
            .map(|version| version.expect("it can be listed").path())
            .max()
            .expect("PostgreSQL is installed");
        let folder = tempfile::tempdir().expect("a temporary folder");
        // It refuses to run as root, and its own user must get in here.
        let open = PermissionsExt::from_mode(0o777);
        std::fs::set_permissions(folder.path(), open).expect("our folder");
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .expect("a free port")
            .port();
        let server = PostgresServer {
            programs: version.join("bin"),
            folder,
            port,
            connections,
        };
        let data = server.data().display().to_string();
        server.run("initdb", &["-A", "trust", "-U", "app", "-N", "-D", &data]);
        server
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let is_root = std::fs::metadata("/proc/self").expect("Linux").uid() == 0;
        let path = self.programs.join(program);
        let mut command = if is_root {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]);
            command.arg(path);
            command
        } else {
            Command::new(path)
        };
        let status = command
            .args(arguments)
            .current_dir(Path::new("/"))
            .stdout(Stdio::null())
            .status()
            .expect("it can be run");
        assert!(status.success(), "{program} {arguments:?}");
    }

    /// Lets this user in by password alone, from the next start on.
    pub fn demand_password_of(&self, user: &str) {
        let path = self.data().join("pg_hba.conf");
        let rules = std::fs::read_to_string(&path).expect("initdb made it");
        let rule = format!("host all {user} 127.0.0.1/32 scram-sha-256\n");
        std::fs::write(&path, rule + &rules).expect("our file");
    }

    /// Takes TLS connections from the next start on, with a certificate of this name; the file of the
    /// authority that signed it.
    pub fn speak_tls_as(&self, name: &str) -> PathBuf {
        emulator_script("certificate.py")
            .arg(name)
            .arg(self.data())
            .run()
            .expect_code(0);
        let owner = std::fs::metadata(self.data())
            .expect("initdb made it")
            .uid();
        let key = self.data().join("server.key");
        std::os::unix::fs::chown(&key, Some(owner), None).expect("ours, or we are root");
        let private = PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&key, private).expect("the server demands it");
        let settings = self.data().join("postgresql.conf");
        let text = std::fs::read_to_string(&settings).expect("initdb made it");
        std::fs::write(&settings, text + "\nssl = on\n").expect("our file");
        self.data().join("server.crt")
    }

    /// Starts it, or starts it again, on the same port.
    pub fn start(&self) {
        let options = format!(
            "-p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off \
             -c max_connections={}",
            self.port, self.connections
        );
        let (data, log) = (self.data(), self.folder.path().join("log"));
        let (data, log) = (data.display().to_string(), log.display().to_string());
        let start = ["start", "-w", "-D", &data, "-l", &log, "-o", &options];
        self.run("pg_ctl", &start);
    }

    /// Stops it at once, as a machine that fails does: connections are cut.
    pub fn stop(&self) {
        let data = self.data().display().to_string();
        self.run("pg_ctl", &["stop", "-w", "-m", "immediate", "-D", &data]);
    }

    /// Runs SQL as its owner.
    pub fn execute(&self, sql: &str) {
        let url = format!("{}?sslmode=disable", self.url());
        self.run("psql", &["-q", "-d", &url, "-c", sql]);
    }

    /// Where its owner gets in, without a password.
    pub fn url(&self) -> String {
        format!("postgres://app@127.0.0.1:{}/postgres", self.port)
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        // Ended already where the test came to its end.
        if self.data().join("postmaster.pid").exists() {
            self.stop();
        }
    }
}

//! Two hundred people at once while PostgreSQL is stopped and started again: nobody with the right
//! password is told it is wrong, nobody gets in without a match, and everybody gets in soon after.
//!
//! A function has one process for each person at a time; here each is a trigger of its own with
//! the one connection that a process has. The server is the test's own.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use django_password::{CustomHashers, EncodedPassword, HashState, Limits, Verifier};
use legacy_users::{ConnectSettings, LegacyDatabase};
use migration_model::Config;
use user_migration_trigger::{
    Budget, Decision, Event, HashChecker, Observation, Trigger, UsualCost,
};

use crate::program::{CHEAP_HASH, sign_in};
use crate::python_script::target;

const PEOPLE: usize = 200;

/// The password of [`CHEAP_HASH`].
pub(crate) const PASSWORD: &str = "anything";

/// A PostgreSQL server in a folder of its own.
pub(crate) struct Server {
    programs: PathBuf,
    folder: tempfile::TempDir,
    port: u16,
}

impl Server {
    pub(crate) fn make() -> Server {
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
        let server = Server {
            programs: version.join("bin"),
            folder,
            port,
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
    pub(crate) fn demand_password_of(&self, user: &str) {
        let path = self.data().join("pg_hba.conf");
        let rules = std::fs::read_to_string(&path).expect("initdb made it");
        let rule = format!("host all {user} 127.0.0.1/32 scram-sha-256\n");
        std::fs::write(&path, rule + &rules).expect("our file");
    }

    /// Takes TLS connections from the next start on, with a certificate of this name; the file of the
    /// authority that signed it.
    pub(crate) fn speak_tls_as(&self, name: &str) -> PathBuf {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/certificate.py");
        let made = Command::new(target().join("python-emulators/bin/python"))
            .arg(script)
            .arg(name)
            .arg(self.data())
            .status();
        assert!(made.expect("`make emulators` made it").success());
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

    pub(crate) fn start(&self) {
        let options = format!(
            "-p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off \
             -c max_connections={}",
            self.port,
            PEOPLE + 20
        );
        let (data, log) = (self.data(), self.folder.path().join("log"));
        let (data, log) = (data.display().to_string(), log.display().to_string());
        let start = ["start", "-w", "-D", &data, "-l", &log, "-o", &options];
        self.run("pg_ctl", &start);
    }

    fn stop(&self) {
        let data = self.data().display().to_string();
        self.run("pg_ctl", &["stop", "-w", "-m", "immediate", "-D", &data]);
    }

    pub(crate) fn execute(&self, sql: &str) {
        let url = format!("{}?sslmode=disable", self.url());
        self.run("psql", &["-q", "-d", &url, "-c", sql]);
    }

    pub(crate) fn url(&self) -> String {
        format!("postgres://app@127.0.0.1:{}/postgres", self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Ended already where the test came to its end.
        if self.data().join("postmaster.pid").exists() {
            self.stop();
        }
    }
}

/// A trigger with further settings in the `[trigger]` sections.
pub(crate) fn trigger(url: &str, more: &str) -> Trigger<LegacyDatabase> {
    let text = format!(
        "[legacy]\nlogin = [\"username\"]\n[groups]\ncarry = false\n\
         [trigger.attempts]\nper_login = 0\nper_client = 0\n{more}"
    );
    let config = Config::parse(&text, Path::new("cutover.toml"), Some(url)).expect("it is right");
    let settings = ConnectSettings::for_trigger();
    let legacy = LegacyDatabase::open(&config.legacy, &config.mapping, settings);
    let verifier = Verifier::new(CustomHashers::default(), Limits::default());
    let HashState::Verifiable(cost) = verifier.inspect(&EncodedPassword::new(CHEAP_HASH)).state
    else {
        panic!("the cheap hash can be checked")
    };
    let hashes = HashChecker::new(verifier, UsualCost::starting_with(cost), None);
    Trigger::new(legacy.expect("a fine URL"), &config, hashes)
}

pub(crate) async fn decided(
    trigger: &Trigger<LegacyDatabase>,
    login: &str,
    password: &str,
) -> Decision {
    let event = sign_in(login, password).to_string();
    let mut event = Event::parse(event.into()).expect("an object");
    let budget = Budget::new(Duration::from_secs(60), Duration::ZERO);
    let mut seen = Observation::begin("request".to_owned(), false);
    trigger.decide(&mut event, &budget, &mut seen).await
}

/// What has been seen of everybody.
#[derive(Default)]
struct Seen {
    let_in: AtomicU64,
    refused: AtomicU64,
    outages: AtomicU64,
    /// Who got in since the server is back, and when.
    back: Mutex<Vec<Option<Instant>>>,
    over: std::sync::atomic::AtomicBool,
}

async fn one_person(number: usize, url: String, seen: Arc<Seen>) {
    let (trigger, login) = (trigger(&url, ""), format!("person{number}"));
    while !seen.over.load(Ordering::Relaxed) {
        match decided(&trigger, &login, PASSWORD).await {
            Decision::Migrated(_) => {
                seen.let_in.fetch_add(1, Ordering::Relaxed);
                let mut back = seen.back.lock().expect("nobody panicked");
                if let Some(first @ None) = back.get_mut(number) {
                    *first = Some(Instant::now());
                }
            }
            Decision::Failed(_) => {
                seen.outages.fetch_add(1, Ordering::Relaxed);
            }
            other => panic!("the right password: {other:?}"),
        }
        match decided(&trigger, &login, "wrong").await {
            Decision::Refused(_) => {
                seen.refused.fetch_add(1, Ordering::Relaxed);
            }
            Decision::Failed(_) => {
                seen.outages.fetch_add(1, Ordering::Relaxed);
            }
            other => panic!("a wrong password: {other:?}"),
        }
        // People take a moment before they try again.
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn until(what: &str, done: impl Fn() -> bool) {
    let waiting = async {
        while !done() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(90), waiting).await;
    assert!(waited.is_ok(), "never: {what}");
}

#[expect(
    clippy::print_stdout,
    reason = "the figure is for whoever runs the test"
)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_called_wrong_or_let_in_unproved_while_the_server_is_stopped_and_started() {
    let server = Server::make();
    server.start();
    server.execute(&format!(
        "CREATE TABLE auth_user (id integer PRIMARY KEY, username text UNIQUE, password text,
           is_active boolean);
         INSERT INTO auth_user SELECT n, 'person' || n, '{CHEAP_HASH}', true
           FROM generate_series(0, {PEOPLE}) n;
         CREATE INDEX ON auth_user (LOWER(username));"
    ));
    let seen = Arc::new(Seen::default());
    let mut people = tokio::task::JoinSet::new();
    for number in 0..PEOPLE {
        people.spawn(one_person(number, server.url(), Arc::clone(&seen)));
    }
    let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let all = PEOPLE as u64;
    until("everybody gets in", || count(&seen.let_in) >= all).await;

    let before = count(&seen.outages);
    let server = tokio::task::spawn_blocking(move || {
        server.stop();
        server
    });
    let server = server.await.expect("it stops");
    until("everybody meets the outage", || {
        count(&seen.outages) >= before + 2 * all
    })
    .await;

    let server = tokio::task::spawn_blocking(move || {
        server.start();
        server
    });
    let server = server.await.expect("it starts");
    let returned = Instant::now();
    *seen.back.lock().expect("nobody panicked") = vec![None; PEOPLE];
    until("everybody gets in again", || {
        let back = seen.back.lock().expect("nobody panicked");
        back.iter().all(Option::is_some)
    })
    .await;
    let mut times: Vec<Duration> = seen
        .back
        .lock()
        .expect("nobody panicked")
        .iter()
        .flatten()
        .map(|at| at.saturating_duration_since(returned))
        .collect();
    times.sort();
    seen.over.store(true, Ordering::Relaxed);
    while let Some(ended) = people.join_next().await {
        ended.expect("every answer was right");
    }
    assert!(count(&seen.refused) > 0);
    println!(
        "{PEOPLE} people: {} let in, {} refused, {} outages; in again after {:?} (median), \
         {:?} (last)",
        count(&seen.let_in),
        count(&seen.refused),
        count(&seen.outages),
        times[PEOPLE / 2],
        times[PEOPLE - 1],
    );
    drop(server);
}

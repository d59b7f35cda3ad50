//! What goes wrong in the surroundings: one clear message on stderr with the next step, the
//! designed exit code, nothing on stdout, and nothing half-written.

use std::net::TcpListener;

use acceptance_tests::{Engine, Finished, LegacyDatabase, Program, Shape, Workplace, administrate};

use crate::import_run::{import, import_all};

/// Usage or configuration.
const USAGE: i32 = 2;
/// Halted; the same command may succeed later.
const HALTED: i32 = 3;

/// Runs a program that cannot do its work, and says that it says so well: `says` stand in what it
/// wrote to stderr.
#[track_caller]
fn refused(program: Program, code: i32, says: &[&str]) -> Finished {
    let finished = program.run().expect_code(code);
    for part in says {
        assert!(
            finished.stderr.contains(part),
            "{part:?} is not in {finished:?}"
        );
    }
    assert!(!finished.stderr.contains("panicked"), "{finished:?}");
    assert!(!finished.stderr.contains("RUST_BACKTRACE"), "{finished:?}");
    assert!(
        finished.stderr.lines().count() <= 12,
        "one message, not a flood: {finished:?}"
    );
    assert_eq!(finished.stdout, "", "results alone go to stdout");
    finished
}

/// The same for every command that reads the legacy database; none leaves a file.
#[track_caller]
fn every_reader_is_refused(
    workplace: &Workplace,
    url: &str,
    code: i32,
    says: &[&str],
    never: &[&str],
) {
    let before = workplace.folder().files();
    let pool = [
        "--endpoint-url",
        "http://127.0.0.1:9",
        "--user-pool-id",
        "eu-west-1_a",
    ];
    let import = workplace
        .cutover(&["import", "--execute", "--region", "eu-west-1"])
        .args(pool);
    let programs = [
        workplace.cutover(&["inspect", "--json", "x.json"]),
        import,
        workplace.cutover(&["rehearse"]),
    ];
    for program in programs {
        let finished = refused(program.env("CUTOVER_LEGACY_URL", url), code, says);
        for text in never {
            assert!(
                !finished.stderr.contains(text),
                "{text:?} is in {finished:?}"
            );
        }
    }
    assert_eq!(workplace.folder().files(), before, "nothing is left behind");
}

fn workplace() -> Workplace {
    Workplace::new(Shape::Stock, Engine::Sqlite)
}

#[test]
fn a_missing_database_file_is_named_and_not_made() {
    let workplace = workplace();
    let url = format!(
        "sqlite://{}",
        workplace.folder().join("missing.sqlite3").display()
    );
    every_reader_is_refused(
        &workplace,
        &url,
        USAGE,
        &["no legacy database", "hint: "],
        &[],
    );
}

#[test]
fn a_file_that_is_no_database_is_refused() {
    let workplace = workplace();
    let file = workplace
        .folder()
        .write("notes.txt", "this is no database at all\n".repeat(100));
    let url = format!("sqlite://{}", file.display());
    every_reader_is_refused(&workplace, &url, USAGE, &["legacy database", "hint: "], &[]);
}

#[test]
fn a_wrong_database_password_is_told_without_showing_it() {
    let workplace = workplace();
    let legacy = LegacyDatabase::of(Shape::Stock, Engine::Mysql);
    let login = format!("cutover_{:08x}", rand::random::<u32>());
    administrate(
        Engine::Mysql,
        &[format!(
            "CREATE USER '{login}'@'%' IDENTIFIED BY 'right-Password-1'"
        )],
        &[format!("DROP USER '{login}'@'%'")],
    );
    let url = with_login(legacy.url(), &format!("{login}:wrong-Password-2"));
    let never = ["wrong-Password-2", "right-Password-1"];
    every_reader_is_refused(
        &workplace,
        &url,
        USAGE,
        &["refuses access", "hint: "],
        &never,
    );
}

#[test]
fn a_database_login_without_rights_names_what_it_may_not_read() {
    let workplace = workplace();
    let legacy = LegacyDatabase::of(Shape::Stock, Engine::Postgres);
    let login = format!("cutover_{:08x}", rand::random::<u32>());
    administrate(
        Engine::Postgres,
        &[format!(
            "CREATE ROLE {login} LOGIN PASSWORD 'planted-Password-3'"
        )],
        &[format!("DROP ROLE {login}")],
    );
    let url = with_login(legacy.url(), &format!("{login}:planted-Password-3"));
    let says = ["refuses access", "auth_user", "hint: "];
    every_reader_is_refused(&workplace, &url, USAGE, &says, &["planted-Password-3"]);
}

#[test]
fn a_database_that_the_server_lacks_is_no_outage() {
    for engine in [Engine::Postgres, Engine::Mysql] {
        let workplace = workplace();
        let legacy = LegacyDatabase::of(Shape::Stock, engine);
        let (server, _) = legacy
            .url()
            .rsplit_once('/')
            .expect("a URL with a database");
        let url = format!("{server}/cutover_test_nowhere");
        every_reader_is_refused(
            &workplace,
            &url,
            USAGE,
            &["no legacy database", "hint: "],
            &[],
        );
    }
}

#[test]
fn a_server_that_does_not_answer_is_an_outage() {
    // A port that was free a moment ago.
    let port = TcpListener::bind("127.0.0.1:0")
        .and_then(|l| l.local_addr())
        .map(|a| a.port());
    let port = port.expect("some port is free");
    for scheme in ["postgres", "mysql"] {
        let workplace = workplace();
        let url = format!("{scheme}://app:planted-Password-4@127.0.0.1:{port}/app");
        let says = ["does not answer", "hint: "];
        every_reader_is_refused(&workplace, &url, HALTED, &says, &["planted-Password-4"]);
    }
}

#[test]
fn a_url_of_another_database_is_refused_without_showing_it() {
    let workplace = workplace();
    let url = "oracle://scott:planted-Password-5@db/app";
    let says = ["sqlite:", "postgres:", "mysql:"];
    every_reader_is_refused(&workplace, url, USAGE, &says, &["planted-Password-5"]);
}

#[test]
fn a_missing_table_or_column_is_named_with_its_setting_and_the_nearest() {
    for engine in [Engine::Sqlite, Engine::Postgres, Engine::Mysql] {
        let legacy = LegacyDatabase::of(Shape::Stock, engine);
        let workplace = workplace();
        let toml = Shape::Stock.cutover_toml();
        workplace.folder().write(
            "cutover.toml",
            toml.replace("\"auth_user\"", "\"auth_usr\""),
        );
        let says = ["`auth_usr`", "user_table", "auth_user"];
        every_reader_is_refused(&workplace, legacy.url(), USAGE, &says, &[]);

        let renamed = format!("{toml}\n[legacy.columns]\nemail = \"e_mail\"\n");
        workplace.folder().write("cutover.toml", renamed);
        let says = ["`e_mail`", "auth_user", "email"];
        every_reader_is_refused(&workplace, legacy.url(), USAGE, &says, &[]);

        let mapped = toml.replace("\"last_name\"", "\"surname\"");
        workplace.folder().write("cutover.toml", mapped);
        every_reader_is_refused(
            &workplace,
            legacy.url(),
            USAGE,
            &["surname", "family_name"],
            &[],
        );
    }
}

#[test]
fn a_faulty_configuration_is_told_by_line_and_key() {
    let workplace = workplace();
    let toml = Shape::Stock.cutover_toml();
    let line_of = |text: &str, part: &str| {
        let at = text
            .lines()
            .position(|line| line.contains(part))
            .expect("it is in there");
        format!("cutover.toml:{}", at + 1)
    };
    let cases = [
        (
            toml.replace("user_table", "user_tabel"),
            "user_tabel",
            vec!["`user_table`"],
        ),
        (
            toml.replace("[groups]", "[gruops]"),
            "[gruops]",
            vec!["`groups`"],
        ),
        (
            toml.replace("carry = true", "carry = \"yes\""),
            "carry = \"yes\"",
            vec!["carry"],
        ),
        (
            toml.replace("[\"username\"]", "[]"),
            "login = []",
            vec!["login"],
        ),
        (
            toml.replace("[\"username\"]", "[\"username\""),
            "login",
            vec![],
        ),
        (
            toml.replace("given_name", "gven_name"),
            "gven_name",
            vec!["`gven_name`", "given_name"],
        ),
        (
            toml.replace("\"never\"", "\"perhaps\""),
            "perhaps",
            vec!["never", "always", "allauth", "column:"],
        ),
    ];
    for (text, faulty, mut says) in cases {
        workplace.folder().write("cutover.toml", &text);
        let line = line_of(&text, faulty);
        // A list that is not closed is noticed on a later line.
        if says.is_empty() {
            says.push("cutover.toml:");
        } else {
            says.push(&line);
        }
        for command in [
            &["inspect"][..],
            &["pool", "serve"],
            &["import"],
            &["rehearse"],
        ] {
            refused(workplace.cutover(command), USAGE, &says);
        }
    }
}

#[test]
fn no_configuration_is_told_with_where_it_was_looked_for() {
    let workplace = workplace();
    std::fs::remove_file(workplace.folder().join("cutover.toml")).expect("it was there");
    for command in [
        &["inspect"][..],
        &["pool", "serve"],
        &["import"],
        &["rehearse"],
    ] {
        refused(
            workplace.cutover(command),
            USAGE,
            &["cutover.toml", "--config"],
        );
    }
    let named = workplace.cutover(&["--config", "elsewhere/app.toml", "inspect"]);
    refused(named, USAGE, &["elsewhere/app.toml"]);
}

#[test]
fn a_mistyped_command_line_is_answered_with_what_was_meant() {
    let workplace = workplace();
    let target = [
        "--endpoint-url",
        "http://127.0.0.1:9",
        "--user-pool-id",
        "eu-west-1_a",
    ];
    let import = |flags: &[&str]| workplace.cutover(&["import"]).args(target).args(flags);
    refused(import(&["--exceute"]), USAGE, &["--exceute", "--execute"]);
    refused(workplace.cutover(&["improt"]), USAGE, &["improt", "import"]);
    refused(
        workplace.cutover(&["pool", "serve", "--listen", "here"]),
        USAGE,
        &["--listen", "here"],
    );
    for share in ["0", "-0.5", "1.5", "NaN", "inf", "half", ""] {
        let flag = format!("--share={share}");
        refused(import(&["--region", "eu-west-1", &flag]), USAGE, &["share"]);
    }
    for run in ["", "../night", "a/b", ".hidden"] {
        let flag = format!("--run={run}");
        refused(
            import(&["--region", "eu-west-1", "--execute", &flag]),
            USAGE,
            &["run name"],
        );
    }
    assert!(!workplace.folder().join("runs").exists());
}

#[test]
fn a_target_that_cannot_be_is_refused_before_anything_is_read() {
    let workplace = workplace();
    // Neither [pool] nor an endpoint: which pool?
    refused(
        workplace.cutover(&["import"]),
        USAGE,
        &["[pool]", "--user-pool-id"],
    );
    let remote = [
        "--endpoint-url",
        "http://198.51.100.7:80",
        "--user-pool-id",
        "eu-west-1_a",
    ];
    let import = workplace
        .cutover(&["import", "--region", "eu-west-1"])
        .args(remote);
    refused(import, USAGE, &["https"]);
    let malformed = [
        "--endpoint-url",
        "http://127.0.0.1:9",
        "--user-pool-id",
        "nonsense",
    ];
    let import = workplace
        .cutover(&["import", "--region", "eu-west-1"])
        .args(malformed);
    refused(import, USAGE, &["pool id", "eu-west-1_"]);
}

#[test]
fn a_pool_that_does_not_exist_is_told_and_nothing_is_begun() {
    let workplace = workplace();
    let pool = workplace.serve_pool();
    let before = workplace.folder().files();
    let import = workplace
        .cutover(&["import", "--execute", "--region", &pool.region])
        .args([
            "--endpoint-url",
            &pool.endpoint,
            "--user-pool-id",
            "eu-west-1_doesNotExist",
        ]);
    refused(
        import,
        USAGE,
        &["eu-west-1_doesNotExist", "check user pool id and Region"],
    );
    assert_eq!(
        workplace.folder().files(),
        before,
        "no journal of a run that never was"
    );
}

#[test]
fn an_endpoint_that_does_not_listen_is_told_and_nothing_is_begun() {
    let workplace = workplace();
    let port = TcpListener::bind("127.0.0.1:0")
        .and_then(|l| l.local_addr())
        .map(|a| a.port());
    let endpoint = format!("http://127.0.0.1:{}", port.expect("some port is free"));
    let before = workplace.folder().files();
    let import = workplace
        .cutover(&["import", "--execute", "--region", "eu-west-1"])
        .args([
            "--endpoint-url",
            &endpoint,
            "--user-pool-id",
            "eu-west-1_abc",
        ]);
    refused(import, HALTED, &[&endpoint]);
    assert_eq!(
        workplace.folder().files(),
        before,
        "no journal of a run that never was"
    );
}

#[test]
fn a_journal_that_cannot_be_written_stops_before_the_first_user() {
    let workplace = workplace();
    let pool = workplace.serve_pool();
    // A file where the folder should be, and a folder where nobody may make one: these stop root
    // as well.
    for folder in ["cutover.toml", "/proc/runs"] {
        let program = import(
            &workplace,
            &pool,
            "night",
            &["--execute", "--runs-dir", folder],
        );
        let finished = program.run();
        assert!(
            matches!(finished.code(), Some(USAGE | HALTED)),
            "{finished:?}"
        );
        assert!(
            finished.stderr.contains(folder),
            "it names the folder: {finished:?}"
        );
        assert!(!finished.stderr.contains("panicked"), "{finished:?}");
        assert!(pool.client().content().is_empty());
    }
}

#[test]
fn a_damaged_journal_is_refused() {
    let workplace = workplace();
    let pool = workplace.serve_pool();
    workplace
        .folder()
        .write("runs/night.sqlite3", "this is no journal\n".repeat(1000));
    let finished = import(&workplace, &pool, "night", &["--execute"]).run();
    assert!(
        matches!(finished.code(), Some(USAGE | HALTED)),
        "{finished:?}"
    );
    assert!(finished.stderr.contains("night"), "{finished:?}");
    assert!(pool.client().content().is_empty());
    let finished = workplace.cutover(&["status", "--run", "night"]).run();
    assert!(
        matches!(finished.code(), Some(USAGE | HALTED)),
        "{finished:?}"
    );
}

/// A file system too small for the journal, mounted for this one program (root may) or, where
/// that is not allowed, the shell's limit on file sizes. Either way writing fails half-way.
fn without_room(program: Program, folder: &str, kilobytes: u32) -> Program {
    program.after(&format!(
        "if [ -z \"$INSIDE\" ] && unshare -m true 2>/dev/null; then\n\
           INSIDE=1 exec unshare -m sh -c '\n\
             mount -t tmpfs -o size={kilobytes}k tmpfs {folder} || exit 99\n\
             exec \"$@\"' sh \"$@\"\n\
         fi\n\
         trap '' XFSZ; ulimit -f {}",
        kilobytes * 2
    ))
}

#[test]
fn a_full_disk_halts_the_import_and_the_same_command_goes_on() {
    let workplace = workplace();
    let pool = workplace.serve_pool();
    let users = workplace.legacy().users().len();
    let runs = workplace.folder().join("runs");
    std::fs::create_dir(&runs).expect("a folder in the test folder can be made");
    let flags = ["--execute", "--approve-password-reset"];
    for kilobytes in [32, 64, 96] {
        let program = import(&workplace, &pool, "night", &flags);
        let finished = without_room(program, &runs.display().to_string(), kilobytes).run();
        assert_eq!(
            finished.code(),
            Some(HALTED),
            "{kilobytes} KiB: {finished:?}"
        );
        assert!(!finished.stderr.contains("panicked"), "{finished:?}");
        let said = finished.stderr.to_lowercase();
        assert!(
            said.contains("journal"),
            "it names the journal: {finished:?}"
        );
        assert!(
            said.contains("room") || said.contains("space"),
            "and what lacks: {finished:?}"
        );
    }
    // Without a journal nobody was created behind its back.
    let before = pool.client().content().len();
    let (accounts, _) = import_all(&workplace, &pool, "night", &flags);
    accounts.assert_whole(users);
    assert_eq!(accounts.failed, 0);
    assert_eq!(
        pool.client().content().len(),
        accounts.created + accounts.already_in_pool
    );
    assert!(before <= accounts.created + accounts.already_in_pool);
}

#[test]
fn a_journal_that_fills_the_disk_half_way_is_resumed_exactly() {
    let workplace = workplace();
    let pool = workplace.serve_pool();
    let users = workplace.legacy().users().len();
    let flags = ["--execute", "--approve-password-reset"];
    // The limit on file sizes lets the journal stay where it is: what was written remains.
    let mut halted = 0;
    for kilobytes in [48, 64, 80, 96, 128, 160, 192, 256] {
        let program = import(&workplace, &pool, "night", &flags);
        let limit = format!("trap '' XFSZ; ulimit -f {}", kilobytes * 2);
        let finished = program.after(&limit).run();
        if finished.code() == Some(0) {
            break;
        }
        assert_eq!(
            finished.code(),
            Some(HALTED),
            "{kilobytes} KiB: {finished:?}"
        );
        halted += 1;
    }
    assert!(halted > 0, "the journal fitted into 48 KiB");
    let (accounts, _) = import_all(&workplace, &pool, "night", &flags);
    accounts.assert_whole(users);
    assert_eq!(
        (accounts.failed, accounts.already_in_pool),
        (0, 0),
        "{accounts:?}"
    );
    assert_eq!(pool.client().content().len(), accounts.created);
}

#[test]
fn a_result_file_that_cannot_be_written_is_told_before_the_work() {
    let workplace = workplace();
    let pool = workplace.serve_pool();
    let program = workplace
        .cutover(&["import", "--execute", "--approve-password-reset"])
        .args(pool.as_target())
        .args(["--summary", "no/such/folder/summary.json"]);
    let finished = program.run().expect_code(USAGE);
    assert!(
        finished.stderr.contains("no/such/folder/summary.json"),
        "{finished:?}"
    );
    assert!(pool.client().content().is_empty(), "nobody was imported");
    let inspect = workplace.cutover(&["inspect", "--json", "no/such/folder/inspection.json"]);
    let finished = inspect.run().expect_code(USAGE);
    assert!(
        finished.stderr.contains("no/such/folder/inspection.json"),
        "{finished:?}"
    );
}

#[test]
fn the_status_of_a_run_that_never_was_is_refused_and_makes_nothing() {
    let workplace = workplace();
    let before = workplace.folder().files();
    let status = workplace.cutover(&["status", "--run", "never", "--json", "status.json"]);
    refused(status, USAGE, &["never"]);
    assert_eq!(workplace.folder().files(), before);
    assert!(!workplace.folder().join("runs").exists());
}

#[test]
fn a_pool_that_cannot_be_served_is_refused() {
    let workplace = workplace();
    let taken = TcpListener::bind("127.0.0.1:0").expect("some port is free");
    let address = taken.local_addr().expect("it has an address").to_string();
    let serve = |flags: &[&str]| {
        workplace
            .cutover(&["pool", "serve", "--ready-file", "ready.json"])
            .args(flags)
    };
    refused(
        serve(&["--listen", &address]),
        USAGE,
        &[&address, "--listen"],
    );
    refused(
        serve(&["--listen", "0.0.0.0:0"]),
        USAGE,
        &["0.0.0.0", "loopback"],
    );
    refused(
        serve(&["--trigger", "no/such/program"]),
        USAGE,
        &["no/such/program", "--trigger"],
    );
    refused(
        serve(&["--quotas", "no-such.toml"]),
        USAGE,
        &["no-such.toml", "--quotas"],
    );
    workplace
        .folder()
        .write("quotas.toml", "[rates]\nUserCreatoin = 50\n");
    refused(
        serve(&["--quotas", "quotas.toml"]),
        USAGE,
        &["quotas.toml", "UserCreatoin"],
    );
    refused(
        serve(&[]).arg("--ready-file=no/such/folder/ready.json"),
        USAGE,
        &[],
    );
    assert!(
        !workplace.folder().join("ready.json").exists(),
        "it never was ready"
    );
}

#[test]
fn a_canary_file_that_is_none_is_refused_without_quoting_it() {
    let workplace = workplace();
    let rehearse = || workplace.cutover(&["rehearse", "--canaries", "canaries.json"]);
    refused(rehearse(), USAGE, &["canaries.json"]);
    workplace.folder().write(
        "canaries.json",
        "[\n {\"login\": \"a\", \"password\": 7731}]",
    );
    let finished = refused(rehearse(), USAGE, &["canaries.json:2"]);
    assert!(!finished.stderr.contains("7731"));
    assert!(!workplace.folder().join("rehearsal-report").exists());
}

fn with_login(url: &str, login: &str) -> String {
    let (scheme, rest) = url.split_once("://").expect("a URL has a scheme");
    let (_, server) = rest.rsplit_once('@').unwrap_or(("", rest));
    format!("{scheme}://{login}@{server}")
}

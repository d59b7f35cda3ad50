//! From outside, nobody can tell refusals apart.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use acceptance_tests::python;
use serde_json::{Value, json};

use crate::program::{Program, Running, forgot_password, sign_in};
use crate::runtime_api::Answer;

#[tokio::test]
async fn refusals_differ_in_nothing_but_what_was_sent() {
    let function = Program::on_default_data().start().await;
    let sent = [
        ("nobody.at.all", "user-unknown"),
        ("alg.pbkdf2_sha256.0", "password-mismatch"),
        ("alg.argon2.2", "password-mismatch"),
        ("inactive.5", "user-inactive"),
        ("unusable.bare", "password-unusable"),
        ("empty.password", "password-unusable"),
        ("malformed.plain", "hash-malformed"),
        ("odd.name", "login-ambiguous"),
        ("odd.twin@example.com", "login-ambiguous"),
    ];
    let mut answers = BTreeSet::new();
    for (login, _) in sent {
        let event = sign_in(login, "wrong").to_string();
        let Answer::Response(body) = function.api.invoke(event).await else {
            panic!("{login}: an error");
        };
        let text = String::from_utf8(body.to_vec()).expect("JSON is UTF-8");
        answers.insert(text.replace(login, "LOGIN"));
    }
    assert_eq!(answers.len(), 1, "{answers:?}");
    let lines = function.finish().await.invocations();
    for (line, (login, reason)) in lines.iter().zip(sent) {
        assert_eq!(line["Reason"], reason, "{login}");
    }
}

#[tokio::test]
async fn each_refusal_of_a_sign_in_costs_one_hash_of_the_usual_cost() {
    // Work is compared, not time: on a shared machine time proves nothing.
    let usual = "pbkdf2_sha256$20000$salt$A3GIxyJXAsc6XPG5HFXvaMgQ/FIt6AV0KsDMj7VFfDQ=";
    let function = Program::on_default_data()
        .set("CUTOVER_USUAL_HASH", usual)
        .start()
        .await;
    for login in [
        "nobody.at.all",
        "inactive.5",
        "unusable.bare",
        "alg.pbkdf2_sha256.0",
    ] {
        function.response(&sign_in(login, "wrong")).await;
    }
    function.response(&forgot_password("nobody.at.all")).await;
    let lines = function.finish().await.invocations();
    let work = |line: &Value| {
        let has = |member: &str| {
            line.get(member)
                .is_some_and(|time| time.as_f64() > Some(0.0))
        };
        (has("SpendDuration"), has("VerifyDuration"))
    };
    let work: Vec<_> = lines.iter().map(work).collect();
    assert_eq!(
        work,
        [
            (true, false),
            (true, false),
            (true, false),
            (false, true),
            (false, false)
        ]
    );
    assert_eq!(lines[0]["cold_start"], json!(true));
    assert_eq!(lines[1]["cold_start"], json!(false));
}

/// A hash that takes some 25 ms, so that whether it was made outweighs all else; of no password
/// tried here.
const NOTICEABLE_HASH: &str =
    "pbkdf2_sha256$300000$salt$A3GIxyJXAsc6XPG5HFXvaMgQ/FIt6AV0KsDMj7VFfDQ=";

/// People of every kind that is refused, with the noticeable hash where they have one.
const PEOPLE: [(&str, &str); 5] = [
    ("nobody.at.all", "unknown"),
    ("known", "wrong password"),
    ("inactive", "inactive"),
    ("unusable", "unusable password"),
    ("malformed", "malformed hash"),
];

const ROUNDS: usize = 25;

/// Times of refusals, by kind of person, in order of length.
async fn reply_times(function: &Running) -> BTreeMap<&'static str, Vec<Duration>> {
    let mut times: BTreeMap<&str, Vec<Duration>> = BTreeMap::new();
    for _ in 0..ROUNDS {
        // In turns, so that other work on the machine meets all of them.
        for (login, kind) in PEOPLE {
            let event = sign_in(login, "wrong");
            let began = Instant::now();
            let answer = function.response(&event).await;
            times.entry(kind).or_default().push(began.elapsed());
            assert_eq!(answer["response"], json!({}), "{kind}");
        }
    }
    times.values_mut().for_each(|times| times.sort());
    times
}

/// Whether one kind of refusals takes more than twice as long as another: as far as time alone may
/// decide on a machine that does other work beside.
fn tells_apart(times: &BTreeMap<&str, Vec<Duration>>) -> bool {
    let medians = || times.values().map(|times| times[ROUNDS / 2]);
    let (shortest, longest) = (medians().min(), medians().max());
    longest > shortest.map(|shortest| shortest * 2)
}

#[tokio::test]
#[expect(
    clippy::print_stdout,
    reason = "the figures are for whoever runs it with --nocapture, or sees it fail"
)]
async fn reply_times_do_not_tell_who_exists() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let database = folder.path().join("legacy.sqlite3");
    let sql = format!(
        "create table auth_user (id integer primary key, username text unique, password text,
           is_active bool);
         insert into auth_user values (1, 'known', '{NOTICEABLE_HASH}', 1),
           (2, 'inactive', '{NOTICEABLE_HASH}', 0), (3, 'unusable', '!x', 1),
           (4, 'malformed', 'pbkdf2_sha256$none', 1);"
    );
    let script = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).executescript(sys.argv[2])";
    python()
        .args(["-c", script])
        .arg(&database)
        .arg(sql)
        .run()
        .expect_code(0);
    let config = folder.path().join("cutover.toml");
    let text = "[groups]\ncarry = false\n[trigger.attempts]\nper_login = 0\nper_client = 0\n";
    std::fs::write(&config, text).expect("our folder");
    let function = Program::with_config(&config)
        .set(
            "CUTOVER_LEGACY_URL",
            &format!("sqlite://{}", database.display()),
        )
        .set("CUTOVER_USUAL_HASH", NOTICEABLE_HASH)
        .start()
        .await;
    function.response(&sign_in("nobody", "wrong")).await;

    // A difference that is there is there each time; one that other work makes is not.
    let mut told_apart = 0;
    for _ in 0..3 {
        let times = reply_times(&function).await;
        for (kind, times) in &times {
            let at = |part: usize| times[(ROUNDS - 1) * part / 10].as_secs_f64() * 1000.0;
            let (low, median, high) = (at(1), at(5), at(9));
            println!("{kind:>18}: {low:6.1} {median:6.1} {high:6.1} ms (10 %, median, 90 %)");
        }
        if !tells_apart(&times) {
            break;
        }
        told_apart += 1;
    }
    assert!(told_apart < 3, "see the times above");
}

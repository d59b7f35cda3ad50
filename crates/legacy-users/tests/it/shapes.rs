//! All users of the fixtures' four legacy apps, on each engine: read as Django itself reads
//! them, and found by the logins in their canaries.

use std::path::{Path, PathBuf};

use futures::TryStreamExt;
use legacy_users::LegacyDatabase;
use migration_model::{LegacyUser, LoginMatch};
use serde_json::Value;
use tokio::process::Command;

use crate::scratch::{Engine, Scratch, found};

crate::on_each_engine! { stock email_login uuid_keys allauth }

async fn stock(engine: Engine) {
    read_and_find(engine, "stock").await;
}

async fn email_login(engine: Engine) {
    read_and_find(engine, "email-login").await;
}

async fn uuid_keys(engine: Engine) {
    read_and_find(engine, "uuid").await;
}

async fn allauth(engine: Engine) {
    read_and_find(engine, "allauth").await;
}

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations-fixtures");

/// One test for both, because making the database takes longest.
async fn read_and_find(engine: Engine, shape: &str) {
    // Cased collations on MySQL, so that everybody of the population can exist.
    let options = match engine {
        Engine::MySql => "COLLATE utf8mb4_bin",
        _ => "",
    };
    let scratch = Scratch::with_options(engine, options).await;
    let canaries = populate(&scratch, shape, 260).await;
    let config = Path::new(FIXTURES)
        .join("shapes")
        .join(shape)
        .join("cutover.toml");
    let config = std::fs::read_to_string(config).expect("the shape's configuration");
    let database = scratch.connected(&config).await;

    let oracle = oracle(&scratch, shape).await;
    let (groups, users): (Vec<_>, Vec<_>) = oracle
        .into_iter()
        .partition(|line| line.get("group").is_some());
    assert!(users.len() == 260 && groups.len() > 5);
    let read = read_like_django(&database, &users).await;
    // By id as well, those asked for and in the order asked.
    let some: Vec<_> = read
        .iter()
        .rev()
        .step_by(7)
        .map(|user| user.id.clone())
        .collect();
    let by_id = database.users_by_ids(&some).await.expect("users by id");
    assert_eq!(
        by_id.iter().map(|user| user.id.clone()).collect::<Vec<_>>(),
        some
    );
    assert_eq!(database.count_users().await.expect("a count"), 260);
    groups_like_django(&database, &groups).await;
    find_canaries(&database, &canaries).await;
    if shape == "allauth" {
        authenticators_are_counted(&database).await;
    }
}

async fn authenticators_are_counted(database: &LegacyDatabase) {
    let findings = database.table_facts().await.expect("findings");
    let totp = findings
        .iter()
        .find(|finding| finding.code == "totp-not-moved")
        .expect("the population has TOTP devices");
    assert_eq!(totp.subject, "otp_totp_totpdevice");
    let count = totp.message.split(' ').next().expect("a number");
    assert!(
        count.parse::<u32>().expect("a number") >= 1,
        "{}",
        totp.message
    );
}

async fn read_like_django(database: &LegacyDatabase, oracle: &[Value]) -> Vec<LegacyUser> {
    // A page size that does not divide the population.
    let users: Vec<LegacyUser> = database
        .users(None, 37)
        .try_collect()
        .await
        .expect("every user");
    assert_eq!(users.len(), oracle.len());
    let mut seen_groups = 0;
    for user in &users {
        let django = oracle
            .iter()
            .find(|django| django["id"] == user.id.to_string());
        let django = django.unwrap_or_else(|| panic!("Django knows no user {}", user.id));
        let note = format!("user {}", user.id);
        assert_eq!(
            user.username.as_deref(),
            django["username"].as_str(),
            "{note}"
        );
        assert_eq!(
            user.email.as_deref().unwrap_or(""),
            django["email"],
            "{note}"
        );
        assert_eq!(user.email_verified, django["email_verified"], "{note}");
        assert_eq!(
            user.phone_number.as_deref(),
            django["phone_number"].as_str(),
            "{note}"
        );
        assert_eq!(user.encoded_password.expose(), django["encoded"], "{note}");
        assert_eq!(user.is_active, django["is_active"], "{note}");
        assert_eq!(user.is_staff, django["is_staff"], "{note}");
        assert_eq!(user.is_superuser, django["is_superuser"], "{note}");
        for (moment, name) in [
            (user.last_login, "last_login"),
            (user.date_joined, "date_joined"),
        ] {
            let moment =
                moment.map(|moment| moment.format("%Y-%m-%dT%H:%M:%S%.6f+00:00").to_string());
            assert_eq!(moment.as_deref(), django[name].as_str(), "{name} of {note}");
        }
        let column = |name: &str| user.columns[name].clone().expect("not null");
        assert_eq!(column("id"), user.id.to_string());
        assert_eq!(column("first_name"), django["given_name"], "{note}");
        assert_eq!(Value::from(user.groups.clone()), django["groups"], "{note}");
        seen_groups += user.groups.len();
    }
    assert!(seen_groups > 20, "the population has members of groups");
    users
}

async fn groups_like_django(database: &LegacyDatabase, oracle: &[Value]) {
    let mut groups = database.groups().await.expect("groups");
    groups.sort();
    let mut oracle = oracle.to_vec();
    oracle.sort_by_key(|group| group["group"].as_str().map(str::to_owned));
    assert_eq!(groups.len(), oracle.len());
    for (group, django) in groups.iter().zip(&oracle) {
        assert_eq!(group.name, django["group"]);
        assert_eq!(
            Value::from(group.permissions.clone()),
            django["permissions"],
            "{}",
            group.name
        );
    }
}

/// The canaries say whom each login means, worked out from Django's own data and answers.
async fn find_canaries(database: &LegacyDatabase, canaries: &[Value]) {
    assert!(canaries.len() > 60);
    for canary in canaries {
        let login = canary["login"].as_str().expect("a login");
        let note = format!("{}: {}", canary["note"], found(database, login).await);
        let answer = database.find_by_login(login).await.expect("an answer");
        if canary["reason"] == "login-ambiguous" && canary["django"] == "signs-in" {
            // Only allauth does: by the address that one of them has verified.
            assert!(matches!(answer, LoginMatch::One(..)), "{note}");
            continue;
        }
        match (&answer, canary["reason"].as_str()) {
            (LoginMatch::None, Some("user-unknown")) => {}
            (LoginMatch::Ambiguous, Some("login-ambiguous")) => {}
            (LoginMatch::One(user, _), _) => {
                assert_eq!(user.id.to_string(), canary["legacy_id"], "{note}");
            }
            // Whose password it is decides then: the canary's is one of them.
            (LoginMatch::InTurn(users), _) => {
                let ids = users.iter().map(|(user, _)| user.id.to_string());
                assert!(
                    ids.into_iter().any(|id| canary["legacy_id"] == id),
                    "{note}"
                );
            }
            _ => panic!("{note}"),
        }
        let lowered = database
            .find_by_login(&login.to_lowercase())
            .await
            .expect("an answer");
        let is_ambiguous = matches!(lowered, LoginMatch::Ambiguous);
        assert_eq!(
            is_ambiguous,
            canary["reason_lowered"] == "login-ambiguous",
            "lowered {note}"
        );
        let is_unknown = matches!(lowered, LoginMatch::None);
        assert_eq!(
            is_unknown,
            canary["reason_lowered"] == "user-unknown",
            "lowered {note}"
        );
    }
}

/// Fills the database by real Django's migrations; returns the canaries.
async fn populate(scratch: &Scratch, shape: &str, users: usize) -> Vec<Value> {
    let canaries = scratch.folder().join("canaries.json");
    let mut command = python("populate.py");
    command.args(["--quick", "--replace", "--shape", shape]);
    command.args([
        "--users",
        &users.to_string(),
        "--database",
        &django_url(scratch),
    ]);
    command.arg("--canaries").arg(&canaries);
    run(command).await;
    let text = std::fs::read_to_string(canaries).expect("canaries");
    serde_json::from_str(&text).expect("a list of canaries")
}

async fn oracle(scratch: &Scratch, shape: &str) -> Vec<Value> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/dump_users.py");
    let mut command = python(script);
    command
        .env("PYTHONPATH", FIXTURES)
        .env("DJANGO_SETTINGS_MODULE", "legacy_app.settings")
        .env("LEGACY_SHAPE", shape)
        .env("LEGACY_DATABASE_URL", django_url(scratch))
        .env("LEGACY_READ_ONLY", "1");
    let lines = run(command).await;
    lines
        .lines()
        .map(|line| serde_json::from_str(line).expect("a JSON line"))
        .collect()
}

fn django_url(scratch: &Scratch) -> String {
    match scratch.engine {
        Engine::Sqlite => format!("sqlite:{}", scratch.file().display()),
        Engine::Postgres | Engine::MySql => scratch.url.clone(),
    }
}

fn python(script: &str) -> Command {
    let usual = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../target/python/bin/python"
    );
    let python =
        std::env::var_os("CUTOVER_TEST_PYTHON").map_or(PathBuf::from(usual), PathBuf::from);
    assert!(
        python.exists(),
        "these tests need Python with Django at {}: `make python` makes it, or set \
         CUTOVER_TEST_PYTHON",
        python.display()
    );
    let mut command = Command::new(python);
    command
        .arg(Path::new(FIXTURES).join(script))
        .env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

async fn run(mut command: Command) -> String {
    let output = command.output().await.expect("Python runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

//! The bulk import: a dry run writes nothing, the real one brings over whom it should and leaves
//! the others alone, and doing it again changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use acceptance_tests::{
    Canary, Engine, LegacyDatabase, LegacyUser, PoolClient, PoolContent, PoolUser, Shape, Workplace,
};

use crate::import_run::{Accounts, OutcomeRow, import, import_all, outcomes, status};
use crate::mapping::assert_attributes;

const NEW_PASSWORD: &str = "Brand-new-2026!";
const EXECUTE: &[&str] = &["--execute"];
const WITH_RESETS: &[&str] = &["--execute", "--approve-password-reset"];

#[test]
fn a_dry_run_writes_nothing() {
    let workplace = Workplace::new(Shape::Allauth, Engine::Sqlite);
    let pool = workplace.serve_pool();
    let mut client = pool.client();
    sign_some_in(&workplace, &mut client);
    let before = (client.content(), client.group_names());
    let files = workplace.folder().files();
    let database = std::fs::read(workplace.legacy().url().trim_start_matches("sqlite://"));

    for flags in [&[][..], &["--approve-password-reset"]] {
        let finished = workplace
            .cutover(&["import", "--run", "dry"])
            .args(pool.as_target())
            .args(flags)
            .run()
            .expect_code(0);
        assert!(finished.stdout.contains("would be created"), "{finished:?}");
        assert!(
            finished.stderr.contains("--execute"),
            "how to go on: {finished:?}"
        );
        assert_eq!((client.content(), client.group_names()), before);
        assert_eq!(
            workplace.folder().files(),
            files,
            "no journal, no temporary file"
        );
    }
    let after = std::fs::read(workplace.legacy().url().trim_start_matches("sqlite://"));
    assert_eq!(
        database.ok(),
        after.ok(),
        "the legacy database is only read"
    );

    // What a dry run foretells is what happens.
    let (foretold, _) = import_all(&workplace, &pool, "dry", &["--approve-password-reset"]);
    let (happened, _) = import_all(&workplace, &pool, "real", WITH_RESETS);
    assert!(
        foretold.dry_run && !foretold.complete && foretold.created == 0,
        "{foretold:?}"
    );
    assert!(
        !happened.dry_run && happened.complete && happened.pending == 0,
        "{happened:?}"
    );
    let numbers = |a: &Accounts| (a.created + a.pending, a.already_in_pool, a.held, a.failed);
    assert_eq!(numbers(&foretold), numbers(&happened));
}

#[test]
fn allauth_users_on_sqlite_are_imported() {
    everybody_comes_over_in_two_steps(Shape::Allauth, Engine::Sqlite);
}

#[test]
fn uuid_users_on_postgres_are_imported() {
    everybody_comes_over_in_two_steps(Shape::Uuid, Engine::Postgres);
}

#[test]
fn email_login_users_on_mysql_are_imported() {
    everybody_comes_over_in_two_steps(Shape::EmailLogin, Engine::Mysql);
}

#[test]
fn stock_users_on_postgres_are_imported() {
    everybody_comes_over_in_two_steps(Shape::Stock, Engine::Postgres);
}

fn everybody_comes_over_in_two_steps(shape: Shape, engine: Engine) {
    let workplace = Workplace::new(shape, engine);
    let legacy = workplace.legacy();
    let pool = workplace.serve_pool();
    let mut client = pool.client();
    let signed_in = sign_some_in(&workplace, &mut client);
    let by_sign_in = client.content();

    // First only those who could not sign in any more.
    let (first, _) = import_all(&workplace, &pool, "first", EXECUTE);
    first.assert_whole(legacy.users().len());
    assert_eq!((first.failed, first.already_in_pool), (0, signed_in.len()));
    let rows = outcomes(&workplace, "first");
    assert_rows_agree(&first, &rows, legacy, &client.content());
    assert_eq!(status(&workplace, "first"), first);
    for user in legacy.users() {
        let row = &rows[&user.id];
        let can_sign_in = user.is_active && user.algorithm.is_some();
        match row.outcome.as_str() {
            "created" => assert!(!can_sign_in, "{row:?} could have kept the password"),
            "held" if user.is_ordinary() => {
                assert!(can_sign_in, "{row:?}");
                assert_eq!(row.reason, "may-still-sign-in", "{row:?}");
            }
            _ => assert!(!user.is_ordinary() || can_sign_in, "{row:?}"),
        }
    }
    let still = someone_held(legacy, &rows);
    client
        .sign_in(&still.login, &still.password)
        .expect("held users still sign in");

    // Then the remainder.
    let (rest, _) = import_all(&workplace, &pool, "rest", WITH_RESETS);
    rest.assert_whole(legacy.users().len());
    assert_eq!(
        (rest.failed, rest.already_in_pool),
        (0, first.created + signed_in.len() + 1)
    );
    let content = client.content();
    let rows = outcomes(&workplace, "rest");
    assert_rows_agree(&rest, &rows, legacy, &content);
    for user in legacy.users().iter().filter(|user| user.is_ordinary()) {
        assert_ne!(rows[&user.id].outcome, "held", "{:?}", rows[&user.id]);
    }
    assert_named_cases(legacy, &rows);
    assert_imported_as_mapped(legacy, &content, &by_sign_in, &still);

    // Again, under this name and under another: nothing changes.
    let (again, _) = import_all(&workplace, &pool, "rest", WITH_RESETS);
    assert_eq!(again, rest);
    let (other, _) = import_all(&workplace, &pool, "once-more", WITH_RESETS);
    other.assert_whole(legacy.users().len());
    assert_eq!((other.created, other.failed), (0, 0));
    assert_eq!(other.already_in_pool, content.len());
    assert_eq!(client.content(), content, "not even a modification date");

    let runs = client.trigger_runs();
    for (canary, username) in &signed_in {
        client
            .sign_in(username, &canary.password)
            .expect("who signed in keeps the password");
    }
    assert_eq!(client.trigger_runs(), runs);
    imported_people_can_reset(&mut client, legacy, &content, &rows);
    assert_eq!(workplace.temporary_files().len(), 0);
}

/// Some canaries of each kind of password, with their usernames in the pool.
fn sign_some_in(workplace: &Workplace, client: &mut PoolClient) -> Vec<(Canary, String)> {
    let plain =
        |canary: &&Canary| canary.signs_in() && canary.fits_cognito && canary.note.contains("sha");
    let canaries = workplace.legacy().canaries().iter().filter(plain).take(5);
    let entered = canaries.map(|canary| {
        let tokens = client
            .sign_in(&canary.login, &canary.password)
            .expect("they sign in");
        (canary.clone(), client.user_of(&tokens).username)
    });
    let entered: Vec<_> = entered.collect();
    assert_eq!(entered.len(), 5);
    entered
}

/// A canary who has not signed in and whom the import left alone.
fn someone_held(legacy: &LegacyDatabase, rows: &BTreeMap<String, OutcomeRow>) -> Canary {
    let held = |canary: &&Canary| {
        let row = canary.legacy_id.as_ref().and_then(|id| rows.get(id));
        canary.signs_in()
            && canary.django == "signs-in"
            && row.is_some_and(|row| row.reason == "may-still-sign-in")
    };
    legacy
        .canaries()
        .iter()
        .find(held)
        .expect("most canaries are held")
        .clone()
}

/// Accounts, rows and pool tell the same story.
#[track_caller]
fn assert_rows_agree(
    accounts: &Accounts,
    rows: &BTreeMap<String, OutcomeRow>,
    legacy: &LegacyDatabase,
    content: &PoolContent,
) {
    let ids: BTreeSet<&str> = legacy.users().iter().map(|user| user.id.as_str()).collect();
    assert_eq!(
        rows.keys().map(String::as_str).collect::<BTreeSet<_>>(),
        ids
    );
    let count = |outcome: &str| rows.values().filter(|row| row.outcome == outcome).count();
    assert_eq!(count("created"), accounts.created);
    assert_eq!(count("already_in_pool"), accounts.already_in_pool);
    assert_eq!(count("held"), accounts.held);
    assert_eq!(count("failed"), accounts.failed);

    let in_pool: BTreeMap<&str, &PoolUser> = content
        .values()
        .filter_map(|user| Some((user.legacy_id()?, user)))
        .collect();
    assert_eq!(
        in_pool.len(),
        content.len(),
        "everybody in the pool is somebody's"
    );
    let names: BTreeMap<&str, &str> = legacy
        .users()
        .iter()
        .map(|user| {
            (
                user.id.as_str(),
                user.username.as_deref().unwrap_or(&user.email),
            )
        })
        .collect();
    for (id, row) in rows {
        assert_eq!(row.username, names[id.as_str()], "{row:?}");
        match row.outcome.as_str() {
            "created" => {
                let user = in_pool
                    .get(id.as_str())
                    .unwrap_or_else(|| panic!("{row:?} is missing"));
                assert_eq!(user.attribute("sub"), Some(row.sub.as_str()), "{row:?}");
                // Somebody a reset code cannot reach is worth a word.
                assert!(
                    ["", "no-verified-contact"].contains(&row.reason.as_str()),
                    "{row:?}"
                );
            }
            "already_in_pool" => assert!(in_pool.contains_key(id.as_str()), "{row:?}"),
            _ => {
                assert!(!in_pool.contains_key(id.as_str()), "{row:?}");
                let kebab = |c: char| c.is_ascii_lowercase() || c == '-';
                assert!(
                    !row.reason.is_empty() && row.reason.chars().all(kebab),
                    "{row:?}"
                );
                assert_eq!(row.sub, "", "{row:?}");
            }
        }
    }
}

/// People with a purpose of whom it is known beforehand what must become of them.
fn assert_named_cases(legacy: &LegacyDatabase, rows: &BTreeMap<String, OutcomeRow>) {
    let outcome = |name: &str| {
        let named = |user: &&LegacyUser| user.username.as_deref().unwrap_or(&user.email) == name;
        let user = legacy.users().iter().find(named)?;
        let row = &rows[&user.id];
        Some((row.outcome.as_str(), row.reason.as_str()))
    };
    let shape = legacy.shape();
    if !shape.has_usernames() {
        assert_eq!(
            outcome("unusable.0@example.com"),
            Some(("already_in_pool", "already-in-pool"))
        );
        assert_eq!(outcome("not-an-address"), Some(("held", "email-missing")));
        assert_eq!(
            outcome("many.groups@example.com"),
            Some(("held", "group-invalid"))
        );
        return;
    }
    let long = "u".repeat(150);
    assert_eq!(outcome(&long), Some(("held", "username-invalid")));
    assert_eq!(
        outcome("  spaces around  "),
        Some(("held", "username-invalid"))
    );
    assert_eq!(outcome("space inside"), Some(("held", "username-invalid")));
    assert_eq!(outcome("many.groups"), Some(("held", "group-invalid")));
    // Moved without the address, as at sign-in.
    assert_eq!(
        outcome("bad.mail0"),
        Some(("created", "no-verified-contact"))
    );
    // MariaDB's usual collation knows no such twins.
    for twin in ["Twin.Name", "twin.name"] {
        if let Some(outcome) = outcome(twin) {
            assert_eq!(outcome, ("held", "login-collision"), "{twin}");
        }
    }
    let shaped = match shape.has_email_alias() {
        true => Some(("held", "username-email-shaped")),
        false => Some(("created", "no-verified-contact")),
    };
    assert_eq!(outcome("not.mine@example.com"), shaped);
    assert_eq!(
        outcome("no.mail0"),
        Some(("created", "no-verified-contact"))
    );
    assert_eq!(
        outcome("unusable.0"),
        Some(("already_in_pool", "already-in-pool"))
    );
    assert_eq!(
        outcome("inactive.0"),
        Some(("already_in_pool", "already-in-pool"))
    );
}

fn assert_imported_as_mapped(
    legacy: &LegacyDatabase,
    content: &PoolContent,
    by_sign_in: &PoolContent,
    still: &Canary,
) {
    let users: BTreeMap<&str, &LegacyUser> = legacy
        .users()
        .iter()
        .map(|user| (user.id.as_str(), user))
        .collect();
    let mut disabled = 0;
    let mut in_groups = 0;
    for user in content.values() {
        let from = users[user.legacy_id().expect("the mapping has the key")];
        assert_attributes(legacy, from, user);
        assert_eq!(user.enabled, from.is_active, "{user:?}");
        assert_eq!(user.status, "CONFIRMED", "{user:?}");
        disabled += usize::from(!user.enabled);
        let came_by_sign_in = by_sign_in.contains_key(&user.username)
            || still.legacy_id.as_deref() == user.legacy_id();
        if !came_by_sign_in {
            assert_eq!(user.groups, groups_of(from), "{user:?}");
            in_groups += usize::from(!user.groups.is_empty());
        }
    }
    assert!(
        disabled > 5 && in_groups > 10,
        "{disabled} disabled, {in_groups} in groups"
    );
}

/// The Cognito groups of a legacy user: the same names, with spaces as in a URL.
fn groups_of(from: &LegacyUser) -> BTreeSet<String> {
    from.groups
        .iter()
        .map(|name| name.replace(' ', "%20"))
        .collect()
}

fn imported_people_can_reset(
    client: &mut PoolClient,
    legacy: &LegacyDatabase,
    content: &PoolContent,
    rows: &BTreeMap<String, OutcomeRow>,
) {
    let imported = |user: &&LegacyUser| user.is_ordinary() && rows[&user.id].outcome == "created";
    let users = || legacy.users().iter().filter(imported);
    let username_of = |user: &LegacyUser| {
        let mut all = content.values();
        let found = all.find(|in_pool| in_pool.legacy_id() == Some(user.id.as_str()));
        found.expect("created users are there").username.clone()
    };
    if legacy.shape() != Shape::Stock {
        let person = users()
            .find(|user| user.email_is_verified())
            .expect("most are verified");
        let username = username_of(person);
        let unknown = client
            .sign_in(&username, "crowd-20260115-0")
            .expect_err("a random password");
        assert_eq!(unknown.code, "NotAuthorizedException", "{unknown:?}");
        let sent = client.reset_codes().len();
        client.forgot_password(&username).expect("they may reset");
        let codes = client.reset_codes();
        assert_eq!(codes.len(), sent + 1);
        let message = codes.last().expect("counted above");
        assert_eq!(
            message.destination.to_lowercase(),
            person.email.to_lowercase()
        );
        client
            .confirm_forgot_password(&username, &message.code, NEW_PASSWORD)
            .expect("the code sent, and a good password");
        client
            .sign_in(&username, NEW_PASSWORD)
            .expect("the new password");
    }
    let unverified = users().find(|user| {
        !user.email.is_empty() && (legacy.shape() == Shape::Stock || !user.email_is_verified())
    });
    if let Some(person) = unverified {
        let sent = client.reset_codes().len();
        // Whatever it answers, no code goes to an address that nobody verified.
        let _ = client.forgot_password(&username_of(person));
        assert_eq!(client.reset_codes().len(), sent);
    }
}

#[test]
fn one_run_has_one_writer() {
    let workplace = Workplace::new(Shape::Stock, Engine::Sqlite);
    let pool = workplace.serve_paced_pool();
    // Killed by its drop: what becomes of killed imports is a subject of its own.
    let mut first = import(&workplace, &pool, "night", WITH_RESETS).start();
    let mut client = pool.client();
    acceptance_tests::until(std::time::Duration::from_secs(60), "the first user", || {
        assert!(!first.has_ended(), "the import ended before it began");
        client.user("root.admin").ok()
    });
    let second = import(&workplace, &pool, "night", WITH_RESETS).run();
    assert!(
        !first.has_ended(),
        "the first was to be at work still; it took no time"
    );
    assert!(matches!(second.code(), Some(2 | 3)), "{second:?}");
    assert!(
        second.stderr.contains("another import is writing this run"),
        "{second:?}"
    );
}

#[test]
fn a_run_goes_on_in_its_own_pool_only() {
    let workplace = Workplace::new(Shape::Stock, Engine::Sqlite);
    let [one, other] = [workplace.serve_pool(), workplace.serve_pool()];
    import_all(&workplace, &one, "night", EXECUTE);
    let finished = import(&workplace, &other, "night", EXECUTE)
        .run()
        .expect_code(2);
    assert!(
        finished.stderr.contains("night"),
        "it names the run: {finished:?}"
    );
    assert!(other.client().content().is_empty());
}

#[test]
fn whoever_signs_in_during_an_import_keeps_their_password() {
    let workplace = Workplace::new(Shape::Allauth, Engine::Postgres);
    let pool = workplace.serve_paced_pool();
    let mut client = pool.client();
    // Who types another Unicode form of the name is a subject of its own (`name_forms`).
    let plain = |canary: &&Canary| {
        canary.signs_in() && canary.fits_cognito && !canary.note.contains("NFKC")
    };
    let canaries: Vec<&Canary> = workplace.legacy().canaries().iter().filter(plain).collect();
    let mut running = import(&workplace, &pool, "race", WITH_RESETS)
        .args(["--share", "1"])
        .start();
    // From the last to the first: the import comes from the other end.
    let mut entered = Vec::new();
    for canary in canaries.iter().rev() {
        if running.has_ended() {
            break;
        }
        if let Ok(tokens) = client.sign_in(&canary.login, &canary.password) {
            entered.push((canary, client.user_of(&tokens)));
        }
    }
    let finished = running.wait().expect_code(0);
    assert!(!entered.is_empty(), "nobody met the import: {finished:?}");
    let accounts: Accounts =
        serde_json::from_value(workplace.folder().json("summary.json")).expect("as documented");
    accounts.assert_whole(workplace.legacy().users().len());
    for (canary, user) in entered {
        let login = if user.attribute("email_verified") == Some("true") {
            &canary.login
        } else {
            &user.username
        };
        client
            .sign_in(login, &canary.password)
            .unwrap_or_else(|refusal| panic!("{} lost the password: {refusal:?}", canary.note));
    }
}

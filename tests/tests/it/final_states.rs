//! The states in which a run can leave users, each in a pool that boto3 made for it.

use std::collections::BTreeMap;

use acceptance_tests::{Engine, Pool, PoolClient, Program, Shape, Workplace, script, until};
use serde_json::{Value, json};

use crate::import_run::{import, import_all};

const RESETS: &str = "--approve-password-reset";
const NEW_PASSWORD: &str = "Brand-new-2026!";

/// A pool whose mail goes through Amazon SES, which has no daily fifty.
fn mailing_pool(pool: &Pool) -> Pool {
    let arn = "arn:aws:ses:eu-west-1:123456789012:identity/example.org";
    pool.beside(&json!({
        "EmailConfiguration": {"EmailSendingAccount": "DEVELOPER", "SourceArn": arn},
    }))
}

/// Signs in with a temporary password and sets a new one.
fn take_over(client: &mut PoolClient, pool: &Pool, username: &str, password: &str) {
    let answer = client
        .call(
            "initiate_auth",
            json!({
                "ClientId": pool.client_id,
                "AuthFlow": "USER_PASSWORD_AUTH",
                "AuthParameters": {"USERNAME": username, "PASSWORD": password},
            }),
        )
        .unwrap_or_else(|refusal| panic!("{username}'s temporary password: {refusal:?}"));
    assert_eq!(answer["ChallengeName"], "NEW_PASSWORD_REQUIRED", "{answer}");
    let answers = json!({"USERNAME": username, "NEW_PASSWORD": NEW_PASSWORD});
    client
        .call(
            "respond_to_auth_challenge",
            json!({
                "ClientId": pool.client_id,
                "ChallengeName": "NEW_PASSWORD_REQUIRED",
                "Session": answer["Session"],
                "ChallengeResponses": answers,
            }),
        )
        .expect("the challenge is answered");
    client
        .sign_in(username, NEW_PASSWORD)
        .expect("the new password is theirs");
}

#[test]
fn invited_people_get_one_mail_each_and_sign_in_with_what_it_says() {
    let workplace = Workplace::new(Shape::Allauth, Engine::Sqlite);
    let service = workplace.serve_pool();
    let pool = mailing_pool(&service);
    let mut client = pool.client();
    let flags = ["--final-state", "invite", "--execute"];
    let (accounts, _) = import_all(&workplace, &pool, "invite", &flags);
    accounts.assert_whole(workplace.legacy().users().len());
    assert!(accounts.created > 5, "{accounts:?}");

    let mut invited = BTreeMap::new();
    for message in client.messages() {
        assert_eq!(message["reason"], "invitation", "{message}");
        let of = |key: &str| {
            message[key]
                .as_str()
                .expect("messages are whole")
                .to_owned()
        };
        let twice = invited.insert(of("username"), (of("destination"), of("code")));
        assert!(twice.is_none(), "invited twice");
    }
    let content = client.content();
    assert_eq!(content.len(), accounts.created);
    for user in content.values() {
        assert_eq!(user.status, "FORCE_CHANGE_PASSWORD", "{user:?}");
        // Who may not sign in is not invited to.
        assert_eq!(
            invited.contains_key(&user.username),
            user.enabled,
            "{user:?}"
        );
    }
    let (username, (_, password)) = invited.first_key_value().expect("many were invited");
    take_over(&mut client, &pool, username, password);

    // Another state is another import.
    let finished = import(&workplace, &pool, "invite", &["--execute"])
        .run()
        .expect_code(2);
    let said = "its final state is invite, not confirmed-random";
    assert!(finished.stderr.contains(said), "{finished:?}");

    // An undo knows the state in which this run left them.
    let undo = || {
        let undo = workplace.cutover(&["undo", "--run", "invite", "--execute"]);
        undo.args(pool.as_target()).run().expect_code(0)
    };
    undo();
    let left: Vec<_> = client.content().into_keys().collect();
    assert_eq!(
        left.iter().collect::<Vec<_>>(),
        [username],
        "whoever took the account over is kept"
    );
    let status = workplace.cutover(&["status", "--run", "invite"]);
    let status = status.run().expect_code(0);
    assert!(
        status.stdout.contains("deleted again by cutover undo"),
        "{status:?}"
    );
    let again = undo();
    assert!(
        again.stdout.contains("nothing is left to undo"),
        "{again:?}"
    );
    let resumed = import(
        &workplace,
        &pool,
        "invite",
        &["--final-state", "invite", "--execute"],
    )
    .run()
    .expect_code(2);
    assert!(resumed.stderr.contains("has been undone"), "{resumed:?}");
}

#[test]
fn more_invitations_than_cognitos_own_mailer_sends_are_refused_beforehand() {
    let workplace = Workplace::new(Shape::Allauth, Engine::Sqlite);
    let pool = workplace.serve_pool();
    let flags = ["--final-state", "invite", RESETS];
    let dry = import(&workplace, &pool, "many", &flags)
        .run()
        .expect_code(1);
    assert!(
        dry.stdout.contains("BLOCKER") && dry.stdout.contains("50 a day"),
        "{dry:?}"
    );
    let refused = import(
        &workplace,
        &pool,
        "many",
        &[&flags[..], &["--execute"]].concat(),
    )
    .run()
    .expect_code(2);
    assert!(
        refused.stderr.contains("Amazon SES"),
        "the next step: {refused:?}"
    );
    let mut client = pool.client();
    assert!(client.content().is_empty() && client.messages().is_empty());
    assert!(client.group_names().is_empty());
}

#[test]
fn without_a_password_only_where_people_sign_in_by_a_code() {
    let workplace = Workplace::new(Shape::Allauth, Engine::Sqlite);
    let service = workplace.serve_pool();
    let flags = ["--final-state", "passwordless", RESETS, "--execute"];
    let refused = import(&workplace, &service, "codes", &flags)
        .run()
        .expect_code(2);
    assert!(
        refused.stderr.contains("people sign in by PASSWORD there"),
        "{refused:?}"
    );
    assert!(service.client().content().is_empty());

    let factors = json!({"AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP"]});
    let pool = service.beside(&json!({"Policies": {"SignInPolicy": factors}}));
    let (accounts, _) = import_all(&workplace, &pool, "codes", &flags);
    accounts.assert_whole(workplace.legacy().users().len());
    let mut client = pool.client();
    let content = client.content();
    assert_eq!(content.len(), accounts.created);
    assert!(content.values().all(|user| user.status == "CONFIRMED"));
    assert!(
        content
            .values()
            .all(|user| user.attribute("email").is_some())
    );
    assert!(content.values().any(|user| !user.groups.is_empty()));
    assert!(client.messages().is_empty());

    // The usual state in such a pool: created with a password, or a lost answer would not show.
    let usual = service.beside(&json!({"Policies": {"SignInPolicy": factors}}));
    let (accounts, _) = import_all(&workplace, &usual, "usual", &[RESETS, "--execute"]);
    accounts.assert_whole(workplace.legacy().users().len());
    assert!(
        usual
            .client()
            .content()
            .values()
            .any(|user| user.attribute("email").is_none())
    );
}

/// An age key pair, as `age-keygen` makes it: the file of the secret key, and the public key.
fn key_pair(workplace: &Workplace) -> String {
    let file = workplace.folder().join("key.txt");
    Program::new("age-keygen")
        .arg("-o")
        .arg(&file)
        .run()
        .expect_code(0);
    let text = workplace.folder().read("key.txt");
    let public = text
        .lines()
        .find_map(|line| line.strip_prefix("# public key: "));
    public.expect("age-keygen writes it").to_owned()
}

/// The temporary passwords in a file, by username, as age itself decrypts it.
fn decrypted(workplace: &Workplace, file: &str) -> BTreeMap<String, String> {
    let folder = workplace.folder();
    let clear = folder.join("clear.csv");
    Program::new("age")
        .args(["--decrypt", "-i"])
        .arg(folder.join("key.txt"))
        .arg("-o")
        .arg(&clear)
        .arg(folder.join(file))
        .run()
        .expect_code(0);
    let rows = script("csv_rows.py").arg(&clear).run().expect_code(0);
    let rows = rows.stdout.lines().map(|line| {
        let row: Value = serde_json::from_str(line).expect("rows are JSON");
        let of = |key: &str| row[key].as_str().expect("all columns").to_owned();
        assert!(!of("legacy_id").is_empty());
        (of("username"), of("temporary_password"))
    });
    rows.collect()
}

#[test]
fn temporary_passwords_reach_the_operator_encrypted_and_work() {
    let workplace = Workplace::new(Shape::Allauth, Engine::Sqlite);
    let pool = workplace.serve_pool();
    let state = ["--final-state", "force-change", "--execute"];
    let refused = import(&workplace, &pool, "handed", &state)
        .run()
        .expect_code(2);
    assert!(
        refused.stderr.contains("--age-recipient"),
        "the next step: {refused:?}"
    );

    let public = key_pair(&workplace);
    let to = [
        "--passwords-file",
        "passwords.csv.age",
        "--age-recipient",
        &public,
    ];
    let (accounts, finished) = import_all(&workplace, &pool, "handed", &[&state[..], &to].concat());
    accounts.assert_whole(workplace.legacy().users().len());
    let passwords = decrypted(&workplace, "passwords.csv.age");
    let mut client = pool.client();
    let content = client.content();
    assert_eq!(content.len(), accounts.created);
    assert!(client.messages().is_empty());
    for user in content.values() {
        assert_eq!(user.status, "FORCE_CHANGE_PASSWORD", "{user:?}");
        assert!(
            passwords
                .keys()
                .any(|name| name.to_lowercase() == user.username)
        );
    }
    let user = content
        .values()
        .find(|user| user.enabled && passwords.contains_key(&user.username));
    let username = &user.expect("most are").username;
    take_over(&mut client, &pool, username, &passwords[username]);

    // Nowhere in the clear: not in what was printed, not in the journal.
    workplace.folder().write("clear.csv", "");
    for path in workplace.folder().files() {
        let bytes = std::fs::read(workplace.folder().join(&path)).expect("a file of ours");
        let text = String::from_utf8_lossy(&bytes);
        for password in passwords.values() {
            assert!(
                !text.contains(password),
                "a password stands in {}",
                path.display()
            );
        }
    }
    let printed = format!("{}{}", finished.stdout, finished.stderr);
    assert!(
        passwords
            .values()
            .all(|password| !printed.contains(password))
    );

    // With another state the file has no use.
    let usual = import(&workplace, &pool, "usual", &to).run().expect_code(2);
    assert!(
        usual.stderr.contains("--passwords-file has no use"),
        "{usual:?}"
    );
}

fn users_of(client: &mut PoolClient, pool: &Pool) -> u64 {
    let described = client.call(
        "describe_user_pool",
        json!({"UserPoolId": pool.user_pool_id}),
    );
    let described = described.expect("the pool is there");
    let users = described["UserPool"]["EstimatedNumberOfUsers"].as_u64();
    users.expect("pools say how many")
}

#[test]
fn no_temporary_password_is_lost_with_a_killed_import() {
    let workplace = Workplace::new(Shape::Stock, Engine::Sqlite);
    let pool = workplace.serve_pool();
    let public = key_pair(&workplace);
    let flags = [
        "--final-state",
        "force-change",
        RESETS,
        "--passwords-file",
        "passwords.age",
        "--age-recipient",
        &public,
        "--execute",
    ];
    let mut client = pool.client();
    // Slow enough to be met at work: 96 users at a time wait two seconds for their last answer.
    let late = json!({"operation": "AdminSetUserPassword", "fault": {"late": 2000},
                      "when": {"share": 1.0}});
    client.set_faults(7, &json!([late]));
    for users in [5, 150] {
        let mut running = import(&workplace, &pool, "killed", &flags).start();
        until(std::time::Duration::from_secs(60), "some users", || {
            (running.has_ended() || users_of(&mut client, &pool) >= users).then_some(())
        });
        running.kill();
        let finished = running.wait();
        assert!(
            finished.signal().is_some(),
            "it was too quick: {finished:?}"
        );
    }
    client.set_faults(7, &json!([]));
    let (accounts, _) = import_all(&workplace, &pool, "killed", &flags);
    accounts.assert_whole(workplace.legacy().users().len());
    // Of several files the later one counts.
    let mut passwords = BTreeMap::new();
    let mut files = 0;
    for file in ["passwords.age", "passwords.2.age", "passwords.3.age"] {
        if workplace.folder().join(file).exists() {
            passwords.extend(decrypted(&workplace, file));
            files += 1;
        }
    }
    assert!(files > 1, "nothing was resumed");
    for user in client.content().values().filter(|user| user.enabled) {
        let named = passwords
            .iter()
            .find(|(name, _)| name.to_lowercase() == user.username);
        let (_, password) = named.unwrap_or_else(|| panic!("{user:?} has no password"));
        take_over(&mut client, &pool, &user.username, password);
    }
}

#[test]
fn lost_answers_cost_nobody_their_state() {
    let workplace = Workplace::new(Shape::Allauth, Engine::Sqlite);
    let service = workplace.serve_pool();
    let public = key_pair(&workplace);
    let lost = |operation: &str| json!({"operation": operation, "fault": "reset-after", "when": {"share": 0.2}});
    let operations = [
        "AdminCreateUser",
        "AdminSetUserPassword",
        "AdminAddUserToGroup",
    ];
    let rules: Vec<Value> = operations.map(lost).to_vec();
    service.client().set_faults(7, &json!(rules));

    let pool = mailing_pool(&service);
    let mut client = pool.client();
    let flags = ["--final-state", "invite", RESETS, "--execute"];
    let (accounts, _) = import_all(&workplace, &pool, "invite", &flags);
    accounts.assert_whole(workplace.legacy().users().len());
    let content = client.content();
    assert_eq!((content.len(), accounts.failed), (accounts.created, 0));
    let enabled = content.values().filter(|user| user.enabled).count();
    assert_eq!(client.messages().len(), enabled, "one mail each");

    let pool = mailing_pool(&service);
    let mut client = pool.client();
    let flags = [
        "--final-state",
        "force-change",
        "--execute",
        "--passwords-file",
        "passwords.age",
        "--age-recipient",
        &public,
    ];
    let (accounts, _) = import_all(&workplace, &pool, "handed", &flags);
    accounts.assert_whole(workplace.legacy().users().len());
    let passwords = decrypted(&workplace, "passwords.age");
    let content = client.content();
    assert_eq!((content.len(), accounts.failed), (accounts.created, 0));
    for user in content.values().filter(|user| user.enabled) {
        if let Some(password) = passwords.get(&user.username) {
            take_over(&mut client, &pool, &user.username, password);
        }
    }

    let factors = json!({"AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP"]});
    let pool = service.beside(&json!({"Policies": {"SignInPolicy": factors}}));
    let flags = ["--final-state", "passwordless", RESETS, "--execute"];
    let (accounts, _) = import_all(&workplace, &pool, "codes", &flags);
    accounts.assert_whole(workplace.legacy().users().len());
    let content = pool.client().content();
    // Whose creation was not answered might as well have signed in; nothing else is lost on them.
    let here = accounts.created + accounts.already_in_pool;
    assert_eq!((content.len(), accounts.failed), (here, 0));
    assert!(accounts.already_in_pool > 0, "no answer was lost");
    let users = workplace.legacy().users().iter();
    let legacy: BTreeMap<&str, _> = users.map(|user| (user.id.as_str(), user)).collect();
    for user in content.values() {
        let from = legacy[user.legacy_id().expect("the mapping has the key")];
        let groups = from.groups.iter().map(|name| name.replace(' ', "%20"));
        assert_eq!(user.groups, groups.collect(), "{user:?}");
        assert_eq!(user.enabled, from.is_active, "{user:?}");
    }
}

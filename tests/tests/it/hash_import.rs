//! Passwords in bulk, through the built programs: the trial with one user, the order of flows for an
//! app, the bridge for newer Django, and a stranger's count of what the jobs did.

use std::thread;

use acceptance_tests::{Finished, Pool, PoolClient, Workplace, node_script, root, script};
use serde_json::{Value, json};

use crate::import_run::{by_legacy_id, import_all};
use crate::small_app::{self, PASSWORDS, person};

const BY_JOB: [&str; 3] = ["--execute", "--routes", "hash-import,first-login"];

/// Ada, Bob and Cyd with the first three passwords, and a pool.
fn three_people() -> (Workplace, Pool, PoolClient) {
    let mut workplace = small_app::workplace();
    let rows = small_app::people(&["ada", "bob", "cyd"]);
    workplace.legacy_mut().execute(&rows);
    let pool = workplace.serve_pool();
    let client = pool.client();
    (workplace, pool, client)
}

fn try_one(workplace: &Workplace, pool: &Pool, login: &str, password: &str) -> Finished {
    let trial = workplace.cutover(&["import", "--execute", "--try-one", login]);
    trial
        .args(pool.as_target())
        .stdin(format!("{password}\n"))
        .run()
}

#[test]
fn one_user_goes_first_by_hash_import_and_signs_in() {
    let (workplace, pool, mut client) = three_people();
    let dry = workplace.cutover(&["import", "--try-one", "ada"]);
    let dry = dry.args(pool.as_target()).run().expect_code(0);
    assert!(dry.stdout.contains("PBKDF2_SHA256"), "{dry:?}");
    assert_eq!(client.content().len(), 0, "a dry run imports nobody");

    // The wrong password would teach nothing, so nothing is done.
    let wrong = try_one(&workplace, &pool, "ada", PASSWORDS[1].0).expect_code(2);
    assert!(wrong.stderr.contains("nothing was done"), "{wrong:?}");
    try_one(&workplace, &pool, "nobody", "whatever").expect_code(2);
    assert_eq!(client.content().len(), 0);

    let tried = try_one(&workplace, &pool, "ada", PASSWORDS[0].0).expect_code(0);
    assert!(
        tried.stdout.contains("signed in with their old password"),
        "{tried:?}"
    );
    let ids: Vec<String> = by_legacy_id(&mut client).into_keys().collect();
    assert_eq!(ids, ["1"], "and nobody else");

    // The import that follows knows her: nobody is there twice, and everybody keeps the password.
    let (accounts, _) = import_all(&workplace, &pool, "night", &BY_JOB);
    assert_eq!((accounts.created, accounts.already_in_pool), (2, 1));
    for (name, (password, _)) in ["ada", "bob", "cyd"].iter().zip(PASSWORDS) {
        client.sign_in(name, password).expect("the old password");
    }
}

#[test]
fn a_form_of_hash_in_doubt_is_settled_by_the_one_user() {
    let (mut workplace, pool, _) = three_people();
    // AWS does not say how a `+` of Django's base64 is to be written.
    let encoded = script("plus_in_hash.py").stdin("Otter-river-1!").run();
    let encoded = encoded.expect_code(0).stdout.trim().to_owned();
    assert!(encoded.contains('+'));
    let change = format!("UPDATE auth_user SET password = '{encoded}' WHERE username = 'ada'");
    workplace.legacy_mut().execute(&[change]);
    let tried = try_one(&workplace, &pool, "ada", PASSWORDS[0].0).expect_code(0);
    assert!(tried.stdout.contains("this settles"), "{tried:?}");
}

#[test]
fn a_plan_says_which_app_clients_know_no_password_sign_in() {
    let (workplace, pool, mut client) = three_people();
    let plan = || {
        let plan = workplace.cutover(&["import", "--routes", "hash-import,first-login"]);
        plan.args(pool.as_target()).run().expect_code(0).stdout
    };
    assert!(!plan().contains("warning: app client"));
    let srp_alone = json!({
        "UserPoolId": pool.user_pool_id, "ClientName": "phone app",
        "ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
        "WriteAttributes": ["email"],
    });
    client
        .call("create_user_pool_client", srp_alone)
        .expect("it is created");
    let said = plan();
    assert!(said.contains("warning: app client phone app"), "{said}");
    assert!(said.contains("cannot sign in by SRP"), "{said}");
}

#[test]
fn srp_works_for_hash_imported_people_after_their_first_password_sign_in_only() {
    let (workplace, pool, _) = three_people();
    import_all(&workplace, &pool, "night", &BY_JOB);
    let flows = ["USER_SRP_AUTH", "USER_PASSWORD_AUTH", "USER_SRP_AUTH"];
    let ask = json!({
        "endpoint": pool.endpoint, "user_pool_id": pool.user_pool_id, "client_id": pool.client_id,
        "username": "ada", "password": PASSWORDS[0].0, "flows": flows,
    });
    let finished = node_script("browser_clients.js")
        .stdin(ask.to_string())
        .run()
        .expect_code(0);
    let errors: Value = serde_json::from_str(&finished.stdout).expect("one JSON list");
    let refused = json!("NotAuthorizedException");
    assert_eq!(errors, json!([refused, null, null]));
}

/// Real Django beside the legacy database.
fn django(workplace: &Workplace, verb: &str) -> String {
    let asked = script("bridge.py").arg(verb);
    let asked = asked.arg(workplace.folder().join("legacy.sqlite3"));
    let asked = asked.env("PYTHONPATH", root().join("django"));
    let said = asked.stdin(PASSWORDS[0].0).run().expect_code(0).stdout;
    said.trim().to_owned()
}

fn inspected(workplace: &Workplace) -> Value {
    let inspect = workplace.cutover(&["inspect", "--json", "inspection.json"]);
    inspect.run().expect_code(0);
    workplace.folder().json("inspection.json")
}

#[test]
fn django_rehashes_at_sign_in_what_cognito_can_import() {
    let (mut workplace, pool, mut client) = three_people();
    // Above Cognito's cap, as Django 5.2 writes by default.
    let newer = django(&workplace, "default-hash");
    assert!(newer.starts_with("pbkdf2_sha256$1"), "a million rounds");
    let change = format!("UPDATE auth_user SET password = '{newer}'");
    workplace.legacy_mut().execute(&[change]);
    let inspection = inspected(&workplace);
    assert_eq!(inspection["importable"]["users"], 0);
    assert_eq!(inspection["importable"]["bridge"]["users"], 3);

    // Ada signs in to Django meanwhile, with the bridge hasher first in PASSWORD_HASHERS.
    assert_eq!(django(&workplace, "sign-in"), "ada");
    let inspection = inspected(&workplace);
    assert_eq!(inspection["importable"]["users"], 1);
    assert_eq!(
        inspection["importable"]["why_not"],
        json!([{
            "reason": "hash-over-cognito-cap", "users": 2,
            "meaning": inspection["importable"]["why_not"][0]["meaning"],
        }])
    );
    let (accounts, _) = import_all(&workplace, &pool, "night", &BY_JOB);
    assert_eq!((accounts.created, accounts.held), (1, 2));
    client
        .sign_in("ada", PASSWORDS[0].0)
        .expect("the same password");
}

/// Fifty people sign in through the trigger while a job imports everybody: nobody is there twice,
/// everybody has one outcome, and each gets in with their password ever after. boto3 counts the same
/// as the job and as the run.
#[test]
fn fifty_sign_ins_while_the_jobs_run_double_nobody() {
    const PEOPLE: u32 = 400;
    let mut workplace = small_app::workplace();
    let rows: Vec<String> = (1..=PEOPLE)
        .map(|id| person(id, &format!("person{id}"), PASSWORDS[0].1))
        .collect();
    workplace.legacy_mut().execute(&rows);
    let pool = workplace.serve_pool();
    let signing_in = |half: u32| {
        let mut client = pool.client();
        move || {
            for id in (half..=PEOPLE).step_by(16) {
                // Whom the job makes while the trigger is asked about them types it once more.
                let name = format!("person{id}");
                let mut attempts = (0..3).map(|_| client.sign_in(&name, PASSWORDS[0].0));
                let gets_in = attempts.any(|attempt| attempt.is_ok());
                assert!(gets_in, "{name}, whoever made the account");
            }
        }
    };
    let accounts = thread::scope(|scope| {
        let both = [signing_in(1), signing_in(9)].map(|one| scope.spawn(one));
        let (accounts, _) = import_all(&workplace, &pool, "night", &BY_JOB);
        for one in both {
            one.join().expect("all signed in");
        }
        accounts
    });
    accounts.assert_whole(PEOPLE as usize);
    assert_eq!(accounts.created + accounts.already_in_pool, PEOPLE as usize);
    let mut client = pool.client();
    assert_eq!(client.content().len(), PEOPLE as usize);
    let jobs = client
        .call(
            "list_user_import_jobs",
            json!({"UserPoolId": pool.user_pool_id, "MaxResults": 60}),
        )
        .expect("the jobs");
    let jobs = jobs["UserImportJobs"].as_array().expect("a list");
    let counted = |name: &str| {
        jobs.iter()
            .filter_map(|job| job[name].as_u64())
            .sum::<u64>()
    };
    let created = u64::try_from(accounts.created).expect("a count");
    assert_eq!(counted("ImportedUsers"), created, "{jobs:?}");
    for id in [1, 2, 9, 200, PEOPLE] {
        let name = format!("person{id}");
        client.sign_in(&name, PASSWORDS[0].0).expect("the password");
        client.sign_in(&name, PASSWORDS[1].0).expect_err("no other");
    }
}

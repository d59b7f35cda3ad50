//! What went wrong with two live sides, one test each, on what the pool then holds.

use std::time::Duration;

use acceptance_tests::{Finished, Pool, PoolClient, Workplace, until};
use serde_json::json;

use crate::import_run::{import, import_all, outcomes};
use crate::small_app::{self, PASSWORDS, person};
use crate::two_lives::with_claims;

const FLAGS: &[&str] = &["--execute", "--approve-password-reset"];
/// What nobody can sign in with.
const UNUSABLE: &str = "!nobody";

fn with_people(people: &[(u32, &str, &str)]) -> (Workplace, Pool, PoolClient) {
    let mut workplace = small_app::workplace();
    let rows: Vec<String> = people
        .iter()
        .map(|(id, username, encoded)| person(*id, username, encoded))
        .collect();
    workplace.legacy_mut().execute(&rows);
    let pool = workplace.serve_pool();
    let client = pool.client();
    (workplace, pool, client)
}

fn django(workplace: &mut Workplace, statement: &str) {
    workplace.legacy_mut().execute(&[statement.to_owned()]);
}

/// Waits until a run has a plan.
fn until_planned(workplace: &Workplace, run: &str) {
    until(Duration::from_secs(30), "the plan", || {
        workplace
            .cutover(&["status", "--run", run, "--json", "planned.json"])
            .run();
        let file = workplace.folder().join("planned.json");
        let status: serde_json::Value = serde_json::from_slice(&std::fs::read(file).ok()?).ok()?;
        (status["planned"] == true).then_some(())
    });
}

/// Starts an import and kills it when a user of this name is in the pool.
fn killed_when_created(
    workplace: &Workplace,
    pool: &Pool,
    client: &mut PoolClient,
    run: &str,
    username: &str,
) -> Finished {
    let mut running = import(workplace, pool, run, FLAGS).start();
    until(Duration::from_secs(30), "the creation", || {
        (running.has_ended() || client.user(username).is_ok()).then_some(())
    });
    running.kill();
    running.wait()
}

#[test]
fn whoever_has_something_like_a_password_is_not_created_by_a_slip() {
    let costly = "pbkdf2_sha256$2000000000$salt$UvfljrBIazXooY+W22wSHHNeD9moq0qMjH06dg3RxYU=";
    let (workplace, pool, mut client) = with_people(&[
        (1, "undeclared", "pbkdf2_custom$1000$salt$x"),
        (2, "costly", costly),
        (3, "malformed", "pbkdf2_sha256$broken"),
        (4, "nobody", UNUSABLE),
    ]);
    let (accounts, _) = import_all(&workplace, &pool, "night", &["--execute"]);
    assert_eq!((accounts.created, accounts.held), (1, 3));
    let here: Vec<String> = client.content().into_keys().collect();
    assert_eq!(here, ["nobody"]);
    // And who is approved is said to lose a password.
    let (_, dry) = import_all(&workplace, &pool, "other", &["--approve-password-reset"]);
    assert!(dry.stdout.contains('3'), "{dry:?}");
}

#[test]
fn a_plan_that_is_stale_is_decided_again_at_the_write() {
    let (mut workplace, pool, mut client) = with_people(&[
        (1, "ada", UNUSABLE),
        (2, "bob", UNUSABLE),
        (3, "eve", UNUSABLE),
    ]);
    // Planned, and stopped by a quota before anybody was created.
    let throttle =
        json!([{"operation": "AdminCreateUser", "fault": "throttle", "when": {"share": 1.0}}]);
    client.set_faults(1, &throttle);
    let mut running = import(&workplace, &pool, "night", &["--execute"]).start();
    until_planned(&workplace, "night");
    running.interrupt();
    running.wait().expect_code(3);
    client.set_faults(1, &json!([]));
    // Meanwhile, in Django: a new name, a password, and somebody who is gone.
    django(
        &mut workplace,
        "UPDATE auth_user SET username = 'robert' WHERE id = 2",
    );
    let password = PASSWORDS[0].1;
    let sets = format!("UPDATE auth_user SET password = '{password}' WHERE id = 3");
    django(&mut workplace, &sets);
    let (accounts, _) = import_all(&workplace, &pool, "night", &["--execute"]);
    assert_eq!((accounts.created, accounts.held), (2, 1));
    let here: Vec<String> = client.content().into_keys().collect();
    assert_eq!(here, ["ada", "robert"], "and eve keeps her password");
}

#[test]
fn a_resume_with_another_legacy_database_is_refused() {
    let (workplace, pool, mut client) = with_people(&[(1, "ada", UNUSABLE)]);
    import_all(&workplace, &pool, "night", &["--execute"]);
    let (other, _, _) = with_people(&[(1, "xav", UNUSABLE)]);
    for flags in [&[][..], &["--execute"]] {
        let finished = import(&workplace, &pool, "night", flags)
            .env("CUTOVER_LEGACY_URL", other.legacy().url())
            .run()
            .expect_code(2);
        assert!(finished.stderr.contains("legacy database"), "{finished:?}");
    }
    assert_eq!(client.content().len(), 1);
}

#[test]
fn a_squatter_is_not_taken_for_the_person() {
    let (workplace, pool, mut client) = with_people(&[
        (1, "ada", PASSWORDS[0].1),
        (2, "bob", PASSWORDS[1].1),
        (3, "eve", PASSWORDS[2].1),
    ]);
    // An app client without WriteAttributes: whoever registers there writes any id.
    let open = json!({"UserPoolId": pool.user_pool_id, "ClientName": "open"});
    let open = client.call("create_user_pool_client", open);
    let open = open.expect("good settings")["UserPoolClient"]["ClientId"].clone();
    for (name, id) in [("ada", None), ("mallory", Some("2"))] {
        let mut attributes = vec![json!({"Name": "email", "Value": format!("{name}@example.net")})];
        attributes.extend(id.map(|id| json!({"Name": "custom:legacy_id", "Value": id})));
        let with = json!({"ClientId": open, "Username": name, "Password": "Stranger-pw-1!",
                          "UserAttributes": attributes});
        client.call("sign_up", with).expect("anybody may register");
    }
    let strangers = client.content();
    let finished = import(&workplace, &pool, "night", FLAGS)
        .run()
        .expect_code(1);
    assert!(
        finished.stdout.contains("name-taken-by-stranger"),
        "{finished:?}"
    );
    let rows = outcomes(&workplace, "night");
    let of = |id: &str| (rows[id].outcome.as_str(), rows[id].reason.as_str());
    assert_eq!(of("1"), ("held", "name-taken-by-stranger"));
    assert_eq!(
        rows["2"].outcome, "created",
        "whatever mallory says of herself"
    );
    assert_eq!(rows["3"].outcome, "created");
    let after = client.content();
    for (name, was) in &strangers {
        assert_eq!(after.get(name), Some(was), "a stranger was touched");
    }
    workplace
        .cutover(&["status", "--run", "night", "--id-map", "map.csv"])
        .run()
        .expect_code(1);
    let map = workplace.folder().read("map.csv");
    for user in strangers.values() {
        let sub = user.attribute("sub").expect("users have one");
        assert!(!map.contains(sub), "{map}");
    }
    assert_eq!(map.lines().count(), 3, "{map}");
}

#[test]
fn a_resume_acts_by_sub_and_leaves_a_name_that_is_somebody_elses_now() {
    let (workplace, pool, mut client) = with_people(&[(1, "ada", UNUSABLE)]);
    let slow =
        json!([{"operation": "AdminSetUserPassword", "fault": "throttle", "when": {"share": 1.0}}]);
    client.set_faults(1, &slow);
    killed_when_created(&workplace, &pool, &mut client, "night", "ada");
    client.set_faults(1, &json!([]));
    // Support deletes her, and invites somebody of that name.
    let ada = json!({"UserPoolId": pool.user_pool_id, "Username": "ada"});
    client
        .call("admin_delete_user", ada.clone())
        .expect("there");
    let mut invite = ada.clone();
    invite["TemporaryPassword"] = json!("Invited-pw-1!");
    invite["MessageAction"] = json!("SUPPRESS");
    client.call("admin_create_user", invite).expect("free");
    let invited = client.user("ada").expect("invited");
    import(&workplace, &pool, "night", FLAGS).run();
    assert_eq!(client.user("ada").expect("still there"), invited);
}

#[test]
fn whoever_cannot_be_given_a_password_is_not_left_without_a_way_in() {
    let (workplace, pool, mut client) =
        with_people(&[(1, "ada", PASSWORDS[0].1), (2, "bob", PASSWORDS[1].1)]);
    let failing =
        json!([{"operation": "AdminSetUserPassword", "fault": "throttle", "when": {"share": 1.0}}]);
    client.set_faults(1, &failing);
    let mut running = import(&workplace, &pool, "night", FLAGS).start();
    until(Duration::from_secs(30), "a creation", || {
        client.user("ada").is_ok().then_some(())
    });
    // Asked to stop, it finishes whom it has begun, and begins nobody.
    running.interrupt();
    std::thread::sleep(Duration::from_millis(500));
    assert!(!running.has_ended(), "ada has no password yet");
    client.set_faults(1, &json!([]));
    running.wait().expect_code(3);
    let content = client.content();
    assert_eq!(content.len(), 1);
    assert_eq!(content["ada"].status, "CONFIRMED");
    client
        .sign_in("bob", PASSWORDS[1].0)
        .expect("bob is as before");
}

#[test]
fn a_lost_journal_leaves_nobody_between() {
    let (workplace, pool, mut client) = with_people(&[(1, "ada", UNUSABLE), (2, "bob", UNUSABLE)]);
    let slow =
        json!([{"operation": "AdminSetUserPassword", "fault": "throttle", "when": {"share": 1.0}}]);
    client.set_faults(1, &slow);
    killed_when_created(&workplace, &pool, &mut client, "night", "ada");
    client.set_faults(1, &json!([]));
    std::fs::remove_dir_all(workplace.folder().join("runs")).expect("the journals");
    import(&workplace, &pool, "night", &["--execute", "--finish"])
        .run()
        .expect_code(0);
    assert_eq!(client.user("ada").expect("created").status, "CONFIRMED");
}

#[test]
fn an_undo_practised_on_a_local_pool_does_not_disarm_the_other_one() {
    let (workplace, pool, mut client) = with_people(&[(1, "ada", UNUSABLE)]);
    import_all(&workplace, &pool, "night", &["--execute"]);
    let practice = workplace.serve_pool();
    let undo = |pool: &Pool, flags: &[&str]| {
        let undo = workplace.cutover(&["undo", "--run", "night"]);
        undo.args(pool.as_target()).args(flags).run()
    };
    undo(&practice, &["--execute"]).expect_code(2);
    assert_eq!(client.content().len(), 1);
    undo(&pool, &["--execute"]).expect_code(0);
    assert!(client.content().is_empty());
}

#[test]
fn whoever_failed_is_tried_again_under_the_name_they_have_now() {
    let (mut workplace, pool, mut client) =
        with_people(&[(1, "ada", UNUSABLE), (2, "bob", UNUSABLE)]);
    // Cognito refuses her for good, and only her.
    let taken = json!({"UserPoolId": pool.user_pool_id, "Username": "ada"});
    client.call("admin_create_user", taken).expect("free");
    import(&workplace, &pool, "night", &["--execute"])
        .run()
        .expect_code(1);
    django(
        &mut workplace,
        "UPDATE auth_user SET username = 'ada.lee' WHERE id = 1",
    );
    let (accounts, _) = import_all(&workplace, &pool, "night", &["--execute", "--retry-failed"]);
    assert_eq!(accounts.created, 2);
    assert!(client.user("ada.lee").is_ok());
}

#[test]
fn a_group_made_after_planning_is_made_when_it_is_first_needed() {
    let (mut workplace, pool, mut client) =
        with_people(&[(1, "ada", UNUSABLE), (2, "bob", UNUSABLE)]);
    let throttle =
        json!([{"operation": "AdminCreateUser", "fault": "throttle", "when": {"share": 1.0}}]);
    client.set_faults(1, &throttle);
    let running = import(&workplace, &pool, "night", &["--execute"]).start();
    until_planned(&workplace, "night");
    let joins = "INSERT INTO auth_group (id, name) VALUES (9, 'latecomers');";
    django(&mut workplace, joins);
    django(
        &mut workplace,
        "INSERT INTO auth_user_groups (user_id, group_id) VALUES (2, 9)",
    );
    client.set_faults(1, &json!([]));
    running.wait().expect_code(0);
    import_all(&workplace, &pool, "night", &["--execute"]);
    assert_eq!(client.content().len(), 2);
}

/// Nothing but the trigger has seen her: its claims know that she was there.
#[test]
fn whoever_left_the_pool_before_an_import_saw_them_is_not_made_again() {
    let mut workplace = small_app::workplace();
    let rows = small_app::people(&["ada", "bob"]);
    workplace.legacy_mut().execute(&rows);
    let serve = workplace.cutover(&["pool", "serve", "--quotas", "off"]);
    let pool = Pool::start(with_claims(serve, &workplace), workplace.folder());
    let mut client = pool.client();
    client.sign_in("ada", PASSWORDS[0].0).expect("her password");
    let ada = json!({"UserPoolId": pool.user_pool_id, "Username": "ada"});
    client.call("admin_delete_user", ada).expect("she is there");
    let flags = ["--execute", "--approve-password-reset"];
    let run = import(&workplace, &pool, "night", &flags);
    with_claims(run, &workplace).run().expect_code(0);
    let rows = outcomes(&workplace, "night");
    assert_eq!(rows["1"].reason, "deleted-in-pool");
    assert_eq!(rows["2"].outcome, "created");
}

/// A group moves no date of the user.
#[test]
fn an_undo_keeps_whom_somebody_gave_a_group() {
    let (workplace, pool, mut client) = with_people(&[(1, "ada", "!"), (2, "bob", "!")]);
    import_all(&workplace, &pool, "night", &["--execute"]);
    let group = json!({"UserPoolId": pool.user_pool_id, "GroupName": "auditors"});
    client.call("create_group", group).expect("it is new");
    let member = json!({
        "UserPoolId": pool.user_pool_id, "GroupName": "auditors", "Username": "ada",
    });
    client
        .call("admin_add_user_to_group", member)
        .expect("both are there");
    let undo = workplace.cutover(&["undo", "--run", "night", "--execute"]);
    let undone = undo.args(pool.as_target()).run();
    assert!(undone.stdout.contains("changed-since"), "{undone:?}");
    let left: Vec<String> = client.content().into_keys().collect();
    assert_eq!(left, ["ada"]);
}

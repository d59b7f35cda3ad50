//! The weeks between the first sign-in and the end: what is forecast, where it stands, what is left.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use acceptance_tests::{Pool, PoolClient, Workplace, script, until};
use serde_json::{Value, json};

use crate::import_run::import_all;
use crate::small_app::{self, PASSWORDS, person};

const DAY: u64 = 86_400;

/// Four people with passwords, one of whom nobody has seen for years, and one without a password.
fn weeks_before() -> (Workplace, Pool, PoolClient) {
    let mut workplace = small_app::workplace();
    let names = ["adalind", "bertrok", "evandro", "tomasko"];
    let mut rows: Vec<String> = (1..)
        .zip(names)
        .zip(PASSWORDS)
        .map(|((id, name), (_, encoded))| person(id, name, encoded))
        .collect();
    rows.push(person(5, "zoelle", "!nobody"));
    rows.push(
        "UPDATE auth_user SET last_login = datetime('now', '-2 days') WHERE id < 4".to_owned(),
    );
    rows.push("UPDATE auth_user SET last_login = '2020-02-01 00:00:00' WHERE id = 4".to_owned());
    workplace.legacy_mut().execute(&rows);
    let pool = workplace.serve_pool();
    let client = pool.client();
    (workplace, pool, client)
}

fn json_of(workplace: &Workplace, pool: &Pool, arguments: &[&str], code: i32) -> Value {
    let program = workplace.cutover(arguments).args(["--json", "out.json"]);
    let finished = program.args(pool.as_target()).run().expect_code(code);
    for name in [
        "adalind",
        "bertrok",
        "evandro",
        "tomasko",
        "zoelle",
        "example.org",
    ] {
        let named = finished.stdout.contains(name) || finished.stderr.contains(name);
        assert!(!named, "{name} is named: {finished:?}");
    }
    workplace.folder().json("out.json")
}

fn point<'a>(points: &'a Value, code: &str) -> &'a Value {
    let mut points = points["points"].as_array().expect("a list").iter();
    let found = points.find(|point| point["code"] == code);
    found.unwrap_or_else(|| panic!("there is no point {code}"))
}

#[test]
fn a_forecast_goes_by_the_database_first_and_by_who_came_later() {
    let (workplace, pool, mut client) = weeks_before();
    let before = json_of(
        &workplace,
        &pool,
        &["forecast", "--database-only", "--weeks", "4"],
        0,
    );
    assert_eq!(
        (&before["users"], &before["awaited"]),
        (&json!(5), &json!(4))
    );
    assert_eq!(before["without_password"], 1);
    let weeks = before["curve"].as_array().expect("a curve");
    assert_eq!(weeks.len(), 4);
    // Everybody who still comes was here two days ago.
    assert_eq!(
        (&weeks[3]["came"], &weeks[3]["left"]),
        (&json!(3), &json!(1))
    );
    assert_eq!(before["rest"]["password_lost"], 1);
    assert_eq!(before["rest"]["created"], 2);

    for (name, (password, _)) in ["adalind", "bertrok"].iter().zip(PASSWORDS) {
        client.sign_in(name, password).expect("migrated");
    }
    client.advance_clock(15 * DAY);
    let after = json_of(&workplace, &pool, &["forecast", "--weeks", "4"], 0);
    assert_eq!(after["weeks_passed"], 2);
    assert_eq!(after["came_so_far"], 2);
    let weeks = after["curve"].as_array().expect("a curve");
    assert_eq!(weeks.len(), 6, "two have passed, four are ahead");
    assert_eq!(
        (&weeks[0]["came"], &weeks[0]["passed"]),
        (&json!(2), &json!(true))
    );
    assert_eq!(
        (&weeks[1]["low"], &weeks[1]["high"]),
        (&json!(2), &json!(2))
    );

    // Whoever is created by an import does not come any more.
    import_all(&workplace, &pool, "night", &["--execute"]);
    let imported = json_of(&workplace, &pool, &["forecast"], 0);
    assert_eq!(
        (&imported["imported"], &imported["awaited"]),
        (&json!(1), &json!(4))
    );
}

#[test]
fn what_is_no_number_of_weeks_or_percent_is_refused() {
    let workplace = small_app::workplace();
    for bad in [
        ["--weeks", "0"],
        ["--weeks", "105"],
        ["--below", "0"],
        ["--mau-price", "NaN"],
    ] {
        let forecast = workplace.cutover(&["forecast"]).args(bad).run();
        assert!(forecast.expect_code(2).stderr.contains(bad[0]));
    }
}

#[test]
fn the_watch_page_says_what_the_pool_says_and_needs_nothing_else() {
    let (workplace, pool, mut client) = weeks_before();
    client.sign_in("adalind", PASSWORDS[0].0).expect("migrated");
    let once = ["watch", "--once", "--html", "page.html"];
    let watched = json_of(&workplace, &pool, &once, 0);
    let ways = &watched["standing"]["value"]["ways"];
    assert_eq!(ways["first-sign-in"], 1, "{watched}");
    assert_eq!(watched["trigger_runs"]["value"]["runs"], 1);
    let page = workplace.folder().join("page.html");
    let fetched = script("html_references.py").arg(&page).run().expect_code(0);
    assert_eq!(fetched.stdout, "", "the page would fetch");
    let html = workplace.folder().read("page.html");
    assert!(!html.contains("<script") && html.contains("ListUsers"));

    // Somebody between is a light that stops.
    let slow =
        json!([{"operation": "AdminSetUserPassword", "fault": "throttle", "when": {"share": 1.0}}]);
    client.set_faults(1, &slow);
    let import = workplace.cutover(&["import", "--execute", "--run", "night"]);
    let mut running = import.args(pool.as_target()).start();
    until(Duration::from_secs(60), "a creation", || {
        (running.has_ended() || client.user("zoelle").is_ok()).then_some(())
    });
    running.kill();
    running.wait();
    let watched = json_of(&workplace, &pool, &once, 1);
    assert_eq!(watched["standing"]["value"]["between"], 1, "{watched}");
}

#[test]
fn the_watch_page_is_served_on_this_machine_alone() {
    let (workplace, pool, _) = weeks_before();
    let watch = |listen: &str| {
        let watch = workplace.cutover(&["watch", "--every", "5", "--listen", listen]);
        watch.args(pool.as_target())
    };
    watch("0.0.0.0:0").run().expect_code(2);
    let port = 20_000 + rand::random::<u16>() % 20_000;
    let mut running = watch(&format!("127.0.0.1:{port}")).start();
    let ask = |host: &str| {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
        let request = format!("GET / HTTP/1.0\r\nHost: {host}\r\n\r\n");
        stream.write_all(request.as_bytes()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        Some(answer)
    };
    let answer = until(Duration::from_secs(60), "the page with figures", || {
        assert!(!running.has_ended(), "it goes on");
        ask("localhost").filter(|answer| answer.contains("came through the trigger"))
    });
    assert!(
        answer.starts_with("HTTP/1.0 200") || answer.starts_with("HTTP/1.1 200"),
        "{answer}"
    );
    assert!(
        answer
            .to_lowercase()
            .contains("content-security-policy: default-src 'none'")
    );
    let rebound = ask("cutover.evil.example").expect("an answer");
    assert!(
        rebound.contains(" 421 ") && !rebound.contains("trigger"),
        "{rebound}"
    );
    running.terminate();
    running.wait().expect_code(0);
}

#[test]
fn retirement_is_open_until_every_point_is_shown_and_then_its_own_files_go() {
    let (workplace, pool, mut client) = weeks_before();
    client.sign_in("adalind", PASSWORDS[0].0).expect("migrated");
    let retire = |arguments: &[&str], code: i32| {
        let all: Vec<&str> = ["retire"].iter().chain(arguments).copied().collect();
        json_of(&workplace, &pool, &all, code)
    };
    let begun = retire(&[], 1);
    for code in [
        "people-still-come",
        "may-still-sign-in",
        "missing",
        "app-client-takes-passwords",
        "trigger-attached",
        "database-login",
    ] {
        assert_eq!(point(&begun, code)["state"], "open", "{code}");
    }

    import_all(
        &workplace,
        &pool,
        "night",
        &["--execute", "--approve-password-reset"],
    );
    client.advance_clock(20 * DAY);
    let client_id = json!({"UserPoolId": pool.user_pool_id, "ClientId": pool.client_id,
        "ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
        "WriteAttributes": ["email", "given_name"]});
    client
        .call("update_user_pool_client", client_id)
        .expect("updated");
    let described = client.call(
        "describe_user_pool",
        json!({"UserPoolId": pool.user_pool_id}),
    );
    let described = described.expect("there");
    let arn = described["UserPool"]["LambdaConfig"]["UserMigration"]
        .as_str()
        .expect("attached");
    let detach = workplace.cutover(&["trigger", "detach", "--execute", "--function-arn", arn]);
    detach.args(pool.as_target()).run().expect_code(0);
    let nearly = retire(&["--shred", "--execute"], 1);
    assert_eq!(point(&nearly, "people-left")["state"], "done", "{nearly}");
    assert_eq!(
        point(&nearly, "database-login")["state"],
        "open",
        "{nearly}"
    );
    assert!(
        workplace.folder().join("runs/night.sqlite3").exists(),
        "nothing goes before its time"
    );

    // The database is gone; what was compared before still counts.
    let database = workplace.folder().join("legacy.sqlite3");
    std::fs::rename(&database, workplace.folder().join("archive.sqlite3")).expect("moved");
    let last = retire(&[], 1);
    assert_eq!(point(&last, "database-login")["state"], "done", "{last}");
    assert_eq!(point(&last, "own-files-left")["state"], "open");
    let end = retire(&["--shred", "--execute"], 0);
    assert_eq!(point(&end, "own-files-left")["state"], "done");
    let left = workplace.folder().files();
    let ours = |path: &&std::path::PathBuf| {
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        name.starts_with("ledger-") && !name.ends_with(".json") || name.starts_with("night")
    };
    assert_eq!(left.iter().filter(ours).count(), 0, "{left:?}");
    assert!(workplace.folder().join("archive.sqlite3").exists());
}

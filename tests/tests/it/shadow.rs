//! The shadow check as a team runs it: real Django with real sign-ins beside `cutover shadow serve`,
//! then the report, and the rehearsal's verdict.

use std::time::Duration;

use acceptance_tests::{Finished, Running, Workplace, root, script, until};
use serde_json::{Value, json};

use crate::small_app::{self, PASSWORDS, person};

const SOCKET: &str = "shadow.sock";

/// Ada, Bob and an inactive Cyd with the first three passwords; Dan has none that Django could check.
fn four_people() -> Workplace {
    let mut workplace = small_app::workplace();
    let mut rows: Vec<String> = ["ada", "bob", "cyd"]
        .iter()
        .zip(1..)
        .zip(PASSWORDS)
        .map(|((name, id), (_, encoded))| person(id, name, encoded))
        .collect();
    rows.push(person(4, "dan", "!nothing"));
    rows.push("UPDATE auth_user SET is_active = 0 WHERE username = 'cyd'".to_owned());
    workplace.legacy_mut().execute(&rows);
    workplace
}

fn serve(workplace: &Workplace) -> Running {
    let running = workplace.cutover(&["shadow", "serve"]).start();
    let socket = workplace.folder().join(SOCKET);
    until(Duration::from_secs(60), "the shadow's socket", || {
        std::os::unix::net::UnixStream::connect(&socket).ok()
    });
    running
}

fn stop(mut shadow: Running) -> Finished {
    shadow.terminate();
    shadow.wait().expect_code(0)
}

/// What Django said to these sign-ins, and how many were judged and dropped.
fn sign_in(workplace: &Workplace, sign_ins: Value) -> Value {
    let app = script("shadowed_app.py").arg(workplace.folder().join("legacy.sqlite3"));
    let app = app.arg(workplace.folder().join(SOCKET));
    let app = app.env("PYTHONPATH", root().join("django"));
    let said = app.stdin(sign_ins.to_string()).run().expect_code(0).stdout;
    serde_json::from_str(&said).expect("one JSON line")
}

fn report(workplace: &Workplace, code: i32) -> (Value, Finished) {
    let report = workplace.cutover(&["shadow", "report", "--json", "report.json"]);
    let finished = report.run().expect_code(code);
    (workplace.folder().json("report.json"), finished)
}

#[test]
fn real_sign_ins_agree_and_one_that_the_trigger_would_refuse_is_a_no_go() {
    let workplace = four_people();
    let shadow = serve(&workplace);
    let ada = PASSWORDS[0].0;
    let said = sign_in(
        &workplace,
        json!([
            ["ada", ada],
            // Django has rehashed her password at the first one.
            ["ada", ada],
            // A pool does not tell case apart.
            ["ADA", ada],
            ["bob", ada],
            ["cyd", PASSWORDS[2].0],
            ["nobody", ada],
        ]),
    );
    let let_in = json!([true, true, false, false, false, false]);
    assert_eq!(said, json!({"let_in": let_in, "judged": 6, "dropped": 0}));
    stop(shadow);

    let (found, _) = report(&workplace, 0);
    assert_eq!(found["judged"], 6);
    let agreed = json!({"lets_in": 2, "to_set_anew": 0, "refuses": 3, "but_for_case": 1});
    assert_eq!(found["agreed"], agreed);
    assert_eq!(found["disagreements"], json!([]));
    // Ada alone: whom Django refuses is nobody that was seen, and she was seen once.
    assert_eq!(found["reach"]["people_seen"], 1);
    assert_eq!(found["reach"]["signed_in_last_month"], 0, "{found}");

    // A restart goes on, and the shadow's death is nobody's failed sign-in.
    let said = sign_in(&workplace, json!([["ada", ada], ["bob", "wrong"]]));
    let unseen = json!({"let_in": [true, false], "judged": 0, "dropped": 2});
    assert_eq!(said, unseen);
    let shadow = serve(&workplace);
    let dan = json!([["dan", "known-to-the-directory"], ["ada", ada]]);
    assert_eq!(sign_in(&workplace, dan)["let_in"], json!([true, true]));
    let served = stop(shadow);

    let (found, told) = report(&workplace, 1);
    assert_eq!(found["judged"], 8);
    let kinds = found["disagreements"].as_array().expect("a list");
    assert_eq!(kinds.len(), 1, "{kinds:?}");
    assert_eq!(kinds[0]["kind"], "trigger-refuses");
    assert_eq!(kinds[0]["reason"], "password-unusable");
    assert_eq!(kinds[0]["backend"], "__main__.Directory");
    assert!(told.stdout.contains("BLOCKS"), "{told:?}");

    // Nobody can be read out of what is left.
    let mut left = std::fs::read_to_string(workplace.folder().join("shadow.json")).expect("there");
    left.push_str(&std::fs::read_to_string(workplace.folder().join("report.json")).expect("there"));
    for text in [
        &left,
        &told.stdout,
        &told.stderr,
        &served.stdout,
        &served.stderr,
    ] {
        for marker in [
            "\"ada\"",
            "dan",
            "example.org",
            ada,
            "known-to-the-directory",
        ] {
            assert!(!text.contains(marker), "{marker} in {text}");
        }
    }

    let rehearsed = workplace.cutover(&["rehearse", "--out", "out"]).run();
    let rehearsed = rehearsed.expect_code(4);
    assert!(
        rehearsed.stdout.contains("shadow-disagreement"),
        "{rehearsed:?}"
    );
    let rehearsal = workplace.folder().json("out/report.json");
    assert_eq!(rehearsal["shadow"]["judged"], 8);

    // With another configuration it counts anew, and keeps what it had.
    let path = workplace.folder().join("cutover.toml");
    let text = std::fs::read_to_string(&path).expect("there");
    std::fs::write(
        &path,
        text.replace("[\"username\"]", "[\"username\", \"email\"]"),
    )
    .expect("written");
    let (found, _) = report(&workplace, 1);
    assert_eq!(found["is_current"], false);
    stop(serve(&workplace));
    let (found, _) = report(&workplace, 0);
    assert_eq!(found["judged"], 0);
}

#[test]
fn who_may_not_ask_is_told_nothing_and_bad_lines_end_nothing() {
    use std::io::{BufRead, BufReader, Write};
    let workplace = four_people();
    let key = "a key of this test";
    let shadow = workplace.cutover(&["shadow", "serve"]);
    let shadow = shadow.env("CUTOVER_SHADOW_KEY", key).start();
    let socket = workplace.folder().join(SOCKET);
    let mut stream = until(Duration::from_secs(60), "the shadow's socket", || {
        std::os::unix::net::UnixStream::connect(&socket).ok()
    });
    let mut answers = BufReader::new(stream.try_clone().expect("a second handle")).lines();
    let mut ask = |line: String| -> Value {
        writeln!(stream, "{line}").expect("it listens");
        let answer = answers.next().expect("an answer").expect("text");
        serde_json::from_str(&answer).expect("JSON")
    };
    let ada = PASSWORDS[0].0;
    let keyless = json!({"login": "ada", "password": ada, "django": "in"});
    let wrong_type = json!({"login": "ada", "password": ada, "django": 5, "key": key});
    for bad in [
        "nonsense",
        "[]",
        &keyless.to_string(),
        &wrong_type.to_string(),
    ] {
        let answer = ask(bad.to_owned());
        let error = answer["error"].as_str().expect("an error");
        assert!(!error.contains(ada), "{error}");
    }
    let mut good = keyless;
    good["key"] = json!(key);
    assert_eq!(ask(good.to_string())["verdict"], "agrees");
    // A second one would lose the first one's counts.
    workplace.cutover(&["shadow", "serve"]).run().expect_code(2);
    stop(shadow);
    let (found, _) = report(&workplace, 0);
    assert_eq!(found["judged"], 1);
}

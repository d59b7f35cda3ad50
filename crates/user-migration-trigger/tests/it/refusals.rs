//! From outside, nobody can tell refusals apart.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::program::{Program, forgot_password, sign_in};
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

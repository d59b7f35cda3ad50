//! The probing mode of the built program: where it starts, where it does not, and that no other mode
//! knows its words.

use serde_json::Value;

use crate::program::{Program, fixtures, sign_in};
use crate::start::refused_start;

fn probing(until: &str) -> Program {
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_user-migration-trigger"));
    Program::of(program, &[])
        .without("CUTOVER_USUAL_HASH")
        .set("CUTOVER_ANSWERS", "probe")
        .set("CUTOVER_PROBE_UNTIL", until)
}

fn in_hours(hours: i64) -> String {
    (chrono::Utc::now() + chrono::TimeDelta::hours(hours)).to_rfc3339()
}

#[tokio::test]
async fn it_starts_only_where_nothing_of_the_product_is_set() {
    let soon = in_hours(1);
    let config = fixtures("cutover.toml").display().to_string();
    for (name, value) in [
        ("CUTOVER_LEGACY_URL", "sqlite://hunter2"),
        ("CUTOVER_LEGACY_SECRET_ARN", "hunter2"),
        ("CUTOVER_CONFIG", config.as_str()),
        ("CUTOVER_CLAIMS_TABLE", "hunter2"),
        ("CUTOVER_GROUPS_KEY", "hunter2"),
    ] {
        let log = refused_start(probing(&soon).set(name, value)).await;
        assert!(log.contains(&format!("{name} is set")), "{log}");
        assert!(!log.contains("hunter2"), "{log}");
    }
}

#[tokio::test]
async fn its_end_must_be_near() {
    for until in [in_hours(25), String::new(), "tomorrow".to_owned()] {
        let log = refused_start(probing(&until)).await;
        assert!(log.contains("CUTOVER_PROBE_UNTIL"), "{log}");
    }
}

#[tokio::test]
async fn it_answers_probes_until_its_end() {
    let running = probing(&in_hours(1)).start().await;
    let answer = running.response(&sign_in("probe.migrate.a1", "x")).await;
    assert_eq!(answer["response"]["finalUserStatus"], "CONFIRMED");

    let over = probing(&in_hours(-1)).start().await;
    let error = over.error(&sign_in("probe.migrate.a1", "x")).await;
    assert_eq!(error["errorMessage"], "The probe is over.");
}

#[tokio::test]
async fn in_every_other_mode_its_words_are_an_unknown_login() {
    let running = Program::on_default_data().start().await;
    let answer = running
        .response_in_the_end(&sign_in("probe.migrate.a1", "x"))
        .await;
    assert_eq!(answer["response"]["userAttributes"], Value::Null);
}

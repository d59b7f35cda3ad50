//! `cutover rehearse` on the default data, as `make rehearsal` runs it: verdict, report page,
//! report data.

use acceptance_tests::{Shape, TestFolder, Workplace, fixture, script};
use serde_json::{Value, json};

/// The default rehearsal's files in a folder of their own.
pub(crate) fn default_data() -> Workplace {
    let folder = TestFolder::new();
    for name in ["cutover.toml", "legacy.sqlite3", "canaries.json"] {
        std::fs::copy(fixture(name), folder.join(name)).expect("the default data is checked in");
    }
    Workplace::of_folder(folder, Shape::Allauth)
}

#[test]
fn the_default_data_is_a_go_with_a_report_to_look_at() {
    let workplace = default_data();
    let before = workplace.folder().files();
    let legacy = std::fs::read(workplace.folder().join("legacy.sqlite3")).expect("copied");
    let finished = workplace
        .cutover(&["rehearse", "--canaries", "canaries.json", "--out", "report"])
        .run()
        .expect_code(0);
    let report = workplace.folder().json("report/report.json");
    assert_eq!(report["verdict"], "go", "{}", report["findings"]);
    assert!(finished.stdout.contains("go"), "{finished:?}");

    // Everybody is accounted for.
    let number = |value: &Value| value.as_u64().expect("a count");
    let import = &report["import"];
    let outcomes = ["created", "already_in_pool", "held", "failed"];
    let sum: u64 = outcomes
        .iter()
        .map(|outcome| number(&import[*outcome]))
        .sum();
    assert_eq!(number(&import["read"]), sum);
    assert_eq!(number(&import["read"]), number(&report["census"]["users"]));
    assert_eq!(number(&report["census"]["users"]), 1_000);
    assert_eq!(import["complete"], true);
    assert_eq!(number(&import["failed"]), 0);
    // Holds are explained, each with a next step.
    let reasons = import["reasons"]
        .as_array()
        .expect("a list of reasons")
        .iter();
    let held = reasons.filter(|reason| reason["outcome"] == "held");
    let explained: u64 = held
        .inspect(|reason| assert!(reason["next_step"].as_str().is_some_and(|s| !s.is_empty())))
        .map(|reason| number(&reason["users"]))
        .sum();
    assert_eq!(explained, number(&import["held"]));
    // Every canary came out right, and both sides agree.
    let sign_ins = report["sign_ins"].as_array().expect("a list of sign-ins");
    let canaries = workplace.folder().json("canaries.json");
    assert!(!sign_ins.is_empty() && sign_ins.len() <= canaries.as_array().map_or(0, Vec::len));
    for sign_in in sign_ins {
        assert_eq!(sign_in["right"], true, "{sign_in}");
    }
    for reset in report["resets"].as_array().expect("a list of resets") {
        assert_eq!(reset["right"], true, "{reset}");
    }
    let comparison = &report["comparison"];
    assert_eq!(comparison["complete"], true, "{comparison}");
    let sides = number(&comparison["in_both"]) + number(&comparison["left_out"]);
    assert_eq!(sides, 1_000, "{comparison}");
    for difference in comparison["differences"]
        .as_array()
        .expect("a list of differences")
    {
        assert_eq!(number(&difference["users"]), 0, "{difference}");
    }

    // The page needs nothing but itself.
    let page = workplace.folder().join("report/report.html");
    let fetched = script("html_references.py").arg(&page).run().expect_code(0);
    assert_eq!(fetched.stdout, "", "the page would fetch");
    let html = workplace.folder().read("report/report.html");
    assert!(html.contains("viewport"), "readable on a phone");
    assert!(
        html.contains("class=\"chart\"") && html.contains("pbkdf2_sha256"),
        "with charts"
    );
    for reason in import["reasons"].as_array().expect("a list of reasons") {
        let code = reason["reason"].as_str().expect("a code");
        assert!(html.contains(code), "{code} is not on the page");
    }

    // It left the report and nothing else.
    let left: Vec<_> = workplace.folder().files();
    let new = left
        .iter()
        .filter(|path| !before.contains(path))
        .collect::<Vec<_>>();
    assert_eq!(
        new,
        ["report/report.html", "report/report.json"].map(std::path::Path::new)
    );
    let after = std::fs::read(workplace.folder().join("legacy.sqlite3")).expect("still there");
    assert!(legacy == after, "the legacy database is only read");
}

#[test]
fn a_canary_that_comes_out_wrong_is_a_no_go() {
    let workplace = Workplace::new(Shape::Stock, acceptance_tests::Engine::Sqlite);
    // Somebody whose password is said to be what it is not.
    let canary =
        json!([{"login": "staff.member3", "password": "not theirs", "expect": "signs-in"}]);
    workplace
        .folder()
        .write("canaries.json", canary.to_string());
    let finished = workplace
        .cutover(&["rehearse", "--canaries", "canaries.json", "--out", "report"])
        .run()
        .expect_code(4);
    let report = workplace.folder().json("report/report.json");
    assert_eq!(report["verdict"], "no-go");
    assert_eq!(report["sign_ins"][0]["right"], false);
    assert!(
        finished.stdout.to_lowercase().contains("no-go"),
        "{finished:?}"
    );
    assert!(
        workplace
            .folder()
            .read("report/report.html")
            .to_lowercase()
            .contains("no-go")
    );
}

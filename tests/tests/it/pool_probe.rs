//! `cutover pool probe` and what its answers change: on our own pool it finds what is believed, on
//! others' emulators it ends cleanly, killed it leaves nothing that `--clean` does not find.

use std::collections::BTreeMap;
use std::time::Duration;

use acceptance_tests::{
    Finished, Pool, Program, TestFolder, built_program, cognito_local, ministack, moto, root, until,
};
use serde_json::{Value, json};

use crate::rehearse::default_data;

const FUNCTION: &str = "arn:aws:lambda:eu-west-1:123456789012:function:cutover-probe";
const ROLE: &str = "arn:aws:iam::123456789012:role/import-log";

fn cutover(folder: &TestFolder, arguments: &[&str]) -> Program {
    Program::new(built_program("cutover"))
        .current_dir(folder.path())
        .env("HOME", folder.path())
        .args(arguments)
}

/// A pool whose trigger answers as the login tells it to.
fn serve(folder: &TestFolder, more: &[&str]) -> Pool {
    let serve = ["pool", "serve", "--probing", "--quotas", "off"];
    Pool::start(cutover(folder, &serve).args(more), folder)
}

fn probe(folder: &TestFolder, endpoint: &str, more: &[&str]) -> Program {
    let probe = [
        "pool",
        "probe",
        "--region",
        "eu-west-1",
        "--endpoint-url",
        endpoint,
    ];
    cutover(folder, &probe).args(more)
}

fn whole_probe(folder: &TestFolder, endpoint: &str, out: &str) -> Finished {
    let more = [
        "--execute",
        "--function-arn",
        FUNCTION,
        "--import-role-arn",
        ROLE,
        "--out",
        out,
    ];
    probe(folder, endpoint, &more).run().expect_code(0)
}

/// Question -> answer of a facts file.
fn answers(folder: &TestFolder, file: &str) -> BTreeMap<String, String> {
    let facts = facts(folder, file);
    let answers = facts["answers"].as_object().expect("answers");
    let text = |fact: &Value| fact["answer"].as_str().expect("a text").to_owned();
    answers
        .iter()
        .map(|(id, fact)| (id.clone(), text(fact)))
        .collect()
}

fn facts(folder: &TestFolder, file: &str) -> Value {
    let text = std::fs::read(folder.join(file)).expect("the file is there");
    serde_json::from_slice(&text).expect("JSON")
}

/// Question -> what is believed, as the rehearsal pool's README has it.
fn believed() -> BTreeMap<String, String> {
    let readme = root().join("crates/rehearsal-pool/README.md");
    let readme = std::fs::read_to_string(readme).expect("the README");
    let (_, rest) = readme.split_once("<!-- beliefs -->\n").expect("the table");
    let (table, _) = rest.split_once("<!-- /beliefs -->").expect("its end");
    let cells = table.lines().skip(2).map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        let [id, _, believed, _] = cells[..] else {
            panic!("four cells: {row}")
        };
        (id.trim_matches('`').to_owned(), believed.to_owned())
    });
    cells.collect()
}

fn pool_names(pool: &Pool) -> Vec<String> {
    let listed = pool
        .client()
        .call("list_user_pools", json!({"MaxResults": 60}))
        .expect("pools can be listed");
    let pools = listed["UserPools"].as_array().expect("a list");
    let name = |pool: &Value| pool["Name"].as_str().expect("a name").to_owned();
    pools.iter().map(name).collect()
}

#[test]
fn on_our_own_pool_it_finds_every_believed_behaviour_as_written() {
    let folder = TestFolder::new();
    let pool = serve(&folder, &[]);
    let before = pool_names(&pool);

    let dry = probe(&folder, &pool.endpoint, &["--function-arn", FUNCTION]).run();
    let dry = dry.expect_code(0);
    assert!(dry.stdout.contains("UserPoolUpdate"), "{dry:?}");
    assert!(
        dry.stdout.contains("aws:RequestTag/cutover-probe"),
        "{dry:?}"
    );
    assert!(
        dry.stdout.contains("The authors have run nothing on AWS"),
        "{dry:?}"
    );
    let policy = std::fs::read_to_string(root().join("infra/probe-policy.json"));
    assert!(dry.stdout.contains(policy.expect("the policy").trim()));
    assert!(!folder.join("pool-facts.json").exists());

    let asked = whole_probe(&folder, &pool.endpoint, "pool-facts.json");
    assert!(
        asked
            .stdout
            .contains("otherwise and followed: 0; otherwise and not followed: 0")
    );
    let found = answers(&folder, "pool-facts.json");
    assert_eq!(found, believed());
    assert!(found.len() > 90, "{}", found.len());
    assert_eq!(facts(&folder, "pool-facts.json")["not_asked"], json!({}));
    assert_eq!(pool_names(&pool), before, "nothing is left");

    // Nothing of it names anybody, and of the ids that it dealt with none is there.
    let text = std::fs::read_to_string(folder.join("pool-facts.json")).expect("the file");
    for secret in [
        "@example",
        "123456789012",
        "eyJ",
        "127.0.0.1",
        &before[0],
        "Probe-Passw0rd",
    ] {
        assert!(!text.contains(secret) || secret == before[0], "{secret}");
    }
    let ended = pool.stop();
    assert!(
        ended.stderr.contains(" met a believed behaviour: "),
        "{ended:?}"
    );
}

#[test]
fn facts_that_flip_beliefs_make_a_pool_that_answers_otherwise() {
    let folder = TestFolder::new();
    let flips = [
        (
            "groups-join-twice",
            "InvalidParameterException: User is in that group already.",
        ),
        ("user-auth-migration", "asked"),
        ("delete-email-flag", "stays"),
        (
            "migration-bad-attribute/InitiateAuth/LEGACY",
            "NotAuthorizedException: Not migrated by {app client}.",
        ),
        ("migration-throws/ForgotPassword/ENABLED", "accepted"),
        (
            "event-at-forgot-password",
            "clientMetadata null, password null, userAttributes null, validationData null",
        ),
        ("migrated-at-forgot-password", "RESET_REQUIRED"),
        (
            "attribute-unknown",
            "InvalidParameterException: There is no attribute {attribute} here.",
        ),
        ("import-pbkdf2-plus", "row fails"),
        ("import-most-failed", "Succeeded"),
        ("import-header", "last"),
        ("migration-attempts", "2"),
    ];
    let not_to_follow = ("client-flows", "an empty list");
    let fact =
        |(id, answer): &(&str, &str)| ((*id).to_owned(), json!({"answer": answer, "replies": []}));
    let answers_of_somebody: serde_json::Map<String, Value> =
        flips.iter().chain([&not_to_follow]).map(fact).collect();
    let file = json!({
        "form": 1,
        "probed": {"date": "2026-12-01", "region": "eu-west-1", "service": "aws",
                   "pool_age_seconds": 60, "tool": "cutover", "sdk": "1"},
        "answers": answers_of_somebody,
    });
    folder.write("known.json", file.to_string());

    let pool = serve(&folder, &["--facts", "known.json"]);
    whole_probe(&folder, &pool.endpoint, "found.json");
    let found = answers(&folder, "found.json");
    let mut wanted = believed();
    for (id, answer) in flips {
        let before = wanted.insert(id.to_owned(), answer.to_owned());
        assert_ne!(before.as_deref(), Some(answer), "{id} is no flip");
    }
    assert_eq!(found, wanted);
    let ended = pool.stop();
    assert!(
        ended.stderr.contains("known difference: ExplicitAuthFlows"),
        "{ended:?}"
    );

    // The two files beside each other: they differ in what could not be followed.
    let compared = cutover(&folder, &["pool", "facts", "known.json", "found.json"]).run();
    let compared = compared.expect_code(1);
    assert!(
        compared.stdout.contains("the files disagree: client-flows"),
        "{compared:?}"
    );
    assert_eq!(compared.stdout.matches("the files disagree").count(), 1);
}

#[test]
fn a_file_that_names_somebody_is_refused_by_field() {
    let folder = TestFolder::new();
    let file = json!({
        "form": 1,
        "probed": {"date": "", "region": "", "service": "aws", "pool_age_seconds": 1,
                   "tool": "", "sdk": ""},
        "answers": {"groups-join-twice": {
            "answer": "InvalidParameterException: ada@customer.example is there",
        }},
    });
    folder.write("leaky.json", file.to_string());
    let serve = ["pool", "serve", "--probing", "--facts", "leaky.json"];
    let refused = cutover(&folder, &serve).run().expect_code(2);
    assert!(refused.stderr.contains("groups-join-twice"), "{refused:?}");
    assert!(!refused.stderr.contains("ada@"), "{refused:?}");
}

#[test]
fn whatever_a_killed_probe_left_is_found_and_nothing_else_is_touched() {
    let folder = TestFolder::new();
    let pool = serve(&folder, &[]);
    let of_probes = |pool: &Pool| {
        let mut names = pool_names(pool);
        names.retain(|name| name.starts_with("cutover-probe-"));
        names
    };
    let more = ["--execute", "--function-arn", FUNCTION];
    let mut running = probe(&folder, &pool.endpoint, &more).start();
    // In the middle: the questions with the slow function take ten seconds.
    until(Duration::from_secs(60), "pools of the probe", || {
        (of_probes(&pool).len() >= 3).then_some(())
    });
    running.kill();
    drop(running);
    let left = of_probes(&pool);
    assert!(left.len() >= 3, "{left:?}");

    // Somebody's own, which only looks like a probe's.
    let mut client = pool.client();
    for (name, tags) in [
        ("cutover-probe-0a1b2c3d-plain", json!({})),
        (
            "cutover-probe-0a1b2c3d-alias",
            json!({"cutover-probe": "ffffffff"}),
        ),
        ("customers", json!({"cutover-probe": "0a1b2c3d"})),
    ] {
        let settings = json!({"PoolName": name, "UserPoolTags": tags});
        client.call("create_user_pool", settings).expect("a pool");
    }
    let all = pool_names(&pool).len();
    let dry = probe(&folder, &pool.endpoint, &["--clean"])
        .run()
        .expect_code(0);
    assert!(
        dry.stdout.contains("stays: it has a probe's name"),
        "{dry:?}"
    );
    assert_eq!(pool_names(&pool).len(), all, "a dry run deletes nothing");

    let cleaned = probe(&folder, &pool.endpoint, &["--clean", "--execute"]).run();
    let cleaned = cleaned.expect_code(0);
    let deleted = format!("{} user pools deleted", left.len());
    assert!(cleaned.stdout.contains(&deleted), "{cleaned:?}");
    assert_eq!(pool_names(&pool).len(), all - left.len());
    let mut kept = of_probes(&pool);
    kept.sort();
    assert_eq!(
        kept,
        [
            "cutover-probe-0a1b2c3d-alias",
            "cutover-probe-0a1b2c3d-plain"
        ]
    );
}

#[test]
fn a_probe_asked_to_stop_deletes_what_it_made() {
    let folder = TestFolder::new();
    let pool = serve(&folder, &[]);
    let before = pool_names(&pool);
    let more = ["--execute", "--function-arn", FUNCTION];
    let mut running = probe(&folder, &pool.endpoint, &more).start();
    until(Duration::from_secs(60), "pools of the probe", || {
        (pool_names(&pool).len() > before.len() + 1).then_some(())
    });
    running.interrupt();
    let stopped = running.wait().expect_code(3);
    assert!(stopped.stderr.contains("it was stopped"), "{stopped:?}");
    assert_eq!(pool_names(&pool), before);
}

#[test]
fn on_other_peoples_emulators_it_ends_with_a_table_of_differences() {
    let names = ["moto", "MiniStack", "cognito-local"];
    let starts: [fn(&TestFolder) -> Pool; 3] = [moto, ministack, cognito_local];
    std::thread::scope(|scope| {
        for (name, start) in names.into_iter().zip(starts) {
            scope.spawn(move || {
                let folder = TestFolder::new();
                let pool = start(&folder);
                let before = pool_names(&pool);
                let more = ["--execute", "--without-trigger"];
                let asked = probe(&folder, &pool.endpoint, &more).run().expect_code(0);
                let found = answers(&folder, "pool-facts.json");
                assert!(found.len() > 25, "{name}: {asked:?}");
                assert!(
                    asked.stdout.contains("known difference: "),
                    "{name}: {asked:?}"
                );
                assert_eq!(pool_names(&pool), before, "{name}");
                // What they found is a file that can be used.
                let read = cutover(&folder, &["pool", "facts", "pool-facts.json"]).run();
                read.expect_code(0);
            });
        }
    });
}

#[test]
fn what_is_typed_wrongly_is_told_before_anything_is_made() {
    let folder = TestFolder::new();
    let endpoint = ["--endpoint-url", "http://127.0.0.1:9"];
    for (arguments, told) in [
        (
            vec!["--execute", "--without-trigger"],
            "no AWS Region is named",
        ),
        (vec!["--region", "eu west", "--execute"], "AWS Region"),
        (
            vec!["--region", "eu-west-1", "--execute"],
            "no function is named",
        ),
        (
            vec!["--region", "eu-west-1", "--function-arn", "my-function"],
            "--function-arn is not of the form",
        ),
    ] {
        let refused = cutover(&folder, &["pool", "probe"])
            .args(endpoint)
            .args(&arguments)
            .run()
            .expect_code(2);
        assert!(refused.stderr.contains(told), "{arguments:?}: {refused:?}");
    }
    // Nobody listens there.
    let more = ["--region", "eu-west-1", "--execute", "--without-trigger"];
    let halted = cutover(&folder, &["pool", "probe"])
        .args(endpoint)
        .args(more);
    let halted = halted.run().expect_code(3);
    assert!(halted.stderr.contains("no answers came"), "{halted:?}");
}

#[test]
fn a_rehearsal_says_what_rested_on_belief_and_obeys_what_was_found() {
    let workplace = default_data();
    let beliefs = |more: &[&str]| {
        let rehearse = workplace
            .cutover(&["rehearse", "--out", "report"])
            .args(more);
        let told = rehearse.run();
        let report = std::fs::read(workplace.folder().join("report/report.json"));
        let report: Value = serde_json::from_slice(&report.expect("a report")).expect("JSON");
        let beliefs = report["beliefs"].clone();
        let sentence = beliefs["sentence"].as_str().expect("a sentence");
        assert!(told.stdout.contains(sentence), "{told:?}");
        assert!(
            told.stdout.contains("The authors have run nothing on AWS"),
            "{told:?}"
        );
        beliefs
    };
    let believed = beliefs(&[]);
    let named = |beliefs: &Value, id: &str| {
        let met = beliefs["count"]["met"].as_array().expect("a list");
        met.iter().any(|met| met["id"] == id)
    };
    assert!(named(&believed, "event-at-forgot-password"), "{believed}");

    let found = json!({
        "form": 1,
        "probed": {"date": "2026-12-01", "region": "eu-west-1", "service": "aws",
                   "pool_age_seconds": 60, "tool": "cutover", "sdk": "1"},
        "answers": {
            "event-at-forgot-password": {"answer":
                "clientMetadata null, password null, userAttributes null, validationData null"},
            "client-flows": {"answer": "an empty list"},
        },
    });
    workplace.folder().write("found.json", found.to_string());
    let knowing = beliefs(&["--facts", "found.json"]);
    assert!(!named(&knowing, "event-at-forgot-password"), "{knowing}");
    assert_eq!(knowing["count"]["settled"], 1, "{knowing}");
    assert_eq!(knowing["count"]["differences"][0]["id"], "client-flows");
    let met = |beliefs: &Value| beliefs["count"]["calls_that_met_one"].as_u64();
    assert!(met(&knowing) < met(&believed), "{knowing}");
}

#[test]
fn a_pool_whose_making_was_never_answered_goes_too() {
    let folder = TestFolder::new();
    folder.write(
        "settings.toml",
        "[faults]\nseed = 1\n[[faults.rules]]\noperation = \"CreateUserPool\"\n\
         fault = \"reset-after\"\nwhen = { calls = { count = 1 } }\n",
    );
    let pool = serve(&folder, &["--settings", "settings.toml"]);
    let before = pool_names(&pool);
    let more = ["--execute", "--without-trigger"];
    let asked = probe(&folder, &pool.endpoint, &more).run().expect_code(0);
    assert!(asked.stderr.contains("no answer came"), "{asked:?}");
    assert_eq!(pool_names(&pool), before);
}

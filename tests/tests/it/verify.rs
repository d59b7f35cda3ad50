//! `cutover verify`: one answer a line, in order, the same as Django's.

use acceptance_tests::{
    Engine, Finished, LegacyDatabase, Program, Shape, TestFolder, answers, built_program, script,
};
use serde_json::{Value, json};

fn verify(folder: &TestFolder, input: impl Into<Vec<u8>>) -> Finished {
    Program::new(built_program("cutover"))
        .arg("verify")
        .current_dir(folder.path())
        .stdin(input)
        .run()
}

fn lines(finished: &Finished) -> Vec<Value> {
    let parse = |line: &str| serde_json::from_str(line).expect("every line of stdout is JSON");
    finished.stdout.lines().map(parse).collect()
}

#[test]
fn verdicts_are_djangos_and_in_order() {
    let legacy = LegacyDatabase::of(Shape::Stock, Engine::Sqlite);
    let encoded_of = |id: &str| {
        legacy
            .users()
            .iter()
            .find(|user| user.id == id)
            .map(|user| user.encoded.as_str())
    };
    // Right and wrong passwords of the people with a purpose, then everybody's hash with a
    // password that is nobody's.
    let mut questions = Vec::new();
    let mut expected = Vec::new();
    for canary in legacy.canaries() {
        let Some(encoded) = canary.legacy_id.as_deref().and_then(encoded_of) else {
            continue;
        };
        questions.push(json!({"password": canary.password, "encoded": encoded}));
        // Activity is the user's, not the password's.
        let word = match canary.reason.as_deref() {
            None | Some("user-inactive") => "match",
            Some("password-mismatch") => "mismatch",
            Some("password-unusable") => "unusable",
            Some("algorithm-unsupported") => "unsupported",
            Some("hash-malformed") => "malformed",
            Some("cost-limit-exceeded") => "too-costly",
            Some(other) => panic!("no verdict for {other}"),
        };
        let algorithm = canary.algorithm.clone().filter(|_| word.ends_with("match"));
        expected.push(Some((word, algorithm)));
    }
    for user in legacy.users() {
        questions.push(json!({"password": "nobody has this one", "encoded": user.encoded}));
        expected.push(None);
    }
    let django = answers(script("check_passwords.py"), &questions);

    let folder = TestFolder::new();
    let input: String = questions
        .iter()
        .map(|question| format!("{question}\n"))
        .collect();
    let finished = verify(&folder, input).expect_code(0);
    let ours = lines(&finished);
    assert_eq!(ours.len(), questions.len());
    for (number, ((answer, django), expected)) in ours.iter().zip(django).zip(expected).enumerate()
    {
        let matched = answer["verdict"] == "match";
        assert_eq!(
            Some(matched),
            django["match"].as_bool(),
            "line {number}: {answer} {django}"
        );
        if let Some((word, algorithm)) = expected {
            assert_eq!(answer["verdict"], word, "line {number}: {answer}");
            if algorithm.is_some() {
                assert_eq!(answer["algorithm"], json!(algorithm), "line {number}");
            }
        }
        if django.get("error").is_none() && !matched {
            let refusals = ["mismatch", "unusable", "unsupported", "malformed"];
            let verdict = answer["verdict"].as_str().expect("a verdict is a word");
            assert!(refusals.contains(&verdict), "line {number}: {answer}");
        }
    }
    assert!(folder.files().is_empty(), "verify leaves no files");
}

#[test]
fn a_bad_line_is_answered_and_the_run_goes_on() {
    let good = br#"{"password": "crowd", "encoded": "!"}"#.to_vec();
    let secret = "Zx-planted-password-7731";
    let long = format!(
        r#"{{"password": "{}", "encoded": "!"}}"#,
        "x".repeat(1 << 20)
    );
    let deep = "[".repeat(100_000);
    let bad: Vec<Vec<u8>> = vec![
        b"".to_vec(),
        b"   ".to_vec(),
        b"null".to_vec(),
        b"[]".to_vec(),
        b"\"text\"".to_vec(),
        b"{".to_vec(),
        b"{}".to_vec(),
        format!(r#"{{"encoded": "{secret}"}}"#).into_bytes(),
        br#"{"password": 7, "encoded": "!"}"#.to_vec(),
        format!(r#"{{"password": ["{secret}"], "encoded": "!"}}"#).into_bytes(),
        format!(r#"{{"password": "{secret}", "encoded": 7}}"#).into_bytes(),
        format!(r#"{{"password": "{secret}", "encoded": "!"}} trailing"#).into_bytes(),
        format!(r#"{{"password": "{secret}"#).into_bytes(),
        b"{\"password\": \"\xff\xfe\", \"encoded\": \"!\"}".to_vec(),
        b"{\"password\": \"a\0b\", \"encoded\": \"!\"}".to_vec(),
        br#"{"password": "\ud800", "encoded": "!"}"#.to_vec(),
        deep.into_bytes(),
    ];
    let answered: Vec<Vec<u8>> = vec![
        good.clone(),
        br#"{"password": "", "encoded": ""}"#.to_vec(),
        br#"{"password": "x", "encoded": null}"#.to_vec(),
        br#"{"encoded": "!", "password": "x", "more": {"is": "ignored"}}"#.to_vec(),
        b"{\"password\": \"x\", \"encoded\": \"!\"}\r".to_vec(),
        br#"{"password": "a\u0000b", "encoded": "!"}"#.to_vec(),
        br#"{"password": "x", "encoded": "pbkdf2_sha256$1$\u0000$AAAA"}"#.to_vec(),
        long.into_bytes(),
    ];
    let mut input = Vec::new();
    for line in &bad {
        input.extend_from_slice(line);
        input.push(b'\n');
        input.extend_from_slice(&good);
        input.push(b'\n');
    }
    for line in &answered {
        input.extend_from_slice(line);
        input.push(b'\n');
    }
    // The last line need not end.
    input.extend_from_slice(&good);

    let folder = TestFolder::new();
    let finished = verify(&folder, input).expect_code(0);
    let ours = lines(&finished);
    assert_eq!(ours.len(), bad.len() * 2 + answered.len() + 1);
    let (pairs, rest) = ours.split_at(bad.len() * 2);
    for (pair, line) in pairs.chunks(2).zip(&bad) {
        let line = String::from_utf8_lossy(line);
        let start: String = line.chars().take(60).collect();
        assert!(pair[0]["error"].is_string(), "{start}: {}", pair[0]);
        assert_eq!(pair[0].get("verdict"), None, "{start}");
        assert_eq!(pair[1]["verdict"], "unusable", "the line after {start}");
    }
    for answer in rest {
        assert!(answer["verdict"].is_string(), "{answer}");
    }
    assert!(!finished.stdout.contains(secret) && !finished.stderr.contains(secret));
}

#[test]
fn an_answer_comes_without_waiting_for_the_next_question() {
    // A program that asks one at a time would wait for ever otherwise.
    let program = Program::new(built_program("cutover")).arg("verify");
    let mut verify = acceptance_tests::LineProcess::start(program);
    for _ in 0..3 {
        let answer = verify.ask(&json!({"password": "x", "encoded": "!"}));
        assert_eq!(answer["verdict"], "unusable");
    }
}

//! Hashes that came from elsewhere: `cutover inspect` names the declaration, and with it people sign in
//! with the passwords they had; a site's pepper comes from the environment.

use acceptance_tests::{Program, Shape, TestFolder, Workplace, built_program, fixture};
use serde_json::{Value, json};

/// The vectors of this name.
fn vectors(name: &str) -> Value {
    let path = fixture("hashes/vectors").join(name);
    let document = std::fs::read_to_string(path).expect("the vectors are checked in");
    serde_json::from_str(&document).expect("JSON")
}

/// A hash of this declared name for the password named `ascii`, and the password.
fn hash(document: &Value, declared: &str, target: &str) -> (String, String) {
    let mut cases = document["cases"].as_array().expect("a list").iter();
    let case = cases
        .find(|case| {
            let fits = |key: &str, wanted: &str| case[key] == wanted;
            fits("declared", declared) && fits("target", target) && fits("name", "ascii")
        })
        .expect("there is such a case");
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    (
        text(&case["encoded"]),
        text(&document["passwords"]["ascii"]),
    )
}

#[test]
fn inspect_prints_the_line_that_has_foreign_hashes_checked() {
    let document = vectors("foreign.json");
    let mut workplace = Workplace::with_own_database(Shape::Stock);
    let kinds = [
        ("phpass", "passlib:phpass", "phpass = \"passlib:phpass\""),
        (
            "apr1",
            "passlib:apr_md5_crypt",
            "apr1 = \"passlib:apr_md5_crypt\"",
        ),
        ("drupal_sha512", "drupal7", "drupal_sha512 = \"drupal7\""),
        ("", "passlib:bcrypt", "\"\" = \"bare\""),
        ("", "wordpress", "\"\" = \"bare\""),
        ("", "werkzeug", "\"\" = \"bare\""),
    ];
    let ids: Vec<String> = workplace.legacy().users()[..kinds.len()]
        .iter()
        .map(|user| user.id.clone())
        .collect();
    let mut questions = String::new();
    let mut statements = Vec::new();
    for ((declared, target, _), id) in kinds.iter().zip(&ids) {
        let (encoded, password) = hash(&document, declared, target);
        assert!(!encoded.contains('\''), "it is quoted below");
        statements.push(format!(
            "UPDATE auth_user SET password = '{encoded}' WHERE id = {id}"
        ));
        for password in [password.clone(), format!("{password}x")] {
            questions += &format!("{}\n", json!({"password": password, "encoded": encoded}));
        }
    }
    workplace.legacy_mut().execute(&statements);

    let finished = workplace
        .cutover(&["inspect", "--json", "inspection.json"])
        .run();
    for (_, _, line) in kinds {
        let said = format!("add to [hashers]: {line}");
        assert!(finished.stdout.contains(&said), "{line} in {finished:?}");
    }
    let inspection = workplace.folder().json("inspection.json");
    let groups = inspection["hashes"].as_array().expect("a list");
    let bare: u64 = groups
        .iter()
        .filter(|group| group["declare"] == "\"\" = \"bare\"")
        .map(|group| group["users"].as_u64().expect("a count"))
        .sum();
    assert_eq!(bare, 3);

    // Undeclared, nobody gets in with such a hash; declared, the right password does.
    let folder = TestFolder::new();
    let verify = || {
        Program::new(built_program("cutover"))
            .arg("verify")
            .current_dir(folder.path())
            .stdin(questions.clone())
            .run()
            .expect_code(0)
            .stdout
    };
    let verdicts = |output: &str| -> Vec<String> {
        let verdict = |line: &str| -> Value { serde_json::from_str(line).expect("JSON") };
        let lines = output.lines().map(verdict);
        lines
            .map(|line| line["verdict"].as_str().expect("a word").to_owned())
            .collect()
    };
    assert!(verdicts(&verify()).iter().all(|word| word == "unsupported"));
    let mut lines: Vec<&str> = kinds.iter().map(|(_, _, line)| *line).collect();
    lines.dedup();
    folder.write("cutover.toml", format!("[hashers]\n{}\n", lines.join("\n")));
    let expected: Vec<&str> = kinds.iter().flat_map(|_| ["match", "mismatch"]).collect();
    assert_eq!(verdicts(&verify()), expected);
}

#[test]
fn verify_takes_a_pepper_from_the_environment_and_says_when_it_is_not_there() {
    let document = vectors("peppers.json");
    let case = &document["cases"][0];
    let (encoding, secret) = (
        &case["encoding"],
        document["secret"].as_str().expect("text"),
    );
    assert!(encoding.is_null());
    let folder = TestFolder::new();
    folder.write(
        "cutover.toml",
        format!(
            "[hashers]\n{} = {{ outer = {}, pepper = {}, secret = \"SITE_PEPPER\" }}\n",
            case["name"].as_str().expect("text"),
            case["outer"],
            case["pepper"],
        ),
    );
    let questions: String = case["checks"]
        .as_object()
        .expect("a check each")
        .keys()
        .map(|password| {
            format!(
                "{}\n",
                json!({"password": password, "encoded": case["encoded"]})
            )
        })
        .collect();
    let verify = || {
        Program::new(built_program("cutover"))
            .arg("verify")
            .current_dir(folder.path())
            .stdin(questions.clone())
    };
    let finished = verify().env("SITE_PEPPER", secret).run().expect_code(0);
    let said: Vec<bool> = finished
        .stdout
        .lines()
        .map(|line| line.contains("\"match\""))
        .collect();
    let django: Vec<bool> = case["checks"]
        .as_object()
        .expect("a check each")
        .values()
        .map(|answer| answer == &json!(true))
        .collect();
    assert_eq!(said, django, "{finished:?}");
    let refused = verify().run().expect_code(2);
    assert!(
        refused.stderr.contains("SITE_PEPPER is not set"),
        "{refused:?}"
    );
}

//! Files of answers that others contributed: of the right form, from AWS, and naming nobody. Those
//! that disagree are listed in the folder's README.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use rehearsal_pool::PoolFacts;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("facts")
}

/// Every contributed file, by name.
fn contributed(folder: &Path) -> Result<Vec<(String, PoolFacts)>, String> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|error| error.to_string())? {
        let path = entry.map_err(|error| error.to_string())?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.unwrap_or_default().to_owned();
        if name == "README.md" {
            continue;
        }
        let facts = PoolFacts::read(&path).map_err(|error| format!("{name}: {error}"))?;
        let probed = &facts.probed;
        if probed.service != "aws" {
            return Err(format!("{name}: it was asked of a stand-in, not of AWS"));
        }
        if name != format!("{}-{}.json", probed.region, probed.date) {
            return Err(format!(
                "{name}: its name is not REGION-DATE.json of what it holds"
            ));
        }
        files.push((name, facts));
    }
    files.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(files)
}

fn listed(files: &[(String, PoolFacts)]) -> String {
    let mut list = String::new();
    for disagreement in PoolFacts::disagreements(files) {
        writeln!(list, "- `{}`", disagreement.id).expect("a string");
        for (file, answer) in disagreement.answers {
            writeln!(list, "  - {file}: {answer}").expect("a string");
        }
    }
    match list.is_empty() {
        true => "None.\n".to_owned(),
        false => list,
    }
}

#[test]
fn contributed_files_name_nobody_and_disagreements_are_listed() {
    let files = contributed(&folder()).expect("every file is fit");
    let readme = std::fs::read_to_string(folder().join("README.md")).expect("the README");
    let (_, rest) = readme.split_once("<!-- disagreements -->\n").expect("it");
    let (shown, _) = rest.split_once("<!-- /disagreements -->").expect("its end");
    assert_eq!(shown, listed(&files));
}

/// The same of a folder that is not empty.
#[test]
fn an_unfit_file_is_refused_and_a_disagreement_shows() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let write = |name: &str, region: &str, service: &str, answer: &str| {
        let facts = serde_json::json!({
            "form": 1,
            "probed": {"date": "2026-12-01", "region": region, "service": service,
                       "pool_age_seconds": 9, "tool": "cutover 0.1.0", "sdk": "1"},
            "answers": {"groups-join-twice": {"answer": answer, "replies": []}},
        });
        let path = folder.path().join(name);
        std::fs::write(&path, facts.to_string()).expect("it can be written");
        path
    };
    write("eu-west-1-2026-12-01.json", "eu-west-1", "aws", "accepted");
    write(
        "us-east-1-2026-12-01.json",
        "us-east-1",
        "aws",
        "InvalidParameterException: no",
    );
    let files = contributed(folder.path()).expect("both are fit");
    assert!(listed(&files).contains("us-east-1-2026-12-01.json: InvalidParameterException: no"));

    for (name, region, service, answer, told) in [
        ("x.json", "eu-west-1", "aws", "accepted", "REGION-DATE"),
        (
            "eu-west-3-2026-12-01.json",
            "eu-west-3",
            "endpoint",
            "accepted",
            "stand-in",
        ),
        (
            "eu-west-3-2026-12-01.json",
            "eu-west-3",
            "aws",
            "no ada@example.org",
            "{e-mail}",
        ),
    ] {
        let path = write(name, region, service, answer);
        let refused = contributed(folder.path()).expect_err("it is unfit");
        assert!(refused.contains(told), "{refused}");
        std::fs::remove_file(path).expect("it is there");
    }
}

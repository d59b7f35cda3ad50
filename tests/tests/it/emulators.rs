//! The pool beside other people's readings of Cognito: the same calls to all, and every difference
//! listed in `crates/rehearsal-pool/DIFFERENCES.md` with who is right and where that stands.
//!
//! `CUTOVER_BLESS=1` writes the list anew; who is right stays to be filled in for new rows.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::thread;

use acceptance_tests::{
    Engine, Pool, Shape, TestFolder, Workplace, cognito_local, ministack, moto, script,
};
use serde_json::Value;

const BEGIN: &str = "<!-- differences -->\n";
const END: &str = "<!-- /differences -->";
const OTHERS: [&str; 3] = ["moto", "MiniStack", "cognito-local"];
const UNJUDGED: &str = "?";

/// What was asked -> what came, in the order of asking.
type Answers = Vec<(String, String)>;

fn ask(endpoint: &str) -> Answers {
    let finished = script("same_calls.py")
        .args([endpoint, "eu-west-1"])
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        .run()
        .expect_code(0);
    let line = |line: &str| {
        let answer: Value = serde_json::from_str(line).expect("the script writes JSON lines");
        let text = |key: &str| answer[key].as_str().expect("text").to_owned();
        (text("call"), text("answer"))
    };
    finished.stdout.lines().map(line).collect()
}

/// Who is right, and the source, by call, as the list has them now.
fn judgements(list: &str) -> BTreeMap<String, (String, String)> {
    // Without the two lines of the table's head.
    let rows = list.lines().filter(|line| line.starts_with("| ")).skip(2);
    let cells = rows.filter_map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        match cells[..] {
            [call, _, _, _, _, right, source] => {
                Some((call.to_owned(), (right.to_owned(), source.to_owned())))
            }
            _ => None,
        }
    });
    cells.collect()
}

fn list(
    ours: &Answers,
    others: &[Answers; 3],
    judged: &BTreeMap<String, (String, String)>,
) -> String {
    let mut list = format!(
        "| call | ours | {} | right | source |\n| --- | --- | --- | --- | --- | --- | --- |\n",
        OTHERS.join(" | ")
    );
    let others = others
        .each_ref()
        .map(|answers| answers.iter().cloned().collect::<BTreeMap<_, _>>());
    for (call, own) in ours {
        let theirs = others
            .each_ref()
            .map(|answers| answers.get(call).map_or("not asked", String::as_str));
        if theirs.iter().all(|answer| answer == own) {
            continue;
        }
        let cells = theirs.map(|answer| if answer == own { "same" } else { answer });
        let unjudged = (UNJUDGED.to_owned(), UNJUDGED.to_owned());
        let (right, source) = judged.get(call).unwrap_or(&unjudged);
        let cells = cells.join(" | ");
        writeln!(list, "| {call} | {own} | {cells} | {right} | {source} |").expect("a string");
    }
    list
}

fn file() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    root.expect("this package is a folder of the checkout")
        .join("crates/rehearsal-pool/DIFFERENCES.md")
}

#[test]
fn every_difference_to_other_emulators_is_listed_and_judged() {
    let workplace = Workplace::new(Shape::Stock, Engine::Sqlite);
    let pool = workplace.serve_pool();
    let folders = [TestFolder::new(), TestFolder::new(), TestFolder::new()];
    let starts: [fn(&TestFolder) -> Pool; 3] = [moto, ministack, cognito_local];
    let (ours, others) = thread::scope(|scope| {
        let others = [0, 1, 2].map(|place| {
            let (start, folder) = (starts[place], &folders[place]);
            scope.spawn(move || {
                let emulator = start(folder);
                ask(&emulator.endpoint)
            })
        });
        let ours = ask(&pool.endpoint);
        (
            ours,
            others.map(|asked| asked.join().expect("the script ends")),
        )
    });
    assert!(ours.len() > 200, "only {} calls", ours.len());
    let lost = ours.iter().find(|(_, answer)| answer == "not there");
    assert_eq!(lost, None, "the script asks for what this pool has");

    let text = std::fs::read_to_string(file()).expect("it is checked in");
    let (head, rest) = text.split_once(BEGIN).expect("the list's begin");
    let (listed, tail) = rest.split_once(END).expect("the list's end");
    let judged = judgements(listed);
    let found = list(&ours, &others, &judged);
    if std::env::var_os("CUTOVER_BLESS").is_some() {
        std::fs::write(file(), format!("{head}{BEGIN}{found}{END}{tail}"))
            .expect("it can be written");
        return;
    }
    let unlisted: Vec<&str> = found.lines().filter(|row| !listed.contains(row)).collect();
    let vanished: Vec<&str> = listed.lines().filter(|row| !found.contains(row)).collect();
    assert!(
        unlisted.is_empty() && vanished.is_empty(),
        "not in the list: {unlisted:#?}\nno difference any more: {vanished:#?}\nCUTOVER_BLESS=1 \
         writes the list anew"
    );
    for (call, (right, source)) in &judged {
        let known =
            ["ours", "unknown"].contains(&right.as_str()) || OTHERS.contains(&right.as_str());
        assert!(known, "{call}: who is right? {right}");
        assert!(
            !source.is_empty() && source != UNJUDGED,
            "{call}: where does that stand?"
        );
    }
}

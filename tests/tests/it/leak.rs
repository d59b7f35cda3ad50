//! Nothing secret leaves: passwords, hashes and e-mails are looked for in everything that the
//! programs wrote, at the most talkative log level.

use std::collections::BTreeMap;

use acceptance_tests::{Engine, Finished, LegacyDatabase, Pool, Program, Shape, Workplace};
use aho_corasick::{AhoCorasick, MatchKind};
use serde_json::json;

use crate::import_run::import;

/// Typed by somebody who resets a password.
const NEW_PASSWORD: &str = "planted-0badcafe-Z9!";

/// What must be found nowhere.
pub(crate) struct Secrets {
    kinds: Vec<&'static str>,
    finder: AhoCorasick,
}

const USERNAME: &str = "an e-mail that is a username";

impl Secrets {
    pub(crate) fn of(legacy: &LegacyDatabase) -> Secrets {
        let mut secrets: BTreeMap<String, &'static str> = BTreeMap::new();
        for user in legacy.users() {
            let email = user.email.to_lowercase();
            // What is no address, such as `@example.com`, may stand anywhere by chance.
            let is_address = email
                .split_once('@')
                .is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.'));
            if is_address {
                secrets.insert(email, "an e-mail");
            }
            // The part that only this user's hash has, whatever a log does to the rest.
            let digest = user.encoded.rsplit('$').next().unwrap_or_default();
            let digest = if digest.len() >= 12 {
                digest
            } else {
                &user.encoded
            };
            if digest.len() >= 12 {
                secrets.insert(digest.to_lowercase(), "a hash");
            }
        }
        for user in legacy.users() {
            let name = user.username.as_ref().unwrap_or(&user.email).to_lowercase();
            if let Some(kind) = secrets.get_mut(&name) {
                *kind = USERNAME;
            }
        }
        for canary in legacy.canaries() {
            if let Some(marker) = marker(&canary.password) {
                secrets.insert(marker, "a typed password");
            }
        }
        secrets.insert(NEW_PASSWORD.to_lowercase(), "a new password");
        let count = |kind: &str| secrets.values().filter(|known| **known == kind).count();
        assert!(
            count("a typed password") > 60 && count("a hash") > 250,
            "{}",
            secrets.len()
        );
        assert!(count("an e-mail") + count(USERNAME) > 200 && count(USERNAME) > 0);
        // Each as it stands, and as JSON and Rust's Debug write it.
        let mut patterns = Vec::new();
        let mut kinds = Vec::new();
        for (secret, kind) in &secrets {
            let quoted = json!(secret).to_string();
            patterns.extend([secret.clone(), quoted.trim_matches('"').to_owned()]);
            kinds.extend([*kind, *kind]);
        }
        let finder = AhoCorasick::builder()
            // The longest, so that `a@b.c` is not found in `xa@b.c`, which is another's.
            .match_kind(MatchKind::LeftmostLongest)
            .build(patterns)
            .expect("some hundred short patterns");
        Secrets { kinds, finder }
    }

    /// Says that none of them is in a text. Usernames that are e-mails count too, unless the text
    /// is one where usernames stand.
    #[track_caller]
    pub(crate) fn assert_none_in(&self, source: &str, text: &str, usernames_allowed: bool) {
        let text = text.to_lowercase();
        for found in self.finder.find_iter(&text) {
            let kind = self.kinds[found.pattern().as_usize()];
            if kind == USERNAME && usernames_allowed {
                continue;
            }
            let before = text[..found.start()]
                .rfind('\n')
                .map_or(0, |newline| newline + 1);
            let line: String = text[before..]
                .lines()
                .next()
                .unwrap_or_default()
                .chars()
                .take(2000)
                .collect();
            panic!(
                "{kind} is in {source}: {:?} in {line}",
                &text[found.range()]
            );
        }
    }
}

/// The part of a made-up password that is nowhere else: eight hexadecimal digits and `-Z`.
fn marker(password: &str) -> Option<String> {
    let end = password.find("-Z")?;
    let marker = password.get(end.checked_sub(8)?..end + 2)?.to_lowercase();
    marker
        .bytes()
        .take(8)
        .all(|b| b.is_ascii_hexdigit())
        .then_some(marker)
}

fn trace(program: Program) -> Program {
    program.env("RUST_LOG", "trace")
}

#[test]
fn nothing_secret_is_written_where_people_have_usernames() {
    nothing_secret_is_written(Shape::Allauth, Engine::Sqlite);
}

#[test]
fn nothing_secret_is_written_where_the_email_is_the_username() {
    nothing_secret_is_written(Shape::EmailLogin, Engine::Postgres);
}

fn nothing_secret_is_written(shape: Shape, engine: Engine) {
    let workplace = Workplace::new(shape, engine);
    let secrets = Secrets::of(workplace.legacy());
    let mut outputs: BTreeMap<&str, Finished> = BTreeMap::new();
    let mut tokens = Vec::new();

    let serve = trace(workplace.cutover(&["pool", "serve", "--quotas", "off"]));
    let pool = Pool::start(serve, workplace.folder());
    let mut client = pool.client();
    for canary in workplace.legacy().canaries().iter().take(60) {
        if let Ok(result) = client.sign_in(&canary.login, &canary.password) {
            tokens.push(result["RefreshToken"].as_str().expect("a token").to_owned());
        }
    }
    let resetting = workplace
        .legacy()
        .users()
        .iter()
        .find(|user| user.is_ordinary() && user.is_active && user.email_is_verified());
    let resetting = resetting.expect("most have a verified e-mail");
    let login = resetting.username.as_deref().unwrap_or(&resetting.email);
    client.forgot_password(login).expect("they may reset");
    let codes = client.reset_codes();
    client
        .confirm_forgot_password(login, &codes[0].code, NEW_PASSWORD)
        .expect("the code sent");

    let flags = ["--execute", "--approve-password-reset"];
    outputs.insert(
        "dry run",
        trace(import(&workplace, &pool, "leak", &[])).run(),
    );
    outputs.insert(
        "import",
        trace(import(&workplace, &pool, "leak", &flags))
            .run()
            .expect_code(0),
    );
    outputs.insert(
        "import again",
        trace(import(&workplace, &pool, "more", &flags)).run(),
    );
    let json_log = trace(import(&workplace, &pool, "json", &flags)).args(["--log-format", "json"]);
    outputs.insert("import with JSON log", json_log.run());
    let status = [
        "status",
        "--run",
        "leak",
        "--json",
        "status.json",
        "--outcomes",
        "outcomes.csv",
    ];
    outputs.insert(
        "status",
        trace(workplace.cutover(&status)).run().expect_code(0),
    );
    let inspect = ["inspect", "--json", "inspection.json"];
    outputs.insert("inspect", trace(workplace.cutover(&inspect)).run());
    // Each canary once more, now without a pool to know them.
    let canaries: Vec<_> = workplace.legacy().canaries().iter().take(40).collect();
    let as_file: Vec<_> = canaries
        .iter()
        .map(|c| {
            json!({"login": c.login, "password": c.password,
                   "expect": if c.signs_in() { "signs-in" } else { "refused" }, "note": c.note})
        })
        .collect();
    let own = acceptance_tests::TestFolder::new();
    let canary_file = own.write("canaries.json", json!(as_file).to_string());
    let rehearse = workplace.cutover(&["rehearse", "--out", "report", "--canaries"]);
    outputs.insert("rehearse", trace(rehearse.arg(canary_file)).run());
    let lines: String = canaries
        .iter()
        .map(|c| {
            format!(
                "{}\n",
                json!({"password": c.password, "encoded": c.password})
            )
        })
        .collect();
    outputs.insert(
        "verify",
        trace(workplace.cutover(&["verify"])).stdin(lines).run(),
    );
    outputs.insert("pool serve", pool.stop());

    for (name, finished) in &outputs {
        assert!(
            !finished.stderr.contains("panicked"),
            "{name}: {finished:?}"
        );
        for (stream, text) in [("stdout", &finished.stdout), ("stderr", &finished.stderr)] {
            let source = format!("{stream} of {name}");
            secrets.assert_none_in(&source, text, false);
            assert!(
                !text.contains(NEW_PASSWORD),
                "a new password is in {source}"
            );
            for token in &tokens {
                assert!(!text.contains(token.as_str()), "a token is in {source}");
            }
        }
    }
    // It was talkative indeed.
    assert!(
        outputs["import"].stderr.lines().count() > 20,
        "{:?}",
        outputs["import"]
    );
    assert!(
        outputs["pool serve"].stderr.lines().count() > 20,
        "{:?}",
        outputs["pool serve"]
    );

    let mut searched = 0;
    for path in workplace.folder().files() {
        let name = path.display().to_string();
        if name == "cutover.toml" {
            continue;
        }
        let bytes = std::fs::read(workplace.folder().join(&path)).expect("it is there");
        let text = String::from_utf8_lossy(&bytes);
        // Journals and outcomes name users; nothing that is meant for sharing does.
        let names_users = name.starts_with("runs/") || name == "outcomes.csv";
        secrets.assert_none_in(&name, &text, names_users);
        searched += 1;
    }
    assert!(searched >= 8, "{:?}", workplace.folder().files());
}

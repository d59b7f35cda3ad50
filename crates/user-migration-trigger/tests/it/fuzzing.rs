//! Thousands of mutated events and seals, the same ones for the same seed: no panic, nobody let in but
//! by the right password, no group but by a seal as it was made. Begins with the events of
//! `migrations-fixtures` and what is in `tests/corpus`.
//!
//! `CUTOVER_FUZZ_ROUNDS` and `CUTOVER_FUZZ_SEED` make it longer or another:
//! `CUTOVER_FUZZ_ROUNDS=5000000 cargo test --release -p user-migration-trigger fuzzing`.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use django_password::{CustomHashers, EncodedPassword, HashState, Limits, Verifier};
use migration_model::{AxesLockOut, Config, LegacyId, LegacyUser, LoginColumn, LoginMatch};
use serde_json::{Value, json};
use user_migration_trigger::{
    Budget, Decision, Event, FailureCause, GroupSealKey, HashChecker, LegacyLogins, LookUpFault,
    Observation, Response, Trigger, UsualCost,
};

use crate::program::{fixtures, sign_in};

const PASSWORD: &str = "anything";
/// By Python's hashlib: a check that costs nothing.
const HASH: &str = "md5$salt$23caf937805666363a556dac0aa4d256";
const CONFIG: &str = "[legacy]\nlogin = [\"username\"]\nemail_verified = \"always\"\n\
    [attributes]\nemail = \"email\"\n\"custom:legacy_id\" = \"id\"\n\
    [trigger.attempts]\nper_login = 0\nper_client = 0\n";
const GROUPS: &[&str] = &["editors", "staff"];

/// Knows Ann alone.
struct Ann;

impl LegacyLogins for Ann {
    async fn find_by_login(&self, login: &str) -> Result<LoginMatch, LookUpFault> {
        if login.to_lowercase() != "ann" {
            return Ok(LoginMatch::None);
        }
        let column = |name: &str, value: &str| (name.to_owned(), Some(value.to_owned()));
        let user = LegacyUser {
            id: LegacyId::Integer(7),
            username: Some("ann".to_owned()),
            email: Some("ann@example.org".to_owned()),
            email_verified: true,
            email_shared: false,
            phone_number: None,
            phone_verified: false,
            encoded_password: EncodedPassword::new(HASH),
            is_active: true,
            is_staff: false,
            is_superuser: false,
            last_login: None,
            date_joined: None,
            columns: BTreeMap::from([column("email", "ann@example.org"), column("id", "7")]),
            groups: GROUPS.iter().map(ToString::to_string).collect(),
            unreadable: None,
        };
        Ok(LoginMatch::One(Box::new(user), LoginColumn::Username))
    }

    async fn is_held(&self, names: &[String]) -> Result<bool, LookUpFault> {
        Ok(names.iter().any(|name| name == "ann"))
    }

    async fn is_linked(&self, _id: &LegacyId) -> Result<bool, LookUpFault> {
        Ok(false)
    }

    async fn is_locked_out(
        &self,
        _names: &[String],
        _rule: &AxesLockOut,
    ) -> Result<bool, LookUpFault> {
        Ok(false)
    }
}

fn trigger() -> Trigger<Ann> {
    let config = Config::parse(CONFIG, Path::new("cutover.toml"), Some("sqlite::memory:"));
    let config = config.expect("a right configuration");
    let verifier = Verifier::new(CustomHashers::default(), Limits::default());
    let HashState::Verifiable(cost) = verifier.inspect(&EncodedPassword::new(HASH)).state else {
        panic!("it can be checked")
    };
    let hashes = HashChecker::new(verifier, UsualCost::starting_with(cost), None);
    let key = GroupSealKey::new("0123456789abcdef0123456789abcdef").expect("it is long enough");
    let life = Duration::from_secs(3600);
    Trigger::new(Ann, &config, hashes).carrying_groups("custom:groups", key, life)
}

/// Sebastiano Vigna's SplitMix64: enough to choose by, and the same everywhere.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    fn one_of<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }
}

/// Texts that mean something somewhere.
const WORDS: &[&str] = &[
    "",
    "ann",
    "ANN",
    "\u{ff41}nn",
    "ann\0",
    "nobody",
    PASSWORD,
    "wrong",
    "admins",
    "2 1800000000 4a38335f47f1a7deaffda646efc5f132 editors staff",
    "2 99999999999999999999 00000000000000000000000000000000 admins",
    "2 18446744073709551615 00000000000000000000000000000000 admins",
    "UserMigration_Authentication",
    "UserMigration_ForgotPassword",
    "PreSignUp_SignUp",
    "TokenGeneration_Authentication",
    "TokenGeneration_RefreshTokens",
    "ann@example.org",
    "7",
    "\u{1F600}\u{202e}\u{feff}",
];

const MEMBERS: &[&str] = &[
    "userName",
    "userPoolId",
    "triggerSource",
    "request",
    "response",
    "callerContext",
    "password",
    "userAttributes",
    "groupConfiguration",
    "groupsToOverride",
    "custom:groups",
    "custom:legacy_id",
    "email",
    "sub",
    "",
];

/// Changes one place of an event.
fn mutate(event: &mut Value, chance: &mut Chance) {
    match event {
        Value::Object(members) if !members.is_empty() && chance.below(8) > 0 => {
            let number = chance.below(members.len());
            let name = members.keys().nth(number).cloned().unwrap_or_default();
            match chance.below(12) {
                0 => {
                    members.remove(&name);
                }
                1 => {
                    let other = chance.one_of(MEMBERS).to_owned();
                    let value = members.get(&name).cloned().unwrap_or_default();
                    members.insert(other, value);
                }
                _ => members
                    .values_mut()
                    .nth(number)
                    .into_iter()
                    .for_each(|value| mutate(value, chance)),
            }
        }
        Value::Array(items) if !items.is_empty() && chance.below(4) > 0 => {
            let number = chance.below(items.len());
            mutate(&mut items[number], chance);
        }
        Value::String(text) if chance.below(3) > 0 => *text = mutated_text(text, chance),
        other => {
            *other = match chance.below(8) {
                0 => Value::Null,
                1 => json!(chance.next()),
                2 => json!([]),
                3 => json!({chance.one_of(MEMBERS): chance.one_of(WORDS)}),
                4 => json!([chance.one_of(WORDS)]),
                5 => json!("x".repeat(chance.below(4000))),
                _ => json!(chance.one_of(WORDS)),
            };
        }
    }
}

fn mutated_text(text: &str, chance: &mut Chance) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    for _ in 0..=chance.below(3) {
        let at = chance.below(letters.len());
        let letter = char::from_u32(chance.below(0x250) as u32).unwrap_or('x');
        match chance.below(4) {
            0 if !letters.is_empty() => {
                letters.remove(at);
            }
            1 => letters.insert(at, letter),
            2 if !letters.is_empty() => letters[at] = letter,
            3 if !letters.is_empty() => letters[at] = char::from(b'0' + (letter as u8) % 10),
            _ => letters.extend(chance.one_of(WORDS).chars()),
        }
    }
    letters.into_iter().collect()
}

/// Changes the text itself: half an event, a stray byte, members twice.
fn mutated_json(event: &Value, chance: &mut Chance) -> String {
    let mut bytes = event.to_string().into_bytes();
    let at = chance.below(bytes.len());
    match chance.below(4) {
        0 => bytes.truncate(at),
        1 => bytes[at] = (chance.next() & 0x7f) as u8,
        2 => {
            let end = (at + chance.below(60)).min(bytes.len());
            let again = bytes[at..end].to_vec();
            bytes.splice(at..at, again);
        }
        _ => {
            bytes.remove(at);
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn corpus() -> Vec<Value> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let mut files: Vec<_> = [fixtures("events"), own]
        .iter()
        .flat_map(|folder| std::fs::read_dir(folder).expect("it is checked in"))
        .map(|file| file.expect("it can be listed").path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "json"))
        .collect();
    files.sort();
    let read = |path: &std::path::PathBuf| {
        let text = std::fs::read_to_string(path).expect("it is checked in");
        serde_json::from_str(&text).expect("JSON")
    };
    files.iter().map(read).collect()
}

async fn decide(trigger: &Trigger<Ann>, text: &str) -> Option<(Decision, Event)> {
    let mut event = Event::parse(text.to_owned().into()).ok()?;
    let budget = Budget::new(Duration::from_secs(60), Duration::ZERO);
    let mut seen = Observation::begin("request".to_owned(), false);
    let decision = trigger.decide(&mut event, &budget, &mut seen).await;
    let line = seen.line(&decision, "trigger");
    assert!(serde_json::from_str::<Value>(&line).is_ok(), "{line}");
    Some((decision, event))
}

/// The token event of Ann as the trigger made her, with a seal that counts.
async fn with_seal(trigger: &Trigger<Ann>) -> Value {
    let text = sign_in("ann", PASSWORD).to_string();
    let (decision, event) = decide(trigger, &text).await.expect("an event");
    let Decision::Migrated(reply) = &decision else {
        panic!("{decision:?}")
    };
    let answer = event
        .answered(Response::Migration(reply))
        .expect("an answer");
    let answer: Value = serde_json::from_str(&answer).expect("JSON");
    let mut event = sign_in("ann", "");
    event["triggerSource"] = json!("TokenGeneration_Authentication");
    event["request"] = json!({
        "userAttributes": answer["response"]["userAttributes"],
        "groupConfiguration": {"groupsToOverride": ["beta"]},
    });
    event
}

/// A value of a text that means what another means to the seal: names by their folded form.
fn same(one: &Value, other: &Value, pointer: &str, folded: bool) -> bool {
    let text = |event: &Value| {
        let text = event
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default();
        match folded {
            true => migration_model::fold_login_name(text),
            false => text.to_owned(),
        }
    };
    text(one) == text(other)
}

fn number(variable: &str, default: u64) -> u64 {
    let text = std::env::var(variable).ok();
    text.and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[tokio::test]
async fn mutated_events_and_seals_neither_panic_nor_let_anybody_in() {
    let rounds = number("CUTOVER_FUZZ_ROUNDS", 20_000);
    let seed = number("CUTOVER_FUZZ_SEED", 11);
    let trigger = trigger();
    let sealed = with_seal(&trigger).await;
    let (added, _) = decide(&trigger, &sealed.to_string())
        .await
        .expect("an event");
    assert!(matches!(added, Decision::GroupsAdded(_)), "{added:?}");

    let mut bases = corpus();
    assert!(bases.len() > 20, "the corpus is checked in");
    bases.push(sign_in("ann", PASSWORD));
    // Every other event is about the seal.
    let (mut migrated, mut groups, mut refused) = (0_u64, 0_u64, 0_u64);
    let mut chance = Chance(seed);
    for round in 0..rounds {
        let mut event = match round % 2 {
            0 => sealed.clone(),
            _ => bases[chance.below(bases.len())].clone(),
        };
        for _ in 0..=chance.below(3) {
            mutate(&mut event, &mut chance);
        }
        let text = match chance.below(6) {
            0 => mutated_json(&event, &mut chance),
            _ => event.to_string(),
        };
        let Some((decision, read)) = decide(&trigger, &text).await else {
            continue;
        };
        let told = || format!("round {round} of seed {seed}: {text}");
        let event: Value = serde_json::from_str(&text).unwrap_or_default();
        let response = match &decision {
            Decision::Migrated(reply) => {
                migrated += 1;
                let name = read.user_name.as_deref().map(str::to_lowercase);
                assert_eq!(name.as_deref(), Some("ann"), "{}", told());
                let status = serde_json::to_value(reply).expect("JSON")["finalUserStatus"].clone();
                if status != "RESET_REQUIRED" {
                    // Of members twice the last one counts, here as there.
                    assert_eq!(event["request"]["password"], PASSWORD, "{}", told());
                }
                Response::Migration(reply)
            }
            Decision::GroupsAdded(tokens) => {
                groups += 1;
                let value = |event: &Value| {
                    let value = event.pointer("/request/userAttributes/custom:groups");
                    // The seal is hexadecimal, in whatever case.
                    value
                        .and_then(Value::as_str)
                        .unwrap_or_default()
                        .to_lowercase()
                };
                assert_eq!(value(&event), value(&sealed), "{}", told());
                for (pointer, folded) in [
                    ("/userPoolId", false),
                    ("/userName", true),
                    ("/request/userAttributes/email", true),
                    ("/request/userAttributes/custom:legacy_id", false),
                ] {
                    assert!(
                        same(&event, &sealed, pointer, folded),
                        "{pointer}: {}",
                        told()
                    );
                }
                assert!(
                    GROUPS
                        .iter()
                        .all(|name| tokens.groups.iter().any(|g| g == name))
                );
                assert!(
                    !tokens.groups.iter().any(|group| group == "admins")
                        || text.contains("\"admins\"")
                );
                Response::Groups(tokens)
            }
            Decision::Failed(failure) => {
                assert_ne!(failure.cause, FailureCause::Internal, "{}", told());
                continue;
            }
            Decision::Refused(_) | Decision::Barred(_) => {
                refused += 1;
                Response::Empty
            }
            Decision::Passed(_) => Response::Unchanged,
        };
        let answer = read
            .answered(response)
            .unwrap_or_else(|_| panic!("{}", told()));
        assert!(serde_json::from_str::<Value>(&answer).is_ok(), "{}", told());
    }
    // The mutations reach every answer, or they would show nothing.
    assert!(migrated > 0 && groups > 0 && refused > 0);
}

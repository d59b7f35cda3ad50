//! The decisions by themselves, with the legacy database played by a value.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use django_password::{CustomHashers, EncodedPassword, Limits, Verifier};
use migration_model::{
    AxesLockOut, Config, LegacyId, LegacyUser, LoginColumn, LoginMatch, PoolSchema, Reason,
};
use serde_json::{Value, json};
use user_migration_trigger::{
    Budget, Decision, Event, FailureCause, FinalUserStatus, HashChecker, LegacyLogins, LookUpFault,
    Observation, PublicError, Trigger, UsualCost,
};

use crate::program::{CHEAP_HASH, forgot_password, sign_in};

/// What the legacy database does when asked.
#[derive(Clone)]
enum Legacy {
    Knows(Box<LegacyUser>),
    KnowsNobody,
    IsAmbiguous,
    IsDown,
    Hangs,
    Panics,
}

impl LegacyLogins for Legacy {
    async fn is_held(&self, names: &[String]) -> Result<bool, LookUpFault> {
        match self {
            Legacy::Knows(user) => Ok(names.iter().any(|name| {
                Some(name) == user.username.as_ref() || Some(name) == user.email.as_ref()
            })),
            other => other.find_by_login("").await.map(|_| false),
        }
    }

    async fn is_linked(&self, id: &LegacyId) -> Result<bool, LookUpFault> {
        Ok(*id == LegacyId::Integer(LINKED))
    }

    async fn is_locked_out(
        &self,
        names: &[String],
        _rule: &AxesLockOut,
    ) -> Result<bool, LookUpFault> {
        Ok(names.iter().any(|name| name == "locked.out"))
    }

    async fn find_by_login(&self, login: &str) -> Result<LoginMatch, LookUpFault> {
        match self {
            Legacy::Knows(user) => Ok(LoginMatch::One(user.clone(), LoginColumn::Username)),
            Legacy::KnowsNobody => Ok(LoginMatch::None),
            Legacy::IsAmbiguous => Ok(LoginMatch::Ambiguous),
            Legacy::IsDown => Err(LookUpFault {
                reason: Reason::LegacyUnavailable,
                detail: format!(
                    "no route; the statement was about '{}'",
                    login.to_uppercase()
                ),
                for_everybody: true,
            }),
            Legacy::Hangs => std::future::pending().await,
            Legacy::Panics => panic!("the row of {login} is odd"),
        }
    }
}

/// Whom the legacy app knows as one of the pool.
const LINKED: i64 = 99;

fn knows(user: LegacyUser) -> Legacy {
    Legacy::Knows(Box::new(user))
}

fn ann(encoded_password: &str) -> LegacyUser {
    LegacyUser {
        id: LegacyId::Integer(7),
        username: Some("ann".to_owned()),
        email: Some("ann@example.org".to_owned()),
        email_verified: true,
        email_shared: false,
        phone_number: None,
        phone_verified: false,
        encoded_password: EncodedPassword::new(encoded_password),
        is_active: true,
        is_staff: false,
        is_superuser: false,
        last_login: None,
        date_joined: None,
        columns: BTreeMap::from([("email".to_owned(), Some("ann@example.org".to_owned()))]),
        groups: Vec::new(),
        unreadable: None,
    }
}

const CONFIG: &str =
    "[legacy]\nlogin = [\"username\", \"email\"]\n[attributes]\nemail = \"email\"\n";

struct Decided {
    decision: Decision,
    line: Value,
}

impl Decided {
    fn refusal(&self) -> Reason {
        match &self.decision {
            Decision::Refused(reason) => *reason,
            other => panic!("not refused: {other:?}"),
        }
    }

    fn failure(&self) -> (FailureCause, PublicError) {
        match &self.decision {
            Decision::Failed(failure) => (failure.cause, failure.public),
            other => panic!("not failed: {other:?}"),
        }
    }

    /// Which hash work was done: `Verify`, `Spend` or nothing.
    fn work(&self) -> Vec<&'static str> {
        let done = |member: &str| self.line.get(member).is_some();
        let works = [("VerifyDuration", "Verify"), ("SpendDuration", "Spend")];
        works
            .into_iter()
            .filter(|(member, _)| done(member))
            .map(|(_, work)| work)
            .collect()
    }
}

async fn decide_within(legacy: Legacy, config: &str, event: &Value, time: Duration) -> Decided {
    let config = Config::parse(config, Path::new("cutover.toml"), Some("sqlite::memory:"))
        .expect("a right configuration");
    let verifier = Verifier::new(CustomHashers::default(), Limits::default());
    let usual = match verifier.inspect(&EncodedPassword::new(CHEAP_HASH)).state {
        django_password::HashState::Verifiable(cost) => UsualCost::starting_with(cost),
        other => panic!("{other:?}"),
    };
    let trigger = Trigger::new(legacy, &config, HashChecker::new(verifier, usual, None));
    let text = event.to_string().into();
    let mut event = Event::parse(text).expect("a JSON object");
    let budget = Budget::new(time, Duration::ZERO);
    let mut seen = Observation::begin("request".to_owned(), true);
    let decision = trigger.decide(&mut event, &budget, &mut seen).await;
    let line = serde_json::from_str(&seen.line(&decision, "trigger")).expect("JSON");
    Decided { decision, line }
}

async fn decide(legacy: Legacy, event: &Value) -> Decided {
    decide_within(legacy, CONFIG, event, Duration::from_secs(60)).await
}

#[tokio::test]
async fn the_right_password_lets_in_and_wrong_ones_are_refused_alike() {
    let right = decide(knows(ann(CHEAP_HASH)), &sign_in("ann", "anything")).await;
    match &right.decision {
        Decision::Migrated(reply) => {
            assert_eq!(reply.final_user_status(), FinalUserStatus::Confirmed);
        }
        other => panic!("not migrated: {other:?}"),
    }
    assert_eq!(right.work(), ["Verify"]);
    assert_eq!(right.line["Outcome"], "migrated");
    assert_eq!(right.line["algorithm"], "pbkdf2_sha256");
    assert_eq!(right.line["cost"], "pbkdf2-sha256 1000 iterations");

    let wrong = decide(knows(ann(CHEAP_HASH)), &sign_in("ann", "Anything")).await;
    assert_eq!(
        (wrong.refusal(), wrong.work()),
        (Reason::PasswordMismatch, vec!["Verify"])
    );
}

#[tokio::test]
async fn every_refusal_of_a_sign_in_costs_one_hash() {
    let inactive = LegacyUser {
        is_active: false,
        ..ann(CHEAP_HASH)
    };
    let spaced = LegacyUser {
        username: Some("a b".to_owned()),
        ..ann(CHEAP_HASH)
    };
    let cases = [
        (Legacy::KnowsNobody, Reason::UserUnknown, "Spend"),
        (Legacy::IsAmbiguous, Reason::LoginAmbiguous, "Spend"),
        (knows(inactive), Reason::UserInactive, "Spend"),
        (knows(ann("!")), Reason::PasswordUnusable, "Spend"),
        (knows(ann("")), Reason::PasswordUnusable, "Spend"),
        (
            knows(ann("pbkdf2_sha256$x$y")),
            Reason::HashMalformed,
            "Spend",
        ),
        (knows(spaced), Reason::UsernameInvalid, "Verify"),
    ];
    for (legacy, reason, work) in cases {
        let decided = decide(legacy, &sign_in("ann", "anything")).await;
        assert_eq!((decided.refusal(), decided.work()), (reason, vec![work]));
        assert_eq!(decided.line["Outcome"], "refused");
        assert_eq!(decided.line["Reason"], reason.code());
    }
}

#[tokio::test]
async fn a_hash_nobody_can_check_is_an_outage_and_no_wrong_password() {
    let cases = [
        ("whirlpool$aaaa$bbbb", Reason::AlgorithmUnsupported),
        (
            "pbkdf2_sha256$2000000000$salt$A3GIxyJXAsc6XPG5HFXvaMgQ/FIt6AV0KsDMj7VFfDQ=",
            Reason::CostLimitExceeded,
        ),
    ];
    for (encoded, reason) in cases {
        let decided = decide(knows(ann(encoded)), &sign_in("ann", "x")).await;
        let failure = (FailureCause::Reason(reason), PublicError::SignInUnchecked);
        assert_eq!(decided.failure(), failure, "{encoded}");
        assert_eq!(decided.work(), Vec::<&str>::new());
    }
}

#[tokio::test]
async fn an_outage_is_an_error_and_its_text_never_quotes_the_login() {
    let down = decide(Legacy::IsDown, &sign_in("ann", "anything")).await;
    let cause = FailureCause::Reason(Reason::LegacyUnavailable);
    assert_eq!(down.failure(), (cause, PublicError::SignInUnchecked));
    assert_eq!(down.line["Outcome"], "failed");
    let detail = down.line["detail"].as_str().expect("there is a detail");
    assert!(detail.contains("withheld"), "{detail}");

    let down = decide(Legacy::IsDown, &forgot_password("ann")).await;
    assert_eq!(down.failure(), (cause, PublicError::ResetUnchecked));
}

#[tokio::test]
async fn a_database_that_hangs_is_not_waited_for() {
    let budget = Duration::from_millis(550);
    let hung = decide_within(Legacy::Hangs, CONFIG, &sign_in("ann", "x"), budget).await;
    let cause = FailureCause::Reason(Reason::LegacyTimeout);
    assert_eq!(hung.failure(), (cause, PublicError::SignInUnchecked));
}

#[tokio::test]
async fn with_no_time_left_no_hash_is_begun_for_anybody() {
    // Known and unknown alike, or an overloaded function would tell who exists.
    for legacy in [knows(ann(CHEAP_HASH)), Legacy::KnowsNobody] {
        let budget = Duration::from_millis(500);
        let late = decide_within(legacy, CONFIG, &sign_in("ann", "anything"), budget).await;
        let cause = FailureCause::Reason(Reason::DeadlineNear);
        assert_eq!(late.failure(), (cause, PublicError::SignInUnchecked));
    }
}

#[tokio::test]
async fn a_hash_that_needs_more_memory_than_there_is_is_not_begun() {
    let config = Config::parse(CONFIG, Path::new("cutover.toml"), Some("sqlite::memory:"))
        .expect("a right configuration");
    let verifier = Verifier::new(CustomHashers::default(), Limits::default());
    let checker = HashChecker::new(verifier, UsualCost::default(), Some(128));
    let django_argon2 = "argon2$argon2id$v=19$m=102400,t=2,p=8$c29tZXNhbHRzb21lc2FsdA$\
                         kbyLqVvTdRl5bXhKIyLkoXyDJkPUuqwCiOqyNhLLW6M";
    let trigger = Trigger::new(knows(ann(django_argon2)), &config, checker);
    let mut event = Event::parse(sign_in("ann", "x").to_string().into()).expect("an object");
    let budget = Budget::new(Duration::from_secs(60), Duration::ZERO);
    let mut seen = Observation::begin("request".to_owned(), true);
    match trigger.decide(&mut event, &budget, &mut seen).await {
        Decision::Failed(failure) => {
            assert_eq!(
                failure.cause,
                FailureCause::Reason(Reason::CostLimitExceeded)
            );
            let detail = failure.detail.expect("it says how much");
            assert!(
                detail.contains("140 MB") && detail.contains("128 MB"),
                "{detail}"
            );
        }
        other => panic!("not failed: {other:?}"),
    }
}

#[tokio::test]
async fn a_panic_is_one_failed_sign_in() {
    let panicked = decide(Legacy::Panics, &sign_in("ann", "anything")).await;
    assert_eq!(
        panicked.failure(),
        (FailureCause::Internal, PublicError::SignInUnchecked)
    );
    assert_eq!(panicked.line["Reason"], "internal-error");
    assert!(
        !panicked.line.to_string().contains("odd"),
        "{}",
        panicked.line
    );
}

#[tokio::test]
async fn an_event_without_its_parts_is_an_error_and_no_wrong_password() {
    for part in ["userName", "password"] {
        let mut event = sign_in("ann", "anything");
        match part {
            "password" => event["request"][part] = json!(null),
            _ => event[part] = json!(null),
        }
        let decided = decide(Legacy::KnowsNobody, &event).await;
        let failure = (FailureCause::EventInvalid, PublicError::SignInUnchecked);
        assert_eq!(decided.failure(), failure, "{part}");
    }
}

#[tokio::test]
async fn an_unknown_source_is_not_answered() {
    for source in [
        json!("PostAuthentication_Authentication"),
        json!("UserMigration_SomethingNew"),
        json!(null),
    ] {
        let mut event = sign_in("ann", "anything");
        event["triggerSource"] = source;
        let decided = decide(knows(ann(CHEAP_HASH)), &event).await;
        let failure = (FailureCause::TriggerSourceUnknown, PublicError::NotSetUp);
        assert_eq!(decided.failure(), failure);
        assert_eq!(decided.line["trigger_source"], "other");
    }
}

#[tokio::test]
async fn events_of_another_pool_are_refused_and_of_another_client_fail() {
    let config = |pool: &str, client: &str| {
        format!("{CONFIG}[pool]\nregion = \"eu-west-1\"\nuser_pool_id = \"{pool}\"\n{client}")
    };
    let ours = "eu-west-1_aaBBcC8dd";
    let cases = [
        (config(ours, ""), None),
        (config(ours, "client_id = \"1ab23k\"\n"), None),
        (config(ours, "client_id = [\"other\", \"1ab23k\"]\n"), None),
        (config(ours, "client_id = \"other\"\n"), Some("failed")),
        (config("eu-west-1_other", ""), Some("refused")),
        (CONFIG.to_owned(), None),
    ];
    for (config, answered) in cases {
        for event in [sign_in("ann", "anything"), forgot_password("ann")] {
            let legacy = knows(ann(CHEAP_HASH));
            let decided = decide_within(legacy, &config, &event, Duration::from_secs(60)).await;
            match answered {
                None => assert!(
                    matches!(decided.decision, Decision::Migrated(_)),
                    "{config}"
                ),
                Some("failed") => assert_eq!(decided.line["Reason"], "wrong-app-client"),
                Some(_) => assert_eq!(decided.refusal(), Reason::WrongPool, "{config}"),
            }
        }
    }
}

#[tokio::test]
async fn a_reset_needs_an_active_user_with_a_verified_address_and_never_confirms() {
    let event = forgot_password("ann");
    let decided = decide(knows(ann("!")), &event).await;
    assert_eq!(decided.refusal(), Reason::PasswordUnusable);
    for (user, config) in [
        (ann(CHEAP_HASH), CONFIG.to_owned()),
        (
            ann("!"),
            format!("{CONFIG}[trigger]\nforgot_password_for_unusable = true\n"),
        ),
    ] {
        let decided = decide_within(knows(user), &config, &event, Duration::from_secs(60)).await;
        match &decided.decision {
            Decision::Migrated(reply) => {
                assert_eq!(reply.final_user_status(), FinalUserStatus::ResetRequired);
            }
            other => panic!("not migrated: {other:?}"),
        }
        assert_eq!(decided.line["Outcome"], "reset-required");
    }
    let unverified = LegacyUser {
        email_verified: false,
        ..ann(CHEAP_HASH)
    };
    let inactive = LegacyUser {
        is_active: false,
        ..ann(CHEAP_HASH)
    };
    let cases = [
        (knows(unverified), Reason::NoVerifiedContact),
        (knows(inactive), Reason::UserInactive),
        (Legacy::KnowsNobody, Reason::UserUnknown),
        (Legacy::IsAmbiguous, Reason::LoginAmbiguous),
    ];
    for (legacy, reason) in cases {
        let decided = decide(legacy, &event).await;
        // A reset that succeeds costs no hash either.
        assert_eq!((decided.refusal(), decided.work()), (reason, Vec::new()));
    }
}

const LONG: usize = 300;

fn hash_of(password: &str) -> String {
    // Unsalted MD5, which Django once wrote; made by Python's hashlib for these passwords.
    match password.len() {
        LONG => "8a4876ea55d998a5d91ed59db796af28".to_owned(),
        _ => CHEAP_HASH.to_owned(),
    }
}

#[tokio::test]
async fn a_weak_password_is_kept_or_reset_as_configured_and_one_too_long_cannot_be_kept() {
    let long = "x".repeat(LONG);
    let reset = format!("{CONFIG}[trigger]\nweak_password = \"reset\"\n");
    let lax = format!(
        "{reset}[trigger.password_policy]\nrequire_uppercase = false\nrequire_numbers = false\n\
         require_symbols = false\n"
    );
    let cases = [
        (
            CONFIG,
            "anything",
            true,
            Some("migrated"),
            json!(["password-weak"]),
        ),
        (
            &reset,
            "anything",
            true,
            Some("reset-required"),
            json!(["password-weak"]),
        ),
        (&lax, "anything", true, Some("migrated"), Value::Null),
        // Nobody could reach them with a code: the account would be lost.
        (
            &reset,
            "anything",
            false,
            Some("migrated"),
            json!(["password-weak", "no-verified-contact"]),
        ),
        (
            CONFIG,
            &long,
            true,
            Some("reset-required"),
            json!(["password-too-long"]),
        ),
        (
            CONFIG,
            &long,
            false,
            None,
            json!(["password-too-long", "no-verified-contact"]),
        ),
    ];
    for (config, password, email_verified, outcome, warnings) in cases {
        let user = LegacyUser {
            email_verified,
            ..ann(&hash_of(password))
        };
        let event = sign_in("ann", password);
        let decided = decide_within(knows(user), config, &event, Duration::from_secs(60)).await;
        assert_eq!(decided.line["warnings"], warnings, "{}", decided.line);
        match outcome {
            Some(outcome) => assert_eq!(decided.line["Outcome"], outcome),
            None => {
                let cause = FailureCause::Reason(Reason::PasswordTooLong);
                assert_eq!(decided.failure(), (cause, PublicError::NotKept));
            }
        }
    }
}

#[tokio::test]
async fn a_password_stored_as_good_as_in_the_clear_is_kept_or_reset_as_configured() {
    let policy = "[trigger.password_policy]\nrequire_uppercase = false\nrequire_numbers = false\n\
                  require_symbols = false\n";
    let keep = format!("{CONFIG}{policy}");
    let reset = format!("{CONFIG}[trigger]\nweak_password = \"reset\"\n{policy}");
    // md5("anything"), unsalted.
    let weak = "f0e166dc34d14d6c228ffac576c9a43c";
    for (config, encoded, outcome, warnings) in [
        (&keep, weak, "migrated", Value::Null),
        (&reset, weak, "reset-required", json!(["hash-weak"])),
        (&reset, CHEAP_HASH, "migrated", Value::Null),
    ] {
        let event = sign_in("ann", "anything");
        let time = Duration::from_secs(60);
        let decided = decide_within(knows(ann(encoded)), config, &event, time).await;
        assert_eq!(decided.line["Outcome"], outcome, "{}", decided.line);
        assert_eq!(decided.line["warnings"], warnings, "{}", decided.line);
    }
}

#[tokio::test]
async fn a_locked_out_login_is_refused_like_a_wrong_password() {
    let axes = format!("{CONFIG}[trigger.axes]\nfailure_limit = 5\ncooloff_minutes = 30\n");
    for (config, refused) in [(&axes[..], true), (CONFIG, false)] {
        let event = sign_in("locked.out", "anything");
        let legacy = knows(ann(CHEAP_HASH));
        let decided = decide_within(legacy, config, &event, Duration::from_secs(60)).await;
        match refused {
            true => assert_eq!(
                (decided.refusal(), decided.work()),
                (Reason::LockedOut, vec!["Spend"])
            ),
            false => assert_eq!(decided.line["Outcome"], "migrated"),
        }
    }
}

/// A trigger for several sign-ins in a row.
fn trigger_of(legacy: Legacy, config: &str) -> Trigger<Legacy> {
    let config = Config::parse(config, Path::new("cutover.toml"), Some("sqlite::memory:"))
        .expect("a right configuration");
    let verifier = Verifier::new(CustomHashers::default(), Limits::default());
    let cost = verifier.inspect(&EncodedPassword::new(CHEAP_HASH)).state;
    let django_password::HashState::Verifiable(cost) = cost else {
        panic!("the cheap hash can be checked")
    };
    let checker = HashChecker::new(verifier, UsualCost::starting_with(cost), None);
    Trigger::new(legacy, &config, checker)
}

async fn next(trigger: &Trigger<Legacy>, event: &Value) -> Value {
    let mut event = Event::parse(event.to_string().into()).expect("a JSON object");
    let budget = Budget::new(Duration::from_secs(60), Duration::ZERO);
    let mut seen = Observation::begin("request".to_owned(), false);
    let decision = trigger.decide(&mut event, &budget, &mut seen).await;
    serde_json::from_str(&seen.line(&decision, "trigger")).expect("JSON")
}

#[tokio::test]
async fn after_too_many_guesses_even_the_right_password_is_refused_at_the_same_cost() {
    let config = format!("{CONFIG}[trigger.attempts]\nper_login = 3\n");
    let trigger = trigger_of(knows(ann(CHEAP_HASH)), &config);
    for _ in 0..3 {
        let line = next(&trigger, &sign_in("ann", "wrong")).await;
        assert_eq!(line["Reason"], "password-mismatch");
    }
    let line = next(&trigger, &sign_in("ANN", "anything")).await;
    assert_eq!(
        (&line["Outcome"], &line["Reason"]),
        (&json!("refused"), &json!("attempts-exceeded"))
    );
    assert!(line["SpendDuration"].is_number(), "{line}");
    let line = next(&trigger, &sign_in("other", "anything")).await;
    assert_eq!(line["Outcome"], "migrated", "others are not concerned");
}

#[tokio::test]
async fn many_guesses_through_one_client_lock_out_nobody_who_types_the_right_password() {
    let config = format!("{CONFIG}[trigger.attempts]\nper_client = 3\n");
    let trigger = trigger_of(knows(ann(CHEAP_HASH)), &config);
    for login in ["a", "b", "c"] {
        next(&trigger, &sign_in(login, "wrong")).await;
    }
    let line = next(&trigger, &sign_in("ann", "anything")).await;
    assert_eq!(line["Outcome"], "migrated");
    // A login that was guessed at has no guess left through that client.
    let line = next(&trigger, &sign_in("a", "anything")).await;
    assert_eq!(line["Reason"], "attempts-exceeded");
}

#[tokio::test]
async fn resets_are_counted_as_guesses_are_and_may_be_refused() {
    let config = format!("{CONFIG}[trigger.attempts]\nper_login = 2\n");
    let trigger = trigger_of(knows(ann(CHEAP_HASH)), &config);
    for _ in 0..2 {
        let line = next(&trigger, &forgot_password("ann")).await;
        assert_eq!(line["Outcome"], "reset-required");
    }
    let line = next(&trigger, &forgot_password("ann")).await;
    assert_eq!(line["Reason"], "attempts-exceeded");
    let config = format!("{CONFIG}[trigger]\nforgot_password = \"refuse\"\n");
    let trigger = trigger_of(knows(ann(CHEAP_HASH)), &config);
    let line = next(&trigger, &forgot_password("ann")).await;
    assert_eq!(line["Reason"], "reset-refused");
}

#[tokio::test]
async fn whom_the_legacy_app_has_linked_is_never_migrated_again() {
    let linked = || LegacyUser {
        id: LegacyId::Integer(LINKED),
        ..ann(CHEAP_HASH)
    };
    let config = CONFIG.replace("[legacy]", "[legacy]\nlinks_table = \"links\"");
    for event in [sign_in("ann", "anything"), forgot_password("ann")] {
        let minute = Duration::from_secs(60);
        let decided = decide_within(knows(linked()), &config, &event, minute).await;
        assert_eq!(decided.refusal(), Reason::AlreadyMigrated);
        let other = decide_within(knows(ann(CHEAP_HASH)), &config, &event, minute).await;
        assert!(matches!(other.decision, Decision::Migrated(_)));
        let unasked = decide(knows(linked()), &event).await;
        assert!(matches!(unasked.decision, Decision::Migrated(_)));
    }
}

/// One value too long, and Cognito refuses the whole user: the right password would fail for ever.
#[tokio::test]
async fn what_the_pool_would_not_take_is_left_out_but_for_the_legacy_id() {
    let config = format!("{CONFIG}given_name = \"first_name\"\n\"custom:legacy_id\" = \"id\"\n");
    let attribute = |max: i64, required: bool| {
        json!({"data_type": "String", "mutable": true, "required": required,
            "bounds": {"min": 0, "max": max}})
    };
    let schema = |name: i64, id: i64, required: bool| {
        let schema = json!({"format": 1, "user_pool_id": "eu-west-1_a", "attributes": {
            "given_name": attribute(name, required), "custom:legacy_id": attribute(id, false)}});
        PoolSchema::parse(&schema.to_string()).expect("a snapshot")
    };
    let mut user = ann(CHEAP_HASH);
    let column = |name: &str, value: &str| (name.to_owned(), Some(value.to_owned()));
    user.columns
        .extend([column("first_name", "Maximiliane"), column("id", "7")]);
    for (schema, outcome, left_out) in [
        (schema(20, 20, false), "migrated", Value::Null),
        (schema(5, 20, false), "migrated", json!(["given_name"])),
        (schema(5, 20, true), "refused", Value::Null),
        (schema(20, 0, false), "refused", Value::Null),
    ] {
        let trigger = trigger_of(knows(user.clone()), &config).fitting(schema);
        let line = next(&trigger, &sign_in("ann", "anything")).await;
        assert_eq!(
            (&line["Outcome"], &line["left_out"]),
            (&json!(outcome), &left_out),
            "{line}"
        );
    }
}

#[tokio::test]
async fn another_form_of_a_name_is_nobodys() {
    let decided = decide(knows(ann(CHEAP_HASH)), &sign_in("ａnn", "anything")).await;
    assert_eq!(decided.refusal(), Reason::UserUnknown);
}

/// Anybody can ask what takes long; that must not keep everybody else from being asked about.
#[tokio::test]
async fn slow_answers_are_no_outage_for_others() {
    let trigger = trigger_of(Legacy::Hangs, CONFIG);
    for _ in 0..5 {
        let mut event = Event::parse(sign_in("ann", "x").to_string().into()).expect("an object");
        let budget = Budget::new(Duration::from_millis(520), Duration::ZERO);
        let mut seen = Observation::begin("request".to_owned(), false);
        match trigger.decide(&mut event, &budget, &mut seen).await {
            Decision::Failed(failure) => {
                let cause = FailureCause::Reason(Reason::LegacyTimeout);
                assert_eq!(failure.cause, cause, "it was asked: {failure:?}");
            }
            other => panic!("not failed: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_database_that_is_away_is_not_asked_each_time() {
    let trigger = trigger_of(Legacy::IsDown, CONFIG);
    let mut asked_nobody = 0;
    for _ in 0..100 {
        let line = next(&trigger, &sign_in("ann", "anything")).await;
        assert_eq!(line["Reason"], "legacy-unavailable");
        let detail = line["detail"].as_str().expect("it says why");
        asked_nobody += u32::from(detail.contains("not asked"));
    }
    assert!(asked_nobody > 0);
}

//! Groups from a first sign-in to its tokens, and sign-ups under names that somebody holds: the
//! real program on data real Django made.

use serde_json::{Value, json};

use crate::program::{Program, Running, fixtures, forgot_password, refused, sign_in};

pub(crate) const LOGIN: &str = "slash.group";
pub(crate) const PASSWORD: &str = "nectar-kelp-66647ea8-Z";
pub(crate) const KEY: &str = "marker-groups-key-0123456789abcdef";

/// The program on the default data, carrying groups.
pub(crate) fn carrying_groups(folder: &tempfile::TempDir, more: &str) -> Program {
    let stock = std::fs::read_to_string(fixtures("cutover.toml")).expect("it is checked in");
    let carry = "carry = true";
    assert!(stock.contains(carry));
    let text = stock.replace(carry, "carry = true\ntoken_attribute = \"custom:groups\"");
    let config = folder.path().join("cutover.toml");
    std::fs::write(&config, text + more).expect("it can be written");
    let url = format!("sqlite://{}", fixtures("legacy.sqlite3").display());
    Program::with_config(&config)
        .set("CUTOVER_LEGACY_URL", &url)
        .set("CUTOVER_GROUPS_KEY", KEY)
}

async fn function(folder: &tempfile::TempDir, more: &str) -> Running {
    let program = carrying_groups(folder, more).set("RUST_LOG", "trace");
    program.start().await
}

/// A token event of the developer guide's form, for a user with these attributes.
pub(crate) fn token_event(version: &str, attributes: &Value) -> Value {
    let details = match version {
        "1" => json!({"claimsOverrideDetails": null}),
        _ => json!({"claimsAndScopeOverrideDetails": null}),
    };
    let mut event = sign_in(LOGIN, "");
    event["version"] = json!(version);
    event["triggerSource"] = json!("TokenGeneration_Authentication");
    event["request"] = json!({
        "userAttributes": attributes,
        "groupConfiguration": {
            "groupsToOverride": ["beta"],
            "iamRolesToOverride": ["arn:aws:iam::123456789012:role/beta"],
            "preferredRole": ["arn:aws:iam::123456789012:role/beta"],
        },
        "scopes": ["aws.cognito.signin.user.admin"],
    });
    event["response"] = details;
    event
}

async fn migrated(function: &Running) -> Value {
    let answer = function.response(&sign_in(LOGIN, PASSWORD)).await;
    answer["response"]["userAttributes"].clone()
}

#[tokio::test]
async fn the_first_tokens_have_the_groups_beside_the_pools_own_in_both_versions() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let function = function(&folder, "").await;
    let attributes = migrated(&function).await;
    for (version, details) in [
        ("1", "claimsOverrideDetails"),
        ("2", "claimsAndScopeOverrideDetails"),
        ("3", "claimsAndScopeOverrideDetails"),
    ] {
        let event = token_event(version, &attributes);
        let mut expected = event.clone();
        expected["response"] = json!({details: {"groupOverrideDetails": {
            "groupsToOverride": ["beta", "billing/export", "newsletter"],
            "iamRolesToOverride": ["arn:aws:iam::123456789012:role/beta"],
            "preferredRole": ["arn:aws:iam::123456789012:role/beta"],
        }}});
        assert_eq!(function.response(&event).await, expected);
    }
    let written = function.finish().await;
    assert!(!written.all().contains(KEY));
    let lines = written.invocations();
    assert_eq!(lines[1]["Outcome"], "groups-added");
    assert_eq!(lines[1]["trigger_source"], "TokenGeneration");
    assert!(lines[1].get("LookUpDuration").is_none(), "no database");
}

#[tokio::test]
async fn without_a_good_seal_the_tokens_are_as_the_pool_has_them() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let function = function(&folder, "").await;
    let attributes = migrated(&function).await;
    let value = attributes["custom:groups"].as_str().expect("it is carried");
    let mut real = token_event("1", &attributes);
    real["request"]["groupConfiguration"]["groupsToOverride"] = json!(["newsletter"]);
    let mut stranger = token_event("1", &attributes);
    stranger["userName"] = json!("somebody.else");
    let forged = json!({"custom:groups": value.replace("newsletter", "admins")});
    for event in [
        token_event("1", &forged),
        stranger,
        // Made real by the import: what was taken away since must not come back.
        real,
        token_event("1", &json!({})),
        token_event("2", &json!(null)),
    ] {
        assert_eq!(
            function.response(&event).await,
            event,
            "it goes back as it came"
        );
    }
    let lines = function.finish().await.invocations();
    let reasons: Vec<&Value> = lines.iter().skip(1).map(|line| &line["Reason"]).collect();
    let invalid = json!("groups-seal-invalid");
    assert_eq!(
        reasons,
        [&invalid, &invalid, &Value::Null, &Value::Null, &Value::Null]
    );
    assert!(lines.iter().skip(1).all(|line| line["Outcome"] == "passed"));
}

#[tokio::test]
async fn groups_that_do_not_fit_are_not_carried_and_the_operator_is_told() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let function = function(&folder, "").await;
    // In a group whose name no Cognito group can have.
    let event = sign_in("many.groups", "quartz-garnet-4df1ebef-Z");
    let answer = function.response(&event).await;
    assert_eq!(answer["response"]["finalUserStatus"], "CONFIRMED");
    let lines = function.finish().await.invocations();
    assert_eq!(lines[0]["warnings"], json!(["group-invalid"]));
}

#[tokio::test]
async fn without_a_key_groups_are_not_carried_at_all_and_the_function_says_so() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let config = folder.path().join("cutover.toml");
    let text = "[groups]\ntoken_attribute = \"custom:groups\"\n";
    std::fs::write(&config, text).expect("it can be written");
    let url = format!("sqlite://{}", fixtures("legacy.sqlite3").display());
    for key in ["", "too-short-marker"] {
        let program = Program::with_config(&config)
            .set("CUTOVER_LEGACY_URL", &url)
            .set("CUTOVER_GROUPS_KEY", key);
        let (status, _, written) = program.start().await.ended().await;
        assert_eq!(status.code(), Some(2));
        assert!(
            written.stderr.contains("CUTOVER_GROUPS_KEY"),
            "{}",
            written.stderr
        );
        assert!(!written.stderr.contains("too-short-marker"));
    }
}

/// A sign-up event of the developer guide's form.
fn sign_up(name: &str, email: &str) -> Value {
    let mut event = sign_in(name, "");
    event["triggerSource"] = json!("PreSignUp_SignUp");
    event["request"] = json!({
        "userAttributes": {"email": email},
        "validationData": null,
    });
    event["response"] = json!({
        "autoConfirmUser": false,
        "autoVerifyEmail": false,
        "autoVerifyPhone": false,
    });
    event
}

#[tokio::test]
async fn nobody_registers_a_name_or_email_that_a_legacy_user_holds() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let function = function(&folder, "").await;
    for (name, email) in [
        (LOGIN, "nobody@example.org"),
        ("SLASH.Group", "nobody@example.org"),
        ("new.person", "Upper.Case@example.com"),
        ("new.person", "upper.case@example.com"),
        // Inactive users hold their names, too.
        ("inactive.5", "nobody@example.org"),
        ("upper.case@example.com", "nobody@example.org"),
    ] {
        let error = function.error(&sign_up(name, email)).await;
        assert_eq!(error["errorType"], "Cutover.NameHeld", "{name} {email}");
    }
    let free = sign_up("new.person", "new.person@example.org");
    assert_eq!(function.response(&free).await, free);
    // Administrators, the import and identity providers create whom they like.
    for source in ["AdminCreateUser", "ExternalProvider", "SomethingNew"] {
        let mut event = sign_up(LOGIN, "upper.case@example.com");
        event["triggerSource"] = json!(format!("PreSignUp_{source}"));
        assert_eq!(function.response(&event).await, event, "{source}");
    }
    // Whoever was sealed once cannot register with it, and not under a free name either.
    for name in [LOGIN, "new.person"] {
        let mut event = sign_up(name, "");
        event["request"]["userAttributes"] = migrated(&function).await;
        let error = function.error(&event).await;
        assert_eq!(error["errorType"], "Cutover.AttributeReserved", "{name}");
    }
    let lines = function.finish().await.invocations();
    assert_eq!(lines[0]["Outcome"], "refused");
    assert_eq!(lines[0]["Reason"], "name-held");
    assert_eq!(lines[6]["Outcome"], "passed");
}

#[tokio::test]
async fn a_sign_up_is_refused_with_an_outage_while_the_database_is_away() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let away = format!("sqlite://{}/away.sqlite3", folder.path().display());
    let function = Program::on_default_data()
        .set("CUTOVER_LEGACY_URL", &away)
        .start()
        .await;
    let error = function
        .error(&sign_up("new.person", "n@example.org"))
        .await;
    assert_eq!(error["errorType"], "Cutover.Unavailable");
    assert_eq!(
        error["errorMessage"],
        "We could not check your registration just now. Please try again in a few minutes."
    );
}

#[tokio::test]
async fn other_pools_and_clients_get_no_groups_no_sign_up_and_no_migration() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let ours = "\n[pool]\nregion = \"eu-west-1\"\nuser_pool_id = \"eu-west-1_aaBBcC8dd\"\n";
    let client = format!("{ours}client_id = \"another\"\n");
    let other = ours.replace("aaBBcC8dd", "other");
    let ours = function(&folder, ours).await;
    let attributes = migrated(&ours).await;
    for (more, reason) in [(client, "wrong-app-client"), (other, "wrong-pool")] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let function = function(&folder, &more).await;
        let event = token_event("1", &attributes);
        assert_eq!(function.response(&event).await, event);
        let error = function
            .error(&sign_up("new.person", "n@example.org"))
            .await;
        let is_pool = reason == "wrong-pool";
        let told = ["Cutover.Unavailable", "Cutover.NotSetUp"][usize::from(is_pool)];
        assert_eq!(error["errorType"], told);
        for event in [sign_in(LOGIN, PASSWORD), forgot_password(LOGIN)] {
            match is_pool {
                true => assert_eq!(function.response(&event).await, refused(&event)),
                false => assert_eq!(function.error(&event).await["errorType"], told),
            }
        }
        let lines = function.finish().await.invocations();
        let all = lines.iter().all(|line| line["Reason"] == reason);
        assert!(all, "{lines:?}");
    }
}

/// As the template deploys it beside the migration function: without database, for tokens alone.
#[tokio::test]
async fn a_function_for_tokens_alone_needs_no_database_and_migrates_nobody() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let migrating = function(&folder, "").await;
    let attributes = migrated(&migrating).await;
    let tokens = carrying_groups(&folder, "")
        .set("CUTOVER_ANSWERS", "tokens")
        .without("CUTOVER_LEGACY_URL")
        .start()
        .await;
    let event = token_event("1", &attributes);
    let answer = tokens.response(&event).await;
    assert_eq!(answer, migrating.response(&event).await);
    assert_ne!(answer, event);
    let refused = tokens.error(&sign_in(LOGIN, PASSWORD)).await;
    assert_eq!(refused["errorType"], "Cutover.NotSetUp");
    let lines = tokens.finish().await.invocations();
    assert_eq!(lines[1]["Reason"], "trigger-source-unknown");
}

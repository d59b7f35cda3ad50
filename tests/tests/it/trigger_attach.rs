//! `cutover trigger attach` and `detach` at a pool that, like Cognito, resets whatever an update
//! leaves out. boto3 sets the pool up and looks at it afterwards.

use acceptance_tests::{Engine, Pool, PoolClient, Program, Shape, Workplace};
use serde_json::{Map, Value, json};

const FUNCTION: &str = "arn:aws:lambda:eu-west-1:123456789012:function:cutover";
const OTHER: &str = "arn:aws:lambda:eu-west-1:123456789012:function:other";

/// Something in every setting that an update can reset.
fn many_settings() -> Value {
    json!({
        "AccountRecoverySetting": {"RecoveryMechanisms": [{"Priority": 1, "Name": "verified_email"}]},
        "AdminCreateUserConfig": {
            "AllowAdminCreateUserOnly": true,
            "InviteMessageTemplate": {"EmailSubject": "Welcome", "EmailMessage": "{username} {####}"},
        },
        "AutoVerifiedAttributes": ["email"],
        "DeletionProtection": "ACTIVE",
        "DeviceConfiguration": {"ChallengeRequiredOnNewDevice": true},
        "EmailConfiguration": {
            "EmailSendingAccount": "DEVELOPER",
            "SourceArn": "arn:aws:ses:eu-west-1:123456789012:identity/example.org",
        },
        "LambdaConfig": {
            "PostConfirmation": OTHER,
            "CustomEmailSender": {"LambdaVersion": "V1_0", "LambdaArn": OTHER},
            "KMSKeyID": "arn:aws:kms:eu-west-1:123456789012:key/1",
        },
        "MfaConfiguration": "OPTIONAL",
        "Policies": {"PasswordPolicy": {
            "MinimumLength": 12, "RequireUppercase": true, "RequireLowercase": true,
            "RequireNumbers": false, "RequireSymbols": false, "TemporaryPasswordValidityDays": 30,
        }},
        "SmsAuthenticationMessage": "Code {####}",
        "SmsConfiguration": {
            "SnsCallerArn": "arn:aws:iam::123456789012:role/sms", "ExternalId": "cutover",
        },
        "UserAttributeUpdateSettings": {"AttributesRequireVerificationBeforeUpdate": ["email"]},
        "UserPoolAddOns": {"AdvancedSecurityMode": "AUDIT"},
        "UserPoolTags": {"team": "identity"},
        "UserPoolTier": "PLUS",
        "VerificationMessageTemplate": {
            "DefaultEmailOption": "CONFIRM_WITH_LINK",
            "EmailMessageByLink": "{##Verify##}",
        },
    })
}

fn update(client: &mut PoolClient, pool: &Pool, settings: &Value) {
    let mut request = settings.clone();
    request["UserPoolId"] = json!(pool.user_pool_id);
    client
        .call("update_user_pool", request)
        .expect("the settings are valid");
}

/// All settings but the time of the last change.
fn described(client: &mut PoolClient, pool: &Pool) -> Map<String, Value> {
    let answer = client
        .call(
            "describe_user_pool",
            json!({"UserPoolId": pool.user_pool_id}),
        )
        .expect("the pool exists");
    let mut settings = answer["UserPool"].as_object().expect("an object").clone();
    settings.remove("LastModifiedDate");
    settings
}

fn trigger(workplace: &Workplace, pool: &Pool, verb: &str, more: &[&str]) -> Program {
    workplace
        .cutover(&["trigger", verb, "--function-arn", FUNCTION])
        .args(pool.as_target())
        .args(more)
}

#[test]
fn attaching_and_detaching_leaves_every_other_setting_as_it_was() {
    let workplace = Workplace::new(Shape::Stock, Engine::Sqlite);
    let pool = workplace.serve_pool();
    let mut client = pool.client();
    let settings = many_settings();
    update(&mut client, &pool, &settings);
    let before = described(&mut client, &pool);
    for (name, value) in settings.as_object().expect("an object") {
        assert!(
            !before[name].is_null(),
            "the pool does not keep {name}: {value}"
        );
    }
    // This pool does reset: with the trigger alone nothing else would be left.
    update(
        &mut client,
        &pool,
        &json!({"LambdaConfig": {"UserMigration": FUNCTION}}),
    );
    let reset = described(&mut client, &pool);
    for name in settings.as_object().expect("an object").keys() {
        assert_ne!(reset.get(name), before.get(name), "{name} is not reset");
    }
    update(&mut client, &pool, &settings);
    assert_eq!(described(&mut client, &pool), before);

    let dry = trigger(&workplace, &pool, "attach", &[])
        .run()
        .expect_code(0);
    assert!(
        dry.stdout.contains(&format!(
            "LambdaConfig.UserMigration: (not set) -> \"{FUNCTION}\""
        )),
        "{dry:?}"
    );
    assert!(dry.stderr.contains("--execute"), "{dry:?}");
    assert_eq!(described(&mut client, &pool), before, "a dry run wrote");

    let all = [
        "--trigger",
        "user-migration,pre-sign-up,pre-token-generation-v2",
        "--execute",
    ];
    let attached = trigger(&workplace, &pool, "attach", &all)
        .run()
        .expect_code(0);
    assert!(
        attached.stdout.contains("every other setting is as it was"),
        "{attached:?}"
    );
    let mut expected = before.clone();
    let lambdas = expected["LambdaConfig"].as_object_mut().expect("an object");
    lambdas.insert("UserMigration".to_owned(), json!(FUNCTION));
    lambdas.insert("PreSignUp".to_owned(), json!(FUNCTION));
    lambdas.insert("PreTokenGeneration".to_owned(), json!(FUNCTION));
    let config = json!({"LambdaVersion": "V2_0", "LambdaArn": FUNCTION});
    lambdas.insert("PreTokenGenerationConfig".to_owned(), config);
    assert_eq!(described(&mut client, &pool), expected);

    let again = trigger(&workplace, &pool, "attach", &all)
        .run()
        .expect_code(0);
    assert!(again.stdout.contains("nothing to change"), "{again:?}");

    trigger(&workplace, &pool, "detach", &all)
        .run()
        .expect_code(0);
    assert_eq!(described(&mut client, &pool), before);
}

#[test]
fn another_function_keeps_its_place_unless_somebody_says_otherwise() {
    let workplace = Workplace::new(Shape::Stock, Engine::Sqlite);
    let pool = workplace.serve_pool();
    let mut client = pool.client();
    update(
        &mut client,
        &pool,
        &json!({"LambdaConfig": {"UserMigration": OTHER}}),
    );
    let before = described(&mut client, &pool);

    for verb in ["attach", "detach"] {
        let refused = trigger(&workplace, &pool, verb, &["--execute"])
            .run()
            .expect_code(2);
        assert!(refused.stderr.contains(OTHER), "{refused:?}");
        assert_eq!(described(&mut client, &pool), before);
    }
    trigger(&workplace, &pool, "attach", &["--replace", "--execute"])
        .run()
        .expect_code(0);
    let after = described(&mut client, &pool);
    assert_eq!(after["LambdaConfig"], json!({"UserMigration": FUNCTION}));
}

#[test]
fn app_clients_that_write_the_token_attribute_are_named() {
    let workplace = Workplace::new(Shape::Allauth, Engine::Sqlite);
    let (carry, stock) = ("carry = true", Shape::Allauth.cutover_toml());
    assert!(stock.contains(carry));
    let config = stock.replace(carry, "carry = true\ntoken_attribute = \"custom:groups\"");
    workplace.folder().write("cutover.toml", &config);
    let pool = workplace.serve_pool();
    let mut client = pool.client();
    for (name, write) in [
        ("writes-groups", None),
        ("writes-names", Some(["given_name"])),
    ] {
        let mut settings = json!({"UserPoolId": pool.user_pool_id, "ClientName": name});
        if let Some(attributes) = write {
            settings["WriteAttributes"] = json!(attributes);
        }
        client
            .call("create_user_pool_client", settings)
            .expect("a client can be made");
    }
    let found = |attribute: &str| {
        let config = config.replace("custom:groups", attribute);
        workplace.folder().write("cutover.toml", &config);
        let found = trigger(&workplace, &pool, "attach", &["--replace"]).run();
        // Nobody is let in by what anybody may write.
        found.expect_code(1).stdout
    };
    let named = found("custom:groups");
    let lines: Vec<&str> = named.lines().collect();
    let about = |name: &str| {
        let subject = format!("app client {name} (");
        let is_it = |line: &&str| line.contains(&subject) && line.contains("custom:groups");
        lines.iter().position(is_it)
    };
    let place = about("writes-groups").unwrap_or_else(|| panic!("{named}"));
    let next = lines[place + 1];
    assert!(
        next.ends_with("[app-client-writes-token-attribute]"),
        "{next}"
    );
    assert_eq!(about("writes-names"), None, "{named}");
    let missing = found("custom:elsewhere");
    assert!(missing.contains("[token-attribute-missing]"), "{missing}");
}

#[test]
fn settings_with_which_the_trigger_never_fires_or_tells_too_much_are_named() {
    let workplace = Workplace::new(Shape::Stock, Engine::Sqlite);
    let pool = workplace.serve_pool();
    let mut client = pool.client();
    update(
        &mut client,
        &pool,
        &json!({"AdminCreateUserConfig": {"AllowAdminCreateUserOnly": true}}),
    );
    let made = client.call(
        "create_user_pool_client",
        json!({
            "UserPoolId": pool.user_pool_id, "ClientName": "srp-only",
            "ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH"],
        }),
    );
    let id = made.expect("a client can be made")["UserPoolClient"]["ClientId"].clone();
    let client_id = id.as_str().expect("an id");
    let warned = |client_id: &str| {
        let config = Shape::Stock.cutover_toml().to_owned()
            + &format!(
                "\n[pool]\nregion = \"{}\"\nuser_pool_id = \"{}\"\nclient_id = \"{client_id}\"\n",
                pool.region, pool.user_pool_id
            );
        workplace.folder().write("target.toml", &config);
        let found = trigger(&workplace, &pool, "attach", &["--config", "target.toml"]).run();
        let code = |line: &str| {
            line.rsplit_once('[')
                .map(|(_, code)| code.trim_end_matches(']').to_owned())
        };
        let lines = found.stdout.lines().filter(|line| line.contains("next:"));
        lines.filter_map(code).collect::<Vec<_>>()
    };
    assert_eq!(
        warned(client_id),
        [
            "pool-schema-missing",
            "app-client-without-password-flow",
            "app-client-tells-who-exists",
            "legacy-id-forgeable",
            "app-client-writes-attributes",
            "claims-unconfirmed",
        ]
    );
    let flags = ["--config", "target.toml", "--execute"];
    trigger(&workplace, &pool, "attach", &flags)
        .run()
        .expect_code(1);
    let settings = described(&mut client, &pool);
    assert_ne!(
        settings["LambdaConfig"]["UserMigration"], FUNCTION,
        "blocked"
    );
    assert_eq!(
        warned("nobody"),
        [
            "pool-schema-missing",
            "legacy-id-forgeable",
            "app-client-writes-attributes",
            "claims-unconfirmed",
            "app-client-missing"
        ]
    );

    client
        .call(
            "update_user_pool_client",
            json!({
                "UserPoolId": pool.user_pool_id, "ClientId": client_id,
                "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH"],
                "PreventUserExistenceErrors": "ENABLED", "WriteAttributes": ["given_name"],
            }),
        )
        .expect("a client can be changed");
    assert_eq!(
        warned(client_id),
        ["pool-schema-missing", "claims-unconfirmed"]
    );
    let schema = workplace
        .cutover(&["pool", "schema"])
        .args(pool.as_target());
    schema.run().expect_code(0);
    assert_eq!(warned(client_id), ["claims-unconfirmed"]);
    let file = "pool-schema.json";
    let mut old = workplace.folder().json(file);
    old["attributes"]["custom:legacy_id"]["bounds"]["max"] = json!(3);
    workplace.folder().write(file, old.to_string());
    assert_eq!(warned(client_id), ["pool-schema-old", "claims-unconfirmed"]);
    workplace
        .cutover(&["pool", "schema"])
        .args(pool.as_target())
        .run()
        .expect_code(0);

    update(&mut client, &pool, &json!({}));
    assert_eq!(
        warned(client_id),
        ["self-registration-open", "claims-unconfirmed"]
    );
}

/// Registered harmlessly, then given a legacy user's name: no trigger sees such an update.
#[test]
fn sign_in_names_that_strangers_could_give_themselves_block() {
    let workplace = Workplace::new(Shape::Allauth, Engine::Sqlite);
    let local = workplace.serve_pool();
    let closed = json!({"AllowAdminCreateUserOnly": true});
    let verified = json!({"AttributesRequireVerificationBeforeUpdate": ["email"]});
    let by_phone = json!([{"Priority": 1, "Name": "verified_phone_number"}]);
    let by_email = json!([{"Priority": 1, "Name": "verified_email"}]);
    let found = |settings: Value, config: &str| {
        let mut settings = settings;
        settings["AdminCreateUserConfig"] = closed.clone();
        let pool = local.beside(&settings);
        workplace.folder().write("cutover.toml", config);
        let all = [
            "--trigger",
            "user-migration,pre-sign-up,pre-token-generation",
        ];
        let done = trigger(&workplace, &pool, "attach", &all).run();
        let blocks = done.stdout.lines().zip(done.stdout.lines().skip(1));
        let blocks = blocks.filter(|(line, _)| line.trim_start().starts_with("BLOCKS"));
        let code = |next: &str| {
            next.rsplit_once('[')
                .map(|(_, code)| code.trim_end_matches(']').to_owned())
        };
        let codes: Vec<String> = blocks.filter_map(|(_, next)| code(next)).collect();
        // An inspection of the same pool says the same before there is a function.
        let inspected = workplace.cutover(&["inspect", "--pool"]);
        let inspected = inspected.args(pool.as_target()).run();
        for code in &codes {
            assert!(inspected.stdout.contains(&format!("[{code}]")), "{code}");
        }
        codes
    };
    let config = Shape::Allauth.cutover_toml();
    let writable = ["sign-in-name-writable"];
    assert_eq!(found(json!({}), &config), writable, "as alias");
    let pool = json!({"AliasAttributes": null, "UsernameAttributes": ["email"]});
    assert_eq!(found(pool, &config), writable, "as username");
    let safe = json!({"UserAttributeUpdateSettings": verified});
    assert_eq!(found(safe.clone(), &config), [""; 0]);
    let mut pool = safe.clone();
    pool["AccountRecoverySetting"] = json!({"RecoveryMechanisms": by_phone});
    assert_eq!(found(pool.clone(), &config), ["recovery-unreachable"]);
    let refuse = config.clone() + "\n[trigger]\nforgot_password = \"refuse\"\n";
    assert_eq!(found(pool.clone(), &refuse), [""; 0]);
    pool["AccountRecoverySetting"] = json!({"RecoveryMechanisms": by_email});
    assert_eq!(found(pool, &config), [""; 0]);
    let never = config.replace("email_verified = \"allauth\"", "email_verified = \"never\"");
    assert_ne!(never, config);
    assert_eq!(found(safe, &never), ["alias-unverified"]);
}

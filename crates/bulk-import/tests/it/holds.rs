//! Who is held before anything is written, and why: every user against the pool's own schema.

use std::collections::BTreeMap;

use bulk_import::{ImportRun, OutcomeRow};
use futures::TryStreamExt;
use migration_model::Reason;
use rehearsal_pool::{AttributeKind, CustomAttribute};

use crate::world::{World, assert_accounts};

const CONFIG: &str = r#"
[legacy]
url = "sqlite://legacy.sqlite3"
login = ["username", "email"]
email_verified = "allauth"
[attributes]
on_invalid = "hold"
email = "email"
given_name = "first_name"
phone_number = "last_name"
"custom:legacy_id" = "id"
"custom:nick" = "username"
"custom:number" = "id"
"#;

/// Users 9 to 25 without any peculiarity.
const PLAIN: &str = "
UPDATE auth_user SET username = 'user' || id, email = 'user' || id || '@example.org',
    first_name = 'A', last_name = '+46701234567', password = '!', is_active = 1;
DELETE FROM auth_user_groups;
DELETE FROM account_emailaddress;
INSERT INTO auth_group (id, name) SELECT 1000 + value, 'many' || value
    FROM json_each('[0,1,2,3,4,5,6,7,8,9]');
INSERT INTO auth_group (id, name) SELECT 2000 + a.id * 10 + b.id, 'more' || a.id || '-' || b.id
    FROM auth_group a, auth_group b WHERE a.id >= 1000 AND b.id >= 1000;
INSERT INTO auth_group (id, name) VALUES (3, printf('%.*c', 129, 'g')), (4, 'zero' || char(8205));";

async fn outcomes(world: &World, run: &ImportRun) -> BTreeMap<u32, (String, String)> {
    let rows = OutcomeRow::read_all(&run.directory, &run.name).await;
    let rows = rows.expect("the run is there");
    let rows: Vec<OutcomeRow> = rows.try_collect().await.expect("the journal is whole");
    assert_eq!(rows.len(), 17, "{}", world.runs().display());
    let row = |row: OutcomeRow| {
        let id = row.legacy_id.parse().expect("integer keys");
        (id, (row.outcome, row.reason))
    };
    rows.into_iter().map(row).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_whom_the_pool_would_refuse_is_held_for_a_reason_and_nobody_else() {
    let world = World::with(CONFIG, |settings| {
        settings.alias_attributes = vec!["email".to_owned()];
        settings.required_attributes = vec!["given_name".to_owned()];
        let custom = |name: &str, kind| CustomAttribute {
            kind,
            ..CustomAttribute::text(name)
        };
        let nick = AttributeKind::Text {
            min_length: 3,
            max_length: 10,
        };
        let number = AttributeKind::Number {
            min: Some(10),
            max: None,
        };
        settings.custom_attributes.push(custom("nick", nick));
        settings.custom_attributes.push(custom("number", number));
    })
    .await;
    world.keep("id BETWEEN 9 AND 25").await;
    // Out of the way of the groups above.
    world
        .change("DELETE FROM auth_group_permissions; DELETE FROM auth_group;")
        .await;
    world.change(PLAIN).await;
    let cases: &[(u32, &str, Reason)] = &[
        (9, "", Reason::AttributeInvalid),
        (10, "first_name = ''", Reason::AttributeMissing),
        (11, "last_name = '070 123'", Reason::AttributeInvalid),
        (12, "username = 'abcdefghijk'", Reason::AttributeInvalid),
        (13, "username = 'ab'", Reason::AttributeInvalid),
        (14, "email = 'not-an-address'", Reason::AttributeInvalid),
        (15, "username = 'ﬁna'", Reason::LoginCollision),
        (16, "username = 'FINA'", Reason::LoginCollision),
        (17, "username = 'a bc'", Reason::UsernameInvalid),
        (18, "username = 'ab' || char(8205)", Reason::UsernameInvalid),
        (19, "username = 'x@y.org'", Reason::UsernameEmailShaped),
        (20, "", Reason::GroupInvalid),
        (21, "", Reason::GroupInvalid),
        (22, "email = 'one@example.org'", Reason::EmailDuplicate),
        (23, "email = 'ONE@example.org'", Reason::EmailDuplicate),
    ];
    for (id, change, _) in cases.iter().filter(|(_, change, _)| !change.is_empty()) {
        let change = format!("UPDATE auth_user SET {change} WHERE id = {id}");
        world.change(&change).await;
    }
    world
        .change(
            "INSERT INTO account_emailaddress (user_id, email, verified, \"primary\")
                 SELECT id, email, 1, 1 FROM auth_user WHERE id IN (22, 23);
             INSERT INTO auth_user_groups (user_id, group_id) VALUES (20, 3), (24, 4);
             INSERT INTO auth_user_groups (user_id, group_id)
                 SELECT 21, id FROM auth_group WHERE id >= 1000;",
        )
        .await;

    let run = world.run();
    let summary = world.import(&run).await.expect("imports");
    assert_accounts(&summary, 17);
    let outcomes = outcomes(&world, &run).await;
    for (id, change, reason) in cases {
        let expected = ("held".to_owned(), reason.code().to_owned());
        assert_eq!(outcomes[id], expected, "{id} {change}");
    }
    for id in [24, 25] {
        assert_eq!(outcomes[&id].0, "created", "{id}");
    }
    assert_eq!(summary.failed, 0, "the pool refused somebody: {summary:?}");
    // A name that Cognito takes, and that reads back.
    let groups = world
        .pool()
        .await
        .list_groups()
        .await
        .expect("the pool answers");
    assert_eq!(groups, ["zero%E2%80%8D"]);
}

//! What comes along beside attributes: social identities that real django-allauth keeps, groups
//! with a precedence, and the map from legacy ids to `sub`.

use std::collections::BTreeMap;

use acceptance_tests::{Pool, PoolClient, Shape, Workplace, script};
use serde_json::{Value, json};

use crate::import_run::{import_all, outcomes};

const FLAGS: &[&str] = &["--approve-password-reset", "--execute"];

fn add_accounts(workplace: &Workplace, accounts: &[(&str, &str, &str)]) {
    let id = |name: &str| {
        let named = |user: &&acceptance_tests::LegacyUser| user.username.as_deref() == Some(name);
        let user = workplace.legacy().users().iter().find(named);
        user.unwrap_or_else(|| panic!("nobody is called {name}"))
            .id
            .clone()
    };
    let lines = accounts.iter().map(|(name, provider, uid)| {
        format!(
            "{}\n",
            json!({"user": id(name), "provider": provider, "uid": uid})
        )
    });
    let lines: String = lines.collect();
    let program = script("social_accounts.py").arg(workplace.legacy().url());
    program.stdin(lines).run().expect_code(0);
}

/// `provider user` of the identities linked to a user, as AdminGetUser shows them.
fn linked(client: &mut PoolClient, username: &str) -> Vec<String> {
    let user = client.user(username).expect("they were imported");
    let listed = user.attribute("identities").unwrap_or("[]");
    let listed: Vec<Value> = serde_json::from_str(listed).expect("identities are JSON");
    let mut linked: Vec<String> = listed
        .iter()
        .map(|one| format!("{} {}", one["providerName"], one["userId"]).replace('"', ""))
        .collect();
    linked.sort();
    linked
}

fn configured(workplace: &Workplace, more: &str) {
    let text = format!("{}\n{more}", workplace.legacy().shape().cutover_toml());
    workplace.folder().write("cutover.toml", text);
}

fn served(more: &str) -> (Workplace, Pool) {
    let workplace = Workplace::with_own_database(Shape::Allauth);
    configured(&workplace, more);
    let pool = workplace.serve_pool();
    (workplace, pool)
}

#[test]
fn accounts_that_allauth_knows_are_linked_once() {
    let (workplace, pool) =
        served("[identities]\nallauth = { google = \"Google\", acme = \"AcmeOIDC\" }\n");
    let many: Vec<String> = (0..6).map(|number| format!("many-{number}")).collect();
    let mut accounts = vec![
        ("staff.member0", "google", "1234567890"),
        ("staff.member0", "acme", "s-1"),
        ("staff.member1", "github", "42"),
        ("staff.member2", "google", "99"),
    ];
    accounts.extend(many.iter().map(|uid| ("root.admin", "acme", uid.as_str())));
    add_accounts(&workplace, &accounts);

    let (_, dry) = import_all(&workplace, &pool, "links", &FLAGS[..1]);
    assert!(
        dry.stdout.contains("1 accounts at `github` are not linked"),
        "{dry:?}"
    );
    let mut client = pool.client();
    // Somebody else's already: found out, told, and nobody else is the worse for it.
    let other = json!({"UserPoolId": pool.user_pool_id, "Username": "somebody",
                       "MessageAction": "SUPPRESS"});
    client
        .call("admin_create_user", other)
        .expect("a free name");
    let link = json!({
        "UserPoolId": pool.user_pool_id,
        "DestinationUser": {"ProviderName": "Cognito", "ProviderAttributeValue": "somebody"},
        "SourceUser": {"ProviderName": "Google", "ProviderAttributeName": "Cognito_Subject",
                       "ProviderAttributeValue": "99"},
    });
    client
        .call("admin_link_provider_for_user", link)
        .expect("not linked yet");

    let program = crate::import_run::import(&workplace, &pool, "links", FLAGS);
    program.run().expect_code(1);
    let rows = workplace.cutover(&["status", "--run", "links", "--outcomes", "outcomes.csv"]);
    rows.run().expect_code(1);
    let text = workplace.folder().read("outcomes.csv");
    let row = |name: &str| {
        let mut lines = text.lines();
        let found = lines.find(|line| line.split(',').nth(1) == Some(name));
        found
            .unwrap_or_else(|| panic!("no row of {name}"))
            .to_owned()
    };
    assert!(
        row("staff.member2").contains(",failed,identity-not-linked,"),
        "{}",
        row("staff.member2")
    );
    assert!(
        row("root.admin").contains(",held,identities-too-many,"),
        "{}",
        row("root.admin")
    );
    assert_eq!(
        linked(&mut client, "staff.member0"),
        ["AcmeOIDC s-1", "Google 1234567890"]
    );
    assert_eq!(linked(&mut client, "staff.member1"), [""; 0]);

    // Unlinked from the other, and tried again: what is linked already is no failure.
    let gone = json!({"UserPoolId": pool.user_pool_id, "Username": "somebody"});
    client
        .call("admin_delete_user", gone)
        .expect("they are there");
    let (accounts, _) = import_all(
        &workplace,
        &pool,
        "links",
        &[FLAGS, &["--retry-failed"]].concat(),
    );
    assert_eq!(accounts.failed, 0);
    assert_eq!(linked(&mut client, "staff.member2"), ["Google 99"]);
}

#[test]
fn without_allauths_table_identities_cannot_be_carried() {
    let (workplace, pool) = served("[identities]\nallauth = { google = \"Google\" }\n");
    let program = crate::import_run::import(&workplace, &pool, "links", FLAGS);
    let refused = program.run();
    assert_ne!(refused.code(), Some(0), "{refused:?}");
    for part in ["socialaccount_socialaccount", "[identities] allauth"] {
        assert!(refused.stderr.contains(part), "{part}: {refused:?}");
    }
    assert!(pool.client().content().is_empty());
}

#[test]
fn groups_get_their_precedence_and_ids_can_be_looked_up() {
    let (workplace, pool) = served(
        "precedence = { editors = 10, \"Content%20Editors\" = 20, nobody = 1, crew = 0 }\n\
         staff = \"crew\"\n",
    );
    let (_, dry) = import_all(&workplace, &pool, "groups", &FLAGS[..1]);
    assert!(
        dry.stdout.contains("No user to be created is in "),
        "{dry:?}"
    );
    let (accounts, _) = import_all(&workplace, &pool, "groups", FLAGS);
    let mut client = pool.client();
    let content = client.content();
    let mut precedences = BTreeMap::new();
    for name in client.group_names() {
        let group = json!({"UserPoolId": pool.user_pool_id, "GroupName": name});
        let group = client.call("get_group", group).expect("it was listed");
        assert!(!group["Group"]["Description"].is_null(), "{group}");
        precedences.insert(name, group["Group"]["Precedence"].as_u64());
    }
    assert_eq!(precedences.get("crew"), Some(&Some(0)), "{precedences:?}");
    assert!(precedences.values().any(Option::is_none), "{precedences:?}");

    workplace
        .cutover(&["status", "--run", "groups", "--id-map", "ids.csv"])
        .run()
        .expect_code(0);
    let text = workplace.folder().read("ids.csv");
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("legacy_id,how,sub"));
    let ids: BTreeMap<&str, &str> = lines
        .filter_map(|line| {
            let (id, rest) = line.split_once(',')?;
            Some((id, rest.strip_prefix("created,")?))
        })
        .collect();
    assert_eq!(ids.len(), accounts.created);
    for user in content.values() {
        let id = user.legacy_id().expect("the mapping has the key");
        assert_eq!(ids.get(id).copied(), user.attribute("sub"), "{user:?}");
    }
    assert_eq!(
        outcomes(&workplace, "groups").len(),
        workplace.legacy().users().len()
    );
}

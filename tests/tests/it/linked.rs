//! People whom the app itself has linked to a user of the pool (`cutover-django`'s table): whatever
//! name they have there, the import creates nobody beside them.

use acceptance_tests::{Pool, PoolClient};
use serde_json::json;

use crate::import_run::{import_all, outcomes};
use crate::small_app;

/// Somebody who came to the pool by themselves; their `sub`.
fn registered(client: &mut PoolClient, pool: &Pool, username: &str) -> String {
    let user = json!({
        "UserPoolId": pool.user_pool_id, "Username": username, "MessageAction": "SUPPRESS",
    });
    client
        .call("admin_create_user", user)
        .expect("it is a new name");
    client.content()[username].attributes["sub"].clone()
}

#[test]
fn whom_the_app_has_linked_is_in_the_pool_under_whatever_name() {
    let mut workplace = small_app::workplace();
    let text = workplace.folder().read("cutover.toml");
    let linked = text.replace("[legacy]", "[legacy]\nlinks_table = \"links\"");
    workplace.folder().write("cutover.toml", &linked);
    let mut rows = small_app::people(&["ada", "bob", "cyd"]);
    rows.push(
        "CREATE TABLE links (id integer PRIMARY KEY, sub varchar(64), user_id integer)".into(),
    );
    workplace.legacy_mut().execute(&rows);
    let pool = workplace.serve_pool();
    let mut client = pool.client();
    let sub = registered(&mut client, &pool, "countess");
    workplace.legacy_mut().execute(&[
        format!("INSERT INTO links VALUES (1, '{sub}', 1)"),
        // Deleted in the pool since.
        "INSERT INTO links VALUES (2, '00000000-0000-4000-8000-000000000000', 2)".to_owned(),
    ]);
    let flags = ["--execute", "--approve-password-reset"];
    let (accounts, _) = import_all(&workplace, &pool, "night", &flags);
    assert_eq!((accounts.created, accounts.already_in_pool), (1, 1));
    let rows = outcomes(&workplace, "night");
    assert_eq!(rows["1"].sub, sub);
    assert_eq!(rows["2"].reason, "deleted-in-pool");
    let names: Vec<String> = client.content().into_keys().collect();
    assert_eq!(names, ["countess", "cyd"]);

    // From now on the ledger has it as well: without the table it is the same.
    workplace.folder().write("cutover.toml", &text);
    let (accounts, _) = import_all(&workplace, &pool, "next", &flags);
    assert_eq!((accounts.created, accounts.already_in_pool), (1, 2), "Bob");
}

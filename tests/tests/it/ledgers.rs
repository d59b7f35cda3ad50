//! `cutover ledger`: the memory of a pool, lost, carried to another machine, and made to forget.

use std::fs;
use std::path::PathBuf;

use acceptance_tests::{Pool, PoolClient, Workplace};
use serde_json::json;

use crate::import_run::import_all;
use crate::small_app::{self, person};

/// Three people imported in one night; nobody of them has a password that could be lost.
fn imported() -> (Workplace, Pool, PoolClient) {
    let mut workplace = small_app::workplace();
    let rows = ["ada", "bob", "cyd"]
        .iter()
        .zip(1..)
        .map(|(name, id)| person(id, name, "!nobody"))
        .collect::<Vec<String>>();
    workplace.legacy_mut().execute(&rows);
    let pool = workplace.serve_pool();
    let client = pool.client();
    let (accounts, _) = import_all(&workplace, &pool, "night", &["--execute"]);
    assert_eq!(accounts.created, 3);
    (workplace, pool, client)
}

fn ledger(workplace: &Workplace, pool: &Pool, verb: &[&str]) -> String {
    let run = workplace.cutover(&["ledger"]).args(verb);
    run.args(pool.as_target()).run().expect_code(0).stdout
}

/// The one ledger in the folder.
fn file(workplace: &Workplace) -> PathBuf {
    let mut paths = workplace.folder().files().into_iter();
    let is_ledger = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| name.starts_with("ledger-") && name.ends_with(".sqlite3"))
    };
    workplace
        .folder()
        .join(paths.find(is_ledger).expect("a ledger"))
}

fn lose(workplace: &Workplace) {
    let path = file(workplace);
    for ending in ["sqlite3", "sqlite3-wal", "sqlite3-shm"] {
        let part = path.with_extension(ending);
        if part.exists() {
            fs::remove_file(part).expect("removes");
        }
    }
}

/// Who is whom: `legacy_id`, `sub`, as the id map has them.
fn id_map(workplace: &Workplace) -> Vec<(String, String)> {
    let run = workplace.cutover(&["status", "--run", "night", "--id-map", "map.csv"]);
    run.run().expect_code(0);
    let text = workplace.folder().read("map.csv");
    let rows = text.lines().skip(1).map(|line| {
        let mut columns = line.split(',').map(str::to_owned);
        let id = columns.next().expect("legacy_id");
        (id, columns.next_back().expect("sub"))
    });
    rows.collect()
}

#[test]
fn a_lost_ledger_is_made_again_from_what_the_pool_proves() {
    let (workplace, pool, mut client) = imported();
    let before = id_map(&workplace);
    assert_eq!(before.len(), 3);
    let content = client.content();
    lose(&workplace);
    ledger(&workplace, &pool, &["rebuild"]);
    assert_eq!(id_map(&workplace), before);
    assert_eq!(client.content(), content, "a rebuild only reads the pool");
}

#[test]
fn an_exported_ledger_is_merged_elsewhere_and_overwrites_no_file() {
    let (workplace, pool, _) = imported();
    let before = id_map(&workplace);
    ledger(&workplace, &pool, &["export", "copy.sqlite3"]);
    lose(&workplace);
    let merged = ledger(&workplace, &pool, &["merge", "copy.sqlite3"]);
    assert!(merged.contains('3'), "{merged}");
    assert_eq!(id_map(&workplace), before);
    let again = ledger(&workplace, &pool, &["merge", "copy.sqlite3"]);
    assert!(again.contains('0'), "{again}");

    let copy = workplace.folder().join("copy.sqlite3");
    let content = fs::read(&copy).expect("the copy");
    let run = workplace.cutover(&["ledger", "export", "copy.sqlite3"]);
    let refused = run.args(pool.as_target()).run().expect_code(2);
    assert!(refused.stderr.contains("is there already"), "{refused:?}");
    assert_eq!(fs::read(&copy).expect("the copy"), content);
}

#[test]
fn a_ledger_of_another_pool_is_not_merged() {
    let (workplace, pool, _) = imported();
    ledger(&workplace, &pool, &["export", "copy.sqlite3"]);
    let other = workplace.serve_pool();
    let run = workplace.cutover(&["ledger", "merge", "copy.sqlite3"]);
    let refused = run.args(other.as_target()).run().expect_code(2);
    assert!(refused.stderr.contains("pool"), "{refused:?}");
}

#[test]
fn whoever_was_deleted_in_the_pool_comes_back_only_when_forgotten() {
    let (workplace, pool, mut client) = imported();
    let bob = json!({"UserPoolId": pool.user_pool_id, "Username": "bob"});
    (client.call("admin_delete_user", bob)).expect("deletes");
    let (accounts, _) = import_all(&workplace, &pool, "second", &["--execute"]);
    assert_eq!((accounts.created, accounts.held), (0, 1), "{accounts:?}");
    // Of those who are there nobody is forgotten.
    let forgotten = ledger(&workplace, &pool, &["forget", "1", "2"]);
    assert!(forgotten.contains('1'), "{forgotten}");
    let (accounts, _) = import_all(&workplace, &pool, "third", &["--execute"]);
    assert_eq!((accounts.created, accounts.already_in_pool), (1, 2));
    assert!(client.content().contains_key("bob"));
}

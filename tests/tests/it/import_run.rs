//! An import as an operator runs it, and the accounts it gives of itself.

use std::collections::BTreeMap;

use acceptance_tests::{Finished, Pool, PoolClient, PoolUser, Program, Workplace, script};
use serde::Deserialize;

/// The accounts in a summary file, or of `cutover status --json`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub(crate) struct Accounts {
    pub(crate) run: String,
    pub(crate) read: usize,
    pub(crate) created: usize,
    pub(crate) already_in_pool: usize,
    pub(crate) held: usize,
    pub(crate) failed: usize,
    pub(crate) complete: bool,
    pub(crate) pending: usize,
    pub(crate) dry_run: bool,
}

impl Accounts {
    /// Says that everybody who was read has one outcome.
    #[track_caller]
    pub(crate) fn assert_exact(&self) {
        let sum = self.created + self.already_in_pool + self.held + self.failed;
        assert_eq!(self.read, sum, "{self:?}");
    }

    /// Says that this is the end of it: every one of so many users has one outcome.
    #[track_caller]
    pub(crate) fn assert_whole(&self, users: usize) {
        self.assert_exact();
        assert!(self.complete, "{self:?}");
        assert_eq!(self.read, users, "{self:?}");
    }
}

/// One row of `cutover status --outcomes`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct OutcomeRow {
    pub(crate) legacy_id: String,
    pub(crate) username: String,
    pub(crate) outcome: String,
    pub(crate) reason: String,
    pub(crate) sub: String,
}

/// `cutover import` into a pool under a run name, about to be run.
pub(crate) fn import(workplace: &Workplace, pool: &Pool, run: &str, flags: &[&str]) -> Program {
    workplace
        .cutover(&["import", "--run", run, "--summary", "summary.json"])
        .args(pool.as_target())
        .args(flags)
}

/// Runs an import to its end and returns its accounts.
#[track_caller]
pub(crate) fn import_all(
    workplace: &Workplace,
    pool: &Pool,
    run: &str,
    flags: &[&str],
) -> (Accounts, Finished) {
    let finished = import(workplace, pool, run, flags).run().expect_code(0);
    let accounts: Accounts = serde_json::from_value(workplace.folder().json("summary.json"))
        .unwrap_or_else(|error| panic!("the summary is not as documented: {error}"));
    assert_eq!(accounts.run, run);
    accounts.assert_exact();
    (accounts, finished)
}

/// The accounts of a run by `cutover status`.
#[track_caller]
pub(crate) fn status(workplace: &Workplace, run: &str) -> Accounts {
    let finished = workplace
        .cutover(&["status", "--run", run, "--json", "status.json"])
        .run();
    let accounts: Accounts = serde_json::from_value(workplace.folder().json("status.json"))
        .unwrap_or_else(|error| panic!("status --json is not as documented: {error}"));
    // What is not complete is halted, and can be resumed.
    finished.expect_code(if accounts.complete { 0 } else { 3 });
    accounts
}

/// Every user's outcome by legacy id.
#[track_caller]
pub(crate) fn outcomes(workplace: &Workplace, run: &str) -> BTreeMap<String, OutcomeRow> {
    workplace
        .cutover(&["status", "--run", run, "--outcomes", "outcomes.csv"])
        .run()
        .expect_code(0);
    let text = workplace.folder().read("outcomes.csv");
    assert_eq!(
        text.lines().next(),
        Some("legacy_id,username,outcome,reason,sub")
    );
    let file = workplace.folder().join("outcomes.csv");
    let rows = script("csv_rows.py").arg(file).run().expect_code(0);
    let mut by_id = BTreeMap::new();
    for line in rows.stdout.lines() {
        let row: OutcomeRow = serde_json::from_str(line).expect("rows have all columns");
        let twice = by_id.insert(row.legacy_id.clone(), row);
        assert!(twice.is_none(), "two outcomes of one user: {twice:?}");
    }
    by_id
}

/// A pool's users by their legacy key, as far as two pools can be alike.
pub(crate) fn by_legacy_id(client: &mut PoolClient) -> BTreeMap<String, PoolUser> {
    let users = client
        .content()
        .into_values()
        .map(PoolUser::without_accidents);
    users
        .map(|user| (user.legacy_id().unwrap_or_default().to_owned(), user))
        .collect()
}

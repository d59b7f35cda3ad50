//! The files that a move leaves beside cutover.toml and that hold personal data: journals of runs and
//! ledgers of the pool. A file is ours by what SQLite keeps in its header, whatever its name; what lies
//! beside it (write-ahead log, lock, control files) by its name. Deletes nothing that is not ours,
//! nothing that somebody works with, and follows no link.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Row};

use crate::journal::{BUSY, JOURNAL_APPLICATION, JournalError, lock};
use crate::ledger::{APPLICATION as LEDGER_APPLICATION, LedgerPlace};

/// What a file of ours is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum OwnFileKind {
    /// A run's journal: usernames, legacy keys, outcomes.
    Journal,
    /// A pool's ledger: who became which `sub`.
    Ledger,
}

/// A file of ours with what lies beside it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OwnFile {
    /// What it is.
    pub kind: OwnFileKind,
    /// The file.
    pub path: PathBuf,
    /// All bytes of it and of what lies beside it.
    pub bytes: u64,
    beside: Vec<PathBuf>,
}

/// What SQLite and we put beside a file.
const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];
const BESIDE_STEM: [&str; 4] = ["lock", "pause", "stop", "share"];

/// The journals in a directory, and the ledgers of a pool at their place.
pub async fn own_files(runs: &Path, ledger: &LedgerPlace, user_pool_id: &str) -> Vec<OwnFile> {
    let mut found = Vec::new();
    for path in databases(runs) {
        found.extend(OwnFile::at(path, OwnFileKind::Journal).await);
    }
    let ledgers = match ledger {
        LedgerPlace::File(path) => vec![path.clone()],
        LedgerPlace::Folder(folder) => {
            let start = format!("ledger-{user_pool_id}");
            let mut all = databases(folder);
            all.retain(|path| {
                let name = path.file_name().and_then(|name| name.to_str());
                let rest = name.and_then(|name| name.strip_prefix(&start));
                rest.is_some_and(|rest| rest.starts_with('.') || rest.starts_with("-local"))
            });
            all
        }
    };
    for path in ledgers {
        found.extend(OwnFile::at(path, OwnFileKind::Ledger).await);
    }
    found
}

fn databases(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|end| end == "sqlite3"));
    paths.sort();
    paths
}

impl OwnFile {
    async fn at(path: PathBuf, kind: OwnFileKind) -> Option<OwnFile> {
        let is_file = |path: &Path| fs::symlink_metadata(path).is_ok_and(|data| data.is_file());
        let wanted = match kind {
            OwnFileKind::Journal => JOURNAL_APPLICATION,
            OwnFileKind::Ledger => LEDGER_APPLICATION,
        };
        if !is_file(&path) || application(&path).await != Some(wanted) {
            return None;
        }
        let named = BESIDE.iter().map(|end| {
            let mut name = OsString::from(&path);
            name.push(end);
            PathBuf::from(name)
        });
        let stem = BESIDE_STEM.iter().map(|end| path.with_extension(end));
        let beside: Vec<PathBuf> = named.chain(stem).filter(|path| is_file(path)).collect();
        let size = |path: &PathBuf| fs::symlink_metadata(path).map_or(0, |data| data.len());
        let bytes = size(&path) + beside.iter().map(size).sum::<u64>();
        Some(OwnFile {
            kind,
            path,
            bytes,
            beside,
        })
    }

    /// Deletes it. Deleting is all that can be done: what a solid-state disk or a copying file system
    /// keeps of overwritten blocks is not ours to reach.
    ///
    /// # Errors
    ///
    /// When another process works with it, or it cannot be deleted.
    pub fn delete(self) -> Result<(), JournalError> {
        // Held until the end: whoever starts meanwhile finds no file that is half gone.
        let _lock = lock(&self.path.with_extension("lock"))?;
        let own_lock = self.path.with_extension("lock");
        let all = self.beside.iter().chain([&self.path, &own_lock]);
        for path in all {
            match fs::remove_file(path) {
                Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                    let path = path.clone();
                    return Err(JournalError::Directory { path, source });
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// SQLite's application id of a file; `None` of what is no database.
async fn application(path: &Path) -> Option<i64> {
    let options = SqliteConnectOptions::new().filename(path).read_only(true);
    let options = options.busy_timeout(BUSY).disable_statement_logging();
    let mut connection = options.connect().await.ok()?;
    let row = sqlx::query("PRAGMA application_id").fetch_one(&mut connection);
    Some(row.await.ok()?.get(0))
}

#[cfg(test)]
mod tests {
    use sqlx::{Connection, SqliteConnection};

    use super::*;

    async fn database(path: &Path, application: i64) {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true);
        let mut connection = SqliteConnection::connect_with(&options)
            .await
            .expect("opens");
        let mark = format!("PRAGMA application_id = {application}; CREATE TABLE t (x)");
        let marked = sqlx::raw_sql(sqlx::AssertSqlSafe(mark))
            .execute(&mut connection)
            .await;
        marked.expect("is marked");
        connection.close().await.expect("closes");
    }

    #[tokio::test]
    async fn only_what_is_ours_is_found_and_deleted() {
        let folder = tempfile::tempdir().expect("a folder");
        let runs = folder.path().join("runs");
        fs::create_dir(&runs).expect("a folder");
        database(&runs.join("night.sqlite3"), JOURNAL_APPLICATION).await;
        fs::write(runs.join("night.lock"), "1\n").expect("written");
        database(&runs.join("app.sqlite3"), 0).await;
        fs::write(runs.join("notes.sqlite3"), "not a database").expect("written");
        database(&folder.path().join("legacy.sqlite3"), 0).await;
        let elsewhere = folder.path().join("elsewhere.sqlite3");
        database(&elsewhere, JOURNAL_APPLICATION).await;
        std::os::unix::fs::symlink(&elsewhere, runs.join("link.sqlite3")).expect("a link");
        database(
            &folder.path().join("ledger-a_1.sqlite3"),
            LEDGER_APPLICATION,
        )
        .await;
        database(
            &folder.path().join("ledger-a_12.sqlite3"),
            LEDGER_APPLICATION,
        )
        .await;
        let place = LedgerPlace::Folder(folder.path().to_owned());
        let found = own_files(&runs, &place, "a_1").await;
        let names: Vec<_> = found.iter().map(|file| file.path.file_name()).collect();
        let ours = ["night.sqlite3", "ledger-a_1.sqlite3"].map(std::ffi::OsStr::new);
        assert_eq!(names, ours.map(Some));
        for file in found {
            file.delete().expect("deleted");
        }
        let mut left: Vec<_> = databases(&runs);
        left.extend(databases(folder.path()));
        assert_eq!(left.len(), 6, "{left:?}");
        assert!(elsewhere.exists() && !runs.join("night.lock").exists());
    }
}

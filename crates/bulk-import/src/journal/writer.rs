//! Writes what happens to users while many are in work: group commit. Whatever has been asked
//! for since the last commit goes into one transaction, one disk flush; whoever needs to know
//! waits for it. The only writer of `users` after planning.

use std::path::PathBuf;

use chrono::{DateTime, SecondsFormat, Utc};
use migration_model::Reason;
use serde::Serialize;
use sqlx::{Connection, SqliteConnection};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::{Journal, JournalError, Lock};
use crate::ledger::{NewPerson, people};
use crate::outcome::Outcome;
use crate::proof::Proof;

/// Most entries in one transaction; bounds what a crash can undo of what nobody waited for.
const BATCH: usize = 1024;

/// One thing that happened, or is about to.
#[derive(Debug)]
pub(crate) enum Entry {
    /// AdminCreateUser is about to be sent.
    Intent { position: i64, at: DateTime<Utc> },
    /// The user is provably ours.
    Created {
        position: i64,
        sub: Option<String>,
        pool_username: String,
        proof: Proof,
        /// What the ledger learns from it.
        person: Option<NewPerson>,
    },
    /// AdminCreateUser was sent and then taken back: the user is as before.
    TakenBack { position: i64, sub: Option<String> },
    /// Nothing is left to do for a user of ours.
    Done {
        position: i64,
        reason: Option<Reason>,
        at: DateTime<Utc>,
    },
    /// Nothing is left to do, and this run did not finish the user. `ours` when it created them.
    Settled {
        position: i64,
        ours: bool,
        outcome: Outcome,
        reason: Reason,
        detail: Option<String>,
        sub: Option<String>,
    },
    /// An undo has dealt with a user of ours.
    Undone {
        position: i64,
        how: &'static str,
        /// Whom the ledger forgets.
        deleted: Option<String>,
    },
}

type Request = (Entry, Option<oneshot::Sender<()>>);

/// The journal while it is written by many.
pub(crate) struct JournalWriter {
    task: JoinHandle<Result<Journal, JournalError>>,
    requests: mpsc::Sender<Request>,
}

/// A way to the writer; cheap to clone.
#[derive(Clone)]
pub(crate) struct WriterHandle {
    requests: mpsc::Sender<Request>,
}

/// The writer has stopped; why, [`JournalWriter::finish`] says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WriterGone;

impl JournalWriter {
    pub(crate) fn start(journal: Journal) -> JournalWriter {
        let (requests, queue) = mpsc::channel(2 * BATCH);
        let Journal {
            path,
            connection,
            lock,
        } = journal;
        let task = tokio::spawn(write(path, connection, lock, queue));
        JournalWriter { task, requests }
    }

    pub(crate) fn handle(&self) -> WriterHandle {
        WriterHandle {
            requests: self.requests.clone(),
        }
    }

    /// Waits until all that was asked for is on disk. All handles must be gone.
    pub(crate) async fn finish(self) -> Result<Journal, JournalError> {
        drop(self.requests);
        self.task
            .await
            .expect("the writer neither panics nor is aborted")
    }
}

impl WriterHandle {
    /// Writes an entry and waits until it is on disk.
    pub(crate) async fn commit(&self, entry: Entry) -> Result<(), WriterGone> {
        let (done, on_disk) = oneshot::channel();
        self.requests
            .send((entry, Some(done)))
            .await
            .map_err(|_| WriterGone)?;
        on_disk.await.map_err(|_| WriterGone)
    }

    /// Writes an entry without waiting: a crash may undo it, and it can be found out again.
    pub(crate) async fn note(&self, entry: Entry) -> Result<(), WriterGone> {
        self.requests
            .send((entry, None))
            .await
            .map_err(|_| WriterGone)
    }
}

async fn write(
    path: PathBuf,
    mut connection: SqliteConnection,
    lock: Lock,
    mut queue: mpsc::Receiver<Request>,
) -> Result<Journal, JournalError> {
    let mut requests = Vec::with_capacity(BATCH);
    while queue.recv_many(&mut requests, BATCH).await > 0 {
        let mut batch = Batch::default();
        let mut waiting = Vec::new();
        for (entry, done) in requests.drain(..) {
            batch.add(entry);
            waiting.extend(done);
        }
        // An error drops the queue: everybody who waits or asks learns that the writer is gone.
        let written = batch.write(&mut connection).await;
        written.map_err(|error| JournalError::storage(&path, "writing it", &error))?;
        for done in waiting {
            // Whoever waited may have been stopped meanwhile.
            let _ = done.send(());
        }
    }
    Ok(Journal {
        path,
        connection,
        lock,
    })
}

#[derive(Default)]
struct Batch {
    intents: Vec<(i64, String)>,
    created: Vec<CreatedRow>,
    done: Vec<(i64, Option<Reason>, String)>,
    settled: Vec<SettledRow>,
    undone: Vec<(i64, &'static str)>,
    people: Vec<NewPerson>,
    taken_back: Vec<i64>,
    forgotten: Vec<String>,
}

#[derive(Serialize)]
struct CreatedRow {
    position: i64,
    sub: Option<String>,
    pool_username: String,
    proof: &'static str,
}

#[derive(Serialize)]
struct SettledRow {
    position: i64,
    state: &'static str,
    outcome: &'static str,
    reason: Reason,
    detail: Option<String>,
    sub: Option<String>,
}

const INTENTS: &str = "
UPDATE users SET state = 'creating', intent_at = entry.value->>1
FROM json_each(?1) AS entry WHERE users.position = entry.value->>0";
const CREATED: &str = "
UPDATE users SET state = 'created', sub = entry.value->>'sub', proof = entry.value->>'proof',
                 pool_username = entry.value->>'pool_username'
FROM json_each(?1) AS entry WHERE users.position = entry.value->>'position'";
const DONE: &str = "
UPDATE users SET state = 'done', outcome = 'created', reason = entry.value->>1, detail = NULL,
                 settled_at = entry.value->>2
FROM json_each(?1) AS entry WHERE users.position = entry.value->>0";
const SETTLED: &str = "
UPDATE users SET state = entry.value->>'state', outcome = entry.value->>'outcome',
                 reason = entry.value->>'reason', detail = entry.value->>'detail',
                 sub = COALESCE(entry.value->>'sub', sub)
FROM json_each(?1) AS entry WHERE users.position = entry.value->>'position'";

const UNDONE: &str = "
UPDATE users SET undo = entry.value->>1
FROM json_each(?1) AS entry WHERE users.position = entry.value->>0";

const TAKEN_BACK: &str = "
UPDATE users SET state = 'planned', sub = NULL, proof = NULL, pool_username = NULL, intent_at = NULL
FROM json_each(?1) AS entry WHERE users.position = entry.value";

impl Batch {
    fn add(&mut self, entry: Entry) {
        match entry {
            Entry::Intent { position, at } => self.intents.push((position, time(at))),
            Entry::Created {
                position,
                sub,
                pool_username,
                proof,
                person,
            } => {
                self.people.extend(person);
                let proof = proof.code();
                self.created.push(CreatedRow {
                    position,
                    sub,
                    pool_username,
                    proof,
                });
            }
            Entry::Done {
                position,
                reason,
                at,
            } => self.done.push((position, reason, time(at))),
            Entry::Undone {
                position,
                how,
                deleted,
            } => {
                self.undone.push((position, how));
                self.forgotten.extend(deleted);
            }
            Entry::TakenBack { position, sub } => {
                self.taken_back.push(position);
                self.forgotten.extend(sub);
            }
            Entry::Settled {
                position,
                ours,
                outcome,
                reason,
                detail,
                sub,
            } => {
                let state = if ours { "created" } else { "planned" };
                let outcome = outcome.code();
                self.settled.push(SettledRow {
                    position,
                    state,
                    outcome,
                    reason,
                    detail,
                    sub,
                });
            }
        }
    }

    /// One transaction, one flush. The order within a user is the order of these statements:
    /// nobody sends a user's next entry before the one that must precede it.
    async fn write(&self, connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        let mut transaction = connection.begin().await?;
        for (statement, rows, count) in [
            (INTENTS, json(&self.intents), self.intents.len()),
            (CREATED, json(&self.created), self.created.len()),
            (DONE, json(&self.done), self.done.len()),
            (SETTLED, json(&self.settled), self.settled.len()),
            (people::FINISH, json(&self.done), self.done.len()),
            (UNDONE, json(&self.undone), self.undone.len()),
            (TAKEN_BACK, json(&self.taken_back), self.taken_back.len()),
            (people::INSERT, json(&self.people), self.people.len()),
            (
                people::FORGET_SUBS,
                json(&self.forgotten),
                self.forgotten.len(),
            ),
        ] {
            if count > 0 {
                sqlx::query(statement)
                    .bind(rows)
                    .execute(&mut *transaction)
                    .await?;
            }
        }
        transaction.commit().await
    }
}

fn json<T: Serialize>(rows: &[T]) -> String {
    serde_json::to_string(rows).expect("rows are plain data")
}

fn time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SQLite reports a database at its page limit as it reports a full disk: SQLITE_FULL.
    #[tokio::test]
    async fn a_full_disk_stops_the_writer_and_whoever_waits_learns_of_it() {
        let mut journal = Journal::temporary(None).await.expect("a temporary journal");
        let fill = "INSERT INTO users (legacy_id, username, route, generation, group_count,
                                       enabled, has_contact, may_sign_in, collidable, verified)
                    SELECT value, value, 'admin-create', 1, 0, 1, 1, 0, 1, 1
                    FROM json_each(?1)";
        let ids: Vec<u32> = (1..=500).collect();
        let filled = sqlx::query(fill)
            .bind(json(&ids))
            .execute(&mut journal.connection);
        filled.await.expect("room for the plan");
        let limit = sqlx::raw_sql("PRAGMA max_page_count = 1");
        limit
            .execute(&mut journal.connection)
            .await
            .expect("no less than there are");

        let writer = JournalWriter::start(journal);
        let handle = writer.handle();
        let mut written = 0;
        for position in 1..=500 {
            let entry = Entry::Created {
                position,
                sub: Some("s".repeat(200)),
                pool_username: "u".repeat(200),
                proof: Proof::Response,
                person: None,
            };
            match handle.commit(entry).await {
                Ok(()) => written += 1,
                Err(WriterGone) => break,
            }
        }
        assert!(written < 500, "the limit was never met");
        drop(handle);
        let error = writer.finish().await.err();
        assert!(
            matches!(error, Some(JournalError::Full { .. })),
            "{error:?}"
        );
    }
}

//! The way back: deletes users whom a run created and nobody has used since. Without a writable
//! pool it only counts. Deleting cannot be undone, so each user is looked up again right before,
//! and whoever looks touched in any way is kept.
//!
//! What "used" can mean here: nobody but Cognito ever knew an imported user's password, so
//! somebody who signs in has set one, which changes the user's last-modified date. Cognito tells
//! no date of the last sign-in (API model, `UserType`).

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use cognito_user_pool::{
    Disposition, PoolFault, UserPool, UserRecord, UserStatus, WritableUserPool,
};
use futures::stream::{self, StreamExt};

use crate::control::{RunControl, Stop};
use crate::import_error::ImportError;
use crate::journal::{Entry, Journal, JournalWriter, OwnUser, OwnUsers, RunJournals, WriterHandle};
use crate::progress::Phase;
use crate::run_name::RunName;

/// Users looked at, and deleted, at a time.
const CONCURRENCY: usize = 16;
/// Users read from the journal at a time.
const PAGE: i64 = 1_000;
/// The journal's times are the pool's own, read up to two seconds late; see `server_time`.
const CLOCK_TOLERANCE: Duration = Duration::seconds(5);

/// Why a user of a run is not deleted.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Kept {
    /// Changed after the import: signed in after a reset, or changed by an administrator.
    Changed,
    /// The name belongs to another user of the pool now.
    Replaced,
    /// The pool's answer lacks the dates to tell by.
    Unclear,
}

impl Kept {
    /// A kebab-case code.
    pub const fn code(self) -> &'static str {
        match self {
            Kept::Changed => "changed-since",
            Kept::Replaced => "replaced-since",
            Kept::Unclear => "unclear",
        }
    }
}

/// What an undo did, or would do.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct UndoSummary {
    /// Users whom the run created, and whom no undo has gone through before.
    pub created: u64,
    /// Users deleted; in a dry run, users who would be.
    pub deleted: u64,
    /// Users who were gone already.
    pub gone: u64,
    /// Users kept, by reason.
    pub kept: BTreeMap<Kept, u64>,
    /// Users whom the pool refused to delete.
    pub failed: u64,
    /// Whether all were looked at.
    pub complete: bool,
    /// Whether nothing was deleted because nobody allowed it.
    pub dry_run: bool,
}

/// Undoes a run, one shard after the other where it is divided; `writable` is the permission to do it, without it this is a dry run.
///
/// A dry run looks users up with ListUsers alone, which bills nobody.
///
/// # Errors
///
/// When the run does not exist, belongs to another pool, is being written, or the pool refuses.
pub async fn undo(
    pool: &UserPool,
    writable: Option<&WritableUserPool>,
    directory: &std::path::Path,
    run: &RunName,
    control: &RunControl,
) -> Result<UndoSummary, ImportError> {
    let status = crate::RunStatus::read(directory, run).await?;
    let address = pool.address();
    if status.user_pool_id != address.user_pool_id() || status.region != address.region() {
        let theirs = format!(
            "its user pool is {} in {}",
            status.user_pool_id, status.region
        );
        let differences = vec![format!("{theirs}, not {address}")];
        return Err(ImportError::DifferentRun {
            run: run.as_str().to_owned(),
            differences,
        });
    }
    let mut summary = UndoSummary {
        complete: true,
        ..UndoSummary::default()
    };
    let done = status.final_state.status();
    for part in RunJournals::find(directory, run)?.names() {
        let journal = Journal::open(directory, part).await?;
        summary.add(match writable {
            None => count(pool, journal, done, control).await?,
            Some(pool) => delete(pool, journal, done, control).await?,
        });
    }
    Ok(summary)
}

impl UndoSummary {
    fn add(&mut self, part: UndoSummary) {
        self.created += part.created;
        self.deleted += part.deleted;
        self.gone += part.gone;
        self.failed += part.failed;
        self.complete &= part.complete;
        self.dry_run |= part.dry_run;
        for (kept, users) in part.kept {
            *self.kept.entry(kept).or_default() += users;
        }
    }
}

async fn count(
    pool: &UserPool,
    journal: Journal,
    done: UserStatus,
    control: &RunControl,
) -> Result<UndoSummary, ImportError> {
    let mut summary = UndoSummary {
        dry_run: true,
        ..UndoSummary::default()
    };
    let mut ours = journal.reader().await?.own_users_by_sub().await?;
    summary.created = u64::try_from(ours.len()).unwrap_or(0);
    control.show(|progress| {
        (progress.phase, progress.done, progress.total) = (Phase::ReadingPool, 0, 0);
    });
    let pages = pool.list_users();
    futures::pin_mut!(pages);
    while let Some(page) = pages.next().await {
        if control.stopping() != Stop::No {
            return Ok(summary);
        }
        for record in page? {
            let Some(user) = record.sub().and_then(|sub| ours.remove(sub)) else {
                continue;
            };
            match verdict(&user, Some(&record), done) {
                Verdict::Delete => summary.deleted += 1,
                Verdict::Keep(kept) => *summary.kept.entry(kept).or_default() += 1,
                Verdict::Gone => summary.gone += 1,
            }
        }
    }
    summary.gone += u64::try_from(ours.len()).unwrap_or(0);
    summary.complete = true;
    Ok(summary)
}

async fn delete(
    pool: &WritableUserPool,
    mut journal: Journal,
    done: UserStatus,
    control: &RunControl,
) -> Result<UndoSummary, ImportError> {
    journal.mark_undone().await?;
    let mut summary = UndoSummary::default();
    let mut own = OwnUsers::new(journal.reader().await?);
    summary.created = own.count().await?;
    control.show(|progress| {
        (progress.phase, progress.done, progress.total) = (Phase::Undoing, 0, summary.created);
    });
    let writer = JournalWriter::start(journal);
    let ended = delete_all(
        pool,
        &writer.handle(),
        &mut own,
        done,
        control,
        &mut summary,
    )
    .await;
    writer.finish().await?;
    summary.complete = ended?;
    Ok(summary)
}

/// True when all were looked at.
async fn delete_all(
    pool: &WritableUserPool,
    journal: &WriterHandle,
    own: &mut OwnUsers,
    done: UserStatus,
    control: &RunControl,
    summary: &mut UndoSummary,
) -> Result<bool, ImportError> {
    let journal = Arc::new(journal.clone());
    loop {
        let page = own.page(PAGE).await?;
        if page.is_empty() {
            return Ok(true);
        }
        let deletions = page.into_iter().map(|user| {
            let journal = Arc::clone(&journal);
            async move {
                if control.stopping() != Stop::No {
                    return Ok(None);
                }
                delete_one(pool, &journal, user, done).await.map(Some)
            }
        });
        let mut ends = stream::iter(deletions).buffer_unordered(CONCURRENCY);
        while let Some(end) = ends.next().await {
            match end? {
                None => return Ok(false),
                Some(Deletion::Verdict(Verdict::Delete)) => summary.deleted += 1,
                Some(Deletion::Verdict(Verdict::Gone)) => summary.gone += 1,
                Some(Deletion::Verdict(Verdict::Keep(kept))) => {
                    *summary.kept.entry(kept).or_default() += 1;
                }
                Some(Deletion::Failed) => summary.failed += 1,
                // The writer's own error is the one to tell.
                Some(Deletion::JournalGone) => return Ok(false),
            }
            control.show(|progress| progress.done += 1);
        }
    }
}

enum Deletion {
    Verdict(Verdict),
    Failed,
    JournalGone,
}

async fn delete_one(
    pool: &WritableUserPool,
    journal: &WriterHandle,
    user: OwnUser,
    done: UserStatus,
) -> Result<Deletion, ImportError> {
    let record = pool.admin_get_user(&user.pool_username).await?;
    let verdict = verdict(&user, record.as_ref(), done);
    if verdict == Verdict::Delete {
        let deleted = pool
            .patience()
            .repeat(|| pool.admin_delete_user(&user.pool_username))
            .await;
        match deleted {
            Ok(()) => {}
            // A call whose answer was lost did it.
            Err(error) if error.fault() == PoolFault::UserNotFound => {}
            Err(error) if matches!(error.disposition(), Disposition::FailUser(_)) => {
                return Ok(Deletion::Failed);
            }
            Err(error) => return Err(error.into()),
        }
    }
    let how = match verdict {
        Verdict::Delete => "deleted",
        Verdict::Gone => "gone",
        Verdict::Keep(kept) => kept.code(),
    };
    let entry = Entry::Undone {
        position: user.position,
        how,
    };
    Ok(match journal.note(entry).await {
        Ok(()) => Deletion::Verdict(verdict),
        Err(_) => Deletion::JournalGone,
    })
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Verdict {
    Delete,
    Keep(Kept),
    Gone,
}

/// Whether a user of ours may be deleted, as the pool has them now; `done` is the status in which
/// the run leaves users.
fn verdict(user: &OwnUser, record: Option<&UserRecord>, done: UserStatus) -> Verdict {
    let Some(record) = record else {
        return Verdict::Gone;
    };
    match (record.sub(), user.sub.as_deref()) {
        (Some(theirs), Some(ours)) if theirs == ours => {}
        (None, _) | (_, None) => return Verdict::Keep(Kept::Unclear),
        _ => return Verdict::Keep(Kept::Replaced),
    }
    match (user.finished_at, record.last_modified, record.status) {
        // Never finished: nobody has ever had a password for this user.
        (None, _, UserStatus::ForceChangePassword) => Verdict::Delete,
        (None, ..) => Verdict::Keep(Kept::Changed),
        (Some(finished), Some(modified), status)
            if status == done && modified <= latest(finished) =>
        {
            Verdict::Delete
        }
        (Some(_), Some(_), _) => Verdict::Keep(Kept::Changed),
        (Some(_), None, _) => Verdict::Keep(Kept::Unclear),
    }
}

fn latest(finished: DateTime<Utc>) -> DateTime<Utc> {
    finished
        .checked_add_signed(CLOCK_TOLERANCE)
        .unwrap_or(finished)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + second, 0).expect("in range")
    }

    fn own(finished: Option<i64>) -> OwnUser {
        OwnUser {
            position: 1,
            pool_username: "ada".to_owned(),
            sub: Some("s-1".to_owned()),
            finished_at: finished.map(at),
        }
    }

    fn record(status: UserStatus, modified: i64, sub: &str) -> UserRecord {
        UserRecord {
            username: "ada".to_owned(),
            status,
            enabled: true,
            created: Some(at(0)),
            last_modified: Some(at(modified)),
            attributes: BTreeMap::from([("sub".to_owned(), sub.to_owned())]),
        }
    }

    #[test]
    fn only_untouched_users_of_ours_are_deleted() {
        let of = |finished, status, modified, sub: &str| {
            let record = record(status, modified, sub);
            verdict(&own(finished), Some(&record), UserStatus::Confirmed)
        };
        let confirmed = UserStatus::Confirmed;
        assert_eq!(of(Some(10), confirmed, 10, "s-1"), Verdict::Delete);
        assert_eq!(
            of(Some(10), confirmed, 16, "s-1"),
            Verdict::Keep(Kept::Changed)
        );
        assert_eq!(
            of(Some(10), confirmed, 10, "s-2"),
            Verdict::Keep(Kept::Replaced)
        );
        let forced = UserStatus::ForceChangePassword;
        assert_eq!(of(None, forced, 10, "s-1"), Verdict::Delete);
        assert_eq!(of(None, confirmed, 10, "s-1"), Verdict::Keep(Kept::Changed));
        // An administrator gave them a temporary password.
        assert_eq!(
            of(Some(10), forced, 10, "s-1"),
            Verdict::Keep(Kept::Changed)
        );
        assert_eq!(verdict(&own(Some(10)), None, confirmed), Verdict::Gone);
        // A run that hands temporary passwords over leaves its users in that status.
        let handed_over = |status, modified| {
            verdict(
                &own(Some(10)),
                Some(&record(status, modified, "s-1")),
                forced,
            )
        };
        assert_eq!(handed_over(forced, 10), Verdict::Delete);
        assert_eq!(handed_over(confirmed, 60), Verdict::Keep(Kept::Changed));
    }
}

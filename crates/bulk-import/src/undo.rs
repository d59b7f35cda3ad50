//! The way back: deletes users whom a run created and nobody has used since. Without a writable
//! pool it only counts. Deleting cannot be undone, so whoever looks touched in any way is kept.
//!
//! Reads by ListUsers alone, page by page: AdminGetUser would make every user billable. Each page is
//! acted on before the next is read, so what is known of a user is a moment old.
//!
//! What "used" can mean here: nobody but Cognito ever knew an imported user's password, so
//! somebody who signs in has set one, which changes the user's last-modified date. Cognito tells
//! no date of the last sign-in (API model, `UserType`). Changed groups move no date; they are compared
//! with those that were agreed on. A sign-in by a one-time code or by a linked
//! identity changes no date: such users are kept unless somebody answers for them.

mod memberships;

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, Utc};
use cognito_user_pool::{
    Disposition, PoolFault, UserPool, UserRecord, UserStatus, WritableUserPool,
};
use futures::stream::{self, StreamExt};
use futures::{TryStreamExt, pin_mut};
use migration_claims::Claims;

use crate::control::{RunControl, Stop};
use crate::final_state::FinalState;
use crate::import_error::ImportError;
use crate::journal::{
    Entry, Journal, JournalReader, JournalWriter, OwnUser, RunJournals, WriterHandle,
};
use crate::ledger::{BaseKey, Ledger, LedgerPlace};
use crate::progress::Phase;
use crate::reconcile::normalized;
use crate::run_name::RunName;
use memberships::Memberships;

/// Users deleted at a time.
const CONCURRENCY: usize = 16;
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
    /// May have signed in by a one-time code or a linked identity, which changes no date.
    Unprovable,
}

impl Kept {
    /// A kebab-case code.
    pub const fn code(self) -> &'static str {
        match self {
            Kept::Changed => "changed-since",
            Kept::Replaced => "replaced-since",
            Kept::Unclear => "unclear",
            Kept::Unprovable => "may-have-signed-in-without-a-trace",
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

/// What an undo is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Undo<'a> {
    /// Where the pool's ledger is.
    pub ledger: &'a LedgerPlace,
    /// The directory of the journals.
    pub directory: &'a std::path::Path,
    /// The run.
    pub run: &'a RunName,
    /// Where it is kept who was migrated: whoever is deleted may come in again.
    pub claims: Option<&'a Claims>,
    /// Somebody answers for it that nobody signed in without a trace.
    pub approve_unprovable: bool,
}

/// Undoes a run; `writable` is the permission to do it, without it this is a dry run. Holds the
/// pool's ledger and the journals of all shards from before the first deletion.
///
/// # Errors
///
/// When the run does not exist, a shard's journal is not here, it belongs to another pool, is being
/// written, or the pool refuses.
pub async fn undo(
    pool: &UserPool,
    writable: Option<&WritableUserPool>,
    undo: Undo<'_>,
    control: &RunControl,
) -> Result<UndoSummary, ImportError> {
    let Undo { directory, run, .. } = undo;
    let found = RunJournals::find(directory, run)?;
    let missing = found.missing_shards();
    if !missing.is_empty() {
        return Err(ImportError::MissingShards {
            run: run.as_str().to_owned(),
            missing,
        });
    }
    let ledger = Ledger::hold(undo.ledger, pool).await?;
    found.open_for(pool.address()).await?;
    let description = pool.describe_user_pool().await?;
    let mut journals = Vec::new();
    for part in found.names() {
        let mut journal = Journal::open(directory, part, &ledger).await?;
        let header = journal.header().await?;
        let target = header.target;
        let other = target.is_local != pool.address().is_loopback()
            || target
                .pool_created
                .is_some_and(|at| description.created.is_some_and(|now| now != at));
        if other {
            return Err(ImportError::DifferentRun {
                run: part.as_str().to_owned(),
                differences: vec!["its user pool is another one of the same id".to_owned()],
            });
        }
        journal.teach_ledger(part).await?;
        journals.push((journal, target.final_state));
    }
    let mut summary = UndoSummary {
        complete: true,
        dry_run: writable.is_none(),
        ..UndoSummary::default()
    };
    let memberships = Memberships::read(pool).await?;
    for (journal, final_state) in journals {
        let part = Part {
            pool,
            memberships: &memberships,
            writable,
            final_state,
            approve_unprovable: undo.approve_unprovable,
            codes_sign_in: description.takes_users_without_password(),
            base_key: &ledger.key,
            claims: undo.claims,
            control,
        };
        part.undo(journal, &ledger, &mut summary).await?;
    }
    Ok(summary)
}

/// The part of a run that one journal is about.
struct Part<'a> {
    pool: &'a UserPool,
    memberships: &'a Memberships,
    writable: Option<&'a WritableUserPool>,
    final_state: FinalState,
    approve_unprovable: bool,
    /// Whether the pool lets people sign in by a one-time code.
    codes_sign_in: bool,
    base_key: &'a BaseKey,
    claims: Option<&'a Claims>,
    control: &'a RunControl,
}

impl Part<'_> {
    async fn undo(
        &self,
        mut journal: Journal,
        ledger: &Ledger,
        summary: &mut UndoSummary,
    ) -> Result<(), ImportError> {
        let mut own = journal.reader().await?;
        own.attach(ledger).await?;
        let created = own.count_own_users().await?;
        summary.created += created;
        let phase = match self.writable {
            Some(_) => Phase::Undoing,
            None => Phase::ReadingPool,
        };
        self.control.show(|progress| {
            (progress.phase, progress.done, progress.total) = (phase, 0, created);
        });
        if self.writable.is_some() {
            journal.mark_undone().await?;
        }
        let writer = JournalWriter::start(journal);
        let gone_through = self.go_through(&writer.handle(), &mut own, summary).await;
        writer.finish().await?;
        let seen = gone_through?;
        match seen {
            Some(seen) => summary.gone += created.saturating_sub(seen),
            None => summary.complete = false,
        }
        Ok(())
    }

    /// How many of ours the pool has; `None` when somebody asked to stop.
    async fn go_through(
        &self,
        journal: &WriterHandle,
        own: &mut JournalReader,
        summary: &mut UndoSummary,
    ) -> Result<Option<u64>, ImportError> {
        let mut seen = 0;
        let pages = self.pool.list_users();
        pin_mut!(pages);
        while let Some(page) = pages.try_next().await? {
            let subs: Vec<&str> = page.iter().filter_map(UserRecord::sub).collect();
            let ours = own.own_users_of(&subs).await?;
            let ours = page.iter().filter_map(|record| {
                let user = ours.get(record.sub()?)?;
                Some((user, record))
            });
            let ends = stream::iter(ours)
                .map(|(user, record)| async move {
                    if self.control.stopping() != Stop::No {
                        return Ok(None);
                    }
                    self.one(journal, user, record).await.map(Some)
                })
                .buffer_unordered(CONCURRENCY);
            pin_mut!(ends);
            while let Some(end) = ends.next().await {
                match end? {
                    None => return Ok(None),
                    Some(End::Verdict(Verdict::Delete)) => summary.deleted += 1,
                    Some(End::Verdict(Verdict::Keep(kept))) => {
                        *summary.kept.entry(kept).or_default() += 1;
                    }
                    Some(End::Failed) => summary.failed += 1,
                    // The writer's own error is the one to tell.
                    Some(End::JournalGone) => return Ok(None),
                }
                seen += 1;
                self.control.show(|progress| progress.done += 1);
            }
        }
        Ok(Some(seen))
    }

    async fn one(
        &self,
        journal: &WriterHandle,
        user: &OwnUser,
        record: &UserRecord,
    ) -> Result<End, ImportError> {
        let verdict = self.verdict(user, record);
        let Some(pool) = self.writable else {
            return Ok(End::Verdict(verdict));
        };
        if verdict == Verdict::Delete {
            let deleted = pool
                .patience()
                .repeat(|| pool.admin_delete_user(&record.username))
                .await;
            match deleted {
                Ok(()) => {}
                // A call whose answer was lost did it.
                Err(error) if error.fault() == PoolFault::UserNotFound => {}
                Err(error) if matches!(error.disposition(), Disposition::FailUser(_)) => {
                    return Ok(End::Failed);
                }
                Err(error) => return Err(error.into()),
            }
        }
        if let (Verdict::Delete, Some(claims), Some(sub)) = (verdict, self.claims, &user.sub) {
            let pool = self.pool.address().user_pool_id();
            claims.release(pool, &user.legacy_id, sub).await?;
        }
        let (how, deleted) = match verdict {
            Verdict::Delete => ("deleted", user.sub.clone()),
            Verdict::Keep(kept) => (kept.code(), None),
        };
        let entry = Entry::Undone {
            position: user.position,
            how,
            deleted,
        };
        Ok(match journal.note(entry).await {
            Ok(()) => End::Verdict(verdict),
            Err(_) => End::JournalGone,
        })
    }

    /// Whether an attribute or a group is not what both sides last agreed on: the clocks leave some
    /// seconds after a creation in which the dates tell nothing, and groups move no date.
    fn is_changed(&self, user: &OwnUser, record: &UserRecord) -> bool {
        let Some(base) = &user.base else { return false };
        // Whoever is not finished may not be in all of their groups yet.
        let is_finished = user.finished_at.is_some();
        let sub = user.sub.as_deref().unwrap_or_default();
        if is_finished && !self.memberships.are(sub, &base.groups) {
            return true;
        }
        base.attributes.iter().any(|(name, digest)| {
            let value = record.attributes.get(name).map(String::as_str);
            let value = normalized(name, value);
            value
                .map(|value| self.base_key.digest(name, &value))
                .as_ref()
                != Some(digest)
        })
    }

    fn verdict(&self, user: &OwnUser, record: &UserRecord) -> Verdict {
        let verdict = verdict(user, record, self.final_state.status());
        if verdict == Verdict::Delete && self.is_changed(user, record) {
            return Verdict::Keep(Kept::Changed);
        }
        let traceless = self.final_state == FinalState::Passwordless
            || self.codes_sign_in
            || user.has_identities
            || record.attributes.contains_key("identities");
        match verdict {
            Verdict::Delete if traceless && !self.approve_unprovable => {
                Verdict::Keep(Kept::Unprovable)
            }
            verdict => verdict,
        }
    }
}

enum End {
    Verdict(Verdict),
    Failed,
    JournalGone,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Verdict {
    Delete,
    Keep(Kept),
}

/// Whether a user of ours may be deleted, as the pool has them now; `done` is the status in which
/// the run leaves users.
fn verdict(user: &OwnUser, record: &UserRecord, done: UserStatus) -> Verdict {
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
            sub: Some("s-1".to_owned()),
            finished_at: finished.map(at),
            legacy_id: "7".to_owned(),
            has_identities: false,
            base: None,
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
            verdict(&own(finished), &record, UserStatus::Confirmed)
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
        // A run that hands temporary passwords over leaves its users in that status.
        let handed_over =
            |status, modified| verdict(&own(Some(10)), &record(status, modified, "s-1"), forced);
        assert_eq!(handed_over(forced, 10), Verdict::Delete);
        assert_eq!(handed_over(confirmed, 60), Verdict::Keep(Kept::Changed));
    }
}

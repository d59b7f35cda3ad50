//! Compares the legacy database with the pool, user by user, whatever way they came: the check
//! after an import and at the end of a rehearsal. Reads with ListUsers and ListUsersInGroup
//! alone, because AdminGetUser would make every user billable. Both sides pass through as
//! streams; the pool's side lies in a temporary SQLite file, so that memory stays flat.

mod comparison;
mod drift;
mod fixes;
mod pool_copy;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use cognito_user_pool::{UserPool, UserStatus};
use django_password::{Limits, Verifier};
use futures::{StreamExt, TryStreamExt, pin_mut};
use legacy_users::LegacyDatabase;
use migration_model::{
    Collisions, Config, ImportPolicy, LegacyId, LegacyUser, PoolSignIn, PoolUser, Reason, Route,
    RoutePreference, map_user, route_user,
};

use crate::control::{RunControl, Stop};
use crate::import_error::ImportError;
use crate::journal::{JournalError, JournalReader, Recorded, RunJournals};
use crate::legacy_patience::LegacyPatience;
use crate::pool_fit::PoolFit;
use crate::progress::Phase;
use crate::text_key::{Folding, text_key};

pub use drift::{Drift, DriftKind, DriftRow, Reconciliation};
pub use fixes::{FixKind, FixSummary, fix};
use pool_copy::{CopiedUser, PoolCopy, Wanted};

/// Users compared at a time.
const PAGE: usize = 1_000;

/// Compares both sides.
///
/// Whoever the import would hold, or leave for first login, may be missing; those are counted
/// apart, by reason, and are no drift, unless `journals` say that a run saw them in the pool.
///
/// # Errors
///
/// When one of the sides does not answer, or the pool cannot hold the users as cutover.toml maps
/// them. When somebody asked to stop, the reconciliation is marked incomplete instead.
pub async fn reconcile(
    legacy: &LegacyDatabase,
    config: &Config,
    pool: &UserPool,
    journals: Option<&RunJournals>,
    control: &RunControl,
) -> Result<Reconciliation, ImportError> {
    let description = pool.describe_user_pool().await?;
    let fit = PoolFit::of(&config.mapping, &description)?;
    let id_column = config.legacy.columns.resolve("id");
    let reconciler = Reconciler {
        legacy,
        config,
        pool,
        control,
        folding: Folding::of_pool(description.case_sensitive),
        id_attribute: fit
            .mapping
            .attributes
            .legacy_id_attribute(id_column)
            .map(str::to_owned),
        verifier: Verifier::new(config.hashers.clone(), Limits::default()),
        fit,
    };
    let mut journals = match journals {
        Some(journals) => journals.open_for(pool.address()).await?,
        None => Vec::new(),
    };
    reconciler
        .run(description.estimated_users, &mut journals)
        .await
}

struct Reconciler<'a> {
    legacy: &'a LegacyDatabase,
    config: &'a Config,
    pool: &'a UserPool,
    control: &'a RunControl,
    folding: Folding,
    id_attribute: Option<String>,
    verifier: Verifier,
    fit: PoolFit,
}

impl Reconciler<'_> {
    async fn run(
        &self,
        estimated_users: u64,
        journals: &mut [JournalReader],
    ) -> Result<Reconciliation, ImportError> {
        let mut copy = PoolCopy::create().await?;
        self.phase(Phase::ReadingPool, estimated_users);
        let managed = self.copy_pool(&mut copy).await?;
        let shared = self.shared_names(&mut copy).await?;
        let mut found = Counts::default();
        if let (Some(managed), Some(shared)) = (&managed, &shared) {
            self.compare(&mut copy, journals, managed, shared, &mut found)
                .await?;
        }
        let complete = self.control.stopping() == Stop::No;
        if complete {
            copy.add_extra(&mut found.drift).await?;
        }
        let pool_users = copy.count_users().await?;
        self.phase(Phase::Finished, 0);
        Ok(Reconciliation::new(
            copy,
            found.legacy_users,
            pool_users,
            found.drift,
            found.fixes,
            complete,
        ))
    }

    fn phase(&self, phase: Phase, total: u64) {
        self.control.show(|progress| {
            (progress.phase, progress.done, progress.total) = (phase, 0, total);
        });
    }

    fn done(&self, users: usize) {
        let users = u64::try_from(users).unwrap_or(0);
        self.control.show(|progress| progress.done += users);
    }

    fn stopped(&self) -> bool {
        self.control.stopping() != Stop::No
    }

    /// Copies the pool's users and the members of the groups that come from Django. Returns the
    /// names of those groups; `None` when somebody asked to stop.
    async fn copy_pool(
        &self,
        copy: &mut PoolCopy,
    ) -> Result<Option<BTreeSet<String>>, ImportError> {
        let mapped: Vec<&str> = self
            .fit
            .mapping
            .attributes
            .iter()
            .map(|(name, _)| name)
            .collect();
        let pages = self.pool.list_users();
        pin_mut!(pages);
        while let Some(page) = pages.try_next().await? {
            if self.stopped() {
                return Ok(None);
            }
            let read = page.len();
            let federated =
                |user: &cognito_user_pool::UserRecord| user.status == UserStatus::ExternalProvider;
            let users = page.into_iter().filter(|user| !federated(user));
            let rows: Vec<CopiedUser> = users
                .map(|user| {
                    let by_email = self.fit.mapping.sign_in == PoolSignIn::Email;
                    let email = user.attributes.get("email").filter(|_| by_email);
                    let name_key = self.folding.key(email.unwrap_or(&user.username));
                    let id = self
                        .id_attribute
                        .as_ref()
                        .and_then(|id| user.attributes.get(id));
                    let id_key = id.map(|id| text_key(id));
                    CopiedUser::new(user, name_key, id_key, &mapped)
                })
                .collect();
            copy.add_users(&rows).await?;
            self.done(read);
        }
        let managed = self.managed_groups().await?;
        for group in self.pool.list_groups().await? {
            if !managed.contains(&group) {
                continue;
            }
            let pages = self.pool.list_users_in_group(&group);
            pin_mut!(pages);
            while let Some(page) = pages.try_next().await? {
                if self.stopped() {
                    return Ok(None);
                }
                let members: Vec<String> = page.into_iter().map(|user| user.username).collect();
                copy.add_members(&group, &members).await?;
            }
        }
        copy.index().await?;
        Ok(Some(managed))
    }

    /// The groups whose members are Django's to decide; others may have any.
    async fn managed_groups(&self) -> Result<BTreeSet<String>, ImportError> {
        let names = &self.fit.mapping.groups;
        if !names.carry {
            return Ok(BTreeSet::new());
        }
        let mut patience = LegacyPatience::new(self.pool.patience(), self.control);
        let groups = patience
            .repeat(|| self.legacy.groups())
            .await?
            .unwrap_or_default();
        let mapped = groups
            .iter()
            .filter_map(|group| names.cognito_name(&group.name));
        Ok(mapped
            .chain(names.staff.clone())
            .chain(names.superuser.clone())
            .collect())
    }

    /// Names and addresses that several legacy users have: what the stream itself cannot know.
    async fn shared_names(&self, copy: &mut PoolCopy) -> Result<Option<Shared>, ImportError> {
        self.phase(Phase::Planning, 0);
        let finished = self
            .each_page(async |page: Vec<LegacyUser>| {
                let keys: Vec<(Option<i64>, Option<i64>, bool)> = page
                    .iter()
                    .map(|user| {
                        let name = self.fit.mapping.sign_in.pool_username(user);
                        let key = |text: &str| self.folding.key(text);
                        let email = user.email.as_deref().map(key);
                        (name.map(key), email, user.email_verified)
                    })
                    .collect();
                copy.add_legacy_keys(&keys).await.map_err(ImportError::from)
            })
            .await?;
        if !finished {
            return Ok(None);
        }
        let (names, emails, verified) = copy.shared_keys().await?;
        Ok(Some(Shared {
            names,
            emails,
            verified,
        }))
    }

    async fn compare(
        &self,
        copy: &mut PoolCopy,
        journals: &mut [JournalReader],
        managed: &BTreeSet<String>,
        shared: &Shared,
        counts: &mut Counts,
    ) -> Result<(), ImportError> {
        self.each_page(async |page: Vec<LegacyUser>| {
            counts.legacy_users += u64::try_from(page.len()).unwrap_or(0);
            let expected: Vec<Expected> = page
                .into_iter()
                .map(|user| self.expect(user, shared))
                .collect();
            let wanted: Vec<Wanted> = expected.iter().map(Expected::wanted).collect();
            let mut found = copy.find(&wanted).await?;
            let ids: Vec<&str> = expected
                .iter()
                .map(|user| user.legacy_id.as_str())
                .collect();
            let recorded = recorded(journals, &ids).await?;
            let (mut drift, mut to_do) = (Vec::new(), Vec::new());
            for (index, user) in expected.iter().enumerate() {
                let found = found.remove(&index);
                let fixes = comparison::fixes(user, found.as_ref(), managed, self.folding);
                for fix in fixes {
                    *counts.fixes.entry(fix.kind()).or_default() += 1;
                    let of = found.as_ref().map(|found| found.username.clone());
                    to_do.extend(of.map(|username| (username, fix)));
                }
                let recorded = recorded.get(&user.legacy_id);
                for kind in comparison::compare(user, found, recorded, managed, self.folding) {
                    *counts.drift.entry(kind.clone_kind()).or_default() += 1;
                    drift.push(Drift {
                        legacy_id: user.legacy_id.clone(),
                        row: kind,
                    });
                }
            }
            copy.add_drift(&drift).await?;
            copy.add_fixes(&to_do).await?;
            Ok(())
        })
        .await?;
        Ok(())
    }

    fn expect(&self, mut user: LegacyUser, shared: &Shared) -> Expected {
        let key = |text: &str| self.folding.key(text);
        let email_key = user.email.as_deref().map(key);
        user.email_shared = email_key.is_some_and(|key| shared.emails.contains(&key));
        let (target, faults) = map_user(&user, &self.fit.mapping);
        let name_key = Some(target.username.as_str())
            .filter(|name| !name.is_empty())
            .map(key);
        let aliases = self.fit.mapping.sign_in == PoolSignIn::UsernameOrEmail;
        let collisions = Collisions {
            username: name_key.is_some_and(|key| shared.names.contains(&key)),
            verified_email: aliases
                && user.email_verified
                && email_key.is_some_and(|key| shared.verified.contains(&key)),
        };
        let policy = ImportPolicy {
            approve_password_reset: false,
            inactive: self.config.import.inactive,
            routes: RoutePreference::DEFAULT,
        };
        let hash = self.verifier.inspect(&user.encoded_password).state;
        let routing = route_user(
            &user,
            &hash,
            Err(Reason::MayStillSignIn),
            &faults,
            collisions,
            policy,
        );
        let may_be_missing = match routing.route {
            Route::AdminCreate | Route::HashImport => None,
            Route::FirstLogin | Route::Hold => routing.reason,
        };
        let id = self
            .id_attribute
            .as_ref()
            .and_then(|name| target.attributes.get(name));
        Expected {
            id_key: id.map(|id| text_key(id)),
            legacy_id: user.id.to_string(),
            name_key,
            may_be_missing,
            collides: collisions.username,
            mapped: self
                .fit
                .mapping
                .attributes
                .iter()
                .map(|(name, _)| name.to_owned())
                .collect(),
            target,
        }
    }

    /// Hands every page of legacy users on; false when somebody asked to stop.
    async fn each_page(
        &self,
        mut take: impl AsyncFnMut(Vec<LegacyUser>) -> Result<(), ImportError>,
    ) -> Result<bool, ImportError> {
        let mut patience = LegacyPatience::new(self.pool.patience(), self.control);
        let mut after: Option<LegacyId> = None;
        loop {
            let pages = self.legacy.users(after.clone(), PAGE).chunks(PAGE);
            pin_mut!(pages);
            let mut failure = None;
            while let Some(page) = pages.next().await {
                if self.stopped() {
                    return Ok(false);
                }
                let mut users = Vec::with_capacity(page.len());
                for user in page {
                    match user {
                        Ok(user) => users.push(user),
                        Err(error) => failure = Some(error),
                    }
                }
                after = users.last().map(|user| user.id.clone()).or(after);
                let read = users.len();
                take(users).await?;
                self.done(read);
            }
            match failure {
                None => return Ok(true),
                Some(error) => {
                    if !patience.wait_after(error).await? {
                        return Ok(false);
                    }
                }
            }
        }
    }
}

/// What the journals say of these users. Of a run in shards each user stands in one of them.
async fn recorded(
    journals: &mut [JournalReader],
    ids: &[&str],
) -> Result<HashMap<String, Recorded>, JournalError> {
    let mut all = HashMap::new();
    for journal in journals {
        all.extend(journal.recorded(ids).await?);
    }
    Ok(all)
}

/// What a comparison counts.
#[derive(Default)]
struct Counts {
    legacy_users: u64,
    drift: BTreeMap<DriftKind, u64>,
    fixes: BTreeMap<FixKind, u64>,
}

/// Keys that more than one legacy user has.
struct Shared {
    names: HashSet<i64>,
    emails: HashSet<i64>,
    verified: HashSet<i64>,
}

/// A legacy user as the pool should have them.
pub(crate) struct Expected {
    legacy_id: String,
    target: PoolUser,
    mapped: Vec<String>,
    id_key: Option<i64>,
    name_key: Option<i64>,
    may_be_missing: Option<Reason>,
    collides: bool,
}

impl Expected {
    fn wanted(&self) -> Wanted {
        // A name that several users have does not say who a pool user is; an id does.
        Wanted {
            id_key: self.id_key,
            name_key: self.name_key.filter(|_| !self.collides),
        }
    }
}

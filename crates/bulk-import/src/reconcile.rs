//! Compares the legacy database with the pool, user by user, whatever way they came: three ways,
//! with what both sides last agreed on. Reads with ListUsers and ListUsersInGroup alone, because
//! AdminGetUser would make every user billable. Both sides pass through as streams; the pool's side
//! lies in a temporary SQLite file, so that memory stays flat.

mod comparison;
mod drift;
mod fixes;
mod pool_copy;
mod three_way;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::{DateTime, Duration, SecondsFormat, Utc};
use cognito_user_pool::{UserPool, UserStatus};
use futures::{StreamExt, TryStreamExt, pin_mut};
use legacy_users::LegacyDatabase;
use migration_model::{
    Collisions, Config, LegacyId, LegacyUser, PoolSignIn, PoolUser, Reason, Route, RoutePreference,
};

use crate::control::{RunControl, Stop};
use crate::decider::Decider;
use crate::id_proof::IdProof;
use crate::import_error::ImportError;
use crate::journal::{JournalError, JournalReader, Recorded, RunJournals};
use crate::ledger::{BaseKey, Ledger, LedgerPlace, PoolIdentity};
use crate::legacy_patience::LegacyPatience;
use crate::planner::PlanPolicy;
use crate::pool_fit::PoolFit;
use crate::progress::Phase;
use crate::text_key::text_key;

use comparison::{Compared, Rules, compare};
pub use drift::{Drift, DriftKind, DriftRow, Reconciliation};
use fixes::Fix;
pub use fixes::{FixKind, FixSummary, fix};
use pool_copy::{CopiedUser, Found, Learnt, PoolCopy, Wanted};
pub use three_way::Prefer;
pub(crate) use three_way::normalized;

/// Users compared at a time.
const PAGE: usize = 1_000;

/// A reset code lives an hour (developer guide, "Quotas"); whoever has not used one after a day asks
/// for another.
pub(crate) const CODE_LONG_EXPIRED: Duration = Duration::hours(24);

/// The ledger to compare with.
#[derive(Clone, Copy)]
pub enum LedgerUse<'a> {
    /// What is known, and nothing is learnt.
    Read(&'a LedgerPlace),
    /// What both sides agree on is written down.
    Write(&'a Ledger),
}

/// Compares both sides.
///
/// Whoever the import would hold, or leave for first login, may be missing; those are counted
/// apart, by reason, and are no drift. `journals` say to whom a run gave a temporary password.
///
/// # Errors
///
/// When one of the sides does not answer, or the pool cannot hold the users as cutover.toml maps
/// them. When somebody asked to stop, the reconciliation is marked incomplete instead.
pub async fn reconcile(
    legacy: &LegacyDatabase,
    config: &Config,
    pool: &UserPool,
    ledger: LedgerUse<'_>,
    journals: Option<&RunJournals>,
    prefer: Option<Prefer>,
    control: &RunControl,
) -> Result<Reconciliation, ImportError> {
    let description = pool.describe_user_pool().await?;
    let fit = PoolFit::of(&config.mapping, &description)?;
    let policy = PlanPolicy::of_no_run(config, RoutePreference::DEFAULT);
    let decider = Decider::new(config, &fit.mapping, &description, policy);
    let proof = IdProof::of(pool, decider.legacy_id_attribute).await?;
    let identity = PoolIdentity::of(pool.address(), &description);
    let (path, key) = match ledger {
        LedgerUse::Write(ledger) => (ledger.path.clone(), ledger.key.clone()),
        LedgerUse::Read(place) => {
            let path = place.path(&identity);
            let key = Ledger::key_of(&path, &identity).await?;
            (path, key)
        }
    };
    let token_attribute = config.trigger.groups_attribute.as_deref();
    let is_mutable = |name: &&str| {
        let schema = description.schema.get(*name);
        schema.is_some_and(|attribute| attribute.mutable)
    };
    let reconciler = Reconciler {
        legacy,
        pool,
        control,
        decider: &decider,
        fit: &fit,
        ids_are_proof: proof.is_proof,
        key,
        learns: matches!(ledger, LedgerUse::Write(_)),
        prefer,
        token_attribute: token_attribute.filter(is_mutable),
        now: pool.server_time(),
    };
    let mut journals = match journals {
        Some(journals) => journals.open_for(pool.address()).await?,
        None => Vec::new(),
    };
    let copy = PoolCopy::create(Some(&path)).await?;
    let mut found = reconciler
        .run(copy, description.estimated_users, &mut journals)
        .await?;
    found.findings = proof.finding.into_iter().collect();
    Ok(found)
}

struct Reconciler<'a> {
    legacy: &'a LegacyDatabase,
    pool: &'a UserPool,
    control: &'a RunControl,
    decider: &'a Decider<'a>,
    fit: &'a PoolFit,
    ids_are_proof: bool,
    key: BaseKey,
    /// Whether the ledger is told what both sides agree on.
    learns: bool,
    prefer: Option<Prefer>,
    token_attribute: Option<&'a str>,
    now: DateTime<Utc>,
}

impl Reconciler<'_> {
    async fn run(
        &self,
        mut copy: PoolCopy,
        estimated_users: u64,
        journals: &mut [JournalReader],
    ) -> Result<Reconciliation, ImportError> {
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
            copy.count_unmatched(&mut found.drift).await?;
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
        let mapped = self.fit.mapping.attributes.iter().map(|(name, _)| name);
        let kept: Vec<&str> = mapped.chain(self.token_attribute).collect();
        let folding = self.decider.folding;
        let old_before = self
            .now
            .checked_sub_signed(CODE_LONG_EXPIRED)
            .unwrap_or(self.now);
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
                    let attribute = |name: &str| user.attributes.get(name);
                    let email = attribute("email");
                    let name = email.filter(|_| by_email).unwrap_or(&user.username);
                    let name_key = folding.key(name);
                    let id = self
                        .decider
                        .legacy_id_attribute
                        .filter(|_| self.ids_are_proof)
                        .and_then(attribute);
                    let verified = attribute("email_verified").is_some_and(|flag| flag == "true");
                    let keys = [
                        id.map(|id| text_key(id)),
                        email.filter(|_| verified).map(|email| folding.key(email)),
                    ];
                    CopiedUser::new(user, keys, name_key, &kept, old_before)
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
                        let key = |text: &str| self.decider.folding.key(text);
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
            let found = copy.find(&wanted).await?;
            let ids: Vec<&str> = expected
                .iter()
                .map(|user| user.legacy_id.as_str())
                .collect();
            let recorded = recorded(journals, &ids).await?;
            let rules = Rules {
                managed,
                key: &self.key,
                prefer: self.prefer,
                token_attribute: self.token_attribute,
            };
            let (mut drift, mut to_do, mut learnt) = (Vec::new(), Vec::new(), Vec::new());
            for (index, user) in expected.iter().enumerate() {
                let found = found.get(&index);
                let recorded = recorded.get(&user.legacy_id);
                let mut compared = compare(user, found, recorded, &rules);
                if let Some(Found::User(found)) = found {
                    self.keep_addresses(copy, found, &mut compared).await?;
                    learnt.extend(compared.base.map(|base| Learnt {
                        legacy_id: user.legacy_id.clone(),
                        sub: found.sub.clone(),
                        pool_username: found.username.clone(),
                        is_between: found.unmodified
                            && found.status == UserStatus::ForceChangePassword,
                        base: base.to_text(),
                    }));
                    for fix in compared.fixes {
                        *counts.fixes.entry(fix.kind()).or_default() += 1;
                        to_do.push((found.username.clone(), fix));
                    }
                }
                for row in compared.rows {
                    *counts.drift.entry(row.clone_kind()).or_default() += 1;
                    drift.push(Drift {
                        legacy_id: user.legacy_id.clone(),
                        row,
                    });
                }
            }
            copy.add_drift(&drift).await?;
            copy.add_fixes(&to_do).await?;
            if self.learns {
                let now = self.now.to_rfc3339_opts(SecondsFormat::Millis, true);
                copy.teach_ledger(&learnt, &now).await?;
            }
            Ok(())
        })
        .await?;
        Ok(())
    }

    /// An address that travels is never taken from another holder: that is a conflict.
    async fn keep_addresses(
        &self,
        copy: &mut PoolCopy,
        found: &CopiedUser,
        compared: &mut Compared,
    ) -> Result<(), JournalError> {
        for fix in &mut compared.fixes {
            let Fix::SetAttributes(values) = fix else {
                continue;
            };
            let Some(email) = values.get("email").filter(|email| !email.is_empty()) else {
                continue;
            };
            let key = self.decider.folding.key(email);
            if copy.is_held_by_another(key, &found.username).await? {
                values.remove("email");
                values.remove("email_verified");
                let row = DriftRow::new(DriftKind::Conflict, "email is another user's");
                compared.rows.push(row);
            }
        }
        let is_empty = |fix: &Fix| matches!(fix, Fix::SetAttributes(values) if values.is_empty());
        compared.fixes.retain(|fix| !is_empty(fix));
        Ok(())
    }

    fn expect(&self, mut user: LegacyUser, shared: &Shared) -> Expected {
        let key = |text: &str| self.decider.folding.key(text);
        let email_key = user.email.as_deref().map(key);
        user.email_shared = email_key.is_some_and(|key| shared.emails.contains(&key));
        let alone = self.decider.decide(&user, &[]);
        let aliases = self.fit.mapping.sign_in == PoolSignIn::UsernameOrEmail;
        let collisions = Collisions {
            username: alone
                .keys
                .name
                .is_some_and(|key| shared.names.contains(&key)),
            verified_email: aliases
                && user.email_verified
                && email_key.is_some_and(|key| shared.verified.contains(&key)),
        };
        let routing = match (collisions.username, collisions.verified_email) {
            (false, false) => alone.routing,
            _ => self.decider.decide_among(&user, &[], collisions).routing,
        };
        let may_be_missing = match routing.route {
            Route::AdminCreate | Route::HashImport => None,
            Route::FirstLogin | Route::Hold => routing.reason,
        };
        let mapped = self.fit.mapping.attributes.iter();
        Expected {
            id_key: alone.keys.id,
            legacy_id: user.id.to_string(),
            name_key: alone.keys.name,
            may_be_missing,
            collides: collisions.username,
            mapped: mapped.map(|(name, _)| name.to_owned()).collect(),
            target: alone.target,
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
            legacy_id: self.legacy_id.clone(),
            id_key: self.id_key,
            name_key: self.name_key.filter(|_| !self.collides),
        }
    }
}

//! Where a pool stands: its users by the way they came, day by day, and those without a way in. Reads
//! with ListUsers alone, so that nobody becomes billable, and the ledger beside it. Whoever is in the
//! ledger came as it says; whoever bears the legacy id where no app client can write it, and is not in
//! the ledger, came through the trigger; everybody else registered in the pool. Called by `cutover
//! forecast`, `watch` and `retire`.

use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use chrono::{DateTime, NaiveDate, Utc};
use cognito_user_pool::{PoolDescription, UserPool, UserRecord, UserStatus};
use futures::{TryStreamExt, pin_mut};
use migration_model::{Config, Finding};
use serde::Serialize;

use crate::control::{RunControl, Stop};
use crate::id_proof::IdProof;
use crate::import_error::ImportError;
use crate::ledger::{KnownWay, LedgerPlace, LedgerReader, PoolIdentity};
use crate::progress::Phase;
use crate::reconcile::CODE_LONG_EXPIRED;

/// The way somebody came into the pool.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// Through the trigger, by signing in or by a forgotten password.
    FirstSignIn,
    /// By an import job, with their hash.
    HashImport,
    /// By AdminCreateUser.
    AdminCreate,
    /// Registered in the pool, or nothing proves who they are.
    Native,
}

/// A pool at one moment.
#[derive(Clone, Debug, Serialize)]
pub struct Standing {
    /// When reading it began, by the pool's clock.
    pub at: DateTime<Utc>,
    /// How long reading it took, in seconds.
    pub seconds: f64,
    /// Its users by the way they came; federated ones are left out.
    pub ways: BTreeMap<Way, u64>,
    /// First sign-ins through the trigger by day, UTC.
    pub first_sign_ins: BTreeMap<NaiveDate, u64>,
    /// The last of them.
    pub last_first_sign_in: Option<DateTime<Utc>>,
    /// Created by an import that was not through with them: no password, no code.
    pub between: u64,
    /// Migrated by a forgotten password more than a day ago, and never set a new one.
    pub unfinished_resets: u64,
    /// Users in whom groups still travel under a seal; `None` where none do by the configuration.
    pub sealed: Option<u64>,
    /// Whether the ids that people bear prove who they are; without, only the ledger does.
    pub ids_are_proof: bool,
    /// Whether the pool has a ledger here.
    pub has_ledger: bool,
    /// What keeps people from being told apart.
    pub findings: Vec<Finding>,
    /// False when somebody asked to stop before the end.
    pub complete: bool,
}

impl Standing {
    /// A pool in which nobody is.
    pub fn empty(at: DateTime<Utc>) -> Standing {
        Standing {
            at,
            seconds: 0.0,
            ways: BTreeMap::new(),
            first_sign_ins: BTreeMap::new(),
            last_first_sign_in: None,
            between: 0,
            unfinished_resets: 0,
            sealed: None,
            ids_are_proof: false,
            has_ledger: false,
            findings: Vec::new(),
            complete: false,
        }
    }

    /// Users who came this way.
    pub fn by(&self, way: Way) -> u64 {
        self.ways.get(&way).copied().unwrap_or(0)
    }

    /// Everybody.
    pub fn users(&self) -> u64 {
        self.ways.values().sum()
    }

    /// First sign-ins on the pool's present day.
    pub fn today(&self) -> u64 {
        let today = self.first_sign_ins.get(&self.at.date_naive());
        today.copied().unwrap_or(0)
    }

    /// Reads a pool.
    ///
    /// # Errors
    ///
    /// When the pool does not answer or the ledger cannot be read.
    pub async fn read(
        config: &Config,
        pool: &UserPool,
        ledger: &LedgerPlace,
        control: &RunControl,
    ) -> Result<Standing, ImportError> {
        let begun = Instant::now();
        let description = pool.describe_user_pool().await?;
        let id_column = config.legacy.columns.resolve("id");
        let attribute = config.mapping.attributes.legacy_id_attribute(id_column);
        let proof = IdProof::of(pool, attribute).await?;
        let path = ledger.path(&PoolIdentity::of(pool.address(), &description));
        let mut known = match path.exists() {
            true => Some(LedgerReader::open(path).await?),
            false => None,
        };
        let seal = seal(config, &description);
        let at = pool.server_time();
        let mut standing = Standing {
            sealed: seal.map(|_| 0),
            ids_are_proof: proof.is_proof,
            has_ledger: known.is_some(),
            findings: proof.finding.into_iter().collect(),
            ..Standing::empty(at)
        };
        control.show(|progress| {
            (progress.phase, progress.done, progress.total) =
                (Phase::ReadingPool, 0, description.estimated_users);
        });
        let pages = pool.list_users();
        pin_mut!(pages);
        while let Some(page) = pages.try_next().await? {
            if control.stopping() != Stop::No {
                return Ok(standing);
            }
            let subs: Vec<&str> = page.iter().filter_map(UserRecord::sub).collect();
            let ways = match &mut known {
                Some(ledger) => ledger.ways_of_subs(&subs).await?,
                None => HashMap::new(),
            };
            for user in &page {
                let way = user.sub().and_then(|sub| ways.get(sub));
                let bears_id = attribute.filter(|_| proof.is_proof).is_some_and(|name| {
                    let id = user.attributes.get(name);
                    id.is_some_and(|id| !id.is_empty())
                });
                standing.count(user, way, bears_id, seal);
            }
            let read = u64::try_from(page.len()).unwrap_or(0);
            control.show(|progress| progress.done += read);
        }
        standing.seconds = begun.elapsed().as_secs_f64();
        standing.complete = true;
        Ok(standing)
    }

    fn count(
        &mut self,
        user: &UserRecord,
        known: Option<&KnownWay>,
        bears_id: bool,
        seal: Option<&str>,
    ) {
        if user.status == UserStatus::ExternalProvider {
            return;
        }
        let unfinished = user.enabled && user.status == UserStatus::ForceChangePassword;
        let way = match known {
            Some(known) if known.is_by_hash() => Way::HashImport,
            Some(known) if known.is_by_import() => Way::AdminCreate,
            Some(_) => Way::FirstSignIn,
            // Only an administrator's call leaves somebody so, and only ours writes the id.
            None if bears_id && user.status == UserStatus::ForceChangePassword => Way::AdminCreate,
            None if bears_id => Way::FirstSignIn,
            None => Way::Native,
        };
        *self.ways.entry(way).or_default() += 1;
        let waits = known.map_or(bears_id, |known| !known.finished);
        self.between += u64::from(unfinished && waits);
        if way == Way::FirstSignIn {
            if let Some(created) = user.created {
                *self.first_sign_ins.entry(created.date_naive()).or_default() += 1;
                self.last_first_sign_in = self.last_first_sign_in.max(Some(created));
            }
            let is_old = user
                .created
                .is_some_and(|created| self.at - created > CODE_LONG_EXPIRED);
            let reset = user.status == UserStatus::ResetRequired && user.is_unmodified();
            self.unfinished_resets += u64::from(reset && is_old);
        }
        let bears_seal = seal.is_some_and(|name| {
            let value = user.attributes.get(name);
            value.is_some_and(|value| !value.is_empty())
        });
        if let Some(sealed) = &mut self.sealed {
            *sealed += u64::from(bears_seal);
        }
    }
}

/// The attribute in which groups travel, where the pool has it.
fn seal<'a>(config: &'a Config, pool: &PoolDescription) -> Option<&'a str> {
    let attribute = config.trigger.groups_attribute.as_deref();
    attribute.filter(|name| pool.schema.contains_key(*name))
}

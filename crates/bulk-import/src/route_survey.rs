//! Which way every legacy user goes, now and at the close, without writing anything anywhere: what a
//! forecast is made of. Asks the decision that the plan asks, and what users are to each other as the
//! plan resolves it. Reads the legacy database once, as a stream; memory does not grow with it.

use cognito_user_pool::UserPool;
use futures::{StreamExt, pin_mut};
use legacy_users::LegacyDatabase;
use migration_model::{Config, HashForms, LegacyUser, PoolSignIn, Route};

use crate::control::{RunControl, Stop};
use crate::decider::Decider;
use crate::import_error::ImportError;
use crate::ledger::{LedgerPlace, LedgerReader, PoolIdentity, known_hash_forms};
use crate::planner::PlanPolicy;
use crate::pool_fit::PoolFit;
use crate::progress::Phase;
use crate::prospect::{Prospect, ProspectKeys};
use crate::prospects_file::{Met, ProspectsFile};

/// Legacy users read at a time.
const PAGE: usize = 2_000;

/// Decides on every legacy user and hands each to `visit`, in no order. False when somebody asked to
/// stop.
///
/// # Errors
///
/// When the pool cannot hold the users as cutover.toml maps them, or the legacy database or the
/// temporary files cannot be read.
pub async fn route_survey(
    legacy: &LegacyDatabase,
    config: &Config,
    pool: &UserPool,
    ledger: Option<&LedgerPlace>,
    control: &RunControl,
    visit: &mut (dyn FnMut(&Prospect) + Send),
) -> Result<bool, ImportError> {
    let description = pool.describe_user_pool().await?;
    let fit = PoolFit::of(&config.mapping, &description)?;
    let believed = match pool.address().is_loopback() {
        true => HashForms::ALL,
        false => HashForms::default(),
    };
    let path = ledger.map(|place| place.path(&PoolIdentity::of(pool.address(), &description)));
    let path = path.filter(|path| path.exists());
    let (forms, mut known) = match &path {
        Some(path) => (
            known_hash_forms(path, believed).await?,
            Some(LedgerReader::open(path.clone()).await?),
        ),
        None => (believed, None),
    };
    let policy = PlanPolicy::of_no_run(config, config.import.routes);
    let decider = Decider::new(config, &fit.mapping, &description, policy).for_forms(forms);
    let mut file = ProspectsFile::begin().map_err(ImportError::TemporaryFile)?;
    let total = legacy.count_users().await?;
    control.show(|progress| {
        (progress.phase, progress.done, progress.total) = (Phase::Planning, 0, total);
    });
    let pages = legacy.users(None, PAGE).chunks(PAGE);
    pin_mut!(pages);
    while let Some(page) = pages.next().await {
        if control.stopping() != Stop::No {
            return Ok(false);
        }
        let users: Vec<LegacyUser> = page.into_iter().collect::<Result<_, _>>()?;
        let ids: Vec<String> = users.iter().map(|user| user.id.to_string()).collect();
        let ways = match &mut known {
            Some(ledger) => ledger.ways_of(&ids).await?,
            None => std::collections::HashMap::new(),
        };
        for (user, id) in users.iter().zip(&ids) {
            let (mut prospect, keys) = decided(&decider, user);
            if let Some(way) = ways.get(id) {
                prospect.imported = way.is_by_import();
                if way.deleted {
                    // Whoever was deleted in the pool is not made again.
                    (prospect.now, prospect.at_close) = (Route::Hold, Route::Hold);
                }
            }
            file.add(prospect, keys)
                .map_err(ImportError::TemporaryFile)?;
        }
        let read = u64::try_from(users.len()).unwrap_or(0);
        control.show(|progress| progress.done += read);
    }
    let emails_are_aliases = fit.mapping.sign_in == PoolSignIn::UsernameOrEmail;
    let admin_create = config.import.routes.allows(Route::AdminCreate);
    file.meet(|met| visit(&resolved(met, emails_are_aliases, admin_create)))
        .map_err(ImportError::TemporaryFile)?;
    Ok(true)
}

fn decided(decider: &Decider<'_>, user: &LegacyUser) -> (Prospect, ProspectKeys) {
    let decided = decider.decide(user, &[]);
    let prospect = Prospect {
        now: decided.routing.route,
        at_close: decided.at_close.route,
        may_sign_in: decided.may_sign_in,
        last_login: user.last_login,
        date_joined: user.date_joined,
        memberships: u32::try_from(decided.target.groups.len()).unwrap_or(u32::MAX),
        has_contact: decided.target.has_verified_contact(),
        imported: false,
    };
    let keys = ProspectKeys {
        name: decided.keys.name,
        email: decided.keys.email,
        verified: decided.keys.verified,
        collidable: decided.collidable,
    };
    (prospect, keys)
}

/// The same with what legacy users are to each other, as `journal::planning` resolves it.
fn resolved(met: &Met, emails_are_aliases: bool, admin_create: bool) -> Prospect {
    let mut prospect = met.prospect;
    let collides = met.name_shared || (emails_are_aliases && met.verified_shared);
    if met.keys.collidable && collides {
        (prospect.now, prospect.at_close) = (Route::Hold, Route::Hold);
    }
    if met.email_shared && prospect.has_contact {
        // A shared address is nobody's, and an import job takes nobody without one.
        prospect.has_contact = false;
        if prospect.now == Route::HashImport {
            prospect.now = Route::FirstLogin;
        }
        if prospect.at_close == Route::HashImport {
            prospect.at_close = match admin_create {
                true => Route::AdminCreate,
                false => Route::Hold,
            };
        }
    }
    prospect
}

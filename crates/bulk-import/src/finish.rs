//! A way in for those between: users whom an import created and never gave a password, because it
//! was killed, its permission was missing, or its journal is lost. Works with the pool and the ledger
//! alone. Touches only whoever is proven to be a legacy user and was never changed since creation.

use cognito_user_pool::{Disposition, UserPool, UserRecord, UserStatus, WritableUserPool};
use futures::{TryStreamExt, pin_mut};
use migration_model::Config;

use crate::control::{RunControl, Stop};
use crate::decider::Decider;
use crate::id_proof::IdProof;
use crate::import::policy;
use crate::import_error::ImportError;
use crate::ledger::{Ledger, PoolIdentity, PoolSubs};
use crate::pool_fit::PoolFit;
use crate::progress::Phase;
use crate::random_password::random_password;
use crate::settings::ImportRun;

/// What became of those between.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Finished {
    /// Given a way in; in a dry run, to be given one.
    pub given: u64,
    /// Without a way in, and not proven to be a legacy user, or changed by somebody since.
    pub unproven: u64,
    /// Refused by Cognito.
    pub refused: u64,
}

/// Gives everybody a way in whom an import left without one; without `writable` it only counts.
///
/// # Errors
///
/// When the pool or the ledger cannot be used, or another import of this pool is at work.
pub async fn finish(
    config: &Config,
    pool: &UserPool,
    writable: Option<&WritableUserPool>,
    run: &ImportRun,
    control: &RunControl,
) -> Result<Finished, ImportError> {
    let description = pool.describe_user_pool().await?;
    let fit = PoolFit::of(&config.mapping, &description)?;
    let decider = Decider::new(config, &fit.mapping, &description, policy(config, run));
    let attribute = decider.legacy_id_attribute;
    let proof = IdProof::of(pool, attribute).await?;
    let identity = PoolIdentity::of(pool.address(), &description);
    // Held for as long as this runs: an import at work has users between, and finishes them itself.
    let _ledger = Ledger::hold(&run.ledger, pool).await?;
    let mut known = PoolSubs::open(&run.ledger.path(&identity)).await?;
    control.show(|progress| {
        (progress.phase, progress.done, progress.total) =
            (Phase::ReadingPool, 0, description.estimated_users);
    });
    let mut finished = Finished::default();
    let pages = pool.list_users();
    pin_mut!(pages);
    while let Some(page) = pages.try_next().await? {
        if control.stopping() != Stop::No {
            return Ok(finished);
        }
        let read = u64::try_from(page.len()).unwrap_or(0);
        for record in page.iter().filter(|record| is_between(record)) {
            let by_id = proof.is_proof
                && attribute.is_some_and(|name| record.attributes.contains_key(name));
            let is_ours = match record.sub() {
                Some(sub) => by_id || known.contains(sub).await?,
                None => false,
            };
            // Whoever was given a temporary password since has a way in, and it is not ours to take.
            match (is_ours && record.is_unmodified(), writable) {
                (false, _) => finished.unproven += 1,
                (true, None) => finished.given += 1,
                (true, Some(pool)) => {
                    let password = random_password(description.password_policy.minimum_length);
                    let set = pool
                        .patience()
                        .repeat(|| {
                            pool.admin_set_user_password(&record.username, password.expose())
                        })
                        .await;
                    match set {
                        Ok(()) => finished.given += 1,
                        Err(error) if error.disposition() == Disposition::Halt => {
                            return Err(error.into());
                        }
                        Err(_) => finished.refused += 1,
                    }
                }
            }
        }
        control.show(|progress| progress.done += read);
    }
    Ok(finished)
}

fn is_between(record: &UserRecord) -> bool {
    record.enabled && record.status == UserStatus::ForceChangePassword
}

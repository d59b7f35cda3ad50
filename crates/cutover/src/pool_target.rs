//! Which user pool a command works on, and how fast it may: from flags, configuration and what the
//! pool itself says of its limits.

use cognito_user_pool::{Patience, PoolAddress, PoolFault, QuotaCategory, Quotas, Share, UserPool};
use migration_model::Config;

use crate::arguments::PoolTarget;
use crate::exit_status::{ExitStatus, Failure};

/// A limit above which there is none: the local pool with its quotas off answers with the largest
/// number the API can carry. No account has a million requests a second.
const NO_LIMIT: f64 = 1e6;

/// The address: flags first, then `[pool]`.
pub(crate) fn address(config: &Config, options: &PoolTarget) -> Result<PoolAddress, Failure> {
    let target = config.pool.as_ref();
    let hint = "name the pool under [pool] in cutover.toml, or with --user-pool-id and --region; \
                cutover pool serve prints those of a local pool";
    let pool_id = options
        .user_pool_id
        .as_ref()
        .or(target.map(|pool| &pool.user_pool_id));
    let Some(pool_id) = pool_id else {
        return Err(Failure::usage("no user pool is named").hint(hint));
    };
    // A pool id begins with its Region.
    let of_id = pool_id.rsplit_once('_').map(|(region, _)| region);
    let region = options
        .region
        .as_deref()
        .or(target.map(|pool| pool.region.as_str()))
        .or(of_id);
    let endpoint = options.endpoint_url.as_deref();
    PoolAddress::new(region.unwrap_or_default(), pool_id, endpoint).map_err(|error| {
        Failure::usage("the user pool's address cannot be")
            .source(error)
            .hint(hint)
    })
}

/// Connects with the limits that hold.
pub(crate) async fn connect(
    address: PoolAddress,
    options: &PoolTarget,
) -> Result<UserPool, Failure> {
    let share = Share::new(options.share)
        .map_err(|error| Failure::usage(format!("--share {}", options.share)).source(error))?;
    let quotas = Quotas::defaults(share);
    // The first question has no patience: whoever has just typed the command hears at once that
    // nobody listens there. Outages later on are waited out.
    let first = UserPool::connect(address.clone(), quotas.clone(), Patience::NONE).await;
    let limit = first
        .get_provisioned_limit(QuotaCategory::UserCreation)
        .await;
    let shown = address.to_string();
    let pool = UserPool::connect(address, quotas.clone(), Patience::default()).await;
    match limit {
        Err(error) if error.fault() == PoolFault::Unreachable => {
            let hint = error.hint();
            return Err(Failure::new(
                ExitStatus::Halted,
                format!("the user pool {shown} does not answer"),
            )
            .source(error)
            .hint(hint));
        }
        Ok(Some(limit)) if limit >= NO_LIMIT => pool.set_quotas(Quotas::off()),
        Ok(Some(limit)) => {
            pool.set_quotas(quotas.with_limit(QuotaCategory::UserCreation, limit));
        }
        // Not allowed to ask, or nobody to answer: Cognito's defaults hold, and what is wrong
        // with the pool is said by the first call that needs it.
        Ok(None) | Err(_) => {}
    }
    Ok(pool)
}

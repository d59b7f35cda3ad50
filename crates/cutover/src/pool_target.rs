//! Which user pool a command works on, and how fast it may: from flags, configuration and what the
//! pool itself says of its limits.

use std::time::Duration;

use cognito_user_pool::{
    AddressError, Patience, PoolAddress, PoolError, PoolFault, QuotaCategory, Quotas, UserPool,
};
use migration_model::Config;

use crate::arguments::PoolTarget;
use crate::exit_status::{ExitStatus, Failure};
use crate::output;

/// A limit above which there is none: the local pool with its quotas off answers with the largest
/// number the API can carry. No account has a million requests a second.
const NO_LIMIT: f64 = 1e6;
/// A connection that is reset once is tried again; an endpoint that is not there is told.
const FIRST_QUESTION: Patience = Patience {
    outage: Duration::from_secs(2),
    longest_pause: Duration::from_millis(500),
};

/// The address: flags first, then `[pool]`.
pub(crate) fn address(config: &Config, options: &PoolTarget) -> Result<PoolAddress, Failure> {
    let target = config.pool.as_ref();
    let hint = "name the pool under [pool] in cutover.toml, or with --user-pool-id and --region; for \
                a local one run `cutover pool serve` in another terminal: it prints the \
                --user-pool-id and --endpoint-url to add here";
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
        Failure::usage("this is no address of a user pool")
            .source(error)
            .hint(match error {
                AddressError::EndpointUrl | AddressError::PlainHttp => {
                    "correct --endpoint-url, or leave it out for AWS's own"
                }
                AddressError::Region | AddressError::UserPoolId => hint,
            })
    })
}

/// Connects with the limits that hold, and says where they differ from Cognito's defaults.
pub(crate) async fn connect(
    address: PoolAddress,
    options: &PoolTarget,
) -> Result<UserPool, Failure> {
    let quotas = Quotas::defaults(options.share);
    // The first question has little patience: whoever has just typed the command hears soon that
    // nobody listens there, or that they are not signed in. Outages later on are waited out.
    let first = UserPool::connect(address.clone(), quotas.clone(), FIRST_QUESTION).await;
    // The one category whose limit can be raised and that an import's speed depends on.
    let asked = QuotaCategory::UserCreation;
    let provisioned = first.get_provisioned_limit(asked).await;
    let mut quotas = match provisioned {
        Err(error) if is_in_the_way(error.fault()) => return Err(no_answer(&address, error)),
        Ok(Some(limit)) if limit >= NO_LIMIT => Quotas::off(),
        Ok(Some(limit)) => quotas.with_limit(asked, limit),
        Ok(None) => quotas,
        Err(error) => {
            if error.fault() == PoolFault::AccessDenied {
                output::note(
                    "the account's limits may not be read (cognito-idp:GetProvisionedLimit): \
                     Cognito's defaults are taken; --limit UserCreation=RATE gives another",
                );
            }
            quotas
        }
    };
    for given in &options.limit {
        quotas = quotas.with_limit(given.category, given.limit);
    }
    let pool = UserPool::connect(address, quotas, Patience::default()).await;
    Ok(pool)
}

/// What keeps every further call from success as well.
fn is_in_the_way(fault: PoolFault) -> bool {
    matches!(
        fault,
        PoolFault::Unreachable
            | PoolFault::Credentials
            | PoolFault::SessionExpired
            | PoolFault::Clock
    )
}

fn no_answer(address: &PoolAddress, error: PoolError) -> Failure {
    let what = match error.fault() {
        PoolFault::Unreachable => "does not answer",
        _ => "cannot be asked",
    };
    let hint = error.hint();
    Failure::new(
        ExitStatus::Halted,
        format!("the user pool {address} {what}"),
    )
    .source(error)
    .hint(hint)
}

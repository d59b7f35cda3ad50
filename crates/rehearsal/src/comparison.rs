//! STUB until reconcile lands.
use crate::report::Comparison;
use cognito_user_pool::UserPool;
use legacy_users::LegacyDatabase;
use migration_model::Config;

pub(crate) async fn compare(
    _: &LegacyDatabase,
    _: &Config,
    _: &UserPool,
) -> Result<Comparison, crate::RehearsalError> {
    Ok(Comparison::default())
}

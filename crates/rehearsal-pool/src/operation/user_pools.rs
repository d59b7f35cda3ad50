//! Pools: create, describe, update, delete, list.
//!
//! Sources: the API reference of the operations; guide page cognito-user-pool-updating.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::import_jobs::has_active_import;
use super::nothing;
use crate::api_error::ApiError;
use crate::clock::epoch_seconds;
use crate::page::{after, cut, page_size};
use crate::pool::Pool;
use crate::pool::config::PoolConfig;
use crate::pool::schema::SchemaAttribute;
use crate::random;
use crate::service::Service;

/// Quota page: user pools per Region.
const MOST_POOLS: usize = 1_000;

pub(super) async fn create_user_pool(
    service: &Service,
    request: Map<String, Value>,
) -> Result<Value, ApiError> {
    make_user_pool(service, request, random::pool_id(&service.region))
}

/// Makes a pool under an id of the caller's: the pool of the options may have to answer to the id
/// that the trigger's configuration names.
pub(crate) fn make_user_pool(
    service: &Service,
    request: Map<String, Value>,
    id: String,
) -> Result<Value, ApiError> {
    let now = service.now();
    if service.pool_count() >= MOST_POOLS {
        return Err(ApiError::new(
            "LimitExceededException",
            format!("An account has at most {MOST_POOLS} user pools in a Region."),
        ));
    }
    let config = PoolConfig::of_new_pool(request, now)?;
    let arn = service.pool_arn(&id);
    let pool = service.add_pool(Pool::new(id, arn, now, config));
    Ok(json!({"UserPool": described(&pool)}))
}

fn described(pool: &Pool) -> Value {
    let users = pool.state().users.len();
    pool.config()
        .described(&pool.id, &pool.arn, pool.created, users)
        .into()
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct OnePool {
    user_pool_id: String,
}

pub(super) async fn describe_user_pool(
    service: &Service,
    request: OnePool,
) -> Result<Value, ApiError> {
    let pool = service.pool(&request.user_pool_id)?;
    Ok(json!({"UserPool": described(&pool)}))
}

pub(super) async fn update_user_pool(
    service: &Service,
    request: Map<String, Value>,
) -> Result<Value, ApiError> {
    let id = request
        .get("UserPoolId")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let pool = service.pool(id)?;
    if has_active_import(&pool) {
        return Err(import_in_progress());
    }
    let config = pool.config().updated(request, service.now())?;
    pool.set_config(config);
    nothing()
}

pub(super) async fn delete_user_pool(
    service: &Service,
    request: OnePool,
) -> Result<Value, ApiError> {
    let pool = service.pool(&request.user_pool_id)?;
    if pool.config().is_protected() {
        return Err(ApiError::invalid_parameter(
            "The user pool cannot be deleted because deletion protection is activated. Deletion \
             protection must be inactivated first.",
        ));
    }
    service.remove_pool(&request.user_pool_id);
    nothing()
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AddCustomAttributes {
    user_pool_id: String,
    custom_attributes: Vec<SchemaAttribute>,
}

pub(super) async fn add_custom_attributes(
    service: &Service,
    request: AddCustomAttributes,
) -> Result<Value, ApiError> {
    let pool = service.pool(&request.user_pool_id)?;
    if has_active_import(&pool) {
        return Err(import_in_progress());
    }
    let config = pool.config();
    let mut schema = config.schema.clone();
    for attribute in request.custom_attributes {
        schema.add_custom(attribute)?;
    }
    pool.set_config(config.with_schema(schema, service.now()));
    nothing()
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListUserPools {
    max_results: usize,
    next_token: Option<String>,
}

pub(super) async fn list_user_pools(
    service: &Service,
    request: ListUserPools,
) -> Result<Value, ApiError> {
    let last = after(request.next_token.as_deref())?;
    let (page, next) = cut(
        service.pools_after(last.as_deref()).into_iter(),
        page_size(Some(request.max_results)),
        |pool| pool.id.clone(),
    );
    let pools: Vec<Value> = page
        .iter()
        .map(|pool| {
            let config = pool.config();
            json!({
                "Id": pool.id,
                "Name": config.name,
                "LambdaConfig": config.lambda_config(),
                "CreationDate": epoch_seconds(pool.created),
                "LastModifiedDate": epoch_seconds(config.modified()),
            })
        })
        .collect();
    let mut answer = json!({"UserPools": pools});
    if let Some(next) = next {
        answer["NextToken"] = next.into();
    }
    Ok(answer)
}

/// `UserImportInProgressException`, which both changes of a pool declare.
fn import_in_progress() -> ApiError {
    ApiError::new(
        "UserImportInProgressException",
        "The user pool cannot be changed while a user import job is running.",
    )
}

//! App clients: create, describe, update, delete, list.
//!
//! Source: the API reference of the operations.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::nothing;
use crate::api_error::ApiError;
use crate::page::{after, cut, page_size};
use crate::pool::client::Client;
use crate::pool::client_rules;
use crate::random;
use crate::service::Service;

/// Quota page: app clients per user pool.
const MOST_CLIENTS: usize = 1_000;

pub(super) async fn create_user_pool_client(
    service: &Service,
    request: Map<String, Value>,
) -> Result<Value, ApiError> {
    make_user_pool_client(service, request, random::client_id())
}

/// Makes an app client under an id of the caller's, as `make_user_pool` does a pool.
pub(crate) fn make_user_pool_client(
    service: &Service,
    request: Map<String, Value>,
    client_id: String,
) -> Result<Value, ApiError> {
    let id = request
        .get("UserPoolId")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let pool = service.pool(id)?;
    if pool.clients().len() >= MOST_CLIENTS {
        return Err(ApiError::new(
            "LimitExceededException",
            format!("A user pool has at most {MOST_CLIENTS} app clients."),
        ));
    }
    client_rules::check(&request, &pool.config().schema, "creating")?;
    let client = Client::create(client_id, &pool.id, request, service.now())?;
    let client = service.add_client(&pool, client);
    Ok(json!({"UserPoolClient": client.described()}))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct OneClient {
    user_pool_id: String,
    client_id: String,
}

pub(super) async fn describe_user_pool_client(
    service: &Service,
    request: OneClient,
) -> Result<Value, ApiError> {
    let client = service
        .pool(&request.user_pool_id)?
        .client(&request.client_id)?;
    Ok(json!({"UserPoolClient": client.described()}))
}

pub(super) async fn update_user_pool_client(
    service: &Service,
    request: Map<String, Value>,
) -> Result<Value, ApiError> {
    let named = |name: &str| {
        request
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let pool = service.pool(named("UserPoolId"))?;
    let client = pool.client(named("ClientId"))?;
    client_rules::check(&request, &pool.config().schema, "updating")?;
    let client = client.updated(request, service.now())?;
    let client = pool.put_client(client);
    Ok(json!({"UserPoolClient": client.described()}))
}

pub(super) async fn delete_user_pool_client(
    service: &Service,
    request: OneClient,
) -> Result<Value, ApiError> {
    let pool = service.pool(&request.user_pool_id)?;
    service.remove_client(&pool, &request.client_id)?;
    nothing()
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListClients {
    user_pool_id: String,
    max_results: Option<usize>,
    next_token: Option<String>,
}

pub(super) async fn list_user_pool_clients(
    service: &Service,
    request: ListClients,
) -> Result<Value, ApiError> {
    let pool = service.pool(&request.user_pool_id)?;
    let last = after(request.next_token.as_deref())?;
    let clients = pool
        .clients()
        .into_iter()
        .filter(|client| last.as_ref().is_none_or(|last| client.id > *last));
    let (page, next) = cut(clients, page_size(request.max_results), |client| {
        client.id.clone()
    });
    let clients: Vec<Value> = page
        .iter()
        .map(|client| {
            json!({
                "ClientId": client.id,
                "UserPoolId": client.pool_id,
                "ClientName": client.name,
            })
        })
        .collect();
    let mut answer = json!({"UserPoolClients": clients});
    if let Some(next) = next {
        answer["NextToken"] = next.into();
    }
    Ok(answer)
}

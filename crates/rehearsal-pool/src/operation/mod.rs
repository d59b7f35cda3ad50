//! The operations, one file per group of them.
//!
//! Responsible for finding the operation a request names and giving it its input: the one place
//! that lists what this pool serves. Each operation reads its own request type and returns the
//! JSON of its answer.

mod authentication_result;
mod groups;
mod migration;
mod password_check;
mod password_recovery;
mod passwords;
mod self_service;
mod sign_in;
mod user_attributes;
mod user_creation;
mod user_listing;
mod user_pool_clients;
mod user_pools;
mod users;

pub(crate) use self::user_pool_clients::create_user_pool_client;
pub(crate) use self::user_pools::create_user_pool;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::api_error::ApiError;
use crate::api_model::api_model;
use crate::service::Service;

macro_rules! operations {
    ($($name:ident => $handler:path,)*) => {
        /// Every operation this pool serves, by Cognito's name.
        pub(crate) const SERVED: &[&str] = &[$(stringify!($name)),*];

        async fn run(service: &Service, name: &str, input: Value) -> Result<Value, ApiError> {
            match name {
                $(stringify!($name) => $handler(service, read(input)?).await,)*
                _ => Err(ApiError::new(
                    "UnknownOperationException",
                    format!(
                        "The rehearsal pool does not have the operation {name}; its README lists \
                         those it has."
                    ),
                )),
            }
        }
    };
}

operations! {
    AdminAddUserToGroup => groups::admin_add_user_to_group,
    AdminCreateUser => user_creation::admin_create_user,
    AdminDeleteUser => users::admin_delete_user,
    AdminDeleteUserAttributes => user_attributes::admin_delete_user_attributes,
    AdminDisableUser => users::admin_disable_user,
    AdminEnableUser => users::admin_enable_user,
    AdminGetUser => users::admin_get_user,
    AdminInitiateAuth => sign_in::admin_initiate_auth,
    AdminListGroupsForUser => groups::admin_list_groups_for_user,
    AdminRemoveUserFromGroup => groups::admin_remove_user_from_group,
    AdminResetUserPassword => password_recovery::admin_reset_user_password,
    AdminRespondToAuthChallenge => sign_in::admin_respond_to_auth_challenge,
    AdminSetUserPassword => passwords::admin_set_user_password,
    AdminUpdateUserAttributes => user_attributes::admin_update_user_attributes,
    ConfirmForgotPassword => password_recovery::confirm_forgot_password,
    CreateGroup => groups::create_group,
    CreateUserPool => user_pools::create_user_pool,
    CreateUserPoolClient => user_pool_clients::create_user_pool_client,
    DeleteGroup => groups::delete_group,
    DeleteUserPool => user_pools::delete_user_pool,
    DeleteUserPoolClient => user_pool_clients::delete_user_pool_client,
    DescribeUserPool => user_pools::describe_user_pool,
    DescribeUserPoolClient => user_pool_clients::describe_user_pool_client,
    ForgotPassword => password_recovery::forgot_password,
    GetGroup => groups::get_group,
    GetUser => self_service::get_user,
    InitiateAuth => sign_in::initiate_auth,
    ListGroups => groups::list_groups,
    ListUserPoolClients => user_pool_clients::list_user_pool_clients,
    ListUserPools => user_pools::list_user_pools,
    ListUsers => user_listing::list_users,
    ListUsersInGroup => groups::list_users_in_group,
    RespondToAuthChallenge => sign_in::respond_to_auth_challenge,
    UpdateGroup => groups::update_group,
    UpdateUserPool => user_pools::update_user_pool,
    UpdateUserPoolClient => user_pool_clients::update_user_pool_client,
}

/// Whether this pool serves an operation.
pub(crate) fn is_served(name: &str) -> bool {
    SERVED.contains(&name)
}

/// Runs one operation: constraints of the API model, quota, then the operation itself.
pub(crate) async fn dispatch(
    service: &Service,
    name: &str,
    input: Value,
) -> Result<Value, ApiError> {
    let model = api_model();
    if let (true, Some(operation)) = (is_served(name), model.operations.get(name)) {
        if !service.quotas.take(name, service.now()) {
            return Err(ApiError::too_many_requests());
        }
        model.validate(operation, &input)?;
    }
    run(service, name, input).await
}

/// Reads a validated input; what the model permits but the type does not is a defect here.
fn read<Request: DeserializeOwned>(input: Value) -> Result<Request, ApiError> {
    serde_json::from_value(input)
        .map_err(|_| ApiError::new("SerializationException", "The request cannot be read."))
}

/// The answer of operations that return nothing.
fn nothing() -> Result<Value, ApiError> {
    Ok(Value::Object(serde_json::Map::new()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_served_is_an_operation_of_the_service() {
        for name in SERVED {
            assert!(api_model().operations.contains_key(*name), "{name}");
        }
    }
}

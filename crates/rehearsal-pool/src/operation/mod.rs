//! The operations, one file per group of them.
//!
//! Responsible for finding the operation a request names and giving it its input: the one place
//! that lists what this pool serves. Each operation reads its own request type and returns the
//! JSON of its answer.

mod attribute_codes;
mod auth_parameters;
mod authentication_result;
mod challenge_answers;
mod code_delivery;
mod groups;
mod identity_links;
mod import_jobs;
mod migration;
mod password_check;
mod password_recovery;
mod passwords;
mod provisioned_limits;
mod self_service;
mod sessions;
mod sign_in;
mod sign_up;
mod srp_sign_in;
mod user_attributes;
mod user_creation;
mod user_listing;
mod user_pool_clients;
mod user_pools;
mod users;

pub(crate) use self::import_jobs::upload;
pub(crate) use self::user_creation::check_flags;
pub(crate) use self::user_pool_clients::make_user_pool_client;
pub(crate) use self::user_pools::make_user_pool;

use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::api_error::ApiError;
use crate::api_model::api_model;
use crate::belief::Told;
use crate::quota::Call;
use crate::service::Service;

macro_rules! operations {
    ($($name:ident => $handler:path,)*) => {
        /// Every operation this pool serves, by Cognito's name.
        pub(crate) const SERVED: &[&str] = &[$(stringify!($name)),*];

        async fn run(service: &Arc<Service>, name: &str, input: Value) -> Result<Value, ApiError> {
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
    AddCustomAttributes => user_pools::add_custom_attributes,
    AdminAddUserToGroup => groups::admin_add_user_to_group,
    AdminConfirmSignUp => sign_up::admin_confirm_sign_up,
    AdminCreateUser => user_creation::admin_create_user,
    AdminDeleteUser => users::admin_delete_user,
    AdminDeleteUserAttributes => user_attributes::admin_delete_user_attributes,
    AdminDisableProviderForUser => identity_links::admin_disable_provider_for_user,
    AdminDisableUser => users::admin_disable_user,
    AdminEnableUser => users::admin_enable_user,
    AdminGetUser => users::admin_get_user,
    AdminInitiateAuth => sign_in::admin_initiate_auth,
    AdminLinkProviderForUser => identity_links::admin_link_provider_for_user,
    AdminListGroupsForUser => groups::admin_list_groups_for_user,
    AdminRemoveUserFromGroup => groups::admin_remove_user_from_group,
    AdminResetUserPassword => password_recovery::admin_reset_user_password,
    AdminRespondToAuthChallenge => challenge_answers::admin_respond_to_auth_challenge,
    AdminSetUserPassword => passwords::admin_set_user_password,
    AdminUpdateUserAttributes => user_attributes::admin_update_user_attributes,
    AdminUserGlobalSignOut => sessions::admin_user_global_sign_out,
    ChangePassword => self_service::change_password,
    ConfirmForgotPassword => password_recovery::confirm_forgot_password,
    ConfirmSignUp => sign_up::confirm_sign_up,
    CreateGroup => groups::create_group,
    CreateUserImportJob => import_jobs::create_user_import_job,
    CreateUserPool => user_pools::create_user_pool,
    CreateUserPoolClient => user_pool_clients::create_user_pool_client,
    DeleteGroup => groups::delete_group,
    DeleteUser => self_service::delete_user,
    DeleteUserAttributes => self_service::delete_user_attributes,
    DeleteUserPool => user_pools::delete_user_pool,
    DeleteUserPoolClient => user_pool_clients::delete_user_pool_client,
    DescribeUserImportJob => import_jobs::describe_user_import_job,
    DescribeUserPool => user_pools::describe_user_pool,
    DescribeUserPoolClient => user_pool_clients::describe_user_pool_client,
    ForgotPassword => password_recovery::forgot_password,
    GetCSVHeader => import_jobs::get_csv_header,
    GetGroup => groups::get_group,
    GetProvisionedLimit => provisioned_limits::get_provisioned_limit,
    GetTokensFromRefreshToken => sessions::get_tokens_from_refresh_token,
    GetUser => self_service::get_user,
    GetUserAttributeVerificationCode => attribute_codes::get_user_attribute_verification_code,
    GlobalSignOut => sessions::global_sign_out,
    InitiateAuth => sign_in::initiate_auth,
    ListGroups => groups::list_groups,
    ListUserImportJobs => import_jobs::list_user_import_jobs,
    ListUserPoolClients => user_pool_clients::list_user_pool_clients,
    ListUserPools => user_pools::list_user_pools,
    ListUsers => user_listing::list_users,
    ListUsersInGroup => groups::list_users_in_group,
    ResendConfirmationCode => sign_up::resend_confirmation_code,
    RespondToAuthChallenge => challenge_answers::respond_to_auth_challenge,
    RevokeToken => sessions::revoke_token,
    SignUp => sign_up::sign_up,
    StartUserImportJob => import_jobs::start_user_import_job,
    StopUserImportJob => import_jobs::stop_user_import_job,
    UpdateGroup => groups::update_group,
    UpdateProvisionedLimit => provisioned_limits::update_provisioned_limit,
    UpdateUserAttributes => self_service::update_user_attributes,
    UpdateUserPool => user_pools::update_user_pool,
    UpdateUserPoolClient => user_pool_clients::update_user_pool_client,
    VerifyUserAttribute => attribute_codes::verify_user_attribute,
}

/// Whether this pool serves an operation.
pub(crate) fn is_served(name: &str) -> bool {
    SERVED.contains(&name)
}

/// Runs one operation: constraints of the API model, quota, then the operation itself.
pub(crate) async fn dispatch(
    service: &Arc<Service>,
    name: &str,
    mut input: Value,
) -> Result<Value, ApiError> {
    let model = api_model();
    if let (true, Some(operation)) = (is_served(name), model.operations.get(name)) {
        let call = Call {
            operation: name,
            input: &input,
        };
        if !service.quotas.take(call, service.now()) {
            return Err(ApiError::too_many_requests());
        }
        model.validate(operation, &input)?;
        // AWS JSON services ignore members they do not know.
        let _unknown = model.reduce(operation, &mut input);
    }
    let operating = async {
        let result = run(service, name, input).await;
        result.map_err(|error| service.beliefs.worded(name, error))
    };
    let result = service.beliefs.counting(operating).await;
    if let (Err(error), Some(operation)) = (&result, model.operations.get(name)) {
        let declared = operation.errors.iter().any(|known| known == error.code());
        debug_assert!(
            declared
                || !is_served(name)
                || error.code() == "SerializationException"
                || *error == ApiError::daily_mail_exceeded(),
            "{name} does not declare {error}"
        );
    }
    result
}

/// Reads a validated input; what the model permits but the type does not is a defect here.
fn read<Request: DeserializeOwned>(input: Value) -> Result<Request, ApiError> {
    serde_json::from_value(input)
        .map_err(|_| ApiError::new("SerializationException", "The request cannot be read."))
}

/// The answer of a call that changes nothing and is believed to be no error.
fn accepted_unless_told(service: &Service, belief: &str) -> Result<Value, ApiError> {
    match service.beliefs.told(belief, Told::Accepted) {
        Told::Accepted => nothing(),
        Told::Refused(error) => Err(error),
    }
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

//! `InitiateAuth` and `AdminInitiateAuth`.
//!
//! Responsible for which flow a request asks for and whether the app client permits it. How a
//! password is judged is `password_check`'s, SRP `srp_sign_in`'s, what a finished sign-in returns
//! `authentication_result`'s, and what happens for unknown names `migration`'s.
//!
//! Sources: the API reference of the operations; guide page
//! amazon-cognito-user-pools-authentication-flow-methods. Texts are those callers report.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::auth_parameters::Parameters;
use super::authentication_result::{Finished, Occasion as TokenOccasion, finish};
use super::migration::{Migration, Occasion, migrate};
use super::password_check::{Judged, judge, settle_imported_hash};
use super::srp_sign_in;
use crate::api_error::ApiError;
use crate::options::TriggerKind;
use crate::pool::challenge::ChallengeKind;
use crate::pool::client::{AuthFlow, Client};
use crate::pool::user_table::UserIndex;
use crate::pool::{Pool, login_name};
use crate::service::Service;
use crate::token::refresh;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct InitiateAuth {
    client_id: String,
    auth_flow: String,
    #[serde(default)]
    auth_parameters: Option<Parameters>,
    client_metadata: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AdminInitiateAuth {
    user_pool_id: String,
    #[serde(flatten)]
    common: InitiateAuth,
}

/// One sign-in's surroundings.
#[derive(Clone, Copy)]
pub(super) struct Attempt<'a> {
    pub(super) service: &'a Service,
    pub(super) pool: &'a Pool,
    pub(super) client: &'a Client,
    pub(super) parameters: &'a Parameters,
    /// `ClientMetadata` of the request.
    pub(super) client_metadata: Option<&'a BTreeMap<String, String>>,
}

pub(super) async fn initiate_auth(
    service: &Service,
    request: InitiateAuth,
) -> Result<Value, ApiError> {
    let (pool, client) = service.client(&request.client_id)?;
    let flow = match request.auth_flow.as_str() {
        "USER_PASSWORD_AUTH" => AuthFlow::UserPassword,
        "USER_SRP_AUTH" => AuthFlow::UserSrp,
        "USER_AUTH" => AuthFlow::UserAuth,
        "REFRESH_TOKEN_AUTH" | "REFRESH_TOKEN" => AuthFlow::RefreshToken,
        name => return Err(not_supported(name)),
    };
    start(service, &pool, &client, flow, &request).await
}

pub(super) async fn admin_initiate_auth(
    service: &Service,
    request: AdminInitiateAuth,
) -> Result<Value, ApiError> {
    let pool = service.pool(&request.user_pool_id)?;
    let client = pool.client(&request.common.client_id)?;
    let flow = match request.common.auth_flow.as_str() {
        "ADMIN_USER_PASSWORD_AUTH" | "ADMIN_NO_SRP_AUTH" => AuthFlow::AdminUserPassword,
        "USER_SRP_AUTH" => AuthFlow::UserSrp,
        "USER_AUTH" => AuthFlow::UserAuth,
        "REFRESH_TOKEN_AUTH" | "REFRESH_TOKEN" => AuthFlow::RefreshToken,
        name => return Err(not_supported(name)),
    };
    start(service, &pool, &client, flow, &request.common).await
}

fn not_supported(flow: &str) -> ApiError {
    if flow == "CUSTOM_AUTH" {
        return ApiError::invalid_parameter(format!("The rehearsal pool has no flow {flow}."));
    }
    ApiError::invalid_parameter("Initiate Auth method not supported.")
}

async fn start(
    service: &Service,
    pool: &Pool,
    client: &Client,
    flow: AuthFlow,
    request: &InitiateAuth,
) -> Result<Value, ApiError> {
    if flow == AuthFlow::RefreshToken && client.rotation_grace.is_some() {
        return Err(not_supported(&request.auth_flow));
    }
    if !client.permits(flow) {
        return Err(ApiError::invalid_parameter(format!(
            "{} flow not enabled for this client",
            flow.as_str()
        )));
    }
    let none = Parameters::default();
    let attempt = Attempt {
        service,
        pool,
        client,
        parameters: request.auth_parameters.as_ref().unwrap_or(&none),
        client_metadata: request.client_metadata.as_ref(),
    };
    match flow {
        AuthFlow::UserPassword => attempt.by_password(Some("InitiateAuth")).await,
        AuthFlow::AdminUserPassword => attempt.by_password(Some("AdminInitiateAuth")).await,
        AuthFlow::UserAuth => attempt.by_choice().await,
        AuthFlow::UserSrp => srp_sign_in::start(attempt),
        AuthFlow::RefreshToken => attempt.by_refresh_token().await,
    }
}

impl Attempt<'_> {
    /// Checks `SECRET_HASH`: "you can use the value of any user pool sign-in attribute as the
    /// username element of the secret hash".
    pub(super) fn check_secret_hash(&self, name: &str) -> Result<(), ApiError> {
        let given = self.parameters.get("SECRET_HASH");
        let refused = match self.client.check_secret_hash(name, given) {
            Ok(()) => return Ok(()),
            Err(refused) => refused,
        };
        let config = self.pool.config();
        let state = self.pool.state();
        let user = login_name::find(&config, &state.users, name);
        let names = user
            .and_then(|index| state.users.get(index))
            .map(|user| login_name::names_of(&config, user));
        let fits = |name: &String| self.client.check_secret_hash(name, given).is_ok();
        if names.is_some_and(|names| names.iter().any(fits)) {
            Ok(())
        } else {
            Err(refused)
        }
    }

    /// `USER_AUTH` with the factor named at once, the two that are passwords. The guide calls
    /// `PASSWORD` the same as `USER_PASSWORD_AUTH`, but names only the flows of that name where it
    /// says when the migration trigger is asked: here it is not, unless a probe found it to be.
    async fn by_choice(&self) -> Result<Value, ApiError> {
        match self.parameters.get("PREFERRED_CHALLENGE") {
            Some("PASSWORD") => self.by_password(None).await,
            Some("PASSWORD_SRP") => srp_sign_in::start(*self),
            _ => Err(ApiError::invalid_parameter(
                "The rehearsal pool has USER_AUTH with PREFERRED_CHALLENGE PASSWORD or \
                 PASSWORD_SRP only.",
            )),
        }
    }

    /// `asking` is the operation by which an unknown name asks the trigger.
    async fn by_password(&self, asking: Option<&'static str>) -> Result<Value, ApiError> {
        let Self {
            service,
            pool,
            client,
            ..
        } = *self;
        let name = self.parameters.need("USERNAME")?;
        let password = self.parameters.need("PASSWORD")?;
        self.check_secret_hash(name)?;

        let config = pool.config();
        let known = login_name::find(&config, &pool.state().users, name);
        let found = match known {
            Some(index) => Migration::Done(index),
            None => {
                let asks = config.trigger_arn(TriggerKind::UserMigration).is_some();
                let by_choice = || match service.beliefs.word("user-auth-migration") {
                    "asked" => Some("InitiateAuth"),
                    _ => None,
                };
                match asking.or_else(|| asks.then(by_choice).flatten()) {
                    Some(operation) => {
                        let occasion = Occasion::SignIn {
                            password,
                            operation,
                        };
                        migrate(service, pool, client, name, occasion, self.client_metadata).await?
                    }
                    None => Migration::NotHere,
                }
            }
        };
        let index = match found {
            Migration::Done(index) => index,
            Migration::NotHere | Migration::Simulated if client.hides_user_existence => {
                return Err(ApiError::incorrect_username_or_password());
            }
            Migration::NotHere | Migration::Simulated => return Err(ApiError::user_not_found()),
            Migration::Failed(error) => return Err(error),
        };
        settle_imported_hash(pool, index, password).await;
        let judged = judge(
            pool,
            client,
            &mut pool.state(),
            index,
            password,
            service.now(),
        )?;
        // `ClientMetadata` of this operation goes to other triggers than those of tokens.
        self.after_password(judged, index, None).await
    }

    /// Goes on after a proof of password: tokens, or the next challenge.
    pub(super) async fn after_password(
        &self,
        judged: Judged,
        user: UserIndex,
        client_metadata: Option<&BTreeMap<String, String>>,
    ) -> Result<Value, ApiError> {
        let Self {
            service,
            pool,
            client,
            ..
        } = *self;
        match judged {
            Judged::SignedIn => {
                let occasion = TokenOccasion::SignIn;
                finish(Finished {
                    service,
                    pool,
                    client,
                    user,
                    occasion,
                    client_metadata,
                })
                .await
            }
            Judged::NewPasswordRequired => self.ask_for_new_password(user),
        }
    }

    fn ask_for_new_password(&self, index: UserIndex) -> Result<Value, ApiError> {
        let config = self.pool.config();
        let mut state = self.pool.state();
        let session = state.challenges.open(
            &self.client.id,
            ChallengeKind::NewPasswordRequired { user: index },
            self.service.now(),
            self.client.session_lives,
        );
        let user = state.user(index)?;
        let attributes: Map<String, Value> = user
            .attributes
            .iter()
            .map(|(id, value)| (config.schema.name(id).to_owned(), value.into()))
            .collect();
        let missing: Vec<String> = config
            .schema
            .required()
            .filter(|(id, _)| user.attributes.get(*id).is_none())
            .map(|(_, definition)| format!("userAttributes.{}", definition.name))
            .collect();
        Ok(json!({
            "ChallengeName": "NEW_PASSWORD_REQUIRED",
            "Session": session,
            "ChallengeParameters": {
                "USER_ID_FOR_SRP": user.username,
                "requiredAttributes": json!(missing).to_string(),
                "userAttributes": Value::Object(attributes).to_string(),
            },
        }))
    }

    async fn by_refresh_token(&self) -> Result<Value, ApiError> {
        let Self {
            service,
            pool,
            client,
            ..
        } = *self;
        let token = self.parameters.need("REFRESH_TOKEN")?;
        let claims = refresh::read(pool, client, token, service.now())?;
        let user = {
            let state = pool.state();
            let index = state.bearer_of_refresh(&claims)?;
            let user = state.user(index)?;
            // The hash is bound to the username, which a client that refreshes may know as `sub`.
            let hash = self.parameters.get("SECRET_HASH");
            client
                .check_secret_hash(&user.username, hash)
                .or_else(|refusal| {
                    client
                        .check_secret_hash(&user.sub_text(), hash)
                        .map_err(|_| refusal)
                })?;
            index
        };
        let occasion = TokenOccasion::Refresh(&claims);
        finish(Finished {
            service,
            pool,
            client,
            user,
            occasion,
            client_metadata: None,
        })
        .await
    }
}

//! What a pool does for a name it does not know: it asks the user migration trigger.
//!
//! Responsible for the event, for judging the answer by the documented rules, and for making the
//! user. Called by sign-in and by `ForgotPassword`, the only two that invoke this trigger.
//!
//! Source: guide page user-pool-lambda-migrate-user, with these exceptions. That returning `sub`
//! fails like a wrong password: boto3 issue 2747; that a sign-in whose function made the user itself
//! does too, and the next one works: aws-sdk-js issue 3976. That an empty response means "not here": guide
//! page cognito-user-pool-managing-errors. What clients are told where nobody is migrated is
//! believed, and so in the list of beliefs. Which default values required attributes get is not
//! documented: here they stay absent.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use crate::api_error::ApiError;
use crate::api_model::api_model;
use crate::belief::Told;
use crate::options::TriggerKind;
use crate::outbox::{Medium, MessageReason, SentMessage};
use crate::pool::client::Client;
use crate::pool::config::PoolConfig;
use crate::pool::login_name::{
    self, alias_holder, name_of_new_user, release_alias, username_holder,
};
use crate::pool::password::Verifier;
use crate::pool::schema::{
    EMAIL, Occasion as Writing, PHONE_NUMBER, PREFERRED_USERNAME, is_email, is_phone_number,
};
use crate::pool::user::{Attributes, Credential, UserStatus};
use crate::pool::user_table::UserIndex;
use crate::pool::{NewUser, Pool};
use crate::service::Service;
use crate::trigger::event::{self, Origin};
use crate::trigger::unrecognizable;

/// `PasswordType`: a longer password cannot be kept.
const LONGEST_PASSWORD: usize = 256;

/// What brought the unknown name.
#[derive(Clone, Copy)]
pub(super) enum Occasion<'a> {
    SignIn {
        password: &'a str,
        /// The operation it came by.
        operation: &'static str,
    },
    ForgotPassword,
}

impl Occasion<'_> {
    fn operation(self) -> &'static str {
        match self {
            Occasion::SignIn { operation, .. } => operation,
            Occasion::ForgotPassword => "ForgotPassword",
        }
    }
}

/// What came of asking.
pub(super) enum Migration {
    /// The user exists now.
    Done(UserIndex),
    /// There is no trigger.
    NotHere,
    /// Nobody was migrated, and this is what the client is told.
    Failed(ApiError),
    /// Nobody was migrated, and the client is told that a code was sent.
    Simulated,
}

/// `response` of the event, as the function filled it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    user_attributes: Option<BTreeMap<String, String>>,
    final_user_status: Option<String>,
    message_action: Option<String>,
    desired_delivery_mediums: Option<Vec<Medium>>,
    force_alias_creation: Option<bool>,
    #[serde(rename = "enableSMSMFA")]
    enable_sms_mfa: Option<bool>,
}

/// An answer that leads to no sign-in, with what the pool's log says of it.
enum Unusable {
    /// It breaks a rule.
    Answer(&'static str),
    /// It would take another user's name.
    Taken(&'static str),
    /// A name that no user can have.
    Name(&'static str),
    /// The client is told what a wrong password gets, whatever it may know of users.
    LikeWrongPassword(&'static str),
}

pub(super) async fn migrate(
    service: &Service,
    pool: &Pool,
    client: &Client,
    name: &str,
    occasion: Occasion<'_>,
    client_metadata: Option<&BTreeMap<String, String>>,
) -> Result<Migration, ApiError> {
    let config = pool.config();
    let Some(arn) = config.trigger_arn(TriggerKind::UserMigration) else {
        return Ok(Migration::NotHere);
    };
    // Lambda input events carry folded names (guide: user-pool-case-sensitivity).
    let user_name = config.folded(name);
    let origin = Origin {
        region: &service.region,
        user_pool_id: &pool.id,
        client_id: &client.id,
        user_name: &user_name,
    };
    let (source, event) = match occasion {
        Occasion::SignIn { password, .. } => (
            "UserMigration_Authentication",
            event::migration_at_sign_in(&origin, password, client_metadata),
        ),
        Occasion::ForgotPassword => {
            let members = service.beliefs.word("event-at-forgot-password");
            let password_null = members.contains("password null");
            (
                "UserMigration_ForgotPassword",
                event::migration_at_forgot_password(&origin, client_metadata, password_null),
            )
        }
    };
    let ending = Ending {
        service,
        hidden: client.hides_user_existence,
        occasion,
    };
    let invoked = service
        .functions
        .invoke(arn, "UserMigration", source, event)
        .await;
    let mut answer = match invoked {
        Ok(answer) => answer,
        Err(error) => return Ok(ending.of_failure(error)),
    };
    let response: Option<Response> = match answer.get_mut("response").map(Value::take) {
        Some(response @ Value::Object(_)) => serde_json::from_value(response).ok(),
        _ => None,
    };
    let Some(response) = response else {
        return Ok(ending.of_failure(unrecognizable()));
    };
    if response
        .user_attributes
        .as_ref()
        .is_none_or(BTreeMap::is_empty)
    {
        let kind = match response.final_user_status {
            Some(_) => "status-alone",
            None => "empty",
        };
        return Ok(ending.of_kind(kind, ApiError::user_not_found()));
    }
    match create(service, pool, &config, &user_name, occasion, response) {
        Ok(index) => Ok(Migration::Done(index)),
        Err(unusable) => Ok(ending.of_unusable(&unusable, client)),
    }
}

/// What a client is told where nobody was migrated: by what the function did, what the client may
/// know, and what a probe found.
struct Ending<'a> {
    service: &'a Service,
    hidden: bool,
    occasion: Occasion<'a>,
}

impl Ending<'_> {
    /// An invocation that gave no event back. Clients are told whatever they may know of users.
    fn of_failure(&self, error: ApiError) -> Migration {
        let text = error.message();
        let at_sign_in = self.occasion.operation() == "InitiateAuth";
        let alone = match error.code() {
            "UserLambdaValidationException" if !text.contains("error RequestId: ") => "throws",
            "InvalidLambdaResponseException" => "no-event",
            "UserLambdaValidationException" if at_sign_in => {
                return self.told("migration-dies", Told::Refused(error));
            }
            "UnexpectedLambdaException" if at_sign_in && text.contains("timeout") => {
                return self.told("migration-times-out", Told::Refused(error));
            }
            _ => return Migration::Failed(error),
        };
        self.told(&self.cell(alone), Told::Refused(error))
    }

    /// An answer that makes nobody; `open` is for clients that may know who exists.
    fn of_kind(&self, kind: &str, open: ApiError) -> Migration {
        let usual = self.usual(open);
        self.told(&self.cell(kind), usual)
    }

    fn of_unusable(&self, unusable: &Unusable, client: &Client) -> Migration {
        let (Unusable::Answer(reason)
        | Unusable::Taken(reason)
        | Unusable::Name(reason)
        | Unusable::LikeWrongPassword(reason)) = unusable;
        tracing::warn!(reason, "the user migration trigger's answer cannot be used");
        let open = ApiError::new(
            "UserNotFoundException",
            format!("Exception migrating user in app client {}", client.id),
        );
        match unusable {
            Unusable::LikeWrongPassword(_) => {
                self.of_kind("sub", ApiError::incorrect_username_or_password())
            }
            Unusable::Name(_) if self.cell("").ends_with("/InitiateAuth/LEGACY") => {
                self.told("migration-unfit-name", Told::Refused(open))
            }
            Unusable::Taken(_) => self.of_kind("alias-taken", open),
            Unusable::Answer(_) | Unusable::Name(_) => self.of_kind("bad-attribute", open),
        }
    }

    fn usual(&self, open: ApiError) -> Told {
        match self.occasion {
            _ if !self.hidden => Told::Refused(open),
            Occasion::ForgotPassword => Told::Accepted,
            Occasion::SignIn { .. } => Told::Refused(ApiError::incorrect_username_or_password()),
        }
    }

    /// The belief about a kind of answer here.
    fn cell(&self, kind: &str) -> String {
        let existence = if self.hidden { "ENABLED" } else { "LEGACY" };
        format!("migration-{kind}/{}/{existence}", self.occasion.operation())
    }

    fn told(&self, belief: &str, usual: Told) -> Migration {
        match self.service.beliefs.told(belief, usual) {
            Told::Refused(error) => Migration::Failed(error),
            Told::Accepted => Migration::Simulated,
        }
    }
}

fn create(
    service: &Service,
    pool: &Pool,
    config: &PoolConfig,
    user_name: &str,
    occasion: Occasion<'_>,
    response: Response,
) -> Result<UserIndex, Unusable> {
    let mut given = response.user_attributes.unwrap_or_default();
    let own_username = given.remove("username");
    if given.contains_key("sub") {
        return Err(Unusable::LikeWrongPassword("sub is Cognito's own"));
    }
    let mut attributes = Attributes::default();
    for (name, value) in &given {
        let id = config
            .schema
            .check(name, value, Writing::Creation)
            .map_err(|_| Unusable::Answer("an attribute does not conform to the pool's schema"))?;
        attributes.set(id, &config.folded_value(id, value));
    }
    if response.enable_sms_mfa == Some(true) {
        if attributes.get(PHONE_NUMBER).is_none() {
            return Err(Unusable::Answer("enableSMSMFA needs a phone_number"));
        }
        if config.mfa() == "OFF" {
            return Err(Unusable::Answer("enableSMSMFA needs a pool with MFA"));
        }
    }
    let requested = requested_username(config, user_name, own_username.as_deref(), &attributes)?;
    if !api_model().fits("UsernameType", &requested) {
        return Err(Unusable::Name("the username is too long or has blanks"));
    }
    let sub = Uuid::new_v4();
    let new_name = name_of_new_user(config, &requested, sub, &mut attributes)
        .map_err(|_| Unusable::Answer("the username has a form the pool does not take"))?;

    let confirmed = response.final_user_status.as_deref() == Some("CONFIRMED");
    let at_reset = matches!(occasion, Occasion::ForgotPassword);
    let stays_confirmed =
        || !at_reset || service.beliefs.word("migrated-at-forgot-password") == "CONFIRMED";
    let status = if confirmed && stays_confirmed() {
        UserStatus::Confirmed
    } else {
        UserStatus::ResetRequired
    };
    let credential = match occasion {
        Occasion::SignIn { password, .. } if confirmed => {
            if password.chars().count() > LONGEST_PASSWORD {
                return Err(Unusable::Answer(
                    "the password is longer than the pool can keep",
                ));
            }
            Credential::Permanent(Verifier::of(
                pool.short_name(),
                &new_name.username,
                password,
            ))
        }
        Occasion::SignIn { .. } | Occasion::ForgotPassword => Credential::None,
    };

    let mut state = pool.state();
    if let Some(index) = login_name::find(config, &state.users, user_name) {
        let migrated = state.users.get(index).is_some_and(|user| user.migrated);
        return match occasion {
            Occasion::SignIn { .. } if !migrated => Err(Unusable::LikeWrongPassword(
                "the user was made meanwhile, by the function itself or by an administrator",
            )),
            // Or somebody else's sign-in migrated the same user meanwhile.
            Occasion::SignIn { .. } | Occasion::ForgotPassword => Ok(index),
        };
    }
    if state.users.by_username(&new_name.username).is_some()
        || username_holder(config, &state.users, &attributes, None).is_some()
    {
        return Err(Unusable::Taken("the username is taken"));
    }
    while let Some(holder) = alias_holder(config, &state.users, &attributes, None) {
        if response.force_alias_creation != Some(true) {
            return Err(Unusable::Taken(
                "an alias is taken and forceAliasCreation is not set",
            ));
        }
        release_alias(&mut state.users, holder);
    }
    let index = state.add(
        NewUser {
            name: new_name,
            sub,
            attributes,
            status,
            credential,
        },
        service.now(),
    );
    if let Some(user) = state.users.get_mut(index) {
        user.migrated = true;
    }
    if response.message_action.as_deref() != Some("SUPPRESS")
        && let Some(user) = state.users.get(index)
    {
        let mediums = response
            .desired_delivery_mediums
            .as_deref()
            .unwrap_or(&[Medium::Sms]);
        for medium in mediums {
            if let Some(destination) = user.attributes.get(medium.attribute()) {
                let message = SentMessage {
                    user_pool_id: pool.id.clone(),
                    username: user.username.to_string(),
                    reason: MessageReason::Welcome,
                    medium: *medium,
                    destination: destination.to_owned(),
                    code: None,
                };
                // That a migration goes on without its message is believed.
                if service.send(config, message).is_err() {
                    tracing::warn!("a welcome message is beyond the mailer's daily limit");
                }
            }
        }
    }
    Ok(index)
}

/// The username the new user is to get, by the rules of the guide's table: where the typed name is
/// an alias, the answer maps it to that alias and brings a username of its own; otherwise
/// `username` is left out or equals the typed name.
fn requested_username(
    config: &PoolConfig,
    typed: &str,
    own: Option<&str>,
    attributes: &Attributes,
) -> Result<String, Unusable> {
    let aliased = |attribute| config.alias_attributes.contains(&attribute);
    let typed_alias = if aliased(EMAIL) && is_email(typed) {
        Some(EMAIL)
    } else if aliased(PHONE_NUMBER) && is_phone_number(typed) {
        Some(PHONE_NUMBER)
    } else if aliased(PREFERRED_USERNAME)
        && attributes.get(PREFERRED_USERNAME) == Some(typed)
        && own.is_some_and(|own| config.folded(own) != typed)
    {
        Some(PREFERRED_USERNAME)
    } else {
        None
    };
    match (typed_alias, own) {
        (Some(alias), Some(own)) => {
            if attributes.get(alias) != Some(typed) {
                return Err(Unusable::Answer(
                    "the typed name is not assigned to its alias attribute",
                ));
            }
            Ok(own.to_owned())
        }
        (Some(_), None) => Err(Unusable::Answer(
            "a name typed as alias needs a username of its own",
        )),
        (None, Some(own)) if config.folded(own) != typed => Err(Unusable::Answer(
            "username differs from the name in the request",
        )),
        (None, _) => Ok(typed.to_owned()),
    }
}

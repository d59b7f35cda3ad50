//! `AdminCreateUser`.
//!
//! Sources: the API reference of the operation (message actions, alias creation, temporary
//! passwords, flags need their attribute); guide page how-to-create-user-accounts (required
//! attributes may be missing when the user gets a temporary password and all of them can still be
//! written; where one-time passwords sign in, a user without a password is confirmed at once and
//! no password is generated). An alias that is taken is answered with `UsernameExistsException` and the text about
//! the e-mail, as callers report it (boto3 issue 3213): the reference's prose says
//! `AliasExistsException`, which the operation does not declare.

use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::sign_up::{Asked, pre_sign_up};
use super::user_attributes::{Attribute, checked};
use crate::api_error::ApiError;
use crate::clock::Millis;
use crate::outbox::{Medium, MessageReason, SentMessage};
use crate::pool::config::PoolConfig;
use crate::pool::login_name::{alias_holder, name_of_new_user, release_alias, username_holder};
use crate::pool::password::Verifier;
use crate::pool::schema::{EMAIL, Occasion, PHONE_NUMBER};
use crate::pool::user::{Attributes, Credential, User, UserStatus};
use crate::pool::{NewUser, Pool};
use crate::secret::Secret;
use crate::service::Service;
use crate::trigger::event::Metadata;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AdminCreateUser {
    user_pool_id: String,
    username: String,
    #[serde(default)]
    user_attributes: Option<Vec<Attribute>>,
    validation_data: Option<Vec<Attribute>>,
    temporary_password: Option<Secret>,
    force_alias_creation: Option<bool>,
    message_action: Option<MessageAction>,
    desired_delivery_mediums: Option<Vec<Medium>>,
    client_metadata: Option<Metadata>,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "UPPERCASE")]
enum MessageAction {
    Resend,
    Suppress,
}

pub(super) async fn admin_create_user(
    service: &Service,
    request: AdminCreateUser,
) -> Result<Value, ApiError> {
    let pool = service.pool(&request.user_pool_id)?;
    let config = pool.config();
    let now = service.now();
    if let Some(password) = request.password() {
        config.policy.check(password.reveal())?;
    }
    if request.message_action == Some(MessageAction::Resend) {
        return resend(service, &pool, &config, &request, now);
    }

    let sub = Uuid::new_v4();
    let given = request.user_attributes.as_deref().unwrap_or_default();
    let mut attributes = checked(&config, given, Occasion::Creation)?;
    let name = name_of_new_user(&config, &request.username, sub, &mut attributes)?;
    check_flags(&attributes)?;
    request.check_mediums(&attributes)?;
    let passwordless = request.password().is_none() && !config.passwordless.is_empty();
    if passwordless {
        check_contact(&config, &attributes)?;
    }
    let missing_for_good = config
        .schema
        .required()
        .any(|(id, definition)| !definition.mutable && attributes.get(id).is_none());
    if missing_for_good || passwordless {
        config
            .schema
            .check_required(|id| attributes.get(id).is_some())?;
    }
    let asked = Asked {
        source: "PreSignUp_AdminCreateUser",
        client_id: "CLIENT_ID_NOT_APPLICABLE",
        user_name: &name.username,
        attributes: &attributes,
        validation_data: request.validation_data.as_deref(),
        client_metadata: request.client_metadata.as_ref(),
    };
    // What the function answers about confirming and verifying does not count here (guide:
    // user-pool-lambda-pre-sign-up); that it fails does.
    pre_sign_up(service, &pool, &config, asked).await?;
    let (status, credential, password) = if passwordless {
        (UserStatus::Confirmed, Credential::None, None)
    } else {
        let (credential, password) = temporary(&pool, &config, &name.username, &request, now);
        (UserStatus::ForceChangePassword, credential, Some(password))
    };

    let mut state = pool.state();
    if state.users.by_username(&name.username).is_some() {
        return Err(username_exists("User account already exists"));
    }
    if let Some(holder) = username_holder(&config, &state.users, &attributes, None) {
        return Err(username_exists(holder.username_message()));
    }
    if let Some(holder) = alias_holder(&config, &state.users, &attributes, None)
        && request.force_alias_creation != Some(true)
    {
        return Err(username_exists(holder.message()));
    }
    while let Some(holder) = alias_holder(&config, &state.users, &attributes, None) {
        release_alias(&mut state.users, holder);
    }
    let new = NewUser {
        name,
        sub,
        attributes,
        status,
        credential,
    };
    let index = state.add(new, now);
    let user = state.user(index)?;
    if request.message_action.is_none() {
        // That the user is there all the same when Cognito's mailer has had enough is believed, by
        // what the reference says of SignUp.
        invite(service, &pool, &config, user, &request, password.as_ref())?;
    }
    Ok(json!({"User": user.described(&config.schema, None)}))
}

impl AdminCreateUser {
    /// `TemporaryPassword`; a blank one counts as none.
    fn password(&self) -> Option<&Secret> {
        let password = self.temporary_password.as_ref();
        password.filter(|password| !password.reveal().is_empty())
    }

    /// "You must provide a value for email … if you set EMAIL in the DesiredDeliveryMediums
    /// parameter", and the same for phone numbers; the text is believed. Without the parameter
    /// nobody needs a phone number, though its default is SMS.
    fn check_mediums(&self, attributes: &Attributes) -> Result<(), ApiError> {
        for medium in self.desired_delivery_mediums.iter().flatten() {
            if attributes.get(medium.attribute()).is_none() {
                return Err(ApiError::invalid_parameter(format!(
                    "{} is required to send a message by {}",
                    medium.attribute_name(),
                    medium.as_str()
                )));
            }
        }
        Ok(())
    }
}

/// Refuses a user without a password whom no one-time password can reach.
fn check_contact(config: &PoolConfig, attributes: &Attributes) -> Result<(), ApiError> {
    let reachable = |contact: &u8| attributes.get(*contact).is_some();
    if config.passwordless.iter().any(reachable) {
        return Ok(());
    }
    let contacts: Vec<&str> = config
        .passwordless
        .iter()
        .map(|contact| config.schema.name(*contact))
        .collect();
    Err(ApiError::invalid_parameter(format!(
        "A temporary password cannot be generated in a user pool with passwordless sign-in; set \
         TemporaryPassword, or {} for a user without a password.",
        contacts.join(" or ")
    )))
}

/// A new temporary password and invitation for a user who has not signed in yet.
fn resend(
    service: &Service,
    pool: &Pool,
    config: &PoolConfig,
    request: &AdminCreateUser,
    now: Millis,
) -> Result<Value, ApiError> {
    let mut state = pool.state();
    let index = state.find(config, &request.username)?;
    let user = state.user_mut(index)?;
    if user.status != UserStatus::ForceChangePassword {
        return Err(ApiError::new(
            "UnsupportedUserStateException",
            "Resend not possible. The user's status is not FORCE_CHANGE_PASSWORD.",
        ));
    }
    if request.password().is_none() && !config.passwordless.is_empty() {
        return Err(ApiError::invalid_parameter(
            "A temporary password cannot be generated in a user pool with passwordless sign-in; \
             set TemporaryPassword.",
        ));
    }
    let (credential, password) = temporary(pool, config, &user.username, request, now);
    user.credential = credential;
    user.modified = now;
    invite(service, pool, config, user, request, Some(&password))?;
    Ok(json!({"User": user.described(&config.schema, None)}))
}

fn temporary(
    pool: &Pool,
    config: &PoolConfig,
    username: &str,
    request: &AdminCreateUser,
    now: Millis,
) -> (Credential, Secret) {
    let password = match request.password() {
        Some(password) => password.clone(),
        None => Secret::new(config.policy.generate().to_string()),
    };
    let verifier = Verifier::of(pool.short_name(), username, password.reveal());
    (
        Credential::Temporary(verifier, config.policy.temporary_until(now)),
        password,
    )
}

/// Sends the invitation where the user can be reached; the default medium is SMS.
fn invite(
    service: &Service,
    pool: &Pool,
    config: &PoolConfig,
    user: &User,
    request: &AdminCreateUser,
    password: Option<&Secret>,
) -> Result<(), ApiError> {
    let mediums = request
        .desired_delivery_mediums
        .as_deref()
        .unwrap_or(&[Medium::Sms]);
    for medium in mediums {
        if let Some(destination) = user.attributes.get(medium.attribute()) {
            let message = SentMessage {
                user_pool_id: pool.id.clone(),
                username: user.username.to_string(),
                reason: MessageReason::Invitation,
                medium: *medium,
                destination: destination.to_owned(),
                code: password.map(|password| password.reveal().to_owned()),
            };
            service.send(config, message)?;
        }
    }
    Ok(())
}

/// "You must provide a value for email when you want to set email_verified to true", and the same
/// for phone numbers.
pub(crate) fn check_flags(attributes: &Attributes) -> Result<(), ApiError> {
    for (attribute, name) in [(EMAIL, "email"), (PHONE_NUMBER, "phone_number")] {
        let flag = crate::pool::login_name::verified_flag(attribute);
        if flag.is_some_and(|flag| attributes.is_true(flag)) && attributes.get(attribute).is_none()
        {
            return Err(ApiError::invalid_parameter(format!(
                "{name} is required to verify/un-verify {name}"
            )));
        }
    }
    Ok(())
}

fn username_exists(message: impl Into<String>) -> ApiError {
    ApiError::new("UsernameExistsException", message)
}

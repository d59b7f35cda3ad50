//! People who register themselves: `SignUp`, `ConfirmSignUp`, `AdminConfirmSignUp`,
//! `ResendConfirmationCode`.
//!
//! A migration must know of these because a sign-up does not ask the migration trigger: whoever
//! registers a legacy user's e-mail address first has it.
//!
//! Sources: the API reference of the operations; guide pages signing-up-users-in-your-app,
//! user-pool-lambda-pre-sign-up (automatic confirmation and verification), quotas (a code lives 24
//! hours), cognito-user-pool-managing-errors (taken usernames are always told, taken aliases only
//! at confirmation); user-pool-settings-attributes with amplify-js issue 1669 (a preferred username
//! that is an alias comes after confirmation). Texts are those callers report.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::code_delivery::{self, first_contact, simulated_delivery};
use super::nothing;
use super::user_attributes::{Attribute, checked};
use super::user_creation::check_flags;
use crate::api_error::ApiError;
use crate::clock::DAY;
use crate::options::TriggerKind;
use crate::outbox::MessageReason;
use crate::pool::client::Client;
use crate::pool::config::PoolConfig;
use crate::pool::hourly::Limited;
use crate::pool::login_name::{
    self, alias_holder, name_of_new_user, release_alias, username_holder, verified_flag,
};
use crate::pool::password::Verifier;
use crate::pool::schema::{AttributeId, EMAIL, Occasion, PHONE_NUMBER, PREFERRED_USERNAME};
use crate::pool::user::{Attributes, Credential, User, UserStatus};
use crate::pool::user_table::UserIndex;
use crate::pool::{NewUser, Pool, PoolState};
use crate::secret::Secret;
use crate::service::Service;
use crate::trigger::event::{self, Metadata, Origin};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SignUp {
    client_id: String,
    secret_hash: Option<String>,
    username: String,
    password: Option<Secret>,
    #[serde(default)]
    user_attributes: Option<Vec<Attribute>>,
    validation_data: Option<Vec<Attribute>>,
    client_metadata: Option<Metadata>,
}

pub(super) async fn sign_up(service: &Service, request: SignUp) -> Result<Value, ApiError> {
    let (pool, client) = service.client(&request.client_id)?;
    client.check_secret_hash(&request.username, request.secret_hash.as_deref())?;
    let config = pool.config();
    if config.admin_create_user_only {
        return Err(ApiError::not_authorized(
            "SignUp is not permitted for this user pool",
        ));
    }
    // A blank one counts as none.
    let password = request.password.as_ref();
    let password = password.filter(|password| !password.reveal().is_empty());
    if let Some(password) = password {
        config.policy.check(password.reveal())?;
    }
    let given = request.user_attributes.as_deref().unwrap_or_default();
    check_own_writes(
        &client,
        given.iter().map(|attribute| attribute.name.as_str()),
    )?;
    let sub = Uuid::new_v4();
    let mut attributes = checked(&config, given, Occasion::Creation)?;
    if config.alias_attributes.contains(&PREFERRED_USERNAME)
        && attributes.get(PREFERRED_USERNAME).is_some()
    {
        return Err(ApiError::invalid_parameter(
            "Preferred username cannot be provided for unconfirmed account, since user pool is \
             configured for preferred username alias.",
        ));
    }
    let name = name_of_new_user(&config, &request.username, sub, &mut attributes)?;
    if password.is_none() && !may_omit_password(&config, &client, &attributes) {
        return Err(ApiError::invalid_parameter(
            "Password is required where no one-time password can sign the user in.",
        ));
    }
    config
        .schema
        .check_required(|id| attributes.get(id).is_some())?;
    check_free(&config, &pool.state(), &name.username, &attributes)?;

    let asked = Asked {
        source: "PreSignUp_SignUp",
        client_id: &client.id,
        user_name: &name.username,
        attributes: &attributes,
        validation_data: request.validation_data.as_deref(),
        client_metadata: request.client_metadata.as_ref(),
    };
    let decided = pre_sign_up(service, &pool, &config, asked).await?;
    for (wanted, attribute) in [
        (decided.auto_verify_email, EMAIL),
        (decided.auto_verify_phone, PHONE_NUMBER),
    ] {
        if let (true, Some(flag)) = (wanted == Some(true), verified_flag(attribute)) {
            attributes.set(flag, "true");
        }
    }
    check_flags(&attributes)?;
    let confirmed = decided.auto_confirm_user == Some(true);

    let now = service.now();
    let credential = match password {
        Some(password) => Credential::Permanent(Verifier::of(
            pool.short_name(),
            &name.username,
            password.reveal(),
        )),
        None => Credential::None,
    };
    let mut state = pool.state();
    check_free(&config, &state, &name.username, &attributes)?;
    // "If an alias with that email address already exists, the alias will be moved to the new user
    // and the previous user's email address will be marked as unverified."
    while let Some(holder) = alias_holder(&config, &state.users, &attributes, None) {
        release_alias(&mut state.users, holder);
    }
    let status = if confirmed {
        UserStatus::Confirmed
    } else {
        UserStatus::Unconfirmed
    };
    let index = state.add(
        NewUser {
            name,
            sub,
            attributes,
            status,
            credential,
        },
        now,
    );
    let mut answer = json!({"UserConfirmed": confirmed, "UserSub": sub.to_string()});
    // "When you get this exception in the response, the user is successfully created and is in an
    // UNCONFIRMED state", says the reference of LimitExceededException.
    if !confirmed && let Some(details) = send_code(service, &pool, &config, state.user_mut(index)?)?
    {
        answer["CodeDeliveryDetails"] = details;
    }
    Ok(answer)
}

/// Passwords may be left out where pool and app client let users sign in without one and a contact
/// that is verified by itself can receive the one-time password (guide:
/// signing-up-users-in-your-app, "Passwords at sign-up").
fn may_omit_password(config: &PoolConfig, client: &Client, attributes: &Attributes) -> bool {
    client.permits_choice()
        && config.passwordless.iter().any(|contact| {
            config.auto_verified.contains(contact) && attributes.get(*contact).is_some()
        })
}

/// Refuses what users may not write of themselves: attributes kept from the app client, and the
/// verified flags, which only proof or an administrator sets.
pub(super) fn check_own_writes<'a>(
    client: &Client,
    names: impl Iterator<Item = &'a str> + Clone,
) -> Result<(), ApiError> {
    if names
        .clone()
        .any(|name| matches!(name, "email_verified" | "phone_number_verified"))
    {
        return Err(ApiError::not_authorized(
            "A client attempted to write unauthorized attribute",
        ));
    }
    client.check_writes(names)
}

fn check_free(
    config: &PoolConfig,
    state: &PoolState,
    username: &str,
    attributes: &Attributes,
) -> Result<(), ApiError> {
    let taken = state.users.by_username(username).is_some();
    let held = username_holder(config, &state.users, attributes, None);
    let message = match (taken, held) {
        (true, _) => "User already exists".to_owned(),
        (false, Some(holder)) => holder.username_message(),
        (false, None) => return Ok(()),
    };
    Err(ApiError::new("UsernameExistsException", message))
}

/// What a pre sign-up event tells.
pub(super) struct Asked<'a> {
    pub(super) source: &'static str,
    pub(super) client_id: &'a str,
    pub(super) user_name: &'a str,
    pub(super) attributes: &'a Attributes,
    pub(super) validation_data: Option<&'a [Attribute]>,
    pub(super) client_metadata: Option<&'a Metadata>,
}

/// `response` of a pre sign-up event.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Decided {
    auto_confirm_user: Option<bool>,
    auto_verify_email: Option<bool>,
    auto_verify_phone: Option<bool>,
}

/// Asks the pre sign-up trigger, if there is one.
pub(super) async fn pre_sign_up(
    service: &Service,
    pool: &Pool,
    config: &PoolConfig,
    asked: Asked<'_>,
) -> Result<Decided, ApiError> {
    let Some(arn) = config.trigger_arn(TriggerKind::PreSignUp) else {
        return Ok(Decided::default());
    };
    let attributes: Metadata = asked
        .attributes
        .iter()
        .map(|(id, value)| (config.schema.name(id).to_owned(), value.to_owned()))
        .collect();
    let validation_data: Option<BTreeMap<_, _>> = asked.validation_data.map(|given| {
        let pair =
            |given: &Attribute| (given.name.clone(), given.value.clone().unwrap_or_default());
        given.iter().map(pair).collect()
    });
    let origin = Origin {
        region: &service.region,
        user_pool_id: &pool.id,
        client_id: asked.client_id,
        user_name: asked.user_name,
    };
    let event = event::pre_sign_up(
        &origin,
        asked.source,
        &attributes,
        validation_data.as_ref(),
        asked.client_metadata,
    );
    let mut answer = service
        .functions
        .invoke(arn, "PreSignUp", asked.source, event)
        .await?;
    let response = answer
        .get_mut("response")
        .map(Value::take)
        .unwrap_or_default();
    serde_json::from_value::<Option<Decided>>(response)
        .map(Option::unwrap_or_default)
        .map_err(|_| crate::trigger::unrecognizable())
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ConfirmSignUp {
    client_id: String,
    secret_hash: Option<String>,
    username: String,
    confirmation_code: Secret,
    force_alias_creation: Option<bool>,
}

pub(super) async fn confirm_sign_up(
    service: &Service,
    request: ConfirmSignUp,
) -> Result<Value, ApiError> {
    let (pool, client) = service.client(&request.client_id)?;
    client.check_secret_hash(&request.username, request.secret_hash.as_deref())?;
    let config = pool.config();
    let now = service.now();
    let mut state = pool.state();
    let Some(index) = login_name::find(&config, &state.users, &request.username) else {
        return Err(if client.hides_user_existence {
            ApiError::code_expired()
        } else {
            ApiError::new(
                "UserNotFoundException",
                "Username/client id combination not found.",
            )
        });
    };
    let user = state.user_mut(index)?;
    user.take_hourly(Limited::ConfirmSignUp, now)?;
    unconfirmed(user)?;
    let rare = user.rare.as_ref();
    let issued = rare
        .and_then(|rare| rare.sign_up_code.as_ref())
        .ok_or_else(ApiError::code_expired)?;
    issued.check(&request.confirmation_code, now)?;
    let attribute = issued.proves;
    let mut after = user.attributes.clone();
    if let Some(flag) = verified_flag(attribute) {
        after.set(flag, "true");
    }
    while let Some(holder) = alias_holder(&config, &state.users, &after, Some(index)) {
        if request.force_alias_creation != Some(true) {
            return Err(ApiError::new("AliasExistsException", holder.message()));
        }
        release_alias(&mut state.users, holder);
    }
    state
        .users
        .change_attributes(index, |attributes| *attributes = after);
    confirm(&mut state, index, now)
}

fn confirm(state: &mut PoolState, index: UserIndex, now: i64) -> Result<Value, ApiError> {
    let user = state.user_mut(index)?;
    user.status = UserStatus::Confirmed;
    user.modified = now;
    if let Some(rare) = &mut user.rare {
        rare.sign_up_code = None;
    }
    nothing()
}

fn unconfirmed(user: &User) -> Result<(), ApiError> {
    if user.status == UserStatus::Unconfirmed {
        return Ok(());
    }
    Err(ApiError::not_authorized(format!(
        "User cannot be confirmed. Current status is {}",
        user.status.as_str()
    )))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AdminConfirmSignUp {
    user_pool_id: String,
    username: String,
}

pub(super) async fn admin_confirm_sign_up(
    service: &Service,
    request: AdminConfirmSignUp,
) -> Result<Value, ApiError> {
    let pool = service.pool(&request.user_pool_id)?;
    let config = pool.config();
    let mut state = pool.state();
    let index = state.find(&config, &request.username)?;
    unconfirmed(state.user(index)?)?;
    confirm(&mut state, index, service.now())
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ResendConfirmationCode {
    client_id: String,
    secret_hash: Option<String>,
    username: String,
}

pub(super) async fn resend_confirmation_code(
    service: &Service,
    request: ResendConfirmationCode,
) -> Result<Value, ApiError> {
    let (pool, client) = service.client(&request.client_id)?;
    client.check_secret_hash(&request.username, request.secret_hash.as_deref())?;
    let config = pool.config();
    let mut state = pool.state();
    let found = login_name::find(&config, &state.users, &request.username);
    let Some(index) = found.filter(|index| {
        !client.hides_user_existence || state.users.get(*index).is_some_and(|user| user.enabled)
    }) else {
        return if client.hides_user_existence {
            Ok(simulated_delivery(&config, &request.username))
        } else {
            Err(ApiError::new(
                "UserNotFoundException",
                "Username/client id combination not found.",
            ))
        };
    };
    let user = state.user_mut(index)?;
    user.take_hourly(Limited::ResendConfirmationCode, service.now())?;
    if user.status != UserStatus::Unconfirmed {
        return Err(ApiError::invalid_parameter("User is already confirmed."));
    }
    match send_code(service, &pool, &config, user)? {
        Some(details) => Ok(json!({"CodeDeliveryDetails": details})),
        None => Err(ApiError::invalid_parameter(
            "Auto verification not turned on or no email or phone_number to send a code to.",
        )),
    }
}

/// Sends a code to an auto-verified contact, the phone number before the e-mail address
/// (`AutoVerifiedAttributes`), and returns `CodeDeliveryDetails`.
fn send_code(
    service: &Service,
    pool: &Pool,
    config: &PoolConfig,
    user: &mut User,
) -> Result<Option<Value>, ApiError> {
    let is_auto_verified = |attribute: &AttributeId| config.auto_verified.contains(attribute);
    let verified = [PHONE_NUMBER, EMAIL].into_iter().filter(is_auto_verified);
    let Some(contact) = first_contact(user, verified) else {
        return Ok(None);
    };
    let reason = MessageReason::SignUp;
    let sent = code_delivery::send_code(service, pool, config, user, reason, contact, DAY)?;
    let (details, issued) = sent;
    user.rare().sign_up_code = Some(issued);
    Ok(Some(details))
}

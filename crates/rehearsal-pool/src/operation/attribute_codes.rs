//! Codes that prove a contact of a user who is signed in: `GetUserAttributeVerificationCode`,
//! `VerifyUserAttribute`, and what changing a contact starts.
//!
//! A migration must know of these because verifying is one of the ways an alias moves from one user
//! to another.
//!
//! Sources: the API reference of the operations; guide pages
//! user-pool-settings-email-phone-verification (a changed contact is sent a code where the pool
//! verifies it; the old value stays until then where the pool waits), user-pool-settings-attributes
//! (a verified alias moves without an error), quotas (a code lives 24 hours).

use serde::Deserialize;
use serde_json::{Value, json};

use super::code_delivery;
use super::nothing;
use super::self_service::bearer;
use super::user_attributes::{apply, check_required_given};
use crate::api_error::ApiError;
use crate::clock::DAY;
use crate::outbox::MessageReason;
use crate::pool::config::PoolConfig;
use crate::pool::hourly::Limited;
use crate::pool::login_name::verified_flag;
use crate::pool::schema::{AttributeId, EMAIL, PHONE_NUMBER};
use crate::pool::user::{ContactCode, User};
use crate::pool::user_table::UserIndex;
use crate::pool::{Pool, PoolState};
use crate::secret::Secret;
use crate::service::Service;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetUserAttributeVerificationCode {
    access_token: Secret,
    attribute_name: String,
}

pub(super) async fn get_user_attribute_verification_code(
    service: &Service,
    request: GetUserAttributeVerificationCode,
) -> Result<Value, ApiError> {
    let (pool, claims) = service.bearer(request.access_token.reveal())?;
    let config = pool.config();
    let mut state = pool.state();
    let index = bearer(&state, &claims)?;
    let user = state.user_mut(index)?;
    user.take_hourly(Limited::GetAttributeCode, service.now())?;
    let contact = contact(&config, &request.attribute_name)?;
    let waiting = code_for(user, contact).and_then(|code| code.waiting.clone());
    let held = user.attributes.get(contact).map(Box::from);
    let Some(destination) = waiting.clone().or(held) else {
        return Err(ApiError::invalid_parameter(format!(
            "The user has no {} to send a code to.",
            request.attribute_name
        )));
    };
    let sending = Sending {
        contact,
        destination,
        waits: waiting.is_some(),
    };
    let details = send_code(service, &pool, &config, user, sending)?;
    Ok(json!({"CodeDeliveryDetails": details}))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct VerifyUserAttribute {
    access_token: Secret,
    attribute_name: String,
    code: Secret,
}

pub(super) async fn verify_user_attribute(
    service: &Service,
    request: VerifyUserAttribute,
) -> Result<Value, ApiError> {
    let (pool, claims) = service.bearer(request.access_token.reveal())?;
    let config = pool.config();
    let now = service.now();
    let mut state = pool.state();
    let index = bearer(&state, &claims)?;
    let user = state.user_mut(index)?;
    user.take_hourly(Limited::VerifyAttribute, now)?;
    let contact = contact(&config, &request.attribute_name)?;
    let code = code_for(user, contact).ok_or_else(ApiError::code_expired)?;
    code.issued.check(&request.code, now)?;
    let mut changes = Vec::new();
    if let Some(waiting) = &code.waiting {
        changes.push((contact, waiting.to_string()));
    }
    if let Some(flag) = verified_flag(contact) {
        changes.push((flag, "true".to_owned()));
    }
    apply(&config, &mut state, index, &changes)?;
    let user = state.user_mut(index)?;
    forget_code(user, contact);
    user.modified = now;
    nothing()
}

/// The attribute a name stands for, if it is one that can be verified.
fn contact(config: &PoolConfig, name: &str) -> Result<AttributeId, ApiError> {
    config
        .schema
        .id(name)
        .filter(|id| verified_flag(*id).is_some())
        .ok_or_else(|| {
            ApiError::invalid_parameter(format!(
                "{name} cannot be verified; only email and phone_number can."
            ))
        })
}

fn code_for(user: &User, contact: AttributeId) -> Option<&ContactCode> {
    let codes = &user.rare.as_ref()?.contact_codes;
    codes.iter().find(|code| code.issued.proves == contact)
}

fn forget_code(user: &mut User, contact: AttributeId) {
    if let Some(rare) = &mut user.rare {
        rare.contact_codes
            .retain(|code| code.issued.proves != contact);
    }
}

/// Makes checked changes to a user's attributes, and sends a code for every contact that becomes
/// another one without being verified in the same call. Returns where the codes went.
pub(super) fn change(
    service: &Service,
    pool: &Pool,
    config: &PoolConfig,
    state: &mut PoolState,
    index: UserIndex,
    mut changes: Vec<(AttributeId, String)>,
) -> Result<Vec<Value>, ApiError> {
    if changes.iter().any(|(_, value)| !value.is_empty()) {
        check_required_given(config, state, index, &changes)?;
    }
    let held = &state.user(index)?.attributes;
    let given = |id: AttributeId| changes.iter().find(|(given, _)| *given == id);
    let mut to_prove = Vec::new();
    let mut settled = Vec::new();
    for contact in [EMAIL, PHONE_NUMBER] {
        let Some((_, value)) = given(contact) else {
            continue;
        };
        let said = verified_flag(contact).is_some_and(|flag| given(flag).is_some());
        let another = !value.is_empty() && held.get(contact) != Some(value);
        if said || !another || !config.auto_verified.contains(&contact) {
            settled.push(contact);
        } else {
            // What is not there yet has no old value that could stay.
            let waits = config.waits_for_proof(contact) && held.get(contact).is_some();
            to_prove.push(Sending {
                contact,
                destination: value.as_str().into(),
                waits,
            });
        }
    }
    changes.retain(|(id, _)| {
        !to_prove
            .iter()
            .any(|sending| sending.waits && sending.contact == *id)
    });
    apply(config, state, index, &changes)?;
    let user = state.user_mut(index)?;
    user.modified = service.now();
    for contact in settled {
        forget_code(user, contact);
    }
    to_prove
        .into_iter()
        .map(|sending| send_code(service, pool, config, user, sending))
        .collect()
}

/// A contact to prove.
struct Sending {
    contact: AttributeId,
    destination: Box<str>,
    /// Whether the attribute gets this value only when the code comes back.
    waits: bool,
}

/// Sends a code to a contact and returns `CodeDeliveryDetails`.
fn send_code(
    service: &Service,
    pool: &Pool,
    config: &PoolConfig,
    user: &mut User,
    sending: Sending,
) -> Result<Value, ApiError> {
    let Sending {
        contact,
        destination,
        waits,
    } = sending;
    let reason = MessageReason::AttributeVerification;
    let to = (contact, destination.to_string());
    let (details, issued) = code_delivery::send_code(service, pool, config, user, reason, to, DAY)?;
    forget_code(user, contact);
    user.rare().contact_codes.push(ContactCode {
        issued,
        waiting: waits.then_some(destination),
    });
    Ok(details)
}

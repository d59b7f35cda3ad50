//! Codes on their way to a user's e-mail address or phone number, and what the caller is told of
//! it. Must not know what a code is good for: whoever has one sent keeps it.
//!
//! Sources: the API reference (`CodeDeliveryDetailsType`); guide page
//! cognito-user-pool-managing-errors (what somebody without an account is told).

use serde_json::{Value, json};

use crate::api_error::ApiError;
use crate::clock::Millis;
use crate::outbox::{Medium, MessageReason, SentMessage, masked};
use crate::pool::Pool;
use crate::pool::config::PoolConfig;
use crate::pool::schema::{AttributeId, EMAIL, PHONE_NUMBER, is_phone_number};
use crate::pool::user::{IssuedCode, User};
use crate::random;
use crate::secret::Secret;
use crate::service::Service;

/// An attribute that messages go to, and its value.
pub(super) type Contact = (AttributeId, String);

/// The first of these attributes that the user has.
pub(super) fn first_contact(
    user: &User,
    mut attributes: impl Iterator<Item = AttributeId>,
) -> Option<Contact> {
    attributes.find_map(|attribute| Some((attribute, user.attributes.get(attribute)?.to_owned())))
}

/// Sends a new code, good for so long, and returns `CodeDeliveryDetails` with it.
pub(super) fn send_code(
    service: &Service,
    pool: &Pool,
    config: &PoolConfig,
    user: &User,
    reason: MessageReason,
    (proves, destination): Contact,
    lives: Millis,
) -> Result<(Value, IssuedCode), ApiError> {
    let medium = Medium::of(proves);
    let details = delivery_details(medium, &destination);
    let code = random::code();
    let message = SentMessage {
        user_pool_id: pool.id.clone(),
        username: user.username.to_string(),
        reason,
        medium,
        destination,
        code: Some(code.clone()),
    };
    service.send(config, message)?;
    let issued = IssuedCode {
        code: Secret::new(code),
        expires: service.now() + lives,
        proves,
    };
    Ok((details, issued))
}

fn delivery_details(medium: Medium, destination: &str) -> Value {
    json!({
        "Destination": masked(medium, destination),
        "DeliveryMedium": medium.as_str(),
        "AttributeName": medium.attribute_name(),
    })
}

/// What somebody without an account is told: "determined by the input username format and
/// verification settings of the user pool". The made-up address depends on the name alone, so that
/// asking twice shows nothing.
pub(super) fn simulated_delivery(config: &PoolConfig, name: &str) -> Value {
    let by_phone = is_phone_number(name)
        || (!name.contains('@')
            && config.recovery().first() == Some(&PHONE_NUMBER)
            && !config.auto_verified.contains(&EMAIL));
    let details = if by_phone {
        let number = if is_phone_number(name) {
            name
        } else {
            "+10000000000"
        };
        delivery_details(Medium::Sms, number)
    } else if name.contains('@') {
        delivery_details(Medium::Email, name)
    } else {
        delivery_details(Medium::Email, &format!("{name}@example.com"))
    };
    json!({"CodeDeliveryDetails": details})
}

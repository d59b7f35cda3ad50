//! `AdminUpdateUserAttributes`, `AdminDeleteUserAttributes`.
//!
//! Sources: the API reference of both (a blank value deletes); guide page
//! user-pool-settings-attributes. That an administrator's `email_verified = true` takes the alias
//! from its holder without an error is reported by callers (boto3 issue 3213).

use serde::Deserialize;
use serde_json::Value;

use super::attribute_codes::change;
use super::user_creation::check_flags;
use super::{accepted_unless_told, nothing};
use crate::api_error::ApiError;
use crate::pool::PoolState;
use crate::pool::config::PoolConfig;
use crate::pool::login_name::{
    Holder, alias_holder, preferred_username_holder, release_alias, username_holder, verified_flag,
};
use crate::pool::schema::{AttributeId, EMAIL, EMAIL_VERIFIED, Occasion, PHONE_NUMBER, SUB};
use crate::pool::user::Attributes;
use crate::pool::user_table::UserIndex;
use crate::service::Service;

/// `AttributeType`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Attribute {
    pub(super) name: String,
    #[serde(default)]
    pub(super) value: Option<String>,
}

/// Checks attributes of a request against the schema and brings them into the pool's form.
pub(super) fn checked(
    config: &PoolConfig,
    given: &[Attribute],
    occasion: Occasion,
) -> Result<Attributes, ApiError> {
    let mut attributes = Attributes::default();
    for attribute in given {
        let value = attribute.value.as_deref().unwrap_or_default();
        let id = config.schema.check(&attribute.name, value, occasion)?;
        attributes.set(id, &config.folded_value(id, value));
    }
    Ok(attributes)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AdminUpdateUserAttributes {
    user_pool_id: String,
    username: String,
    user_attributes: Vec<Attribute>,
}

pub(super) async fn admin_update_user_attributes(
    service: &Service,
    request: AdminUpdateUserAttributes,
) -> Result<Value, ApiError> {
    let pool = service.pool(&request.user_pool_id)?;
    let config = pool.config();
    let mut state = pool.state();
    let index = state.find(&config, &request.username)?;
    let changes = changes(&config, &request.user_attributes)?;
    change(service, &pool, &config, &mut state, index, changes)?;
    nothing()
}

/// Checked new values in the pool's form, blank ones for deletion.
pub(super) fn changes(
    config: &PoolConfig,
    given: &[Attribute],
) -> Result<Vec<(AttributeId, String)>, ApiError> {
    given
        .iter()
        .map(|attribute| {
            let value = attribute.value.as_deref().unwrap_or_default();
            let id = config
                .schema
                .check(&attribute.name, value, Occasion::Update)?;
            Ok((id, config.folded_value(id, value).into_owned()))
        })
        .collect()
}

/// Refuses changes that leave a required attribute without a value: "You can only set the value of
/// an attribute … when you also provide a value for any required attributes that don't yet have a
/// value."
pub(super) fn check_required_given(
    config: &PoolConfig,
    state: &PoolState,
    index: UserIndex,
    changes: &[(AttributeId, String)],
) -> Result<(), ApiError> {
    let held = &state.user(index)?.attributes;
    let given = |wanted: AttributeId| {
        let is_value = |(id, value): &(AttributeId, String)| *id == wanted && !value.is_empty();
        changes.iter().any(is_value)
    };
    config
        .schema
        .check_required(|id| held.get(id).is_some() || given(id))
}

/// Makes changes to one user, aliases included: a changed e-mail address or phone number is no
/// longer verified unless the same call says so, and a verified alias that becomes this user's is
/// taken from its holder. A preferred username, which nothing verifies, is not; that is believed.
pub(super) fn apply(
    config: &PoolConfig,
    state: &mut PoolState,
    index: UserIndex,
    changes: &[(AttributeId, String)],
) -> Result<(), ApiError> {
    let before = &state.user(index)?.attributes;
    let mut after = before.clone();
    for (id, value) in changes {
        after.set(*id, value);
    }
    for contact in [EMAIL, PHONE_NUMBER] {
        let flag = verified_flag(contact);
        let flag_given = changes.iter().any(|(id, _)| Some(*id) == flag);
        if let (Some(flag), false) = (flag, flag_given)
            && before.get(contact) != after.get(contact)
        {
            after.set(
                flag,
                if after.get(contact).is_some() {
                    "false"
                } else {
                    ""
                },
            );
        }
    }
    check_flags(&after)?;
    for (id, definition) in config.schema.required() {
        if before.get(id).is_some() && after.get(id).is_none() {
            return Err(ApiError::invalid_parameter(format!(
                "user.{}: Attribute cannot be deleted because it is required.\n",
                definition.name
            )));
        }
    }
    let taken = username_holder(config, &state.users, &after, Some(index))
        .map(Holder::username_message)
        .or_else(|| {
            preferred_username_holder(config, &state.users, &after, index).map(Holder::message)
        });
    if let Some(message) = taken {
        return Err(ApiError::new("AliasExistsException", message));
    }
    while let Some(holder) = alias_holder(config, &state.users, &after, Some(index)) {
        release_alias(&mut state.users, holder);
    }
    state
        .users
        .change_attributes(index, |attributes| *attributes = after);
    Ok(())
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AdminDeleteUserAttributes {
    user_pool_id: String,
    username: String,
    user_attribute_names: Vec<String>,
}

pub(super) async fn admin_delete_user_attributes(
    service: &Service,
    request: AdminDeleteUserAttributes,
) -> Result<Value, ApiError> {
    let pool = service.pool(&request.user_pool_id)?;
    let config = pool.config();
    let mut state = pool.state();
    let index = state.find(&config, &request.username)?;
    let changes = deletions(&config, &request.user_attribute_names)?;
    let held = &state.user(index)?.attributes;
    if changes.iter().any(|(id, _)| held.get(*id).is_none()) {
        accepted_unless_told(service, "delete-absent-attribute")?;
    }
    // A deleted address takes its flag along; that is believed.
    let flag = held.get(EMAIL_VERIFIED).map(str::to_owned);
    let flag = flag.filter(|_| changes.iter().any(|(id, _)| *id == EMAIL));
    let flag = flag.filter(|_| service.beliefs.word("delete-email-flag") == "stays");
    apply(&config, &mut state, index, &changes)?;
    if let Some(flag) = flag {
        let put_back = |held: &mut Attributes| held.set(EMAIL_VERIFIED, &flag);
        state.users.change_attributes(index, put_back);
    }
    state.user_mut(index)?.modified = service.now();
    nothing()
}

pub(super) fn deletions(
    config: &PoolConfig,
    names: &[String],
) -> Result<Vec<(AttributeId, String)>, ApiError> {
    names
        .iter()
        .map(|name| {
            let id = config.schema.check(name, "", Occasion::Update)?;
            debug_assert_ne!(id, SUB, "the schema refuses sub");
            Ok((id, String::new()))
        })
        .collect()
}

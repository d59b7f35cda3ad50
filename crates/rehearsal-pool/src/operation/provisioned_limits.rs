//! `GetProvisionedLimit`, `UpdateProvisionedLimit`.
//!
//! Sources: the API reference of the operations; quota page (provisioned limits, July 2026: the
//! value lies between the default and the account's maximum in Service Quotas and counts at once).

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::api_error::ApiError;
use crate::quota::{Limit, LimitRefused};
use crate::service::Service;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct LimitDefinition {
    #[serde(default)]
    attributes: BTreeMap<String, String>,
}

impl LimitDefinition {
    fn category(&self) -> Result<&str, ApiError> {
        self.attributes
            .get("Category")
            .map(String::as_str)
            .ok_or_else(|| {
                ApiError::invalid_parameter(
                    "LimitDefinition.Attributes must have the key Category.",
                )
            })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetProvisionedLimit {
    limit_definition: LimitDefinition,
}

pub(super) async fn get_provisioned_limit(
    service: &Service,
    request: GetProvisionedLimit,
) -> Result<Value, ApiError> {
    let category = request.limit_definition.category()?;
    let limit = service
        .quotas
        .limit(category)
        .ok_or_else(|| unknown(category))?;
    Ok(described(category, limit))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UpdateProvisionedLimit {
    limit_definition: LimitDefinition,
    requested_limit_value: i32,
}

pub(super) async fn update_provisioned_limit(
    service: &Service,
    request: UpdateProvisionedLimit,
) -> Result<Value, ApiError> {
    let category = request.limit_definition.category()?;
    let wanted = f64::from(request.requested_limit_value);
    let limit = service
        .quotas
        .provision(category, wanted)
        .map_err(|refused| match refused {
            LimitRefused::UnknownCategory => unknown(category),
            LimitRefused::NotAdjustable => {
                ApiError::invalid_parameter(format!("The limit of {category} is not adjustable."))
            }
            LimitRefused::BelowDefault => ApiError::invalid_parameter(format!(
                "The requested value is below the default limit of {category}."
            )),
            LimitRefused::BeyondAccount => ApiError::new(
                "ServiceQuotaExceededException",
                format!("The requested value exceeds the account's maximum for {category}."),
            ),
        })?;
    Ok(described(category, limit))
}

fn described(category: &str, limit: Limit) -> Value {
    json!({"Limit": {
        "LimitDefinition": {
            "LimitClass": "API_CATEGORY",
            "Attributes": {"Category": category},
        },
        "ProvisionedLimitValue": limit.provisioned,
        "FreeLimitValue": limit.default,
    }})
}

fn unknown(category: &str) -> ApiError {
    ApiError::new(
        "ResourceNotFoundException",
        format!("There is no category {category}."),
    )
}

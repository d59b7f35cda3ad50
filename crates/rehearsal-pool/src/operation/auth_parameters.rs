//! `AuthParameters` and `ChallengeResponses`: named texts, any of which may be a secret.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::api_error::ApiError;
use crate::secret::Secret;

#[derive(Default, Deserialize)]
pub(super) struct Parameters(BTreeMap<String, Secret>);

impl Parameters {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(Secret::reveal)
    }

    pub(super) fn need(&self, name: &str) -> Result<&str, ApiError> {
        self.get(name)
            .filter(|value| !value.is_empty())
            .ok_or_else(|| {
                ApiError::invalid_parameter(format!("Missing required parameter {name}"))
            })
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.reveal()))
    }
}

//! One call, as far as its budgets depend on it.

use serde_json::Value;

use super::category::{ACCOUNT_RECOVERY, CATEGORIES, CHALLENGE_RESPONSES, SIGN_INS};

/// What the budgets of a call depend on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call<'a> {
    pub(crate) operation: &'a str,
    pub(crate) input: &'a Value,
}

impl<'a> Call<'a> {
    pub(super) fn text(&self, member: &str) -> Option<&'a str> {
        self.input[member].as_str()
    }

    /// Sets the user apart from others, as far as the request alone tells.
    pub(super) fn user(&self) -> Option<(&'a str, &'a str)> {
        let scope = self.text("UserPoolId").or_else(|| self.text("ClientId"))?;
        let name = self
            .text("Username")
            .or_else(|| self.input["AuthParameters"]["USERNAME"].as_str())
            .or_else(|| self.input["ChallengeResponses"]["USERNAME"].as_str())?;
        Some((scope, name))
    }

    /// The category the call counts in.
    pub(super) fn category(&self) -> Option<usize> {
        let recovers = self.text("ChallengeName") == Some("NEW_PASSWORD_REQUIRED");
        CATEGORIES.iter().position(|category| {
            if recovers {
                category.name == ACCOUNT_RECOVERY
            } else {
                category.operations.contains(&self.operation)
            }
        })
    }

    /// Whether the operation reads (0) or writes (1) one user.
    pub(super) fn side(&self) -> Option<usize> {
        let category = CATEGORIES
            .iter()
            .find(|category| category.operations.contains(&self.operation))?;
        match category.name {
            SIGN_INS | CHALLENGE_RESPONSES | "UserRead" | "UserResourceRead" => Some(0),
            "UserUpdate" | "UserCreation" | ACCOUNT_RECOVERY => Some(1),
            _ => None,
        }
    }
}

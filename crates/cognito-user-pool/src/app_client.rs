//! An app client of the pool, as far as a migration depends on it: whether passwords reach
//! Cognito through it, what it tells of unknown users, which attributes its users can change.

use aws_sdk_cognitoidentityprovider::types::{
    ExplicitAuthFlowsType, PreventUserExistenceErrorTypes, UserPoolClientType,
};

/// An app client.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AppClient {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Whether people can sign in through it with a password that Cognito gets to see; the user
    /// migration trigger fires for no other sign-in.
    pub takes_passwords: bool,
    /// Whether anybody can sign in through it with USER_PASSWORD_AUTH and nothing but their
    /// password: the flow is allowed, and the client has no secret.
    pub signs_in_plainly: bool,
    /// Whether sign-ins of unknown users look like those with a wrong password.
    pub hides_user_existence: bool,
    /// Which attributes its users can change; `None` for all.
    pub write_attributes: Option<Vec<String>>,
}

impl AppClient {
    pub(crate) fn from_sdk(client: UserPoolClientType) -> AppClient {
        use ExplicitAuthFlowsType as Flow;
        let takes_passwords = client.explicit_auth_flows().iter().any(|flow| {
            matches!(
                flow,
                Flow::AllowUserPasswordAuth
                    | Flow::AllowAdminUserPasswordAuth
                    | Flow::UserPasswordAuth
                    | Flow::AdminNoSrpAuth
            )
        });
        let mut flows = client.explicit_auth_flows().iter();
        let plain =
            flows.any(|flow| matches!(flow, Flow::AllowUserPasswordAuth | Flow::UserPasswordAuth));
        AppClient {
            takes_passwords,
            signs_in_plainly: plain && client.client_secret.is_none(),
            // Clients made through the API have LEGACY unless they say otherwise (developer guide,
            // "Managing user existence error responses").
            hides_user_existence: client.prevent_user_existence_errors
                == Some(PreventUserExistenceErrorTypes::Enabled),
            write_attributes: client.write_attributes.filter(|names| !names.is_empty()),
            id: client.client_id.unwrap_or_default(),
            name: client.client_name.unwrap_or_default(),
        }
    }

    /// Whether its users can change an attribute.
    pub fn can_write(&self, attribute: &str) -> bool {
        let listed = self.write_attributes.as_deref();
        listed.is_none_or(|names| names.iter().any(|name| name == attribute))
    }
}

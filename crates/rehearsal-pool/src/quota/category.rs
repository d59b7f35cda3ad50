//! The quota categories: their default rates and members.
//!
//! Responsible for the figures of the guide's quota page. It must not count anything.

pub(super) struct Category {
    pub(super) name: &'static str,
    /// Requests a second of every account.
    pub(super) rate: f64,
    /// Whether the account's rate can be raised.
    pub(super) adjustable: bool,
    pub(super) operations: &'static [&'static str],
}

impl Category {
    /// "Any individual operation in this category has a constraint that prevents the operation
    /// from being called at a rate higher than 5 RPS for a single user pool."
    pub(super) fn limits_each_operation(&self) -> bool {
        matches!(
            self.name,
            "UserPoolResourceRead"
                | "UserPoolResourceUpdate"
                | "UserPoolClientRead"
                | "UserPoolClientUpdate"
        )
    }
}

pub(super) const SIGN_INS: &str = "UserAuthentication";
/// Not a category of the service's own: the budget apart that its sign-in category gives to
/// answers.
pub(super) const CHALLENGE_RESPONSES: &str = "UserAuthenticationChallengeResponse";
pub(super) const ANSWERS_PER_SIGN_IN: f64 = 3.0;
pub(super) const ACCOUNT_RECOVERY: &str = "UserAccountRecovery";

pub(super) static CATEGORIES: [Category; 19] = [
    Category {
        name: "UserAuthentication",
        rate: 120.0,
        adjustable: true,
        operations: &[
            "InitiateAuth",
            "AdminInitiateAuth",
            "GetTokensFromRefreshToken",
        ],
    },
    Category {
        name: CHALLENGE_RESPONSES,
        rate: 360.0,
        adjustable: true,
        operations: &["RespondToAuthChallenge", "AdminRespondToAuthChallenge"],
    },
    Category {
        name: "UserCreation",
        rate: 50.0,
        adjustable: true,
        operations: &[
            "AdminCreateUser",
            "SignUp",
            "ConfirmSignUp",
            "AdminConfirmSignUp",
        ],
    },
    Category {
        name: "UserAccountRecovery",
        rate: 30.0,
        adjustable: false,
        operations: &[
            "AdminSetUserPassword",
            "AdminResetUserPassword",
            "ForgotPassword",
            "ConfirmForgotPassword",
            "ChangePassword",
        ],
    },
    Category {
        name: "UserRead",
        rate: 120.0,
        adjustable: true,
        operations: &["AdminGetUser", "GetUser"],
    },
    Category {
        name: "UserFederation",
        rate: 25.0,
        adjustable: true,
        operations: &[],
    },
    Category {
        name: "UserResourceUpdate",
        rate: 25.0,
        adjustable: false,
        operations: &[],
    },
    Category {
        name: "ClientAuthentication",
        rate: 150.0,
        adjustable: false,
        operations: &[],
    },
    Category {
        name: "UserUpdate",
        rate: 25.0,
        adjustable: false,
        operations: &[
            "AdminAddUserToGroup",
            "AdminRemoveUserFromGroup",
            "AdminUpdateUserAttributes",
            "AdminDeleteUserAttributes",
            "UpdateUserAttributes",
            "DeleteUserAttributes",
            "DeleteUser",
            "VerifyUserAttribute",
            "AdminDisableUser",
            "AdminEnableUser",
            "AdminDeleteUser",
            "AdminLinkProviderForUser",
            "AdminDisableProviderForUser",
            "AdminUserGlobalSignOut",
            "GlobalSignOut",
        ],
    },
    Category {
        name: "UserResourceRead",
        rate: 50.0,
        adjustable: true,
        operations: &[
            "AdminListGroupsForUser",
            "ResendConfirmationCode",
            "GetUserAttributeVerificationCode",
        ],
    },
    Category {
        name: "UserList",
        rate: 30.0,
        adjustable: false,
        operations: &["ListUsers", "ListUsersInGroup"],
    },
    Category {
        name: "UserToken",
        rate: 120.0,
        adjustable: true,
        operations: &["RevokeToken"],
    },
    Category {
        name: "UserPoolRead",
        rate: 15.0,
        adjustable: false,
        operations: &["DescribeUserPool", "ListUserPools"],
    },
    Category {
        name: "UserPoolUpdate",
        rate: 15.0,
        adjustable: false,
        operations: &["CreateUserPool", "UpdateUserPool", "DeleteUserPool"],
    },
    Category {
        name: "UserPoolResourceRead",
        rate: 20.0,
        adjustable: false,
        operations: &[
            "GetCSVHeader",
            "GetGroup",
            "ListGroups",
            "DescribeUserImportJob",
            "ListUserImportJobs",
        ],
    },
    Category {
        name: "UserPoolResourceUpdate",
        rate: 15.0,
        adjustable: false,
        operations: &[
            "AddCustomAttributes",
            "CreateGroup",
            "UpdateGroup",
            "DeleteGroup",
            "CreateUserImportJob",
            "StartUserImportJob",
            "StopUserImportJob",
        ],
    },
    Category {
        name: "UserPoolClientRead",
        rate: 15.0,
        adjustable: false,
        operations: &["DescribeUserPoolClient", "ListUserPoolClients"],
    },
    Category {
        name: "UserPoolClientUpdate",
        rate: 15.0,
        adjustable: false,
        operations: &[
            "CreateUserPoolClient",
            "UpdateUserPoolClient",
            "DeleteUserPoolClient",
        ],
    },
    Category {
        name: "LimitManagement",
        rate: 1.0,
        adjustable: false,
        operations: &["GetProvisionedLimit", "UpdateProvisionedLimit"],
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api_model::api_model;

    #[test]
    fn every_listed_operation_exists_and_is_in_one_category() {
        let mut seen = std::collections::BTreeSet::new();
        for name in CATEGORIES.iter().flat_map(|category| category.operations) {
            assert!(api_model().operations.contains_key(*name), "{name}");
            assert!(seen.insert(name), "{name} is in two categories");
        }
    }
}

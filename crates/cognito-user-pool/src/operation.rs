//! The operations of the user pools API that we call, under Cognito's names, each with the quota
//! category whose allowance it spends. Knows nothing of the SDK.

use std::fmt;

use crate::QuotaCategory;

macro_rules! operations {
    ($($name:ident $category:ident)*) => {
        /// An operation of the Cognito user pools API.
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub enum Operation {
            $(#[doc = concat!("`", stringify!($name), "`")] $name,)*
        }

        impl Operation {
            /// Every operation this crate calls.
            pub const ALL: &'static [Operation] = &[$(Operation::$name,)*];

            /// Cognito's name.
            pub const fn name(self) -> &'static str {
                match self { $(Operation::$name => stringify!($name),)* }
            }

            /// The quota category it counts towards (developer guide, "Quotas").
            pub const fn category(self) -> QuotaCategory {
                match self { $(Operation::$name => QuotaCategory::$category,)* }
            }
        }
    };
}

operations! {
    DescribeUserPool        UserPoolRead
    UpdateUserPool          UserPoolUpdate
    ListUserPoolClients     UserPoolClientRead
    DescribeUserPoolClient  UserPoolClientRead
    GetProvisionedLimit     LimitManagement
    ListGroups              UserPoolResourceRead
    CreateGroup             UserPoolResourceUpdate
    ListUsers               UserList
    ListUsersInGroup        UserList
    AdminGetUser            UserRead
    AdminCreateUser         UserCreation
    AdminSetUserPassword    UserAccountRecovery
    AdminAddUserToGroup     UserUpdate
    AdminRemoveUserFromGroup UserUpdate
    AdminUpdateUserAttributes UserUpdate
    AdminDisableUser        UserUpdate
    AdminEnableUser         UserUpdate
    AdminDeleteUser         UserUpdate
    AdminLinkProviderForUser UserUpdate
    GetCSVHeader            UserPoolResourceRead
    DescribeUserImportJob   UserPoolResourceRead
    ListUserImportJobs      UserPoolResourceRead
    CreateUserImportJob     UserPoolResourceUpdate
    StartUserImportJob      UserPoolResourceUpdate
    StopUserImportJob       UserPoolResourceUpdate
    InitiateAuth            UserAuthentication
    ForgotPassword          UserAccountRecovery
    ConfirmForgotPassword   UserAccountRecovery
}

impl Operation {
    /// The IAM action that must be allowed, or `None` for the operations that app users call
    /// without AWS credentials.
    pub fn iam_action(self) -> Option<String> {
        match self {
            Operation::InitiateAuth
            | Operation::ForgotPassword
            | Operation::ConfirmForgotPassword => None,
            _ => Some(format!("cognito-idp:{}", self.name())),
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

//! Every exception we know, what it is, what to do, whether the work may have been done, and
//! why. The exceptions are those that the API model (botocore 1.44.5) declares for our
//! operations, and the AWS-wide ones of signed requests. `PoolError` is the only reader.

use migration_model::Reason::{
    AliasTaken, AttributeInvalid, GroupInvalid, IdentityNotLinked, RefusedByCognito,
};

use crate::Operation;
use crate::pool_error::Disposition::{self, Already, FailUser, Halt, Retry};
use crate::pool_error::{Effect, PoolFault};

/// One row of the table.
pub(crate) struct Row {
    exception: &'static str,
    /// The operation for which the row holds; `None` for all.
    operation: Option<Operation>,
    pub(crate) fault: PoolFault,
    pub(crate) disposition: Disposition,
    pub(crate) effect: Effect,
    /// Why it is classified so, said so that an operator can act on it.
    pub(crate) why: &'static str,
}

macro_rules! exceptions {
    ($($exception:ident $(of $operation:ident)? : $fault:ident, $disposition:expr,
       $effect:ident, $why:literal;)*) => {
        const EXCEPTIONS: &[Row] = &[$(Row {
            exception: stringify!($exception),
            operation: exceptions!(@operation $($operation)?),
            fault: PoolFault::$fault,
            disposition: $disposition,
            effect: Effect::$effect,
            why: $why,
        },)*];
    };
    (@operation) => { None };
    (@operation $operation:ident) => { Some(Operation::$operation) };
}

// Rows for one operation stand before the row for all.
exceptions! {
    TooManyRequestsException: Throttled, Retry, None,
        "the quota of the category is spent for this moment";
    ThrottlingException: Throttled, Retry, None,
        "the quota of the category is spent for this moment";
    InternalErrorException: Service, Retry, Unknown,
        "Cognito failed; it may have done the work first";
    InternalFailure: Service, Retry, Unknown,
        "AWS failed; it may have done the work first";
    ServiceUnavailable: Service, Retry, Unknown,
        "AWS cannot take requests at the moment";
    ConcurrentModificationException: Service, Retry, None,
        "somebody changed the same thing at the same time";

    UsernameExistsException: UsernameExists, Already, None,
        "the pool has a user of this name; whose it is must be found out";
    AliasExistsException of AdminLinkProviderForUser: AliasExists, FailUser(IdentityNotLinked), None,
        "the social identity is linked to another user";
    AliasExistsException: AliasExists, FailUser(AliasTaken), None,
        "another user holds the verified address";
    GroupExistsException: GroupExists, Already, None,
        "the group is there";
    UserNotFoundException: UserNotFound, FailUser(RefusedByCognito), None,
        "the pool has no such user; somebody may have deleted them meanwhile";
    ResourceNotFoundException of AdminLinkProviderForUser: ResourceNotFound, Halt, None,
        "the pool has no identity provider of the name that [identities] gives; add it or correct the name";
    ResourceNotFoundException of DescribeUserImportJob: ResourceNotFound, Halt, None,
        "the pool or its import job does not exist";
    ResourceNotFoundException: ResourceNotFound, Halt, None,
        "the pool, its app client or a group does not exist; check user pool id and Region";
    // Cognito checks all settings again, not only the one that was to change.
    InvalidParameterException of UpdateUserPool: InvalidParameter, Halt, None,
        "a setting of the pool is not valid any more, such as a deleted SES identity or role; \
         save the pool's settings in the console, which names it, and try again";
    // No field of the pool says beforehand whether it does (developer guide, "Importing users into
    // user pools from a CSV file": "modern infrastructure").
    InvalidParameterException of CreateUserImportJob: InvalidParameter, Halt, None,
        "the pool does not take an import job like this: only newer pools take password hashes, \
         and [pool] import_role_arn must be a role that Cognito may assume; without hash-import \
         in [import] routes these people go the other routes";
    InvalidParameterException of AdminLinkProviderForUser: InvalidParameter,
        FailUser(IdentityNotLinked), None,
        "the social identity has a user of its own in the pool";
    InvalidParameterException: InvalidParameter, FailUser(AttributeInvalid), None,
        "a value of this user does not fit";
    ValidationException: InvalidParameter, FailUser(AttributeInvalid), None,
        "a value of this user does not fit";
    InvalidPasswordException: InvalidPassword, FailUser(RefusedByCognito), None,
        "the password does not fit the pool's policy";
    PasswordHistoryPolicyViolationException: InvalidPassword, FailUser(RefusedByCognito), None,
        "the pool remembers this password";

    LimitExceededException of AdminLinkProviderForUser: LimitExceeded,
        FailUser(IdentityNotLinked), None,
        "the user has as many linked identities as Cognito allows";
    LimitExceededException of CreateUserImportJob: LimitExceeded, Halt, None,
        "the pool has as many import jobs as Cognito keeps (1,000), or the account has an active \
         one";
    LimitExceededException of AdminAddUserToGroup: LimitExceeded, FailUser(GroupInvalid), None,
        "the user is in as many groups as Cognito allows";
    // Not throttling, though the SDKs' own classifiers take it for that: here it is a daily cap
    // or a maximum, and trying again for hours would not help.
    LimitExceededException: LimitExceeded, Halt, None,
        "a hard limit of the account or the pool is reached; see Service Quotas";
    ServiceQuotaExceededException: LimitExceeded, Halt, None,
        "a hard limit of the account or the pool is reached; see Service Quotas";

    AccessDeniedException: AccessDenied, Halt, None,
        "the IAM identity may not do this";
    NotAuthorizedException: AccessDenied, Halt, None,
        "the IAM identity may not do this";
    ForbiddenException: AccessDenied, Halt, None,
        "the pool's web ACL (AWS WAF) blocks this caller";
    // Refused, so nothing happened, and a new session may come: credentials are looked for anew.
    ExpiredTokenException: SessionExpired, Retry, None,
        "the AWS session has expired; sign in again (`aws sso login`)";
    ExpiredToken: SessionExpired, Retry, None,
        "the AWS session has expired; sign in again (`aws sso login`)";
    UnrecognizedClientException: Credentials, Halt, None,
        "AWS does not know the access key; check the profile or the environment";
    InvalidClientTokenId: Credentials, Halt, None,
        "AWS does not know the access key; check the profile or the environment";
    MissingAuthenticationTokenException: Credentials, Halt, None,
        "the request was not signed; check the profile or the environment";
    IncompleteSignatureException: Credentials, Halt, None,
        "check the credentials in the profile or the environment";
    InvalidSignatureException: Clock, Halt, None,
        "check the secret access key, and this machine's clock against real time";
    RequestTimeTooSkewed: Clock, Halt, None,
        "this machine's clock is wrong; set it and repeat the command";
    RequestExpired: Clock, Halt, None,
        "this machine's clock is wrong; set it and repeat the command";

    UserLambdaValidationException: Lambda, FailUser(RefusedByCognito), None,
        "a Lambda trigger of the pool refused this user";
    UnexpectedLambdaException: Lambda, FailUser(RefusedByCognito), None,
        "a Lambda trigger of the pool failed for this user";
    InvalidLambdaResponseException: Lambda, FailUser(RefusedByCognito), None,
        "a Lambda trigger of the pool gave an answer that Cognito cannot use";
    UnsupportedUserStateException: NotAllowed, FailUser(RefusedByCognito), None,
        "the user's status does not allow it";
    PreconditionNotMetException of CreateUserImportJob: NotAllowed, Halt, None,
        "the pool does not take import jobs as it is: it needs an attribute that Cognito verifies \
         (AutoVerifiedAttributes)";
    PreconditionNotMetException of StartUserImportJob: NotAllowed, Halt, None,
        "another import job of the account is active, or the pool verifies no attribute \
         (AutoVerifiedAttributes)";
    PreconditionNotMetException of StopUserImportJob: NotAllowed, Halt, None,
        "the import job does not run";
    PreconditionNotMetException: NotAllowed, FailUser(RefusedByCognito), None,
        "the user's or the pool's state does not allow it";
    CodeDeliveryFailureException: Other, FailUser(RefusedByCognito), None,
        "Cognito could not deliver a message to this user";
    OperationNotEnabledException: NotAllowed, Halt, None,
        "the pool is a replica in a secondary Region; use its primary Region";
    InvalidUserPoolConfigurationException: NotAllowed, Halt, None,
        "the pool's settings are not valid; correct them in the console";
    UserImportInProgressException: NotAllowed, Halt, None,
        "a CSV import job runs in the pool; try again when it has ended";
    FeatureUnavailableInTierException: NotAllowed, Halt, None,
        "the pool's feature plan does not have this; see UserPoolTier";
    TierChangeNotAllowedException: NotAllowed, Halt, None,
        "the pool's feature plan cannot be changed like this";
    InvalidSmsRoleAccessPolicyException: NotAllowed, Halt, None,
        "correct the pool's SMS role";
    InvalidSmsRoleTrustRelationshipException: NotAllowed, Halt, None,
        "correct the pool's SMS role";
    InvalidEmailRoleAccessPolicyException: NotAllowed, Halt, None,
        "correct the pool's e-mail role";
    UnknownOperationException: NotAllowed, Halt, None,
        "the endpoint does not know this operation";
    SerializationException: Other, Halt, None,
        "the endpoint does not understand the request";
}

/// The row for an exception of an operation.
pub(crate) fn find(exception: &str, operation: Operation) -> Option<&'static Row> {
    EXCEPTIONS.iter().find(|row| {
        row.exception == exception && row.operation.is_none_or(|only| only == operation)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_row_stands_behind_one_for_all_operations() {
        for (index, row) in EXCEPTIONS.iter().enumerate() {
            let mut earlier = EXCEPTIONS[..index].iter();
            let shadowed =
                |earlier: &Row| earlier.exception == row.exception && earlier.operation.is_none();
            assert!(
                !earlier.any(shadowed),
                "{} can never be found",
                row.exception
            );
        }
    }

    #[test]
    fn only_what_may_have_happened_or_was_refused_for_now_is_retried() {
        for row in EXCEPTIONS {
            assert!(
                row.effect == Effect::None || row.disposition == Retry,
                "{} may have had its effect, so it must be looked at again",
                row.exception,
            );
        }
    }
}

//! The list of beliefs.
//!
//! Responsible for naming each behaviour that no source settles, with the answer this pool gives.
//! Adding one: a row here, a question of the same id in `pool-probe`, and the call of
//! [`Beliefs`](super::Beliefs) where the behaviour is; texts of errors are found on their way out.

use super::{ACCEPTED, Belief, Follows};

const NO_SOURCE: &str = "not documented";
const NO_PRIMARY: &str = "texts widely quoted, no primary source";
const REPORTED: &str = "text as callers report it";
const INCORRECT: &str = "NotAuthorizedException: Incorrect username or password.";
const UNKNOWN: &str = "UserNotFoundException: User does not exist.";
const UNUSABLE: &str = "UserNotFoundException: Exception migrating user in app client {app client}";
const THROWN: &str =
    "UserLambdaValidationException: UserMigration failed with error {function's text}.";
const NO_EVENT: &str = "InvalidLambdaResponseException: Unrecognizable lambda output";

pub(super) fn beliefs() -> Vec<Belief> {
    let mut all = matrix();
    all.extend(migrating_sign_ins());
    all.extend(wordings());
    all.extend(ways());
    all
}

fn belief(
    id: impl Into<String>,
    operation: &'static str,
    says: impl Into<String>,
    source: &'static str,
    believed: &str,
    follows: Follows,
) -> Belief {
    Belief {
        id: id.into(),
        says: says.into(),
        source,
        believed: believed.to_owned(),
        operation,
        follows,
    }
}

/// What the function did, and how each call that asked it ends: under LEGACY and under ENABLED at
/// sign-in, then the same two of `ForgotPassword`.
fn matrix() -> Vec<Belief> {
    let kinds: [(&str, &str, &str, [&str; 4]); 7] = [
        (
            "throws",
            "the function throws an error",
            "amplify-js issue 9167 (at sign-in)",
            [THROWN; 4],
        ),
        (
            "empty",
            "the function's response is empty",
            "guide: cognito-user-pool-managing-errors (which texts: as callers report them)",
            [UNKNOWN, INCORRECT, UNKNOWN, ACCEPTED],
        ),
        (
            "status-alone",
            "the response has a finalUserStatus and no attributes",
            NO_SOURCE,
            [UNKNOWN, INCORRECT, UNKNOWN, ACCEPTED],
        ),
        (
            "bad-attribute",
            "an attribute of the response is not in the pool's schema",
            NO_PRIMARY,
            [UNUSABLE, INCORRECT, UNUSABLE, ACCEPTED],
        ),
        (
            "alias-taken",
            "the response's e-mail address is another user's alias",
            NO_PRIMARY,
            [UNUSABLE, INCORRECT, UNUSABLE, ACCEPTED],
        ),
        (
            "sub",
            "the response has a sub",
            "boto3 issue 2747 (at sign-in)",
            [INCORRECT, INCORRECT, INCORRECT, ACCEPTED],
        ),
        (
            "no-event",
            "the function returns a text in place of an event",
            REPORTED,
            [NO_EVENT; 4],
        ),
    ];
    let mut all = Vec::new();
    for (kind, what, source, [legacy, enabled, forgot_legacy, forgot_enabled]) in kinds {
        for (operation, existence, believed) in [
            ("InitiateAuth", "LEGACY", legacy),
            ("InitiateAuth", "ENABLED", enabled),
            ("AdminInitiateAuth", "LEGACY", legacy),
            ("AdminInitiateAuth", "ENABLED", enabled),
            ("ForgotPassword", "LEGACY", forgot_legacy),
            ("ForgotPassword", "ENABLED", forgot_enabled),
        ] {
            // A made-up delivery can be given; a sign-in of nobody cannot.
            let follows = match operation {
                "ForgotPassword" => Follows::ErrorsOrAccepted,
                _ => Follows::Errors,
            };
            all.push(Belief {
                id: format!("migration-{kind}/{operation}/{existence}"),
                says: format!("{operation} under {existence} when {what}"),
                source,
                believed: believed.to_owned(),
                operation,
                follows,
            });
        }
    }
    all
}

/// What else a migrating call does.
fn migrating_sign_ins() -> Vec<Belief> {
    vec![
        belief(
            "migration-dies",
            "InitiateAuth",
            "InitiateAuth when the function's process ends",
            "Lambda developer guide: runtime errors (not what Cognito makes of them)",
            "UserLambdaValidationException: UserMigration failed with error RequestId: {uuid} \
             Error: Runtime exited with error: exit status 3.",
            Follows::Errors,
        ),
        belief(
            "migration-times-out",
            "InitiateAuth",
            "InitiateAuth when the function takes longer than five seconds",
            "amazon-cognito-identity-dart-2 issue 204 (of another trigger)",
            "UnexpectedLambdaException: UserMigration invocation failed due to error Socket \
             timeout while invoking Lambda function.",
            Follows::Errors,
        ),
        belief(
            "migration-attempts",
            "InitiateAuth",
            "How often a function that takes too long is asked",
            "guide: cognito-user-pools-working-with-lambda-triggers (may be asked again)",
            "1",
            Follows::Words(&["1", "2", "3"]),
        ),
        belief(
            "migration-unfit-name",
            "InitiateAuth",
            "A name with a blank, which no user can have, is not migrated",
            "API model: UsernameType",
            UNUSABLE,
            Follows::Errors,
        ),
        belief(
            "user-auth-migration",
            "InitiateAuth",
            "USER_AUTH that prefers PASSWORD asks the migration trigger",
            "guide: authentication-flows-selection-sdk (likens it to USER_PASSWORD_AUTH)",
            "not asked",
            Follows::Words(&["not asked", "asked"]),
        ),
        belief(
            "event-at-sign-in",
            "InitiateAuth",
            "Members of the migration event at sign-in",
            "aws-lambda-dotnet issue 2166",
            "password text, userAttributes null, validationData null",
            Follows::Nothing,
        ),
        belief(
            "event-at-forgot-password",
            "ForgotPassword",
            "Members of the migration event at ForgotPassword",
            "guide: user-pool-lambda-migrate-user (\"doesn't send this value\")",
            "clientMetadata null, userAttributes null, validationData null",
            Follows::Words(&[
                "clientMetadata null, userAttributes null, validationData null",
                "clientMetadata null, password null, userAttributes null, validationData null",
            ]),
        ),
        belief(
            "migration-triggers",
            "InitiateAuth",
            "Triggers at a migrating sign-in, in their order",
            "guide: cognito-user-pools-working-with-lambda-triggers (which, not in which order)",
            "UserMigration_Authentication, PostAuthentication_Authentication, \
             TokenGeneration_Authentication",
            Follows::Nothing,
        ),
        belief(
            "migration-groups-in-tokens",
            "InitiateAuth",
            "Groups that PreTokenGeneration adds are in the tokens of the migrating sign-in",
            "guide: user-pool-lambda-pre-token-generation",
            "in both tokens",
            Follows::Nothing,
        ),
        belief(
            "migration-required-default",
            "InitiateAuth",
            "A required attribute that the response leaves out",
            "guide: user-pool-lambda-migrate-user (gets a default value, not which)",
            "absent",
            Follows::Nothing,
        ),
        belief(
            "migrated-at-forgot-password",
            "ForgotPassword",
            "Status of a user whom ForgotPassword migrated as CONFIRMED",
            NO_SOURCE,
            "CONFIRMED",
            Follows::Words(&["CONFIRMED", "RESET_REQUIRED"]),
        ),
        belief(
            "sign-up-migration",
            "SignUp",
            "SignUp asks the migration trigger",
            "amplify-js issue 5081",
            "not asked",
            Follows::Nothing,
        ),
        belief(
            "email-pool-username",
            "InitiateAuth",
            "cognito:username where the e-mail address is the username",
            "guide: user-pool-settings-attributes",
            "the sub",
            Follows::Nothing,
        ),
    ]
}

/// Texts of errors, found on their way out.
fn wordings() -> Vec<Belief> {
    let rows: &[(&str, &str, &str, &'static str, &str)] = &[
        (
            "both-kinds-of-names",
            "CreateUserPool",
            "A pool with username and alias attributes is refused",
            "guide: user-pool-settings-attributes (not the error)",
            "InvalidParameterException: Only one of the aliasAttributes or usernameAttributes can be set in a user pool.",
        ),
        (
            "username-taken",
            "AdminCreateUser",
            "A username that is taken",
            REPORTED,
            "UsernameExistsException: User account already exists",
        ),
        (
            "alias-taken-at-creation",
            "AdminCreateUser",
            "A new user's verified e-mail address is another user's alias",
            "boto3 issue 3213",
            "UsernameExistsException: An account with the email already exists.",
        ),
        (
            "attribute-unknown",
            "AdminCreateUser",
            "An attribute that the schema lacks",
            REPORTED,
            "InvalidParameterException: Attributes did not conform to the schema: {attribute}: Attribute does not exist in the schema.",
        ),
        (
            "attribute-too-long",
            "AdminCreateUser",
            "A custom text above its greatest length",
            REPORTED,
            "InvalidParameterException: Attributes did not conform to the schema: {attribute}: String must be no longer than {limit} characters",
        ),
        (
            "attribute-no-boolean",
            "AdminCreateUser",
            "A custom boolean that is neither true nor false",
            NO_SOURCE,
            "InvalidParameterException: Attributes did not conform to the schema: {attribute}: Value must be true or false",
        ),
        (
            "email-malformed",
            "AdminCreateUser",
            "An e-mail address without a domain",
            REPORTED,
            "InvalidParameterException: Invalid email address format.",
        ),
        (
            "medium-without-address",
            "AdminCreateUser",
            "DesiredDeliveryMediums names a medium that the user has no address for",
            "API reference: AdminCreateUser (not the text)",
            "InvalidParameterException: {attribute} is required to send a message by {medium}",
        ),
        (
            "empty-password-set",
            "AdminSetUserPassword",
            "An empty password is set",
            "API model: PasswordType (not which error)",
            "InvalidParameterException: 1 validation error detected: Value at 'password' failed to satisfy constraint: Member must satisfy regular expression pattern: {pattern}",
        ),
        (
            "password-unfit",
            "AdminSetUserPassword",
            "A password that the policy refuses",
            REPORTED,
            "InvalidPasswordException: Password did not conform with policy: Password not long enough",
        ),
        (
            "preferred-username-taken",
            "AdminUpdateUserAttributes",
            "A preferred username that another user has is not taken away",
            "API reference: UpdateUserAttributes, AliasExistsException",
            "AliasExistsException: An account with the preferred_username already exists.",
        ),
        (
            "confirmed-twice",
            "AdminConfirmSignUp",
            "Confirming a user who is confirmed",
            "amazon-cognito-identity-dart-2 issue 80 (of ConfirmSignUp)",
            "NotAuthorizedException: User cannot be confirmed. Current status is CONFIRMED",
        ),
        (
            "reset-admin-only",
            "AdminResetUserPassword",
            "A password is reset where administrators alone recover accounts",
            "guide: managing-users-passwords (admin_only)",
            "InvalidParameterException: Contact administrator to reset password.",
        ),
        (
            "reset-disabled",
            "AdminResetUserPassword",
            "The password of a disabled user is reset",
            "amazon-cognito-identity-js issue 373",
            "NotAuthorizedException: User is disabled.",
        ),
        (
            "forgot-admin-only",
            "ForgotPassword",
            "ForgotPassword where administrators alone recover accounts",
            "guide: managing-users-passwords (admin_only)",
            "NotAuthorizedException: Contact administrator to reset password.",
        ),
        (
            "forgot-without-contact",
            "ForgotPassword",
            "ForgotPassword of a user without a verified contact, under LEGACY",
            "amazon-cognito-identity-js issue 678",
            "InvalidParameterException: Cannot reset password for the user as there is no registered/verified email or phone_number",
        ),
        (
            "forgot-temporary-password",
            "ForgotPassword",
            "ForgotPassword of a user in FORCE_CHANGE_PASSWORD",
            "AWS knowledge center: cognito-forgot-password",
            "NotAuthorizedException: User password cannot be reset in the current state.",
        ),
        (
            "sign-in-disabled",
            "InitiateAuth",
            "A disabled user types a wrong password",
            NO_SOURCE,
            "NotAuthorizedException: User is disabled.",
        ),
        (
            "sign-in-empty-password",
            "InitiateAuth",
            "A sign-in with an empty password",
            REPORTED,
            "InvalidParameterException: Missing required parameter PASSWORD",
        ),
        (
            "flow-not-enabled",
            "InitiateAuth",
            "A flow that the app client does not permit",
            REPORTED,
            "InvalidParameterException: {flow} flow not enabled for this client",
        ),
        (
            "secret-hash-missing",
            "InitiateAuth",
            "No SECRET_HASH, of an app client with a secret",
            REPORTED,
            "NotAuthorizedException: Client {app client} is configured with secret but SECRET_HASH was not received",
        ),
        (
            "session-made-up",
            "RespondToAuthChallenge",
            "An answer to a challenge with a made-up session",
            "amazon-cognito-passwordless-email-auth issue 17",
            "NotAuthorizedException: Invalid session for the user.",
        ),
        (
            "signed-out-deleted",
            "GlobalSignOut",
            "The access token of a deleted user signs out",
            "API reference: GlobalSignOut (declares no UserNotFoundException)",
            "NotAuthorizedException: Access Token has been revoked",
        ),
        (
            "client-writes-unknown",
            "CreateUserPoolClient",
            "WriteAttributes with an attribute that the schema lacks",
            "aws-cdk issue 2608",
            "InvalidParameterException: Invalid write attributes specified while creating a client",
        ),
        (
            "pool-unknown",
            "DescribeUserPool",
            "A pool that is not there",
            REPORTED,
            "ResourceNotFoundException: User pool {pool} does not exist.",
        ),
        (
            "client-unknown",
            "InitiateAuth",
            "An app client that is not there",
            REPORTED,
            "ResourceNotFoundException: User pool client {app client} does not exist.",
        ),
    ];
    let row = |(id, operation, says, source, believed): &(
        &str,
        &'static str,
        &str,
        &'static str,
        &str,
    )| { belief(*id, operation, *says, source, believed, Follows::Wording) };
    rows.iter().map(row).collect()
}

/// What calls do, where no source says.
fn ways() -> Vec<Belief> {
    vec![
        belief(
            "groups-join-twice",
            "AdminAddUserToGroup",
            "Adding a user to a group twice",
            NO_SOURCE,
            ACCEPTED,
            Follows::ErrorsOrAccepted,
        ),
        belief(
            "groups-leave-absent",
            "AdminRemoveUserFromGroup",
            "Taking a user out of a group they are not in",
            NO_SOURCE,
            ACCEPTED,
            Follows::ErrorsOrAccepted,
        ),
        belief(
            "delete-absent-attribute",
            "AdminDeleteUserAttributes",
            "Deleting an attribute that has no value",
            NO_SOURCE,
            ACCEPTED,
            Follows::ErrorsOrAccepted,
        ),
        belief(
            "delete-email-flag",
            "AdminDeleteUserAttributes",
            "What becomes of email_verified when the e-mail address is deleted",
            NO_SOURCE,
            "gone",
            Follows::Words(&["gone", "stays"]),
        ),
        belief(
            "alias-moves-at-update",
            "AdminUpdateUserAttributes",
            "A verified e-mail address that another user has: who has it afterwards",
            "boto3 issue 3213",
            "moves; the former holder keeps the address, not verified",
            Follows::Nothing,
        ),
        belief(
            "unknown-name-lockout",
            "InitiateAuth",
            "The sixth wrong password for a name that nobody has, under ENABLED",
            "guide: authentication (of users)",
            INCORRECT,
            Follows::Nothing,
        ),
        belief(
            "client-write-attributes",
            "DescribeUserPoolClient",
            "WriteAttributes of an app client made without",
            NO_SOURCE,
            "absent",
            Follows::Nothing,
        ),
        belief(
            "client-flows",
            "DescribeUserPoolClient",
            "ExplicitAuthFlows of an app client made without",
            NO_SOURCE,
            "absent",
            Follows::Nothing,
        ),
        belief(
            "preflight",
            "InitiateAuth",
            "A web page of this machine may call InitiateAuth",
            "every browser app that signs in without a server of its own",
            "allowed: amz-sdk-invocation-id, amz-sdk-request, cache-control, content-type, \
             x-amz-target, x-amz-user-agent",
            Follows::Nothing,
        ),
        belief(
            "import-header",
            "GetCSVHeader",
            "password_hash in the header of an import file",
            "guide: cognito-user-pools-using-import-tool (the text and the sample differ)",
            "absent",
            Follows::Words(&["absent", "last"]),
        ),
        belief(
            "import-most-failed",
            "StartUserImportJob",
            "An import job of twenty rows, eleven of which fail",
            "guide: cognito-user-pools-using-import-tool (no threshold)",
            "Failed",
            Follows::Words(&["Failed", "Succeeded"]),
        ),
        belief(
            "import-backslash",
            "StartUserImportJob",
            "A backslash before another letter than a comma, in a row of an import file",
            "guide: cognito-user-pools-using-import-tool (names the comma only)",
            "stands for itself",
            Follows::Words(&["stands for itself", "goes"]),
        ),
        belief(
            "import-pbkdf2-dot",
            "StartUserImportJob",
            "A PBKDF2 hash with `.` for 62 (as passlib writes)",
            NO_SOURCE,
            "signs in",
            Follows::Words(&["signs in", "row fails"]),
        ),
        belief(
            "import-pbkdf2-plus",
            "StartUserImportJob",
            "A PBKDF2 hash with `+` for 62",
            NO_SOURCE,
            "signs in",
            Follows::Words(&["signs in", "row fails"]),
        ),
        belief(
            "import-scrypt-64",
            "StartUserImportJob",
            "A scrypt hash of 64 bytes, as Django makes",
            NO_SOURCE,
            "signs in",
            Follows::Words(&["signs in", "row fails"]),
        ),
        belief(
            "import-argon2-comma",
            "StartUserImportJob",
            "An Argon2 hash with a backslash before its commas",
            "guide: cognito-user-pools-using-import-tool (of fields, not of hashes)",
            "signs in",
            Follows::Words(&["signs in", "row fails"]),
        ),
    ]
}

//! The one registry of reason codes: the same string stands in journal, metrics, reports and
//! docs. Knows nothing of who uses it. Every crate above reads it.

use std::fmt;
use std::str::FromStr;

macro_rules! reasons {
    ($($variant:ident $code:literal $meaning:literal $next_step:literal)*) => {
        /// Why a user was refused, held, failed or sent down a route.
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        #[non_exhaustive]
        // The meanings are written for operators: `[pool]` is a section of cutover.toml there.
        #[allow(rustdoc::broken_intra_doc_links)]
        pub enum Reason {
            $(#[doc = $meaning] $variant,)*
        }

        impl Reason {
            /// Every reason there is, in the order of this registry.
            pub const ALL: &'static [Reason] = &[$(Reason::$variant,)*];

            /// The kebab-case code that journal, metrics, reports and docs carry.
            pub const fn code(self) -> &'static str {
                match self { $(Reason::$variant => $code,)* }
            }

            /// What the reason says of the user, in one sentence.
            pub const fn meaning(self) -> &'static str {
                match self { $(Reason::$variant => $meaning,)* }
            }

            /// What an operator can do about it.
            pub const fn next_step(self) -> &'static str {
                match self { $(Reason::$variant => $next_step,)* }
            }
        }
    };
}

reasons! {
    PasswordMismatch "password-mismatch"
        "The typed password does not match the Django hash."
        "Nothing: the person types it again or resets it."
    PasswordUnusable "password-unusable"
        "Django marks the password unusable (`!`), empty or null: nobody can sign in with it."
        "Import the user; they set a password by forgot-password."
    AlgorithmUnsupported "algorithm-unsupported"
        "The hash names an algorithm that is neither Django's nor declared under [hashers]."
        "Declare it under [hashers] (`cutover inspect` prints the line it knows), or let them reset."
    HashMalformed "hash-malformed"
        "The stored password is not a well-formed Django hash."
        "Look at the row in the legacy database; the user can only reset."
    CostLimitExceeded "cost-limit-exceeded"
        "The hash asks for more rounds or memory than the limits allow."
        "Check where the row came from; the user can only reset."
    ExternalUnavailable "external-unavailable"
        "The external verifier gave no answer, or none that it may give."
        "Look at its own log; people whose password Django does not store cannot sign in meanwhile."
    UserInactive "user-inactive"
        "The legacy user has is_active = false."
        "Set [import] inactive to choose between a disabled pool user and none."
    UserUnknown "user-unknown"
        "No legacy user has this login."
        "Nothing, unless a known user reports it: then check [legacy] login."
    LoginAmbiguous "login-ambiguous"
        "More than one legacy user answers to this login once letter case is folded."
        "Rename or merge the accounts in Django; each keeps its own exact login until then."
    LoginCollision "login-collision"
        "Another legacy user would have the same username in the pool (case, NFKC)."
        "Rename or merge the accounts in Django, then run the import again."
    EmailDuplicate "email-duplicate"
        "Another legacy user has the same e-mail, and the pool allows one holder."
        "Give one of them another e-mail in Django, then run the import again."
    UsernameInvalid "username-invalid"
        "The username does not fit Cognito: 1 to 128 characters, no spaces or invisible characters."
        "Rename the user in Django, then run the import again."
    EmailMissing "email-missing"
        "People sign in by e-mail there, and the user has none, or none that Cognito takes."
        "Fill or correct the e-mail in Django, then run the import again."
    RowUnreadable "row-unreadable"
        "The user's row holds bytes that are no text in the database's encoding."
        "Correct the row in the legacy database, then run the import again."
    UsernameEmailShaped "username-email-shaped"
        "The username looks like an e-mail, which a pool with e-mail alias refuses."
        "Rename the user in Django, or use a pool with e-mail as username."
    AttributeInvalid "attribute-invalid"
        "A mapped attribute's value does not fit Cognito or the pool's schema."
        "Correct the column in Django, or drop the attribute from [attributes]."
    AttributeMissing "attribute-missing"
        "The pool requires an attribute that the legacy user does not have."
        "Fill the column in Django, or use a pool that does not require it."
    GroupInvalid "group-invalid"
        "A group name is over 128 characters, or the user is in more than 100 groups."
        "Give the group a short name under [groups.names]."
    IdentitiesTooMany "identities-too-many"
        "More than five social identities are to be linked to the user; Cognito takes five."
        "Disconnect some of them in Django, or leave a provider out of [identities]."
    IdentityNotLinked "identity-not-linked"
        "Cognito did not link a social identity: another user has it, or it has signed in on its own."
        "Delete the federated user, or unlink it from its holder, then use --retry-failed."
    NoAddress "no-address"
        "The user has no e-mail (or phone number) to which an invitation or sign-in code could go."
        "Fill the column in Django, or import these users with another --final-state."
    MayStillSignIn "may-still-sign-in"
        "The user can still keep the password by signing in once; importing now would lose it."
        "Wait for the sign-in, or import with --approve-password-reset."
    AlreadyInPool "already-in-pool"
        "The pool already has this user."
        "Nothing; reconcile compares both sides."
    UsernameTaken "username-taken"
        "The pool's user of this name carries another legacy user's id."
        "Find out whose account it is; rename one of the two, then run the import again."
    NameTakenByStranger "name-taken-by-stranger"
        "The pool has a user of this name, and nothing proves that it is this person."
        "Ask who it is; delete or rename the pool user if it is somebody else, then import again."
    ChangedSincePlan "changed-since-plan"
        "The user changed in Django between the plan and the write, so nothing was written."
        "Run the import again: it plans the user as they are now."
    DeletedInPool "deleted-in-pool"
        "The person was in the pool and was deleted there."
        "Nothing, if the deletion was meant; `cutover ledger forget` lets them be imported again."
    NotInReviewedPlan "not-in-reviewed-plan"
        "The reviewed plan does not have this user, or has them with other groups or another name."
        "Have a new plan reviewed, and import with that."
    LegacyUserGone "legacy-user-gone"
        "The user was deleted from the legacy database after the plan was made."
        "Nothing, if the deletion was meant."
    AliasTaken "alias-taken"
        "Another pool user holds this verified e-mail or phone number as alias."
        "Find the holder in the pool and decide whose address it is."
    AliasUnverified "alias-unverified"
        "The user signed in by an e-mail that no rule calls verified: the pool will not know it again."
        "Set [legacy] email_verified, or let people sign in by username or by e-mail alone."
    NoVerifiedContact "no-verified-contact"
        "The user has no verified e-mail or phone number a reset code could go to."
        "Set [legacy] email_verified if the addresses were confirmed; else an administrator helps."
    HashOverCognitoCap "hash-over-cognito-cap"
        "The hash is costlier than Cognito's import jobs take."
        "Let them sign in once; or lower Django's cost for some weeks before the move."
    HashPrehashed "hash-prehashed"
        "The hash is bcrypt of the password's SHA-256: an import job would take it, and refuse every sign-in."
        "Let them sign in once."
    HashWrapped "hash-wrapped"
        "The hash is of an older hash or of a peppered password, which an import job cannot know."
        "Let them sign in once."
    HashArgonVariety "hash-argon-variety"
        "The hash is argon2i, argon2d or of an old version; import jobs take argon2id of version 19."
        "Let them sign in once."
    HashNotImportable "hash-not-importable"
        "Cognito's import jobs do not know this algorithm."
        "Let them sign in once."
    HashFormUntried "hash-form-untried"
        "AWS does not say whether import jobs read a hash spelled like this one."
        "Let them sign in once; a rehearsal on the local pool takes such hashes, AWS may not."
    AttributeNotCarriable "attribute-not-carriable"
        "An import file cannot hold a value: a line break, backslash, outer blank or too long a row."
        "Correct the column in Django, or let these users go another route."
    RouteNotAllowed "route-not-allowed"
        "None of the routes that [import] routes allows can take the user."
        "Add another route to [import] routes or --routes."
    ImportRowRefused "import-row-refused"
        "The import job ended and did not make this user."
        "Look up the line in the job's CloudWatch log; then choose another route with --routes."
    DeadlineNear "deadline-near"
        "The hash check could not have ended before Cognito stops waiting."
        "Give the function more memory (Lambda sells CPU by memory)."
    LegacyUnavailable "legacy-unavailable"
        "The legacy database did not answer, or refused the login."
        "Check that the database is up, reachable from here, and the credentials are right."
    LegacyTimeout "legacy-timeout"
        "The legacy database was reached and did not answer in time."
        "Look at its load; `cutover inspect` names the indexes that look-ups need."
    LegacyAccessDenied "legacy-access-denied"
        "The legacy database refused the credentials, or the login may not read a table."
        "Check the secret, and grant the login SELECT on the tables that the log names."
    SecretUnavailable "secret-unavailable"
        "The secret with the legacy database's login could not be read."
        "Check the ARN, the function's permission to read it, and the way to Secrets Manager."
    AttemptsExceeded "attempts-exceeded"
        "Too many sign-ins by this login, or through this app client, were refused a short while ago."
        "Nothing, if somebody guesses; [trigger.attempts] sets the limits."
    LockedOut "locked-out"
        "django-axes has this login locked out in the legacy app."
        "Nothing: it ends as it does in the legacy app."
    PasswordWeak "password-weak"
        "The legacy password is right, but the pool's policy would not take it from anybody."
        "[trigger] weak_password decides: keep, or reset."
    HashWeak "hash-weak"
        "The password is stored in a way that keeps it from nobody who has seen the table."
        "[trigger] weak_password decides: keep, or reset."
    PasswordTooLong "password-too-long"
        "The legacy password is right, but longer than the 256 characters Cognito can hold."
        "Nothing with a verified address, which gets a code; without one an administrator helps."
    NameHeld "name-held"
        "Somebody registers at the pool under a name or e-mail that a legacy user still holds."
        "Nothing: whose it is signs in with the old password, or resets it."
    GroupsNotCarried "groups-not-carried"
        "The user's groups do not fit the token attribute: the first tokens lack them."
        "Run `cutover reconcile --fix --execute` soon after such sign-ins."
    GroupsSealInvalid "groups-seal-invalid"
        "The token attribute does not bear this function's seal, and was ignored."
        "Find out who wrote it; do not let app clients write the attribute."
    WrongPool "wrong-pool"
        "The event came from another user pool or app client than [pool] names."
        "Correct [pool] or the trigger's attachment."
    WrongAppClient "wrong-app-client"
        "The event came through an app client that [pool] client_id does not name."
        "Add the client to the list in [pool] client_id, or leave client_id out to answer for all."
    AlreadyMigrated "already-migrated"
        "The legacy user is in the pool already, or was, under whatever name: nobody is migrated twice."
        "Look the user up in the pool by legacy id; if they were deleted there on purpose, nothing."
    ClaimHeld "claim-held"
        "The same legacy user is being migrated under another name at this moment."
        "Nothing: a sign-in that came to nothing frees the user after ten minutes."
    ClaimsUnavailable "claims-unavailable"
        "The store of claims did not answer, and without it a person could be migrated twice."
        "Look at the table that CUTOVER_CLAIMS_TABLE names, and the function's permission for it."
    ResetRefused "reset-refused"
        "[trigger] forgot_password = \"refuse\": nobody is created by asking for a reset."
        "Nothing: the person signs in with the old password first."
    AttributeReserved "attribute-reserved"
        "Somebody registers at the pool with an attribute that only the migration may write."
        "Take the attribute out of the app clients' WriteAttributes."
    Throttled "throttled"
        "Cognito refused the call because a request quota was spent."
        "Lower the share of the quota, or try again at a quieter hour."
    RefusedByCognito "refused-by-cognito"
        "Cognito refused the user for a reason of its own; the journal has the exception's name."
        "Look up the exception; correct the user or the pool, then run again."
    Unconfirmed "unconfirmed-creation"
        "The pool has the user, but this run cannot prove that it made them: nothing was set."
        "Compare the pool user with the legacy user by hand."
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for Reason {
    type Err = UnknownReason;

    fn from_str(code: &str) -> Result<Self, Self::Err> {
        Reason::ALL
            .iter()
            .copied()
            .find(|reason| reason.code() == code)
            .ok_or(UnknownReason)
    }
}

impl serde::Serialize for Reason {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

/// The text is no reason code of this version.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not a reason code of this version")]
pub struct UnknownReason;

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_code_is_kebab_case_unique_and_reads_back() {
        let mut seen = BTreeSet::new();
        for reason in Reason::ALL {
            let code = reason.code();
            assert!(
                code.chars().all(|c| c.is_ascii_lowercase() || c == '-'),
                "{code}"
            );
            assert!(seen.insert(code), "{code} stands twice");
            assert_eq!(code.parse(), Ok(*reason));
            assert!(reason.meaning().ends_with('.') && reason.next_step().ends_with('.'));
        }
    }
}

//! Whether a pool can hold the users as cutover.toml maps them, found out before anything is
//! read or written. What cannot be changed once a pool exists is an error; the rest is findings.

use cognito_user_pool::PoolDescription;
use migration_model::{Finding, PoolSignIn, Severity, UserMapping};

use crate::{FinalState, ImportError};

/// The mapping to use for this pool, and what an operator should know of it.
pub(crate) struct PoolFit {
    /// As configured, but with the pool's own kind of sign-in, whose rules Cognito enforces.
    pub(crate) mapping: UserMapping,
    pub(crate) findings: Vec<Finding>,
}

impl PoolFit {
    pub(crate) fn of(
        mapping: &UserMapping,
        pool: &PoolDescription,
    ) -> Result<PoolFit, ImportError> {
        let mut faults = Vec::new();
        let mut hint = "import into a pool that was created to fit";
        let wants_email = mapping.sign_in == PoolSignIn::Email;
        match pool.sign_in {
            None => faults.push("people sign in by phone number there".to_owned()),
            Some(PoolSignIn::Email) if !wants_email => {
                faults.push("people sign in by e-mail alone there".to_owned());
                hint = "set [legacy] login = [\"email\"], or import into a pool with usernames";
            }
            Some(sign_in) if wants_email && sign_in != PoolSignIn::Email => {
                faults.push("people sign in by username there, not by e-mail alone".to_owned());
                hint = "import into a pool with UsernameAttributes = email, or add \"username\" to \
                        [legacy] login";
            }
            Some(_) => {}
        }
        let names = mapping.attributes.iter().map(|(name, _)| name);
        let missing = pool.missing_attributes(names);
        if !missing.is_empty() {
            faults.push(format!("it has no attribute {}", missing.join(", ")));
            hint = "add the attribute to the pool (AddCustomAttributes; it cannot be removed \
                    again), or drop it from [attributes]";
        }
        let (Some(sign_in), true) = (pool.sign_in, faults.is_empty()) else {
            return Err(ImportError::PoolDoesNotFit { faults, hint });
        };
        let mapping = UserMapping {
            sign_in,
            ..mapping.clone()
        };
        Ok(PoolFit {
            findings: findings(wanted(&mapping, sign_in), pool),
            mapping,
        })
    }
}

impl PoolFit {
    /// The same, if the pool can also leave users in this state.
    pub(crate) fn in_state(
        self,
        state: FinalState,
        pool: &PoolDescription,
    ) -> Result<PoolFit, ImportError> {
        match state.pool_fault(pool) {
            None => Ok(self),
            Some(fault) => Err(ImportError::PoolDoesNotFit {
                faults: vec![fault],
                hint: "choose another --final-state, or let the pool take EMAIL_OTP or SMS_OTP as \
                       first factor (Policies.SignInPolicy of UpdateUserPool)",
            }),
        }
    }
}

fn wanted(mapping: &UserMapping, pool: PoolSignIn) -> Option<(PoolSignIn, PoolSignIn)> {
    (mapping.sign_in != pool).then_some((mapping.sign_in, pool))
}

fn findings(kinds: Option<(PoolSignIn, PoolSignIn)>, pool: &PoolDescription) -> Vec<Finding> {
    let warning = |code, message: &str, next_step: &str| Finding {
        severity: Severity::Warning,
        code,
        subject: "user pool".to_owned(),
        message: message.to_owned(),
        next_step: next_step.to_owned(),
    };
    let mut findings = Vec::new();
    match kinds {
        Some((PoolSignIn::UsernameOrEmail, PoolSignIn::Username)) => findings.push(warning(
            "pool-without-email-alias",
            "People type their e-mail at the legacy sign-in; this pool knows usernames only.",
            "Use a pool with AliasAttributes = email; it is fixed when a pool is created.",
        )),
        Some((PoolSignIn::Username, PoolSignIn::UsernameOrEmail)) => findings.push(warning(
            "pool-with-email-alias",
            "The pool lets people sign in by verified e-mail, so each can be held by one user.",
            "Nothing, if that is meant; users who share an e-mail are held.",
        )),
        _ => {}
    }
    if pool.case_sensitive {
        findings.push(warning(
            "pool-case-sensitive",
            "The pool tells `Ada` and `ada` apart, so people must type names as they were stored.",
            "Use a case-insensitive pool; it is fixed when a pool is created.",
        ));
    }
    if pool.mfa_required {
        findings.push(warning(
            "pool-requires-mfa",
            "The pool demands a second factor that imported users do not have.",
            "Make MFA optional until people have enrolled.",
        ));
    }
    if pool.pre_sign_up_trigger.is_some() {
        findings.push(warning(
            "pool-has-pre-sign-up-trigger",
            "The pool's pre sign-up function runs for every imported user and may refuse them.",
            "Let it pass triggerSource PreSignUp_AdminCreateUser.",
        ));
    }
    findings
}

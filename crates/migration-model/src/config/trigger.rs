//! `[trigger]`: what the user migration trigger does where there is a choice, and `[groups]
//! token_attribute`. The section as TOML and the checks that turn it into [`TriggerSettings`].
//! Called by the document.

use std::time::Duration;

use serde::Deserialize;

use crate::PasswordPolicy;

/// What the trigger does where there is a choice.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TriggerSettings {
    /// `[groups] token_attribute`: the custom attribute in which the groups of a first sign-in
    /// travel to the tokens, until they are real.
    pub groups_attribute: Option<String>,
    /// What becomes of a password that is right but weaker than the pool's policy.
    pub weak_password: WeakPassword,
    /// The pool's policy.
    pub password_policy: PasswordPolicy,
    /// How often passwords may be guessed.
    pub attempts: AttemptLimits,
    /// `[groups] seal_hours`: how long carried groups count after the sign-in that carried them.
    pub seal_life: Duration,
    /// What becomes of a password reset asked for by somebody the pool does not know.
    pub forgot_password: ForgotPassword,
    /// Whether a reset may give a password to whom Django gave none.
    pub forgot_password_for_unusable: bool,
    /// django-axes' lock-outs, where the legacy app keeps them in the database.
    pub axes: Option<AxesLockOut>,
    /// Who is asked for passwords that Django does not store.
    pub external: Option<ExternalVerifier>,
}

/// `[trigger.external]`: what checks the passwords of people to whom Django gave an unusable one,
/// because it asks another backend for them, such as LDAP.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ExternalVerifier {
    /// Who is asked.
    pub by: ExternalVerifierKind,
    /// For a whole answer.
    pub timeout: Duration,
}

/// The two ways of asking.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ExternalVerifierKind {
    /// A program in the function's package, with its arguments.
    Command(Vec<String>),
    /// Another Lambda function, by its ARN.
    Lambda(String),
}

/// Cognito waits 5 s for everything together.
const LONGEST_EXTERNAL: u64 = 3_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExternalSection {
    command: Option<Vec<String>>,
    lambda: Option<String>,
    #[serde(default = "external_timeout")]
    timeout_ms: u64,
}

fn external_timeout() -> u64 {
    1_500
}

impl<'de> Deserialize<'de> for ExternalVerifier {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;
        let section = ExternalSection::deserialize(deserializer)?;
        if section.timeout_ms == 0 || section.timeout_ms > LONGEST_EXTERNAL {
            return Err(D::Error::custom(format!(
                "timeout_ms must be between 1 and {LONGEST_EXTERNAL}: Cognito waits 5 seconds for \
                 everything together"
            )));
        }
        let by = match (section.command, section.lambda) {
            (Some(command), None) if command.iter().any(|part| !part.is_empty()) => {
                ExternalVerifierKind::Command(command)
            }
            (None, Some(arn)) if arn.starts_with("arn:") => ExternalVerifierKind::Lambda(arn),
            _ => {
                return Err(D::Error::custom(
                    "give either command (a list: the program and its arguments) or lambda (the ARN \
                     of a function)",
                ));
            }
        };
        Ok(ExternalVerifier {
            by,
            timeout: Duration::from_millis(section.timeout_ms),
        })
    }
}

/// What becomes of a legacy password that the pool would not take from somebody who sets it.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum WeakPassword {
    /// It is kept: Cognito holds its policy against new passwords only.
    #[default]
    Keep,
    /// The user must set a new one, if a code can reach them.
    Reset,
}

/// `[trigger] forgot_password`.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum ForgotPassword {
    /// The user is created and gets a code; the old password is gone.
    #[default]
    Migrate,
    /// Nobody is created that way.
    Refuse,
}

/// `[trigger.attempts]`: refused sign-ins after which no password is looked at for a while. Zero
/// switches a limit off.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct AttemptLimits {
    /// Refused sign-ins by one login.
    pub per_login: u32,
    /// Refused sign-ins through one app client.
    pub per_client: u32,
    /// Over how long they are counted.
    #[serde(rename = "minutes", deserialize_with = "minutes")]
    pub window: Duration,
}

impl Default for AttemptLimits {
    fn default() -> Self {
        AttemptLimits {
            per_login: 10,
            per_client: 500,
            window: Duration::from_secs(15 * 60),
        }
    }
}

/// `[trigger.axes]`: django-axes' settings, as the legacy app has them.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct AxesLockOut {
    /// `AXES_FAILURE_LIMIT`.
    #[serde(default = "axes_failure_limit")]
    pub failure_limit: u32,
    /// `AXES_COOLOFF_TIME` in minutes; without it a lock-out lasts until somebody ends it.
    #[serde(default, rename = "cooloff_minutes", deserialize_with = "some_minutes")]
    pub cool_off: Option<Duration>,
}

/// Axes' own default.
fn axes_failure_limit() -> u32 {
    3
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TriggerSection {
    #[serde(default)]
    weak_password: WeakPassword,
    #[serde(default)]
    password_policy: PasswordPolicy,
    #[serde(default)]
    attempts: AttemptLimits,
    #[serde(default)]
    forgot_password: ForgotPassword,
    #[serde(default)]
    forgot_password_for_unusable: bool,
    axes: Option<AxesLockOut>,
    external: Option<ExternalVerifier>,
}

impl TriggerSection {
    pub(super) fn settings(
        self,
        groups_attribute: Option<String>,
        seal_hours: u32,
    ) -> TriggerSettings {
        TriggerSettings {
            groups_attribute,
            weak_password: self.weak_password,
            password_policy: self.password_policy,
            attempts: self.attempts,
            seal_life: Duration::from_secs(u64::from(seal_hours).saturating_mul(3600)),
            forgot_password: self.forgot_password,
            forgot_password_for_unusable: self.forgot_password_for_unusable,
            axes: self.axes,
            external: self.external,
        }
    }
}

fn minutes<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    u32::deserialize(deserializer)
        .map(|minutes| Duration::from_secs(u64::from(minutes).saturating_mul(60)))
}

fn some_minutes<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Duration>, D::Error> {
    minutes(deserializer).map(Some)
}

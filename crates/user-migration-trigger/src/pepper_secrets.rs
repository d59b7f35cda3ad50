//! The secrets that `[hashers]` mixes into passwords: from the environment, or from Secrets Manager
//! by an ARN that the environment names. Read once, at start: a pepper cannot be rotated without
//! changing every password. Must not know hashes. Called when the process starts.

use std::sync::Arc;

use django_password::CustomHashers;
use migration_claims::AwsCredentials;
use migration_claims::AwsService;
use serde::Deserialize;
use serde_json::json;
use zeroize::Zeroizing;

use crate::secret_login::SERVICE;

/// What follows a secret's name in the variable that holds the ARN of the secret instead of it.
const ARN_SUFFIX: &str = "_SECRET_ARN";

/// Why a secret is not there. Names variables, never values.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PepperFault {
    #[error("{0} is not set, nor {0}_SECRET_ARN: a hasher under [hashers] needs that secret")]
    NotSet(String),
    #[error("{0} and {0}_SECRET_ARN are both set: choose one")]
    Both(String),
    #[error("{name}_SECRET_ARN: {fault}")]
    Unavailable { name: String, fault: String },
}

/// Gives the hashers all secrets they need. `variable` reads the environment.
pub(crate) async fn hand_over(
    mut hashers: CustomHashers,
    variable: impl Fn(&str) -> Option<String>,
    endpoint: Option<&str>,
    credentials: impl Fn() -> Result<AwsCredentials, String>,
) -> Result<CustomHashers, PepperFault> {
    let names: Vec<String> = hashers.secrets().map(ToOwned::to_owned).collect();
    for name in names {
        let here = variable(&name).map(Zeroizing::new);
        let arn = variable(&format!("{name}{ARN_SUFFIX}"));
        let secret = match (here, arn) {
            (Some(_), Some(_)) => return Err(PepperFault::Both(name)),
            (None, None) => return Err(PepperFault::NotSet(name)),
            (Some(secret), None) => secret,
            (None, Some(arn)) => {
                let read = read(&arn, endpoint, &credentials).await;
                read.map_err(|fault| PepperFault::Unavailable {
                    name: name.clone(),
                    fault,
                })?
            }
        };
        hashers = hashers.with_secret(&name, &secret);
    }
    Ok(hashers)
}

/// The secret's text, all of it.
async fn read(
    arn: &str,
    endpoint: Option<&str>,
    credentials: impl Fn() -> Result<AwsCredentials, String>,
) -> Result<Zeroizing<String>, String> {
    #[derive(Deserialize)]
    struct Answer {
        #[serde(rename = "SecretString")]
        text: String,
    }
    let service = AwsService::of_arn(&SERVICE, arn, endpoint, Arc::new(credentials()?))?;
    let asked = json!({ "SecretId": arn });
    let answer = service.call("GetSecretValue", &asked).await;
    let answer = answer.map_err(|fault| fault.to_string())?;
    serde_json::from_slice(&answer)
        .map(|answer: Answer| Zeroizing::new(answer.text))
        .map_err(|_| "the secret holds no text".to_owned())
}

//! The database's user and password from Secrets Manager. Read once and remembered, and read again
//! when the database refuses what is remembered: the secret was rotated meanwhile. Must not know
//! what is asked of the database. Given to `legacy-users`, which asks it whenever it connects.
//!
//! A secret of the form that RDS and Secrets Manager's rotation functions keep: a JSON object with
//! `username` and `password` (Secrets Manager user guide, "JSON structure of secrets"). Host and
//! database stand in the URL, since the secrets that RDS manages itself hold neither.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use legacy_users::{DatabaseLogin, Login, LoginUnavailable};
use serde::Deserialize;
use serde_json::json;
use zeroize::Zeroizing;

use migration_claims::{AwsCredentials, AwsService, ServiceKind};

pub(crate) const SERVICE: ServiceKind = ServiceKind {
    name: "secretsmanager",
    title: "Secrets Manager",
    target: "secretsmanager",
    content_type: "application/x-amz-json-1.1",
    endpoint_variable: "AWS_ENDPOINT_URL_SECRETS_MANAGER",
    // There is a database to be asked, too.
    limit: Duration::from_millis(1500),
};

/// Reads one secret.
pub(crate) struct SecretLogin {
    arn: String,
    service: AwsService,
    remembered: Mutex<Option<Login>>,
}

impl SecretLogin {
    /// For the secret of this ARN. What is wrong with ARN or endpoint otherwise.
    pub(crate) fn new(
        arn: String,
        endpoint: Option<&str>,
        credentials: Arc<AwsCredentials>,
    ) -> Result<SecretLogin, String> {
        Ok(SecretLogin {
            service: AwsService::of_arn(&SERVICE, &arn, endpoint, credentials)?,
            arn,
            remembered: Mutex::default(),
        })
    }

    fn remembered(&self) -> MutexGuard<'_, Option<Login>> {
        self.remembered
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    async fn read(&self) -> Result<Login, LoginUnavailable> {
        let asked = json!({ "SecretId": self.arn });
        let answer = self.service.call("GetSecretValue", &asked).await;
        let answer = answer.map_err(|fault| said(fault.to_string()))?;
        let login = login(&answer)?;
        *self.remembered() = Some(login.clone());
        Ok(login)
    }
}

impl DatabaseLogin for SecretLogin {
    fn login(&self) -> BoxFuture<'_, Result<Login, LoginUnavailable>> {
        Box::pin(async {
            let remembered = self.remembered().clone();
            match remembered {
                Some(login) => Ok(login),
                None => self.read().await,
            }
        })
    }

    fn instead_of<'a>(
        &'a self,
        refused: &'a Login,
    ) -> BoxFuture<'a, Result<Option<Login>, LoginUnavailable>> {
        Box::pin(async move {
            let login = self.read().await?;
            Ok(Some(login).filter(|login| login != refused))
        })
    }
}

fn login(answer: &[u8]) -> Result<Login, LoginUnavailable> {
    #[derive(Deserialize)]
    struct Answer {
        #[serde(rename = "SecretString")]
        text: String,
    }
    #[derive(Deserialize)]
    struct Secret {
        username: String,
        password: String,
    }
    let unfit = "the secret is no JSON object with `username` and `password`";
    let answer: Answer =
        serde_json::from_slice(answer).map_err(|_| said("the secret holds no text".to_owned()))?;
    let text = Zeroizing::new(answer.text);
    let secret: Secret = serde_json::from_str(&text).map_err(|_| said(unfit.to_owned()))?;
    Ok(Login {
        user: Some(secret.username),
        password: Zeroizing::new(secret.password),
        in_clear: false,
    })
}

fn said(text: String) -> LoginUnavailable {
    LoginUnavailable(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_without_a_login_is_told_without_quoting_it() {
        for text in [
            r#"{"SecretString": "hunter2"}"#,
            r#"{"SecretBinary": "aHVudGVyMg=="}"#,
        ] {
            let told = login(text.as_bytes()).expect_err("no login").to_string();
            assert!(!told.contains("hunter2") && !told.contains("aHV"), "{told}");
        }
    }
}

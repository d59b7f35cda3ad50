//! Whether the attribute that carries the legacy id proves who a pool user is: only if no app client
//! may write it, at sign-up least of all. Immutable does not help: a sign-up writes it once. Asked
//! before a plan and before a reconciliation.

use cognito_user_pool::{Disposition, PoolError, UserPool};
use migration_model::{Finding, Severity};

/// What the attribute is worth.
pub(crate) struct IdProof {
    pub(crate) is_proof: bool,
    pub(crate) finding: Option<Finding>,
}

impl IdProof {
    /// Asks the pool for all its app clients.
    pub(crate) async fn of(pool: &UserPool, attribute: Option<&str>) -> Result<IdProof, PoolError> {
        let Some(attribute) = attribute else {
            return Ok(IdProof::none(
                "legacy-id-unmapped",
                "[attributes]".to_owned(),
                "No attribute carries the legacy id: whoever is in the pool already, and was not \
                 created by an import of this ledger, cannot be told from a stranger of the same name."
                    .to_owned(),
                "Map it: \"custom:legacy_id\" = \"id\"; and let no app client write it.".to_owned(),
            ));
        };
        let clients = match pool.app_clients().await {
            Ok(clients) => clients,
            Err(error) if error.disposition() == Disposition::Retry => return Err(error),
            Err(error) => {
                return Ok(IdProof::none(
                    "legacy-id-unchecked",
                    format!("user pool attribute {attribute}"),
                    format!(
                        "Which app clients can write it could not be read ({error}), so it proves nothing."
                    ),
                    "Allow cognito-idp:ListUserPoolClients and DescribeUserPoolClient.".to_owned(),
                ));
            }
        };
        let writers: Vec<&str> = clients
            .iter()
            .filter(|client| client.can_write(attribute))
            .map(|client| client.name.as_str())
            .collect();
        if writers.is_empty() {
            return Ok(IdProof {
                is_proof: true,
                finding: None,
            });
        }
        Ok(IdProof::none(
            "legacy-id-forgeable",
            format!("user pool attribute {attribute}"),
            format!(
                "Anybody can become any user: whoever registers through {} may write {attribute}. It \
                 proves nothing, so pool users that no import of this ledger created are held as \
                 strangers.",
                writers.join(", ")
            ),
            format!("List WriteAttributes without {attribute} for each app client."),
        ))
    }

    fn none(code: &'static str, subject: String, message: String, next_step: String) -> IdProof {
        IdProof {
            is_proof: false,
            finding: Some(Finding {
                severity: Severity::Warning,
                code,
                subject,
                message,
                next_step,
            }),
        }
    }
}

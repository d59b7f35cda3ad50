//! The migration trigger's matrix: what each kind of answer comes to, by operation and by what the
//! app client may know of users.

use serde_json::json;

use super::{Ask, Needs, Question};
use crate::asking::{Asking, Client, PASSWORD};
use crate::question::Answer;
use crate::throwaway::Kind;

/// Kind of answer and the word that asks the function for it.
const KINDS: [(&str, &str); 7] = [
    ("throws", "throw"),
    ("empty", "empty"),
    ("status-alone", "status-alone"),
    ("bad-attribute", "bad-attribute"),
    ("alias-taken", "taken"),
    ("sub", "sub"),
    ("no-event", "no-event"),
];
const OPERATIONS: [&str; 3] = ["InitiateAuth", "AdminInitiateAuth", "ForgotPassword"];
const CLIENTS: [Client; 2] = [Client::Legacy, Client::Enabled];
/// The text of the function's error.
const THROWN: &str = "The probe asked for this";

/// One cell.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cell {
    word: &'static str,
    operation: &'static str,
    client: Client,
}

pub(super) fn questions() -> Vec<Question> {
    let mut all = Vec::new();
    for (kind, word) in KINDS {
        for operation in OPERATIONS {
            for client in CLIENTS {
                let existence = client.existence();
                let mut calls = vec![(operation, 1)];
                if word == "taken" {
                    calls.push(("AdminCreateUser", 1));
                }
                all.push(Question {
                    id: format!("migration-{kind}/{operation}/{existence}"),
                    asks: format!("What is {operation} under {existence} told of {kind}?"),
                    needs: Needs::Function,
                    users: 1,
                    calls,
                    ask: Ask::Cell(Cell {
                        word,
                        operation,
                        client,
                    }),
                });
            }
        }
    }
    all
}

impl Cell {
    pub(super) async fn ask(self, asking: &mut Asking<'_>) -> Answer {
        let taken = self.word == "taken";
        let kind = if taken { Kind::Alias } else { Kind::Plain };
        let pool = asking.pool(kind).await?;
        let client = asking.client(kind, self.client).await?;
        let nonce = asking.nonce();
        if taken {
            let email = format!("probe.held.{nonce}@example.com");
            let verified = [("email", email.as_str()), ("email_verified", "true")];
            asking
                .user(&pool, &format!("held{nonce}"), &verified)
                .await?;
        }
        let name = format!("probe.{}.{nonce}", self.word);
        let parameters = json!({"USERNAME": name, "PASSWORD": PASSWORD});
        let input = match self.operation {
            "ForgotPassword" => json!({"ClientId": client, "Username": name}),
            "AdminInitiateAuth" => json!({
                "UserPoolId": pool, "ClientId": client,
                "AuthFlow": "ADMIN_USER_PASSWORD_AUTH", "AuthParameters": parameters,
            }),
            _ => json!({
                "ClientId": client, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": parameters,
            }),
        };
        let reply = asking.call(self.operation, input).await?;
        let names = [(THROWN, "{function's text}"), (name.as_str(), "{username}")];
        Ok(asking.told_of(&reply, &names))
    }
}

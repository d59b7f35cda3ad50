//! Claims in a table of DynamoDB whose key is the string `claim`. Must not know what names mean.
//! Used by [`crate::Claims`].

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::aws_service::{AwsFault, AwsService, ServiceKind};
use crate::aws_signing::AwsCredentials;
use crate::claim::{Claim, ClaimsUnavailable};

/// DynamoDB, asked for claims.
pub const SERVICE: ServiceKind = ServiceKind {
    name: "dynamodb",
    title: "DynamoDB",
    target: "DynamoDB_20120810",
    content_type: "application/x-amz-json-1.0",
    endpoint_variable: "AWS_ENDPOINT_URL_DYNAMODB",
    // Nobody is let in without it, so it has longer than counting.
    limit: Duration::from_millis(1000),
};

/// What DynamoDB calls an update whose condition does not hold.
const CONDITION_FAILED: &str = "ConditionalCheckFailedException";

/// The table.
pub(crate) struct DynamoClaims {
    table: String,
    service: AwsService,
}

impl DynamoClaims {
    pub(crate) fn new(
        arn: &str,
        endpoint: Option<&str>,
        credentials: Arc<AwsCredentials>,
    ) -> Result<DynamoClaims, String> {
        let service = AwsService::of_arn(&SERVICE, arn, endpoint, credentials)?;
        let Some((_, table)) = arn.split_once(":table/") else {
            return Err("it is no ARN of a table".to_owned());
        };
        Ok(DynamoClaims {
            table: table.to_owned(),
            service,
        })
    }

    /// Whether the update's condition held.
    pub(crate) async fn update(
        &self,
        person: &str,
        mut update: Value,
    ) -> Result<bool, ClaimsUnavailable> {
        self.address(&mut update, person);
        match self.service.call("UpdateItem", &update).await {
            Ok(_) => Ok(true),
            Err(AwsFault::Refused { exception, .. }) if exception == CONDITION_FAILED => Ok(false),
            Err(fault) => Err(ClaimsUnavailable(fault.to_string())),
        }
    }

    pub(crate) async fn delete(
        &self,
        person: &str,
        mut condition: Value,
    ) -> Result<bool, ClaimsUnavailable> {
        self.address(&mut condition, person);
        match self.service.call("DeleteItem", &condition).await {
            Ok(_) => Ok(true),
            Err(AwsFault::Refused { exception, .. }) if exception == CONDITION_FAILED => Ok(false),
            Err(fault) => Err(ClaimsUnavailable(fault.to_string())),
        }
    }

    pub(crate) async fn read(&self, person: &str) -> Result<Option<Claim>, ClaimsUnavailable> {
        let mut question = json!({ "ConsistentRead": true });
        self.address(&mut question, person);
        let answer = self.service.call("GetItem", &question).await;
        let answer = answer.map_err(|fault| ClaimsUnavailable(fault.to_string()))?;
        let answer: Value = serde_json::from_slice(&answer)
            .map_err(|_| ClaimsUnavailable("DynamoDB's answer cannot be read".to_owned()))?;
        let text = |name: &str, kind: &str| {
            let pointer = format!("/Item/{name}/{kind}");
            answer.pointer(&pointer).and_then(Value::as_str)
        };
        if answer.pointer("/Item").is_none() {
            return Ok(None);
        }
        Ok(Some(Claim {
            name: text("pool_name", "S").unwrap_or_default().to_owned(),
            until: text("held_until", "N")
                .and_then(|n| n.parse().ok())
                .unwrap_or_default(),
            sub: text("sub", "S").map(ToOwned::to_owned),
            groups_real: text("groups_real", "N") == Some("1"),
        }))
    }

    fn address(&self, request: &mut Value, person: &str) {
        if let Some(members) = request.as_object_mut() {
            members.insert("TableName".to_owned(), json!(self.table));
            members.insert("Key".to_owned(), json!({ "claim": { "S": person } }));
        }
    }
}

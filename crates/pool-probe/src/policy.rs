//! The IAM policy that a probe needs, made of what the questions declare, so that none is missing
//! and none too many. `infra/probe-policy.json` is held to it by a test.

use std::collections::BTreeSet;

use cognito_user_pool::RawCalls;
use serde_json::{Value, json};

use crate::question::Question;
use crate::throwaway::TAG;

/// The policy. Pools are made only with the probe's tag, and used only if they bear it.
#[must_use]
pub fn policy() -> Value {
    let all = Question::all();
    let declared = all.iter().flat_map(|question| &question.calls);
    let mut signed: BTreeSet<&str> = declared
        .map(|(operation, _)| *operation)
        .filter(|operation| RawCalls::is_signed(operation))
        .collect();
    signed.extend(["CreateUserPoolClient", "DeleteUserPool"]);
    signed.remove("CreateUserPool");
    signed.remove("DescribeUserPool");
    let actions: Vec<String> = signed
        .iter()
        .map(|operation| format!("cognito-idp:{operation}"))
        .collect();
    json!({
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "MakeTaggedPools",
                "Effect": "Allow",
                "Action": ["cognito-idp:CreateUserPool", "cognito-idp:TagResource"],
                "Resource": "*",
                "Condition": {"StringLike": {format!("aws:RequestTag/{TAG}"): "????????"}},
            },
            {
                "Sid": "UseTaggedPools",
                "Effect": "Allow",
                "Action": actions,
                "Resource": "arn:aws:cognito-idp:*:*:userpool/*",
                "Condition": {"StringLike": {format!("aws:ResourceTag/{TAG}"): "????????"}},
            },
            {
                "Sid": "FindLeftovers",
                "Effect": "Allow",
                "Action": ["cognito-idp:ListUserPools", "cognito-idp:DescribeUserPool"],
                "Resource": "*",
            },
            {
                "Sid": "HandOverTheImportRole",
                "Effect": "Allow",
                "Action": "iam:PassRole",
                "Resource": "arn:aws:iam::*:role/*",
                "Condition": {"StringEquals": {"iam:PassedToService": "cognito-idp.amazonaws.com"}},
            },
        ],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_in_infra_is_the_one_that_a_probe_needs() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../infra/probe-policy.json");
        let wanted = serde_json::to_string_pretty(&policy()).expect("JSON") + "\n";
        if std::env::var_os("CUTOVER_BLESS").is_some() {
            std::fs::write(path, &wanted).expect("it can be written");
        }
        let held = std::fs::read_to_string(path).unwrap_or_default();
        assert!(held == wanted, "write it anew with CUTOVER_BLESS=1");
    }
}

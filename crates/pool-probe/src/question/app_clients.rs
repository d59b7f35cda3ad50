//! Questions about app clients and about web pages that call.

use serde_json::{Value, json};

use crate::asking::{Asking, Client};
use crate::question::{Answer, Needs, Question, rows};
use crate::throwaway::Kind;

/// A page that this machine might serve, which every service lets in.
const ORIGIN: &str = "http://localhost:3000";

pub(super) fn questions() -> Vec<Question> {
    rows! { Needs::Nothing;
        "client-write-attributes", "What are WriteAttributes of a client made without?", 0,
            [DescribeUserPoolClient 1], write_attributes;
        "client-flows", "What are ExplicitAuthFlows of a client made without?", 0,
            [DescribeUserPoolClient 1], flows;
        "client-writes-unknown", "How are WriteAttributes that the schema lacks refused?", 0,
            [CreateUserPoolClient 1], writes_unknown;
        "client-unknown", "How is an app client that is not there told?", 0,
            [InitiateAuth 1], unknown;
        "preflight", "May a web page call InitiateAuth, and with which headers?", 0,
            [], preflight;
    }
}

async fn write_attributes(asking: &mut Asking<'_>) -> Answer {
    described(asking, "WriteAttributes").await
}

async fn flows(asking: &mut Asking<'_>) -> Answer {
    described(asking, "ExplicitAuthFlows").await
}

async fn described(asking: &mut Asking<'_>, member: &str) -> Answer {
    let pool = asking.pool(Kind::Plain).await?;
    let client = asking.client(Kind::Plain, Client::Bare).await?;
    let input = json!({"UserPoolId": pool, "ClientId": client});
    let answer = asking.prepare("DescribeUserPoolClient", input).await?;
    Ok(match &answer["UserPoolClient"][member] {
        Value::Null => "absent".to_owned(),
        Value::Array(items) if items.is_empty() => "an empty list".to_owned(),
        Value::Array(items) => {
            let items = items.iter().filter_map(Value::as_str);
            items.collect::<Vec<_>>().join(", ")
        }
        _ => "no list".to_owned(),
    })
}

async fn writes_unknown(asking: &mut Asking<'_>) -> Answer {
    let pool = asking.pool(Kind::Plain).await?;
    let input = json!({
        "UserPoolId": pool, "ClientName": "unfit", "WriteAttributes": ["custom:not_there"],
    });
    let reply = asking.call("CreateUserPoolClient", input).await?;
    Ok(asking.told(&reply))
}

async fn unknown(asking: &mut Asking<'_>) -> Answer {
    let id = "0nobody0nobody0nobody0nobo";
    let reply = asking.sign_in(id, "nobody", "Nothing-1").await?;
    Ok(asking.told_of(&reply, &[(id, "{app client}")]))
}

async fn preflight(asking: &mut Asking<'_>) -> Answer {
    let reply = asking.calls.preflight(ORIGIN).await?;
    asking.record("OPTIONS", &reply);
    let header = |name: &str| reply.headers.get(name).map(String::as_str);
    let allowed = header("access-control-allow-origin");
    if !allowed.is_some_and(|origin| origin == "*" || origin == ORIGIN) {
        return Ok("not allowed".to_owned());
    }
    let headers = header("access-control-allow-headers").unwrap_or("none");
    let mut headers: Vec<String> = headers
        .split(',')
        .map(|name| name.trim().to_ascii_lowercase())
        .collect();
    headers.sort();
    Ok(format!("allowed: {}", headers.join(", ")))
}

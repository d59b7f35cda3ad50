//! The AWS SDK in a plain loop, as its own guide begins: one user after the other, the SDK's
//! defaults for everything. What an import costs without this workspace;
//! `crates/bulk-import/bench` compares the two. Uses nothing of this crate.
//!
//! usage: `plain_loop ENDPOINT REGION USER_POOL_ID < users.jsonl`

use std::collections::{BTreeMap, BTreeSet};
use std::io::BufRead;

use aws_config::BehaviorVersion;
use aws_sdk_cognitoidentityprovider::Client;
use aws_sdk_cognitoidentityprovider::config::{Credentials, Region};
use aws_sdk_cognitoidentityprovider::types::{AttributeType, MessageActionType};

#[derive(serde::Deserialize)]
struct User {
    username: String,
    attributes: BTreeMap<String, String>,
    group: String,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [endpoint, region, pool] = &arguments[..] else {
        return Err("usage: plain_loop ENDPOINT REGION USER_POOL_ID < users.jsonl".into());
    };
    let config = aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new(region.clone()))
        .endpoint_url(endpoint)
        .credentials_provider(Credentials::new("local", "local", None, None, "local-pool"))
        .load()
        .await;
    let client = Client::new(&config);
    let lines: Result<Vec<String>, _> = std::io::stdin().lock().lines().collect();
    let users: Result<Vec<User>, _> = lines?
        .iter()
        .map(|line| serde_json::from_str(line))
        .collect();
    let users = users?;
    let groups: BTreeSet<&String> = users.iter().map(|user| &user.group).collect();
    for group in groups {
        let create = client.create_group().user_pool_id(pool).group_name(group);
        create.send().await?;
    }
    for (number, user) in users.iter().enumerate() {
        let attribute = |(name, value): (&String, &String)| {
            AttributeType::builder().name(name).value(value).build()
        };
        let attributes: Result<Vec<_>, _> = user.attributes.iter().map(attribute).collect();
        client
            .admin_create_user()
            .user_pool_id(pool)
            .username(&user.username)
            .set_user_attributes(Some(attributes?))
            .message_action(MessageActionType::Suppress)
            .send()
            .await?;
        client
            .admin_add_user_to_group()
            .user_pool_id(pool)
            .username(&user.username)
            .group_name(&user.group)
            .send()
            .await?;
        client
            .admin_set_user_password()
            .user_pool_id(pool)
            .username(&user.username)
            // Good enough for a pool that is gone afterwards.
            .password(format!("Plain-loop-passw0rd-{number}"))
            .permanent(true)
            .send()
            .await?;
    }
    Ok(())
}

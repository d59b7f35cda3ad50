//! Builds the SDK's client: credentials, endpoint, time-outs, no retries, and the reader of the
//! pool's clock. The only module that configures the SDK.

use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_sdk_cognitoidentityprovider::Client;
use aws_sdk_cognitoidentityprovider::config::retry::RetryConfig;
use aws_sdk_cognitoidentityprovider::config::timeout::TimeoutConfig;
use aws_sdk_cognitoidentityprovider::config::{
    Builder, Credentials, Region, StalledStreamProtectionConfig,
};

use crate::PoolAddress;
use crate::server_clock::{ReadDate, ServerClock};

/// Cognito itself waits up to 5 s for each trigger, and a sign-in may run several.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(30);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A client for the pool's endpoint. Opens no connection; credentials are looked for at the
/// first call.
pub(crate) async fn build(address: &PoolAddress, clock: &ServerClock) -> Client {
    let region = Region::new(address.region().to_owned());
    let has_credentials = ["AWS_ACCESS_KEY_ID", "AWS_PROFILE"]
        .iter()
        .any(|name| std::env::var_os(name).is_some());
    let config = match address.is_loopback() && !has_credentials {
        // A pool on this machine takes any signature: no AWS set-up needed, and none asked.
        true => Builder::new()
            .region(region)
            .behavior_version(BehaviorVersion::latest())
            .credentials_provider(Credentials::new("local", "local", None, None, "local-pool")),
        false => {
            let shared = aws_config::defaults(BehaviorVersion::latest()).region(region);
            Builder::from(&shared.load().await)
        }
    };
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(ATTEMPT_TIMEOUT);
    let mut config = config
        .retry_config(RetryConfig::disabled())
        .timeout_config(timeouts.build())
        // For long downloads; our answers are small and bounded by the attempt's time-out.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .interceptor(ReadDate(clock.clone()));
    config.set_endpoint_url(address.endpoint_url().map(str::to_owned));
    Client::from_conf(config.build())
}

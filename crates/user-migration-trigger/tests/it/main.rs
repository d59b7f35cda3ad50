//! The trigger as Cognito meets it: the real program under a Lambda Runtime API, on data that real
//! Django made; and the decisions by themselves where a database would only be in the way.

mod aws_account;
mod axes;
mod canaries;
mod claims;
mod decisions;
mod event_properties;
mod events;
mod external_verifier;
mod fuzzing;
mod groups_in_tokens;
mod leaks;
mod outages;
mod panics;
mod probing;
mod program;
mod refusals;
mod runbook;
mod runtime_api;
mod secret;
mod shared_attempts;
mod sources;
mod start;
mod stopped_server;
mod strangers;
mod tls;

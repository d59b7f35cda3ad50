//! How long to wait for the legacy database and how many connections to open. Knows nothing of
//! any database. Programs choose one; [`crate::LegacyDatabase`] obeys it.

use std::time::Duration;

/// Waiting times and connection count.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ConnectSettings {
    /// For one connection to be made, TLS and authentication included.
    pub connect_timeout: Duration,
    /// For each statement: told to the database, and kept on our side should it not answer.
    pub statement_timeout: Duration,
    /// Connections open at once; at least 1.
    pub max_connections: usize,
    /// What PostgreSQL shows in `pg_stat_activity`; a name in the URL goes before it.
    pub application_name: String,
}

impl Default for ConnectSettings {
    /// For operators: patient enough to count a large table.
    fn default() -> Self {
        ConnectSettings {
            connect_timeout: Duration::from_secs(10),
            statement_timeout: Duration::from_secs(60),
            max_connections: 4,
            application_name: "cutover".to_owned(),
        }
    }
}

impl ConnectSettings {
    /// For the user migration trigger: one event at a time, and Cognito waits 5 seconds in all
    /// (developer guide, "Customizing user pool workflows with Lambda triggers").
    pub fn for_trigger() -> Self {
        ConnectSettings {
            connect_timeout: Duration::from_millis(1_500),
            statement_timeout: Duration::from_millis(1_500),
            max_connections: 1,
            application_name: "cutover-trigger".to_owned(),
        }
    }
}

//! A file with the settings of a pool that a command line need not have.
//!
//! Responsible for reading it and for putting it over the options. It must not know what the
//! settings do.

use std::path::Path;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value};
use thiserror::Error;

use crate::fault::FaultPlan;
use crate::options::{PoolOptions, TriggerKind, TriggerUrl};

/// Settings read from a TOML file. What it leaves out stays as it was.
///
/// ```toml
/// access_key_id = "AKIDREHEARSAL"    # signed requests must carry it
/// issuer = "https://cognito-idp.eu-west-1.amazonaws.com"   # `iss` without the pool id
/// allowed_origins = ["https://app.example.org"]            # web pages, beside loopback ones
/// list_delay_ms = 500                # ListUsers shows new users so much later
///
/// [trigger]
/// url = "http://127.0.0.1:4566"      # functions at a Lambda Invoke endpoint, not the program
/// assigned = ["UserMigration", "PreSignUp", "PreTokenGeneration"]
/// memory_mb = 512                    # and with it the share of a core
/// concurrency = 10                   # processes at a time, each with one event
/// retries = 1                        # after a timeout, 0 to 2
///
/// [pool]                             # members of CreateUserPool
/// MfaConfiguration = "OPTIONAL"
/// [client]                           # members of CreateUserPoolClient
/// AccessTokenValidity = 2
///
/// [faults]
/// seed = 7
/// [[faults.rules]]
/// operation = "AdminCreateUser"
/// fault = "reset-after"
/// when = { share = 0.01 }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SettingsFile {
    access_key_id: Option<String>,
    issuer: Option<String>,
    allowed_origins: Option<Vec<String>>,
    list_delay_ms: Option<u64>,
    trigger: TriggerTable,
    pool: Map<String, Value>,
    client: Map<String, Value>,
    faults: Option<FaultPlan>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct TriggerTable {
    url: Option<String>,
    assigned: Option<Vec<TriggerKind>>,
    memory_mb: Option<u32>,
    concurrency: Option<usize>,
    retries: Option<u8>,
}

/// Why a settings file cannot be used.
#[derive(Debug, Error)]
pub enum SettingsFileError {
    /// The file cannot be read.
    #[error("cannot read the settings file {path}")]
    Unreadable {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not TOML of this form.
    #[error("the settings file {path} is not as it must be")]
    Malformed {
        /// The file.
        path: String,
        /// Line and reason.
        source: Box<toml::de::Error>,
    },
    /// A number is out of its range.
    #[error("the settings file {path} has {key} = {value}; it must be {wanted}")]
    OutOfRange {
        /// The file.
        path: String,
        /// The key.
        key: &'static str,
        /// Its value.
        value: u64,
        /// What it may be.
        wanted: &'static str,
    },
}

impl SettingsFile {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// [`SettingsFileError`] when the file is unreadable, is not TOML with these keys, or has a
    /// number out of range.
    pub fn read(path: &Path) -> Result<Self, SettingsFileError> {
        let shown = path.display().to_string();
        let text =
            std::fs::read_to_string(path).map_err(|source| SettingsFileError::Unreadable {
                path: shown.clone(),
                source,
            })?;
        let read: Self = toml::from_str(&text).map_err(|source| SettingsFileError::Malformed {
            path: shown.clone(),
            source: Box::new(source),
        })?;
        let trigger = &read.trigger;
        let memory = trigger.memory_mb.filter(|mb| !(128..=10_240).contains(mb));
        let out_of_range = [
            ("trigger.memory_mb", memory.map(u64::from), "128 to 10240"),
            (
                "trigger.retries",
                trigger
                    .retries
                    .filter(|retries| *retries > 2)
                    .map(u64::from),
                "0, 1 or 2",
            ),
            (
                "trigger.concurrency",
                trigger.concurrency.filter(|count| *count == 0).map(|_| 0),
                "1 or more",
            ),
        ];
        for (key, value, wanted) in out_of_range {
            if let Some(value) = value {
                return Err(SettingsFileError::OutOfRange {
                    path: shown,
                    key,
                    value,
                    wanted,
                });
            }
        }
        Ok(read)
    }

    /// Whether the triggers are at a URL.
    #[must_use]
    pub fn names_trigger_url(&self) -> bool {
        self.trigger.url.is_some()
    }

    /// Puts the file's settings over the options. With a URL for the triggers the program goes.
    pub fn apply(self, options: &mut PoolOptions) {
        options.access_key_id = self.access_key_id.or(options.access_key_id.take());
        options.issuer = self.issuer.or(options.issuer.take());
        if let Some(origins) = self.allowed_origins {
            options.allowed_origins = origins;
        }
        if let Some(delay) = self.list_delay_ms {
            options.list_delay = Duration::from_millis(delay);
        }
        if let Some(faults) = self.faults {
            options.faults = faults;
        }
        options.pool.pool_members.extend(self.pool);
        options.pool.client_members.extend(self.client);
        let trigger = self.trigger;
        if let Some(retries) = trigger.retries {
            options.trigger_retries = retries;
        }
        if let Some(url) = trigger.url {
            options.use_trigger_url(url);
        }
        if let Some(functions) = &mut options.trigger_url {
            functions.assigned = trigger
                .assigned
                .unwrap_or_else(|| functions.assigned.clone());
        } else if let Some(program) = &mut options.trigger {
            if let Some(memory_mb) = trigger.memory_mb {
                program.memory_mb = memory_mb;
                program.cpu_share = true;
            }
            program.concurrency = trigger.concurrency.unwrap_or(program.concurrency);
            program.assigned = trigger.assigned.unwrap_or_else(|| program.assigned.clone());
        }
    }
}

impl PoolOptions {
    /// Puts functions at a Lambda Invoke endpoint in place of the program, with the same triggers
    /// assigned.
    pub fn use_trigger_url(&mut self, url: String) {
        let mut functions = TriggerUrl::new(url);
        if let Some(program) = self.trigger.take() {
            functions.assigned = program.assigned;
        }
        self.trigger_url = Some(functions);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;
    use crate::options::TriggerProgram;

    fn read(text: &str) -> Result<SettingsFile, SettingsFileError> {
        let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
        file.write_all(text.as_bytes()).expect("a writable file");
        SettingsFile::read(file.path())
    }

    #[test]
    fn a_file_changes_what_it_names_only() {
        let mut options = PoolOptions {
            trigger: Some(TriggerProgram::new("bootstrap")),
            ..PoolOptions::default()
        };
        let text = "list_delay_ms = 20\n[trigger]\nmemory_mb = 256\nretries = 2\n\
                    assigned = [\"UserMigration\", \"PreSignUp\"]\n[pool]\nUserPoolTier = \"LITE\"\n\
                    [[faults.rules]]\nfault = \"throttle\"\nwhen = { calls = { count = 1 } }\n";
        read(text).expect("valid").apply(&mut options);
        let program = options.trigger.expect("the program stays");
        assert_eq!((program.memory_mb, program.concurrency), (256, 10));
        assert!(program.cpu_share, "whoever says a size means its speed");
        assert_eq!(
            program.assigned,
            [TriggerKind::UserMigration, TriggerKind::PreSignUp]
        );
        assert_eq!(options.trigger_retries, 2);
        assert_eq!(options.list_delay, Duration::from_millis(20));
        assert_eq!(options.pool.pool_members["UserPoolTier"], "LITE");
        assert_eq!(options.faults.rules.len(), 1);
        assert_eq!(options.access_key_id, None);
    }

    #[test]
    fn a_url_takes_the_programs_place() {
        let mut options = PoolOptions {
            trigger: Some(TriggerProgram::new("bootstrap")),
            ..PoolOptions::default()
        };
        let text = "[trigger]\nurl = \"http://127.0.0.1:4566\"\n";
        read(text).expect("valid").apply(&mut options);
        assert!(options.trigger.is_none());
        let functions = options.trigger_url.expect("the URL");
        assert_eq!(functions.url, "http://127.0.0.1:4566");
        assert_eq!(functions.assigned, [TriggerKind::UserMigration]);
    }

    #[test]
    fn unknown_keys_and_wrong_numbers_are_named() {
        let shown = |text: &str| {
            let error = read(text).expect_err(text);
            let source = std::error::Error::source(&error).map(ToString::to_string);
            format!("{error} {}", source.unwrap_or_default())
        };
        assert!(shown("colour = 1").contains("colour"));
        assert!(shown("[trigger]\nretries = 3").contains("trigger.retries = 3"));
        assert!(shown("[trigger]\nmemory_mb = 64").contains("128 to 10240"));
        assert!(shown("[trigger]\nassigned = [\"Nothing\"]").contains("PostAuthentication"));
    }
}

//! The snapshot of the pool's schema that travels in the trigger's package, held against the pool: the
//! trigger cannot ask it. Part of [`crate::pool_findings`].

use std::path::{Path, PathBuf};

use cognito_user_pool::PoolDescription;
use migration_model::{Config, Finding, PoolSchema, Severity};

/// What stands beside cutover.toml.
pub(crate) struct Snapshot {
    path: PathBuf,
    /// `None` where there is no file; what is wrong with one that cannot be read.
    schema: Option<Result<PoolSchema, String>>,
}

impl Snapshot {
    pub(crate) fn read(path: &Path) -> Snapshot {
        let schema = match std::fs::read_to_string(path) {
            Ok(text) => Some(PoolSchema::parse(&text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => Some(Err(error.to_string())),
        };
        Snapshot {
            path: path.to_owned(),
            schema,
        }
    }

    /// What is amiss with it. Without `[pool]` no package has one.
    pub(crate) fn finding(
        &self,
        config: &Config,
        pool_id: &str,
        pool: &PoolDescription,
    ) -> Option<Finding> {
        let finding = |severity, code, message: String| Finding {
            severity,
            code,
            subject: self.path.display().to_string(),
            message,
            next_step: "run cutover pool schema, and make and deploy the package again".to_owned(),
        };
        match &self.schema {
            None => config.pool.is_some().then(|| {
                let message = "the function's package knows no schema: a value that the pool does not \
                               take makes a right password fail each time";
                finding(Severity::Note, "pool-schema-missing", message.to_owned())
            }),
            Some(Err(fault)) => {
                let message = format!("the snapshot of the pool's schema cannot be read: {fault}");
                Some(finding(Severity::Warning, "pool-schema-old", message))
            }
            Some(Ok(schema)) if schema.user_pool_id != pool_id => {
                let message = format!("the snapshot is of another pool, {}", schema.user_pool_id);
                Some(finding(Severity::Warning, "pool-schema-old", message))
            }
            Some(Ok(schema)) => {
                let names = schema.attributes.keys().chain(pool.schema.keys());
                let mut changed: Vec<&str> = names
                    .filter(|name| schema.attributes.get(*name) != pool.schema.get(*name))
                    .map(String::as_str)
                    .collect();
                changed.sort_unstable();
                changed.dedup();
                let message = format!("the pool has changed since: {}", changed.join(", "));
                (!changed.is_empty())
                    .then(|| finding(Severity::Warning, "pool-schema-old", message))
            }
        }
    }
}

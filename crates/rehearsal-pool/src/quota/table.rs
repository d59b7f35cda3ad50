//! Which rates a pool enforces: the defaults, none, or those of a file.
//!
//! Responsible for reading and checking the file. It must not know how rates are enforced.

use std::collections::BTreeMap;
use std::path::Path;

use thiserror::Error;

use super::category::CATEGORIES;

/// Which request rates a pool enforces.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Quotas {
    /// Cognito's default rates.
    #[default]
    Default,
    /// No limit; calls are still counted.
    Off,
    /// Default rates changed per category, and customer traffic that spends the same budgets.
    Custom(QuotaTable),
}

/// Rates by category name, in requests a second.
#[derive(Debug, Clone, Default, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuotaTable {
    /// The account's rate for a category; a category left out keeps Cognito's default.
    #[serde(default)]
    pub rates: BTreeMap<String, f64>,
    /// Requests a second that customers already make in a category.
    #[serde(default)]
    pub customer_traffic: BTreeMap<String, f64>,
    /// Highest rate the account may provision for a category (Service Quotas); a category left out
    /// cannot go beyond Cognito's default.
    #[serde(default)]
    pub account_maximum: BTreeMap<String, f64>,
}

/// Why a quota file cannot be used.
#[derive(Debug, Error)]
pub enum QuotaFileError {
    /// The file cannot be read.
    #[error("cannot read the quota file {path}")]
    Unreadable {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not TOML with `[rates]` and `[customer_traffic]` tables.
    #[error("the quota file {path} is not a table of rates")]
    Malformed {
        /// The file.
        path: String,
        /// Line and reason.
        source: Box<toml::de::Error>,
    },
    /// A category that Cognito does not have.
    #[error("the quota file {path} names the category {name}; Cognito's are {known}")]
    UnknownCategory {
        /// The file.
        path: String,
        /// The name.
        name: String,
        /// All that exist.
        known: String,
    },
    /// A rate below zero or not a number.
    #[error("the quota file {path} gives {name} a rate of {rate}; it must be 0 or more")]
    BadRate {
        /// The file.
        path: String,
        /// The category.
        name: String,
        /// The rate.
        rate: f64,
    },
}

impl Quotas {
    /// Reads a TOML file with the tables `[rates]` and `[customer_traffic]`, both category name =
    /// requests a second.
    ///
    /// # Errors
    ///
    /// [`QuotaFileError`] when the file is unreadable, is not such a table, or names a category or
    /// a rate that cannot be.
    pub fn from_file(path: &Path) -> Result<Self, QuotaFileError> {
        let shown = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|source| QuotaFileError::Unreadable {
            path: shown.clone(),
            source,
        })?;
        let table: QuotaTable =
            toml::from_str(&text).map_err(|source| QuotaFileError::Malformed {
                path: shown.clone(),
                source: Box::new(source),
            })?;
        for (name, &rate) in table
            .rates
            .iter()
            .chain(&table.customer_traffic)
            .chain(&table.account_maximum)
        {
            if !CATEGORIES.iter().any(|category| category.name == name) {
                return Err(QuotaFileError::UnknownCategory {
                    path: shown,
                    name: name.clone(),
                    known: CATEGORIES
                        .each_ref()
                        .map(|category| category.name)
                        .join(", "),
                });
            }
            if !(rate >= 0.0 && rate.is_finite()) {
                return Err(QuotaFileError::BadRate {
                    path: shown,
                    name: name.clone(),
                    rate,
                });
            }
        }
        Ok(Self::Custom(table))
    }
}

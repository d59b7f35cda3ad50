//! Request rates: one token bucket per quota category, as Cognito counts them per account.
//!
//! Responsible for which operation belongs to which category, the default rates, taking tokens,
//! and the counters. It must not know what an operation does. Called by the dispatcher, and by
//! `GetProvisionedLimit` and `UpdateProvisionedLimit`.
//!
//! Source of categories, members and rates: the guide's quota page (developer guide, "Quotas in
//! Amazon Cognito", request rate quotas), its notes included: answers to challenges have three
//! times the sign-in rate and what goes beyond counts as sign-ins; an answer to
//! `NEW_PASSWORD_REQUIRED` counts as account recovery; in some categories no operation goes beyond
//! 5 a second for one pool; one user has 10 reading and 10 writing operations a second. That a
//! bucket holds one second's worth is believed (the page gives rates only), and so is which
//! operations besides the page's examples read or write one user.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde_json::Value;
use thiserror::Error;

use crate::clock::Millis;

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

struct Category {
    name: &'static str,
    /// Requests a second of every account.
    rate: f64,
    /// Whether the account's rate can be raised.
    adjustable: bool,
    operations: &'static [&'static str],
}

impl Category {
    /// "Any individual operation in this category has a constraint that prevents the operation
    /// from being called at a rate higher than 5 RPS for a single user pool."
    fn limits_each_operation(&self) -> bool {
        matches!(
            self.name,
            "UserPoolResourceRead"
                | "UserPoolResourceUpdate"
                | "UserPoolClientRead"
                | "UserPoolClientUpdate"
        )
    }
}

const SIGN_INS: &str = "UserAuthentication";
/// Not a category of the service's own: the budget apart that its sign-in category gives to
/// answers.
const CHALLENGE_RESPONSES: &str = "UserAuthenticationChallengeResponse";
const ANSWERS_PER_SIGN_IN: f64 = 3.0;
const ACCOUNT_RECOVERY: &str = "UserAccountRecovery";
/// Calls a second of one operation for one pool, in categories that limit each.
const OPERATION_RATE: f64 = 5.0;
/// Operations a second that read one user, and as many that write.
const USER_RATE: f64 = 10.0;
/// Users whose last second is remembered; beyond, those who rested are forgotten.
const USERS_REMEMBERED: usize = 50_000;

static CATEGORIES: [Category; 19] = [
    Category {
        name: "UserAuthentication",
        rate: 120.0,
        adjustable: true,
        operations: &[
            "InitiateAuth",
            "AdminInitiateAuth",
            "GetTokensFromRefreshToken",
        ],
    },
    Category {
        name: CHALLENGE_RESPONSES,
        rate: 360.0,
        adjustable: true,
        operations: &["RespondToAuthChallenge", "AdminRespondToAuthChallenge"],
    },
    Category {
        name: "UserCreation",
        rate: 50.0,
        adjustable: true,
        operations: &[
            "AdminCreateUser",
            "SignUp",
            "ConfirmSignUp",
            "AdminConfirmSignUp",
        ],
    },
    Category {
        name: "UserAccountRecovery",
        rate: 30.0,
        adjustable: false,
        operations: &[
            "AdminSetUserPassword",
            "AdminResetUserPassword",
            "ForgotPassword",
            "ConfirmForgotPassword",
            "ChangePassword",
        ],
    },
    Category {
        name: "UserRead",
        rate: 120.0,
        adjustable: true,
        operations: &["AdminGetUser", "GetUser"],
    },
    Category {
        name: "UserFederation",
        rate: 25.0,
        adjustable: true,
        operations: &[],
    },
    Category {
        name: "UserResourceUpdate",
        rate: 25.0,
        adjustable: false,
        operations: &[],
    },
    Category {
        name: "ClientAuthentication",
        rate: 150.0,
        adjustable: false,
        operations: &[],
    },
    Category {
        name: "UserUpdate",
        rate: 25.0,
        adjustable: false,
        operations: &[
            "AdminAddUserToGroup",
            "AdminRemoveUserFromGroup",
            "AdminUpdateUserAttributes",
            "AdminDeleteUserAttributes",
            "UpdateUserAttributes",
            "DeleteUserAttributes",
            "DeleteUser",
            "VerifyUserAttribute",
            "AdminDisableUser",
            "AdminEnableUser",
            "AdminDeleteUser",
            "AdminLinkProviderForUser",
            "AdminDisableProviderForUser",
            "AdminUserGlobalSignOut",
            "GlobalSignOut",
        ],
    },
    Category {
        name: "UserResourceRead",
        rate: 50.0,
        adjustable: true,
        operations: &[
            "AdminListGroupsForUser",
            "ResendConfirmationCode",
            "GetUserAttributeVerificationCode",
        ],
    },
    Category {
        name: "UserList",
        rate: 30.0,
        adjustable: false,
        operations: &["ListUsers", "ListUsersInGroup"],
    },
    Category {
        name: "UserToken",
        rate: 120.0,
        adjustable: true,
        operations: &["RevokeToken"],
    },
    Category {
        name: "UserPoolRead",
        rate: 15.0,
        adjustable: false,
        operations: &["DescribeUserPool", "ListUserPools"],
    },
    Category {
        name: "UserPoolUpdate",
        rate: 15.0,
        adjustable: false,
        operations: &["CreateUserPool", "UpdateUserPool", "DeleteUserPool"],
    },
    Category {
        name: "UserPoolResourceRead",
        rate: 20.0,
        adjustable: false,
        operations: &[
            "GetCSVHeader",
            "GetGroup",
            "ListGroups",
            "DescribeUserImportJob",
            "ListUserImportJobs",
        ],
    },
    Category {
        name: "UserPoolResourceUpdate",
        rate: 15.0,
        adjustable: false,
        operations: &[
            "AddCustomAttributes",
            "CreateGroup",
            "UpdateGroup",
            "DeleteGroup",
            "CreateUserImportJob",
            "StartUserImportJob",
            "StopUserImportJob",
        ],
    },
    Category {
        name: "UserPoolClientRead",
        rate: 15.0,
        adjustable: false,
        operations: &["DescribeUserPoolClient", "ListUserPoolClients"],
    },
    Category {
        name: "UserPoolClientUpdate",
        rate: 15.0,
        adjustable: false,
        operations: &[
            "CreateUserPoolClient",
            "UpdateUserPoolClient",
            "DeleteUserPoolClient",
        ],
    },
    Category {
        name: "LimitManagement",
        rate: 1.0,
        adjustable: false,
        operations: &["GetProvisionedLimit", "UpdateProvisionedLimit"],
    },
];

/// How often a category was asked and refused since the start.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct QuotaCount {
    /// Category, in Cognito's name.
    pub category: String,
    /// Requests a second that the pool grants; `None` with quotas off.
    pub rate: Option<f64>,
    /// Requests a second of it that simulated customers spend.
    pub customers: f64,
    /// Calls granted.
    pub granted: u64,
    /// Calls refused with `TooManyRequestsException`.
    pub throttled: u64,
}

/// What the budgets of a call depend on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call<'a> {
    pub(crate) operation: &'a str,
    pub(crate) input: &'a Value,
}

impl<'a> Call<'a> {
    fn text(&self, member: &str) -> Option<&'a str> {
        self.input[member].as_str()
    }

    /// Sets the user apart from others, as far as the request alone tells.
    fn user(&self) -> Option<(&'a str, &'a str)> {
        let scope = self.text("UserPoolId").or_else(|| self.text("ClientId"))?;
        let name = self
            .text("Username")
            .or_else(|| self.input["AuthParameters"]["USERNAME"].as_str())
            .or_else(|| self.input["ChallengeResponses"]["USERNAME"].as_str())?;
        Some((scope, name))
    }
}

pub(crate) struct QuotaBook {
    enforced: bool,
    buckets: Vec<Mutex<Bucket>>,
    /// Calls of one operation for one pool.
    of_operations: Mutex<HashMap<(usize, String, String), Bucket>>,
    /// Reading and writing calls for one user.
    of_users: Mutex<HashMap<(String, String), [Bucket; 2]>>,
}

/// What `GetProvisionedLimit` says of a category with quotas off: the largest number the answer
/// can hold, so that an importer that asks paces itself by it.
const NO_LIMIT: i64 = i32::MAX as i64;

/// A category's rate now and by default, in whole requests a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limit {
    pub(crate) provisioned: i64,
    pub(crate) default: i64,
}

/// Why a rate cannot be provisioned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LimitRefused {
    UnknownCategory,
    NotAdjustable,
    BelowDefault,
    BeyondAccount,
}

#[derive(Debug)]
struct Bucket {
    rate: f64,
    maximum: f64,
    customers: f64,
    tokens: f64,
    filled_at: Millis,
    granted: u64,
    throttled: u64,
}

impl QuotaBook {
    pub(crate) fn new(quotas: &Quotas, now: Millis) -> Self {
        let table = match quotas {
            Quotas::Default | Quotas::Off => QuotaTable::default(),
            Quotas::Custom(table) => table.clone(),
        };
        let sign_ins = table.rates.get(SIGN_INS);
        let buckets = CATEGORIES
            .iter()
            .map(|category| {
                let follows = (category.name == CHALLENGE_RESPONSES)
                    .then_some(sign_ins)
                    .flatten()
                    .map(|rate| rate * ANSWERS_PER_SIGN_IN);
                let rate = table.rates.get(category.name).copied().or(follows);
                let rate = rate.unwrap_or(category.rate);
                let customers = table
                    .customer_traffic
                    .get(category.name)
                    .copied()
                    .unwrap_or_default();
                let maximum = table.account_maximum.get(category.name).copied();
                Mutex::new(Bucket {
                    maximum: maximum.unwrap_or(category.rate).max(rate),
                    customers,
                    ..Bucket::full(rate, (rate - customers).max(0.0), now)
                })
            })
            .collect();
        Self {
            enforced: *quotas != Quotas::Off,
            buckets,
            of_operations: Mutex::default(),
            of_users: Mutex::default(),
        }
    }

    /// Takes one call from every budget it spends. An operation without a category is free.
    #[must_use]
    pub(crate) fn take(&self, call: Call<'_>, now: Millis) -> bool {
        let Some(index) = category_of(call) else {
            return true;
        };
        let mut bucket = self.counted(index);
        if !self.enforced {
            bucket.granted += 1;
            return true;
        }
        let category = &CATEGORIES[index];
        let free = self.user_may(call, now)
            && (!category.limits_each_operation() || self.operation_may(index, call, now));
        if free && bucket.take(now) {
            bucket.granted += 1;
            return true;
        }
        if free && category.name == CHALLENGE_RESPONSES {
            drop(bucket);
            let (_, mut sign_ins) = self.bucket(SIGN_INS).expect("a category");
            let granted = sign_ins.take(now);
            *(if granted {
                &mut sign_ins.granted
            } else {
                &mut sign_ins.throttled
            }) += 1;
            return granted;
        }
        bucket.throttled += 1;
        false
    }

    fn operation_may(&self, index: usize, call: Call<'_>, now: Millis) -> bool {
        let Some(pool) = call.text("UserPoolId") else {
            return true;
        };
        let key = (index, call.operation.to_owned(), pool.to_owned());
        let mut buckets = held(&self.of_operations);
        let bucket = buckets
            .entry(key)
            .or_insert_with(|| Bucket::full(OPERATION_RATE, OPERATION_RATE, now));
        bucket.take(now)
    }

    fn user_may(&self, call: Call<'_>, now: Millis) -> bool {
        let (Some((scope, name)), Some(side)) = (call.user(), side_of(call.operation)) else {
            return true;
        };
        let mut users = held(&self.of_users);
        if users.len() >= USERS_REMEMBERED {
            users.retain(|_, sides| sides.iter().any(|bucket| !bucket.is_full(now)));
        }
        let sides = users
            .entry((scope.to_owned(), name.to_lowercase()))
            .or_insert_with(|| [(); 2].map(|()| Bucket::full(USER_RATE, USER_RATE, now)));
        sides[side].take(now)
    }

    fn counted(&self, index: usize) -> MutexGuard<'_, Bucket> {
        held(&self.buckets[index])
    }

    fn bucket(&self, category: &str) -> Option<(&'static Category, MutexGuard<'_, Bucket>)> {
        let index = CATEGORIES.iter().position(|known| known.name == category)?;
        Some((&CATEGORIES[index], self.counted(index)))
    }

    pub(crate) fn limit(&self, category: &str) -> Option<Limit> {
        let own = category != CHALLENGE_RESPONSES;
        let (category, bucket) = own.then(|| self.bucket(category)).flatten()?;
        let provisioned = if self.enforced {
            whole(bucket.rate)
        } else {
            NO_LIMIT
        };
        Some(Limit {
            provisioned,
            default: whole(category.rate),
        })
    }

    /// Sets a category's rate, at once.
    pub(crate) fn provision(&self, category: &str, rate: f64) -> Result<Limit, LimitRefused> {
        if category == CHALLENGE_RESPONSES {
            return Err(LimitRefused::UnknownCategory);
        }
        let (category, mut bucket) = self.bucket(category).ok_or(LimitRefused::UnknownCategory)?;
        if !category.adjustable {
            return Err(LimitRefused::NotAdjustable);
        }
        if rate < category.rate {
            return Err(LimitRefused::BelowDefault);
        }
        if rate > bucket.maximum {
            return Err(LimitRefused::BeyondAccount);
        }
        bucket.rate = rate;
        drop(bucket);
        if category.name == SIGN_INS
            && let Some((_, mut answers)) = self.bucket(CHALLENGE_RESPONSES)
        {
            answers.rate = rate * ANSWERS_PER_SIGN_IN;
        }
        Ok(Limit {
            provisioned: whole(rate),
            default: whole(category.rate),
        })
    }

    pub(crate) fn counts(&self) -> Vec<QuotaCount> {
        CATEGORIES
            .iter()
            .zip(&self.buckets)
            .map(|(category, bucket)| {
                let bucket = held(bucket);
                QuotaCount {
                    category: category.name.to_owned(),
                    rate: self.enforced.then_some(bucket.rate),
                    customers: bucket.customers,
                    granted: bucket.granted,
                    throttled: bucket.throttled,
                }
            })
            .collect()
    }
}

/// The category a call counts in.
fn category_of(call: Call<'_>) -> Option<usize> {
    let recovers = call.text("ChallengeName") == Some("NEW_PASSWORD_REQUIRED");
    CATEGORIES.iter().position(|category| {
        if recovers {
            category.name == ACCOUNT_RECOVERY
        } else {
            category.operations.contains(&call.operation)
        }
    })
}

/// Whether an operation reads (0) or writes (1) one user.
fn side_of(operation: &str) -> Option<usize> {
    let category = CATEGORIES
        .iter()
        .find(|category| category.operations.contains(&operation))?;
    match category.name {
        SIGN_INS | CHALLENGE_RESPONSES | "UserRead" | "UserResourceRead" => Some(0),
        "UserUpdate" | "UserCreation" | ACCOUNT_RECOVERY => Some(1),
        _ => None,
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[expect(clippy::cast_possible_truncation, reason = "rates are far below 2^53")]
fn whole(rate: f64) -> i64 {
    rate.round() as i64
}

impl Bucket {
    fn full(rate: f64, tokens: f64, now: Millis) -> Self {
        Self {
            rate,
            maximum: rate,
            customers: 0.0,
            tokens,
            filled_at: now,
            granted: 0,
            throttled: 0,
        }
    }

    /// Whether nothing was taken for so long that the bucket is full again.
    fn is_full(&self, now: Millis) -> bool {
        now - self.filled_at >= crate::clock::SECOND
    }

    fn take(&mut self, now: Millis) -> bool {
        let free = (self.rate - self.customers).max(0.0);
        let elapsed = crate::clock::epoch_seconds(now - self.filled_at).max(0.0);
        self.filled_at = now;
        self.tokens = (self.tokens + elapsed * free).min(free.max(1.0));
        if self.tokens < 1.0 {
            return false;
        }
        self.tokens -= 1.0;
        true
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::api_model::api_model;

    fn granted(book: &QuotaBook, operation: &str, calls: usize, now: Millis) -> usize {
        granted_with(book, operation, &Value::Null, calls, now)
    }

    fn granted_with(
        book: &QuotaBook,
        operation: &str,
        input: &Value,
        calls: usize,
        now: Millis,
    ) -> usize {
        let call = Call { operation, input };
        (0..calls).filter(|_| book.take(call, now)).count()
    }

    #[test]
    fn every_listed_operation_exists_and_is_in_one_category() {
        let mut seen = std::collections::BTreeSet::new();
        for name in CATEGORIES.iter().flat_map(|category| category.operations) {
            assert!(api_model().operations.contains_key(*name), "{name}");
            assert!(seen.insert(name), "{name} is in two categories");
        }
    }

    #[test]
    fn a_category_grants_its_rate_each_second_and_no_more() {
        let book = QuotaBook::new(&Quotas::Default, 0);
        assert_eq!(granted(&book, "AdminCreateUser", 200, 0), 50);
        assert_eq!(granted(&book, "AdminCreateUser", 200, 500), 25);
        assert_eq!(granted(&book, "AdminCreateUser", 200, 60_000), 50);
    }

    #[test]
    fn operations_of_one_category_share_its_budget() {
        let book = QuotaBook::new(&Quotas::Default, 0);
        assert_eq!(granted(&book, "AdminSetUserPassword", 20, 0), 20);
        assert_eq!(granted(&book, "ForgotPassword", 20, 0), 10);
        assert_eq!(granted(&book, "AdminGetUser", 20, 0), 20);
    }

    #[test]
    fn customers_spend_from_the_same_budget() {
        let table = QuotaTable {
            customer_traffic: [("UserCreation".to_owned(), 40.0)].into(),
            ..QuotaTable::default()
        };
        let book = QuotaBook::new(&Quotas::Custom(table), 0);
        assert_eq!(granted(&book, "AdminCreateUser", 200, 0), 10);
    }

    #[test]
    fn answers_beyond_three_times_the_sign_ins_count_as_sign_ins() {
        let book = QuotaBook::new(&Quotas::Default, 0);
        assert_eq!(granted(&book, "RespondToAuthChallenge", 400, 0), 400);
        assert_eq!(granted(&book, "InitiateAuth", 200, 0), 80);
        assert_eq!(granted(&book, "RespondToAuthChallenge", 1, 0), 0);
    }

    #[test]
    fn a_new_password_counts_as_account_recovery_only() {
        let book = QuotaBook::new(&Quotas::Default, 0);
        let input = json!({"ChallengeName": "NEW_PASSWORD_REQUIRED"});
        assert_eq!(
            granted_with(&book, "RespondToAuthChallenge", &input, 40, 0),
            30
        );
        assert_eq!(granted(&book, "ForgotPassword", 1, 0), 0);
        assert_eq!(granted(&book, "RespondToAuthChallenge", 360, 0), 360);
    }

    #[test]
    fn one_operation_on_a_pools_resources_has_five_a_second_for_each_pool() {
        let book = QuotaBook::new(&Quotas::Default, 0);
        let [one, other] = ["a", "b"].map(|pool| json!({"UserPoolId": pool}));
        assert_eq!(granted_with(&book, "CreateGroup", &one, 20, 0), 5);
        assert_eq!(granted_with(&book, "DeleteGroup", &one, 20, 0), 5);
        assert_eq!(granted_with(&book, "CreateGroup", &other, 20, 0), 5);
        // The category's own fifteen are spent.
        assert_eq!(granted_with(&book, "UpdateGroup", &other, 20, 0), 0);
        assert_eq!(granted_with(&book, "CreateGroup", &one, 20, 1_000), 5);
    }

    #[test]
    fn one_user_has_ten_reads_and_ten_writes_a_second() {
        let book = QuotaBook::new(&Quotas::Default, 0);
        let [ann, bob] = ["ann", "bob"].map(|name| json!({"UserPoolId": "a", "Username": name}));
        assert_eq!(granted_with(&book, "AdminGetUser", &ann, 20, 0), 10);
        assert_eq!(granted_with(&book, "AdminAddUserToGroup", &ann, 20, 0), 10);
        assert_eq!(granted_with(&book, "AdminGetUser", &bob, 20, 0), 10);
        assert_eq!(granted_with(&book, "AdminGetUser", &ann, 20, 1_000), 10);
    }

    #[test]
    fn provisioning_sign_ins_raises_the_answers_too() {
        let table = QuotaTable {
            account_maximum: [(SIGN_INS.to_owned(), 500.0)].into(),
            ..QuotaTable::default()
        };
        let book = QuotaBook::new(&Quotas::Custom(table), 0);
        book.provision(SIGN_INS, 300.0)
            .expect("within the account's maximum");
        assert_eq!(
            granted(&book, "RespondToAuthChallenge", 2_000, 60_000),
            900 + 300
        );
        assert!(book.limit(CHALLENGE_RESPONSES).is_none());
        assert!(book.provision(CHALLENGE_RESPONSES, 400.0).is_err());
    }

    #[test]
    fn with_quotas_off_calls_are_only_counted() {
        let book = QuotaBook::new(&Quotas::Off, 0);
        assert_eq!(granted(&book, "AdminCreateUser", 500, 0), 500);
        let counts = book.counts();
        let creation = counts
            .iter()
            .find(|count| count.category == "UserCreation")
            .unwrap();
        assert_eq!(
            (creation.granted, creation.throttled, creation.rate),
            (500, 0, None)
        );
    }
}

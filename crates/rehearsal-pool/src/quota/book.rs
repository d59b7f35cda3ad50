//! All budgets of the account.
//!
//! Responsible for taking from every budget that a call spends, for provisioned limits and for the
//! counters. It must not know what an operation does. Called by the dispatcher, and by
//! `GetProvisionedLimit` and `UpdateProvisionedLimit`.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;

use super::bucket::Bucket;
use super::call::Call;
use super::category::{ANSWERS_PER_SIGN_IN, CATEGORIES, CHALLENGE_RESPONSES, Category, SIGN_INS};
use super::mail::{DailyMail, MailCount};
use super::table::{QuotaTable, Quotas};
use crate::clock::Millis;

/// Calls a second of one operation for one pool, in categories that limit each.
const OPERATION_RATE: f64 = 5.0;
/// Operations a second that read one user, and as many that write.
const USER_RATE: f64 = 10.0;
/// Users whose last second is remembered; beyond, those who rested are forgotten.
const USERS_REMEMBERED: usize = 50_000;

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

pub(crate) struct QuotaBook {
    enforced: bool,
    buckets: Vec<Mutex<Bucket>>,
    /// Calls of one operation for one pool.
    of_operations: Mutex<HashMap<(usize, String, String), Bucket>>,
    /// Reading and writing calls for one user.
    of_users: Mutex<HashMap<(String, String), [Bucket; 2]>>,
    mail: Mutex<DailyMail>,
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
            mail: Mutex::default(),
        }
    }

    /// Takes one call from every budget it spends. An operation without a category is free.
    #[must_use]
    pub(crate) fn take(&self, call: Call<'_>, now: Millis) -> bool {
        let Some(index) = call.category() else {
            return true;
        };
        let mut bucket = self.counted(index);
        if !self.enforced {
            return bucket.count(true);
        }
        let category = &CATEGORIES[index];
        let free = self.user_may(call, now)
            && (!category.limits_each_operation() || self.operation_may(index, call, now));
        let granted = free && bucket.take(now);
        if free && !granted && category.name == CHALLENGE_RESPONSES {
            drop(bucket);
            let (_, mut sign_ins) = self.bucket(SIGN_INS).expect("a category");
            let granted = sign_ins.take(now);
            return sign_ins.count(granted);
        }
        bucket.count(granted)
    }

    /// Takes one message of Cognito's own mailer.
    #[must_use]
    pub(crate) fn take_mail(&self, now: Millis) -> bool {
        held(&self.mail).take(self.enforced, now)
    }

    pub(crate) fn mail(&self, now: Millis) -> MailCount {
        held(&self.mail).count(self.enforced, now)
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
        let (Some((scope, name)), Some(side)) = (call.user(), call.side()) else {
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

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[expect(clippy::cast_possible_truncation, reason = "rates are far below 2^53")]
fn whole(rate: f64) -> i64 {
    rate.round() as i64
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

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

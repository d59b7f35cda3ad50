//! Request rates: one token bucket per quota category, as Cognito counts them per account.
//!
//! Source of categories, members and rates: the guide's quota page (developer guide, "Quotas in
//! Amazon Cognito", request rate quotas), its notes included: answers to challenges have three
//! times the sign-in rate and what goes beyond counts as sign-ins; an answer to
//! `NEW_PASSWORD_REQUIRED` counts as account recovery; in some categories no operation goes beyond
//! 5 a second for one pool; one user has 10 reading and 10 writing operations a second. That a
//! bucket holds one second's worth is believed (the page gives rates only), and so is which
//! operations besides the page's examples read or write one user.

mod book;
mod bucket;
mod call;
mod category;
mod mail;
mod table;

pub use self::book::QuotaCount;
pub(crate) use self::book::{Limit, LimitRefused, QuotaBook};
pub(crate) use self::call::Call;
pub use self::mail::MailCount;
pub use self::table::{QuotaFileError, QuotaTable, Quotas};

/// The quota category that an operation counts towards.
#[must_use]
pub fn quota_category(operation: &str) -> Option<&'static str> {
    category::CATEGORIES
        .iter()
        .find(|category| category.operations.contains(&operation))
        .map(|category| category.name)
}

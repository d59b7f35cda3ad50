//! One legacy user against what the pool has for them: what differs, and what would be done about
//! it. Pure.

use std::collections::{BTreeMap, BTreeSet};

use cognito_user_pool::UserStatus;
use migration_model::Reason;

use super::Expected;
use super::drift::{DriftKind, DriftRow};
use super::fixes::Fix;
use super::pool_copy::{CopiedUser, Found, FoundBy};
use super::three_way::{Past, Prefer, ThreeWay, Verdict};
use crate::journal::Recorded;
use crate::ledger::{Base, BaseKey};

/// What all comparisons of a reconciliation share.
pub(crate) struct Rules<'a> {
    /// Groups whose members are Django's to decide; others may have any.
    pub(crate) managed: &'a BTreeSet<String>,
    pub(crate) key: &'a BaseKey,
    pub(crate) prefer: Option<Prefer>,
    /// The attribute in which groups travel to the first tokens, where it can be changed.
    pub(crate) token_attribute: Option<&'a str>,
}

/// What a comparison says of a user.
#[derive(Debug, Default)]
pub(crate) struct Compared {
    pub(crate) rows: Vec<DriftRow>,
    pub(crate) fixes: Vec<Fix>,
    /// What both sides agree on now; `None` for somebody who is not proven to be in the pool.
    pub(crate) base: Option<Base>,
}

impl Compared {
    fn only(kind: DriftKind, about: impl Into<String>) -> Compared {
        Compared {
            rows: vec![DriftRow::new(kind, about)],
            ..Compared::default()
        }
    }
}

/// Addresses and what is said of each.
const VERIFIED: [(&str, &str); 2] = [
    ("email", "email_verified"),
    ("phone_number", "phone_number_verified"),
];

/// Compares one user.
pub(crate) fn compare(
    expected: &Expected,
    found: Option<&Found>,
    recorded: Option<&Recorded>,
    rules: &Rules<'_>,
) -> Compared {
    let found = match found {
        None => {
            let kind = expected
                .may_be_missing
                .map_or(DriftKind::Missing, DriftKind::NotExpected);
            return Compared::only(kind, "");
        }
        Some(Found::Deleted) => {
            return Compared::only(DriftKind::NotExpected(Reason::DeletedInPool), "");
        }
        Some(Found::User(found)) => found,
    };
    if found.by == FoundBy::Name {
        return Compared::only(DriftKind::Stranger, "");
    }
    let (mut rows, mut fixes) = (Vec::new(), Vec::new());
    let past = Past {
        base: found.base.as_ref(),
        migrated: found.migrated,
        unmodified: found.unmodified,
    };
    let mut look = ThreeWay::new(rules.key, past, rules.prefer);
    attributes(expected, found, &mut look, &mut rows, &mut fixes);
    groups(expected, found, rules, &mut look, &mut rows, &mut fixes);
    enabled(expected, found, &mut look, &mut rows, &mut fixes);
    if let Some(attribute) = rules.token_attribute
        && found
            .attributes
            .get(attribute)
            .is_some_and(|value| !value.is_empty())
    {
        fixes.push(Fix::ClearSeal(attribute.to_owned()));
    }
    let temporary_password = recorded.is_some_and(Recorded::says_temporary_password);
    match found.status {
        UserStatus::ForceChangePassword if temporary_password => {
            rows.push(DriftRow::new(DriftKind::AwaitsFirstSignIn, ""));
        }
        UserStatus::ForceChangePassword | UserStatus::Unconfirmed => {
            rows.push(DriftRow::new(DriftKind::Status, found.status.name()));
        }
        UserStatus::ResetRequired if found.migrated && found.unmodified && found.is_old => {
            rows.push(DriftRow::new(DriftKind::UnfinishedReset, ""));
            fixes.push(Fix::DeleteUnfinishedReset);
        }
        _ => {}
    }
    Compared {
        rows,
        fixes,
        base: Some(look.next()),
    }
}

fn attributes(
    expected: &Expected,
    found: &CopiedUser,
    look: &mut ThreeWay<'_>,
    rows: &mut Vec<DriftRow>,
    fixes: &mut Vec<Fix>,
) {
    let mapped = expected.mapped.iter().map(String::as_str);
    let implied = expected.target.attributes.keys().map(String::as_str);
    let names: BTreeSet<&str> = mapped.chain(implied).collect();
    let (mut travelling, mut conflicts, mut staying) = (Vec::new(), Vec::new(), Vec::new());
    for name in names {
        let wanted = expected.target.attributes.get(name).map(String::as_str);
        let has = found.attributes.get(name).map(String::as_str);
        let verifies = matches!(name, "email_verified" | "phone_number_verified");
        match look.attribute(name, wanted, has) {
            Verdict::Agree => {}
            Verdict::Stays => staying.push(name),
            // Verifying an address is the person's own doing.
            Verdict::Travels | Verdict::Conflict if verifies && has == Some("true") => {}
            Verdict::Travels => travelling.push(name),
            Verdict::Conflict => conflicts.push(name),
        }
    }
    // What Django says of its own address says nothing of another one that the pool has.
    for (address, flag) in VERIFIED {
        if staying.contains(&address) || conflicts.contains(&address) {
            travelling.retain(|name| *name != flag);
        }
    }
    let values = values_to_set(expected, &travelling);
    if !travelling.is_empty() {
        rows.push(DriftRow::new(DriftKind::Attributes, travelling.join(" ")));
    }
    if !conflicts.is_empty() {
        rows.push(DriftRow::new(DriftKind::Conflict, conflicts.join(" ")));
    }
    if !values.is_empty() {
        fixes.push(Fix::SetAttributes(values));
    }
}

fn groups(
    expected: &Expected,
    found: &CopiedUser,
    rules: &Rules<'_>,
    look: &mut ThreeWay<'_>,
    rows: &mut Vec<DriftRow>,
    fixes: &mut Vec<Fix>,
) {
    let wanted: BTreeSet<&String> = expected.target.groups.iter().collect();
    let has: BTreeSet<&String> = found
        .groups
        .iter()
        .filter(|name| rules.managed.contains(*name))
        .collect();
    let known = found.base.iter().flat_map(|base| &base.groups);
    let all: BTreeSet<&String> = wanted.union(&has).copied().chain(known).collect();
    let (mut travelling, mut conflicts) = (Vec::new(), Vec::new());
    for name in all {
        let (in_django, in_pool) = (wanted.contains(name), has.contains(name));
        let sign = if in_django { "-" } else { "+" };
        match look.group(name, in_django, in_pool) {
            Verdict::Agree | Verdict::Stays => {}
            Verdict::Travels => {
                travelling.push(format!("{sign}{name}"));
                fixes.push(match in_django {
                    true => Fix::AddToGroup(name.clone()),
                    false => Fix::RemoveFromGroup(name.clone()),
                });
            }
            Verdict::Conflict => conflicts.push(format!("{sign}{name}")),
        }
    }
    if !travelling.is_empty() {
        rows.push(DriftRow::new(DriftKind::Groups, travelling.join(" ")));
    }
    if !conflicts.is_empty() {
        rows.push(DriftRow::new(DriftKind::Conflict, conflicts.join(" ")));
    }
}

fn enabled(
    expected: &Expected,
    found: &CopiedUser,
    look: &mut ThreeWay<'_>,
    rows: &mut Vec<DriftRow>,
    fixes: &mut Vec<Fix>,
) {
    let about = if found.enabled { "enabled" } else { "disabled" };
    match look.enabled(expected.target.enabled, found.enabled) {
        Verdict::Agree | Verdict::Stays => {}
        Verdict::Travels => {
            rows.push(DriftRow::new(DriftKind::Enabled, about));
            fixes.push(match found.enabled {
                true => Fix::Disable,
                false => Fix::Enable,
            });
        }
        Verdict::Conflict => rows.push(DriftRow::new(DriftKind::Conflict, about)),
    }
}

/// The values that travel. An address that nobody verified is left as it is: Cognito would write to
/// the person to have it verified.
fn values_to_set(expected: &Expected, travelling: &[&str]) -> BTreeMap<String, String> {
    let wanted = |name: &str| expected.target.attributes.get(name).cloned();
    let mut values: BTreeMap<String, String> = travelling
        .iter()
        .map(|name| ((*name).to_owned(), wanted(name).unwrap_or_default()))
        .collect();
    for (address, flag) in VERIFIED {
        let verified = wanted(flag).is_some_and(|flag| flag == "true");
        if !values.contains_key(address) {
            // A flag cannot be deleted, and goes with its address.
            if !verified {
                values.remove(flag);
            }
        } else if wanted(address).is_none() {
            values.remove(flag);
        } else if verified {
            // Changing an address takes its verification away unless both come together.
            values.insert(flag.to_owned(), "true".to_owned());
        } else {
            values.remove(address);
            values.remove(flag);
        }
    }
    values
}

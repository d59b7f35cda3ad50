//! One legacy user against what the pool has for them. Pure.

use std::collections::{BTreeMap, BTreeSet};

use cognito_user_pool::UserStatus;

use super::Expected;
use super::drift::{DriftKind, DriftRow};
use super::fixes::Fix;
use super::pool_copy::CopiedUser;
use crate::journal::Recorded;
use crate::text_key::Folding;

/// All differences of one user; none when both sides agree.
pub(crate) fn compare(
    expected: &Expected,
    found: Option<CopiedUser>,
    recorded: Option<&Recorded>,
    managed: &BTreeSet<String>,
    folding: Folding,
) -> Vec<DriftRow> {
    let Some(found) = found else {
        if recorded.is_some_and(Recorded::says_in_pool) {
            return vec![DriftRow::new(
                DriftKind::Missing,
                "was there by the journal",
            )];
        }
        let kind = expected
            .may_be_missing
            .map_or(DriftKind::Missing, DriftKind::NotExpected);
        return vec![DriftRow::new(kind, "")];
    };
    let mut rows = Vec::new();
    let another = |recorded: &Recorded| recorded.sub.is_some() && recorded.sub != found.sub;
    if recorded.is_some_and(|recorded| recorded.says_in_pool() && another(recorded)) {
        rows.push(DriftRow::new(
            DriftKind::Replaced,
            "another sub than in the journal",
        ));
    }
    if expected.id_key.is_some() && found.id_key != expected.id_key {
        let about = if found.id_key.is_some() {
            "another id"
        } else {
            "no id"
        };
        rows.push(DriftRow::new(DriftKind::Identity, about));
        if found.id_key.is_some() {
            // Another person's account: nothing else of it can be compared.
            return rows;
        }
    }
    let differing = differing_attributes(expected, &found, folding);
    if !differing.is_empty() {
        rows.push(DriftRow::new(DriftKind::Attributes, differing.join(" ")));
    }
    let wanted: BTreeSet<&String> = expected.target.groups.iter().collect();
    let has: BTreeSet<&String> = found
        .groups
        .iter()
        .filter(|name| managed.contains(*name))
        .collect();
    if wanted != has {
        let lacking = wanted.difference(&has).map(|group| format!("-{group}"));
        let surplus = has.difference(&wanted).map(|group| format!("+{group}"));
        let about: Vec<String> = lacking.chain(surplus).collect();
        rows.push(DriftRow::new(DriftKind::Groups, about.join(" ")));
    }
    if found.enabled != expected.target.enabled {
        let about = if found.enabled { "enabled" } else { "disabled" };
        rows.push(DriftRow::new(DriftKind::Enabled, about));
    }
    let temporary_password = recorded.is_some_and(Recorded::says_temporary_password);
    if found.status == UserStatus::ForceChangePassword && temporary_password {
        rows.push(DriftRow::new(DriftKind::AwaitsFirstSignIn, ""));
    } else if let UserStatus::ForceChangePassword | UserStatus::Unconfirmed = found.status {
        rows.push(DriftRow::new(DriftKind::Status, found.status.name()));
    }
    rows
}

/// What can be done about the differences of a user; only of one whose name and legacy id both
/// agree.
pub(crate) fn fixes(
    expected: &Expected,
    found: Option<&CopiedUser>,
    managed: &BTreeSet<String>,
    folding: Folding,
) -> Vec<Fix> {
    let Some(found) = found else {
        return Vec::new();
    };
    let proven = expected.id_key.is_some()
        && found.id_key == expected.id_key
        && expected.name_key == Some(found.name_key);
    if !proven {
        return Vec::new();
    }
    let target = &expected.target;
    let lacking = target
        .groups
        .iter()
        .filter(|group| !found.groups.contains(group));
    let surplus = found
        .groups
        .iter()
        .filter(|group| managed.contains(*group) && !target.groups.contains(*group));
    let mut fixes: Vec<Fix> = lacking
        .cloned()
        .map(Fix::AddToGroup)
        .chain(surplus.cloned().map(Fix::RemoveFromGroup))
        .collect();
    fixes.extend((found.enabled && !target.enabled).then_some(Fix::Disable));
    let values = values_to_set(expected, &differing_attributes(expected, found, folding));
    fixes.extend((!values.is_empty()).then_some(Fix::SetAttributes(values)));
    fixes
}

/// The differing attributes' values as they should be. An address that nobody verified is left as
/// it is: Cognito would write to the person to have it verified.
fn values_to_set(expected: &Expected, differing: &[&str]) -> BTreeMap<String, String> {
    let wanted = |name: &str| expected.target.attributes.get(name).cloned();
    let mut values: BTreeMap<String, String> = differing
        .iter()
        .map(|name| ((*name).to_owned(), wanted(name).unwrap_or_default()))
        .collect();
    for (address, flag) in [
        ("email", "email_verified"),
        ("phone_number", "phone_number_verified"),
    ] {
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

fn differing_attributes<'a>(
    expected: &'a Expected,
    found: &CopiedUser,
    folding: Folding,
) -> Vec<&'a str> {
    let verified = ["email_verified", "phone_number_verified"];
    let names = expected.mapped.iter().map(String::as_str);
    let implied = expected.target.attributes.keys().map(String::as_str);
    let names: BTreeSet<&str> = names.chain(implied).collect();
    names
        .into_iter()
        .filter(|name| {
            let wanted = expected.target.attributes.get(*name).map(String::as_str);
            let has = found.attributes.get(*name).map(String::as_str);
            match (wanted, has) {
                // A case-insensitive pool may give an address back in lower case.
                (Some(wanted), Some(has)) if *name == "email" => {
                    folding.key(wanted) != folding.key(has)
                }
                // Verifying an address is the user's own doing, and no drift.
                (Some("false"), Some("true")) if verified.contains(name) => false,
                (Some("false"), None) if verified.contains(name) => false,
                (None, Some("")) => false,
                (wanted, has) => wanted != has,
            }
        })
        .collect()
}

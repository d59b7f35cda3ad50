//! One legacy user against what the pool has for them. Pure.

use std::collections::BTreeSet;

use cognito_user_pool::UserStatus;

use super::Expected;
use super::drift::{DriftKind, DriftRow};
use super::pool_copy::CopiedUser;
use crate::text_key::Folding;

/// All differences of one user; none when both sides agree.
pub(crate) fn compare(
    expected: &Expected,
    found: Option<CopiedUser>,
    managed: &BTreeSet<String>,
    folding: Folding,
) -> Vec<DriftRow> {
    let Some(found) = found else {
        let kind = expected
            .may_be_missing
            .map_or(DriftKind::Missing, DriftKind::NotExpected);
        return vec![DriftRow::new(kind, "")];
    };
    let mut rows = Vec::new();
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
    if let UserStatus::ForceChangePassword | UserStatus::Unconfirmed = found.status {
        rows.push(DriftRow::new(DriftKind::Status, found.status.name()));
    }
    rows
}

/// The memberships that a user lacks in the pool, as (username, group); only of a user whose name
/// and legacy id both agree.
pub(crate) fn lacking_memberships(
    expected: &Expected,
    found: Option<&CopiedUser>,
) -> Vec<(String, String)> {
    let Some(found) = found else {
        return Vec::new();
    };
    let proven = expected.id_key.is_some()
        && found.id_key == expected.id_key
        && expected.name_key == Some(found.name_key);
    let lacking = expected
        .target
        .groups
        .iter()
        .filter(|group| !found.groups.contains(group));
    lacking
        .filter(|_| proven)
        .map(|group| (found.username.clone(), group.clone()))
        .collect()
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

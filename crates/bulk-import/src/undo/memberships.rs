//! Who is in which groups of the pool, as far as an undo must know: whether somebody's groups are still
//! those that were agreed on. A change of groups moves no date. Sixteen bytes for each member, however
//! many groups they are in; read by ListUsersInGroup, which makes nobody billable.

use std::collections::hash_map::RandomState;
use std::collections::{BTreeSet, HashMap};
use std::hash::BuildHasher;

use cognito_user_pool::{PoolError, UserPool};
use futures::{TryStreamExt, pin_mut};

/// Digests of everybody's groups.
#[derive(Debug, Default)]
pub(super) struct Memberships {
    hashes: RandomState,
    of_users: HashMap<u64, u64>,
}

impl Memberships {
    /// Reads them all.
    pub(super) async fn read(pool: &UserPool) -> Result<Memberships, PoolError> {
        let mut memberships = Memberships::default();
        for group in pool.list_groups().await? {
            let pages = pool.list_users_in_group(&group);
            pin_mut!(pages);
            while let Some(page) = pages.try_next().await? {
                let subs = page.iter().filter_map(|user| user.sub());
                subs.for_each(|sub| memberships.add(sub, &group));
            }
        }
        Ok(memberships)
    }

    fn add(&mut self, sub: &str, group: &str) {
        let group = self.hashes.hash_one(group);
        let user = self.hashes.hash_one(sub);
        // In whatever order the groups come.
        *self.of_users.entry(user).or_default() ^= group;
    }

    /// Whether somebody is in these groups and no others.
    pub(super) fn are(&self, sub: &str, groups: &BTreeSet<String>) -> bool {
        let agreed = groups
            .iter()
            .fold(0, |agreed, group| agreed ^ self.hashes.hash_one(group));
        let found = self.of_users.get(&self.hashes.hash_one(sub));
        agreed == found.copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_the_same_in_any_order_and_no_others() {
        let mut memberships = Memberships::default();
        for (sub, group) in [("a", "editors"), ("a", "admins"), ("b", "admins")] {
            memberships.add(sub, group);
        }
        let set = |names: &[&str]| names.iter().map(ToString::to_string).collect();
        assert!(memberships.are("a", &set(&["admins", "editors"])));
        assert!(!memberships.are("a", &set(&["admins"])));
        assert!(!memberships.are("b", &set(&[])));
        assert!(memberships.are("c", &set(&[])));
    }
}

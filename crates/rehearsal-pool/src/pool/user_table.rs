//! All users of a pool and the ways to find one.
//!
//! Responsible for storage in order of creation (a page is a slice, whatever the pool's size) and
//! for the indexes by username, `sub` and contact attributes. The indexes hold positions only and
//! compare against the users, so a million users cost little. It must not know which names sign
//! in: that is `login_name`.

use std::hash::{BuildHasher, RandomState};

use hashbrown::HashTable;
use uuid::Uuid;

use crate::pool::schema::{AttributeId, EMAIL, PHONE_NUMBER, PREFERRED_USERNAME};
use crate::pool::user::{Attributes, User};

/// A user's place in order of creation; never used again after the user is deleted.
pub(crate) type UserIndex = u32;

/// Attributes that find a user.
const INDEXED: [AttributeId; 3] = [EMAIL, PHONE_NUMBER, PREFERRED_USERNAME];

#[derive(Debug, Default)]
pub(crate) struct UserTable {
    rows: Vec<Option<Box<User>>>,
    live: usize,
    by_username: HashTable<UserIndex>,
    by_sub: HashTable<UserIndex>,
    by_contact: HashTable<(AttributeId, UserIndex)>,
    /// How many users have a value for each attribute.
    holders: Vec<usize>,
    hasher: RandomState,
}

impl UserTable {
    pub(crate) fn len(&self) -> usize {
        self.live
    }

    /// How many users have a value for an attribute.
    pub(crate) fn holders(&self, attribute: AttributeId) -> usize {
        let counted = self.holders.get(usize::from(attribute));
        counted.copied().unwrap_or_default()
    }

    /// One past the last place ever given out.
    pub(crate) fn end(&self) -> UserIndex {
        UserIndex::try_from(self.rows.len()).expect("a pool holds fewer than 2^32 users")
    }

    pub(crate) fn get(&self, index: UserIndex) -> Option<&User> {
        self.rows.get(index as usize)?.as_deref()
    }

    /// For changes to anything but username, `sub` and attributes (see `change_attributes`).
    pub(crate) fn get_mut(&mut self, index: UserIndex) -> Option<&mut User> {
        self.rows.get_mut(index as usize)?.as_deref_mut()
    }

    /// Users from a place on, in order of creation.
    pub(crate) fn from(&self, start: UserIndex) -> impl Iterator<Item = (UserIndex, &User)> {
        let rows = self.rows.get(start as usize..).unwrap_or_default();
        (start..)
            .zip(rows)
            .filter_map(|(index, row)| Some((index, row.as_deref()?)))
    }

    pub(crate) fn by_username(&self, username: &str) -> Option<UserIndex> {
        let hash = self.hasher.hash_one(username);
        let rows = &self.rows;
        self.by_username
            .find(hash, |index| &*row(rows, *index).username == username)
            .copied()
    }

    pub(crate) fn by_sub(&self, sub: Uuid) -> Option<UserIndex> {
        let hash = self.hasher.hash_one(sub);
        let rows = &self.rows;
        self.by_sub
            .find(hash, |index| row(rows, *index).sub == sub)
            .copied()
    }

    /// Every user whose attribute (e-mail, phone number or preferred username) has this value,
    /// verified or not.
    pub(crate) fn by_contact(
        &self,
        attribute: AttributeId,
        value: &str,
    ) -> impl Iterator<Item = (UserIndex, &User)> {
        let hash = self.hasher.hash_one((attribute, value));
        self.by_contact
            .iter_hash(hash)
            .filter_map(move |&(held, index)| {
                let user = row(&self.rows, index);
                (held == attribute && user.attributes.get(attribute) == Some(value))
                    .then_some((index, user))
            })
    }

    /// Adds a user whose username and `sub` are new to the table.
    pub(crate) fn insert(&mut self, mut user: User) -> UserIndex {
        let index = self.end();
        user.attributes.shrink();
        let username_hash = self.hasher.hash_one(&*user.username);
        let sub_hash = self.hasher.hash_one(user.sub);
        let contacts = contacts(&user.attributes);
        for (attribute, _) in user.attributes.iter() {
            *holders_of(&mut self.holders, attribute) += 1;
        }
        self.rows.push(Some(Box::new(user)));
        self.live += 1;
        let (rows, hasher) = (&self.rows, &self.hasher);
        self.by_username
            .insert_unique(username_hash, index, |index| {
                hasher.hash_one(&*row(rows, *index).username)
            });
        self.by_sub.insert_unique(sub_hash, index, |index| {
            hasher.hash_one(row(rows, *index).sub)
        });
        self.index_contacts(index, &contacts);
        index
    }

    pub(crate) fn remove(&mut self, index: UserIndex) -> Option<Box<User>> {
        let user = self.rows.get(index as usize)?.as_deref()?;
        let username_hash = self.hasher.hash_one(&*user.username);
        let sub_hash = self.hasher.hash_one(user.sub);
        let contacts = contacts(&user.attributes);
        if let Ok(entry) = self
            .by_username
            .find_entry(username_hash, |held| *held == index)
        {
            entry.remove();
        }
        if let Ok(entry) = self.by_sub.find_entry(sub_hash, |held| *held == index) {
            entry.remove();
        }
        self.forget_contacts(index, &contacts);
        self.live -= 1;
        let removed = self.rows[index as usize].take()?;
        for (attribute, _) in removed.attributes.iter() {
            *holders_of(&mut self.holders, attribute) -= 1;
        }
        Some(removed)
    }

    /// Changes a user's attributes and keeps the index true.
    pub(crate) fn change_attributes(
        &mut self,
        index: UserIndex,
        change: impl FnOnce(&mut Attributes),
    ) {
        let Some(user) = self
            .rows
            .get_mut(index as usize)
            .and_then(Option::as_deref_mut)
        else {
            return;
        };
        for (attribute, _) in user.attributes.iter() {
            *holders_of(&mut self.holders, attribute) -= 1;
        }
        let before = contacts(&user.attributes);
        change(&mut user.attributes);
        let after = contacts(&user.attributes);
        for (attribute, _) in user.attributes.iter() {
            *holders_of(&mut self.holders, attribute) += 1;
        }
        if before != after {
            self.forget_contacts(index, &before);
            self.index_contacts(index, &after);
        }
    }

    fn index_contacts(&mut self, index: UserIndex, contacts: &[(AttributeId, String)]) {
        let (rows, hasher) = (&self.rows, &self.hasher);
        for (attribute, value) in contacts {
            let hash = hasher.hash_one((attribute, value.as_str()));
            self.by_contact
                .insert_unique(hash, (*attribute, index), |(attribute, index)| {
                    let value = row(rows, *index)
                        .attributes
                        .get(*attribute)
                        .unwrap_or_default();
                    hasher.hash_one((attribute, value))
                });
        }
    }

    fn forget_contacts(&mut self, index: UserIndex, contacts: &[(AttributeId, String)]) {
        for (attribute, value) in contacts {
            let hash = self.hasher.hash_one((attribute, value.as_str()));
            let held = self
                .by_contact
                .find_entry(hash, |held| *held == (*attribute, index));
            if let Ok(entry) = held {
                entry.remove();
            }
        }
    }
}

fn holders_of(holders: &mut Vec<usize>, attribute: AttributeId) -> &mut usize {
    let place = usize::from(attribute);
    if holders.len() <= place {
        holders.resize(place + 1, 0);
    }
    &mut holders[place]
}

fn contacts(attributes: &Attributes) -> Vec<(AttributeId, String)> {
    let held = |id: &AttributeId| Some((*id, attributes.get(*id)?.to_owned()));
    INDEXED.iter().filter_map(held).collect()
}

fn row(rows: &[Option<Box<User>>], index: UserIndex) -> &User {
    rows[index as usize]
        .as_deref()
        .expect("indexes hold live users only")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pool::user::{Credential, UserStatus};

    fn user(username: &str, email: &str) -> User {
        let mut attributes = Attributes::default();
        attributes.set(EMAIL, email);
        User {
            username: username.into(),
            signs_in_by: None,
            sub: Uuid::new_v4(),
            attributes,
            status: UserStatus::Confirmed,
            enabled: true,
            migrated: false,
            created: 0,
            modified: 0,
            credential: Credential::None,
            groups: Vec::new(),
            rare: None,
        }
    }

    #[test]
    fn users_are_found_by_name_sub_and_contact_after_growth_change_and_removal() {
        let mut table = UserTable::default();
        for number in 0..5_000 {
            let email = format!("{}@example.org", number / 2);
            table.insert(user(&format!("user{number}"), &email));
        }
        let index = table.by_username("user4000").expect("inserted");
        let sub = table.get(index).expect("live").sub;
        assert_eq!(table.by_sub(sub), Some(index));
        assert_eq!(table.by_contact(EMAIL, "2000@example.org").count(), 2);

        table.change_attributes(index, |attributes| attributes.set(EMAIL, "new@example.org"));
        assert_eq!(table.by_contact(EMAIL, "2000@example.org").count(), 1);
        assert_eq!(table.by_contact(EMAIL, "new@example.org").count(), 1);
        assert_eq!(table.holders(EMAIL), 5_000);
        table.change_attributes(0, |attributes| attributes.set(EMAIL, ""));
        assert_eq!(table.holders(EMAIL), 4_999);

        assert!(table.remove(index).is_some());
        assert!(table.remove(index).is_none());
        assert_eq!(table.by_username("user4000"), None);
        assert_eq!(table.by_sub(sub), None);
        assert_eq!(table.by_contact(EMAIL, "new@example.org").count(), 0);
        assert_eq!(table.len(), 4_999);
        assert_eq!(table.holders(EMAIL), 4_998);
        assert_eq!(table.holders(PHONE_NUMBER), 0);
        assert_eq!(table.end(), 5_000);
        assert_eq!(table.from(3_999).next().expect("more follow").0, 3_999);
        assert_eq!(table.from(4_000).next().expect("more follow").0, 4_001);
    }
}

//! One user as a state file has them.
//!
//! Responsible for what is kept of a user. Attributes and groups go by name: their places may be
//! others in the pool they come back to.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::clock::Millis;
use crate::pool::PoolState;
use crate::pool::group::GroupTable;
use crate::pool::password::Verifier;
use crate::pool::schema::Schema;
use crate::pool::user::{
    Attributes, Credential, ExternalIdentity, LinkedIdentity, Rare, User, UserStatus,
};
use crate::user_import::password_hash::ImportedHash;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SavedUser {
    username: String,
    signs_in_by: Option<String>,
    sub: Uuid,
    /// In the order they are shown in.
    attributes: Vec<(String, String)>,
    status: UserStatus,
    enabled: bool,
    migrated: bool,
    created: Millis,
    modified: Millis,
    credential: SavedCredential,
    groups: Vec<String>,
    earlier_passwords: Vec<Verifier>,
    links: Vec<(ExternalIdentity, Millis)>,
    sign_outs: u16,
    imported: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum SavedCredential {
    None,
    Permanent(Verifier),
    Temporary(Verifier, Millis),
    Imported(ImportedHash),
}

impl SavedUser {
    pub(super) fn of(user: &User, schema: &Schema, groups: &GroupTable) -> Self {
        let rare = user.rare.as_deref();
        let links = rare.map(|rare| &rare.links[..]).unwrap_or_default();
        let named = |(id, value): (_, &str)| (schema.name(id).to_owned(), value.to_owned());
        let group_name = |id| Some(groups.get(id)?.name.clone());
        Self {
            username: user.username.to_string(),
            signs_in_by: user.signs_in_by.map(|id| schema.name(id).to_owned()),
            sub: user.sub,
            attributes: user.attributes.iter().map(named).collect(),
            status: user.status,
            enabled: user.enabled,
            migrated: user.migrated,
            created: user.created,
            modified: user.modified,
            credential: SavedCredential::of(&user.credential),
            groups: user.groups.iter().copied().filter_map(group_name).collect(),
            earlier_passwords: rare
                .map(|rare| rare.earlier_passwords.clone())
                .unwrap_or_default(),
            links: links
                .iter()
                .map(|link| (link.identity.clone(), link.linked))
                .collect(),
            sign_outs: user.sign_outs(),
            imported: rare.is_some_and(|rare| rare.imported),
        }
    }

    pub(super) fn restore(self, schema: &Schema, state: &mut PoolState) -> Result<(), String> {
        let place = |name: &str| {
            let none = || format!("users have {name}, which the pool's settings no longer name");
            schema.id(name).ok_or_else(none)
        };
        let mut attributes = Attributes::default();
        for (name, value) in &self.attributes {
            attributes.set(place(name)?, value);
        }
        let signs_in_by = self.signs_in_by.as_deref().map(place).transpose()?;
        let links: Vec<LinkedIdentity> = self
            .links
            .into_iter()
            .map(|(identity, linked)| LinkedIdentity { identity, linked })
            .collect();
        let identities: Vec<_> = links.iter().map(|link| link.identity.clone()).collect();
        let rare = Rare {
            earlier_passwords: self.earlier_passwords,
            links,
            sign_outs: self.sign_outs,
            imported: self.imported,
            ..Rare::default()
        };
        let is_rare = !rare.earlier_passwords.is_empty()
            || !rare.links.is_empty()
            || rare.sign_outs > 0
            || rare.imported;
        let index = state.users.insert(User {
            username: self.username.into(),
            signs_in_by,
            sub: self.sub,
            attributes,
            status: self.status,
            enabled: self.enabled,
            migrated: self.migrated,
            created: self.created,
            modified: self.modified,
            credential: self.credential.restored(),
            groups: Vec::new(),
            rare: is_rare.then(|| Box::new(rare)),
        });
        for identity in identities {
            state.linked.insert(identity, index);
        }
        for name in &self.groups {
            let joined = state.groups.id(name).and_then(|id| state.join(index, id));
            joined.map_err(|error| error.to_string())?;
        }
        Ok(())
    }
}

impl SavedCredential {
    fn of(credential: &Credential) -> Self {
        match credential {
            Credential::None => Self::None,
            Credential::Permanent(verifier) => Self::Permanent(verifier.clone()),
            Credential::Temporary(verifier, until) => Self::Temporary(verifier.clone(), *until),
            Credential::Imported(hash) => Self::Imported((**hash).clone()),
        }
    }

    fn restored(self) -> Credential {
        match self {
            Self::None => Credential::None,
            Self::Permanent(verifier) => Credential::Permanent(verifier),
            Self::Temporary(verifier, until) => Credential::Temporary(verifier, until),
            Self::Imported(hash) => Credential::Imported(Box::new(hash)),
        }
    }
}

//! One user pool: its settings, app clients, users and groups.
//!
//! Responsible for holding them and for the few changes that touch several at once. It must not
//! know requests, quotas or HTTP; operations call it.

pub(crate) mod challenge;
pub(crate) mod client;
pub(crate) mod client_rules;
pub(crate) mod config;
mod config_rules;
pub(crate) mod group;
pub(crate) mod hourly;
pub(crate) mod lockout;
pub(crate) mod login_name;
pub(crate) mod password;
pub(crate) mod schema;
pub(crate) mod user;
pub(crate) mod user_table;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};

use uuid::Uuid;

use self::challenge::OpenChallenges;
use self::client::Client;
use self::config::PoolConfig;
use self::group::{Group, GroupId, GroupTable};
use self::login_name::NewName;
use self::user::{Attributes, Credential, ExternalIdentity, User, UserStatus};
use self::user_table::{UserIndex, UserTable};
use crate::api_error::ApiError;
use crate::clock::Millis;
use crate::random;
use crate::token::keys::SigningKeys;
use crate::user_import::job::Job;

/// Quota page: groups a user can be in.
const MAX_GROUPS_OF_USER: usize = 100;

pub(crate) struct Pool {
    pub(crate) id: String,
    pub(crate) arn: String,
    pub(crate) created: Millis,
    config: RwLock<Arc<PoolConfig>>,
    clients: RwLock<BTreeMap<String, Arc<Client>>>,
    state: Mutex<PoolState>,
    keys: OnceLock<SigningKeys>,
    simulation_secret: [u8; 32],
}

#[derive(Debug, Default)]
pub(crate) struct PoolState {
    pub(crate) users: UserTable,
    pub(crate) groups: GroupTable,
    pub(crate) challenges: OpenChallenges,
    /// `origin_jti` of refresh tokens that were revoked, with the time they would have ended.
    pub(crate) revoked: BTreeMap<Uuid, Millis>,
    /// Refresh tokens that were exchanged for another one: until when they stay good, and when they
    /// would have ended.
    pub(crate) rotated: BTreeMap<Uuid, (Millis, Millis)>,
    /// Identities of external providers -> the local user each is linked to.
    pub(crate) linked: BTreeMap<ExternalIdentity, UserIndex>,
    /// Import jobs by id.
    pub(crate) imports: BTreeMap<String, Job>,
}

/// Everything about a user to be made; checked, and its names free.
pub(crate) struct NewUser {
    pub(crate) name: NewName,
    pub(crate) sub: Uuid,
    pub(crate) attributes: Attributes,
    pub(crate) status: UserStatus,
    pub(crate) credential: Credential,
}

impl Pool {
    pub(crate) fn new(id: String, arn: String, created: Millis, config: PoolConfig) -> Self {
        let mut simulation_secret = [0; 32];
        random::fill(&mut simulation_secret);
        Self {
            id,
            arn,
            created,
            simulation_secret,
            config: RwLock::new(Arc::new(config)),
            clients: RwLock::default(),
            state: Mutex::default(),
            keys: OnceLock::new(),
        }
    }

    /// The part of the id after the Region, which SRP hashes call the pool's name.
    pub(crate) fn short_name(&self) -> &str {
        self.id.rsplit_once('_').map_or(&self.id, |(_, name)| name)
    }

    pub(crate) fn config(&self) -> Arc<PoolConfig> {
        Arc::clone(&self.config.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn set_config(&self, config: PoolConfig) {
        *self.config.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(config);
    }

    /// Users and groups, locked. Never held across an await.
    pub(crate) fn state(&self) -> MutexGuard<'_, PoolState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn client(&self, id: &str) -> Result<Arc<Client>, ApiError> {
        let clients = self.clients.read().unwrap_or_else(PoisonError::into_inner);
        clients
            .get(id)
            .cloned()
            .ok_or_else(|| ApiError::client_not_found(id))
    }

    pub(crate) fn put_client(&self, client: Client) -> Arc<Client> {
        let client = Arc::new(client);
        let mut clients = self.clients.write().unwrap_or_else(PoisonError::into_inner);
        clients.insert(client.id.clone(), Arc::clone(&client));
        client
    }

    pub(crate) fn remove_client(&self, id: &str) -> Option<Arc<Client>> {
        self.clients
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(id)
    }

    pub(crate) fn clients(&self) -> Vec<Arc<Client>> {
        let clients = self.clients.read().unwrap_or_else(PoisonError::into_inner);
        clients.values().cloned().collect()
    }

    /// What made-up answers about unknown names are derived from.
    pub(crate) fn simulation_secret(&self) -> &[u8; 32] {
        &self.simulation_secret
    }

    /// The keys that sign this pool's tokens, made when first needed: that takes a moment of
    /// computing, and most pools of a test never sign.
    pub(crate) fn keys(&self) -> &SigningKeys {
        self.keys.get_or_init(SigningKeys::generate)
    }

    /// The keys, if they were needed yet.
    pub(crate) fn made_keys(&self) -> Option<&SigningKeys> {
        self.keys.get()
    }

    /// Gives a new pool what one of an earlier run had.
    pub(crate) fn put_back(
        &mut self,
        state: PoolState,
        keys: Option<SigningKeys>,
        simulation_secret: [u8; 32],
    ) {
        self.state = Mutex::new(state);
        self.keys = keys.map_or_else(OnceLock::new, OnceLock::from);
        self.simulation_secret = simulation_secret;
    }
}

impl PoolState {
    /// The user whom an operation's `Username` means.
    pub(crate) fn find(&self, config: &PoolConfig, name: &str) -> Result<UserIndex, ApiError> {
        login_name::find(config, &self.users, name).ok_or_else(ApiError::user_not_found)
    }

    pub(crate) fn user(&self, index: UserIndex) -> Result<&User, ApiError> {
        self.users.get(index).ok_or_else(ApiError::user_not_found)
    }

    pub(crate) fn user_mut(&mut self, index: UserIndex) -> Result<&mut User, ApiError> {
        self.users
            .get_mut(index)
            .ok_or_else(ApiError::user_not_found)
    }

    pub(crate) fn add(&mut self, new: NewUser, now: Millis) -> UserIndex {
        self.users.insert(User {
            username: new.name.username.into(),
            signs_in_by: new.name.signs_in_by,
            sub: new.sub,
            attributes: new.attributes,
            status: new.status,
            enabled: true,
            migrated: false,
            created: now,
            modified: now,
            credential: new.credential,
            groups: Vec::new(),
            rare: None,
        })
    }

    pub(crate) fn delete(&mut self, index: UserIndex) {
        let Some(user) = self.users.remove(index) else {
            return;
        };
        for group in user.groups {
            if let Some(group) = self.groups.get_mut(group) {
                group.members.remove(&index);
            }
        }
        // Their identities are free to be linked to somebody else.
        for link in user.rare.map(|rare| rare.links).unwrap_or_default() {
            self.linked.remove(&link.identity);
        }
    }

    /// Puts a user into a group. Doing so twice changes nothing.
    pub(crate) fn join(&mut self, index: UserIndex, group: GroupId) -> Result<(), ApiError> {
        let user = self
            .users
            .get_mut(index)
            .ok_or_else(ApiError::user_not_found)?;
        if user.groups.contains(&group) {
            return Ok(());
        }
        if user.groups.len() >= MAX_GROUPS_OF_USER {
            return Err(ApiError::invalid_parameter(format!(
                "A user can be in at most {MAX_GROUPS_OF_USER} groups."
            )));
        }
        user.groups.push(group);
        let group = self
            .groups
            .get_mut(group)
            .ok_or_else(ApiError::group_not_found)?;
        group.members.insert(index);
        Ok(())
    }

    pub(crate) fn leave(&mut self, index: UserIndex, group: GroupId) {
        if let Some(user) = self.users.get_mut(index) {
            user.groups.retain(|held| *held != group);
        }
        if let Some(group) = self.groups.get_mut(group) {
            group.members.remove(&index);
        }
    }

    pub(crate) fn delete_group(&mut self, id: GroupId) {
        let Some(group) = self.groups.remove(id) else {
            return;
        };
        for index in group.members {
            if let Some(user) = self.users.get_mut(index) {
                user.groups.retain(|held| *held != id);
            }
        }
    }

    /// A user's groups in the order claims list them.
    pub(crate) fn groups_of(&self, user: &User) -> Vec<&Group> {
        let mut groups: Vec<_> = user
            .groups
            .iter()
            .filter_map(|id| self.groups.get(*id))
            .collect();
        groups.sort_by(|a, b| a.rank().cmp(&b.rank()));
        groups
    }
}

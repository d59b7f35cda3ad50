//! One pool as a state file has it.
//!
//! Responsible for what is kept of a pool, its app clients and groups. Users are `saved_user`'s.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::saved_user::SavedUser;
use crate::clock::Millis;
use crate::pool::client::{Client, SavedClient};
use crate::pool::client_rules;
use crate::pool::config::{PoolConfig, SavedConfig};
use crate::pool::group::Group;
use crate::pool::{Pool, PoolState};
use crate::token::keys::{SavedKeys, SigningKeys};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SavedPool {
    pub(super) id: String,
    created: Millis,
    config: SavedConfig,
    clients: Vec<SavedClient>,
    /// `None` while the pool never signed anything.
    keys: Option<SavedKeys>,
    simulation_secret: [u8; 32],
    groups: Vec<SavedGroup>,
    /// In order of creation.
    users: Vec<SavedUser>,
    revoked: Vec<(Uuid, Millis)>,
    rotated: Vec<(Uuid, (Millis, Millis))>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedGroup {
    name: String,
    description: Option<String>,
    role_arn: Option<String>,
    precedence: Option<i64>,
    created: Millis,
    modified: Millis,
}

impl SavedPool {
    pub(super) fn of(pool: &Pool) -> Self {
        let state = pool.state();
        // After the lock: whoever wrote a new attribute of a user wrote it to the schema before.
        let config = pool.config();
        let users = state.users.from(0);
        Self {
            id: pool.id.clone(),
            created: pool.created,
            clients: pool.clients().iter().map(|client| client.saved()).collect(),
            keys: pool.made_keys().map(SigningKeys::saved),
            simulation_secret: *pool.simulation_secret(),
            groups: state.groups.after(None).map(SavedGroup::of).collect(),
            users: users
                .map(|(_, user)| SavedUser::of(user, &config.schema, &state.groups))
                .collect(),
            revoked: state.revoked.iter().map(|(id, at)| (*id, *at)).collect(),
            rotated: state.rotated.iter().map(|(id, at)| (*id, *at)).collect(),
            config: config.saved(),
        }
    }

    /// Has the settings of a new request from now on.
    pub(super) fn take_settings(
        &mut self,
        request: Map<String, Value>,
        now: Millis,
    ) -> Result<(), String> {
        let config = PoolConfig::of_new_pool(request, now).map_err(|error| error.to_string())?;
        self.config = config.saved();
        Ok(())
    }

    /// Has the settings of a new request for this app client from now on.
    pub(super) fn take_client(
        &mut self,
        id: &str,
        request: Map<String, Value>,
        now: Millis,
    ) -> Result<(), String> {
        let place = self.clients.iter().position(|client| client.id == id);
        let Some(place) = place else {
            return Err(format!("its app client {id} was deleted"));
        };
        let schema = &self.config.schema;
        let held = Client::restored(&self.clients[place], &self.id);
        let changed = client_rules::check(&request, schema, "creating")
            .and_then(|()| held?.made_anew(request, now))
            .map_err(|error| error.to_string())?;
        self.clients[place] = changed.saved();
        Ok(())
    }

    pub(super) fn restore(self, arn: String) -> Result<(Pool, Vec<Client>), String> {
        let id = self.id;
        let config = PoolConfig::restored(self.config).map_err(|error| error.to_string())?;
        let mut state = PoolState::default();
        for group in self.groups {
            let created = state.groups.create(group.restored());
            created.map_err(|error| error.to_string())?;
        }
        for user in self.users {
            user.restore(&config.schema, &mut state)?;
        }
        state.revoked.extend(self.revoked);
        state.rotated.extend(self.rotated);
        let keys = self.keys.as_ref().map(SigningKeys::restored);
        let keys = keys.transpose()?;
        let clients = self
            .clients
            .iter()
            .map(|client| Client::restored(client, &id))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| error.to_string())?;
        let mut pool = Pool::new(id, arn, self.created, config);
        pool.put_back(state, keys, self.simulation_secret);
        Ok((pool, clients))
    }
}

impl SavedGroup {
    fn of(group: &Group) -> Self {
        Self {
            name: group.name.clone(),
            description: group.description.clone(),
            role_arn: group.role_arn.clone(),
            precedence: group.precedence,
            created: group.created,
            modified: group.modified,
        }
    }

    fn restored(self) -> Group {
        Group {
            name: self.name,
            description: self.description,
            role_arn: self.role_arn,
            precedence: self.precedence,
            created: self.created,
            modified: self.modified,
            members: BTreeSet::new(),
        }
    }
}

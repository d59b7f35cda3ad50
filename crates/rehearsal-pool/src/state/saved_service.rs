//! The whole service as a state file has it.
//!
//! Responsible for what belongs to no single pool, and for putting pools back. Called by `running`.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::saved_pool::SavedPool;
use crate::clock::Millis;
use crate::service::Service;

/// Goes up with every change that makes older files unreadable.
const FORMAT: u32 = 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SavedService {
    #[serde(deserialize_with = "this_format")]
    format: u32,
    /// How far the clock was moved.
    clock_moved_by: Millis,
    /// Values of the trigger program's environment that must be the same again.
    pub(crate) trigger_env: BTreeMap<String, String>,
    pub(crate) main: SavedMain,
    pools: Vec<SavedPool>,
}

/// The pool and app client of the options, and what they were made from.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SavedMain {
    pub(crate) user_pool_id: String,
    pub(crate) client_id: String,
    pub(crate) pool_request: Map<String, Value>,
    pub(crate) client_request: Map<String, Value>,
}

impl SavedService {
    pub(crate) fn of(
        service: &Service,
        main: &SavedMain,
        trigger_env: &BTreeMap<String, String>,
    ) -> Self {
        Self {
            format: FORMAT,
            clock_moved_by: service.clock.moved_by(),
            trigger_env: trigger_env.clone(),
            main: main.clone(),
            pools: service
                .pools_after(None)
                .iter()
                .map(|pool| SavedPool::of(pool))
                .collect(),
        }
    }

    /// Puts everything into a new service. Where the options now say otherwise than those that the
    /// pool was made from, theirs count, and whatever was changed by calls since is gone.
    pub(crate) fn restore(self, service: &Service, main: &SavedMain) -> Result<(), String> {
        service.clock.put(self.clock_moved_by);
        for mut pool in self.pools {
            if pool.id == main.user_pool_id {
                let now = service.now();
                if self.main.pool_request != main.pool_request {
                    pool.take_settings(main.pool_request.clone(), now)?;
                }
                if self.main.client_request != main.client_request {
                    pool.take_client(&main.client_id, main.client_request.clone(), now)?;
                }
            }
            let arn = service.pool_arn(&pool.id);
            let (pool, clients) = pool.restore(arn)?;
            let pool = service.add_pool(pool);
            for client in clients {
                service.add_client(&pool, client);
            }
        }
        let (pool, client) = service.client(&main.client_id).map_err(|e| e.to_string())?;
        if pool.id == main.user_pool_id && client.id == main.client_id {
            Ok(())
        } else {
            Err("its pool or app client was deleted".to_owned())
        }
    }
}

fn this_format<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let format = u32::deserialize(deserializer)?;
    if format == FORMAT {
        Ok(format)
    } else {
        Err(serde::de::Error::custom(format!("it has format {format}")))
    }
}

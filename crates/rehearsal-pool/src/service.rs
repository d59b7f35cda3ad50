//! All the state behind the endpoint: pools, quotas, functions, outbox, clock.
//!
//! Responsible for finding a pool or an app client by its id. It must not know requests.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use crate::api_error::ApiError;
use crate::belief::Beliefs;
use crate::clock::{Clock, Millis};
use crate::cross_origin::AllowedOrigins;
use crate::fault::Faults;
use crate::outbox::{Medium, Outbox, SentMessage};
use crate::pool::Pool;
use crate::pool::client::Client;
use crate::pool::config::PoolConfig;
use crate::quota::{QuotaBook, Quotas};
use crate::token::AccessClaims;
use crate::trigger::Functions;

/// The account every ARN here names.
pub(crate) const ACCOUNT_ID: &str = "123456789012";

pub(crate) struct Service {
    pub(crate) region: String,
    pub(crate) access_key_id: Option<String>,
    pub(crate) allowed_origins: AllowedOrigins,
    pub(crate) clock: Clock,
    pub(crate) quotas: QuotaBook,
    pub(crate) functions: Functions,
    pub(crate) faults: Faults,
    /// Without facts, unless some are put in before the first request.
    pub(crate) beliefs: Beliefs,
    pub(crate) outbox: Outbox,
    /// How long after their creation users show in `ListUsers`.
    pub(crate) list_delay: Millis,
    pub(crate) issuer: OnceLock<String>,
    /// URL of this endpoint.
    pub(crate) endpoint: OnceLock<String>,
    /// Held while an import job starts: an account has one active job.
    pub(crate) starting_import: tokio::sync::Mutex<()>,
    pools: RwLock<BTreeMap<String, Arc<Pool>>>,
    /// App client id -> pool id: unsigned operations name the client only.
    pool_of_client: RwLock<BTreeMap<String, String>>,
}

impl Service {
    pub(crate) fn new(
        region: String,
        access_key_id: Option<String>,
        allowed_origins: AllowedOrigins,
        quotas: &Quotas,
        functions: Functions,
        faults: Faults,
        list_delay: Millis,
    ) -> Self {
        let clock = Clock::new();
        Self {
            quotas: QuotaBook::new(quotas, clock.now()),
            region,
            access_key_id,
            allowed_origins,
            clock,
            functions,
            faults,
            beliefs: Beliefs::new(None),
            outbox: Outbox::default(),
            list_delay,
            issuer: OnceLock::new(),
            endpoint: OnceLock::new(),
            starting_import: tokio::sync::Mutex::default(),
            pools: RwLock::default(),
            pool_of_client: RwLock::default(),
        }
    }

    pub(crate) fn now(&self) -> Millis {
        self.clock.now()
    }

    /// `iss` of a pool's tokens.
    pub(crate) fn issuer(&self, pool: &Pool) -> String {
        let base = self
            .issuer
            .get()
            .expect("set before the first request is served");
        format!("{base}/{}", pool.id)
    }

    /// The local stand-in for an import job's pre-signed URL.
    pub(crate) fn upload_url(&self, pool_id: &str, job_id: &str, key: &str) -> String {
        let base = self
            .endpoint
            .get()
            .expect("set before the first request is served");
        format!("{base}/_import/{pool_id}/{job_id}?X-Amz-Expires=900&X-Amz-Signature={key}")
    }

    /// Sends a message, by Cognito's own mailer unless the pool has another.
    pub(crate) fn send(&self, config: &PoolConfig, message: SentMessage) -> Result<(), ApiError> {
        let counts = message.medium == Medium::Email && config.uses_default_mailer();
        if counts && !self.quotas.take_mail(self.now()) {
            return Err(ApiError::daily_mail_exceeded());
        }
        self.outbox.send(message);
        Ok(())
    }

    /// Pools there are.
    pub(crate) fn pool_count(&self) -> usize {
        self.pools
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .len()
    }

    pub(crate) fn pool_arn(&self, id: &str) -> String {
        format!(
            "arn:aws:cognito-idp:{}:{ACCOUNT_ID}:userpool/{id}",
            self.region
        )
    }

    pub(crate) fn add_pool(&self, pool: Pool) -> Arc<Pool> {
        let pool = Arc::new(pool);
        let mut pools = self.pools.write().unwrap_or_else(PoisonError::into_inner);
        pools.insert(pool.id.clone(), Arc::clone(&pool));
        pool
    }

    pub(crate) fn remove_pool(&self, id: &str) {
        let removed = self
            .pools
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(id);
        if let Some(pool) = removed {
            let mut clients = self
                .pool_of_client
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            clients.retain(|_, pool_id| *pool_id != pool.id);
        }
    }

    pub(crate) fn pool(&self, id: &str) -> Result<Arc<Pool>, ApiError> {
        let pools = self.pools.read().unwrap_or_else(PoisonError::into_inner);
        pools
            .get(id)
            .cloned()
            .ok_or_else(|| ApiError::pool_not_found(id))
    }

    /// Pools by id, after `id` if one is given.
    pub(crate) fn pools_after(&self, id: Option<&str>) -> Vec<Arc<Pool>> {
        use std::ops::Bound::{Excluded, Unbounded};
        let pools = self.pools.read().unwrap_or_else(PoisonError::into_inner);
        let start = id.map_or(Unbounded, Excluded);
        pools
            .range::<str, _>((start, Unbounded))
            .map(|(_, pool)| Arc::clone(pool))
            .collect()
    }

    pub(crate) fn add_client(&self, pool: &Pool, client: Client) -> Arc<Client> {
        let mut clients = self
            .pool_of_client
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        clients.insert(client.id.clone(), pool.id.clone());
        pool.put_client(client)
    }

    pub(crate) fn remove_client(&self, pool: &Pool, id: &str) -> Result<(), ApiError> {
        let mut clients = self
            .pool_of_client
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        clients.remove(id);
        pool.remove_client(id)
            .map(drop)
            .ok_or_else(|| ApiError::client_not_found(id))
    }

    /// The app client of an unsigned operation, with its pool.
    pub(crate) fn client(&self, id: &str) -> Result<(Arc<Pool>, Arc<Client>), ApiError> {
        let clients = self
            .pool_of_client
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        let pool_id = clients
            .get(id)
            .ok_or_else(|| ApiError::client_not_found(id))?;
        let pool = self.pool(pool_id)?;
        let client = pool.client(id)?;
        drop(clients);
        Ok((pool, client))
    }

    /// Who an access token belongs to.
    pub(crate) fn bearer(&self, token: &str) -> Result<(Arc<Pool>, AccessClaims), ApiError> {
        let invalid = || ApiError::not_authorized("Invalid Access Token");
        let pool_id = AccessClaims::pool_named_by(token).ok_or_else(invalid)?;
        let pool = self.pool(&pool_id).map_err(|_| invalid())?;
        let claims = AccessClaims::read(&pool, token, self.now())?;
        Ok((pool, claims))
    }
}

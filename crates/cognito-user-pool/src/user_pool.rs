//! A user pool for reading: the verbs that change nothing. Every call waits for its category's
//! pacer, and reads are repeated with patience. `WritableUserPool` adds the writing verbs.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_cognitoidentityprovider::Client;
use aws_sdk_cognitoidentityprovider::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_cognitoidentityprovider::types::{LimitClass, LimitDefinitionType};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use chrono::{DateTime, Utc};
use futures::stream::{self, Stream};
use tokio::sync::{Mutex, watch};
use tokio::time::Instant;
use tracing::Instrument;
use tracing::field::Empty;

use crate::answer_body::AnswerBody;
use crate::server_clock::ServerClock;
use crate::{
    AppClient, Operation, Pacer, PacerReading, Patience, PoolAddress, PoolDescription, PoolError,
    PoolFault, PoolSettings, QuotaCategory, Quotas, Share, UserRecord, WritableUserPool,
    WritePermission, client,
};

/// The greatest page that ListUsers and its like give (`QueryLimitType` of the API model).
const PAGE: i32 = 60;
/// Calls in flight fail together when a session ends: one of them looks for a new one.
const RENEW_EVERY: Duration = Duration::from_secs(5);

/// A user pool, for reading. Cheap to clone; clones share pacers and connections.
#[derive(Clone, Debug)]
pub struct UserPool(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    client: std::sync::RwLock<Client>,
    /// When credentials were last looked for anew.
    renewed: Mutex<Option<Instant>>,
    /// Why the last call got no answer to go by; `None` once one did.
    away: std::sync::Mutex<Option<PoolFault>>,
    address: PoolAddress,
    pacers: Vec<Pacer>,
    quotas: std::sync::Mutex<Quotas>,
    patience: Patience,
    clock: ServerClock,
    paused: watch::Sender<bool>,
}

impl UserPool {
    /// A pool at an address. Makes no call: the first one finds out whether the pool exists.
    pub async fn connect(address: PoolAddress, quotas: Quotas, patience: Patience) -> UserPool {
        let clock = ServerClock::default();
        let client = client::build(&address, &clock).await;
        let pacer = |category: &QuotaCategory| Pacer::new(quotas.allowance(*category));
        let pacers = QuotaCategory::ALL.iter().map(pacer).collect();
        let quotas = std::sync::Mutex::new(quotas);
        let paused = watch::Sender::new(false);
        UserPool(Arc::new(Shared {
            client: std::sync::RwLock::new(client),
            renewed: Mutex::new(None),
            away: std::sync::Mutex::new(None),
            address,
            pacers,
            quotas,
            patience,
            clock,
            paused,
        }))
    }

    /// The same pool with the right to write.
    pub fn allow_writes(&self, _: WritePermission) -> WritableUserPool {
        WritableUserPool::new(self.clone())
    }

    /// Where the pool is.
    pub fn address(&self) -> &PoolAddress {
        &self.0.address
    }

    /// How long reads are repeated while no answer comes.
    pub fn patience(&self) -> Patience {
        self.0.patience
    }

    /// The time by the pool's own clock, up to two seconds behind it.
    pub fn server_time(&self) -> DateTime<Utc> {
        self.0.clock.now()
    }

    /// What a category's pacer is doing.
    pub fn reading(&self, category: QuotaCategory) -> PacerReading {
        self.pacer(category).reading()
    }

    /// Why no call gets through at the moment: the endpoint does not answer, Cognito fails, or the
    /// AWS session has ended. `None` as soon as one call was answered.
    pub fn away(&self) -> Option<PoolFault> {
        *self
            .0
            .away
            .lock()
            .expect("no panic happens while it is held")
    }

    /// The limits in force.
    pub fn quotas(&self) -> Quotas {
        self.0
            .quotas
            .lock()
            .expect("no panic happens while quotas are held")
            .clone()
    }

    /// Replaces the limits; callers who wait are let through at the new rate.
    pub fn set_quotas(&self, quotas: Quotas) {
        for category in QuotaCategory::ALL {
            self.pacer(*category)
                .set_allowance(quotas.allowance(*category));
        }
        *self
            .0
            .quotas
            .lock()
            .expect("no panic happens while quotas are held") = quotas;
    }

    /// Takes another share of the same limits, from the next call on.
    pub fn set_share(&self, share: Share) {
        let quotas = self.quotas().with_share(share);
        self.set_quotas(quotas);
    }

    /// Holds back every call from now on, or lets them go on. Calls on their way come back.
    pub fn set_paused(&self, paused: bool) {
        self.0.paused.send_replace(paused);
    }

    /// DescribeUserPool.
    ///
    /// # Errors
    ///
    /// `ResourceNotFound` when the pool does not exist; see [`PoolError`].
    pub async fn describe_user_pool(&self) -> Result<PoolDescription, PoolError> {
        let operation = Operation::DescribeUserPool;
        let call = || {
            self.client()
                .describe_user_pool()
                .user_pool_id(self.id())
                .send()
        };
        let answer = self.read(operation, call).await?;
        let pool = answer
            .user_pool
            .ok_or_else(|| PoolError::incomplete(operation))?;
        Ok(PoolDescription::from_sdk(pool))
    }

    /// DescribeUserPool, all of it: what an update has to send back.
    ///
    /// # Errors
    ///
    /// See [`PoolError`].
    pub async fn pool_settings(&self) -> Result<PoolSettings, PoolError> {
        let operation = Operation::DescribeUserPool;
        let body = AnswerBody::default();
        let call = || {
            let request = self.client().describe_user_pool().user_pool_id(self.id());
            request.customize().interceptor(body.clone()).send()
        };
        self.read(operation, call).await?;
        PoolSettings::from_answer(&body.take()).ok_or_else(|| PoolError::incomplete(operation))
    }

    /// ListUserPoolClients and DescribeUserPoolClient: all app clients.
    ///
    /// # Errors
    ///
    /// See [`PoolError`].
    pub async fn app_clients(&self) -> Result<Vec<AppClient>, PoolError> {
        let mut clients = Vec::new();
        let mut token = None;
        loop {
            let call = || {
                let request = self.client().list_user_pool_clients();
                let request = request.user_pool_id(self.id()).max_results(PAGE);
                request.set_next_token(token.clone()).send()
            };
            let answer = self.read(Operation::ListUserPoolClients, call).await?;
            let page = answer.user_pool_clients.unwrap_or_default();
            for id in page.into_iter().filter_map(|client| client.client_id) {
                clients.push(self.describe_user_pool_client(&id).await?);
            }
            token = answer.next_token;
            if token.is_none() {
                return Ok(clients);
            }
        }
    }

    async fn describe_user_pool_client(&self, id: &str) -> Result<AppClient, PoolError> {
        let operation = Operation::DescribeUserPoolClient;
        let call = || {
            let request = self.client().describe_user_pool_client();
            request.user_pool_id(self.id()).client_id(id).send()
        };
        let answer = self.read(operation, call).await?;
        answer
            .user_pool_client
            .map(AppClient::from_sdk)
            .ok_or_else(|| PoolError::incomplete(operation))
    }

    /// GetProvisionedLimit: the account's limit for a category in requests a second, or `None`
    /// where Cognito does not say (categories without provisioned limits).
    ///
    /// # Errors
    ///
    /// See [`PoolError`]; not being allowed to ask is one.
    pub async fn get_provisioned_limit(
        &self,
        category: QuotaCategory,
    ) -> Result<Option<f64>, PoolError> {
        let definition = LimitDefinitionType::builder()
            .limit_class(LimitClass::ApiCategory)
            .attributes("Category", category.name())
            .build()
            .expect("class and attributes are all it needs");
        let call = || {
            let request = self.client().get_provisioned_limit();
            request.limit_definition(definition.clone()).send()
        };
        match self.read(Operation::GetProvisionedLimit, call).await {
            Ok(answer) => Ok(answer
                .limit
                .map(|limit| f64::from(limit.provisioned_limit_value))
                .filter(|limit| *limit > 0.0)),
            Err(error) if error.fault() == PoolFault::InvalidParameter => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// AdminGetUser; `None` when the pool has no such user. The name may be the username, the
    /// `sub`, or an alias. Counts the user as active this month; ListUsers does not.
    ///
    /// # Errors
    ///
    /// See [`PoolError`].
    pub async fn admin_get_user(&self, username: &str) -> Result<Option<UserRecord>, PoolError> {
        let call = || {
            self.client()
                .admin_get_user()
                .user_pool_id(self.id())
                .username(username)
                .send()
        };
        match self.read(Operation::AdminGetUser, call).await {
            Ok(answer) => Ok(Some(UserRecord::from_get_user(answer))),
            Err(error) if error.fault() == PoolFault::UserNotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// ListUsers, page after page, in no order. Eventually consistent; pages may be short.
    pub fn list_users(&self) -> impl Stream<Item = Result<Vec<UserRecord>, PoolError>> + use<> {
        let pool = self.clone();
        pages(move |token| {
            let pool = pool.clone();
            async move {
                let call = || {
                    let request = pool
                        .client()
                        .list_users()
                        .user_pool_id(pool.id())
                        .limit(PAGE);
                    request.set_pagination_token(token.clone()).send()
                };
                let answer = pool.read(Operation::ListUsers, call).await?;
                let users = answer.users.unwrap_or_default();
                let users = users
                    .into_iter()
                    .filter_map(UserRecord::from_user_type)
                    .collect();
                Ok((users, answer.pagination_token))
            }
        })
    }

    /// ListUsers by `sub`: one user as they are now, which bills nobody. `None` when there is no such
    /// user.
    ///
    /// # Errors
    ///
    /// See [`PoolError`].
    pub async fn find_user_by_sub(&self, sub: &str) -> Result<Option<UserRecord>, PoolError> {
        // The value stands between quotes; a `sub` is a UUID and has none.
        let filter = format!("sub = \"{}\"", sub.replace(['"', '\\'], ""));
        let call = || {
            let request = self.client().list_users().user_pool_id(self.id());
            request.filter(filter.as_str()).limit(1).send()
        };
        let answer = self.read(Operation::ListUsers, call).await?;
        let mut users = answer.users.unwrap_or_default().into_iter();
        Ok(users.next().and_then(UserRecord::from_user_type))
    }

    /// ListUsersInGroup, page after page.
    pub fn list_users_in_group(
        &self,
        group: &str,
    ) -> impl Stream<Item = Result<Vec<UserRecord>, PoolError>> + use<> {
        let (pool, group) = (self.clone(), group.to_owned());
        pages(move |token| {
            let (pool, group) = (pool.clone(), group.clone());
            async move {
                let call = || {
                    let request = pool.client().list_users_in_group().user_pool_id(pool.id());
                    let request = request.group_name(group.as_str()).limit(PAGE);
                    request.set_next_token(token.clone()).send()
                };
                let answer = pool.read(Operation::ListUsersInGroup, call).await?;
                let users = answer.users.unwrap_or_default();
                let users = users
                    .into_iter()
                    .filter_map(UserRecord::from_user_type)
                    .collect();
                Ok((users, answer.next_token))
            }
        })
    }

    /// ListGroups: the names of all groups.
    ///
    /// # Errors
    ///
    /// See [`PoolError`].
    pub async fn list_groups(&self) -> Result<Vec<String>, PoolError> {
        let mut names = Vec::new();
        let mut token = None;
        loop {
            let call = || {
                let request = self
                    .client()
                    .list_groups()
                    .user_pool_id(self.id())
                    .limit(PAGE);
                request.set_next_token(token.clone()).send()
            };
            let answer = self.read(Operation::ListGroups, call).await?;
            let groups = answer.groups.unwrap_or_default();
            names.extend(groups.into_iter().filter_map(|group| group.group_name));
            token = answer.next_token;
            if token.is_none() {
                return Ok(names);
            }
        }
    }

    pub(crate) fn client(&self) -> Client {
        let client = self.0.client.read();
        client.expect("no panic happens while it is held").clone()
    }

    /// Looks for credentials anew, as somebody who has just signed in again or a program that
    /// rewrites the profile expects: the SDK keeps those it has until their own date.
    async fn renew_credentials(&self) {
        let mut renewed = self.0.renewed.lock().await;
        if renewed.is_some_and(|renewed| renewed.elapsed() < RENEW_EVERY) {
            return;
        }
        let client = client::build(&self.0.address, &self.0.clock).await;
        *self
            .0
            .client
            .write()
            .expect("no panic happens while it is held") = client;
        *renewed = Some(Instant::now());
    }

    fn note_answer(&self, error: Option<&PoolError>) {
        let away = error.map(PoolError::fault).filter(|fault| fault.is_away());
        *self
            .0
            .away
            .lock()
            .expect("no panic happens while it is held") = away;
    }

    pub(crate) fn id(&self) -> &str {
        self.0.address.user_pool_id()
    }

    fn pacer(&self, category: QuotaCategory) -> &Pacer {
        let index = QuotaCategory::ALL.iter().position(|one| *one == category);
        &self.0.pacers[index.expect("ALL has every category")]
    }

    /// One attempt: waits for the pacer, calls, classifies. `sent` are the names of the
    /// attributes in the request, which an error may name.
    pub(crate) async fn attempt<'a, T, E, F>(
        &self,
        operation: Operation,
        call: impl FnOnce() -> F,
        sent: impl Iterator<Item = &'a str>,
    ) -> Result<T, PoolError>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let pacer = self.pacer(operation.category());
        pacer.permit().await;
        if *self.0.paused.borrow() {
            let mut paused = self.0.paused.subscribe();
            // The sender is part of this pool: waiting cannot fail.
            let _ = paused.wait_for(|paused| !paused).await;
            // A turn of its own again, or all who waited would go at once.
            pacer.permit().await;
        }
        // Names as in OpenTelemetry's conventions for AWS SDK clients.
        let span = tracing::info_span!(
            "call",
            otel.name = operation.name(),
            otel.kind = "client",
            rpc.system = "aws-api",
            rpc.service = "Cognito Identity Provider",
            rpc.method = operation.name(),
            quota.category = operation.category().name(),
            otel.status_code = Empty,
            error.r#type = Empty,
        );
        let answer = call().instrument(span.clone()).await;
        let answer = answer.map_err(|error| PoolError::new(operation, error, sent));
        if let Err(error) = &answer {
            span.record("otel.status_code", "ERROR");
            span.record("error.type", tracing::field::debug(error.fault()));
        }
        self.note_answer(answer.as_ref().err());
        match answer.as_ref().map_err(PoolError::fault) {
            Err(PoolFault::Throttled) => pacer.throttled(),
            Err(PoolFault::SessionExpired) => self.renew_credentials().await,
            Ok(_) | Err(_) => {}
        }
        answer
    }

    /// A call that may be repeated, repeated with patience.
    pub(crate) async fn read<T, E, F>(
        &self,
        operation: Operation,
        mut call: impl FnMut() -> F,
    ) -> Result<T, PoolError>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let mut attempts = self.0.patience.begin();
        loop {
            match self.attempt(operation, &mut call, std::iter::empty()).await {
                Ok(answer) => return Ok(answer),
                Err(error) => attempts.pause_after(error).await?,
            }
        }
    }
}

/// Walks the pages of a listing. Empty pages with a token are not the end.
fn pages<T, F>(
    mut page: impl FnMut(Option<String>) -> F,
) -> impl Stream<Item = Result<Vec<T>, PoolError>>
where
    F: Future<Output = Result<(Vec<T>, Option<String>), PoolError>>,
{
    stream::try_unfold(Some(None), move |position: Option<Option<String>>| {
        let next = position.map(&mut page);
        async move {
            let Some(next) = next else { return Ok(None) };
            let (items, token) = next.await?;
            Ok(Some((items, token.map(Some))))
        }
    })
}

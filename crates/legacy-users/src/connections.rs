//! A few connections to one database, each lent out for one read-only transaction. Knows
//! timeouts and dead connections, not what is asked.
//!
//! Not the driver's own pool: that one tries again while a server refuses connections, until
//! its timeout, and then says only that time is up. A sign-in must hear the cause at once.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures::future::BoxFuture;
use sqlx::{ConnectOptions, Connection};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::connect_settings::ConnectSettings;
use crate::database_login::{DatabaseLogin, Login, LoginUnavailable};
use crate::dialect::Dialect;
use crate::engine::{Engine, Options};
use crate::error::{Cause, LegacyError};
use crate::fault;
use crate::query::{Query, TextRow};
use crate::tcp_relay::TcpRelay;

/// Longest rest after which a connection is used again. Below what firewalls and load balancers
/// forget in silence (AWS Network Load Balancer: 350 s), which also covers a Lambda environment
/// that was frozen meanwhile.
const LONGEST_REST: Duration = Duration::from_secs(60);

/// How much longer than the server we wait for the server's own verdict on a statement.
const GRACE: Duration = Duration::from_millis(500);

/// The database as the rest of the crate sees it: something that lends transactions.
pub(crate) trait Backend: Send + Sync {
    /// Begins a read-only transaction.
    fn begin(&self) -> BoxFuture<'_, Result<Box<dyn ReadSession>, LegacyError>>;

    /// Closes the connections at rest, so that the server need not wonder.
    fn close(&self) -> BoxFuture<'_, ()>;
}

/// A read-only transaction. Dropped before its end, it takes its connection with it.
pub(crate) trait ReadSession: Send {
    /// Runs a SELECT.
    fn rows(&mut self, query: Query) -> BoxFuture<'_, Result<Vec<TextRow>, LegacyError>>;

    /// Ends the transaction and gives the connection back.
    fn finish(self: Box<Self>) -> BoxFuture<'static, Result<(), LegacyError>>;
}

/// Connections to one database, open or yet to be opened.
pub(crate) struct Connections<DB: Engine> {
    options: Options<DB>,
    dialect: Dialect,
    settings: ConnectSettings,
    login: Option<Arc<dyn DatabaseLogin>>,
    slots: Arc<Semaphore>,
    at_rest: Arc<Mutex<Vec<AtRest<DB>>>>,
}

struct AtRest<DB: Engine> {
    connection: DB::Connection,
    since: Instant,
}

impl<DB: Engine> Connections<DB> {
    pub(crate) fn new(
        options: Options<DB>,
        dialect: Dialect,
        settings: ConnectSettings,
        login: Option<Arc<dyn DatabaseLogin>>,
    ) -> Self {
        let slots = Arc::new(Semaphore::new(settings.max_connections.max(1)));
        Connections {
            options: options.disable_statement_logging(),
            dialect,
            settings,
            login,
            slots,
            at_rest: Arc::new(Mutex::new(Vec::new())),
        }
    }

    async fn begin_session(&self) -> Result<Session<DB>, LegacyError> {
        let slot = Arc::clone(&self.slots)
            .acquire_owned()
            .await
            .expect("the semaphore is never closed");
        if let Some(connection) = self.take_rested() {
            match self.begin_on(connection).await {
                Ok(connection) => return Ok(self.session(connection, slot)),
                // The server may have gone and come back while the connection rested.
                Err(error) if error.is_outage() => {
                    tracing::debug!("a resting database connection was dead; opening a new one");
                }
                Err(error) => return Err(error),
            }
        }
        let connection = self.begin_on(self.open().await?).await?;
        Ok(self.session(connection, slot))
    }

    fn session(&self, connection: DB::Connection, slot: OwnedSemaphorePermit) -> Session<DB> {
        Session {
            connection,
            dialect: self.dialect,
            statement_timeout: self.settings.statement_timeout,
            at_rest: Arc::clone(&self.at_rest),
            _slot: slot,
        }
    }

    /// The connection used last, if fresh enough; forgets those that are not.
    fn take_rested(&self) -> Option<DB::Connection> {
        let mut at_rest = self.at_rest.lock().unwrap_or_else(PoisonError::into_inner);
        at_rest.retain(|rested| rested.since.elapsed() < LONGEST_REST);
        at_rest.pop().map(|rested| rested.connection)
    }

    async fn open(&self) -> Result<DB::Connection, LegacyError> {
        let Some(source) = &self.login else {
            return self.connect(&self.options).await;
        };
        let login = source.login().await.map_err(unavailable)?;
        match self.connect(&self.options_with(&login)).await {
            // The secret may have been rotated since it was read.
            Err(refused @ LegacyError::AccessDenied { .. }) => {
                tracing::info!("the database refused the login; asking for a newer one");
                match source.instead_of(&login).await.map_err(unavailable)? {
                    Some(login) => self.connect(&self.options_with(&login)).await,
                    None => Err(refused),
                }
            }
            connected => connected,
        }
    }

    fn options_with(&self, login: &Login) -> Options<DB> {
        DB::with_login(self.options.clone(), login)
    }

    async fn connect(&self, options: &Options<DB>) -> Result<DB::Connection, LegacyError> {
        const DURING: &str = "connecting to the legacy database";
        let limit = self.settings.connect_timeout;
        match tokio::time::timeout(limit, connect_undelayed::<DB>(options)).await {
            Err(_) => Err(LegacyError::Unreachable {
                cause: Cause::new(format!("no answer within {} ms", limit.as_millis())),
            }),
            Ok(Err(error)) => Err(fault::of_connecting(self.dialect, &error, DURING)),
            Ok(Ok(connection)) => Ok(connection),
        }
    }

    async fn begin_on(
        &self,
        mut connection: DB::Connection,
    ) -> Result<DB::Connection, LegacyError> {
        const DURING: &str = "beginning a read-only transaction";
        let limit = self.settings.connect_timeout;
        let begin = self.dialect.begin(self.settings.statement_timeout);
        match tokio::time::timeout(limit, DB::run(&mut connection, begin)).await {
            Err(_) => Err(LegacyError::Timeout {
                during: DURING,
                limit,
            }),
            Ok(Err(error)) => Err(fault::of_statement(
                self.dialect,
                &error,
                DURING,
                "the database",
            )),
            Ok(Ok(())) => Ok(connection),
        }
    }
}

/// Connects, by TCP through a relay of ours where there can be one.
async fn connect_undelayed<DB: Engine>(options: &Options<DB>) -> sqlx::Result<DB::Connection> {
    let address = DB::tcp_address(options).filter(|_| TcpRelay::IS_POSSIBLE);
    let Some((host, port)) = address else {
        return options.connect().await;
    };
    let relay = TcpRelay::connect(host, port).await?;
    let (options, socket) = DB::by_socket(options.clone(), relay.folder());
    relay.serve(&socket, options.connect()).await
}

fn unavailable(fault: LoginUnavailable) -> LegacyError {
    LegacyError::LoginUnavailable {
        cause: Cause::new(fault.to_string()),
    }
}

impl<DB: Engine> Backend for Connections<DB> {
    fn begin(&self) -> BoxFuture<'_, Result<Box<dyn ReadSession>, LegacyError>> {
        Box::pin(async {
            let session = self.begin_session().await?;
            Ok(Box::new(session) as Box<dyn ReadSession>)
        })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        let mut at_rest = self.at_rest.lock().unwrap_or_else(PoisonError::into_inner);
        let closing = std::mem::take(&mut *at_rest);
        drop(at_rest);
        Box::pin(async move {
            for rested in closing {
                // Nothing was written; whether the goodbye arrives changes nothing.
                let _ = rested.connection.close().await;
            }
        })
    }
}

struct Session<DB: Engine> {
    connection: DB::Connection,
    dialect: Dialect,
    statement_timeout: Duration,
    at_rest: Arc<Mutex<Vec<AtRest<DB>>>>,
    _slot: OwnedSemaphorePermit,
}

impl<DB: Engine> ReadSession for Session<DB> {
    fn rows(&mut self, mut query: Query) -> BoxFuture<'_, Result<Vec<TextRow>, LegacyError>> {
        let limit = self.statement_timeout;
        let grace = match self.dialect.server_limits_statements() {
            true => GRACE,
            false => Duration::ZERO,
        };
        let (during, subject) = (query.during, std::mem::take(&mut query.subject));
        query.sql = self.dialect.limited(query.sql, limit);
        Box::pin(async move {
            let rows = DB::rows(&mut self.connection, query);
            match tokio::time::timeout(limit + grace, rows).await {
                Err(_) => Err(LegacyError::Timeout { during, limit }),
                Ok(Err(error)) => {
                    Err(fault::of_statement(self.dialect, &error, during, &subject)
                        .with_limit(limit))
                }
                Ok(Ok(rows)) => Ok(rows),
            }
        })
    }

    fn finish(mut self: Box<Self>) -> BoxFuture<'static, Result<(), LegacyError>> {
        const DURING: &str = "ending a read-only transaction";
        Box::pin(async move {
            let limit = self.statement_timeout;
            let commit = DB::run(&mut self.connection, "COMMIT".to_owned());
            match tokio::time::timeout(limit, commit).await {
                Err(_) => {
                    return Err(LegacyError::Timeout {
                        during: DURING,
                        limit,
                    });
                }
                Ok(Err(error)) => {
                    return Err(fault::of_statement(
                        self.dialect,
                        &error,
                        DURING,
                        "the database",
                    ));
                }
                Ok(Ok(())) => {}
            }
            let Session {
                connection,
                at_rest,
                ..
            } = *self;
            let mut at_rest = at_rest.lock().unwrap_or_else(PoisonError::into_inner);
            at_rest.push(AtRest {
                connection,
                since: Instant::now(),
            });
            Ok(())
        })
    }
}

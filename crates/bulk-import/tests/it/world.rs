//! A legacy database, a pool that fits it, and what is needed to import one into the other.

use std::path::{Path, PathBuf};
use std::time::Duration;

use bulk_import::{ImportError, ImportRun, Plan, RunControl, RunName, Summary};
use cognito_user_pool::{
    Patience, PoolAddress, Quotas, UserPool, UserRecord, WritableUserPool, WritePermission,
};
use futures::TryStreamExt;
use legacy_users::{ConnectSettings, LegacyDatabase};
use migration_model::Config;
use rehearsal_pool::{
    CustomAttribute, PoolOptions, PoolSettings, RehearsalPool, RunningPool, TriggerProgram,
};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, SqliteConnection};
use tempfile::TempDir;

/// Sign-in by username or e-mail, as the fixture's own cutover.toml.
const CONFIG: &str = r#"
[legacy]
url = "sqlite://legacy.sqlite3"
login = ["username", "email"]
email_verified = "allauth"
[attributes]
email = "email"
given_name = "first_name"
family_name = "last_name"
"custom:legacy_id" = "id"
"#;

pub(crate) struct World {
    pub(crate) directory: TempDir,
    pub(crate) config: Config,
    pub(crate) service: RunningPool,
}

/// What the pool has once an import is over, by username.
pub(crate) type Users = std::collections::BTreeMap<String, UserRecord>;

impl World {
    /// The fixture's thousand users, and an empty pool without quotas.
    pub(crate) async fn new() -> World {
        World::with(CONFIG, |settings| {
            settings.alias_attributes = vec!["email".to_owned()]
        })
        .await
    }

    pub(crate) async fn with(config: &str, adapt: impl FnOnce(&mut PoolSettings)) -> World {
        World::with_quotas(config, rehearsal_pool::Quotas::Off, adapt).await
    }

    pub(crate) async fn with_quotas(
        config: &str,
        quotas: rehearsal_pool::Quotas,
        adapt: impl FnOnce(&mut PoolSettings),
    ) -> World {
        let directory = TempDir::new().expect("a temporary directory");
        let fixture =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations-fixtures/legacy.sqlite3");
        std::fs::copy(fixture, directory.path().join("legacy.sqlite3")).expect("the fixture");
        let mut pool = PoolSettings {
            custom_attributes: vec![CustomAttribute::text("legacy_id")],
            client_members: safe_client(),
            ..PoolSettings::default()
        };
        adapt(&mut pool);
        let options = PoolOptions {
            pool,
            quotas,
            ..PoolOptions::default()
        };
        let service = RehearsalPool::start(options)
            .await
            .expect("the pool starts");
        let path = directory.path().join("cutover.toml");
        let config = Config::parse(config, &path, None).expect("a good configuration");
        World {
            directory,
            config,
            service,
        }
    }

    /// Replaces the pool by an empty one with a user migration trigger.
    pub(crate) async fn attach_trigger(&mut self, trigger: TriggerProgram) {
        let options = PoolOptions {
            pool: PoolSettings {
                alias_attributes: vec!["email".to_owned()],
                custom_attributes: vec![CustomAttribute::text("legacy_id")],
                client_members: safe_client(),
                ..PoolSettings::default()
            },
            quotas: rehearsal_pool::Quotas::Off,
            trigger: Some(trigger),
            ..PoolOptions::default()
        };
        self.service = RehearsalPool::start(options)
            .await
            .expect("the pool starts");
    }

    /// Keeps only as many of the users as a test needs.
    pub(crate) async fn keep(&self, condition: &'static str) {
        let statement = format!("DELETE FROM auth_user WHERE NOT ({condition})");
        self.change(&statement).await;
    }

    /// Changes the legacy database.
    pub(crate) async fn change(&self, statements: &str) {
        let mut legacy = self.legacy_for_writing().await;
        let query = sqlx::raw_sql(sqlx::AssertSqlSafe(statements.to_owned()));
        query.execute(&mut legacy).await.expect("good SQL");
    }

    async fn legacy_for_writing(&self) -> SqliteConnection {
        let path = self.directory.path().join("legacy.sqlite3");
        let options = SqliteConnectOptions::new()
            .filename(path)
            .foreign_keys(false);
        options.connect().await.expect("the copy of the fixture")
    }

    pub(crate) async fn legacy(&self) -> LegacyDatabase {
        let settings = ConnectSettings::default();
        LegacyDatabase::connect(&self.config.legacy, &self.config.mapping, settings)
            .await
            .expect("the copy of the fixture")
    }

    pub(crate) fn address(&self) -> PoolAddress {
        self.address_at(self.service.endpoint())
    }

    pub(crate) fn address_at(&self, endpoint: &str) -> PoolAddress {
        let region = self.service.region();
        PoolAddress::new(region, self.service.user_pool_id(), Some(endpoint)).expect("an address")
    }

    pub(crate) async fn pool(&self) -> WritableUserPool {
        pool_at(self.address(), Quotas::off()).await
    }

    pub(crate) fn runs(&self) -> PathBuf {
        self.directory.path().join("runs")
    }

    pub(crate) fn run(&self) -> ImportRun {
        self.named_run("night")
    }

    pub(crate) fn named_run(&self, name: &str) -> ImportRun {
        let name: RunName = name.parse().expect("a name");
        ImportRun {
            approve_password_reset: true,
            ..ImportRun::new(name, self.runs())
        }
    }

    pub(crate) async fn import(&self, run: &ImportRun) -> Result<Summary, ImportError> {
        self.import_into(&self.pool().await, run).await
    }

    pub(crate) async fn import_into(
        &self,
        pool: &WritableUserPool,
        run: &ImportRun,
    ) -> Result<Summary, ImportError> {
        let control = RunControl::new();
        bulk_import::import(&self.legacy().await, &self.config, pool, run, &control).await
    }

    pub(crate) async fn plan(&self, run: &ImportRun) -> Result<Plan, ImportError> {
        let (pool, control) = (self.pool().await, RunControl::new());
        bulk_import::plan(
            &self.legacy().await,
            &self.config,
            &pool,
            run,
            None,
            &control,
        )
        .await
    }

    /// Every user of the pool.
    pub(crate) async fn users(&self) -> Users {
        let pool = self.pool().await;
        let pages: Vec<Vec<UserRecord>> = pool
            .list_users()
            .try_collect()
            .await
            .expect("the pool answers");
        pages
            .into_iter()
            .flatten()
            .map(|user| (user.username.clone(), user))
            .collect()
    }
}

/// An app client whose users cannot write who they are.
fn safe_client() -> serde_json::Map<String, serde_json::Value> {
    let names = serde_json::json!(["email", "given_name", "family_name"]);
    serde_json::Map::from_iter([("WriteAttributes".to_owned(), names)])
}

pub(crate) async fn pool_at(address: PoolAddress, quotas: Quotas) -> WritableUserPool {
    pool_with_patience(address, quotas, Patience::default()).await
}

pub(crate) async fn pool_with_patience(
    address: PoolAddress,
    quotas: Quotas,
    patience: Patience,
) -> WritableUserPool {
    let permission = WritePermission::for_own_local_pool(&address).expect("a local pool");
    UserPool::connect(address, quotas, patience)
        .await
        .allow_writes(permission)
}

/// Patience that does not make tests slow.
pub(crate) const SHORT: Patience = Patience {
    outage: Duration::from_secs(20),
    longest_pause: Duration::from_millis(200),
};

/// `read` is the sum of the four outcomes, and of them all nobody is missing.
pub(crate) fn assert_accounts(summary: &Summary, users: u64) {
    let sum = summary.created + summary.already_in_pool + summary.held + summary.failed;
    assert_eq!(summary.read, sum, "{summary:?}");
    assert_eq!(summary.read + summary.pending, users, "{summary:?}");
    assert_eq!(summary.complete, summary.pending == 0, "{summary:?}");
}

//! A legacy database that real Django made and populated: one for each shape and engine in a test
//! run. Tests must not change it; a test that has to, makes a private copy.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError};

use serde_json::{Value, json};

use crate::canary::Canary;
use crate::database_keeper;
use crate::engine::Engine;
use crate::legacy_user::LegacyUser;
use crate::python::{answers, python, root, script};
use crate::shape::Shape;
use crate::test_folder::TestFolder;

/// Enough for everybody with a purpose and some ordinary users besides.
const USERS: &str = "300";

type Population = Arc<OnceLock<LegacyDatabase>>;

/// A populated legacy database.
#[derive(Clone, Debug)]
pub struct LegacyDatabase {
    shape: Shape,
    engine: Engine,
    url: String,
    canaries: Vec<Canary>,
    users: Arc<OnceLock<Vec<LegacyUser>>>,
}

impl LegacyDatabase {
    /// The population of this shape on this engine; made when first asked for.
    ///
    /// # Panics
    ///
    /// When there is no server, or the population cannot be made.
    pub fn of(shape: Shape, engine: Engine) -> LegacyDatabase {
        static MADE: LazyLock<Mutex<HashMap<(Shape, Engine), Population>>> =
            LazyLock::new(Mutex::default);
        let place = {
            let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(made.entry((shape, engine)).or_default())
        };
        place.get_or_init(|| populate(shape, engine)).clone()
    }

    /// A copy of the SQLite population of this shape in `folder`, to change at will.
    ///
    /// # Panics
    ///
    /// When it cannot be copied.
    pub fn copy_to(shape: Shape, folder: &TestFolder) -> LegacyDatabase {
        let original = LegacyDatabase::of(shape, Engine::Sqlite);
        let copy = folder.join("legacy.sqlite3");
        let from = original
            .url
            .strip_prefix("sqlite://")
            .expect("a SQLite URL");
        fs::copy(from, &copy).expect("a SQLite file can be copied");
        LegacyDatabase {
            url: format!("sqlite://{}", copy.display()),
            users: Arc::default(),
            ..original
        }
    }

    /// A SQLite file that is there already; its canaries are the caller's business.
    pub(crate) fn at(shape: Shape, url: String) -> LegacyDatabase {
        let users = Arc::default();
        LegacyDatabase {
            shape,
            engine: Engine::Sqlite,
            url,
            canaries: Vec::new(),
            users,
        }
    }

    /// An empty database of a test's own on a server, dropped at the end of the test run.
    pub(crate) fn empty_on(engine: Engine, name: &str) -> LegacyDatabase {
        let admin = engine.admin_url().expect("a server has an administrator");
        let database = format!("cutover_case_{name}_{}", std::process::id());
        let made = format!("CREATE DATABASE {database}");
        administrate(engine, &[made], &[format!("DROP DATABASE {database}")]);
        let (server, _) = admin.rsplit_once('/').expect("a URL with a database");
        LegacyDatabase {
            engine,
            ..LegacyDatabase::at(Shape::Stock, format!("{server}/{database}"))
        }
    }

    /// Its URL, for `CUTOVER_LEGACY_URL` and for Django.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its shape.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// Its engine.
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// Sign-ins with what must come of them, in the order in which they have to be tried.
    pub fn canaries(&self) -> &[Canary] {
        &self.canaries
    }

    /// All users as Django reads them, by primary key.
    pub fn users(&self) -> &[LegacyUser] {
        self.users.get_or_init(|| {
            let program = script("legacy_users.py").args([self.shape.name(), &self.url]);
            let finished = program.run().expect_code(0);
            let user = |line| serde_json::from_str(line).expect("our script writes users");
            finished.stdout.lines().map(user).collect()
        })
    }

    /// Whom Django's own `authenticate()` signs in, for each login and password: the primary key,
    /// or nobody.
    pub fn ask_django<'a>(
        &self,
        sign_ins: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Vec<Option<String>> {
        let questions: Vec<Value> = sign_ins
            .into_iter()
            .map(|(login, password)| json!({"login": login, "password": password}))
            .collect();
        let oracle = python()
            .arg(root().join("migrations-fixtures/oracle.py"))
            .args(["--shape", self.shape.name(), "--database", &self.url]);
        let user = |answer: Value| answer["user"].as_str().map(str::to_owned);
        answers(oracle, &questions).into_iter().map(user).collect()
    }

    /// Changes a private copy.
    pub fn execute(&mut self, statements: &[String]) {
        self.users = Arc::default();
        database_keeper::execute(&self.url, statements, &[]);
    }
}

/// Runs statements at a server as its administrator; `undo` runs at the end of the test run.
///
/// # Panics
///
/// When there is no server, or it refuses.
pub fn administrate(engine: Engine, statements: &[String], undo: &[String]) {
    let url = engine.admin_url().expect("a server has an administrator");
    database_keeper::execute(&url, statements, undo);
}

fn populate(shape: Shape, engine: Engine) -> LegacyDatabase {
    let url = database_keeper::database(engine);
    let folder = TestFolder::new();
    let canaries = folder.join("canaries.json");
    populate_at(shape, &url, &canaries);
    let canaries = serde_json::from_value(folder.json("canaries.json"))
        .unwrap_or_else(|error| panic!("canaries.json is not as its README says: {error}"));
    LegacyDatabase {
        shape,
        engine,
        url,
        canaries,
        users: Arc::default(),
    }
}

fn populate_at(shape: Shape, url: &str, canaries: &Path) {
    python()
        .arg(root().join("migrations-fixtures/populate.py"))
        .args([
            "--shape",
            shape.name(),
            "--database",
            url,
            "--users",
            USERS,
            "--quick",
        ])
        .arg("--canaries")
        .arg(canaries)
        .run()
        .expect_code(0);
}

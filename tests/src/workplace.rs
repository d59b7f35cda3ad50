//! An operator's folder: a cutover.toml beside nothing else, and a legacy database to point at.

use std::path::Path;

use crate::engine::Engine;
use crate::legacy_database::LegacyDatabase;
use crate::pool::Pool;
use crate::program::{Program, built_program};
use crate::shape::Shape;
use crate::test_folder::TestFolder;

/// A throw-away folder with the cutover.toml of a shape, and that shape's population.
#[derive(Debug)]
pub struct Workplace {
    folder: TestFolder,
    legacy: LegacyDatabase,
}

impl Workplace {
    /// With the population of this shape on this engine, which must not be changed.
    pub fn new(shape: Shape, engine: Engine) -> Workplace {
        Workplace::with(TestFolder::new(), LegacyDatabase::of(shape, engine))
    }

    /// With a private copy of the population of this shape, on SQLite.
    pub fn with_own_database(shape: Shape) -> Workplace {
        let folder = TestFolder::new();
        let legacy = LegacyDatabase::copy_to(shape, &folder);
        Workplace::with(folder, legacy)
    }

    /// A folder that has everything already, its cutover.toml naming the database in it.
    pub fn of_folder(folder: TestFolder, shape: Shape) -> Workplace {
        let url = format!("sqlite://{}", folder.join("legacy.sqlite3").display());
        std::fs::create_dir(folder.join("tmp")).expect("a folder in the test folder can be made");
        Workplace {
            folder,
            legacy: LegacyDatabase::at(shape, url),
        }
    }

    /// A folder that has its cutover.toml, and an empty database of its own on a server.
    pub fn on_server(folder: TestFolder, engine: Engine, name: &str) -> Workplace {
        std::fs::create_dir(folder.join("tmp")).expect("a folder in the test folder can be made");
        Workplace {
            folder,
            legacy: LegacyDatabase::empty_on(engine, name),
        }
    }

    fn with(folder: TestFolder, legacy: LegacyDatabase) -> Workplace {
        folder.write("cutover.toml", legacy.shape().cutover_toml());
        std::fs::create_dir(folder.join("tmp")).expect("a folder in an empty folder can be made");
        Workplace { folder, legacy }
    }

    /// The folder.
    pub fn folder(&self) -> &TestFolder {
        &self.folder
    }

    /// The legacy database.
    pub fn legacy(&self) -> &LegacyDatabase {
        &self.legacy
    }

    /// The legacy database, to change. Only for a private copy.
    pub fn legacy_mut(&mut self) -> &mut LegacyDatabase {
        &mut self.legacy
    }

    /// `cutover` about to be run in this folder, with the legacy database in its environment.
    pub fn cutover(&self, arguments: &[&str]) -> Program {
        cutover_in(self.folder.path(), arguments).env("CUTOVER_LEGACY_URL", self.legacy.url())
    }

    /// Starts a local pool for this configuration without quotas.
    pub fn serve_pool(&self) -> Pool {
        Pool::start(
            self.cutover(&["pool", "serve", "--quotas", "off"]),
            &self.folder,
        )
    }

    /// Starts a local pool for this configuration with Cognito's own quotas, which slow an import
    /// down so that it can be met at work.
    pub fn serve_paced_pool(&self) -> Pool {
        Pool::start(
            self.cutover(&["pool", "serve", "--quotas", "default"]),
            &self.folder,
        )
    }

    /// What was left in the folder for temporary files, without the claims of a pool that runs.
    pub fn temporary_files(&self) -> Vec<std::path::PathBuf> {
        self.folder
            .files()
            .into_iter()
            .filter(|path| path.starts_with("tmp"))
            .filter(|path| {
                let name = path.file_name().and_then(|name| name.to_str());
                !name.is_some_and(|name| name.starts_with("claims.sqlite3"))
            })
            .collect()
    }
}

/// `cutover` about to be run in a folder, with an environment of its own.
fn cutover_in(folder: &Path, arguments: &[&str]) -> Program {
    Program::new(built_program("cutover"))
        .current_dir(folder)
        .env("HOME", folder)
        .env("TMPDIR", folder.join("tmp"))
        .args(arguments)
}

//! A throw-away folder: every test has its own, so that none sees another's files.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

/// A folder that is gone when this is dropped.
#[derive(Debug)]
pub struct TestFolder(TempDir);

impl TestFolder {
    /// Makes an empty folder.
    ///
    /// # Panics
    ///
    /// When there is no room or right to.
    pub fn new() -> TestFolder {
        TestFolder(
            tempfile::Builder::new()
                .prefix("cutover-test-")
                .tempdir()
                .expect("a temporary folder can be made"),
        )
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// A path inside.
    pub fn join(&self, name: impl AsRef<Path>) -> PathBuf {
        self.path().join(name)
    }

    /// Writes a file and returns its path; folders on the way are made.
    ///
    /// # Panics
    ///
    /// When it cannot be written.
    pub fn write(&self, name: impl AsRef<Path>, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.join(name);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).expect("a folder inside the test folder can be made");
        }
        fs::write(&path, content).expect("a file in the test folder can be written");
        path
    }

    /// Reads a text file.
    ///
    /// # Panics
    ///
    /// When it is not there or no text.
    #[track_caller]
    pub fn read(&self, name: impl AsRef<Path>) -> String {
        let path = self.join(name);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// Reads a JSON file.
    ///
    /// # Panics
    ///
    /// When it is not there or not whole.
    #[track_caller]
    pub fn json(&self, name: impl AsRef<Path>) -> Value {
        let name = name.as_ref();
        serde_json::from_str(&self.read(name))
            .unwrap_or_else(|error| panic!("{} is not JSON: {error}", name.display()))
    }

    /// All files inside with their paths relative to the folder, sorted.
    ///
    /// # Panics
    ///
    /// When the folder cannot be read.
    pub fn files(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut folders = vec![self.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).expect("the test folder can be read") {
                let path = entry.expect("its entries too").path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let inside = path.strip_prefix(self.path()).expect("it was found inside");
                    found.push(inside.to_owned());
                }
            }
        }
        found.sort();
        found
    }
}

impl Default for TestFolder {
    fn default() -> TestFolder {
        TestFolder::new()
    }
}

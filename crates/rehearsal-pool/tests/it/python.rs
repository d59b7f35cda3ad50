//! The Python that tests use: boto3, botocore and test triggers need one.

use std::path::{Path, PathBuf};

/// The interpreter of the test environment.
pub(crate) fn python() -> PathBuf {
    let python = std::env::var_os("CUTOVER_TEST_PYTHON").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/python/bin/python"),
        PathBuf::from,
    );
    assert!(
        python.is_file(),
        "no Python at {}: `make test` makes the environment from \
         migrations-fixtures/requirements.txt, or CUTOVER_TEST_PYTHON names one with boto3",
        python.display()
    );
    python
}

/// A file beside these tests.
pub(crate) fn script(name: &str) -> String {
    format!("{}/tests/it/{name}", env!("CARGO_MANIFEST_DIR"))
}

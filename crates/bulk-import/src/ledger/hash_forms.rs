//! What a trial taught of a pool: which forms of hashes it takes on which AWS's documentation is
//! silent. Remembered in the ledger, so that later imports go by it.

use std::path::Path;

use django_password::Caveat;
use migration_model::HashForms;
use sqlx::{Row, SqliteConnection};

use super::{Ledger, connect};
use crate::journal::JournalError;

/// One row a form: `hash_form.dotted_base64 = taken`.
pub(super) const PREFIX: &str = "hash_form.";
const TAKEN: &str = "taken";
const REFUSED: &str = "refused";

fn name(caveat: Caveat) -> Option<&'static str> {
    match caveat {
        Caveat::Base64Alphabet => Some("dotted_base64"),
        Caveat::ScryptHashLength => Some("long_scrypt"),
        _ => None,
    }
}

impl Ledger {
    /// Remembers whether the pool took a form.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub async fn learn_hash_form(&self, caveat: Caveat, taken: bool) -> Result<(), JournalError> {
        let Some(name) = name(caveat) else {
            return Ok(());
        };
        let mut connection = connect(&self.path).await?;
        let learn = "INSERT INTO ledger (key, value) VALUES (?1, ?2)
                     ON CONFLICT (key) DO UPDATE SET value = excluded.value";
        let learn = sqlx::query(learn)
            .bind(format!("{PREFIX}{name}"))
            .bind(if taken { TAKEN } else { REFUSED });
        let learnt = learn.execute(&mut connection).await;
        learnt
            .map(drop)
            .map_err(|error| JournalError::storage(&self.path, "writing it", &error))
    }
}

/// What is known of the pool: by its ledger, else what is believed of such a pool.
pub(crate) async fn known_hash_forms(
    path: &Path,
    believed: HashForms,
) -> Result<HashForms, JournalError> {
    if !path.exists() {
        return Ok(believed);
    }
    let mut connection = connect(path).await?;
    let mut forms = believed;
    for (caveat, known) in [
        (Caveat::Base64Alphabet, &mut forms.dotted_base64),
        (Caveat::ScryptHashLength, &mut forms.long_scrypt),
    ] {
        if let Some(taken) = learnt(&mut connection, path, caveat).await? {
            *known = taken;
        }
    }
    Ok(forms)
}

async fn learnt(
    connection: &mut SqliteConnection,
    path: &Path,
    caveat: Caveat,
) -> Result<Option<bool>, JournalError> {
    let Some(name) = name(caveat) else {
        return Ok(None);
    };
    let select = "SELECT value FROM ledger WHERE key = ?1";
    let select = sqlx::query(select).bind(format!("{PREFIX}{name}"));
    let row = select.fetch_optional(connection).await;
    let row = row.map_err(|error| JournalError::storage(path, "reading it", &error))?;
    Ok(row.map(|row| row.get::<String, _>(0) == TAKEN))
}

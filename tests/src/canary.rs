//! The canaries of a population: sign-ins with what must come of them, as
//! `migrations-fixtures/README.md` describes them.

use serde::Deserialize;

/// One sign-in to try.
#[derive(Clone, Debug, Deserialize)]
pub struct Canary {
    /// What is typed as login.
    pub login: String,
    /// What is typed as password.
    pub password: String,
    /// Why it is refused when the login reaches the trigger as typed.
    pub reason: Option<String>,
    /// What comes of it at a pool that sends logins in lower case: `signs-in` or `refused`.
    pub expect_lowered: String,
    /// Why it is refused then.
    pub reason_lowered: Option<String>,
    /// Key of the user whom the login as typed means; `None` for nobody and for several.
    pub legacy_id: Option<String>,
    /// Django's name of the algorithm of the person's hash.
    pub algorithm: Option<String>,
    /// What this canary is for.
    pub note: String,
    /// What Django's `authenticate()` says to login and password as they stand.
    pub django: String,
    /// The project's rule that makes the outcome differ from Django's, if one does.
    pub rule: Option<String>,
    /// Whether Cognito could hold this username and password.
    pub fits_cognito: bool,
}

impl Canary {
    /// Whether they must get in at a case-insensitive pool, Cognito's own limits aside.
    pub fn signs_in(&self) -> bool {
        self.expect_lowered == "signs-in"
    }
}

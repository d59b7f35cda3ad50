//! `cutover import --try-one`: one user by hash import, and a sign-in as them.

use std::io::{BufRead, IsTerminal};

use bulk_import::{ImportError, ImportRun, RunControl, Trial, TrialUser};
use cognito_user_pool::{UserPool, WritableUserPool};
use dialoguer::Password;
use dialoguer::theme::ColorfulTheme;
use django_password::{Caveat, Limits, PlainPassword, Verifier};
use legacy_users::LegacyDatabase;
use migration_model::{Config, LegacyUser, LoginMatch};

use super::import::import_failure;
use crate::exit_status::{ExitStatus, Failure};
use crate::{output, settings};

/// The run's name unless one is given.
pub(super) const RUN: &str = "try-one";

/// A trial with one user.
pub(super) struct TryOne<'a> {
    pub(super) config: &'a Config,
    pub(super) legacy: &'a LegacyDatabase,
    pub(super) pool: &'a UserPool,
    /// Absent without --execute.
    pub(super) writable: Option<WritableUserPool>,
    pub(super) run: ImportRun,
    pub(super) login: &'a str,
}

impl TryOne<'_> {
    pub(super) async fn run(
        self,
        control: &RunControl,
        shown: &str,
    ) -> Result<ExitStatus, Failure> {
        let user = self.user().await?;
        let verifier = Verifier::new(self.config.hashers.clone(), Limits::default());
        let hash = verifier
            .cognito_import(&user.encoded_password)
            .map_err(|error| {
                Failure::usage(format!("no import job can take this user's hash: {error}"))
                    .hint("try with somebody else")
            })?;
        let caveat = hash.caveat();
        let client_id = self.client_id().await?;
        let Some(writable) = &self.writable else {
            output::result(format_args!(
                "would import this one user by an import job ({}), and sign in as them{}",
                hash.algorithm(),
                match caveat {
                    Some(caveat) => format!("; it settles {}", doubt(caveat)),
                    None => "; nothing about their hash is in doubt".to_owned(),
                }
            ));
            output::note("to do it, add --execute");
            return Ok(ExitStatus::Fine);
        };
        let password = password()?;
        let one = TrialUser {
            user: &user,
            login: self.login,
            password: &password,
            client_id: &client_id,
        };
        let run = self.run.name.to_string();
        let trial =
            bulk_import::try_one(self.legacy, self.config, writable, self.run, one, control);
        let what = format!("the trial with one user of {shown}");
        let trial = trial.await.map_err(|error| import_failure(error, &what))?;
        tell(trial, &run)
    }

    async fn user(&self) -> Result<LegacyUser, Failure> {
        let found = self.legacy.find_by_login(self.login).await;
        match found.map_err(settings::legacy_failure)? {
            LoginMatch::One(user, _) => Ok(*user),
            LoginMatch::None => Err(Failure::usage(
                "--try-one names nobody in the legacy database",
            )
            .hint("type the login as that person would")),
            LoginMatch::Ambiguous | LoginMatch::InTurn(_) => {
                Err(Failure::usage("--try-one names several users")
                    .hint("type the username in place of the e-mail"))
            }
        }
    }

    /// An app client through which a password alone signs in.
    async fn client_id(&self) -> Result<String, Failure> {
        let configured = self.config.pool.as_ref().map(|pool| &pool.client_id);
        let clients = self.pool.app_clients().await;
        let clients =
            clients.map_err(|error| import_failure(ImportError::from(error), "the trial"))?;
        let named = |id: &str| configured.is_none_or(|ids| ids.admits(Some(id)));
        let fits = clients
            .iter()
            .find(|client| client.signs_in_plainly && named(&client.id));
        fits.map(|client| client.id.clone()).ok_or_else(|| {
            Failure::usage("no app client signs people in by USER_PASSWORD_AUTH without a secret")
                .hint(
                    "allow ALLOW_USER_PASSWORD_AUTH for one of [pool] client_id that has no secret",
                )
        })
    }
}

/// The user's password: typed unseen, or a line of standard input.
fn password() -> Result<PlainPassword, Failure> {
    let unread = |error: std::io::Error| {
        Failure::usage("no password was read")
            .source(error)
            .hint("type it, or hand it over as a line of standard input")
    };
    if std::io::stdin().is_terminal() {
        let theme = ColorfulTheme::default();
        let typed = Password::with_theme(&theme)
            .with_prompt("Their password")
            .interact();
        return typed
            .map(PlainPassword::from)
            .map_err(|error| unread(std::io::Error::other(error)));
    }
    let mut line = String::new();
    std::io::stdin()
        .lock()
        .read_line(&mut line)
        .map_err(unread)?;
    let without_end = line.trim_end_matches(['\r', '\n']).to_owned();
    Ok(PlainPassword::from(without_end))
}

/// What a form of hashes is, in words.
fn doubt(caveat: Caveat) -> &'static str {
    match caveat {
        Caveat::Base64Alphabet => "whether the pool reads a `.` where base64 has a `+`",
        Caveat::ScryptHashLength => "whether the pool takes scrypt digests of 64 bytes",
        _ => "a form of their hash on which the documentation is silent",
    }
}

fn tell(trial: Trial, run: &str) -> Result<ExitStatus, Failure> {
    let (status, words) = match trial {
        Trial::WrongPassword => {
            return Err(
                Failure::usage("this is not their password in Django; nothing was done")
                    .hint("type it again, or try with somebody else"),
            );
        }
        Trial::NotImported { outcome, reason } => (
            ExitStatus::Findings,
            format!("not imported: {outcome}, {reason}; nothing was learnt"),
        ),
        Trial::SignsIn { settled } => (
            ExitStatus::Fine,
            match settled {
                None => {
                    "imported with their hash, and signed in with their old password".to_owned()
                }
                Some(caveat) => format!(
                    "imported with their hash, and signed in with their old password; this settles {}: \
                     it does, and imports go by it from now on",
                    doubt(caveat)
                ),
            },
        ),
        Trial::Refused { answer, doubted } => (
            ExitStatus::Findings,
            match doubted {
                None => format!("imported with their hash, and then refused ({answer})"),
                Some(caveat) => format!(
                    "imported with their hash, and then refused ({answer}); this settles {}: it does \
                     not, and such users go by no import job from now on",
                    doubt(caveat)
                ),
            },
        ),
    };
    let refused = status == ExitStatus::Findings;
    output::result(words);
    if refused {
        output::note("to take this one user back:");
        output::command(&format!("cutover undo --run {run} --execute"));
    }
    Ok(status)
}

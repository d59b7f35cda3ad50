//! The temporary passwords of a run that hands them over ([`FinalState::ForceChange`]): on disk only
//! encrypted to the operator's age key, and there before the pool has any of them.
//!
//! Each start of a run makes a secret of its own, which never leaves this process. A user's password
//! follows from it and the user's place in the journal, so the passwords of all users with work left
//! are written, as one whole age file, before the first of them is set; then the secret alone is
//! kept. After a crash the next start makes new passwords for whoever is not done, and a file of its
//! own: of two files, the later one counts. A password that is lost with a file can be set anew only
//! for users whom this run created, as any other.
//!
//! [`FinalState::ForceChange`]: crate::FinalState::ForceChange

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use age::{Encryptor, Recipient};
use django_password::PlainPassword;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::journal::Pending;
use crate::random_password::short_password;

/// Users read from the journal at a time.
const PAGE: i64 = 5_000;

/// Where temporary passwords go, and who can read them.
#[derive(Clone)]
pub struct PasswordsFile {
    /// The file; later starts of the run write beside it, with a number before the extension.
    pub path: PathBuf,
    /// The key to encrypt to.
    pub recipient: AgeRecipient,
}

impl fmt::Debug for PasswordsFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path.fmt(f)
    }
}

/// A public key of age(1), `age1…`.
#[derive(Clone)]
pub struct AgeRecipient(age::x25519::Recipient);

impl FromStr for AgeRecipient {
    type Err = AgeRecipientError;

    fn from_str(text: &str) -> Result<AgeRecipient, AgeRecipientError> {
        // The library's own text says no more than that it is none.
        let parsed = text.trim().parse().map_err(|_| AgeRecipientError)?;
        Ok(AgeRecipient(parsed))
    }
}

impl fmt::Debug for AgeRecipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The text is no age recipient.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("write the public key that `age-keygen` prints: `age1` and 58 letters and digits")]
pub struct AgeRecipientError;

/// Why temporary passwords could not be written.
#[derive(Debug, thiserror::Error)]
pub enum PasswordsFileError {
    /// Nobody said where to.
    #[error("the temporary passwords of this run have nowhere to go")]
    NoFile,
    /// The file cannot be written.
    #[error("the temporary passwords cannot be written to {}", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: io::Error,
    },
}

/// The passwords of one start of a run.
pub(crate) struct TemporaryPasswords {
    secret: Zeroizing<[u8; 32]>,
    minimum_length: usize,
}

impl TemporaryPasswords {
    /// New ones.
    pub(crate) fn new(minimum_length: usize) -> TemporaryPasswords {
        let mut secret = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *secret).expect("the operating system gives randomness");
        TemporaryPasswords {
            secret,
            minimum_length,
        }
    }

    /// The password of the user at this place of the journal.
    pub(crate) fn of(&self, position: i64) -> PlainPassword {
        let mut block = 0_u32;
        let mut bytes = Zeroizing::new(Vec::new());
        let mut random = || {
            if bytes.is_empty() {
                let mut mac = Hmac::<Sha256>::new_from_slice(&*self.secret)
                    .expect("a key of any length will do");
                mac.update(&position.to_be_bytes());
                mac.update(&block.to_be_bytes());
                bytes.extend_from_slice(&mac.finalize().into_bytes());
                block += 1;
            }
            bytes.pop().expect("filled above")
        };
        short_password(self.minimum_length, &mut random)
    }

    /// Writes the passwords of everybody who is pending; returns the file, or nothing when nobody
    /// is. On return it is on disk.
    pub(crate) async fn write(
        &self,
        file: &PasswordsFile,
        mut pending: Pending,
    ) -> Result<Option<PathBuf>, crate::ImportError> {
        let mut page = pending.page(PAGE).await?;
        if page.is_empty() {
            return Ok(None);
        }
        let unwritable = |source| PasswordsFileError::Unwritable {
            path: file.path.clone(),
            source,
        };
        let path = reserve(&file.path).map_err(unwritable)?;
        let mut partial = Partial::create(&path, &file.recipient).map_err(unwritable)?;
        while !page.is_empty() {
            for user in page {
                let id = user.legacy_id.to_string();
                let password = self.of(user.position);
                let row = [&id, &user.username, password.expose()];
                partial.row(row).map_err(unwritable)?;
            }
            page = pending.page(PAGE).await?;
        }
        partial.complete(&path).map_err(unwritable)?;
        Ok(Some(path))
    }
}

/// Takes the first free name: an earlier start's passwords are never written over.
fn reserve(wanted: &Path) -> io::Result<PathBuf> {
    let mut number = 1;
    loop {
        let path = numbered(wanted, number);
        let mut options = OpenOptions::new();
        match options.write(true).create_new(true).mode(0o600).open(&path) {
            Ok(_) => return Ok(path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
            Err(error) => return Err(error),
        }
    }
}

/// `passwords.age`, `passwords.2.age`, `passwords.3.age`, …
fn numbered(path: &Path, number: u32) -> PathBuf {
    match (number, path.extension()) {
        (1, _) => path.to_owned(),
        (_, Some(extension)) => {
            let extension = format!("{number}.{}", extension.display());
            path.with_extension(extension)
        }
        (_, None) => path.with_extension(number.to_string()),
    }
}

/// A file that takes its name when it is whole and on disk.
struct Partial {
    path: PathBuf,
    rows: csv::Writer<age::stream::StreamWriter<BufWriter<File>>>,
}

impl Partial {
    fn create(path: &Path, recipient: &AgeRecipient) -> io::Result<Partial> {
        let mut partial = path.as_os_str().to_owned();
        partial.push(".partial");
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let file = BufWriter::new(options.open(&partial)?);
        let recipient: &dyn Recipient = &recipient.0;
        let encryptor = Encryptor::with_recipients(std::iter::once(recipient))
            .expect("one recipient is no bad mixture");
        let mut rows = csv::Writer::from_writer(encryptor.wrap_output(file)?);
        rows.write_record(["legacy_id", "username", "temporary_password"])?;
        Ok(Partial {
            path: partial.into(),
            rows,
        })
    }

    fn row(&mut self, fields: [&str; 3]) -> io::Result<()> {
        Ok(self.rows.write_record(fields)?)
    }

    fn complete(self, path: &Path) -> io::Result<()> {
        let stream = self.rows.into_inner().map_err(|error| error.into_error())?;
        let mut file = stream.finish()?;
        file.flush()?;
        file.get_ref().sync_all()?;
        std::fs::rename(&self.path, path)?;
        // The name too must survive the power cord.
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_follows_from_the_start_and_the_place_alone() {
        let passwords = TemporaryPasswords::new(20);
        let one = passwords.of(1).expose().to_owned();
        assert_eq!(passwords.of(1).expose(), one);
        assert!(one.len() >= 20);
        assert_ne!(passwords.of(2).expose(), one);
        assert_ne!(TemporaryPasswords::new(20).of(1).expose(), one);
    }

    #[test]
    fn no_earlier_file_is_written_over() {
        let folder = tempfile::TempDir::new().expect("a temporary directory");
        let wanted = folder.path().join("passwords.csv.age");
        let names: Vec<_> = (0..3)
            .map(|_| reserve(&wanted).expect("room for a file"))
            .map(|path| path.file_name().map(|name| name.display().to_string()))
            .collect();
        let expected = [
            "passwords.csv.age",
            "passwords.csv.2.age",
            "passwords.csv.3.age",
        ];
        assert_eq!(names, expected.map(|name| Some(name.to_owned())));
    }

    #[test]
    fn what_is_no_public_key_is_refused() {
        for bad in ["", "age1", "AGE-SECRET-KEY-1QQ", "ssh-ed25519 AAAA"] {
            assert!(bad.parse::<AgeRecipient>().is_err(), "{bad}");
        }
        let key = age::x25519::Identity::generate().to_public().to_string();
        assert!(key.parse::<AgeRecipient>().is_ok());
    }
}

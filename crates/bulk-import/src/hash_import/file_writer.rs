//! Writes the file of one user import job: a row per user, in Cognito's dialect, into pieces of
//! memory that are wiped when they are dropped. Knows columns and limits; knows neither jobs nor
//! the journal. What a value must be is decided in `migration_model::import_field`.
//!
//! Source: developer guide, "Importing users into user pools from a CSV file".

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cognito_user_pool::ImportFile;
use django_password::CognitoHash;
use migration_model::{PoolUser, import_field};
use zeroize::Zeroizing;

/// "The maximum number of rows (users) in the file is 500,000."
pub(crate) const MOST_ROWS: u64 = 500_000;
/// "The maximum size of the file is 100 MB." Megabytes of whichever kind.
const MOST_BYTES: usize = 100_000_000;
/// A piece never grows beyond its first capacity: what it would leave behind is not wiped.
const PIECE: usize = 1 << 20;
/// 16,000 characters of four bytes, and room for the separators.
const LONGEST_ROW: usize = 66_000;

const USERNAME: &str = "cognito:username";
const MFA_ENABLED: &str = "cognito:mfa_enabled";
const PASSWORD_HASH: &str = "password_hash";
const UPDATED_AT: &str = "updated_at";

/// What a column holds.
enum Column {
    Username,
    MfaEnabled,
    PasswordHash,
    /// The job's mark.
    Mark,
    /// A flag, which files write in capitals.
    Verified(String),
    Attribute(String),
}

/// By what users whom a job made are told from those who came by signing in meanwhile: both bear
/// the same name and the same legacy id. The job's rows alone have its second as `updated_at`,
/// OpenID Connect's "time the End-User's information was last updated".
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Mark(pub(crate) i64);

impl Mark {
    /// One that no earlier job of this journal had.
    pub(crate) fn after(last: i64) -> Mark {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.unwrap_or(Duration::ZERO).as_secs();
        Mark(i64::try_from(now).unwrap_or(0).max(last + 1))
    }
}

/// A file that is being written.
pub(crate) struct FileWriter {
    columns: Vec<Column>,
    mark: Option<Mark>,
    mfa_enabled: &'static str,
    pieces: Vec<Zeroizing<Vec<u8>>>,
    row: Zeroizing<Vec<u8>>,
    bytes: usize,
    rows: u64,
}

/// A user's row is not in the file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum NotWritten {
    /// The file has room for no more: end it, and begin another.
    Full,
    /// A value, or an attribute without a column, cannot be carried.
    NotCarriable,
}

impl FileWriter {
    /// Begins a file with the columns of GetCSVHeader, and `password_hash` where they lack it. The
    /// mark goes into `updated_at`, for which no attribute may be mapped.
    pub(crate) fn new(header: &[String], mark: Option<Mark>, mfa_required: bool) -> FileWriter {
        let mut names: Vec<&str> = header.iter().map(String::as_str).collect();
        if !names.contains(&PASSWORD_HASH) {
            names.push(PASSWORD_HASH);
        }
        let column = |name: &&str| match *name {
            USERNAME => Column::Username,
            MFA_ENABLED => Column::MfaEnabled,
            PASSWORD_HASH => Column::PasswordHash,
            UPDATED_AT if mark.is_some() => Column::Mark,
            name if name.ends_with("_verified") => Column::Verified(name.to_owned()),
            name => Column::Attribute(name.to_owned()),
        };
        let mut writer = FileWriter {
            columns: names.iter().map(column).collect(),
            mark,
            // Off and optional pools take `false`; "it cannot be empty" where it is optional.
            mfa_enabled: if mfa_required { "true" } else { "false" },
            pieces: Vec::new(),
            row: Zeroizing::new(Vec::with_capacity(LONGEST_ROW)),
            bytes: 0,
            rows: 0,
        };
        let names = names.join(",");
        writer.row.extend_from_slice(names.as_bytes());
        writer.keep_row();
        writer
    }

    /// Rows so far, the header not counted.
    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    /// Adds a user; the line of the file that they got, the header being the first.
    pub(crate) fn add(&mut self, user: &PoolUser, hash: &CognitoHash) -> Result<u64, NotWritten> {
        if self.rows >= MOST_ROWS {
            return Err(NotWritten::Full);
        }
        self.row.clear();
        let mut attributes = 0;
        for (index, column) in self.columns.iter().enumerate() {
            if index > 0 {
                self.row.push(b',');
            }
            let (name, value) = match column {
                Column::Username => (USERNAME, user.username.as_str()),
                Column::PasswordHash => (PASSWORD_HASH, hash.expose()),
                Column::MfaEnabled => (MFA_ENABLED, self.mfa_enabled),
                Column::Mark => {
                    let mark = self.mark.map(|Mark(second)| second.to_string());
                    self.row
                        .extend_from_slice(mark.unwrap_or_default().as_bytes());
                    continue;
                }
                Column::Verified(name) => {
                    let Some(value) = user.attributes.get(name) else {
                        continue;
                    };
                    attributes += 1;
                    let flag = if value == "true" { "TRUE" } else { "FALSE" };
                    (name.as_str(), flag)
                }
                Column::Attribute(name) => {
                    let Some(value) = user.attributes.get(name) else {
                        continue;
                    };
                    attributes += 1;
                    (name.as_str(), value.as_str())
                }
            };
            let field = import_field(name, value).ok_or(NotWritten::NotCarriable)?;
            if self.row.len() + field.len() + self.columns.len() > LONGEST_ROW {
                return Err(NotWritten::NotCarriable);
            }
            self.row.extend_from_slice(field.as_bytes());
        }
        // An attribute without a column would be lost without a word.
        if attributes != user.attributes.len() {
            return Err(NotWritten::NotCarriable);
        }
        if self.bytes + self.row.len() + 1 > MOST_BYTES {
            return Err(NotWritten::Full);
        }
        self.keep_row();
        self.rows += 1;
        Ok(self.rows + 1)
    }

    fn keep_row(&mut self) {
        let needed = self.row.len() + 1;
        let has_room = |piece: &Zeroizing<Vec<u8>>| piece.capacity() - piece.len() >= needed;
        if !self.pieces.last().is_some_and(has_room) {
            let piece = Vec::with_capacity(PIECE.max(needed));
            self.pieces.push(Zeroizing::new(piece));
        }
        if let Some(piece) = self.pieces.last_mut() {
            piece.extend_from_slice(&self.row);
            piece.push(b'\n');
            self.bytes += needed;
        }
    }

    /// The file.
    pub(crate) fn finish(self) -> ImportFile {
        ImportFile::of_pieces(self.pieces)
    }
}

#[cfg(test)]
mod tests {
    use django_password::{EncodedPassword, Verifier};

    use super::*;

    const ARGON2: &str = "argon2$argon2id$v=19$m=512,t=2,p=1$c2FsdHNhbHQ$\
                          MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI";

    fn header() -> Vec<String> {
        let names = [
            "name",
            "given_name",
            "birthdate",
            "email",
            "email_verified",
            "updated_at",
            "phone_number_verified",
            "custom:legacy_id",
            "cognito:mfa_enabled",
            "cognito:username",
        ];
        names.map(str::to_owned).to_vec()
    }

    fn hash(encoded: &str) -> CognitoHash {
        let hash = Verifier::default().cognito_import(&EncodedPassword::new(encoded));
        hash.expect("Cognito takes it")
    }

    fn user(attributes: &[(&str, &str)]) -> PoolUser {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        PoolUser {
            username: "ada".to_owned(),
            attributes: attributes.iter().map(owned).collect(),
            groups: Vec::new(),
            enabled: true,
        }
    }

    fn text(writer: &FileWriter) -> String {
        let whole: Vec<u8> = writer
            .pieces
            .iter()
            .flat_map(|p| p.iter().copied())
            .collect();
        String::from_utf8(whole).expect("UTF-8")
    }

    #[test]
    fn a_row_stands_in_the_order_of_the_pools_columns() {
        let mut writer = FileWriter::new(&header(), Some(Mark(1_700_000_000)), false);
        let ada = user(&[
            ("email", "ada@example.org"),
            ("email_verified", "true"),
            ("given_name", "Ada, \"Countess\""),
            ("birthdate", "1815-12-10"),
            ("custom:legacy_id", "7"),
        ]);
        assert_eq!(writer.add(&ada, &hash(ARGON2)), Ok(2));
        let text = text(&writer);
        let lines: Vec<&str> = text.lines().collect();
        assert!(text.ends_with('\n') && lines.len() == 2);
        assert_eq!(
            lines[0],
            "name,given_name,birthdate,email,email_verified,updated_at,phone_number_verified,\
             custom:legacy_id,cognito:mfa_enabled,cognito:username,password_hash"
        );
        assert_eq!(
            lines[1],
            ",Ada\\, \"Countess\",12/10/1815,ada@example.org,TRUE,1700000000,,7,false,ada,\
             $argon2id$v=19$m=512\\,t=2\\,p=1$c2FsdHNhbHQ$\
             MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI"
        );
    }

    #[test]
    fn an_attribute_without_a_column_is_no_silent_loss() {
        let mut writer = FileWriter::new(&header(), None, false);
        let ada = user(&[("custom:nowhere", "x")]);
        assert_eq!(
            writer.add(&ada, &hash(ARGON2)),
            Err(NotWritten::NotCarriable)
        );
        let before = text(&writer);
        let ada = user(&[("name", "a\nb")]);
        assert_eq!(
            writer.add(&ada, &hash(ARGON2)),
            Err(NotWritten::NotCarriable)
        );
        assert_eq!(text(&writer), before, "nothing of a refused row is left");
    }

    #[test]
    fn a_file_ends_at_cognitos_limit() {
        let header = [USERNAME.to_owned(), "name".to_owned()];
        let mut writer = FileWriter::new(&header, None, false);
        let hash = hash(ARGON2);
        let long = user(&[("name", &"n".repeat(15_000))]);
        let mut rows = 0;
        while writer.add(&long, &hash).is_ok() {
            rows += 1;
        }
        assert_eq!(writer.add(&long, &hash), Err(NotWritten::Full));
        assert_eq!(writer.rows(), rows);
        let length = writer.finish().len();
        assert!((99_900_000..=100_000_000).contains(&length), "{length}");
    }

    #[test]
    fn half_a_million_rows_are_a_file_and_one_more_is_not() {
        let header = [USERNAME.to_owned(), "email".to_owned()];
        let mut writer = FileWriter::new(&header, None, false);
        let hash = hash(ARGON2);
        let ada = user(&[("email", "ada@example.org")]);
        for _ in 0..MOST_ROWS {
            assert!(writer.add(&ada, &hash).is_ok());
        }
        assert_eq!(writer.add(&ada, &hash), Err(NotWritten::Full));
        assert_eq!(writer.rows(), 500_000);
    }

    #[test]
    fn every_mark_is_new() {
        let Mark(first) = Mark::after(0);
        assert_eq!(Mark::after(first + 60), Mark(first + 61));
        assert!(first > 1_700_000_000);
    }
}

//! Prospects on their way through temporary files, so that those who share a name meet although there
//! are too many to be held in memory: each name has its file, and a file at a time is read. The files
//! have no name in any folder, and hold hashes of names. Called by `route_survey`.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};

use crate::prospect::{Prospect, ProspectKeys, RECORD};

/// Of ten million users each holds 150,000.
const FILES: usize = 64;

/// Prospects by the hash of their names.
pub(crate) struct ProspectsFile {
    people: Vec<BufWriter<File>>,
    emails: Vec<BufWriter<File>>,
    /// Where somebody without a name goes next.
    nameless: usize,
}

/// Somebody, and with whom they collide.
pub(crate) struct Met {
    pub(crate) prospect: Prospect,
    pub(crate) keys: ProspectKeys,
    /// Another legacy user has the name.
    pub(crate) name_shared: bool,
    /// Another legacy user has the address.
    pub(crate) email_shared: bool,
    /// Another legacy user has it, and both are verified.
    pub(crate) verified_shared: bool,
}

/// An e-mail's key, and whether it is verified.
const EMAIL_RECORD: usize = 9;

impl ProspectsFile {
    pub(crate) fn begin() -> io::Result<ProspectsFile> {
        let files = || (0..FILES).map(|_| tempfile::tempfile().map(BufWriter::new));
        Ok(ProspectsFile {
            people: files().collect::<io::Result<_>>()?,
            emails: files().collect::<io::Result<_>>()?,
            nameless: 0,
        })
    }

    pub(crate) fn add(&mut self, prospect: Prospect, keys: ProspectKeys) -> io::Result<()> {
        let file = match keys.name {
            Some(key) => file_of(key),
            None => {
                self.nameless = (self.nameless + 1) % FILES;
                self.nameless
            }
        };
        self.people[file].write_all(&prospect.to_record(keys))?;
        if let Some(email) = keys.email {
            let file = &mut self.emails[file_of(email)];
            file.write_all(&email.to_be_bytes())?;
            file.write_all(&[u8::from(keys.verified)])?;
        }
        Ok(())
    }

    /// Hands everybody on, each once.
    pub(crate) fn meet(self, mut visit: impl FnMut(&Met)) -> io::Result<()> {
        let mut shared = HashSet::new();
        let mut verified = HashSet::new();
        for file in self.emails {
            let mut keys: Vec<(i64, bool)> = Vec::new();
            each_record::<EMAIL_RECORD>(file, |record| {
                let mut key = [0; 8];
                key.copy_from_slice(&record[..8]);
                keys.push((i64::from_be_bytes(key), record[8] == 1));
            })?;
            keys.sort_unstable();
            for same in keys
                .chunk_by(|(a, _), (b, _)| a == b)
                .filter(|same| same.len() > 1)
            {
                shared.insert(same[0].0);
                if same.iter().filter(|(_, verified)| *verified).count() > 1 {
                    verified.insert(same[0].0);
                }
            }
        }
        for file in self.people {
            let mut people = Vec::new();
            each_record::<RECORD>(file, |record| people.push(Prospect::from_record(record)))?;
            people.sort_unstable_by_key(|(_, keys)| keys.name);
            for same in people.chunk_by(|(_, a), (_, b)| a.name == b.name) {
                for (prospect, keys) in same {
                    let is_in =
                        |set: &HashSet<i64>| keys.email.is_some_and(|key| set.contains(&key));
                    visit(&Met {
                        prospect: *prospect,
                        keys: *keys,
                        name_shared: keys.name.is_some() && same.len() > 1,
                        email_shared: is_in(&shared),
                        verified_shared: keys.verified && is_in(&verified),
                    });
                }
            }
        }
        Ok(())
    }
}

fn file_of(key: i64) -> usize {
    // The low bits of a SHA-256 are as good as any.
    usize::try_from(key.rem_euclid(FILES as i64)).unwrap_or(0)
}

fn each_record<const SIZE: usize>(
    file: BufWriter<File>,
    mut take: impl FnMut(&[u8; SIZE]),
) -> io::Result<()> {
    let mut file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.rewind()?;
    let mut file = BufReader::with_capacity(1 << 16, file);
    let mut record = [0; SIZE];
    loop {
        match file.read_exact(&mut record) {
            Ok(()) => take(&record),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use migration_model::Route;

    use super::*;

    #[test]
    fn whoever_shares_a_name_or_an_address_meets() {
        let prospect = |memberships| Prospect {
            now: Route::FirstLogin,
            at_close: Route::AdminCreate,
            may_sign_in: true,
            last_login: None,
            date_joined: None,
            memberships,
            has_contact: true,
            imported: false,
        };
        let keys = |name: Option<i64>, email: Option<i64>, verified| ProspectKeys {
            name,
            email,
            verified,
            collidable: true,
        };
        let mut file = ProspectsFile::begin().expect("temporary files");
        let people = [
            keys(Some(1), Some(10), true),
            keys(Some(1 + FILES as i64), Some(10), false),
            keys(Some(1), Some(11), true),
            keys(None, Some(11), true),
            keys(None, None, false),
        ];
        for (number, keys) in (0..).zip(people) {
            file.add(prospect(number), keys).expect("written");
        }
        let mut met = Vec::new();
        let noted = file.meet(|one| {
            met.push((
                one.prospect.memberships,
                [one.name_shared, one.email_shared, one.verified_shared],
            ));
        });
        noted.expect("read back");
        met.sort_unstable();
        assert_eq!(
            met,
            [
                (0, [true, true, false]),
                (1, [false, true, false]),
                (2, [true, true, true]),
                (3, [false, true, true]),
                (4, [false, false, false]),
            ]
        );
    }
}

//! One legacy user as a forecast sees them: which way they go now and at the close, and when they were
//! last seen. Holds nothing that names anybody. Made by `route_survey`.

use chrono::{DateTime, Utc};
use migration_model::Route;

/// A legacy user without a name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Prospect {
    /// The way an import would take them now, as configured, or leave them.
    pub now: Route,
    /// The way it would take them once first sign-ins are given up (`--approve-password-reset`).
    pub at_close: Route,
    /// Whether they could sign in to the legacy app with a password.
    pub may_sign_in: bool,
    /// When they last signed in there.
    pub last_login: Option<DateTime<Utc>>,
    /// When they registered.
    pub date_joined: Option<DateTime<Utc>>,
    /// Memberships in groups that they take along.
    pub memberships: u32,
    /// Whether a reset code has somewhere to go.
    pub has_contact: bool,
    /// Whether an import has created them already.
    pub imported: bool,
}

/// Keys by which legacy users are found to be in each other's way.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct ProspectKeys {
    pub(crate) name: Option<i64>,
    pub(crate) email: Option<i64>,
    pub(crate) verified: bool,
    /// Whether a collision of names would decide the route.
    pub(crate) collidable: bool,
}

pub(crate) const RECORD: usize = 40;
const ROUTES: [Route; 4] = [
    Route::FirstLogin,
    Route::HashImport,
    Route::AdminCreate,
    Route::Hold,
];

/// A moment as no such moment.
const NEVER: i64 = i64::MIN;

impl Prospect {
    /// As bytes for a temporary file of this process.
    pub(crate) fn to_record(self, keys: ProspectKeys) -> [u8; RECORD] {
        let number = |route: Route| {
            let at = ROUTES.iter().position(|one| *one == route);
            u8::try_from(at.unwrap_or(ROUTES.len() - 1)).unwrap_or(3)
        };
        let flags = [
            self.may_sign_in,
            self.has_contact,
            self.imported,
            keys.name.is_some(),
            keys.email.is_some(),
            keys.verified,
            keys.collidable,
        ];
        let flags = flags
            .iter()
            .rev()
            .fold(0_u8, |bits, flag| bits << 1 | u8::from(*flag));
        let seconds = |at: Option<DateTime<Utc>>| at.map_or(NEVER, |at| at.timestamp());
        let mut record = [0; RECORD];
        record[..8].copy_from_slice(&keys.name.unwrap_or(0).to_be_bytes());
        record[8..16].copy_from_slice(&keys.email.unwrap_or(0).to_be_bytes());
        record[16..24].copy_from_slice(&seconds(self.last_login).to_be_bytes());
        record[24..32].copy_from_slice(&seconds(self.date_joined).to_be_bytes());
        record[32..36].copy_from_slice(&self.memberships.to_be_bytes());
        record[36] = number(self.now);
        record[37] = number(self.at_close);
        record[38] = flags;
        record
    }

    pub(crate) fn from_record(record: &[u8; RECORD]) -> (Prospect, ProspectKeys) {
        let eight = |at: usize| {
            let mut bytes = [0; 8];
            bytes.copy_from_slice(&record[at..at + 8]);
            i64::from_be_bytes(bytes)
        };
        let mut four = [0; 4];
        four.copy_from_slice(&record[32..36]);
        let flag = |bit: u8| record[38] >> bit & 1 == 1;
        let moment = |seconds: i64| match seconds {
            NEVER => None,
            seconds => DateTime::from_timestamp(seconds, 0),
        };
        let route = |number: u8| {
            let route = ROUTES.get(usize::from(number)).copied();
            route.unwrap_or(Route::Hold)
        };
        let prospect = Prospect {
            now: route(record[36]),
            at_close: route(record[37]),
            may_sign_in: flag(0),
            last_login: moment(eight(16)),
            date_joined: moment(eight(24)),
            memberships: u32::from_be_bytes(four),
            has_contact: flag(1),
            imported: flag(2),
        };
        let keys = ProspectKeys {
            name: flag(3).then(|| eight(0)),
            email: flag(4).then(|| eight(8)),
            verified: flag(5),
            collidable: flag(6),
        };
        (prospect, keys)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_reads_back_as_it_was() {
        let prospect = Prospect {
            now: Route::FirstLogin,
            at_close: Route::AdminCreate,
            may_sign_in: true,
            last_login: None,
            date_joined: DateTime::from_timestamp(1_600_000_000, 0),
            memberships: 70_000,
            has_contact: false,
            imported: true,
        };
        let keys = ProspectKeys {
            name: Some(-5),
            email: None,
            verified: false,
            collidable: true,
        };
        let record = prospect.to_record(keys);
        assert_eq!(Prospect::from_record(&record), (prospect, keys));
    }
}

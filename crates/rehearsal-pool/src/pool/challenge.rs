//! Challenges that a sign-in was answered with and that are still open.
//!
//! Responsible for the sessions between `InitiateAuth` and `RespondToAuthChallenge`: each lives
//! until it is answered rightly or as long as the app client says (`AuthSessionValidity`, three
//! minutes).

use std::collections::HashMap;

use crate::clock::Millis;
use crate::pool::user_table::UserIndex;
use crate::random;
use crate::srp::Exchange;

#[derive(Debug)]
pub(crate) struct Challenge {
    client_id: String,
    pub(crate) kind: ChallengeKind,
    expires: Millis,
}

#[derive(Debug)]
pub(crate) enum ChallengeKind {
    NewPasswordRequired {
        user: UserIndex,
    },
    /// The proof of a password by SRP; without a user for a name that is not there, when that is
    /// not to be known.
    PasswordVerifier {
        user: Option<UserIndex>,
        user_id: String,
        exchange: Box<Exchange>,
    },
}

#[derive(Debug, Default)]
pub(crate) struct OpenChallenges {
    by_session: HashMap<String, Challenge>,
    swept: Millis,
}

/// Sessions nobody answered are dropped this often.
const SWEEP_EVERY: Millis = 60_000;

impl OpenChallenges {
    /// Opens a challenge and returns its session.
    pub(crate) fn open(
        &mut self,
        client_id: &str,
        kind: ChallengeKind,
        now: Millis,
        lives: Millis,
    ) -> String {
        if now - self.swept > SWEEP_EVERY {
            self.by_session
                .retain(|_, challenge| challenge.expires > now);
            self.swept = now;
        }
        let session = random::session();
        let challenge = Challenge {
            client_id: client_id.to_owned(),
            kind,
            expires: now + lives,
        };
        self.by_session.insert(session.clone(), challenge);
        session
    }

    /// The challenge of a session, if it is still open and this client's.
    pub(crate) fn get(&self, session: &str, client_id: &str, now: Millis) -> Option<&Challenge> {
        self.by_session
            .get(session)
            .filter(|challenge| challenge.expires > now && challenge.client_id == client_id)
    }

    /// Ends a session.
    pub(crate) fn close(&mut self, session: &str) -> Option<Challenge> {
        self.by_session.remove(session)
    }

    /// Takes the challenge of a session that is good for one answer.
    pub(crate) fn take(
        &mut self,
        session: &str,
        client_id: &str,
        now: Millis,
    ) -> Option<ChallengeKind> {
        self.get(session, client_id, now)?;
        self.close(session).map(|challenge| challenge.kind)
    }
}

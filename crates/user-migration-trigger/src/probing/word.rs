//! Logins that tell the probing function what to answer: `probe.WORD.NONCE`, as it is or as an
//! address under example.com. Must not know answers.

/// What a login asks for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Word {
    /// A user who is CONFIRMED.
    Migrate,
    /// A user who is RESET_REQUIRED.
    Reset,
    /// A user with an attribute that lists the members of the event's request.
    Seen,
    /// A user with a name and no address.
    Bare,
    /// A user whose address is another's.
    Taken,
    /// The event as it came.
    Empty,
    /// A final status without attributes.
    StatusAlone,
    /// A `sub` among the attributes.
    Sub,
    /// An attribute that the pool lacks.
    BadAttribute,
    /// A text in place of the event.
    NoEvent,
    /// An error.
    Throw,
    /// The end of the process.
    Exit,
    /// More time than Cognito waits.
    Sleep,
}

const WORDS: [(&str, Word); 13] = [
    ("migrate", Word::Migrate),
    ("reset", Word::Reset),
    ("seen", Word::Seen),
    ("bare", Word::Bare),
    ("taken", Word::Taken),
    ("empty", Word::Empty),
    ("status-alone", Word::StatusAlone),
    ("sub", Word::Sub),
    ("bad-attribute", Word::BadAttribute),
    ("no-event", Word::NoEvent),
    ("throw", Word::Throw),
    ("exit", Word::Exit),
    ("sleep", Word::Sleep),
];

/// A login of a probe.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Login<'a> {
    pub(super) word: Word,
    pub(super) nonce: &'a str,
    local: &'a str,
}

impl<'a> Login<'a> {
    pub(super) fn parse(name: &'a str) -> Option<Login<'a>> {
        let local = match name.split_once('@') {
            Some((local, "example.com")) => local,
            Some(_) => return None,
            None => name,
        };
        let (word, nonce) = local.strip_prefix("probe.")?.split_once('.')?;
        let (_, word) = WORDS.iter().find(|(known, _)| *known == word)?;
        // A blank is for the name that no user can have.
        let fits = |c: char| c.is_ascii_alphanumeric() || c == ' ';
        (!nonce.is_empty() && nonce.chars().all(fits)).then_some(Login {
            word: *word,
            nonce,
            local,
        })
    }

    /// The address of whoever is made.
    pub(super) fn address(&self) -> String {
        format!("{}@example.com", self.local.replace(' ', ""))
    }
}

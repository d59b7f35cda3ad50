//! Messages the pool would have sent.
//!
//! Responsible for keeping what a user would get by e-mail or text message, so that a rehearsal
//! can finish a password reset. It holds codes in the clear on purpose: a person at a laptop must
//! be able to type them. Only the newest messages are kept.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use crate::pool::schema::{AttributeId, EMAIL, PHONE_NUMBER};

/// A message to a user.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct SentMessage {
    /// Pool the user belongs to.
    pub user_pool_id: String,
    /// Username the message is for.
    pub username: String,
    /// Why it was sent.
    pub reason: MessageReason,
    /// `EMAIL` or `SMS`.
    pub medium: Medium,
    /// The full address or number.
    pub destination: String,
    /// Confirmation code or temporary password, where the message carries one.
    pub code: Option<String>,
}

impl fmt::Debug for SentMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SentMessage")
            .field("reason", &self.reason)
            .field("medium", &self.medium)
            .finish_non_exhaustive()
    }
}

/// What a message is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum MessageReason {
    /// A code for `ConfirmForgotPassword`.
    ForgotPassword,
    /// A user was made by an administrator; carries the temporary password.
    Invitation,
    /// A user was migrated; carries nothing.
    Welcome,
    /// A code for `ConfirmSignUp`.
    SignUp,
    /// A code for `VerifyUserAttribute`.
    AttributeVerification,
}

/// How a message travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Medium {
    /// By e-mail.
    Email,
    /// By text message.
    Sms,
}

impl Medium {
    pub(crate) fn of(attribute: AttributeId) -> Self {
        if attribute == EMAIL {
            Self::Email
        } else {
            Self::Sms
        }
    }

    /// The attribute it goes to.
    pub(crate) fn attribute(self) -> AttributeId {
        match self {
            Self::Email => EMAIL,
            Self::Sms => PHONE_NUMBER,
        }
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Email => "EMAIL",
            Self::Sms => "SMS",
        }
    }

    pub(crate) fn attribute_name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Sms => "phone_number",
        }
    }
}

/// Enough for any rehearsal's resets, little beside a pool's users.
const KEPT: usize = 20_000;

#[derive(Default)]
pub(crate) struct Outbox(Mutex<VecDeque<SentMessage>>);

impl Outbox {
    fn held(&self) -> MutexGuard<'_, VecDeque<SentMessage>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn send(&self, message: SentMessage) {
        let mut messages = self.held();
        if messages.len() == KEPT {
            messages.pop_front();
        }
        messages.push_back(message);
    }

    /// Oldest first.
    pub(crate) fn messages(&self) -> Vec<SentMessage> {
        self.held().iter().cloned().collect()
    }
}

/// A destination as answers show it: `a***@e***` or `+*******0100`.
pub(crate) fn masked(medium: Medium, destination: &str) -> String {
    match medium {
        Medium::Email => {
            let (local, domain) = destination.split_once('@').unwrap_or((destination, ""));
            let first = |text: &str| text.chars().next().map(String::from).unwrap_or_default();
            format!("{}***@{}***", first(local), first(domain))
        }
        Medium::Sms => {
            let digits = destination.trim_start_matches('+');
            let shown = digits.len().saturating_sub(4);
            let tail = digits.get(shown..).unwrap_or_default();
            format!("+{}{tail}", "*".repeat(shown))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn destinations_are_shown_masked() {
        assert_eq!(masked(Medium::Email, "jie@example.com"), "j***@e***");
        assert_eq!(masked(Medium::Sms, "+12065550100"), "+*******0100");
        assert_eq!(masked(Medium::Email, ""), "***@***");
    }

    #[test]
    fn only_the_newest_messages_are_kept() {
        let outbox = Outbox::default();
        for number in 0..=KEPT {
            outbox.send(SentMessage {
                user_pool_id: String::new(),
                username: number.to_string(),
                reason: MessageReason::Welcome,
                medium: Medium::Email,
                destination: String::new(),
                code: None,
            });
        }
        let messages = outbox.messages();
        assert_eq!(messages.len(), KEPT);
        assert_eq!(messages[0].username, "1");
    }
}

//! What a user may ask for only so often within an hour.
//!
//! Responsible for the per-user limits on codes and guesses. They hold whatever the request quotas
//! are, as the lockout does.
//!
//! Source: the guide's quota page, "code security resource quotas". For forgotten passwords it
//! gives 5 to 20, by a risk it does not explain: here 20, beyond which the service always refuses.
//! The text is the one callers report.

use crate::api_error::ApiError;
use crate::clock::{HOUR, Millis};

/// What is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Limited {
    /// `ForgotPassword` and `ConfirmForgotPassword` together.
    PasswordRecovery,
    ResendConfirmationCode,
    ConfirmSignUp,
    ChangePassword,
    GetAttributeCode,
    VerifyAttribute,
}

impl Limited {
    fn per_hour(self) -> u8 {
        match self {
            Self::PasswordRecovery => 20,
            Self::ConfirmSignUp | Self::VerifyAttribute => 15,
            Self::ResendConfirmationCode | Self::ChangePassword | Self::GetAttributeCode => 5,
        }
    }
}

/// One user's requests in the hours that began with the first of each kind.
#[derive(Debug, Default)]
pub(crate) struct HourlyRequests(Vec<(Limited, Millis, u8)>);

impl HourlyRequests {
    /// Counts a request, or refuses it.
    pub(crate) fn take(&mut self, limited: Limited, now: Millis) -> Result<(), ApiError> {
        self.0.retain(|(_, began, _)| now < began + HOUR);
        let Some((_, _, count)) = self.0.iter_mut().find(|(known, ..)| *known == limited) else {
            self.0.push((limited, now, 1));
            return Ok(());
        };
        if *count >= limited.per_hour() {
            return Err(ApiError::attempt_limit_exceeded());
        }
        *count += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_own_hour() {
        let mut requests = HourlyRequests::default();
        for _ in 0..5 {
            requests
                .take(Limited::ChangePassword, 0)
                .expect("within five");
        }
        assert!(requests.take(Limited::ChangePassword, HOUR - 1).is_err());
        requests
            .take(Limited::ConfirmSignUp, HOUR - 1)
            .expect("another kind");
        requests
            .take(Limited::ChangePassword, HOUR)
            .expect("another hour");
    }
}

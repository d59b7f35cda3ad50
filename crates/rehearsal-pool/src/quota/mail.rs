//! Messages of Cognito's own mailer: fifty a day for all pools of the account.
//!
//! Source: the guide's quota page ("Email messages sent daily per AWS account": 50; "applies only if
//! you are using the default email feature"; "resets daily at 0900 UTC").

use serde::Serialize;

use crate::clock::{DAY, HOUR, Millis};

const MESSAGES_A_DAY: u32 = 50;
const DAY_BEGINS: Millis = 9 * HOUR;

/// The messages of the current day, which begins at nine o'clock UTC.
#[derive(Debug, Default)]
pub(super) struct DailyMail {
    day: Millis,
    sent: u32,
    refused: u32,
}

/// Messages of Cognito's own mailer since the day began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct MailCount {
    /// Messages a day; `None` with quotas off.
    pub limit: Option<u32>,
    /// Messages sent.
    pub sent: u32,
    /// Messages refused with `LimitExceededException`.
    pub refused: u32,
}

impl DailyMail {
    fn turn_to(&mut self, now: Millis) {
        let day = (now - DAY_BEGINS).div_euclid(DAY);
        if day != self.day {
            *self = Self {
                day,
                ..Self::default()
            };
        }
    }

    /// Counts a message, or refuses it where the limit is enforced.
    pub(super) fn take(&mut self, enforced: bool, now: Millis) -> bool {
        self.turn_to(now);
        let free = !enforced || self.sent < MESSAGES_A_DAY;
        *(if free {
            &mut self.sent
        } else {
            &mut self.refused
        }) += 1;
        free
    }

    pub(super) fn count(&mut self, enforced: bool, now: Millis) -> MailCount {
        self.turn_to(now);
        MailCount {
            limit: enforced.then_some(MESSAGES_A_DAY),
            sent: self.sent,
            refused: self.refused,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn granted(mail: &mut DailyMail, enforced: bool, now: Millis) -> usize {
        (0..80).filter(|_| mail.take(enforced, now)).count()
    }

    #[test]
    fn a_day_has_fifty_messages_and_begins_at_nine() {
        let mut mail = DailyMail::default();
        assert_eq!(granted(&mut mail, true, 20 * DAY), 50);
        assert_eq!(granted(&mut mail, true, 20 * DAY + 9 * HOUR - 1), 0);
        assert_eq!(granted(&mut mail, true, 20 * DAY + 9 * HOUR), 50);
        let count = mail.count(true, 20 * DAY + 10 * HOUR);
        assert_eq!((count.limit, count.sent, count.refused), (Some(50), 50, 30));
    }

    #[test]
    fn with_quotas_off_messages_are_only_counted() {
        let mut mail = DailyMail::default();
        assert_eq!(granted(&mut mail, false, 0), 80);
        assert_eq!(mail.count(false, 0).limit, None);
    }
}

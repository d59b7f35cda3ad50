//! The pool's own clock, read from the `Date` header of its answers. Creation dates in the pool
//! are compared with this clock, so that a wrong or stepping clock on this machine cannot make
//! somebody else's user look like ours. Called by the client for every answer, and by whoever
//! needs the time.

use std::sync::{Arc, Mutex};

use aws_sdk_cognitoidentityprovider::config::interceptors::BeforeDeserializationInterceptorContextRef;
use aws_sdk_cognitoidentityprovider::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_cognitoidentityprovider::error::BoxError;
use aws_smithy_types::date_time::Format;
use chrono::{DateTime, Utc};
use tokio::time::Instant;

/// The pool's clock: its last word, and the monotonic time since.
#[derive(Clone, Debug, Default)]
pub(crate) struct ServerClock(Arc<Mutex<Option<Reading>>>);

/// A date, and when it was read.
#[derive(Clone, Copy, Debug)]
struct Reading {
    date: DateTime<Utc>,
    read_at: Instant,
}

impl Reading {
    /// The time now, if the clock it was read from goes on.
    fn now(self) -> DateTime<Utc> {
        let elapsed = chrono::Duration::from_std(self.read_at.elapsed());
        elapsed.map_or(self.date, |elapsed| self.date + elapsed)
    }
}

impl ServerClock {
    /// The pool's time now, up to two seconds behind (the header counts whole seconds and is as
    /// old as its way here). This machine's own time while no answer has carried a date.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        let last = *self
            .0
            .lock()
            .expect("no panic happens while the clock is held");
        last.map_or_else(Utc::now, Reading::now)
    }

    fn read(&self, date_header: &str) {
        let Ok(date) = aws_smithy_types::DateTime::from_str(date_header, Format::HttpDate) else {
            return;
        };
        let Some(date) = DateTime::from_timestamp(date.secs(), 0) else {
            return;
        };
        let mut last = self
            .0
            .lock()
            .expect("no panic happens while the clock is held");
        // Whole seconds make the estimate saw-toothed; the latest of the estimates is the truest.
        let ahead = last.map(|reading| reading.now() - date);
        let steady = ahead.is_some_and(|ahead| (0..3_000).contains(&ahead.num_milliseconds()));
        if !steady {
            *last = Some(Reading {
                date,
                read_at: Instant::now(),
            });
        }
    }
}

/// Hands every answer's date to the clock.
#[derive(Debug)]
pub(crate) struct ReadDate(pub(crate) ServerClock);

impl Intercept for ReadDate {
    fn name(&self) -> &'static str {
        "ReadDate"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(date) = context.response().headers().get("date") {
            self.0.read(date);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test(start_paused = true)]
    async fn time_goes_on_between_answers_whatever_this_machines_clock_says() {
        let clock = ServerClock::default();
        clock.read("Mon, 02 Jan 2006 22:04:05 GMT");
        tokio::time::sleep(Duration::from_secs(90)).await;
        assert_eq!(clock.now().to_rfc3339(), "2006-01-02T22:05:35+00:00");
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_of_the_same_second_does_not_set_the_clock_back() {
        let clock = ServerClock::default();
        clock.read("Mon, 02 Jan 2006 22:04:05 GMT");
        tokio::time::sleep(Duration::from_millis(900)).await;
        clock.read("Mon, 02 Jan 2006 22:04:05 GMT");
        assert_eq!(clock.now().timestamp_subsec_millis(), 900);
        clock.read("Mon, 02 Jan 2006 22:04:06 GMT");
        assert_eq!(clock.now().to_rfc3339(), "2006-01-02T22:04:06+00:00");
        clock.read("Mon, 02 Jan 2006 21:00:00 GMT");
        assert_eq!(clock.now().to_rfc3339(), "2006-01-02T21:00:00+00:00");
    }

    #[test]
    fn a_header_that_is_no_date_is_ignored() {
        let clock = ServerClock::default();
        clock.read("yesterday");
        assert!((Utc::now() - clock.now()).num_seconds() < 5);
    }
}

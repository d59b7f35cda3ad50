//! How long look-ups and checks took, in steps of a fifth, so that the sum can be told at any memory of
//! the function. Must not know what was checked.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::memory_size::cpu_share;

/// Each step's end over the last one's.
const STEP: f64 = 1.2;
/// The first step ends here, in milliseconds.
const FIRST_MS: f64 = 0.1;
/// The last one, at about 100 minutes.
const LAST: u8 = 97;

/// Sign-ins by the steps of both times.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(transparent)]
pub(super) struct Times(Vec<Row>);

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Row {
    look_up: u8,
    check: u8,
    count: u64,
}

impl Times {
    /// `check` is CPU time: of all lanes of a hash that has several.
    pub(super) fn note(&mut self, look_up: Duration, check: Duration) {
        let (look_up, check) = (step(look_up), step(check));
        let known = |row: &&mut Row| (row.look_up, row.check) == (look_up, check);
        match self.0.iter_mut().find(known) {
            Some(row) => row.count = row.count.saturating_add(1),
            None => self.0.push(Row {
                look_up,
                check,
                count: 1,
            }),
        }
    }

    pub(super) fn counts(&self) -> impl Iterator<Item = u64> {
        self.0.iter().map(|row| row.count)
    }

    /// Whether it can be counted with: a file may say anything.
    pub(super) fn is_whole(&self) -> bool {
        let mut rows = self.0.iter();
        self.0.len() <= usize::from(LAST + 1) * usize::from(LAST + 1)
            && rows.all(|row| row.look_up <= LAST && row.check <= LAST)
    }

    /// The time of look-up and check at this memory, in whole milliseconds rounded up, with how many
    /// took so long. Every step counts as its end.
    pub(super) fn at(&self, memory_mb: u32) -> BTreeMap<u64, u64> {
        let mut times = BTreeMap::new();
        for row in &self.0 {
            let ms = end_ms(row.look_up) + end_ms(row.check) / cpu_share(memory_mb);
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "hours at most, never negative"
            )]
            let ms = ms.ceil() as u64;
            let count: &mut u64 = times.entry(ms).or_default();
            *count = count.saturating_add(row.count);
        }
        times
    }
}

fn step(time: Duration) -> u8 {
    let ms = time.as_secs_f64() * 1000.0;
    (0..LAST).find(|step| ms <= end_ms(*step)).unwrap_or(LAST)
}

fn end_ms(step: u8) -> f64 {
    FIRST_MS * STEP.powi(i32::from(step))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_takes_longer_with_less_memory_and_a_look_up_does_not() {
        let ms = Duration::from_millis;
        let mut times = Times::default();
        times.note(ms(1000), ms(1));
        times.note(ms(1), ms(1000));
        let longest = |memory_mb| times.at(memory_mb).into_keys().max().expect("two times");
        assert!((1000..1250).contains(&longest(1769)), "{}", longest(1769));
        assert!((6900..8400).contains(&longest(256)), "{}", longest(256));
    }
}

//! What a sample of the user table's rows shows of a column.

use std::collections::BTreeSet;

use legacy_users::{Holds, Sample, SurveyedColumn};

use super::Writer;

impl Writer<'_> {
    pub(super) fn is_unique_in_fact(&self, column: &SurveyedColumn) -> bool {
        let values = values(self.sample, &column.name);
        let filled: Vec<String> = values
            .iter()
            .filter(|value| !value.is_empty())
            .map(|value| value.to_lowercase())
            .collect();
        let distinct: BTreeSet<&String> = filled.iter().collect();
        !filled.is_empty()
            && distinct.len() == filled.len()
            && filled.len() * 10 >= values.len() * 9
    }

    pub(super) fn is_zero_or_one(&self, column: &SurveyedColumn) -> bool {
        column.holds == Holds::Integers
            && self.share(column, |value| matches!(value, "0" | "1")) == 1.0
    }

    /// Of the values that are not null, the share for which this holds.
    pub(super) fn share(&self, column: &SurveyedColumn, holds: impl Fn(&str) -> bool) -> f64 {
        let values = values(self.sample, &column.name);
        let count = values.iter().filter(|value| holds(value)).count();
        ratio(count, values.len())
    }

    pub(super) fn filled(&self, column: &SurveyedColumn) -> f64 {
        let all = self.sample.values.get(&column.name).map_or(0, Vec::len);
        ratio(values(self.sample, &column.name).len(), all)
    }
}

pub(super) fn values<'a>(sample: &'a Sample, column: &str) -> Vec<&'a str> {
    let values = sample.values.get(column).map_or(&[][..], Vec::as_slice);
    values.iter().flatten().map(String::as_str).collect()
}

#[expect(
    clippy::cast_precision_loss,
    reason = "at most two thousand rows are counted"
)]
fn ratio(part: usize, whole: usize) -> f64 {
    match whole {
        0 => 0.0,
        whole => part as f64 / whole as f64,
    }
}

pub(super) fn percent(share: f64) -> String {
    format!("{:.0} % of the rows looked at", share * 100.0)
}

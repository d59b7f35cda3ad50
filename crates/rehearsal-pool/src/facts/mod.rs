//! `pool-facts.json`: what a probe found a real pool to do.
//!
//! Responsible for the file's form, for reading one that somebody else made, and for refusing one
//! that names anybody. It must not know what an answer changes (`belief`) nor how it was found
//! (`pool-probe`, which writes the file).

mod redaction;

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

/// The form of the file that this version reads and writes.
const FORM: u32 = 1;
/// Far above any file that a probe writes.
const LARGEST: u64 = 4 * 1024 * 1024;

/// Answers of one probe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PoolFacts {
    /// Version of the file's form: 1.
    pub form: u32,
    /// When, where and by what it was asked.
    pub probed: Probed,
    /// Question -> answer.
    pub answers: BTreeMap<String, FactAnswer>,
    /// Question -> why it was not asked, or has no answer.
    #[serde(default)]
    pub not_asked: BTreeMap<String, String>,
}

/// The circumstances of a probe.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Probed {
    /// Day, as `2026-12-01`.
    pub date: String,
    /// AWS Region.
    pub region: String,
    /// `aws`, or `endpoint` for a stand-in at `--endpoint-url`.
    pub service: String,
    /// Seconds between the making of the first pool and the last answer.
    pub pool_age_seconds: u64,
    /// Program and version.
    pub tool: String,
    /// SDK and version.
    pub sdk: String,
}

/// One answer with the replies it was read from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FactAnswer {
    /// In the question's own words; the probe's README lists them.
    pub answer: String,
    /// What came back, in the order of the calls.
    #[serde(default)]
    pub replies: Vec<FactReply>,
}

/// One reply, redacted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FactReply {
    /// The operation called.
    pub operation: String,
    /// HTTP status.
    pub status: u16,
    /// The body, with placeholders.
    pub body: Value,
}

/// Why a facts file cannot be used.
#[derive(Debug, Error)]
pub enum FactsError {
    /// The file cannot be read.
    #[error("cannot read the facts file {path}")]
    Unreadable {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not JSON of this form.
    #[error("the facts file {path} is not as it must be")]
    Malformed {
        /// The file.
        path: String,
        /// Line and reason.
        source: serde_json::Error,
    },
    /// It is larger than any a probe writes.
    #[error("the facts file {path} is larger than 4 MB; a probe writes no such file")]
    TooLarge {
        /// The file.
        path: String,
    },
    /// A form of another version.
    #[error("the facts file {path} has form {form}; this version reads form 1")]
    OtherForm {
        /// The file.
        path: String,
        /// Its form.
        form: u32,
    },
    /// Something in it names a person, an account, a pool or a session.
    #[error("the facts file {path} has {kind} in {place}, which must not be shared")]
    NotRedacted {
        /// The file.
        path: String,
        /// Kind of thing.
        kind: &'static str,
        /// The question, or the part of the file.
        place: String,
    },
}

/// Two files that answer one question differently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disagreement {
    /// The question.
    pub id: String,
    /// File and answer.
    pub answers: Vec<(String, String)>,
}

impl PoolFacts {
    /// Facts of this version's form.
    #[must_use]
    pub fn new(probed: Probed, answers: BTreeMap<String, FactAnswer>) -> Self {
        Self {
            form: FORM,
            probed,
            answers,
            not_asked: BTreeMap::new(),
        }
    }

    /// Reads a file.
    ///
    /// # Errors
    ///
    /// [`FactsError`] when the file is unreadable, has another form, or holds what must not be
    /// shared.
    pub fn read(path: &Path) -> Result<Self, FactsError> {
        let shown = path.display().to_string();
        let unreadable = |source| FactsError::Unreadable {
            path: shown.clone(),
            source,
        };
        if std::fs::metadata(path).map_err(unreadable)?.len() > LARGEST {
            return Err(FactsError::TooLarge { path: shown });
        }
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        let facts: Self = serde_json::from_str(&text).map_err(|source| FactsError::Malformed {
            path: shown.clone(),
            source,
        })?;
        if facts.form != FORM {
            return Err(FactsError::OtherForm {
                path: shown,
                form: facts.form,
            });
        }
        match facts.unredacted() {
            Some((place, kind)) => Err(FactsError::NotRedacted {
                path: shown,
                kind,
                place,
            }),
            None => Ok(facts),
        }
    }

    /// Where something stands that must not be shared, and what kind of thing.
    #[must_use]
    pub fn unredacted(&self) -> Option<(String, &'static str)> {
        let whole = |place: &str, text: &str| {
            redaction::unredacted(text).map(|kind| (place.to_owned(), kind))
        };
        let probed = &self.probed;
        let circumstances = [
            &probed.date,
            &probed.region,
            &probed.service,
            &probed.tool,
            &probed.sdk,
        ];
        let in_circumstances = circumstances
            .into_iter()
            .find_map(|text| whole("probed", text));
        let in_answers = || {
            self.answers.iter().find_map(|(id, fact)| {
                let replies = fact.replies.iter();
                let mut texts =
                    replies.flat_map(|reply| [reply.operation.clone(), reply.body.to_string()]);
                // A question's name is long and has no digit; one that somebody made up is looked at.
                whole(id, id)
                    .or_else(|| whole(id, &fact.answer))
                    .or_else(|| texts.find_map(|text| whole(id, &text)))
            })
        };
        let in_reasons = || {
            let reasons = self.not_asked.iter();
            let mut reasons = reasons.map(|(id, why)| (id, format!("{id} {why}")));
            reasons.find_map(|(id, why)| whole(id, &why))
        };
        in_circumstances.or_else(in_answers).or_else(in_reasons)
    }

    /// Questions that these files answer differently.
    #[must_use]
    pub fn disagreements(files: &[(String, PoolFacts)]) -> Vec<Disagreement> {
        let mut by_question: BTreeMap<&str, Vec<(String, String)>> = BTreeMap::new();
        for (name, facts) in files {
            for (id, fact) in &facts.answers {
                let answers = by_question.entry(id).or_default();
                answers.push((name.clone(), fact.answer.clone()));
            }
        }
        let differ =
            |answers: &Vec<(String, String)>| answers.windows(2).any(|pair| pair[0].1 != pair[1].1);
        by_question
            .into_iter()
            .filter(|(_, answers)| differ(answers))
            .map(|(id, answers)| Disagreement {
                id: id.to_owned(),
                answers,
            })
            .collect()
    }
}

/// A text with placeholders for everything that must not be shared.
#[must_use]
pub fn redacted(text: &str) -> String {
    redaction::redacted(text)
}

/// The same of every text in a JSON value, names of members included.
#[must_use]
pub fn redacted_json(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(redacted(text)),
        Value::Array(items) => items.iter().map(redacted_json).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(name, member)| (redacted(name), redacted_json(member)))
            .collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn with(answer: &str, body: Value) -> PoolFacts {
        let reply = FactReply {
            operation: "AdminGetUser".to_owned(),
            status: 400,
            body,
        };
        let fact = FactAnswer {
            answer: answer.to_owned(),
            replies: vec![reply],
        };
        let answers = BTreeMap::from([("groups-join-twice".to_owned(), fact)]);
        PoolFacts::new(Probed::default(), answers)
    }

    fn read(text: &str) -> Result<PoolFacts, FactsError> {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        std::fs::write(file.path(), text).expect("a writable file");
        PoolFacts::read(file.path())
    }

    #[test]
    fn a_file_is_read_as_it_was_written() {
        let facts = with("accepted", json!({"message": "fine"}));
        let text = serde_json::to_string(&facts).expect("JSON");
        assert_eq!(read(&text).expect("valid"), facts);
    }

    #[test]
    fn a_file_that_names_somebody_is_refused() {
        for facts in [
            with("accepted", json!({"message": "no user ada@example.org"})),
            with("accepted", json!({"ada@example.org": 1})),
            with("no pool eu-west-1_AbCdEf123", json!({})),
        ] {
            let text = serde_json::to_string(&facts).expect("JSON");
            let error = read(&text).expect_err("it is not redacted");
            assert!(error.to_string().contains("groups-join-twice"), "{error}");
            assert!(!error.to_string().contains("ada"), "{error}");
        }
    }

    #[test]
    fn another_form_and_unknown_members_are_told() {
        let shown = |text: &str| read(text).expect_err(text).to_string();
        let probed = r#""probed":{"date":"","region":"","service":"","pool_age_seconds":0,"tool":"","sdk":""}"#;
        assert!(shown(&format!(r#"{{"form":2,{probed},"answers":{{}}}}"#)).contains("form 2"));
        assert!(shown("[]").contains("not as it must be"));
        assert!(
            shown(&format!(r#"{{"form":1,{probed},"answers":{{}},"more":1}}"#))
                .contains("not as it must be")
        );
    }

    #[test]
    fn files_that_differ_are_named() {
        let files = [
            ("a.json".to_owned(), with("accepted", json!({}))),
            ("b.json".to_owned(), with("MadeUpException: no", json!({}))),
            ("c.json".to_owned(), with("accepted", json!({}))),
        ];
        let found = PoolFacts::disagreements(&files);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].answers.len(), 3);
        assert!(PoolFacts::disagreements(&files[..1]).is_empty());
    }
}

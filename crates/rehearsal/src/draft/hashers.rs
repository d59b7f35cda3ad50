//! Stored passwords that Django's own hashers do not write: the line of `[hashers]` that
//! `django-password` would check them by, where it knows one.

use std::collections::BTreeMap;

use django_password::{CustomHashers, EncodedPassword, HashState, Limits, Verifier};

use super::sampled::values;
use super::{Choosable, Writer};

impl Writer<'_> {
    pub(super) fn hashers(&mut self, password: &str) {
        let verifier = Verifier::new(CustomHashers::default(), Limits::default());
        let stored = values(self.sample, password);
        let mut declared = BTreeMap::new();
        let mut unknown: BTreeMap<String, usize> = BTreeMap::new();
        for value in &stored {
            let inspection = verifier.inspect(&EncodedPassword::new(*value));
            match (inspection.remedy, inspection.state) {
                (Some(line), _) => *declared.entry(line).or_insert(0_usize) += 1,
                (None, HashState::Unsupported) => {
                    let named = inspection.algorithm.unwrap_or_else(|| "no name".to_owned());
                    *unknown.entry(named).or_default() += 1;
                }
                (None, _) => {}
            }
        }
        let looked_at = stored.len();
        for (line, count) in declared {
            let text = line.to_string();
            let Some((key, target)) = text.rsplit_once(" = ") else {
                continue;
            };
            let declare = Choosable {
                value: target.to_owned(),
                why: format!(
                    "{count} of {looked_at} passwords looked at have this form, which Django's own hashers do not write: declared, as it is by a hasher in the app's PASSWORD_HASHERS."
                ),
            };
            let leave = Choosable {
                value: String::new(),
                why: "The app does not check these passwords: nobody signs in with them."
                    .to_owned(),
            };
            self.choice("hashers", key, vec![declare, leave], true);
        }
        for (name, count) in unknown {
            self.notes.push(format!(
                "{count} of {looked_at} passwords looked at begin with {name}, a hasher that is not known: if it is a subclass of one of Django's, declare it under [hashers]; else these people must set a new password."
            ));
        }
    }
}

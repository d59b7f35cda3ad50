//! The three-way comparison of one person: legacy now, pool now, and what both last agreed on.
//! Changed in Django alone travels, changed in Cognito alone stays, changed in both is a conflict.
//! Pure.

use std::collections::BTreeMap;

use crate::ledger::{Base, BaseKey};

/// In the place of a digest: both sides had something else when they were first looked at, so
/// neither is newer.
pub(crate) const NEVER_AGREED: &str = "?";

/// What is to be done about one value.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Verdict {
    /// Both sides are equal.
    Agree,
    /// Changed in Django alone.
    Travels,
    /// Changed in Cognito alone.
    Stays,
    /// Changed in both.
    Conflict,
}

/// Whom an operator lets win a conflict.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Prefer {
    /// The legacy value.
    Django,
    /// The pool's value.
    Pool,
}

/// What is known of the past.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Past<'a> {
    pub(crate) base: Option<&'a Base>,
    /// Came by signing in: the trigger lets in active people alone, and puts nobody in a group.
    pub(crate) migrated: bool,
    /// Whether the pool user was never changed since creation.
    pub(crate) unmodified: bool,
}

/// Compares values and makes the base of the next comparison.
pub(crate) struct ThreeWay<'a> {
    pub(crate) key: &'a BaseKey,
    pub(crate) past: Past<'a>,
    pub(crate) prefer: Option<Prefer>,
    next: Base,
}

impl<'a> ThreeWay<'a> {
    pub(crate) fn new(key: &'a BaseKey, past: Past<'a>, prefer: Option<Prefer>) -> ThreeWay<'a> {
        ThreeWay {
            key,
            past,
            prefer,
            next: past.base.cloned().unwrap_or_default(),
        }
    }

    /// An attribute's value on either side.
    pub(crate) fn attribute(
        &mut self,
        name: &str,
        django: Option<&str>,
        pool: Option<&str>,
    ) -> Verdict {
        let digest = |value: Option<&str>| {
            normalized(name, value).map(|value| self.key.digest(name, &value))
        };
        let (django, pool) = (digest(django), digest(pool));
        if django == pool {
            set(&mut self.next.attributes, name, django);
            return Verdict::Agree;
        }
        let known = self.past.base.map(|base| base.attributes.get(name));
        let verdict = match known {
            None if self.past.unmodified => Verdict::Travels,
            None => Verdict::Conflict,
            Some(base) => verdict(django.as_ref() != base, pool.as_ref() != base),
        };
        let verdict = self.settled(verdict);
        match verdict {
            // What was preferred to a conflict is a change of the pool's alone from now on.
            Verdict::Stays if self.prefer == Some(Prefer::Pool) => {
                set(&mut self.next.attributes, name, django);
            }
            Verdict::Conflict if known.is_none() => {
                set(
                    &mut self.next.attributes,
                    name,
                    Some(NEVER_AGREED.to_owned()),
                );
            }
            // Without a base this one must be asked again after it has travelled.
            Verdict::Travels if known.is_none() => set(&mut self.next.attributes, name, pool),
            _ => {}
        }
        verdict
    }

    /// A membership on either side.
    pub(crate) fn group(&mut self, name: &str, django: bool, pool: bool) -> Verdict {
        if django == pool {
            match django {
                true => self.next.groups.insert(name.to_owned()),
                false => self.next.groups.remove(name),
            };
            return Verdict::Agree;
        }
        let base = match (self.past.base, self.past.migrated) {
            (Some(base), _) => Some(base.groups.contains(name)),
            (None, true) => Some(false),
            (None, false) => None,
        };
        let verdict = self.first_look(base, django, pool);
        if base.is_none() {
            // Neither is newer: the next look must find the same.
            match pool {
                true => self.next.groups.insert(name.to_owned()),
                false => self.next.groups.remove(name),
            };
        }
        verdict
    }

    /// Whether the person may sign in, on either side.
    pub(crate) fn enabled(&mut self, django: bool, pool: bool) -> Verdict {
        if django == pool {
            self.next.enabled = django;
            return Verdict::Agree;
        }
        let base = match (self.past.base, self.past.migrated) {
            (Some(base), _) => Some(base.enabled),
            (None, true) => Some(true),
            (None, false) => None,
        };
        if base.is_none() {
            self.next.enabled = pool;
        }
        self.first_look(base, django, pool)
    }

    fn first_look(&self, base: Option<bool>, django: bool, pool: bool) -> Verdict {
        let verdict = match base {
            Some(base) => verdict(django != base, pool != base),
            None if self.past.unmodified => Verdict::Travels,
            None => Verdict::Conflict,
        };
        self.settled(verdict)
    }

    fn settled(&self, verdict: Verdict) -> Verdict {
        match (verdict, self.prefer) {
            (Verdict::Conflict, Some(Prefer::Django)) => Verdict::Travels,
            (Verdict::Conflict, Some(Prefer::Pool)) => Verdict::Stays,
            (verdict, _) => verdict,
        }
    }

    /// What both sides agree on now, where that is known.
    pub(crate) fn next(self) -> Base {
        self.next
    }
}

fn verdict(django_changed: bool, pool_changed: bool) -> Verdict {
    match (django_changed, pool_changed) {
        (true, false) => Verdict::Travels,
        (false, true) => Verdict::Stays,
        _ => Verdict::Conflict,
    }
}

fn set(attributes: &mut BTreeMap<String, String>, name: &str, value: Option<String>) {
    match value {
        Some(value) => attributes.insert(name.to_owned(), value),
        None => attributes.remove(name),
    };
}

/// What is compared of a value: an empty one is none, an address has no letter case, and a flag
/// that is not set is not there.
pub(crate) fn normalized(name: &str, value: Option<&str>) -> Option<String> {
    let value = value.filter(|value| !value.is_empty())?;
    match name {
        "email" => Some(value.to_lowercase()),
        "email_verified" | "phone_number_verified" => (value == "true").then(|| value.to_owned()),
        _ => Some(value.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const NAME: &str = "given_name";

    fn past<'a>(base: Option<&'a Base>) -> Past<'a> {
        Past {
            base,
            migrated: false,
            unmodified: false,
        }
    }

    fn base_of(key: &BaseKey, value: &str) -> Base {
        Base {
            attributes: BTreeMap::from([(NAME.to_owned(), key.digest(NAME, value))]),
            groups: BTreeSet::from(["editors".to_owned()]),
            enabled: true,
        }
    }

    #[test]
    fn what_changed_on_one_side_alone_is_newer() {
        let key = BaseKey::random();
        let base = base_of(&key, "Ann");
        let said = |django, pool| {
            ThreeWay::new(&key, past(Some(&base)), None).attribute(NAME, django, pool)
        };
        assert_eq!(said(Some("Ann"), Some("Ann")), Verdict::Agree);
        assert_eq!(said(Some("Anna"), Some("Ann")), Verdict::Travels);
        assert_eq!(said(None, Some("Ann")), Verdict::Travels);
        assert_eq!(said(Some("Ann"), Some("Anna")), Verdict::Stays);
        assert_eq!(said(Some("Ann"), None), Verdict::Stays);
        assert_eq!(said(Some("Anna"), Some("Annie")), Verdict::Conflict);
        assert_eq!(said(Some("Anna"), Some("Anna")), Verdict::Agree);
    }

    #[test]
    fn a_membership_that_either_side_took_away_does_not_return() {
        let key = BaseKey::random();
        let base = base_of(&key, "Ann");
        let said = |name, django, pool| {
            ThreeWay::new(&key, past(Some(&base)), None).group(name, django, pool)
        };
        assert_eq!(said("editors", true, false), Verdict::Stays);
        assert_eq!(said("editors", false, true), Verdict::Travels);
        assert_eq!(said("admins", true, false), Verdict::Travels);
        assert_eq!(said("admins", false, true), Verdict::Stays);
    }

    #[test]
    fn a_preferred_side_wins_a_conflict_and_the_next_look_finds_none() {
        let key = BaseKey::random();
        let base = base_of(&key, "Ann");
        for (prefer, first) in [
            (Prefer::Django, Verdict::Travels),
            (Prefer::Pool, Verdict::Stays),
        ] {
            let mut look = ThreeWay::new(&key, past(Some(&base)), Some(prefer));
            assert_eq!(look.attribute(NAME, Some("Anna"), Some("Annie")), first);
            let next = look.next();
            let mut again = ThreeWay::new(&key, past(Some(&next)), None);
            let pool = match prefer {
                Prefer::Django => "Anna",
                Prefer::Pool => "Annie",
            };
            let verdict = again.attribute(NAME, Some("Anna"), Some(pool));
            assert!(
                matches!(verdict, Verdict::Agree | Verdict::Stays),
                "{verdict:?}"
            );
        }
    }

    #[test]
    fn without_a_base_an_untouched_user_follows_django_and_a_touched_one_is_a_conflict() {
        let key = BaseKey::random();
        let untouched = Past {
            unmodified: true,
            ..past(None)
        };
        let mut look = ThreeWay::new(&key, untouched, None);
        assert_eq!(
            look.attribute(NAME, Some("Anna"), Some("Ann")),
            Verdict::Travels
        );
        let mut look = ThreeWay::new(&key, past(None), None);
        assert_eq!(
            look.attribute(NAME, Some("Anna"), Some("Ann")),
            Verdict::Conflict
        );
        // And stays one for as long as nobody settles it.
        let next = look.next();
        let mut again = ThreeWay::new(&key, past(Some(&next)), None);
        assert_eq!(
            again.attribute(NAME, Some("Anna"), Some("Ann")),
            Verdict::Conflict
        );
    }

    #[test]
    fn whoever_signed_in_gets_the_groups_that_the_trigger_could_not_bring() {
        let key = BaseKey::random();
        let migrated = Past {
            migrated: true,
            ..past(None)
        };
        let mut look = ThreeWay::new(&key, migrated, None);
        assert_eq!(look.group("editors", true, false), Verdict::Travels);
        // Somebody gave it to them there.
        assert_eq!(look.group("admins", false, true), Verdict::Stays);
        assert_eq!(look.enabled(false, true), Verdict::Travels);
    }

    #[test]
    fn an_address_has_no_letter_case_and_an_unset_flag_is_none() {
        let key = BaseKey::random();
        let mut look = ThreeWay::new(&key, past(None), None);
        assert_eq!(
            look.attribute("email", Some("Ann@Example.com"), Some("ann@example.com")),
            Verdict::Agree
        );
        assert_eq!(
            look.attribute("email_verified", Some("false"), None),
            Verdict::Agree
        );
        assert_eq!(look.attribute(NAME, None, Some("")), Verdict::Agree);
    }
}

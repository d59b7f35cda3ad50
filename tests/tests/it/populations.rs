//! That the tests' own counterparts work: populations on every engine, and Django's word on them.

use acceptance_tests::{Engine, LegacyDatabase, Shape};

#[test]
fn django_repeats_what_the_canaries_say_it_said() {
    for engine in [Engine::Sqlite, Engine::Postgres, Engine::Mysql] {
        for shape in [Shape::Stock, Shape::EmailLogin, Shape::Uuid, Shape::Allauth] {
            let legacy = LegacyDatabase::of(shape, engine);
            let typed = legacy
                .canaries()
                .iter()
                .map(|c| (c.login.as_str(), c.password.as_str()));
            let answers = legacy.ask_django(typed);
            for (canary, answer) in legacy.canaries().iter().zip(answers) {
                let said = if answer.is_some() {
                    "signs-in"
                } else {
                    "refused"
                };
                assert_eq!(canary.django, said, "{shape} on {engine}: {}", canary.note);
            }
            assert_eq!(legacy.users().len(), 300);
        }
    }
}

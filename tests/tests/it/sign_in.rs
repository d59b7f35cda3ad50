//! First sign-ins through boto3 and the real trigger, on every engine and shape: who gets in, as
//! whom, and what the others are told. The judge is Django's own `authenticate()`.

use std::collections::{BTreeMap, BTreeSet};

use acceptance_tests::{
    Canary, Engine, LegacyDatabase, LegacyUser, PoolClient, PoolUser, Refusal, Shape, Workplace,
};

macro_rules! on_every_engine_and_shape {
    ($($name:ident: $shape:ident on $engine:ident,)*) => {
        $(#[test]
        fn $name() {
            sign_ins_come_out_as_in_django(Shape::$shape, Engine::$engine);
        })*
    };
}

on_every_engine_and_shape! {
    stock_users_on_sqlite_sign_in_as_in_django: Stock on Sqlite,
    stock_users_on_postgres_sign_in_as_in_django: Stock on Postgres,
    stock_users_on_mysql_sign_in_as_in_django: Stock on Mysql,
    email_login_users_on_sqlite_sign_in_as_in_django: EmailLogin on Sqlite,
    email_login_users_on_postgres_sign_in_as_in_django: EmailLogin on Postgres,
    email_login_users_on_mysql_sign_in_as_in_django: EmailLogin on Mysql,
    uuid_users_on_sqlite_sign_in_as_in_django: Uuid on Sqlite,
    uuid_users_on_postgres_sign_in_as_in_django: Uuid on Postgres,
    uuid_users_on_mysql_sign_in_as_in_django: Uuid on Mysql,
    allauth_users_on_sqlite_sign_in_as_in_django: Allauth on Sqlite,
    allauth_users_on_postgres_sign_in_as_in_django: Allauth on Postgres,
    allauth_users_on_mysql_sign_in_as_in_django: Allauth on Mysql,
}

/// Somebody who got in.
struct Entered<'a> {
    canary: &'a Canary,
    user: PoolUser,
}

fn sign_ins_come_out_as_in_django(shape: Shape, engine: Engine) {
    let workplace = Workplace::new(shape, engine);
    let pool = workplace.serve_pool();
    let mut client = pool.client();
    let legacy = workplace.legacy();

    let mut entered = Vec::new();
    let mut refused = Vec::new();
    for canary in legacy.canaries() {
        match client.sign_in(&canary.login, &canary.password) {
            Ok(tokens) => entered.push(Entered {
                canary,
                user: client.user_of(&tokens),
            }),
            Err(refusal) => refused.push((canary, refusal)),
        }
    }

    everybody_entered_or_not_as_expected(&entered, &refused, shape);
    django_agrees(legacy, &entered, &refused);
    refusals_tell_nothing(&refused);
    every_algorithm_was_among_them(&entered);
    everybody_has_the_mapped_attributes(legacy, &entered);
    nobody_else_is_in_the_pool(&mut client, &entered);
    the_trigger_is_not_needed_again(&mut client, &entered, shape);
}

fn everybody_entered_or_not_as_expected(
    entered: &[Entered<'_>],
    refused: &[(&Canary, Refusal)],
    shape: Shape,
) {
    for Entered { canary, user } in entered {
        assert!(
            canary.signs_in(),
            "got in: {} ({:?})",
            canary.note,
            canary.reason_lowered
        );
        if !canary.fits_cognito {
            // The fixtures call doubtful what Cognito may or may not take; what it never takes
            // is plain.
            let name = &user.username;
            let like_email = name
                .split_once('@')
                .is_some_and(|(_, domain)| domain.contains('.'));
            assert!(!name.contains(char::is_whitespace) && name.chars().count() <= 128);
            assert!(!(shape.has_email_alias() && like_email), "{}", canary.note);
        }
    }
    for (canary, refusal) in refused {
        let expected = !canary.signs_in() || !canary.fits_cognito;
        assert!(
            expected,
            "kept out: {} ({:?}): {refusal:?}",
            canary.note, canary.rule
        );
    }
}

/// Asks Django twice about everybody: with the login in lower case, as a case-insensitive pool
/// passes it on, and with the login as it is stored.
fn django_agrees(legacy: &LegacyDatabase, entered: &[Entered<'_>], refused: &[(&Canary, Refusal)]) {
    let users: BTreeMap<&str, &LegacyUser> = legacy
        .users()
        .iter()
        .map(|user| (user.id.as_str(), user))
        .collect();
    let stored = |user: &PoolUser| {
        let id = user.legacy_id().expect("the mapping has the key");
        let user = users.get(id).expect("it is a key of the legacy database");
        user.username.as_deref().unwrap_or(&user.email)
    };
    let own_logins = entered
        .iter()
        .map(|e| (stored(&e.user), e.canary.password.as_str()));
    for (Entered { canary, user }, django) in entered.iter().zip(legacy.ask_django(own_logins)) {
        let id = user.legacy_id().map(str::to_owned);
        assert_eq!(
            django, id,
            "Django lets in by the stored login: {}",
            canary.note
        );
    }

    let lowered: Vec<(String, &str)> = entered
        .iter()
        .map(|entered| entered.canary)
        .chain(refused.iter().map(|(canary, _)| *canary))
        .map(|canary| (canary.login.to_lowercase(), canary.password.as_str()))
        .collect();
    let answers = legacy.ask_django(lowered.iter().map(|(login, word)| (login.as_str(), *word)));
    let (of_entered, of_refused) = answers.split_at(entered.len());
    let mut case_alone = 0;
    for (Entered { canary, user }, django) in entered.iter().zip(of_entered) {
        match django {
            Some(id) => assert_eq!(user.legacy_id(), Some(id.as_str()), "{}", canary.note),
            // The project's rule: the only user who differs by case alone is meant.
            None => case_alone += 1,
        }
    }
    let mut several_or_first = 0;
    for ((canary, refusal), django) in refused.iter().zip(of_refused) {
        if django.is_some() && canary.fits_cognito {
            // The project's rules: an exact match wins, else of several users nobody is meant;
            // who is found by username is not looked for by e-mail. Django tries them all.
            let answering = who_answers_to(legacy, &canary.login);
            assert!(
                answering > 1,
                "Django lets in: {}: {refusal:?}",
                canary.note
            );
            several_or_first += 1;
        }
    }
    // The exceptions are few; were they many, nothing above would mean much.
    assert!(
        case_alone <= 12 && several_or_first <= 3,
        "{case_alone}, {several_or_first}"
    );
}

/// How many users have this login as username or e-mail, letter case aside.
fn who_answers_to(legacy: &LegacyDatabase, login: &str) -> usize {
    let login = login.to_lowercase();
    let has = |user: &&LegacyUser| {
        let username = user
            .username
            .as_ref()
            .is_some_and(|name| name.to_lowercase() == login);
        username || user.email.to_lowercase() == login
    };
    legacy.users().iter().filter(has).count()
}

/// Whoever is kept out is told the same, whatever the reason. What could not be checked at all is
/// said to be so: nobody is told that a password is wrong which may be right.
fn refusals_tell_nothing(refused: &[(&Canary, Refusal)]) {
    let unchecked = |canary: &Canary| {
        let reason = canary.reason_lowered.as_deref();
        matches!(
            reason,
            Some("algorithm-unsupported" | "cost-limit-exceeded")
        )
    };
    let told = |which: bool| -> BTreeSet<&Refusal> {
        let those = refused
            .iter()
            .filter(|(canary, _)| unchecked(canary) == which);
        those.map(|(_, refusal)| refusal).collect()
    };
    let refusals = told(false);
    assert_eq!(refusals.len(), 1, "{refusals:?}");
    let refusal = refusals.first().expect("counted above");
    assert_eq!(refusal.code, "NotAuthorizedException");
    assert_eq!(refusal.message, "Incorrect username or password.");
    let reasons: BTreeSet<Option<&str>> = refused
        .iter()
        .map(|(canary, _)| canary.reason_lowered.as_deref())
        .collect();
    for reason in [
        "password-mismatch",
        "user-unknown",
        "user-inactive",
        "password-unusable",
        "hash-malformed",
        "algorithm-unsupported",
        "cost-limit-exceeded",
    ] {
        assert!(
            reasons.contains(&Some(reason)),
            "nobody was refused for {reason}"
        );
    }
    let outages = told(true);
    assert_eq!(outages.len(), 1, "{outages:?}");
    let outage = outages.first().expect("counted above");
    assert_eq!(outage.code, "UserLambdaValidationException");
    assert!(
        outage.message.contains("could not check your sign-in"),
        "{outage:?}"
    );
}

fn every_algorithm_was_among_them(entered: &[Entered<'_>]) {
    let algorithms: BTreeSet<&str> = entered
        .iter()
        .filter_map(|e| e.canary.algorithm.as_deref())
        .collect();
    let all = [
        "argon2",
        "bcrypt",
        "bcrypt_sha256",
        "crypt",
        "md5",
        "pbkdf2_sha1",
        "pbkdf2_sha256",
        "scrypt",
        "sha1",
        "unsalted_md5",
        "unsalted_sha1",
    ];
    assert_eq!(algorithms, BTreeSet::from(all));
}

fn everybody_has_the_mapped_attributes(legacy: &LegacyDatabase, entered: &[Entered<'_>]) {
    for Entered { canary, user } in entered {
        let id = user.legacy_id().expect("the mapping has the key");
        let from = legacy
            .users()
            .iter()
            .find(|from| from.id == id)
            .expect("a legacy user");
        assert_eq!(
            (user.status.as_str(), user.enabled),
            ("CONFIRMED", true),
            "{}",
            canary.note
        );
        crate::mapping::assert_attributes(legacy, from, user);
    }
}

fn nobody_else_is_in_the_pool(client: &mut PoolClient, entered: &[Entered<'_>]) {
    let content = client.content();
    let names: BTreeSet<&str> = entered.iter().map(|e| e.user.username.as_str()).collect();
    assert_eq!(names.len(), entered.len(), "two people became one user");
    assert_eq!(
        content.keys().map(String::as_str).collect::<BTreeSet<_>>(),
        names
    );
}

fn the_trigger_is_not_needed_again(client: &mut PoolClient, entered: &[Entered<'_>], shape: Shape) {
    let runs = client.trigger_runs();
    for Entered { canary, user } in entered {
        let alias = shape.has_email_alias() && user.username != canary.login.to_lowercase();
        // Only a verified e-mail is a name to the pool (developer guide, "Customizing sign-in
        // attributes"); who signed in by another has the username from then on.
        let by_username = alias && user.attribute("email_verified") != Some("true");
        let login = if by_username {
            &user.username
        } else {
            &canary.login
        };
        let tokens = client.sign_in(login, &canary.password);
        let tokens = tokens.unwrap_or_else(|refusal| panic!("{}: {refusal:?}", canary.note));
        assert_eq!(
            client.user_of(&tokens).username,
            user.username,
            "{}",
            canary.note
        );
    }
    assert_eq!(
        client.trigger_runs(),
        runs,
        "the trigger was asked for somebody in the pool"
    );
}

#[test]
fn two_first_sign_ins_at_once_make_one_user() {
    let workplace = Workplace::new(Shape::Allauth, Engine::Postgres);
    let pool = workplace.serve_pool();
    let canaries = workplace.legacy().canaries();
    let plain =
        |canary: &&Canary| canary.signs_in() && canary.fits_cognito && canary.django == "signs-in";
    let canaries: Vec<&Canary> = canaries.iter().filter(plain).take(8).collect();
    let subs: Vec<BTreeSet<String>> = std::thread::scope(|scope| {
        let sign_in_all = || {
            let mut client = pool.client();
            let sub_of = |canary: &&Canary| {
                // Whoever comes second while the first is being created may be refused once.
                let tokens = (client.sign_in(&canary.login, &canary.password))
                    .or_else(|_| client.sign_in(&canary.login, &canary.password));
                let tokens = tokens.unwrap_or_else(|e| panic!("{}: {e:?}", canary.note));
                client
                    .user_of(&tokens)
                    .attribute("sub")
                    .expect("everybody has one")
                    .to_owned()
            };
            canaries.iter().map(sub_of).collect::<Vec<String>>()
        };
        let people: Vec<_> = (0..3).map(|_| scope.spawn(sign_in_all)).collect();
        let mut subs = vec![BTreeSet::new(); canaries.len()];
        for person in people {
            let seen = person.join().expect("everybody signs in");
            for (subs, sub) in subs.iter_mut().zip(seen) {
                subs.insert(sub);
            }
        }
        subs
    });
    assert_eq!(subs.len(), 8);
    assert!(subs.iter().all(|subs| subs.len() == 1), "{subs:?}");
    assert_eq!(pool.client().content().len(), 8);
}

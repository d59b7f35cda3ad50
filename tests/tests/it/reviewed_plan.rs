//! A plan on paper: a dry run writes it, somebody reviews it, and the import keeps to it.

use acceptance_tests::{Engine, Shape, Workplace};

use crate::import_run::{import, import_all, outcomes};

const RESETS: &str = "--approve-password-reset";

#[test]
fn whoever_meets_the_condition_is_left_for_first_login_and_the_plan_says_since_when() {
    let mut workplace = Workplace::with_own_database(Shape::Stock);
    let recent = "UPDATE auth_user SET last_login = datetime('now', '-10 days')";
    let old = "UPDATE auth_user SET last_login = datetime('now', '-400 days')
               WHERE username LIKE 'amy.%'";
    workplace
        .legacy_mut()
        .execute(&[recent.to_owned(), old.to_owned()]);
    let pool = workplace.serve_pool();
    let condition = ["--keep-for-first-login", "last_login > 90 days"];
    let flags = [RESETS, condition[0], condition[1]];
    let (_, finished) = import_all(&workplace, &pool, "dry", &flags);
    assert!(
        finished.stdout.contains("last_login later than 20"),
        "{finished:?}"
    );

    let (accounts, _) = import_all(
        &workplace,
        &pool,
        "kept",
        &[&flags[..], &["--execute"]].concat(),
    );
    accounts.assert_whole(workplace.legacy().users().len());
    let rows = outcomes(&workplace, "kept");
    let mut amys = 0;
    for user in workplace.legacy().users() {
        if !user.is_ordinary() || !user.is_active || user.algorithm.is_none() {
            continue;
        }
        let row = &rows[&user.id];
        if user
            .username
            .as_deref()
            .is_some_and(|name| name.starts_with("amy."))
        {
            assert_eq!(row.outcome, "created", "{row:?}");
            amys += 1;
        } else {
            assert_eq!(
                (row.outcome.as_str(), row.reason.as_str()),
                ("held", "may-still-sign-in")
            );
        }
    }
    assert!(amys > 5, "{amys}");
}

#[test]
fn what_is_no_condition_is_refused_with_the_accepted_forms() {
    let workplace = Workplace::new(Shape::Stock, Engine::Sqlite);
    for bad in ["last_login > 90", "email > 9 days", "90"] {
        let program = workplace.cutover(&["import", "--keep-for-first-login", bad]);
        let finished = program.run().expect_code(2);
        for part in [
            bad,
            "--keep-for-first-login",
            "last_login > 90 days",
            "date_joined",
        ] {
            assert!(finished.stderr.contains(part), "{part}: {finished:?}");
        }
    }
}

#[test]
fn an_import_keeps_to_the_reviewed_plan_whoever_signs_in_meanwhile() {
    let workplace = Workplace::new(Shape::Allauth, Engine::Sqlite);
    let pool = workplace.serve_pool();
    let (_, dry) = import_all(&workplace, &pool, "night", &[RESETS, "--plan", "plan.json"]);
    let plan = workplace.folder().json("plan.json");
    let digest = plan["digest"].as_str().expect("a digest");
    assert!(dry.stdout.contains(&digest[..12]), "{dry:?}");
    assert!(
        dry.stderr.contains("--reviewed-plan in place of --plan"),
        "the next step: {dry:?}"
    );
    for part in [
        "calls",
        "seconds_at_share",
        "cannot_be_undone",
        "becoming_billable",
        "groups",
    ] {
        assert!(plan.get(part).is_some(), "no {part} in the plan");
    }
    let counted: u64 = plan["users"]
        .as_array()
        .expect("users by what becomes of them")
        .iter()
        .filter_map(|count| count["users"].as_u64())
        .sum();
    assert_eq!(counted, workplace.legacy().users().len() as u64);
    let text = workplace.folder().read("plan.json");
    assert!(!text.contains('@'), "no e-mail stands in a plan");

    // People go on signing in.
    let mut client = pool.client();
    let canaries = workplace.legacy().canaries().iter();
    let mut signed_in = 0;
    for canary in canaries
        .filter(|canary| canary.signs_in() && canary.fits_cognito)
        .take(4)
    {
        client
            .sign_in(&canary.login, &canary.password)
            .expect("they sign in");
        signed_in += 1;
    }
    let flags = [RESETS, "--execute", "--reviewed-plan", "plan.json"];
    let (accounts, _) = import_all(&workplace, &pool, "night", &flags);
    accounts.assert_whole(workplace.legacy().users().len());
    assert_eq!(accounts.already_in_pool, signed_in);
    let planned = plan["to_create"].as_u64().expect("a number");
    assert_eq!(accounts.created as u64 + signed_in as u64, planned);
    // And again: there is nothing left to differ.
    import_all(&workplace, &pool, "night", &flags);
}

#[test]
fn an_import_that_is_not_the_reviewed_one_is_refused_with_what_changed() {
    let mut workplace = Workplace::with_own_database(Shape::Stock);
    let pool = workplace.serve_pool();
    import_all(&workplace, &pool, "night", &["--plan", "plan.json"]);
    let refused = |workplace: &Workplace, run: &str, flags: &[&str], said: &str| {
        let flags = [flags, &["--reviewed-plan", "plan.json"]].concat();
        for more in [&[][..], &["--execute"]] {
            let finished = import(workplace, &pool, run, &[&flags[..], more].concat())
                .run()
                .expect_code(2);
            assert!(finished.stderr.contains(said), "{said}: {finished:?}");
            assert!(
                finished.stderr.contains("--plan"),
                "the next step: {finished:?}"
            );
        }
        assert!(pool.client().content().is_empty(), "{said}");
    };
    refused(
        &workplace,
        "night",
        &[RESETS],
        "--approve-password-reset was not given, and now is ",
    );
    refused(
        &workplace,
        "other",
        &["--final-state", "invite"],
        "--final-state was confirmed-random, and now is invite",
    );
    // Whom nobody reviewed is left out, and the others are imported: people who lost their password
    // since, and somebody who was slipped into a group.
    let changes = [
        "UPDATE auth_user SET password = '!' WHERE username LIKE 'amy.%'",
        "INSERT INTO auth_group (name) VALUES ('superadmins')",
        "INSERT INTO auth_user_groups (user_id, group_id)
             SELECT (SELECT MIN(id) FROM auth_user WHERE password LIKE '!%'
                       AND username NOT LIKE 'amy.%' AND is_active), id
             FROM auth_group WHERE name = 'superadmins'",
    ];
    let changes = changes.map(ToOwned::to_owned);
    workplace.legacy_mut().execute(&changes);
    let flags = ["--execute", "--reviewed-plan", "plan.json"];
    let (accounts, _) = import_all(&workplace, &pool, "night", &flags);
    accounts.assert_whole(workplace.legacy().users().len());
    assert!(accounts.created > 0);
    let rows = outcomes(&workplace, "night");
    let left_out: Vec<_> = rows
        .values()
        .filter(|row| row.reason == "not-in-reviewed-plan")
        .collect();
    let amys = left_out
        .iter()
        .filter(|row| row.username.starts_with("amy."));
    assert!(amys.count() > 5, "{left_out:?}");
    assert!(
        left_out.iter().any(|row| !row.username.starts_with("amy.")),
        "somebody was slipped into a group: {left_out:?}"
    );
    let content = pool.client().content();
    assert!(
        content
            .values()
            .all(|user| !user.groups.contains("superadmins")),
        "nobody reviewed that"
    );

    let edited = workplace
        .folder()
        .read("plan.json")
        .replace("\"disabled\"", "\"hold\"");
    workplace.folder().write("plan.json", edited);
    let finished = import(&workplace, &pool, "third", &flags)
        .run()
        .expect_code(2);
    assert!(
        finished.stderr.contains("was changed after it was written"),
        "{finished:?}"
    );
}

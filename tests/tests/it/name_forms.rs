//! Names that Django takes for one and Unicode writes in several ways.

use acceptance_tests::{Canary, Engine, Shape, Workplace};

use crate::import_run::{import_all, outcomes};

#[test]
fn another_form_of_a_name_is_another_name_for_the_pool_and_makes_nobody() {
    let workplace = Workplace::new(Shape::Allauth, Engine::Sqlite);
    let pool = workplace.serve_pool();
    let mut client = pool.client();
    // The plan is made before they sign in, the users are created after it.
    let without_resets = ["--execute"];
    import_all(&workplace, &pool, "before", &without_resets);
    let canaries = workplace.legacy().canaries().iter();
    let canaries: Vec<&Canary> = canaries
        .filter(|canary| canary.signs_in() && canary.note.contains("NFKC"))
        .collect();
    for canary in &canaries {
        // Django takes this form; Cognito would make a user of this name.
        client
            .sign_in(&canary.login, &canary.password)
            .expect_err("nobody has this name in the pool");
    }
    let flags = ["--execute", "--approve-password-reset"];
    let (accounts, _) = import_all(&workplace, &pool, "after", &flags);
    accounts.assert_whole(workplace.legacy().users().len());
    let rows = outcomes(&workplace, "after");
    for canary in canaries {
        let id = canary.legacy_id.as_ref().expect("they mean one user");
        assert_eq!(rows[id].outcome, "created", "{}", canary.note);
    }
}

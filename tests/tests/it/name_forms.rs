//! Names that Django takes for one and Unicode writes in several ways.

use acceptance_tests::{Canary, Engine, Shape, Workplace};

use crate::import_run::{import_all, outcomes};

#[test]
fn whoever_signed_in_by_another_form_of_the_name_is_no_failure_of_the_import() {
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
        client
            .sign_in(&canary.login, &canary.password)
            .expect("Django takes this form");
    }
    let flags = ["--execute", "--approve-password-reset"];
    let (accounts, _) = import_all(&workplace, &pool, "after", &flags);
    accounts.assert_whole(workplace.legacy().users().len());
    let rows = outcomes(&workplace, "after");
    for canary in canaries {
        let id = canary.legacy_id.as_ref().expect("they mean one user");
        assert_eq!(rows[id].outcome, "already_in_pool", "{}", canary.note);
    }
}

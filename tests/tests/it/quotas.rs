//! Request quotas of the local pool, as `--quotas` chooses them.

use std::collections::BTreeSet;

use acceptance_tests::{Engine, Pool, Shape, Workplace};

#[test]
fn quotas_are_cognitos_unless_switched_off() {
    let workplace = Workplace::new(Shape::Stock, Engine::Sqlite);
    // One call a second in a category, and room for no more: the next ones are refused.
    let quotas = workplace
        .folder()
        .write("quotas.toml", "[rates]\nUserRead = 1\n");
    let serve = workplace
        .cutover(&["pool", "serve", "--quotas"])
        .arg(quotas);
    let pool = Pool::start(serve, workplace.folder());
    let mut client = pool.client();
    let codes: BTreeSet<String> = (0..20)
        .map(|_| client.user("nobody").expect_err("there is nobody").code)
        .collect();
    assert!(codes.contains("TooManyRequestsException"), "{codes:?}");
}

//! Both sides live for a few hundred steps: people sign in, change, leave and come back, in Django
//! and in the pool, while an operator imports, is killed, stops, reconciles and undoes. After each
//! step the pool is held to a plain model of what nobody may find: a person lost, doubled, given
//! another's account, overwritten with older data, given a group that was taken away, or left
//! without a way in.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use acceptance_tests::{Pool, PoolClient, PoolUser, Program, Workplace, until};
use rand::rngs::StdRng;
use rand::seq::{IndexedRandom, IteratorRandom};
use rand::{RngExt, SeedableRng};
use serde_json::json;

use crate::small_app::{self, GROUPS, PASSWORDS};

/// People in Django at the start.
const PEOPLE: u32 = 24;
const STEPS: usize = 260;
/// What Django keeps of a person.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Row {
    username: String,
    given_name: String,
    groups: BTreeSet<String>,
    active: bool,
    password: usize,
}

/// What the model knows of a person's pool user.
#[derive(Clone, Debug)]
struct Linked {
    sub: String,
    username: String,
    /// What both sides last agreed on.
    base: Agreed,
    /// A password that must open the door, if the model knows one.
    password: Option<String>,
    /// Whether somebody signed in or was changed in the pool since the tool made them.
    used: bool,
    /// The tool need not know a base yet: an import was killed before it was through with them, or
    /// they came by signing in and no reconciliation has seen them agree.
    unfinished: bool,
    /// Groups on which both sides were seen to agree anew by chance, which the tool may have noticed
    /// or not.
    by_chance: BTreeSet<String>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
struct Agreed {
    given_name: String,
    groups: BTreeSet<String>,
    enabled: bool,
}

impl Linked {
    /// What an import that came to its end may have learnt.
    fn seen_by_an_import(&mut self, row: &Row, user: &PoolUser) {
        let now = Agreed {
            given_name: user.attribute("given_name").unwrap_or_default().to_owned(),
            groups: user.groups.clone(),
            enabled: user.enabled,
        };
        let agree = now.given_name == row.given_name
            && now.groups == row.groups
            && now.enabled == row.active;
        if self.unfinished {
            if agree && !self.used {
                (self.base, self.unfinished) = (now, false);
            }
            return;
        }
        for group in GROUPS {
            let both = row.groups.contains(group) == user.groups.contains(group);
            if both && self.base.groups.contains(group) != user.groups.contains(group) {
                self.by_chance.insert(group.to_owned());
            }
        }
    }
}

#[derive(Default)]
struct Person {
    row: Option<Row>,
    pool: Option<Linked>,
    /// Deleted in the pool by its administrator: must not come back by itself.
    deleted_in_pool: bool,
}

struct World {
    chance: StdRng,
    workplace: Workplace,
    pool: Pool,
    client: PoolClient,
    people: BTreeMap<u32, Person>,
    /// Pool users who registered by themselves, by sub, as they were last seen.
    strangers: BTreeMap<String, PoolUser>,
    next_id: u32,
    counter: u32,
    runs: Vec<String>,
    history: Vec<String>,
}

/// One that found a fault. Always the same, so that a change is not judged by another's luck; others are
/// for whoever looks for faults.
const SEED: u64 = 6_168_880_605_991_916_809;

#[test]
fn both_sides_live_and_nobody_is_lost_doubled_or_set_back() {
    let seed = match std::env::var("CUTOVER_TEST_SEED") {
        Ok(text) => text.parse().expect("CUTOVER_TEST_SEED is a number"),
        Err(_) => SEED,
    };
    let mut world = World::new(seed);
    let lived = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        for _ in 0..STEPS {
            world.step();
        }
        world.end_well();
    }));
    if let Err(panic) = lived {
        let told = world.history.join("\n");
        #[expect(
            clippy::print_stdout,
            reason = "a test that uses chance says how to repeat it"
        )]
        {
            println!("to repeat this: CUTOVER_TEST_SEED={seed}\n{told}");
        }
        std::panic::resume_unwind(panic);
    }
}

impl World {
    fn new(seed: u64) -> World {
        let workplace = small_app::workplace();
        let serve = workplace.cutover(&["pool", "serve", "--quotas", "off"]);
        let pool = Pool::start(with_claims(serve, &workplace), workplace.folder());
        let client = pool.client();
        let mut world = World {
            chance: StdRng::seed_from_u64(seed),
            workplace,
            pool,
            client,
            people: BTreeMap::new(),
            strangers: BTreeMap::new(),
            next_id: 1,
            counter: 0,
            runs: Vec::new(),
            history: Vec::new(),
        };
        for _ in 0..PEOPLE {
            world.register_in_django();
        }
        world
    }

    fn step(&mut self) {
        match self.chance.random_range(0..100) {
            0..=3 => self.register_in_django(),
            4..=9 => self.rename_given_name_in_django(),
            10..=13 => self.change_username_in_django(),
            14..=17 => self.change_password_in_django(),
            18..=25 => self.change_group_in_django(),
            26..=29 => self.change_activity_in_django(),
            30..=31 => self.delete_in_django(),
            32..=51 => self.sign_in(),
            52..=55 => self.rename_given_name_in_pool(),
            56..=61 => self.change_group_in_pool(),
            62..=64 => self.delete_in_pool(),
            65..=66 => self.set_password_in_pool(),
            67..=69 => self.register_in_pool(),
            70..=77 => self.import(),
            78..=84 => self.killed_import(),
            85..=86 => self.stopped_import(),
            87..=97 => self.reconcile(),
            _ => self.undo(),
        }
    }

    // Django's side.

    fn register_in_django(&mut self) {
        let id = self.next_id;
        self.next_id += 1;
        let number = self.count();
        // Now and then the name of somebody who is gone.
        let gone = |person: &&Person| person.row.is_none();
        let free = self.people.values().filter(gone);
        let old = free.filter_map(|person| person.pool.as_ref().map(|pool| pool.username.clone()));
        let names: Vec<String> = old.filter(|name| !self.is_a_username(name)).collect();
        let again = names
            .choose(&mut self.chance)
            .filter(|_| number.is_multiple_of(3));
        let username = again.cloned().unwrap_or_else(|| format!("person{number}"));
        let password = self.chance.random_range(0..PASSWORDS.len());
        let row = Row {
            username: username.clone(),
            given_name: format!("Given{number}"),
            groups: BTreeSet::new(),
            active: true,
            password,
        };
        self.tell(format!("django: {id} registers as {username}"));
        self.django(&format!(
            "INSERT INTO auth_user (id, username, email, password, first_name, last_name, is_active, is_staff, is_superuser, last_login, date_joined) \
             VALUES ({id}, '{username}', 'person{id}@example.org', '{}', 'Given{number}', '', 1, 0, 0, NULL, '2020-01-01 00:00:00')",
            PASSWORDS[password].1
        ));
        let person = Person {
            row: Some(row),
            ..Person::default()
        };
        self.people.insert(id, person);
    }

    fn rename_given_name_in_django(&mut self) {
        let Some(id) = self.somebody_in_django() else {
            return;
        };
        let name = format!("Dj{}", self.count());
        self.tell(format!("django: {id} is called {name}"));
        self.django(&format!(
            "UPDATE auth_user SET first_name = '{name}' WHERE id = {id}"
        ));
        self.row(id).given_name = name;
    }

    fn change_username_in_django(&mut self) {
        let Some(id) = self.somebody_in_django() else {
            return;
        };
        let name = format!("renamed{}", self.count());
        self.tell(format!("django: {id} renames to {name}"));
        self.django(&format!(
            "UPDATE auth_user SET username = '{name}' WHERE id = {id}"
        ));
        self.row(id).username = name;
    }

    fn change_password_in_django(&mut self) {
        let Some(id) = self.somebody_in_django() else {
            return;
        };
        let password = self.chance.random_range(0..PASSWORDS.len());
        self.tell(format!("django: {id} sets password {password}"));
        self.django(&format!(
            "UPDATE auth_user SET password = '{}' WHERE id = {id}",
            PASSWORDS[password].1
        ));
        self.row(id).password = password;
    }

    fn change_group_in_django(&mut self) {
        let Some(id) = self.somebody_in_django() else {
            return;
        };
        let at = self.chance.random_range(0..GROUPS.len());
        let group = GROUPS[at].to_owned();
        let number = at + 1;
        if self.row(id).groups.remove(&group) {
            self.tell(format!("django: {id} leaves {group}"));
            self.django(&format!(
                "DELETE FROM auth_user_groups WHERE user_id = {id} AND group_id = {number}"
            ));
        } else {
            self.tell(format!("django: {id} joins {group}"));
            self.django(&format!(
                "INSERT INTO auth_user_groups (user_id, group_id) VALUES ({id}, {number})"
            ));
            self.row(id).groups.insert(group);
        }
    }

    fn change_activity_in_django(&mut self) {
        let Some(id) = self.somebody_in_django() else {
            return;
        };
        let active = !self.row(id).active;
        self.tell(format!("django: {id} active {active}"));
        self.django(&format!(
            "UPDATE auth_user SET is_active = {} WHERE id = {id}",
            u8::from(active)
        ));
        self.row(id).active = active;
    }

    fn delete_in_django(&mut self) {
        let Some(id) = self.somebody_in_django() else {
            return;
        };
        self.tell(format!("django: {id} is deleted"));
        self.django(&format!(
            "DELETE FROM auth_user_groups WHERE user_id = {id}"
        ));
        self.django(&format!("DELETE FROM auth_user WHERE id = {id}"));
        self.person(id).row = None;
    }

    // The pool's side.

    fn sign_in(&mut self) {
        let Some(id) = self.somebody_in_django() else {
            return;
        };
        let row = self.row(id).clone();
        let (linked, deleted) = {
            let person = self.person(id);
            (person.pool.clone(), person.deleted_in_pool)
        };
        // Whoever has the name of somebody else's pool user meets that one's password.
        let owner = self.client.user(&row.username).ok().map(|user| sub(&user));
        if owner.is_some() && owner != linked.as_ref().map(|linked| linked.sub.clone()) {
            return;
        }
        let password = PASSWORDS[row.password].0;
        let answer = self.client.sign_in(&row.username, password);
        self.tell(format!(
            "pool: {id} signs in as {}: {}",
            row.username,
            answer.is_ok()
        ));
        let Ok(tokens) = answer else {
            let taken = self.name_is_taken(&row.username);
            let may = row.active && linked.is_none() && !deleted && !taken;
            assert!(
                !may,
                "{id} may sign in and was refused: {:?}",
                self.client.sign_in(&row.username, password)
            );
            return;
        };
        let user = self.client.user_of(&tokens);
        let sub = sub(&user);
        assert!(
            !self.strangers.contains_key(&sub),
            "{id} got the account of a stranger"
        );
        assert!(!deleted, "{id} was deleted in the pool and is back");
        match linked {
            Some(known) => assert_eq!(known.sub, sub, "{id} is in the pool twice"),
            None => {
                assert!(row.active, "{id} is inactive and got in");
                assert_eq!(user.legacy_id(), Some(id.to_string().as_str()));
                let new = Linked {
                    username: user.username.clone(),
                    base: Agreed {
                        given_name: row.given_name,
                        groups: BTreeSet::new(),
                        enabled: true,
                    },
                    password: None,
                    used: true,
                    // The trigger cannot add groups; the next import or reconciliation does.
                    unfinished: true,
                    by_chance: BTreeSet::new(),
                    sub,
                };
                self.person(id).pool = Some(new);
            }
        }
        if let Some(pool) = &mut self.person(id).pool {
            pool.password = Some(password.to_owned());
            pool.used = true;
        }
    }

    fn rename_given_name_in_pool(&mut self) {
        let Some((id, username)) = self.somebody_in_pool() else {
            return;
        };
        let name = format!("Co{}", self.count());
        self.tell(format!("pool: {id} is called {name}"));
        let attributes = json!([{"Name": "given_name", "Value": name}]);
        self.admin(
            "admin_update_user_attributes",
            &username,
            "UserAttributes",
            attributes,
        );
        self.mark_used(id);
    }

    fn change_group_in_pool(&mut self) {
        let Some((id, username)) = self.somebody_in_pool() else {
            return;
        };
        let is_in = self.content_of(&username).groups;
        let group = GROUPS[self.chance.random_range(0..GROUPS.len())];
        if !self.client.group_names().iter().any(|known| known == group) {
            return;
        }
        let operation = match is_in.contains(group) {
            true => "admin_remove_user_from_group",
            false => "admin_add_user_to_group",
        };
        self.tell(format!("pool: {operation} {id} {group}"));
        // No use of the account: an undo keeps them as long as Django does not have it so, too.
        self.admin(operation, &username, "GroupName", json!(group));
    }

    fn delete_in_pool(&mut self) {
        let Some((id, username)) = self.somebody_in_pool() else {
            return;
        };
        self.tell(format!("pool: {id} is deleted"));
        let pool = self.pool.user_pool_id.clone();
        self.client
            .call(
                "admin_delete_user",
                json!({"UserPoolId": pool, "Username": username}),
            )
            .expect("they are there");
        let person = self.person(id);
        person.pool = None;
        person.deleted_in_pool = true;
    }

    fn set_password_in_pool(&mut self) {
        let Some((id, username)) = self.somebody_in_pool() else {
            return;
        };
        let password = format!("Pool-own-{}!a", self.count());
        self.tell(format!("pool: {id} has a new password"));
        let pool = self.pool.user_pool_id.clone();
        let with = json!({"UserPoolId": pool, "Username": username, "Password": password, "Permanent": true});
        self.client
            .call("admin_set_user_password", with)
            .expect("they are there");
        self.mark_used(id);
        if let Some(pool) = &mut self.person(id).pool {
            pool.password = Some(password);
        }
    }

    /// A stranger takes a name, at times one that somebody in Django has.
    fn register_in_pool(&mut self) {
        let number = self.count();
        let mut name = format!("stranger{number}");
        if number.is_multiple_of(2)
            && let Some(id) = self.somebody_in_django()
        {
            name = self.row(id).username.clone();
        }
        let with = json!({
            "ClientId": self.pool.client_id, "Username": name, "Password": "Stranger-pw-1!",
            "UserAttributes": [{"Name": "email", "Value": format!("stranger{number}@example.net")}],
        });
        if self.client.call("sign_up", with).is_err() {
            return;
        }
        self.tell(format!("pool: a stranger registers as {name}"));
        let pool = self.pool.user_pool_id.clone();
        self.client
            .call(
                "admin_confirm_sign_up",
                json!({"UserPoolId": pool, "Username": name}),
            )
            .expect("they are there");
        let user = self.content_of(&name);
        self.strangers.insert(sub(&user), user);
    }

    // The operator.

    fn import(&mut self) {
        let run = self.run_name();
        let flags = self.import_flags();
        let finished = self.import_program(&run, &flags).run();
        self.tell(format!("import {run} {flags:?}: {:?}", finished.code()));
        assert!(
            matches!(finished.code(), Some(0 | 1)),
            "an import ended oddly: {finished:?}"
        );
        self.look(true);
    }

    fn killed_import(&mut self) {
        let run = self.run_name();
        let flags = self.import_flags();
        let calls = self.chance.random_range(0..40);
        let from = self.client.calls();
        let mut running = self.import_program(&run, &flags).start();
        until(Duration::from_secs(60), "some calls of the import", || {
            (running.has_ended() || self.client.calls() >= from + calls).then_some(())
        });
        running.kill();
        let finished = running.wait();
        let through = finished.signal().is_none();
        self.tell(format!(
            "killed import {run} {flags:?} after {calls} calls: {:?}",
            finished.code()
        ));
        self.look(through);
    }

    fn stopped_import(&mut self) {
        let run = self.run_name();
        let flags = self.import_flags();
        let calls = self.chance.random_range(0..40);
        let from = self.client.calls();
        let mut running = self.import_program(&run, &flags).start();
        until(Duration::from_secs(60), "some calls of the import", || {
            (running.has_ended() || self.client.calls() >= from + calls).then_some(())
        });
        running.interrupt();
        let finished = running.wait();
        self.tell(format!(
            "stopped import {run} {flags:?} after {calls} calls: {:?}",
            finished.code()
        ));
        // Whoever was begun is finished before it ends.
        let between = self.between();
        assert!(
            between.is_empty(),
            "a stop left {between:?} without a way in: {finished:?}"
        );
        self.look(matches!(finished.code(), Some(0 | 1)));
    }

    fn reconcile(&mut self) {
        let program = self
            .workplace
            .cutover(&["reconcile", "--fix", "--execute"])
            .args(self.pool.as_target());
        let program = with_claims(program, &self.workplace);
        let before = self.client.content();
        let finished = program.run();
        self.tell(format!("reconcile --fix: {:?}", finished.code()));
        assert!(
            matches!(finished.code(), Some(0 | 1)),
            "a reconciliation ended oddly: {finished:?}"
        );
        self.merged(&before);
        self.look(false);
    }

    fn undo(&mut self) {
        let Some(run) = self.runs.choose(&mut self.chance).cloned() else {
            return;
        };
        let undo = self
            .workplace
            .cutover(&["undo", "--run", &run, "--execute"])
            .args(self.pool.as_target());
        let finished = with_claims(undo, &self.workplace).run();
        self.tell(format!("undo {run}: {:?}", finished.code()));
        self.runs.retain(|other| *other != run);
        let here: BTreeSet<String> = self.client.content().values().map(sub).collect();
        for (id, person) in &mut self.people {
            let gone = person
                .pool
                .as_ref()
                .filter(|pool| !here.contains(&pool.sub));
            if let Some(pool) = gone {
                assert!(!pool.used, "undo deleted {id}, who was used: {finished:?}");
                person.pool = None;
            }
        }
        self.look(false);
    }

    // What must hold.

    /// After a reconciliation: what changed on one side alone is on both now, and nothing went back.
    fn merged(&mut self, before: &BTreeMap<String, PoolUser>) {
        let after = self.client.content();
        for (id, person) in &mut self.people {
            let (Some(row), Some(linked)) = (&person.row, &mut person.pool) else {
                continue;
            };
            let (Some(was), Some(is)) = (by_sub(before, &linked.sub), by_sub(&after, &linked.sub))
            else {
                panic!("{id} disappeared while reconciling");
            };
            let mut agreed = linked.base.groups.clone();
            for group in GROUPS {
                let in_django = row.groups.contains(group);
                let (had, has) = (was.groups.contains(group), is.groups.contains(group));
                let agreed_on = agreed.contains(group);
                let told =
                    format!("{id} {group}: django {in_django}, agreed {agreed_on}, had {had}");
                if linked.unfinished || linked.by_chance.contains(group) {
                    // It may only become what one of the sides says.
                    assert!(has == in_django || has == had, "{told}");
                } else {
                    let changed_in_django = in_django != agreed_on;
                    assert_eq!(
                        has,
                        if changed_in_django { in_django } else { had },
                        "{told}"
                    );
                }
                if has == in_django {
                    linked.by_chance.remove(group);
                    match has {
                        true => agreed.insert(group.to_owned()),
                        false => agreed.remove(group),
                    };
                }
            }
            let name =
                |user: &PoolUser| user.attribute("given_name").unwrap_or_default().to_owned();
            let (had, has) = (name(was), name(is));
            let base = linked.base.given_name.clone();
            let told = format!("{id}: django {}, agreed {base}, had {had}", row.given_name);
            if linked.unfinished {
                assert!(has == row.given_name || has == had, "{told}");
            } else {
                let in_django_alone = row.given_name != base && had == base;
                // Changed in the pool alone stays; changed in both is for a person to settle.
                let expected = if in_django_alone {
                    &row.given_name
                } else {
                    &had
                };
                assert_eq!(has, *expected, "{told}");
                let changed_in_django = row.active != linked.base.enabled;
                let expected = if changed_in_django {
                    row.active
                } else {
                    was.enabled
                };
                assert_eq!(is.enabled, expected, "{id} is enabled or not");
            }
            let all_agree =
                has == row.given_name && is.groups == row.groups && is.enabled == row.active;
            linked.base = Agreed {
                given_name: if has == row.given_name { has } else { base },
                groups: agreed,
                enabled: if is.enabled == row.active {
                    is.enabled
                } else {
                    linked.base.enabled
                },
            };
            linked.unfinished &= !all_agree;
        }
    }

    /// After anything: who is in the pool, and as whom. `through` when an import came to its end.
    fn look(&mut self, through: bool) {
        // People take longer than the clocks may differ.
        self.client.advance_clock(60);
        let content = self.client.content();
        let mut seen: BTreeMap<u32, String> = BTreeMap::new();
        for user in content.values() {
            let sub = sub(user);
            if let Some(was) = self.strangers.get(&sub) {
                assert_eq!(
                    (&was.attributes, &was.groups, was.enabled, &was.status),
                    (&user.attributes, &user.groups, user.enabled, &user.status),
                    "a stranger was touched"
                );
                continue;
            }
            let id: u32 = user
                .legacy_id()
                .and_then(|id| id.parse().ok())
                .unwrap_or_else(|| panic!("nobody knows where {} comes from", user.username));
            let twice = seen.insert(id, sub.clone());
            assert!(twice.is_none(), "{id} is in the pool twice");
            let person = self.people.get_mut(&id).expect("a known key");
            match &mut person.pool {
                Some(known) => {
                    assert_eq!(known.sub, sub, "{id} became somebody else");
                    if let (true, Some(row)) = (through, &person.row) {
                        known.seen_by_an_import(row, user);
                    }
                }
                None => {
                    assert!(
                        !person.deleted_in_pool,
                        "{id} was deleted in the pool and is back"
                    );
                    let row = person
                        .row
                        .as_ref()
                        .unwrap_or_else(|| panic!("{id} is not in Django and was created"));
                    assert_eq!(
                        user.username, row.username,
                        "{id} was created under an old name"
                    );
                    assert_eq!(
                        user.attribute("given_name"),
                        Some(row.given_name.as_str()),
                        "{id} was created with old data"
                    );
                    person.pool = Some(Linked {
                        sub,
                        username: user.username.clone(),
                        base: Agreed {
                            given_name: row.given_name.clone(),
                            groups: row.groups.clone(),
                            enabled: row.active,
                        },
                        password: None,
                        used: false,
                        unfinished: true,
                        by_chance: BTreeSet::new(),
                    });
                    if through {
                        assert_eq!(
                            user.groups, row.groups,
                            "{id} has other groups than in Django"
                        );
                        assert_eq!(
                            user.enabled, row.active,
                            "{id} is enabled or not as in Django"
                        );
                        if let Some(linked) = &mut person.pool {
                            linked.unfinished = false;
                        }
                    }
                }
            }
        }
        for (id, person) in &self.people {
            if let Some(linked) = &person.pool {
                assert_eq!(
                    seen.get(id),
                    Some(&linked.sub),
                    "{id} is gone from the pool"
                );
            }
        }
        if through {
            let between = self.between();
            assert!(between.is_empty(), "left without a way in: {between:?}");
        }
    }

    /// Enabled people of ours who cannot sign in and cannot reset a password either.
    fn between(&mut self) -> Vec<String> {
        let content = self.client.content();
        let ours = content
            .values()
            .filter(|user| !self.strangers.contains_key(&sub(user)));
        let shut = ours.filter(|user| user.enabled && user.status == "FORCE_CHANGE_PASSWORD");
        shut.map(|user| user.username.clone()).collect()
    }

    /// The window closes: everybody who is left is imported, and everybody has a way in.
    fn end_well(&mut self) {
        let run = "the-rest".to_owned();
        let finished = self
            .import_program(&run, &["--approve-password-reset"])
            .run();
        assert!(matches!(finished.code(), Some(0 | 1)), "{finished:?}");
        self.look(true);
        let names: Vec<(u32, Row)> = self
            .people
            .iter()
            .filter(|(_, person)| person.pool.is_none() && !person.deleted_in_pool)
            .filter_map(|(id, person)| Some((*id, person.row.clone()?)))
            .collect();
        for (id, row) in names {
            assert!(
                self.name_is_taken(&row.username),
                "{id} ({}) was left behind: {finished:?}",
                row.username
            );
        }
        // The id map names people as they are, and no stranger.
        self.workplace
            .cutover(&["status", "--run", &run, "--id-map", "map.csv"])
            .run();
        let map = self.workplace.folder().read("map.csv");
        for stranger in self.strangers.keys() {
            assert!(!map.contains(stranger), "the id map names a stranger");
        }
        let people: Vec<(u32, Linked)> = self
            .people
            .iter()
            .filter_map(|(id, person)| Some((*id, person.pool.clone()?)))
            .collect();
        for (id, linked) in people {
            let row = map.lines().find(|line| line.starts_with(&format!("{id},")));
            if let Some(row) = row {
                assert!(
                    row.contains(&linked.sub),
                    "{id} is mapped to another: {row}"
                );
            }
            let enabled = self.content_of(&linked.username).enabled;
            if let (Some(password), true) = (&linked.password, enabled) {
                self.client
                    .sign_in(&linked.username, password)
                    .unwrap_or_else(|refusal| panic!("{id} lost the password: {refusal:?}"));
            }
        }
    }

    // Small things.

    fn import_program(&self, run: &str, flags: &[&str]) -> Program {
        let import = self
            .workplace
            .cutover(&["import", "--run", run, "--execute"])
            .args(self.pool.as_target())
            .args(flags);
        with_claims(import, &self.workplace)
    }

    fn import_flags(&mut self) -> Vec<&'static str> {
        match self.chance.random_range(0..3) {
            0 => Vec::new(),
            _ => vec!["--approve-password-reset"],
        }
    }

    /// A new run, or one to go on with.
    fn run_name(&mut self) -> String {
        if self.chance.random_bool(0.5)
            && let Some(run) = self.runs.last()
        {
            return run.clone();
        }
        let run = format!("run{}", self.count());
        self.runs.push(run.clone());
        run
    }

    fn django(&mut self, statement: &str) {
        self.workplace.legacy_mut().execute(&[statement.to_owned()]);
    }

    fn admin(&mut self, operation: &str, username: &str, key: &str, value: serde_json::Value) {
        let mut with = json!({"UserPoolId": self.pool.user_pool_id, "Username": username});
        with[key] = value;
        self.client
            .call(operation, with)
            .expect("they are in the pool");
    }

    fn content_of(&mut self, username: &str) -> PoolUser {
        let content = self.client.content();
        content[username].clone()
    }

    fn name_is_taken(&mut self, username: &str) -> bool {
        self.client.content().contains_key(username)
    }

    fn is_a_username(&self, name: &str) -> bool {
        let rows = self
            .people
            .values()
            .filter_map(|person| person.row.as_ref());
        rows.into_iter().any(|row| row.username == name)
    }

    fn somebody_in_django(&mut self) -> Option<u32> {
        let here = self
            .people
            .iter()
            .filter(|(_, person)| person.row.is_some());
        here.map(|(id, _)| *id).choose(&mut self.chance)
    }

    fn somebody_in_pool(&mut self) -> Option<(u32, String)> {
        let here = self
            .people
            .iter()
            .filter_map(|(id, person)| Some((*id, person.pool.as_ref()?.username.clone())));
        here.choose(&mut self.chance)
    }

    fn mark_used(&mut self, id: u32) {
        if let Some(pool) = &mut self.person(id).pool {
            pool.used = true;
        }
    }

    fn person(&mut self, id: u32) -> &mut Person {
        self.people.get_mut(&id).expect("a known key")
    }

    fn row(&mut self, id: u32) -> &mut Row {
        self.person(id).row.as_mut().expect("somebody in Django")
    }

    fn count(&mut self) -> u32 {
        self.counter += 1;
        self.counter
    }

    fn tell(&mut self, what: String) {
        self.history.push(what);
    }
}

/// The one store of claims that the trigger and the operator share.
pub(crate) fn with_claims(program: Program, workplace: &Workplace) -> Program {
    let file = workplace.folder().join("claims.sqlite3");
    program.env("CUTOVER_CLAIMS_FILE", file.as_os_str()).env(
        "CUTOVER_CLAIMS_KEY",
        "a key of claims for tests alone, long enough",
    )
}

fn sub(user: &PoolUser) -> String {
    user.attribute("sub").expect("users have one").to_owned()
}

fn by_sub<'a>(content: &'a BTreeMap<String, PoolUser>, sub: &str) -> Option<&'a PoolUser> {
    content
        .values()
        .find(|user| user.attribute("sub") == Some(sub))
}

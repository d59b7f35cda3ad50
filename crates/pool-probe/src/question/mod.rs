//! The questions: one row each, in files by what they are about.
//!
//! Responsible for what a question declares: the calls it makes at most, the users, what it needs.
//! The declaration is what the plan, the IAM policy and the limit on calls are made of. It must not
//! know how a probe runs. Adding one: a row in one of the files, and a belief of the same id in
//! `rehearsal-pool` if a behaviour hangs on the answer.

mod app_clients;
mod attributes;
mod groups;
mod imports;
mod migration;
mod migration_matrix;
mod recovery;
mod sign_in;

use std::pin::Pin;

use crate::asking::{Asking, Unanswered};

/// What must be there beside the right to call the API.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Needs {
    /// Nothing.
    Nothing,
    /// A function in probing mode behind the triggers.
    Function,
    /// A role that import jobs write their log by.
    ImportRole,
}

/// A question's answer in its own words.
pub(crate) type Answer = Result<String, Unanswered>;
type Answering<'a> = Pin<Box<dyn Future<Output = Answer> + Send + 'a>>;

/// How a question is asked.
#[derive(Clone, Copy)]
pub(crate) enum Ask {
    /// By itself.
    Alone(for<'a> fn(&'a mut Asking<'_>) -> Answering<'a>),
    /// As a cell of the migration trigger's matrix.
    Cell(migration_matrix::Cell),
}

/// One question.
pub struct Question {
    /// Stable name; the belief that hangs on it has the same.
    pub id: String,
    /// What is asked.
    pub asks: String,
    /// What it needs.
    pub needs: Needs,
    /// Users who sign in, reset or are made: each may count as a monthly active user.
    pub users: u32,
    /// Operations with how often each is called at most, pools and app clients apart.
    pub calls: Vec<(&'static str, u32)>,
    pub(crate) ask: Ask,
}

impl Question {
    /// Every question, in the order of asking.
    #[must_use]
    pub fn all() -> Vec<Question> {
        let mut all = groups::questions();
        all.extend(attributes::questions());
        all.extend(app_clients::questions());
        all.extend(recovery::questions());
        all.extend(sign_in::questions());
        all.extend(imports::questions());
        all.extend(migration_matrix::questions());
        all.extend(migration::questions());
        all
    }

    pub(crate) async fn ask(&self, asking: &mut Asking<'_>) -> Answer {
        match self.ask {
            Ask::Alone(ask) => ask(asking).await,
            Ask::Cell(cell) => cell.ask(asking).await,
        }
    }
}

impl std::fmt::Debug for Question {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Question").field("id", &self.id).finish()
    }
}

/// A row: id, what is asked, users, calls, and the asking.
macro_rules! rows {
    ($needs:expr; $($id:literal, $asks:literal, $users:literal, [$($operation:ident $count:literal),*], $ask:ident;)*) => {
        vec![$($crate::question::Question {
            id: $id.to_owned(),
            asks: $asks.to_owned(),
            needs: $needs,
            users: $users,
            calls: vec![$((stringify!($operation), $count)),*],
            ask: $crate::question::Ask::Alone(|asking| Box::pin($ask(asking))),
        }),*]
    };
}
pub(crate) use rows;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rehearsal_pool::{Belief, quota_category};

    use super::*;

    #[test]
    fn every_belief_has_its_question_and_every_question_its_belief() {
        let questions = Question::all();
        let asked: BTreeSet<&str> = questions.iter().map(|one| one.id.as_str()).collect();
        let believed: BTreeSet<&str> = Belief::all().iter().map(|one| one.id.as_str()).collect();
        assert_eq!(asked, believed);
        assert_eq!(asked.len(), questions.len());
    }

    #[test]
    fn the_readme_lists_every_question() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
        let readme = std::fs::read_to_string(path).expect("the README");
        let mut table =
            String::from("| question | asked | needs | users |\n| --- | --- | --- | --- |\n");
        for question in Question::all() {
            let needs = match question.needs {
                Needs::Nothing => "",
                Needs::Function => "function",
                Needs::ImportRole => "import role",
            };
            let (id, asks, users) = (&question.id, &question.asks, question.users);
            table += &format!("| `{id}` | {asks} | {needs} | {users} |\n");
        }
        let (begin, end) = ("<!-- questions -->\n", "<!-- /questions -->");
        let (head, rest) = readme.split_once(begin).expect("the table");
        let (_, tail) = rest.split_once(end).expect("its end");
        let wanted = format!("{head}{begin}{table}{end}{tail}");
        if std::env::var_os("CUTOVER_BLESS").is_some() {
            std::fs::write(path, &wanted).expect("it can be written");
        } else {
            assert!(readme == wanted, "write it anew with CUTOVER_BLESS=1");
        }
    }

    #[test]
    fn every_call_has_a_category_and_is_declared_once() {
        for question in Question::all() {
            let operations: BTreeSet<&str> = question.calls.iter().map(|(name, _)| *name).collect();
            assert_eq!(operations.len(), question.calls.len(), "{}", question.id);
            for name in operations {
                assert!(quota_category(name).is_some(), "{name}");
            }
        }
    }
}

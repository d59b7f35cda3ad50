//! What a probe would do, before it does it: pools, app clients, users, calls by quota category.
//! Made of what the questions declare; makes no call.

use std::collections::BTreeMap;

use rehearsal_pool::quota_category;

use crate::asking::Client;
use crate::question::{Needs, Question};
use crate::throwaway::Kind;

/// Calls of one quota category.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CallsByCategory {
    /// The category.
    pub category: &'static str,
    /// Calls at most.
    pub calls: u32,
}

/// What a probe does at most.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Plan {
    /// Questions asked.
    pub questions: usize,
    /// Questions left out, with what they need.
    pub left_out: Vec<(String, &'static str)>,
    /// User pools made and deleted.
    pub pools: usize,
    /// App clients made.
    pub clients: usize,
    /// Users made or migrated: monthly active users at most.
    pub users: u32,
    /// Calls.
    pub calls: Vec<CallsByCategory>,
}

/// Why a question is left out.
pub(crate) fn lacking(question: &Question, function: bool, role: bool) -> Option<&'static str> {
    match question.needs {
        Needs::Function if !function => Some("needs a function in probing mode (--function-arn)"),
        Needs::ImportRole if !role => {
            Some("needs a role for the logs of import jobs (--import-role-arn)")
        }
        _ => None,
    }
}

impl Plan {
    /// The plan for what is there.
    #[must_use]
    pub fn new(function: bool, import_role: bool) -> Plan {
        let all = Question::all();
        let mut calls: BTreeMap<&str, u32> = BTreeMap::new();
        let mut left_out = Vec::new();
        let (mut questions, mut users) = (0, 0);
        for question in &all {
            if let Some(why) = lacking(question, function, import_role) {
                left_out.push((question.id.clone(), why));
                continue;
            }
            questions += 1;
            users += question.users;
            for (operation, count) in &question.calls {
                *calls.entry(operation).or_default() += count;
            }
        }
        let pools = Kind::ALL.len();
        let clients = Client::OF.len();
        let count = |items: usize| u32::try_from(items).unwrap_or(u32::MAX);
        *calls.entry("CreateUserPool").or_default() += count(pools);
        *calls.entry("DeleteUserPool").or_default() += count(pools) + 1;
        *calls.entry("CreateUserPoolClient").or_default() += count(clients);
        let mut by_category: BTreeMap<&'static str, u32> = BTreeMap::new();
        for (operation, count) in calls {
            let category = quota_category(operation).unwrap_or("no category");
            *by_category.entry(category).or_default() += count;
        }
        let calls = by_category.into_iter();
        Plan {
            questions,
            left_out,
            pools,
            clients,
            users,
            calls: calls
                .map(|(category, calls)| CallsByCategory { category, calls })
                .collect(),
        }
    }
}

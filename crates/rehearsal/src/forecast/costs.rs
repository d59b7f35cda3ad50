//! What it takes to import those who are left: calls by quota category and how long these take at the
//! share that is allowed, monthly active users, mails. Pure; the calls are the import's own.

use bulk_import::Prospect;
use cognito_user_pool::QuotaCategory;
use serde::Serialize;
use sign_in_forecast::{AtClose, Ways};

use super::{ForecastQuestion, as_number, as_people};

/// People of one way, and what comes with them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rest {
    pub(crate) people: u64,
    memberships: u64,
    /// With at least one membership.
    grouped: u64,
    without_contact: u64,
}

impl Rest {
    pub(crate) fn add(&mut self, prospect: &Prospect) {
        self.people += 1;
        self.memberships += u64::from(prospect.memberships);
        self.grouped += u64::from(prospect.memberships > 0);
        self.without_contact += u64::from(!prospect.has_contact);
    }

    /// So many of these people, taken to be like all of them.
    fn scaled(&self, people: f64) -> Rest {
        let share = people / as_number(self.people.max(1));
        let of = |number: u64| as_people(as_number(number) * share);
        Rest {
            people: as_people(people),
            memberships: of(self.memberships),
            grouped: of(self.grouped),
            without_contact: of(self.without_contact),
        }
    }

    fn and(self, other: Rest) -> Rest {
        Rest {
            people: self.people + other.people,
            memberships: self.memberships + other.memberships,
            grouped: self.grouped + other.grouped,
            without_contact: self.without_contact + other.without_contact,
        }
    }
}

/// What the rest costs if the window closes then.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CostOfRest {
    /// At the end of which week.
    pub week: usize,
    /// Who has not come by then.
    pub left: u64,
    /// Of these, whom import jobs take with their hash all the same.
    pub by_hash: u64,
    /// Of these, whom AdminCreateUser creates: they lose the password.
    pub password_lost: u64,
    /// Of these, whom nothing takes.
    pub held: u64,
    /// Created by AdminCreateUser in all: with those who have no password to lose.
    pub created: u64,
    /// Of those created, whom no reset code can reach.
    pub without_contact: u64,
    /// Calls, the slowest category first.
    pub calls: Vec<CategoryHours>,
    /// Hours of the slowest category at the share that is allowed; categories run side by side.
    pub hours: Option<f64>,
    /// People who become monthly active users by the import itself.
    pub monthly_active_users: u64,
    /// What these cost, where a price was given.
    pub monthly_active_users_cost: Option<f64>,
    /// Reset mails, if everybody created comes back and can be reached.
    pub mails_at_most: u64,
}

/// The calls of one quota category.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CategoryHours {
    /// Cognito's name of it.
    pub category: &'static str,
    /// How many.
    pub calls: u64,
    /// How long at the share that is allowed; `None` without limits.
    pub hours: Option<f64>,
}

impl CostOfRest {
    pub(crate) fn of(
        week: usize,
        left: Ways,
        waiting: &[Rest; 3],
        without_password: &Rest,
        question: &ForecastQuestion,
    ) -> CostOfRest {
        let of = |close: AtClose| waiting[close as usize].scaled(left[close as usize]);
        let (hash, admin) = (of(AtClose::HashImport), of(AtClose::AdminCreate));
        let held = of(AtClose::Hold).people;
        let created = admin.and(*without_password);
        let mut calls: Vec<CategoryHours> = [
            (QuotaCategory::UserCreation, created.people),
            // AdminSetUserPassword: whoever is created gets a random one.
            (QuotaCategory::UserAccountRecovery, created.people),
            (
                QuotaCategory::UserUpdate,
                created.memberships + hash.memberships,
            ),
        ]
        .into_iter()
        .filter(|(_, calls)| *calls > 0)
        .map(|(category, calls)| CategoryHours {
            category: category.name(),
            calls,
            hours: question
                .quotas
                .allowance(category)
                .map(|rate| as_number(calls) / rate / 3600.0),
        })
        .collect();
        calls.sort_by(|a, b| {
            let hours = |calls: &CategoryHours| calls.hours.unwrap_or(0.0);
            hours(b).total_cmp(&hours(a))
        });
        let active = created.people + hash.grouped;
        CostOfRest {
            week,
            left: hash.people + admin.people + held,
            by_hash: hash.people,
            password_lost: admin.people,
            held,
            created: created.people,
            without_contact: created.without_contact,
            hours: calls
                .iter()
                .filter_map(|calls| calls.hours)
                .reduce(f64::max),
            calls,
            monthly_active_users: active,
            monthly_active_users_cost: question.mau_price.map(|price| as_number(active) * price),
            mails_at_most: created.people.saturating_sub(created.without_contact),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use migration_model::Route;

    #[test]
    fn the_rest_takes_its_memberships_and_its_price_along() {
        let prospect = |memberships, has_contact| Prospect {
            now: Route::FirstLogin,
            at_close: Route::AdminCreate,
            may_sign_in: true,
            last_login: None,
            date_joined: None,
            memberships,
            has_contact,
            imported: false,
        };
        let mut waiting = [Rest::default(); 3];
        for number in 0..1_000 {
            let rest = &mut waiting[AtClose::AdminCreate as usize];
            rest.add(&prospect(2, number % 10 > 0));
        }
        let question = ForecastQuestion {
            mau_price: Some(0.015),
            ..ForecastQuestion::default()
        };
        let left = [0.0, 500.0, 0.0];
        let cost = CostOfRest::of(26, left, &waiting, &Rest::default(), &question);
        assert_eq!(
            (cost.left, cost.created, cost.without_contact),
            (500, 500, 50)
        );
        assert_eq!(cost.mails_at_most, 450);
        // Memberships are the slowest: 1,000 at half of 25 a second.
        assert_eq!(
            (cost.calls[0].category, cost.calls[0].calls),
            ("UserUpdate", 1_000)
        );
        assert_eq!(cost.hours, Some(80.0 / 3600.0));
        assert_eq!(cost.monthly_active_users_cost, Some(7.5));
    }
}

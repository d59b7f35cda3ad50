//! What each store of claims lets happen, by subject.

mod once_per_person;
mod store;

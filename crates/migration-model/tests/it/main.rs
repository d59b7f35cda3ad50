//! The model's boundaries: text in, settings or one clear fault out; a legacy user in, a pool
//! user and a route out.

mod configuration;
mod mapping;
mod routing;

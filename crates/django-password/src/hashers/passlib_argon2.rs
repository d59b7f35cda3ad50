//! `passlib:argon2`: the string of the reference implementation, without Django's name in front.
//!
//! Responsible for the spelling, which PHP and most others share. The computation is that of
//! `argon2.rs`.

use super::argon2::Argon2Hash;
use crate::format::{Format, Shape, parsed};

pub(crate) static ARGON2: Format = Format::foreign(
    "passlib:argon2",
    &["argon2i", "argon2d", "argon2id"],
    |text| {
        let text = text.strip_prefix('$').unwrap_or(text);
        let varieties = ["argon2i$", "argon2d$", "argon2id$"];
        Shape::own_if(varieties.iter().any(|variety| text.starts_with(variety)))
    },
    |text| {
        let text = text.strip_prefix('$').unwrap_or(text);
        parsed(Argon2Hash::parse(text))
    },
);

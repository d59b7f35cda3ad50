//! `bare`: a hash that stands in the column as it came, without a hasher's name.
//!
//! Responsible for asking the foreign formats whose mark it bears. Whoever declares `"" = "bare"`
//! says that the application checks such values by their own mark, as PHP's `password_verify` and
//! crypt(3) do.

use crate::format::{Format, Parsed, Shape};
use crate::hashers;
use crate::malformation::{Fault, Field, Malformation};

pub(crate) static BARE: Format = Format::foreign("bare", &[], shape, parse);

fn shape(text: &str) -> Shape {
    Shape::own_if(hashers::by_own_mark(text).is_some())
}

fn parse(text: &str) -> Parsed<'_> {
    match hashers::by_own_mark(text) {
        Some(format) => (format.parse)(text),
        None => Err(Malformation::new(Field::Algorithm, Fault::Missing).into()),
    }
}

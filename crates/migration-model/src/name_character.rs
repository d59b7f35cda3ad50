//! Which characters Cognito takes in the name of a user or a group: `[\p{L}\p{M}\p{S}\p{N}\p{P}]`
//! (`UsernameType`, `GroupNameType` of the API model). So no spaces, no control characters, nothing
//! invisible, nothing unassigned.

use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

pub(crate) fn is_name_character(character: char) -> bool {
    matches!(
        character.general_category_group(),
        GeneralCategoryGroup::Letter
            | GeneralCategoryGroup::Mark
            | GeneralCategoryGroup::Symbol
            | GeneralCategoryGroup::Number
            | GeneralCategoryGroup::Punctuation
    )
}

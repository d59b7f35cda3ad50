//! How typed logins are compared. Source of the rules: `ModelBackend` and
//! `AbstractBaseUser.normalize_username` of Django 5.2 (NFKC, case-sensitive), and Cognito's
//! case-insensitive pools, which hand names to triggers in lower case.

use unicode_normalization::UnicodeNormalization;

/// A login as Django normalises it before it looks the user up: Unicode NFKC.
pub fn normalize_login_name(login: &str) -> String {
    login.nfkc().collect()
}

/// The key under which two logins are one in a case-insensitive pool: NFKC, then lower case.
pub fn fold_login_name(login: &str) -> String {
    // Lower-casing can leave a string that is no longer NFKC (capital İ), hence the second pass.
    normalize_login_name(&normalize_login_name(login).to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compatibility_forms_and_case_fold_together() {
        assert_eq!(fold_login_name("ﬁNA"), "fina");
        assert_eq!(fold_login_name("ÅSA"), fold_login_name("a\u{30a}sa"));
        assert_eq!(normalize_login_name("Bob"), "Bob");
    }

    #[test]
    fn folding_twice_changes_nothing() {
        for login in ["İstanbul", "STRASSE", "ẞ", "Ω", "x y", ""] {
            let folded = fold_login_name(login);
            assert_eq!(fold_login_name(&folded), folded, "{login}");
        }
    }
}

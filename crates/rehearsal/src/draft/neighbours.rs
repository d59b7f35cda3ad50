//! Tables of well-known Django packages beside the users, and what each means for a move.

use super::Writer;

impl Writer<'_> {
    pub(super) fn neighbours(&mut self) {
        let known = [
            (
                "social_auth_usersocialauth",
                "social-auth keeps accounts of other sign-in services; they are not linked.",
            ),
            (
                "socialaccount_socialaccount",
                "django-allauth keeps social accounts: name the pool's identity providers under [identities] to link them.",
            ),
            (
                "otp_totp_totpdevice",
                "django-otp keeps authenticator apps; their secrets cannot be moved.",
            ),
            (
                "axes_accessattempt",
                "django-axes locks people out: [trigger.axes] makes the trigger respect it.",
            ),
        ];
        for (table, note) in known {
            if self.other_table(table).is_some() {
                self.notes.push(note.to_owned());
            }
        }
    }
}

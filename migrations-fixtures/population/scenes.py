"""The scenes: which people with a purpose there are, and what they try.

One function per subject, in the order of the database. Adding one at the end leaves the rest of
the population as it was, but for the ordinary users' keys.
"""

from datetime import UTC, datetime, timedelta
from unicodedata import normalize

from population import recipes
from population.attempt import Types
from population.cast import Cast
from population.person import AS_OF, FIRST_DAY, Address, Needs

USERNAME = frozenset({Needs.USERNAME})
CASE = frozenset({Needs.CASE})
EMAIL_CASE = frozenset({Needs.EMAIL_CASE})
USERNAME_CASE = USERNAME | CASE
SHARED_EMAIL = frozenset({Needs.SHARED_EMAIL})


def play(seed: int, *, quick: bool = False) -> Cast:
    """Everybody, from one seed; with `quick` no password is encoded at its full cost."""
    cast = Cast(seed, quick=quick)
    for scene in (
        officers,
        algorithms,
        full_cost,
        passwords_of_note,
        no_password,
        broken_hashes,
        inactive,
        emails_in_mixed_case,
        emails_shared,
        emails_invalid,
        usernames_of_note,
        usernames_by_case,
        groups_and_rights,
        dates,
        verified_addresses,
        authenticators,
        strangers,
    ):
        scene(cast)
    return cast


def officers(cast: Cast) -> None:
    root = cast.person("superuser", "root.admin", is_staff=True, is_superuser=True)
    cast.right(root, "superuser")
    for number in range(4):
        staff = cast.person(
            "staff", f"staff.member{number}", is_staff=True, groups=("Staff Members",)
        )
    cast.right(staff, "staff")
    cast.person("superuser", "retired.admin", is_staff=True, is_superuser=True, is_active=False)


def algorithms(cast: Cast) -> None:
    for number, recipe in enumerate(recipes.QUICK_VARIANTS):
        case = f"algorithm {recipe.algorithm}"
        name = f"alg.{recipe.algorithm}.{number}"
        someone = cast.person(case, name, recipe=recipe)
        cast.wrong(someone, f"wrong password, {recipe.algorithm}, {recipe.label}")
        cast.right(someone, f"{recipe.algorithm}, {recipe.label}")


def full_cost(cast: Cast) -> None:
    tried: set[str] = set()
    for number, full in enumerate(recipes.FULL_COST):
        recipe = cast.affordable(full)
        someone = cast.person("Django 5.2's own cost", f"full.{number}", recipe=recipe)
        if recipe.algorithm not in tried:
            tried.add(recipe.algorithm)
            cast.right(someone, f"full cost: {recipe.algorithm}, {recipe.label}")
    for number, full in enumerate(recipes.EARLIER_COSTS):
        recipe = cast.affordable(full)
        cast.person("cost of an earlier Django", f"earlier.{number}", recipe=recipe)


def passwords_of_note(cast: Cast) -> None:
    case = "password of note"
    accents = cast.person(case, "pw.accents", password=f"Pässwörd-éàü-ñ-{cast.new_password()}")
    cast.right(accents, "password with accents, composed")
    decomposed_password = f"Pa\u0308ss-{cast.new_password()}"
    decomposed = cast.person(case, "pw.decomposed", password=decomposed_password)
    cast.attempt(
        decomposed,
        normalize("NFC", decomposed_password),
        "Django does not normalise passwords: the composed form is another password",
    )
    cast.right(decomposed, "password with a decomposed accent")
    script = cast.person(case, "pw.script", password=f"パスワード-пароль-{cast.new_password()}")
    cast.right(script, "password in other scripts")
    inner = cast.person(case, "pw.inner.space", password=f"two words {cast.new_password()}")
    cast.right(inner, "password with spaces inside")
    padded = f" {cast.new_password()} "
    outer = cast.person(case, "pw.outer.space", password=padded)
    cast.attempt(outer, padded.strip(), "spaces around the password count")
    long = cast.new_password() + "x" * 70
    cut = cast.person(case, "pw.long.bcrypt", recipe=recipes.bcrypt(4), password=long)
    cast.attempt(cut, long[:71], "71 of a long password's characters, plain bcrypt")
    cast.attempt(cut, long[:72], "plain bcrypt reads 72 bytes: the rest may be left out")
    whole = cast.person(case, "pw.long.sha256", recipe=recipes.bcrypt_sha256(4), password=long)
    cast.attempt(whole, long[:72], "bcrypt_sha256 reads all of a long password")
    cast.right(whole, "long password, bcrypt_sha256")
    longest = cast.person(case, "pw.256", password=cast.new_password().ljust(256, "z"))
    cast.right(longest, "256 characters, the most Cognito takes")
    cast.person(case, "pw.300", password=cast.new_password().ljust(300, "z"))


def no_password(cast: Cast) -> None:
    for number in range(8):
        someone = cast.person("unusable password", f"unusable.{number}", encoded=cast.unusable())
    cast.wrong(someone, "unusable password")
    bare = cast.person("unusable password", "unusable.bare", encoded="!")
    cast.attempt(bare, "!", "unusable password of Django before 1.6, typed as stored")
    empty = cast.person("empty password", "empty.password", encoded="")
    cast.wrong(empty, "no password stored at all")


def broken_hashes(cast: Cast) -> None:
    case = "malformed hash"
    lacking = cast.person(case, "malformed.lacking", encoded="pbkdf2_sha256$1000$saltonly")
    cast.wrong(lacking, "a hash that lacks its last part")
    wordy = cast.person(case, "malformed.rounds", encoded="pbkdf2_sha256$many$salt$AAAA")
    cast.wrong(wordy, "a number of iterations that is none")
    plain = cast.person(case, "malformed.plain", encoded="stored in the clear")
    cast.attempt(plain, plain.encoded, "a password stored in the clear is no hash")
    cast.person(case, "malformed.cut", encoded="argon2$argon2id$v=19$m=64,t=1,p=1$c2FsdA")
    unknown = cast.person(
        "unknown algorithm",
        "unknown.algorithm",
        encoded=cast.invented_hash("acme_sso_v2", "12"),
    )
    cast.wrong(unknown, "an algorithm that is nobody's")
    cast.person(
        "unknown algorithm", "unknown.drupal", encoded="drupal$S$D" + "abcdefghij" * 5 + "k"
    )
    hostile = cast.person(
        "hostile cost", "hostile.cost", encoded=cast.invented_hash("pbkdf2_sha256", str(2**31))
    )
    cast.wrong(hostile, "more iterations than OpenSSL can count, so Django fails at once")


def inactive(cast: Cast) -> None:
    for number in range(6):
        someone = cast.person("inactive", f"inactive.{number}", is_active=False)
    cast.right(someone, "inactive, right password")
    cast.person("inactive", "inactive.unusable", is_active=False, encoded=cast.unusable())


def emails_in_mixed_case(cast: Cast) -> None:
    case = "e-mail in mixed case"
    mixed = [
        cast.person(case, f"mixed.mail{number}", email=email)
        for number, email in enumerate(
            (
                "Mixed.Case@example.com",
                "UPPER.CASE@EXAMPLE.COM",
                "Local.Only@example.org",
                "domain.only@Example.ORG",
                "Plus+Tag@Example.com",
            )
        )
    ]
    cast.right(mixed[0], "e-mail typed as stored, mixed case", types=Types.EMAIL)
    cast.right(mixed[1], "e-mail typed lower-cased", types=Types.EMAIL, alter=str.lower)
    cast.right(mixed[2], "e-mail typed upper-cased", types=Types.EMAIL, alter=str.upper)
    cast.right(
        mixed[3], "e-mail typed with a lower-cased domain", types=Types.EMAIL, alter=str.lower
    )
    cast.wrong(mixed[4], "wrong password, e-mail with a tag", types=Types.EMAIL, alter=str.lower)
    plain = cast.person("e-mail sign-in", "plain.mail")
    cast.right(plain, "e-mail typed as stored", types=Types.EMAIL)
    # 254 characters, the most an EmailField holds.
    long_mail = f"{'l' * 64}@{'d' * 63}.{'d' * 63}.{'d' * 49}.example.com"
    cast.person("e-mail sign-in", "long.mail", email=long_mail)


def emails_shared(cast: Cast) -> None:
    case = "e-mails that differ by case alone"
    upper = cast.person(case, "twin.mail.a", email="Twin.Mail@example.com", needs=EMAIL_CASE)
    lower = cast.person(case, "twin.mail.b", email="twin.mail@example.com", needs=EMAIL_CASE)
    cast.right(upper, "e-mail twin typed exactly", types=Types.EMAIL)
    cast.right(lower, "e-mail twin typed exactly, lower case", types=Types.EMAIL)
    third = cast.person(case, "twin.mail.c", email="Odd.Twin@example.com", needs=EMAIL_CASE)
    cast.person(case, "twin.mail.d", email="ODD.TWIN@example.com", needs=EMAIL_CASE)
    cast.right(third, "e-mail twins, neither typed exactly", types=Types.EMAIL, alter=str.lower)
    case = "duplicate e-mail"
    shared = "shared.mail@example.com"
    one = cast.person(case, "shared.mail.a", email=shared, needs=SHARED_EMAIL)
    for letter in "bc":
        cast.person(
            case,
            f"shared.mail.{letter}",
            email=shared,
            needs=SHARED_EMAIL,
            addresses=(Address(email=shared, verified=False, primary=True),),
        )
    cast.right(one, "an e-mail that three users have", types=Types.EMAIL)
    two = cast.person(
        case, "pair.mail.a", email="pair.mail@example.com", needs=SHARED_EMAIL, addresses=()
    )
    cast.person(
        case, "pair.mail.b", email="pair.mail@example.com", needs=SHARED_EMAIL, addresses=()
    )
    cast.right(two, "the username still works when the e-mail is shared", types=Types.USERNAME)


def emails_invalid(cast: Cast) -> None:
    case = "empty e-mail"
    for number in range(6):
        empty = cast.person(case, f"no.mail{number}", email="", needs=SHARED_EMAIL)
    cast.right(empty, "user without e-mail", types=Types.USERNAME)
    case = "invalid e-mail"
    for number, email in enumerate(
        (
            "not-an-address",
            "two@at@example.com",
            "spaces in@example.com",
            "@example.com",
            "nobody@",
            "dot.@example.com",
            "<script>@example.com",
            "ünïcode@bücher.example.com",
            " padded@example.com ",
            "no-top-level@localhost",
        )
    ):
        invalid = cast.person(case, f"bad.mail{number}", email=email, addresses=())
    cast.right(invalid, "user whose e-mail is invalid", types=Types.USERNAME)


def usernames_of_note(cast: Cast) -> None:
    case = "150-character username"
    longest = cast.person(case, "u" * 150, email="longest@example.com", needs=USERNAME)
    cast.right(longest, "150 characters", types=Types.USERNAME)
    cast.person(case, "ü" * 150, email="longest.umlaut@example.com", needs=USERNAME_CASE)
    limit = cast.person(
        "128-character username", "v" * 128, email="limit@example.com", needs=USERNAME
    )
    cast.right(limit, "128 characters, the most Cognito takes", types=Types.USERNAME)

    case = "non-ASCII username"
    others = [
        cast.person(case, name, email=f"script{number}@example.com", needs=USERNAME)
        for number, name in enumerate(("ольга.петрова", "佐藤.美咲", "zoë.núñez", "محمد", "김지우"))
    ]
    cast.right(others[0], "Cyrillic username", types=Types.USERNAME)
    cast.right(others[1], "Japanese username", types=Types.USERNAME)
    cast.right(
        others[2],
        "username typed in decomposed form: Django compares NFKC",
        types=Types.USERNAME,
        alter=lambda login: normalize("NFD", login),
    )

    case = "username typed in another compatibility form"
    wide = cast.person(case, "fullwidth7", email="fullwidth@example.com", needs=USERNAME)
    cast.right(
        wide,
        "username typed in full-width letters: Django compares NFKC",
        types=Types.USERNAME,
        alter=lambda login: "".join(chr(ord(letter) + 0xFEE0) for letter in login),
    )
    ligature = cast.person(case, "fiona.official", email="ligature@example.com", needs=USERNAME)
    cast.right(
        ligature,
        "username typed with ligatures: Django compares NFKC",
        types=Types.USERNAME,
        alter=lambda login: login.replace("fi", "ﬁ"),
    )
    cast.person(
        "username stored in a form Django does not look for",
        "ｗｉｄｅ.stored",
        email="wide.stored@example.com",
        needs=USERNAME,
    )

    case = "username with spaces"
    around = cast.person(case, "  spaces around  ", email="around@example.com", needs=USERNAME)
    cast.right(around, "spaces around the username", types=Types.USERNAME)
    trimmed = cast.person(case, " leading space", email="leading@example.com", needs=USERNAME)
    cast.right(
        trimmed,
        "spaces around the username left out: nobody's login",
        types=Types.USERNAME,
        alter=str.strip,
    )
    inside = cast.person(case, "space inside", email="inside@example.com", needs=USERNAME)
    cast.right(inside, "space inside the username", types=Types.USERNAME)
    by_mail = cast.person(case, "space by mail", email="spaced.by.mail@example.com", needs=USERNAME)
    cast.right(by_mail, "username with spaces, signs in by e-mail", types=Types.EMAIL)

    case = "e-mail-shaped username"
    own = cast.person(case, "own.mail@example.com", email="own.mail@example.com", needs=USERNAME)
    cast.right(own, "username is the user's own e-mail", types=Types.USERNAME)
    other = cast.person(case, "not.mine@example.com", email="mine@example.org", needs=USERNAME)
    cast.right(other, "username is an e-mail the user does not have", types=Types.USERNAME)
    claimed = cast.person(case, "claimed@example.com", email="claimant@example.com", needs=USERNAME)
    holder = cast.person(
        "e-mail that is another's username",
        "claimed.holder",
        email="claimed@example.com",
        needs=USERNAME,
    )
    cast.right(
        holder,
        "an e-mail that is another user's username",
        types=Types.EMAIL,
    )
    cast.right(claimed, "username is another user's e-mail", types=Types.USERNAME)

    for number, name in enumerate(
        ("o'hara@work", "a+b-c_d.e", "50%_off", "back\\slash", "semi;--")
    ):
        odd = cast.person(
            "punctuation in username", name, email=f"punct{number}@example.com", needs=USERNAME
        )
        cast.right(odd, "punctuation in the username", types=Types.USERNAME)
    cast.person("punctuation in username", "50x-off", email="punct9@example.com", needs=USERNAME)


def usernames_by_case(cast: Cast) -> None:
    case = "usernames that differ by case alone"
    capital = cast.person(case, "Twin.Name", email="tn1@example.com", needs=USERNAME_CASE)
    small = cast.person(case, "twin.name", email="tn2@example.com", needs=USERNAME_CASE)
    cast.right(capital, "username twin typed exactly", types=Types.USERNAME)
    cast.right(small, "username twin typed exactly, lower case", types=Types.USERNAME)
    odd = cast.person(case, "Odd.Name", email="on1@example.com", needs=USERNAME_CASE)
    cast.person(case, "ODD.NAME", email="on2@example.com", needs=USERNAME_CASE)
    cast.right(odd, "username twins, neither typed exactly", types=Types.USERNAME, alter=str.lower)
    case = "username in mixed case"
    mixed = cast.person(case, "CamelCase", email="camel@example.com", needs=USERNAME)
    cast.right(mixed, "username typed as stored, mixed case", types=Types.USERNAME)
    lowered = cast.person(case, "MixedCase", email="mixedcase@example.com", needs=USERNAME)
    cast.right(
        lowered,
        "username lower-cased, as a case-insensitive pool sends it",
        types=Types.USERNAME,
        alter=str.lower,
    )
    accents = cast.person(case, "BJÖRN.ÅSTRÖM", email="bjorn@example.com", needs=USERNAME)
    cast.right(
        accents,
        "non-ASCII username lower-cased, as a case-insensitive pool sends it",
        types=Types.USERNAME,
        alter=str.lower,
    )
    wrong = cast.person(case, "WrongCase", email="wrongcase@example.com", needs=USERNAME)
    cast.wrong(wrong, "wrong password, username lower-cased", types=Types.USERNAME, alter=str.lower)


def groups_and_rights(cast: Cast) -> None:
    member = cast.person(
        "groups of note",
        "many.groups",
        groups=("editors", "Staff Members", "Équipe d’été", "管理者", "g" * 150, " padded group "),
    )
    cast.right(member, "groups with spaces, other scripts, 150 characters")
    slash = cast.person("groups of note", "slash.group", groups=("billing/export", "newsletter"))
    cast.right(slash, "group with a slash in its name")
    cast.person("groups of note", "group.twins", groups=("editors", "Editors"), needs=CASE)
    cast.person("own permissions", "own.permissions", permissions=("add_group", "view_permission"))


def dates(cast: Cast) -> None:
    cast.person("never signed in", "never.came", last_login=None)
    cast.person("dates of note", "first.day", date_joined=FIRST_DAY, last_login=FIRST_DAY)
    cast.person("dates of note", "last.minute", last_login=AS_OF)
    cast.person(
        "dates of note",
        "microsecond",
        date_joined=datetime(2019, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        last_login=datetime(2020, 2, 29, 0, 0, 0, 1, tzinfo=UTC),
    )
    cast.person("dates of note", "last.year", last_login=AS_OF - timedelta(days=366))
    cast.person("phone number", "phone.good", phone_number="+46701234567")
    cast.person("phone number", "phone.spaces", phone_number="+44 20 7946 0958")
    cast.person("phone number", "phone.local", phone_number="0701234567")
    cast.person("dates of note", "no.names", first_name="", last_name="")
    cast.person("names of note", "long.names", first_name="N" * 150, last_name="ñ" * 150)


def verified_addresses(cast: Cast) -> None:
    case = "allauth address"
    unverified = cast.person(
        case,
        "addr.unverified",
        addresses=(Address(email="addr.unverified@example.com", verified=False, primary=True),),
    )
    cast.right(unverified, "e-mail not verified", types=Types.EMAIL)
    cast.person(case, "addr.none", addresses=())
    second = cast.person(
        case,
        "addr.second",
        addresses=(
            Address(email="addr.second@example.com", verified=True, primary=True),
            Address(email="Addr.Second.Old@example.org", verified=True, primary=False),
            Address(email="addr.second.new@example.org", verified=False, primary=False),
        ),
    )
    cast.wrong(second, "wrong password, user with several addresses", types=Types.EMAIL)
    cased = cast.person(
        case,
        "addr.case",
        email="addr.case@example.com",
        addresses=(Address(email="Addr.Case@Example.com", verified=True, primary=True),),
    )
    cast.right(cased, "address row differs from the user's e-mail by case", types=Types.EMAIL)
    cast.person(
        case,
        "addr.drift",
        email="addr.drift.old@example.com",
        addresses=(Address(email="addr.drift.new@example.com", verified=True, primary=True),),
    )
    cast.person(
        case,
        "addr.secondary.only",
        addresses=(Address(email="addr.secondary.only@example.com", verified=True, primary=False),),
    )


def authenticators(cast: Cast) -> None:
    confirmed = cast.person("authenticator app", "totp.confirmed", authenticator=True)
    cast.right(confirmed, "has a confirmed TOTP device in Django")
    cast.person("authenticator app", "totp.unconfirmed", authenticator=False)


def strangers(cast: Cast) -> None:
    cast.stranger("nobody.at.all", "unknown login")
    cast.stranger("nobody@example.com", "unknown e-mail")
    cast.stranger("nobody%", "a wildcard is no login")
    cast.stranger("' OR 1=1 --", "an injection is no login")
    cast.stranger("незнакомец", "unknown login in another script")

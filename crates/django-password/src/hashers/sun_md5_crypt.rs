//! `passlib:sun_md5_crypt`: `$md5$salt$$hash` and `$md5,rounds=904$salt$$hash`.
//!
//! Responsible for Solaris' crypt(3) with MD5 (A. Muffett, 2002): every round tosses a coin with the
//! bits of the result so far, and where it shows heads Hamlet's soliloquy is digested, too. Whether
//! the salt's last `$` belongs to it depends on who wrote the hash; both are read.

use md5::{Digest, Md5};
use subtle::ConstantTimeEq;

use super::radix64::{is_radix64, push_little_endian};
use crate::cost::Cost;
use crate::decimal::canonical_decimal;
use crate::format::{Format, Hash, Shape, Unaffordable, parsed};
use crate::limits::Quantity;
use crate::malformation::{Fault, Field, Malformation};
use crate::work::Rounds;

pub(crate) static SUN_MD5_CRYPT: Format = Format::foreign(
    "passlib:sun_md5_crypt",
    &["sun_md5_crypt"],
    |text| Shape::own_if(text.starts_with("$md5$") || text.starts_with("$md5,")),
    |text| parsed(SunMd5Hash::parse(text)),
);

static WORK: Rounds = Rounds {
    name: "sun-md5-crypt",
    noun: "rounds",
    quantity: Some(Quantity::SUN_MD5_ROUNDS),
    sample: 512,
    spend: |password, rounds| {
        std::hint::black_box(crypt(password, b"$md5$unknown$", rounds.into()));
    },
    weak_up_to: 0,
};

impl Quantity {
    /// Rounds of Sun's MD5, the 4,096 that are never written included.
    // passlib uses 34,000 and 4,096 more; 50 times that, some four seconds of one core.
    pub const SUN_MD5_ROUNDS: Self = Self::new("sun-md5-crypt rounds", 2_000_000);
}

/// Rounds that every hash has.
const BASIC_ROUNDS: u64 = 4_096;

/// Hamlet, III 1, as Project Gutenberg had it, with the NUL that ends the C string.
const SOLILOQUY: &[u8] = b"To be, or not to be,--that is the question:--\n\
Whether 'tis nobler in the mind to suffer\n\
The slings and arrows of outrageous fortune\n\
Or to take arms against a sea of troubles,\n\
And by opposing end them?--To die,--to sleep,--\n\
No more; and by a sleep to say we end\n\
The heartache, and the thousand natural shocks\n\
That flesh is heir to,--'tis a consummation\n\
Devoutly to be wish'd. To die,--to sleep;--\n\
To sleep! perchance to dream:--ay, there's the rub;\n\
For in that sleep of death what dreams may come,\n\
When we have shuffled off this mortal coil,\n\
Must give us pause: there's the respect\n\
That makes calamity of so long life;\n\
For who would bear the whips and scorns of time,\n\
The oppressor's wrong, the proud man's contumely,\n\
The pangs of despis'd love, the law's delay,\n\
The insolence of office, and the spurns\n\
That patient merit of the unworthy takes,\n\
When he himself might his quietus make\n\
With a bare bodkin? who would these fardels bear,\n\
To grunt and sweat under a weary life,\n\
But that the dread of something after death,--\n\
The undiscover'd country, from whose bourn\n\
No traveller returns,--puzzles the will,\n\
And makes us rather bear those ills we have\n\
Than fly to others that we know not of?\n\
Thus conscience does make cowards of us all;\n\
And thus the native hue of resolution\n\
Is sicklied o'er with the pale cast of thought;\n\
And enterprises of great pith and moment,\n\
With this regard, their currents turn awry,\n\
And lose the name of action.--Soft you now!\n\
The fair Ophelia!--Nymph, in thy orisons\n\
Be all my sins remember'd.\n\0";

#[derive(Debug)]
struct SunMd5Hash<'a> {
    rounds: u64,
    /// Mark, rounds and salt, as they are digested.
    setting: &'a str,
    expected: &'a str,
}

impl<'a> SunMd5Hash<'a> {
    fn parse(text: &'a str) -> Result<Self, Malformation> {
        let missing = |field| Malformation::new(field, Fault::Missing);
        let rounds = if text.starts_with("$md5$") {
            0
        } else {
            let rest = text
                .strip_prefix("$md5,rounds=")
                .ok_or(Malformation::new(Field::Variety, Fault::Unknown))?;
            let (rounds, _) = rest.split_once('$').ok_or(missing(Field::Salt))?;
            match canonical_decimal(rounds) {
                Some(0) => return Err(Malformation::new(Field::Iterations, Fault::OutOfRange)),
                Some(rounds) => rounds,
                None => return Err(Malformation::new(Field::Iterations, Fault::NotANumber)),
            }
        };
        // With `$$` before the hash the setting ends in one of them.
        let (setting, expected) = text.rsplit_once('$').ok_or(missing(Field::Hash))?;
        if !setting.is_ascii() {
            return Err(Malformation::new(Field::Salt, Fault::WrongShape));
        }
        if expected.len() != 22 || !expected.bytes().all(is_radix64) {
            return Err(Malformation::new(Field::Hash, Fault::WrongShape));
        }
        Ok(Self {
            rounds: rounds.saturating_add(BASIC_ROUNDS),
            setting,
            expected,
        })
    }
}

impl Hash for SunMd5Hash<'_> {
    fn cost(&self) -> Cost {
        WORK.cost(self.rounds)
    }

    fn matches(&self, password: &[u8]) -> Result<bool, Unaffordable> {
        let computed = crypt(password, self.setting.as_bytes(), self.rounds);
        Ok(computed.as_bytes().ct_eq(self.expected.as_bytes()).into())
    }
}

fn crypt(password: &[u8], setting: &[u8], rounds: u64) -> String {
    let mut digest: [u8; 16] = Md5::new()
        .chain_update(password)
        .chain_update(setting)
        .finalize()
        .into();
    for round in 0..rounds {
        let mut context = Md5::new().chain_update(digest);
        if coin(&digest, round) {
            context.update(SOLILOQUY);
        }
        context.update(round.to_string().as_bytes());
        digest = context.finalize().into();
    }
    let byte = |index: usize| u32::from(digest.get(index).copied().unwrap_or(0));
    let mut output = String::with_capacity(22);
    for [low, middle, high] in [[12, 6, 0], [13, 7, 1], [14, 8, 2], [15, 9, 3], [5, 10, 4]] {
        let value = byte(high) << 16 | byte(middle) << 8 | byte(low);
        push_little_endian(&mut output, value, 4);
    }
    push_little_endian(&mut output, byte(11), 2);
    output
}

/// Whether the soliloquy belongs to this round.
fn coin(digest: &[u8; 16], round: u64) -> bool {
    let byte = |index: u64| u64::from(digest.get((index & 15) as usize).copied().unwrap_or(0));
    // The bit of that number among the digest's 128.
    let bit = |number: u64| byte((number & 127) >> 3) >> (number & 7) & 1;
    // Seven bits, each chosen by two of the digest's bytes.
    let seven = |first: u64, distance: u64| {
        (0..7_u64).fold(0, |seven, index| {
            let (a, b) = (
                byte(index.wrapping_add(first)),
                byte(index.wrapping_add(first).wrapping_add(distance)),
            );
            let value = byte(a >> (b % 5)) >> (b >> (a & 7) & 1);
            seven | bit(value) << index
        })
    };
    let x = seven(bit(round), 3);
    let y = seven(bit(round.wrapping_add(64)).wrapping_add(8), 3);
    bit(x) ^ bit(y) == 1
}

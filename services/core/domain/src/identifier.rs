//! Identifiers: each thing that is named has its own type, checked when it is made.

use std::fmt;

/// A sovereign party: ISO 3166-1 alpha-2 in capitals, `XK` for Kosovo.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct State([u8; 2]);

/// Why a text is not an identifier of the wanted kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// Not two capital letters A to Z.
    StateMustBeTwoCapitals,
    /// Not sixteen bytes (thirty-two hexadecimal digits).
    CaseIdMustBeSixteenBytes,
    /// Empty, longer than 64 characters, or with anything but `a-z`, `0-9`, `_` and `-`.
    CodeMustBeLowerCaseWord,
    /// Not thirty-two bytes.
    DigestMustBeThirtyTwoBytes,
    /// Not of the form `NL-XK-2026-000123`.
    CaseNumberMustBeStatesYearSerial,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::StateMustBeTwoCapitals => {
                "must be two capital letters (ISO 3166-1 alpha-2, `XK` for Kosovo)"
            }
            Self::CaseIdMustBeSixteenBytes => "must be 16 bytes (32 hexadecimal digits)",
            Self::CodeMustBeLowerCaseWord => {
                "must be 1 to 64 characters of `a-z`, `0-9`, `_` and `-`"
            }
            Self::DigestMustBeThirtyTwoBytes => "must be 32 bytes",
            Self::CaseNumberMustBeStatesYearSerial => "must look like `NL-XK-2026-000123`",
        })
    }
}

impl std::error::Error for Malformed {}

impl State {
    /// Reads a State from its two-letter code.
    ///
    /// # Errors
    /// [`Malformed::StateMustBeTwoCapitals`] when the text is anything else.
    pub fn new(code: &str) -> Result<Self, Malformed> {
        match code.as_bytes() {
            &[a, b] if a.is_ascii_uppercase() && b.is_ascii_uppercase() => Ok(Self([a, b])),
            _ => Err(Malformed::StateMustBeTwoCapitals),
        }
    }

    /// The two-letter code.
    #[must_use]
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).expect("two ASCII capitals are valid UTF-8")
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// A case: sixteen bytes that nobody can guess. The first bit names the founding State:
/// 0 for the first State of the genesis, 1 for the second.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CaseId([u8; 16]);

impl CaseId {
    /// Length in bytes.
    pub const LENGTH: usize = 16;

    /// Takes sixteen bytes as they are.
    #[must_use]
    pub const fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Reads a case id from bytes of any length.
    ///
    /// # Errors
    /// [`Malformed::CaseIdMustBeSixteenBytes`] for any other length.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, Malformed> {
        bytes.try_into().map(Self).map_err(|_| Malformed::CaseIdMustBeSixteenBytes)
    }

    /// Reads the printed form: `case_` and thirty-two hexadecimal digits; the prefix may be absent.
    ///
    /// # Errors
    /// [`Malformed::CaseIdMustBeSixteenBytes`] for anything else.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let digits = text.strip_prefix("case_").unwrap_or(text);
        let malformed = Malformed::CaseIdMustBeSixteenBytes;
        if digits.len() != 32 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(malformed);
        }
        u128::from_str_radix(digits, 16).map(|n| Self(n.to_be_bytes())).map_err(|_| malformed)
    }

    /// The sixteen bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// Which State of the genesis founded the case.
    #[must_use]
    pub const fn founder(&self) -> Founder {
        if self.0[0] & 0x80 == 0 { Founder::First } else { Founder::Second }
    }

    /// The same id in the half that belongs to `founder`.
    #[must_use]
    pub const fn founded_by(mut self, founder: Founder) -> Self {
        match founder {
            Founder::First => self.0[0] &= 0x7f,
            Founder::Second => self.0[0] |= 0x80,
        }
        self
    }
}

impl fmt::Display for CaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "case_{:032x}", u128::from_be_bytes(self.0))
    }
}

impl fmt::Debug for CaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The State of a genesis that founded a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Founder {
    /// The State named first in the genesis.
    First,
    /// The State named second in the genesis.
    Second,
}

/// A SHA-256 digest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// Takes thirty-two bytes as they are.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Reads a digest from bytes of any length.
    ///
    /// # Errors
    /// [`Malformed::DigestMustBeThirtyTwoBytes`] for any other length.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, Malformed> {
        bytes.try_into().map(Self).map_err(|_| Malformed::DigestMustBeThirtyTwoBytes)
    }

    /// The thirty-two bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut digits = String::with_capacity(64);
        for byte in self.0 {
            for half in [byte >> 4, byte & 0x0f] {
                digits.extend(char::from_digit(u32::from(half), 16));
            }
        }
        f.write_str(&digits)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Declares an identifier that is a lower-case word of at most 64 characters.
macro_rules! code {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Checks and takes the word.
            ///
            /// # Errors
            /// [`Malformed::CodeMustBeLowerCaseWord`] when it is not 1 to 64 characters of
            /// `a-z`, `0-9`, `_` and `-`.
            pub fn new(word: &str) -> Result<Self, Malformed> {
                let fits = (1..=64).contains(&word.len())
                    && word.bytes().all(|b| {
                        b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-'
                    });
                fits.then(|| Self(word.to_owned())).ok_or(Malformed::CodeMustBeLowerCaseWord)
            }

            /// The word.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

code! {
    /// An agreement, as its data file names it (`benelux_kosovo_2011`).
    AgreementId
}
code! {
    /// An office of a State: a return office, a ministry, a consulate (`consulate-brussels`).
    Office
}
code! {
    /// An item of evidence, as the agreement's lists name it (`photocopy_of_proof_document`).
    EvidenceItem
}
code! {
    /// A reintegration agency (`homeward`).
    Agency
}

/// The number of a case that people use: `NL-XK-2026-000123`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CaseNumber {
    /// The requesting State.
    pub requesting: State,
    /// The requested State.
    pub requested: State,
    /// The calendar year of filing, by the requesting State's clock.
    pub year: u32,
    /// Counted from 1 by the requesting State, for each partner and year.
    pub serial: u32,
}

impl CaseNumber {
    /// Reads the printed form.
    ///
    /// # Errors
    /// [`Malformed::CaseNumberMustBeStatesYearSerial`] for anything else.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let malformed = Malformed::CaseNumberMustBeStatesYearSerial;
        let parts: Vec<&str> = text.split('-').collect();
        let [requesting, requested, year, serial] = parts.as_slice() else {
            return Err(malformed);
        };
        let number = Self {
            requesting: State::new(requesting).map_err(|_| malformed)?,
            requested: State::new(requested).map_err(|_| malformed)?,
            year: year.parse().map_err(|_| malformed)?,
            serial: serial.parse().map_err(|_| malformed)?,
        };
        // One printed form for one number: what does not print back the same is not taken.
        if number.to_string() == text { Ok(number) } else { Err(malformed) }
    }
}

impl fmt::Display for CaseNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{:04}-{:06}", self.requesting, self.requested, self.year, self.serial)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_state_is_two_capitals() {
        assert_eq!(State::new("NL").unwrap().code(), "NL");
        for wrong in ["nl", "N", "NLD", "N1", "ÑL", ""] {
            assert_eq!(State::new(wrong), Err(Malformed::StateMustBeTwoCapitals), "{wrong}");
        }
    }

    #[test]
    fn a_case_id_prints_and_reads_back_and_names_its_founder() {
        let id = CaseId::new([0x01; 16]);
        assert_eq!(CaseId::parse(&id.to_string()), Ok(id));
        assert_eq!(id.founder(), Founder::First);
        assert_eq!(id.founded_by(Founder::Second).founder(), Founder::Second);
        assert_eq!(id.founded_by(Founder::Second).founded_by(Founder::First), id);
        assert!(CaseId::parse("case_+1000000000000000000000000000000").is_err());
    }

    #[test]
    fn a_case_number_has_one_printed_form() {
        let number = CaseNumber::parse("NL-XK-2026-000123").unwrap();
        assert_eq!(number.serial, 123);
        for wrong in
            ["NL-XK-2026-123", "NL-XK-26-000123", "NL-XK-2026-000123-1", "nl-xk-2026-000123"]
        {
            assert!(CaseNumber::parse(wrong).is_err(), "{wrong}");
        }
    }
}

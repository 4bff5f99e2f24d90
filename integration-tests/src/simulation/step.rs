//! The steps that a history is made of, as text that can be kept in a file and played again.

use std::fmt;
use std::str::FromStr;

use anyhow::{Context as _, Error, Result, bail};
use domain::case::event::Kind;
use domain::identifier::State;

use super::forger::{Ceremony, Manner};

/// One of the two States.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Party {
    /// The Netherlands.
    Nl,
    /// Kosovo.
    Xk,
}

impl Party {
    /// Both.
    pub const BOTH: [Self; 2] = [Self::Nl, Self::Xk];

    /// The State.
    #[must_use]
    pub fn state(self) -> State {
        let state = match self {
            Self::Nl => State::new("NL"),
            Self::Xk => State::new("XK"),
        };
        state.expect("both are codes of States")
    }

    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Nl => Self::Xk,
            Self::Xk => Self::Nl,
        }
    }

    /// Its place where both are kept.
    #[must_use]
    pub const fn slot(self) -> usize {
        match self {
            Self::Nl => 0,
            Self::Xk => 1,
        }
    }
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.state())
    }
}

/// A statement, in short: its kind, one number for what it carries, and which of the history's
/// cases it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word {
    /// The kind.
    pub kind: Kind,
    /// What it carries, where that is not the obvious.
    pub number: Option<u64>,
    /// The case: 0 and 2 are filed by NL, 1 by XK.
    pub case: usize,
}

/// What the network does to a dispatch that it delivers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Treatment {
    /// Nothing.
    Whole,
    /// Delivers it and keeps it, to be delivered again.
    Again,
    /// Flips one bit.
    Flips(u64),
    /// Cuts it off.
    Cuts(u64),
}

/// Where the power goes while a step is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// After so many changes of the disk.
    Changes(u64),
    /// After the store has everything, before the signer's mark has moved and anybody is told.
    BeforeMark,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// So many minutes pass for both.
    Passes(u64),
    /// The clock of a node is set so many minutes away from the true time.
    Jumps(Party, i64),
    /// A State states this if the rules let it.
    Tries(Party, Word),
    /// The same, while the next dispatch of the partner arrives.
    Crosses(Party, Word),
    /// A byzantine State states these, asked or not, in a manner of its own. An honest one does
    /// nothing of the kind.
    Says(Party, Manner, Vec<Word>),
    /// The root key of a byzantine State says something.
    Holds(Party, Ceremony),
    /// A byzantine State floods the case that its partner speaks of with so many dispatches, which
    /// arrive together with the partner's word.
    Floods(Party, u64, Word),
    /// A State's last command comes again, as after a lost reply.
    Repeats(Party),
    /// A safeguard of a case is opened (or met again) on a State's own side.
    Guards(Party, bool, usize),
    /// Everything that is under way to a State arrives, in order, and what is missing is fetched.
    Hears(Party),
    /// The network delivers one of the dispatches that are under way.
    Delivers(Party, u64, Treatment),
    /// The network loses one of them.
    Loses(Party, u64),
    /// What a State has published is published again, from a dispatch on.
    Republishes(Party, u64),
    /// A node looks at its clock.
    Ticks(Party),
    /// The power of a node goes, and comes back. The number decides what its disk has kept.
    Crashes(Party, u64),
    /// The power goes while a step is done.
    CrashesIn(Moment, u64, Box<Step>),
    /// The data folder of a node is copied.
    Copies(Party),
    /// The last copy takes the place of the data folder.
    Restores(Party),
    /// The signer's mark of a node is lost with its disk, and the node starts again.
    LosesMark(Party),
    /// A node that waits for its own words asks for them: the partner, then its own topic.
    Recovers(Party),
    /// A byzantine State says to hold less of its partner's log than it does, from here on.
    AnswersLow(Party),
}

impl Step {
    /// Who does it; `None` where nobody does.
    #[must_use]
    pub fn party(&self) -> Option<Party> {
        match self {
            Self::Passes(_) => None,
            Self::Jumps(party, _)
            | Self::Tries(party, _)
            | Self::Crosses(party, _)
            | Self::Says(party, ..)
            | Self::Holds(party, _)
            | Self::Floods(party, ..)
            | Self::Repeats(party)
            | Self::Guards(party, ..)
            | Self::Hears(party)
            | Self::Delivers(party, ..)
            | Self::Loses(party, _)
            | Self::Republishes(party, _)
            | Self::Ticks(party)
            | Self::Crashes(party, _)
            | Self::Copies(party)
            | Self::Restores(party)
            | Self::LosesMark(party)
            | Self::Recovers(party)
            | Self::AnswersLow(party) => Some(*party),
            Self::CrashesIn(_, _, step) => step.party(),
        }
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.kind)?;
        if let Some(number) = self.number {
            write!(f, " {number}")?;
        }
        if self.case > 0 {
            write!(f, " on {}", self.case)?;
        }
        Ok(())
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passes(minutes) => write!(f, "{minutes} minutes pass"),
            Self::Jumps(party, minutes) => write!(f, "{party} jumps {minutes}"),
            Self::Tries(party, word) => write!(f, "{party} tries {word}"),
            Self::Crosses(party, word) => write!(f, "{party} crosses {word}"),
            Self::Says(party, manner, words) => {
                let words: Vec<String> = words.iter().map(ToString::to_string).collect();
                write!(f, "{party} {} {}", manner.word(), words.join(" + "))
            }
            Self::Holds(party, ceremony) => match ceremony {
                Ceremony::Rotates => write!(f, "{party} rotates"),
                Ceremony::Revokes(good) => write!(f, "{party} revokes {good}"),
                Ceremony::CorrectsClock => write!(f, "{party} corrects-clock"),
                Ceremony::Succeeds => write!(f, "{party} succeeds"),
            },
            Self::Floods(party, count, word) => write!(f, "{party} floods {count} against {word}"),
            Self::Repeats(party) => write!(f, "{party} repeats"),
            Self::Guards(party, open, case) => {
                write!(f, "{party} {} {case}", if *open { "opens" } else { "meets" })
            }
            Self::Hears(party) => write!(f, "{party} hears"),
            Self::Delivers(party, index, treatment) => match treatment {
                Treatment::Whole => write!(f, "{party} receives {index}"),
                Treatment::Again => write!(f, "{party} receives-again {index}"),
                Treatment::Flips(bit) => write!(f, "{party} receives-flipped {index} {bit}"),
                Treatment::Cuts(at) => write!(f, "{party} receives-cut {index} {at}"),
            },
            Self::Loses(party, index) => write!(f, "{party} misses {index}"),
            Self::Republishes(party, from) => write!(f, "{party} republishes {from}"),
            Self::Ticks(party) => write!(f, "{party} ticks"),
            Self::Crashes(party, seed) => write!(f, "{party} crashes {seed}"),
            Self::CrashesIn(Moment::Changes(changes), seed, step) => {
                write!(f, "crash {changes} {seed} in {step}")
            }
            Self::CrashesIn(Moment::BeforeMark, seed, step) => {
                write!(f, "crash before-mark {seed} in {step}")
            }
            Self::Copies(party) => write!(f, "{party} copies"),
            Self::Restores(party) => write!(f, "{party} restores"),
            Self::LosesMark(party) => write!(f, "{party} loses-mark"),
            Self::Recovers(party) => write!(f, "{party} recovers"),
            Self::AnswersLow(party) => write!(f, "{party} answers-low"),
        }
    }
}

impl FromStr for Word {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let mut parts = text.split_whitespace().peekable();
        let name = parts.next().context("a word is missing")?;
        let kind = Kind::ALL.into_iter().find(|kind| format!("{kind:?}") == name);
        let kind = kind.with_context(|| format!("no such word: {name}"))?;
        let number = parts.next_if(|part| *part != "on").map(str::parse).transpose()?;
        let case = match (parts.next(), parts.next()) {
            (Some("on"), Some(case)) => case.parse()?,
            (None, _) => 0,
            (Some(_), _) => bail!("not a word: {text}"),
        };
        Ok(Self { kind, number, case })
    }
}

impl FromStr for Party {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let found = Self::BOTH.into_iter().find(|party| party.state().code() == text);
        found.with_context(|| format!("no such State: {text}"))
    }
}

impl FromStr for Step {
    type Err = Error;

    fn from_str(line: &str) -> Result<Self> {
        let parts: Vec<&str> = line.split_whitespace().collect();
        Ok(match parts.as_slice() {
            [minutes, "minutes", "pass"] => Self::Passes(minutes.parse()?),
            ["crash", moment, seed, "in", rest @ ..] => {
                let moment = match *moment {
                    "before-mark" => Moment::BeforeMark,
                    changes => Moment::Changes(changes.parse()?),
                };
                let step = rest.join(" ").parse()?;
                Self::CrashesIn(moment, seed.parse()?, Box::new(step))
            }
            [party, "jumps", minutes] => Self::Jumps(party.parse()?, minutes.parse()?),
            [party, "tries", word @ ..] => Self::Tries(party.parse()?, word.join(" ").parse()?),
            [party, "crosses", word @ ..] => Self::Crosses(party.parse()?, word.join(" ").parse()?),
            [party, verb, words @ ..] if verb.starts_with("says") => {
                let manner = Manner::ALL.into_iter().find(|(word, _)| word == verb);
                let manner = manner.with_context(|| format!("no such manner: {verb}"))?.1;
                let words = words.join(" ");
                let words = words.split('+').map(str::trim).filter(|word| !word.is_empty());
                let words = words.map(str::parse).collect::<Result<_>>()?;
                Self::Says(party.parse()?, manner, words)
            }
            [party, "rotates"] => Self::Holds(party.parse()?, Ceremony::Rotates),
            [party, "revokes", good] => {
                Self::Holds(party.parse()?, Ceremony::Revokes(good.parse()?))
            }
            [party, "corrects-clock"] => Self::Holds(party.parse()?, Ceremony::CorrectsClock),
            [party, "succeeds"] => Self::Holds(party.parse()?, Ceremony::Succeeds),
            [party, "floods", count, "against", word @ ..] => {
                Self::Floods(party.parse()?, count.parse()?, word.join(" ").parse()?)
            }
            [party, "repeats"] => Self::Repeats(party.parse()?),
            [party, "opens", case] => Self::Guards(party.parse()?, true, case.parse()?),
            [party, "meets", case] => Self::Guards(party.parse()?, false, case.parse()?),
            [party, "hears"] => Self::Hears(party.parse()?),
            [party, "receives", index] => {
                Self::Delivers(party.parse()?, index.parse()?, Treatment::Whole)
            }
            [party, "receives-again", index] => {
                Self::Delivers(party.parse()?, index.parse()?, Treatment::Again)
            }
            [party, "receives-flipped", index, bit] => {
                Self::Delivers(party.parse()?, index.parse()?, Treatment::Flips(bit.parse()?))
            }
            [party, "receives-cut", index, at] => {
                Self::Delivers(party.parse()?, index.parse()?, Treatment::Cuts(at.parse()?))
            }
            [party, "misses", index] => Self::Loses(party.parse()?, index.parse()?),
            [party, "republishes", from] => Self::Republishes(party.parse()?, from.parse()?),
            [party, "ticks"] => Self::Ticks(party.parse()?),
            [party, "crashes", seed] => Self::Crashes(party.parse()?, seed.parse()?),
            [party, "copies"] => Self::Copies(party.parse()?),
            [party, "restores"] => Self::Restores(party.parse()?),
            [party, "loses-mark"] => Self::LosesMark(party.parse()?),
            [party, "recovers"] => Self::Recovers(party.parse()?),
            [party, "answers-low"] => Self::AnswersLow(party.parse()?),
            _ => bail!("no such step: {line}"),
        })
    }
}

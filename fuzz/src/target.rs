//! Every decoder that meets foreign bytes, by name.

use crate::{
    attachment, body, bundle, case, case_key, dispatch, entry, facts, genesis, header, partner,
    root_statement, rules,
};

/// A decoder, with what its readers do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A dispatch, as the courier brings it.
    Dispatch,
    /// The signed header of a dispatch.
    Header,
    /// An entry: its head, and how it is read.
    Entry,
    /// The clear facts of an entry.
    Facts,
    /// The compiled rules in an adoption.
    Rules,
    /// An opened body.
    Body,
    /// An evidence bundle, as a third party is handed it.
    Bundle,
    /// A case, derived from the two logs of a bundle that may say anything.
    Case,
    /// A proposed and a signed genesis.
    Genesis,
    /// A statement of a root key.
    RootStatement,
    /// A wrapped case key, and a sealed body.
    CaseKey,
    /// What a partner asks and answers over gRPC.
    Partner,
    /// The content of an attachment.
    Attachment,
}

impl Target {
    /// All targets.
    pub const ALL: [Self; 13] = [
        Self::Dispatch,
        Self::Header,
        Self::Entry,
        Self::Facts,
        Self::Rules,
        Self::Body,
        Self::Bundle,
        Self::Case,
        Self::Genesis,
        Self::RootStatement,
        Self::CaseKey,
        Self::Partner,
        Self::Attachment,
    ];

    /// Its name: that of its corpus, and on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dispatch => "dispatch",
            Self::Header => "header",
            Self::Entry => "entry",
            Self::Facts => "facts",
            Self::Rules => "rules",
            Self::Body => "body",
            Self::Bundle => "bundle",
            Self::Case => "case",
            Self::Genesis => "genesis",
            Self::RootStatement => "root_statement",
            Self::CaseKey => "case_key",
            Self::Partner => "partner",
            Self::Attachment => "attachment",
        }
    }

    /// The target of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|target| target.name() == name)
    }

    /// Decodes bytes as a node does, and no more.
    pub fn decode(self, bytes: &[u8]) {
        match self {
            Self::Dispatch => dispatch::decode(bytes),
            Self::Header => header::decode(bytes),
            Self::Entry => entry::decode(bytes),
            Self::Facts => facts::decode(bytes),
            Self::Rules => rules::decode(bytes),
            Self::Body => body::decode(bytes),
            Self::Bundle => bundle::decode(bytes),
            Self::Case => case::decode(bytes),
            Self::Genesis => genesis::decode(bytes),
            Self::RootStatement => root_statement::decode(bytes),
            Self::CaseKey => case_key::decode(bytes),
            Self::Partner => partner::decode(bytes),
            Self::Attachment => attachment::decode(bytes),
        }
    }

    /// Decodes bytes, and checks what must hold of whatever was taken: that it is written again as
    /// the same bytes, and that everybody who reads it on can. Bytes that are almost a message are
    /// looked at once more in the form that the message would have had.
    ///
    /// # Panics
    /// Something does not hold.
    pub fn check(self, bytes: &[u8]) {
        match self {
            Self::Dispatch => dispatch::check(bytes),
            Self::Header => header::check(bytes),
            Self::Entry => entry::check(bytes),
            Self::Facts => facts::check(bytes),
            Self::Rules => rules::check(bytes),
            Self::Body => body::check(bytes),
            Self::Bundle => bundle::check(bytes),
            Self::Case => case::check(bytes),
            Self::Genesis => genesis::check(bytes),
            Self::RootStatement => root_statement::check(bytes),
            Self::CaseKey => case_key::check(bytes),
            Self::Partner => partner::check(bytes),
            Self::Attachment => attachment::check(bytes),
        }
    }
}

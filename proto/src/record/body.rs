//! The sealed part of an entry, to and from [`domain::person`].

use std::fmt;

use crate::record::v1::{
    Acting, Body, DocumentDetail, InterviewDetail, Person, RequestDetail, ReturnDecisionDetail,
    TransferDetail, TravelDocumentDetail,
};

/// Personal data is never printed: the messages that hold it say their name only.
macro_rules! withheld {
    ($($message:ident),+) => {$(
        impl fmt::Debug for $message {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($message), "(withheld)"))
            }
        }
    )+};
}

withheld!(
    Acting,
    Body,
    DocumentDetail,
    InterviewDetail,
    Person,
    RequestDetail,
    ReturnDecisionDetail,
    TransferDetail,
    TravelDocumentDetail
);

//! What compiled rules say of the travel document, as clauses.

use domain::rules::{Cited, Length, Source, TravelDocument, WithEvidence};

use super::{Content, End, Party, Said, TRAVEL_DOCUMENT_ISSUE, Timed};
use crate::topic::Topic;
use crate::wording::{
    expected_words, late_when_word, late_word, length_words, third_country_document_words,
};

const TOPIC: Topic = Topic::TravelDocument;

impl Said {
    pub(super) fn travel_document(&mut self, document: Option<&TravelDocument>) {
        let Some(TravelDocument {
            issue,
            expected,
            with_evidence,
            validity,
            reissue,
            reissue_limit,
            reissue_expected,
            late,
            late_after,
            late_when,
            third_country_nationals,
        }) = document
        else {
            return;
        };
        if let Some(issue) = issue {
            self.limit("travel document", TOPIC, issue, Party::Requested);
        }
        if let Some(Cited { value, source }) = expected {
            self.cited("travel document expected", TOPIC, &expected_words(*value), source);
        }
        if let Some(WithEvidence { issue, items }) = with_evidence {
            self.limit("travel document on certain evidence", TOPIC, issue, Party::Requested);
            let items: Vec<&str> = items.iter().map(|item| item.as_str()).collect();
            let name = "evidence for the shorter limit";
            self.cited(name, TOPIC, &items.join(", "), &issue.source);
        }
        let Cited { value, source } = validity;
        let start = Some(TRAVEL_DOCUMENT_ISSUE);
        self.period("travel document validity", *value, start, End::Valid, source);
        match (reissue_limit, reissue) {
            (Some(limit), _) => {
                self.limit("travel document reissue", TOPIC, limit, Party::Requested);
            }
            (None, Some(Cited { value, source })) => {
                self.period("travel document reissue", *value, None, End::Latest, source);
            }
            (None, None) => {}
        }
        if let Some(Cited { value, source }) = reissue_expected {
            let value = format!("normally within {}", length_words(*value));
            self.cited("travel document reissue expected", TOPIC, &value, source);
        }
        if let Some(Cited { value, source }) = late {
            self.cited("travel document late", TOPIC, late_word(*value), source);
        }
        if let Some(limit) = late_after {
            self.limit("travel document late after", TOPIC, limit, Party::Requested);
        }
        if let Some(Cited { value, source }) = late_when {
            self.cited("travel document late when", TOPIC, late_when_word(*value), source);
        }
        if let Some(Cited { value, source }) = third_country_nationals {
            let value = third_country_document_words(*value);
            self.cited("travel document of third-country nationals", TOPIC, value, source);
        }
    }

    fn period(
        &mut self,
        name: &str,
        length: Length,
        starts_on: Option<&'static str>,
        end: End,
        source: &Source,
    ) {
        let timed = Timed { length, then: None, starts_on, acting: Party::Requested, end };
        self.clause(name, TOPIC, Content::Clock(timed), Some(source));
    }
}

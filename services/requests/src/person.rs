//! The person and the return decision: read with every field named that does not fit, and shown
//! to those who may see them.

use domain::identifier::{EvidenceItem, State};
use domain::person::{
    self, ALIASES_MAX, DOCUMENTS_MAX, NAME_CHARS_MAX, NATIONALITIES_MAX, PartialDate,
    REFERENCE_CHARS_MAX, Text, Unfit, full_date,
};
use domain::time::Date;
use proto::requests::v1::{self as wire, Document, Person, ReturnDecision, Sex};

use runtime::fields::Fields;

/// Reads a person; `today` bounds the date of birth.
pub(crate) fn read(
    fields: &mut Fields,
    path: &str,
    it: &Person,
    today: Date,
) -> Option<person::Person> {
    let at = |field: &str| format!("{path}.{field}");
    let name = |text: &str| Text::new(text, NAME_CHARS_MAX);
    let family_name = fields.take(at("family_name"), name(&it.family_name));
    let given_names = fields.take(at("given_names"), name(&it.given_names));
    let birth_date = fields.take(at("birth_date"), PartialDate::new(&it.birth_date, today));
    let birth_place = Text::optional(&it.birth_place, NAME_CHARS_MAX);
    let birth_place = fields.take(at("birth_place"), birth_place);
    let sex = fields.word(at("sex"), read_sex(it.sex));
    let nationalities = fields.list(
        &at("nationalities"),
        &it.nationalities,
        NATIONALITIES_MAX,
        |fields, path, code| fields.take(path, State::new(code)),
    );
    let aliases = fields.list(&at("aliases"), &it.aliases, ALIASES_MAX, |fields, path, alias| {
        fields.take(path, name(alias))
    });
    let documents = fields.list(&at("documents"), &it.documents, DOCUMENTS_MAX, read_document);
    Some(person::Person {
        family_name: family_name?,
        given_names: given_names?,
        birth_date: birth_date?,
        birth_place: birth_place?,
        sex: sex?,
        nationalities: nationalities?,
        aliases: aliases?,
        documents: documents?,
    })
}

fn read_document(fields: &mut Fields, path: &str, it: &Document) -> Option<person::Document> {
    let item = fields.take(format!("{path}.item"), EvidenceItem::new(&it.item));
    let number = Text::new(&it.number, REFERENCE_CHARS_MAX);
    let number = fields.take(format!("{path}.number"), number);
    let valid_until = fields.take(format!("{path}.valid_until"), optional_date(&it.valid_until));
    Some(person::Document { item: item?, number: number?, valid_until: valid_until? })
}

/// Reads the return decision; `today` bounds its date. Whether it is enforceable is a fact, not
/// part of the sealed body.
pub(crate) fn read_decision(
    fields: &mut Fields,
    path: &str,
    it: &ReturnDecision,
    today: Date,
) -> Option<person::ReturnDecision> {
    let reference = Text::new(&it.reference, REFERENCE_CHARS_MAX);
    let reference = fields.take(format!("{path}.reference"), reference);
    let authority = Text::new(&it.authority, NAME_CHARS_MAX);
    let authority = fields.take(format!("{path}.authority"), authority);
    let decided_on = full_date(&it.decided_on).and_then(|day| past(day, today));
    let decided_on = fields.take(format!("{path}.decided_on"), decided_on);
    Some(person::ReturnDecision {
        reference: reference?,
        authority: authority?,
        decided_on: decided_on?,
    })
}

/// Reads a day that may be absent: empty means absent.
pub(crate) fn optional_date(text: &str) -> Result<Option<Date>, Unfit> {
    if text.is_empty() { Ok(None) } else { full_date(text).map(Some) }
}

/// A day that must not come after today.
pub(crate) fn past(day: Date, today: Date) -> Result<Date, Unfit> {
    if day > today { Err(Unfit::MustNotBeInTheFuture) } else { Ok(day) }
}

fn read_sex(number: i32) -> Option<person::Sex> {
    match Sex::try_from(number).ok()? {
        Sex::Unspecified => Some(person::Sex::NotSaid),
        Sex::Female => Some(person::Sex::Female),
        Sex::Male => Some(person::Sex::Male),
        Sex::Other => Some(person::Sex::Other),
    }
}

/// Shows a person.
pub(crate) fn show(it: &person::Person) -> Person {
    let sex = match it.sex {
        person::Sex::NotSaid => Sex::Unspecified,
        person::Sex::Female => Sex::Female,
        person::Sex::Male => Sex::Male,
        person::Sex::Other => Sex::Other,
    };
    let document = |it: &person::Document| Document {
        item: it.item.to_string(),
        number: it.number.reveal().to_owned(),
        valid_until: it.valid_until.map(|day| day.to_string()).unwrap_or_default(),
    };
    Person {
        family_name: it.family_name.reveal().to_owned(),
        given_names: it.given_names.reveal().to_owned(),
        birth_date: it.birth_date.reveal().to_owned(),
        birth_place: it.birth_place.as_ref().map(Text::reveal).unwrap_or_default().to_owned(),
        sex: sex.into(),
        nationalities: it.nationalities.iter().map(ToString::to_string).collect(),
        aliases: it.aliases.iter().map(|alias| alias.reveal().to_owned()).collect(),
        documents: it.documents.iter().map(document).collect(),
    }
}

/// Shows the return decision.
pub(crate) fn show_decision(
    it: &person::ReturnDecision,
    enforceable: domain::case::event::ReturnDecision,
) -> ReturnDecision {
    wire::ReturnDecision {
        reference: it.reference.reveal().to_owned(),
        authority: it.authority.reveal().to_owned(),
        decided_on: it.decided_on.to_string(),
        enforceable: match enforceable {
            domain::case::event::ReturnDecision::Enforceable => true,
            domain::case::event::ReturnDecision::NotEnforceable => false,
        },
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;

    fn testperson() -> Person {
        Person {
            family_name: "Testperson".into(),
            given_names: "Arber".into(),
            birth_date: "1990-02".into(),
            sex: Sex::Male.into(),
            nationalities: vec!["XK".into()],
            documents: vec![Document {
                item: "identity_card".into(),
                number: "TEST-1".into(),
                valid_until: "2020-01-31".into(),
            }],
            ..Person::default()
        }
    }

    fn violations(it: &Person) -> String {
        let mut fields = Fields::default();
        let read = read(&mut fields, "persons[0]", it, Date::constant(2026, 3, 2));
        match fields.done(read) {
            Ok(_) => String::new(),
            Err(failure) => format!("{:?}", failure.details()),
        }
    }

    #[test]
    fn a_person_reads_and_shows_the_same() {
        let mut fields = Fields::default();
        let read = read(&mut fields, "", &testperson(), Date::constant(2026, 3, 2));
        assert_eq!(show(&fields.done(read).unwrap()), testperson());
    }

    #[test]
    fn each_field_that_does_not_fit_is_named_with_its_rule() {
        type Change = fn(&mut Person);
        let table: [(Change, &str, &str); 9] = [
            (|it| it.family_name.clear(), "family_name", "must not be empty"),
            (|it| it.given_names = "x".repeat(201), "given_names", "at most 200"),
            (|it| it.given_names = "a\u{7}b".into(), "given_names", "control"),
            (|it| it.birth_date = "1991-02-29".into(), "birth_date", "a date that exists"),
            (|it| it.birth_date = "2026-03-03".into(), "birth_date", "in the future"),
            (|it| it.sex = 9, "sex", "known"),
            (|it| it.nationalities.push("xk".into()), "nationalities[1]", "two capital"),
            (|it| it.aliases = vec!["x".into(); 17], "aliases", "at most 16"),
            (|it| it.documents[0].valid_until = "soon".into(), "documents[0].valid_until", "date"),
        ];
        for (change, field, rule) in table {
            let mut it = testperson();
            change(&mut it);
            let wrong = violations(&it);
            assert!(wrong.contains(&format!("persons[0].{field}")), "{field}: {wrong}");
            assert!(wrong.contains(rule), "{field}: {wrong}");
            assert!(!wrong.contains("Testperson"), "a value is repeated: {wrong}");
        }
    }
}

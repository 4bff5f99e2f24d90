//! Fields of a request as options of a command, and as JSON from a file.

use std::io::Read;
use std::path::Path;

use anyhow::{Context, anyhow, bail};
use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, ArgMatches};
use domain::person::attachment::ATTACHMENT_BYTES_MAX;
use prost_reflect::{
    Cardinality, DynamicMessage, EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor,
    ReflectMessage, Value,
};

/// Most bytes of a request file.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// The option for a field; `None` for messages, which only a file can hold.
pub(super) fn argument(field: &FieldDescriptor) -> Option<Arg> {
    let name = field.name().to_owned();
    if matches!(field.kind(), Kind::Message(_)) || says_the_file(field) {
        return None;
    }
    let positional = name == "case";
    let mut arg = Arg::new(name.clone());
    if positional {
        // `audit accesses` lists those of every case without one, and `attachment put` takes files
        // for a case that is yet to be filed.
        let optional = ["ListAccessesRequest", "PutAttachmentRequest"];
        let required = !optional.contains(&field.parent_message().name());
        let help = "The case, by number (`NL-XK-2026-000123`) or id";
        arg = arg.value_name("CASE").help(help).required(required);
    } else {
        arg = arg.long(name.replace('_', "-")).help(help(field));
    }
    Some(match (field.cardinality(), field.kind()) {
        (Cardinality::Repeated, Kind::Enum(values)) => arg
            .action(ArgAction::Append)
            .value_delimiter(',')
            .value_parser(PossibleValuesParser::new(words(&values))),
        (Cardinality::Repeated, _) => arg.action(ArgAction::Append).value_delimiter(','),
        (_, Kind::Bool) => arg.action(ArgAction::SetTrue),
        (_, Kind::Enum(values)) => arg.value_parser(PossibleValuesParser::new(words(&values))),
        (_, Kind::Uint64 | Kind::Uint32) => {
            arg.value_name("NUMBER").value_parser(clap::value_parser!(u64))
        }
        _ if positional => arg,
        _ if is_text_of_file(field) => arg.value_name("FILE"),
        _ => arg.value_name("TEXT"),
    })
}

/// Whether the file that is sent says it by itself.
fn says_the_file(field: &FieldDescriptor) -> bool {
    field.parent_message().name() == SENDS_FILE && ["content", "size"].contains(&field.name())
}

/// Whether the value is the text of a file that the option names.
fn is_text_of_file(field: &FieldDescriptor) -> bool {
    field.name() == "supplement"
}

/// The request behind which a file is sent.
const SENDS_FILE: &str = "PutAttachmentRequest";

/// Bytes of a file in one message.
const PART_BYTES: usize = 256 << 10;

/// A request and the file behind it, in parts.
pub(super) fn with_file(
    mut request: DynamicMessage,
    file: &Path,
) -> anyhow::Result<Vec<DynamicMessage>> {
    let name = file.display().to_string();
    let mut content = Vec::new();
    std::fs::File::open(file)
        .and_then(|file| file.take(ATTACHMENT_BYTES_MAX + 1).read_to_end(&mut content))
        .with_context(|| format!("read `{name}`"))?;
    let size = content.len() as u64;
    if !(1..=ATTACHMENT_BYTES_MAX).contains(&size) {
        bail!("`{name}` must have 1 to {ATTACHMENT_BYTES_MAX} bytes");
    }
    request.set_field_by_name("size", Value::U64(size));
    let empty = DynamicMessage::new(request.descriptor());
    let parts = content.chunks(PART_BYTES).map(|part| {
        let mut message = empty.clone();
        message.set_field_by_name("content", Value::Bytes(part.to_vec().into()));
        message
    });
    Ok(std::iter::once(request).chain(parts).collect())
}

/// What the help says of a field. The protocol's own comments say more.
fn help(field: &FieldDescriptor) -> &'static str {
    let key = help_key(field);
    HELP.iter().find(|(name, _)| *name == key).map(|(_, text)| *text).unwrap_or_default()
}

/// The key of a field's text: its name, with that of its message where there is a text for that.
fn help_key(field: &FieldDescriptor) -> String {
    let qualified = format!("{}.{}", field.parent_message().name(), field.name());
    let own = HELP.iter().any(|(name, _)| *name == qualified);
    if own { qualified } else { field.name().to_owned() }
}

/// Fields by name, alone or with that of their message. A test holds that none of the catalogue is
/// missing.
const HELP: &[(&str, &str)] = &[
    ("ExportFaultRequest.number", "Number of the dispatch (`fault list` shows it); else the first"),
    ("GetDispatchRequest.number", "Number of the dispatch in this State's log"),
    ("ListQuarantineRequest.number", "Number of the one to show, with its bytes"),
    ("addressed_to", "Office of the partner that is asked (`operator partners` lists them)"),
    ("after_token", "Go on after this token, as the last message said"),
    ("agency", "The reintegration agency"),
    ("agreement", "The agreement (`operator agreements` lists what is adopted)"),
    ("answer", "What the agency answers"),
    ("at", "Local date and time of the interview, YYYY-MM-DDTHH:MM"),
    ("attachment", "Id of the file, as `case show` lists it with a purpose"),
    ("attachments", "Files that were put before, by id (`attachment put` prints it; repeatable)"),
    ("author", "The State whose log it is in"),
    ("basis", "On what basis it is erased"),
    (
        "bodies",
        "With the key and the sealed bodies of the case: whoever has the file reads them. Needs \
         `--purpose`; never after an erasure",
    ),
    ("border_point", "Border crossing point of arrival, at most 200 characters"),
    ("carriage", "Flight, train or ship, at most 64 characters"),
    ("category", "The person's tie to the requested State"),
    (
        "confirmed",
        "A key that only secondary publications hold, and that you confirm (repeatable); goes to \
         the access log",
    ),
    (
        "confirmed_holidays",
        "An estimated holiday that you confirm, by one of its days: XK=2026-03-20; where it fell a \
         day beside, XK=2026-03-20=2026-03-21 (repeatable); goes to the access log",
    ),
    ("document", "Position of the issue in the own log; the last document when absent"),
    ("escorted", "The person is escorted"),
    ("ended_from", "First day on which no request may be filed under it, YYYY-MM-DD"),
    ("entry", "Position of the entry in the partner's log; the timeline shows it"),
    ("etag", "Etag of the case as you saw it (`case show` prints it)"),
    ("evidence", "Items of evidence, as the agreement's lists name them (repeatable)"),
    ("filing", "For a case that is yet to be filed: the `--request-id` that you will file it with"),
    ("finding", "What the population register says"),
    (
        "irregular_stay_known_on",
        "The day that starts the limit for filing: the irregular stay was known, detected or \
         ascertained, or entry and presence were, as the agreement says; YYYY-MM-DD",
    ),
    ("issued_on", "First day of validity, YYYY-MM-DD"),
    ("label", "What the file is, for people, at most 200 characters"),
    (
        "longer_by",
        "By how many of the agreement's unit the reply takes longer; the longest when absent",
    ),
    ("mode", "How the person travels"),
    ("note", "Free text, sealed, at most 4,000 characters"),
    ("notice", "Position of the notice in the requesting State's log; the pending one when absent"),
    ("now_ms", "The moment, in milliseconds since 1970-01-01T00:00:00Z; not before now"),
    ("number", "Number of the travel document, at most 64 characters"),
    ("on", "Day of arrival in the requested State's time, YYYY-MM-DD"),
    ("outcome", "What became of the interview"),
    (
        "own_up_to",
        "Last dispatch of this State's log that is shown; the last that goes with \
         `--partner-up-to` when absent",
    ),
    ("page_size", "Lines on one page"),
    ("page_token", "Where the next page starts, as the last page said"),
    (
        "partner_holds",
        "The last dispatch of this State's log that the partner holds (`operator status`)",
    ),
    ("partner_state", "The partner, two capital letters"),
    (
        "partner_up_to",
        "Last dispatch of the partner's log that is shown; the last that goes with `--own-up-to` \
         when absent",
    ),
    ("place", "Place of the interview, at most 200 characters"),
    ("position", "Position in that State's log"),
    ("purpose", "Why personal data is read; goes to the access log"),
    ("question", "Position of the question in the partner's log; the last open one when absent"),
    ("reason", "Why"),
    ("reasons", "Why; one or more, separated by commas"),
    ("reference", "Your own reference, at most 64 characters"),
    (
        "request_id",
        "Id of this command, 1 to 64 characters: the same id again gets the first reply; made up \
         when absent",
    ),
    ("safeguard", "Which safeguard"),
    ("special_needs", "What the receiving side must prepare for, at most 4,000 characters"),
    (
        "supplement",
        "A file with values that the data lacks, each with article and source; its SHA-256 goes to \
         the access log",
    ),
    (
        "take_in_forged",
        "Take in, as they stand, the dispatches up to that one which somebody else signed with \
         this State's log key, to revoke it behind them",
    ),
    ("until", "Last day, YYYY-MM-DD"),
    ("valid_until", "Last day of validity, YYYY-MM-DD"),
    ("validate_only", "Check everything and write nothing"),
    ("version", "Version of the compiled rules; 1 when absent"),
    ("wait_for_position", "Wait until the list has seen this store position, as a receipt said"),
];

/// The words for the values of an enumeration: `prima-facie` for `EVIDENCE_CLASS_PRIMA_FACIE`.
fn words(values: &EnumDescriptor) -> Vec<String> {
    let numbered = values.values().filter(|value| value.number() != 0);
    numbered.map(|value| word(values, value.name())).collect()
}

/// The word for one value of an enumeration.
pub(super) fn word(values: &EnumDescriptor, name: &str) -> String {
    let mut prefix = String::new();
    for character in values.name().chars() {
        if character.is_uppercase() && !prefix.is_empty() {
            prefix.push('_');
        }
        prefix.extend(character.to_uppercase());
    }
    let short = name.strip_prefix(&format!("{prefix}_")).unwrap_or(name);
    short.to_lowercase().replace('_', "-")
}

/// Reads a request from a JSON file.
pub(super) fn read(message: &MessageDescriptor, file: &Path) -> anyhow::Result<DynamicMessage> {
    let name = file.display().to_string();
    let text = text_of(file)?;
    let mut json = serde_json::Deserializer::from_str(&text);
    let request = DynamicMessage::deserialize(message.clone(), &mut json)
        .with_context(|| format!("`{name}` is not a `{}`", message.name()))?;
    json.end().with_context(|| format!("`{name}` goes on after the request"))?;
    Ok(request)
}

/// The text of a file; `-` is the standard input.
fn text_of(file: &Path) -> anyhow::Result<String> {
    let name = file.display().to_string();
    let source: Box<dyn Read> = if name == "-" {
        Box::new(std::io::stdin())
    } else {
        Box::new(std::fs::File::open(file).with_context(|| format!("read `{name}`"))?)
    };
    let mut text = String::new();
    source
        .take(FILE_BYTES_MAX + 1)
        .read_to_string(&mut text)
        .with_context(|| format!("read `{name}`"))?;
    if text.len() as u64 > FILE_BYTES_MAX {
        bail!("`{name}` is longer than {FILE_BYTES_MAX} bytes");
    }
    Ok(text)
}

/// Sets the fields that were given as options, and a request id where none was.
pub(super) fn set(request: &mut DynamicMessage, matches: &ArgMatches) -> anyhow::Result<()> {
    for field in request.descriptor().fields() {
        if argument(&field).is_none() {
            continue;
        }
        if let Some(value) = given(&field, matches)? {
            request.set_field(&field, value);
        }
        if field.name() == "request_id" && !request.has_field(&field) {
            let random: [u8; 16] = rand::random();
            request.set_field(&field, Value::String(hex::encode(random)));
        }
    }
    Ok(())
}

/// The value of a field, if it was given.
fn given(field: &FieldDescriptor, matches: &ArgMatches) -> anyhow::Result<Option<Value>> {
    let name = field.name();
    if field.cardinality() == Cardinality::Repeated {
        let Some(words) = matches.get_many::<String>(name) else { return Ok(None) };
        let values: anyhow::Result<Vec<Value>> = words.map(|word| one(field, word)).collect();
        return values.map(|values| Some(Value::List(values)));
    }
    let kind = field.kind();
    if kind == Kind::Bool {
        return Ok(matches.get_flag(name).then_some(Value::Bool(true)));
    }
    if kind != Kind::Uint64 && kind != Kind::Uint32 {
        return matches.get_one::<String>(name).map(|word| one(field, word)).transpose();
    }
    let Some(number) = matches.get_one::<u64>(name).copied() else { return Ok(None) };
    if kind == Kind::Uint64 {
        return Ok(Some(Value::U64(number)));
    }
    let number = u32::try_from(number);
    number
        .map(|number| Some(Value::U32(number)))
        .with_context(|| format!("`--{}` is too large", name.replace('_', "-")))
}

/// One value from its word.
fn one(field: &FieldDescriptor, text: &str) -> anyhow::Result<Value> {
    if let Kind::Enum(values) = field.kind() {
        let value = values.values().find(|value| word(&values, value.name()) == text);
        return value
            .map(|value| Value::EnumNumber(value.number()))
            .ok_or_else(|| anyhow!("`{text}` is not one of {}", words(&values).join(", ")));
    }
    if field.kind() == Kind::Bytes {
        let bytes = hex::decode(text).with_context(|| format!("`{}`", field.name()))?;
        return Ok(Value::Bytes(bytes.into()));
    }
    if is_text_of_file(field) {
        return text_of(Path::new(text)).map(Value::String);
    }
    Ok(Value::String(text.to_owned()))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::client::catalog::{ALONE, GROUPS};

    #[test]
    fn every_option_has_a_help_text_and_every_text_an_option() {
        let pool = crate::client::pool().unwrap();
        let verbs = GROUPS.iter().flat_map(|group| group.verbs).chain(ALONE);
        let mut fields = std::collections::BTreeSet::new();
        for verb in verbs {
            for name in [Some(verb.method), verb.instead.map(|it| it.method)].into_iter().flatten()
            {
                let input = crate::client::method(&pool, name).unwrap().input();
                let options = input.fields().filter(|field| argument(field).is_some());
                fields.extend(options.map(|field| help_key(&field)));
            }
        }
        fields.remove("case");
        let texts = HELP.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(fields, texts);
    }
}

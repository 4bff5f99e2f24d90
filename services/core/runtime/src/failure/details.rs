//! A failure as `google.rpc.Status`, and back. The one place that knows type addresses.

use prost::Message;
use prost_types::Any;
use proto::InvalidField;
use proto::command::v1::{CaseMoved, RevisionMoved, RuleBroken};
use tonic_types::{ErrorDetails, StatusExt, pb};

use super::{Class, Code, Coded, Detail, Failure, code};

/// Names the maker of the codes in `ErrorInfo.domain`.
const DOMAIN: &str = "readmit";

/// Where the message types of a detail are named.
const TYPE_PREFIX: &str = "type.googleapis.com/";

pub(super) fn to_status(failure: &Failure) -> tonic::Status {
    let mut google = ErrorDetails::new();
    let page = format!("docs/errors/{}.md", failure.code());
    google.set_error_info(
        failure.code().as_str(),
        DOMAIN,
        std::collections::HashMap::from([("page".to_owned(), page)]),
    );
    let mut ours = Vec::new();
    for detail in failure.details() {
        match detail {
            Detail::Field(field) => {
                google.add_bad_request_violation(field.field.clone(), field.reason.clone());
            }
            Detail::Rule(coded) => {
                google.add_precondition_failure_violation(
                    coded.code.clone(),
                    coded.rule.clone(),
                    coded.explanation.clone(),
                );
                ours.push(any("readmit.command.v1.RuleBroken", &rule_broken(coded)));
            }
            Detail::Moved(moved) => ours.push(any("readmit.command.v1.CaseMoved", moved)),
            Detail::Revision(moved) => ours.push(any("readmit.command.v1.RevisionMoved", moved)),
            Detail::Retry(after) => {
                google.set_retry_info(Some(*after));
            }
        }
    }
    let code = failure.class().grpc();
    let status = tonic::Status::with_error_details(code, failure.message(), google);
    match pb::Status::decode(status.details()) {
        Ok(mut whole) => {
            whole.details.append(&mut ours);
            let bytes = whole.encode_to_vec().into();
            tonic::Status::with_details(code, failure.message(), bytes)
        }
        // What was just encoded decodes; were it not so, the plain status is still right.
        Err(_) => status,
    }
}

pub(super) fn from_status(status: tonic::Status) -> Failure {
    let mut class = Class::of(status.code());
    let mut code = code::CALL_FAILED;
    if status.code() == tonic::Code::Unavailable {
        code = code::UNAVAILABLE;
    }
    let mut details = Vec::new();
    let google = status.get_error_details();
    if let Some(info) = google.error_info().filter(|info| info.domain == DOMAIN) {
        code = Code::named(info.reason.clone());
    } else if certificate_refused(&status) {
        class = Class::NotIdentified;
        code = code::CERTIFICATE_FOREIGN;
    } else if connection_lost(&status) {
        class = Class::Unavailable;
        code = code::UNAVAILABLE;
    }
    for violation in google.bad_request().iter().flat_map(|bad| &bad.field_violations) {
        let (field, reason) = (violation.field.clone(), violation.description.clone());
        details.push(Detail::Field(InvalidField { field, reason }));
    }
    let whole = pb::Status::decode(status.details()).unwrap_or_default();
    for any in &whole.details {
        let name = any.type_url.strip_prefix(TYPE_PREFIX).unwrap_or(&any.type_url);
        // A detail that cannot be read says nothing; the code and the message still do.
        details.extend(match name {
            "readmit.command.v1.RuleBroken" => {
                RuleBroken::decode(any.value.as_slice()).ok().map(|rule| Detail::Rule(coded(rule)))
            }
            "readmit.command.v1.CaseMoved" => {
                CaseMoved::decode(any.value.as_slice()).ok().map(Detail::Moved)
            }
            "readmit.command.v1.RevisionMoved" => {
                RevisionMoved::decode(any.value.as_slice()).ok().map(Detail::Revision)
            }
            _ => None,
        });
    }
    if let Some(after) = google.retry_info().and_then(|retry| retry.retry_delay) {
        details.push(Detail::Retry(after));
    }
    let mut failure = Failure::new(class, code, status.message().to_owned());
    failure.0.details = details;
    failure.with_source(status)
}

/// Whether the call failed below gRPC: no server has answered it.
fn connection_lost(status: &tonic::Status) -> bool {
    // A deadline that passed comes from below too, with a code of its own.
    if !matches!(status.code(), tonic::Code::Unknown | tonic::Code::Unavailable) {
        return false;
    }
    let source = std::error::Error::source(status);
    source.is_some_and(|source| source.is::<tonic::transport::Error>())
}

/// Whether the server ended the handshake because of the client's certificate. rustls tells it by
/// an alert, which comes as the innermost cause of a failed call.
fn certificate_refused(status: &tonic::Status) -> bool {
    // `DecryptError`: signed by another authority of a trusted authority's name.
    const ALERTS: [&str; 6] = [
        "UnknownCA",
        "BadCertificate",
        "CertificateUnknown",
        "CertificateExpired",
        "CertificateRequired",
        "DecryptError",
    ];
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(status);
    while let Some(error) = cause {
        let text = error.to_string();
        if text.contains("received fatal alert") && ALERTS.iter().any(|alert| text.contains(alert))
        {
            return true;
        }
        cause = error.source();
    }
    false
}

fn any(name: &str, message: &impl Message) -> Any {
    Any { type_url: format!("{TYPE_PREFIX}{name}"), value: message.encode_to_vec() }
}

fn rule_broken(coded: &Coded) -> RuleBroken {
    let source = coded.source.as_ref();
    RuleBroken {
        rule: coded.rule.clone(),
        code: coded.code.clone(),
        article: source.and_then(|source| source.article.clone()).unwrap_or_default(),
        instrument: source.map(|source| source.instrument.clone()).unwrap_or_default(),
        explanation: coded.explanation.clone(),
    }
}

fn coded(rule: RuleBroken) -> Coded {
    let source = (!rule.instrument.is_empty()).then(|| domain::rules::Source {
        instrument: rule.instrument,
        article: Some(rule.article).filter(|article| !article.is_empty()),
    });
    Coded { code: rule.code, rule: rule.rule, source, explanation: rule.explanation }
}

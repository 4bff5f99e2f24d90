//! Who asks: the certificate's SAN, and nothing that a message says.
//!
//! `spiffe://nl.readmit/office/<office>/official/<name>`, `/consulate/…`, `/agency/…`,
//! `/overseer/<body>/official/<name>`, `/operator/<name>`, `/node` and `/service/<name>`.
//!
//! A trust domain belongs to one State, and only that State's own authorities may certify in it:
//! the leaf must be signed by one of them directly, so that no partner can speak for another.
//! What a role may do with a case is for the services and the ledger to say.

mod trust;

use std::fmt;

use domain::identifier::{Agency, Office, State};
use proto::InvalidField;
use proto::command::v1::Purpose;
use proto::ledger::v1::{self as wire, CallerContext};

use crate::failure::{Class, Code, Failure, code};

pub use trust::{Trust, TrustError};

/// Somebody who asks, as a certificate names them.
#[derive(Clone, PartialEq, Eq)]
pub struct Caller {
    /// The State whose trust domain it is.
    pub state: State,
    /// What the caller is.
    pub role: Role,
    /// The official; nodes and services have none.
    official: Option<String>,
}

/// What a caller is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// An official of an office.
    Office(Office),
    /// An official of a consulate.
    Consulate(Office),
    /// Somebody of a reintegration agency.
    Agency(Agency),
    /// Somebody of a body of oversight.
    Overseer(Office),
    /// An operator of the node.
    Operator,
    /// The node of a State.
    Node,
    /// A service of a State, by its name.
    Service(Office),
}

/// Why nobody is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotIdentified {
    /// There is no client certificate.
    #[error("there is no client certificate")]
    CertificateMissing,
    /// The certificate is not one that can be read.
    #[error("the client certificate cannot be read")]
    CertificateUnreadable,
    /// The certificate has no SAN of the wanted form, or more than one.
    #[error("the client certificate names nobody: it must have one SAN `spiffe://…`")]
    NameMissing,
    /// The trust domain is of no State whom this door knows.
    #[error("the client certificate is of a trust domain that is not known here")]
    DomainForeign,
    /// The certificate is not signed by an authority of the State that it names.
    #[error("the client certificate is not signed by an authority of the State that it names")]
    IssuerForeign,
}

impl NotIdentified {
    const fn code(self) -> Code {
        match self {
            Self::CertificateMissing => code::CERTIFICATE_MISSING,
            Self::CertificateUnreadable
            | Self::NameMissing
            | Self::DomainForeign
            | Self::IssuerForeign => code::CERTIFICATE_FOREIGN,
        }
    }
}

impl From<NotIdentified> for Failure {
    fn from(why: NotIdentified) -> Self {
        Self::new(Class::NotIdentified, why.code(), why.to_string())
    }
}

impl Caller {
    /// A service of a State: who asks over a channel inside the process.
    #[must_use]
    pub const fn service(state: State, name: Office) -> Self {
        Self { state, role: Role::Service(name), official: None }
    }

    /// Reads a SAN. The text itself is never part of an error: it names a person.
    ///
    /// # Errors
    /// [`NotIdentified::NameMissing`] when it has another form.
    pub fn parse(identity: &str) -> Result<Self, NotIdentified> {
        Self::read(identity).ok_or(NotIdentified::NameMissing)
    }

    fn read(identity: &str) -> Option<Self> {
        let (trust_domain, path) = identity.strip_prefix("spiffe://")?.split_once('/')?;
        let state = trust_domain.strip_suffix(".readmit")?;
        if state.bytes().any(|byte| !byte.is_ascii_lowercase()) {
            return None;
        }
        let state = State::new(&state.to_ascii_uppercase()).ok()?;
        let parts: Vec<&str> = path.split('/').collect();
        let (role, official) = match parts.as_slice() {
            ["office", name, "official", official] => {
                (Role::Office(Office::new(name).ok()?), Some(*official))
            }
            ["consulate", name, "official", official] => {
                (Role::Consulate(Office::new(name).ok()?), Some(*official))
            }
            ["agency", name, "official", official] => {
                (Role::Agency(Agency::new(name).ok()?), Some(*official))
            }
            ["overseer", name, "official", official] => {
                (Role::Overseer(Office::new(name).ok()?), Some(*official))
            }
            ["operator", official] => (Role::Operator, Some(*official)),
            ["node"] => (Role::Node, None),
            ["service", name] => (Role::Service(Office::new(name).ok()?), None),
            _ => return None,
        };
        let official = match official {
            Some(name) if is_official(name) => Some(name.to_owned()),
            Some(_) => return None,
            None => None,
        };
        Some(Self { state, role, official })
    }

    /// The SAN that names this caller. Personal: not for logs.
    #[must_use]
    pub fn identity(&self) -> String {
        let trust_domain = trust_domain(self.state);
        let official = self.official.as_deref().unwrap_or_default();
        match &self.role {
            Role::Office(name) => {
                format!("spiffe://{trust_domain}/office/{name}/official/{official}")
            }
            Role::Consulate(name) => {
                format!("spiffe://{trust_domain}/consulate/{name}/official/{official}")
            }
            Role::Agency(name) => {
                format!("spiffe://{trust_domain}/agency/{name}/official/{official}")
            }
            Role::Overseer(name) => {
                format!("spiffe://{trust_domain}/overseer/{name}/official/{official}")
            }
            Role::Operator => format!("spiffe://{trust_domain}/operator/{official}"),
            Role::Node => format!("spiffe://{trust_domain}/node"),
            Role::Service(name) => format!("spiffe://{trust_domain}/service/{name}"),
        }
    }

    /// The office, consulate, agency, body or service; empty for operators and nodes.
    #[must_use]
    pub fn organisation(&self) -> &str {
        match &self.role {
            Role::Office(name)
            | Role::Consulate(name)
            | Role::Overseer(name)
            | Role::Service(name) => name.as_str(),
            Role::Agency(name) => name.as_str(),
            Role::Operator | Role::Node => "",
        }
    }

    /// The official; personal: for the sealed body and the access log only.
    #[must_use]
    pub fn official(&self) -> Option<&str> {
        self.official.as_deref()
    }

    /// The office, for what only officials of an office may do.
    ///
    /// # Errors
    /// PERMISSION_DENIED for anybody else.
    pub fn office(&self) -> Result<&Office, Failure> {
        match &self.role {
            Role::Office(name) => Ok(name),
            Role::Consulate(_)
            | Role::Agency(_)
            | Role::Overseer(_)
            | Role::Operator
            | Role::Node
            | Role::Service(_) => Err(Failure::not_allowed("only an office may do this")),
        }
    }

    /// The consulate, for what only officials of a consulate may do.
    ///
    /// # Errors
    /// PERMISSION_DENIED for anybody else.
    pub fn consulate(&self) -> Result<&Office, Failure> {
        match &self.role {
            Role::Consulate(name) => Ok(name),
            Role::Office(_)
            | Role::Agency(_)
            | Role::Overseer(_)
            | Role::Operator
            | Role::Node
            | Role::Service(_) => Err(Failure::not_allowed("only a consulate may do this")),
        }
    }

    /// The office or consulate, for what both may do.
    ///
    /// # Errors
    /// PERMISSION_DENIED for anybody else.
    pub fn office_or_consulate(&self) -> Result<&Office, Failure> {
        match &self.role {
            Role::Office(name) | Role::Consulate(name) => Ok(name),
            Role::Agency(_)
            | Role::Overseer(_)
            | Role::Operator
            | Role::Node
            | Role::Service(_) => {
                Err(Failure::not_allowed("only an office or a consulate may do this"))
            }
        }
    }

    /// The agency, for what only an agency may do.
    ///
    /// # Errors
    /// PERMISSION_DENIED for anybody else.
    pub fn agency(&self) -> Result<&Agency, Failure> {
        match &self.role {
            Role::Agency(name) => Ok(name),
            Role::Office(_)
            | Role::Consulate(_)
            | Role::Overseer(_)
            | Role::Operator
            | Role::Node
            | Role::Service(_) => Err(Failure::not_allowed("only an agency may do this")),
        }
    }

    /// Passes for what only a body of oversight may do.
    ///
    /// # Errors
    /// PERMISSION_DENIED for anybody else.
    pub fn overseer(&self) -> Result<&Office, Failure> {
        match &self.role {
            Role::Overseer(name) => Ok(name),
            Role::Office(_)
            | Role::Consulate(_)
            | Role::Agency(_)
            | Role::Operator
            | Role::Node
            | Role::Service(_) => Err(Failure::not_allowed("only a body of oversight may do this")),
        }
    }

    /// Passes for what only an operator may do.
    ///
    /// # Errors
    /// PERMISSION_DENIED for anybody else.
    pub fn operator(&self) -> Result<(), Failure> {
        if self.role == Role::Operator {
            Ok(())
        } else {
            Err(Failure::not_allowed("only an operator may do this"))
        }
    }

    /// The State, for what only the node of another State may do.
    ///
    /// # Errors
    /// PERMISSION_DENIED for anybody else.
    pub fn node(&self) -> Result<State, Failure> {
        if self.role == Role::Node {
            Ok(self.state)
        } else {
            Err(Failure::not_allowed("only the node of a State may do this"))
        }
    }

    /// The name of the service, for what only a State's own services may do.
    ///
    /// # Errors
    /// PERMISSION_DENIED for anybody else.
    pub fn own_service(&self, own: State) -> Result<&Office, Failure> {
        match &self.role {
            Role::Service(name) if self.state == own => Ok(name),
            Role::Service(_)
            | Role::Office(_)
            | Role::Consulate(_)
            | Role::Agency(_)
            | Role::Overseer(_)
            | Role::Operator
            | Role::Node => Err(Failure::not_allowed("only an own service may do this")),
        }
    }

    /// This caller as a State's own services name it to one another, with the purpose of a read.
    #[must_use]
    pub fn context(&self, purpose: Purpose) -> CallerContext {
        let role = match self.role {
            Role::Office(_) => wire::Role::Office,
            Role::Consulate(_) => wire::Role::Consulate,
            Role::Agency(_) => wire::Role::Agency,
            Role::Overseer(_) => wire::Role::Overseer,
            Role::Operator => wire::Role::Operator,
            Role::Node => wire::Role::Node,
            Role::Service(_) => wire::Role::Service,
        };
        CallerContext {
            identity: self.identity(),
            role: role.into(),
            organisation: self.organisation().to_owned(),
            official: self.official.clone().unwrap_or_default(),
            purpose: purpose.into(),
        }
    }

    /// Reads what an own service says of its caller.
    ///
    /// # Errors
    /// The field that is missing or does not fit the identity.
    pub fn of_context(context: Option<&CallerContext>) -> Result<(Self, Purpose), InvalidField> {
        let context = context.ok_or_else(|| InvalidField::missing("caller"))?;
        let caller = Self::parse(&context.identity)
            .map_err(|_| InvalidField::new("caller.identity", "must name somebody"))?;
        let purpose = Purpose::try_from(context.purpose)
            .map_err(|_| InvalidField::new("caller.purpose", "must be a known purpose"))?;
        if caller.context(purpose) != *context {
            return Err(InvalidField::new("caller", "must be what its identity says"));
        }
        Ok((caller, purpose))
    }
}

impl fmt::Debug for Caller {
    /// Without the official.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{:?}", self.state, self.role)
    }
}

/// The trust domain of a State: `nl.readmit`.
#[must_use]
pub fn trust_domain(state: State) -> String {
    format!("{}.readmit", state.code().to_ascii_lowercase())
}

/// Who sent a request, as the listener that took it has found out.
///
/// # Errors
/// UNAUTHENTICATED when the listener has found nobody.
pub fn of<T>(request: &tonic::Request<T>) -> Result<Caller, Failure> {
    let found = request.extensions().get::<Caller>().cloned();
    found.ok_or_else(|| NotIdentified::CertificateMissing.into())
}

/// An official's name in a SAN: 1 to 64 characters of `a-z`, `0-9`, `.`, `_` and `-`.
fn is_official(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name.bytes().all(|byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'_' | b'-')
        })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn every_form_of_identity_reads_and_prints_the_same() {
        let office = |name| Office::new(name).unwrap();
        let table = [
            ("office/return-office/official/t.tester", Role::Office(office("return-office"))),
            ("consulate/brussels/official/t-1", Role::Consulate(office("brussels"))),
            ("agency/homeward/official/x", Role::Agency(Agency::new("homeward").unwrap())),
            ("overseer/ombuds/official/x", Role::Overseer(office("ombuds"))),
            ("operator/root_1", Role::Operator),
            ("node", Role::Node),
            ("service/requests", Role::Service(office("requests"))),
        ];
        for (path, role) in table {
            let identity = format!("spiffe://nl.readmit/{path}");
            let caller = Caller::parse(&identity).unwrap();
            assert_eq!((caller.state, &caller.role), (State::new("NL").unwrap(), &role));
            assert_eq!(caller.identity(), identity);
            let context = caller.context(Purpose::Decision);
            let read = Caller::of_context(Some(&context)).unwrap();
            assert_eq!(read, (caller, Purpose::Decision));
        }
    }

    #[test]
    fn any_other_form_names_nobody() {
        for wrong in [
            "",
            "spiffe://nl.readmit",
            "spiffe://nl.readmit/",
            "spiffe://NL.readmit/node",
            "spiffe://nld.readmit/node",
            "spiffe://nl.readmit.example/node",
            "https://nl.readmit/node",
            "spiffe://nl.readmit/node/",
            "spiffe://nl.readmit/office/return-office",
            "spiffe://nl.readmit/office/return-office/official/",
            "spiffe://nl.readmit/office/Return Office/official/x",
            "spiffe://nl.readmit/office/return-office/official/x/y",
            "spiffe://nl.readmit/king/x",
        ] {
            assert_eq!(Caller::parse(wrong), Err(NotIdentified::NameMissing), "{wrong}");
        }
    }

    #[test]
    fn a_context_that_says_more_than_its_identity_is_refused() {
        let caller = Caller::parse("spiffe://nl.readmit/agency/homeward/official/x").unwrap();
        let mut context = caller.context(Purpose::Unspecified);
        context.role = wire::Role::Operator.into();
        assert_eq!(Caller::of_context(Some(&context)).unwrap_err().field, "caller");
        assert_eq!(Caller::of_context(None).unwrap_err().field, "caller");
    }

    #[test]
    fn a_role_passes_its_own_door_only() {
        let caller = Caller::parse("spiffe://nl.readmit/consulate/brussels/official/x").unwrap();
        assert_eq!(caller.consulate().unwrap().as_str(), "brussels");
        assert!(caller.office_or_consulate().is_ok());
        for failure in [
            caller.office().unwrap_err(),
            caller.agency().unwrap_err(),
            caller.overseer().unwrap_err(),
            caller.operator().unwrap_err(),
            caller.node().unwrap_err(),
            caller.own_service(caller.state).unwrap_err(),
        ] {
            assert_eq!(failure.class(), Class::NotAllowed);
        }
    }

    #[test]
    fn the_official_is_not_printed() {
        let caller = Caller::parse("spiffe://nl.readmit/operator/arber-testperson").unwrap();
        assert!(!format!("{caller:?}").contains("testperson"));
    }
}

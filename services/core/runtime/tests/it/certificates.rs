//! Certificates for tests: an authority for each State, made anew.
#![expect(clippy::unwrap_used, reason = "tests")]

use domain::identifier::State;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, KeyUsagePurpose, SanType,
};
use runtime::caller::Trust;
use runtime::server::Credentials;

/// A State's authority.
pub(crate) struct Authority {
    pub(crate) state: State,
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    /// All have the same name: a name proves nothing.
    pub(crate) fn new(state: &str) -> Self {
        Self::named(state, "Authority")
    }

    pub(crate) fn named(state: &str, name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        Self { state: State::new(state).unwrap(), issuer }
    }

    pub(crate) fn pem(&self) -> Vec<u8> {
        self.issuer.pem().into_bytes()
    }

    /// A certificate with these names, the first of which may be an identity.
    pub(crate) fn issue(&self, identities: &[&str]) -> Credentials {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        for identity in identities {
            params.subject_alt_names.push(SanType::URI((*identity).try_into().unwrap()));
        }
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Credentials {
            certificate: certificate.pem().into_bytes(),
            key: key.serialize_pem().into_bytes(),
        }
    }
}

/// A door for the people of these authorities.
pub(crate) fn trust(authorities: &[&Authority]) -> Trust {
    let pems: Vec<_> = authorities.iter().map(|it| (it.state, it.pem())).collect();
    Trust::new(&pems).unwrap()
}

//! Certificates for tests: an authority for each State, made anew.
#![expect(clippy::unwrap_used, reason = "tests")]

use domain::identifier::State;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, KeyUsagePurpose, SanType,
};
use runtime::server::Credentials;

/// A State's authority.
pub(crate) struct Authority {
    pub(crate) state: State,
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    pub(crate) fn new(state: State) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let name = format!("Authority of {state}");
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        Self { state, issuer }
    }

    pub(crate) fn pem(&self) -> Vec<u8> {
        self.issuer.pem().into_bytes()
    }

    /// A certificate for an identity of this State, such as `node`.
    pub(crate) fn issue(&self, path: &str) -> Credentials {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let domain = runtime::caller::trust_domain(self.state);
        let identity = format!("spiffe://{domain}/{path}");
        params.subject_alt_names.push(SanType::URI(identity.try_into().unwrap()));
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Credentials {
            certificate: certificate.pem().into_bytes(),
            key: key.serialize_pem().into_bytes(),
        }
    }
}

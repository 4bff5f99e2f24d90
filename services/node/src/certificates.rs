//! A development authority: certificates for the node and for the roles of one State.
//!
//! A ministry has its own authority and its own certificates; only the names matter here, since
//! a caller is what the SPIFFE name in the certificate says.

use std::net::{IpAddr, Ipv4Addr};

use domain::identifier::State;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType, date_time_ymd,
};

/// An authority that certifies in the trust domain of one State.
pub(crate) struct Authority {
    domain: String,
    issuer: Issuer<'static, KeyPair>,
    /// Its certificate, PEM.
    pub(crate) certificate: String,
    /// Its private key, PEM.
    pub(crate) key: String,
}

/// A certificate and its private key, PEM.
pub(crate) struct Certified {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

/// The name in the certificate of a State's node.
pub(crate) fn server_name(state: State) -> String {
    format!("node.{}", trust_domain(state))
}

/// The trust domain of a State.
fn trust_domain(state: State) -> String {
    format!("{}.readmit", state.code().to_lowercase())
}

impl Authority {
    /// A new authority.
    pub(crate) fn new(state: State) -> anyhow::Result<Self> {
        let mut params = parameters(&format!("Readmit development authority {state}"))?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate()?;
        let certificate = params.self_signed(&key)?.pem();
        let pem = key.serialize_pem();
        let issuer = Issuer::new(params, key);
        Ok(Self { domain: trust_domain(state), issuer, certificate, key: pem })
    }

    /// The certificate of the node: it serves, and calls partners.
    pub(crate) fn node(&self) -> anyhow::Result<Certified> {
        let mut params = self.leaf("node")?;
        let name = format!("node.{}", self.domain);
        params.subject_alt_names.push(SanType::DnsName(name.try_into()?));
        params.subject_alt_names.push(SanType::DnsName("localhost".try_into()?));
        params.subject_alt_names.push(SanType::IpAddress(IpAddr::V4(Ipv4Addr::LOCALHOST)));
        params.extended_key_usages.push(ExtendedKeyUsagePurpose::ServerAuth);
        self.certify(params)
    }

    /// The certificate of a service that runs alone: it serves, and calls the ledger.
    pub(crate) fn service(&self, name: &str) -> anyhow::Result<Certified> {
        let mut params = self.leaf(&format!("service/{name}"))?;
        params.subject_alt_names.push(SanType::DnsName("localhost".try_into()?));
        params.subject_alt_names.push(SanType::IpAddress(IpAddr::V4(Ipv4Addr::LOCALHOST)));
        params.extended_key_usages.push(ExtendedKeyUsagePurpose::ServerAuth);
        self.certify(params)
    }

    /// The certificate of somebody who calls; `path` is what follows the trust domain.
    pub(crate) fn caller(&self, path: &str) -> anyhow::Result<Certified> {
        let params = self.leaf(path)?;
        self.certify(params)
    }

    fn leaf(&self, path: &str) -> anyhow::Result<CertificateParams> {
        let identity = format!("spiffe://{}/{path}", self.domain);
        let mut params = parameters(path)?;
        params.subject_alt_names.push(SanType::URI(identity.try_into()?));
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.use_authority_key_identifier_extension = true;
        Ok(params)
    }

    fn certify(&self, params: CertificateParams) -> anyhow::Result<Certified> {
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?.pem();
        Ok(Certified { certificate, key: key.serialize_pem() })
    }
}

/// Parameters with a name; valid for as long as a development corridor could want.
fn parameters(name: &str) -> anyhow::Result<CertificateParams> {
    let mut params = CertificateParams::new(Vec::<String>::new())?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = date_time_ymd(2025, 1, 1);
    params.not_after = date_time_ymd(2036, 1, 1);
    Ok(params)
}

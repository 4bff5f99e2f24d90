//! Which authorities may certify for which State, and what a certificate says of its holder.
//!
//! The TLS layer has checked dates, usage and that some trusted authority stands behind the
//! certificate. Here it is checked that this authority is one of the State that is named.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::identifier::State;
use sha2::{Digest, Sha256};
use x509_parser::pem::Pem;
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

use super::{Caller, NotIdentified};

/// How many certificates are remembered, so that a signature is not checked for every call.
const REMEMBERED_MAX: usize = 1024;

/// The authorities of the States whose people and nodes may come to one door.
#[derive(Clone)]
pub struct Trust(Arc<Inner>);

struct Inner {
    /// DER of the authorities' certificates, by State.
    authorities: BTreeMap<State, Vec<Vec<u8>>>,
    /// All of them, as PEM for the TLS layer.
    pem: Vec<u8>,
    /// Found before, by SHA-256 of the certificate. Emptied when full. Whoever holds the lock
    /// only looks up or inserts.
    remembered: Mutex<BTreeMap<[u8; 32], Result<Caller, NotIdentified>>>,
}

/// Why authorities cannot be trusted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrustError {
    /// There is no certificate in the file.
    #[error("there is no certificate of an authority of `{0}`")]
    Empty(State),
    /// A certificate cannot be read.
    #[error("a certificate of an authority of `{0}` cannot be read")]
    Unreadable(State),
}

impl Trust {
    /// Trusts the authorities of some States, each given as PEM with one or more certificates.
    ///
    /// # Errors
    /// When there is none, or one cannot be read.
    pub fn new(pems: &[(State, Vec<u8>)]) -> Result<Self, TrustError> {
        let mut authorities = BTreeMap::<State, Vec<Vec<u8>>>::new();
        let mut all = Vec::new();
        for (state, pem) in pems {
            let mut found = Vec::new();
            for block in Pem::iter_from_buffer(pem) {
                let block = block.map_err(|_| TrustError::Unreadable(*state))?;
                block.parse_x509().map_err(|_| TrustError::Unreadable(*state))?;
                found.push(block.contents);
            }
            if found.is_empty() {
                return Err(TrustError::Empty(*state));
            }
            authorities.entry(*state).or_default().append(&mut found);
            all.extend_from_slice(pem);
            all.push(b'\n');
        }
        let remembered = Mutex::default();
        Ok(Self(Arc::new(Inner { authorities, pem: all, remembered })))
    }

    /// All authorities, as PEM.
    #[must_use]
    pub fn pem(&self) -> &[u8] {
        &self.0.pem
    }

    /// Whom a certificate names, if one of that State's own authorities has signed it.
    ///
    /// # Errors
    /// Why it names nobody.
    pub fn identify(&self, certificate: &[u8]) -> Result<Caller, NotIdentified> {
        let digest = <[u8; 32]>::from(Sha256::digest(certificate));
        let lock = || self.0.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = lock().get(&digest) {
            return found.clone();
        }
        let found = self.examine(certificate);
        let mut remembered = lock();
        if remembered.len() >= REMEMBERED_MAX {
            remembered.clear();
        }
        remembered.insert(digest, found.clone());
        found
    }

    fn examine(&self, certificate: &[u8]) -> Result<Caller, NotIdentified> {
        let (_, leaf) = X509Certificate::from_der(certificate)
            .map_err(|_| NotIdentified::CertificateUnreadable)?;
        let names = leaf
            .subject_alternative_name()
            .map_err(|_| NotIdentified::CertificateUnreadable)?
            .ok_or(NotIdentified::NameMissing)?;
        let identities: Vec<&str> = names
            .value
            .general_names
            .iter()
            .filter_map(|name| if let GeneralName::URI(uri) = name { Some(*uri) } else { None })
            .collect();
        let [identity] = identities.as_slice() else {
            return Err(NotIdentified::NameMissing);
        };
        let caller = Caller::parse(identity)?;
        let authorities =
            self.0.authorities.get(&caller.state).ok_or(NotIdentified::DomainForeign)?;
        let signed = authorities.iter().any(|authority| {
            X509Certificate::from_der(authority)
                .is_ok_and(|(_, issuer)| leaf.verify_signature(Some(issuer.public_key())).is_ok())
        });
        if signed { Ok(caller) } else { Err(NotIdentified::IssuerForeign) }
    }
}

impl std::fmt::Debug for Trust {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Trust").field(&self.0.authorities.keys().collect::<Vec<_>>()).finish()
    }
}

//! Profiles: where a person's node is, and with which certificate that person calls.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};

/// A profile, as `readmit init` writes it to `HOME/profiles/NAME.toml`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Profile {
    /// Host and port of the node's listener. Where the file `address_file` exists, it goes first.
    pub(crate) address: String,
    /// A file that the node writes its bound address to; relative to HOME.
    pub(crate) address_file: PathBuf,
    /// Certificate of the authority that signed the node's certificate; relative to HOME.
    pub(crate) authority: PathBuf,
    /// The caller's certificate chain; relative to HOME.
    pub(crate) certificate: PathBuf,
    /// The caller's private key; relative to HOME.
    pub(crate) key: PathBuf,
    /// Name in the node's certificate.
    pub(crate) server_name: String,
}

/// A profile with its files read.
pub(super) struct Loaded {
    address: String,
    tls: ClientTlsConfig,
}

/// Reads a profile and the files that it names.
pub(super) fn load(home: &Path, name: &str) -> anyhow::Result<Loaded> {
    let path = home.join("profiles").join(format!("{name}.toml"));
    if !path.exists() {
        bail!(
            "there is no profile `{name}` in `{}` (known: {}); `--home` or READMIT_HOME names \
             another folder",
            home.display(),
            known(home)
        );
    }
    let text =
        std::fs::read_to_string(&path).with_context(|| format!("read `{}`", path.display()))?;
    let profile: Profile =
        toml::from_str(&text).with_context(|| format!("profile `{}`", path.display()))?;
    let read = |file: &Path| {
        let path = home.join(file);
        std::fs::read(&path).with_context(|| format!("read `{}`", path.display()))
    };
    let address = match std::fs::read_to_string(home.join(&profile.address_file)) {
        Ok(bound) => bound.trim().to_owned(),
        Err(_) => profile.address,
    };
    let identity = Identity::from_pem(read(&profile.certificate)?, read(&profile.key)?);
    let tls = ClientTlsConfig::new()
        .ca_certificate(Certificate::from_pem(read(&profile.authority)?))
        .identity(identity)
        .domain_name(profile.server_name);
    Ok(Loaded { address, tls })
}

/// Names of the profiles that there are.
fn known(home: &Path) -> String {
    let entries = std::fs::read_dir(home.join("profiles")).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .filter_map(|entry| {
            let path = entry.path();
            path.file_stem().map(|stem| stem.to_string_lossy().into_owned())
        })
        .collect();
    names.sort();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

impl Loaded {
    /// Connects to the node.
    pub(super) async fn connect(&self) -> Result<Channel, tonic::Status> {
        let unavailable = |error: &dyn std::error::Error| {
            let mut said = error.to_string();
            let mut cause = error.source();
            while let Some(error) = cause {
                said = format!("{said}: {error}");
                cause = error.source();
            }
            let address = &self.address;
            tonic::Status::unavailable(format!(
                "the node at `{address}` cannot be reached; is it running? ({said})"
            ))
        };
        let endpoint = Endpoint::from_shared(format!("https://{}", self.address))
            .and_then(|endpoint| endpoint.tls_config(self.tls.clone()))
            .map_err(|error| unavailable(&error))?;
        let endpoint = endpoint.connect_timeout(std::time::Duration::from_secs(10));
        endpoint.connect().await.map_err(|error| unavailable(&error))
    }
}

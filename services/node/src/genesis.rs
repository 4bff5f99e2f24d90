//! `readmit genesis`: founds a corridor by files that people carry between two ceremonies.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use domain::case::event::Kind;
use domain::identifier::State;
use domain::time::Span;
use prost::Message;
use proto::record::v1;
use record::genesis::{self, Clocks, Party, SignedGenesis};
use record::key::{PublicKey, Signer, SigningKeyInMemory};
use serde::Deserialize;

use crate::exit::Exit;
use crate::home::{self, Readers};

/// Founds a corridor.
#[derive(Subcommand)]
pub(crate) enum Genesis {
    /// Write a proposal that both States then sign
    Propose(Propose),
    /// Sign a proposal with the root key, after showing what it fixes for ever
    Sign(Sign),
    /// Take a genesis that both States have signed into the node's configuration
    Install(Install),
}

/// Writes a proposal.
#[derive(Args)]
pub(crate) struct Propose {
    /// The partner's handover folder
    #[arg(long)]
    partner: PathBuf,
    /// Name of the environment, 1 to 64 characters of a-z, 0-9 and -; a settable clock exists
    /// only where it starts with `demo` or `test`
    #[arg(long)]
    environment: String,
    /// How far apart the two clocks may be, in milliseconds; 1 to 3,600,000
    #[arg(long, default_value_t = genesis::SKEW_MS_DEFAULT)]
    skew_ms: u64,
    /// How long a partner has at least after hearing a notice, in milliseconds; 1 to 31 days
    #[arg(long, default_value_t = genesis::GRACE_MS_DEFAULT)]
    grace_ms: u64,
    /// Where to write it
    #[arg(long)]
    out: PathBuf,
}

/// Signs a proposal.
#[derive(Args)]
pub(crate) struct Sign {
    /// The proposal; the signature is added to it
    file: PathBuf,
}

/// Installs a signed genesis.
#[derive(Args)]
pub(crate) struct Install {
    /// The genesis, signed by both States
    file: PathBuf,
    /// The partner's handover folder
    #[arg(long)]
    partner: PathBuf,
}

/// What a partner hands over about itself.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Directory {
    state: String,
    address: String,
    server_name: String,
    #[serde(default)]
    offices: Vec<toml::Table>,
    #[serde(default)]
    consulates: Vec<toml::Table>,
}

impl Genesis {
    /// Runs one step.
    pub(crate) fn run(&self, home: &Path) -> anyhow::Result<Exit> {
        match self {
            Self::Propose(propose) => propose.run(home),
            Self::Sign(sign) => sign.run(home),
            Self::Install(install) => install.run(home),
        }
    }
}

impl Propose {
    fn run(&self, home: &Path) -> anyhow::Result<Exit> {
        let own = own_party(home)?;
        let partner = party(&self.partner)?;
        if partner.state == own.state {
            bail!(
                "`{}` is handed over by {}, the State of this node; name the partner's folder",
                self.partner.display(),
                own.state
            );
        }
        if self.out.exists() {
            bail!("`{}` is there already; nothing was changed", self.out.display());
        }
        let clocks =
            Clocks { skew: Span::from_ms(self.skew_ms), grace: Span::from_ms(self.grace_ms) };
        let kinds = Kind::ALL.iter().map(|kind| kind.number()).collect();
        let genesis = genesis::Genesis::found(&self.environment, [own, partner], clocks, kinds)?;
        let proposal = v1::SignedGenesis { genesis: genesis.encode(), ..Default::default() };
        home::write_new(&self.out, &proposal.encode_to_vec(), Readers::All)?;
        eprintln!("proposed {} in {}", describe(&genesis), self.out.display());
        eprintln!("next: each State signs it: readmit genesis sign {}", self.out.display());
        Ok(Exit::Success)
    }
}

impl Sign {
    fn run(&self, home: &Path) -> anyhow::Result<Exit> {
        let mut proposal = v1::SignedGenesis::decode(home::read(&self.file)?.as_slice())
            .with_context(|| format!("`{}` is no proposal", self.file.display()))?;
        let genesis = genesis::Genesis::decode(&proposal.genesis)
            .with_context(|| format!("`{}` is no proposal", self.file.display()))?;
        let root = root_key(home)?;
        let signature = genesis.sign(&root).with_context(|| {
            let (first, second) = (genesis.first().state, genesis.second().state);
            format!("`{}` is between {first} and {second}", self.file.display())
        })?;
        if genesis.first().root_key == root.public_key() {
            proposal.first_signature = signature;
        } else {
            proposal.second_signature = signature;
        }
        home::replace(&self.file, &proposal.encode_to_vec())?;
        eprintln!("signed {}", describe(&genesis));
        let unsigned = [
            (genesis.first().state, &proposal.first_signature),
            (genesis.second().state, &proposal.second_signature),
        ];
        match unsigned.iter().find(|(_, signature)| signature.is_empty()) {
            Some((state, _)) => eprintln!("next: {state} signs it too"),
            None => eprintln!("next: each State installs it: readmit genesis install --help"),
        }
        Ok(Exit::Success)
    }
}

impl Install {
    fn run(&self, home: &Path) -> anyhow::Result<Exit> {
        let bytes = home::read(&self.file)?;
        let signed = SignedGenesis::decode(&bytes).with_context(|| {
            let file = self.file.display();
            format!("`{file}` cannot be installed: both States must have signed it")
        })?;
        let genesis = signed.genesis();
        let own = own_party(home)?;
        if genesis.party(own.state) != Some(&own) {
            bail!("the genesis does not name {} with this node's root key", own.state);
        }
        let partner = party(&self.partner)?;
        if genesis.partner(own.state) != Some(&partner) {
            bail!("the genesis does not name {} with the root key handed over", partner.state);
        }
        if home::configuration(home)?.partners.contains_key(&partner.state) {
            bail!("{} is a partner of this node already; nothing was changed", partner.state);
        }
        // What an install that was cut short has written is found again, and is the same.
        let folder = home.join(format!("partners/{}", partner.state.code().to_lowercase()));
        home::write_once(&folder.join("corridor.genesis"), &bytes)?;
        let authority = home::read(&self.partner.join("ca.crt"))?;
        home::write_once(&folder.join("ca.crt"), &authority)?;
        let root = root_key(home)?;
        crate::wiring::announce_keys(home, own.state, &signed, &root)?;
        // The configuration comes last: a crash before leaves files that a new install names.
        let configuration = home.join(home::CONFIGURATION);
        let mut text = home::read_text(&configuration)?;
        partner_tables(&mut text, &directory(&self.partner)?)?;
        home::replace(&configuration, text.as_bytes())?;
        eprintln!("installed {}", describe(genesis));
        eprintln!(
            "next: start the node (readmit --home {} node), then both operators adopt an agreement",
            home.display()
        );
        Ok(Exit::Success)
    }
}

/// The partner as the configuration names it.
fn partner_tables(text: &mut String, directory: &Directory) -> anyhow::Result<()> {
    let folder = format!("partners/{}", directory.state.to_lowercase());
    write!(
        text,
        "\n[[partners]]\nstate = \"{}\"\naddress = \"{}\"\nserver_name = \"{}\"\n\
         authorities = \"{folder}/ca.crt\"\ngenesis = \"{folder}/corridor.genesis\"\n",
        directory.state, directory.address, directory.server_name
    )?;
    for (kind, tables) in [("offices", &directory.offices), ("consulates", &directory.consulates)] {
        for table in tables {
            write!(text, "\n[[partners.{kind}]]\n{}", toml::to_string(table)?)?;
        }
    }
    Ok(())
}

fn directory(handover: &Path) -> anyhow::Result<Directory> {
    let file = handover.join("directory.toml");
    if !file.exists() {
        bail!(
            "`{}` is no handover folder: there is no `directory.toml` (`readmit init` writes one \
             to HOME/{})",
            handover.display(),
            home::HANDOVER
        );
    }
    toml::from_str(&home::read_text(&file)?).with_context(|| format!("`{}`", file.display()))
}

/// State and root key of this node.
fn own_party(home: &Path) -> anyhow::Result<Party> {
    // Says what is missing where there is no node.
    home::configuration(home)?;
    party(&home.join(home::HANDOVER))
}

/// State and root key, as a handover folder names them.
fn party(handover: &Path) -> anyhow::Result<Party> {
    let state = State::new(&directory(handover)?.state)?;
    let file = handover.join("root.pub");
    let key = hex::decode(home::read_text(&file)?.trim())
        .with_context(|| format!("`{}`", file.display()))?;
    Ok(Party { state, root_key: PublicKey::from_slice(&key)? })
}

/// The root key of this State.
pub(crate) fn root_key(home: &Path) -> anyhow::Result<SigningKeyInMemory> {
    root_key_in(&home.join(home::ROOT_KEY))
}

/// The root key in a file.
pub(crate) fn root_key_in(file: &Path) -> anyhow::Result<SigningKeyInMemory> {
    let seed = hex::decode(home::read_text(file)?.trim()).ok();
    let seed: Option<[u8; 32]> = seed.and_then(|seed| seed.try_into().ok());
    let seed = seed.with_context(|| format!("`{}` is no root key", file.display()))?;
    Ok(SigningKeyInMemory::from_seed(&seed))
}

/// What a genesis fixes, in a line.
fn describe(genesis: &genesis::Genesis) -> String {
    format!(
        "corridor {}-{} `{}`, skew {} s, grace {} h, digest {}",
        genesis.first().state,
        genesis.second().state,
        genesis.environment(),
        genesis.skew().as_ms() as f64 / 1_000.0,
        genesis.corridor().grace.as_ms() as f64 / 3_600_000.0,
        genesis.digest()
    )
}

//! An Apache Kafka of our own for a test or a demo: free ports, a temporary folder, ended when
//! dropped. The jars come from Maven once; Java 17 or later runs them.
//!
//! Not for production, and not a cluster: one process, one replica, loopback, no TLS.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use messaging::{Bootstrap, Cluster, Config, Topic, TopicSpec};
use tempfile::TempDir;

use crate::port;

/// How long it may take from its start to the first answer.
const START_LIMIT: Duration = Duration::from_secs(60);
/// How often a start is tried again when somebody else took a port.
const START_TRIES_MAX: u32 = 3;
/// How often a start is asked whether it has ended early.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);
const HEAP: &str = "-Xmx256m";
/// Random characters of a cluster id, which are those of its folder's name. With one more they are
/// the 22 characters of base64 that 16 bytes take.
const ID_CHARS: usize = 21;

/// A running Apache Kafka.
#[derive(Debug)]
pub struct Kafka {
    process: Child,
    /// Data, properties and output; removed when dropped.
    folder: TempDir,
    jars: PathBuf,
    bootstrap_servers: String,
}

impl Kafka {
    /// Starts it with these topics and waits until it answers.
    ///
    /// # Errors
    /// Says what to install when Java, Maven or the jars are missing; else gives the last output.
    pub async fn start(topics: &[TopicSpec]) -> Result<Self> {
        let jars = tokio::task::spawn_blocking(jars).await??;
        let mut tries = 0;
        let kafka = loop {
            tries += 1;
            match Self::start_on_free_ports(&jars).await {
                Ok(kafka) => break kafka,
                Err(error) if tries == START_TRIES_MAX => return Err(error),
                Err(_) => {}
            }
        };
        kafka.cluster()?.create_topics_if_missing(topics).await?;
        Ok(kafka)
    }

    /// Where it listens: `127.0.0.1:port`.
    #[must_use]
    pub fn bootstrap_servers(&self) -> &str {
        &self.bootstrap_servers
    }

    /// Where its topics lie on the disk.
    #[must_use]
    pub fn data_folder(&self) -> PathBuf {
        self.folder.path().join(DATA)
    }

    /// The operating system's number of the process, for those who measure it.
    #[must_use]
    pub fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// The defaults for reaching it.
    #[must_use]
    pub fn config(&self) -> Config {
        Config::new(Bootstrap::Servers(self.bootstrap_servers.clone()))
    }

    /// Adds topics.
    ///
    /// # Errors
    /// When one is refused.
    pub async fn create_topics(&self, topics: &[TopicSpec]) -> Result<()> {
        Ok(self.cluster()?.create_topics_if_missing(topics).await?)
    }

    /// Deletes topics with all that is in them and creates them again, empty.
    ///
    /// # Errors
    /// When one is refused.
    pub async fn recreate_topics(&self, topics: &[TopicSpec]) -> Result<()> {
        let names: Vec<Topic> = topics.iter().map(|spec| spec.topic.clone()).collect();
        let cluster = self.cluster()?;
        cluster.delete_topics(&names).await?;
        Ok(cluster.create_topics_if_missing(topics).await?)
    }

    /// Kills it (SIGKILL) and starts it again on the same ports with the same data.
    ///
    /// # Errors
    /// When it does not come back.
    pub async fn restart(&mut self) -> Result<()> {
        self.end();
        self.process = launch(&self.jars, self.folder.path())?;
        self.wait_until_ready().await
    }

    async fn start_on_free_ports(jars: &Path) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("").rand_bytes(ID_CHARS).tempdir()?;
        // Free for the broker, or for whoever is quicker: that is why a start is tried again.
        let (broker, controller) = (port::free()?, port::free()?);

        let template = fs::read_to_string(kafka_folder().join("server.properties"))?;
        let data = folder.path().join(DATA);
        let properties = template
            .replace("{broker_port}", &broker.to_string())
            .replace("{controller_port}", &controller.to_string())
            .replace("{data}", data.to_str().context("the temporary folder's name is not text")?);
        fs::write(folder.path().join(PROPERTIES), properties)?;
        format(jars, folder.path()).await?;

        let mut kafka = Self {
            process: launch(jars, folder.path())?,
            folder,
            jars: jars.to_owned(),
            bootstrap_servers: format!("127.0.0.1:{broker}"),
        };
        kafka.wait_until_ready().await?;
        Ok(kafka)
    }

    async fn wait_until_ready(&mut self) -> Result<()> {
        let cluster = self.cluster()?;
        let ready = async {
            while cluster.id().await.is_err() {
                tokio::task::yield_now().await;
            }
        };
        let ended = async {
            loop {
                tokio::time::sleep(LOOK_INTERVAL).await;
                match self.process.try_wait() {
                    Ok(None) => {}
                    Ok(Some(status)) => break status.to_string(),
                    Err(error) => break error.to_string(),
                }
            }
        };
        let failure = tokio::select! {
            () = ready => return Ok(()),
            status = ended => format!("it ended with {status}"),
            () = tokio::time::sleep(START_LIMIT) => format!("no answer in {START_LIMIT:?}"),
        };
        let output = fs::read_to_string(self.folder.path().join(OUTPUT)).unwrap_or_default();
        let lines: Vec<_> = output.lines().collect();
        let last = lines.len().saturating_sub(20);
        let lines = lines.get(last..).unwrap_or_default().join("\n");
        bail!("Apache Kafka did not start: {failure}\n{lines}")
    }

    fn cluster(&self) -> Result<Cluster> {
        Ok(Cluster::new(self.config())?)
    }

    /// Ends the process by its id and takes its exit status, so that no zombie stays.
    fn end(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

impl Drop for Kafka {
    fn drop(&mut self) {
        self.end();
    }
}

const PROPERTIES: &str = "server.properties";
const OUTPUT: &str = "output.txt";
const DATA: &str = "data";

fn java(jars: &Path, folder: &Path) -> Result<Command> {
    let output = File::options().create(true).append(true).open(folder.join(OUTPUT))?;
    let mut java = Command::new("java");
    // One compiler, one collector: it starts sooner and stays small.
    java.args([HEAP, "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp"])
        .arg(jars.join("*"))
        .stdin(Stdio::null())
        .stderr(output.try_clone()?)
        .stdout(output);
    Ok(java)
}

/// Prepares the data folder. The cluster's id is made of the folder's random name.
async fn format(jars: &Path, folder: &Path) -> Result<()> {
    let name = folder.file_name().and_then(|name| name.to_str());
    let id = format!("{}A", name.context("the temporary folder has no name")?);
    let mut tool = java(jars, folder)?;
    tool.args(["kafka.tools.StorageTool", "format", "--standalone", "--cluster-id"])
        .arg(id)
        .arg("--config")
        .arg(folder.join(PROPERTIES));
    let status = tokio::task::spawn_blocking(move || run(tool, JAVA_MISSING)).await??;
    let output = folder.join(OUTPUT);
    ensure!(
        status.success(),
        "formatting Apache Kafka's folder failed with {status}\n{}",
        fs::read_to_string(output).unwrap_or_default()
    );
    Ok(())
}

fn launch(jars: &Path, folder: &Path) -> Result<Child> {
    java(jars, folder)?
        .arg("kafka.Kafka")
        .arg(folder.join(PROPERTIES))
        .spawn()
        .context(JAVA_MISSING)
}

const JAVA_MISSING: &str =
    "Java does not run: install a Java runtime, 17 or later (Debian: `openjdk-17-jre-headless`)";
const MAVEN_MISSING: &str = "Apache Kafka's jars are missing and Maven does not run: install \
     Maven (Debian: `maven`), then run `make kafka`";
const JARS_FAILED: &str =
    "Maven did not bring Apache Kafka's jars: look at its output, then run `make kafka`";

/// Proof that the folder of jars is whole, and for which `pom.xml`.
const COMPLETE: &str = "complete";

/// The folder with the jars; brings them when they are not there or `pom.xml` has changed.
///
/// Several tests may ask at once: a file lock lets one of them work and the others wait.
///
/// # Errors
/// When Maven is missing or fails.
pub fn jars() -> Result<PathBuf> {
    let folder = kafka_folder();
    let wanted = fs::read_to_string(folder.join("pom.xml"))?;
    let jars = folder.join("libs");
    let complete = jars.join(COMPLETE);
    let there = || fs::read_to_string(&complete).is_ok_and(|found| found == wanted);
    if there() {
        return Ok(jars);
    }
    fs::create_dir_all(folder.join("target"))?;
    let lock = File::create(folder.join("target/lock"))?;
    lock.lock()?;
    if there() {
        return Ok(jars);
    }
    if jars.exists() {
        fs::remove_dir_all(&jars)?;
    }
    let mut maven = Command::new("mvn");
    maven
        .args(["--quiet", "--batch-mode", "-Dstyle.color=never", "--file"])
        .arg(folder.join("pom.xml"))
        .arg("dependency:copy-dependencies")
        .arg(format!("-DoutputDirectory={}", jars.display()))
        .stdin(Stdio::null());
    let status = run(maven, MAVEN_MISSING)?;
    ensure!(status.success(), "{JARS_FAILED} ({status})");
    // Written last: a crash before leaves a folder that the next one removes.
    fs::write(complete, wanted)?;
    Ok(jars)
}

fn run(mut command: Command, missing: &'static str) -> Result<ExitStatus> {
    command.status().context(missing)
}

fn kafka_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../infra/kafka")
}

//! What people would pick instead, each with the durability of the store: a batch that is done
//! outlives the loss of power. Their versions stand in the names of the rows.

use std::fs::File;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::append::Candidate;
use super::material::Value;

/// All of them, in folders of their own.
pub(crate) fn all(folder: &Path) -> Result<Vec<Box<dyn Candidate>>> {
    Ok(vec![
        Box::new(Sqlite::create(&folder.join("sqlite"))?),
        Box::new(Fjall::create(&folder.join("fjall"))?),
        Box::new(Redb::create(&folder.join("redb"))?),
        Box::new(Sled::create(&folder.join("sled"))?),
    ])
}

/// The version of a crate that this binary is built with.
fn version(name: &str) -> &'static str {
    const LOCK: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.lock"));
    let of_crate = |part: &&str| part.lines().next() == Some(&format!("\"{name}\""));
    let part = LOCK.split("name = ").find(of_crate).unwrap_or_default();
    let line = part.lines().find_map(|line| line.strip_prefix("version = \""));
    line.map_or("?", |line| line.trim_end_matches('"'))
}

fn times(
    batches: &[Vec<Value>],
    mut append: impl FnMut(&[Value]) -> Result<()>,
) -> Result<Duration> {
    let start = Instant::now();
    for values in batches {
        append(values)?;
    }
    Ok(start.elapsed())
}

/// A table of values by number; write-ahead log, synced at each commit.
struct Sqlite {
    connection: rusqlite::Connection,
}

impl Sqlite {
    fn create(folder: &Path) -> Result<Self> {
        std::fs::create_dir_all(folder)?;
        let connection = rusqlite::Connection::open(folder.join("records.db"))?;
        let mode: String =
            connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
        ensure!(mode == "wal", "SQLite has no write-ahead log but `{mode}`");
        connection.pragma_update(None, "synchronous", "FULL")?;
        let synchronous: i64 =
            connection.pragma_query_value(None, "synchronous", |row| row.get(0))?;
        ensure!(synchronous == 2, "SQLite does not sync at each commit");
        connection.execute("create table record (number integer primary key, value blob)", ())?;
        Ok(Self { connection })
    }
}

impl Candidate for Sqlite {
    fn name(&self) -> String {
        format!("SQLite {} (rusqlite {})", rusqlite::version(), version("rusqlite"))
    }

    fn append(&mut self, first: u64, batches: &[Vec<Value>]) -> Result<Duration> {
        let mut number = i64::try_from(first)?;
        times(batches, |values| {
            let transaction = self.connection.transaction()?;
            let mut insert = transaction.prepare_cached("insert into record values (?1, ?2)")?;
            for value in values {
                insert.execute((number, &value[..]))?;
                number += 1;
            }
            drop(insert);
            Ok(transaction.commit()?)
        })
    }
}

/// A keyspace of values by number; the journal is synced at each commit.
struct Fjall {
    database: fjall::Database,
    records: fjall::Keyspace,
}

impl Fjall {
    fn create(folder: &Path) -> Result<Self> {
        let database = fjall::Database::builder(folder).open()?;
        let records = database.keyspace("records", fjall::KeyspaceCreateOptions::default)?;
        Ok(Self { database, records })
    }
}

impl Candidate for Fjall {
    fn name(&self) -> String {
        format!("fjall {}", version("fjall"))
    }

    fn append(&mut self, mut number: u64, batches: &[Vec<Value>]) -> Result<Duration> {
        times(batches, |values| {
            let mut batch = self.database.batch().durability(Some(fjall::PersistMode::SyncData));
            for value in values {
                batch.insert(&self.records, &number.to_be_bytes()[..], &value[..]);
                number += 1;
            }
            Ok(batch.commit()?)
        })
    }
}

/// A table of values by number; each commit is durable.
struct Redb {
    database: redb::Database,
}

impl Redb {
    const RECORDS: redb::TableDefinition<'static, u64, &'static [u8]> =
        redb::TableDefinition::new("records");

    fn create(folder: &Path) -> Result<Self> {
        std::fs::create_dir_all(folder)?;
        Ok(Self { database: redb::Database::create(folder.join("records.redb"))? })
    }
}

impl Candidate for Redb {
    fn name(&self) -> String {
        format!("redb {}", version("redb"))
    }

    fn append(&mut self, mut number: u64, batches: &[Vec<Value>]) -> Result<Duration> {
        times(batches, |values| {
            let mut transaction = self.database.begin_write()?;
            transaction.set_durability(redb::Durability::Immediate)?;
            let mut records = transaction.open_table(Self::RECORDS)?;
            for value in values {
                records.insert(number, &value[..])?;
                number += 1;
            }
            drop(records);
            Ok(transaction.commit()?)
        })
    }
}

/// A tree of values by number. Its flush is no sync on Linux, so its file is synced after it.
struct Sled {
    database: sled::Db,
    file: File,
}

impl Sled {
    fn create(folder: &Path) -> Result<Self> {
        let database = sled::Config::new().path(folder).flush_every_ms(None).open()?;
        let file = File::open(folder.join("db")).context("open the file of sled")?;
        Ok(Self { database, file })
    }
}

impl Candidate for Sled {
    fn name(&self) -> String {
        format!("sled {}, flushed and then synced", version("sled"))
    }

    fn append(&mut self, mut number: u64, batches: &[Vec<Value>]) -> Result<Duration> {
        times(batches, |values| {
            let mut batch = sled::Batch::default();
            for value in values {
                batch.insert(&number.to_be_bytes(), &value[..]);
                number += 1;
            }
            self.database.apply_batch(batch)?;
            self.database.flush()?;
            Ok(self.file.sync_data()?)
        })
    }
}

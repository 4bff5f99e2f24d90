//! The folders and file names of the simulated disk.

use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Debug)]
pub(super) enum NameChange {
    MakeFolder(String),
    RemoveFolder(String),
    Link { name: String, node: usize },
    Unlink(String),
    Rename { from: String, to: String, node: usize },
}

/// The folders, and the files in them.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    pub(super) folders: BTreeSet<String>,
    pub(super) files: BTreeMap<String, usize>,
}

pub(super) fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}

pub(super) fn is_under(path: &str, folder: &str) -> bool {
    folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

impl NameChange {
    /// The folder whose sync makes it durable.
    pub(super) fn folder(&self) -> &str {
        match self {
            Self::MakeFolder(path) | Self::RemoveFolder(path) | Self::Unlink(path) => parent(path),
            Self::Link { name, .. } => parent(name),
            Self::Rename { to, .. } => parent(to),
        }
    }
}

impl Names {
    pub(super) fn apply(&mut self, change: &NameChange) {
        match change {
            NameChange::MakeFolder(path) => {
                self.folders.insert(path.clone());
            }
            NameChange::RemoveFolder(path) => {
                self.folders.remove(path);
            }
            NameChange::Link { name, node } => {
                self.files.insert(name.clone(), *node);
            }
            NameChange::Unlink(name) => {
                self.files.remove(name);
            }
            NameChange::Rename { from, to, node } => {
                self.files.remove(from);
                self.files.insert(to.clone(), *node);
            }
        }
    }

    /// What hangs in a folder that is not there is not there either.
    pub(super) fn prune(&mut self) {
        let before = self.folders.clone();
        let stands = |path: &str| {
            let mut at = path;
            while !at.is_empty() {
                if !before.contains(at) {
                    return false;
                }
                at = parent(at);
            }
            true
        };
        self.folders.retain(|path| stands(path));
        self.files.retain(|path, _| stands(parent(path)));
    }
}

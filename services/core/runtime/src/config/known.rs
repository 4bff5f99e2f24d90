//! Every key there is, so that a mistyped one is met with the nearest.

/// Every key; `*` stands for the number of a list member or a name that is free.
pub(super) const KEYS: [&str; 48] = [
    "state",
    "data_folder",
    "keyring.file",
    "keyring.passphrase_env",
    "keyring.passphrase_file",
    "signer.mark_folder",
    "signer.command",
    "listen.api",
    "listen.partner",
    "listen.internal",
    "tls.certificate",
    "tls.key",
    "tls.authorities",
    "ledger.address",
    "ledger.server_name",
    "offices.*.name",
    "offices.*.title",
    "offices.*.duties",
    "consulates.*.name",
    "consulates.*.title",
    "agencies.*.name",
    "agencies.*.title",
    "partners.*.state",
    "partners.*.address",
    "partners.*.server_name",
    "partners.*.authorities",
    "partners.*.genesis",
    "partners.*.offices.*.name",
    "partners.*.offices.*.title",
    "partners.*.offices.*.duties",
    "partners.*.consulates.*.name",
    "partners.*.consulates.*.title",
    "partners.*.broker.servers",
    "partners.*.broker.servers_file",
    "partners.*.broker.properties.*",
    "broker.servers",
    "broker.servers_file",
    "broker.message_bytes_max",
    "broker.properties.*",
    "heartbeat.interval_ms",
    "exchange.poll_interval_ms",
    "exchange.recheck_interval_ms",
    "exchange.fetch_wait_ms_max",
    "limits.message_bytes_max",
    "limits.calls_per_connection_max",
    "limits.call_timeout_ms",
    "log.format",
    "log.level",
];

/// Whether a key, or a part of one, is known.
pub(super) fn is_known(path: &[String]) -> bool {
    KEYS.iter().any(|known| fits(known, path, Whole::OrPart))
}

/// Whether a path is a key that holds a value.
pub(super) fn holds_value(path: &[String]) -> bool {
    KEYS.iter().any(|known| fits(known, path, Whole::Only))
}

/// Whether a path is a part of keys and no key itself: it holds no value of its own.
pub(super) fn is_section_only(path: &[String]) -> bool {
    const LISTS: [&str; 4] = ["offices", "consulates", "agencies", "partners"];
    // An empty list is a value of a list.
    let is_list = path.last().is_some_and(|last| LISTS.contains(&last.as_str()));
    !is_list && !holds_value(path)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Whole {
    Only,
    OrPart,
}

fn fits(known: &str, path: &[String], whole: Whole) -> bool {
    let parts: Vec<&str> = known.split('.').collect();
    let long_enough = match whole {
        Whole::Only => parts.len() == path.len(),
        Whole::OrPart => parts.len() >= path.len(),
    };
    long_enough && parts.iter().zip(path).all(|(part, given)| *part == "*" || part == given)
}

/// The known key, or part of one, that is most like `path`, with the list numbers of `path` filled
/// in. As many levels are compared as `path` has.
pub(super) fn nearest(path: &[String]) -> String {
    let given = path.join(".");
    KEYS.iter()
        .map(|known| {
            let parts = known.split('.').take(path.len());
            let filled: Vec<&str> = parts
                .zip(path)
                .map(|(part, given)| if part == "*" { given } else { part })
                .collect();
            filled.join(".")
        })
        .min_by_key(|known| distance(known, &given))
        .unwrap_or_default()
}

/// How many characters must be put in, taken out or changed.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (line, here) in one.chars().enumerate() {
        let mut next = vec![line + 1];
        for (column, (there, above)) in other.iter().zip(row.windows(2)).enumerate() {
            let &[diagonal, over] = above else { continue };
            let left = next.get(column).copied().unwrap_or(usize::MAX);
            let changed = diagonal + usize::from(here != *there);
            next.push(changed.min(over + 1).min(left + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_stands_in_the_defaults() {
        for known in KEYS {
            let name = known.split('.').rfind(|part| *part != "*").unwrap_or(known);
            let there = super::super::DEFAULTS.lines().any(|line| {
                let line = line.trim_start_matches(['#', ' ']);
                line.starts_with(&format!("{name} =")) || line.ends_with(&format!(".{name}]"))
            });
            assert!(there, "`{known}` is not in config.default.toml");
        }
    }

    #[test]
    fn the_distance_counts_changes() {
        for (one, other, changes) in
            [("", "", 0), ("listen", "listen", 0), ("lsiten", "listen", 2), ("log", "", 3)]
        {
            assert_eq!(distance(one, other), changes, "{one} {other}");
        }
    }
}

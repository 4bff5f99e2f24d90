//! The stable codes of this crate; each has a page in `docs/errors`. Other crates have their own.

use std::borrow::Cow;
use std::fmt;

/// A stable code of a failure: `REQ-0001`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Code(Cow<'static, str>);

impl Code {
    /// A code that is known when the program is written.
    #[must_use]
    pub const fn new(code: &'static str) -> Self {
        Self(Cow::Borrowed(code))
    }

    /// A code that a table elsewhere gives.
    #[must_use]
    pub const fn named(code: String) -> Self {
        Self(Cow::Owned(code))
    }

    /// The code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A field does not hold what it must.
pub const FIELD_INVALID: Code = Code::new("REQ-0001");
/// A request id was used before with other content.
pub const REQUEST_ID_USED: Code = Code::new("REQ-0002");
/// The case has changed since the screen that an act was decided on.
pub const CASE_MOVED: Code = Code::new("REQ-0003");
/// The case changed again and again while a command was being decided.
pub const CASE_RESTLESS: Code = Code::new("REQ-0004");
/// It is not there, or is not the caller's.
pub const NOT_FOUND: Code = Code::new("REQ-0005");
/// No client certificate.
pub const CERTIFICATE_MISSING: Code = Code::new("AUTH-0001");
/// A client certificate that names nobody whom this door knows.
pub const CERTIFICATE_FOREIGN: Code = Code::new("AUTH-0002");
/// A caller whose role does not allow it.
pub const ROLE_NOT_ALLOWED: Code = Code::new("AUTH-0003");
/// Something that is needed cannot be reached.
pub const UNAVAILABLE: Code = Code::new("NODE-0001");
/// The case has changed since it was read: between a State's own services.
pub const REVISION_MOVED: Code = Code::new("NODE-0002");
/// Stored bytes are not what they must be.
pub const CORRUPT: Code = Code::new("NODE-0003");
/// A mistake of ours.
pub const INTERNAL: Code = Code::new("NODE-0004");
/// A call ended before it was answered, or was not understood by the server.
pub const CALL_FAILED: Code = Code::new("NODE-0005");

/// Every code of this crate.
pub const ALL: [Code; 13] = [
    FIELD_INVALID,
    REQUEST_ID_USED,
    CASE_MOVED,
    CASE_RESTLESS,
    NOT_FOUND,
    CERTIFICATE_MISSING,
    CERTIFICATE_FOREIGN,
    ROLE_NOT_ALLOWED,
    UNAVAILABLE,
    REVISION_MOVED,
    CORRUPT,
    INTERNAL,
    CALL_FAILED,
];

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use std::collections::BTreeSet;
    use std::path::Path;

    #[test]
    fn every_code_has_a_page_and_no_page_is_without_a_code() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../docs/errors");
        // Pages of the series that this crate gives; other crates look after theirs.
        let series: BTreeSet<&str> = ALL
            .iter()
            .map(|code| code.as_str().split('-').next().unwrap())
            .collect::<Vec<_>>()
            .into_iter()
            .map(|name| match name {
                "REQ" => "REQ",
                "AUTH" => "AUTH",
                "NODE" => "NODE",
                other => panic!("a new series: {other}"),
            })
            .collect();
        let pages: BTreeSet<String> = std::fs::read_dir(&folder)
            .unwrap()
            .map(|page| page.unwrap().path())
            .filter_map(|page| Some(page.file_stem()?.to_str()?.to_owned()))
            .filter(|page| series.contains(page.split('-').next().unwrap()))
            .collect();
        let codes: BTreeSet<String> = ALL.iter().map(ToString::to_string).collect();
        assert_eq!(codes.len(), ALL.len(), "two codes are the same");
        assert_eq!(codes, pages);
        for code in codes {
            let page = std::fs::read_to_string(folder.join(format!("{code}.md"))).unwrap();
            assert!(page.starts_with(&format!("# {code}: ")), "{code}: the first line");
            for section in ["## What happened", "## Why the rule exists", "## What to do"] {
                assert!(page.contains(section), "{code}: `{section}` is missing");
            }
        }
    }
}

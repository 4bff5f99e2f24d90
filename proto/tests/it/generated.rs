//! Regenerates the code from every `.proto` file and compares it with what is checked in.
//!
//! `UPDATE_GENERATED=1 cargo test -p proto generated` writes instead of comparing.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use prost_reflect::prost::Message as _;
use prost_reflect::prost_types::FileDescriptorSet;
use prost_reflect::prost_types::field_descriptor_proto::Type;

/// Fields that hold personal data, free text, or what these are sealed or hidden in, when they are
/// strings or bytes. A message with one of them prints its name only. Facts are among them: those
/// of the local log tell of safeguards and referrals.
const PERSONAL: [&str; 31] = [
    "aliases",
    "authority",
    "birth_date",
    "birth_place",
    "body",
    "border_point",
    "carriage",
    "case_key",
    "chunk",
    "content",
    "decided_on",
    "dispatch",
    "facts",
    "family_name",
    "filing",
    "given_names",
    "label",
    "identity",
    "nationalities",
    "note",
    "number",
    "official",
    "payload_digest",
    "place",
    "reference",
    "request_id",
    "sealed",
    "sealed_body",
    "sealed_chunk",
    "special_needs",
    "wrapped",
];

/// Messages that are personal data as a whole: that somebody has an open safeguard, or a referral.
const PERSONAL_MESSAGES: [(&str, &str); 1] = [("readmit.record.v1", "LocalFacts")];

/// Every file of the generated tree by its path under `src`, with its bytes.
type Tree = BTreeMap<String, Vec<u8>>;

#[test]
fn generated_code_is_what_the_protos_say() {
    let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let source = crate_folder.join("src");
    let wanted = generate(crate_folder);

    if std::env::var_os("UPDATE_GENERATED").is_some() {
        let _ = fs::remove_dir_all(source.join("generated"));
        fs::create_dir_all(source.join("generated")).unwrap();
        for (path, bytes) in &wanted {
            fs::write(source.join(path), bytes).unwrap();
        }
    }

    let mut found = Tree::new();
    found.insert("generated.rs".into(), fs::read(source.join("generated.rs")).unwrap());
    for file in fs::read_dir(source.join("generated")).unwrap() {
        let file = file.unwrap();
        let path = format!("generated/{}", file.file_name().to_str().unwrap());
        found.insert(path, fs::read(file.path()).unwrap());
    }
    let hint = "run `UPDATE_GENERATED=1 cargo test -p proto generated`";
    assert_eq!(
        wanted.keys().collect::<Vec<_>>(),
        found.keys().collect::<Vec<_>>(),
        "other files are checked in: {hint}"
    );
    for (path, bytes) in &wanted {
        assert!(bytes == &found[path], "`src/{path}` differs: {hint}");
    }
}

/// Symptom: the request that appends to a case, and the stored access, printed whole requests, who
/// had asked and sealed bodies wherever a `{:?}` met them.
#[test]
fn no_message_prints_personal_data() {
    let secret = "Testperson";
    let bytes = || secret.as_bytes().to_vec();
    let text = || secret.to_owned();
    let debug: [String; 7] = [
        format!(
            "{:?}",
            proto::ledger::v1::AppendRequest {
                request_id: text(),
                payload_digest: bytes(),
                ..Default::default()
            }
        ),
        format!(
            "{:?}",
            proto::ledger::v1::ImportDispatchRequest { dispatch: bytes(), ..Default::default() }
        ),
        format!(
            "{:?}",
            proto::ledger::v1::ExportEvidenceResponse { chunk: bytes(), total_bytes: 9 }
        ),
        format!(
            "{:?}",
            proto::store::v1::StoredEntry { sealed_body: bytes(), ..Default::default() }
        ),
        format!("{:?}", proto::store::v1::StoredAccess { identity: text(), ..Default::default() }),
        format!("{:?}", proto::oversight::v1::Access { identity: text(), ..Default::default() }),
        format!("{:?}", proto::record::v1::LocalFacts { case_id: bytes(), statement: None }),
    ];
    for text in debug {
        assert!(text.ends_with("(withheld)"), "{text}");
    }
}

fn generate(crate_folder: &Path) -> Tree {
    let mut protos = Vec::new();
    collect(&crate_folder.join("readmit"), &mut protos);
    protos.sort();

    let mut compiler = protox::Compiler::new([crate_folder]).unwrap();
    compiler.include_imports(true).include_source_info(true);
    compiler.open_files(&protos).unwrap_or_else(|error| panic!("{error:?}"));
    let mut descriptors = compiler.file_descriptor_set();
    let personal = personal_messages(&descriptors);

    let out = tempfile::tempdir().unwrap();
    tonic_prost_build::configure()
        .out_dir(out.path())
        .emit_rerun_if_changed(false)
        .skip_debug(personal.iter().map(|(package, name)| format!(".{package}.{name}")))
        .compile_fds(descriptors.clone())
        .unwrap();

    let mut tree = Tree::new();
    let mut modules = Module::default();
    for file in fs::read_dir(out.path()).unwrap() {
        let file = file.unwrap();
        let name = file.file_name().into_string().unwrap();
        let full = name.strip_suffix(".rs").unwrap();
        if let Some(package) = full.strip_prefix("readmit.") {
            modules.insert(package, &name);
            let mut code = fs::read_to_string(file.path()).unwrap();
            for (_, message) in personal.iter().filter(|(package, _)| package == full) {
                withhold(&mut code, message);
            }
            tree.insert(format!("generated/{name}"), code.into_bytes());
        }
    }
    let mut text = "//! The tree of generated modules; one for each package.\n".to_owned();
    modules.write(&mut text, 0);
    tree.insert("generated.rs".into(), text.into_bytes());

    strip_comments(&mut descriptors);
    tree.insert("generated/descriptors.bin".into(), descriptors.encode_to_vec());
    tree
}

/// Package and name of every message that holds personal data itself.
fn personal_messages(descriptors: &FileDescriptorSet) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for file in &descriptors.file {
        for message in &file.message_type {
            let personal = message.field.iter().any(|field| {
                matches!(field.r#type(), Type::String | Type::Bytes)
                    && PERSONAL.contains(&field.name())
            });
            let named = (file.package(), message.name());
            if personal || PERSONAL_MESSAGES.contains(&named) {
                assert!(message.nested_type.is_empty(), "`{}` has messages inside", message.name());
                found.push((file.package().to_owned(), message.name().to_owned()));
            }
        }
    }
    found
}

/// Adds a `Debug` that prints nothing of a message but its name.
fn withhold(code: &mut String, message: &str) {
    write!(
        code,
        "impl ::core::fmt::Debug for {message} {{
    /// Personal data is never printed.
    fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {{
        f.write_str(\"{message}(withheld)\")
    }}
}}
"
    )
    .unwrap();
}

fn collect(folder: &Path, protos: &mut Vec<PathBuf>) {
    for item in fs::read_dir(folder).unwrap() {
        let path = item.unwrap().path();
        if path.is_dir() {
            collect(&path, protos);
        } else if path.extension().is_some_and(|extension| extension == "proto") {
            protos.push(path);
        }
    }
}

fn strip_comments(descriptors: &mut FileDescriptorSet) {
    for file in &mut descriptors.file {
        file.source_code_info = None;
    }
}

/// A module of the tree: sub-modules, and the file that it includes.
#[derive(Default)]
struct Module {
    children: BTreeMap<String, Module>,
    file: Option<String>,
}

impl Module {
    fn insert(&mut self, package: &str, file: &str) {
        let mut module = self;
        for part in package.split('.') {
            module = module.children.entry(part.to_owned()).or_default();
        }
        module.file = Some(file.to_owned());
    }

    fn write(&self, text: &mut String, depth: usize) {
        let indent = "    ".repeat(depth);
        if let Some(file) = &self.file {
            writeln!(text, "{indent}include!(\"generated/{file}\");").unwrap();
        }
        for (name, child) in &self.children {
            writeln!(text, "{indent}pub mod {name} {{").unwrap();
            child.write(text, depth + 1);
            writeln!(text, "{indent}}}").unwrap();
        }
    }
}

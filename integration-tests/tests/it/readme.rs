//! The commands that README.md gives are run here, line by line, as they stand there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use integration_tests::process::{Running, readmit};

fn page(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name);
    std::fs::read_to_string(path).unwrap()
}

/// The lines of the shell block below a heading, without their comments.
fn block(page: &str, heading: &str) -> Vec<String> {
    let below = page.split_once(heading).unwrap().1;
    let block = below.split_once("```sh\n").unwrap().1.split_once("```").unwrap().0;
    let lines = block.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    lines.filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// Port 0 for both listeners: whatever is free. The lines themselves name the usual ports.
const FREE_PORTS: [(&str, &str); 2] =
    [("READMIT_LISTEN__API", "127.0.0.1:0"), ("READMIT_LISTEN__PARTNER", "127.0.0.1:0")];

#[test]
fn a_node_of_your_own_comes_up_as_the_readme_says() {
    let folder = tempfile::tempdir().unwrap();
    let mut running = Vec::new();
    for line in block(&page("README.md"), "## A node of your own") {
        let words: Vec<&str> = line.split_whitespace().collect();
        if let ["readmit", "--home", home, "node", "&"] = words.as_slice() {
            let home: PathBuf = folder.path().join(home);
            let log = home.join("node.log");
            let mut node = Running::start_with(&["node"], &FREE_PORTS, &home, &log).unwrap();
            node.ready(&home.join("run/api.address")).unwrap();
            running.push(node);
            continue;
        }
        let [program, arguments @ ..] = words.as_slice() else { continue };
        assert_eq!(*program, "readmit", "{line}");
        let output = Command::new(readmit().unwrap())
            .args(arguments)
            .current_dir(folder.path())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "`{line}`: {said}");
    }
    assert_eq!(running.len(), 2, "both States' nodes serve");
    for node in running {
        node.stop().unwrap();
    }
}

/// The commands of `readmit` that a page names, in its blocks and between its words.
fn commands(page: &str) -> Vec<String> {
    let whole = page.lines().map(|line| line.trim_start_matches("target/debug/"));
    let whole = whole.filter_map(|line| line.strip_prefix("readmit "));
    let between = page.split("`readmit ").skip(1).filter_map(|rest| rest.split('`').next());
    whole.chain(between).map(str::to_owned).collect()
}

/// The command without its arguments: at most a group and a verb.
fn verbs(command: &str) -> Vec<&str> {
    let mut words: Vec<&str> = command.split_whitespace().collect();
    if words.first() == Some(&"--home") {
        words.drain(..2);
    }
    let plain = |word: &&str| {
        !word.starts_with('-') && word.chars().all(|c| c.is_ascii_lowercase() || c == '-')
    };
    words.into_iter().take_while(plain).take(2).collect()
}

#[test]
fn every_command_in_the_pages_is_one() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut pages = vec![root.join("README.md")];
    for folder in ["docs", "docs/errors"] {
        let entries = std::fs::read_dir(root.join(folder)).unwrap();
        pages.extend(entries.map(|entry| entry.unwrap().path()));
    }
    let mut named = BTreeMap::new();
    for path in pages.into_iter().filter(|path| path.extension().is_some_and(|it| it == "md")) {
        for command in commands(&std::fs::read_to_string(&path).unwrap()) {
            let verbs: Vec<String> = verbs(&command).into_iter().map(str::to_owned).collect();
            named.entry(verbs).or_insert_with(|| path.display().to_string());
        }
    }
    assert!(named.len() > 10, "the pages name {named:?}");
    let mut wrong = Vec::new();
    for (verbs, page) in named {
        let output = Command::new(readmit().unwrap()).args(&verbs).arg("--help").output().unwrap();
        if !output.status.success() {
            wrong.push(format!("{page}: `readmit {}`", verbs.join(" ")));
        }
    }
    assert!(wrong.is_empty(), "no commands:\n{}", wrong.join("\n"));
}

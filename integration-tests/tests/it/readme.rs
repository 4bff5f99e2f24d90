//! The commands that README.md gives are run here, line by line, as they stand there.

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

#[test]
fn every_command_in_the_pages_is_one() {
    let mut seen = 0;
    for name in ["README.md", "docs/operations.md", "docs/API.md"] {
        for line in page(name).lines() {
            let line = line.trim_start_matches("target/debug/");
            let Some(line) = line.strip_prefix("readmit ") else { continue };
            let words = line.split_whitespace();
            let word = |word: &&str| word.chars().all(|c| c.is_ascii_lowercase() || c == '-');
            let mut skip = false;
            let named: Vec<&str> = words
                .filter(|word| {
                    let home = skip;
                    skip = *word == "--home";
                    !home && !skip
                })
                .take_while(|it| word(it) && !it.starts_with('-'))
                .take(2)
                .collect();
            let mut command = Command::new(readmit().unwrap());
            let output = command.args(&named).arg("--help").output().unwrap();
            assert!(output.status.success(), "{name}: `readmit {line}`");
            seen += 1;
        }
    }
    assert!(seen > 10, "the pages name {seen} commands");
}

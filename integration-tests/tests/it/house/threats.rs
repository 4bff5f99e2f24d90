//! The threat model names a test in each row of its tables, and each of them is there.

#[test]
fn every_row_of_the_threat_model_names_a_test_that_is_there() {
    let root = super::root();
    let mut source = String::new();
    for path in super::files(&root, ".rs") {
        source.push_str(&std::fs::read_to_string(path).unwrap());
    }
    let text = std::fs::read_to_string(root.join("docs/threat-model.md")).unwrap();
    let mut wrong = Vec::new();
    let mut rows = 0;
    for line in text.lines().filter(|line| line.starts_with("| ")) {
        let last = line.trim_end_matches(['|', ' ']).rsplit('|').next().unwrap_or_default();
        if last.trim() == "Test" {
            continue;
        }
        rows += 1;
        let names: Vec<&str> = last.split('`').skip(1).step_by(2).collect();
        if names.is_empty() {
            wrong.push(format!("names no test: {line}"));
        }
        let missing = names.iter().filter(|name| !source.contains(&format!("fn {name}(")));
        wrong.extend(missing.map(|name| format!("there is no test `{name}`")));
    }
    assert!(rows > 20, "the tables were not found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

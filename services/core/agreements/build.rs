//! Lists the data files, so that an agreement or a protocol is built in by lying in its folder.

use std::error::Error;
use std::fmt::Write as _;
use std::path::PathBuf;

/// The constants of `src/library.rs`, each with the folder that it holds.
const FOLDERS: [(&str, &str); 2] = [("AGREEMENTS", "agreements"), ("PROTOCOLS", "protocols")];

fn main() -> Result<(), Box<dyn Error>> {
    let mut listed = String::new();
    for (constant, folder) in FOLDERS {
        println!("cargo::rerun-if-changed=data/{folder}");
        writeln!(listed, "const {constant}: &[(&str, &str)] = &[")?;
        let mut files = Vec::new();
        for file in std::fs::read_dir(format!("data/{folder}"))? {
            files.push(file?.file_name().into_string().map_err(|_| "a name that is no text")?);
        }
        // The order of a folder differs from machine to machine.
        files.sort();
        for file in files.iter().filter(|file| file.ends_with(".toml")) {
            let path = format!("/data/{folder}/{file}");
            let text = format!("include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), {path:?}))");
            writeln!(listed, "    ({file:?}, {text}),")?;
        }
        writeln!(listed, "];")?;
    }
    let folder = std::env::var_os("OUT_DIR").ok_or("cargo names no folder to write to")?;
    std::fs::write(PathBuf::from(folder).join("data.rs"), listed)?;
    Ok(())
}

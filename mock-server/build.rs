//! Compresses the files of the inspector's page, which become part of the program.

use std::{env, fmt::Write as _, fs, io, io::Write as _, path::Path};

use flate2::{Compression, write::GzEncoder};

/// What the page consists of. Its other files are for the checker of types.
const SERVED: [&str; 3] = ["html", "css", "js"];

fn main() -> io::Result<()> {
    let page = Path::new("src/admin/inspector/page");
    println!("cargo::rerun-if-changed={}", page.display());
    let out = env::var("OUT_DIR").map_err(io::Error::other)?;
    let mut paths = fs::read_dir(page)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    let mut table = String::from("&[\n");
    for path in paths {
        let is_type = |wanted: &&&str| path.extension().is_some_and(|found| found == **wanted);
        let (Some(name), Some(extension)) = (path.file_name(), SERVED.iter().find(is_type)) else { continue };
        let name = name.display().to_string();
        let compressed = Path::new(&out).join(format!("{name}.gz"));
        let mut encoder = GzEncoder::new(fs::File::create(&compressed)?, Compression::best());
        encoder.write_all(&fs::read(&path)?)?;
        encoder.finish()?;
        writeln!(table, "({name:?}, {extension:?}, include_bytes!({compressed:?})),")
            .map_err(io::Error::other)?;
    }
    table.push(']');
    fs::write(Path::new(&out).join("page.rs"), table)
}

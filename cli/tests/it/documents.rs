//! Tests that the commands in the documents work: each page's `sh` blocks run in bash, next to a running mock.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::TcpListener,
    os::unix::fs::symlink,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
};

use tempfile::TempDir;
use walkdir::WalkDir;

use crate::support::{command, ended, on_path, repository};

/// Wrong usage, and commands that cannot be run or are not found, end the page with a failure. Other exit codes may be
/// what the page shows.
const TRAP: &str = r#"set -uE
trap 'code=$?; case $code in 2 | 126 | 127) echo "exit code $code: $BASH_COMMAND" >&2; exit 99 ;; esac' ERR
"#;

/// A page, or a section of one, and its text.
pub(crate) struct Page {
    path: String,
    text: String,
}

impl Page {
    pub(crate) fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap();
        Self { path: path.display().to_string(), text }
    }

    /// The section whose heading begins with this, `### Node`, up to the next heading.
    pub(crate) fn section(&self, heading: &str) -> Self {
        let (_, rest) = self.text.split_once(&format!("\n{heading}")).unwrap();
        Self { path: self.path.clone(), text: rest.split("\n##").next().unwrap().into() }
    }

    /// The code in each block of this language.
    pub(crate) fn code<'a>(&'a self, language: &str) -> impl Iterator<Item = &'a str> {
        self.blocks().filter(move |(name, _)| *name == language).map(|(_, code)| code)
    }

    /// Whether its commands name this program, alone or as in `openssl-curl.sh`.
    fn needs(&self, tool: &str) -> bool {
        self.code("sh")
            .any(|code| code.split(|one: char| !one.is_ascii_alphanumeric()).any(|word| word == tool))
    }

    fn blocks(&self) -> impl Iterator<Item = (&str, &str)> {
        self.text.split("```").skip(1).step_by(2).filter_map(|block| block.split_once('\n'))
    }

    /// The commands on the page, against the mock at this address.
    fn script(&self, address: &str) -> String {
        let code: String = self.code("sh").collect();
        let port = address.rsplit(':').next().unwrap();
        let code = code.replace("cargo run --release -- ", "wechatpay-mock ");
        let code = code.replace("18080", &free_port().to_string());
        format!("{TRAP}{}", code.replace(":8080", &format!(":{port}")))
    }

    /// Writes each block after `<!-- file: NAME -->`.
    pub(crate) fn write_files(&self, folder: &Path) {
        for part in self.text.split("<!-- file: ").skip(1) {
            let (name, rest) = part.split_once(" -->\n").unwrap();
            let code = rest.split("```").nth(1).unwrap().split_once('\n').unwrap().1;
            fs::write(folder.join(name), code).unwrap();
        }
    }
}

/// A port for a mock that a page starts itself, on 18080.
fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

/// The README and the pages below `docs/en` that have commands to run. In Chinese they are the same.
fn pages() -> Vec<Page> {
    let mut paths = vec![repository("README.md")];
    let below_docs = WalkDir::new(repository("docs/en")).into_iter().map(|entry| entry.unwrap().into_path());
    paths.extend(below_docs.filter(|path| path.extension().is_some_and(|extension| extension == "md")));
    paths.iter().map(|path| Page::read(path)).filter(|page| page.code("sh").next().is_some()).collect()
}

/// A mock, and a folder like the repository's for a reader's files.
struct Reader {
    mock: Child,
    address: String,
    folder: TempDir,
}

impl Reader {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["contract-tests", "fixtures", "examples"] {
            symlink(repository(name), folder.path().join(name)).unwrap();
        }
        let mut serve = command();
        serve.args(["--port", "0", "--quiet"]).env("WECHATPAY_MOCK_CA_DIR", folder.path().join("ca"));
        let mut mock = serve.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(mock.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim_end().strip_prefix("listening on http://").unwrap().to_owned();
        Self { mock, address, folder }
    }

    /// A command in the folder, with the mock's address and `wechatpay-mock` on the PATH.
    fn prepare(&self, mut command: Command) -> Command {
        let url = format!("http://{}", self.address);
        command.current_dir(&self.folder);
        on_path(&mut command);
        command.env("WECHATPAY_MOCK_URL", &url).env("WECHATPAY_BASE_URL", &url);
        command.env("WECHATPAY_MOCK_CA_DIR", self.folder.path().join("ca"));
        command
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.mock.kill().unwrap();
        self.mock.wait().unwrap();
    }
}

/// Runs the page's commands. Returns the output if one fails.
fn run(page: &Page) -> Result<(), String> {
    let reader = Reader::new();
    page.write_files(reader.folder.path());
    // Pages that inspect requests need one in the journal.
    let mut call = reader.prepare(command());
    assert!(call.args(["call", "rights", "patch"]).stdout(Stdio::null()).status().unwrap().success());
    let mut bash = Command::new("bash");
    bash.arg("-c").arg(page.script(&reader.address)).stdin(Stdio::null());
    let ended = ended(reader.prepare(bash).output().unwrap());
    match ended.code {
        // The exit code of the last command, which the trap accepted.
        Some(99) | None => Err(format!("{}:\n{}{}", page.path, ended.stdout, ended.stderr)),
        Some(_) => Ok(()),
    }
}

#[test]
fn the_commands_in_the_documents_work() {
    let mut pages = pages();
    assert!(pages.len() > 10);
    for tool in ["curl", "node", "openssl"] {
        if Command::new(tool).arg("--help").stdout(Stdio::null()).stderr(Stdio::null()).status().is_err() {
            assert!(std::env::var_os("CI").is_none(), "expected {tool} in CI, found none");
            pages.retain(|page| !page.needs(tool));
            eprintln!("skipped: the pages that need {tool}, which is not installed");
        }
    }
    let failures: Vec<_> = thread::scope(|scope| {
        let running: Vec<_> = pages.iter().map(|page| scope.spawn(|| run(page))).collect();
        running.into_iter().filter_map(|page| page.join().unwrap().err()).collect()
    });
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

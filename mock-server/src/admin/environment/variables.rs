//! The environment variables that make each ecosystem send the gateway's requests to a mock.

use std::collections::BTreeMap;

use crate::api::host::GATEWAY_HOSTS;

/// The variables whose values are kept and added to.
pub(super) const ADDED_TO: [&str; 5] =
    ["NO_PROXY", "no_proxy", "NODE_OPTIONS", "PHP_INI_SCAN_DIR", "JAVA_TOOL_OPTIONS"];

/// This machine, which is called without the proxy.
const DIRECT: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// The mock's authority alone, PEM.
pub(super) const AUTHORITY: &str = "ca.pem";
/// The mock's authority and those that the program trusts already, PEM.
pub(super) const BUNDLE: &str = "ca-bundle.pem";
/// The same for Java, PKCS#12.
pub(super) const TRUST_STORE: &str = "ca.p12";
/// Settings for PHP, which reads all files of its folder with this extension.
pub(super) const PHP_INI: &str = "wechatpay-mock.ini";
/// What Node loads before a program.
pub(super) const PRELOAD: &str = "preload.cjs";

/// Where the program reaches the mock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MockAt {
    /// A name or an address, without brackets.
    pub(super) host: String,
    pub(super) port: u16,
}

/// The folder with the files that the variables name, by its absolute path on the program's machine.
#[derive(Clone, Copy, Debug)]
pub(super) struct Folder<'p>(pub(super) &'p str);

impl MockAt {
    /// The mock as a proxy.
    fn url(&self) -> String {
        let Self { host, port } = self;
        if host.contains(':') { format!("http://[{host}]:{port}") } else { format!("http://{host}:{port}") }
    }
}

impl Folder<'_> {
    /// `C:\` or `\\server\`.
    fn is_of_windows(self) -> bool {
        let mut start = self.0.chars();
        match (start.next(), start.next()) {
            (Some('\\'), Some('\\')) => true,
            (Some(drive), Some(':')) => drive.is_ascii_alphabetic(),
            _ => false,
        }
    }

    pub(super) fn is_absolute(self) -> bool {
        self.0.starts_with('/') || self.is_of_windows()
    }

    pub(super) fn path(self, file: &str) -> String {
        let separator = if self.is_of_windows() { '\\' } else { '/' };
        format!("{}{separator}{file}", self.0.trim_end_matches(separator))
    }

    /// Between the folders of a list.
    fn list_separator(self) -> char {
        if self.is_of_windows() { ';' } else { ':' }
    }
}

/// The variables to set, for a program that has these already.
pub(super) fn variables(
    mock: &MockAt,
    folder: Folder<'_>,
    set: &BTreeMap<String, String>,
    java: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let proxy = mock.url();
    let set = |name: &str| set.get(name).map(String::as_str).unwrap_or_default();
    let no_proxy = no_proxy([set("NO_PROXY"), set("no_proxy")]);
    let (authority, bundle) = (folder.path(AUTHORITY), folder.path(BUNDLE));
    let variables = [
        // curl, Go, Python, Ruby, .NET, PHP's Guzzle, axios
        ("HTTP_PROXY", proxy.clone()),
        ("http_proxy", proxy.clone()),
        ("HTTPS_PROXY", proxy.clone()),
        ("https_proxy", proxy.clone()),
        ("NO_PROXY", no_proxy.clone()),
        ("no_proxy", no_proxy),
        // OpenSSL, Go
        ("SSL_CERT_FILE", bundle.clone()),
        // Node: added to its built-in authorities; since 24.5, `fetch` and `https` read the proxy variables with this
        // setting
        ("NODE_EXTRA_CA_CERTS", authority),
        ("NODE_USE_ENV_PROXY", "1".into()),
        // Node's clients that read no proxy variables
        ("NODE_OPTIONS", node_options(set("NODE_OPTIONS"), &folder.path(PRELOAD))),
        // Python's requests
        ("REQUESTS_CA_BUNDLE", bundle.clone()),
        // curl
        ("CURL_CA_BUNDLE", bundle),
        // PHP
        ("PHP_INI_SCAN_DIR", php_ini_dirs(set("PHP_INI_SCAN_DIR"), folder)),
        // Java
        ("JAVA_TOOL_OPTIONS", java_options(set("JAVA_TOOL_OPTIONS"), java)),
        // this project's own client and kit
        ("WECHATPAY_BASE_URL", proxy.clone()),
        ("WECHATPAY_MOCK_URL", proxy),
    ];
    variables.into_iter().map(|(name, value)| (name.into(), value)).collect()
}

/// What the variables say, as system properties: Java reads neither the proxy variables nor PEM.
pub(super) fn java_properties(mock: &MockAt, folder: Folder<'_>, password: &str) -> BTreeMap<String, String> {
    let (host, port) = (mock.host.clone(), mock.port.to_string());
    let properties = [
        ("http.nonProxyHosts", "localhost|127.*|[::1]".into()),
        ("http.proxyHost", host.clone()),
        ("http.proxyPort", port.clone()),
        ("https.proxyHost", host),
        ("https.proxyPort", port),
        ("javax.net.ssl.trustStore", folder.path(TRUST_STORE)),
        ("javax.net.ssl.trustStorePassword", password.into()),
        ("javax.net.ssl.trustStoreType", "PKCS12".into()),
    ];
    properties.into_iter().map(|(name, value)| (name.into(), value)).collect()
}

/// Settings that make PHP trust the authorities.
pub(super) fn php_ini(folder: Folder<'_>) -> String {
    let bundle = folder.path(BUNDLE);
    format!("curl.cainfo=\"{bundle}\"\nopenssl.cafile=\"{bundle}\"\n")
}

/// The folders where PHP looks for settings: those already named (an empty name means PHP's default), and one
/// more.
fn php_ini_dirs(named: &str, one_more: Folder<'_>) -> String {
    let separator = one_more.list_separator();
    let mut dirs: Vec<_> = named.split(separator).filter(|dir| *dir != one_more.0).collect();
    dirs.push(one_more.0);
    dirs.join(&separator.to_string())
}

/// Node's options: those already set, and one that loads this file. Quoted, because the path may contain spaces.
fn node_options(set: &str, preload: &str) -> String {
    let preload = preload.replace('\\', r"\\").replace('"', r#"\""#);
    with_options(set, &format!(" --require \"{preload}\""))
}

/// The options of a JVM: those already set, and these properties. Quoted where the value may contain spaces.
fn java_options(set: &str, properties: &BTreeMap<String, String>) -> String {
    let option = |(name, value): (&String, &String)| {
        let quote = if name == "javax.net.ssl.trustStore" { "\"" } else { "" };
        format!(" {quote}-D{name}={value}{quote}")
    };
    with_options(set, &properties.iter().map(option).collect::<String>())
}

/// The options and these, which begin with a space, once: a program in this environment may start others.
fn with_options(set: &str, more: &str) -> String {
    let others = format!(" {set}").replace(more, "");
    (others + more).trim_start().into()
}

/// The hosts to call without a proxy: this machine and those already named, except for entries that match the gateway.
fn no_proxy(named: [&str; 2]) -> String {
    let reaches_gateway = |entry: &str| {
        let suffix = entry.trim_start_matches('*').trim_start_matches('.').to_ascii_lowercase();
        let suffix = suffix.split(':').next().unwrap_or_default();
        // A `*` elsewhere in an entry has no agreed meaning.
        suffix.contains('*') || GATEWAY_HOSTS.iter().any(|host| host.ends_with(suffix))
    };
    // Of the two names, programs read one, and either first.
    let [upper, lower] = named;
    let named = if upper.is_empty() { lower } else { upper };
    // Some programs separate entries by spaces.
    let named = named.split([',', ' ', '\t']).filter(|entry| !entry.is_empty() && !DIRECT.contains(entry));
    DIRECT.into_iter().chain(named.filter(|entry| !reaches_gateway(entry))).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_existing_entry_excludes_the_gateway_from_the_proxy() {
        for named in [
            "*",
            ".qq.com",
            "*.weixin.qq.com",
            "api.mch.weixin.qq.com",
            "API.mch.weixin.qq.com:443",
            "com",
            "api.*",
            "* .qq.com\tcom",
        ] {
            for named in [[named, ""], ["", named]] {
                assert_eq!(no_proxy(named), "localhost,127.0.0.1,::1", "{named:?}");
            }
        }
    }

    #[test]
    fn php_scans_its_previous_folders_and_one_more() {
        let dirs = |named, one_more| php_ini_dirs(named, Folder(one_more));
        assert_eq!(dirs("", "/run"), ":/run");
        assert_eq!(dirs("/etc/php:", "/run"), "/etc/php::/run");
        assert_eq!(dirs("/run:/run/php", "/run"), "/run/php:/run");
        assert_eq!(dirs(r"D:\php", r"C:\run"), r"D:\php;C:\run");
    }

    #[test]
    fn node_keeps_its_options_and_can_load_any_path() {
        assert_eq!(node_options("", "/tmp/x.cjs"), r#"--require "/tmp/x.cjs""#);
        assert_eq!(
            node_options("--trace-warnings", r#"C:\a b\"x".cjs"#),
            r#"--trace-warnings --require "C:\\a b\\\"x\".cjs""#
        );
    }

    #[test]
    fn in_an_environment_of_the_mock_nothing_is_added_again() {
        let mock = MockAt { host: "::1".into(), port: 8080 };
        let java = java_properties(&mock, Folder("/run"), "p");
        let first = variables(&mock, Folder("/run"), &BTreeMap::new(), &java);
        assert_eq!(first["HTTPS_PROXY"], "http://[::1]:8080");
        assert_eq!(variables(&mock, Folder("/run"), &first, &java), first);
    }

    #[test]
    fn paths_are_those_of_the_programs_system() {
        for (folder, file, is_absolute) in [
            ("/run/", "/run/a", true),
            (r"C:\run", r"C:\run\a", true),
            (r"\\server\run\", r"\\server\run\a", true),
            ("run", "run/a", false),
            ("", "/a", false),
        ] {
            let folder = Folder(folder);
            assert_eq!((folder.path("a").as_str(), folder.is_absolute()), (file, is_absolute));
        }
    }

    #[test]
    fn other_existing_entries_stay() {
        assert_eq!(
            no_proxy(["db.internal, localhost,.example.org", "other"]),
            "localhost,127.0.0.1,::1,db.internal,.example.org"
        );
    }
}

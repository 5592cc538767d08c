//! The environment variables that make each ecosystem send the gateway's requests to a mock.

use std::{
    env,
    ffi::{OsStr, OsString},
    net::SocketAddr,
    path::Path,
};

use wechatpay_mock::GATEWAY_HOSTS;

/// This machine, which is called without the proxy.
const DIRECT: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// The mock, and the files that the variables name.
#[derive(Debug)]
pub(super) struct Files<'a> {
    /// The mock.
    pub(super) mock: SocketAddr,
    /// The mock's authority alone, PEM.
    pub(super) authority: &'a Path,
    /// The mock's authority and the system's, PEM.
    pub(super) bundle: &'a Path,
    /// The same for Java, PKCS#12.
    pub(super) trust_store: &'a Path,
    pub(super) trust_store_password: &'a str,
    /// A folder with a `php.ini` fragment.
    pub(super) php_ini_dir: &'a Path,
    /// What Node loads before a program.
    pub(super) preload: &'a Path,
}

/// The variables to set, by ecosystem.
pub(super) fn variables(files: &Files<'_>) -> Vec<(&'static str, OsString)> {
    let proxy: OsString = format!("http://{}", files.mock).into();
    let no_proxy = no_proxy(&env::var("NO_PROXY").or_else(|_| env::var("no_proxy")).unwrap_or_default());
    let named_ini_dirs = env::var_os("PHP_INI_SCAN_DIR").unwrap_or_default();
    let php_ini_dirs = php_ini_dirs(&named_ini_dirs, files.php_ini_dir);
    let node_options = node_options(&env::var_os("NODE_OPTIONS").unwrap_or_default(), files.preload);
    vec![
        // curl, Go, Python, Ruby, .NET, PHP's Guzzle, axios
        ("HTTP_PROXY", proxy.clone()),
        ("http_proxy", proxy.clone()),
        ("HTTPS_PROXY", proxy.clone()),
        ("https_proxy", proxy.clone()),
        ("NO_PROXY", no_proxy.clone().into()),
        ("no_proxy", no_proxy.into()),
        // OpenSSL, Go
        ("SSL_CERT_FILE", files.bundle.into()),
        // Node: added to its built-in authorities; since 24.5, `fetch` and `https` read the proxy variables with this
        // setting
        ("NODE_EXTRA_CA_CERTS", files.authority.into()),
        ("NODE_USE_ENV_PROXY", "1".into()),
        // Node's clients that read no proxy variables
        ("NODE_OPTIONS", node_options),
        // Python's requests
        ("REQUESTS_CA_BUNDLE", files.bundle.into()),
        // curl
        ("CURL_CA_BUNDLE", files.bundle.into()),
        // PHP
        ("PHP_INI_SCAN_DIR", php_ini_dirs),
        // Java
        ("JAVA_TOOL_OPTIONS", java_options(files, &env::var("JAVA_TOOL_OPTIONS").unwrap_or_default()).into()),
        // this project's own client and kit
        ("WECHATPAY_BASE_URL", proxy.clone()),
        ("WECHATPAY_MOCK_URL", proxy),
    ]
}

/// A `php.ini` fragment that makes PHP trust these authorities.
pub(super) fn php_ini(bundle: &Path) -> String {
    let bundle = bundle.display();
    format!("curl.cainfo=\"{bundle}\"\nopenssl.cafile=\"{bundle}\"\n")
}

/// The folders where PHP looks for settings: those already named (an empty name means PHP's default), and one
/// more.
fn php_ini_dirs(named: &OsStr, one_more: &Path) -> OsString {
    let separator = if cfg!(windows) { ";" } else { ":" };
    let mut dirs = named.to_owned();
    dirs.push(separator);
    dirs.push(one_more);
    dirs
}

/// Node's options: those already set, and one that loads this file. Quoted, because the path may contain spaces.
fn node_options(set: &OsStr, preload: &Path) -> OsString {
    let preload = preload.display().to_string().replace('\\', r"\\").replace('"', r#"\""#);
    let mut options = set.to_owned();
    options.push(format!(" --require \"{preload}\""));
    options
}

/// The hosts to call without a proxy: this machine and those already named, except for entries that match the gateway.
fn no_proxy(named: &str) -> String {
    let reaches_gateway = |entry: &str| {
        let suffix = entry.trim_start_matches('*').trim_start_matches('.').to_ascii_lowercase();
        let suffix = suffix.split(':').next().unwrap_or_default();
        // A `*` elsewhere in an entry has no agreed meaning.
        suffix.contains('*') || GATEWAY_HOSTS.iter().any(|host| host.ends_with(suffix))
    };
    // Some programs separate entries by spaces.
    let named = named.split([',', ' ', '\t']).filter(|entry| !entry.is_empty() && !DIRECT.contains(entry));
    DIRECT.into_iter().chain(named.filter(|entry| !reaches_gateway(entry))).collect::<Vec<_>>().join(",")
}

/// The same as system properties: Java reads neither the proxy variables nor PEM.
fn java_options(files: &Files<'_>, others: &str) -> String {
    let (host, port) = (files.mock.ip(), files.mock.port());
    let (store, password) = (files.trust_store.display(), files.trust_store_password);
    let options = [
        format!("-Dhttp.proxyHost={host} -Dhttp.proxyPort={port}"),
        format!("-Dhttps.proxyHost={host} -Dhttps.proxyPort={port}"),
        "-Dhttp.nonProxyHosts=localhost|127.*|[::1]".into(),
        format!("\"-Djavax.net.ssl.trustStore={store}\""),
        format!("-Djavax.net.ssl.trustStorePassword={password} -Djavax.net.ssl.trustStoreType=PKCS12"),
    ]
    .join(" ");
    if others.is_empty() { options } else { format!("{others} {options}") }
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
            assert_eq!(no_proxy(named), "localhost,127.0.0.1,::1", "{named}");
        }
    }

    #[test]
    #[cfg(unix)] // Separators.
    fn php_scans_its_previous_folders_and_one_more() {
        let dirs = |named: &str| php_ini_dirs(named.as_ref(), Path::new("/run")).into_string().unwrap();
        assert_eq!(dirs(""), ":/run");
        assert_eq!(dirs("/etc/php:"), "/etc/php::/run");
    }

    #[test]
    fn node_keeps_its_options_and_can_load_any_path() {
        let options = |set: &str, path| node_options(set.as_ref(), Path::new(path)).into_string().unwrap();
        assert_eq!(options("", "/tmp/x.cjs"), r#" --require "/tmp/x.cjs""#);
        assert_eq!(
            options("--trace-warnings", r#"C:\a b\"x".cjs"#),
            r#"--trace-warnings --require "C:\\a b\\\"x\".cjs""#
        );
    }

    #[test]
    fn other_existing_entries_stay() {
        assert_eq!(
            no_proxy("db.internal, localhost,.example.org"),
            "localhost,127.0.0.1,::1,db.internal,.example.org"
        );
    }
}

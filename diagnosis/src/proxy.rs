//! Headers in which reverse proxies show what they did.

/// Headers with the path and query as a proxy received them: nginx and its kin, IIS, Traefik, Envoy.
const ORIGINAL_TARGET: [&str; 5] =
    ["x-original-uri", "x-original-url", "x-rewrite-url", "x-forwarded-uri", "x-envoy-original-path"];

/// Headers with the beginning of the path that a proxy took away.
const PREFIX: [&str; 2] = ["x-forwarded-prefix", "x-script-name"];

/// Other headers that only proxies add.
const MARKS: [&str; 6] =
    ["via", "forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip"];

/// Whether a proxy added one of these headers.
pub(crate) fn is_shown_by(headers: &[(&str, &str)]) -> bool {
    let known = [&ORIGINAL_TARGET[..], &PREFIX, &MARKS].concat();
    headers.iter().any(|(name, _)| known.contains(name))
}

/// What the target may have been before the proxy changed it.
pub(crate) fn original_targets(headers: &[(&str, &str)], target: &str) -> Vec<String> {
    let values = |names: &'static [&str]| {
        headers.iter().filter(move |(name, _)| names.contains(name)).map(|(_, value)| *value)
    };
    let query = target.find('?').map_or("", |at| &target[at..]);
    let whole = values(&ORIGINAL_TARGET).map(without_origin);
    let whole = whole.flat_map(|original| [original.to_owned(), format!("{original}{query}")]);
    let prefixed = values(&PREFIX).map(|prefix| format!("{}{target}", prefix.trim_end_matches('/')));
    whole.chain(prefixed).collect()
}

/// Some proxies write the whole URL.
fn without_origin(url: &str) -> &str {
    let path = url.split_once("://").and_then(|(_, rest)| Some(&rest[rest.find('/')?..]));
    path.unwrap_or(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_restored_from_the_headers_of_proxies() {
        let restored = |name, value| original_targets(&[(name, value)], "/v3/a?b=1");
        assert_eq!(restored("x-original-uri", "/pay/v3/a?b=1")[0], "/pay/v3/a?b=1");
        assert_eq!(restored("x-original-url", "https://pay.example.com/pay/v3/a")[1], "/pay/v3/a?b=1");
        assert_eq!(restored("x-forwarded-prefix", "/pay/"), ["/pay/v3/a?b=1"]);
        assert!(restored("via", "1.1 squid").is_empty());
    }

    #[test]
    fn only_headers_of_proxies_show_one() {
        assert!(is_shown_by(&[("accept", "*/*"), ("via", "1.1 squid")]));
        assert!(!is_shown_by(&[("accept", "*/*"), ("host", "mock")]));
    }
}

//! Components: the parts of a system that are told apart, whatever instance of them speaks.

/// The component an instance belongs to: a pod's name without what Kubernetes has appended.
///
/// Only the pods of a Deployment can be told: `cart-0` of a stateful set and `cart-x7k2p` of a daemon set may be names of their own.
/// Only the pods of a Deployment can be told: a `StatefulSet`'s `cart-0` and a `DaemonSet`'s `cart-x7k2p` may be names of their own.
/// Only the pods of a Deployment can be told: a stateful set's `cart-0` and a daemon set's `cart-x7k2p` may be names of their own.
/// The form is `NAME-HASH-POD`, with eight to ten letters and digits for the template and five for the pod.
pub fn of_instance(instance: &str) -> &str {
    let mut parts = instance.rsplitn(3, '-');
    let (Some(pod), Some(hash), Some(name)) = (parts.next(), parts.next(), parts.next()) else {
        return instance;
    };
    let is_hash = (8..=10).contains(&hash.len())
        && hash
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase())
        && hash.bytes().any(|byte| byte.is_ascii_digit());
    let is_pod = pod.len() == 5
        && pod
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase());
    if is_hash && is_pod && !name.is_empty() {
        name
    } else {
        instance
    }
}

/// Names that say what a file is, not whose.
const GENERIC: [&str; 24] = [
    "log",
    "logs",
    "app",
    "application",
    "stdout",
    "stderr",
    "out",
    "err",
    "output",
    "error",
    "errors",
    "access",
    "server",
    "service",
    "main",
    "current",
    "console",
    "messages",
    "syslog",
    "journal",
    "debug",
    "info",
    "trace",
    "metrics",
];

/// The component whose file this is, by its name: without endings, dates and numbers of rotation; the folder where the file's
/// own name is that of any log.
pub fn of_file(path: &str) -> &str {
    let mut parts = path.rsplit(['/', '\\']).filter(|part| !part.is_empty());
    let file = stem(parts.next().unwrap_or(path));
    let is_generic = |name: &str| GENERIC.iter().any(|generic| name.eq_ignore_ascii_case(generic));
    if !is_generic(file) && file.bytes().any(|byte| byte.is_ascii_alphabetic()) {
        return of_instance(file);
    }
    let folder = parts.map(of_instance).find(|name| {
        !is_generic(name) && *name != "." && *name != ".." && name.bytes().any(|byte| byte.is_ascii_alphabetic())
    });
    folder.unwrap_or(file)
}

/// `cart.log.3.gz` and `cart-2026-11-21.log` are `cart`.
fn stem(name: &str) -> &str {
    const ENDINGS: [&str; 18] = [
        ".log", ".txt", ".out", ".err", ".json", ".jsonl", ".ndjson", ".csv", ".tsv", ".prom", ".gz", ".zst", ".bz2",
        ".xz", ".stdout", ".stderr", ".yaml", ".yml",
    ];
    let mut stem = name;
    loop {
        let shorter = ENDINGS
            .iter()
            .find_map(|ending| stem.strip_suffix(ending))
            .unwrap_or_else(|| without_number(stem));
        if shorter.is_empty() || shorter == stem {
            return stem;
        }
        stem = shorter;
    }
}

/// Without a number or a date behind a dot, a hyphen or an underscore. `web-1` may be a name, so one digit stays.
fn without_number(name: &str) -> &str {
    let digits = name.bytes().rev().take_while(u8::is_ascii_digit).count();
    let rest = &name[..name.len() - digits];
    match rest.as_bytes().last() {
        Some(b'.') if digits > 0 => &rest[..rest.len() - 1],
        Some(b'-' | b'_') if digits >= 2 => &rest[..rest.len() - 1],
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pod_belongs_to_its_deployment() {
        for (instance, component) in [
            ("cartservice-5f8fbb8f6-x7k2p", "cartservice"),
            ("ts-order-service-6d4cf56db6-x7k2p", "ts-order-service"),
            ("cart-675f68bb96-2kq8z", "cart"),
            ("postgres-0", "postgres-0"),
            ("api", "api"),
            ("eu-west-1a", "eu-west-1a"),
            ("-6d4cf56db6-x7k2p", "-6d4cf56db6-x7k2p"),
        ] {
            assert_eq!(of_instance(instance), component, "{instance}");
        }
    }

    #[test]
    fn a_file_belongs_to_the_component_it_is_named_after_or_lies_in_the_folder_of() {
        for (path, component) in [
            ("logs/cart.log", "cart"),
            ("cart.log.3.gz", "cart"),
            ("cart-2026-11-21.log", "cart"),
            ("/var/log/cart/app.log", "cart"),
            ("pods/ts-order-service-6d4cf56db6-x7k2p/stdout", "ts-order-service"),
            ("web-1.log", "web-1"),
            ("08_50.csv", "08"),
            ("orders/08_50.csv", "orders"),
            ("app.log", "app"),
            ("-", "-"),
            ("", ""),
        ] {
            assert_eq!(of_file(path), component, "{path}");
        }
    }
}

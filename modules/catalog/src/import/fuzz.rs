//! One entry point for each parser, for fuzzing: the body of every target in `fuzz/` is one of these functions, and an
//! ordinary test runs each with random bytes too.

use super::{
    analysis::{analyse, parse_any},
    report::{ImportOptions, InputFile},
};

/// Feeds bytes to one parser.
pub type Target = fn(&[u8]);

/// Every target by name; `fuzz/fuzz_targets` holds one file for each.
pub const TARGETS: &[(&str, Target)] = &[
    ("json", json),
    ("yaml", yaml),
    ("toml", toml),
    ("registry", registry),
    ("slos", slos),
    ("monitor_toml", monitor_toml),
    ("service_yaml", service_yaml),
    ("compose", compose),
    ("kubernetes", kubernetes),
    ("prometheus", prometheus),
    ("prometheus_rules", prometheus_rules),
    ("backstage", backstage),
    ("mainstay_yaml", mainstay_yaml),
    ("whole_import", whole_import),
];

/// Any JSON.
pub fn json(bytes: &[u8]) {
    parse_any("any.json", bytes);
}

/// Any YAML.
pub fn yaml(bytes: &[u8]) {
    parse_any("any.yaml", bytes);
}

/// Any TOML.
pub fn toml(bytes: &[u8]) {
    parse_any("any.toml", bytes);
}

/// A registry entry.
pub fn registry(bytes: &[u8]) {
    import(
        "service_registry.json",
        b"{\"version\": \"1\", \"services\": {\"a\": {\"port\": 1, ",
        bytes,
        b"}}}",
    );
}

/// The objectives of a service.
pub fn slos(bytes: &[u8]) {
    import(
        "slos.json",
        b"{\"services\": {\"a\": {\"availability\": 99.9, ",
        bytes,
        b"}}}",
    );
}

/// A service of `monitor.toml`.
pub fn monitor_toml(bytes: &[u8]) {
    import(
        "monitor.toml",
        b"[[services]]\nid = \"a\"\nhealth_endpoint = \"http://a:1/h\"\n",
        bytes,
        b"\n",
    );
}

/// A service file.
pub fn service_yaml(bytes: &[u8]) {
    import("a.yaml", b"service:\n  name: a\n", bytes, b"\n");
}

/// A compose service.
pub fn compose(bytes: &[u8]) {
    import("docker-compose.yml", b"services:\n  a:\n    image: x\n", bytes, b"\n");
}

/// A Kubernetes object.
pub fn kubernetes(bytes: &[u8]) {
    import(
        "k8s.yaml",
        b"apiVersion: v1\nkind: Deployment\nmetadata: {name: a}\n",
        bytes,
        b"\n",
    );
}

/// A Prometheus configuration.
pub fn prometheus(bytes: &[u8]) {
    import("prometheus.yml", b"scrape_configs:\n", bytes, b"\n");
}

/// A rule file.
pub fn prometheus_rules(bytes: &[u8]) {
    import(
        "rules.yml",
        b"groups:\n- name: g\n  rules:\n  - record: a:b\n    expr: ",
        bytes,
        b"\n",
    );
}

/// A Backstage component.
pub fn backstage(bytes: &[u8]) {
    import(
        "catalog-info.yaml",
        b"apiVersion: backstage.io/v1alpha1\nkind: Component\n",
        bytes,
        b"\n",
    );
}

/// A Mainstay document.
pub fn mainstay_yaml(bytes: &[u8]) {
    import(
        "mainstay.yaml",
        b"apiVersion: mainstay/v1\nkind: Service\nmetadata: {name: a}\n",
        bytes,
        b"\n",
    );
}

/// Several files at once, divided at every NUL byte, so that the comparisons see strange neighbours.
pub fn whole_import(bytes: &[u8]) {
    const PATHS: &[&str] = &[
        "a/r.json",
        "b/r.json",
        "c.yaml",
        "d.yml",
        "monitor.toml",
        "prometheus.yml",
    ];
    let files = bytes.split(|byte| *byte == 0).zip(PATHS).map(|(part, path)| InputFile {
        path: (*path).to_owned(),
        bytes: part.to_vec(),
    });
    drop(analyse(files.collect::<Vec<_>>(), &ImportOptions::default()));
}

/// Imports one file whose beginning makes it certain which parser reads it.
fn import(path: &str, before: &[u8], bytes: &[u8], after: &[u8]) {
    let file = InputFile {
        path: path.to_owned(),
        bytes: [before, bytes, after].concat(),
    };
    drop(analyse(vec![file], &ImportOptions::default()));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_target_has_its_file_and_its_entry() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
        let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap();
        for (name, _) in TARGETS {
            let target = std::fs::read_to_string(folder.join(format!("fuzz_targets/{name}.rs"))).unwrap();
            assert!(target.contains(&format!("fuzz::{name}(")), "{name}");
            assert!(manifest.contains(&format!("name = \"{name}\"")), "{name}");
        }
        let files = std::fs::read_dir(folder.join("fuzz_targets")).unwrap().count();
        assert_eq!(files, TARGETS.len());
    }

    proptest! {
        #[test]
        fn no_bytes_make_a_target_fail(
            bytes in prop_oneof![
                prop::collection::vec(any::<u8>(), 0..200),
                "[ \n\\[\\]{}:,\"'a-z0-9&*|>#?!~.=$/\\\\-]{0,200}".prop_map(String::into_bytes),
            ]
        ) {
            for (_, target) in TARGETS {
                target(&bytes);
            }
        }
    }
}

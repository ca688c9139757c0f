//! Files that are broken, by accident or on purpose.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::{codes, files, import, only, registry, service};
use crate::import::{FileStatus, ImportOptions, InputFile, LeftOut, LeftOutKind, analyse, parse_any, unsendable};

#[test]
fn a_malformed_file_is_one_error_with_line_and_column_and_the_others_import() {
    let good = registry("1", &[("web", 1, &[])]);
    for (path, text, line) in [
        ("broken.json", "{\n \"services\": {\n  \"a\": 1,\n }\n}", 4),
        ("broken.yaml", "services:\n\ta: 1\n", 2),
        ("broken.toml", "[[services]]\nid = \n", 2),
    ] {
        let analysis = import(&[(path, text), ("good.json", &good)]);
        let finding = only(&analysis, "unreadable");
        assert_eq!(
            (finding.file.as_str(), finding.line),
            (path, line),
            "{}",
            finding.message
        );
        assert!(finding.values["column"].as_u64().unwrap() >= 1);
        assert_eq!(analysis.files[0].status, FileStatus::Failed);
        service(&analysis, "web");
        assert_eq!(codes(&analysis), ["unreadable"]);
    }
}

#[test]
fn a_bomb_of_aliases_is_one_clear_error() {
    let mut bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n".to_owned();
    for level in 1..30 {
        let below = format!("*a{}", level - 1);
        writeln!(bomb, "a{level}: &a{level} [{}]", [below.as_str(); 9].join(",")).unwrap();
    }
    let analysis = import(&[("bomb.yaml", &bomb)]);
    assert!(only(&analysis, "unreadable").message.contains("aliases"));
}

#[test]
fn text_that_is_not_utf8_is_named_with_its_place() {
    let file = InputFile {
        path: "r.json".to_owned(),
        bytes: b"{\n \"a\": \"\xff\"}".to_vec(),
    };
    let analysis = analyse(vec![file], &ImportOptions::default());
    let finding = only(&analysis, "unreadable");
    assert_eq!((finding.line, finding.values["column"].as_u64()), (2, Some(8)));
}

#[test]
fn what_was_not_read_is_listed_and_what_should_have_been_is_an_error() {
    let left = |path: &str, kind| LeftOut {
        path: path.to_owned(),
        kind,
        note: "because".to_owned(),
        line: None,
    };
    let options = ImportOptions {
        left_out: vec![
            left("rules/secret.yml", LeftOutKind::Unreadable),
            left("a/.git", LeftOutKind::Folder),
            left("large.json", LeftOutKind::TooLarge),
        ],
        ..ImportOptions::default()
    };
    let prometheus = files(&[("prometheus.yml", "rule_files: [rules/secret.yml]\nscrape_configs: []\n")]);
    let analysis = analyse(prometheus, &options);
    let listed: Vec<(&str, &str, FileStatus)> = analysis
        .files
        .iter()
        .map(|file| (file.path.as_str(), file.kind.as_str(), file.status))
        .collect();
    assert_eq!(
        listed,
        [
            ("a/.git", "folder", FileStatus::Recognised),
            ("large.json", "too-large", FileStatus::Unknown),
            ("prometheus.yml", "prometheus", FileStatus::Read),
            ("rules/secret.yml", "unreadable", FileStatus::Failed),
        ]
    );
    assert_eq!(only(&analysis, "unreadable").file, "rules/secret.yml");
    assert_eq!(
        codes(&analysis),
        ["unreadable"],
        "a rule file that cannot be read is there all the same"
    );
}

#[test]
fn a_file_that_is_no_text_is_sent_as_the_reason_alone() {
    let file = |path: &str, bytes: &[u8]| InputFile {
        path: path.to_owned(),
        bytes: bytes.to_vec(),
    };
    assert_eq!(unsendable(&file("a.json", b"{}")), None);
    let logo = unsendable(&file("logo.png", b"\x89PNG")).unwrap();
    assert_eq!((logo.kind, logo.line), (LeftOutKind::Binary, None));
    let config = unsendable(&file("r.json", b"{\n \"a\": \"\xff\"}")).unwrap();
    assert_eq!((config.kind, config.line), (LeftOutKind::Unreadable, Some(2)));
}

#[test]
fn a_template_of_another_tool_is_recognised_and_no_error() {
    for text in ["a: {{ name }}\nb: 1", "{% if x %}\na: [\n{% endif %}"] {
        let analysis = import(&[("x.yaml", text)]);
        assert_eq!(
            (analysis.files[0].kind.as_str(), analysis.files[0].status),
            ("template", FileStatus::Recognised)
        );
        assert!(codes(&analysis).is_empty());
    }
}

#[test]
fn nothing_at_all_is_an_empty_analysis() {
    let analysis = import(&[]);
    assert!(analysis.files.is_empty() && analysis.findings.is_empty() && analysis.services.is_empty());
    assert_eq!(import(&[("empty.json", "")]).files[0].status, FileStatus::Failed);
    assert_eq!(import(&[("empty.yaml", "")]).files[0].status, FileStatus::Recognised);
}

const PATHS: &[&str] = &[
    "x.json",
    "x.yaml",
    "x.toml",
    "x",
    "prometheus.yml",
    "docker-compose.yml",
    "monitor.toml",
    "slos.json",
];

/// Text made of the words the parsers look for, so that random documents reach deep into them.
fn words() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "apiVersion:",
        "mainstay/v1",
        "v1",
        "apps/v1",
        "kind:",
        "Service",
        "Deployment",
        "Ingress",
        "ConfigMap",
        "CronJob",
        "List",
        "Slo",
        "metadata:",
        "name:",
        "spec:",
        "services:",
        "service:",
        "port:",
        "ports:",
        "dependencies:",
        "depends_on:",
        "all",
        "health_url:",
        "http://a_b:1/x",
        "http://[::1",
        "${A:-b}",
        "${",
        "groups:",
        "rules:",
        "expr:",
        "(0.1 - a:ratio) / 0.1",
        "scrape_configs:",
        "static_configs:",
        "targets:",
        "'a:1'",
        "rule_files:",
        "healthcheck:",
        "test:",
        "data:",
        "|",
        ">",
        "items:",
        "-",
        "- ",
        "\n",
        "\n  ",
        "\n    ",
        "\n      ",
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "'",
        "&a",
        "*a",
        "<<:",
        "?",
        "#",
        "---\n",
        "1",
        "99.9",
        "true",
        "null",
        "~",
        "availability:",
        "error_budget:",
        "version:",
        "template:",
        "containers:",
        "livenessProbe:",
        "httpGet:",
        "path:",
        "é",
        "\t",
    ]);
    prop::collection::vec(word, 0..60).prop_map(|words| words.join(" "))
}

proptest! {
    #[test]
    fn no_bytes_make_an_import_fail(path in prop::sample::select(PATHS), bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        parse_any(path, &bytes);
    }

    #[test]
    fn no_arrangement_of_known_words_makes_an_import_fail(
        texts in prop::collection::vec((prop::sample::select(PATHS), words()), 1..4)
    ) {
        let files = texts.iter().enumerate().map(|(index, (path, text))| InputFile {
            path: format!("{index}/{path}"),
            bytes: text.clone().into_bytes(),
        });
        let analysis = analyse(files.collect::<Vec<_>>(), &ImportOptions::default());
        prop_assert_eq!(analysis.files.len(), texts.len());
        for finding in &analysis.findings {
            prop_assert!(finding.line >= 1);
        }
    }

    #[test]
    fn a_real_document_with_one_byte_changed_is_survived(at in 0_usize..2000, byte in any::<u8>(), which in 0_usize..3) {
        let registry = registry("1", &[("a_b", 1, &["c"]), ("c", 2, &["all"])]);
        let documents = [
            ("service_registry.json", registry.as_str()),
            ("k8s.yaml", super::clean::KUBERNETES),
            ("mainstay.yaml", super::clean::MAINSTAY),
        ];
        let (path, text) = documents[which];
        let mut bytes = text.as_bytes().to_vec();
        let at = at % bytes.len();
        bytes[at] = byte;
        let file = InputFile { path: path.to_owned(), bytes };
        let _ = analyse(vec![file], &ImportOptions::default());
    }
}

/// A budget with a wide margin: it catches work that grows with the square of the fleet, not a slow machine.
#[test]
fn a_thousand_files_and_ten_thousand_services_are_read_in_seconds() {
    let mut fleet: Vec<(String, String)> = Vec::new();
    let mut registry = String::new();
    for index in 0..10_000 {
        writeln!(
            registry,
            "\"svc_{index}\": {{\"port\": {}, \"health_url\": \"http://svc-{index}:80/health\", \"dependencies\": [\"svc_{}\"]}},",
            index + 1,
            index / 2
        )
        .unwrap();
    }
    fleet.push((
        "registry.json".to_owned(),
        format!("{{\"version\": \"1\", \"services\": {{{registry}\"m\": {{\"dependencies\": [\"all\"]}}}}}}"),
    ));
    for index in 0..1000 {
        let padding = "# ".to_owned() + &"x".repeat(78) + "\n";
        let manifest = super::clean::KUBERNETES.replace("web", &format!("svc-{index}"));
        fleet.push((format!("k8s/{index}.yaml"), manifest + &padding.repeat(110)));
    }
    let files: Vec<InputFile> = fleet
        .into_iter()
        .map(|(path, text)| InputFile {
            path,
            bytes: text.into_bytes(),
        })
        .collect();
    let started = std::time::Instant::now();
    let analysis = analyse(files, &ImportOptions::default());
    assert_eq!(analysis.services.len(), 10_001);
    let took = started.elapsed();
    assert!(took.as_secs() < 30, "{took:?}");
    eprintln!("read in {took:?}");
}

//! What is declared for a service that nobody defines.

use std::collections::{BTreeMap, BTreeSet};

use mainstay_kernel::Environment;

use super::{codes, files, import, only};
use crate::{
    import::{Analysis, ImportOptions, analyse},
    model::ServiceName,
};

const DECLARED: &str = "apiVersion: mainstay/v1
kind: Slo
metadata: {name: web-available}
spec:
  service: wbe
  objective: 99.9
---
apiVersion: mainstay/v1
kind: Check
metadata: {name: login}
spec:
  service: web
  target: http://web:1/login
---
apiVersion: mainstay/v1
kind: Maintenance
metadata: {name: move}
spec:
  service: payments
---
apiVersion: mainstay/v1
kind: Webhook
metadata: {name: chat}
spec: {url: 'https://chat.example/hook'}
";
const SHOP: &str = "services: {shop-web: {image: w}, shop-payments: {image: p}, web: {image: w}}";

fn with_catalog(given: &[(&str, &str)], aliases: &[(&str, &str)], known: &[&str]) -> Analysis {
    let options = ImportOptions {
        aliases: pairs(aliases),
        catalog: Some(
            known
                .iter()
                .map(|name| (Environment::production(), ServiceName::parse(name).unwrap()))
                .collect::<BTreeSet<_>>(),
        ),
        ..ImportOptions::default()
    };
    analyse(files(given), &options)
}

fn pairs(aliases: &[(&str, &str)]) -> BTreeMap<String, String> {
    let owned = aliases.iter().map(|(from, to)| ((*from).to_owned(), (*to).to_owned()));
    owned.collect()
}

fn lines(analysis: &Analysis) -> Vec<(u32, &str)> {
    let undefined = analysis
        .findings
        .iter()
        .filter(|finding| finding.code == "undefined-service");
    undefined
        .map(|finding| (finding.line, finding.values["service"].as_str().unwrap()))
        .collect()
}

#[test]
fn an_slo_a_check_and_a_window_for_an_unknown_service_are_errors_with_the_name_that_was_meant() {
    let analysis = import(&[("declared.yaml", DECLARED), ("compose.yml", SHOP)]);
    assert_eq!(lines(&analysis), [(5, "wbe"), (19, "payments")]);
    let [slo, window] = &analysis.findings[..] else {
        panic!("{:#?}", analysis.findings)
    };
    assert_eq!(
        (slo.severity.as_str(), slo.values["kind"].as_str()),
        ("error", Some("slo"))
    );
    assert_eq!(
        slo.message,
        "The SLO `web-available` is for wbe, which no imported source defines. Did you mean `web`? \
         Define the service or correct the name; until then it counts nothing."
    );
    assert!(
        window.message.contains("Did you mean `shop-payments`?"),
        "{}",
        window.message
    );
    assert_eq!(analysis.declarations.len(), 4, "it stays, for the service may come");
}

#[test]
fn imported_alone_a_declaration_may_be_for_a_service_of_another_import_unless_somebody_can_be_asked() {
    assert!(codes(&import(&[("declared.yaml", DECLARED)])).is_empty());
    let analysis = with_catalog(&[("declared.yaml", DECLARED)], &[], &["web"]);
    // Whether `web` is still there after the import, the one who asks has to say.
    assert_eq!(lines(&analysis), [(5, "wbe"), (12, "web"), (19, "payments")]);
    let message = &analysis.findings[0].message;
    assert!(
        message.contains("neither these files nor the catalog defines. Did you mean `web`?"),
        "{message}"
    );
}

#[test]
fn an_entry_of_slos_json_is_judged_in_the_same_way() {
    let slos = "{\"services\": {\n \"web\": {\"availability\": 99.9},\n \"gone\": {\"latency_p95\": 10}}}";
    let analysis = import(&[("slos.json", slos), ("compose.yml", SHOP)]);
    assert_eq!(lines(&analysis), [(3, "gone")]);
}

#[test]
fn a_service_of_another_environment_is_named_with_it() {
    let text = DECLARED.replace("name: login", "name: login, environment: staging");
    let analysis = import(&[("declared.yaml", &text), ("compose.yml", SHOP)]);
    let finding = analysis.findings.iter().find(|finding| finding.line == 12).unwrap();
    assert_eq!(finding.values["environment"], "staging");
}

#[test]
fn an_alias_for_an_unknown_service_is_told_where_its_name_stands() {
    let given = [(
        "compose.yml",
        "services:\n  web-ui: {image: w}\n  shop-web: {image: w}\n",
    )];
    let aliases = [("web_ui", "shop-wbe"), ("front", "nobody")];
    let options = ImportOptions {
        aliases: pairs(&aliases),
        ..ImportOptions::default()
    };
    let analysis = analyse(files(&given), &options);
    assert_eq!(lines(&analysis), [(1, "nobody"), (2, "shop-wbe")]);
    let [nowhere, here] = &analysis.findings[..] else {
        panic!("{:#?}", analysis.findings)
    };
    assert_eq!(
        (nowhere.file.as_str(), nowhere.severity.as_str()),
        ("aliases", "warning")
    );
    assert_eq!(
        here.message,
        "The alias web-ui means shop-wbe, which no imported source defines; as it is, web-ui becomes a service of that \
         name. Did you mean `shop-web`? Correct the alias, or define the service."
    );
    for good in ["shop_web", "Shop-Web"] {
        let options = ImportOptions {
            aliases: pairs(&[("web-ui", good)]),
            ..ImportOptions::default()
        };
        assert!(codes(&analyse(files(&given), &options)).is_empty(), "{good}");
    }
    let known = with_catalog(&given, &aliases, &["shop-wbe"]);
    assert_eq!(only(&known, "undefined-service").values["service"], "nobody");
}

//! Maps by example and by property.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::{EdgeKind, Topology, read_declared, read_graph, recognise_declared, recognise_graph};
use crate::{
    source::Origin,
    traces::{SpanLimits, SpanStore, Visits, read::Format},
};

fn described(topology: &Topology, content: &[u8]) -> String {
    let mut text = topology.components().join(" ") + "\n";
    for edge in topology.edges() {
        let (from, to) = (topology.name(edge.caller), topology.name(edge.callee));
        let quote = edge.quote.as_ref().map_or(String::new(), |quote| {
            assert!(quote.holds(content), "{quote:?}");
            format!(" line {}: {}", quote.line, quote.text)
        });
        let _ = writeln!(text, "{from} -> {to} {:?} {}{quote}", edge.kind, edge.calls);
    }
    text
}

fn graph(content: &str) -> String {
    assert!(recognise_graph(content.as_bytes()).is_some(), "{content}");
    let topology = read_graph(content.as_bytes(), &Origin::file("graph.csv")).expect("text");
    described(&topology.expect("a graph"), content.as_bytes())
}

fn declared(content: &str) -> String {
    let topology = read_declared(content.as_bytes(), &Origin::file("services.yaml")).expect("text");
    described(&topology.expect("services"), content.as_bytes())
}

#[test]
fn rows_of_a_matrix_call_its_columns() {
    insta::assert_snapshot!(graph(
        ",shop,cart,db\nshop,0.0,1.0,0.0\ncart,0.0,0.0,1.0\ndb,0.0,0.0,0.0\n"
    ));
}

#[test]
fn a_list_has_a_caller_and_a_callee_in_each_row() {
    insta::assert_snapshot!(graph(
        "id;Source;Target;weight\n1;shop;cart;3\n2;cart;\"db;main\";1\n3;;x;1\n"
    ));
}

#[test]
fn what_is_no_graph_is_none() {
    for content in [
        "time,shop,cart\n1,2,3\n",
        "shop\n",
        "",
        "trace_id,span_id,service,start,end\na,b,c,1,2\n",
    ] {
        assert_eq!(recognise_graph(content.as_bytes()), None, "{content}");
    }
}

#[test]
fn declarations_are_read_in_every_form() {
    let own = "apiVersion: mainstay/v1\nkind: Service\nmetadata:\n  name: shop\nspec:\n  description: pages\n  dependencies:\n    \
               - payments\n    - {service: mailer, kind: soft}\n---\nkind: Service\nmetadata: {name: payments}\nspec:\n  tier: high\n";
    assert!(recognise_declared(own.as_bytes()).is_some());
    insta::assert_snapshot!("own", declared(own));
    insta::assert_snapshot!(
        "compose",
        declared(
            "services:\n  web:\n    image: web\n    depends_on: [api]\n  api:\n    depends_on:\n      db:\n        condition: service_healthy\n  db: {image: postgres}\n"
        )
    );
    insta::assert_snapshot!(
        "registry",
        declared(
            "{\"version\": \"1.2\", \"services\": {\n \"api\": {\"port\": 8001, \"dependencies\": [\"data\", {\"service\": \"auth\"}]},\n \"data\": {\"name\": \"Data\"}}}\n"
        )
    );
    insta::assert_snapshot!("list", declared("services:\n- name: a\n  needs:\n  - b\n- name: b\n"));
    insta::assert_snapshot!("one", declared("service: api\nport: 1\ndepends_on:\n  - data\n"));
}

#[test]
fn traces_show_who_calls_whom() {
    let content = b"trace_id,span_id,parent_id,service,operation,start_us,end_us,kind,peer\n\
        a,1,,shop-675f68bb96-2kq8z,x,1000,2000,server,\na,2,1,shop-675f68bb96-2kq8z,y,1100,1900,client,cart\n\
        a,3,2,cart,get,1200,1500,server,\na,4,3,cart,query,1250,1300,client,redis\n";
    let mut store = SpanStore::new(SpanLimits::default());
    store
        .read(&Origin::file("a.csv"), &content[..], Format::Csv)
        .expect("text");
    let traces = store.finish();
    insta::assert_snapshot!(described(&Topology::of_traces(&traces, &Visits::of(&traces)), content));
}

#[test]
fn what_lies_below_is_told_nearest_first_through_any_loop() {
    let mut topology = Topology::new();
    for (from, to) in [("a", "b"), ("b", "c"), ("c", "a"), ("a", "d"), ("e", "a"), ("a", "a")] {
        topology.connect(from, to, EdgeKind::Graph, 0, || None);
    }
    let number = |name: &str| topology.number(name).expect("known");
    let names = |numbers: Vec<u32>| {
        numbers
            .into_iter()
            .map(|number| topology.name(number))
            .collect::<String>()
    };
    assert_eq!(names(topology.below(number("a"))), "bdc");
    assert_eq!(names(topology.callees(number("a")).collect()), "bd");
    assert_eq!(names(topology.callers(number("a")).collect()), "ce");
    assert!(topology.reaches(number("e"), number("c")) && !topology.reaches(number("d"), number("a")));
    assert!(topology.reaches(number("d"), number("d")));
}

proptest! {
    #[test]
    fn any_bytes_are_read_to_their_end(content in prop::collection::vec(any::<u8>(), 0..300), text in "[\\[\\]{}:,\"a\n -]{0,200}") {
        for content in [content.as_slice(), text.as_bytes()] {
            recognise_graph(content);
            recognise_declared(content);
            let _ = read_graph(content, &Origin::file("x"));
            let _ = read_declared(content, &Origin::file("x"));
        }
    }
}

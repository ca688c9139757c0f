//! Tests of the page.

use proptest::prelude::*;

use super::*;
use crate::report::sample;

/// Elements that have no end.
const VOID: [&str; 3] = ["meta", "br", "!DOCTYPE"];

/// The elements of a page, each as its name and its attributes as they stand. Panics where one is not ended, or ended twice.
fn elements(page: &str) -> Vec<(String, String)> {
    let mut open: Vec<String> = Vec::new();
    let mut all = Vec::new();
    let mut rest = page;
    while let Some(start) = rest.find('<') {
        rest = &rest[start + 1..];
        let end = rest.find('>').expect("an element is closed");
        let (tag, after) = rest.split_at(end);
        rest = &after[1..];
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name));
            continue;
        }
        let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        let name = name.trim_end_matches('/');
        all.push((name.to_owned(), attributes.to_owned()));
        if VOID.contains(&name) || tag.ends_with('/') {
            continue;
        }
        open.push(name.to_owned());
        // Their content is no markup.
        if name == "style" || name == "script" {
            rest = &rest[rest.find("</").expect("it ends")..];
        }
    }
    assert!(open.is_empty(), "{open:?}");
    all
}

fn names(page: &str) -> Vec<String> {
    elements(page).into_iter().map(|(name, _)| name).collect()
}

#[test]
fn every_sample_is_well_formed_and_stands_alone() {
    for report in [
        sample::full(),
        sample::two_faults(),
        sample::none_found(),
        sample::almost_empty(),
        sample::hostile(),
        sample::many_components(),
    ] {
        let page = page(&report);
        for (name, attributes) in elements(&page) {
            assert!(
                !["link", "img", "iframe", "object", "embed", "base", "form"].contains(&name.as_str()),
                "{name}"
            );
            for reference in attributes.split("href=\"").skip(1) {
                assert!(reference.starts_with('#'), "{reference}");
            }
            assert!(
                !attributes.contains(" style=\"") && !attributes.contains(" src=\""),
                "{attributes}"
            );
        }
        assert!(!STYLE.contains("url(") && !STYLE.contains("@import"));
    }
}

#[test]
fn every_reference_within_the_page_leads_somewhere() {
    let page = page(&sample::full());
    let all = elements(&page);
    for (_, attributes) in &all {
        for reference in attributes
            .split("href=\"#")
            .skip(1)
            .chain(attributes.split("url(#").skip(1))
        {
            let name = reference.split(['"', ')']).next().unwrap();
            let id = format!("id=\"{name}\"");
            assert_eq!(all.iter().filter(|(_, other)| other.contains(&id)).count(), 1, "{name}");
        }
    }
}

#[test]
fn an_attack_in_any_place_is_text() {
    let page = page(&sample::hostile());
    assert_eq!(names(&page).iter().filter(|name| *name == "script").count(), 1);
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    assert!(!page.contains('\u{202e}') && !page.contains('\u{1b}'));
    assert!(
        elements(&page)
            .iter()
            .all(|(_, attributes)| !attributes.contains("onload=x\""))
    );
}

#[test]
fn the_policy_allows_its_own_style_and_script_alone() {
    let page = page(&sample::full());
    let policy = page
        .split("Content-Security-Policy\" content=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"));
    assert!(!policy.contains("unsafe"));
    // The digest of the empty text, as FIPS 180-4 gives it: the form of a digest is what a browser expects.
    assert_eq!(digest(""), "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
}

#[test]
fn the_answer_is_the_first_thing_said() {
    assert!(
        page(&sample::full()).contains("<h1>cart-service is the likely cause <span class=\"share\">(87 %)</span></h1>")
    );
    assert!(
        page(&sample::two_faults())
            .contains("<h1>cart-service and ad-service are the likely causes <span class=\"share\">(87 % and 79 %)")
    );
    assert!(page(&sample::none_found()).contains("<h1>No cause found</h1>"));
}

#[test]
fn an_empty_section_says_what_would_fill_it() {
    let page = page(&sample::almost_empty());
    assert_eq!(page.matches("class=\"empty\"").count(), SECTIONS.len());
}

#[test]
fn the_order_of_the_sections_is_that_of_the_questions() {
    let page = page(&sample::full());
    let places: Vec<usize> = SECTIONS
        .iter()
        .map(|(id, _)| page.find(&format!("id=\"{id}\"")).unwrap())
        .collect();
    assert!(places.is_sorted());
}

#[test]
fn the_size_is_bounded_whatever_the_report_holds() {
    let mut report = sample::filled_with(&"<&\u{1}\"".repeat(1_000));
    let all = |times: usize| std::iter::repeat_n((), times);
    let cause = report.causes[0].clone();
    report.causes = all(50).map(|()| cause.clone()).collect();
    for cause in &mut report.causes {
        cause.supporting = cause.supporting.iter().cycle().take(300).cloned().collect();
        cause.contradicting = cause.supporting.clone();
    }
    report.timeline = report.timeline.iter().cycle().take(3_000).cloned().collect();
    report.panels = report.panels.iter().cycle().take(300).cloned().collect();
    for panel in &mut report.panels {
        panel.points = panel.points.iter().cycle().take(20_000).copied().collect();
    }
    report.messages = report.messages.iter().cycle().take(1_000).cloned().collect();
    for message in &mut report.messages {
        message.counts = vec![7; 30_000];
    }
    report.changes = report.changes.iter().cycle().take(1_000).cloned().collect();
    report.inputs = report.inputs.iter().cycle().take(2_000).cloned().collect();
    report.map.components = report.map.components.iter().cycle().take(3_000).cloned().collect();
    let size = page(&report).len();
    assert!(size < 3_000_000, "{size}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn any_text_in_any_place_leaves_the_page_as_it_is(word in any::<String>()) {
        let page = page(&sample::filled_with(&word));
        let known = elements(&super::page(&sample::filled_with("<*>\u{1}")));
        for (name, attributes) in elements(&page) {
            prop_assert!(known.iter().any(|(other, _)| *other == name), "{}", name);
            // Every other part stands between quotes.
            for attribute in attributes.split('"').step_by(2) {
                prop_assert!(!attribute.trim_start().starts_with("on"), "{}", attributes);
            }
        }
        prop_assert_eq!(names(&page).iter().filter(|name| ["script", "style"].contains(&name.as_str())).count(), 2);
        prop_assert!(!page.chars().any(|character| character != '\n' && words::is_hidden(character)));
    }

    #[test]
    fn any_time_and_any_number_can_be_drawn(time: i64, other: i64, value: f64, least: f64, counts in prop::collection::vec(any::<u32>(), 0..9)) {
        let mut report = sample::full();
        report.asked.at = Some(time);
        report.onset = report.onset.map(|onset| crate::report::Onset { at: time, earliest: other, latest: other, ..onset });
        report.span = Some(crate::report::Span { from: time, to: other });
        for moment in &mut report.timeline {
            (moment.at, moment.earliest, moment.certainty) = (other, time, value);
        }
        for panel in &mut report.panels {
            (panel.points, panel.normal, panel.onset) = (vec![(time, Some(value)), (other, None), (time, Some(least))], Some((least, value)), Some(other));
        }
        for message in &mut report.messages {
            (message.from, message.step, message.before, message.counts) = (time, other, value, counts.clone());
        }
        for cause in &mut report.causes {
            (cause.likelihood, cause.shares[0].weight, cause.shares[0].strength) = (value, least, value);
        }
        let page = page(&report);
        prop_assert!(!elements(&page).iter().any(|(_, attributes)| attributes.contains("\"NaN") || attributes.contains("\"inf")));
        crate::report::text(&report, crate::report::Style { colour: false, width: 80 });
    }
}

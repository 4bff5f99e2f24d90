//! Labels: replaced, listed in order, kept over reopening or lost as a whole.

use event_store::{Engine, Label, LabelError, Position, StreamId};

use crate::place::Place;
use crate::sample::{fill, stream};

fn labels(texts: &[&str]) -> Vec<Label> {
    texts.iter().map(|text| Label::new(text).unwrap()).collect()
}

fn list(store: &impl Engine, prefix: &str) -> Vec<(String, StreamId)> {
    let found = store.list_labels(prefix, None, 100).unwrap();
    found.into_iter().map(|(label, stream)| (label.to_string(), stream)).collect()
}

async fn labels_follow_their_streams(place: impl Place) {
    let store = place.open();
    fill(&store, 0..3).await;
    let end = store.next_position();
    let due = |day: &str, id: &str| (format!("due/{day}"), stream(id));
    store.set_labels(&stream("a"), labels(&["due/02", "inbox/x"]), Position(1)).unwrap();
    let two = [(stream("b"), labels(&["due/01"])), (stream("c"), labels(&["due/02"]))];
    store.set_labels_of(two.into(), Position(2)).unwrap();
    assert_eq!(store.labels_upto().unwrap(), Position(2));
    assert_eq!(list(&store, "due/"), [due("01", "b"), due("02", "a"), due("02", "c")]);
    assert_eq!(list(&store, "due/02"), [due("02", "a"), due("02", "c")]);
    assert_eq!(list(&store, "").len(), 4);
    assert_eq!(list(&store, "due/03"), []);

    store.set_labels(&stream("a"), labels(&["due/03"]), end).unwrap();
    assert_eq!(list(&store, "due/"), [due("01", "b"), due("02", "c"), due("03", "a")]);
    assert_eq!(list(&store, "inbox/"), []);
    assert_eq!(store.labels_of(&stream("a")).unwrap(), labels(&["due/03"]));
    store.set_labels(&stream("b"), Vec::new(), Position(0)).unwrap();
    assert_eq!(store.labels_upto().unwrap(), end, "never goes back");

    let mut after = None;
    let mut paged = Vec::new();
    while let [pair] = &store.list_labels("due/", after.as_ref(), 1).unwrap()[..] {
        paged.push(pair.clone());
        after = Some(pair.clone());
    }
    assert_eq!(paged, store.list_labels("due/", None, 100).unwrap());

    let upto = Position(end.0 + 1);
    assert_eq!(store.advance_labels(upto), Err(LabelError::BeyondEnd { upto, end }));
    let many: Vec<_> = (0..33).map(|n| Label::new(&format!("l{n}")).unwrap()).collect();
    let result = store.set_labels(&stream("a"), many, end);
    assert_eq!(result, Err(LabelError::TooMany { count: 33 }));
    let many: Vec<_> = (0..33).map(|n| Label::new(&format!("l{n}")).unwrap()).collect();
    let two = [(stream("a"), labels(&["due/04"])), (stream("b"), many)];
    assert_eq!(store.set_labels_of(two.into(), end), Err(LabelError::TooMany { count: 33 }));
    assert_eq!(store.labels_of(&stream("a")).unwrap(), labels(&["due/03"]), "none was set");

    store.close();
    assert_eq!(store.labels_upto(), Err(LabelError::Closed));
    let store = place.open();
    // Labels are not durable: kept, or all gone and to be set from the beginning.
    if place.keeps_labels() {
        assert_eq!(list(&store, "due/"), [due("02", "c"), due("03", "a")]);
        assert_eq!(store.labels_upto().unwrap(), end);
    } else {
        assert_eq!(list(&store, ""), []);
        assert_eq!(store.labels_upto().unwrap(), Position(0));
    }
    store.clear_labels().unwrap();
    assert_eq!(list(&store, ""), []);
    assert_eq!(store.labels_of(&stream("a")).unwrap(), []);
    assert_eq!(store.labels_upto().unwrap(), Position(0));
}

/// So many that they are set in several steps.
async fn labels_of_many_streams_are_set_together(place: impl Place) {
    let store = place.open();
    fill(&store, 0..3).await;
    let end = store.next_position();
    let name = |n: usize| stream(&format!("many {n:03}"));
    let all = |text: &str| (0..300).map(|n| (name(n), labels(&[text]))).collect();
    store.set_labels_of(all("due/01"), Position(1)).unwrap();
    store.set_labels_of(all("due/02"), end).unwrap();
    let listed = store.list_labels("due/", None, 1_000).unwrap();
    let expected: Vec<_> = (0..300).map(|n| (Label::new("due/02").unwrap(), name(n))).collect();
    assert_eq!(listed, expected);
    assert_eq!(store.labels_upto().unwrap(), end);
}

crate::place::on_each_engine!(labels_follow_their_streams, labels_of_many_streams_are_set_together);

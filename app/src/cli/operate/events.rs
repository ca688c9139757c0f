//! `mainstay events`: how far the handlers of events have come, what they could not handle, and another try for it.

use anyhow::bail;
use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;
use mainstay_kernel::World;
use serde_json::Value;
use url::form_urlencoded::Serializer;

use super::{
    Asking,
    words::{path, seconds, text, when},
};

/// Flags of `events`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, disable_help_subcommand = true)]
pub struct EventsArgs {
    #[command(subcommand)]
    verb: Option<EventsVerb>,
    #[command(flatten)]
    asking: Asking,
}

#[derive(Debug, Subcommand)]
enum EventsVerb {
    /// List the handlers and how far they have come; the same as the noun alone
    Handlers(Asking),
    /// List the events that a handler could not handle, dead letters first
    Parked(ParkedArgs),
    /// Try a parked event again, or everything that a handler has put aside
    Replay(ReplayArgs),
    /// Give a parked event up for good; its handler will never see it
    Discard(DiscardArgs),
}

#[derive(Debug, Args)]
struct ParkedArgs {
    /// Only those of this handler
    #[arg(long, value_name = "HANDLER")]
    handler: Option<String>,
    /// Only those in this state
    #[arg(long, value_enum)]
    state: Option<State>,
    /// How many
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
    #[command(flatten)]
    asking: Asking,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum State {
    Dead,
    Waiting,
}

#[derive(Debug, Args)]
struct ReplayArgs {
    /// Which handler
    #[arg(value_name = "HANDLER")]
    handler: String,
    /// Which event, by its position
    #[arg(value_name = "POSITION", required_unless_present = "all")]
    position: Option<i64>,
    /// Everything that the handler has put aside
    #[arg(long, conflicts_with = "position")]
    all: bool,
    #[command(flatten)]
    asking: Asking,
}

#[derive(Debug, Args)]
struct DiscardArgs {
    /// Which handler
    #[arg(value_name = "HANDLER")]
    handler: String,
    /// Which event, by its position
    #[arg(value_name = "POSITION")]
    position: i64,
    /// It is meant; this cannot be undone
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    asking: Asking,
}

/// Lists handlers or parked events, or gives the latter another try or none.
pub async fn run(args: EventsArgs) -> anyhow::Result<u8> {
    match args.verb {
        None => handlers(&args.asking).await,
        Some(EventsVerb::Handlers(asking)) => handlers(&asking).await,
        Some(EventsVerb::Parked(args)) => parked(&args).await,
        Some(EventsVerb::Replay(args)) => replay(&args).await,
        Some(EventsVerb::Discard(args)) => discard(&args).await,
    }
}

async fn handlers(asking: &Asking) -> anyhow::Result<u8> {
    let page = asking.server.get(&path(&["events", "handlers"])?).await?;
    let handlers = page["items"].as_array().cloned().unwrap_or_default();
    asking.output.print_list(
        &handlers,
        [
            "HANDLER", "POSITION", "BEHIND", "LAG", "HANDLED", "WAITING", "DEAD", "KNOWN",
        ],
        handler_row,
        "No handlers. No part of this Mainstay listens to events.",
    )
}

fn handler_row(handler: &Value) -> [String; 8] {
    [
        text(handler, "handler"),
        text(handler, "position"),
        text(handler, "behind"),
        seconds(&handler["lag_s"]),
        text(handler, "handled"),
        text(handler, "waiting"),
        text(handler, "dead"),
        if handler["known"] == true {
            "yes"
        } else {
            "no: another version's"
        }
        .to_owned(),
    ]
}

async fn parked(args: &ParkedArgs) -> anyhow::Result<u8> {
    let mut query = Serializer::new(String::new());
    query.append_pair("limit", &args.limit.to_string());
    if let Some(handler) = &args.handler {
        query.append_pair("handler", handler);
    }
    if let Some(state) = args.state.and_then(|state| state.to_possible_value()) {
        query.append_pair("state", state.get_name());
    }
    let path = format!("{}?{}", path(&["events", "parked"])?, query.finish());
    let page = args.asking.server.get(&path).await?;
    let events = page["items"].as_array().cloned().unwrap_or_default();
    let now = World::system().now();
    args.asking.output.print_list(
        &events,
        [
            "HANDLER", "POSITION", "TOPIC", "KEY", "STATE", "ATTEMPTS", "NEXT", "HAPPENED", "ERROR",
        ],
        |event| parked_row(event, now),
        "Nothing is parked. Every handler has handled what it came to.",
    )
}

fn parked_row(event: &Value, now: Timestamp) -> [String; 9] {
    let behind = event["state"] == "waiting" && event["attempts"] == 0 && event["last_error"].is_null();
    [
        text(event, "handler"),
        text(event, "position"),
        text(event, "topic"),
        text(event, "key"),
        text(event, "state"),
        text(event, "attempts"),
        when(event, "next_attempt_at", now),
        when(event, "created_at", now),
        if behind {
            "waits behind another of its key".to_owned()
        } else {
            text(event, "last_error")
        },
    ]
}

async fn replay(args: &ReplayArgs) -> anyhow::Result<u8> {
    let handler = &args.handler;
    if let Some(position) = args.position {
        let path = path(&["events", "parked", handler, &position.to_string(), "replay"])?;
        let sentence = |_: &Value| format!("{handler} tries event {position} again.");
        return args.asking.act(&path, sentence).await;
    }
    let path = path(&["events", "handlers", handler, "replay"])?;
    let sentence = |answer: &Value| match answer["replayed"].as_u64() {
        Some(1) => format!("{handler} tries 1 event again."),
        replayed => format!("{handler} tries {} events again.", replayed.unwrap_or_default()),
    };
    args.asking.act(&path, sentence).await
}

async fn discard(args: &DiscardArgs) -> anyhow::Result<u8> {
    let (handler, position) = (&args.handler, args.position);
    if !args.yes {
        bail!(
            "{handler} will never see event {position}, and that cannot be undone. Look at it with `mainstay events parked \
             --handler {handler}`, and say --yes when it is meant"
        );
    }
    let path = path(&["events", "parked", handler, &position.to_string(), "discard"])?;
    let sentence = |event: &Value| {
        let (topic, key) = (text(event, "topic"), text(event, "key"));
        format!("Discarded event {position} ({topic} of {key}). {handler} will never see it.")
    };
    args.asking.act(&path, sentence).await
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_event_that_was_never_tried_says_what_it_waits_for() {
        let now = "2026-03-01T12:00:00Z".parse().unwrap();
        let mut event = json!({
            "handler": "log", "position": 7, "topic": "harbour.moored", "key": "leaky", "state": "waiting", "attempts": 0,
            "next_attempt_at": null, "created_at": "2026-03-01T11:59:00Z", "last_error": null,
        });
        assert_eq!(parked_row(&event, now)[8], "waits behind another of its key");
        event["last_error"] = "it leaks".into();
        event["state"] = "dead".into();
        assert_eq!(parked_row(&event, now)[8], "it leaks");
    }
}

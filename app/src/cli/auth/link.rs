//! How a one-time link is told, and the first one at the first start.
//!
//! **Invariant:** a link goes to whoever asked for it and to nobody else; it never passes through the log, which is kept and sent on.

use std::io::Write;

use mainstay_auth::{Auth, IssuedLink, LINK_LIFETIME};

/// What to do with a link that opens `url`.
pub(super) fn told(url: &str, username: &str, until: &str) -> String {
    format!("Set the password of `{username}`, once, {until}:\n  mainstay login --link '{url}'")
}

/// What to do with a link that was made just now.
pub(super) fn told_now(link: &IssuedLink, base: &str) -> String {
    let until = format!("within {} minutes", LINK_LIFETIME.as_mins());
    told(&link.url(base), link.username.as_str(), &until)
}

/// Makes the administrator of an installation that has no account, and prints the link for it, this once.
///
/// # Errors
/// When the database fails.
pub async fn first_link(auth: &Auth, base: &str) -> anyhow::Result<()> {
    let Some(link) = auth.first_administrator().await? else {
        return Ok(());
    };
    tracing::info!(
        username = link.username.as_str(),
        "made the first administrator; the link to set their password is on standard output"
    );
    let said = format!(
        "\nThere was no account yet, so Mainstay made an administrator. {}\nThis is shown once. When it is lost, stop Mainstay and run \
         `mainstay admin reset-link`, with the same --config and --data.\n\n",
        told_now(&link, base)
    );
    let mut out = anstream::stdout();
    if out.write_all(said.as_bytes()).and_then(|()| out.flush()).is_err() {
        tracing::warn!(
            "nobody reads standard output, so the link is lost; make another with `mainstay admin reset-link`"
        );
    }
    Ok(())
}

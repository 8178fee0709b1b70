//! Outbound HTTP to addresses that users give, guarded against being sent to places that the users could not reach
//! themselves (server-side request forgery), and against servers that send too much, too slowly, or for ever.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use rockpool_fetch::{FetchRequest, FetchSettings, Fetcher};
//!
//! let settings = FetchSettings::new("rockpool/0.1 (+https://pool.example/about)")?;
//! let fetcher = Fetcher::new(settings)?;
//! let answer = fetcher.get("https://example.org/".parse()?, &FetchRequest::default()).await?;
//! let page = answer.body.collect().await?;
//! # Ok(())
//! # }
//! ```
//!
//! What is guarded, for the first URL and again for each redirect:
//!
//! - The URL: `http` or `https`, no credentials, a host, a port that browsers do not block ([`BROWSERS_BLOCKED_PORTS`]).
//! - The host: an address in any spelling is judged as it is; a name is resolved once, **every** address that it has is
//!   judged, and one bad address refuses the whole name. The connection goes to an address that was judged; nothing
//!   resolves the name again, so that it cannot mean something else a moment later.
//! - The connection: TLS by rustls with the system's roots; no proxy, whatever the environment says; HTTP/1.1, one request a
//!   connection, no cookies and no referrer.
//! - The answer: its head, its body as sent and its body as decoded have limits in bytes; connecting, the head, silence
//!   and the whole have limits in time.
//!
//! A fetch lives in the future and in the body that it returns: dropping either closes the connection. No task runs beside
//! them but the resolver's, each for as long as its question.
//!
//! This crate knows nothing of what is fetched or why, keeps no cache of answers and repeats nothing. How many fetches
//! run at once, and how often one site is asked, is for its callers to bound.
//!
//! - `error`, `settings`, `request`: what goes in and what goes wrong
//! - `address`, `ports`, `guard`: what may be connected to; pure
//! - `names`, `connect`: resolving, and connecting to what was judged
//! - `exchange`, `coding`, `body`: one request and its answer, within the limits
//! - `fetcher`: the way through all of these, and through redirects

mod address;
mod body;
mod coding;
mod connect;
mod error;
mod exchange;
mod fetcher;
#[cfg(fuzzing)]
pub mod fuzzing;
mod guard;
mod names;
mod ports;
mod request;
mod settings;

pub use address::SpecialRange;
pub use body::{Fetched, FetchedBody};
pub use error::{FetchError, Limit, Phase, UrlFault};
pub use fetcher::Fetcher;
pub use ports::BROWSERS_BLOCKED_PORTS;
pub use request::{FetchRequest, Hop, Redirects};
pub use settings::{FetchSettings, NameServers, SettingsError};

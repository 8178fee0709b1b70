//! The link shield: one fetch of a page in place of a thousand.
//!
//! When a post with a link federates, every server fetches the page within seconds to draw a preview. A link that goes
//! through the shield (`https://links.example/example.com/page`) sends people on to the page, and gives all servers one
//! shared, slimmed copy of it: the site sees one request.
//!
//! It knows nothing of the pool, and of HTTP servers no more than requests and responses as values: listeners are the
//! program's. It opens no connections but through `rockpool-fetch`, and touches files in `shelf` alone.
//!
//! - `settings`: how it behaves; `hosts`, `software`, `target`: who asks whom for what
//! - `slim`: pages, made small as a stream; `media`: what everything else is passed on as
//! - `freshness`, `copies`: how long an answer is kept, and what is kept of it
//! - `shelf`: copies on disk, which nodes may share; `memory`: copies in front of it
//! - `flight`, `origins`: one fetch for all who ask, and manners towards sites
//! - `fetching`: one fetch; `shield`: the way through all of these
//! - `answer`, `front`, `face`: answers, the page for people, and from a request to an answer
//! - `counts`, `upkeep`: what is counted, and what runs beside the requests
//! - `desk`: what an operator asks of the directory, beside whatever nodes run

mod answer;
mod copies;
mod counts;
mod desk;
mod face;
mod fetching;
mod flight;
mod freshness;
mod front;
#[cfg(fuzzing)]
pub mod fuzzing;
mod hosts;
mod media;
mod memory;
mod origins;
mod settings;
mod shelf;
mod shield;
mod slim;
mod software;
mod target;
mod upkeep;

pub use answer::LinkBody;
pub use desk::{LinkDesk, LinkStatus};
pub use face::LinkFace;
pub use hosts::{Hosts, Meaning};
pub use settings::{KeepSettings, LinkSettings, Manners};
pub use software::{DEFAULT_ONLY_200, DEFAULT_SOFTWARE, SoftwareList};

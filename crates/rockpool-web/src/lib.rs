//! What the public reads: the redirector by name, the blob server by hash, and health for the operator. Knows the
//! pool and HTTP; knows no SQL, no file, no S3. Listeners and connections are the program's: here a request comes
//! in as a value and an answer goes out as one.
//!
//! - `settings`: how the two faces behave
//! - `asked`: what a request asks for: its host, bucket, key or blob
//! - `surrogate`: the keys by which a CDN is told to forget
//! - `media`: the content type that a browser is told, and what it must not run
//! - `content`: conditional requests and ranges, decided
//! - `answer`: answers before they are responses; `problem`: answers that say what went wrong
//! - `delivery`: answers with bytes
//! - `face`: what both faces do around an answer: request ids, limits, CORS, logs
//! - `health`: `/healthz` and `/readyz`
//! - `blob_server`, `redirector`: the two faces

mod answer;
mod asked;
mod blob_server;
mod content;
mod delivery;
mod face;
#[cfg(fuzzing)]
pub mod fuzzing;
mod health;
mod media;
mod problem;
mod redirector;
mod settings;
mod surrogate;

pub use answer::WebBody;
pub use blob_server::BlobServer;
pub use health::Health;
pub use redirector::Redirector;
pub use settings::{BlobPathForm, PublicUrl, WebSettings};
pub use surrogate::{blob_key, bucket_key, object_key};

//! The S3 face: S3's API over hyper. Knows HTTP, S3's XML, codes and signatures; knows neither SQL nor files, and
//! leaves every decision about objects to the pool.
//!
//! - `face`, `settings`: what a listener calls, from the request to the answer whatever happens between
//! - `error`, `faults`: S3's codes in one table, and everybody else's errors in its words
//! - `query`, `route`: from method, host, path and query to an operation; `dispatch`: from that to its function
//! - `auth`, `body`, `request_body`: who signed, and the body off its framing
//! - `call`, `reply`, `request_id`, `xml`, `headers`, `cors`, `keep_alive`: what the operations share
//! - `buckets`, `bucket_settings`, `listing`, `acl`, `tagging`: operations on buckets, lists and who may read
//! - `get`, `object_headers`, `overrides`, `object_attributes`: reading objects
//! - `put`, `copy`, `delete`, `form`, `post_policy`: writing them
//! - `uploads`, `parts`, `complete`: multipart uploads

mod acl;
mod auth;
mod body;
mod bucket_settings;
mod buckets;
mod call;
mod complete;
mod copy;
mod cors;
mod delete;
mod dispatch;
mod error;
mod face;
mod faults;
mod form;
#[cfg(fuzzing)]
pub mod fuzzing;
mod get;
mod headers;
mod keep_alive;
mod listing;
mod object_attributes;
mod object_headers;
mod overrides;
mod parts;
mod post_policy;
mod put;
mod query;
mod reply;
mod request_body;
mod request_id;
mod route;
mod settings;
mod slots;
mod tagging;
mod uploads;
mod xml;

pub use face::S3Face;
pub use reply::ResponseBody;
pub use settings::S3Settings;

//! Tests of the types, by what they are about.
mod blobs;
mod checksums;
mod conditions;
mod enums;
mod etags;
mod names;
mod ranges;
mod short_keys;
mod sizes;
mod times;

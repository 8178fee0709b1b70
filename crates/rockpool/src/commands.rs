//! The commands, a file for each noun of the command line.

pub(crate) mod adopt;
pub(crate) mod backup;
pub(crate) mod bucket;
pub(crate) mod catalog;
pub(crate) mod check;
pub(crate) mod config;
pub(crate) mod gc;
pub(crate) mod init;
pub(crate) mod landing;
pub(crate) mod links;
pub(crate) mod member;
pub(crate) mod member_key;
pub(crate) mod member_limits;
pub(crate) mod object;
pub(crate) mod replica;
pub(crate) mod restore;
pub(crate) mod scrub;
pub(crate) mod serve;
pub(crate) mod shell;

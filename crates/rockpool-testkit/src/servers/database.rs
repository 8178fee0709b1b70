//! A test's own database.

/// Every database user's password. The servers listen on loopback and live as long as a test.
pub(super) const PASSWORD: &str = "barnacle";

/// A database that no other test knows, empty at first, and the user who may do everything in it and nothing elsewhere. It
/// stays until its server's end.
#[derive(Clone, Debug)]
pub struct Database {
    /// Its name.
    pub name: String,
    /// Where it is, by TCP: `mysql://USER:PASSWORD@127.0.0.1:PORT/NAME`, or `postgres://...`.
    pub url: String,
    /// Where it is, by the server's Unix socket: `mysql://...?socket=PATH`, or `postgres://...?host=DIRECTORY`.
    pub socket_url: String,
}

//! What can go wrong with a fetch, in words that its asker may read, and in words for the operator.
use std::net::IpAddr;

use crate::SpecialRange;

/// A fetch that did not succeed.
///
/// `Display` is safe to show to whoever named the URL: it tells nothing about this network that they could not find out
/// themselves. [`FetchError::detail`] is for the operator's log.
///
/// The answers of servers are no errors, whatever their status.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// The URL, or one that a redirect led to, is none that is fetched.
    #[error("this URL cannot be fetched: {0}")]
    IllegalUrl(UrlFault),
    /// The host is, or one of its addresses is, in a range that is not fetched from.
    #[error("this host has no public address")]
    IllegalAddress {
        /// As the URL has it.
        host: String,
        /// The address that was refused.
        address: IpAddr,
        /// Why it was.
        range: SpecialRange,
    },
    /// Browsers do not connect to this port, and neither is it fetched from.
    #[error("port {0} is not used for websites")]
    BlockedPort(u16),
    /// The name does not exist, or has no address.
    #[error("there is no such host")]
    NoSuchHost {
        /// As the URL has it.
        host: String,
    },
    /// The name could not be resolved this time.
    #[error("the host's name cannot be resolved at the moment")]
    Dns {
        /// As the URL has it.
        host: String,
        /// What the resolver said.
        detail: String,
    },
    /// None of the host's addresses took a connection.
    #[error("the site cannot be reached")]
    Connect {
        /// What the last address that was tried had to say.
        detail: String,
    },
    /// There is no secure connection: above all, the certificate is not valid for the host.
    #[error("the site's certificate is not valid, or it speaks no TLS that is secure")]
    Tls {
        /// What was wrong.
        detail: String,
    },
    /// The time for a part of the fetch, or for the whole, ran out.
    #[error("the site took too long to {0}")]
    Timeout(Phase),
    /// The answer is larger than allowed.
    #[error("the site's answer is too large: {limit} has more than {max_bytes} bytes")]
    TooLarge {
        /// What was too large.
        limit: Limit,
        /// The most bytes that it might have had.
        max_bytes: u64,
    },
    /// More redirects followed each other than are followed.
    #[error("the site redirects too often")]
    TooManyRedirects,
    /// A redirect leads from `https` to `http`, and [`crate::FetchSettings::allow_downgrade`] is off.
    #[error("the site redirects from https to http")]
    Downgrade,
    /// The answer breaks HTTP or its content coding.
    #[error("the site's answer cannot be understood")]
    Protocol {
        /// What was wrong.
        detail: String,
    },
    /// The connection ended before the answer did.
    #[error("the connection to the site broke off")]
    Interrupted {
        /// How it ended.
        detail: String,
    },
}

impl FetchError {
    /// The whole story, for the operator's log. It may name addresses inside this network, and text that the server
    /// or its name server chose; it is one line.
    pub fn detail(&self) -> String {
        let detail = match self {
            Self::IllegalAddress {
                host,
                address,
                range,
            } => format!("{self}: {host} is at {address}, {range}"),
            Self::NoSuchHost { host } => format!("{self}: {host}"),
            Self::Dns { host, detail } => format!("{self}: {host}: {detail}"),
            Self::Connect { detail }
            | Self::Tls { detail }
            | Self::Protocol { detail }
            | Self::Interrupted { detail } => format!("{self}: {detail}"),
            Self::IllegalUrl(_)
            | Self::BlockedPort(_)
            | Self::Timeout(_)
            | Self::TooLarge { .. }
            | Self::TooManyRedirects
            | Self::Downgrade => self.to_string(),
        };
        detail.replace(|c: char| c.is_control(), " ")
    }

    /// Whether the same fetch may well succeed in a minute.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Dns { .. }
            | Self::Connect { .. }
            | Self::Timeout(_)
            | Self::Interrupted { .. } => true,
            Self::IllegalUrl(_)
            | Self::IllegalAddress { .. }
            | Self::BlockedPort(_)
            | Self::NoSuchHost { .. }
            | Self::Tls { .. }
            | Self::TooLarge { .. }
            | Self::TooManyRedirects
            | Self::Downgrade
            | Self::Protocol { .. } => false,
        }
    }

    /// Whether nothing was sent because the URL is one that is not fetched from: the fault is the asker's, or that of
    /// whoever set up the redirect or the name, and not the network's.
    pub fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::IllegalUrl(_)
                | Self::IllegalAddress { .. }
                | Self::BlockedPort(_)
                | Self::Downgrade
        )
    }
}

/// What is wrong with a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UrlFault {
    /// It cannot be parsed. (Only from a redirect; callers parse theirs.)
    #[error("it is not a URL")]
    Syntax,
    /// Its scheme is not one that is fetched.
    #[error("its scheme is not one of the web")]
    Scheme,
    /// It carries a user name or a password.
    #[error("it contains credentials")]
    Credentials,
    /// It has no host, or one that cannot be a name in DNS.
    #[error("it names no host")]
    Host,
    /// It is longer than 8192 bytes.
    #[error("it is too long")]
    Length,
}

/// Which part of a fetch took too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Phase {
    /// Resolving the name.
    #[error("have its name resolved")]
    Resolve,
    /// Connecting, and TLS.
    #[error("take a connection")]
    Connect,
    /// From the request to the end of the answer's head.
    #[error("begin its answer")]
    Head,
    /// Between two pieces of the body.
    #[error("go on with its answer")]
    Idle,
    /// Everything, redirects and body included.
    #[error("answer")]
    Total,
}

/// Which part of an answer was too large.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Limit {
    /// Status line and headers.
    #[error("the head")]
    Head,
    /// The body as it was sent.
    #[error("the body as sent")]
    Sent,
    /// The body without its content coding.
    #[error("the body unpacked")]
    Decoded,
}

//! What the pool's errors are on the command line: every one with what to do next.
use anyhow::anyhow;
use rockpool_pool::PoolError;

/// Says what went wrong with `what` (`member alice`, `bucket pictures`), in words for the operator.
pub(crate) fn explain(error: PoolError, what: &str) -> anyhow::Error {
    let advice = match &error {
        PoolError::NoSuchMember => "`rockpool member list` shows all members",
        PoolError::NoSuchBucket => "`rockpool bucket list` shows all buckets",
        PoolError::NoSuchKey => "`rockpool object ls BUCKET/PREFIX` shows what there is",
        PoolError::NoSuchAccessKey => "`rockpool member key list NAME` shows the member's keys",
        PoolError::NoSuchUpload => "it was completed or aborted meanwhile",
        PoolError::NameTaken | PoolError::BucketYours => {
            "names of members and buckets are unique in the pool: choose another"
        }
        PoolError::AccessKeyTaken => {
            "ids are unique in the pool, revoked ones too: bring another, or leave it out to have one made"
        }
        PoolError::HostTaken(_) => "`rockpool bucket list` shows whose it is",
        PoolError::BucketNotEmpty => {
            "remove its objects and uploads first; `rockpool member remove NAME --with-objects` removes a member with everything"
        }
        PoolError::TooManyBuckets => "raise it with `rockpool member set NAME --max-buckets N`",
        PoolError::LimitReached => {
            "raise it with `rockpool member set NAME --max-bytes SIZE --max-objects N`"
        }
        PoolError::MemberSuspended => "`rockpool member resume NAME` lets it in again",
        PoolError::ReadOnly => "set `read_only = false` in the configuration file first",
        PoolError::Full(_) => "free some room and try again; `rockpool gc` may help",
        PoolError::Unavailable(_) => "try again in a moment",
        PoolError::AccessDenied
        | PoolError::ConditionFailed
        | PoolError::TooLarge { .. }
        | PoolError::LengthMismatch { .. }
        | PoolError::DigestMismatch(_)
        | PoolError::Body(_)
        | PoolError::InvalidPart { .. }
        | PoolError::InvalidPartOrder
        | PoolError::InvalidPartCount
        | PoolError::Internal(_) => "",
    };
    if advice.is_empty() {
        anyhow!("{what}: {error}")
    } else {
        anyhow!("{what}: {error}; {advice}")
    }
}

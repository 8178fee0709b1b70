//! Waiting for an upload that is under way.

//! All digests of a body in one pass.

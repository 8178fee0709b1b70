//! What the public reads: redirector and blob server; health for the operator.

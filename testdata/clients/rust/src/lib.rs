//! Nothing here: see tests/client.rs.

//! reintegration

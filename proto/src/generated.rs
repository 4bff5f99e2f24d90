//! The tree of generated modules; one for each package.
pub mod record {
    pub mod v1 {
        include!("generated/readmit.record.v1.rs");
    }
}

//! The tree of generated modules; one for each package.
pub mod command {
    pub mod v1 {
        include!("generated/readmit.command.v1.rs");
    }
}
pub mod exchange {
    pub mod v1 {
        include!("generated/readmit.exchange.v1.rs");
    }
}
pub mod identity {
    pub mod v1 {
        include!("generated/readmit.identity.v1.rs");
    }
}
pub mod ledger {
    pub mod v1 {
        include!("generated/readmit.ledger.v1.rs");
    }
}
pub mod node {
    pub mod v1 {
        include!("generated/readmit.node.v1.rs");
    }
}
pub mod oversight {
    pub mod v1 {
        include!("generated/readmit.oversight.v1.rs");
    }
}
pub mod record {
    pub mod v1 {
        include!("generated/readmit.record.v1.rs");
    }
}
pub mod reintegration {
    pub mod v1 {
        include!("generated/readmit.reintegration.v1.rs");
    }
}
pub mod requests {
    pub mod v1 {
        include!("generated/readmit.requests.v1.rs");
    }
}
pub mod store {
    pub mod v1 {
        include!("generated/readmit.store.v1.rs");
    }
}

//! Tests of the courier on the development broker; the same contract runs on Apache Kafka in
//! `integration-tests`.

mod contract;
mod development;

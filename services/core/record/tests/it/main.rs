//! What crosses modules of the record: two fictional States write, exchange and verify their logs.

mod arrival;
mod attachment;
mod canonical;
mod chain;
mod clock;
mod evidence;
mod fault_vectors;
mod faults;
mod genesis;
mod histories;
mod keys;
mod seal;
mod vectors;
mod world;

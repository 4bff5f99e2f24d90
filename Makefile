# The few commands that a person needs. `make` alone says which.

CARGO ?= cargo
KAFKA_LIBS := infra/kafka/libs
# embedded (nothing to install) or kafka (Apache Kafka; needs Java and Maven)
BROKER ?= embedded
# make simulate: how many histories, from which seed on
SEEDS ?= 10000
FROM ?= 0
# make simulate: minutes after which no further history is begun; nothing for no end
# make soak: for so many minutes; nothing for 30
MINUTES ?=
# 1 leaves both nodes of the demo running until Ctrl-C
KEEP ?= 0
# What `make bench` measures: nothing for all, or some of record, case, import, courier, store,
# agreements; with the word `large` also what takes very long (a store of 10^7 entries)
SECTIONS ?=
# make power-cuts: how many
CUTS ?= 1000000
# how many executions each target of `make fuzz` gets
EXECS ?= 10000000

.DEFAULT_GOAL := help
.PHONY: help demo test simulate power-cuts soak bench fuzz lint fmt kafka need-rust need-java need-afl

help: ## Say what can be made
	@echo "Readmit: the open backend that two States run for return and readmission."
	@echo
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | \
		awk 'BEGIN {FS = ":.*## "} {printf "  make %-10s %s\n", $$1, $$2}'
	@echo
	@echo "  make demo KEEP=1        leaves both nodes running, and says what to try"
	@echo "  make bench SECTIONS=record  measures one section alone"
	@echo "  make bench SECTIONS=\"store large\"  measures a store of 10^7 entries too: takes very long"
	@echo "  make demo BROKER=kafka  plays the same over Apache Kafka (needs Java 17 and Maven)"
	@echo "  make fuzz EXECS=100000  a shorter run (needs cargo-afl; see fuzz/README.md)"

demo: need-rust $(if $(filter kafka,$(BROKER)),kafka) ## Play whole cases between two nodes; ends with "N passed, N failed"
	$(CARGO) build --locked -p node -p integration-tests --bin readmit --bin demo
	BROKER=$(BROKER) KEEP=$(KEEP) target/debug/demo

test: need-rust kafka lint ## Check everything: lints, then every test, on files and on Apache Kafka
	$(CARGO) build --locked -p node --bin readmit
	$(CARGO) test --locked --workspace
	$(TESTS_OF_DOMAIN) --features model --test model -- quick

simulate: need-rust ## Play random histories: SEEDS=n [FROM=k] [MINUTES=m], or SEED=k for one
	$(CARGO) build --locked --release -p integration-tests --bin simulate
	target/release/simulate $(or $(SEED),$(FROM) $(SEEDS) $(MINUTES))

bench: need-rust kafka ## Measure the budgets (release build); into target/bench/report.json
	$(CARGO) build --locked --release -p bench --features peers
	target/release/bench $(SECTIONS)

fuzz: need-rust need-afl ## Fuzz every decoder that meets foreign bytes, EXECS executions each
	CARGO=$(CARGO) EXECS=$(EXECS) fuzz/run

power-cuts: need-rust ## Cut the power of the store CUTS=n times [SEED=k]; says what survived
	POWER_CUTS=$(CUTS) $(CARGO) test --locked -p event-store --lib power_cut -- --nocapture

soak: need-rust ## Kill a working store every few seconds, MINUTES=n long [SEED=k]; nothing may be lost
	SOAK_MINUTES=$(or $(MINUTES),30) $(CARGO) test --locked -p event-store --test it \
		soak::nothing -- --nocapture

lint: need-rust ## Check format and lints
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- --deny warnings

fmt: need-rust ## Format the code
	$(CARGO) fmt --all

# quick explores each play to a bounded depth; a name explores the plays of that name
MODEL ?=
# 0/8 breaks every eighth rule; words break the rules whose name holds one of them
MUTANTS ?=
TESTS_OF_DOMAIN := $(CARGO) test --locked --profile model -p domain

model: need-rust ## Explore every state of small models of the rules, for ten minutes at most
	$(TESTS_OF_DOMAIN) --features model --test model -- $(MODEL)

mutants: need-rust ## Break each rule, one at a time, and say which test notices
	$(TESTS_OF_DOMAIN) --features model,mutants --lib --tests --no-run
	$(TESTS_OF_DOMAIN) --features model,mutants --test mutants -- $(MUTANTS)

kafka: need-java $(KAFKA_LIBS)/complete ## Fetch Apache Kafka, for the tests and BROKER=kafka

$(KAFKA_LIBS)/complete: infra/kafka/pom.xml
	mvn -q -B -f infra/kafka/pom.xml dependency:copy-dependencies \
		-DoutputDirectory=$(CURDIR)/$(KAFKA_LIBS)
	cp infra/kafka/pom.xml $@

need-rust:
	@command -v $(CARGO) >/dev/null || \
		{ echo "needed: Rust 1.95 or later (cargo)" >&2; exit 1; }
	@command -v cc >/dev/null || command -v gcc >/dev/null || \
		{ echo "needed: a C compiler (Debian: apt-get install gcc g++)" >&2; exit 1; }

need-afl:
	@$(CARGO) afl --version >/dev/null 2>&1 || \
		{ echo "needed: AFL++ for Rust ($(CARGO) install cargo-afl)" >&2; exit 1; }

need-java:
	@command -v java >/dev/null || \
		{ echo "needed: Java 17 (Debian: apt-get install openjdk-17-jre-headless)" >&2; exit 1; }
	@command -v mvn >/dev/null || \
		{ echo "needed: Maven (Debian: apt-get install maven)" >&2; exit 1; }

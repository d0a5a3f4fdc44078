# The project's commands. `make demo` and `make test` are all that a newcomer needs.

CARGO ?= cargo
PYTHON := .venv/bin/python

.PHONY: demo test bench bench-smoke deep lint docs deny clean

demo: ## Tell the story of KB 920185 on a real store, and check it
	$(CARGO) run --locked --package exstore-cli --bin exstore -- demo

test: tests/requirements.txt ## Everything that a change has to pass
	tests/setup
	$(CARGO) build --locked --workspace --all-targets
	$(CARGO) test --locked --workspace
	$(PYTHON) tests/foreign/selftest.py

bench: ## Measure, each thing beside its limit
	$(CARGO) build --locked --release --package exstore-simulator --bin load
	$(CARGO) bench --locked --package exstore-tests --bench limits

bench-smoke: ## See that every bench still runs; its figures mean nothing
	$(CARGO) build --locked --release --package exstore-simulator --bin load
	$(CARGO) bench --locked --package exstore-tests --bench limits -- --quick

deep: ## The long runs, by hand; docs/deep.md keeps what came of them
	$(CARGO) test --locked --release --package exstore-tests --test exstore --no-run
	for run in $$(seq 100); do \
	  $(CARGO) test --locked --release --quiet --package exstore-tests --test exstore -- --exact \
	    server::no_blocked_session_survives_connecting_while_the_poll_runs \
	    control::waits_races::a_thousand_waits_on_a_busy_store_are_all_met || exit 1; \
	done
	PROPTEST_CASES=30000 $(CARGO) test --locked --release --package exstore-tests --test exstore -- \
	  infostore::invariants infostore::previews dcerpc::splits emsmdb::garbage emsmdb::lz77 registry_poll:: policy::properties
	PROPTEST_CASES=1000000 $(CARGO) test --locked --release --package exstore-tests --test oracles
	SCHEMATHESIS_EXAMPLES=200 $(CARGO) test --locked --package exstore-tests --test exstore -- foreign::schemathesis

lint:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings

docs:
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --workspace --no-deps

deny: target/tools/bin/cargo-deny
	target/tools/bin/cargo-deny check licenses bans sources

target/tools/bin/cargo-deny:
	$(CARGO) install cargo-deny --version 0.20.2 --locked --root target/tools

clean:
	$(CARGO) clean
	rm -rf .venv

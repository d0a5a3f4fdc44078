# The project's commands. `make demo` and `make test` are all that a newcomer needs.

CARGO ?= cargo
PYTHON := .venv/bin/python
DASHBOARD := crates/control/dashboard

# What the dashboard's bundle is made of; its types come from the golden document of the API.
BUNDLED := $(shell find $(DASHBOARD)/src $(DASHBOARD)/public -type f ! -name schema.d.ts) \
  $(addprefix $(DASHBOARD)/,index.html vite.config.ts tsconfig.json scripts/types.mjs scripts/compress.mjs) \
  tests/control/snapshots/exstore__control__openapi__the_document_is_the_golden_one.snap

.PHONY: demo demo-web test release dashboard bench bench-smoke measure deep lint docs deny clean

demo: ## Tell the story of KB 920185 on a real store, and check it
	$(CARGO) run --locked --package exstore-cli --bin exstore -- demo

demo-web: dashboard ## Tell it in the dashboard, step by step, in a browser
	$(CARGO) run --locked --package exstore-cli --bin exstore -- demo --open

test: tests/requirements.txt ## Everything that a change has to pass
	tests/setup
	$(MAKE) dashboard
	npm --prefix $(DASHBOARD) test --silent
	$(CARGO) build --locked --workspace --all-targets
	$(CARGO) test --locked --workspace
	$(PYTHON) tests/foreign/selftest.py

release: dashboard ## Build target/release/exstore with the dashboard in it
	$(CARGO) build --locked --release --package exstore-cli

dashboard: $(DASHBOARD)/dist/.built ## Build the dashboard, which the next build of exstore takes in

$(DASHBOARD)/dist/.built: $(DASHBOARD)/node_modules/.installed $(BUNDLED)
	npm --prefix $(DASHBOARD) run --silent build
	touch $@

# `npm ci` begins by deleting the folder: a stamp in it is there when all of it is.
$(DASHBOARD)/node_modules/.installed: $(DASHBOARD)/package.json $(DASHBOARD)/package-lock.json
	tests/setup npm
	cd $(DASHBOARD) && npm ci --no-fund --no-audit --loglevel=error
	touch $@

bench: QUICK :=
bench-smoke: QUICK := --quick
bench: measure ## Measure, each thing beside its limit
bench-smoke: measure ## See that every bench still runs; its figures mean nothing

measure: dashboard
	tests/setup
	$(CARGO) build --locked --release --package exstore-simulator --bin load --package exstore-cli --bin exstore
	$(CARGO) bench --locked --package exstore-tests --bench limits -- $(QUICK)
	$(PYTHON) tests/foreign/dashboard/measure.py target/release/exstore $(DASHBOARD)/dist $(QUICK)

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
	rm -rf .venv $(DASHBOARD)/node_modules
	find $(DASHBOARD)/dist -mindepth 1 ! -name .gitignore -delete

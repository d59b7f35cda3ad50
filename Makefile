# The project's commands. `make` lists them. Anything longer than a line or two lives in a script.

target := $(CURDIR)/target
python := $(target)/python/bin/python
release := $(target)/release

.DEFAULT_GOAL := help

.PHONY: help
help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: rehearsal
rehearsal: build ## Practise the whole cutover here: no account, no server; leaves rehearsal-report/
	$(release)/cutover --config migrations-fixtures/cutover.toml rehearse \
	  --canaries migrations-fixtures/canaries.json --out rehearsal-report

.PHONY: demo
demo: build ## Serve the example app on a local pool: old users sign in with Cognito, in your browser
	tests/environment/python.sh $(target) app-django52
	tests/environment/browser.sh $(target) --without-browser
	tests/app/demo.sh $(target)

.PHONY: build
build: ## Build the two programs into target/release
	cargo build --locked --release -p cutover -p user-migration-trigger

.PHONY: lambda
lambda: ## Build the function's package, target/function/function.zip; ARCH=arm64, CONFIG=cutover.toml
	infra/package.sh "$(ARCH)" "$(CONFIG)"

.PHONY: test
test: python emulators browser ## Install what the tests need, and run them all
	tests/environment/databases.sh tests/environment/run.sh

.PHONY: python
python: ## Make the Python environments (real Django, boto3) that tests and fixtures use
	tests/environment/python.sh $(target)

.PHONY: emulators
emulators: ## Install the emulators and clients of others that the tests compare with
	tests/environment/emulators.sh $(target)

.PHONY: browser
browser: emulators ## Install Chromium and what the example app's front end is built with
	tests/environment/browser.sh $(target)

.PHONY: infra-check
infra-check: emulators ## Check the templates, deploy the package into an emulated account
	infra/check/run.sh

.PHONY: lint
lint: ## Formatting, clippy, documentation; style and types of the Python package
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps --quiet
	tests/environment/python.sh $(target) app-lint
	$(target)/app-lint/bin/ruff check --config django/pyproject.toml django tests/app
	$(target)/app-lint/bin/ruff format --config django/pyproject.toml --check django tests/app
	cd django && $(target)/app-lint/bin/mypy

.PHONY: bench
bench: python emulators ## Compare with the peers, side by side; prints ratios
	crates/django-password/bench/run.sh
	tests/environment/databases.sh crates/user-migration-trigger/bench/run.sh
	crates/bulk-import/bench/run.sh

.PHONY: fixtures
fixtures: python ## Make migrations-fixtures/ again with real Django
	$(python) migrations-fixtures/check.py --write

.PHONY: clean
clean: ## Remove everything that was built or made here
	cargo clean
	rm -rf rehearsal-report runs

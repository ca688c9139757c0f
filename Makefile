# `make demo`, `make build` and `make test` set up what they need; the rest are shortcuts.
.DEFAULT_GOAL := help
.PHONY: help demo build test coverage bench image

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## Watch Mainstay keep ten services standing; DEMO_ARGS="--fault execution:slow-disk" for another failure
	@scripts/demo.sh $(DEMO_ARGS)

build: ## Build target/release/mainstay, its dashboard inside
	@scripts/build.sh

test: ## Run every test; STAGES="format tidy" runs some of them
	@scripts/test.sh $(STAGES)

coverage: ## Measure line coverage and hold it against coverage.ratchet
	@scripts/coverage.sh

bench: ## Show how to run the benchmarks
	@sed -n '/^## How to run/,/^## /p' bench/README.md | sed '$$d'

image: ## Build the container image mainstay:0.1.0
	docker build --file deploy/Dockerfile --tag mainstay:0.1.0 .

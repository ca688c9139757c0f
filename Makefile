# `make demo` and `make test` set up what they need; the rest are shortcuts.
.DEFAULT_GOAL := help
.PHONY: help demo test coverage bench image

help: ## Say what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## Build Mainstay and watch it keep ten services standing
	@scripts/demo.sh $(DEMO_ARGS)

test: ## Run every test; STAGES="format tidy" runs some of them
	@scripts/test.sh $(STAGES)

coverage: ## Measure line coverage and hold it against coverage.ratchet
	@scripts/coverage.sh

bench: ## Say how to run the benchmarks
	@sed -n '/^## How to run/,/^## /p' bench/README.md | sed '$$d'

image: ## Build the container image
	docker build --file deploy/Dockerfile --tag mainstay:0.1.0 .

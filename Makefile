.DEFAULT_GOAL := help
.SUFFIXES:
MAKEFLAGS += --no-print-directory
NODE := bin/with-node

# REPO=, PATH_IN_REPO=, N= and SEEDS= given on the command line reach the programs as environment variables.

.PHONY: help
help: ## list these targets
	@sed -n 's/^\([a-z0-9]*\):[^#]*## /  make \1	/p' $(firstword $(MAKEFILE_LIST)) | expand -t 18

.PHONY: demo
demo: setup ## play the whole story on a throwaway cluster; REPO=url PATH_IN_REPO=dir plays it on your own repository
	@$(NODE) src/main/demo.ts

.PHONY: test
test: services ## everything: check, e2e and faults
	@$(NODE) tools/test.ts check e2e faults

.PHONY: check
check: services ## types, lint, format, boundaries, sizes, dead code, generated files, unit tests
	@$(NODE) tools/test.ts check

.PHONY: e2e
e2e: services ## end-to-end tests against a real Kubernetes API server
	@$(NODE) tools/test.ts e2e

.PHONY: faults
faults: services ## break things while it runs; SEEDS=20 tries twenty ways instead of one
	@$(NODE) tools/test.ts faults

.PHONY: bench
bench: setup ## measure time, requests and memory for N=200 apps
	@$(NODE) bench/main.ts

.PHONY: fix
fix: setup ## format, repair what lint can repair and write the generated files again
	@$(NODE) tools/generate-crds.ts
	@$(NODE) tools/generate-install.ts
	@$(NODE) tools/generate-compatibility.ts
	@$(NODE) node_modules/.bin/oxlint --fix --quiet --silent || true
	@$(NODE) node_modules/.bin/prettier --write --log-level warn .
	@"$$(go env GOROOT)/bin/gofmt" -w cluster upstream services

.PHONY: setup
setup: ## install npm packages and build the Go programs, where missing or stale (the others do this first)
	@tools/setup.sh

.PHONY: services
services: setup
	@$(NODE) tools/build-go.ts upstream-all services

.PHONY: clean
clean: ## remove what was built in this checkout, npm packages included
	@rm -rf node_modules .build bench/results.json
	@echo "The Go programs are kept for all checkouts in $${XDG_CACHE_HOME:-$${HOME:-~}/.cache}/holdfast; remove that folder to build them again."

# Eider's targets. `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
COMMIT  := $(shell git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)
# The commit's own date, so that building twice gives the same bytes.
DATE    := $(shell git log -1 --format=%cI 2>/dev/null || echo unknown)
LDFLAGS := -s -w -X main.version=$(VERSION) -X main.commit=$(COMMIT) -X main.date=$(DATE)
TOOLS   := -modfile=testdata/tools/go.mod
FUZZTIME ?= 10s

export GOFLAGS := $(GOFLAGS) -buildvcs=false

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' Makefile | sort | awk -F':.*## ' '{printf "  %-12s %s\n", $$1, $$2}'

.PHONY: setup
setup: ## install what is missing: compiler, PostgreSQL 15 with psql, Go modules (apt, as root or by sudo), native libraries
	@.ci/setup

.PHONY: build
build: ## write bin/eider
	@mkdir -p bin
	go build -trimpath -ldflags '$(LDFLAGS)' -o bin/eider ./cmd/eider

.PHONY: demo
demo: build ## real flights from raw files to predictions, then every surface, checked: about a minute
	bin/eider demo

.PHONY: libs
libs: build ## the native libraries that models are trained with, pinned and checked, once into the user's cache
	@bin/eider lib install xgboost lightgbm

.PHONY: test
test: libs ## all tests that need no other server (under 10 minutes on 2 cores)
	go test -short -timeout 10m ./...

.PHONY: test-all
test-all: libs embed ## what make test leaves out: PostgreSQL 15, real clients, an embedding program, crashes, long tests
	go test -timeout 15m $$(.ci/long-packages)
	go test ./testdata/bench
	@$(MAKE) --no-print-directory clients

.PHONY: embed
embed: ## a module of its own that embeds Eider as a stranger would
	cd testdata/embed && go test -mod=mod ./...

.PHONY: race
race: libs ## the tests of packages with goroutines under the race detector
	go test -race -short -timeout 25m $$(.ci/goroutine-packages)

.PHONY: clients
clients: build ## real clients (psql, drivers, tools) end to end against bin/eider
	@.ci/setup clients
	testdata/clients/run.py

.PHONY: clients-slow
clients-slow: build ## the slower ones: tokio-postgres, psqlodbc, ADBC, pandas, polars
	@.ci/setup clients
	testdata/clients/run.py slow

.PHONY: dbt-adapter
dbt-adapter: build ## dbt's own test suite for adapters against bin/eider (some minutes)
	@.ci/setup clients
	testdata/clients/run.py dbt-adapter

.PHONY: bench
bench: build ## benchmarks against PostgreSQL 15 and the stock driver, as ratios
	testdata/bench/run

.PHONY: bench-features
bench-features: build ## features against pandas, polars, numpy and hand-written SQL, as ratios
	testdata/bench/features/run

.PHONY: bench-flights
bench-flights: libs ## the flights pipeline against the same in pandas, numpy and XGBoost: time, memory, AUC
	testdata/bench/flights/run

.PHONY: bench-models
bench-models: libs ## training and prediction against Python (XGBoost, scikit-learn), as ratios
	testdata/bench/models/run

.PHONY: bench-project
bench-project: build ## reading a SQL project of 500 models against dbt-core, as a ratio
	testdata/bench/project/run

.PHONY: fuzz
fuzz: ## every fuzz target for FUZZTIME (default 10s)
	@set -e; go list ./... | while read -r pkg; do \
	  dir=$$(go list -f '{{.Dir}}' $$pkg); \
	  for f in $$(grep -hoE '^func Fuzz[A-Za-z0-9_]+' $$dir/*_test.go 2>/dev/null | sed 's/^func //'); do \
	    echo "== $$pkg $$f"; go test -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZTIME) $$pkg; \
	  done; \
	done

.PHONY: lint
lint: ## gofmt, go vet, the import rule, staticcheck, govulncheck (where its database can be reached)
	@.ci/lint

.PHONY: generate
generate: build ## write the generated documentation anew
	go generate ./...
	bin/eider reference docs

SHELL       := bash
.SHELLFLAGS := -euo pipefail -c

# Tools are pinned here and built once into a directory named by their version.
GOLANGCI_VERSION  := v2.15.0
GOFUMPT_VERSION   := v0.12.0
BENCHSTAT_VERSION := v0.0.0-20260908200009-22c9c6c9d4da
GOLANGCI          := bin/tools/golangci-lint-$(GOLANGCI_VERSION)/golangci-lint
GOFUMPT           := bin/tools/gofumpt-$(GOFUMPT_VERSION)/gofumpt
BENCHSTAT         := bin/tools/benchstat-$(BENCHSTAT_VERSION)/benchstat

VERSION  := $(shell git describe --always --dirty 2>/dev/null || echo unknown)
FUZZTIME ?= 20s
TESTFLAGS ?=
BENCHFLAGS ?=

.PHONY: help build test race fuzz netns bench bench-record bench-compare lint fmt cover docs demo lab check tools clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## build the static binary bin/taygo
	CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags '-s -w -X main.version=$(VERSION)' -o bin/taygo ./cmd/taygo

test: ## run all tests; those that need a network namespace skip where none can be had
	go test $(TESTFLAGS) ./...

# The race detector looks at the packages in which goroutines start; in those of the
# demo and the lab, they only run programs. Of the tests of whole processes, which
# have the detector in them as well, and of the route mapper, most of which wait for
# the kernel, a few have all goroutines at work. Tests that generate thousands of
# packets generate fewer: make test runs them in full.
RACE = CGO_ENABLED=1 GORACE='halt_on_error=1 atexit_sleep_ms=0' go test -race -short $(TESTFLAGS)
BUSY := MapContinuous|MapMove|MapRestart|NetnsReload|Segments|UnderTraffic|DeviceLost|NetnsWorkers|NAT64Short|NAT64Log|NAT64Follow|RoutesReload|RoutesKilled|Sessions$$|Follow$$

race: ## run the tests under the race detector (needs a C compiler)
	$(RACE) $$(.ci/racy | grep -v -x -e ./internal/demo -e ./internal/lab -e ./internal/routemap -e ./cmd/taygo)
	$(RACE) -run '$(BUSY)' ./internal/routemap ./cmd/taygo

fuzz: ## run every fuzz target for FUZZTIME (20s), then the property tests a million times
	.ci/fuzz $(FUZZTIME)
	TAYGO_LONG=1 go test -count=1 -timeout 60m $(TESTFLAGS) ./...

netns: ## run the network namespace tests alone, and fail where they cannot run
	TAYGO_REQUIRE_NETNS=1 go test -count=1 -run '^TestNetns' $(TESTFLAGS) ./...

bench: build ## measure taygo and others side by side (as root; BENCHFLAGS=-short takes a minute, -help says more)
	go build -buildvcs=false -o bin/taybench ./bench/taybench
	bin/taybench $(BENCHFLAGS)

bench-record: ## the same on a machine that does nothing else, and the micro-benchmarks, into bench/results
	$(MAKE) bench BENCHFLAGS='-record bench/results $(BENCHFLAGS)'
	bench/micro >bench/results/$$(date -u +%Y-%m-%dT%H%M)-$(VERSION).micro.txt
	bench/scale >bench/results/$$(date -u +%Y-%m-%dT%H%M)-$(VERSION).scale.txt

RECORDED = $(lastword $(sort $(wildcard bench/results/*.micro.txt)))

bench-compare: $(BENCHSTAT) ## compare the micro-benchmarks with the last that are recorded
	@[ -n '$(RECORDED)' ] || { echo 'no micro-benchmarks are recorded in bench/results: make bench-record does that' >&2; exit 1; }
	bench/micro >bin/micro.txt
	$(BENCHSTAT) -ignore commit,kernel $(RECORDED) bin/micro.txt

lint: $(GOLANGCI) ## run the linters
	$(GOLANGCI) run

fmt: $(GOFUMPT) ## format the sources
	$(GOFUMPT) -l -w .

cover: ## measure test coverage into bin/cover.out and print the total
	@mkdir -p bin
	go test -coverpkg=./... -coverprofile=bin/cover.out $(TESTFLAGS) ./...
	go tool cover -func=bin/cover.out | tail -n 1

docs: ## write the generated documents anew
	go generate ./...

demo: build ## run the demo: an IPv6-only host fetches a page from an IPv4-only server
	bin/taygo demo

lab: build ## run the lab: two borders with BIRD, and mapped routes that send a host to either (as root)
	bin/taygo lab

check: vet lint ## run what has to pass before a commit: format, vet, lint, generated documents, tests
	.ci/generated
	go test ./...

tools: ## install the Debian packages that namespace tests use (as root)
	.ci/tools

clean: ## remove all build output, tools included
	rm -rf bin

# vet is the quick part of check.
.PHONY: vet
vet: $(GOFUMPT)
	@diff=$$($(GOFUMPT) -d . || true); if [ -n "$$diff" ]; then echo "$$diff"; echo "make fmt mends this" >&2; exit 1; fi
	go vet ./...

$(GOLANGCI):
	GOBIN=$(abspath $(@D)) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)

$(GOFUMPT):
	GOBIN=$(abspath $(@D)) go install mvdan.cc/gofumpt@$(GOFUMPT_VERSION)

$(BENCHSTAT):
	GOBIN=$(abspath $(@D)) go install golang.org/x/perf/cmd/benchstat@$(BENCHSTAT_VERSION)

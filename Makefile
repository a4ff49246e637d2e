# `make` or `make help` lists the targets.
SHELL := /bin/bash
.DEFAULT_GOAL := help

GO ?= go
BIN := bin/liverelay
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
LDFLAGS := -s -w -X main.version=$(VERSION)
TOOL := $(GO) tool -modfile=tools/go.mod
# What `make run` hands on: make run ARGS="--demo"
ARGS ?=
# What `make test` hands on to go test: make test TESTFLAGS=-race
TESTFLAGS ?=
FUZZTIME ?= 10s
# Of Debian, as scripts/need.sh takes it: servers and publishers that tests run for real.
NGINX := nginx /usr/lib/nginx/modules/ngx_rtmp_module.so=libnginx-mod-rtmp
OBS := obs=obs-studio xvfb-run=xvfb xauth dbus-run-session=dbus

.PHONY: run
run: build ## Build and start the daemon (installs ffmpeg when missing); ARGS="--demo" for a test picture
	@scripts/need.sh --optional ffmpeg
	$(BIN) run $(ARGS)

.PHONY: build
build: ## Build bin/liverelay, static, with its version
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o $(BIN) ./cmd/liverelay

.PHONY: test
test: deps test-go test-player ## Vet, all Go tests, the player's tests, the checked-in bundle; TESTFLAGS=-race for the race detector

.PHONY: test-go
test-go:
	$(GO) vet ./...
	$(GO) test $(TESTFLAGS) ./...

.PHONY: test-player
test-player: node_modules/.package-lock.json
	npm test --workspace player
	scripts/bundle.sh

.PHONY: lint
lint: node_modules/.package-lock.json ## golangci-lint and gofumpt for Go; Biome and tsc for the player and e2e
	$(TOOL) golangci-lint run ./...
	npx biome ci --colors=off .
	npm run check --workspaces --if-present

.PHONY: fmt
fmt: node_modules/.package-lock.json ## Format Go, TypeScript and JavaScript
	$(TOOL) gofumpt -w $$($(GO) list -f '{{.Dir}}' ./...)
	npx biome check --write .

.PHONY: bundle
bundle: node_modules/.package-lock.json ## Build the player's bundle, player/dist, which is checked in
	npm run build --workspace player

.PHONY: e2e
e2e: build deps node_modules/.package-lock.json ## Browser and process tests, in a network namespace of their own
	npm test --workspace e2e

.PHONY: obs
obs: build deps node_modules/.package-lock.json ## Push with the real OBS, headless; a screenshot in e2e/out
	e2e/isolated.sh node e2e/obs.js

.PHONY: bench
bench: build deps node_modules/.package-lock.json ## Measure latency, offload, load and NATs; figures in bench/out
	bench/all.sh

.PHONY: bench-swarm
bench-swarm: build deps node_modules/.package-lock.json bench/node_modules/.package-lock.json ## Measure the swarm (55 min); figures and plots in docs
	missed=0; bench/all.sh swarm || missed=1; \
		node bench/plots.js && node bench/tables.js && exit $$missed

.PHONY: fuzz
fuzz: ## Run each fuzz target for FUZZTIME (default 10s)
	scripts/fuzz.sh $(FUZZTIME)

.PHONY: vuln
vuln: ## Known vulnerabilities of the dependencies, when the database can be reached
	$(TOOL) govulncheck ./...

.PHONY: deps
deps: ## Install what the tests need and Debian has: ffmpeg, browsers, nginx, OBS, nftables, iproute2
	@scripts/need.sh ffmpeg chromium firefox-esr nft=nftables ip=iproute2 $(NGINX) $(OBS)

.PHONY: clean
clean: ## Remove what was built
	rm -rf bin bench/out coverage node_modules player/node_modules e2e/node_modules bench/node_modules

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | \
		awk -F ':.*## ' '{ printf "  %-10s %s\n", $$1, $$2 }'

# Not npm ci: it refuses the lock file where a registry lacks Biome's packages for
# other systems. npm install keeps to the lock file as well.
node_modules/.package-lock.json: package.json package-lock.json player/package.json e2e/package.json
	npm install --no-audit --no-fund
	@touch $@

# Its one install script builds a WebRTC for node, which the tracker does without.
bench/node_modules/.package-lock.json: bench/package.json bench/package-lock.json
	npm ci --no-audit --no-fund --ignore-scripts --prefix bench
	@touch $@

# Parley: build, test, check. `make help` lists the targets. What they need is Go 1.26, Node 20 and make; the rest they
# install for themselves, below this folder (npm) or, for the tests, with apt-get as root (scripts/system-deps.sh).
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
# The version is stamped below; Go's own stamp would refuse a checkout that belongs to another user, as in many CI jobs.
export GOFLAGS := $(GOFLAGS) -buildvcs=false
NPM_CI  := npm ci --no-audit --no-fund --loglevel=error
pages   := internal/web/dist/index.html

.PHONY: help run build test bench check fmt notice clean deps-web deps-test
help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 10

run: build ## build, then serve on http://localhost:8080 in demo mode (ARGS="--listen ADDR" adds flags)
	@exec bin/parley serve --demo $(ARGS)

build: $(pages) ## build the pages and bin/parley
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o bin/parley ./cmd/parley

test: ## install what is needed and run every test
	@node scripts/with-postgres.mjs scripts/test.sh

bench: build ## run the benchmarks and print the table of docs/benchmarks.md (ARGS="…" goes to them)
	go run ./bench $(ARGS)

check: deps-web ## format, vet, lint, dependency rule, lock files, notices
	@fault=$$(git ls-files -z --cached --others --exclude-standard '*.go' | xargs -0 gofmt -l); \
		test -z "$$fault" || { echo "run make fmt: $$fault"; exit 1; }
	go vet ./...
	go tool staticcheck ./...
	go test ./internal/archtest
	node scripts/check-locks.mjs
	node scripts/notice.mjs --check
	cd web && npm run --silent check

fmt: deps-web ## format the sources
	git ls-files -z --cached --others --exclude-standard '*.go' | xargs -0 gofmt -w
	cd web && npm run --silent format

notice: ## write NOTICE from what is used
	node scripts/notice.mjs

clean: ## remove what was built and installed (not ./data)
	rm -rf bin web/node_modules web/vendor/node_modules test/*/node_modules examples/*/node_modules examples/*/dist scripts/postgres/node_modules
	find internal/web/dist -mindepth 1 ! -name .keep -delete

# Pages are built again when a source, a dependency or a setting of theirs is newer.
web_sources := $(shell find web -type f -not -path '*/node_modules/*' 2>/dev/null)
$(pages): $(web_sources) | deps-web
	cd web && npm run --silent build
	@touch $@

# npm writes .package-lock.json when it is done, which makes it the stamp of an installation.
deps-web: web/node_modules/.package-lock.json web/vendor/node_modules/.package-lock.json
deps-test: $(patsubst %/package-lock.json,%/node_modules/.package-lock.json,$(wildcard test/*/package-lock.json examples/*/package-lock.json))
%/node_modules/.package-lock.json: %/package-lock.json
	cd $* && $(NPM_CI)
	@touch $@

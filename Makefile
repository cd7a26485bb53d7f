.DEFAULT_GOAL := help

help: ## print this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build bin/callvault, as go run does
	go build -o bin/callvault ./cmd/callvault

demo: build ## serve sample calls
	@bin/callvault serve --demo

test: ## run all tests, with the race detector where there is a C compiler
	./tools/test.sh

golden: ## rewrite the golden files; review them with git diff
	go test ./internal/api -update

fuzz: ## fuzz every target for FUZZTIME (default 30s)
	./tools/fuzz.sh $(or $(FUZZTIME),30s)

faults: ## run the long tests of failures, which print the figures of docs/reliability.md
	go test ./internal/program -full -v -count=1 -timeout=120m

check: ## run gofmt, go vet, go mod tidy, staticcheck and govulncheck
	./tools/check.sh

check-deploy: ## check the Dockerfile and deploy/, and build for the other systems
	./tools/check-deploy.sh

packaging: check-deploy ## build the files of a release in dist twice, and compare them
	./tools/packaging.sh

bench: ## measure pages, imports and exports, as docs/performance.md says
	go run ./internal/bench

bench-large: ## measure a store of 10,000,000 calls
	go run ./internal/bench -calls 10000000

screenshots: ## take pictures of the web page into screenshots/; needs chromium
	CALLVAULT_SCREENSHOTS=$(CURDIR)/screenshots go test ./internal/browser -count=1 -run TestPage

.PHONY: help build demo test golden fuzz faults check check-deploy packaging bench bench-large screenshots

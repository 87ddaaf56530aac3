# Build and test kubectl orthweb. `make demo` needs Go alone; `make test` builds
# a whole cluster from source the first time (about ten minutes on two cores).

# Plain builds are without cgo, in the product and in the lab alike, so that the
# packages they share are compiled once.
GO = CGO_ENABLED=0 go

.PHONY: build lab demo test unit live lint examples faults clean

build: ## bin/kubectl-orthweb
	$(GO) build -o bin/kubectl-orthweb ./cmd/kubectl-orthweb

lab: ## bin/orthweb-lab
	cd lab && $(GO) build -o ../bin/orthweb-lab ./cmd/orthweb-lab

demo: build ## show a recorded Korthweb, one tenant of which is failing
	@.ci/demo

test: lint unit live ## everything

lint:
	.ci/lint

unit: ## what needs no cluster, with the race detector
	go test -race ./...
	cd lab && go test -race ./...

live: build lab ## the command line against a real cluster
	bin/orthweb-lab build
	go test -race -count=1 -tags lab -timeout 30m ./e2e

examples: build lab ## record examples/*.tgz anew
	.ci/record-examples

faults: build lab ## record pkg/diagnose/testdata anew, in about 45 minutes
	.ci/record-faults

clean:
	rm -rf bin dist

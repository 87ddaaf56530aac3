# Build and test kubectl orthweb. `make demo` needs Go alone; `make test` installs the
# other programs that it needs, and builds a whole cluster from source the first time.

# Programs are built as they are released, without cgo and without paths, so that the
# product, the lab, the tools and the tests compile the packages that they share once.
GO = CGO_ENABLED=0 go
export GOFLAGS := $(shell go env GOFLAGS) -trimpath

.PHONY: build lab demo test lint unit unit-without-race fuzz peers sudo live krew-test bench docs docs-check \
	reliability screen licenses schemas flux-manifests release-snapshot examples faults clean

build: ## bin/kubectl-orthweb
	$(GO) build -o bin/kubectl-orthweb ./cmd/kubectl-orthweb

lab: ## bin/orthweb-lab
	cd lab && $(GO) build -o ../bin/orthweb-lab ./cmd/orthweb-lab

demo: build ## show a recorded cluster in which one of the tenants fails
	@.ci/demo

test: ## run all of the following; as root on Debian, first install the programs that they need
	@.ci/test

lint: ## check the sources, the scripts and the release configuration
	.ci/lint

unit: ## tests without a cluster, with the race detector
	.ci/unit

unit-without-race: ## the same where there is no C compiler
	.ci/unit no-race

fuzz: ## run each fuzz target for a short time
	.ci/fuzz $(COUNT)

peers: ## DICOM and TLS with Orthanc, HAProxy, DCMTK and OpenSSL
	.ci/peers

sudo: ## change a hosts file through sudo
	go test -race -count=1 -tags peers ./e2e/sudo

live: build lab ## the command line on a real cluster
	.ci/live

krew-test: lab ## install the plugin with krew, run it, and uninstall it
	.ci/release-snapshot $$(go env GOOS)_$$(go env GOARCH) darwin_arm64
	.ci/krew-test

bench: ## measure storing files, compared with DCMTK's storescu
	bench/run

docs: ## generate docs/commands from the help texts
	go test ./pkg/plugin -run '^TestCommandPages$$' -update

docs-check: ## compare docs/commands with the help texts, as `make unit` does
	go test -count=1 ./pkg/plugin -run '^TestCommandPages$$'

reliability: ## generate docs/reliability.md from the results of the tests
	ORTHWEB_UPDATE_RELIABILITY=1 go test -count=1 $$(grep -rl --include='*_test.go' 'reliability\.Report(' . | xargs -n1 dirname | sort -u)

screen: ## generate docs/screen.svg and docs/ui.svg from the output of the program
	go run ./internal/screen >docs/screen.svg
	go run ./internal/screen ui >docs/ui.svg

licenses: ## generate THIRD_PARTY_LICENSES from the linked packages
	go run ./internal/licenses >THIRD_PARTY_LICENSES.next
	mv THIRD_PARTY_LICENSES.next THIRD_PARTY_LICENSES

flux-manifests: ## write pkg/flux/release/manifests from the modules of Flux's releases
	go run ./internal/fluxmanifests

schemas: ## generate pkg/schema/*.gz from the Go modules of Kubernetes, cert-manager, Istio and the Gateway API
	go run ./internal/schemas

release-snapshot: ## build in dist/ all parts of a release that need neither network nor keys
	.ci/release-snapshot

examples: build lab ## record examples/*.tgz again
	.ci/record-examples

faults: build lab ## record pkg/diagnose/testdata again, in about 45 minutes
	.ci/record-faults

clean:
	rm -rf bin dist

# Build and test kubectl orthweb. `make demo` needs Go alone; `make test` builds
# a whole cluster from source the first time (about ten minutes on two cores).

# Plain builds are without cgo, in the product and in the lab alike, so that the
# packages they share are compiled once.
GO = CGO_ENABLED=0 go

.PHONY: build lab demo test unit live lint bench fuzz docs docs-check reliability screen licenses \
	release-snapshot krew-test examples faults clean

build: ## bin/kubectl-orthweb
	$(GO) build -o bin/kubectl-orthweb ./cmd/kubectl-orthweb

lab: ## bin/orthweb-lab
	cd lab && $(GO) build -o ../bin/orthweb-lab ./cmd/orthweb-lab

demo: build ## show a recorded Korthweb, one tenant of which is failing
	@.ci/demo

test: lint unit fuzz live krew-test ## everything

lint:
	.ci/lint

unit: ## what needs no cluster, with the race detector
	go test -race -timeout 40m ./...
	cd lab && go test -race ./...

live: build lab ## the command line against a real cluster, DICOM against real peers, sudo
	bin/orthweb-lab build
	go test -race -count=1 -tags peers ./internal/peers ./pkg/dicom ./pkg/probe ./pkg/send ./pkg/validate ./e2e/sudo
	go test -race -count=1 -tags lab -timeout 45m ./e2e

bench: ## store files beside DCMTK's storescu, through the same proxy into the same Orthanc
	bench/run

fuzz: ## every fuzz target for a moment
	.ci/fuzz $(COUNT)

docs: ## docs/commands, from the help texts
	go test ./pkg/plugin -run '^TestCommandPages$$' -update

docs-check: ## are they what the help texts say? `make unit` asks as well
	go test -count=1 ./pkg/plugin -run '^TestCommandPages$$'

reliability: ## docs/reliability.md, from what the tests measure
	ORTHWEB_UPDATE_RELIABILITY=1 go test -count=1 $$(grep -rl --include='*_test.go' 'reliability\.Report(' . | xargs -n1 dirname | sort -u)

screen: ## docs/screen.svg, from what the program prints
	go run ./internal/screen >docs/screen.svg

licenses: ## THIRD_PARTY_LICENSES, of all that is linked
	go run ./internal/licenses >THIRD_PARTY_LICENSES.next
	mv THIRD_PARTY_LICENSES.next THIRD_PARTY_LICENSES

release-snapshot: ## dist/: all that a release has, but what takes network or keys
	"$$(CGO_ENABLED=0 go -C tools/release tool -n goreleaser)" release --snapshot --clean --skip=sbom,sign --parallelism=1

krew-test: lab release-snapshot ## install, use and uninstall it with krew
	.ci/krew-test

examples: build lab ## record examples/*.tgz anew
	.ci/record-examples

faults: build lab ## record pkg/diagnose/testdata anew, in about 45 minutes
	.ci/record-faults

clean:
	rm -rf bin dist

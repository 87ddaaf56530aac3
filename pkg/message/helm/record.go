package helm

import (
	"github.com/digihunch/kubectl-orthweb/pkg/message/match"
)

const recordShape = `sh\.helm\.release\.v1\.[-a-z0-9.]+\.v\d{1,9}`

// helmRecords are the wordings of Helm about problems of its own records.
var helmRecords = []struct {
	words   *match.Pattern
	problem Problem
}{
	// helm.sh/helm/v3 3.19 and v4 4.2.4, pkg/storage/driver/driver.go.
	{match.Wording(`has no deployed releases$`), ProblemNoDeployed},
	// v3: "cannot re-use a name that is still in use", v4: "cannot reuse a name …"
	// (pkg/action/install.go, availableName); v2: `a release named x is in use`.
	{match.Wording(`cannot re-?use a name that is still in use$|\ba release named "?[^\s"]+"? (?:already exists|is in use)\b`), ProblemNameInUse},
	// pkg/storage/driver/driver.go, ErrReleaseExists; secrets.go, Create.
	{match.Wording(`(?:^|: )release: already exists$|failed to create: (?:secrets|configmaps) "(?P<record>` + recordShape + `)" already exists$`), ProblemRecordExists},
	// pkg/storage/driver/secrets.go, Get and Query.
	{match.Wording(`\bfailed to decode (?:data "?(?P<record>` + recordShape + `)|data|release)\b`), ProblemRecordUnreadable},
	// ErrReleaseNotFound; Get of a revision whose record does not exist.
	{match.Wording(`(?:^|: )(?:[Rr]elease: not found|(?:secrets|configmaps) "(?P<record>` + recordShape + `)" not found)$`), ProblemRecordMissing},
}

// record parses a failure that is about the records of the release.
func (h *Failure) record(cause string) bool {
	for _, kind := range helmRecords {
		if found := match.Groups(kind.words, cause); found != nil {
			h.Problem = kind.problem
			if match.IsName(found["record"]) {
				h.Record = found["record"]
			}
			return true
		}
	}
	return false
}

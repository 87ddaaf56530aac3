package trust

import (
	"crypto"
	"crypto/x509"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// Question is whether a client's certificate is good for a tenant at a moment,
// with all that is known to answer it.
type Question struct {
	// Chain is the client's certificate, then those that lead to its authority.
	Chain []*x509.Certificate
	// Key is the public half of the client's key, nil when no key was given: then
	// nothing is said of it.
	Key    crypto.PublicKey
	Tenant string
	// Authorities are the tenant's, Others those of other tenants.
	Authorities, Others []Authority
	Servers             []Server
	// Asked tells, by port, whether a handshake asked for a client's certificate;
	// ports that nobody looked at are not in it.
	Asked map[int64]bool
	// Unknown is why there may be more Authorities or Servers.
	Unknown []snapshot.Failure
	Now     time.Time
}

// Outcome is what came of one check.
type Outcome string

// The outcomes.
const (
	Pass Outcome = "Pass"
	// Fail: the certificate won't do.
	Fail Outcome = "Fail"
	// Warn: it will do, but something is not as it should be.
	Warn Outcome = "Warn"
	// Unknown: what is needed to tell could not be read.
	Unknown Outcome = "Unknown"
)

// Result is one check. Name is what was checked, in a word or two, and never
// changes: "dates", "usage", "web-gw:443".
type Result struct {
	Name    string
	Outcome Outcome
	// Detail is a sentence without a full stop: what was found, and what was
	// expected where that differs.
	Detail string
	// Fix is what to do about it, the zero Fix when there is nothing.
	Fix finding.Fix
}

// Check answers the question: the certificate by itself first, then its authority,
// then every Gateway of the tenant. Without a certificate there is one Result.
func Check(q Question) []Result {
	if len(q.Chain) == 0 {
		return []Result{{Name: "certificate", Outcome: Fail, Detail: "there is no certificate to check"}}
	}
	results := []Result{q.leaf(), q.dates(), q.authority(), q.usage(), q.strength()}
	if q.Key != nil {
		results = append(results, q.key())
	}
	results = append(results, q.signature())
	return append(results, q.gateways()...)
}

// Overall is the answer in a word: Fail if any check failed, else Unknown if any
// could not be made, else Warn or Pass.
func Overall(results []Result) Outcome {
	overall := Pass
	rank := map[Outcome]int{Pass: 0, Warn: 1, Unknown: 2, Fail: 3}
	for _, r := range results {
		if rank[r.Outcome] > rank[overall] {
			overall = r.Outcome
		}
	}
	return overall
}

// reissue is what to do about a certificate that can't be mended.
func (q Question) reissue(what string) finding.Fix {
	return finding.Fix{Text: "Issue a new certificate" + what, Command: "kubectl orthweb cert issue " + escape.ShellWord(q.Tenant)}
}

package trust

import (
	"crypto"
	"crypto/x509"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// Question is whether a client's certificate is valid for a tenant at a time, with
// everything that is needed to answer it.
type Question struct {
	// Chain is the client's certificate, then those of the CAs above it.
	Chain []*x509.Certificate
	// Key is the public part of the client's key, nil if no key was given: it is not
	// checked then.
	Key    crypto.PublicKey
	Tenant string
	// CAs are the tenant's CAs, Others those of other tenants.
	CAs, Others []CA
	Servers     []Server
	// Requested is, by port, whether the server requested a client certificate in a handshake;
	// ports without a handshake are not in it.
	Requested map[int64]bool
	// Unknown is why there may be more CAs or Servers than these.
	Unknown []snapshot.Failure
	Now     time.Time
}

// Outcome is the result of one check.
type Outcome string

// The outcomes.
const (
	Pass Outcome = "Pass"
	// Fail: the certificate is not valid for this purpose.
	Fail Outcome = "Fail"
	// Warn: it is valid, but something is not as it should be.
	Warn Outcome = "Warn"
	// Unknown: the objects that are needed could not be read.
	Unknown Outcome = "Unknown"
)

// Result is the result of one check. Name identifies the check and never changes: "dates",
// "usage", "web-gw:443".
type Result struct {
	Name    string
	Outcome Outcome
	// Detail is a sentence without a full stop: the result, and the expected one if it
	// differs.
	Detail string
	// Fix is how to fix it, the zero Fix if nothing needs to be fixed.
	Fix finding.Fix
}

// Check answers the question: first the certificate itself, then its CA, then every Gateway
// of the tenant. Without a certificate there is one Result.
func Check(q Question) []Result {
	if len(q.Chain) == 0 {
		return []Result{{Name: "certificate", Outcome: Fail, Detail: "there is no certificate to check"}}
	}
	results := []Result{q.leaf(), q.dates(), q.notCA(), q.usage(), q.strength()}
	if q.Key != nil {
		results = append(results, q.key())
	}
	results = append(results, q.signature())
	return append(results, q.gateways()...)
}

// Overall is the overall outcome: Fail if any check failed, else Unknown if any could not
// be performed, else Warn or Pass.
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

// reissue is the fix for a certificate that must be replaced.
func (q Question) reissue(what string) finding.Fix {
	return finding.Fix{Text: "Issue a new certificate" + what, Command: "kubectl orthweb cert issue " + escape.ShellWord(q.Tenant)}
}

package trust

import (
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/digihunch/kubectl-orthweb/pkg/certs"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
)

// day is how moments are shown: to the minute, in UTC.
const day = "2006-01-02 15:04 UTC"

func (q Question) leaf() Result {
	c := q.Chain[0]
	return Result{Name: "certificate", Outcome: Pass,
		Detail: fmt.Sprintf("it is of %s, issued by %s, serial %s", subjectOf(c.RawSubject), subjectOf(c.RawIssuer), serialOf(c.SerialNumber))}
}

// own finds the first fault of some kinds that the certificate itself has.
func (q Question) own(kinds ...certs.FaultKind) (certs.Fault, bool) {
	for _, f := range certs.Judge(q.presented(nil, nil)) {
		if f.OfLeaf() && slices.Contains(kinds, f.Kind) {
			return f, true
		}
	}
	return certs.Fault{}, false
}

func (q Question) dates() Result {
	c, r := q.Chain[0], Result{Name: "dates", Outcome: Pass}
	f, faulty := q.own(certs.Expired, certs.NotYetValid)
	if !faulty {
		r.Detail = fmt.Sprintf("it is valid for another %s, until %s", duration.HumanDuration(c.NotAfter.Sub(q.Now)), moment(c.NotAfter))
		return r
	}
	r.Outcome, r.Detail, r.Fix = Fail, f.Describe("it"), q.reissue("")
	if f.Kind == certs.NotYetValid {
		r.Fix = finding.Fix{Text: "Set the clocks of this computer and of the one that issued it, or wait"}
	}
	return r
}

func moment(t time.Time) string { return t.UTC().Format(day) }

// authority makes sure that it is no authority's: with such a key a modality could
// make certificates for everybody.
func (q Question) authority() Result {
	r := Result{Name: "not a CA", Outcome: Pass, Detail: "it can't sign others"}
	if c := q.Chain[0]; isAuthority(c) || c.KeyUsage&x509.KeyUsageCertSign != 0 {
		r.Outcome, r.Detail = Fail, "it is an authority's, which can sign others; a client's may not"
		r.Fix = finding.Fix{Text: "Put the client's certificate first in the file, and never give an authority's key to a client"}
	}
	return r
}

// usage tells whether it may be used for a TLS client.
func (q Question) usage() Result {
	c, r := q.Chain[0], Result{Name: "usage", Outcome: Pass}
	if f, faulty := q.own(certs.WrongUsage); faulty {
		var has []string
		for _, usage := range usagesOf(c) {
			has = append(has, usage.Name)
		}
		r.Outcome, r.Detail = Fail, f.Describe("it")+"; it is for "+strings.Join(has, ", ")
		r.Fix = q.reissue(" for a TLS client (clientAuth, digitalSignature)")
		return r
	}
	r.Detail = "it may sign in as a client (clientAuth)"
	if len(c.ExtKeyUsage)+len(c.UnknownExtKeyUsage) == 0 {
		r.Detail = "it may sign in as a client: it names no purposes, so any will do"
	}
	return r
}

func (q Question) strength() Result {
	c := q.Chain[0]
	key, r := keyOf(c.PublicKey), Result{Name: "key strength", Outcome: Pass}
	f, faulty := q.own(certs.WeakKey, certs.WeakSignature)
	switch {
	case faulty && f.Kind == certs.WeakKey:
		r.Outcome, r.Detail, r.Fix = Fail, f.Describe("it"), q.reissue(" with a key of at least 2048 bits of RSA, or P-256")
	case key.refused():
		r.Outcome, r.Fix = Fail, q.reissue(" with an RSA key, or one on P-256")
		r.Detail = fmt.Sprintf("Istio's gateways take no key of this kind: %s", key)
	case faulty:
		r.Outcome, r.Detail, r.Fix = Fail, f.Describe("it"), q.reissue(" that is signed with SHA-256")
	default:
		r.Detail = fmt.Sprintf("%s, signed with %s", key, c.SignatureAlgorithm)
	}
	return r
}

func (q Question) key() Result {
	r := Result{Name: "key", Outcome: Pass, Detail: "the key is the certificate's"}
	if f, faulty := q.own(certs.KeyMismatch); faulty {
		r.Outcome, r.Detail = Fail, f.Describe("it")
		r.Fix = finding.Fix{Text: "Use the key that the certificate was requested with, or have a new one issued for this key"}
	}
	return r
}

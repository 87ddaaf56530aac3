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

// day is the format of times: to the minute, in UTC.
const day = "2006-01-02 15:04 UTC"

func (q Question) leaf() Result {
	c := q.Chain[0]
	return Result{Name: "certificate", Outcome: Pass,
		Detail: fmt.Sprintf("subject %s, issuer %s, serial %s", subjectOf(c.RawSubject), subjectOf(c.RawIssuer), serialOf(c.SerialNumber))}
}

// own returns the first fault of some kinds that the certificate itself has.
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
		r.Detail = fmt.Sprintf("it is valid for %s, until %s", duration.HumanDuration(c.NotAfter.Sub(q.Now)), moment(c.NotAfter))
		return r
	}
	r.Outcome, r.Detail, r.Fix = Fail, f.Describe("it"), q.reissue("")
	if f.Kind == certs.NotYetValid {
		r.Fix = finding.Fix{Text: "Check the clocks of this machine and of the one that issued it, or wait"}
	}
	return r
}

func moment(t time.Time) string { return t.UTC().Format(day) }

// notCA checks that it is not a CA certificate: with a CA's key a modality could sign
// certificates for any client.
func (q Question) notCA() Result {
	r := Result{Name: "not a CA", Outcome: Pass, Detail: "it can't sign other certificates"}
	if c := q.Chain[0]; isCA(c) || c.KeyUsage&x509.KeyUsageCertSign != 0 {
		r.Outcome, r.Detail = Fail, "it is a CA certificate, which can sign other certificates; a client's certificate must not"
		r.Fix = finding.Fix{Text: "Put the client's certificate first in the file, and never give a CA's key to a client"}
	}
	return r
}

// usage checks whether it may be used for a TLS client.
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
	r.Detail = "it may be used as a client certificate (clientAuth)"
	if len(c.ExtKeyUsage)+len(c.UnknownExtKeyUsage) == 0 {
		r.Detail = "it may be used as a client certificate: it has no extended key usage, so any is allowed"
	}
	return r
}

func (q Question) strength() Result {
	c := q.Chain[0]
	key, r := keyOf(c.PublicKey), Result{Name: "key strength", Outcome: Pass}
	f, faulty := q.own(certs.WeakKey, certs.WeakSignature)
	switch {
	case faulty && f.Kind == certs.WeakKey:
		r.Outcome, r.Detail, r.Fix = Fail, f.Describe("it"), q.reissue(" with an RSA key of at least 2048 bits, or a P-256 key")
	case key.refused():
		r.Outcome, r.Fix = Fail, q.reissue(" with an RSA or P-256 key")
		r.Detail = fmt.Sprintf("Istio's gateways do not accept keys of this kind: %s", key)
	case faulty:
		r.Outcome, r.Detail, r.Fix = Fail, f.Describe("it"), q.reissue(" that is signed with SHA-256")
	default:
		r.Detail = fmt.Sprintf("%s, signed with %s", key, c.SignatureAlgorithm)
	}
	return r
}

func (q Question) key() Result {
	r := Result{Name: "key", Outcome: Pass, Detail: "the key belongs to the certificate"}
	if f, faulty := q.own(certs.KeyMismatch); faulty {
		r.Outcome, r.Detail = Fail, f.Describe("it")
		r.Fix = finding.Fix{Text: "Use the key that the certificate was requested with, or issue a new certificate for this key"}
	}
	return r
}

package trust

import (
	"crypto"
	"crypto/x509"
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
)

// day is how moments are shown: to the minute, in UTC.
const day = "2006-01-02 15:04 UTC"

func (q Question) leaf() Result {
	c := q.Chain[0]
	return Result{Name: "certificate", Outcome: Pass,
		Detail: fmt.Sprintf("it is of %s, issued by %s, serial %s", subjectOf(c.RawSubject), subjectOf(c.RawIssuer), serialOf(c.SerialNumber))}
}

func (q Question) dates() Result {
	c, r := q.Chain[0], Result{Name: "dates", Outcome: Pass}
	switch {
	case !q.Now.Before(c.NotAfter):
		r.Outcome, r.Fix = Fail, q.reissue("")
		r.Detail = fmt.Sprintf("it ended %s ago, at %s", duration.HumanDuration(q.Now.Sub(c.NotAfter)), moment(c.NotAfter))
	case q.Now.Before(c.NotBefore):
		r.Outcome = Fail
		r.Detail = fmt.Sprintf("it begins in %s, at %s", duration.HumanDuration(c.NotBefore.Sub(q.Now)), moment(c.NotBefore))
		r.Fix = finding.Fix{Text: "Set the clocks of this computer and of the one that issued it, or wait"}
	default:
		r.Detail = fmt.Sprintf("it is valid for another %s, until %s", duration.HumanDuration(c.NotAfter.Sub(q.Now)), moment(c.NotAfter))
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

// usage holds the certificate against what BoringSSL wants of a TLS client's
// (crypto/x509/v3_purp.cc, check_purpose_ssl_client): clientAuth among the
// purposes if there are any, and digitalSignature or keyAgreement if the key's
// use is limited.
func (q Question) usage() Result {
	c, r := q.Chain[0], Result{Name: "usage", Outcome: Pass}
	var has []string
	for _, usage := range usagesOf(c) {
		has = append(has, usage.Name)
	}
	const may = x509.KeyUsageDigitalSignature | x509.KeyUsageKeyAgreement
	switch {
	case !fit(c, x509.ExtKeyUsageClientAuth):
		r.Outcome, r.Fix = Fail, q.reissue(" for a TLS client (clientAuth)")
		r.Detail = fmt.Sprintf("it may not sign in as a client: it is for %s, and clientAuth is not among them", strings.Join(has, ", "))
	case c.KeyUsage != 0 && c.KeyUsage&may == 0:
		r.Outcome, r.Fix = Fail, q.reissue(" with the key usage digitalSignature")
		r.Detail = fmt.Sprintf("its key may not sign a handshake: it is for %s, and digitalSignature is not among them", strings.Join(has, ", "))
	case len(c.ExtKeyUsage)+len(c.UnknownExtKeyUsage) == 0:
		r.Detail = "it may sign in as a client: it names no purposes, so any will do"
	default:
		r.Detail = "it may sign in as a client (clientAuth)"
	}
	return r
}

func (q Question) strength() Result {
	c := q.Chain[0]
	key, r := keyOf(c.PublicKey), Result{Name: "key strength", Outcome: Pass}
	switch {
	case key.weak():
		r.Outcome, r.Fix = Fail, q.reissue(" with a key of at least 2048 bits of RSA, or P-256")
		r.Detail = fmt.Sprintf("its key is too weak: %s; DICOM's security profiles ask for 2048 bits of RSA or more", key)
	case key.refused():
		r.Outcome, r.Fix = Fail, q.reissue(" with an RSA key, or one on P-256")
		r.Detail = fmt.Sprintf("Istio's gateways take no key of this kind: %s", key)
	case weakDigest(c):
		r.Outcome, r.Fix = Fail, q.reissue(" that is signed with SHA-256")
		r.Detail = fmt.Sprintf("it is signed with a broken digest: %s", c.SignatureAlgorithm)
	default:
		r.Detail = fmt.Sprintf("%s, signed with %s", key, c.SignatureAlgorithm)
	}
	return r
}

func (q Question) key() Result {
	r := Result{Name: "key", Outcome: Pass, Detail: "the key is the certificate's"}
	mine, ok := q.Chain[0].PublicKey.(interface{ Equal(crypto.PublicKey) bool })
	if !ok || !mine.Equal(q.Key) {
		r.Outcome, r.Detail = Fail, "the key is another one's: the certificate was issued for a different key"
		r.Fix = finding.Fix{Text: "Use the key that the certificate was requested with, or have a new one issued for this key"}
	}
	return r
}

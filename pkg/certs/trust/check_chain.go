package trust

import (
	"crypto/x509"
	"fmt"
	"slices"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/certs"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
)

// signature judges which CA signed the certificate, directly or through the others in its
// chain.
func (q Question) signature() Result {
	today, others := q.known()
	faults := ofChain(certs.Judge(q.presented(today, others)))
	for _, a := range q.CAs {
		if !a.Earlier && certs.LeadsTo(q.Chain, a.Certificate) {
			return q.signed(a, faults)
		}
	}
	r := Result{Name: "CA", Outcome: Fail, Fix: q.reissue(" from this tenant's CA")}
	_, unread := q.unread()
	last := subjectOf(q.Chain[0].RawIssuer)
	by := knownSigner(faults, others, q)
	switch {
	case by != nil && by.Earlier:
		return q.replaced(r, *by, "was signed with an earlier key of")
	case by != nil:
		r.Detail = fmt.Sprintf("it was signed by the CA of tenant %s (%s), but was checked for tenant %s", by.Tenant, by.From, q.Tenant)
	case len(unread) > 0 || len(today) == 0 && len(q.CAs) > 0:
		r.Outcome, r.Fix = Unknown, finding.Fix{}
		r.Detail = fmt.Sprintf("none of the %d CAs that could be read signed it; its issuer is %s", len(q.CAs), last)
		for _, why := range unread {
			r.Detail += "; " + why.String()
		}
	case len(today) == 0:
		r.Outcome, r.Fix = Unknown, finding.Fix{}
		r.Detail = fmt.Sprintf("tenant %s has no issuer with its own CA to compare with; the certificate's issuer is %s", q.Tenant, last)
	case faults[0].Kind == certs.NamesakeCA:
		at := slices.IndexFunc(q.CAs, func(a CA) bool { return !a.Earlier })
		return q.replaced(r, q.CAs[at], "names the CA, but was not signed with its current key: unless another CA has the same name, it was signed with an earlier key of")
	default:
		r.Detail = describe(faults)
		if faults[0].Kind == certs.IssuerMissing {
			r.Fix.Text += "; or if " + last + " is a CA below it, add that CA's certificate to the file, after the client's"
		}
	}
	return r
}

// known are the tenant's current CAs, and the known CAs that it does not trust: its earlier
// ones, then those of other tenants.
func (q Question) known() (today []*x509.Certificate, others []certs.KnownCA) {
	for _, a := range q.CAs {
		if !a.Earlier {
			today = append(today, a.Certificate)
		} else {
			others = append(others, certs.KnownCA{Owner: "tenant " + a.Tenant, Certificate: a.Certificate})
		}
	}
	for _, a := range q.Others {
		others = append(others, certs.KnownCA{Owner: "tenant " + a.Tenant, Certificate: a.Certificate})
	}
	return today, others
}

// presented is the certificate as it is judged for a server that trusts some CAs.
func (q Question) presented(trusted []*x509.Certificate, others []certs.KnownCA) certs.Presented {
	return certs.Presented{Role: certs.Client, Chain: q.Chain, Key: q.Key, Trusted: trusted, Others: others, Now: q.Now}
}

// knownSigner is the CA that signed the certificate, if it is known and not a current one
// of this tenant.
func knownSigner(faults []certs.Fault, others []certs.KnownCA, q Question) *CA {
	known := q.Others
	for _, a := range slices.Backward(q.CAs) {
		if a.Earlier {
			known = append([]CA{a}, known...)
		}
	}
	for i := range others {
		if len(faults) > 0 && faults[0].By == &others[i] || len(faults) == 0 && certs.LeadsTo(q.Chain, known[i].Certificate) {
			return &known[i]
		}
	}
	return nil
}

// ofChain are the faults that are not the certificate's own, which other checks report.
func ofChain(faults []certs.Fault) []certs.Fault {
	return slices.DeleteFunc(slices.Clone(faults), func(f certs.Fault) bool {
		return f.OfLeaf() && !f.OfSigner() && f.Kind != certs.OtherRule
	})
}

// describe joins the descriptions of the faults.
func describe(faults []certs.Fault) string {
	var text []string
	for _, f := range faults {
		text = append(text, f.Describe("it"))
	}
	return strings.Join(text, "; ")
}

// replaced is the result for a certificate of a CA that has a new key.
func (q Question) replaced(r Result, a CA, how string) Result {
	r.Outcome, r.Fix = Fail, q.reissue(" with the current key")
	r.Fix.Text += ", and for every other client; to keep the key at the next renewal, set spec.privateKey.rotationPolicy: Never on the CA's Certificate (cert-manager 1.18 and later create a new key each time by default)"
	if a.Folder != "" {
		r.Fix.File = a.Folder + "/kustomization.yaml: spec.privateKey.rotationPolicy"
	}
	r.Detail = fmt.Sprintf("it %s tenant %s's CA %s (%s)", how, q.Tenant, subjectOf(a.Certificate.RawSubject), a.From)
	return r
}

// signed is the result for a certificate of the current CA.
func (q Question) signed(a CA, faults []certs.Fault) Result {
	name := fmt.Sprintf("tenant %s's CA %s (%s)", q.Tenant, subjectOf(a.Certificate.RawSubject), a.From)
	r := Result{Name: "CA", Outcome: Pass, Detail: "it was signed with the key of " + name}
	if len(faults) == 0 {
		return r
	}
	r.Outcome, r.Fix = Fail, q.reissue(" from this tenant's CA")
	r.Detail += ", but the chain to it is not valid: " + describe(faults)
	if faults[0].Kind == certs.CAExpired {
		r.Fix = finding.Fix{Text: "Renew the CA first, then reissue every client's certificate"}
	}
	return r
}

package trust

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"slices"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
)

// signature looks for the authority whose key signed the certificate, directly or
// through the others that came with it.
func (q Question) signature() Result {
	r := Result{Name: "authority", Outcome: Pass}
	signs := func(a Authority) bool { return q.leadsTo(a.Certificate) }
	if at := slices.IndexFunc(q.Authorities, func(a Authority) bool { return !a.Earlier && signs(a) }); at >= 0 {
		return q.valid(r, q.Authorities[at])
	}
	if at := slices.IndexFunc(q.Authorities, signs); at >= 0 {
		return q.replaced(r, q.Authorities[at], "was signed by an earlier key of")
	}
	r.Outcome, r.Fix = Fail, q.reissue(" by this tenant's authority")
	if at := slices.IndexFunc(q.Others, signs); at >= 0 {
		r.Detail = fmt.Sprintf("it was signed by the CA of tenant %s (%s), and is asked for at tenant %s", q.Others[at].Tenant, q.Others[at].From, q.Tenant)
		return r
	}
	_, unread := q.unread()
	last := subjectOf(q.top().RawIssuer)
	today := slices.IndexFunc(q.Authorities, func(a Authority) bool { return !a.Earlier })
	switch {
	case len(unread) > 0 || today < 0 && len(q.Authorities) > 0:
		r.Outcome, r.Fix = Unknown, finding.Fix{}
		r.Detail = fmt.Sprintf("none of the %d authorities that could be read signed it; its issuer is %s", len(q.Authorities), last)
		for _, why := range unread {
			r.Detail += "; " + why.String()
		}
	case today < 0:
		r.Outcome, r.Fix = Unknown, finding.Fix{}
		r.Detail = fmt.Sprintf("tenant %s has no issuer with a CA of its own to compare with; its issuer is %s", q.Tenant, last)
	case bytes.Equal(q.top().RawIssuer, q.Authorities[today].Certificate.RawSubject):
		return q.replaced(r, q.Authorities[today], "names the authority, but was not signed by today's key: unless another CA has the same name, it was an earlier key of")
	default:
		r.Detail = fmt.Sprintf("its issuer is %s; tenant %s trusts %s (%s)", last, q.Tenant,
			subjectOf(q.Authorities[today].Certificate.RawSubject), q.Authorities[today].From)
	}
	return r
}

// replaced is the answer for a certificate of an authority that has a new key.
func (q Question) replaced(r Result, a Authority, how string) Result {
	r.Outcome, r.Fix = Fail, q.reissue(" by today's key")
	r.Fix.Text += ", as for every other client; to keep the key at the next renewal, set spec.privateKey.rotationPolicy: Never on the CA's Certificate (cert-manager makes a new key each time by default, from 1.18 on)"
	if a.Folder != "" {
		r.Fix.File = a.Folder + "/kustomization.yaml: spec.privateKey.rotationPolicy"
	}
	r.Detail = fmt.Sprintf("it %s tenant %s's CA %s (%s)", how, q.Tenant, subjectOf(a.Certificate.RawSubject), a.From)
	return r
}

// valid looks at what else than the signature may be wrong with the chain.
func (q Question) valid(r Result, a Authority) Result {
	name := fmt.Sprintf("tenant %s's CA %s (%s)", q.Tenant, subjectOf(a.Certificate.RawSubject), a.From)
	r.Detail = "it was signed by the key of " + name
	if !q.Now.Before(a.Certificate.NotAfter) {
		r.Outcome, r.Detail = Fail, r.Detail+", which ended at "+moment(a.Certificate.NotAfter)
		r.Fix = finding.Fix{Text: "Renew the authority first, then have every client's certificate issued anew"}
		return r
	}
	if err := q.verify([]*x509.Certificate{a.Certificate}); err != nil {
		r.Outcome, r.Detail = Fail, r.Detail+", but the chain to it is not valid: "+reason(err)
		r.Fix = q.reissue(" by this tenant's authority")
	}
	return r
}

// leadsTo tells whether signatures lead from the certificate to the authority,
// over any of the others in the chain.
func (q Question) leadsTo(authority *x509.Certificate) bool {
	for _, c := range q.path() {
		if c.Equal(authority) && c != q.Chain[0] || signedBy(c, authority) {
			return true
		}
	}
	return false
}

// path is the certificate and those above it that came with it.
func (q Question) path() []*x509.Certificate {
	path := q.Chain[:1:1]
	for {
		last := path[len(path)-1]
		next := slices.IndexFunc(q.Chain, func(c *x509.Certificate) bool { return !slices.Contains(path, c) && signedBy(last, c) })
		if next < 0 {
			return path
		}
		path = append(path, q.Chain[next])
	}
}

// top is the last of the path: its issuer is not among them.
func (q Question) top() *x509.Certificate {
	path := q.path()
	return path[len(path)-1]
}

// verify checks the chain up to one of the roots as a server does, but for the
// certificate's own dates, which are a check of their own.
func (q Question) verify(roots []*x509.Certificate) error {
	opts := x509.VerifyOptions{Roots: x509.NewCertPool(), Intermediates: x509.NewCertPool(),
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}, CurrentTime: q.Now}
	for _, root := range roots {
		opts.Roots.AddCert(root)
	}
	for _, c := range q.Chain[1:] {
		opts.Intermediates.AddCert(c)
	}
	leaf := q.Chain[0]
	if opts.CurrentTime.After(leaf.NotAfter) {
		opts.CurrentTime = leaf.NotAfter
	} else if opts.CurrentTime.Before(leaf.NotBefore) {
		opts.CurrentTime = leaf.NotBefore
	}
	_, err := leaf.Verify(opts)
	return err
}

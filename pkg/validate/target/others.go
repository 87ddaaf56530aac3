package target

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"slices"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/certs"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
)

// addOtherClient adds the client of another tenant whose certificate the user has.
func (d *describer) addOtherClient(s *check.Subject) error {
	if d.OtherClient == nil {
		return nil
	}
	client := func(context.Context) (*tls.Certificate, error) { return d.OtherClient, nil }
	name := "another tenant"
	if len(d.CAs) == 0 { // CAs that the user specified do not identify a tenant
		at := slices.IndexFunc(s.Others, func(other check.Subject) bool { return signedBy(d.OtherClient, other.CAs) })
		switch own := signedBy(d.OtherClient, s.CAs); {
		case own && at < 0:
			return advice.Add(fmt.Errorf("the certificate of --other-cert is signed by the CA of %s itself", s.Tenant), "Specify one of another tenant. Issue one: kubectl orthweb cert issue TENANT")
		case !own && at >= 0:
			name, s.Others[at].Client = s.Others[at].Tenant, client
		}
	}
	s.OtherClients = []check.OtherClient{{Tenant: name, Certificate: client}}
	return nil
}

// signedBy reports whether one of the CAs has signed the certificate, for any usage and
// even if it has expired.
func signedBy(certificate *tls.Certificate, cas []*x509.Certificate) bool {
	chain := chainOf(certificate)
	return slices.ContainsFunc(cas, func(ca *x509.Certificate) bool { return certs.LeadsTo(chain, ca) })
}

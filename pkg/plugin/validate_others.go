package plugin

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/digihunch/kubectl-orthweb/pkg/certs"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
	"github.com/digihunch/kubectl-orthweb/pkg/validate"
)

// otherTenants are what the user has of other tenants, to see that they are kept
// apart. Without it they are asked without a password, and no client of theirs is
// tried.
type otherTenants struct {
	client clientFiles
	secret string
}

func (o *otherTenants) addTo(flags *pflag.FlagSet) {
	flags.StringVar(&o.client.cert, "other-cert", "", "A client certificate of another tenant, which the servers must refuse")
	flags.StringVar(&o.client.key, "other-key", "", "Its private key")
	flags.StringVar(&o.secret, "other-password-secret", "", "Look for the test study in the other tenants' Orthancs with the password from the Secret of this name in each tenant's own namespace, as NAME[:KEY]")
}

func (o *otherTenants) validate() error {
	switch {
	case (o.client.cert == "") != (o.client.key == ""):
		return withHint(errors.New("--other-cert and --other-key go together"), "Give both, or leave both out.")
	case strings.Contains(o.secret, "/"):
		return withHint(errors.New("--other-password-secret names no namespace"), "Give NAME[:KEY]: it is read in each tenant's own namespace.")
	}
	return nil
}

// login gets a tenant's own password when it is needed; nil where the user has
// named no Secret.
func (o *otherTenants) login(facts *factsFlags, t tenant.Tenant) func(context.Context) (validate.Credentials, error) {
	if o.secret == "" {
		return nil
	}
	return func(ctx context.Context) (validate.Credentials, error) {
		return loginFromSecret(ctx, facts, t, o.secret, "")
	}
}

// addStranger adds the client of another tenant whose certificate the user has.
func (o *validateOptions) addStranger(s *validate.Subject) error {
	certificate := o.others.client.certificate
	if certificate == nil {
		return nil
	}
	client := func(context.Context) (*tls.Certificate, error) { return certificate, nil }
	name := "another tenant"
	if o.ca == "" { // what the user trusts in its place tells no tenants apart
		at := slices.IndexFunc(s.Others, func(other validate.Subject) bool { return signedBy(certificate, other.CAs) })
		switch own := signedBy(certificate, s.CAs); {
		case own && at < 0:
			return withHint(fmt.Errorf("the certificate of --other-cert is signed by the CA of %s itself", s.Tenant), "Give one of another tenant. Issue one: kubectl orthweb cert issue TENANT")
		case !own && at >= 0:
			name, s.Others[at].Client = s.Others[at].Tenant, client
		}
	}
	s.OtherClients = []validate.OtherClient{{Tenant: name, Certificate: client}}
	return nil
}

// signedBy tells whether one of the CAs has signed the certificate, whatever it is
// for and whether it has expired.
func signedBy(certificate *tls.Certificate, authorities []*x509.Certificate) bool {
	chain := chainOf(certificate)
	return slices.ContainsFunc(authorities, func(ca *x509.Certificate) bool { return certs.LeadsTo(chain, ca) })
}

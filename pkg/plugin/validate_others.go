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

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/certs"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
)

// otherTenants are credentials of other tenants, to verify that tenants are isolated.
// Without them, requests to other tenants have no password, and no client of theirs is
// tried.
type otherTenants struct {
	client clientFiles
	secret string
}

func (o *otherTenants) addTo(flags *pflag.FlagSet) {
	flags.StringVar(&o.client.cert, "other-cert", "", "File with a client certificate of another tenant, which the servers must reject")
	flags.StringVar(&o.client.key, "other-key", "", "File with its private key")
	flags.StringVar(&o.secret, "other-password-secret", "", "Search the other tenants' Orthancs for the test study, with the password in the Secret of this name in each tenant's own namespace, as NAME[:KEY]")
}

func (o *otherTenants) validate() error {
	switch {
	case (o.client.cert == "") != (o.client.key == ""):
		return advice.Add(errors.New("--other-cert and --other-key must be used together"), "Specify both or neither.")
	case strings.Contains(o.secret, "/"):
		return advice.Add(errors.New("--other-password-secret must not name a namespace"), "Specify NAME[:KEY]: it is read in each tenant's own namespace.")
	}
	return nil
}

// login reads a tenant's own password when it is needed; nil if the user has named no
// Secret.
func (o *otherTenants) login(call *command.Call, t tenant.Tenant) func(context.Context) (check.Credentials, error) {
	if o.secret == "" {
		return nil
	}
	return func(ctx context.Context) (check.Credentials, error) {
		return loginFromSecret(ctx, call, t, o.secret, "")
	}
}

// addStranger adds the client of another tenant whose certificate the user has.
func (o *validateOptions) addStranger(s *check.Subject) error {
	certificate := o.others.client.certificate
	if certificate == nil {
		return nil
	}
	client := func(context.Context) (*tls.Certificate, error) { return certificate, nil }
	name := "another tenant"
	if o.ca == "" { // the CA of --ca does not identify a tenant
		at := slices.IndexFunc(s.Others, func(other check.Subject) bool { return signedBy(certificate, other.CAs) })
		switch own := signedBy(certificate, s.CAs); {
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
func signedBy(certificate *tls.Certificate, authorities []*x509.Certificate) bool {
	chain := chainOf(certificate)
	return slices.ContainsFunc(authorities, func(ca *x509.Certificate) bool { return certs.LeadsTo(chain, ca) })
}

// Package target describes a tenant for its validation, from the objects of its cluster: the
// servers to connect to, the CAs to trust, the clients to connect as, and the other tenants
// that must not receive anything.
package target

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/certs/trust"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/collect"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/queries"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/request"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant/address"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/endpoint"
)

// The ways to connect, besides endpoint.ViaPortForward.
const (
	// ViaAddress connects to the addresses of the ingress.
	ViaAddress = "address"
	// ViaDNS connects to the names, as this machine resolves them.
	ViaDNS = "dns"
)

// Options are what the user specified instead of the values of the cluster.
type Options struct {
	// Via is how connections are made.
	Via string
	// WebPort and DICOMPort replace the ports of the Gateways, unless they are 0.
	WebPort, DICOMPort int64
	// CAs are trusted instead of the tenants' own, unless there are none.
	CAs []*x509.Certificate
	// Client is the certificate to connect with. If it is nil, the tenant's issuer signs one
	// when it is needed, within Timeout.
	Client  *tls.Certificate
	Timeout time.Duration
	// OtherClient is a client certificate of another tenant, which the servers must reject;
	// nil for none.
	OtherClient *tls.Certificate
	// OtherSecret names the Secret with the password of each other tenant's web, in that
	// tenant's namespace, as NAME[:KEY]; empty for none.
	OtherSecret string
	// ReadOnly requests no certificate: without Client, there is none.
	ReadOnly bool
	// Alone omits the other tenants: whether they have what is stored is not checked.
	Alone bool
}

// Target is what to validate, and how to connect to it.
type Target struct {
	Subject check.Subject
	// Dial is nil for connections to the addresses of the ingress.
	Dial func(context.Context, check.Subject, check.Endpoint) (net.Conn, error)
}

// Queries are the kinds that New reads from a snapshot.
func Queries(namespace, via string) []collect.Query {
	required := queries.Certificates(namespace, false)
	if via == endpoint.ViaPortForward {
		required = append(required, queries.Pods(namespace))
	}
	return required
}

// New describes a tenant and the others in the snapshot. It does not read the web password.
// The connection is used when a validation needs it: to issue a certificate, to read the
// configuration of Orthanc or a Secret that the options name, and to forward ports.
func New(ctx context.Context, snap *snapshot.Snapshot, chosen tenant.Tenant, config *request.Config, o Options) (Target, error) {
	d := &describer{Options: o, snap: snap, config: config}
	s, err := d.describe(ctx, chosen)
	if err != nil {
		return Target{}, err
	}
	s.Limits = d.limitsOf(chosen)
	s.Client = d.clientOf(chosen)
	if !o.Alone {
		s.Others = d.describeOthers(ctx, chosen)
	}
	s.ClientFaults = d.clientFaults(s)
	if err := d.addOtherClient(&s); err != nil {
		return Target{}, err
	}
	return Target{Subject: s, Dial: d.dial(chosen)}, nil
}

// describer reads a snapshot with the user's options.
type describer struct {
	Options
	snap   *snapshot.Snapshot
	config *request.Config
}

// describeOthers describes the other tenants. Nothing is created in their namespaces, and
// no Secret is read there unless the user names it.
func (d *describer) describeOthers(ctx context.Context, chosen tenant.Tenant) []check.Subject {
	var others []check.Subject
	for _, other := range tenant.Discover(d.snap) {
		if other.Name == chosen.Name {
			continue
		}
		theirs, err := d.describe(ctx, other)
		if err != nil {
			continue // without an address there is no server to connect to
		}
		if d.OtherSecret != "" {
			theirs.FetchLogin = func(ctx context.Context) (check.Credentials, error) {
				return SecretLogin(ctx, d.config, other, d.OtherSecret, "")
			}
		}
		others = append(others, theirs)
	}
	return others
}

// describe describes a tenant as clients outside the cluster see it.
func (d *describer) describe(ctx context.Context, t tenant.Tenant) (check.Subject, error) {
	status := tenant.Assess(d.snap, []tenant.Tenant{t})[0]
	servers, _ := trust.Servers(d.snap, t)
	s := check.Subject{
		Tenant: t.Name, Web: endpointOf(status.Web, servers, d.WebPort), DICOM: endpointOf(status.DICOM, servers, d.DICOMPort),
	}
	for _, text := range status.Addresses {
		if addr, err := netip.ParseAddr(text); err == nil {
			s.Addresses = append(s.Addresses, addr)
		} else if found, err := address.Resolve(ctx, text); err == nil {
			s.Addresses = append(s.Addresses, found...)
		}
	}
	switch {
	case s.Web.Host == "" || s.DICOM.Host == "":
		return s, advice.Add(fmt.Errorf("the host names of %s are not known%s", t.Name, status.UnreadSuffix()), "Check its Gateways: kubectl orthweb status %s", escape.ShellWord(t.Name))
	case len(s.Addresses) == 0 && d.Via == ViaAddress:
		why, _ := address.Missing(d.snap, status, false)
		return s, advice.Add(fmt.Errorf("the ingress of %s has no address: %s", t.Name, why), "Connect to its pod with --via=port-forward, or see: kubectl orthweb status %s", escape.ShellWord(t.Name))
	}
	s.CAs, s.CAUnread = d.trusted(t)
	return s, nil
}

// endpointOf is one endpoint, with the port that the user specified instead.
func endpointOf(e tenant.Endpoint, servers []trust.Server, port int64) check.Endpoint {
	p := check.Endpoint{Host: e.Host(), Port: e.Port}
	for _, server := range servers {
		if server.Port == e.Port {
			p.Known, p.Mutual = true, server.Mode == trust.Mutual
		}
	}
	if port != 0 {
		p.Port = port
	}
	return p
}

// trusted are the CAs: those that the user specified, or the tenant's current ones. Without
// any, it returns why.
func (d *describer) trusted(t tenant.Tenant) (cas []*x509.Certificate, why string) {
	if len(d.CAs) > 0 {
		return d.CAs, ""
	}
	found, unknown := trust.CAs(d.snap, t)
	for _, ca := range found {
		if !ca.Earlier {
			cas = append(cas, ca.Certificate)
		}
	}
	var unread []string
	for _, failure := range unknown {
		unread = append(unread, failure.String())
	}
	why = strings.Join(unread, "; ")
	if why == "" && len(cas) == 0 {
		why = "no issuer of the tenant has its own CA"
	}
	return cas, why
}

package plugin

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/certs/trust"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/portforward"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/queries"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant/address"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant/selection"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/endpoint"
)

// subject describes the tenant and the others from the cluster's objects.
func (o *validateOptions) subject(ctx context.Context) (check.Subject, tenant.Tenant, error) {
	if err := o.readClients(ctx); err != nil {
		return check.Subject{}, tenant.Tenant{}, err
	}
	namespace := o.call.Namespace()
	wants := queries.Certificates(namespace, false)
	if o.via == endpoint.ViaPortForward {
		wants = append(wants, queries.Pods(namespace))
	}
	snap, err := o.call.Collect(ctx, wants, false)
	if err != nil {
		return check.Subject{}, tenant.Tenant{}, err
	}
	chosen, err := selection.One(snap, o.tenant, namespace)
	if err != nil {
		return check.Subject{}, chosen, err
	}
	if err := o.connectBy(snap); err != nil {
		return check.Subject{}, chosen, err
	}
	s, err := o.describe(ctx, snap, chosen)
	if err != nil {
		return s, chosen, err
	}
	if s.Login, err = o.web.read(ctx, o.call, chosen); err != nil {
		return s, chosen, err
	}
	s.Limits = o.limitsOf(snap, chosen)
	s.Client = o.clientOf(snap, chosen)
	s.Others = o.describeOthers(ctx, snap, chosen)
	o.warnOfClient(&s, snap.Meta().At)
	return s, chosen, o.addStranger(&s)
}

// describeOthers describes the other tenants. Nothing is created in their namespaces, and
// no Secret is read there unless the user names it.
func (o *validateOptions) describeOthers(ctx context.Context, snap *snapshot.Snapshot, chosen tenant.Tenant) []check.Subject {
	var others []check.Subject
	for _, other := range tenant.Discover(snap) {
		if other.Name == chosen.Name {
			continue
		}
		theirs, err := o.describe(ctx, snap, other)
		if err != nil {
			continue // without an address there is no server to connect to
		}
		theirs.FetchLogin = o.others.login(o.call, other)
		others = append(others, theirs)
	}
	return others
}

// connectBy selects how connections are made; nil is to the ingress's address.
func (o *validateOptions) connectBy(snap *snapshot.Snapshot) error {
	switch o.via {
	case viaDNS:
		o.dial = dialByName
	case endpoint.ViaPortForward:
		config, err := o.call.Config()
		if err != nil {
			return err
		}
		o.dial = dialThroughAPI(snap, portforward.New(config))
	}
	return nil
}

// describe describes a tenant as clients outside the cluster see it.
func (o *validateOptions) describe(ctx context.Context, snap *snapshot.Snapshot, t tenant.Tenant) (check.Subject, error) {
	status := tenant.Assess(snap, []tenant.Tenant{t})[0]
	servers, _ := trust.Servers(snap, t)
	s := check.Subject{
		Tenant: t.Name, Web: place(status.Web, servers, o.webPort), DICOM: place(status.DICOM, servers, o.dcmPort),
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
		return s, advice.Add(fmt.Errorf("the host names of %s are not known%s", t.Name, address.Unread(status)), "Check its Gateways: kubectl orthweb status %s", escape.ShellWord(t.Name))
	case len(s.Addresses) == 0 && o.via == viaAddress:
		return s, advice.Add(fmt.Errorf("the ingress of %s has no address: %s", t.Name, address.WhyNone(snap, status, 0)), "See: kubectl orthweb status %s", escape.ShellWord(t.Name))
	}
	return s, o.trusted(ctx, snap, t, &s)
}

// place is one endpoint, with the port that the user specified instead.
func place(e tenant.Endpoint, servers []trust.Server, port int64) check.Endpoint {
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

// trusted fills in the CAs: those of the file, or the tenant's current ones.
func (o *validateOptions) trusted(ctx context.Context, snap *snapshot.Snapshot, t tenant.Tenant, s *check.Subject) error {
	if o.ca != "" {
		chain, _, err := command.ReadCertificates(ctx, o.call, o.ca, &command.PKCS12{})
		s.CAs = chain
		return err
	}
	authorities, unknown := trust.CAs(snap, t)
	for _, a := range authorities {
		if !a.Earlier {
			s.CAs = append(s.CAs, a.Certificate)
		}
	}
	var why []string
	for _, failure := range unknown {
		why = append(why, failure.String())
	}
	s.CAUnread = strings.Join(why, "; ")
	if s.CAUnread == "" && len(s.CAs) == 0 {
		s.CAUnread = "no issuer of the tenant has its own CA"
	}
	return nil
}

// dialByName connects to the address that this machine's resolver returns.
func dialByName(ctx context.Context, _ check.Subject, p check.Endpoint) (net.Conn, error) {
	return (&net.Dialer{}).DialContext(ctx, "tcp", net.JoinHostPort(p.Host, strconv.FormatInt(p.Port, 10)))
}

package trust

import (
	"crypto/x509"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// Mode is how a Gateway's server speaks TLS (istio.io/api v1.31,
// ServerTLSSettings.TLSmode).
type Mode string

// The modes. An unset mode is Passthrough, the enum's first; Plain is this
// package's word for a server without TLS settings.
const (
	Plain           Mode = ""
	Simple          Mode = "SIMPLE"
	Mutual          Mode = "MUTUAL"
	OptionalMutual  Mode = "OPTIONAL_MUTUAL"
	IstioMutual     Mode = "ISTIO_MUTUAL"
	Passthrough     Mode = "PASSTHROUGH"
	AutoPassthrough Mode = "AUTO_PASSTHROUGH"
)

// Terminates reports whether the Gateway itself shows a certificate of a Secret.
func (m Mode) Terminates() bool { return m == Simple || m == Mutual || m == OptionalMutual }

// Asks reports whether clients are asked for a certificate of the Gateway's CA.
func (m Mode) Asks() bool { return m == Mutual || m == OptionalMutual }

// Server is one server of a Gateway.
type Server struct {
	Gateway finding.Ref
	// Name is the port's, as spec.servers[].port.name has it.
	Name string
	Port int64
	Mode Mode
	// Hosts are host names; "*" only where nothing says which.
	Hosts []string
	// Credentials are the Secrets with the certificates that it shows.
	Credentials []finding.Ref
	// CA are the authorities that clients' certificates are checked against,
	// read from CAFrom; nil when there are none or CAUnread says why not.
	CA       []*x509.Certificate
	CAFrom   finding.Ref
	CAUnread string
	// Allowed narrows down which of the CA's certificates get in.
	Allowed Allowed
	// Folder is where the Gateway is defined in the GitOps tree, "" if unknown.
	Folder string
}

// Allowed are the fields of ServerTLSSettings that say which certificates are
// let in; SkipVerify lets in all.
type Allowed struct {
	Names, Hashes, SPKIs []string
	SkipVerify           bool
}

// Servers are the servers of the tenant's Gateways, by Gateway and in its order,
// and what kept some from being read.
func Servers(snap *snapshot.Snapshot, t tenant.Tenant) ([]Server, []snapshot.Failure) {
	return newReader(snap).servers(t, tenant.Assess(snap, []tenant.Tenant{t})[0])
}

func (r *reader) servers(t tenant.Tenant, s tenant.Status) (servers []Server, unread []snapshot.Failure) {
	for _, namespace := range t.Namespaces {
		listing := r.snap.List(health.GatewayKind, namespace)
		unread = append(unread, withheld(listing.Unknown)...)
		for _, gateway := range listing.Objects {
			for _, settings := range field.List(gateway.Object, "spec", "servers") {
				servers = append(servers, r.server(gateway, settings, s))
			}
		}
	}
	return servers, unread
}

func (r *reader) server(gateway *unstructured.Unstructured, settings map[string]any, s tenant.Status) Server {
	tls := field.Map(settings, "tls")
	server := Server{
		Gateway: finding.RefOf(gateway), Name: field.Text(settings, "port", "name"),
		Port: field.Int(settings, "port", "number"), Mode: modeOf(settings), Folder: r.folder(gateway),
		Allowed: Allowed{
			Names: field.Texts(tls, "subjectAltNames"), Hashes: field.Texts(tls, "verifyCertificateHash"),
			SPKIs: field.Texts(tls, "verifyCertificateSpki"), SkipVerify: field.Bool(tls, "insecureSkipVerify"),
		},
	}
	server.Hosts = hostsOf(settings, server.Port, s)
	if !server.Mode.Terminates() {
		return server
	}
	names := credentialNames(tls)
	for _, name := range names {
		server.Credentials = append(server.Credentials, r.beside(gateway, s, name))
	}
	if server.Mode.Asks() {
		r.clientCA(&server, gateway, s, tls, names)
	}
	return server
}

package trust

import (
	"crypto/x509"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// Mode is how a Gateway's server uses TLS (istio.io/api v1.31, ServerTLSSettings.TLSmode).
type Mode string

// The modes. An unset mode is Passthrough, the enum's first; Plain is a server without TLS
// settings.
const (
	Plain           Mode = ""
	Simple          Mode = "SIMPLE"
	Mutual          Mode = "MUTUAL"
	OptionalMutual  Mode = "OPTIONAL_MUTUAL"
	IstioMutual     Mode = "ISTIO_MUTUAL"
	Passthrough     Mode = "PASSTHROUGH"
	AutoPassthrough Mode = "AUTO_PASSTHROUGH"
)

// Terminates reports whether the Gateway itself presents a certificate of a Secret.
func (m Mode) Terminates() bool { return m == Simple || m == Mutual || m == OptionalMutual }

// Asks reports whether the server requests client certificates that the Gateway's CA
// signed.
func (m Mode) Asks() bool { return m == Mutual || m == OptionalMutual }

// Server is one server of a Gateway.
type Server struct {
	Gateway object.Ref
	// Name is the name of the port, spec.servers[].port.name.
	Name string
	Port int64
	Mode Mode
	// Hosts are host names; "*" only if no object names one.
	Hosts []string
	// Credentials are the Secrets with the certificates that it presents.
	Credentials []object.Ref
	// CA are the CAs that clients' certificates are checked against, read from CAFrom; nil
	// if there are none, or if CAUnread is set.
	CA       []*x509.Certificate
	CAFrom   object.Ref
	CAUnread string
	// Allowed restricts which of the CA's certificates are accepted.
	Allowed Allowed
	// Folder is where the Gateway is defined in the GitOps tree, "" if unknown.
	Folder string
}

// Allowed are the fields of ServerTLSSettings that restrict which certificates are
// accepted; SkipVerify accepts all.
type Allowed struct {
	Names, Hashes, SPKIs []string
	SkipVerify           bool
}

// Servers are the servers of the tenant's Gateways, by Gateway and in its order, and why
// some could not be read.
func Servers(snap *snapshot.Snapshot, t tenant.Tenant) ([]Server, []snapshot.Failure) {
	return newReader(snap).servers(t, tenant.Assess(snap, []tenant.Tenant{t})[0])
}

func (r *reader) servers(t tenant.Tenant, s tenant.Status) (servers []Server, unread []snapshot.Failure) {
	for _, namespace := range t.Namespaces {
		listing := r.snap.List(object.GatewayKind, namespace)
		unread = append(unread, withoutNotServed(listing.Unknown)...)
		for _, gateway := range listing.Objects {
			for _, settings := range object.List(gateway.Object, "spec", "servers") {
				servers = append(servers, r.server(gateway, settings, s))
			}
		}
	}
	return servers, unread
}

func (r *reader) server(gateway *unstructured.Unstructured, settings map[string]any, s tenant.Status) Server {
	tls := object.Map(settings, "tls")
	server := Server{
		Gateway: object.RefOf(gateway), Name: object.Text(settings, "port", "name"),
		Port: object.Int(settings, "port", "number"), Mode: modeOf(settings), Folder: r.folder(gateway),
		Allowed: Allowed{
			Names: object.Texts(tls, "subjectAltNames"), Hashes: object.Texts(tls, "verifyCertificateHash"),
			SPKIs: object.Texts(tls, "verifyCertificateSpki"), SkipVerify: object.Bool(tls, "insecureSkipVerify"),
		},
	}
	server.Hosts = hostsOf(settings, server.Port, s)
	if !server.Mode.Terminates() {
		return server
	}
	names := credentialNames(tls)
	for _, name := range names {
		server.Credentials = append(server.Credentials, r.credential(gateway, s, name))
	}
	if server.Mode.Asks() {
		r.clientCA(&server, gateway, s, tls, names)
	}
	return server
}

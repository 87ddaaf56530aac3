package trust

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// credential is a Secret that a Gateway names. Istio reads it from the namespace of the pods
// that serve the Gateway (istio.io, Gateway, credentialName): that of the ingress, or the
// Gateway's own if no ingress is known. Of several, the first that has it counts.
func (r *reader) credential(gateway *unstructured.Unstructured, s tenant.Status, name string) object.Ref {
	var refs []object.Ref
	for _, link := range s.Chain {
		if link.Section == tenant.Ingress && link.Ref.Name != "" {
			refs = append(refs, secretRef(link.Ref.Namespace, name))
		}
	}
	if len(refs) == 0 {
		return secretRef(gateway.GetNamespace(), name)
	}
	held := slices.IndexFunc(refs, func(ref object.Ref) bool {
		return r.snap.Lookup(ref).Presence == snapshot.Present || len(r.certificatesFor(ref)) > 0
	})
	return refs[max(0, held)]
}

// clientCA finds the CAs that clients' certificates are checked against: the Secret that
// caCertCredentialName names, the one named like the first credential with "-cacert" after
// it, or else that credential itself (istio 1.31,
// pilot/pkg/security/model/authentication.go and pilot/pkg/credentials/kube/secrets.go,
// GetCaCert).
func (r *reader) clientCA(server *Server, gateway *unstructured.Unstructured, s tenant.Status, tls map[string]any, names []string) {
	var places []string
	switch own := object.Text(tls, "caCertCredentialName"); {
	case own != "":
		places = []string{own}
	case len(names) > 0:
		places = []string{names[0] + "-cacert", names[0]}
	default:
		server.CAUnread = "its CAs are in a file of the gateway's pods"
		return
	}
	for _, name := range places {
		ref := r.credential(gateway, s, name)
		switch answer := r.snap.Lookup(ref); answer.Presence {
		case snapshot.Unknown:
			server.CAUnread = fmt.Sprintf("%s could not be read: %s", ref, answer.Failure)
			return
		case snapshot.Present:
			server.CAFrom = ref
			r.readCA(server, answer.Object)
			return
		}
	}
	server.CAFrom = r.credential(gateway, s, places[len(places)-1])
}

// readCA reads the CAs in a Secret. Istio reads the key cacert first, whose content no
// snapshot contains.
func (r *reader) readCA(server *Server, secret *unstructured.Unstructured) {
	data := object.Map(secret.Object, "data")
	if _, generic := data["cacert"]; generic {
		server.CAUnread = fmt.Sprintf("%s has its CAs in the key cacert, which is not read; only ca.crt is read", server.CAFrom)
		return
	}
	server.CA = r.inSecret(server.CAFrom, "ca.crt")
}

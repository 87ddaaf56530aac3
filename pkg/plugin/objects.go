package plugin

import (
	"fmt"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// shortNames are those that kubectl, Flux, cert-manager and Istio give their
// kinds (kubectl api-resources).
var shortNames = map[string]string{
	"ks": "kustomizations", "hr": "helmreleases", "gitrepo": "gitrepositories", "ocirepo": "ocirepositories", "helmrepo": "helmrepositories", "hc": "helmcharts",
	"deploy": "deployments", "sts": "statefulsets", "ds": "daemonsets", "rs": "replicasets", "po": "pods", "svc": "services",
	"pvc": "persistentvolumeclaims", "pv": "persistentvolumes", "ns": "namespaces", "no": "nodes", "quota": "resourcequotas",
	"hpa": "horizontalpodautoscalers", "sc": "storageclasses", "cert": "certificates", "certs": "certificates", "cr": "certificaterequests",
	"gw": "gateways", "vs": "virtualservices",
}

// findObject finds the object that KIND/NAME names in a snapshot: the kind by
// its name, plural or short name, with or without a group. Without a namespace
// all are searched, and the name must be in one alone.
func findObject(snap *snapshot.Snapshot, arg, namespace string) (finding.Ref, error) {
	kind, name, _ := strings.Cut(arg, "/")
	kind, group, _ := strings.Cut(strings.ToLower(kind), ".")
	if long := shortNames[kind]; long != "" {
		kind = long
	}
	var found []finding.Ref
	known := false
	for _, asked := range snap.Asked() {
		if kind != strings.ToLower(asked.Kind) && kind != asked.Resource || group != "" && group != asked.Group || asked.Namespace != "" && asked.Namespace != namespace && namespace != "" {
			continue
		}
		known = true
		for _, obj := range snap.List(asked.GroupKind(), asked.Namespace).Objects {
			ref := finding.RefOf(obj)
			again := len(found) > 0 && found[len(found)-1].Same(ref)
			if ref.Name == name && !again && (namespace == "" || ref.Namespace == "" || ref.Namespace == namespace) {
				found = append(found, ref)
			}
		}
	}
	switch {
	case !known:
		return finding.Ref{}, withHint(fmt.Errorf("nothing is known of a kind %q", kind), "Give a tenant, or KIND/NAME, for example ks/bhs-application.")
	case len(found) == 0:
		return finding.Ref{}, withHint(fmt.Errorf("%w: %s", errNoObject, arg), "Look for it: kubectl get %s -A.", kind)
	case len(found) > 1:
		return finding.Ref{}, withHint(fmt.Errorf("%s is in %d namespaces", arg, len(found)), "Name one with -n: %s, %s, …", found[0].Namespace, found[1].Namespace)
	}
	return found[0], nil
}

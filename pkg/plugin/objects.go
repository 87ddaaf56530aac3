package plugin

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose"
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
	"gw": "gateways", "vs": "virtualservices", "cm": "configmaps", "sa": "serviceaccounts", "cj": "cronjobs", "ing": "ingresses",
	"netpol": "networkpolicies", "pdb": "poddisruptionbudgets", "ep": "endpoints", "limits": "limitranges", "pc": "priorityclasses",
	"crd": "customresourcedefinitions", "crds": "customresourcedefinitions", "csr": "certificatesigningrequests", "ev": "events",
}

// findObject finds the object that KIND/NAME names: the kind by its name, plural
// or short name, with or without a group, of those that a live cluster serves or
// that a recorded one holds. Without a namespace all are searched, and the name
// must be in one alone.
func (o *explainOptions) findObject(snap *snapshot.Snapshot, arg string) (finding.Ref, error) {
	word, name, _ := strings.Cut(arg, "/")
	kinds := recordedKinds(snap, word)
	if o.kinds != nil {
		kinds = o.kinds(word)
		if name, group, _ := strings.Cut(strings.ToLower(word), "."); len(kinds) == 0 && shortNames[name] != "" {
			kinds = o.kinds(strings.TrimSuffix(shortNames[name]+"."+group, ".")) // the server gives no short names
		}
	}
	if len(kinds) == 0 {
		return finding.Ref{}, withHint(fmt.Errorf("nothing is known of a kind %q", word), "Give a tenant, or KIND/NAME, for example ks/bhs-application.")
	}
	namespace := o.facts.namespace()
	var found []finding.Ref
	var unread []snapshot.Failure
	for _, gk := range kinds {
		for _, in := range searched(namespace) {
			listing := snap.Named(gk, in, name)
			unread = append(unread, listing.Unknown...)
			for _, obj := range listing.Objects {
				ref := finding.RefOf(obj)
				inPlace := namespace == "" || ref.Namespace == "" || ref.Namespace == namespace
				if inPlace && !slices.ContainsFunc(found, ref.Same) {
					found = append(found, ref)
				}
			}
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1 && found[0].GroupKind() != found[1].GroupKind():
		return finding.Ref{}, withHint(fmt.Errorf("%s is of %d kinds", arg, len(kinds)), "Name one with its group: %s.%s/%s, %s.%s/%s, …",
			strings.ToLower(found[0].Kind), found[0].GroupKind().Group, name, strings.ToLower(found[1].Kind), found[1].GroupKind().Group, name)
	case len(found) > 1:
		return finding.Ref{}, withHint(fmt.Errorf("%s is in %d namespaces", arg, len(found)), "Name one with -n: %s, %s, …", found[0].Namespace, found[1].Namespace)
	case len(unread) > 0 && o.kinds == nil:
		return finding.Ref{}, withHint(fmt.Errorf("%s is not in what was recorded, and objects that are not in it may exist", arg),
			"Record it too, or add --assume-complete where all objects were recorded.")
	case len(unread) > 0:
		return finding.Ref{}, withHint(fmt.Errorf("looking for %s: %s", arg, unread[0]), "Ask for that right, or name a namespace that you may read with -n.")
	}
	plural, _ := meta.UnsafeGuessKindToResource(kinds[0].WithVersion(""))
	return finding.Ref{}, withHint(fmt.Errorf("%w: %s", errNoObject, arg), "Look for it: kubectl get %s -A.", plural.Resource)
}

// searched are the namespaces in which an object is looked for: that of -n, and
// "", where objects are that have none.
func searched(namespace string) []string {
	if namespace == "" {
		return []string{""}
	}
	return []string{namespace}
}

// recordedKinds are the kinds that a word means, of those that explainers know
// and those of a recorded cluster.
func recordedKinds(snap *snapshot.Snapshot, word string) []schema.GroupKind {
	kind, group, _ := strings.Cut(strings.ToLower(word), ".")
	if long := shortNames[kind]; long != "" {
		kind = long
	}
	var found []schema.GroupKind
	for _, gk := range diagnose.Kinds() {
		plural, _ := meta.UnsafeGuessKindToResource(gk.WithVersion(""))
		is := kind == strings.ToLower(gk.Kind) || kind == plural.Resource || kind == strings.ToLower(gk.Kind)+"s"
		if is && (group == "" || group == gk.Group) {
			found = append(found, gk)
		}
	}
	for _, asked := range snap.Asked() {
		is := kind == strings.ToLower(asked.Kind) || kind == asked.Resource || kind == strings.ToLower(asked.Kind)+"s"
		if is && (group == "" || group == asked.Group) && !slices.Contains(found, asked.GroupKind()) {
			found = append(found, asked.GroupKind())
		}
	}
	return found
}

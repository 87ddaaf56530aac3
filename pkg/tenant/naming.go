package tenant

import (
	"path"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// nameAll returns the name of the tenant of each namespace: from its label or suffix,
// otherwise from its layers, and otherwise its own name.
//
// Namespaces with the same declared name belong to one tenant. A guess never joins two:
// "orthanc-bhs" and "orthanc-mhr" have the same beginning and are two customers, so a
// name that several would have is not used for any of them.
func nameAll(snap *snapshot.Snapshot, graph *layerGraph, namespaces set) map[string]string {
	names := map[string]string{}
	taken := map[string]bool{}
	var unsure []string
	for _, namespace := range namespaces.sorted() {
		if name := labelledName(snap, namespace); name != "" {
			names[namespace], taken[name] = name, true
		} else {
			unsure = append(unsure, namespace)
		}
	}
	touching := graph.affecting(namespaces)
	for _, guess := range []nameGuess{commonPrefix, commonFolder, namespaceName} {
		unsure = guess.name(unsure, touching, names, taken)
	}
	for _, namespace := range unsure { // another tenant has this name
		names[namespace] = namespace
	}
	return names
}

// nameGuess names the tenant of a namespace by the layers that affect it.
type nameGuess func(namespace string, layers []*layer) string

// name names those of the namespaces for which the guess gives a name that no
// other has, and returns the rest.
func (g nameGuess) name(namespaces []string, touching map[string][]*layer, names map[string]string, taken map[string]bool) []string {
	guesses, count := map[string]string{}, map[string]int{}
	for _, namespace := range namespaces {
		guesses[namespace] = g(namespace, touching[namespace])
		count[guesses[namespace]]++
	}
	var left []string
	for _, namespace := range namespaces {
		if name := guesses[namespace]; name != "" && count[name] == 1 && !taken[name] {
			names[namespace], taken[name] = name, true
		} else {
			left = append(left, namespace)
		}
	}
	return left
}

func namespaceName(namespace string, _ []*layer) string { return namespace }

// labelledName is the name that the namespace declares, in its label, its name or the
// label of its Orthanc, or empty. The tenant itself may write the last, so it comes
// last: with the name of another tenant, the namespace would belong to that tenant.
func labelledName(snap *snapshot.Snapshot, namespace string) string {
	ref := object.Ref{APIVersion: "v1", Kind: "Namespace", Name: namespace}
	if ns := snap.Lookup(ref).Object; ns != nil && ns.GetLabels()[orgLabel] != "" {
		return ns.GetLabels()[orgLabel]
	}
	if name, ok := strings.CutSuffix(namespace, namespaceSuffix); ok {
		return name
	}
	for _, kind := range workloadKinds {
		for _, workload := range snap.List(kind, namespace).Objects {
			if org := workload.GetLabels()[orgLabel]; org != "" && IsOrthanc(workload) {
				return org
			}
		}
	}
	return ""
}

// commonPrefix are the words, separated by dashes, with which the namespace and the
// names of all layers begin.
func commonPrefix(namespace string, layers []*layer) string {
	if len(layers) == 0 {
		return ""
	}
	common := strings.Split(namespace, "-")
	for _, l := range layers {
		words := strings.Split(l.ref.Name, "-")
		n := 0
		for n < len(common) && n < len(words) && common[n] == words[n] {
			n++
		}
		common = common[:n]
	}
	return strings.Join(common, "-")
}

// commonFolder is the last folder of the paths of the layers, if it is the same for two
// or more.
func commonFolder(_ string, layers []*layer) string {
	if len(layers) < 2 {
		return ""
	}
	folder := path.Base(layers[0].path)
	for _, l := range layers[1:] {
		if path.Base(l.path) != folder {
			return ""
		}
	}
	if folder == "." || folder == "/" {
		return ""
	}
	return folder
}

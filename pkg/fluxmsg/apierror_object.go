package fluxmsg

import (
	"strings"
)

// wrappers are the texts that others add around a message of the API server. Those
// without an object still show that what follows is an error of the API server.
var wrappers = []*pattern{
	// fluxcd/pkg/ssa v0.76, errors/dry_run.go: "X dry-run failed (R): …", in
	// older versions "X dry-run failed, reason: R, error: …".
	wording(`(?P<slashed>` + slashedShape + `) dry-run failed(?: \((?P<reason>\w+)\)|, reason: (?P<older>\w+))?(?:, error)?: `),
	// The same, for what the API server does not find.
	wording(`(?P<slashed>` + slashedShape + `) (?:not found|namespace not specified): `),
	// fluxcd/pkg/ssa v0.76, manager_apply.go and manager_delete.go.
	wording(`(?P<slashed>` + slashedShape + `) (?:apply failed|delete failed|query failed|immutable field detected, failed to delete object|failed to migrate API version|metadata\.managedFields cleanup failed): `),
	// helm-controller 1.6.1, internal/action/diff.go, correcting drift.
	wording(`(?P<slashed>` + slashedShape + `) (?:creation|patch) failure: `),
	// helm.sh/helm/v4 4.2.4, pkg/kube/client.go, patchResourceServerSide; a
	// cluster's own object is written "/name".
	wording(`(?:server-side apply failed for|conflict occurred while applying) object (?P<namespaced>[^\s/]*/` + nameShape + `) (?P<gv>[^\s,]*), Kind=(?P<kind>` + kindShape + `): `),
	// The same file and Helm 3's, patchResourceClientSide.
	wording(`cannot patch "(?P<name>` + nameShape + `)" with kind (?P<kind>` + kindShape + `): `),
	// k8s.io/cli-runtime v0.36, pkg/resource/mapper.go.
	wording(`resource mapping not found for name: "(?P<name>[^"\s]*)" namespace: "(?P<namespace>[^"\s]*)" from "[^"]*": `),
	// Events of ReplicaSets, Jobs and DaemonSets (k8s.io/kubernetes 1.36,
	// pkg/controller/controller_utils.go) and of StatefulSets
	// (pkg/controller/statefulset/stateful_pod_control.go).
	wording(`^Error creating: `),
	wording(`create (?P<kind>Pod|Claim) (?P<name>` + nameShape + `) (?:for Pod \S+ )?in StatefulSet \S+ failed error: `),
	// helm.sh/helm/v4 4.2.4, pkg/kube/client.go and pkg/action; Helm 3 too.
	wording(`failed to (?:create|replace) (?:resource|object|patch): `),
	wording(`unable to build kubernetes objects? (?:from (?:current |new )?release manifest|for deleting hook \S+|for \S+ hook \S+): `),
	wording(`unable to continue with (?:install|update): `),
	wording(`warning: Hook \S+ \S+ failed: (?:\d+ errors? occurred:\s+\* )?`),
	wording(`failed to install CRD [^\s:]+: `),
}

// unwrap records the object that the first wrapper with an object names, and returns
// the text after that wrapper: the message of the API server.
func unwrap(text string, e *APIError) (rest string, refused bool) {
	first, rest := len(text), text
	for _, wrapper := range wrappers {
		at := wrapper.FindStringIndex(text)
		if at == nil {
			continue
		}
		refused = true
		if !noteObject(groups(wrapper, text[at[0]:at[1]]), e, at[0] < first) {
			continue
		}
		first, rest = at[0], text[at[1]:]
	}
	return rest, refused
}

// noteObject records the object that a wrapper names, if it is the first to name one.
func noteObject(found map[string]string, e *APIError, first bool) bool {
	object, ok := Object{Kind: found["kind"], Name: found["name"], Namespace: found["namespace"]}, true
	switch {
	case found["slashed"] != "":
		object, ok = slashed(found["slashed"])
	case found["namespaced"] != "":
		object, ok = namespaced(found["namespaced"])
		object.Kind = found["kind"]
		object.Group, object.Version = groupVersion(strings.TrimPrefix(found["gv"], "/"))
	}
	if !ok || !first || !isName(object.Name) || (object.Namespace != "" && !isNamespace(object.Namespace)) {
		return false
	}
	if object.Kind != "" && !isKind(object.Kind) {
		return false
	}
	e.Object, e.Reason = object, word(found["reason"]+found["older"])
	return true
}

package diagnose

import (
	"fmt"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// undiscovered blames the aggregated APIs that do not answer: while one is not
// available, the namespace controller does not know whether the namespace is empty. The
// APIs that the condition names as "group/version" are reported if none of them is
// known to be unavailable.
func (t *termination) undiscovered(groupVersions []string) {
	services, complete := t.list(kindIn{apiServiceKind, ""})
	for _, service := range services {
		if field.ConditionOf(service, "Available").Status == "False" {
			t.blame = addRef(t.blame, finding.RefOf(service))
		}
	}
	if len(groupVersions) == 0 {
		return
	}
	t.addReason("the API server could not list the kinds of %s, so it does not know whether the namespace is empty", listOf(groupVersions))
	var names []string
	answering := 0
	for _, groupVersion := range groupVersions {
		ref := serviceOfAPI(groupVersion)
		names = append(names, ref.Name)
		if answer := t.x.snap.Lookup(ref); answer.Presence == snapshot.Present && field.ConditionOf(answer.Object, "Available").Status == "True" {
			answering++
			t.proof = append(t.proof, quoteWithStatus(answer.Object, field.ConditionOf(answer.Object, "Available")))
		}
	}
	if complete && answering == len(names) {
		what := "it is"
		if len(names) > 1 {
			what = "both are"
		}
		if len(names) > 2 {
			what = "all are"
		}
		t.addReason("%s available now, and Kubernetes retries", what)
		return
	}
	what := fmt.Sprintf("Check whether APIService %s is available, and which Service serves it", names[0])
	if len(names) > 1 {
		what = fmt.Sprintf("Check whether APIServices %s are available, and which Service serves them", listOf(names))
	}
	t.fix(finding.Fix{Text: what, Command: "kubectl get apiservices " + string(escape.ShellWords(names)) + " -o wide"})
	t.fix(finding.Fix{Text: "Restore the server of the one that is not available; the deletion then continues", Command: "kubectl describe apiservices " + string(escape.ShellWords(names))})
}

// serviceOfAPI is the APIService of a group version.
func serviceOfAPI(groupVersion string) finding.Ref {
	group, version, _ := strings.Cut(groupVersion, "/")
	return finding.Ref{APIVersion: apiServiceKind.Group + "/v1", Kind: apiServiceKind.Kind, Name: version + "." + group}
}

// listOf is "a", "a and b" or "a, b and c".
func listOf(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

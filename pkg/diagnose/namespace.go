package diagnose

import (
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

func init() { register(explainNamespace, health.NamespaceKind) }

// stuckConditions say what keeps a namespace from going (kubernetes v1.36,
// pkg/controller/namespace/deletion/status_condition_utils.go).
var stuckConditions = []string{
	"NamespaceDeletionDiscoveryFailure", "NamespaceDeletionGroupVersionParsingFailure", "NamespaceDeletionContentFailure",
	"NamespaceContentRemaining", "NamespaceFinalizersRemaining",
}

// explainNamespace tells why a namespace that is being deleted does not go:
// nothing can be made in it meanwhile.
func explainNamespace(x *examiner, obj *unstructured.Unstructured, failing bool) exam {
	ref := finding.RefOf(obj)
	e := exam{verdict: health.Verdict{Ref: ref, Status: health.Ready, Since: obj.GetCreationTimestamp().Time}}
	at := obj.GetDeletionTimestamp()
	if at == nil {
		return e
	}
	e.verdict.Status, e.verdict.Reason, e.verdict.Message, e.verdict.Since = health.Progressing, "Terminating", "it is being deleted", at.Time
	if !failing && x.now.Sub(at.Time) < lingering {
		return e
	}
	f := finding.Finding{
		Code: codeNamespaceStuck, Ref: ref, Reason: "Terminating", Severity: finding.Critical, Since: at.Time,
		Message:  fmt.Sprintf("%s is being deleted, and nothing can be made in it", ref),
		Evidence: []finding.Evidence{evidence(obj, "metadata.deletionTimestamp", at.UTC().Format(time.RFC3339), at.Time)},
		Fixes: []finding.Fix{{Text: "See what is left in it",
			Command: "kubectl get namespace " + ref.Name + " -o jsonpath='{.status.conditions}'"}},
	}
	var why []string
	for _, kind := range stuckConditions {
		c := conditionOf(obj, kind)
		if c.status != "True" {
			continue
		}
		why = append(why, firstLine(c.message))
		f.Reason = c.reason
		f.Evidence = append(f.Evidence, evidence(obj, c.field(), c.reason+": "+c.message, c.since))
	}
	if len(why) > 0 {
		f.Message += ": " + strings.Join(why, "; ")
	}
	if conditionOf(obj, stuckConditions[0]).status == "True" {
		e.blame = x.downAPIs()
	}
	e.fail(f)
	return e
}

// downAPIs are the aggregated APIs that don't answer: while one is down, nobody
// knows whether the namespace is empty.
func (x *examiner) downAPIs() []finding.Ref {
	var down []finding.Ref
	listing := x.snap.List(apiServiceKind, "")
	for _, service := range listing.Objects {
		if conditionOf(service, "Available").status == "False" {
			down = append(down, finding.RefOf(service))
		}
	}
	return down
}

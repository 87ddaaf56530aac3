package diagnose

import (
	"fmt"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
)

// schedulingGated is the reason of a pod's PodScheduled condition while its spec
// has scheduling gates (k8s.io/api v0.36, core/v1, PodReasonSchedulingGated).
const schedulingGated = "SchedulingGated"

// gated is a pod that the scheduler does not look at before the controllers that
// set its gates have removed them. However long that takes, it is no failure of
// the pod. Gates are set when a pod is created, and the condition has no time.
func (s podView) gated(scheduled field.Condition) trouble {
	since := scheduled.Since
	if since.IsZero() {
		since = s.pod.GetCreationTimestamp().Time
	}
	t := trouble{code: codeUnschedulable, reason: schedulingGated, since: since, soft: true}
	var gates []string
	queued := false
	for _, gate := range field.List(s.pod.Object, "spec", "schedulingGates") {
		name := field.Text(gate, "name")
		gates = append(gates, name)
		queued = queued || strings.HasPrefix(name, "kueue.x-k8s.io/")
		t.evidence = append(t.evidence, quoteFields(s.pod, "spec.schedulingGates["+name+"].name")...)
	}
	t.message = fmt.Sprintf("%s %s not scheduled while %s the scheduling gates %s", s.pods(), s.verb("are", "is"), s.verb("they have", "it has"), strings.Join(gates, ", "))
	if len(gates) == 0 {
		t.message = fmt.Sprintf("%s %s not scheduled: %s scheduling gates", s.pods(), s.verb("are", "is"), s.verb("they have", "it has"))
	}
	if scheduled.Status != "" {
		t.evidence = append(t.evidence, proofOf(s.pod, scheduled))
	}
	if queued {
		t.fixes = append(t.fixes, finding.Fix{Text: "Check the Kueue Workload that the pod belongs to: whether its queue has quota left",
			Command: "kubectl get workloads.kueue.x-k8s.io -n " + escape.ShellWord(s.pod.GetNamespace())})
	}
	t.fixes = append(t.fixes, finding.Fix{Text: "Check what the controller that set each gate waits for: it removes the gate when the pod may be scheduled", Command: s.describe()})
	return t
}

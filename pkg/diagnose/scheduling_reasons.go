package diagnose

import (
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/fluxmsg"
)

// reasons are the reasons in a message of the scheduler (kubernetes v1.36,
// pkg/scheduler/framework/plugins).
type reasons struct {
	claims           bool
	selector, volume string
	cordoned         bool
	// short are the resources that are lacking, notReady the taints of nodes that are not
	// ready, taints all others.
	short, notReady, taints []string
}

func reasonsOf(said fluxmsg.Scheduling) reasons {
	var r reasons
	for _, reason := range said.Reasons {
		words := reason.Text
		switch {
		case strings.Contains(words, "unbound immediate PersistentVolumeClaims"),
			strings.Contains(strings.ToLower(words), "persistentvolumeclaim"),
			strings.Contains(words, "available persistent volumes to bind"),
			strings.Contains(words, "waiting for ephemeral volume controller"):
			r.claims = true
		case reason.Resource != "":
			r.short = append(r.short, reason.Resource)
		case strings.Contains(words, "Too many pods"):
			r.short = append(r.short, "pods")
		case strings.HasPrefix(reason.Taint, "node.kubernetes.io/unschedulable"), strings.Contains(words, "were unschedulable"):
			r.cordoned = true
		case strings.HasPrefix(reason.Taint, "node.kubernetes.io/"):
			r.notReady = append(r.notReady, reason.Taint)
		case reason.Taint != "":
			r.taints = append(r.taints, reason.Taint)
		case strings.Contains(words, "volume node affinity conflict"), strings.Contains(words, "available volume zone"):
			r.volume = words
		case strings.Contains(words, "node affinity/selector"), strings.Contains(words, "node selector"):
			r.selector = words
		}
	}
	return r
}

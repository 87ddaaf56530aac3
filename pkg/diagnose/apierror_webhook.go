package diagnose

import (
	"cmp"
	"fmt"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/fluxmsg"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// webhook tells a webhook that said no from one that could not be asked. The
// object that was to be changed is not to blame for the second.
func (r apiRefusal) webhook() ([]finding.Finding, []finding.Ref) {
	hook := r.said.Webhook
	if hook.Failure == fluxmsg.WebhookDenied {
		f := r.plain(codeWebhookDenied, "Denied", "is refused by webhook "+hook.Name, "Change the object as the message asks")
		return one(f)
	}
	obj, entry := r.x.webhookNamed(hook.Name)
	if obj != nil && hook.ServiceName == "" {
		hook.ServiceName = field.Text(entry, "clientConfig", "service", "name")
	}
	if obj != nil && hook.ServiceNamespace == "" {
		hook.ServiceNamespace = field.Text(entry, "clientConfig", "service", "namespace")
	}
	target := coreRef(health.ServiceKind.Kind, hook.ServiceNamespace, hook.ServiceName)
	f := r.plain(codeWebhookUnreachable, string(hook.Failure), "", "Bring the webhook's server back")
	f.Reason, f.Ref = string(hook.Failure), target
	if obj != nil {
		f.Ref = finding.RefOf(obj)
	} else if hook.ServiceName == "" {
		f.Ref = r.obj
	}
	f.Message = fmt.Sprintf("the API server can't ask webhook %s: %s", hook.Name, cmp.Or(firstLine(r.said.Detail), firstLine(r.message)))
	var blame []finding.Ref
	answer := snapshot.Answer{}
	if hook.ServiceName != "" && hook.ServiceNamespace != "" {
		answer = r.x.snap.Lookup(target)
		f.Fixes[0].Command = fmt.Sprintf("kubectl get service,endpointslices,pods -n %s", target.Namespace)
	}
	switch {
	case answer.Presence == snapshot.Absent:
		f.Reason = "NoService"
		f.Message = fmt.Sprintf("the API server can't ask webhook %s: %s, which should answer it, does not exist", hook.Name, target)
		f.Evidence = append(f.Evidence, finding.Evidence{Ref: target, Field: "object", Value: "does not exist"})
	case obj != nil:
		blame = append(blame, finding.RefOf(obj))
	case target.Name != "" && target.Namespace != "":
		blame = append(blame, target)
	}
	if answer.Presence == snapshot.Present {
		if count, listed := (service{x: r.x, obj: answer.Object}).ready(); listed && count > 0 {
			f.Message += fmt.Sprintf("; by now %d of its endpoints are ready", count)
		}
	}
	return []finding.Finding{f}, blame
}

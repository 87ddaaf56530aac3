package faults

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/itchyny/gojq"
	apiwait "k8s.io/apimachinery/pkg/util/wait"

	"github.com/digihunch/kubectl-orthweb/lab/cluster"
)

// Sign is an observable state of objects in the cluster.
type Sign struct {
	cluster.Objects
	// JQ is a filter over the list of these objects that is true once the sign is
	// visible. $commit is the tree's commit; cond("Ready") is an object's condition.
	JQ string `json:"jq"`
}

// words are the functions that a sign's filter can use.
const words = `def cond($t): ([.status.conditions[]? | select(.type == $t)] | first) // {};
def attempted: (.status.lastAttemptedRevision // "") | endswith($commit);
def applied: (.status.lastAppliedRevision // "") | endswith($commit);
`

// Wait waits until all faults are visible.
func Wait(ctx context.Context, lab Lab, list []Fault) error {
	for _, f := range list {
		for _, sign := range f.signs() {
			if err := wait(ctx, lab, sign); err != nil {
				return fmt.Errorf("waiting until fault %s is visible: %s %s: %w", f.ID, sign.Objects, sign.JQ, err)
			}
		}
	}
	return nil
}

// signs are the fault's own signs, then those of the layers, which alternate between
// failing and retrying.
func (f Fault) signs() []Sign {
	out := f.Shows
	for name, reason := range f.Layers {
		jq := `all(.[]; cond("Ready") | .status == "False")`
		switch reason {
		case "Ready":
			jq = `all(.[]; cond("Ready").status == "True" and applied)`
		default:
			jq = fmt.Sprintf(`length > 0 and all(.[]; cond("Ready").status == "False" and cond("Ready").reason == %q and
				cond("Ready").observedGeneration == .metadata.generation and (attempted or cond("Ready").reason != "HealthCheckFailed"))`, reason)
		}
		out = append(out, Sign{JQ: jq, Objects: cluster.Objects{
			APIVersion: "kustomize.toolkit.fluxcd.io/v1", Kind: "Kustomization", Namespace: cluster.FluxNamespace, Name: name,
		}})
	}
	return out
}

// healthy are the signs of a lab without faults in addition to its layers: Flux reports a layer
// as Ready without checking all objects that it installed.
var healthy = []Sign{
	{Objects: cluster.Objects{APIVersion: "helm.toolkit.fluxcd.io/v2", Kind: "HelmRelease"}, JQ: `all(.[]; cond("Ready").status == "True")`},
	{Objects: cluster.Objects{APIVersion: "source.toolkit.fluxcd.io/v1", Kind: "HelmRepository"}, JQ: `all(.[]; cond("Ready").status == "True")`},
	{Objects: cluster.Objects{APIVersion: "cert-manager.io/v1", Kind: "Certificate"}, JQ: `all(.[]; cond("Ready").status == "True" and cond("Issuing").status != "True")`},
	{Objects: cluster.Objects{APIVersion: "apps/v1", Kind: "Deployment"}, JQ: `all(.[]; .status.updatedReplicas == .spec.replicas and .status.availableReplicas == .spec.replicas and .status.replicas == .spec.replicas)`},
	{Objects: cluster.Objects{APIVersion: "apps/v1", Kind: "StatefulSet"}, JQ: `all(.[]; .status.readyReplicas == .spec.replicas)`},
	{Objects: cluster.Objects{APIVersion: "v1", Kind: "Pod"}, JQ: `all(.[]; .metadata.deletionTimestamp == null and cond("Ready").status == "True")`},
}

// WaitHealthy waits until all parts of a lab without faults are healthy.
func WaitHealthy(ctx context.Context, lab Lab) error {
	for _, sign := range healthy {
		if err := wait(ctx, lab, sign); err != nil {
			return fmt.Errorf("waiting until every %s is healthy: %w", sign.Kind, err)
		}
	}
	return nil
}

func wait(ctx context.Context, lab Lab, s Sign) error {
	code, err := s.compile()
	if err != nil {
		return err
	}
	var last error
	if apiwait.PollUntilContextCancel(ctx, 500*time.Millisecond, true, func(ctx context.Context) (seen bool, _ error) {
		seen, last = s.seen(ctx, lab, code)
		return seen, nil
	}) == nil {
		return nil
	}
	return cmp.Or(last, context.Cause(ctx))
}

func (s Sign) compile() (*gojq.Code, error) {
	query, err := gojq.Parse(words + s.JQ)
	if err != nil {
		return nil, fmt.Errorf("%s isn't jq: %w", s.JQ, err)
	}
	return gojq.Compile(query, gojq.WithVariables([]string{"$commit"}))
}

func (s Sign) seen(ctx context.Context, lab Lab, code *gojq.Code) (bool, error) {
	commit, err := lab.Commit()
	if err != nil {
		return false, err
	}
	list, err := lab.Objects().Find(ctx, s.Objects)
	if err != nil {
		return false, err
	}
	items := []any{}
	for _, o := range list {
		items = append(items, plain(o.Object))
	}
	switch v, _ := code.Run(items, commit).Next(); v := v.(type) {
	case bool:
		return v, nil
	case error:
		return false, v
	}
	return false, nil
}

// plain converts a value to the types that gojq supports: int, not int64.
func plain(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for key, value := range v {
			out[key] = plain(value)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, value := range v {
			out[i] = plain(value)
		}
		return out
	case int64:
		return int(v)
	}
	return v
}

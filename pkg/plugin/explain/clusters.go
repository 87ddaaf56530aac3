package explain

import (
	"cmp"
	"context"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/digihunch/kubectl-orthweb/pkg/api/v1alpha1"
	"github.com/digihunch/kubectl-orthweb/pkg/clusters"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/explain"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/fleet"
	"github.com/digihunch/kubectl-orthweb/pkg/render"
	"github.com/digihunch/kubectl-orthweb/pkg/render/versioned"
)

// explained is the explanation of one of several clusters.
type explained struct {
	explanation diagnose.Explanation
	tenants     int
}

// runClusters explains what the user named in each of several clusters. Files of a repository are not
// searched: it is that of one cluster.
func (o *options) runClusters(ctx context.Context) error {
	results, err := fleet.Each[explained](ctx, o.call, &o.fleet, func(ctx context.Context, c fleet.Cluster) (any, error) { return o.explainCluster(ctx, c) })
	if err != nil {
		return err
	}
	if err := o.printClusters(results); err != nil {
		return err
	}
	var all diagnose.Explanation
	for _, r := range results {
		all.Subjects = append(all.Subjects, r.Value.explanation.Subjects...)
	}
	return fleet.Finish(o.call, o.args, results, answerOf(all))
}

// explainCluster explains what one cluster has of what the user named.
func (o *options) explainCluster(ctx context.Context, cluster fleet.Cluster) (explained, error) {
	session, err := cluster.Call.Session(ctx, false)
	if err != nil {
		return explained{}, err
	}
	ask := func(args ...string) (explain.Answer, error) {
		_, answer, err := explain.Live(ctx, session, explain.Question{Arguments: args, Namespace: o.call.Namespace()})
		return answer, command.WhenUnreachable(ctx, err)
	}
	answer, err := ask(o.args...)
	if err != nil {
		return explained{}, err
	}
	var absent fleet.Absent
	if answer.Err != nil {
		if len(o.args) == 0 {
			return explained{}, answer.Err
		}
		answer.Explanation.Subjects = nil
	}
	for i := 0; answer.Err != nil && i < len(o.args); i++ { // each alone: the cluster may have some
		one, err := ask(o.args[i])
		switch {
		case err != nil:
			return explained{}, err
		case one.Err == nil:
			answer.Explanation.Subjects = append(answer.Explanation.Subjects, one.Explanation.Subjects...)
			continue
		}
		if err := absent.Add(o.args[i], one.Err); err != nil {
			return explained{}, err
		}
	}
	return explained{explain.InContext(answer.Explanation, cluster.Name), answer.Tenants}, absent.Err()
}

// printClusters prints the explanation of each cluster that has what the user named.
func (o *options) printClusters(results []clusters.Result[explained]) error {
	out, style := o.call.Streams.Out, o.output.Style(o.call.Streams.Out)
	if o.output.Format == command.JSON || o.output.Format == command.YAML {
		objects, err := clusters.Convert(results, func(e explained) (runtime.Object, error) { return versioned.ExplanationList(e.explanation) })
		if err != nil {
			return err
		}
		object, err := versioned.OfClusters(v1alpha1.ExplanationListKind, objects, o.args)
		return o.output.Print(out, object, err)
	}
	for i, r := range clusters.Answered(results, o.args) {
		if o.output.Format == command.Markdown {
			if err := cmp.Or(render.MarkdownCluster(out, r.Cluster), render.Markdown(out, r.Value.explanation)); err != nil {
				return err
			}
			continue
		}
		if i > 0 {
			escape.Fprintln(out)
		}
		if err := cmp.Or(render.Cluster(out, r.Cluster, style), o.printText(r.Value.explanation, r.Value.tenants)); err != nil {
			return err
		}
	}
	return nil
}

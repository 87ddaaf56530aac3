package mcp

import (
	"context"
	"fmt"
	"io"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/collect"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/queries"
	"github.com/digihunch/kubectl-orthweb/pkg/mcp"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
	"github.com/digihunch/kubectl-orthweb/pkg/render/versioned"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// snapshot is the tool of that name: what 'snapshot save' would record, or the part that was
// selected.
func (o *options) snapshot(ctx context.Context, s mcp.Selection, i mcp.Invocation) int {
	out, errs := command.NewStream(i.Out), command.NewStream(i.Err)
	code := command.Code(o.readSnapshot(ctx, s, i, out), o.call.Name, errs)
	for _, stream := range []*command.Stream{out, errs} {
		_ = stream.Finish() // the writers are in memory
	}
	return code
}

func (o *options) readSnapshot(ctx context.Context, s mcp.Selection, i mcp.Invocation, out io.Writer) error {
	required, err := selected(queries.Snapshot(diagnose.Kinds()), s)
	if err != nil {
		return err
	}
	snap, err := o.call.Read(ctx, o.origin, required)
	if err != nil {
		return err
	}
	var kinds []schema.GroupKind
	for _, query := range required {
		kinds = append(kinds, query.GroupKind)
	}
	object, err := versioned.Snapshot(snap, versioned.Selection{Kinds: kinds, Namespace: s.Namespace, Name: s.Name, Objects: s.Kind != ""})
	if err != nil {
		return err
	}
	i.Result(object)
	if s.Kind != "" {
		return command.NewFormats(command.YAML).Print(out, object, nil)
	}
	return printCounts(out, snap)
}

// selected are the queries for the kind that the client named, in its namespace.
func selected(all []collect.Query, s mcp.Selection) ([]collect.Query, error) {
	if s.Kind == "" {
		if s.Name != "" {
			return nil, advice.Add(fmt.Errorf("name requires kind"), "Specify the kind of the object.")
		}
		return all, nil
	}
	var some []collect.Query
	for _, query := range all {
		kind := strings.ToLower(query.GroupKind.Kind)
		if wanted := strings.ToLower(s.Kind); wanted == kind || wanted == kind+"."+query.GroupKind.Group {
			if s.Namespace != "" {
				query.Namespaces = []string{s.Namespace}
			}
			some = append(some, query)
		}
	}
	if len(some) == 0 {
		return nil, advice.Add(fmt.Errorf("a snapshot has no kind %q", s.Kind), "Call snapshot without kind to list the kinds.")
	}
	return some, nil
}

// printCounts prints how many objects of each kind were read.
func printCounts(w io.Writer, snap *snapshot.Snapshot) error {
	for _, r := range snap.Requests() {
		what := escape.Sprintf("%s", r.GroupKind().String())
		if r.Namespace != "" {
			what += escape.Sprintf(" in %s", r.Namespace)
		}
		text := finding.Count(len(snap.List(r.GroupKind(), r.Namespace).Objects), "object")
		if r.Failure != nil {
			text = "could not be read: " + r.Failure.String()
		}
		if _, err := escape.Fprintf(w, "%s: %s\n", what, text); err != nil {
			return err
		}
	}
	return nil
}


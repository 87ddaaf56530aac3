package mcp

import (
	"context"
	"fmt"
	"io"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/api/v1alpha1"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/collect"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/queries"
	"github.com/digihunch/kubectl-orthweb/pkg/mcp"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
	"github.com/digihunch/kubectl-orthweb/pkg/render/versioned"
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
	return printCounts(out, object)
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
func printCounts(w io.Writer, object runtime.Object) error {
	var counted v1alpha1.Snapshot
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.(*unstructured.Unstructured).Object, &counted); err != nil {
		return err
	}
	for _, list := range counted.Kinds {
		kind := schema.GroupKind{Group: list.Group, Kind: list.Kind}
		place := ""
		if list.Namespace != "" {
			place = " in " + list.Namespace
		}
		if _, err := escape.Fprintf(w, "%s%s: %s\n", kind.String(), place, finding.Count(int(list.Objects), "object")); err != nil {
			return err
		}
	}
	for _, failure := range counted.Unknown {
		if _, err := escape.Fprintf(w, "Could not be read: %s\n", failure.String()); err != nil {
			return err
		}
	}
	return nil
}

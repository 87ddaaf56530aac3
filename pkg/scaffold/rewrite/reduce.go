package rewrite

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/cluster"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/edit"
)

// errNotReduced is the reason of a Kustomization that can't be changed.
var errNotReduced = errors.New("its spec can't be changed automatically")

// ReduceLayer changes the file of a Kustomization so that it does not apply some objects, and
// does not wait for some health checks: spec.patches deletes the objects from what it builds,
// and everything else is built as before. Flux then prunes them.
func ReduceLayer(file string, text []byte, layer object.Ref, deleted []*cluster.Object, checks []int) ([]byte, error) {
	d, err := documentOf(file, text, layer)
	if err != nil {
		return nil, err
	}
	changes := removals(d, "spec.healthChecks", checks, len(object.List(d.Object, "spec", "healthChecks")))
	if text, err = edit.Apply(file, text, changes); err != nil {
		return nil, err
	}
	if d, err = documentOf(file, text, layer); err != nil || len(deleted) == 0 {
		return text, err
	}
	result, err := addPatches(text, d, deleted)
	if err != nil {
		return nil, fmt.Errorf("change %s: %w", file, err)
	}
	return result, checkPatches(file, result, layer, d, deleted)
}

// removals are the changes that remove entries of a list, or the list if no entry is left.
func removals(d *tree.Document, field string, entries []int, all int) []edit.Change {
	if len(entries) == all && all > 0 {
		at, _, _ := d.Find(field)
		return []edit.Change{{At: at, Op: edit.Remove}}
	}
	var changes []edit.Change
	for _, i := range slices.Backward(entries) {
		at, _, _ := d.Find(fmt.Sprintf("%s[%d]", field, i))
		changes = append(changes, edit.Change{At: at, Op: edit.Remove})
	}
	return changes
}

// scaled are the kinds whose replicas a kustomization can set.
var scaled = map[string]bool{"Deployment": true, "StatefulSet": true, "ReplicaSet": true, "ReplicationController": true}

// RemoveReplicas removes the entries of replicas in a kustomization file that name deleted
// objects: kustomize rejects an entry without an object.
func RemoveReplicas(file string, text []byte, deleted []*cluster.Object) ([]byte, error) {
	documents, err := tree.Parse(file, text)
	if err != nil || len(documents) == 0 {
		return text, err
	}
	var stale []int
	entries := object.List(documents[0].Object, "replicas")
	for i, entry := range entries {
		if slices.ContainsFunc(deleted, func(o *cluster.Object) bool { return scaled[o.GetKind()] && o.GetName() == object.Text(entry, "name") }) {
			stale = append(stale, i)
		}
	}
	return edit.Apply(file, text, removals(documents[0], "replicas", stale, len(entries)))
}

// documentOf is the document of a layer.
func documentOf(file string, text []byte, layer object.Ref) (*tree.Document, error) {
	documents, err := tree.Parse(file, text)
	if err != nil {
		return nil, err
	}
	for _, d := range documents {
		if object.Text(d.Object, "kind") == layer.Kind && object.Text(d.Object, "metadata", "name") == layer.Name {
			return d, nil
		}
	}
	return nil, fmt.Errorf("change %s: %w: %s was not found", file, errNotReduced, layer)
}

// addPatches adds a patch for each object to spec.patches, at its end.
func addPatches(text []byte, d *tree.Document, deleted []*cluster.Object) ([]byte, error) {
	spec, _, ok := tree.Find(d.Node, "spec")
	if !ok || spec.Kind != yaml.MappingNode || spec.Style&yaml.FlowStyle != 0 || len(spec.Content) == 0 {
		return nil, errNotReduced
	}
	indent := strings.Repeat(" ", spec.Content[0].Column-1)
	var added strings.Builder
	after := tree.LastLine(spec)
	patches, _, exists := tree.Find(d.Node, "spec.patches")
	switch {
	case exists && (patches.Kind != yaml.SequenceNode || patches.Style&yaml.FlowStyle != 0 || len(patches.Content) == 0):
		return nil, errNotReduced
	case exists:
		indent = strings.Repeat(" ", patches.Content[0].Column-3)
		after = tree.LastLine(patches)
	default:
		added.WriteString(indent + "patches:\n")
	}
	for _, o := range deleted {
		added.WriteString(patchFor(o, indent))
	}
	lines := bytes.SplitAfter(text, []byte("\n"))
	if after > len(lines) {
		return nil, errNotReduced
	}
	ending := "\n"
	if bytes.HasSuffix(lines[after-1], []byte("\r\n")) {
		ending = "\r\n"
	}
	if !bytes.HasSuffix(lines[after-1], []byte("\n")) {
		lines[after-1] = append(slices.Clone(lines[after-1]), ending...)
	}
	insert := []byte(strings.ReplaceAll(added.String(), "\n", ending))
	return bytes.Join(slices.Insert(lines, after, insert), nil), nil
}

// patchFor is a patch that deletes an object (sigs.k8s.io/kustomize, the directive $patch:
// delete), as an entry of spec.patches.
func patchFor(o *cluster.Object, indent string) string {
	gk := o.Ref().GroupKind()
	var b strings.Builder
	fmt.Fprintf(&b, "%s- target:\n", indent)
	if gk.Group != "" {
		fmt.Fprintf(&b, "%s    group: %s\n", indent, gk.Group)
	}
	fmt.Fprintf(&b, "%s    kind: %s\n%s    name: %s\n", indent, gk.Kind, indent, plainOrQuoted(patchName(o)))
	fmt.Fprintf(&b, "%s  patch: |\n", indent)
	for _, line := range []string{"$patch: delete", "apiVersion: " + o.GetAPIVersion(), "kind: " + gk.Kind, "metadata:", "  name: all"} {
		fmt.Fprintf(&b, "%s    %s\n", indent, line)
	}
	return b.String()
}

// hashed is a name to which kustomize appended a hash of the content, after all patches.
var hashed = regexp.MustCompile(`^(.+)-[2456789bcdfghkmt]{10}$`)

// patchName is the name of an object when patches are applied, as a regular expression.
func patchName(o *cluster.Object) string {
	name := o.GetName()
	if parts := hashed.FindStringSubmatch(name); parts != nil && o.Document() == nil {
		name = parts[1]
	}
	return regexp.QuoteMeta(name)
}

// plainOrQuoted is a text as YAML.
func plainOrQuoted(text string) string {
	if strings.ContainsAny(text, `\"'#:{}[],&*!|>%@ `) {
		return strconv.Quote(text)
	}
	return text
}

// checkPatches checks that only spec.patches changed.
func checkPatches(file string, text []byte, layer object.Ref, before *tree.Document, deleted []*cluster.Object) error {
	after, err := documentOf(file, text, layer)
	if err != nil {
		return err
	}
	patches, _ := object.Map(after.Object, "spec")["patches"].([]any)
	old, _ := object.Map(before.Object, "spec")["patches"].([]any)
	if len(patches) != len(old)+len(deleted) || !reflect.DeepEqual(append([]any{}, patches[:len(old)]...), append([]any{}, old...)) {
		return fmt.Errorf("change %s: %w", file, errNotReduced)
	}
	spec := object.Map(after.Object, "spec")
	if delete(spec, "patches"); len(old) > 0 {
		spec["patches"] = old
	}
	if !reflect.DeepEqual(after.Object, before.Object) {
		return fmt.Errorf("change %s: %w", file, errNotReduced)
	}
	return nil
}

package api

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/flux/release"
	"github.com/digihunch/kubectl-orthweb/pkg/lint/rule"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/schema/lifecycle"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/cluster"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/edit"
)

var removedAPI = &rule.Rule{
	Code: "OW8102", Name: "removed-api", Severity: finding.Critical,
	Title: "An API version is no longer served",
	Cluster: func(c *rule.Context) {
		flux, known := fluxOf(c)
		for _, o := range objects(c) {
			for _, u := range uses(o) {
				if served, ok := release.Served(flux, u.kind.Group, u.kind.Kind); ok && !slices.Contains(served, u.kind.Version) {
					reportFlux(c, u, servedUntil(u.kind, flux, known)+consequence(u, "can't be applied", "fails"))
				}
				if gone, ok, err := lifecycle.Removed(u.kind, kubernetesOf(c)); err == nil && ok {
					reportKubernetes(c, u, gone, fmt.Sprintf("Kubernetes %s and later do not serve", gone.Removed))
				}
			}
		}
	},
}

var deprecatedAPI = &rule.Rule{
	Code: "OW8901", Name: "deprecated-api", Severity: finding.Warning,
	Title: "An API version is not served after the next upgrade",
	Cluster: func(c *rule.Context) {
		flux, _ := fluxOf(c)
		for _, o := range objects(c) {
			for _, u := range uses(o) {
				last := release.LastServedBy(u.kind.Group, u.kind.Kind, u.kind.Version)
				if served, ok := release.Served(flux, u.kind.Group, u.kind.Kind); ok && last != "" && slices.Contains(served, u.kind.Version) {
					reportFlux(c, u, lastServed(u.kind, last)+consequence(u, "can't be applied after that upgrade", "fails after that upgrade"))
				}
				if old, ok, err := lifecycle.Deprecated(u.kind, kubernetesOf(c)); err == nil && ok {
					when := fmt.Sprintf("since Kubernetes %s, it is deprecated to use", old.Deprecated)
					if old.Removed != "" {
						when = fmt.Sprintf("Kubernetes %s and later do not serve", old.Removed)
					}
					reportKubernetes(c, u, old, when)
				}
			}
		}
	},
}

// servedUntil describes which versions of Flux do not serve an API version.
func servedUntil(kind schema.GroupVersionKind, flux string, known bool) string {
	last := release.LastServedBy(kind.Group, kind.Kind, kind.Version)
	switch {
	case last != "":
		return lastServed(kind, last)
	case known:
		return fmt.Sprintf("Flux %s does not serve %s %s", strings.TrimPrefix(flux, "v"), kind.Kind, kind.GroupVersion())
	}
	return fmt.Sprintf("no version of Flux serves %s %s", kind.Kind, kind.GroupVersion())
}

func lastServed(kind schema.GroupVersionKind, last string) string {
	return fmt.Sprintf("Flux %s no longer serves %s %s", after(last), kind.Kind, kind.GroupVersion())
}

// after is the minor version of Flux that follows another, such as "2.8" after "v2.7".
func after(minor string) string {
	text := strings.TrimPrefix(minor, "v2.")
	n, err := strconv.Atoi(text)
	if err != nil {
		return "after " + minor
	}
	return "2." + strconv.Itoa(n+1)
}

// consequence is what happens to the object, or to the health check that names the version.
func consequence(u use, object, check string) string {
	if u.field == "apiVersion" {
		return ", so the object " + object
	}
	return ", so the health check " + check
}

// reportFlux reports an API version of Flux, and changes it if no field has to be changed.
func reportFlux(c *rule.Context, u use, message string) {
	migration, ok := release.Replacement(u.kind.Group, u.kind.Kind, u.kind.Version)
	if !ok {
		fix := finding.Fix{Text: "Use a version that Flux serves", File: u.o.File()}
		if slices.ContainsFunc(release.Minors(), func(minor string) bool {
			served, _ := release.Served(minor, u.kind.Group, u.kind.Kind)
			return slices.Contains(served, u.kind.Version)
		}) {
			fix = finding.Fix{Text: "Upgrade Flux first"}
		}
		c.Report(u.o, u.field, message, fix)
		return
	}
	newest := u.kind.Group + "/" + migration.Version
	fix := finding.Fix{Text: "Change apiVersion to " + newest, File: u.o.File()}
	var removed []string
	if u.field == "apiVersion" {
		removed = removedFields(u.o, migration)
	}
	if len(removed) > 0 {
		fix.Text += ", and replace " + strings.Join(removed, ", ")
		c.Report(u.o, u.field, message, fix)
		return
	}
	at, sure := u.o.Locate(u.field)
	if !sure {
		c.Report(u.o, u.field, message, fix)
		return
	}
	c.ReportChange(u.o, u.field, message, fix, edit.Change{At: at, Op: edit.Set, Value: newest})
}

// removedFields are the fields of an object that the newest version of its kind does not have.
func removedFields(o *cluster.Object, m release.Migration) []string {
	var fields []string
	for _, removed := range m.Removed {
		if !hasField(o.Unstructured.Object, strings.Split(removed.Path, ".")) {
			continue
		}
		if removed.Replacement == "" {
			fields = append(fields, removed.Path+" (has no effect)")
		} else {
			fields = append(fields, removed.Path+" by "+removed.Replacement)
		}
	}
	return fields
}

// hasField reports whether an object has a field; "[]" after a name stands for each entry.
func hasField(value any, path []string) bool {
	if len(path) == 0 {
		return true
	}
	fields, ok := value.(map[string]any)
	if !ok {
		return false
	}
	name, each := strings.CutSuffix(path[0], "[]")
	below, exists := fields[name]
	if !each {
		return exists && hasField(below, path[1:])
	}
	entries, _ := below.([]any)
	return slices.ContainsFunc(entries, func(entry any) bool { return hasField(entry, path[1:]) })
}

// reportKubernetes reports an API version of Kubernetes.
func reportKubernetes(c *rule.Context, u use, api lifecycle.API, when string) {
	message := fmt.Sprintf("%s %s %s", when, u.kind.Kind, u.kind.GroupVersion())
	fix := finding.Fix{Text: "Remove it: no other version replaces it", File: u.o.File()}
	if api.Replacement.Kind != "" {
		fix.Text = fmt.Sprintf("Change apiVersion to %s", api.Replacement.GroupVersion())
		if api.Replacement.Kind != u.kind.Kind {
			fix.Text += " " + api.Replacement.Kind
		}
	}
	if api.Changes != "" {
		fix.Text += ". " + strings.TrimSuffix(api.Changes, ".")
	}
	at, sure := u.o.Locate(u.field)
	if api.Changes != "" || !sure || api.Replacement.Kind != u.kind.Kind {
		c.Report(u.o, u.field, message, fix)
		return
	}
	c.ReportChange(u.o, u.field, message, fix, edit.Change{At: at, Op: edit.Set, Value: api.Replacement.GroupVersion().String()})
}

func itoa(i int) string { return strconv.Itoa(i) }

// isOwn reports whether an object is one of Flux's definitions or controllers.
func isOwn(o *cluster.Object) bool {
	return rule.OfFlux(o) || o.Ref().GroupKind() == object.DefinitionKind
}

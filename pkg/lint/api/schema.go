package api

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/flux/release"
	"github.com/digihunch/kubectl-orthweb/pkg/lint/rule"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/schema"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/cluster"
)

var invalidObject = &rule.Rule{
	Code: "OW8104", Name: "invalid-object", Severity: finding.Critical,
	Title: "An object is invalid",
	Cluster: func(c *rule.Context) {
		set := schemas(c)
		for _, o := range objects(c) {
			if isOwn(o) || !judged(o) {
				continue
			}
			found := map[string]bool{}
			problems, known := set.Validate(o.Unstructured.Object)
			for _, p := range problems {
				found[p.Path] = true
				value, _ := object.Quote(o.Unstructured.Object, p.Path)
				if rule.Unknown(value) || slices.Contains(operatorKinds, value) && o.GroupVersionKind().Group == release.NotificationGroup {
					continue
				}
				origin := set.Origin(o.GroupVersionKind())
				if p.Rule == schema.UnknownField && strings.HasPrefix(origin, "Kubernetes ") && removesUnknown(o, problems) {
					reportRemoved(c, o, p, "schema of "+origin)
				} else {
					reportInvalid(c, o, p, "schema of "+origin)
				}
			}
			for _, p := range violated(o, known) {
				if !found[p.Path] {
					reportInvalid(c, o, p, "the API server rejects it")
				}
			}
		}
	},
}

// removesUnknown reports whether Flux removes the unknown fields of an object of one of Kubernetes' own
// kinds before it applies it: it decodes those of k8s.io/api, if their fields have the right types
// (fluxcd/pkg/ssa v0.76, normalize.UnstructuredList).
func removesUnknown(o *cluster.Object, problems []schema.Problem) bool {
	kind := o.Ref().GroupKind()
	if kind.Group == object.DefinitionKind.Group || kind.Group == "apiregistration.k8s.io" ||
		kind.Group == "rbac.authorization.k8s.io" && (kind.Kind == "Role" || kind.Kind == "ClusterRole") {
		return false
	}
	return o.Release == nil && o.By != nil && !slices.ContainsFunc(problems, func(p schema.Problem) bool { return p.Rule == schema.WrongType })
}

// reportRemoved reports an unknown field that Flux removes, unless it has no value.
func reportRemoved(c *rule.Context, o *cluster.Object, p schema.Problem, reason string) {
	if value, _ := object.Read(o.Unstructured.Object, p.Path); value == nil {
		return
	}
	p.Message += ", and Flux removes it"
	c.WithSeverity(finding.Warning, func() { reportInvalid(c, o, p, reason) })
}

func reportInvalid(c *rule.Context, o *cluster.Object, p schema.Problem, reason string) {
	c.ReportAt(position(o, p.Path), o, fmt.Sprintf("%s: %s (%s)", p.Path, p.Message, reason), finding.Fix{Text: "Correct the field", File: o.File()})
}

// operatorKinds are kinds that flux-operator adds to the definitions of Alerts and Receivers when
// it installs Flux (controlplaneio-fluxcd/flux-operator, docs/web/monitoring.md).
var operatorKinds = []string{"FluxInstance", "FluxReport", "ResourceSet", "ResourceSetInputProvider"}

// judged reports whether an object is complete: encrypted ones have other fields and values.
func judged(o *cluster.Object) bool {
	_, encrypted := o.Unstructured.Object["sops"]
	return !encrypted
}

// position is the place of a field, or of the innermost one on its path that exists.
func position(o *cluster.Object, path string) (at tree.Position) {
	at, _ = o.Locate(path)
	return at
}

// schemas are those of Kubernetes, of Flux, and of the definitions in the tree.
func schemas(c *rule.Context) *schema.Set {
	flux, _ := fluxOf(c)
	own := c.OfKind(object.DefinitionKind)
	if c.Flux != "" { // those of Flux in the tree are of another version
		own = slices.DeleteFunc(slices.Clone(own), rule.OfFlux)
	}
	if known, ok := fluxSchemas.Load(nearestRelease(flux)); ok && len(own) == 0 {
		return known.(*schema.Set)
	}
	set := schema.NewSet()
	for _, crd := range fluxDefinitions(flux) {
		_ = set.AddCRD(crd) // those that ship with the program are valid
	}
	for _, o := range own {
		_ = set.AddCRD(o.Unstructured) // an invalid one makes no kind known
	}
	if len(own) == 0 {
		fluxSchemas.Store(nearestRelease(flux), set)
	}
	return set
}

// fluxSchemas caches the schemas of releases of Flux: a tree can have many clusters without
// definitions of their own.
var fluxSchemas sync.Map

// definitions caches the definitions of releases of Flux, which take time to decode.
var definitions sync.Map

// fluxDefinitions are the definitions of a version of Flux, or of the nearest release that ships
// with the program.
func fluxDefinitions(flux string) []*unstructured.Unstructured {
	nearest := nearestRelease(flux)
	if known, ok := definitions.Load(nearest); ok {
		return known.([]*unstructured.Unstructured)
	}
	crds, err := release.CRDs(nearest)
	if err != nil {
		return nil
	}
	definitions.Store(nearest, crds)
	return crds
}

// nearestRelease is the release of the same minor version, or the oldest for earlier versions, or
// the newest for later ones.
func nearestRelease(flux string) string {
	releases := release.Versions() // the newest first
	wanted := "v" + strings.TrimPrefix(flux, "v")
	for _, r := range releases {
		if minorOf(r) == minorOf(wanted) {
			return r
		}
	}
	if _, known := release.Served(flux, release.KustomizeGroup, "Kustomization"); known {
		return releases[len(releases)-1]
	}
	return releases[0]
}

func minorOf(version string) string {
	parts := strings.SplitN(version, ".", 3)
	if len(parts) < 2 {
		return version
	}
	return parts[0] + "." + parts[1]
}

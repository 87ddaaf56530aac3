package samples

import (
	"github.com/digihunch/kubectl-orthweb/pkg/diff"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
)

// Diff is a report with all actions and fields.
func Diff() *diff.Report {
	ref := func(version, kind, name string) object.Ref {
		return object.Ref{APIVersion: version, Kind: kind, Namespace: "bhs-orthweb", Name: name}
	}
	layer := func(name string) object.Ref {
		return object.Ref{APIVersion: "kustomize.toolkit.fluxcd.io/v1", Kind: "Kustomization", Namespace: "flux-system", Name: name}
	}
	at := func(line int) tree.Position {
		return tree.Position{File: "gitops/application/bhs/kustomization.yaml", Line: line, Column: 3}
	}
	return &diff.Report{
		Entry: "gitops/fluxcd", Releases: 1,
		Layers: []diff.Layer{
			{Ref: layer("infrastructure"), Path: "gitops/infrastructure", State: diff.Both, Unchanged: 12},
			{Ref: layer("remote"), Path: "apps", State: diff.Both, Omitted: "its files are in OCIRepository flux-system/apps"},
			{Ref: layer("bhs-dependency"), Path: "gitops/dependency/bhs", Tenant: "bhs", State: diff.Both, Problem: "it could not be built: gitops/dependency/bhs/kustomization.yaml:3:3: the file issuer.yaml does not exist"},
			{
				Ref: layer("bhs-application"), Path: "gitops/application/bhs", Tenant: "bhs", State: diff.New, Suspended: true, Unchanged: 3, Ignored: 1,
				Changes: []diff.Change{
					{Ref: ref("apps/v1", "Deployment", "worker"), Action: diff.Immutable, At: at(1), Message: "spec.selector: field is immutable", Fields: []diff.Field{{Path: "spec.selector", Old: `{"matchLabels":{"app":"a"}}`, New: `{"matchLabels":{"app":"b"}}`, At: at(9)}}},
					{Ref: ref("v1", "ConfigMap", "denied"), Action: diff.Rejected, At: at(2), Message: "webhook validate.example.com: no <owner> label"},
					{Ref: ref("v1", "Secret", "login"), Action: diff.Unknown, At: at(3), Message: `forbidden: cannot get secrets in namespace "bhs-orthweb"`},
					{Ref: ref("v1", "Service", "orthweb"), Action: diff.Recreated, At: at(4), Message: "spec.clusterIP: field is immutable", Warnings: []string{"Flux deletes it, then creates it again"}, Fields: []diff.Field{{Path: "spec.clusterIP", Old: "10.0.0.1"}}},
					{Ref: ref("v1", "PersistentVolumeClaim", "images"), Action: diff.Pruned, Message: "layer bhs-application no longer has it", Warnings: []string{"the data is deleted, unless the volume's reclaim policy is Retain"}, Diff: "--- cluster/persistentvolumeclaim/bhs-orthweb/images\n+++ repository/persistentvolumeclaim/bhs-orthweb/images\n@@ -1,1 +0,0 @@\n-apiVersion: v1\n"},
					{Ref: ref("v1", "ConfigMap", "kept"), Action: diff.Kept, Message: "it has kustomize.toolkit.fluxcd.io/prune: disabled"},
					{Ref: ref("v1", "ConfigMap", "shared"), Action: diff.Moved, To: layer("infrastructure")},
					{Ref: ref("v1", "ConfigMap", "new"), Action: diff.Added, At: at(5), Diff: "--- cluster/configmap/bhs-orthweb/new\n+++ repository/configmap/bhs-orthweb/new\n@@ -0,0 +1,1 @@\n+data: \"```\x1b[31m\"\n"},
					{Ref: ref("helm.toolkit.fluxcd.io/v2", "HelmRelease", "postgres-ha"), Action: diff.Changed, At: at(6), Fields: []diff.Field{{Path: "spec.chart.spec.version", Old: "1", New: "2", At: at(7)}, {Path: "spec.interval", Old: "1m", New: "2m", At: at(8)}}, Diff: "--- a\n+++ b\n@@ -1,2 +1,2 @@\n spec:\n-  interval: 1m\n+  interval: 2m\n"},
					{Ref: ref("v1", "Secret", "sealed"), Action: diff.Encrypted, At: at(7), Message: "it is encrypted with SOPS"},
				},
			},
			{Ref: layer("gone"), Path: "gitops/gone", State: diff.Removed},
		},
	}
}

package samples

import (
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/lint"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
)

// LintReport is a report with findings of all severities, one for a whole file, one that is
// ignored, and hostile text.
func LintReport() *lint.Report {
	layer := object.Ref{APIVersion: "kustomize.toolkit.fluxcd.io/v1", Kind: "Kustomization", Namespace: "flux-system", Name: "bhs-application"}
	deployment := object.Ref{APIVersion: "apps/v1", Kind: "Deployment", Namespace: "bhs-orthweb", Name: "orthanc"}
	add := func(code finding.Code, rule string, severity finding.Severity, at tree.Position, ref object.Ref, message, fix string) lint.Finding {
		f := lint.Finding{Rule: rule, At: at}
		f.Code, f.Severity, f.Ref, f.Message = code, severity, ref, message
		f.Fixes = []finding.Fix{{Text: fix, File: at.File}}
		return f
	}
	image := add("OW4103", "image-name", finding.Critical, tree.Position{File: "gitops/application/bhs/kustomization.yaml", Line: 13, Column: 11},
		deployment, "the digest of the image lacks the prefix sha256:, so no pod can start", "Write digest: sha256:13914140549d")
	image.Layer = layer
	api := add("OW8901", "deprecated-api", finding.Warning, tree.Position{File: "gitops/dependency/base/postgres/release.yaml", Line: 1, Column: 13},
		object.Ref{APIVersion: "helm.toolkit.fluxcd.io/v2beta2", Kind: "HelmRelease", Namespace: "bhs-orthweb", Name: "postgres-ha"},
		"Flux 2.7 is the last version that serves helm.toolkit.fluxcd.io/v2beta2 of HelmRelease, so the object can't be applied after an upgrade", "Change it to helm.toolkit.fluxcd.io/v2")
	api.Others = []object.Ref{{APIVersion: "helm.toolkit.fluxcd.io/v2beta2", Kind: "HelmRelease", Namespace: "mhr-orthweb", Name: "postgres-ha"}}
	hostile := add("OW1107", "not-buildable", finding.Critical, tree.Position{File: "gitops/\x1b[31mred, 100%\n.yaml"}, object.Ref{}, "the text\x1b[0m is not YAML\n::error::x", "Correct the file")
	ignored := add("OW1903", "no-wait", finding.Info, tree.Position{File: "gitops/fluxcd/observability.yaml", Line: 7, Column: 1}, layer, "it becomes Ready before its workloads do: 1 object", "Set spec.wait: true")
	info := add("OW1905", "deprecated-field", finding.Info, tree.Position{File: "gitops/application/bhs/kustomization.yaml", Line: 14, Column: 1}, object.Ref{}, "the field patchesStrategicMerge is deprecated", "Use the field patches")
	return &lint.Report{
		Findings:       []lint.Finding{hostile, image, info, api},
		Ignored:        []lint.Ignored{{Finding: ignored, Reason: "another tool watches it"}},
		Unknown:        []lint.Unknown{{At: tree.Position{File: "apps/kustomization.yaml", Line: 3, Column: 3}, Ref: layer, Message: "https://example.org is a remote reference, which was not downloaded"}},
		OtherSources:   []lint.InOtherSource{{Ref: layer, Source: "OCIRepository flux-system/apps"}},
		Kustomizations: 7, Objects: 98,
	}
}

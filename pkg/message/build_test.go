package message

import (
	"testing"

	"github.com/digihunch/kubectl-orthweb/internal/parsecheck"
	"github.com/digihunch/kubectl-orthweb/pkg/message/match"
)

func TestBuild(t *testing.T) {
	parsecheck.Check(t, parseBuild, []parsecheck.Case[Build]{
		{"kustomize-controller 1.9.6", `kustomization path not found: stat /tmp/kustomization-2520510114/clusters/prod: no such file or directory`, Build{Problem: BuildPathNotFound, Path: "clusters/prod", Detail: "no such file or directory"}},
		{"another TMPDIR, and a directory of the tree's own", `kustomization path not found: stat /var/data/tmp/kustomization-1/kustomization-22/x: no such file or directory`, Build{Problem: BuildPathNotFound, Path: "kustomization-22/x", Detail: "no such file or directory"}},
		{"up to kustomize-controller 0.25", `kustomization path not found: stat /tmp/flux-system245679679/clusters/aat: no such file or directory`, Build{Problem: BuildPathNotFound, Path: "clusters/aat", Detail: "no such file or directory"}},
		{"fluxcd/flux2#1184, of the tree itself", `kustomization path not found: stat /tmp/kustomization-2/: no such file or directory`, Build{Problem: BuildPathNotFound, Path: ".", Detail: "no such file or directory"}},
		{"flanksource/canary-checker#1643", `kustomize build failed: accumulating resources: accumulation err='accumulating resources from 'k8s': read /tmp/kustomization-2520510114/fixtures/k8s: is a directory': recursed accumulation of path '/tmp/kustomization-2520510114/fixtures/k8s': accumulating resources: accumulation err='accumulating resources from 'namespace_pass.yaml': open /tmp/kustomization-2520510114/fixtures/k8s/namespace_pass.yaml: no such file or directory': must build at directory: not a valid directory`,
			Build{Problem: BuildKustomize, Path: "fixtures/k8s/namespace_pass.yaml", Detail: `accumulating resources: accumulation err='accumulating resources from 'k8s': read fixtures/k8s: is a directory': recursed accumulation of path 'fixtures/k8s': accumulating resources: accumulation err='accumulating resources from 'namespace_pass.yaml': open fixtures/k8s/namespace_pass.yaml: no such file or directory': must build at directory: not a valid directory`}},
		{"kustomize/api v0.21", `kustomize build failed: unable to find one of 'kustomization.yaml', 'kustomization.yml' or 'Kustomization' in directory '/tmp/kustomization-12/a'`,
			Build{Problem: BuildKustomize, Path: "a", Detail: `unable to find one of 'kustomization.yaml', 'kustomization.yml' or 'Kustomization' in directory 'a'`}},
		{"fluxcd/pkg/kustomize v1.35", `kustomize build failed: failed to decode Kubernetes YAML from /tmp/kustomization-12/a/b.yaml: yaml: line 3: mapping values are not allowed`,
			Build{Problem: BuildKustomize, Path: "a/b.yaml", Detail: `failed to decode Kubernetes YAML from a/b.yaml: yaml: line 3: mapping values are not allowed`}},
		{"kustomize/api v0.21", `kustomize build failed: accumulating resources: accumulation err='accumulating resources from 'service.yaml': yaml: line 9: did not find expected key'`,
			Build{Problem: BuildKustomize, Path: "service.yaml", Detail: `accumulating resources: accumulation err='accumulating resources from 'service.yaml': yaml: line 9: did not find expected key'`}},
		{"kustomize/api v0.21", `kustomize build failed: MalformedYAMLError: yaml: line 4: could not find expected ':' in File: x.yaml`, Build{Problem: BuildKustomize, Path: "x.yaml", Detail: `MalformedYAMLError: yaml: line 4: could not find expected ':' in File: x.yaml`}},
		{"names no file", `kustomize build failed: json: unknown field "files"`, Build{Problem: BuildKustomize, Detail: `json: unknown field "files"`}},
		{"it is a health check's", `timeout waiting for: [Kustomization/a/b status: 'Failed']`, Build{}},
		{"a person's", `the kustomize build failed: no`, Build{}},
	})
}

func TestBuildSubstitutionAndDecryption(t *testing.T) {
	parsecheck.Check(t, parseBuild, []parsecheck.Case[Build]{
		{"fluxcd/flux2#5967", `post build failed for 'CustomResourceDefinition.v1.apiextensions.k8s.io/kustomizations.kustomize.toolkit.fluxcd.io': envsubst error: variable substitution failed: variable not set (strict mode): "var"`,
			Build{Problem: BuildSubstitution, Object: match.Object{Group: "apiextensions.k8s.io", Version: "v1", Kind: "CustomResourceDefinition", Name: "kustomizations.kustomize.toolkit.fluxcd.io"}, Variable: "var", Detail: `envsubst error: variable substitution failed: variable not set (strict mode): "var"`}},
		{"joryirving/home-ops#9255", `post build failed for 'ConfigMap.v1.[noGrp]/opencode-config': envsubst error: variable substitution failed: missing closing brace`,
			Build{Problem: BuildSubstitution, Object: match.Object{Version: "v1", Kind: "ConfigMap", Name: "opencode-config"}, Syntax: "missing closing brace", Detail: "envsubst error: variable substitution failed: missing closing brace"}},
		{"fluxcd/flux2-monitoring-example#44", `post build failed for 'flux-grafana': envsubst error: variable substitution failed: variable not set (strict mode): "DS_PROMETHEUS"`,
			Build{Problem: BuildSubstitution, Object: match.Object{Name: "flux-grafana"}, Variable: "DS_PROMETHEUS", Detail: `envsubst error: variable substitution failed: variable not set (strict mode): "DS_PROMETHEUS"`}},
		{"the same, without the object", `substitute from 'ConfigMap/cluster-vars' error: ConfigMap "cluster-vars" not found`,
			Build{Problem: BuildSubstitution, Reference: match.Object{Kind: "ConfigMap", Name: "cluster-vars"}, Missing: true, Detail: `substitute from 'ConfigMap/cluster-vars' error: ConfigMap "cluster-vars" not found`}},
		{"kustomize 3", `post build failed for 'apps_v1_Deployment/x': 'a-b' var name is invalid, must match '^[_[:alpha:]]'`,
			Build{Problem: BuildSubstitution, Object: match.Object{Group: "apps", Version: "v1", Kind: "Deployment", Name: "x"}, Variable: "a-b", Detail: `'a-b' var name is invalid, must match '^[_[:alpha:]]'`}},
		{"fluxcd/pkg/kustomize v1.35, kustomize_varsub.go", `post build failed for 'Service.v1.[noGrp]/x': substitute from 'ConfigMap/cluster-vars' error: configmaps "cluster-vars" not found`,
			Build{Problem: BuildSubstitution, Object: match.Object{Version: "v1", Kind: "Service", Name: "x"}, Reference: match.Object{Kind: "ConfigMap", Name: "cluster-vars"}, Missing: true, Detail: `substitute from 'ConfigMap/cluster-vars' error: configmaps "cluster-vars" not found`}},
		{"kustomize-controller 1.9.6", `decryption failed for 'Secret.v1.[noGrp]/x': cannot get sops data key`, Build{Problem: BuildDecryption, Object: match.Object{Version: "v1", Kind: "Secret", Name: "x"}, Detail: "cannot get sops data key"}},
		{"kustomize-controller 1.9.6", `error decrypting sources: failed to walk`, Build{Problem: BuildDecryption, Detail: "failed to walk"}},
		{"kustomize-controller 1.9.6, decryptor.go", `cannot get sops decryption Secret 'flux-system/sops-age': secrets "sops-age" not found`, Build{Problem: BuildDecryption, Reference: match.Object{Kind: "Secret", Namespace: "flux-system", Name: "sops-age"}, Missing: true, Detail: `secrets "sops-age" not found`}},
		{"kustomize-controller 1.9.6", `Secret/a/x is SOPS encrypted, configuring decryption is required for this secret to be reconciled`, Build{Problem: BuildEncrypted, Object: match.Object{Kind: "Secret", Namespace: "a", Name: "x"}, Detail: "Secret/a/x is SOPS encrypted, configuring decryption is required for this secret to be reconciled"}},
		{"fluxcd/flux2#2206, an older version", `Secret/a/x is SOPS encryted, configuring decryption is required for this secret to be reconciled`, Build{Problem: BuildEncrypted, Object: match.Object{Kind: "Secret", Namespace: "a", Name: "x"}, Detail: "Secret/a/x is SOPS encryted, configuring decryption is required for this secret to be reconciled"}},
		{"no object", `x is SOPS encrypted, configuring decryption is required`, Build{}},
	})
}

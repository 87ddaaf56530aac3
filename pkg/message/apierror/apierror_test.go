package apierror

import (
	"testing"

	"github.com/digihunch/kubectl-orthweb/internal/parsecheck"
	"github.com/digihunch/kubectl-orthweb/pkg/message/match"
)

func TestAPIErrorOfTheObject(t *testing.T) {
	orthanc := match.Object{Group: "apps", Kind: "Deployment", Namespace: "a", Name: "orthanc"}
	parsecheck.Check(t, Parse, []parsecheck.Case[Error]{
		{"fluxcd/pkg/ssa v0.76, errors/dry_run.go; kubernetes 1.36, apps/validation",
			`Deployment/a/orthanc dry-run failed (Invalid): Deployment.apps "orthanc" is invalid: spec.selector: Invalid value: {"matchLabels":{"app":"orthanc2"}}: field is immutable`,
			Error{Object: orthanc, Problem: ProblemImmutable, Reason: "Invalid", Field: "spec.selector", Detail: "field is immutable"}},
		{"the same up to kustomize-controller 1.1, with what had changed behind it",
			"Deployment/a/orthanc dry-run failed, reason: Invalid, error: Deployment.apps \"orthanc\" is invalid: [spec.template.spec.containers[0].image: Required value, spec.selector: Invalid value: v1.LabelSelector{MatchLabels:map[string]string{\"a\":\"b\"}, MatchExpressions:[]v1.LabelSelectorRequirement(nil)}: field is immutable]\nService/a/x configured",
			Error{Object: orthanc, Problem: ProblemImmutable, Reason: "Invalid", Field: "spec.selector", Detail: "field is immutable"}},
		{"helm.sh/helm/v4 4.2.4 and Helm 3, patchResourceClientSide; kubernetes 1.36, ValidateStatefulSetUpdate",
			`Helm upgrade failed for release a/db with chart postgresql@15.2.5: cannot patch "db" with kind StatefulSet: StatefulSet.apps "db" is invalid: spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy' are forbidden`,
			Error{Object: match.Object{Group: "apps", Kind: "StatefulSet", Name: "db"}, Problem: ProblemImmutable, Field: "spec",
				Detail: "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy' are forbidden"}},
		{"kubernetes 1.36, ValidatePersistentVolumeClaimUpdate, with the difference",
			"PersistentVolumeClaim/a/x dry-run failed (Invalid): PersistentVolumeClaim \"x\" is invalid: spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n  core.PersistentVolumeClaimSpec{\n  \tAccessModes:      {\"ReadWriteOnce\"},\n- \tStorageClassName: &\"slow\",\n+ \tStorageClassName: &\"fast\",\n- \tVolumeName: \"\",\n+ \tVolumeName: \"pvc-1\",\n  }\n",
			Error{Object: match.Object{Kind: "PersistentVolumeClaim", Namespace: "a", Name: "x"}, Problem: ProblemImmutable, Reason: "Invalid", Field: "spec",
				Changed: []string{"storageClassName", "volumeName"}, Detail: "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"}},
		{"k8s.io/apimachinery v0.36, field.Required",
			`Service/a/x dry-run failed (Invalid): Service "x" is invalid: [spec.ports: Required value, spec.type: Unsupported value: "Foo": supported values: "ClusterIP", "NodePort"]`,
			Error{Object: match.Object{Kind: "Service", Namespace: "a", Name: "x"}, Problem: ProblemInvalid, Reason: "Invalid", Field: "spec.ports", Detail: "Required value"}},
		{"field.NotSupported", `Service "x" is invalid: spec.type: Unsupported value: "Foo": supported values: "ClusterIP", "NodePort"`,
			Error{Object: match.Object{Kind: "Service", Name: "x"}, Problem: ProblemInvalid, Field: "spec.type", Detail: `supported values: "ClusterIP", "NodePort"`}},
		{"a value is not repeated", `Secret "s" is invalid: data.password: Invalid value: "hunter2": must be shorter`,
			Error{Object: match.Object{Kind: "Secret", Name: "s"}, Problem: ProblemInvalid, Field: "data.password", Detail: "must be shorter"}},
		{"fluxcd/pkg/ssa v0.76, errors/immutable_test.go, of a webhook or CEL", `Foo/a/b dry-run failed (BadRequest): the IAMPolicyMember's spec is immutable`,
			Error{Object: match.Object{Kind: "Foo", Namespace: "a", Name: "b"}, Problem: ProblemImmutable, Reason: "BadRequest", Detail: "the IAMPolicyMember's spec is immutable"}},
		{"structured-merge-diff", `Deployment/a/orthanc dry-run failed: failed to create typed patch object (a/orthanc; apps/v1, Kind=Deployment): .spec.replica: field not declared in schema`,
			Error{Object: match.Object{Group: "apps", Version: "v1", Kind: "Deployment", Namespace: "a", Name: "orthanc"}, Problem: ProblemInvalid, Field: ".spec.replica", Detail: "field not declared in schema"}},
		{"sigs.k8s.io/json", `Deployment/a/b dry-run failed (BadRequest): Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: unknown field "spec.foo"`,
			Error{Object: match.Object{Kind: "Deployment", Namespace: "a", Name: "b"}, Problem: ProblemInvalid, Reason: "BadRequest", Field: "spec.foo", Detail: `strict decoding error: unknown field "spec.foo"`}},
		{"kubectl's validation, fluxcd/helm-controller#497", `unable to build kubernetes objects from release manifest: error validating "": error validating data: [ValidationError(Deployment.spec): unknown field "foo" in io.k8s.api.apps.v1.DeploymentSpec]`,
			Error{Problem: ProblemInvalid, Field: "foo", Detail: `[ValidationError(Deployment.spec): unknown field "foo" in io.k8s.api.apps.v1.DeploymentSpec]`}},
		{"it is not immutable", `Foo/a/b dry-run failed: it is not immutable, is immutable`, Error{Object: match.Object{Kind: "Foo", Namespace: "a", Name: "b"}, Problem: ProblemOther, Detail: "it is not immutable, is immutable"}},
		{"immutable, and nobody refused", `an immutable field is immutable`, Error{}},
		{"validating, and nobody refused", `error validating data: unknown field "x"`, Error{}},
		{"a template's", `template: x/y.yaml:1:2: executing "x" at <a>: spec is invalid`, Error{}},
	})
}

func TestAPIErrorNoMatch(t *testing.T) {
	parsecheck.Check(t, Parse, []parsecheck.Case[Error]{
		{"apimachinery v0.36, NoKindMatchError; ssa v0.76", `Issuer/a/ca dry-run failed: no matches for kind "Issuer" in version "cert-manager.io/v1"`,
			Error{Object: match.Object{Kind: "Issuer", Namespace: "a", Name: "ca"}, Problem: ProblemNoMatch,
				Unserved: match.Object{Group: "cert-manager.io", Version: "v1", Kind: "Issuer"}, Detail: `no matches for kind "Issuer" in version "cert-manager.io/v1"`}},
		{"cli-runtime v0.36, mapper.go, through Helm", "Helm install failed for release a/b with chart c@1.0.0: unable to build kubernetes objects from release manifest: resource mapping not found for name: \"x\" namespace: \"a\" from \"\": no matches for kind \"PodDisruptionBudget\" in version \"policy/v1beta1\"\nensure CRDs are installed first",
			Error{Object: match.Object{Group: "policy", Version: "v1beta1", Kind: "PodDisruptionBudget", Namespace: "a", Name: "x"}, Problem: ProblemNoMatch,
				Unserved: match.Object{Group: "policy", Version: "v1beta1", Kind: "PodDisruptionBudget"}, Detail: `no matches for kind "PodDisruptionBudget" in version "policy/v1beta1"`}},
		{"Helm 3, kubectl 1.22", `Helm upgrade failed: unable to build kubernetes objects from new release manifest: unable to recognize "": no matches for kind "Ingress" in version "extensions/v1beta1"`,
			Error{Problem: ProblemNoMatch, Unserved: match.Object{Group: "extensions", Version: "v1beta1", Kind: "Ingress"}, Detail: `no matches for kind "Ingress" in version "extensions/v1beta1"`}},
		{"several versions", `no matches for kind "Foo" in versions ["g.io/v1" "g.io/v2"]`,
			Error{Problem: ProblemNoMatch, Unserved: match.Object{Group: "g.io", Version: "v1", Kind: "Foo"}, Detail: `no matches for kind "Foo" in versions ["g.io/v1" "g.io/v2"]`}},
		{"a group only", `no matches for kind "Foo" in group "g.io"`,
			Error{Problem: ProblemNoMatch, Unserved: match.Object{Group: "g.io", Kind: "Foo"}, Detail: `no matches for kind "Foo" in group "g.io"`}},
		{"no kind", `no matches for kind "../etc" in version "v1"`, Error{}},
		{"a person's", `there are no matches for this kind`, Error{}},
	})
}

func TestAPIErrorNamespace(t *testing.T) {
	parsecheck.Check(t, Parse, []parsecheck.Case[Error]{
		{"Helm 4.2.4, patchResourceServerSide", `failed to create resource: server-side apply failed for object orthanc-bhs/orthanc apps/v1, Kind=Deployment: namespaces "orthanc-bhs" not found`,
			Error{Object: match.Object{Group: "apps", Version: "v1", Kind: "Deployment", Namespace: "orthanc-bhs", Name: "orthanc"}, Problem: ProblemNamespaceNotFound, Namespace: "orthanc-bhs", Detail: `namespaces "orthanc-bhs" not found`}},
		{"ssa v0.76, for what is not found", `Service/nowhere/x not found: namespaces "nowhere" not found`,
			Error{Object: match.Object{Kind: "Service", Namespace: "nowhere", Name: "x"}, Problem: ProblemNamespaceNotFound, Namespace: "nowhere", Detail: `namespaces "nowhere" not found`}},
		{"apiserver v0.36, namespace/lifecycle", `Error creating: pods "orthanc-5d9-" is forbidden: unable to create new content in namespace a because it is being terminated`,
			Error{Object: match.Object{Resource: "pods", Name: "orthanc-5d9-"}, Problem: ProblemNamespaceTerminating, Namespace: "a", Detail: "unable to create new content in namespace a because it is being terminated"}},
		{"apiextensions-apiserver v0.36, customresource_handler", `Gateway/a/web-gw dry-run failed (MethodNotAllowed): create not allowed while custom resource definition is terminating`,
			Error{Object: match.Object{Kind: "Gateway", Namespace: "a", Name: "web-gw"}, Reason: "MethodNotAllowed", Problem: ProblemKindTerminating, Detail: "create not allowed while custom resource definition is terminating"}},
		{"another method that is not allowed", `Gateway/a/web-gw dry-run failed (MethodNotAllowed): the server does not allow this method on the requested resource`,
			Error{Object: match.Object{Kind: "Gateway", Namespace: "a", Name: "web-gw"}, Reason: "MethodNotAllowed", Problem: ProblemOther, Detail: "the server does not allow this method on the requested resource"}},
		{"ssa v0.76", `ConfigMap/x namespace not specified: the server could not find the requested resource`,
			Error{Object: match.Object{Kind: "ConfigMap", Name: "x"}, Problem: ProblemNotFound, Detail: "the server could not find the requested resource"}},
		{"one namespace too long to be one", `namespaces "` + long('a', 64) + `" not found`, Error{}},
		{"a person's", `the namespace "x" is not found`, Error{}},
	})
}

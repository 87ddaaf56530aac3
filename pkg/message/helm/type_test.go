package helm

import (
	"testing"

	"github.com/digihunch/kubectl-orthweb/internal/parsecheck"
)

func TestHelmValueErrors(t *testing.T) {
	schema := installFailed + "values don't meet the specifications of the schema(s) in the following chart(s):\n"
	at := func(e ValueError) []ValueError { return []ValueError{e} }
	parsecheck.Check(t, ParseValueErrors, []parsecheck.Case[[]ValueError]{
		{"helm.sh/helm/v4 4.2.4, chart/common/util/jsonschema.go; santhosh-tekuri/jsonschema v6, kind.go", schema + "orthanc:\n- at '/service/port': got string, want integer\n",
			at(ValueError{Chart: "orthanc", Path: []string{"service", "port"}, Got: "string", Want: "integer", Detail: "got string, want integer"})},
		{"the same, escaped and in a list", schema + "orthanc:\n- at '/a~1b/0/c~0d': got number, want string\n",
			at(ValueError{Chart: "orthanc", Path: []string{"a/b", "0", "c~d"}, Got: "number", Want: "string", Detail: "got number, want string"})},
		{"alternatives under it", schema + "orthanc:\n- at '/port': 'oneOf' failed, none matched\n  - at '/port': got boolean, want integer\n  - at '/port': got boolean, want null\n",
			[]ValueError{{Chart: "orthanc", Path: []string{"port"}, Got: "boolean", Want: "integer", Detail: "got boolean, want integer"}, {Chart: "orthanc", Path: []string{"port"}, Got: "boolean", Want: "null", Detail: "got boolean, want null"}}},
		{"a property too many", schema + "orthanc:\n- at '/service': additional properties 'prot' not allowed\n",
			at(ValueError{Chart: "orthanc", Path: []string{"service", "prot"}, Detail: "additional properties 'prot' not allowed"})},
		{"a property too few", schema + "orthanc:\n- at '': missing property 'host'\n",
			at(ValueError{Chart: "orthanc", Path: []string{"host"}, Missing: true, Detail: "missing property 'host'"})},
		{"of a subchart, below another", schema + "orthanc:\n- at '/a': got string, want integer\npostgresql:\n- at '/b': value must be one of 'x', 'y'\n",
			[]ValueError{{Chart: "orthanc", Path: []string{"a"}, Got: "string", Want: "integer", Detail: "got string, want integer"}, {Chart: "postgresql", Path: []string{"b"}, Detail: "value must be one of 'x', 'y'"}}},
		{"Helm 3.17 and older, xeipuu/gojsonschema", schema + "bifrost:\n- postgresql.external.port: Invalid type. Expected: integer, given: string\n- (root): Additional property prot is not allowed\n",
			[]ValueError{{Chart: "bifrost", Path: []string{"postgresql", "external", "port"}, Got: "string", Want: "integer", Detail: "Invalid type. Expected: integer, given: string"}, {Chart: "bifrost", Path: []string{"prot"}, Detail: "Additional property prot is not allowed"}}},
		{"the first, redacted", schema + "orthanc:\n- at '/auth/password': <redacted> number, want string\n",
			at(ValueError{Chart: "orthanc", Path: []string{"auth", "password"}, Got: "number", Want: "string", Detail: "got number, want string"})},
		{"Go's text/template, through Helm 3", installFailed + `template: orthanc/templates/d.yaml:12:20: executing "orthanc/templates/d.yaml" at <.Values.image.tag>: wrong type for value; expected string; got map[string]interface {}`,
			at(ValueError{Path: []string{"image", "tag"}, Got: "map[string]interface {}", Want: "string", Detail: "wrong type for value; expected string; got map[string]interface {}"})},
		{"a field of what is none", installFailed + `template: orthanc/templates/d.yaml:12:20: executing "orthanc/templates/d.yaml" at <.Values.image.tag>: can't evaluate field tag in type interface {}`,
			at(ValueError{Path: []string{"image", "tag"}, Got: "interface {}", Detail: "can't evaluate field tag in type interface {}"})},
		{"in a subchart", installFailed + `template: orthanc/charts/postgresql/templates/d.yaml:12:20: executing "x" at <.Values.replicas>: range can't iterate over 3`,
			at(ValueError{Path: []string{"postgresql", "replicas"}, Want: "list", Detail: "range can't iterate over 3"})},
		{"helm.sh/helm/v4 4.2.4, engine.go, reformatExecErrorMsg", installFailed + "orthanc/templates/d.yaml:5:10\n  executing \"orthanc/templates/d.yaml\" at <include \"x\" .>:\n    error calling include:\northanc/templates/_helpers.tpl:22:14\n  executing \"x\" at <.Values.a.b>:\n    error calling quote:\n      wrong type for value; expected string; got float64",
			at(ValueError{Path: []string{"a", "b"}, Got: "float64", Want: "string", Detail: "wrong type for value; expected string; got float64"})},
		{"a value that is not set", installFailed + `template: orthanc/templates/d.yaml:12:20: executing "orthanc/templates/d.yaml" at <.Values.a.b>: nil pointer evaluating interface {}.b`,
			at(ValueError{Path: []string{"a", "b"}, Missing: true, Detail: "nil pointer evaluating interface {}.b"})},
		{"neondatabase/helm-charts#71; Go's encoding/json", `Helm upgrade failed for release a/b with chart c@1: failed to create resource: Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal number into Go struct field EnvVar.spec.template.spec.containers.env.value of type string`,
			at(ValueError{Field: "spec.template.spec.containers.env.value", Got: "number", Want: "string", Detail: "cannot unmarshal number into Go struct field EnvVar.spec.template.spec.containers.env.value of type string"})},
		{"apollographql/router#1881", `Helm upgrade failed: unable to decode "": json: cannot unmarshal number into Go struct field ObjectMeta.metadata.annotations of type string`,
			at(ValueError{Field: "metadata.annotations", Got: "number", Want: "string", Detail: "cannot unmarshal number into Go struct field ObjectMeta.metadata.annotations of type string"})},
		{"structured-merge-diff v6, typed/validate.go", installFailed + `server-side apply failed for object a/orthanc apps/v1, Kind=Deployment: failed to create typed patch object (a/orthanc; apps/v1, Kind=Deployment): .spec.template.spec.containers[name="orthanc"].env[name="LOG_LEVEL"].value: expected string, got &value.valueUnstructured{Value:3}`,
			at(ValueError{Field: `spec.template.spec.containers[name="orthanc"].env[name="LOG_LEVEL"].value`, Names: []string{"orthanc", "LOG_LEVEL"}, Got: "3", Want: "string", Detail: "expected string, got &value.valueUnstructured{Value:3}"})},
		{"bitnami/charts#7663; kubectl's validation", installFailed + `unable to build kubernetes objects from release manifest: error validating "": error validating data: ValidationError(Service.spec.ports[0].nodePort): invalid type for io.k8s.api.core.v1.ServicePort.nodePort: got "string", expected "integer"`,
			at(ValueError{Field: "spec.ports[0].nodePort", Got: "string", Want: "integer", Detail: `got "string", expected "integer"`})},
		{"sstarcher/helm-exporter#31; kube-openapi's validation", installFailed + `ServiceMonitor.monitoring.coreos.com "x" is invalid: spec.endpoints.port: Invalid value: "integer": spec.endpoints.port in body must be of type string: "integer"`,
			at(ValueError{Field: "spec.endpoints.port", Got: "integer", Want: "string", Detail: "in body must be of type string"})},
		{"no value is wrong", installFailed + `template: orthanc/templates/d.yaml:12:20: executing "orthanc/templates/d.yaml" at <include "x" .>: error calling include: x`, nil},
		{"a parse error is the chart's", installFailed + `parse error at (orthanc/templates/d.yaml:12): unexpected "}" in operand`, nil},
		{"a template that refuses a value by its own message", installFailed + `execution error at (orthanc/templates/d.yaml:3:4): a password is required`, nil},
	})
}

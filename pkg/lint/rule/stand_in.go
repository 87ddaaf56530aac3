package rule

import (
	"cmp"
	"maps"
	"path"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/cluster"
)

// standIns are objects that a chart outside of the tree creates, as far as the values of the
// release determine them: for Istio's chart gateway, the Deployment and the Service of the
// gateway pods, on which all rules about gateways depend; for its chart istiod, the Deployment
// with its environment.
func standIns(c *Context, release *cluster.Object) []*unstructured.Unstructured {
	spec := object.Map(release.Unstructured.Object, "spec")
	if len(object.List(spec, "postRenderers")) > 0 || anyUnknown(spec["values"]) {
		return nil
	}
	switch istioChart(c, release) {
	case "gateway":
		return gatewayOf(release)
	case "istiod":
		return []*unstructured.Unstructured{istiodOf(release)}
	}
	return nil
}

// istioChart is the name of a release's chart, "" if its repository is not Istio's: then neither
// the name nor the URL of the repository contains that word.
func istioChart(c *Context, release *cluster.Object) string {
	spec := object.Map(release.Unstructured.Object, "spec")
	chart := object.Text(spec, "chart", "spec", "chart")
	ref := object.SourceRef(object.Map(spec, "chart", "spec", "sourceRef"), release.GetNamespace())
	if chart == "" {
		ref = object.SourceRef(object.Map(spec, "chartRef"), release.GetNamespace())
	}
	istio := strings.Contains(ref.Name, "istio")
	for _, source := range c.Find(ref.GroupKind(), ref.Namespace, ref.Name) {
		url := object.Text(source.Unstructured.Object, "spec", "url")
		istio = istio || strings.Contains(url, "istio")
		chart = cmp.Or(chart, path.Base(url))
	}
	if !istio {
		return ""
	}
	return chart
}

// gatewayOf are the Deployment and the Service of the gateway pods (istio,
// manifests/charts/gateway: templates/_helpers.tpl and values.yaml; the same from 1.14 to 1.29).
// Values of a ConfigMap or Secret can set the names and the labels that the release does not;
// then they are not known.
func gatewayOf(release *cluster.Object) []*unstructured.Unstructured {
	spec := object.Map(release.Unstructured.Object, "spec")
	values := object.Map(spec, "values")
	helmName, namespace := flux.ReleaseName(release.Unstructured)
	name := cmp.Or(object.Text(values, "name"), helmName)
	labels := map[string]any{"sidecar.istio.io/inject": "true"}
	maps.Copy(labels, object.Map(values, "labels"))
	others := len(object.List(spec, "valuesFrom")) > 0
	if others && (object.Text(labels, "istio") == "" || object.Text(labels, "app") == "") {
		return nil
	}
	labels["app"] = cmp.Or(object.Text(labels, "app"), name)
	labels["istio"] = cmp.Or(object.Text(labels, "istio"), strings.TrimPrefix(name, "istio-"))
	pods := standIn("apps/v1", object.DeploymentKind.Kind, namespace, name, map[string]any{
		"template": map[string]any{"metadata": map[string]any{"labels": labels}},
	})
	service := object.Map(values, "service")
	ports, given := service["ports"].([]any)
	switch {
	case object.Text(service, "type") == "None", others && !given:
		return []*unstructured.Unstructured{pods}
	case !given:
		ports = []any{
			map[string]any{"name": "status-port", "port": int64(15021), "targetPort": int64(15021)},
			map[string]any{"name": "http2", "port": int64(80), "targetPort": int64(80)},
			map[string]any{"name": "https", "port": int64(443), "targetPort": int64(443)},
		}
	}
	return []*unstructured.Unstructured{pods, standIn("v1", object.ServiceKind.Kind, namespace, name, map[string]any{
		"type":     cmp.Or(object.Text(service, "type"), "LoadBalancer"),
		"selector": map[string]any{"app": labels["app"], "istio": labels["istio"]},
		"ports":    ports,
	})}
}

// istiodOf is istiod's Deployment with the names of its environment variables that are not
// "false" (istio, manifests/charts/istio-control/istio-discovery, values env and pilot.env).
func istiodOf(release *cluster.Object) *unstructured.Unstructured {
	_, namespace := flux.ReleaseName(release.Unstructured)
	var env []any
	for _, fields := range [][]string{{"spec", "values", "env"}, {"spec", "values", "pilot", "env"}} {
		for name, value := range object.Map(release.Unstructured.Object, fields...) {
			if value != false && value != "false" {
				env = append(env, map[string]any{"name": name, "value": "true"})
			}
		}
	}
	return standIn("apps/v1", object.DeploymentKind.Kind, namespace, "istiod", map[string]any{
		"template": map[string]any{"spec": map[string]any{"containers": []any{map[string]any{"name": "discovery", "env": env}}}},
	})
}

func standIn(version, kind, namespace, name string, spec map[string]any) *unstructured.Unstructured {
	obj := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": version, "kind": kind,
		"metadata": map[string]any{"namespace": namespace, "name": name},
		"spec":     spec,
	}}
	return obj.DeepCopy()
}

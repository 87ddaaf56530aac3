package tenant

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/template"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
)

// korthweb describes a cluster: a healthy Korthweb with some tenants, and the names that a fork
// might choose. The zero value of a field is Korthweb's own.
type korthweb struct {
	Tenants     []string
	Flux        string   // namespace of the layers
	Dependency  string   // name of a tenant's first layer, "%s-dependency"
	Application string   // name of its second, "%s-application"
	Namespace   string   // "%s-orthweb"
	Path        string   // "./gitops/%[2]s/%[1]s": the tenant, and which of the two layers
	Single      bool     // one layer applies all tenants
	Without     []string // flux, objects, labels, healthChecks, inventory, ingress
}

func or(value, fallback string) string {
	if value == "" {
		return fallback
	}
	return value
}

func (k korthweb) Has(what string) bool { return !slices.Contains(k.Without, what) }

func (k korthweb) withDefaults() korthweb {
	k.Flux = or(k.Flux, "flux-system")
	k.Dependency, k.Application = or(k.Dependency, "%s-dependency"), or(k.Application, "%s-application")
	k.Namespace, k.Path = or(k.Namespace, "%s-orthweb"), or(k.Path, "./gitops/%[2]s/%[1]s")
	return k
}

// layerData fills the template of a Kustomization.
type layerData struct {
	Name, Flux, Path, Needs string
	Checks, Inventory       []string
}

// layer creates a Kustomization that applies and checks these objects, each
// "namespace_name_group_Kind".
func (k korthweb) layer(name, path, needs string, ids ...string) layerData {
	l := layerData{Name: name, Flux: k.Flux, Path: path, Needs: needs}
	for _, id := range ids {
		part := strings.Split(id, "_")
		if k.Has("inventory") {
			l.Inventory = append(l.Inventory, fmt.Sprintf("{id: %s, v: v1}", id))
		}
		if k.Has("healthChecks") && part[3] != "Namespace" {
			l.Checks = append(l.Checks, fmt.Sprintf("{apiVersion: %s/v1, kind: %s, namespace: %s, name: %s}", part[2], part[3], part[0], part[1]))
		}
	}
	return l
}

func (k korthweb) Root() layerData { return k.layer("flux-system", "./gitops/fluxcd", "") }

func (k korthweb) Infrastructure() layerData {
	return k.layer("infrastructure", "./gitops/infrastructure", "",
		"_cert-manager__Namespace", "_istio-system__Namespace", "cert-manager_cert-manager_apps_Deployment")
}

func (k korthweb) Observability() layerData {
	return k.layer("observability", "./gitops/observability", "infrastructure", "monitoring_kiali_apps_Deployment")
}

// Together is the one layer that applies all tenants if Single is set.
func (k korthweb) Together() layerData {
	var ids []string
	for i := range k.Tenants {
		ids = append(ids, k.tenant(i).ids()...)
	}
	return k.layer("tenants", "./gitops/tenants", "observability", ids...)
}

// Platform are namespaces that belong to no tenant.
func (k korthweb) Platform() []string {
	return []string{"cert-manager", "istio-system", "kube-system", "monitoring", k.Flux}
}

// Controllers are Flux's, which renew a Lease while they run.
func (k korthweb) Controllers() []string {
	return []string{"source-controller", "kustomize-controller", "helm-controller"}
}

// objects are all objects of the cluster.
func (k korthweb) objects(tb testing.TB) []*unstructured.Unstructured {
	k = k.withDefaults()
	tmpl := template.Must(template.ParseFiles(
		filepath.Join("testdata", "korthweb", "shared.yaml.tmpl"), filepath.Join("testdata", "korthweb", "tenant.yaml.tmpl")))
	var text bytes.Buffer
	if err := tmpl.ExecuteTemplate(&text, "shared.yaml.tmpl", k); err != nil {
		tb.Fatal(err)
	}
	for i := range k.Tenants {
		text.WriteByte('\n')
		if err := tmpl.ExecuteTemplate(&text, "tenant.yaml.tmpl", k.tenant(i)); err != nil {
			tb.Fatal(err)
		}
	}
	return decode(tb, text.Bytes())
}

func decode(tb testing.TB, text []byte) []*unstructured.Unstructured {
	var objects []*unstructured.Unstructured
	for _, document := range bytes.Split(text, []byte("\n---")) {
		obj := &unstructured.Unstructured{}
		if err := yaml.Unmarshal(document, &obj.Object); err != nil {
			tb.Fatalf("%v in\n%s", err, document)
		}
		if len(obj.Object) > 0 {
			objects = append(objects, obj)
		}
	}
	return objects
}

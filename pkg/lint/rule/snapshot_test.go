package rule

import (
	"context"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/traffic"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/cluster"
)

// sync is a Kustomization that applies itself and the objects beside it.
const sync = `apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: flux-system, namespace: flux-system}
spec: {path: ./clusters, sourceRef: {kind: GitRepository, name: flux-system}}
`

// contextOf is the context of a tree with these objects.
func contextOf(t *testing.T, objects string) *Context {
	t.Helper()
	clusters, err := cluster.Discover(context.Background(), tree.New(map[string][]byte{
		"clusters/sync.yaml": []byte(sync), "clusters/objects.yaml": []byte(objects),
	}))
	if err != nil || len(clusters) != 1 {
		t.Fatalf("discover: %d clusters, %v", len(clusters), err)
	}
	return NewContext(clusters[0], clusters, Options{}, func(Finding) {})
}

// gatewayRelease is a HelmRelease of Istio's chart gateway.
func gatewayRelease(spec string) string {
	return `apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: istio-ingress, namespace: bhs-orthweb}
spec:
  chart: {spec: {chart: gateway, sourceRef: {kind: HelmRepository, name: istio, namespace: flux-system}}}
` + spec
}

// ociRelease is a release of the same chart, from an OCI registry.
const ociRelease = `apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata: {name: ingress-chart, namespace: bhs-orthweb}
spec: {url: oci://gcr.io/istio-release/charts/gateway}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: istio-ingress, namespace: bhs-orthweb}
spec: {chartRef: {kind: OCIRepository, name: ingress-chart}}
`

func TestGatewayPodsOfCharts(t *testing.T) {
	for name, test := range map[string]struct {
		release string
		// labels are of the pods, "" if they are not known.
		labels string
		// ports are those of the Service, "" if there is none.
		ports string
	}{
		"defaults":          {gatewayRelease(""), "app=istio-ingress,istio=ingress,sidecar.istio.io/inject=true", "15021 80 443"},
		"a name":            {gatewayRelease("  values: {name: web}"), "app=web,istio=web,sidecar.istio.io/inject=true", "15021 80 443"},
		"a release name":    {gatewayRelease("  releaseName: istio-a"), "app=istio-a,istio=a,sidecar.istio.io/inject=true", "15021 80 443"},
		"labels":            {gatewayRelease("  values: {labels: {istio: bhs, tier: edge}}"), "app=istio-ingress,istio=bhs,sidecar.istio.io/inject=true,tier=edge", "15021 80 443"},
		"ports":             {gatewayRelease("  values: {service: {ports: [{port: 11112}]}}"), "app=istio-ingress,istio=ingress,sidecar.istio.io/inject=true", "11112"},
		"no Service":        {gatewayRelease("  values: {service: {type: None}}"), "app=istio-ingress,istio=ingress,sidecar.istio.io/inject=true", ""},
		"unknown values":    {gatewayRelease("  valuesFrom: [{kind: ConfigMap, name: a}]"), "", ""},
		"unknown ports":     {gatewayRelease("  valuesFrom: [{kind: ConfigMap, name: a}]\n  values: {labels: {app: a, istio: a}}"), "app=a,istio=a,sidecar.istio.io/inject=true", ""},
		"unknown variables": {gatewayRelease("  values: {labels: {istio: \"${TENANT}\"}}"), "", ""},
		"post-renderers":    {gatewayRelease("  postRenderers: [{kustomize: {}}]"), "", ""},
		"an OCI artifact":   {ociRelease, "app=istio-ingress,istio=ingress,sidecar.istio.io/inject=true", "15021 80 443"},
		"another chart":     {strings.Replace(gatewayRelease(""), "chart: gateway", "chart: orthanc", 1), "", ""},
		"another publisher": {strings.Replace(gatewayRelease(""), "name: istio,", "name: kong,", 1), "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			x := contextOf(t, test.release).Facts()
			labels, ports := "", []string{}
			for _, obj := range x.Snap.List(object.DeploymentKind, "bhs-orthweb").Objects {
				labels = engine.WriteLabels(engine.PodLabels(obj))
			}
			for _, obj := range x.Snap.List(object.ServiceKind, "bhs-orthweb").Objects {
				for i := range object.List(obj.Object, "spec", "ports") {
					port, _ := object.Quote(obj.Object, "spec.ports["+string(rune('0'+i))+"].port")
					ports = append(ports, port)
				}
			}
			if got := strings.Join(ports, " "); labels != test.labels || got != test.ports {
				t.Errorf("labels %q and ports %q, want %q and %q", labels, got, test.labels, test.ports)
			}
		})
	}
}

func TestScopedGateways(t *testing.T) {
	istiod := strings.NewReplacer("chart: gateway", "chart: istiod", "bhs-orthweb", "istio-system").Replace(gatewayRelease(""))
	for values, want := range map[string]bool{
		"": false,
		`  values: {pilot: {env: {PILOT_SCOPE_GATEWAY_TO_NAMESPACE: "true"}}}`:  true,
		`  values: {env: {PILOT_SCOPE_GATEWAY_TO_NAMESPACE: true}}`:             true,
		`  values: {pilot: {env: {PILOT_SCOPE_GATEWAY_TO_NAMESPACE: "false"}}}`: false,
	} {
		if got := traffic.GatewaysScoped(contextOf(t, istiod+values).Facts()); got != want {
			t.Errorf("%s: %v, want %v", values, got, want)
		}
	}
}

// TestFactsProveAbsence checks that an object that is not in the tree is absent only if nothing
// outside of the tree can create it.
func TestFactsProveAbsence(t *testing.T) {
	const namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: bhs-orthweb}\n---\n"
	const custom = "apiVersion: postgresql.cnpg.io/v1\nkind: Cluster\nmetadata: {name: db, namespace: bhs-orthweb}\n"
	const listener = "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: public, namespace: bhs-orthweb}\n"
	const chart = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: db, namespace: bhs-orthweb}\nspec: {chart: {spec: {chart: postgresql}}}\n"
	for name, test := range map[string]struct {
		objects string
		kind    schema.GroupKind
		want    snapshot.Presence
	}{
		"everything is in the tree":         {namespace, object.ServiceKind, snapshot.Absent},
		"the namespace is not":              {"", object.ServiceKind, snapshot.Unknown},
		"an operator creates objects":       {namespace + custom, object.ServiceKind, snapshot.Unknown},
		"a Gateway creates a Service":       {namespace + listener, object.ServiceKind, snapshot.Unknown},
		"but no issuer":                     {namespace + listener, object.IssuerKind, snapshot.Absent},
		"a chart is not in the tree":        {namespace + chart, object.IssuerKind, snapshot.Unknown},
		"users create Secrets":              {namespace, object.SecretKind, snapshot.Unknown},
		"objects of the cluster may exist":  {namespace, object.ClusterIssuerKind, snapshot.Unknown},
		"a kind that a snapshot leaves out": {namespace, object.ConfigMapKind, snapshot.Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			ref := object.Ref{APIVersion: test.kind.Group + "/v1", Kind: test.kind.Kind, Namespace: "bhs-orthweb", Name: "a"}
			switch {
			case test.kind.Group == "":
				ref.APIVersion = "v1"
			case test.kind == object.ClusterIssuerKind:
				ref.Namespace = ""
			}
			if got := contextOf(t, test.objects).Facts().Snap.Lookup(ref).Presence; got != test.want {
				t.Errorf("presence %v, want %v", got, test.want)
			}
		})
	}
}

// TestFactsHaveNoSecrets checks that secrets are removed from the snapshot, and stay in the tree.
func TestFactsHaveNoSecrets(t *testing.T) {
	c := contextOf(t, "apiVersion: v1\nkind: Secret\nmetadata: {name: a, namespace: b}\nstringData: {password: correct-horse}\n")
	obj := c.Facts().Snap.Lookup(object.Ref{APIVersion: "v1", Kind: "Secret", Namespace: "b", Name: "a"}).Object
	if got := object.Text(obj.Object, "stringData", "password"); strings.Contains(got, "horse") {
		t.Errorf("the snapshot has the password")
	}
	if got := object.Text(c.OfKind(object.SecretKind)[0].Unstructured.Object, "stringData", "password"); got != "correct-horse" {
		t.Errorf("the tree has the password %q", got)
	}
}

func TestMisspelled(t *testing.T) {
	for _, test := range []struct {
		name, other string
		want        bool
	}{
		{"int-ca-isuer", "int-ca-issuer", true},
		{"ortweb", "orthweb", true},
		{"orhtanc", "orthanc", true},
		{"web-1-gateway", "web-2-gateway", false},
		{"route", "routes", false},
		{"api", "app", false},
		{"egressgateway", "ingressgateway", false},
		{"orthanc", "orthanc", false},
		{"orthweb-secert", "orthweb-secret", true},
		{"site-b-web", "site-a-web", false},
		{"main-rw", "main-ro", false},
		{"http-gateway", "https-gateway", false},
		{"worker-a", "worker-b", false},
		{"routes-web", "route-web", false},
		{strings.Repeat("a", 100_000) + "b", "b" + strings.Repeat("a", 100_000), false},
	} {
		if got := Misspelled(test.name, test.other); got != test.want {
			t.Errorf("%s for %s: %v", test.name, test.other, got)
		}
	}
}

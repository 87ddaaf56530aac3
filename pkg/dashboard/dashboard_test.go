package dashboard

import (
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot/recording"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// snapshotOf is a snapshot of objects in YAML, in which Services, workloads and pods were read.
func snapshotOf(t *testing.T, text string) *snapshot.Snapshot {
	t.Helper()
	builder := snapshot.NewBuilder()
	for _, kind := range []string{"Service", "Pod", "Deployment", "StatefulSet"} {
		group := ""
		if strings.HasSuffix(kind, "t") {
			group = "apps"
		}
		builder.Add(snapshot.Request{Group: group, Version: "v1", Kind: kind, Resource: object.PluralOf(kind)})
	}
	for _, obj := range objectsOf(t, text) {
		gvk := obj.GroupVersionKind()
		builder.Add(snapshot.Request{Group: gvk.Group, Version: gvk.Version, Kind: gvk.Kind, Resource: object.PluralOf(gvk.Kind)}, obj)
	}
	return builder.Build(snapshot.Meta{})
}

func objectsOf(t *testing.T, text string) (objects []*unstructured.Unstructured) {
	t.Helper()
	var list []map[string]any
	if err := yaml.Unmarshal([]byte(text), &list); err != nil {
		t.Fatal(err)
	}
	for _, fields := range list {
		data, err := yaml.Marshal(fields)
		if err != nil {
			t.Fatal(err)
		}
		obj := &unstructured.Unstructured{}
		json, err := yaml.YAMLToJSON(data)
		if err != nil {
			t.Fatal(err)
		}
		if err := obj.UnmarshalJSON(json); err != nil {
			t.Fatal(err)
		}
		objects = append(objects, obj)
	}
	return objects
}

// Services of the charts of Istio's addons, kiali-server, kiali-operator, grafana,
// kube-prometheus-stack and prometheus.
const (
	kiali      = `- {apiVersion: v1, kind: Service, metadata: {name: kiali, namespace: istio-system, labels: {app: kiali, app.kubernetes.io/name: kiali}}, spec: {selector: {app.kubernetes.io/name: kiali}, ports: [{name: http-metrics, port: 9090}, {name: http, port: 20001}]}}` + "\n"
	operator   = `- {apiVersion: v1, kind: Service, metadata: {name: kiali-operator, namespace: operator, labels: {app.kubernetes.io/name: kiali-operator}}, spec: {selector: {app.kubernetes.io/name: kiali-operator}, ports: [{name: http-metrics, port: 8080}]}}` + "\n"
	grafana    = `- {apiVersion: v1, kind: Service, metadata: {name: prom-grafana, namespace: monitoring, labels: {app.kubernetes.io/name: grafana}}, spec: {selector: {app.kubernetes.io/name: grafana}, ports: [{name: http-web, port: 80, targetPort: grafana}]}}` + "\n"
	headless   = `- {apiVersion: v1, kind: Service, metadata: {name: prom-grafana-headless, namespace: monitoring, labels: {app.kubernetes.io/name: grafana}}, spec: {clusterIP: None, selector: {app.kubernetes.io/name: grafana}, ports: [{name: gossip-tcp, port: 9094, protocol: TCP}]}}` + "\n"
	prometheus = `- {apiVersion: v1, kind: Service, metadata: {name: prom-kube-prometheus-stack-prometheus, namespace: monitoring, labels: {app: kube-prometheus-stack-prometheus}}, spec: {selector: {app.kubernetes.io/name: prometheus}, ports: [{name: reloader-web, port: 8080}, {name: http-web, port: 9090}]}}` + "\n"
	operated   = `- {apiVersion: v1, kind: Service, metadata: {name: prometheus-operated, namespace: monitoring}, spec: {clusterIP: None, selector: {app.kubernetes.io/name: prometheus}, ports: [{name: http-web, port: 9090}]}}` + "\n"
	exporter   = `- {apiVersion: v1, kind: Service, metadata: {name: prom-prometheus-node-exporter, namespace: monitoring, labels: {app.kubernetes.io/name: prometheus-node-exporter}}, spec: {selector: {app.kubernetes.io/name: prometheus-node-exporter}, ports: [{name: http-metrics, port: 9100}]}}` + "\n"
	server     = `- {apiVersion: v1, kind: Service, metadata: {name: prometheus-server, namespace: other, labels: {app.kubernetes.io/name: prometheus, app.kubernetes.io/component: server}}, spec: {selector: {app.kubernetes.io/name: prometheus}, ports: [{name: http, port: 80, targetPort: 9090}]}}` + "\n"
	renamed    = `- {apiVersion: v1, kind: Service, metadata: {name: my-grafana, namespace: dashboards}, spec: {selector: {run: g}, ports: [{port: 3000}]}}` + "\n"
	overUDP    = `- {apiVersion: v1, kind: Service, metadata: {name: grafana, namespace: dashboards}, spec: {selector: {app: grafana}, ports: [{port: 3000, protocol: UDP}]}}` + "\n"
	unselected = `- {apiVersion: v1, kind: Service, metadata: {name: grafana, namespace: dashboards}, spec: {ports: [{port: 3000}]}}` + "\n"
)

func TestFind(t *testing.T) {
	for _, c := range []struct {
		about     string
		program   Program
		services  string
		namespace string
		want      string // namespace/name:port, or the error
	}{
		{"Kiali, not its operator", Kiali, kiali + operator, "", "istio-system/kiali:20001"},
		{"the operator alone", Kiali, operator, "", "no Service of Kiali was found in any namespace"},
		{"another namespace", Kiali, kiali, "monitoring", "no Service of Kiali was found in namespace monitoring"},
		{"Grafana", Grafana, headless + grafana + renamed, "", "monitoring/prom-grafana:80"},
		{"Grafana by its name", Grafana, renamed, "", "dashboards/my-grafana:3000"},
		{"Grafana with -n", Grafana, grafana + renamed, "dashboards", "dashboards/my-grafana:3000"},
		{"not a web server", Grafana, overUDP + unselected, "", "no Service of Grafana"},
		{"Prometheus, its Service before the headless one", Prometheus, operated + exporter + prometheus, "", "monitoring/prom-kube-prometheus-stack-prometheus:9090"},
		{"the headless one alone", Prometheus, operated + exporter, "", "monitoring/prometheus-operated:9090"},
		{"two of them", Prometheus, prometheus + server, "", "2 Services in any namespace may be those of Prometheus: monitoring/prom-kube-prometheus-stack-prometheus, other/prometheus-server"},
		{"one of the two", Prometheus, prometheus + server, "other", "other/prometheus-server:80"},
		{"two names of the same pods", Prometheus, prometheus + strings.Replace(prometheus, "name: prom-", "name: z-", 1), "", "monitoring/prom-kube-prometheus-stack-prometheus:9090"},
	} {
		found, err := Find(snapshotOf(t, c.services), c.program, c.namespace)
		check(t, c.about, found, err, c.want)
	}
	_, err := Find(snapshot.NewBuilder().Build(snapshot.Meta{}), Kiali, "")
	check(t, "not read", Endpoint{}, err, "looking for the Service of Kiali: Service in any namespace were not read")
}

func check(t *testing.T, about string, found Endpoint, err error, want string) {
	t.Helper()
	got := ""
	if err == nil {
		got = found.Service.GetNamespace() + "/" + found.Service.GetName() + ":" + portText(found)
	} else {
		got = err.Error()
		if hint, ok := advice.Of(err); !ok || hint == "" {
			t.Errorf("%s: the error has no advice", about)
		}
	}
	if got != want && (err == nil || !strings.HasPrefix(got, want)) {
		t.Errorf("%s: %s, not %s", about, got, want)
	}
}

func portText(e Endpoint) string { return strings.TrimSpace(strings.Trim(quote(e), `"`)) }

func quote(e Endpoint) string {
	text, _ := object.Quote(e.port, "port")
	return text
}

// TestOfTenant finds the Service of Orthanc in a recorded cluster, and in others.
func TestOfTenant(t *testing.T) {
	snap, err := recording.Read(t.Context(), recording.Source{From: []string{recording.ExamplePrefix + "healthy"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	bhs, _ := tenant.Find(tenant.Discover(snap), "bhs")
	found, err := OfTenant(snap, bhs)
	check(t, "recorded", found, err, "bhs-orthweb/orthweb:8042")

	const workloads = `
- {apiVersion: apps/v1, kind: StatefulSet, metadata: {name: orthanc, namespace: a}, spec: {template: {metadata: {labels: {app: orth}}, spec: {containers: [{image: orthancteam/orthanc}]}}}}
- {apiVersion: apps/v1, kind: StatefulSet, metadata: {name: db, namespace: a}, spec: {template: {metadata: {labels: {app: db}}, spec: {containers: [{image: postgres}]}}}}
- {apiVersion: v1, kind: Service, metadata: {name: db, namespace: a}, spec: {selector: {app: db}, ports: [{name: http, port: 80}]}}
- {apiVersion: v1, kind: Service, metadata: {name: dicom, namespace: a}, spec: {selector: {app: orth}, ports: [{name: tcp-dicom, port: 4242}]}}
`
	const web = `- {apiVersion: v1, kind: Service, metadata: {name: web, namespace: a}, spec: {selector: {app: orth}, ports: [{name: dicom, port: 4242}, {name: web, port: 443, targetPort: 8042}]}}` + "\n"
	one := tenant.Tenant{Name: "one", Namespaces: []string{"a"}}
	for about, c := range map[string]struct{ services, want string }{
		"none":          {"", "no Service of Orthanc was found in namespace a"},
		"one":           {web, "a/web:443"},
		"with headless": {web + strings.NewReplacer("name: web, n", "name: pods, n", "spec: {", "spec: {clusterIP: None, ").Replace(web), "a/web:443"},
		"two":           {web + strings.Replace(web, "name: web, n", "name: web2, n", 1), "2 Services in namespace a may be those of Orthanc: a/web, a/web2"},
	} {
		found, err := OfTenant(snapshotOf(t, workloads+c.services), one)
		check(t, about, found, err, c.want)
	}
}

// TestPod chooses a ready pod that is not being deleted, the newest.
func TestPod(t *testing.T) {
	pod := func(name, created, ready, more string) string {
		return `- {apiVersion: v1, kind: Pod, metadata: {name: ` + name + `, namespace: monitoring, creationTimestamp: "2026-01-0` + created + `T00:00:00Z", labels: {app.kubernetes.io/name: grafana}` + more +
			`}, spec: {containers: [{ports: [{name: grafana, containerPort: 3000}]}]}, status: {conditions: [{type: Ready, status: "` + ready + `"}]}}` + "\n"
	}
	for about, c := range map[string]struct{ pods, want string }{
		"the newest":      {pod("a", "1", "True", "") + pod("b", "3", "True", "") + pod("c", "2", "True", ""), "b"},
		"not ready":       {pod("a", "1", "True", "") + pod("b", "2", "False", ""), "a"},
		"being deleted":   {pod("a", "1", "True", "") + pod("b", "2", "True", `, deletionTimestamp: "2026-01-05T00:00:00Z"`), "a"},
		"equally old":     {pod("b", "1", "True", "") + pod("a", "1", "True", ""), "a"},
		"none is ready":   {pod("a", "1", "False", ""), "Service monitoring/prom-grafana has no ready pod"},
		"none":            {"", "Service monitoring/prom-grafana has no ready pod"},
		"of another app":  {strings.Replace(pod("a", "1", "True", ""), "name: grafana}", "name: other}", 1), "Service monitoring/prom-grafana has no ready pod"},
		"elsewhere alone": {strings.Replace(pod("a", "1", "True", ""), "namespace: monitoring", "namespace: x", 1), "Service monitoring/prom-grafana has no ready pod"},
	} {
		snap := snapshotOf(t, grafana+c.pods)
		e, err := Find(snap, Grafana, "")
		if err != nil {
			t.Fatal(err)
		}
		found, port, err := e.Pod(snap)
		if err != nil {
			if err.Error() != c.want {
				t.Errorf("%s: %v", about, err)
			}
			continue
		}
		if found.GetName() != c.want || port != 3000 {
			t.Errorf("%s: %s, port %d", about, found.GetName(), port)
		}
	}
	e := Endpoint{Service: objectsOf(t, grafana)[0]}
	if _, _, err := e.Pod(snapshot.NewBuilder().Build(snapshot.Meta{})); err == nil || !strings.Contains(err.Error(), "could not be read") {
		t.Errorf("pods that were not read: %v", err)
	}
}

func TestAddress(t *testing.T) {
	bhs := &tenant.Tenant{Name: "bhs", Namespaces: []string{"bhs-orthweb", "bhs-more"}}
	pod := func(probe string) *unstructured.Unstructured {
		return objectsOf(t, `- {apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: sidecar, readinessProbe: {httpGet: {path: /other/healthz, port: 1}}}, {name: x, ports: [{name: web, containerPort: 20001}, {name: prom, containerPort: 9090}], `+probe+`}]}}`)[0]
	}
	for _, c := range []struct {
		about, service string
		program        Program
		probe          string
		tenant         *tenant.Tenant
		want           string
	}{
		{"Kiali", kiali, Kiali, `readinessProbe: {httpGet: {path: /kiali/healthz, port: web}}`, nil, "http://127.0.0.1:1/kiali/"},
		{"of a tenant", kiali, Kiali, `readinessProbe: {httpGet: {path: /kiali/healthz, port: 20001}}`, bhs, "http://127.0.0.1:1/kiali/console/graph/namespaces/?namespaces=bhs-orthweb%2Cbhs-more"},
		{"another root, with TLS", kiali, Kiali, `livenessProbe: {httpGet: {path: /mesh/healthz, port: 20001, scheme: HTTPS}}`, nil, "https://127.0.0.1:1/mesh/"},
		{"at the root", kiali, Kiali, `readinessProbe: {httpGet: {path: /healthz, port: 20001}}`, nil, "http://127.0.0.1:1/"},
		{"no probe", kiali, Kiali, `image: x`, nil, "http://127.0.0.1:1/kiali/"},
		{"a probe of a script", kiali, Kiali, `readinessProbe: {exec: {}}`, nil, "http://127.0.0.1:1/kiali/"},
		{"a hostile path", kiali, Kiali, `readinessProbe: {httpGet: {path: "@evil.org/healthz", port: 20001}}`, nil, "http://127.0.0.1:1/kiali/"},
		{"a hostile name", kiali, Kiali, `readinessProbe: {httpGet: {path: "/?x=\"$(id)/healthz", port: 20001}}`, nil, "http://127.0.0.1:1/%3Fx=%22$%28id%29/"},
		{"Prometheus", operated, Prometheus, `readinessProbe: {httpGet: {path: /prom/-/ready, port: prom}}`, bhs, "http://127.0.0.1:1/prom/graph?g0.expr=up%7Bnamespace%3D~%22bhs-orthweb%7Cbhs-more%22%7D"},
		{"Grafana", grafana, Grafana, `readinessProbe: {httpGet: {path: /api/health, port: 80}}`, bhs, "http://127.0.0.1:1/"},
		{"TLS by the name of the port", strings.Replace(grafana, "http-web", "https", 1), Grafana, `image: x`, nil, "https://127.0.0.1:1/"},
		{"TLS by the protocol", strings.Replace(grafana, "port: 80,", "port: 80, appProtocol: HTTPS,", 1), Grafana, `image: x`, nil, "https://127.0.0.1:1/"},
	} {
		service := objectsOf(t, c.service)[0]
		e := Endpoint{c.program, service, c.program.portOf(service)}
		if got := e.Address(pod(c.probe), "127.0.0.1:1", c.tenant).String(); got != c.want {
			t.Errorf("%s: %s, not %s", c.about, got, c.want)
		}
	}
}

// TestCredentials says where credentials are, and quotes no value.
func TestCredentials(t *testing.T) {
	grafanaPod := func(env string) *unstructured.Unstructured {
		return objectsOf(t, `- {apiVersion: v1, kind: Pod, metadata: {name: p, namespace: m}, spec: {serviceAccountName: kiali-account, containers: [{name: x, env: [`+env+`]}]}}`)[0]
	}
	const user = `{name: GF_SECURITY_ADMIN_USER, valueFrom: {secretKeyRef: {name: creds, key: admin-user}}}`
	const password = `{name: GF_SECURITY_ADMIN_PASSWORD, valueFrom: {secretKeyRef: {name: creds, key: "pass word"}}}`
	kialiPod := grafanaPod("")
	for _, c := range []struct {
		about string
		got   Credentials
		want  []string
	}{
		{"both from one Secret", GrafanaCredentials(grafanaPod(user + "," + password)), []string{"key admin-user, password: key pass word of Secret m/creds", "kubectl get secret creds -n m -o go-template=", `index .data "pass word"`}},
		{"the password alone", GrafanaCredentials(grafanaPod(password)), []string{"key pass word of Secret m/creds", "admin by default"}},
		{"a literal", GrafanaCredentials(grafanaPod(`{name: GF_SECURITY_ADMIN_PASSWORD, value: hunter2}`)), []string{"not known"}},
		{"neither", GrafanaCredentials(grafanaPod("")), []string{"not known"}},
		{"anonymous", KialiCredentials(kialiPod, []byte("auth: {strategy: anonymous}")), []string{"No sign-in is required"}},
		{"token", KialiCredentials(kialiPod, []byte("auth: {strategy: token}")), []string{"token of a service account", "kubectl create token kiali-account -n m"}},
		{"the default", KialiCredentials(kialiPod, nil), []string{"kubectl create token kiali-account -n m"}},
		{"openid", KialiCredentials(kialiPod, []byte("auth: {strategy: openid, openid: {client_secret: hunter2}}")), []string{"identity provider"}},
		{"header", KialiCredentials(kialiPod, []byte("auth: {strategy: header}")), []string{"proxy"}},
		{"unknown", KialiCredentials(kialiPod, []byte("auth: {strategy: hunter2}")), []string{"unknown auth.strategy"}},
		{"malformed", KialiCredentials(kialiPod, []byte("auth: [hunter2")), []string{"malformed"}},
		{"Prometheus", PrometheusCredentials(), []string{"no sign-in"}},
	} {
		for _, want := range c.want {
			if !strings.Contains(c.got.Text+"\n"+c.got.Command, want) || strings.Contains(c.got.Text+c.got.Command, "hunter2") {
				t.Errorf("%s: %+v", c.about, c.got)
			}
		}
	}
}

// TestKialiConfigMap reads the volumes of the pod.
func TestKialiConfigMap(t *testing.T) {
	for text, want := range map[string]string{
		`{containers: [{volumeMounts: [{name: a, mountPath: /other}, {name: b, mountPath: /kiali-configuration}]}], volumes: [{name: a, configMap: {name: x}}, {name: b, configMap: {name: conf}}]}`: "conf",
		`{containers: [{volumeMounts: [{name: b, mountPath: /kiali-configuration}]}], volumes: [{name: b, secret: {}}]}`:                                                                             "kiali",
		`{}`: "kiali",
	} {
		if got := KialiConfigMap(objectsOf(t, `- {apiVersion: v1, kind: Pod, metadata: {name: p}, spec: `+text+`}`)[0]); got != want {
			t.Errorf("%s: %s", text, got)
		}
	}
}

// TestSelectorText is sorted, because it appears in advice.
func TestSelectorText(t *testing.T) {
	service := objectsOf(t, `- {apiVersion: v1, kind: Service, metadata: {name: s}, spec: {selector: {c: "1", a: "2", b: "3"}}}`)[0]
	if got := selectorText(service); !slices.IsSorted(strings.Split(got, ",")) || got != "a=2,b=3,c=1" {
		t.Error(got)
	}
}

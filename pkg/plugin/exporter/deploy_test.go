package exporter

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/queries"
	"github.com/digihunch/kubectl-orthweb/pkg/metrics"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
)

const manifests = "../../../deploy/exporter"

// build builds a kustomization of the manifests, and returns its objects as YAML, by kind and
// name.
func build(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), dir)
	if err != nil {
		t.Fatal(err)
	}
	objects := map[string][]byte{}
	for _, res := range built.Resources() {
		text, err := res.AsYAML()
		if err != nil {
			t.Fatal(err)
		}
		objects[res.GetKind()+"/"+res.GetName()] = text
		if ns := res.GetNamespace(); ns != "" && ns != "orthweb-system" {
			t.Errorf("%s/%s is in namespace %s", res.GetKind(), res.GetName(), ns)
		}
	}
	return objects
}

func decode[T any](t *testing.T, objects map[string][]byte, name string) (obj T) {
	t.Helper()
	if err := yaml.UnmarshalStrict(objects[name], &obj); err != nil || objects[name] == nil {
		t.Fatalf("%s: %v", name, err)
	}
	return obj
}

// TestRole checks that the role allows to watch exactly what is watched, and to list exactly what
// explainers read, except Secrets.
func TestRole(t *testing.T) {
	role := decode[rbacv1.ClusterRole](t, build(t, filepath.Join(manifests, "base")), "ClusterRole/orthweb-exporter")
	allowed := map[string][]string{}
	for _, rule := range role.Rules {
		for _, group := range rule.APIGroups {
			for _, resource := range rule.Resources {
				allowed[resource+"."+group] = rule.Verbs
			}
		}
	}
	wanted := map[string][]string{}
	for _, want := range queries.Snapshot(diagnose.Kinds()) {
		wanted[object.PluralOf(want.Kind)+"."+want.Group] = []string{"list"}
	}
	e := newExporter(&options{call: &command.Call{}, probeEvery: minProbeEvery})
	for _, want := range e.queries() {
		wanted[object.PluralOf(want.Kind)+"."+want.Group] = []string{"list", "watch"}
	}
	delete(wanted, "secrets.")
	for resource, verbs := range wanted {
		if !slices.Equal(allowed[resource], verbs) {
			t.Errorf("%s: %v are allowed, and %v are required", resource, allowed[resource], verbs)
		}
	}
	for resource := range allowed {
		if wanted[resource] == nil {
			t.Errorf("%s is allowed, and not required", resource)
		}
	}
}

// TestDeployment checks that the pod has no privilege, that its flags exist, and that its ports are
// those of the other objects.
func TestDeployment(t *testing.T) {
	objects := build(t, manifests)
	deployment := decode[appsv1.Deployment](t, objects, "Deployment/orthweb-exporter")
	pod := deployment.Spec.Template.Spec
	c := pod.Containers[0]
	root, escalates, readOnly := pod.SecurityContext.RunAsNonRoot, c.SecurityContext.AllowPrivilegeEscalation, c.SecurityContext.ReadOnlyRootFilesystem
	if len(pod.Containers) != 1 || !*root || *escalates || !*readOnly || !slices.Equal(c.SecurityContext.Capabilities.Drop, []corev1.Capability{"ALL"}) ||
		pod.SecurityContext.SeccompProfile.Type != corev1.SeccompProfileTypeRuntimeDefault || c.Resources.Limits.Memory().IsZero() || c.Resources.Limits.Cpu().IsZero() {
		t.Errorf("%+v", pod)
	}
	for _, probes := range []bool{false, true} {
		args := c.Args
		if probes {
			args = append(args, "--probe-every=5m")
			if text, err := os.ReadFile(filepath.Join(manifests, "probes", "kustomization.yaml")); err != nil || !strings.Contains(string(text), args[len(args)-1]) {
				t.Errorf("%v: %s", err, text)
			}
		}
		if err := New(&command.Call{}).ParseFlags(args); err != nil {
			t.Error(err)
		}
	}
	service := decode[corev1.Service](t, objects, "Service/orthweb-exporter")
	policy := decode[networkingv1.NetworkPolicy](t, objects, "NetworkPolicy/orthweb-exporter")
	if port := c.Ports[0].ContainerPort; service.Spec.Ports[0].Port != port || policy.Spec.Ingress[0].Ports[0].Port.IntVal != port || !slices.Contains(c.Args, "--listen-address=:9464") || port != 9464 {
		t.Errorf("the ports differ: %d", port)
	}
	for path, probe := range map[string]*corev1.Probe{"/healthz": c.LivenessProbe, "/readyz": c.ReadinessProbe} {
		if probe.HTTPGet.Path != path {
			t.Errorf("%+v", probe)
		}
	}
	for key, value := range service.Spec.Selector {
		if deployment.Spec.Template.Labels[key] != value {
			t.Errorf("the Service selects %s=%s", key, value)
		}
	}
}

// TestContainerfile checks the image: the program alone, not as root.
func TestContainerfile(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(manifests, "Containerfile"))
	if err != nil {
		t.Fatal(err)
	}
	var instructions []string
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			instructions = append(instructions, line)
		}
	}
	want := []string{"FROM scratch", "COPY kubectl-orthweb /kubectl-orthweb", "USER 65532:65532", "EXPOSE 9464", `ENTRYPOINT ["/kubectl-orthweb", "exporter"]`}
	if !slices.Equal(instructions, want) {
		t.Errorf("got  %q\nwant %q", instructions, want)
	}
}

// TestProbesComponent checks that the component adds the flag, the role and the ports.
func TestProbesComponent(t *testing.T) {
	files := filesys.MakeFsInMemory()
	err := filepath.WalkDir(manifests, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(manifests, path)
		if err != nil {
			return err
		}
		if relative == "kustomization.yaml" {
			text = []byte(strings.Replace(string(text), "# - probes", "- probes", 1))
		}
		return files.WriteFile("/"+filepath.ToSlash(relative), text)
	})
	if err != nil {
		t.Fatal(err)
	}
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(files, "/")
	if err != nil {
		t.Fatal(err)
	}
	text, err := built.AsYaml()
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"- --probe-every=5m\n", "port: 11112\n", "name: orthweb-exporter-certificates\n"} {
		if !strings.Contains(string(text), part) {
			t.Errorf("no %q in\n%s", part, text)
		}
	}
}

// metricName matches the names of the exporter's metrics.
var metricName = regexp.MustCompile(`\borthweb_[a-z_]+`)

// TestNamesOfMetrics checks that alerts, the dashboard and the page name only metrics that exist.
func TestNamesOfMetrics(t *testing.T) {
	exists := map[string]bool{}
	for _, f := range metrics.Families() {
		exists[f.Name] = true
	}
	for _, file := range []string{"monitoring/rules.yaml", "monitoring/dashboard.json", "../../docs/exporter.md", "../../docs/findings.md"} {
		text, err := os.ReadFile(filepath.Join(manifests, file))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range metricName.FindAllString(string(text), -1) {
			if !exists[name] {
				t.Errorf("%s names %s, which does not exist", file, name)
			}
		}
	}
}

// TestDashboard checks that the dashboard is what Grafana imports.
func TestDashboard(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(manifests, "monitoring", "dashboard.json"))
	if err != nil {
		t.Fatal(err)
	}
	var dashboard struct {
		Title, UID string
		Panels     []struct {
			ID      int
			Title   string
			Targets []struct{ Expr string }
			GridPos struct{ X, Y, W, H int }
		}
	}
	if err := json.Unmarshal(text, &dashboard); err != nil {
		t.Fatal(err)
	}
	if dashboard.Title == "" || dashboard.UID == "" || len(dashboard.Panels) < 10 {
		t.Errorf("%+v", dashboard)
	}
	ids := map[int]bool{}
	for _, p := range dashboard.Panels {
		if ids[p.ID] || p.Title == "" || len(p.Targets) == 0 || p.Targets[0].Expr == "" || p.GridPos.X+p.GridPos.W > 24 {
			t.Errorf("%+v", p)
		}
		ids[p.ID] = true
	}
}

// rule is an alert of the PrometheusRule.
type rule struct {
	Alert, Expr, For string
	Annotations      map[string]string
	Labels           map[string]string
}

// TestAlerts checks that each alert has a summary, a description and a runbook, which is a section of
// the page, and that the page has no others.
func TestAlerts(t *testing.T) {
	var object struct {
		Spec struct{ Groups []struct{ Rules []rule } }
	}
	text, err := os.ReadFile(filepath.Join(manifests, "monitoring", "rules.yaml"))
	if err == nil {
		err = yaml.Unmarshal(text, &object)
	}
	page, readErr := os.ReadFile("../../../docs/exporter.md")
	if err != nil || readErr != nil {
		t.Fatal(err, readErr)
	}
	const runbook = "https://github.com/digihunch/kubectl-orthweb/blob/main/docs/exporter.md#"
	var sections, alerts []string
	for _, found := range regexp.MustCompile(`(?m)^### (Orthweb\w+)$`).FindAllStringSubmatch(string(page), -1) {
		sections = append(sections, found[1])
	}
	for _, r := range object.Spec.Groups[0].Rules {
		alerts = append(alerts, r.Alert)
		if r.Annotations["summary"] == "" || r.Annotations["description"] == "" || r.Annotations["runbook_url"] != runbook+strings.ToLower(r.Alert) || r.For == "" || r.Labels["severity"] == "" {
			t.Errorf("%+v", r)
		}
	}
	if !slices.Equal(sections, alerts) {
		t.Errorf("the page has %v, and the alerts are %v", sections, alerts)
	}
}

package peers

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

var update = flag.Bool("update", false, "update the golden files")

// korthweb are the facts of bhs as Korthweb deploys it.
func korthweb(t *testing.T) Facts {
	t.Helper()
	f := Facts{Proxies: 1, Orthancs: 3, Secrets: map[string]map[string][]byte{"orthweb-secret": {
		"tls.crt": []byte("CHAIN"), "tls.key": []byte("KEY"), "ca.crt": []byte("AUTHORITY"),
	}}}
	f.Service = &corev1.Service{Spec: corev1.ServiceSpec{Type: corev1.ServiceTypeLoadBalancer, Ports: []corev1.ServicePort{{Port: 443}, {Port: 11112}}}}
	f.Service.Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{IP: "127.0.0.11"}}
	for _, text := range []string{
		`{metadata: {name: dcm-gw}, spec: {servers: [{port: {number: 11112, protocol: TLS}, hosts: ["*"], tls: {mode: SIMPLE, credentialName: orthweb-secret}}]}}`,
		`{metadata: {name: web-gw}, spec: {servers: [{port: {number: 443, protocol: HTTPS}, hosts: [web.bhs.orthweb.com], tls: {mode: SIMPLE, credentialName: orthweb-secret}}]}}`,
	} {
		var g Gateway
		if err := yaml.UnmarshalStrict([]byte(text), &g); err != nil {
			t.Fatal(err)
		}
		f.Gateways = append(f.Gateways, g)
	}
	return f
}

var cases = []struct {
	about  string
	golden string // without .txt
	change func(*Facts)
}{
	{"as deployed", "simple", func(*Facts) {}},
	{"client certificates asked for", "mutual", func(f *Facts) {
		for i := range f.Gateways {
			web(f, i).TLS.Mode = "MUTUAL"
		}
	}},
	{"client certificates asked for, by nobody", "mutual-no-ca", func(f *Facts) {
		delete(f.Secrets["orthweb-secret"], "ca.crt")
		web(f, 0).TLS.Mode = "MUTUAL"
	}},
	{"no pod of Orthanc is ready", "no-orthanc", func(f *Facts) { f.Orthancs = 0 }},
	{"no pod of the gateway is ready", "no-proxy", func(f *Facts) { f.Proxies = 0 }},
	{"no Service", "no-service", func(f *Facts) { f.Service = nil }},
	{"no address yet", "no-address", func(f *Facts) { f.Service.Status.LoadBalancer.Ingress = nil }},
	{"an address that isn't loopback", "foreign-address", func(f *Facts) { f.Service.Status.LoadBalancer.Ingress[0].IP = "10.0.0.1" }},
	{"a name for an address", "hostname", func(f *Facts) {
		f.Service.Status.LoadBalancer.Ingress[0] = corev1.LoadBalancerIngress{Hostname: "lb.example.com"}
	}},
	{"no load balancer", "cluster-ip", func(f *Facts) { f.Service.Spec.Type = corev1.ServiceTypeClusterIP }},
	{"no Gateway", "no-gateway", func(f *Facts) { f.Gateways = nil }},
	{"no Secret", "no-secret", func(f *Facts) { f.Secrets = nil }},
	{"a Secret without a key", "no-key", func(f *Facts) { f.Secrets["orthweb-secret"]["tls.key"] = nil }},
	{"no such port of the Service", "no-port", func(f *Facts) { f.Service.Spec.Ports = f.Service.Spec.Ports[:1] }},
	{"wildcards, namespaces and capitals", "hosts", func(f *Facts) {
		web(f, 1).Hosts = []string{"./Web.bhs.orthweb.com", "*/*.example.com", "web.bhs.orthweb.com"}
	}},
	{"no host's name", "bad-host", func(f *Facts) { web(f, 1).Hosts = []string{"x }\n  bind :80"} }},
	{"plain HTTP", "http", func(f *Facts) { web(f, 1).Port.Protocol = "HTTP" }},
	{"TLS passed through", "passthrough", func(f *Facts) { web(f, 1).TLS.Mode = "PASSTHROUGH" }},
	{"one port twice", "twice", func(f *Facts) { web(f, 1).Port.Number = 11112 }},
}

func web(f *Facts, i int) *Server { return &f.Gateways[i].Spec.Servers[0] }

func TestPlan(t *testing.T) {
	for _, c := range cases {
		t.Run(c.about, func(t *testing.T) {
			f := korthweb(t)
			c.change(&f)
			golden(t, c.golden, describe(t, f.Plan()))
		})
	}
}

// describe formats all of a plan: its fields, and the files.
func describe(t *testing.T, p Plan) string {
	t.Helper()
	var b strings.Builder
	for _, d := range p.Endpoints {
		_, _ = fmt.Fprintf(&b, "endpoint %s %s %q\n", d.Addr, d.Protocol, d.Hosts)
	}
	for _, problem := range p.Problems {
		_, _ = fmt.Fprintf(&b, "problem: %s\n", problem)
	}
	if len(p.Endpoints) == 0 {
		return b.String()
	}
	files, err := p.Files(Orthanc{HTTP: 1001, DICOM: 1002})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		_, _ = fmt.Fprintf(&b, "-- %s --\n%s\n", name, strings.TrimSpace(string(files[name])))
	}
	return b.String()
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".txt")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: got\n%s\nwant\n%s", path, got, want)
	}
}

package parts

import (
	"fmt"
	"net"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/digihunch/kubectl-orthweb/lab/pki"
)

func config(t *testing.T) Config {
	t.Helper()
	ports, err := Reserve(PortNames()...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(ports.Close)
	dir := t.TempDir()
	files, err := pki.Write(dir+"/pki", "https://"+ports.Addr("kube-apiserver"), net.ParseIP(ServiceIP))
	if err != nil {
		t.Fatal(err)
	}
	return Config{Dir: dir, Files: files, Ports: ports}
}

func all(c Config) []Part {
	return []Part{c.Etcd(), c.APIServer(), c.ControllerManager(), c.Scheduler(), c.Kwok(),
		c.SourceController(), c.KustomizeController(), c.HelmController(), c.CertManager()}
}

var address = regexp.MustCompile(`[a-z0-9.:\[\]-]*:[0-9]+`)

func TestPartsListenOnLoopbackAtTheirOwnPorts(t *testing.T) {
	c := config(t)
	users := map[int]string{}
	for _, p := range all(c) {
		text := strings.Join(append(p.Args, p.Health), " ")
		for _, port := range p.Ports {
			n := c.Ports.Number(port)
			if n == 0 {
				t.Errorf("%s: nobody reserved %s", p.Name, port)
			}
			if other := users[n]; other != "" {
				t.Errorf("%s and %s share port %d", p.Name, other, n)
			}
			users[n] = p.Name
			if p.Name != "kwok" && !strings.Contains(text, fmt.Sprint(n)) {
				t.Errorf("%s isn't told its port %s", p.Name, port)
			}
		}
		for _, a := range address.FindAllString(text, -1) {
			if host, _, err := net.SplitHostPort(strings.TrimLeft(a, "-")); err == nil && host != "127.0.0.1" {
				t.Errorf("%s uses %s", p.Name, a)
			}
		}
	}
}

func TestPartsUseTheirOwnKubeconfig(t *testing.T) {
	c := config(t)
	for _, p := range all(c) {
		text := strings.Join(append(p.Args, p.Env...), " ")
		for user, path := range c.Files.Kubeconfigs {
			if user != p.Name && strings.Contains(text, path) {
				t.Errorf("%s is %s", p.Name, user)
			}
		}
		if _, ok := c.Files.Kubeconfigs[p.Name]; ok && !strings.Contains(text, c.Files.Kubeconfigs[p.Name]) {
			t.Errorf("%s has no kubeconfig", p.Name)
		}
	}
}

func TestFluxElectsLeadersWhereItCan(t *testing.T) {
	c := config(t)
	if p := c.HelmController(); p.Pod != "flux-system" || !slices.Contains(p.Args, "--enable-leader-election=true") {
		t.Errorf("with pods: %q %v", p.Pod, p.Args)
	}
	c.NoPods = true
	if p := c.HelmController(); p.Pod != "" || !slices.Contains(p.Args, "--enable-leader-election=false") {
		t.Errorf("without: %q %v", p.Pod, p.Args)
	}
}

func TestEnvIgnoresCaller(t *testing.T) {
	t.Setenv("HTTPS_PROXY", "http://proxy.example.com")
	t.Setenv("KUBECONFIG", "/etc/production")
	for _, kv := range config(t).Env() {
		if strings.Contains(kv, "PROXY") || strings.Contains(kv, "KUBECONFIG") {
			t.Errorf("a part gets %s", kv)
		}
	}
}

// TestPortsAreReleasedSideBySide fails under the race detector if ports can't be released
// concurrently.
func TestPortsAreReleasedSideBySide(t *testing.T) {
	names := []string{"a", "b", "c", "d", "e", "f", "g", "h"}
	ports, err := Reserve(names...)
	if err != nil {
		t.Fatal(err)
	}
	defer ports.Close()
	var wg sync.WaitGroup
	for _, name := range names {
		wg.Go(func() { ports.Release(name) })
	}
	wg.Wait()
	for _, name := range names {
		if ports.Listener(name) != nil {
			t.Errorf("%s is still held", name)
		}
	}
}

func TestPortsAreHeldUntilReleased(t *testing.T) {
	p, err := Reserve("a")
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if l, err := net.Listen("tcp", p.Addr("a")); err == nil {
		_ = l.Close()
		t.Error("somebody else could take the port")
	}
	p.Release("a")
	l, err := net.Listen("tcp", p.Addr("a"))
	if err != nil {
		t.Fatalf("the part itself couldn't: %v", err)
	}
	_ = l.Close()
}

// TestPortsAreNotThoseOfOtherPrograms starts other programs between the reservation of the
// ports and the start of the parts: servers at ports that the kernel assigns, and another lab.
func TestPortsAreNotThoseOfOtherPrograms(t *testing.T) {
	var names []string
	for i := range 100 {
		names = append(names, fmt.Sprint("part-", i))
	}
	p, err := Reserve(names...)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	p.Release(names...)
	ours := map[int]bool{}
	for _, name := range names {
		ours[p.Number(name)] = true
	}
	for range 500 {
		server, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = server.Close() }()
		if port := server.Addr().(*net.TCPAddr).Port; ours[port] {
			t.Errorf("the kernel assigned %d", port)
		}
	}
	other, err := Reserve(names...)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	for _, name := range names {
		if ours[other.Number(name)] {
			t.Errorf("another lab has %d", other.Number(name))
		}
	}
}

func TestForgottenPortsAreFree(t *testing.T) {
	p, err := Reserve("a")
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if err := p.Add("b", "c"); err != nil {
		t.Fatal(err)
	}
	numbers := []int{p.Number("a"), p.Number("b"), p.Number("c")}
	if slices.Sort(numbers); numbers[0] == 0 || len(slices.Compact(numbers)) != 3 {
		t.Errorf("the ports are %v", numbers)
	}
	addr := p.Addr("b")
	p.Forget("b")
	if p.Number("b") != 0 || p.Number("c") == 0 {
		t.Errorf("the ports of b and c are %d and %d", p.Number("b"), p.Number("c"))
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatalf("the port is still held: %v", err)
	}
	_ = l.Close()
	if err := p.Add("b"); err != nil || p.Number("b") == 0 {
		t.Errorf("the port of a tenant that was created again: %d %v", p.Number("b"), err)
	}
}

func TestWriteKwok(t *testing.T) {
	c := config(t)
	if err := c.WriteKwok(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(c.path("kwok.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Options struct {
			ServerAddress string   `json:"serverAddress"`
			EnableCRDs    []string `json:"enableCRDs"`
		} `json:"options"`
	}
	if err := yaml.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	if got.Options.ServerAddress != c.Ports.Addr("kwok") || !slices.Contains(got.Options.EnableCRDs, "Stage") {
		t.Errorf("%s", data)
	}
}

package parts

import (
	"net/url"
	"strings"
	"testing"
)

func TestAnOrthancListensInItsOwnNetworkOnly(t *testing.T) {
	c := config(t)
	seen := map[string]bool{}
	for _, tenant := range []string{"bhs", "mhr"} {
		if err := c.Ports.Add(TenantPortNames(tenant)...); err != nil {
			t.Fatal(err)
		}
		p := c.Orthanc(tenant, "/usr/sbin/Orthanc", "admin:orthanc", 8042, 4242)
		if len(p.Inside) != 2 || len(p.Ports) != len(p.Inside) {
			t.Errorf("%s: %v are reached at %v", p.Name, p.Inside, p.Ports)
		}
		for _, port := range p.Ports {
			if c.Ports.Number(port) == 0 {
				t.Errorf("%s: nobody reserved %s", p.Name, port)
			}
		}
		health, err := url.Parse(p.Health)
		if err != nil || health.Host != c.Ports.Addr(p.Ports[0]) || health.User.Username() != "admin" {
			t.Errorf("%s: %s %v", p.Name, health.Redacted(), err)
		}
		if dir := c.OrthancDir(tenant); seen[dir] || !strings.HasPrefix(p.Args[0], dir) {
			t.Errorf("%s keeps its studies in %s, and is told %v", p.Name, dir, p.Args)
		}
		seen[c.OrthancDir(tenant)] = true
		if !p.Store {
			t.Errorf("%s ends before its gateway", p.Name)
		}
	}
}

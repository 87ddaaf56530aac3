package trust

import (
	"cmp"
	"fmt"
	"strings"
	"testing"
)

// serving sets the TLS settings of bhs' web Gateway.
func (c *cluster) serving(protocol string, tls map[string]any) {
	server := map[string]any{"port": map[string]any{"number": int64(443), "name": "https", "protocol": protocol}, "hosts": []any{"web.bhs.orthweb.com"}}
	if tls != nil {
		server["tls"] = tls
	}
	c.set("Gateway bhs-orthweb/web-gw", []any{server}, "spec", "servers")
}

func TestServers(t *testing.T) {
	mutual := map[string]any{"mode": "MUTUAL", "credentialName": "orthweb-secret"}
	ca := func(name, key string) func(*cluster) {
		return func(c *cluster) {
			c.serving("HTTPS", mutual)
			c.add(fmt.Sprintf("{apiVersion: v1, kind: Secret, metadata: {name: %s, namespace: bhs-orthweb}, data: {%s: %s}}", name, key, inBase64(c.ca["bhs"])))
		}
	}
	for _, c := range []struct {
		about  string
		change func(*cluster)
		want   string // mode, Secrets, number of CAs, their source, reason why unread
	}{
		{"as Korthweb has it", func(*cluster) {}, "SIMPLE [orthweb-secret] 0 - -"},
		{"mutual: ca.crt of the same Secret", func(c *cluster) { c.serving("HTTPS", mutual) }, "MUTUAL [orthweb-secret] 1 orthweb-secret -"},
		{"mutual: -cacert goes before", ca("orthweb-secret-cacert", "ca.crt"), "MUTUAL [orthweb-secret] 1 orthweb-secret-cacert -"},
		{"mutual: under Istio's own key", ca("orthweb-secret-cacert", "cacert"), "MUTUAL [orthweb-secret] 0 orthweb-secret-cacert Secret bhs-orthweb/orthweb-secret-cacert has its CAs in the key cacert"},
		{"mutual: without any", ca("orthweb-secret", "tls.crt"), "MUTUAL [orthweb-secret] 0 orthweb-secret -"},
		{"mutual: a Secret of its own", func(c *cluster) {
			c.serving("HTTPS", map[string]any{"mode": "OPTIONAL_MUTUAL", "credentialName": "orthweb-secret", "caCertCredentialName": "int-ca-secret"})
		}, "OPTIONAL_MUTUAL [orthweb-secret] 1 int-ca-secret -"},
		{"mutual: a Secret that is not there", func(c *cluster) {
			c.serving("HTTPS", map[string]any{"mode": "MUTUAL", "credentialName": "orthweb-secret", "caCertCredentialName": "gone"})
		}, "MUTUAL [orthweb-secret] 0 gone -"},
		{"mutual: Secrets may not be read", func(c *cluster) { c.serving("HTTPS", mutual); c.hidden = []string{"Secret"} },
			"MUTUAL [orthweb-secret] 0 - Secret bhs-orthweb/orthweb-secret-cacert could not be read: forbidden: cannot list secrets"},
		{"mutual: from files", func(c *cluster) {
			c.serving("HTTPS", map[string]any{"mode": "MUTUAL", "caCertificates": "/etc/certs/ca.pem"})
		}, "MUTUAL [] 0 - its CAs are in a file"},
		{"two kinds of key", func(c *cluster) {
			c.serving("HTTPS", map[string]any{"mode": "SIMPLE", "credentialNames": []any{"orthweb-secret", "int-ca-secret"}})
		}, "SIMPLE [orthweb-secret int-ca-secret] 0 - -"},
		{"no mode", func(c *cluster) { c.serving("TLS", map[string]any{}) }, "PASSTHROUGH [] 0 - -"},
		{"HTTP that sends on to HTTPS", func(c *cluster) { c.serving("HTTP", map[string]any{"httpsRedirect": true}) }, " [] 0 - -"},
		{"no TLS", func(c *cluster) { c.serving("TCP", nil) }, " [] 0 - -"},
		{"a credential of another scheme", func(c *cluster) {
			c.serving("HTTPS", map[string]any{"mode": "SIMPLE", "credentialName": "builtin://"})
		}, "SIMPLE [] 0 - -"},
	} {
		t.Run(c.about, func(t *testing.T) {
			k := korthweb(t, "bhs")
			c.change(k)
			servers, unread := Servers(k.snapshot(), k.tenants[0])
			if len(servers) != 2 || len(unread) > 0 {
				t.Fatalf("got %+v, %v", servers, unread)
			}
			s := servers[1]
			var names []string
			for _, ref := range s.Credentials {
				names = append(names, ref.Name)
			}
			got := fmt.Sprintf("%s %v %d %s %s", s.Mode, names, len(s.CA), cmp.Or(s.CAFrom.Name, "-"), cmp.Or(s.CAUnread, "-"))
			if !strings.HasPrefix(got, c.want) || s.Port != 443 || s.Folder != "gitops/application/bhs" {
				t.Errorf("got %s, port %d, folder %s; want %s", got, s.Port, s.Folder, c.want)
			}
		})
	}
}

// TestCentralIngress checks that the Secret is read from the namespace of the gateway pods.
func TestCentralIngress(t *testing.T) {
	c := korthweb(t, "bhs")
	for _, o := range c.objects {
		if o.GetKind() == "Service" {
			o.SetNamespace("istio-ingress")
		}
	}
	servers, _ := Servers(c.snapshot(), c.tenants[0])
	if got := servers[0].Credentials[0]; got.Namespace != "istio-ingress" {
		t.Errorf("got %s", got)
	}
	c.hidden = []string{"Gateway"}
	if servers, unread := Servers(c.snapshot(), c.tenants[0]); len(servers) > 0 || len(unread) != 1 {
		t.Errorf("Gateways may not be listed: %v, %v", servers, unread)
	}
}

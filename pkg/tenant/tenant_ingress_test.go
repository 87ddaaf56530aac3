package tenant

import (
	"fmt"
	"testing"
)

// TestTenantIngress changes the stock tenant's Gateways, Services and certificates, and checks
// the tenant's endpoints.
func TestTenantIngress(t *testing.T) {
	for _, c := range []struct{ name, objects, want string }{
		{"as it is", ``, "web [web.bhs.orthweb.com]:443 dicom [dicom.bhs.orthweb.com]:11112 at [192.168.64.16] until 2026-05-01"},
		{"the web passed through on 443, DICOM in the clear", `
kind: Gateway
metadata: {name: web-gw}
spec: {servers: [{port: {number: 443, protocol: TLS}, hosts: ["*.com"], tls: {mode: PASSTHROUGH}}]}
---
kind: Gateway
metadata: {name: dcm-gw}
spec: {servers: [{port: {number: 104, protocol: TCP}, hosts: ["*"]}]}
---
kind: VirtualService
metadata: {name: web-vs}
spec: {tls: [{route: []}, {}], http: null}`,
			"web [web.bhs.orthweb.com]:443 dicom [dicom.bhs.orthweb.com]:104 at [192.168.64.16] until 2026-05-01"},
		{"HTTPS passed through, which is routed as TLS", `
kind: Gateway
metadata: {name: web-gw}
spec: {servers: [{port: {number: 443, protocol: HTTPS}, hosts: ["*.bhs.orthweb.com"], tls: {mode: PASSTHROUGH, credentialName: null}}]}
---
kind: VirtualService
metadata: {name: web-vs}
spec: {hosts: [pass.bhs.orthweb.com], tls: [{route: []}, {}], http: null}`,
			"web [pass.bhs.orthweb.com]:443 dicom [dicom.bhs.orthweb.com]:11112 at [192.168.64.16] until 2026-05-01"},
		{"two ports: the first counts", `
kind: Gateway
metadata: {name: web-gw}
spec: {servers: [{port: {number: 443, protocol: HTTPS}, hosts: [a, a]}, {port: {number: 8443, protocol: HTTPS}, hosts: [b]}, {port: {number: 443, protocol: HTTPS}, hosts: [a, c]}]}`,
			"web [a c]:443 dicom [dicom.bhs.orthweb.com]:11112 at [192.168.64.16] until 2026-05-01"},
		{"a VirtualService of another Gateway", `
kind: VirtualService
metadata: {name: dcm-vs}
spec: {gateways: [other-gw, istio-system/dcm-gw]}`,
			"web [web.bhs.orthweb.com]:443 dicom [*]:11112 at [192.168.64.16] until 2026-05-01"},
		{"two certificates served, by kind of key", `
kind: Gateway
metadata: {name: web-gw}
spec: {servers: [{port: {number: 443, protocol: HTTPS}, hosts: [a], tls: {credentialNames: [orthweb-secret, orthweb-ec]}}]}
---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: ec}
spec: {secretName: orthweb-ec, issuerRef: {name: x, kind: Thing, group: corp.example.org}}
status: {notAfter: "2026-04-07T00:00:00Z", conditions: [{type: Ready, status: "True"}]}`,
			"web [a]:443 dicom [dicom.bhs.orthweb.com]:11112 at [192.168.64.16] until 2026-04-07"},
		{"two Services with one address, and two that are no way in", `
apiVersion: v1
kind: Service
metadata: {name: second}
spec: {selector: {istio: ingressgateway}}
status: {loadBalancer: {ingress: [{ip: 192.168.64.16}, {hostname: lb.example.org}]}}
---
apiVersion: v1
kind: Service
metadata: {name: istio-egressgateway}
spec: {selector: {istio: egressgateway}}
status: {loadBalancer: {ingress: [{ip: 10.8.8.8}]}}
---
apiVersion: v1
kind: Service
metadata: {name: external}
spec: {type: ExternalName}
status: {loadBalancer: {ingress: [{ip: 10.9.9.9}]}}
---
kind: Gateway
metadata: {name: any-gw}
spec: {servers: []}`,
			"web [web.bhs.orthweb.com]:443 dicom [dicom.bhs.orthweb.com]:11112 at [192.168.64.16 lb.example.org] until 2026-05-01"},
	} {
		test := testCase{Korthweb: korthweb{Tenants: []string{"bhs"}}}
		for _, o := range decode(t, []byte(c.objects)) {
			if o.GetAPIVersion() == "" {
				o.SetAPIVersion("networking.istio.io/v1")
			}
			o.SetNamespace("bhs-orthweb")
			test.Objects = append(test.Objects, o.Object)
		}
		s := onlyStatus(t, test)
		got := fmt.Sprintf("web %v:%d dicom %v:%d at %v until %s", s.Web.Hosts, s.Web.Port, s.DICOM.Hosts, s.DICOM.Port,
			s.Addresses, s.CertificateEnd.Format("2006-01-02"))
		if got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
		if !s.Ready() {
			t.Errorf("%s: %s", c.name, describeVerdict(s.Verdict))
		}
	}
}

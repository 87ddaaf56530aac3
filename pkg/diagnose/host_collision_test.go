package diagnose

import (
	"fmt"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// collisionBase has two tenants, each with its own Gateways and pods.
const collisionBase = `
- {apiVersion: v1, kind: Namespace, metadata: {name: bhs-orthweb, labels: {workload: orthweb, org: bhs}}}
- {apiVersion: v1, kind: Namespace, metadata: {name: mhr-orthweb, labels: {workload: orthweb, org: mhr}}}
`

// TestHostCollisions checks that a name that two tenants claim is reported with both objects,
// on the object to change, and that a name that is shared without a conflict is not reported.
func TestHostCollisions(t *testing.T) {
	const both = "tenant bhs and VirtualService mhr-orthweb/a of tenant mhr claim the same host name"
	for _, c := range []struct {
		about, objects string
		want           []string // "tenant: severity object, message"
	}{
		{"one tenant's name is in it", `
- {apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: a, namespace: bhs-orthweb}, spec: {servers: [{hosts: [web.bhs.orthweb.com, "*/WEB.mhr.orthweb.com"], port: {number: 80, protocol: HTTP}}]}}
- {apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: a, namespace: mhr-orthweb}, spec: {servers: [{hosts: ["*"], port: {number: 80, protocol: HTTP}}]}}
- {apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: mhr-orthweb}, spec: {gateways: [a], hosts: [web.mhr.orthweb.com]}}`,
			[]string{
				"bhs: Critical Gateway bhs-orthweb/a, Gateway bhs-orthweb/a of " + both + ": web.mhr.orthweb.com; it contains the name of tenant mhr, so it belongs to that tenant",
				"mhr: Warning Gateway bhs-orthweb/a, Gateway bhs-orthweb/a of " + both + ": web.mhr.orthweb.com; it contains the name of tenant mhr, so it belongs to that tenant",
			}},
		{"nothing tells whose they are", `
- {apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: a, namespace: bhs-orthweb}, spec: {servers: [{hosts: ["*"], port: {number: 80, protocol: HTTP}}]}}
- {apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: bhs-orthweb}, spec: {gateways: [a], hosts: [pacs.example.com, ris.example.com]}}
- {apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: a, namespace: mhr-orthweb}, spec: {servers: [{hosts: ["*"], port: {number: 80, protocol: HTTP}}]}}
- {apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: mhr-orthweb}, spec: {gateways: [a], hosts: [ris.example.com, pacs.example.com]}}`,
			[]string{
				"bhs: Critical VirtualService bhs-orthweb/a, VirtualService bhs-orthweb/a of " + both + "s: pacs.example.com, ris.example.com",
				"mhr: Critical VirtualService mhr-orthweb/a, VirtualService mhr-orthweb/a of tenant mhr and VirtualService bhs-orthweb/a of tenant bhs claim the same host names: pacs.example.com, ris.example.com",
			}},
		{"in a certificate alone", `
- {apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: a, namespace: bhs-orthweb}, spec: {servers: [{hosts: ["*"], port: {number: 443, protocol: HTTPS}, tls: {credentialName: s}}]}}
- {apiVersion: cert-manager.io/v1, kind: Certificate, metadata: {name: a, namespace: bhs-orthweb}, spec: {secretName: s, dnsNames: [web.mhr.orthweb.com]}, status: {conditions: [{type: Ready, status: "True"}]}}
- {apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: a, namespace: mhr-orthweb}, spec: {servers: [{hosts: ["*"], port: {number: 80, protocol: HTTP}}]}}
- {apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: mhr-orthweb}, spec: {gateways: [a], hosts: [web.mhr.orthweb.com]}}`,
			[]string{
				"bhs: Critical Certificate bhs-orthweb/a, Certificate bhs-orthweb/a of " + both + ": web.mhr.orthweb.com; it contains the name of tenant mhr, so it belongs to that tenant",
				"mhr: Warning Certificate bhs-orthweb/a, Certificate bhs-orthweb/a of " + both + ": web.mhr.orthweb.com; it contains the name of tenant mhr, so it belongs to that tenant",
			}},
		{"two VirtualServices of one tenant", `
- {apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: a, namespace: bhs-orthweb}, spec: {servers: [{hosts: ["*"], port: {number: 80, protocol: HTTP}}]}}
- {apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: bhs-orthweb}, spec: {gateways: [a], hosts: [web.bhs.orthweb.com]}}
- {apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: b, namespace: bhs-orthweb}, spec: {gateways: [a], hosts: [web.bhs.orthweb.com]}}`, nil},
		{"patterns", `
- {apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: a, namespace: bhs-orthweb}, spec: {servers: [{hosts: ["*", "*.orthweb.com"], port: {number: 80, protocol: HTTP}}]}}
- {apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: a, namespace: mhr-orthweb}, spec: {servers: [{hosts: ["*", "*.orthweb.com"], port: {number: 80, protocol: HTTP}}]}}`, nil},
		{"a shared Gateway", `
- {apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: a, namespace: istio-system}, spec: {servers: [{hosts: [web.bhs.orthweb.com, web.mhr.orthweb.com], port: {number: 80, protocol: HTTP}}]}}
- {apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: a, namespace: bhs-orthweb}, spec: {servers: [{hosts: [web.bhs.orthweb.com, mhr-orthweb/web.mhr.orthweb.com], port: {number: 80, protocol: HTTP}}]}}
- {apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: mhr-orthweb}, spec: {gateways: [istio-system/a, bhs-orthweb/a], hosts: [web.mhr.orthweb.com]}}`, nil},
	} {
		t.Run(c.about, func(t *testing.T) {
			var objects []map[string]any
			if err := yaml.Unmarshal([]byte(collisionBase+c.objects[1:]), &objects); err != nil {
				t.Fatal(err)
			}
			snap := meshScenario{Objects: objects}.snapshot()
			tenants := tenant.Discover(snap)
			var got []string
			var findings []finding.Finding
			for _, s := range Tenants(snap, tenants, tenants).Subjects {
				for _, cause := range s.Causes {
					if cause.Code != engine.CodeHostOfTwo {
						continue
					}
					got = append(got, fmt.Sprintf("%s: %s %s, %s", s.Tenant, cause.Severity, cause.Ref, cause.Message))
					sound(t, cause.Finding)
					readBack(t, snap, cause.Finding)
					findings = append(findings, cause.Finding)
					if len(cause.Evidence) != 2 || cause.Evidence[0].Ref.Namespace == cause.Evidence[1].Ref.Namespace {
						t.Errorf("the evidence is not of both objects: %+v", cause.Evidence)
					}
				}
			}
			compare(t, "causes", got, c.want)
			compareMessages(t, findings)
		})
	}
}

// TestHostCollisionOfObject checks that the collision is also the cause if one of the
// objects is explained.
func TestHostCollisionOfObject(t *testing.T) {
	var objects []map[string]any
	if err := yaml.Unmarshal([]byte(collisionBase+`- {apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: a, namespace: bhs-orthweb}, spec: {servers: [{hosts: [web.mhr.orthweb.com], port: {number: 80, protocol: HTTP}}]}}
- {apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: a, namespace: mhr-orthweb}, spec: {servers: [{hosts: [web.mhr.orthweb.com], port: {number: 80, protocol: HTTP}}]}}
`), &objects); err != nil {
		t.Fatal(err)
	}
	snap := meshScenario{Objects: objects}.snapshot()
	for _, namespace := range []string{"bhs-orthweb", "mhr-orthweb"} {
		e := Object(snap, tenant.Discover(snap), object.Ref{APIVersion: "networking.istio.io/v1", Kind: "Gateway", Namespace: namespace, Name: "a"})
		var got []string
		for _, cause := range e.Subjects[0].Causes {
			if cause.Code == engine.CodeHostOfTwo {
				got = append(got, string(cause.Severity)+" "+cause.Ref.String())
			}
		}
		want := map[string]string{"bhs-orthweb": "Critical Gateway bhs-orthweb/a", "mhr-orthweb": "Warning Gateway bhs-orthweb/a"}[namespace]
		compare(t, namespace, got, []string{want})
	}
}

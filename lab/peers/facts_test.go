package peers

import (
	"context"
	"errors"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/lab/cluster"
)

// objects finds its own objects; a kind in failing can't be read.
type objects struct {
	list    []*unstructured.Unstructured
	failing map[string]error
}

func (o objects) Find(_ context.Context, wanted cluster.Objects) (out []unstructured.Unstructured, err error) {
	for _, have := range o.list {
		if have.GetKind() == wanted.Kind && have.GetAPIVersion() == wanted.APIVersion &&
			(wanted.Namespace == "" || have.GetNamespace() == wanted.Namespace) && (wanted.Name == "" || have.GetName() == wanted.Name) {
			out = append(out, *have)
		}
	}
	return out, o.failing[wanted.Kind]
}

const bhs = `
apiVersion: v1
kind: Service
metadata: {name: istio-ingressgateway, namespace: bhs-orthweb}
spec: {type: LoadBalancer, ports: [{port: 443}]}
status: {loadBalancer: {ingress: [{ip: 127.0.0.11}]}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: orthanc, namespace: bhs-orthweb}
status: {readyReplicas: 3}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: istio-ingressgateway, namespace: bhs-orthweb}
status: {readyReplicas: 1}
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: web-gw, namespace: bhs-orthweb}
spec:
  selector: {istio: ingressgateway}
  servers:
  - port: {number: 443, name: https, protocol: HTTPS}
    hosts: [web.bhs.orthweb.com]
    tls: {mode: SIMPLE, credentialName: orthweb-secret}
---
apiVersion: v1
kind: Secret
metadata: {name: orthweb-secret, namespace: bhs-orthweb}
data: {tls.crt: Q0hBSU4=, tls.key: S0VZ}
---
apiVersion: v1
kind: Secret
metadata: {name: orthweb-secret, namespace: mhr-orthweb}
data: {tls.crt: T1RIRVI=, tls.key: T1RIRVI=}
`

func found(t *testing.T, text string) objects {
	t.Helper()
	list, err := cluster.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return objects{list, map[string]error{}}
}

func TestRead(t *testing.T) {
	f, err := Read(context.Background(), found(t, bhs), "bhs-orthweb")
	if err != nil || f.Service == nil || len(f.Gateways) != 1 || f.Proxies != 1 || f.Orthancs != 3 {
		t.Fatalf("%+v %v", f, err)
	}
	if got := string(f.Secrets["orthweb-secret"]["tls.crt"]); got != "CHAIN" {
		t.Errorf("the certificate is %q", got)
	}
	p := f.Plan()
	if len(p.Endpoints) != 1 || p.Endpoints[0].Addr.String() != "127.0.0.11:443" || !p.Forward {
		t.Errorf("%v %v", p.Endpoints, p.Problems)
	}
}

func TestReadKnowsUnknownFromAbsent(t *testing.T) {
	if f, err := Read(context.Background(), found(t, bhs), "new-orthweb"); err != nil || f.Service != nil {
		t.Errorf("a tenant without objects: %+v %v", f, err)
	}
	for _, kind := range []string{"Service", "Deployment", "Gateway", "Secret"} {
		from := found(t, bhs)
		from.failing[kind] = errors.New("the API server hangs")
		if _, err := Read(context.Background(), from, "bhs-orthweb"); err == nil {
			t.Errorf("a %s that can't be read is taken for none", kind)
		}
	}
	from := found(t, bhs)
	from.list, from.failing["Gateway"] = from.list[:3], &meta.NoKindMatchError{GroupKind: schema.GroupKind{Kind: "Gateway"}}
	if f, err := Read(context.Background(), from, "bhs-orthweb"); err != nil || len(f.Gateways) != 0 {
		t.Errorf("before Istio's definitions are there: %+v %v", f, err)
	}
}

func TestReadErrorHidesSecrets(t *testing.T) {
	from := found(t, strings.Replace(bhs, "S0VZ", "[cGFzc3dvcmQ=]", 1))
	_, err := Read(context.Background(), from, "bhs-orthweb")
	if err == nil || strings.Contains(err.Error(), "cGFzc3dvcmQ") {
		t.Errorf("%v", err)
	}
}

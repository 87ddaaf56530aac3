package peers

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

const tenants = `
apiVersion: v1
kind: Namespace
metadata: {name: bhs-orthweb}
---
apiVersion: v1
kind: Namespace
metadata: {name: old-orthweb}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: orthanc, namespace: bhs-orthweb}
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: web-gw, namespace: bhs-orthweb}
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: web-gw, namespace: alpha-orthweb}
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: shared, namespace: istio-system}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: istio-ingressgateway, namespace: old-orthweb}
`

func TestFindTenants(t *testing.T) {
	got, err := FindTenants(context.Background(), found(t, tenants))
	if err != nil || !slices.Equal(got.Served, []string{"alpha", "bhs"}) {
		t.Errorf("%v %v", got.Served, err)
	}
	if !got.HasNamespace("bhs") || !got.HasNamespace("old") || got.HasNamespace("new") {
		t.Errorf("the namespaces are %v", got.namespaces)
	}
}

func TestFindTenantsKnowsUnknownFromNone(t *testing.T) {
	for _, kind := range []string{"Namespace", "Deployment", "Gateway"} {
		from := found(t, tenants)
		from.failing[kind] = errors.New("the API server hangs")
		if got, err := FindTenants(context.Background(), from); err == nil {
			t.Errorf("tenants are %v without any %s that could be read", got, kind)
		}
	}
	from := found(t, tenants[:strings.Index(tenants, "networking.istio.io")])
	from.failing["Gateway"] = &meta.NoKindMatchError{GroupKind: schema.GroupKind{Kind: "Gateway"}}
	if got, err := FindTenants(context.Background(), from); err != nil || !slices.Equal(got.Served, []string{"bhs"}) {
		t.Errorf("before Istio's definitions are there: %v %v", got, err)
	}
}

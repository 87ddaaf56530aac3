package tenant_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/snapshot/recording"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// TestDependencies compares the dependencies in a chain of the lab's cluster.
func TestDependencies(t *testing.T) {
	snap, err := recording.Read(context.Background(), recording.Source{From: []string{"example:healthy"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	s := tenant.Assess(snap, tenant.Discover(snap))[0]
	var got []string
	for _, d := range tenant.Dependencies(snap, s) {
		got = append(got, fmt.Sprintf("%s < %s", s.Chain[d.Requires].Ref.Short(), s.Chain[d.Object].Ref.Short()))
	}
	want := strings.Split(strings.TrimSpace(`
GitRepository/flux-system < Kustomization/flux-system
Kustomization/flux-system < Kustomization/infrastructure
Kustomization/infrastructure < Kustomization/observability
Kustomization/observability < Kustomization/bhs-dependency
Kustomization/bhs-dependency < Kustomization/bhs-application
Kustomization/bhs-dependency < HelmRelease/istio-egress
Kustomization/bhs-dependency < HelmRelease/istio-ingress
Kustomization/bhs-dependency < HelmRelease/postgres-ha
HelmRelease/istio-egress < Deployment/istio-egressgateway
HelmRelease/istio-ingress < Deployment/istio-ingressgateway
Kustomization/bhs-application < Deployment/orthanc
HelmRelease/postgres-ha < Deployment/postgres-ha-postgresql-ha-pgpool
HelmRelease/postgres-ha < StatefulSet/postgres-ha-postgresql-ha-postgresql
Kustomization/bhs-dependency < Issuer/selfsigned-root-issuer
Issuer/selfsigned-root-issuer < Certificate/int-ca-cert
Certificate/int-ca-cert < Issuer/int-ca-issuer
Issuer/int-ca-issuer < Certificate/orthweb-cert
Certificate/orthweb-cert < Gateway/dcm-gw
Service/istio-ingressgateway < Gateway/dcm-gw
Certificate/orthweb-cert < Gateway/web-gw
Service/istio-ingressgateway < Gateway/web-gw
Gateway/dcm-gw < VirtualService/dcm-vs
Gateway/web-gw < VirtualService/web-vs
HelmRelease/istio-ingress < Service/istio-ingressgateway
`), "\n")
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
}

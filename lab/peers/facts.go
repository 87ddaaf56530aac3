package peers

import (
	"context"
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/digihunch/kubectl-orthweb/lab/cluster"
)

// These are the names that Korthweb gives a tenant's objects.
const (
	ingress = "istio-ingressgateway"
	orthanc = "orthanc"
)

const gatewayVersion = "networking.istio.io/v1"

// Facts are the objects of one tenant's ingress in a cluster.
type Facts struct {
	// Service is the load balancer, or nil if it doesn't exist.
	Service *corev1.Service
	// Gateways are the Gateways in the tenant's namespace, by name.
	Gateways []Gateway
	// Secrets are the data of the existing Secrets that the Gateways name.
	Secrets map[string]map[string][]byte
	// Proxies and Orthancs are the numbers of ready pods of each Deployment.
	Proxies, Orthancs int32
}

// Gateway has the fields used of a networking.istio.io/v1 Gateway (istio.io/api v1.31.4,
// networking/v1alpha3/gateway.proto).
type Gateway struct {
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		Servers []Server `json:"servers"`
	} `json:"spec"`
}

// Server is one port of a Gateway.
type Server struct {
	Port struct {
		Number   int64  `json:"number"`
		Protocol string `json:"protocol"`
	} `json:"port"`
	Hosts []string `json:"hosts"`
	TLS   struct {
		Mode           string `json:"mode"`
		CredentialName string `json:"credentialName"`
	} `json:"tls"`
}

// Finder finds objects in a cluster; cluster.Cluster implements it.
type Finder interface {
	Find(context.Context, cluster.Objects) ([]unstructured.Unstructured, error)
}

// Read reads the facts of the tenant with the namespace from the cluster. An error means that
// they are unknown, not that they are absent.
func Read(ctx context.Context, from Finder, namespace string) (Facts, error) {
	f := Facts{Secrets: map[string]map[string][]byte{}}
	services, err := find[corev1.Service](ctx, from, "v1", "Service", namespace, ingress)
	if err != nil || len(services) == 0 {
		return f, err
	}
	f.Service = &services[0]
	for name, ready := range map[string]*int32{ingress: &f.Proxies, orthanc: &f.Orthancs} {
		list, err := find[appsv1.Deployment](ctx, from, "apps/v1", "Deployment", namespace, name)
		if err != nil {
			return f, err
		}
		for _, d := range list {
			*ready = d.Status.ReadyReplicas
		}
	}
	f.Gateways, err = find[Gateway](ctx, from, gatewayVersion, "Gateway", namespace, "")
	if err != nil && !meta.IsNoMatchError(err) {
		return f, err
	}
	slices.SortFunc(f.Gateways, func(a, b Gateway) int { return strings.Compare(a.Name, b.Name) })
	return f, f.readSecrets(ctx, from, namespace)
}

func (f *Facts) readSecrets(ctx context.Context, from Finder, namespace string) error {
	for _, g := range f.Gateways {
		for _, s := range g.Spec.Servers {
			name := s.TLS.CredentialName
			if name == "" || f.Secrets[name] != nil {
				continue
			}
			list, err := find[corev1.Secret](ctx, from, "v1", "Secret", namespace, name)
			if err != nil {
				return err
			}
			for _, secret := range list {
				f.Secrets[name] = secret.Data
			}
		}
	}
	return nil
}

// find returns the objects as values of their type.
func find[T any](ctx context.Context, from Finder, apiVersion, kind, namespace, name string) ([]T, error) {
	o := cluster.Objects{APIVersion: apiVersion, Kind: kind, Namespace: namespace, Name: name}
	list, err := from.Find(ctx, o)
	if err != nil {
		return nil, err
	}
	out := make([]T, len(list))
	for i := range list {
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(list[i].Object, &out[i]); err != nil {
			// The error omits its cause, which could quote a Secret.
			return nil, fmt.Errorf("%s %s/%s does not have the structure of %s", kind, namespace, list[i].GetName(), apiVersion)
		}
	}
	return out, nil
}

// Package cloud simulates a cloud provider: it assigns to each Service of type LoadBalancer its
// own address on loopback, in the status as a real provider does.
package cloud

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"sort"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
)

// Provider assigns the addresses.
type Provider struct {
	client   kubernetes.Interface
	services corelisters.ServiceLister
	first    netip.Addr
	idle     func() bool
	log      func(format string, args ...any)
}

// Run assigns addresses, starting with first, until ctx ends, and assigns none while idle. It
// returns an error if it can't start.
func Run(ctx context.Context, kubeconfig string, first netip.Addr, idle func() bool, log func(string, ...any)) error {
	cfg, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return fmt.Errorf("reading the cloud provider's kubeconfig: %w", err)
	}
	client, err := kubernetes.NewForConfig(cfg)
	if err != nil {
		return fmt.Errorf("preparing the cloud provider's client: %w", err)
	}
	return run(ctx, client, first, idle, log)
}

func run(ctx context.Context, client kubernetes.Interface, first netip.Addr, idle func() bool, log func(string, ...any)) error {
	factory := informers.NewSharedInformerFactory(client, 0)
	informer := factory.Core().V1().Services()
	p := &Provider{client: client, services: informer.Lister(), first: first, idle: idle, log: log}
	// One worker: two Services must never get the same address.
	changed := make(chan struct{}, 1)
	wake := func() {
		select {
		case changed <- struct{}{}:
		default:
		}
	}
	_, err := informer.Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { wake() },
		UpdateFunc: func(any, any) { wake() },
	})
	if err != nil {
		return fmt.Errorf("watching Services: %w", err)
	}
	factory.Start(ctx.Done())
	if !cache.WaitForCacheSync(ctx.Done(), informer.Informer().HasSynced) {
		return nil
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
			if idle() {
				time.AfterFunc(time.Second, wake)
				continue
			}
			if err := p.sync(ctx); err != nil && ctx.Err() == nil {
				log("cloud provider: %v", err)
			}
		}
	}
}

// sync assigns an address to every load balancer without one.
func (p *Provider) sync(ctx context.Context) error {
	all, err := p.services.List(labels.Everything())
	if err != nil {
		return fmt.Errorf("listing Services: %w", err)
	}
	// They are sorted by name, so that the same tree gets the same addresses where possible.
	sort.Slice(all, func(i, j int) bool {
		return all[i].Namespace+"/"+all[i].Name < all[j].Namespace+"/"+all[j].Name
	})
	used := map[netip.Addr]bool{}
	var without []*corev1.Service
	for _, svc := range all {
		if svc.Spec.Type != corev1.ServiceTypeLoadBalancer {
			continue
		}
		if len(svc.Status.LoadBalancer.Ingress) == 0 {
			// This reads the Service again, because the cache lags behind this provider's own
			// patches.
			if svc, err = p.client.CoreV1().Services(svc.Namespace).Get(ctx, svc.Name, metav1.GetOptions{}); err != nil {
				return fmt.Errorf("reading a Service: %w", err)
			}
		}
		if len(svc.Status.LoadBalancer.Ingress) == 0 {
			without = append(without, svc)
			continue
		}
		if addr, err := netip.ParseAddr(svc.Status.LoadBalancer.Ingress[0].IP); err == nil {
			used[addr] = true
		}
	}
	for _, svc := range without {
		if err := p.assign(ctx, svc, used); err != nil {
			return err
		}
	}
	return nil
}

func (p *Provider) assign(ctx context.Context, svc *corev1.Service, used map[netip.Addr]bool) error {
	addr, err := allocate(p.first, used)
	if err != nil {
		return fmt.Errorf("service %s/%s: %w", svc.Namespace, svc.Name, err)
	}
	used[addr] = true
	patch, err := json.Marshal(map[string]any{"status": corev1.ServiceStatus{LoadBalancer: corev1.LoadBalancerStatus{
		Ingress: []corev1.LoadBalancerIngress{{IP: addr.String()}},
	}}})
	if err != nil {
		return err
	}
	if _, err := p.client.CoreV1().Services(svc.Namespace).Patch(ctx, svc.Name, types.MergePatchType, patch, metav1.PatchOptions{}, "status"); err != nil {
		return fmt.Errorf("reporting the address of Service %s/%s: %w", svc.Namespace, svc.Name, err)
	}
	p.log("cloud provider: Service %s/%s has the address %s", svc.Namespace, svc.Name, addr)
	return nil
}

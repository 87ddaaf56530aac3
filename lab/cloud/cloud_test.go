package cloud

import (
	"context"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes/fake"
)

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }

func TestAllocate(t *testing.T) {
	first := addr("127.0.0.11")
	for _, c := range []struct {
		used []string
		want string
	}{
		{nil, "127.0.0.11"},
		{[]string{"127.0.0.11"}, "127.0.0.12"},
		{[]string{"127.0.0.11", "127.0.0.13"}, "127.0.0.12"},
		{[]string{"10.0.0.1"}, "127.0.0.11"},
	} {
		used := map[netip.Addr]bool{}
		for _, u := range c.used {
			used[addr(u)] = true
		}
		got, err := allocate(first, used)
		if err != nil || got.String() != c.want {
			t.Errorf("with %v in use: %v %v, want %s", c.used, got, err, c.want)
		}
	}
}

func TestAllocateStaysOnLoopback(t *testing.T) {
	last := addr("127.255.255.255")
	if got, err := allocate(last, map[netip.Addr]bool{last: true}); err == nil {
		t.Errorf("gave out %s", got)
	}
	for _, text := range []string{"10.0.0.1", "::1", "localhost", ""} {
		if _, err := ParseFirst(text); err == nil {
			t.Errorf("ParseFirst took %q", text)
		}
	}
}

func service(namespace string, kind corev1.ServiceType, ip string) *corev1.Service {
	s := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "istio-ingressgateway"}, Spec: corev1.ServiceSpec{Type: kind}}
	if ip != "" {
		s.Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{IP: ip}}
	}
	return s
}

func TestEachLoadBalancerHasItsOwnAddress(t *testing.T) {
	client := fake.NewClientset(
		service("bhs-orthweb", corev1.ServiceTypeLoadBalancer, ""),
		service("mhr-orthweb", corev1.ServiceTypeLoadBalancer, ""),
		service("old-orthweb", corev1.ServiceTypeLoadBalancer, "127.0.0.11"),
		service("other", corev1.ServiceTypeClusterIP, ""),
	)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- run(ctx, client, addr("127.0.0.11"), func() bool { return false }, t.Logf) }()
	defer func() { cancel(); <-done }()
	get := func(namespace string) string {
		s, err := client.CoreV1().Services(namespace).Get(ctx, "istio-ingressgateway", metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if in := s.Status.LoadBalancer.Ingress; len(in) > 0 {
			return in[0].IP
		}
		return ""
	}
	if err := wait.PollUntilContextTimeout(t.Context(), 10*time.Millisecond, 10*time.Second, true, func(context.Context) (bool, error) {
		return get("mhr-orthweb") != "" && get("bhs-orthweb") != "", nil
	}); err != nil {
		t.Fatal("no addresses")
	}
	for namespace, want := range map[string]string{
		"bhs-orthweb": "127.0.0.12", "mhr-orthweb": "127.0.0.13", "old-orthweb": "127.0.0.11", "other": "",
	} {
		if got := get(namespace); got != want {
			t.Errorf("%s has %q, want %q", namespace, got, want)
		}
	}
}

func TestNoAddressWhileIdle(t *testing.T) {
	client := fake.NewClientset(service("bhs-orthweb", corev1.ServiceTypeLoadBalancer, ""))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	var asked atomic.Int32
	// The provider is idle at its first check; one second later it checks again.
	go func() { done <- run(ctx, client, addr("127.0.0.11"), func() bool { return asked.Add(1) == 1 }, t.Logf) }()
	defer func() { cancel(); <-done }()
	if err := wait.PollUntilContextTimeout(ctx, 10*time.Millisecond, 10*time.Second, true, func(ctx context.Context) (bool, error) {
		s, err := client.CoreV1().Services("bhs-orthweb").Get(ctx, "istio-ingressgateway", metav1.GetOptions{})
		return err == nil && len(s.Status.LoadBalancer.Ingress) > 0, err
	}); err != nil {
		t.Fatalf("no address once it isn't idle: %v", err)
	}
	if asked.Load() < 2 {
		t.Error("it gave an address while idle")
	}
}

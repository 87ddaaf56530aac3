package supervise

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/digihunch/kubectl-orthweb/lab/parts"
	"github.com/digihunch/kubectl-orthweb/lab/peers"
	"github.com/digihunch/kubectl-orthweb/lab/state"
)

// testGateway is the gateway of bhs, with the system's own HAProxy.
func testGateway(t *testing.T) *gateway {
	t.Helper()
	found, err := peers.Find()
	if err != nil {
		t.Skipf("it is about how HAProxy behaves: %v", err)
	}
	s := newTestSupervisor(t, nil)
	if err := s.cfg.Ports.Add(parts.TenantPortNames("bhs")...); err != nil {
		t.Fatal(err)
	}
	s.lab.Peers, s.lab.Parts = &found, []state.Part{{Name: "gateway-bhs"}}
	g := newGateway(s, nil, "bhs")
	t.Cleanup(func() { g.close(nil); s.stop() })
	return g
}

// facts are those of a Gateway with DICOM over TLS at a port of the address, with its own
// certificate with the serial number.
func facts(t *testing.T, serial int64) peers.Facts {
	t.Helper()
	f := peers.Facts{Proxies: 1, Service: &corev1.Service{}, Secrets: map[string]map[string][]byte{"s": certificate(t, serial)}}
	f.Service.Spec.Type = corev1.ServiceTypeLoadBalancer
	f.Service.Spec.Ports = []corev1.ServicePort{{Port: 11112}}
	f.Service.Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{IP: "127.0.0.201"}}
	var s peers.Server
	s.Port.Number, s.Port.Protocol, s.Hosts = 11112, "TLS", []string{"*"}
	s.TLS.Mode, s.TLS.CredentialName = "SIMPLE", "s"
	f.Gateways = []peers.Gateway{{}}
	f.Gateways[0].Spec.Servers = []peers.Server{s}
	return f
}

func certificate(t *testing.T, serial int64) map[string][]byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return map[string][]byte{
		"tls.crt": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		"tls.key": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}),
	}
}

// served is the serial number of the served certificate, -1 if there is none.
func served(g *gateway) int64 {
	lab := g.s.snapshot()
	p, _ := lab.Part(g.name)
	if len(p.Endpoints) == 0 {
		return -1
	}
	dialer := &net.Dialer{Timeout: 5 * time.Second}
	c, err := tls.DialWithDialer(dialer, "tcp", p.Endpoints[0].Address, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		return -1
	}
	defer func() { _ = c.Close() }()
	return c.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
}

// soon waits until served returns the wanted number. The previous proxy may still accept a
// client until it receives the signal, but there must always be a proxy.
func soon(g *gateway, want int64) (got int64) {
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if got = served(g); got == want || got == -1 {
			break
		}
	}
	return got
}

func TestAGatewayFollows(t *testing.T) {
	g, ctx := testGateway(t), context.Background()
	ready, renewed := facts(t, 1), facts(t, 2)
	g.apply(ctx, ready.Plan())
	if got := served(g); got != 1 {
		t.Fatalf("it serves %d", got)
	}
	first := g.child
	g.apply(ctx, ready.Plan())
	if g.child != first {
		t.Error("a new process though nothing changed")
	}
	// The test switches back and forth: no client is refused in between.
	for i := range 10 {
		f, want := ready, int64(1)
		if i%2 == 0 {
			f, want = renewed, 2
		}
		g.apply(ctx, f.Plan())
		if got := soon(g, want); got != want {
			t.Fatalf("after %d changes it serves %d, want %d", i+1, got, want)
		}
	}
	if !first.process.WaitGone(10 * time.Second) {
		t.Error("the first process still runs")
	}
	broken := facts(t, 3)
	broken.Secrets["s"]["tls.key"] = []byte("no key")
	g.apply(ctx, broken.Plan())
	p, _ := g.s.snapshot().Part(g.name)
	if got := served(g); got != 1 || !strings.Contains(p.Idle, "refuses") {
		t.Errorf("with a broken key it serves %d and says %q", got, p.Idle)
	}
	g.apply(ctx, peers.Facts{}.Plan())
	p, _ = g.s.snapshot().Part(g.name)
	if got := served(g); got != -1 || p.Process.Alive() || !strings.Contains(p.Idle, "Service") || p.Exit != "" {
		t.Errorf("without a Service it serves %d: %+v", got, p)
	}
	g.apply(ctx, ready.Plan())
	if got := served(g); got != 1 {
		t.Errorf("with the Service again it serves %d", got)
	}
}

func TestATakenPortIsReplaced(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.201:11112")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	g := testGateway(t)
	g.apply(context.Background(), facts(t, 1).Plan())
	p, _ := g.s.snapshot().Part(g.name)
	if got := served(g); got != 1 || p.Endpoints[0].Address == taken.Addr().String() {
		t.Errorf("it serves %d at %v", got, p.Endpoints)
	}
}

//go:build lab && linux

package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/digihunch/kubectl-orthweb/internal/resident"
)

// filled is the number of objects that the lab has been filled with.
var filled int

// BenchmarkThousandTenants compares `status` of a thousand tenants with `kubectl get
// kustomizations,helmreleases -A -o json` of the same objects, on the lab's API server, run in
// turn:
//
//	go test -tags lab -run '^$' -bench ThousandTenants -benchtime 5x ./e2e
//
// The tenants' Flux objects are copies of the real objects of bhs, statuses included; Flux's
// controllers are paused, so that nothing else loads the server.
func BenchmarkThousandTenants(b *testing.B) {
	const tenants = 1000
	for _, part := range []string{"kustomize-controller", "helm-controller", "source-controller"} {
		if err := command(b.Output(), "pause", part); err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = command(b.Output(), "resume", part) })
	}
	if filled == 0 { // the benchmark is called several times, with a growing b.N
		filled = fill(b, tenants)
	}
	meter, err := resident.NewMeter(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	var ours, theirs time.Duration
	var peak int64
	b.ResetTimer()
	for range b.N {
		took, memory := measure(b, meter, "../bin/kubectl-orthweb", "status", "--no-headers")
		ours += took
		peak = max(peak, memory)
		took, _ = measure(b, meter, lab.programs+"/kubectl", "get", "kustomizations,helmreleases", "-A", "-o", "json")
		theirs += took
	}
	b.ReportMetric(float64(filled), "objects")
	b.ReportMetric(float64(ours.Milliseconds())/float64(b.N), "status-ms")
	b.ReportMetric(float64(theirs.Milliseconds())/float64(b.N), "kubectl-ms")
	b.ReportMetric(float64(ours)/float64(theirs), "ratio")
	b.ReportMetric(float64(peak)/(1<<20), "peak-MiB")
}

// measure runs a program, and returns how long it took and its maximum resident memory, in
// bytes. Exit status 1 is a valid result, too.
func measure(b *testing.B, meter resident.Meter, name string, args ...string) (time.Duration, int64) {
	report := filepath.Join(b.TempDir(), "report")
	cmd := meter.Command(b.Context(), report, name, args...)
	cmd.Env = append(cmd.Environ(), "KUBECONFIG="+lab.kubeconfig)
	var out, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &stderr
	started := time.Now()
	err := cmd.Run()
	took := time.Since(started)
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 1 {
		err = nil
	}
	if err != nil || strings.Count(out.String(), "\n") < 1000 {
		b.Fatalf("%s: %v, %d lines\n%s", name, err, strings.Count(out.String(), "\n"), stderr.String())
	}
	peak, err := resident.Peak(report)
	if err != nil {
		b.Fatal(err)
	}
	return took, peak
}

// fill copies bhs' namespace, two layers and releases (two of them twice, for the other charts
// of a real tenant) for each tenant.
func fill(b *testing.B, tenants int) int {
	config, err := clientcmd.BuildConfigFromFlags("", lab.kubeconfig)
	if err != nil {
		b.Fatal(err)
	}
	config.QPS = -1
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		b.Fatal(err)
	}
	kustomizations := schema.GroupVersionResource{Group: "kustomize.toolkit.fluxcd.io", Version: "v1", Resource: "kustomizations"}
	releases := schema.GroupVersionResource{Group: "helm.toolkit.fluxcd.io", Version: "v2", Resource: "helmreleases"}
	namespaces := schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}
	models := []model{
		read(b, client, namespaces, "", "bhs-orthweb", ""),
		read(b, client, kustomizations, "flux-system", "bhs-dependency", ""),
		read(b, client, kustomizations, "flux-system", "bhs-application", ""),
		read(b, client, releases, "bhs-orthweb", "istio-ingress", ""),
		read(b, client, releases, "bhs-orthweb", "istio-egress", ""),
		read(b, client, releases, "bhs-orthweb", "postgres-ha", ""),
		read(b, client, releases, "bhs-orthweb", "istio-ingress", "-2"),
		read(b, client, releases, "bhs-orthweb", "istio-egress", "-2"),
	}
	var group errgroup.Group
	group.SetLimit(16)
	for i := range tenants {
		group.Go(func() error {
			for _, m := range models {
				if err := m.copy(client, fmt.Sprintf("t%04d", i)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		b.Fatal(err)
	}
	return tenants * (len(models) - 1)
}

// model is an object of bhs to copy, as JSON.
type model struct {
	resource  schema.GroupVersionResource
	suffix    string
	json      string
	hasStatus bool
}

func read(b *testing.B, client dynamic.Interface, resource schema.GroupVersionResource, namespace, name, suffix string) model {
	obj, err := client.Resource(resource).Namespace(namespace).Get(context.Background(), name, metav1.GetOptions{})
	if err != nil {
		b.Fatal(err)
	}
	for _, field := range []string{"uid", "resourceVersion", "managedFields", "creationTimestamp", "finalizers", "ownerReferences"} {
		unstructured.RemoveNestedField(obj.Object, "metadata", field)
	}
	text, err := obj.MarshalJSON()
	if err != nil {
		b.Fatal(err)
	}
	return model{resource, suffix, string(text), resource.Resource != "namespaces"}
}

// copy creates the object of a tenant from the model, with its status.
func (m model) copy(client dynamic.Interface, tenant string) error {
	obj := &unstructured.Unstructured{}
	if err := obj.UnmarshalJSON([]byte(strings.ReplaceAll(m.json, "bhs", tenant))); err != nil {
		return err
	}
	obj.SetName(obj.GetName() + m.suffix)
	status := obj.Object["status"]
	in := client.Resource(m.resource).Namespace(obj.GetNamespace())
	created, err := in.Create(context.Background(), obj, metav1.CreateOptions{})
	if err != nil || !m.hasStatus {
		return err
	}
	created.Object["status"] = status
	_, err = in.UpdateStatus(context.Background(), created, metav1.UpdateOptions{})
	return err
}

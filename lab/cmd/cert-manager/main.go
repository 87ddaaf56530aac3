// Command cert-manager runs the cert-manager controllers that Korthweb's certificates
// need as one process on the host. Upstream's main package is a separate module that is
// not published; this one starts the same controllers in the same way
// (cmd/controller/app/controller.go at v1.21.2), without leader election, ACME and the
// external issuers.
package main

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/cert-manager/cert-manager/pkg/controller"
	authv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	// Each of these packages registers its controllers.
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificaterequests/approver"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificaterequests/ca"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificaterequests/selfsigned"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/issuing"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/keymanager"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/readiness"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/requestmanager"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/revisionmanager"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/trigger"
	_ "github.com/cert-manager/cert-manager/pkg/controller/clusterissuers"
	_ "github.com/cert-manager/cert-manager/pkg/controller/issuers"
	_ "github.com/cert-manager/cert-manager/pkg/issuer/ca"
	_ "github.com/cert-manager/cert-manager/pkg/issuer/selfsigned"
	"k8s.io/apimachinery/pkg/util/wait"
)

func main() {
	kubeconfig := flag.String("kubeconfig", "", "how to reach the API server")
	health := flag.String("health-addr", "127.0.0.1:9403", "address of the health endpoint")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *kubeconfig, *health); err != nil && ctx.Err() == nil {
		_, _ = fmt.Fprintln(os.Stderr, "cert-manager:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, kubeconfig, health string) error {
	go func() {
		well := func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprintln(w, "ok") }
		_, _ = fmt.Fprintln(os.Stderr, "health:", http.ListenAndServe(health, http.HandlerFunc(well)))
	}()
	if err := waitForAPI(ctx, kubeconfig); err != nil {
		return err
	}
	factory, err := controller.NewContextFactory(ctx, options(kubeconfig))
	if err != nil {
		return fmt.Errorf("preparing the controllers: %w", err)
	}
	var wg sync.WaitGroup
	failed := make(chan error, len(controller.Known()))
	for name, build := range controller.Known() {
		c, err := build(factory)
		if err != nil {
			return fmt.Errorf("preparing controller %s: %w", name, err)
		}
		wg.Go(func() {
			if err := c.Run(2, ctx); err != nil {
				failed <- fmt.Errorf("controller %s: %w", name, err)
			}
		})
	}
	shared, err := factory.Build()
	if err != nil {
		return fmt.Errorf("preparing the informers: %w", err)
	}
	shared.SharedInformerFactory.Start(ctx.Done())
	shared.KubeSharedInformerFactory.Start(ctx.Done())
	shared.HTTP01ResourceMetadataInformersFactory.Start(ctx.Done())
	_, _ = fmt.Fprintln(os.Stderr, "running", len(controller.Known()), "controllers")
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		wg.Wait()
		return nil
	}
}

// options are upstream's defaults
// (internal/apis/config/controller/v1alpha1/defaults.go at v1.21.2).
func options(kubeconfig string) controller.ContextOptions {
	return controller.ContextOptions{
		Kubeconfig:         kubeconfig,
		KubernetesAPIQPS:   20,
		KubernetesAPIBurst: 50,
		IssuerOptions:      controller.IssuerOptions{ClusterResourceNamespace: "cert-manager"},
		CertificateOptions: controller.CertificateOptions{
			CopiedAnnotationPrefixes:                 []string{"*", "-kubectl.kubernetes.io/", "-fluxcd.io/", "-argocd.argoproj.io/"},
			CertificateRequestMinimumBackoffDuration: time.Hour,
			CertificateRequestMaximumBackoffDuration: 32 * time.Hour,
		},
	}
}

// waitForAPI waits until the CRDs are served and this user may list them. Both come with
// cert-manager's chart, after this process starts, and an informer whose first list fails backs
// off for up to half a minute.
func waitForAPI(ctx context.Context, kubeconfig string) error {
	cfg, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return fmt.Errorf("reading %s: %w", kubeconfig, err)
	}
	client, err := kubernetes.NewForConfig(cfg)
	if err != nil {
		return fmt.Errorf("using %s: %w", kubeconfig, err)
	}
	return wait.PollUntilContextCancel(ctx, 250*time.Millisecond, true, func(ctx context.Context) (bool, error) {
		return served(client) && allowed(ctx, client), nil
	})
}

func served(client kubernetes.Interface) bool {
	want := map[string]int{"cert-manager.io/v1": 4, "acme.cert-manager.io/v1": 2}
	for groupVersion, kinds := range want {
		list, err := client.Discovery().ServerResourcesForGroupVersion(groupVersion)
		if err != nil {
			return false
		}
		found := map[string]bool{}
		for _, r := range list.APIResources {
			found[r.Kind] = true
		}
		if len(found) < kinds {
			return false
		}
	}
	return true
}

func allowed(ctx context.Context, client kubernetes.Interface) bool {
	for group, resource := range map[string]string{"": "secrets", "cert-manager.io": "clusterissuers", "acme.cert-manager.io": "orders"} {
		review := &authv1.SelfSubjectAccessReview{Spec: authv1.SelfSubjectAccessReviewSpec{
			ResourceAttributes: &authv1.ResourceAttributes{Verb: "list", Group: group, Resource: resource},
		}}
		got, err := client.AuthorizationV1().SelfSubjectAccessReviews().Create(ctx, review, metav1.CreateOptions{})
		if err != nil || !got.Status.Allowed {
			return false
		}
	}
	return true
}

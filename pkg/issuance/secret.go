package issuance

import (
	"context"
	"fmt"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
)

// Secret reads one Secret. Its content is kept out of the log that -v=8 and
// above make of all answers (k8s.io/client-go/rest, logBody).
func Secret(ctx context.Context, config *rest.Config, namespace, name string) (*corev1.Secret, error) {
	config = rest.CopyConfig(config)
	config.APIPath, config.GroupVersion = "/api", &corev1.SchemeGroupVersion
	config.NegotiatedSerializer = scheme.Codecs.WithoutConversion()
	client, err := rest.RESTClientFor(config)
	if err != nil {
		return nil, fmt.Errorf("reading the cluster's address and credentials: %w", err)
	}
	secret := &corev1.Secret{}
	err = client.Get().Namespace(namespace).Resource("secrets").Name(name).
		VersionedParams(&metav1.GetOptions{}, scheme.ParameterCodec).
		Do(klog.NewContext(ctx, logr.Discard())).Into(secret)
	if err != nil {
		return nil, fmt.Errorf("reading Secret %s/%s: %w", namespace, name, err)
	}
	return secret, nil
}

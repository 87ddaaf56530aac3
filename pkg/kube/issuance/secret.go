package issuance

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"

	"github.com/digihunch/kubectl-orthweb/pkg/kube/request"
)

// Secret reads one Secret. Its content is not written to the log, which has all answers with
// -v=8 and above (k8s.io/client-go/rest, logBody).
func Secret(ctx context.Context, config *rest.Config, namespace, name string) (*corev1.Secret, error) {
	client, err := request.New(config)
	if err != nil {
		return nil, err
	}
	place := request.Place{GroupVersionKind: corev1.SchemeGroupVersion.WithKind("Secret"), Resource: "secrets", Namespace: namespace}
	path, err := place.Path(name)
	if err != nil {
		return nil, fmt.Errorf("reading Secret %s/%s: %w", namespace, name, err)
	}
	secret := &corev1.Secret{}
	err = client.Do(klog.NewContext(ctx, logr.Discard()), client.Get().AbsPath(path...), request.MaxObject, func(body []byte) error {
		if _, err := place.Object(body, name); err != nil {
			return err
		}
		if err := json.Unmarshal(body, secret); err != nil {
			return request.Malformed("the Secret is malformed") // the error may quote it
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading Secret %s/%s: %w", namespace, name, err)
	}
	return secret, nil
}

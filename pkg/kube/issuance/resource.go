package issuance

import (
	"context"
	"encoding/json"
	"fmt"

	cmapi "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"github.com/digihunch/kubectl-orthweb/pkg/kube/request"
)

// resource is where the CertificateRequests of a namespace are served: v1 since
// cert-manager 1.0.
type resource struct {
	rest  *request.Client
	place request.Place
}

func newResource(client *request.Client, namespace string) resource {
	return resource{client, request.Place{
		GroupVersionKind: cmapi.SchemeGroupVersion.WithKind(cmapi.CertificateRequestKind),
		Resource:         "certificaterequests", Namespace: namespace,
	}}
}

// create sends an object, and returns the one that the API server has created.
func (r resource) create(ctx context.Context, object *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	path, err := r.place.Path("")
	if err != nil {
		return nil, err
	}
	content, err := json.Marshal(object.Object)
	if err != nil {
		return nil, fmt.Errorf("encoding the CertificateRequest: %w", err)
	}
	post := r.rest.Post().AbsPath(path...).Param("fieldManager", "kubectl-orthweb").SetHeader("Content-Type", "application/json").Body(content)
	return r.send(ctx, post, object.GetName())
}

func (r resource) get(ctx context.Context, name string) (*unstructured.Unstructured, error) {
	path, err := r.place.Path(name)
	if err != nil {
		return nil, err
	}
	return r.send(ctx, r.rest.Get().AbsPath(path...), name)
}

// delete deletes the object; with a uid, only the object that has it.
func (r resource) delete(ctx context.Context, name string, uid types.UID) error {
	path, err := r.place.Path(name)
	if err != nil {
		return err
	}
	options := metav1.DeleteOptions{TypeMeta: metav1.TypeMeta{Kind: "DeleteOptions", APIVersion: "v1"}}
	if uid != "" {
		options.Preconditions = metav1.NewUIDPreconditions(string(uid))
	}
	content, err := json.Marshal(options)
	if err != nil {
		return err
	}
	del := r.rest.Delete().AbsPath(path...).SetHeader("Content-Type", "application/json").Body(content)
	return r.rest.Do(ctx, del, request.MaxObject, func(body []byte) error {
		var answer struct{ Kind, Message string }
		if err := request.Unmarshal(body, &answer, "Status"); err != nil {
			return err
		}
		if answer.Kind != "Status" && answer.Kind != r.place.Kind { // an object with finalizers is the answer
			return request.OtherKind(answer.Kind, answer.Message, "Status")
		}
		return nil
	})
}

// send sends a request for the named object, and returns the object in the answer.
func (r resource) send(ctx context.Context, send *rest.Request, name string) (obj *unstructured.Unstructured, err error) {
	err = r.rest.Do(ctx, send, request.MaxObject, func(body []byte) (err error) {
		obj, err = r.place.Object(body, name)
		return err
	})
	return obj, err
}

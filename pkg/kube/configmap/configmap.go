// Package configmap reads the data of single ConfigMaps, which package collect does not keep: it
// may contain passwords.
package configmap

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/klog/v2"

	"github.com/digihunch/kubectl-orthweb/pkg/kube/request"
)

// Read reads the data of a ConfigMap: as a list of one, since every user of the commands has
// permission to list. The answer is not logged with -v=8.
func Read(ctx context.Context, config *request.Config, namespace, name string) (map[string]string, error) {
	client, err := request.New(config)
	if err != nil {
		return nil, err
	}
	place := request.Place{GroupVersionKind: corev1.SchemeGroupVersion.WithKind("ConfigMap"), Resource: "configmaps", Namespace: namespace}
	path, err := place.Path("")
	if err != nil {
		return nil, err
	}
	var list corev1.ConfigMapList
	get := client.Get().AbsPath(path...).Param("fieldSelector", fields.OneTermEqualSelector("metadata.name", name).String())
	err = client.Do(klog.NewContext(ctx, logr.Discard()), get, request.MaxObject, func(body []byte) error {
		if err := json.Unmarshal(body, &list); err != nil || list.Kind != "ConfigMapList" {
			return request.Malformed("the list of ConfigMaps is malformed") // the error may quote it
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading ConfigMap %s/%s: %w", namespace, name, err)
	}
	for _, found := range list.Items {
		if found.Name == name && found.Namespace == namespace {
			return filesOf(found), nil
		}
	}
	return nil, fmt.Errorf("ConfigMap %s/%s does not exist", namespace, name)
}

// filesOf are all files of a ConfigMap.
func filesOf(c corev1.ConfigMap) map[string]string {
	files := maps.Clone(c.Data)
	if files == nil {
		files = map[string]string{}
	}
	for name, content := range c.BinaryData {
		files[name] = string(content)
	}
	return files
}

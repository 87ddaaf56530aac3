package target

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/kube/configmap"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/orthanc"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// limitsOf reads the limits of a tenant's archive from the configuration of its Orthanc in
// the cluster: the ConfigMaps that its containers mount, and their environment. Secrets are
// not read: if they contain settings, the limits are not known.
func (d *describer) limitsOf(t tenant.Tenant) func(context.Context) (orthanc.Limits, error) {
	return func(ctx context.Context) (orthanc.Limits, error) {
		pods, err := orthancPods(d.snap, t)
		if err != nil {
			return orthanc.Limits{}, err
		}
		var first *orthanc.Limits
		for _, p := range pods {
			limits, err := p.limits(ctx, func(ctx context.Context, namespace, name string) (map[string]string, error) {
				return configmap.Read(ctx, d.config, namespace, name)
			})
			if err != nil {
				return orthanc.Limits{}, err
			}
			if first != nil && !sameLimits(*first, limits) {
				return orthanc.Limits{}, fmt.Errorf("several Orthancs of %s have different limits", t.Name)
			}
			first = &limits
		}
		return *first, nil
	}
}

func sameLimits(a, b orthanc.Limits) bool {
	same := func(x, y *int64) bool { return x == nil && y == nil || x != nil && y != nil && *x == *y }
	return same(a.Patients, b.Patients) && same(a.Size, b.Size) && a.Rejects == b.Rejects
}

// orthancPod is a container that runs Orthanc, with its pod.
type orthancPod struct {
	of, namespace string
	spec          corev1.PodSpec
	container     corev1.Container
}

// orthancPods are the containers of the tenant's workloads that run Orthanc.
func orthancPods(snap *snapshot.Snapshot, t tenant.Tenant) ([]orthancPod, error) {
	var found []orthancPod
	for _, namespace := range t.Namespaces {
		for _, kind := range []schema.GroupKind{object.DeploymentKind, object.StatefulSetKind} {
			list := snap.List(kind, namespace)
			if len(list.Unknown) > 0 {
				return nil, errors.New(list.Unknown[0].String())
			}
			for _, object := range list.Objects {
				found = append(found, orthancsIn(object, kind.Kind)...)
			}
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("no Deployment or StatefulSet of %s runs an image of Orthanc", t.Name)
	}
	return found, nil
}

func orthancsIn(object *unstructured.Unstructured, kind string) (found []orthancPod) {
	template, _, _ := unstructured.NestedMap(object.Object, "spec", "template", "spec") // without a template there are no containers
	var spec corev1.PodSpec
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(template, &spec); err != nil {
		return nil
	}
	for _, c := range spec.Containers {
		if strings.Contains(path.Base(c.Image), "orthanc") {
			found = append(found, orthancPod{kind + " " + object.GetNamespace() + "/" + object.GetName(), object.GetNamespace(), spec, c})
		}
	}
	return found
}

// configMaps reads the data of a ConfigMap.
type configMaps func(ctx context.Context, namespace, name string) (map[string]string, error)

// limits reads the configuration of the container.
func (p orthancPod) limits(ctx context.Context, read configMaps) (orthanc.Limits, error) {
	environment, err := p.environment()
	if err != nil {
		return orthanc.Limits{}, err
	}
	config, files := orthanc.Configuration{}, 0
	for _, mount := range p.container.VolumeMounts {
		at := slices.IndexFunc(p.spec.Volumes, func(v corev1.Volume) bool { return v.Name == mount.Name })
		if at < 0 {
			continue
		}
		volume := p.spec.Volumes[at]
		switch {
		case volume.ConfigMap != nil:
			data, err := read(ctx, p.namespace, volume.ConfigMap.Name)
			if err != nil {
				return orthanc.Limits{}, err
			}
			named := configFiles(data, volume.ConfigMap.Items, mount)
			files += len(named)
			for _, name := range slices.Sorted(maps.Keys(named)) {
				if err := config.Add([]byte(named[name]), environment); err != nil {
					return orthanc.Limits{}, fmt.Errorf("%s in ConfigMap %s/%s: %w", name, p.namespace, volume.ConfigMap.Name, err)
				}
			}
		case volume.Secret != nil && certificateOnly(mount), volume.Projected != nil && tokenOnly(volume.Projected):
		case volume.Secret != nil, volume.Projected != nil, p.mayConfigure(mount, volume):
			return orthanc.Limits{}, fmt.Errorf("%s has files from volume %s, which may contain settings and is not read", p.of, volume.Name)
		}
	}
	if files == 0 {
		return orthanc.Limits{}, fmt.Errorf("%s has no configuration file from a ConfigMap", p.of)
	}
	return config.Limits(environment), nil
}

// environment is that of the container. A variable from another object has an unknown
// value; for a limit this is an error.
func (p orthancPod) environment() (map[string]string, error) {
	known := map[string]string{}
	for _, v := range p.container.Env {
		switch {
		case v.ValueFrom == nil:
			known[v.Name] = v.Value
		case strings.HasPrefix(v.Name, "ORTHANC__MAXIMUM_"), v.Name == "ORTHANC_JSON":
			return nil, fmt.Errorf("%s takes its setting %s from another object", p.of, v.Name)
		default:
			known[v.Name] = orthanc.UnknownValue // so that its default is not assumed
		}
	}
	for _, from := range p.container.EnvFrom {
		if from.SecretRef != nil || from.ConfigMapRef != nil {
			return nil, fmt.Errorf("%s takes environment variables from another object, which may contain settings", p.of)
		}
	}
	if _, ok := known["ORTHANC_JSON"]; ok {
		return nil, fmt.Errorf("%s has settings in ORTHANC_JSON, which are not read", p.of)
	}
	return known, nil
}

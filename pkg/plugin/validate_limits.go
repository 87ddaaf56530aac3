package plugin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/klog/v2"

	"github.com/digihunch/kubectl-orthweb/pkg/kube/request"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/orthanc"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// limitsOf reads the limits of a tenant's archive from the configuration of its Orthanc in
// the cluster: the ConfigMaps that its containers mount, and their environment. Secrets
// are not read: if they hold settings, the limits are not known.
func (o *validateOptions) limitsOf(snap *snapshot.Snapshot, t tenant.Tenant) func(context.Context) (orthanc.Limits, error) {
	return func(ctx context.Context) (orthanc.Limits, error) {
		pods, err := orthancPods(snap, t)
		if err != nil {
			return orthanc.Limits{}, err
		}
		var first *orthanc.Limits
		for _, p := range pods {
			limits, err := p.limits(ctx, o.configMap)
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

// certificateOnly reports whether the mount is one file that is not configuration: Orthanc
// reads the files whose names end with .json.
func certificateOnly(mount corev1.VolumeMount) bool {
	return mount.SubPath != "" && !isJSON(mount.MountPath)
}

// tokenOnly reports whether the volume is the one that Kubernetes adds for a service
// account.
func tokenOnly(p *corev1.ProjectedVolumeSource) bool {
	return !slices.ContainsFunc(p.Sources, func(s corev1.VolumeProjection) bool { return s.Secret != nil || s.ConfigMap != nil })
}

// configMap reads the data of a ConfigMap from the cluster: as a list of one, since every
// user of validate has permission to list. Package collect reads no data of ConfigMaps.
// The answer is not logged with -v=8: it may contain passwords.
func (o *validateOptions) configMap(ctx context.Context, namespace, name string) (map[string]string, error) {
	config, err := o.call.Config()
	if err != nil {
		return nil, err
	}
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

// configFiles are the JSON files of a ConfigMap's data in a mount, by their names: all
// keys, or the items; with a subPath the file or the directory of that name. A file that
// is mounted alone has the name that the mount defines.
func configFiles(data map[string]string, items []corev1.KeyToPath, mount corev1.VolumeMount) map[string]string {
	if len(items) == 0 {
		for key := range data {
			items = append(items, corev1.KeyToPath{Key: key, Path: key})
		}
	}
	files := map[string]string{}
	for _, item := range items {
		text, there := data[item.Key]
		name, subPath := path.Clean(item.Path), path.Clean(mount.SubPath)
		switch inside, within := strings.CutPrefix(name, subPath+"/"); {
		case mount.SubPath == "":
		case name == subPath:
			name = mount.MountPath
		case within:
			name = inside
		default:
			continue
		}
		if there && isJSON(name) {
			files[name] = text
		}
	}
	return files
}

// isJSON reports whether Orthanc reads a file in its configuration directory.
func isJSON(name string) bool { return strings.HasSuffix(strings.ToLower(name), ".json") }

// mayConfigure reports whether a volume that an initContainer or a driver fills may
// contain Orthanc's configuration.
func (p orthancPod) mayConfigure(mount corev1.VolumeMount, volume corev1.Volume) bool {
	if mount.SubPath != "" && isJSON(mount.MountPath) {
		return true
	}
	at := path.Clean(mount.MountPath)
	for _, place := range p.places() {
		if at == place || strings.HasPrefix(at, place+"/") {
			return true
		}
		if p.innermost(place) == at && (volume.EmptyDir == nil || p.shared(volume.Name) || isJSON(place)) {
			return true
		}
	}
	return false
}

// places are the paths of Orthanc's configuration: the defaults of its images, and those
// in its arguments.
func (p orthancPod) places() []string {
	places := []string{"/etc/orthanc"}
	for _, argument := range slices.Concat(p.container.Command, p.container.Args) {
		for _, word := range strings.FieldsFunc(argument, func(r rune) bool { return strings.ContainsRune(" \t\n\"';&|", r) }) {
			if strings.HasPrefix(word, "/") && path.Clean(word) != "/" {
				places = append(places, path.Clean(word))
			}
		}
	}
	return places
}

// innermost is the mount path of the volume that contains a place, empty if none does.
func (p orthancPod) innermost(place string) (at string) {
	for _, mount := range p.container.VolumeMounts {
		if m := path.Clean(mount.MountPath); len(m) > len(at) && (m == place || strings.HasPrefix(place, m+"/")) {
			at = m
		}
	}
	return at
}

// shared reports whether another container of the pod also mounts the volume.
func (p orthancPod) shared(volume string) bool {
	return slices.ContainsFunc(slices.Concat(p.spec.InitContainers, p.spec.Containers), func(c corev1.Container) bool {
		return c.Name != p.container.Name && slices.ContainsFunc(c.VolumeMounts, func(m corev1.VolumeMount) bool { return m.Name == volume })
	})
}

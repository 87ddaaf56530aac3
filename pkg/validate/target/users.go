package target

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/digihunch/kubectl-orthweb/pkg/kube/configmap"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/request"
	"github.com/digihunch/kubectl-orthweb/pkg/orthanc"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// Users is where the users of an Orthanc's web interface and their passwords are.
type Users struct {
	// Open: Orthanc requires no sign-in.
	Open bool
	// Kind, Namespace and Name are the object that has them: a ConfigMap, a Secret, or the
	// workload itself.
	Kind, Namespace, Name string
	// Key is the key of a Secret or a ConfigMap, if it is known.
	Key string
	// Certain is false if the object may have them, but is not read.
	Certain bool
}

// errNoUsers is the error if nothing has users.
var errNoUsers = errors.New("no ConfigMap, Secret or variable of its pods has the setting RegisteredUsers")

// OrthancUsers finds where the users of a tenant's Orthanc are: in the ConfigMaps that its
// containers mount, or in their environment. Secrets are named, and not read.
func OrthancUsers(ctx context.Context, config *request.Config, snap *snapshot.Snapshot, t tenant.Tenant) (Users, error) {
	pods, err := orthancPods(snap, t)
	if err != nil {
		return Users{}, err
	}
	return pods[0].users(ctx, func(ctx context.Context, namespace, name string) (map[string]string, error) {
		return configmap.Read(ctx, config, namespace, name)
	})
}

// users finds them for one container.
func (p orthancPod) users(ctx context.Context, read configMaps) (Users, error) {
	if found, ok := p.usersInEnvironment(); ok {
		return found, nil
	}
	var failed error
	var possible []Users
	for _, mount := range p.container.VolumeMounts {
		at := slices.IndexFunc(p.spec.Volumes, func(v corev1.Volume) bool { return v.Name == mount.Name })
		if at < 0 {
			continue
		}
		switch volume := p.spec.Volumes[at]; {
		case volume.ConfigMap != nil:
			found, ok, err := p.usersIn(ctx, read, *volume.ConfigMap, mount)
			if ok {
				return found, nil
			}
			failed = cmp.Or(failed, err)
		case volume.Secret != nil && !certificateOnly(mount):
			possible = append(possible, Users{Kind: "Secret", Namespace: p.namespace, Name: volume.Secret.SecretName})
		}
	}
	switch {
	case failed != nil:
		return Users{}, failed
	case len(possible) > 0:
		return possible[0], nil
	}
	return Users{}, errNoUsers
}

// usersIn finds them in the files of a ConfigMap.
func (p orthancPod) usersIn(ctx context.Context, read configMaps, volume corev1.ConfigMapVolumeSource, mount corev1.VolumeMount) (found Users, ok bool, err error) {
	data, err := read(ctx, p.namespace, volume.Name)
	if err != nil {
		return Users{}, false, err
	}
	files := configFiles(data, volume.Items, mount)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		config := orthanc.Configuration{}
		if err := config.Add([]byte(files[name]), nil); err != nil {
			return Users{}, false, fmt.Errorf("%s in ConfigMap %s/%s: %w", name, p.namespace, volume.Name, err)
		}
		_, has := config["RegisteredUsers"]
		if open := string(config["AuthenticationEnabled"]) == "false"; has || open {
			return Users{Open: open, Kind: "ConfigMap", Namespace: p.namespace, Name: volume.Name, Certain: true}, true, nil
		}
	}
	return Users{}, false, nil
}

// usersInEnvironment finds them in the variables that are settings (orthancteam/orthanc).
func (p orthancPod) usersInEnvironment() (Users, bool) {
	for _, v := range p.container.Env {
		switch {
		case v.Name != "ORTHANC__REGISTERED_USERS" && v.Name != "ORTHANC__AUTHENTICATION_ENABLED":
		case v.Name == "ORTHANC__AUTHENTICATION_ENABLED":
			if v.Value == "false" {
				return Users{Open: true, Certain: true}, true
			}
		case v.ValueFrom == nil:
			return Users{Kind: "pod template", Namespace: p.namespace, Name: p.of, Certain: true}, true
		case v.ValueFrom.SecretKeyRef != nil:
			return Users{Kind: "Secret", Namespace: p.namespace, Name: v.ValueFrom.SecretKeyRef.Name, Key: v.ValueFrom.SecretKeyRef.Key, Certain: true}, true
		case v.ValueFrom.ConfigMapKeyRef != nil:
			return Users{Kind: "ConfigMap", Namespace: p.namespace, Name: v.ValueFrom.ConfigMapKeyRef.Name, Key: v.ValueFrom.ConfigMapKeyRef.Key, Certain: true}, true
		}
	}
	return Users{}, false
}

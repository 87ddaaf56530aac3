package api

import (
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/digihunch/kubectl-orthweb/pkg/lint/rule"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// pod checks the pod, or the pod template of a workload.
func (v *invariants) pod() {
	spec, path := rule.PodSpec(v.o)
	if spec == nil {
		return
	}
	if path != "spec" {
		v.metadata(strings.TrimSuffix(path, "spec") + "metadata")
	}
	v.restartPolicy(spec, path)
	volumes := v.volumes(spec, path)
	names := map[string]bool{}
	for _, container := range rule.Containers(v.o) {
		name := object.Text(container.Fields, "name")
		v.once(names, container.Path+".name", name)
		v.format(container.Path+".name", name, labelName, validation.IsDNS1123Label)
		v.container(container, volumes)
	}
}

// restartPolicy requires the policies that a kind allows. The default is Always.
func (v *invariants) restartPolicy(spec map[string]any, path string) {
	policy := object.Text(spec, "restartPolicy")
	if rule.Unknown(policy) {
		return
	}
	switch v.o.Ref().GroupKind() {
	case object.PodKind:
	case object.JobKind, object.CronJobKind:
		if policy != "OnFailure" && policy != "Never" {
			v.add(path+".restartPolicy", "must be OnFailure or Never")
		}
	default:
		if policy != "" && policy != "Always" {
			v.add(path+".restartPolicy", "must be Always")
		}
	}
}

// volumes checks the volumes, and returns the names that containers can mount, or nil if not all
// are known.
func (v *invariants) volumes(spec map[string]any, path string) map[string]bool {
	names, known := map[string]bool{}, true
	for i, volume := range object.List(spec, "volumes") {
		at, name := path+".volumes["+itoa(i)+"]", object.Text(volume, "name")
		known = known && !rule.Unknown(name)
		names[name] = true
		v.format(at+".name", name, labelName, validation.IsDNS1123Label)
		if sources := present(volume, volumeSources...); len(sources) > 1 {
			v.add(at, "must have one type of volume, not "+strings.Join(sources, " and "))
		}
	}
	for _, claim := range object.List(v.fields(), "spec", "volumeClaimTemplates") {
		name := object.Text(claim, "metadata", "name")
		known = known && !rule.Unknown(name)
		names[name] = true
	}
	if !known {
		return nil
	}
	return names
}

// volumeSources are the types of volumes (core/v1 VolumeSource, v1.36).
var volumeSources = []string{
	"awsElasticBlockStore", "azureDisk", "azureFile", "cephfs", "cinder", "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral",
	"fc", "flexVolume", "flocker", "gcePersistentDisk", "gitRepo", "glusterfs", "hostPath", "image", "iscsi", "nfs",
	"persistentVolumeClaim", "photonPersistentDisk", "portworxVolume", "projected", "quobyte", "rbd", "scaleIO", "secret",
	"storageos", "vsphereVolume",
}

// present are those of the names that a map has.
func present(fields map[string]any, names ...string) []string {
	var found []string
	for _, name := range names {
		if fields[name] != nil {
			found = append(found, name)
		}
	}
	return found
}

func (v *invariants) container(c rule.Container, volumes map[string]bool) {
	if c.Fields["image"] == nil || c.Fields["image"] == "" {
		v.add(c.Path+".image", "is required")
	}
	v.ports(c)
	v.environment(c)
	v.resources(c)
	v.probes(c)
	v.mounts(c, volumes)
}

func (v *invariants) ports(c rule.Container) {
	names := map[string]bool{}
	for i, port := range object.List(c.Fields, "ports") {
		at, name := c.Path+".ports["+itoa(i)+"].name", object.Text(port, "name")
		v.once(names, at, name)
		v.format(at, name, portName, validation.IsValidPortName)
	}
}

func (v *invariants) environment(c rule.Container) {
	for i, entry := range object.List(c.Fields, "env") {
		at := c.Path + ".env[" + itoa(i) + "]"
		source := object.Map(entry, "valueFrom")
		if value, _ := entry["value"].(string); value != "" && source != nil {
			v.add(at+".valueFrom", "must not be set in addition to value")
		}
		if sources := present(source, "configMapKeyRef", "fieldRef", "fileKeyRef", "resourceFieldRef", "secretKeyRef"); len(sources) > 1 {
			v.add(at+".valueFrom", "must have one source, not "+strings.Join(sources, " and "))
		}
	}
}

func (v *invariants) resources(c rule.Container) {
	limits := object.Map(c.Fields, "resources", "limits")
	for _, name := range slices.Sorted(maps.Keys(limits)) {
		limit, known := object.Quote(c.Fields, rule.Field("resources.limits", name))
		request, ok := object.Quote(c.Fields, rule.Field("resources.requests", name))
		if !known || !ok {
			continue
		}
		most, err := resource.ParseQuantity(limit)
		requested, failed := resource.ParseQuantity(request)
		if err == nil && failed == nil && requested.Cmp(most) > 0 {
			v.add(rule.Field(c.Path+".resources.requests", name), "must be at most the limit, "+limit)
		}
	}
}

func (v *invariants) probes(c rule.Container) {
	for _, name := range []string{"livenessProbe", "readinessProbe", "startupProbe"} {
		probe := object.Map(c.Fields, name)
		if probe == nil {
			continue
		}
		switch handlers := present(probe, "exec", "grpc", "httpGet", "tcpSocket"); {
		case c.Init:
			v.add(c.Path+"."+name, "must not be set for a container that runs before the others")
		case len(handlers) == 0:
			v.add(c.Path+"."+name, "must have one of exec, grpc, httpGet and tcpSocket")
		case len(handlers) > 1:
			v.add(c.Path+"."+name, "must have one handler, not "+strings.Join(handlers, " and "))
		}
	}
}

// mounts checks what a container mounts. The volumes are nil if not all are known.
func (v *invariants) mounts(c rule.Container, volumes map[string]bool) {
	for i, mount := range object.List(c.Fields, "volumeMounts") {
		at := c.Path + ".volumeMounts[" + itoa(i) + "]"
		if name := object.Text(mount, "name"); volumes != nil && name != "" && !rule.Unknown(name) && !volumes[name] {
			v.add(at+".name", "must be the name of a volume of the pod")
		}
	}
}

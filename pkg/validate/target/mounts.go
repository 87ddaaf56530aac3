package target

import (
	"path"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

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

package workload

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/lint/rule"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/orthanc"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/cluster"
)

var memoryLimit = &rule.Rule{
	Code: "OW4908", Name: "memory-limit", Severity: finding.Warning,
	Title: "The storage cache of an Orthanc does not fit its memory limit",
	Object: func(c *rule.Context, o *cluster.Object) {
		if !isOneOf(o, servers) || !tenant.IsOrthanc(o.Unstructured) {
			return
		}
		for _, container := range running(o) {
			limit, ok := limitOf(container, "memory")
			cache, known := storageCache(c, o, object.Text(container.Fields, "name"))
			if !ok || !limit.known || !known || limit.Value() > cache {
				continue
			}
			c.Report(o, container.Path+".resources.limits.memory",
				fmt.Sprintf("the memory limit of %s is %s, but its storage cache alone grows to %dMi: it is killed while it stores or reads studies", nameOf(container), limit.String(), cache>>20),
				inFile(o, fmt.Sprintf("Set resources.limits.memory to at least %dMi, or MaximumStorageCacheSize in Orthanc's configuration to at most %d",
					(cache+besidesCache)>>20, max(limit.Value()-besidesCache, limit.Value()/4)>>20)))
		}
	},
}

// besidesCache is the memory that a recommended limit leaves for all but the storage cache: three
// times the default cache. Orthanc holds each file that it receives, decodes or sends in memory,
// so there is no exact number. Where a limit is smaller, a quarter of it is for the cache.
const besidesCache = 384 << 20

// storageCache is the size to which the storage cache of the Orthanc in a workload grows, in
// bytes; it is not known if a setting may be in a place that is not in the tree. Container may
// be empty if the workload has only one.
func storageCache(c *rule.Context, o *cluster.Object, container string) (bytes int64, known bool) {
	if !tenant.IsOrthanc(o.Unstructured) {
		return 0, false
	}
	for _, candidate := range running(o) {
		name := object.Text(candidate.Fields, "name")
		if container != name && (container != "" || len(running(o)) != 1) {
			continue
		}
		configuration, environment, ok := configurationOf(c, o, candidate)
		if !ok {
			return 0, false
		}
		if size := configuration.StorageCache(environment); size != nil {
			return *size << 20, true
		}
	}
	return 0, false
}

// configurationOf is the configuration of the Orthanc in a container: the files that ConfigMaps
// contain, and its variables. Ok is false if something else may contain settings.
func configurationOf(c *rule.Context, o *cluster.Object, container rule.Container) (configuration orthanc.Configuration, environment map[string]string, ok bool) {
	configuration, environment = orthanc.Configuration{}, map[string]string{}
	if len(object.List(container.Fields, "envFrom")) > 0 {
		return nil, nil, false
	}
	for _, variable := range object.List(container.Fields, "env") {
		name, value := object.Text(variable, "name"), object.Text(variable, "value")
		if variable["valueFrom"] != nil || rule.Unknown(value) {
			value = orthanc.UnknownValue
		}
		environment[name] = value
	}
	files, ok := mountedFiles(c, o, container)
	if json := environment["ORTHANC_JSON"]; json != "" { // of the image orthancteam/orthanc
		files = append(files, json)
	}
	for _, file := range files {
		if configuration.Add([]byte(file), environment) != nil {
			return nil, nil, false
		}
	}
	return configuration, environment, ok
}

// mountedFiles are the JSON files that a container mounts from ConfigMaps. Ok is false if it
// mounts something else that may contain some.
func mountedFiles(c *rule.Context, o *cluster.Object, container rule.Container) (files []string, ok bool) {
	spec, _ := rule.PodSpec(o)
	for _, mount := range object.List(container.Fields, "volumeMounts") {
		for _, volume := range object.List(spec, "volumes") {
			if volume["name"] != mount["name"] {
				continue
			}
			if volume["secret"] != nil || volume["projected"] != nil || volume["csi"] != nil {
				return nil, false
			}
			if volume["configMap"] == nil {
				continue
			}
			found := c.Find(object.ConfigMapKind, o.GetNamespace(), object.Text(volume, "configMap", "name"))
			if len(found) == 0 {
				return nil, false
			}
			data := object.Map(found[0].Unstructured.Object, "data")
			for _, key := range slices.Sorted(maps.Keys(data)) {
				if text, isText := data[key].(string); isText && strings.HasSuffix(key, ".json") {
					files = append(files, text)
				}
			}
		}
	}
	return files, true
}

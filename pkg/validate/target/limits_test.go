package target

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// workload is a Deployment whose Orthanc has these volumes, mounts and variables.
const workload = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: orthanc, namespace: bhs-orthweb}
spec:
  template:
    spec:
      containers:
      - {name: proxy, image: "envoy:1"}
      - name: orthanc
        image: "registry.example.com/lib/orthanc-plugins:1.12.1"
`

// limitWords formats a limit, or ? if it is unknown.
func limitWords(limit *int64) string {
	if limit == nil {
		return "?"
	}
	return fmt.Sprint(*limit)
}

func parsed(t *testing.T, rest string) []orthancPod {
	t.Helper()
	var object map[string]any
	if err := yaml.Unmarshal([]byte(workload+rest), &object); err != nil {
		t.Fatal(err)
	}
	return orthancsIn(&unstructured.Unstructured{Object: object}, "Deployment")
}

func TestOrthancPodLimits(t *testing.T) {
	const mounted = `
        volumeMounts: [{name: config, mountPath: /etc/orthanc/orthanc.json, subPath: orthanc.json}]
      volumes: [{name: config, configMap: {name: orthanc}}]
`
	const more = `
        volumeMounts: [{name: config, mountPath: /etc/orthanc}, {name: more, mountPath: /more}]
      volumes: [{name: config, configMap: {name: orthanc}}, {name: more, %s}]
`
	for _, c := range []struct {
		about, rest string
		files       map[string]string
		want        string // patients, size; or the error
	}{
		{about: "no limits", rest: mounted, files: map[string]string{"orthanc.json": `{"Name": "x"}`}, want: "0 0"},
		{about: "limits", rest: mounted, files: map[string]string{"orthanc.json": `{"MaximumPatientCount": 7, "MaximumStorageSize": 8}`, "other.json": "no JSON"}, want: "7 8"},
		{about: "a whole directory", rest: fmt.Sprintf(more, "emptyDir: {}"), files: map[string]string{"a.json": `{"MaximumPatientCount": 7}`, "b.JSON": `{"MaximumStorageSize": 8}`, "c.lua": "no"}, want: "7 8"},
		{about: "other names", rest: strings.ReplaceAll(mounted, "{name: orthanc}", "{name: orthanc, items: [{key: config, path: orthanc.json}]}"),
			files: map[string]string{"config": `{"MaximumPatientCount": 7}`, "orthanc.json": `{}`}, want: "7 0"},
		{about: "a variable", rest: "        env: [{name: MOST, value: '9'}]" + mounted, files: map[string]string{"orthanc.json": `{"MaximumPatientCount": "${MOST}"}`}, want: "9 0"},
		{about: "a variable that replaces a setting", rest: "        env: [{name: ORTHANC__MAXIMUM_PATIENT_COUNT, value: '9'}]" + mounted, files: map[string]string{"orthanc.json": `{}`}, want: "9 0"},
		{about: "a setting from another object", rest: "        env: [{name: ORTHANC__MAXIMUM_PATIENT_COUNT, valueFrom: {secretKeyRef: {name: a, key: b}}}]" + mounted,
			files: map[string]string{"orthanc.json": `{}`}, want: "takes its setting ORTHANC__MAXIMUM_PATIENT_COUNT from another object"},
		{about: "variables from another object", rest: "        envFrom: [{secretRef: {name: a}}]" + mounted, files: map[string]string{"orthanc.json": `{}`}, want: "takes environment variables from another object"},
		{about: "a variable from another object, with a default", rest: "        env: [{name: MOST, valueFrom: {configMapKeyRef: {name: a, key: b}}}]" + mounted,
			files: map[string]string{"orthanc.json": `{"MaximumPatientCount": ${MOST:-0}}`}, want: "? 0"},
		{about: "a variable from another object, with a default as text", rest: "        env: [{name: MOST, valueFrom: {configMapKeyRef: {name: a, key: b}}}]" + mounted,
			files: map[string]string{"orthanc.json": `{"MaximumPatientCount": "${MOST:-0}"}`}, want: "? 0"},
		{about: "a variable from another object that is no limit", rest: "        env: [{name: DB, valueFrom: {configMapKeyRef: {name: a, key: b}}}]" + mounted,
			files: map[string]string{"orthanc.json": `{"Host": "${DB:-none}"}`}, want: "0 0"},
		{about: "a key that is mounted as a file of another name", rest: `
        volumeMounts: [{name: config, mountPath: /etc/orthanc/a.json, subPath: a.json}, {name: config, mountPath: /etc/orthanc/b.json, subPath: config}]
      volumes: [{name: config, configMap: {name: orthanc}}]
`, files: map[string]string{"a.json": `{}`, "config": `{"MaximumPatientCount": 7}`}, want: "7 0"},
		{about: "a key that two items have", rest: strings.ReplaceAll(mounted, "{name: orthanc}", "{name: orthanc, items: [{key: config, path: notes.txt}, {key: config, path: orthanc.json}]}"),
			files: map[string]string{"config": `{"MaximumPatientCount": 7}`}, want: "7 0"},
		{about: "a directory of items", rest: `
        volumeMounts: [{name: config, mountPath: /etc/orthanc/a.json, subPath: a.json}, {name: config, mountPath: /etc/orthanc.d, subPath: d}]
      volumes: [{name: config, configMap: {name: orthanc, items: [{key: a, path: a.json}, {key: b, path: d/b.json}]}}]
`, files: map[string]string{"a": `{}`, "b": `{"MaximumPatientCount": 7}`}, want: "7 0"},
		{about: "a volume that something else fills, where the configuration is", rest: `
        volumeMounts: [{name: config, mountPath: /etc/orthanc/a.json, subPath: a.json}, {name: more, mountPath: /etc/orthanc/}]
      volumes: [{name: config, configMap: {name: orthanc}}, {name: more, emptyDir: {}}]
`, files: map[string]string{"a.json": `{}`}, want: "volume more, which may contain settings"},
		{about: "one file that something else fills", rest: `
        volumeMounts: [{name: config, mountPath: /etc/orthanc/a.json, subPath: a.json}, {name: more, mountPath: /etc/b.json, subPath: b.json}]
      volumes: [{name: config, configMap: {name: orthanc}}, {name: more, persistentVolumeClaim: {claimName: x}}]
`, files: map[string]string{"a.json": `{}`}, want: "volume more, which may contain settings"},
		{about: "a volume that something else fills, which Orthanc is started with", rest: `
        args: [/rendered/]
        volumeMounts: [{name: config, mountPath: /templates}, {name: more, mountPath: /rendered}]
      volumes: [{name: config, configMap: {name: orthanc}}, {name: more, csi: {driver: x}}]
`, files: map[string]string{"a.json": `{}`}, want: "volume more, which may contain settings"},
		{about: "a volume that something else fills, which a shell starts Orthanc with", rest: `
        command: [sh, -c, "exec Orthanc --verbose /rendered/orthanc.json"]
        volumeMounts: [{name: config, mountPath: /templates}, {name: more, mountPath: /rendered}]
      volumes: [{name: config, configMap: {name: orthanc}}, {name: more, emptyDir: {}}]
`, files: map[string]string{"a.json": `{}`}, want: "volume more, which may contain settings"},
		{about: "storage", rest: `
        args: [/etc/orthanc/]
        volumeMounts: [{name: config, mountPath: /etc/orthanc}, {name: more, mountPath: /var/lib/orthanc/db}, {name: tmp, mountPath: /tmp}]
      volumes: [{name: config, configMap: {name: orthanc}}, {name: more, persistentVolumeClaim: {claimName: x}}, {name: tmp, emptyDir: {}}]
`, files: map[string]string{"a.json": `{}`}, want: "0 0"},
		{about: "an empty directory above", rest: `
        args: [/run/secrets/]
        volumeMounts: [{name: config, mountPath: /run/secrets/orthanc.json, subPath: orthanc.json}, {name: more, mountPath: /run}]
      volumes: [{name: config, configMap: {name: orthanc}}, {name: more, emptyDir: {}}]
`, files: map[string]string{"orthanc.json": `{}`}, want: "0 0"},
		{about: "a directory above that an initContainer fills", rest: `
        args: [/run/secrets/]
        volumeMounts: [{name: config, mountPath: /run/secrets/orthanc.json, subPath: orthanc.json}, {name: more, mountPath: /run}]
      initContainers: [{name: render, image: x, volumeMounts: [{name: more, mountPath: /out}]}]
      volumes: [{name: config, configMap: {name: orthanc}}, {name: more, emptyDir: {}}]
`, files: map[string]string{"orthanc.json": `{}`}, want: "volume more, which may contain settings"},
		{about: "settings as one variable", rest: "        env: [{name: ORTHANC_JSON, value: '{}'}]" + mounted, files: map[string]string{"orthanc.json": `{}`}, want: "ORTHANC_JSON"},
		{about: "a Secret with files", rest: fmt.Sprintf(more, "secret: {secretName: s3cret}"), files: map[string]string{"a.json": `{}`}, want: "volume more, which may contain settings"},
		{about: "a token", rest: fmt.Sprintf(more, "projected: {sources: [{serviceAccountToken: {path: token}}]}"), files: map[string]string{"a.json": `{}`}, want: "0 0"},
		{about: "no file", rest: mounted, files: map[string]string{"other": ""}, want: "no configuration file from a ConfigMap"},
		{about: "not JSON", rest: mounted, files: map[string]string{"orthanc.json": `{"Password": s3cret}`}, want: "orthanc.json in ConfigMap bhs-orthweb/orthanc: it is not JSON"},
		{about: "no ConfigMap", rest: mounted, want: "forbidden: cannot list configmaps"},
	} {
		t.Run(c.about, func(t *testing.T) {
			pods := parsed(t, c.rest)
			if len(pods) != 1 || pods[0].container.Name != "orthanc" {
				t.Fatalf("%+v", pods)
			}
			limits, err := pods[0].limits(t.Context(), func(_ context.Context, namespace, name string) (map[string]string, error) {
				if c.files == nil || namespace != "bhs-orthweb" || name != "orthanc" {
					return nil, errors.New("forbidden: cannot list configmaps")
				}
				return c.files, nil
			})
			got := fmt.Sprint(err)
			if err == nil {
				got = limitWords(limits.Patients) + " " + limitWords(limits.Size)
			}
			if !strings.Contains(got, c.want) || strings.Contains(got, "s3cret") {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// TestOrthancPods finds the Orthancs of the recorded Korthweb, and none where none exists.
func TestOrthancPods(t *testing.T) {
	snap := healthy(t)
	chosen, _ := tenant.Find(tenant.Discover(snap), "bhs")
	pods, err := orthancPods(snap, chosen)
	if err != nil || len(pods) != 1 || pods[0].of != "Deployment bhs-orthweb/orthanc" {
		t.Errorf("%+v, %v", pods, err)
	}
	if pods, err := orthancPods(snap, tenant.Tenant{Name: "none", Namespaces: []string{"default"}}); err == nil || len(pods) > 0 {
		t.Errorf("%+v, %v", pods, err)
	}
	if parsed(t, "") == nil || orthancsIn(&unstructured.Unstructured{Object: map[string]any{}}, "Deployment") != nil {
		t.Error("an Orthanc without volumes, and a workload without a template")
	}
	if got := configFiles(map[string]string{"a.json": "{}"}, []corev1.KeyToPath{{Key: "b"}}, corev1.VolumeMount{}); len(got) != 0 {
		t.Errorf("%v of other items", got)
	}
}

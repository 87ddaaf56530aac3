package stages

import (
	"reflect"
	"strings"
	"testing"

	"github.com/distribution/reference"
	"github.com/itchyny/gojq"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/kwok/pkg/utils/gotpl"
)

var hex64 = strings.Repeat("0123456789abcdef", 4)

// images are valid and invalid names of images. The library of the kubelet provides the
// expected results.
var images = []string{
	"orthanc", "osimis/orthanc", "osimis/orthanc:24.1.2", "osimis/orthanc@sha256:" + hex64,
	"osimis/orthanc:24.1.2@sha256:" + hex64, "registry.example.com:5000/a/b/c:v1", "localhost/a", "localhost:5000/a:b",
	"Example.com/a", "Upper/case", "a__b/c-d.e", "[::1]:5000/a", "127.0.0.1:5000/a@sha512:" + hex64 + hex64,
	"osimis/orthanc@" + hex64, "osimis/orthanc:24.1.2@" + hex64, hex64, "library/" + hex64,
	"osimis/orthanc@sha256:" + hex64[:40], "osimis/orthanc@sha256:" + hex64 + "0", "osimis/orthanc@md5:" + hex64[:32],
	"osimis/orthanc@sha256:" + strings.ToUpper(hex64), "osimis/Orthanc", "Orthanc", "Orthanc:1", "a//b", "/a", "a/", "a:", "a@",
	"a:b:c", "a b", "https://registry.example.com/a", "a:-x", "a:" + strings.Repeat("x", 129), "-a", "a_-_b", "${IMAGE}", ":latest",
}

func kubeletParses(image string) bool {
	_, err := reference.ParseNormalizedNamed(image)
	return err == nil
}

func pod(containers ...string) map[string]any {
	var list []any
	for i, image := range containers {
		list = append(list, map[string]any{"name": "c" + string(rune('0'+i)), "image": image})
	}
	return map[string]any{
		"metadata": map[string]any{"name": "p", "namespace": "n", "uid": "u"},
		"spec":     map[string]any{"nodeName": "node", "containers": list},
		"status":   map[string]any{"phase": "Pending"},
	}
}

func isBad(t *testing.T, p map[string]any) bool {
	t.Helper()
	q, err := gojq.Parse(badImage())
	if err != nil {
		t.Fatalf("the filter isn't jq: %v", err)
	}
	v, ok := q.Run(p).Next()
	bad, isBool := v.(bool)
	if !ok || !isBool {
		t.Fatalf("the filter gave %v", v)
	}
	return bad
}

func TestBadImageAgreesWithTheKubelet(t *testing.T) {
	for _, image := range images {
		if got, want := isBad(t, pod(image)), !kubeletParses(image); got != want {
			t.Errorf("image %q: bad is %v, a kubelet says %v", image, got, want)
		}
	}
}

func TestBadImageLooksAtEveryContainer(t *testing.T) {
	bad := "osimis/orthanc@" + hex64
	if !isBad(t, pod("good", bad)) {
		t.Error("the second container's image wasn't seen")
	}
	p := pod("good")
	p["spec"].(map[string]any)["initContainers"] = []any{map[string]any{"name": "i", "image": bad}}
	if !isBad(t, p) {
		t.Error("the init container's image wasn't seen")
	}
}

func TestStageReportsWhatAKubeletDoes(t *testing.T) {
	stage, err := InvalidImageName()
	if err != nil {
		t.Fatal(err)
	}
	bad := "osimis/orthanc@" + hex64
	status := render(t, stage, 2, "patch", pod("good:1", bad))
	if status["phase"] != "Pending" || status["podIP"] != "10.0.0.9" {
		t.Errorf("phase and podIP: %v %v", status["phase"], status["podIP"])
	}
	list := status["containerStatuses"].([]any)
	reason, _, _ := unstructured.NestedString(list[1].(map[string]any), "state", "waiting", "reason")
	message, _, _ := unstructured.NestedString(list[1].(map[string]any), "state", "waiting", "message")
	want := `Failed to apply default image tag "` + bad + `": couldn't parse image name "` + bad + `": invalid reference format`
	if reason != "InvalidImageName" || message != want {
		t.Errorf("the second container waits for %s: %s\nwant %s", reason, message, want)
	}
	if _, ok, _ := unstructured.NestedMap(list[0].(map[string]any), "state", "running"); !ok {
		t.Errorf("the first container should run: %v", list[0])
	}
	event := render(t, stage, 0, "apply", pod("good:1", bad))
	if event["message"] != want || event["reason"] != "InspectFailed" {
		t.Errorf("the event says %v: %v", event["reason"], event["message"])
	}
}

func TestTemplateAgreesWithTheKubelet(t *testing.T) {
	stage, err := InvalidImageName()
	if err != nil {
		t.Fatal(err)
	}
	for _, image := range images {
		status := render(t, stage, 2, "patch", pod(image))
		first := status["containerStatuses"].([]any)[0].(map[string]any)
		if got := first["ready"]; got != kubeletParses(image) {
			t.Errorf("image %q: ready is %v, a kubelet says %v", image, got, kubeletParses(image))
		}
	}
}

func render(t *testing.T, stage *unstructured.Unstructured, step int, kind string, p map[string]any) map[string]any {
	t.Helper()
	steps, _, _ := unstructured.NestedSlice(stage.Object, "spec", "steps")
	text, _, _ := unstructured.NestedString(steps[step].(map[string]any), kind, "template")
	ips := func(...any) []string { return []string{"10.0.0.9"} }
	renderer := gotpl.NewRenderer(gotpl.FuncMap{"NodeIPsWith": ips, "PodIPsWith": ips})
	data, err := renderer.ToJSON(text, p)
	if err != nil {
		t.Fatalf("rendering: %v", err)
	}
	out, err := parse(data)
	if err != nil {
		t.Fatal(err)
	}
	return out.Object
}

func TestPodReadyLeavesBadImagesAlone(t *testing.T) {
	obj := &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{"selector": map[string]any{"matchExpressions": []any{}}}}}
	if err := exceptBadImages(obj); err != nil {
		t.Fatal(err)
	}
	list, _, _ := unstructured.NestedSlice(obj.Object, "spec", "selector", "matchExpressions")
	var operators []any
	for _, requirement := range list {
		operators = append(operators, requirement.(map[string]any)["operator"])
	}
	// The first one excludes Pods that a fault's Stage has processed.
	if !reflect.DeepEqual(operators, []any{"DoesNotExist", "NotIn"}) {
		t.Errorf("the requirements aren't there: %v", list)
	}
}

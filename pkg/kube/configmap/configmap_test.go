package configmap

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
)

// TestFilesOf has binary data as well: kubectl stores data that is not UTF-8 there, and
// a volume shows no difference.
func TestFilesOf(t *testing.T) {
	got := filesOf(corev1.ConfigMap{Data: map[string]string{"a.json": "{}"}, BinaryData: map[string][]byte{"b.json": []byte("[]")}})
	if len(got) != 2 || got["a.json"] != "{}" || got["b.json"] != "[]" {
		t.Errorf("%v", got)
	}
}

package target

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// TestUsers finds where the users of an Orthanc are, and quotes no password.
func TestUsers(t *testing.T) {
	const mounted = `
        volumeMounts: [{name: config, mountPath: /etc/orthanc/orthanc.json, subPath: orthanc.json}]
      volumes: [{name: config, configMap: {name: orthanc}}]
`
	const secret = `
        volumeMounts: [{name: config, mountPath: /etc/orthanc}]
      volumes: [{name: config, secret: {secretName: users}}]
`
	variable := func(text string) string { return "\n        env: [" + text + "]\n" }
	for _, c := range []struct {
		about, rest, file string
		want              string
	}{
		{"in a ConfigMap", mounted, `{"AuthenticationEnabled": true, "RegisteredUsers": {"admin": "hunter2"}}`, "ConfigMap bhs-orthweb/orthanc  true"},
		{"disabled", mounted, `{"AuthenticationEnabled": false, "RegisteredUsers": {"admin": "hunter2"}}`, "open"},
		{"no users", mounted, `{"Name": "hunter2"}`, "error: no ConfigMap, Secret or variable of its pods has the setting RegisteredUsers"},
		{"malformed", mounted, `{"RegisteredUsers": {"admin": "hunter2"`, "error: /etc/orthanc/orthanc.json in ConfigMap bhs-orthweb/orthanc: it is not JSON"},
		{"refused", mounted, "", "error: forbidden"},
		{"in a Secret, perhaps", secret, "", "Secret bhs-orthweb/users  false"},
		{"a variable of a Secret", variable("{name: ORTHANC__REGISTERED_USERS, valueFrom: {secretKeyRef: {name: s, key: k}}}"), "", "Secret bhs-orthweb/s k true"},
		{"a variable of a ConfigMap", variable("{name: ORTHANC__REGISTERED_USERS, valueFrom: {configMapKeyRef: {name: c, key: k}}}"), "", "ConfigMap bhs-orthweb/c k true"},
		{"a literal", variable(`{name: ORTHANC__REGISTERED_USERS, value: "{\"a\": \"hunter2\"}"}`), "", "pod template bhs-orthweb/Deployment bhs-orthweb/orthanc  true"},
		{"disabled by a variable", variable(`{name: ORTHANC__AUTHENTICATION_ENABLED, value: "false"}`), "", "open"},
		{"nothing", "", "", "error: no ConfigMap"},
	} {
		found, err := parsed(t, c.rest)[0].users(t.Context(), func(_ context.Context, namespace, name string) (map[string]string, error) {
			if c.file == "" {
				return nil, errors.New("forbidden")
			}
			return map[string]string{"orthanc.json": c.file}, nil
		})
		got := fmt.Sprintf("%s %s/%s %s %v", found.Kind, found.Namespace, found.Name, found.Key, found.Certain)
		switch {
		case err != nil:
			got = "error: " + err.Error()
		case found.Open:
			got = "open"
		}
		if !strings.HasPrefix(got, c.want) || strings.Contains(got, "hunter2") {
			t.Errorf("%s: %s", c.about, got)
		}
	}
}

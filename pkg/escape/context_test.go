package escape

import "testing"

func TestInContext(t *testing.T) {
	for command, want := range map[string]string{
		"":                           "",
		"kubectl get pods -n a":      "kubectl --context=c get pods -n a",
		"kubectl orthweb explain b":  "kubectl orthweb --context=c explain b",
		"flux resume ks x":           "flux --context=c resume ks x",
		"helm rollback x 3 -n a":     "helm --kube-context=c rollback x 3 -n a",
		"helm show chart x":          "helm show chart x",
		"cmctl renew x -n a":         "cmctl renew --context=c x -n a",
		"cmctl status certificate x": "cmctl status certificate --context=c x",
		"curl -s http://x":           "curl -s http://x",
		"kubectls x":                 "kubectls x",
		"kubectl create x -o yaml | kubectl apply -f -":   "kubectl --context=c create x -o yaml | kubectl --context=c apply -f -",
		"kubectl get x > y && kubectl delete x":           "kubectl --context=c get x > y && kubectl --context=c delete x",
		"kubectl get 'a && kubectl b'":                    "kubectl --context=c get 'a && kubectl b'",
		`kubectl get 'it'\''s; kubectl x'`:                `kubectl --context=c get 'it'\''s; kubectl x'`,
		`kubectl get s -o jsonpath='{.a\.b}' | base64 -d`: `kubectl --context=c get s -o jsonpath='{.a\.b}' | base64 -d`,
		`kubectl get "a`:                                  `kubectl --context=c get "a`,
	} {
		if got := InContext(command, "c"); got != want {
			t.Errorf("%s: got %s, want %s", command, got, want)
		}
	}
	if got := InContext("kubectl get x", "a b"); got != "kubectl --context='a b' get x" {
		t.Errorf("a name with a space: %s", got)
	}
}

package kubeconfig

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
)

// sample has contexts as users have them: several of one cluster, names with slashes, and odd ones.
func sample() Config {
	config := *clientcmdapi.NewConfig()
	add := func(name, cluster, user, namespace string) {
		config.Contexts[name] = &clientcmdapi.Context{Cluster: cluster, AuthInfo: user, Namespace: namespace}
		config.Clusters[cluster] = &clientcmdapi.Cluster{Server: "https://" + cluster, CertificateAuthorityData: []byte(cluster)}
		config.AuthInfos[user] = &clientcmdapi.AuthInfo{}
	}
	add("prod-b", "b", "u", "")
	add("prod-a", "a", "u", "")
	add("prod-a-bhs", "a", "u", "bhs-orthweb")
	add("prod-a-admin", "a", "admin", "")
	add("arn:aws:eks:eu:1:cluster/prod", "c", "u", "")
	add("[odd]*", "d", "u", "")
	config.Clusters["b-again"] = &clientcmdapi.Cluster{Server: "https://b/", CertificateAuthorityData: []byte("b")}
	config.Contexts["test-b"] = &clientcmdapi.Context{Cluster: "b-again", AuthInfo: "u"}
	config.Clusters["b-other-ca"] = &clientcmdapi.Cluster{Server: "https://b", CertificateAuthorityData: []byte("x")}
	config.Contexts["test-x"] = &clientcmdapi.Context{Cluster: "b-other-ca", AuthInfo: "u"}
	config.Contexts["broken"] = &clientcmdapi.Context{Cluster: "none", AuthInfo: "none"}
	return config
}

func TestSelect(t *testing.T) {
	for _, c := range []struct {
		patterns string
		want     string // NAME[=SAME…][~SHARES], or the error
	}{
		{"prod-a", "prod-a"},
		{"prod-b,prod-a", "prod-b prod-a"},
		{"prod-b,prod-b,prod-*", "prod-b prod-a=prod-a-bhs prod-a-admin~prod-a"},
		{"prod-*", "prod-a=prod-a-bhs prod-a-admin~prod-a prod-b"},
		{"prod-a,prod-a-bhs", "prod-a prod-a-bhs~prod-a"},
		{"prod-*,prod-a-bhs", "prod-a prod-a-admin~prod-a prod-a-bhs~prod-a prod-b"},
		{"prod-?", "prod-a prod-b"},
		{"prod-[ab]", "prod-a prod-b"},
		{"*prod", "arn:aws:eks:eu:1:cluster/prod"},
		{"arn:*", "arn:aws:eks:eu:1:cluster/prod"},
		{"[odd]*", "[odd]*"},
		{"prod-b,test-b", "prod-b test-b~prod-b"},
		{"*-b", "prod-b=test-b"},
		{"*-b,test-x", "prod-b=test-b test-x"},
		{"broken", "broken"},
		{"*", "[odd]* arn:aws:eks:eu:1:cluster/prod broken prod-a=prod-a-bhs prod-a-admin~prod-a prod-b=test-b test-x"},
		{"prod-c", `context "prod-c" does not exist; Did you mean prod-a? Contexts: [odd]*, arn:aws:eks:eu:1:cluster/prod, broken, prod-a, prod-a-admin, prod-a-bhs, prod-b, test-b, test-x.`},
		{"prod-a,stage-*", `no context matches "stage-*"; Contexts: `},
	} {
		selected, err := Select(sample(), strings.Split(c.patterns, ","))
		var got []string
		for _, s := range selected {
			text := s.Name
			for _, same := range s.Same {
				text += "=" + same
			}
			if s.Shares != "" {
				text += "~" + s.Shares
			}
			got = append(got, text)
		}
		result := strings.Join(got, " ")
		if err != nil {
			hint, _ := advice.Of(err)
			result = err.Error() + "; " + hint
		}
		if result != c.want && (err == nil || !strings.HasPrefix(result, c.want)) {
			t.Errorf("%s: got %s, want %s", c.patterns, result, c.want)
		}
	}
	selected, err := Select(sample(), []string{"prod-a*"})
	if err != nil || !slices.Equal(selected[0].Namespaces, []string{"default", "bhs-orthweb"}) {
		t.Errorf("got %v, %v: the namespaces of all contexts must be read", selected, err)
	}
	if _, err := Select(*clientcmdapi.NewConfig(), []string{"*"}); err == nil {
		t.Error("a kubeconfig without contexts was accepted")
	}
	many := *clientcmdapi.NewConfig()
	for i := range 100 {
		many.Contexts[fmt.Sprintf("c%03d", i)] = &clientcmdapi.Context{}
	}
	_, err = Select(many, []string{"x-*"})
	if hint, _ := advice.Of(err); !strings.HasSuffix(hint, "c019 and 80 more.") {
		t.Errorf("got %q", hint)
	}
	if all, err := Select(many, []string{"*"}); err != nil || len(all) != 100 {
		t.Errorf("got %d contexts without a cluster, %v", len(all), err)
	}
}

func TestCheckPattern(t *testing.T) {
	for pattern, valid := range map[string]bool{"a": true, "*": true, "a/*": true, "[a-b]": true, "": false, "[a": false, `a\`: false} {
		if err := CheckPattern(pattern); (err == nil) != valid {
			t.Errorf("%q: %v", pattern, err)
		}
	}
}

// FuzzSelect checks that no pattern causes a panic, and that each context is selected once at most.
func FuzzSelect(f *testing.F) {
	f.Add("prod-*", "*")
	f.Add("[odd]*", `\`)
	f.Fuzz(func(t *testing.T, one, other string) {
		selected, err := Select(sample(), []string{one, other})
		if err != nil {
			return
		}
		var names []string
		for _, s := range selected {
			names = append(append(names, s.Name), s.Same...)
		}
		slices.Sort(names)
		if len(slices.Compact(slices.Clone(names))) != len(names) {
			t.Errorf("%q, %q: %v", one, other, names)
		}
	})
}

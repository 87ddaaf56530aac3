package kubecontext

import (
	"path/filepath"
	"testing"

	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

func config(server, current string, names ...string) api.Config {
	c := *api.NewConfig()
	for _, name := range names {
		c.Clusters[name] = &api.Cluster{Server: server}
		c.AuthInfos[name] = &api.AuthInfo{Token: "t"}
		c.Contexts[name] = &api.Context{Cluster: name, AuthInfo: name}
	}
	c.CurrentContext = current
	return c
}

func write(t *testing.T, file string, c api.Config) string {
	t.Helper()
	if err := clientcmd.WriteToFile(c, file); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestAddAndRemove(t *testing.T) {
	for _, c := range []struct {
		name    string
		own     api.Config
		current string
	}{
		{"none yet", *api.NewConfig(), Name},
		{"another is current", config("https://prod", "prod", "prod"), "prod"},
		{"the current one is gone", config("https://prod", "gone", "prod"), Name},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			own := write(t, filepath.Join(dir, "own"), c.own)
			t.Setenv("KUBECONFIG", own)
			lab := write(t, filepath.Join(dir, "lab"), config("https://127.0.0.1:1", "lab", "lab"))
			current, err := Add(lab)
			if err != nil || current != (c.current == Name) {
				t.Fatalf("Add: current %v, %v", current, err)
			}
			added, err := clientcmd.LoadFromFile(own)
			if err != nil || added.CurrentContext != c.current || added.Clusters[Name].Server != "https://127.0.0.1:1" {
				t.Fatalf("added: %+v, %v", added, err)
			}
			if err := Remove(lab); err != nil {
				t.Fatal(err)
			}
			removed, err := clientcmd.LoadFromFile(own)
			if err != nil || removed.Contexts[Name] != nil || removed.CurrentContext == Name || len(removed.Clusters) != len(c.own.Clusters) {
				t.Errorf("removed: %+v, %v", removed, err)
			}
		})
	}
}

func TestRemoveLeavesAnotherLab(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("KUBECONFIG", write(t, filepath.Join(dir, "own"), config("https://127.0.0.1:2", Name, Name)))
	lab := write(t, filepath.Join(dir, "lab"), config("https://127.0.0.1:1", "lab", "lab"))
	if err := Remove(lab); err != nil {
		t.Fatal(err)
	}
	if left, err := clientcmd.LoadFromFile(filepath.Join(dir, "own")); err != nil || left.Contexts[Name] == nil {
		t.Errorf("another lab's context is gone: %v", err)
	}
}

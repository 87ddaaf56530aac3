package gitserver

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
)

func TestPushReplacesTheTree(t *testing.T) {
	root := t.TempDir()
	if err := Init(root); err != nil {
		t.Fatal(err)
	}
	handler, err := Handler(root, os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	defer server.Close()
	work, url := filepath.Join(t.TempDir(), "work"), server.URL+"/"+Repository
	push := func(files map[string][]byte) (string, bool) {
		t.Helper()
		commit, changed, err := Push(work, url, "a change", files)
		if err != nil {
			t.Fatal(err)
		}
		head, err := Head(root)
		if err != nil || head != commit {
			t.Fatalf("the server is at %s (%v), the clone at %s", head, err, commit)
		}
		return commit, changed
	}
	first, changed := push(map[string][]byte{"a/b.yaml": []byte("1"), "c": []byte("2")})
	if !changed {
		t.Error("the first push changed nothing")
	}
	if same, changed := push(map[string][]byte{"a/b.yaml": []byte("1"), "c": []byte("2")}); changed || same != first {
		t.Error("the same files made another commit")
	}
	push(map[string][]byte{"a/b.yaml": []byte("3")})
	names, err := git(filepath.Join(root, Repository), "ls-tree", "-r", "--name-only", Branch)
	if err != nil || names != "a/b.yaml" {
		t.Errorf("the server has %q: %v", names, err)
	}
}

func TestGuardAsksForCredentials(t *testing.T) {
	closed := false
	server := httptest.NewServer(Guard(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), func() bool { return closed }))
	defer server.Close()
	for _, want := range []int{http.StatusOK, http.StatusUnauthorized, http.StatusOK} {
		closed = want == http.StatusUnauthorized
		resp, err := http.Get(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != want || closed != (resp.Header.Get("WWW-Authenticate") != "") {
			t.Errorf("closed %v: %s %v", closed, resp.Status, resp.Header)
		}
	}
}

//go:build linux

package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

func TestSizes(t *testing.T) {
	if got, err := parseSizes("1000,2,10,10"); err != nil || !slices.Equal(got, []int{2, 10, 1000}) {
		t.Errorf("%v %v", got, err)
	}
	for _, text := range []string{"", "1", "x", "2,,10"} {
		if got, err := parseSizes(text); err == nil {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestBars(t *testing.T) {
	second := func(n float64) []time.Duration { return []time.Duration{time.Duration(n * float64(time.Second))} }
	r := func(tenants int, name string, wall float64, requests, pages int) *result {
		return &result{tenants: tenants, state: "healthy", command: command{name: name, answers: name != fluxAll}, wall: second(wall), cpu: second(1),
			memory: []int64{100 << 20}, requests: requests, pages: pages, received: 1 << 20}
	}
	list := results{
		r(2, statusAll, 1, 18, 0), r(2, fluxAll, 2, 10, 0), r(2, statusTenant, 1, 18, 0),
		r(1000, statusAll, 3, 30, 12), r(1000, fluxAll, 2, 2000, 0), r(1000, statusTenant, 1.5, 1020, 1),
		{tenants: 1000, state: "healthy", command: command{name: explainAll}, failed: "took\nlonger"},
		{tenants: 1000, state: "healthy", command: command{name: "`lint`", offline: true}, wall: second(1), cpu: second(2), memory: []int64{3 << 20}},
	}
	bars := list.bars()
	for _, want := range []string{
		"| `status` of 1000 tenants, time divided by that of `flux get all -A` | 1.50 | ≤ 1.00 | not met |",
		"| `status` of 1000 tenants, MiB | 100 | ≤ 120 | met |",
		"| `status TENANT` of 1000 tenants, time divided by that of 2 | 1.50 | ≤ 2.00 | met |",
		"| `status`, requests without pages for each further tenant | 0.00 | ≤ 0.05 | met |",
		"| `status TENANT`, requests without pages for each further tenant | 1.00 | ≤ 0.05 | not met |",
	} {
		if !strings.Contains(bars, want+"\n") {
			t.Errorf("no line %s in\n%s", want, bars)
		}
	}
	if n := strings.Count(bars, "\n"); n != 2+5 {
		t.Errorf("%d lines:\n%s", n, bars)
	}
	table := list.table()
	for _, want := range []string{
		"| 1000 | healthy | `status` | 3.00 | 1.00 | 100 | 30 | 12 | 1.00 |",
		"| 1000 | healthy | `explain` | failed: took longer | | | | | |",
		"| 1000 | healthy | `lint` | 1.00 | 2.00 | 3 | | | |",
	} {
		if !strings.Contains(table, want+"\n") {
			t.Errorf("no row %s in\n%s", want, table)
		}
	}
}

// TestProxyCounts checks that answers are counted as they are sent.
func TestProxyCounts(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Accept-Encoding") != "gzip" {
			t.Errorf("the wish of the client is not forwarded: %v", r.Header)
		}
		_, _ = io.WriteString(w, strings.Repeat("x", 1000))
	}))
	defer server.Close()
	dir := t.TempDir()
	config := api.NewConfig()
	config.Clusters["c"] = &api.Cluster{Server: server.URL}
	config.AuthInfos["u"] = &api.AuthInfo{}
	config.Contexts["c"] = &api.Context{Cluster: "c", AuthInfo: "u"}
	config.CurrentContext = "c"
	path := filepath.Join(dir, "kubeconfig")
	if err := clientcmd.WriteToFile(*config, path); err != nil {
		t.Fatal(err)
	}
	p, err := startProxy(path, dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = p.close() }()
	through, err := clientcmd.BuildConfigFromFlags("", p.kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	client, err := rest.HTTPClientFor(through)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/api/v1/pods?limit=500", "/api/v1/pods?limit=500&continue=abc"} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, through.Host+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Accept-Encoding", "gzip")
		answer, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, answer.Body)
		_ = answer.Body.Close()
	}
	if requests, pages, received := p.counted(); requests != 2 || pages != 1 || received != 2000 {
		t.Errorf("%d requests, %d pages, %d bytes", requests, pages, received)
	}
}

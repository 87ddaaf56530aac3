package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// endless is a repository with a chart whose template does not end.
var endless = map[string]string{
	".git/config": "",
	"clusters/a.yaml": `apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: flux-system, namespace: flux-system}
spec: {interval: 10m, path: ./clusters, prune: true, sourceRef: {kind: GitRepository, name: flux-system}}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: a, namespace: flux-system}
spec:
  interval: 10m
  chart: {spec: {chart: charts/a, sourceRef: {kind: GitRepository, name: flux-system}}}
`,
	"charts/a/Chart.yaml":       "apiVersion: v2\nname: a\nversion: 1.0.0\n",
	"charts/a/templates/a.yaml": "{{ range until 1000000 }}{{ range until 1000000 }}{{ end }}{{ end }}",
}

// TestChartsEnd checks that a signal ends lint while it renders a chart, within a second, and that
// the process that renders it ends, too, even if lint could not end it.
func TestChartsEnd(t *testing.T) {
	dir := t.TempDir()
	for name, text := range endless {
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, sent := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGKILL} {
		t.Run(sent.String(), func(t *testing.T) {
			var out bytes.Buffer
			cmd := exec.Command(os.Args[0], "lint", dir)
			cmd.Env = append(os.Environ(), asProgram+"=yes")
			cmd.Stdout, cmd.Stderr = &out, &out
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			child := childOf(t, cmd.Process.Pid)
			start := time.Now()
			if err := cmd.Process.Signal(sent); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait()
			if d := time.Since(start); d > 5*time.Second { // the template takes longer
				t.Errorf("it took %v", d)
			}
			if code := cmd.ProcessState.ExitCode(); sent != syscall.SIGKILL && (code != 128+int(sent) || out.Len() > 0) {
				t.Errorf("exit status %d: %s", code, out.String())
			}
			for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
				stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", child))
				if err != nil || strings.Contains(string(stat), ") Z ") { // nobody waits for an orphan
					return
				}
				if time.Now().After(deadline) {
					t.Fatalf("the process %d still exists", child)
				}
			}
		})
	}
}

// childOf waits for the process that another one starts.
func childOf(t *testing.T, parent int) int {
	t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", parent))
		for _, list := range lists {
			text, _ := os.ReadFile(list)
			if pid, err := strconv.Atoi(strings.TrimSpace(string(text))); err == nil {
				return pid
			}
		}
	}
	t.Fatal("it starts no process")
	return 0
}

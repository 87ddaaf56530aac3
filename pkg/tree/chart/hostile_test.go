package chart

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/tree"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/source"
)

// TestHostileTemplates checks that each template that needs too much ends with the reason, and that
// the renderer then renders others.
func TestHostileTemplates(t *testing.T) {
	endless := `{{ define "a" }}{{ range until 100000 }}{{ range until 100000 }}{{ end }}{{ end }}{{ template "a" . }}{{ end }}{{ template "a" . }}`
	renderer := NewRenderer()
	defer renderer.Close()
	for _, test := range []struct {
		name  string
		files map[string][]byte
		want  []string // one of these
	}{
		{"a long text", minimal(`{{ repeat 2000000000 "x" }}`), []string{"memory"}},
		{"a long text of long texts", minimal(`{{ $a := repeat 1000000 "xxxxxxxxxx" }}{{ repeat 1000 $a }}`), []string{"memory"}},
		{"a long list", minimal(`{{ until 1000000000 | len }}`), []string{"memory", "took longer"}},
		{"a text that doubles", minimal(`{{ $a := "x" }}{{ range until 60 }}{{ $a = printf "%s%s" $a $a }}{{ end }}`), []string{"memory", "took longer"}},
		{"nested loops", minimal(endless), []string{"took longer"}},
		{"output without end", minimal(`{{ range until 1000000 }}{{ range until 1000000 }}xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx{{ end }}{{ end }}`), []string{"memory", "took longer"}},
		{"a large output", minimal(configMap(`{{ repeat 5000000 "x" }}`)), []string{"more than 4 MiB"}},
		{"many objects", minimal(`{{ range until 3000 }}` + "\n---\n" + configMap("a") + `{{ end }}`), []string{"more than 2000 objects"}},
		{"tpl that calls itself", minimal(`{{ tpl .Values.x . }}`, "values.yaml", "x: '{{ tpl .Values.x . }}'\n"), []string{"without end", "memory", "took longer"}},
		{"an expensive password", minimal(`{{ range until 1000 }}{{ derivePassword 1 "long" "a" "b" "c" }}{{ end }}`), []string{"took longer", "memory"}},
		{"indices of a path", minimal(""), []string{"memory", "took longer"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			release := &Release{Name: "web", Namespace: "x", Kubernetes: "1.36"}
			if test.name == "indices of a path" {
				for i := range 20_000 {
					release.From = append(release.From, Reference{TargetPath: fmt.Sprintf("a%d[65535]", i), Text: []byte("x")})
				}
			}
			renderer.left, renderer.release = time.Minute, maxTime
			if slices.Contains(test.want, "took longer") {
				renderer.release = 2 * time.Second
			}
			_, err := renderer.Render(t.Context(), load(t, test.files), release)
			var failed *Error
			if !errors.As(err, &failed) || failed.Reason != Limited {
				t.Fatalf("failed with %v", err)
			}
			if !slices.ContainsFunc(test.want, func(want string) bool { return strings.Contains(failed.Message, want) }) {
				t.Errorf("failed with %q, want %q", failed.Message, test.want)
			}
			if _, err := renderer.Render(t.Context(), load(t, minimal(configMap("a"))), plainRelease()); err != nil {
				t.Errorf("the next release: %v", err)
			}
		})
	}
}

func plainRelease() *Release { return &Release{Name: "web", Namespace: "x", Kubernetes: "1.36"} }

// TestRecursion checks templates whose recursion Helm or text/template limits.
func TestRecursion(t *testing.T) {
	renderer := NewRenderer()
	defer renderer.Close()
	for name, files := range map[string]map[string][]byte{
		"include":  minimal(`{{ define "a" }}{{ include "a" . }}{{ end }}{{ include "a" . }}`),
		"template": minimal(`{{ define "a" }}{{ template "a" . }}{{ end }}{{ template "a" . }}`),
	} {
		if _, err := renderer.Render(t.Context(), load(t, files), plainRelease()); err == nil {
			t.Errorf("%s: rendered", name)
		}
	}
}

// TestTotalTime checks that the time for all releases is limited.
func TestTotalTime(t *testing.T) {
	renderer := NewRenderer()
	defer renderer.Close()
	renderer.left = time.Nanosecond
	for range 2 {
		_, err := renderer.Render(t.Context(), load(t, minimal("")), plainRelease())
		var failed *Error
		if !errors.As(err, &failed) || failed.Reason != Limited {
			t.Errorf("failed with %v", err)
		}
	}
}

// TestInterrupted checks that a render ends with its context, at once, with its process.
func TestInterrupted(t *testing.T) {
	renderer := NewRenderer()
	defer renderer.Close()
	if _, err := renderer.Render(t.Context(), load(t, minimal("")), plainRelease()); err != nil {
		t.Fatal(err)
	}
	process := renderer.process
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	start := time.Now()
	_, err := renderer.Render(ctx, load(t, minimal(`{{ range until 1000000 }}{{ range until 1000000 }}{{ end }}{{ end }}`)), plainRelease())
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("failed with %v", err)
	}
	if d := time.Since(start); d > 8*time.Second { // before the limit of a release
		t.Errorf("it took %v", d)
	}
	if process.cmd.ProcessState == nil {
		t.Error("the process has not ended")
	}
}

// TestEndsWithInput checks that the process ends when the other one does, whatever it renders.
func TestEndsWithInput(t *testing.T) {
	input, write := io.Pipe()
	ended := make(chan int, 1)
	go serve(input, io.Discard, func(code int) { ended <- code })
	chart := load(t, minimal(`{{ range until 3000 }}{{ range until 3000 }}{{ end }}{{ end }}`))
	if err := writeFrame(write, &request{Files: chart.files, Release: *plainRelease()}, maxRequest); err != nil {
		t.Fatal(err)
	}
	_ = write.Close()
	select {
	case code := <-ended:
		if code != 0 {
			t.Errorf("it ended with %d", code)
		}
	case <-time.After(time.Minute):
		t.Error("it did not end")
	}
}

// TestFilesOfCharts checks what of a hostile directory becomes a part of a chart.
func TestFilesOfCharts(t *testing.T) {
	dir := t.TempDir()
	for name, data := range minimal(configMap(`x{{ .Files.Get "link" }}{{ .Files.Get "binary" | b64enc }}`), "binary", "\x00\xff\xfe{{") {
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for link, target := range map[string]string{"link": "/etc/passwd", "templates/link.yaml": "/etc/passwd", "charts": "/"} {
		if err := os.Symlink(target, filepath.Join(dir, "charts/app", link)); err != nil {
			t.Skip(err)
		}
	}
	opened, err := tree.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	c, err := Load(source.New(opened, nil, nil), "../../charts/app")
	if err != nil {
		t.Fatal(err)
	}
	renderer := NewRenderer()
	defer renderer.Close()
	result, err := renderer.Render(t.Context(), c, plainRelease())
	if err != nil || len(result.Manifests) != 1 || !strings.Contains(result.Manifests[0].Text, "value: xAP/+e3s=") {
		t.Errorf("rendered %+v, %v", result, err)
	}
}

// TestLimitsOfCharts checks the number and the size of the files.
func TestLimitsOfCharts(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(files map[string][]byte)
		reason Reason
	}{
		{"10,000 files", func(files map[string][]byte) {
			for i := range 10_000 {
				files[fmt.Sprintf("charts/app/files/%d", i)] = nil
			}
		}, Limited},
		{"a large file", func(files map[string][]byte) { files["charts/app/files/a"] = make([]byte, maxFile+1) }, Failed},
		{"large files", func(files map[string][]byte) {
			for i := range 7 {
				files[fmt.Sprintf("charts/app/files/%d", i)] = make([]byte, maxFile)
			}
		}, Limited},
		{"no chart", clearFiles, Failed},
		{"no Chart.yaml", func(files map[string][]byte) { delete(files, "charts/app/Chart.yaml") }, Failed},
		{".helmignore", func(files map[string][]byte) { files["charts/app/.helmignore"] = []byte("a/**") }, Failed},
	} {
		t.Run(test.name, func(t *testing.T) {
			files := minimal("")
			test.change(files)
			_, err := Load(source.New(tree.New(files), nil, nil), "charts/app")
			var failed *Error
			if !errors.As(err, &failed) || failed.Reason != test.reason {
				t.Errorf("failed with %v", err)
			}
		})
	}
}

func clearFiles(files map[string][]byte) { clear(files) }

// TestArchives renders a dependency that is an archive, and rejects one that becomes very large.
func TestArchives(t *testing.T) {
	pack := func(padding int) string {
		var packed bytes.Buffer
		compressed := gzip.NewWriter(&packed)
		w := tar.NewWriter(compressed)
		for name, data := range map[string][]byte{
			"db/Chart.yaml": []byte("apiVersion: v2\nname: db\nversion: 1.0.0\n"), "db/templates/b.yaml": []byte(configMap("packed")), "db/zeros": make([]byte, padding),
		} {
			if err := errors.Join(w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(data))})); err != nil {
				t.Fatal(err)
			}
			if _, err := w.Write(data); err != nil {
				t.Fatal(err)
			}
		}
		if err := errors.Join(w.Close(), compressed.Close()); err != nil {
			t.Fatal(err)
		}
		return packed.String()
	}
	renderer := NewRenderer()
	defer renderer.Close()
	result, err := renderer.Render(t.Context(), load(t, minimal("", "charts/db.tgz", pack(10))), plainRelease())
	if err != nil || len(result.Manifests) != 1 || result.Manifests[0].Path != "charts/app/charts/db.tgz" {
		t.Errorf("rendered %+v, %v", result, err)
	}
	packed := map[string][]byte{"db.tgz": []byte(pack(0))}
	c, err := Load(source.New(tree.New(packed), nil, nil), "./db.tgz")
	if err != nil {
		t.Fatal(err)
	}
	if result, err = renderer.Render(t.Context(), c, plainRelease()); err != nil || len(result.Manifests) != 1 || result.Manifests[0].Path != "db.tgz" {
		t.Errorf("rendered %+v, %v", result, err)
	}
	if _, err := renderer.Render(t.Context(), load(t, minimal("", "charts/db.tgz", pack(200<<20))), plainRelease()); err == nil || !strings.Contains(err.Error(), "larger than the maximum") {
		t.Errorf("failed with %v", err)
	}
}

// TestRestricted checks that the process can open nothing, and needs nothing else: it renders.
func TestRestricted(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("it reads /proc")
	}
	renderer := NewRenderer()
	defer renderer.Close()
	if _, err := renderer.Render(t.Context(), load(t, minimal("")), plainRelease()); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", renderer.process.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, limit := range []string{`Max open files +0 +0 `, `Max core file size +0 +0 `, `Max file size +0 +0 `, `Max data size +[1-9]\d{8,} +[1-9]`} {
		if !regexp.MustCompile(limit).Match(text) {
			t.Errorf("the limits have no %q:\n%s", limit, text)
		}
	}
}

package build

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// FirstBuildBytes is the free disk space, in bytes, that the first build requires: the compiled
// packages take some 6 GiB of the Go build cache, the modules' sources 3 and the programs 1.
const FirstBuildBytes = 12 << 30

// Build builds what is missing of the lab's programs and returns the directory that holds them
// all, in the user's cache. A change of go.mod, go.sum, the linker flags, the toolchain or the
// lab's own main packages leads to another directory. Build writes progress to out.
func Build(ctx context.Context, src *Source, out io.Writer) (string, error) {
	version, err := src.Version("k8s.io/kubernetes")
	if err != nil {
		return "", err
	}
	flags, err := linkerFlags(version)
	if err != nil {
		return "", err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("finding the user's cache directory: %w", err)
	}
	key, err := src.key(ctx, flags)
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "orthweb-lab", key)
	missing, err := missing(dir)
	if err != nil {
		return "", err
	}
	prune(dir, time.Now())
	if len(missing) == 0 {
		return dir, nil
	}
	if err := src.checkRoom(ctx, dir, len(missing) == len(Programs())); err != nil {
		return "", err
	}
	began := time.Now()
	for i, p := range missing {
		if err := src.build(ctx, dir, flags, p, fmt.Sprintf("(%d of %d)", i+1, len(missing)), out); err != nil {
			return "", err
		}
	}
	_, _ = fmt.Fprintf(out, "built %d programs in %s: %s\n", len(missing), time.Since(began).Round(time.Second), dir)
	return dir, nil
}

func (s *Source) build(ctx context.Context, dir, flags string, p Program, count string, out io.Writer) error {
	_, _ = fmt.Fprintf(out, "building %s %s ...", p.Name, count)
	began := time.Now()
	// The program has another name until it is complete, so that the result of an interrupted
	// build isn't used.
	next := filepath.Join(dir, "."+p.Name+".next")
	if _, err := s.output(ctx, "build", "-ldflags", flags, "-o", next, p.Package); err != nil {
		_, _ = fmt.Fprintln(out, " failed")
		_ = os.Remove(next)
		if ctx.Err() != nil {
			return fmt.Errorf("building %s: %w", p.Name, context.Cause(ctx))
		}
		return fmt.Errorf("building %s: %w", p.Name, err)
	}
	if err := os.Rename(next, filepath.Join(dir, p.Name)); err != nil {
		return fmt.Errorf("building %s: %w", p.Name, err)
	}
	_, _ = fmt.Fprintf(out, " %s\n", time.Since(began).Round(100*time.Millisecond))
	return nil
}

// key identifies all inputs of the build.
func (s *Source) key(ctx context.Context, flags string) (string, error) {
	h := sha256.New()
	toolchain, err := s.output(ctx, "env", "GOVERSION", "GOOS", "GOARCH", "GOAMD64", "GOARM64")
	if err != nil {
		return "", err
	}
	_, _ = fmt.Fprintf(h, "%s\n%s\n", toolchain, flags)
	own, err := filepath.Glob(filepath.Join(s.Dir, "cmd", "cert-manager", "*.go"))
	if err != nil {
		return "", err
	}
	for _, path := range append(own, filepath.Join(s.Dir, "go.mod"), filepath.Join(s.Dir, "go.sum")) {
		data, err := os.ReadFile(path)
		if err != nil {
			return "", fmt.Errorf("reading the lab's sources: %w", err)
		}
		_, _ = fmt.Fprintf(h, "%s %d\n%s", filepath.Base(path), len(data), data)
	}
	return hex.EncodeToString(h.Sum(nil))[:16], nil
}

func missing(dir string) ([]Program, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("creating the directory of the programs: %w", err)
	}
	var out []Program
	for _, p := range Programs() {
		if _, err := os.Stat(filepath.Join(dir, p.Name)); err != nil {
			out = append(out, p)
		}
	}
	return out, nil
}

// checkRoom returns an error if the disk does not have enough space. Only a complete build
// requires all of the space: the remainder of an interrupted build needs less.
func (s *Source) checkRoom(ctx context.Context, dir string, first bool) error {
	if !first {
		return nil
	}
	gocache, err := s.output(ctx, "env", "GOCACHE")
	if err != nil {
		return err
	}
	need := uint64(FirstBuildBytes)
	if s.compiled(ctx) {
		need = 2 << 30
	}
	for _, d := range []string{dir, string(gocache[:len(gocache)-1])} {
		var fs syscall.Statfs_t
		if err := syscall.Statfs(d, &fs); err != nil {
			continue
		}
		if free := fs.Bavail * uint64(fs.Bsize); free < need {
			return fmt.Errorf("building the lab's programs takes %d GiB of disk and %s has %.1f free: make room, or set GOCACHE and XDG_CACHE_HOME to another disk",
				need>>30, d, float64(free)/(1<<30))
		}
	}
	return nil
}

// compiled reports whether the largest program's packages are in the build cache.
func (s *Source) compiled(ctx context.Context) bool {
	stale, err := s.output(ctx, "list", "-f", "{{.Stale}}", "k8s.io/kubernetes/pkg/controlplane")
	return err == nil && string(stale) == "false\n"
}

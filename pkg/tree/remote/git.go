package remote

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/tree"
)

// maxTimeout is the longest time that a reference can set for a repository.
const maxTimeout = 5 * time.Minute

// clone downloads a repository at a ref: its newest commit only, as kustomize does. Unlike
// kustomize, it does not download submodules, which can be at any host.
func (f *Fetcher) clone(r *Repository, at address) (*Checkout, error) {
	program, err := exec.LookPath("git")
	if err != nil {
		return nil, errors.New("the program git is not installed, or not in PATH")
	}
	work, err := f.directory()
	if err != nil {
		return nil, err
	}
	timeout := min(r.Timeout, maxTimeout)
	ctx, cancel := context.WithTimeoutCause(f.ctx, timeout, fmt.Errorf("it took longer than %v", timeout))
	defer cancel()
	checkout, err := f.cloneTo(ctx, &git{program: program, dir: work, limit: f.left}, r.Ref, at)
	if err != nil {
		return nil, errors.Join(causeOf(ctx, err), os.RemoveAll(filepath.Dir(work)))
	}
	return checkout, nil
}

// directory creates an empty directory for a repository, beside one that is the home directory of
// Git: that of the user has configuration and passwords.
func (f *Fetcher) directory() (work string, err error) {
	if f.dir == "" {
		if f.dir, err = os.MkdirTemp("", "kubectl-orthweb-"); err != nil {
			return "", fmt.Errorf("create a temporary directory: %w", err)
		}
	}
	both, err := os.MkdirTemp(f.dir, "")
	if err != nil {
		return "", err
	}
	return filepath.Join(both, "work"), errors.Join(os.Mkdir(filepath.Join(both, "work"), 0o700), os.Mkdir(filepath.Join(both, "home"), 0o700))
}

func (f *Fetcher) cloneTo(ctx context.Context, g *git, ref string, at address) (*Checkout, error) {
	if err := g.run(ctx, nil, "init", "--quiet", "--template="); err != nil {
		return nil, err
	}
	at, err := f.redirected(ctx, at)
	if err != nil {
		return nil, err
	}
	if ref == "" {
		ref = "HEAD"
	}
	if err := g.run(ctx, nil, "fetch", "--quiet", "--depth=1", "--no-tags", "--no-recurse-submodules", "--", at.url, ref); err != nil {
		return nil, err
	}
	checkout := &Checkout{}
	size := int64(0)
	if err := g.run(ctx, func(entries io.Reader) (err error) {
		size, checkout.Submodules, err = measure(entries, g.limit)
		return err
	}, "ls-tree", "-r", "-t", "-l", "-z", "--full-tree", "FETCH_HEAD"); err != nil {
		return nil, err
	}
	if err := g.run(ctx, nil, "checkout", "--quiet", "FETCH_HEAD"); err != nil {
		return nil, err
	}
	f.left -= size
	if err := os.RemoveAll(filepath.Join(g.dir, ".git")); err != nil {
		return nil, err
	}
	checkout.Tree, err = tree.Open(g.dir)
	return checkout, err
}

// measure reads the list of a commit's files, and rejects one that is too large before the files
// are written: a commit of a few KiB can have billions of files.
func measure(entries io.Reader, limit int64) (size int64, submodules []string, err error) {
	const maxEntry = 64 << 10
	scanner := bufio.NewScanner(entries)
	scanner.Buffer(nil, maxEntry)
	scanner.Split(splitAtNUL)
	for n := 0; scanner.Scan(); n++ {
		if n == tree.MaxFiles {
			return 0, nil, fmt.Errorf("%w: it has more than %d files", tree.ErrTooLarge, tree.MaxFiles)
		}
		properties, name, _ := strings.Cut(scanner.Text(), "\t")
		fields := strings.Fields(properties) // mode, type, object, size
		if len(fields) != 4 {
			return 0, nil, errors.New("git listed the files in an unknown form")
		}
		if fields[1] == "commit" {
			submodules = append(submodules, name)
		}
		if bytes, err := strconv.ParseInt(fields[3], 10, 64); err == nil {
			size += bytes
		}
		if size > limit {
			return 0, nil, errRepositorySize
		}
	}
	return size, submodules, scanner.Err()
}

var errRepositorySize = fmt.Errorf("%w: the downloads have more than %d MiB together", tree.ErrTooLarge, maxBytes>>20)

func splitAtNUL(data []byte, end bool) (advance int, token []byte, err error) {
	if at := bytes.IndexByte(data, 0); at >= 0 {
		return at + 1, data[:at], nil
	}
	if end && len(data) > 0 {
		return 0, nil, io.ErrUnexpectedEOF
	}
	return 0, nil, nil
}

// git runs Git in a directory.
type git struct {
	program, dir string
	// limit is how large the directory can be, in bytes.
	limit int64
}

// options of all commands: no hooks, no credential helpers, no redirects, nothing in the background.
var options = []string{
	"-c", "core.hooksPath=" + os.DevNull, "-c", "core.fsmonitor=false", "-c", "core.askPass=", "-c", "credential.helper=",
	"-c", "http.followRedirects=false", "-c", "http.emptyAuth=false", "-c", "submodule.recurse=false", "-c", "transfer.unpackLimit=1",
	"-c", "transfer.bundleURI=false", "-c", "gc.auto=0", "-c", "maintenance.auto=false", "-c", "core.autocrlf=false", "-c", "core.longpaths=true",
	"-c", "advice.detachedHead=false",
}

// inherited are the variables of the environment that Git gets: proxies, CAs and the agent of SSH.
var inherited = []string{
	"PATH", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY",
	"SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO", "GIT_SSL_CAPATH", "SSH_AUTH_SOCK",
}

// environment is that of all commands.
func (g *git) environment() []string {
	home := filepath.Join(filepath.Dir(g.dir), "home")
	all := []string{
		"HOME=" + home, "XDG_CONFIG_HOME=" + home, "LANG=C", "LC_ALL=C", "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull,
		"GIT_ATTR_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0", "GIT_ALLOW_PROTOCOL=http:https:ssh", "GIT_SSH_VARIANT=ssh",
		"GIT_SSH_COMMAND=ssh -o BatchMode=yes -o StrictHostKeyChecking=yes -o ConnectTimeout=15 -o ForwardAgent=no -o ControlMaster=no -o ControlPath=none",
	}
	for _, name := range inherited {
		if value, set := os.LookupEnv(name); set {
			all = append(all, name+"="+value)
		}
	}
	return all
}

// run runs a command of Git, whose output a function reads if it is not nil. The command ends when
// the directory is too large.
func (g *git) run(ctx context.Context, read func(io.Reader) error, args ...string) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	cmd := exec.CommandContext(ctx, g.program, append(options[:len(options):len(options)], args...)...)
	cmd.Dir, cmd.Env, cmd.WaitDelay = g.dir, g.environment(), 300*time.Millisecond
	endWithChildren(cmd)
	messages := &tail{}
	cmd.Stderr = messages
	var output io.Reader
	if read != nil {
		var err error
		if output, err = cmd.StdoutPipe(); err != nil {
			return err
		}
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("run git: %w", err)
	}
	done := make(chan struct{})
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		g.watch(done, cancel)
	}()
	if read != nil {
		if err := read(output); err != nil {
			cancel(err)
		}
	}
	err := cmd.Wait()
	close(done)
	<-watched
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		return fmt.Errorf("git %s failed: %s", args[0], messages.reason(err))
	case sizeOf(g.dir) > g.limit:
		return errRepositorySize
	}
	return nil
}

// watch ends a command when its directory is too large.
func (g *git) watch(done <-chan struct{}, cancel context.CancelCauseFunc) {
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-done:
			return
		case <-ticker.C:
			if sizeOf(g.dir) > g.limit {
				cancel(errRepositorySize)
			}
		}
	}
}

// sizeOf is the size of the files below a directory, as far as they can be read.
func sizeOf(dir string) int64 {
	size := int64(0)
	_ = filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil {
			return nil // it was removed in the meantime
		}
		if info, err := entry.Info(); err == nil && info.Mode().IsRegular() {
			size += info.Size()
		}
		return nil
	})
	return size
}

// tail keeps the end of what a command writes to standard error.
type tail struct{ text []byte }

const maxTail = 16 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.text = append(t.text, p...)
	if len(t.text) > maxTail {
		t.text = append([]byte{}, t.text[len(t.text)-maxTail:]...)
	}
	return len(p), nil
}

// reason is the first message about what went wrong, or else an error.
func (t *tail) reason(err error) string {
	lines := strings.Split(strings.TrimSpace(string(t.text)), "\n")
	for _, prefix := range []string{"fatal: ", "error: ", ""} {
		for _, line := range lines {
			if rest, found := strings.CutPrefix(strings.TrimSpace(line), prefix); found && rest != "" {
				return strings.TrimSuffix(rest, ".")
			}
		}
	}
	return err.Error()
}
